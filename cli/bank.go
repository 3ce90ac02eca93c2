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

// Bank is what the operator does with what its bank says.
type Bank struct {
	Import    bankImport    `cmd:"" help:"Import a statement (camt.053) or a status report (pain.002); the same file twice counts once."`
	Files     bankFiles     `cmd:"" help:"List the files imported last."`
	Movements bankMovements `cmd:"" help:"List movements on your accounts, newest first."`
	Decide    bankDecide    `cmd:"" help:"Say what a movement is that did not match."`
}

type bankImport struct {
	Entity string `arg:"" help:"Legal entity (lge_…)."`
	File   string `arg:"" help:"File of the bank." type:"existingfile"`
}

// Run imports.
func (a bankImport) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	b, err := os.ReadFile(a.File)
	if err != nil {
		return err
	}
	f, err := c.ImportBankFile(ctx, a.Entity, b)
	if err != nil {
		return err
	}
	return o.Show(f, func(w io.Writer) error {
		again := ""
		if f.Again {
			again = " It was imported before, and nothing changed."
		}
		_, err := fmt.Fprintf(w, "%d movements, %d new: %d found their invoice, %d wait for you, %d debits failed.%s\n", f.Entries, f.Fresh, f.Matched, f.Desk, f.Failed, again)
		return err
	})
}

type bankFiles struct{}

// Run lists.
func (bankFiles) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.ListBankFiles(ctx)
	if err != nil {
		return err
	}
	return list(o, l.Items, "No file was imported.", []string{"FILE", "KIND", "MOVEMENTS", "MATCHED", "FOR YOU", "FAILED"}, func(f client.BankFile) []string {
		return []string{f.ID, f.Kind, fmt.Sprint(f.Entries), fmt.Sprint(f.Matched), fmt.Sprint(f.Desk), fmt.Sprint(f.Failed)}
	})
}

func movementHead() []string {
	return []string{"MOVEMENT", "DATE", "AMOUNT", "FROM", "TEXT", "STATE", "WHY"}
}

func movementRow(m client.Movement) []string {
	amount := m.Amount
	if !m.In {
		amount = "-" + amount
	}
	return []string{m.ID, m.Date, amount, m.Payer, m.Text, m.State, m.Why}
}

type bankMovements struct {
	State string `enum:",desk,matched,assigned,kept,sent_back,noted" default:"" help:"Only those in a state: desk, matched, assigned, kept, sent_back or noted."`
}

// Run lists.
func (a bankMovements) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	all, err := pages(0, func(cursor string) ([]client.Movement, string, error) {
		l, err := c.ListMovements(ctx, client.ListMovementsParams{State: a.State, Cursor: cursor})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, all, "There is no movement.", movementHead(), movementRow)
}

type bankDecide struct {
	Movement string   `arg:"" help:"Id of the movement (bke_…)."`
	Invoice  []string `help:"An invoice that it pays, by number or id, and how much: INV-2026-000001=12.50 EUR. Without an amount, all that is owed."`
	Keep     string   `help:"Customer (org_…) whose credit it is, or what is above the invoices."`
	Back     bool     `help:"It goes back through the bank."`
	Note     bool     `help:"It is no customer's payment."`
}

// Run decides.
func (a bankDecide) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	in := client.MovementDecision{Keep: a.Keep, Back: a.Back, Note: a.Note}
	for _, text := range a.Invoice {
		invoice, amount, given := strings.Cut(text, "=")
		if given && amount == "" {
			return errors.New("an amount is missing behind " + invoice + "=")
		}
		in.Parts = append(in.Parts, client.MovementPart{Invoice: invoice, Amount: amount})
	}
	m, err := c.DecideMovement(ctx, a.Movement, in)
	if err != nil {
		return err
	}
	return list(o, []client.Movement{m}, "", movementHead(), movementRow)
}
