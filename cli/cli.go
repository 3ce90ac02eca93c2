// Package cli is the command line of customers, publishers and staff: one file a noun, calling client.
//
// Owns: words, flags and the look of answers in a terminal; where the address and the token of a server are kept.
// Does not own: any rule; the interface (api, client); verification (proof), which it runs without a server.
// Reads: files that it is given; the profile in the user's configuration folder.
// Writes: the profile; answers on standard output, one JSON document with --json.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// Commands are the commands for kong. The binary embeds them beside its own.
type Commands struct {
	Login      Login      `cmd:"" help:"Sign in to a server."`
	Accept     Accept     `cmd:"" help:"Accept an invitation."`
	Logout     Logout     `cmd:"" help:"End the session."`
	Whoami     Whoami     `cmd:"" help:"Tell who the server takes you for."`
	Catalog    Catalog    `cmd:"" help:"List what a market sells."`
	Offer      Offer      `cmd:"" help:"Show an offer; save, review and publish offers."`
	Order      Order      `cmd:"" help:"Order an offer; look at an order."`
	Orders     Orders     `cmd:"" help:"List orders."`
	Approve    Approve    `cmd:"" help:"Release a held order."`
	Reject     Reject     `cmd:"" help:"Refuse a held order."`
	Why        Why        `cmd:"" help:"Tell where an order went, and why not elsewhere."`
	Services   Services   `cmd:"" help:"List services."`
	Service    Service    `cmd:"" help:"Look at a service, connect to it, change or end it."`
	Usage      Usage      `cmd:"" help:"Show what was used and what it costs."`
	Disputes   Disputes   `cmd:"" help:"List disputes about usage."`
	Dispute    Dispute    `cmd:"" help:"Dispute usage, or answer a dispute."`
	Licence    Licence    `cmd:"" help:"By what right software is used: seats, own licences, and what it would cost by use."`
	Budget     Budget     `cmd:"" help:"What may be spent in a month, and what is."`
	Invoices   Invoices   `cmd:"" help:"List invoices."`
	Invoice    Invoice    `cmd:"" help:"Show an invoice; write its proof."`
	Payments   Payments   `cmd:"" help:"What is owed, how it is paid, and mandates."`
	Mandate    Mandate    `cmd:"" help:"Give and revoke direct debit mandates."`
	Collection Collection `cmd:"" help:"Collect by direct debit, as the operator."`
	Bank       Bank       `cmd:"" help:"Import what the bank says; decide about money that did not match. As the operator."`
	Debts      Debts      `cmd:"" help:"What is owed to you by age, and by what steps customers are reminded. As the operator."`
	Close      Close      `cmd:"" help:"Close a month: preview, approval by two people, invoices issued and sent. As the operator."`
	Statement  Statement  `cmd:"" help:"What a publisher earned, its statements and payouts."`
	Payout     Payout     `cmd:"" help:"Payouts to publishers: the account they go to, and the file for the bank."`
	Split      Split      `cmd:"" help:"How revenue is shared between publishers, resellers and the operator."`
	Handover   Handover   `cmd:"" help:"Charges that another system bills, as the operator."`
	Ledger     Ledger     `cmd:"" help:"The books, as the operator: prove them, look into them."`
	Price      Price      `cmd:"" help:"Explain what was charged; compare with another plan; simulate a draft."`
	Verify     Verify     `cmd:"" help:"Check proofs offline: no server, no network, no trust in the operator."`
	Facts      Facts      `cmd:"" help:"Show what happened, with proofs."`
	Residency  Residency  `cmd:"" help:"Where data may live."`
	Policy     Rules      `cmd:"" help:"Look at what a policy about where data may live does, before and after it holds."`
	Data       Data       `cmd:"" help:"Where your data is: every copy, and what is wrong with one."`
	Remedies   Remedies   `cmd:"" help:"Places that are no longer allowed for what lies there."`
	Org        Org        `cmd:"" help:"Organisations, their limits and markets."`
	Members    Members    `cmd:"" help:"People and their roles."`
	Tokens     Tokens     `cmd:"" help:"API tokens."`
	Parked     Parked     `cmd:"" help:"Facts that a reader could not handle, as the operator."`
	Jobs       Jobs       `cmd:"" help:"Jobs that failed too often, as the operator."`
	Work       Work       `cmd:"" help:"Work orders that wait for a person."`
	Completion Completion `cmd:"" help:"Write the completion script of a shell."`

	Profile string `help:"Which server and person, of those signed in to." default:"default" env:"HALLE_PROFILE" placeholder:"NAME"`
}

// AfterApply is for kong: it tells the commands which profile they use.
func (c Commands) AfterApply(k *kong.Context) error {
	k.Bind(profileName(c.Profile))
	return nil
}

// Out is where answers go: text for people, or one JSON document.
type Out struct {
	W    io.Writer
	JSON bool
}

// Show writes v as JSON, or calls text.
func (o Out) Show(v any, text func(w io.Writer) error) error {
	if !o.JSON {
		return text(o.W)
	}
	e := json.NewEncoder(o.W)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// ErrShown is a failure whose text the user has already read.
var ErrShown = errors.New("failed")

// failure is how a failed check looks in JSON.
type failure struct {
	OK    bool   `json:"ok"`
	Error string `json:"error"`
}

// fail shows why a check failed, so that programs find it where they find success.
func (o Out) fail(err error) error {
	if showErr := o.Show(failure{Error: err.Error()}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, "NOT VERIFIED:", err)
		return err
	}); showErr != nil {
		return showErr
	}
	return ErrShown
}
