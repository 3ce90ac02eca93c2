package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/halle-cloud/halle/client"
)

// Payments is what is owed and how it is paid.
type Payments struct {
	Org string `help:"Organisation; your own when it is missing."`
}

// Run shows.
func (a Payments) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	p, err := c.GetPayments(ctx, org, client.GetPaymentsParams{})
	if err != nil {
		return err
	}
	return o.Show(p, func(w io.Writer) error {
		var rows [][]string
		for _, i := range p.Owed {
			way := ""
			if len(i.Ways) > 0 {
				if way = "taken " + i.Ways[0].Day; i.Ways[0].Way == "transfer" {
					way = "transfer to " + i.Ways[0].Iban + ", reference " + i.Ways[0].Reference
				}
			}
			rows = append(rows, []string{i.Invoice.Number, i.Invoice.Due, i.Owed, way, i.Failed})
		}
		if err := table(w, "Nothing is owed.", []string{"INVOICE", "DUE", "OWED", "HOW IT GETS PAID", "FAILED"}, rows); err != nil {
			return err
		}
		for _, k := range p.Credits {
			if _, err := fmt.Fprintf(w, "Kept for the next invoice: %s\n", k); err != nil {
				return err
			}
		}
		return table(w, "There is no mandate.", mandateHead(), rowsOf(p.Mandates, mandateRow))
	})
}

// Mandate is what one does with a direct debit mandate.
type Mandate struct {
	List   mandateList   `cmd:"" default:"withargs" help:"List mandates, newest first."`
	Give   mandateGive   `cmd:"" help:"Let a seller collect its invoices. Shows the text first; with --agree it is signed."`
	Revoke mandateRevoke `cmd:"" help:"Revoke a mandate, at once."`
}

func mandateHead() []string {
	return []string{"MANDATE", "REFERENCE", "ACCOUNT", "STATE", "SIGNED", "USED"}
}

func mandateRow(m client.Mandate) []string {
	state := m.State
	if m.Why != "" {
		state += " (" + m.Why + ")"
	}
	return []string{m.ID, m.Reference, m.Account, state, m.Signed, fmt.Sprint(m.Used)}
}

type mandateList struct {
	Org string `help:"Organisation; your own when it is missing."`
}

// Run lists.
func (a mandateList) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	l, err := c.ListMandates(ctx, org)
	if err != nil {
		return err
	}
	return list(o, l.Items, "There is no mandate.", mandateHead(), mandateRow)
}

type mandateGive struct {
	Org      string `help:"Organisation; your own when it is missing."`
	Entity   string `help:"Seller (lge_…); the only one that collects when it is missing."`
	Holder   string `required:"" help:"Holder of the account."`
	IBANFile string `required:"" name:"iban-file" help:"File with the account number; - for standard input. It is no argument, so that it stays out of the shell's history."`
	BIC      string `name:"bic" help:"Bank code, only for accounts outside the European Economic Area."`
	Agree    bool   `help:"I read the text and agree to it."`
	Lang     string `default:"en" enum:"en,fr" help:"Of the text: en or fr."`
}

// Run gives.
func (a mandateGive) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	p, err := c.GetPayments(ctx, org, client.GetPaymentsParams{Lang: a.Lang})
	if err != nil {
		return err
	}
	for _, s := range p.Sellers {
		if a.Entity != "" && a.Entity != s.Entity || a.Entity == "" && len(p.Sellers) != 1 {
			continue
		}
		if !a.Agree {
			return errors.New(s.Text + "\n\nNothing was given. Say --agree to sign this")
		}
		iban, err := readText(a.IBANFile)
		if err != nil {
			return err
		}
		m, err := c.GiveMandate(ctx, org, client.NewMandate{Entity: s.Entity, Name: a.Holder, Iban: strings.TrimSpace(iban), Bic: a.BIC, Agreed: true, Lang: a.Lang})
		if err != nil {
			return err
		}
		return list(o, []client.Mandate{m}, "", mandateHead(), mandateRow)
	}
	return errors.New("name the seller with --entity: " + fmt.Sprint(len(p.Sellers)) + " collect from you")
}

// readText reads a small file, or standard input for "-".
func readText(file string) (string, error) {
	if file == "-" {
		b, err := io.ReadAll(io.LimitReader(os.Stdin, 1000))
		return string(b), err
	}
	b, err := os.ReadFile(file)
	return string(b), err
}

type mandateRevoke struct {
	Mandate string `arg:"" help:"Id of the mandate (mdt_…)."`
}

// Run revokes.
func (a mandateRevoke) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	m, err := c.RevokeMandate(ctx, a.Mandate)
	if err != nil {
		return err
	}
	return list(o, []client.Mandate{m}, "", mandateHead(), mandateRow)
}

// Collection is what the operator does to collect.
type Collection struct {
	Account collectionAccount `cmd:"" help:"Set where a legal entity gets its money, and how it collects."`
	Run     collectionRun     `cmd:"" help:"Announce the debits of open invoices, and make a collection."`
	List    collectionList    `cmd:"" help:"List collections, newest first."`
	Show    collectionShow    `cmd:"" help:"Show a collection with its debits."`
	File    collectionFile    `cmd:"" help:"Write the file for the bank (pain.008)."`
	Handed  collectionHanded  `cmd:"" help:"Say that the file is at the bank."`
	Drop    collectionDrop    `cmd:"" help:"Give a collection up that is not at the bank."`
}

type collectionAccount struct {
	Entity   string `arg:"" help:"Legal entity (lge_…)."`
	IBAN     string `arg:"" name:"iban" help:"Account number: it stands on invoices."`
	Creditor string `help:"SEPA creditor identifier; without it customers pay by transfer only."`
	BIC      string `name:"bic" help:"Bank code."`
	Days     int64  `default:"14" help:"Days of notice before a debit, 5 to 30."`
	Old      bool   `help:"The bank still asks for pain.008.001.02."`
}

// Run sets.
func (a collectionAccount) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if _, err := c.SetAccount(ctx, a.Entity, client.EntityAccount{Iban: a.IBAN, Bic: a.BIC, Creditor: a.Creditor, NoticeDays: a.Days, Old: a.Old}); err != nil {
		return err
	}
	return o.done("The account is set.")
}

func collectionHead() []string { return []string{"COLLECTION", "STATE", "DEBITS", "SUM", "MESSAGE"} }

func collectionRow(k client.Collection) []string {
	return []string{k.ID, k.State, fmt.Sprint(k.Count), k.Total, k.Message}
}

type collectionRun struct {
	Entity string `arg:"" help:"Legal entity (lge_…)."`
}

// Run collects.
func (a collectionRun) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	ran, err := c.RunCollection(ctx, a.Entity)
	if err != nil {
		return err
	}
	if ran.Collection == nil {
		return o.done("There is nothing to collect.")
	}
	return list(o, []client.Collection{*ran.Collection}, "", collectionHead(), collectionRow)
}

type collectionList struct{}

// Run lists.
func (collectionList) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	all, err := pages(0, func(cursor string) ([]client.Collection, string, error) {
		l, err := c.ListCollections(ctx, client.ListCollectionsParams{Cursor: cursor})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, all, "There is no collection.", collectionHead(), collectionRow)
}

type collectionArg struct {
	Collection string `arg:"" help:"Id of the collection (col_…)."`
}

type collectionShow struct{ collectionArg }

// Run shows.
func (a collectionShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	k, err := c.GetCollection(ctx, a.Collection)
	if err != nil {
		return err
	}
	return o.Show(k, func(w io.Writer) error {
		if err := table(w, "", collectionHead(), [][]string{collectionRow(k)}); err != nil {
			return err
		}
		return table(w, "It has no debit.", []string{"INVOICE", "AMOUNT", "DUE", "STATE", "WHY"}, rowsOf(k.Debits, func(d client.Debit) []string {
			return []string{d.Invoice, d.Amount, d.Due, d.State, d.Code}
		}))
	})
}

type collectionFile struct {
	collectionArg
	File string `arg:"" help:"Where to; - for standard output."`
}

// Run writes.
func (a collectionFile) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return download(o, a.File, func(w io.Writer) error { return c.TakeCollectionFile(ctx, a.Collection, w) })
}

type collectionHanded struct{ collectionArg }

// Run says so.
func (a collectionHanded) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	k, err := c.HandOverCollection(ctx, a.Collection)
	if err != nil {
		return err
	}
	return list(o, []client.Collection{k}, "", collectionHead(), collectionRow)
}

type collectionDrop struct{ collectionArg }

// Run gives up.
func (a collectionDrop) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if _, err := c.DropCollection(ctx, a.Collection); err != nil {
		return err
	}
	return o.done("The collection is given up.")
}
