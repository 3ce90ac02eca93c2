package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/halle-cloud/halle/client"
)

type ledgerMonth struct {
	Month string `arg:"" help:"2026-03."`
}

// Run shows a month on one page; the exit code is 1 when something does not reconcile.
func (a ledgerMonth) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.GetLedgerMonth(ctx, a.Month)
	if err != nil {
		return err
	}
	right := true
	for _, one := range l.Items {
		right = right && one.Right
	}
	err = o.Show(l.Items, func(w io.Writer) error {
		if len(l.Items) == 0 {
			_, err := fmt.Fprintln(w, "There is no invoice in this month.")
			return err
		}
		for _, one := range l.Items {
			if err := month(w, one); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && !right {
		err = ErrShown
	}
	return err
}

func month(w io.Writer, one client.LedgerMonth) error {
	m := one.Month
	var rows [][]string
	add := func(d client.SettlementMonthDocument, number string) {
		rows = append(rows, []string{number, d.Customer, d.Publishers, d.Resellers, d.Operator, d.VAT, d.Gross, d.TakenBack, d.Paid, d.SentBack, d.GivenUp, d.Unpaid, d.Held, d.Difference})
	}
	for _, d := range m.Documents {
		add(d, d.Number)
	}
	add(m.Total, "total")
	if err := table(w, "", []string{"DOCUMENT", "CUSTOMER", "PUBLISHERS", "RESELLERS", "OPERATOR", "VAT", "GROSS", "TAKEN BACK", "PAID", "SENT BACK", "GIVEN UP", "UNPAID", "HELD", "DIFFERENCE"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, p := range m.Publishers {
		number := p.Number
		if number == "" {
			number = "on none yet"
		}
		rows = append(rows, []string{p.Publisher, number, p.Share, p.OtherMonths, p.VAT, p.Collected, p.Held, p.Released, p.Payable, p.Difference})
	}
	if err := spaced(w, "Nobody sold anything.", []string{"PUBLISHER", "STATEMENT", "SHARE", "OTHER MONTHS", "VAT", "COLLECTED", "HELD", "RELEASED", "PAYABLE", "DIFFERENCE"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, r := range m.Resellers {
		rows = append(rows, []string{r.Reseller, r.Net, r.Margin, r.Difference})
	}
	if err := spaced(w, "No reseller has a part of it.", []string{"RESELLER", "NET", "MARGIN", "DIFFERENCE"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, c := range m.Checks {
		rows = append(rows, []string{c.Name, c.Left, c.Right, c.Difference})
	}
	if err := spaced(w, "", []string{"SUM", "ONE WAY", "THE OTHER WAY", "DIFFERENCE"}, rows); err != nil {
		return err
	}
	verdict := "Everything reconciles."
	if !one.Right {
		verdict = "Something does not reconcile: see the differences."
	}
	_, err := fmt.Fprintln(w, "\n"+verdict)
	return err
}

// spaced is a table below another.
func spaced(w io.Writer, none string, head []string, rows [][]string) error {
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return table(w, none, head, rows)
}
