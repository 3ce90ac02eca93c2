package operator

import (
	"time"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// resold is a reseller's own page: its margin by customer, and how it and the operator stand.
func (d *pages) resold(r *site.Request) error {
	now := price.DateOf(r.Site().Options().Now(), time.UTC)
	list, err := d.Settlements.Resold(r.Context(), r.Caller, r.Caller.Org, price.DateOf(time.Date(now.Year, now.Month-11, 1, 0, 0, 0, 0, time.UTC), time.UTC))
	if err != nil {
		return err
	}
	positions, err := d.Settlements.ResellerPositions(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return err
	}
	sheet := site.Sheet{Page: page(r, r.T("margin.title")), Lead: r.T("margin.lead"), Actions: []button.Button{{Text: r.T("margin.customers"), URL: home + "/organisations", Kind: button.Primary}}}
	for _, p := range positions {
		title := r.T("margin.even")
		switch p.ToOperator.Sign() {
		case 1:
			title = r.T("margin.owe", "amount", desk.Money(r, p.ToOperator))
		case -1:
			title = r.T("margin.owed", "amount", desk.Money(r, money.New(-p.ToOperator.Minor, p.Currency)))
		}
		sheet.Main = append(sheet.Main, site.Block{ID: "stand-" + string(p.Currency), Title: title, Text: r.T("margin.stand"), Template: "details", View: details.List{Items: []details.Item{
			desk.Pair(r.T("margin.paid"), desk.Money(r, p.Paid)), desk.Pair(r.T("margin.vat"), desk.Money(r, p.VAT)), desk.Pair(r.T("margin.own"), desk.Money(r, p.Margin))}}})
	}
	names := d.names()
	var rows []table.Row
	for _, one := range list {
		at, err := time.Parse("2006-01", one.Month)
		if err != nil {
			return err
		}
		rows = append(rows, table.Row{URL: home + "/organisations/" + one.Customer + "/billing", Cells: append([]table.Cell{desk.Two(names.Of(r, one.Customer), r.L.Month(at.AddDate(0, 0, 14))), desk.Text(r.L.Number(int64(one.Lines)))}, amounts(r, one.Net, one.Margin)...)})
	}
	t := desk.List(r, "margin-list", r.T("margin.by"), "margin.none", []table.Column{desk.Col(r.T("desk.client")), {Name: r.T("revenue.lines"), Numeric: true, Hidden: true}, desk.Num(r.T("revenue.net")), desk.Num(r.T("margin.own"))}, rows)
	sheet.Main = append(sheet.Main, desk.Block("customers", r.T("margin.by"), r.T("margin.by.text"), t))
	return r.OK(sheet)
}
