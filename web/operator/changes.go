package operator

import (
	"net/url"
	"strings"
	"time"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/design/tabs"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// changes is what is charged far more or less than in the month before.
func (d *pages) changes(r *site.Request) error {
	q := r.URL.Query()
	in := rating.ChangesInput{Month: q.Get("month"), Currency: money.Currency(q.Get("currency"))}
	sheet := site.Sheet{Page: page(r, r.T("operator.changes")), Lead: r.T("operator.changes.lead")}
	var shown rating.Changes
	for _, of := range []rating.ChangeOf{rating.OfCustomer, rating.OfService, rating.OfMeter} {
		in.Of = of
		got, err := d.Ratings.Changes(r.Context(), r.Caller, in)
		if err != nil {
			return err
		}
		if of == rating.OfCustomer {
			shown = got
		}
		sheet.Main = append(sheet.Main, d.changeTable(r, got))
	}
	sheet.Tabs = d.changeTabs(r, shown)
	return r.OK(sheet)
}

// changeTabs leads to the last months, and to the currencies where there are several.
func (d *pages) changeTabs(r *site.Request, shown rating.Changes) *tabs.Tabs {
	link := func(month string, c money.Currency) string {
		return home + "/changes?month=" + month + "&currency=" + url.QueryEscape(string(c))
	}
	t := &tabs.Tabs{Label: r.T("operator.changes.months")}
	now := r.Site().Options().Now().UTC()
	for back := 2; back >= 0; back-- {
		month := time.Date(now.Year(), now.Month()-time.Month(back), 1, 0, 0, 0, 0, time.UTC)
		text, name := r.L.Month(month), month.Format("2006-01")
		if back == 0 {
			text = r.T("operator.changes.running", "month", text)
		}
		t.Items = append(t.Items, tabs.Item{Text: text, URL: link(name, shown.Currency), Current: name == shown.Month})
	}
	if len(shown.Currencies) > 1 {
		for _, c := range shown.Currencies {
			t.Items = append(t.Items, tabs.Item{Text: string(c), URL: link(shown.Month, c), Current: c == shown.Currency})
		}
	}
	return t
}

// changeTable lists what grew, the most first, then what shrank.
func (d *pages) changeTable(r *site.Request, got rating.Changes) site.Block {
	names, of := d.names(), string(got.Of)
	signed := func(a money.Amount) string {
		if a.Sign() > 0 {
			return "+" + desk.Money(r, a)
		}
		return desk.Money(r, a)
	}
	columns := []table.Column{desk.Col(r.T("operator.changes.of." + of)), desk.Num(r.T("operator.changes.change")), {Name: r.T("operator.changes.now"), Numeric: true}, {Name: r.T("operator.changes.before"), Numeric: true, Hidden: true}}
	if got.Of == rating.OfMeter {
		columns = append(columns, desk.Num(r.T("operator.changes.quantity")))
	}
	var rows []table.Row
	for _, c := range append(got.Up, got.Down...) {
		what, to := desk.Named(names.Of(r, c.Subject), c.Subject), home+"/organisations/"+c.Subject
		switch got.Of {
		case rating.OfService:
			what, to = desk.Two(c.Name, names.Of(r, owner(c.Path))), home+"/organisations/"+owner(c.Path)
		case rating.OfMeter:
			what, to = desk.Two(c.Meter, c.Name+", "+names.Of(r, owner(c.Path))), home+"/organisations/"+owner(c.Path)
		}
		cells := []table.Cell{what, desk.Text(signed(c.Change)), desk.Text(desk.Money(r, c.Amount)), desk.Text(desk.Money(r, c.Before))}
		if got.Of == rating.OfMeter {
			cells = append(cells, desk.Two(r.L.Number(int64(c.Quantity)), r.T("operator.changes.was", "n", int64(c.QuantityBefore))))
		}
		rows = append(rows, table.Row{URL: to, Cells: cells})
	}
	t := desk.List(r, "changes-"+of, r.T("operator.changes."+of), "operator.changes.none", columns, rows)
	return desk.Block("by-"+of, r.T("operator.changes."+of), "", t)
}

// owner is the organisation at the end of a path.
func owner(path string) string {
	steps := strings.Split(strings.Trim(path, "/"), "/")
	return steps[len(steps)-1]
}
