package operator

import (
	"strconv"

	"github.com/halle-cloud/halle/billing/dunning"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// aged is what is owed by age, and where each customer stands with reminders.
func (d *pages) aged(r *site.Request) error {
	a, err := d.Dunnings.Aged(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	names := d.names()
	row := func(name table.Cell, url string, one dunning.Debt) table.Row {
		cells := []table.Cell{name}
		for _, n := range one.ByAge {
			text := "–"
			if n != 0 {
				text = desk.Money(r, money.New(n, one.Currency))
			}
			cells = append(cells, desk.Text(text))
		}
		return table.Row{URL: url, Cells: append(cells, desk.Text(desk.Money(r, money.New(one.Total, one.Currency))))}
	}
	var rows []table.Row
	for _, one := range a.Debts {
		sub := r.T("operator.aged.invoices", "n", strconv.FormatInt(one.Invoices, 10))
		if one.Step != "" {
			sub = r.T("operator.aged.step." + string(one.Step))
		}
		rows = append(rows, row(desk.Two(names.Of(r, one.Org), sub), home+"/organisations/"+one.Org+"/billing", one))
	}
	for _, one := range a.Totals {
		total := row(desk.Text(r.T("operator.aged.total")), "", one)
		total.Total = true
		rows = append(rows, total)
	}
	columns := []table.Column{desk.Col(r.T("desk.client"))}
	for n := range dunning.Buckets {
		columns = append(columns, desk.Num(r.T("operator.aged."+strconv.Itoa(n))))
	}
	t := desk.List(r, "aged", r.T("operator.aged"), "operator.aged.none", append(columns, desk.Num(r.T("operator.aged.sum"))), rows)
	return r.OK(site.Sheet{Page: page(r, r.T("operator.aged"), r.T("operator.payments.title"), home+"/payments"), Lead: r.T("operator.aged.lead"), Main: []site.Block{desk.Block("", "", "", t)},
		Actions: []button.Button{{Text: r.T("operator.payments.title"), URL: home + "/payments"}}})
}
