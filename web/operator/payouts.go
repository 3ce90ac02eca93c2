package operator

import (
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

func publisherURL(org string) string { return books + "/publishers/" + org }

// revenue is what a publisher earned, as the operator sees it: with what can be done about it.
func (d *pages) revenue() desk.Revenue {
	org := func(r *site.Request) string { return r.PathValue("org") }
	return desk.Revenue{Services: d.Services, Side: "operator", Base: func(r *site.Request) string { return publisherURL(org(r)) }, Org: org, Title: func(r *site.Request) string { return d.names().Of(r, org(r)) },
		Page: func(r *site.Request, title string, pairs ...string) design.Page {
			return bookPage(r, title, append([]string{r.T("books.tab.publishers"), books + "/publishers"}, pairs...)...)
		},
		Acts: func(r *site.Request, list []settlement.Position) (out []button.Button) {
			for _, p := range list {
				if p.Due.Sign() > 0 {
					out = append(out, button.Button{Text: r.T("books.pay", "amount", desk.Money(r, p.Due)), URL: publisherURL(org(r)) + "/pay?currency=" + string(p.Currency), Kind: button.Primary})
				}
			}
			return append(out, button.Button{Text: r.T("books.statement"), URL: publisherURL(org(r)) + "/close"})
		},
		PayoutAs: func(_ *site.Request, p settlement.Payout) string {
			return books + "/payouts/" + p.Publisher + "/" + p.ID
		},
		Document: func(_ *site.Request, id string) string { return home + "/invoices/" + id }}
}

// margins is what each publisher brought in between two days.
func (d *pages) margins(r *site.Request) error {
	now := price.DateOf(r.Site().Options().Now(), time.UTC)
	from := map[string]price.Date{"": {Year: now.Year, Month: 1, Day: 1}, "month": {Year: now.Year, Month: now.Month, Day: 1},
		"before": price.DateOf(time.Date(now.Year, now.Month-1, 1, 0, 0, 0, 0, time.UTC), time.UTC), "all": {}}
	when := table.Parse(r.URL).Get("when")
	to := price.Date{}
	if when == "before" {
		to = price.DateOf(time.Date(now.Year, now.Month, 0, 0, 0, 0, 0, time.UTC), time.UTC)
	}
	list, err := d.Settlements.Margins(r.Context(), r.Caller, from[when], to)
	if err != nil {
		return err
	}
	names := d.names()
	var rows []table.Row
	for _, m := range list {
		row := table.Row{Cells: append([]table.Cell{desk.Two(names.Of(r, m.Publisher), r.T("books.lines", "n", m.Lines))}, amounts(r, m.Net, m.Share, m.Resellers, m.Kept)...)}
		if m.Publisher != r.Caller.Org {
			row.URL = publisherURL(m.Publisher)
		}
		rows = append(rows, row)
	}
	t := desk.List(r, "margins", r.T("books.margins"), "books.margins.none", []table.Column{desk.Col(r.T("books.month.publisher")), desk.Num(r.T("books.margin.net")), {Name: r.T("revenue.share.operator"), Numeric: true, Hidden: true}, {Name: r.T("revenue.resellers"), Numeric: true, Hidden: true}, desk.Num(r.T("books.margin.kept"))}, rows)
	t.Filters = []form.Field{desk.Filter(r, "margin-when", "when", r.T("books.when"), "", r.T("books.when.year"), "month", r.T("books.when.month"), "before", r.T("books.when.before"), "all", r.T("books.when.all"))}
	return r.OK(site.Sheet{Page: bookPage(r, r.T("books.tab.publishers")), Lead: r.T("books.margins.lead"), Tabs: bookTabs(r, "publishers"), Main: []site.Block{desk.Block("", "", "", t)}})
}

// payouts is what is due to publishers and what is on its way to them.
func (d *pages) payouts(r *site.Request) error {
	owed, err := d.Settlements.Owed(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	moving, err := d.Settlements.PayoutsOnTheWay(r.Context(), r.Caller, shown)
	if err != nil {
		return err
	}
	names := d.names()
	due := func(code ledger.Code) (rows []table.Row) {
		for _, a := range owed {
			if a.Key.Code == code {
				rows = append(rows, table.Row{URL: publisherURL(a.Key.Owner), Cells: []table.Cell{desk.Text(names.Of(r, a.Key.Owner)), desk.Text(desk.Money(r, money.New(a.Credits-a.Debits, a.Key.Currency)))}})
			}
		}
		return rows
	}
	columns := []table.Column{desk.Col(r.T("books.month.publisher")), desk.Num(r.T("books.amount"))}
	var rows []table.Row
	for _, p := range moving {
		rows = append(rows, table.Row{URL: books + "/payouts/" + p.Publisher + "/" + p.ID, Cells: []table.Cell{desk.Two(names.Of(r, p.Publisher), desk.Short(p.ID)), desk.Text(desk.Day(r, p.Ordered)), desk.Text(desk.Money(r, p.Amount))}})
	}
	return r.OK(site.Sheet{Page: bookPage(r, r.T("books.tab.payouts")), Lead: r.T("books.payouts.lead"), Tabs: bookTabs(r, "payouts"), Actions: payoutActions(r, button.Primary), Main: []site.Block{
		desk.Block("due", r.T("books.due"), r.T("books.due.text"), desk.List(r, "due-list", r.T("books.due"), "books.due.none", columns, due(settlement.Due))),
		desk.Block("moving", r.T("books.moving"), r.T("books.moving.text"), desk.List(r, "moving-list", r.T("books.moving"), "books.moving.none", []table.Column{desk.Col(r.T("books.month.publisher")), desk.Col(r.T("revenue.ordered")), desk.Num(r.T("books.amount"))}, rows)),
		desk.Block("held", r.T("revenue.kept"), "", desk.List(r, "held-list", r.T("revenue.kept"), "revenue.held.none", columns, due(settlement.Held))),
		desk.Block("earned", r.T("revenue.payable"), "", desk.List(r, "payable-list", r.T("revenue.payable"), "books.due.none", columns, due(settlement.Payable)))}})
}

func (d *pages) statementForm(r *site.Request) site.FormView {
	day := desk.Field(r, "through", "books.statement.through", form.Date)
	now := r.Site().Options().Now()
	day.Value = time.Date(now.Year(), now.Month(), 0, 0, 0, 0, 0, time.UTC).Format("2006-01-02")
	org := r.PathValue("org")
	return site.FormView{Action: publisherURL(org) + "/close", Fields: []form.Field{day}, Button: r.T("books.statement"), Back: &part.Link{Text: r.T("books.publisher.back"), URL: publisherURL(org)}}
}

func (d *pages) statementSheet(r *site.Request) func(site.FormView) (site.Sheet, error) {
	org := r.PathValue("org")
	return desk.Ask(bookPage(r, r.T("books.statement"), r.T("books.tab.publishers"), books+"/publishers", d.names().Of(r, org), publisherURL(org)), r.T("books.statement.lead"))
}

func (d *pages) askStatement(r *site.Request) error {
	if _, err := d.Settlements.Positions(r.Context(), r.Caller, r.PathValue("org")); err != nil {
		return err
	}
	return desk.Shown(r, d.statementForm(r), d.statementSheet(r))
}

func (d *pages) closeStatement(r *site.Request) error {
	org := r.PathValue("org")
	day, err := dayOf(r, "through")
	var list []settlement.StatementRow
	if err == nil {
		list, err = d.Settlements.CloseStatements(r.Context(), r.Caller, org, day)
	}
	switch {
	case err != nil:
		return desk.Refused(r, err, nil, d.statementForm(r), d.statementSheet(r))
	case len(list) == 0:
		return r.Redirect(publisherURL(org), site.Told("books.statement.nothing"))
	}
	return r.Redirect(publisherURL(org)+"/statements/"+list[0].ID, site.Done("books.statement.done", "number", list[0].Number))
}

// askPayout says what is about to be paid.
func (d *pages) askPayout(r *site.Request) error {
	org := r.PathValue("org")
	list, err := d.Settlements.Positions(r.Context(), r.Caller, org)
	if err != nil {
		return err
	}
	currency := money.Currency(r.URL.Query().Get("currency"))
	for _, p := range list {
		if p.Currency != currency || p.Due.Sign() <= 0 {
			continue
		}
		name, sum := d.names().Of(r, org), desk.Money(r, p.Due)
		q := confirm.Question{Title: r.T("books.pay.title", "name", name), Action: publisherURL(org) + "/pay", Button: r.T("books.pay", "amount", sum), Back: part.Link{Text: r.T("books.pay.back"), URL: publisherURL(org)},
			Hidden: []button.Pair{{Name: "currency", Value: string(currency)}}, Consequences: []confirm.Consequence{{Tone: part.Accent, Text: r.T("books.pay.a", "amount", sum, "name", name)}, {Tone: part.Warn, Text: r.T("books.pay.b")}}}
		return r.OK(site.Sheet{Page: bookPage(r, q.Title, r.T("books.tab.publishers"), books+"/publishers", name, publisherURL(org)), Narrow: true, Main: []site.Block{{Template: "confirm", View: q}}})
	}
	return r.Redirect(publisherURL(org), site.Told("books.pay.nothing"))
}

func (d *pages) orderPayout(r *site.Request) error {
	p, err := d.Settlements.PayOut(r.Context(), r.Caller, r.PathValue("org"), money.Currency(r.Value("currency")))
	if err != nil {
		return err
	}
	return r.Redirect(books+"/payouts/"+p.Publisher+"/"+p.ID, site.Done("books.pay.done"))
}

// onePayout is the payout of the address, which must be of its publisher.
func (d *pages) onePayout(r *site.Request) (settlement.Payout, error) {
	p, err := d.Settlements.OnePayout(r.Context(), r.Caller, r.PathValue("id"))
	if err == nil && p.Publisher != r.PathValue("org") {
		err = fail.Missing("payout", r.PathValue("id"))
	}
	return p, err
}

func (d *pages) endForm(r *site.Request, p settlement.Payout) site.FormView {
	state, reference, day := desk.Field(r, "state", "books.payout.state", form.Select), desk.Field(r, "reference", "books.payout.reference", form.Text), desk.Field(r, "date", "books.payout.day", form.Date)
	state.Options = []form.Option{{Value: string(settlement.PayoutPaid), Label: r.T("books.payout.paid")}, {Value: string(settlement.PayoutReturned), Label: r.T("books.payout.returned")}}
	reference.Optional, day.Value = true, price.DateOf(r.Site().Options().Now(), time.UTC).String()
	return site.FormView{Action: books + "/payouts/" + p.Publisher + "/" + p.ID, Fields: []form.Field{state, reference, day}, Button: r.T("books.payout.button")}
}

func (d *pages) payoutSheet(r *site.Request, p settlement.Payout) func(site.FormView) (site.Sheet, error) {
	return func(view site.FormView) (site.Sheet, error) {
		name := d.names().Of(r, p.Publisher)
		title := r.T("books.payout.title", "amount", desk.Money(r, p.Amount), "name", name)
		sheet := site.Sheet{Page: bookPage(r, title, r.T("books.tab.payouts"), books+"/payouts"), Badge: desk.PayoutState(r, p.State), Narrow: true, Main: []site.Block{{Template: "details", View: desk.Pairs(desk.Pair(r.T("books.month.publisher"), name),
			desk.Pair(r.T("books.amount"), desk.Money(r, p.Amount)), desk.Pair(r.T("revenue.ordered"), desk.Day(r, p.Ordered)), desk.Pair(r.T("revenue.done"), desk.Day(r, p.Done)), desk.Pair(r.T("books.payout.reference"), p.Reference)),
			Links: []part.Link{{Text: r.T("books.publisher.back"), URL: publisherURL(p.Publisher)}}}}}
		if p.State == settlement.PayoutOrdered {
			sheet.Main = append(sheet.Main, desk.FormBlock("end", r.T("books.payout.end"), r.T("books.payout.end.text"), view))
		}
		return sheet, nil
	}
}

func (d *pages) payout(r *site.Request) error {
	p, err := d.onePayout(r)
	if err != nil {
		return err
	}
	return desk.Shown(r, d.endForm(r, p), d.payoutSheet(r, p))
}

func (d *pages) endPayout(r *site.Request) error {
	p, err := d.onePayout(r)
	if err != nil {
		return err
	}
	day, err := dayOf(r, "date")
	if err == nil {
		_, err = d.Settlements.EndPayout(r.Context(), r.Caller, settlement.PayoutInput{Payout: p.ID, State: settlement.PayoutState(r.Value("state")), Reference: r.Value("reference"), Date: day})
	}
	if err != nil {
		return desk.Refused(r, err, nil, d.endForm(r, p), d.payoutSheet(r, p))
	}
	return r.Redirect(books+"/payouts/"+p.Publisher+"/"+p.ID, site.Done("books.payout.noted"))
}
