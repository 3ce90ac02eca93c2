package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/halle-cloud/halle/client"
)

// Ledger is the operator's books.
type Ledger struct {
	Check    ledgerCheck    `cmd:"" help:"Prove the books: every entry balances, every balance is the sum of its transfers, nothing was altered, every invoice is in them."`
	Accounts ledgerAccounts `cmd:"" help:"List accounts."`
	Entries  ledgerEntries  `cmd:"" help:"List entries, newest first."`
	Owed     ledgerOwed     `cmd:"" help:"Who owes what."`
	Month    ledgerMonth    `cmd:"" help:"A month on one page: its invoices, all that became of them, and every sum said twice."`
	Margins  ledgerMargins  `cmd:"" help:"Revenue and margin by publisher."`
	Lock     ledgerLock     `cmd:"" help:"Close the books up to a day that is over."`
	Export   ledgerExport   `cmd:"" help:"Write the books as a file for accountants and tax offices."`
	Chart    ledgerChart    `cmd:"" help:"Show or change the accountant's numbers of the accounts."`
	Settings ledgerSettings `cmd:"" help:"Show or change what the files need to know of the company."`
}

type ledgerCheck struct{}

// Run proves; the exit code is 1 when something does not hold.
func (ledgerCheck) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	r, err := c.CheckLedger(ctx)
	if err != nil {
		return err
	}
	err = o.Show(r, func(w io.Writer) error {
		if r.Right {
			_, err := fmt.Fprintf(w, "The books are right: %d entries, %d transfers, %d accounts.\nEnd of the chain: %s\n", r.Head.Entries, r.Head.Transfers, r.Head.Accounts, r.Head.Hash)
			return err
		}
		if _, err := fmt.Fprintln(w, "The books are not right:"); err != nil {
			return err
		}
		for _, d := range r.Differences {
			if _, err := fmt.Fprintln(w, "  "+plain(d)); err != nil {
				return err
			}
		}
		if r.Omitted > 0 {
			_, err := fmt.Fprintf(w, "  and %d more\n", r.Omitted)
			return err
		}
		return nil
	})
	if err == nil && !r.Right {
		err = ErrShown
	}
	return err
}

type ledgerAccounts struct {
	Owner string `help:"Only those of this organisation."`
	Code  string `help:"Only receivable, bank, payable, held, due, transit, commission, vat, revenue or cost." placeholder:"CODE"`
}

// Run lists.
func (a ledgerAccounts) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := pages(0, func(cursor string) ([]client.LedgerAccount, string, error) {
		l, err := c.ListLedgerAccounts(ctx, client.ListLedgerAccountsParams{Cursor: cursor, Owner: a.Owner, Code: a.Code})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return accounts(o, l)
}

func accounts(o Out, l []client.LedgerAccount) error {
	return list(o, l, "Nothing was ever booked.", []string{"ACCOUNT", "OWNER", "CODE", "DEBITS", "CREDITS", "BALANCE"}, func(a client.LedgerAccount) []string {
		return []string{strconv.FormatInt(a.ID, 10), a.Owner, a.Code, a.Debits, a.Credits, a.Balance}
	})
}

type ledgerOwed struct{}

// Run lists.
func (ledgerOwed) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.ListOwed(ctx)
	if err != nil {
		return err
	}
	return accounts(o, l.Items)
}

type ledgerEntries struct {
	Account int64 `help:"Only those that touch this account." placeholder:"N"`
	Limit   int   `help:"At most so many." default:"20"`
}

// Run lists each entry with its transfers.
func (a ledgerEntries) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := pages(a.Limit, func(cursor string) ([]client.LedgerEntry, string, error) {
		l, err := c.ListLedgerEntries(ctx, client.ListLedgerEntriesParams{Cursor: cursor, Account: a.Account})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	if l == nil {
		l = []client.LedgerEntry{}
	}
	return o.Show(l, func(w io.Writer) error {
		var rows [][]string
		for _, e := range l {
			for i, t := range e.Transfers {
				row := []string{"", "", "", t.Debit.Code + " " + t.Debit.Owner, t.Credit.Code + " " + t.Credit.Owner, t.Amount}
				if i == 0 {
					row[0], row[1], row[2] = strconv.FormatInt(e.Number, 10), e.Date, e.Kind+" "+e.Ref
				}
				rows = append(rows, row)
			}
		}
		return table(w, "Nothing was ever booked.", []string{"ENTRY", "DATE", "EVENT", "TO", "FROM", "AMOUNT"}, rows)
	})
}

type ledgerMargins struct {
	From string `help:"First day, 2026-03-01."`
	To   string `help:"Last day, 2026-03-31."`
}

// Run lists.
func (a ledgerMargins) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.ListMargins(ctx, client.ListMarginsParams{From: a.From, To: a.To})
	if err != nil {
		return err
	}
	return list(o, l.Items, "Nothing was sold.", []string{"PUBLISHER", "LINES", "NET", "PUBLISHER'S", "RESELLERS'", "KEPT"}, func(m client.Margin) []string {
		return []string{m.Publisher, strconv.FormatInt(m.Lines, 10), m.Net, m.Share, m.Resellers, m.Kept}
	})
}

type ledgerLock struct {
	Through string `arg:"" help:"Last day to close, 2026-03-31."`
}

// Run closes.
func (a ledgerLock) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	h, err := c.LockLedger(ctx, client.Through(a))
	if err != nil {
		return err
	}
	return o.Show(h, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "The books are closed up to %s, with %d entries. Their hash is in the log: %s\n", h.Locked, h.Entries, h.Hash)
		return err
	})
}
