package service

import (
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

const noon = 12 * time.Hour

// compared is what the real use of this period and of the one before would have cost by the other plans. Nobody sees
// it who may not see invoices.
func (d *pages) compared(r *site.Request, s subscription.Subscription, plans []form.Option) (*site.Block, error) {
	t := table.Table{ID: "compared", Caption: r.T("compare.title"), Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: r.T("shop.plan")}, {Name: r.T("compare.period")}, {Name: r.T("compare.agreed"), Numeric: true},
			{Name: r.T("compare.other"), Numeric: true}, {Name: r.T("compare.saving"), Numeric: true}}}
	for _, plan := range plans {
		rows, err := d.comparedWith(r, s, plan)
		if fail.Is(err, fail.Denied) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		t.Rows = append(t.Rows, rows...)
	}
	if len(t.Rows) == 0 {
		return nil, nil
	}
	return &site.Block{ID: "compare", Title: r.T("compare.title"), Text: r.T("compare.text"), Template: "table", View: t}, nil
}

// comparedWith is one plan in the present period and, if the service was there, in the one before.
func (d *pages) comparedWith(r *site.Request, s subscription.Subscription, plan form.Option) (rows []table.Row, err error) {
	list, err := d.Orders.PriceOf(r.Context(), r.Caller, s.Org, s.Deal.Key, plan.Value)
	if err != nil {
		return nil, err
	}
	for at := (time.Time{}); ; {
		c, err := d.Ratings.Compare(r.Context(), r.Caller, rating.CompareInput{Subscription: s.ID, At: at, Price: list})
		if fail.Is(err, fail.NotFound) {
			return rows, nil // nothing is owed yet
		}
		if err != nil {
			return nil, err
		}
		name := r.T("compare.so_far")
		if !at.IsZero() {
			// A period begins and ends at midnight in the account's zone; noon has the same date in the reader's.
			name = r.L.DateLong(c.Period.From.Add(noon)) + " – " + r.L.DateLong(c.Period.To.Add(-noon))
		}
		rows = append(rows, table.Row{Cells: []table.Cell{{Text: plan.Label}, {Text: name}, {Text: r.L.Money(customer.Money(c.Agreed.Total))},
			{Text: r.L.Money(customer.Money(c.Other.Total))}, {Text: saving(r, c)}}})
		before := c.Period.From.Add(-time.Second)
		if !at.IsZero() || before.Before(s.CreatedAt) {
			return rows, nil
		}
		at = before
	}
}

// saving says in words who is cheaper; nothing where the two cannot be set against each other.
func saving(r *site.Request, c rating.Comparison) string {
	amount := c.Saving
	switch {
	case amount.Currency == "":
		return ""
	case amount.Minor > 0:
		return r.T("compare.less", "amount", r.L.Money(customer.Money(amount)))
	case amount.Minor < 0:
		amount.Minor = -amount.Minor
		return r.T("compare.more", "amount", r.L.Money(customer.Money(amount)))
	}
	return r.T("compare.same")
}
