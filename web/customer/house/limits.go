package house

import (
	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

func (d *desk) limits(r *site.Request) error {
	m, err := r.Market()
	if err != nil {
		return err
	}
	return d.showLimits(r, 200, m, limitForm(r, m), approvalForm(r, m))
}

func (d *desk) showLimits(r *site.Request, status int, m party.Market, limit, approval site.FormView) error {
	list, err := d.Orders.Limits(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return err
	}
	t := table.Table{ID: "limits", Caption: r.T("limits.title"), Query: table.Parse(r.URL), Found: -1, Columns: []table.Column{{Name: r.T("limits.what")}, {Name: r.T("limits.max"), Numeric: true}, {Name: r.T("limits.committed"), Numeric: true},
		{Name: r.T("limits.reserved"), Numeric: true, Hidden: true}, {Name: r.T("limits.spent"), Numeric: true}},
		Empty: states.Empty{Icon: "chart", Title: r.T("limits.none"), Text: r.T("limits.none.text")}}
	for _, l := range list {
		write := func(n int64) string { return r.L.Number(n) }
		name := r.T("limits.subscriptions")
		if l.Dimension != order.Subscriptions {
			name = r.T("limits.monthly")
			write = func(n int64) string { return r.L.Money(customer.Money(money.New(n, money.Currency(m.Currency)))) }
		}
		most := r.T("limits.nolimit")
		if l.Max != order.NoLimit {
			most = write(l.Max)
		}
		t.Rows = append(t.Rows, table.Row{Cells: []table.Cell{{Text: name, Sub: l.Period}, {Text: most}, {Text: write(l.Committed)}, {Text: write(l.Reserved)}, {Text: write(l.Spent)}}})
	}
	sheet := site.Sheet{Page: r.Page(r.T("limits.title")), Lead: r.T("limits.lead"), Main: []site.Block{{Template: "table", View: t}}}
	if customer.May(d.Services, r, access.BudgetSet) == nil {
		sheet.Main = append(sheet.Main, site.Block{ID: "limit", Title: r.T("limits.set"), Text: r.T("limits.set.text"), Template: "site/form", View: limit},
			site.Block{ID: "approval", Title: r.T("limits.approval"), Text: r.T("limits.approval.text"), Template: "site/form", View: approval})
	}
	return r.Show(status, sheet)
}

func limitForm(r *site.Request, m party.Market) site.FormView {
	return site.FormView{Action: "/limits", Button: r.T("limits.button"), Fields: []form.Field{{ID: "max", Label: r.T("limits.monthly"), Hint: r.T("limits.hint"), Suffix: m.Currency, Optional: true}}}
}

func approvalForm(r *site.Request, m party.Market) site.FormView {
	return site.FormView{Action: "/limits/approval", Button: r.T("limits.approval.button"), Quiet: true, Fields: []form.Field{{ID: "above", Label: r.T("limits.above"), Hint: r.T("limits.above.hint"), Suffix: m.Currency, Optional: true}}}
}

// amount reads what a person wrote: "500", "1 200,50". ok is false for an empty answer.
func amount(r *site.Request, name string, m party.Market) (a money.Amount, ok bool, err error) {
	text := r.Value(name)
	if text == "" {
		return a, false, nil
	}
	a, err = money.ParseAmount(normal(text), money.Currency(m.Currency))
	if err != nil || a.Sign() < 0 {
		return a, true, fail.New(fail.Invalid, "limits.amount", "", "").Field(name, r.T("limits.amount.error"))
	}
	return a, true, nil
}

// normal turns "1 200,50" into "1200.50".
func normal(text string) string {
	out := []rune{}
	for _, c := range text {
		switch c {
		case ' ', '\u00a0', '\u202f':
		case ',':
			out = append(out, '.')
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

func (d *desk) setLimit(r *site.Request) error {
	m, err := r.Market()
	if err != nil {
		return err
	}
	a, given, err := amount(r, "max", m)
	if err == nil {
		limit := int64(order.NoLimit)
		if given {
			limit = a.Minor
		}
		_, err = d.Orders.SetLimit(r.Context(), r.Caller, r.Caller.Org, order.Monthly(money.Currency(m.Currency)), limit)
	}
	if err == nil {
		return r.Redirect("/limits", site.Done("limits.saved"))
	}
	view, ok := refused(r, err, limitForm(r, m), nil)
	if !ok {
		return err
	}
	return d.showLimits(r, site.Status(err), m, view, approvalForm(r, m))
}

func (d *desk) setApproval(r *site.Request) error {
	m, err := r.Market()
	if err != nil {
		return err
	}
	a, given, err := amount(r, "above", m)
	if err == nil {
		above := &a
		if !given {
			above = nil
		}
		err = d.Orders.SetApprovalRule(r.Context(), r.Caller, r.Caller.Org, money.Currency(m.Currency), above)
	}
	if err == nil {
		return r.Redirect("/limits", site.Done("limits.approval.saved"))
	}
	view, ok := refused(r, err, approvalForm(r, m), nil)
	if !ok {
		return err
	}
	return d.showLimits(r, site.Status(err), m, limitForm(r, m), view)
}
