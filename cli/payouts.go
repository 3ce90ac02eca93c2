package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/client"
)

// Payout is how what is due to publishers gets to their banks.
type Payout struct {
	Account payoutAccount `cmd:"" help:"The account that a publisher's payouts go to."`
	Due     payoutDue     `cmd:"" help:"To whom something is due, and whom the next run leaves out, as the operator."`
	Run     payoutRun     `cmd:"" help:"Pay all that is due in euros by one file, which two people look at, as the operator."`
}

type payoutAccount struct {
	Show    payeeShow    `cmd:"" help:"Show the account in use, and the one that waits."`
	Set     payeeSet     `cmd:"" help:"Name another account: used once a second person approves it, or after seven days."`
	Approve payeeApprove `cmd:"" help:"Let an account be used at once, as a second person."`
	Drop    payeeDrop    `cmd:"" help:"Stop an account that waits."`
}

type payeeShow struct{ publisherFlag }

// Run shows.
func (a payeeShow) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Publisher)
	if err != nil {
		return err
	}
	both, err := c.GetPayees(ctx, org)
	if err != nil {
		return err
	}
	return o.Show(both, func(w io.Writer) error {
		if both.Used == nil && both.Waiting == nil {
			_, err := fmt.Fprintln(w, "No account was named: nothing is paid out.")
			return err
		}
		for _, p := range []*client.Payee{both.Used, both.Waiting} {
			if p == nil {
				continue
			}
			state := "in use"
			if p == both.Waiting {
				state = "used once a second person approves it, or from " + p.From.Format(time.DateOnly) + " on"
			}
			if _, err := fmt.Fprintf(w, "%s  %s  %s\n", p.ID, p.Masked, state); err != nil {
				return err
			}
		}
		return nil
	})
}

func (o Out) payee(p client.Payee, err error, said string) error {
	if err != nil {
		return err
	}
	return o.Show(p, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Account %s, %s: %s\n", p.ID, p.Masked, said)
		return err
	})
}

type payeeSet struct {
	publisherFlag
	Name string `required:"" help:"Holder of the account."`
	IBAN string `required:"" help:"Its number." name:"iban"`
	BIC  string `help:"Its bank; may be left out inside the European Economic Area." name:"bic"`
}

// Run sets.
func (a payeeSet) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Publisher)
	if err != nil {
		return err
	}
	p, err := c.SetPayee(ctx, org, client.NewPayee{Name: a.Name, Iban: a.IBAN, Bic: a.BIC})
	return o.payee(p, err, "used once a second person approves it, or from "+p.From.Format(time.DateOnly)+" on.")
}

type payeeArg struct {
	Account string `arg:"" help:"Id of the account."`
}

type payeeApprove struct{ payeeArg }

// Run approves.
func (a payeeApprove) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	p, err := c.ApprovePayee(ctx, a.Account)
	return o.payee(p, err, "in use.")
}

type payeeDrop struct{ payeeArg }

// Run drops.
func (a payeeDrop) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	p, err := c.DropPayee(ctx, a.Account)
	return o.payee(p, err, "stopped.")
}

type payoutDue struct{}

// Run lists.
func (a payoutDue) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.ListPayoutCandidates(ctx)
	if err != nil {
		return err
	}
	why := map[string]string{"": "is paid", "threshold": "less than its threshold", "account": "gave no account", "waiting": "its account waits for a second person", "erased": "its account was erased"}
	return list(o, l.Items, "Nothing is due in euros.", []string{"PUBLISHER", "DUE", "ACCOUNT", "NEXT RUN"}, func(p client.PayoutCandidate) []string {
		return []string{p.Publisher, p.Amount, p.Account, why[p.Why]}
	})
}

type payoutRun struct {
	List    payoutRunList    `cmd:"" help:"List runs."`
	Prepare payoutRunPrepare `cmd:"" help:"Prepare a run; another person approves it."`
	Show    payoutRunShow    `cmd:"" help:"Show a run with what became of each payout."`
	Approve payoutRunApprove `cmd:"" help:"Approve a run, as a second person."`
	File    payoutRunFile    `cmd:"" help:"Write the file for the bank (pain.001)."`
	Hand    payoutRunHand    `cmd:"" help:"Say that the bank has the file."`
	Drop    payoutRunDrop    `cmd:"" help:"Give a run up that is not at the bank: all of it is due again."`
}

type payoutRunList struct{}

// Run lists.
func (a payoutRunList) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := pages(0, func(cursor string) ([]client.PayoutRun, string, error) {
		l, err := c.ListPayoutRuns(ctx, client.ListPayoutRunsParams{Cursor: cursor})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, l, "There is no run.", []string{"RUN", "STATE", "PAYOUTS", "TOTAL", "ON"}, func(k client.PayoutRun) []string {
		return []string{k.ID, k.State, strconv.FormatInt(k.Count, 10), k.Total, k.On}
	})
}

func (o Out) payoutRun(k client.PayoutRun, err error) error {
	if err != nil {
		return err
	}
	return o.Show(k, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Run %s: %d payouts, %s, on %s. %s.\n", k.ID, k.Count, k.Total, k.On, k.State)
		if err != nil || len(k.Payouts) == 0 {
			return err
		}
		return table(w, "", []string{"PAYOUT", "PUBLISHER", "ACCOUNT", "AMOUNT", "STATE", "WHY"}, rowsOf(k.Payouts, func(p client.PayoutItem) []string {
			return []string{p.ID, p.Publisher, p.Account, p.Amount, p.State, p.Code}
		}))
	})
}

type payoutRunPrepare struct{}

// Run prepares.
func (a payoutRunPrepare) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.payoutRun(c.PreparePayoutRun(ctx))
}

type payoutRunArg struct {
	ID string `arg:"" name:"run" help:"Id of the run."`
}

type payoutRunShow struct{ payoutRunArg }

// Run shows.
func (a payoutRunShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.payoutRun(c.GetPayoutRun(ctx, a.ID))
}

type payoutRunApprove struct{ payoutRunArg }

// Run approves.
func (a payoutRunApprove) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.payoutRun(c.ApprovePayoutRun(ctx, a.ID))
}

type payoutRunFile struct {
	payoutRunArg
	File string `arg:"" optional:"" default:"-" help:"Where to; - for standard output."`
}

// Run writes.
func (a payoutRunFile) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return download(o, a.File, func(w io.Writer) error { return c.GetPayoutRunFile(ctx, a.ID, w) })
}

type payoutRunHand struct{ payoutRunArg }

// Run hands over.
func (a payoutRunHand) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.payoutRun(c.HandOverPayoutRun(ctx, a.ID))
}

type payoutRunDrop struct{ payoutRunArg }

// Run drops.
func (a payoutRunDrop) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.payoutRun(c.DropPayoutRun(ctx, a.ID))
}
