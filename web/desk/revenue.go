package desk

import (
	"slices"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/chart"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// Revenue is the pages of what a publisher earned, as the publisher and the operator see them.
type Revenue struct {
	site.Services
	Side     string                                                            // "publisher" or "operator": whose pages they are
	Base     func(r *site.Request) string                                      // address of the page
	Org      func(r *site.Request) string                                      // the publisher
	Title    func(r *site.Request) string                                      // of the page
	Page     func(r *site.Request, title string, pairs ...string) design.Page  // pairs of text and address that lead to it
	Acts     func(r *site.Request, list []settlement.Position) []button.Button // what can be done; nil for nothing
	PayoutAs func(r *site.Request, p settlement.Payout) string                 // address of a payout, "" for none
	Document func(r *site.Request, id string) string                           // address of an invoice, "" for none
}

// Routes are its pages.
func (d Revenue) Routes(get func(path string, h site.Handler)) {
	get("", d.page)
	get("/lines", d.lines)
	get("/statements/{statement}", d.statement)
	get("/statements/{statement}/json", d.statementFile)
	get("/statements/{statement}/pdf", d.statementPaper)
}

const monthsShown = 12

func (d Revenue) page(r *site.Request) error {
	org, base := d.Org(r), d.Base(r)
	list, err := d.Settlements.Positions(r.Context(), r.Caller, org)
	if err != nil {
		return err
	}
	now := price.DateOf(r.Site().Options().Now(), time.UTC)
	earned, err := d.Settlements.Earnings(r.Context(), r.Caller, org, price.DateOf(time.Date(now.Year, now.Month-monthsShown+1, 1, 0, 0, 0, 0, time.UTC), time.UTC))
	if err != nil {
		return err
	}
	holds, err := d.Settlements.Holds(r.Context(), r.Caller, org)
	if err != nil {
		return err
	}
	statements, err := d.Settlements.Statements(r.Context(), r.Caller, org, table.Parse(r.URL).After(), listed)
	if err != nil {
		return err
	}
	payouts, err := d.Settlements.Payouts(r.Context(), r.Caller, org, "", listed)
	if err != nil {
		return err
	}
	rules, err := d.Settlements.Rules(r.Context(), r.Caller, org)
	if err != nil {
		return err
	}
	sheet := site.Sheet{Page: d.Page(r, d.Title(r)), Lead: r.T("revenue.lead." + d.Side)}
	for _, p := range list {
		sheet.Main = append(sheet.Main, d.position(r, p, len(list) > 1))
	}
	for _, c := range charts(r, earned, now) {
		sheet.Main = append(sheet.Main, site.Block{Template: "chart", View: c})
	}
	stated := d.statementTable(r, statements)
	if len(statements) == listed {
		stated.After = statements[listed-1].ID
	}
	sheet.Main = append(sheet.Main, Block("earned", r.T("revenue.earned"), r.T("revenue.earned.text"), d.earnedTable(r, earned)), Block("held", r.T("revenue.held"), r.T("revenue.held.text"), d.heldTable(r, holds)),
		Block("statements", r.T("revenue.statements"), r.T("revenue.statements.text"), stated), Block("payouts", r.T("revenue.payouts"), "", d.payoutTable(r, payouts)),
		Block("rules", r.T("revenue.rules"), r.T("revenue.rules.text"), RuleTable(r, rules, nil)))
	if d.Acts != nil {
		sheet.Actions = d.Acts(r, list)
	} else if len(statements) > 0 {
		sheet.Actions = []button.Button{{Text: r.T("revenue.newest", "number", statements[0].Number), URL: base + "/statements/" + statements[0].ID, Kind: button.Primary}}
	}
	return r.OK(sheet)
}

// position is where the money is: what the operator owes the publisher, in parts.
func (d Revenue) position(r *site.Request, p settlement.Position, named bool) site.Block {
	all := money.New(p.Payable.Minor+p.Held.Minor+p.Due.Minor+p.Transit.Minor, p.Currency)
	title := r.T("revenue.owed."+d.Side, "amount", Money(r, all))
	list := details.List{Items: []details.Item{Pair(r.T("revenue.payable"), Money(r, p.Payable)), Pair(r.T("revenue.kept"), Money(r, p.Held)), Pair(r.T("revenue.due"), Money(r, p.Due)), Pair(r.T("revenue.transit"), Money(r, p.Transit))}}
	id := "owed"
	if named {
		id += "-" + string(p.Currency)
	}
	return site.Block{ID: id, Title: title, Template: "details", View: list}
}

// charts are the share by month, one for each currency.
func charts(r *site.Request, earned []settlement.Earned, now price.Date) (out []chart.Chart) {
	by := map[money.Currency]map[string]int64{}
	for _, e := range earned {
		if by[e.Share.Currency] == nil {
			by[e.Share.Currency] = map[string]int64{}
		}
		by[e.Share.Currency][e.Month] += e.Share.Minor
	}
	for _, e := range earned {
		sums := by[e.Share.Currency]
		if sums == nil {
			continue
		}
		delete(by, e.Share.Currency)
		places, _ := e.Share.Currency.Exponent()
		c := chart.Chart{ID: "share-" + string(e.Share.Currency), Title: r.T("revenue.chart", "currency", string(e.Share.Currency)), Unit: string(e.Share.Currency), Places: places, First: r.T("revenue.month")}
		var total int64
		for n := monthsShown - 1; n >= 0; n-- {
			at := time.Date(now.Year, now.Month-time.Month(n), 15, 12, 0, 0, 0, time.UTC)
			v := sums[at.Format("2006-01")]
			total += v
			c.Points = append(c.Points, chart.Point{Label: r.L.Month(at), Short: at.Format("01"), Value: v})
		}
		c.Desc = r.T("revenue.chart.text", "amount", Money(r, money.New(total, e.Share.Currency)))
		out = append(out, c)
	}
	return out
}

func monthText(r *site.Request, month string) string {
	at, err := time.Parse("2006-01", month)
	if err != nil {
		return month
	}
	return r.L.Month(at.AddDate(0, 0, 14).Add(12 * time.Hour))
}

func (d Revenue) earnedTable(r *site.Request, list []settlement.Earned) table.Table {
	base := d.Base(r)
	var rows []table.Row
	for _, e := range list {
		rows = append(rows, table.Row{URL: base + "/lines?month=" + e.Month + "&offer=" + e.Offer, Cells: []table.Cell{Two(e.Name, monthText(r, e.Month)), Text(r.L.Number(int64(e.Lines))), Text(Money(r, e.Net)),
			Text(Money(r, e.Resellers)), Text(Money(r, e.Kept)), Text(Money(r, e.Share))}})
	}
	return List(r, "earned-list", r.T("revenue.earned"), "revenue.earned.none", []table.Column{Col(r.T("revenue.offer")), {Name: r.T("revenue.lines"), Numeric: true, Hidden: true}, Num(r.T("revenue.net")),
		{Name: r.T("revenue.resellers"), Numeric: true, Hidden: true}, {Name: r.T("revenue.operator"), Numeric: true, Hidden: true}, Num(r.T("revenue.share." + d.Side))}, rows)
}

func (d Revenue) heldTable(r *site.Request, list []settlement.Hold) table.Table {
	var rows []table.Row
	for _, h := range list {
		what, until, url := Two(r.T("revenue.hold.reserve"), r.T("revenue.hold.since", "day", Day(r, h.Date))), r.T("revenue.hold.until", "day", Day(r, h.Until)), ""
		if h.Dispute != "" {
			what.Text, until, url = r.T("revenue.hold.dispute", "no", strconv.Itoa(h.Line)), r.T("revenue.hold.decided"), "/"+d.Side+"/disputes/"+h.Dispute
		}
		rows = append(rows, table.Row{URL: url, Cells: []table.Cell{what, Text(until), Text(Money(r, h.Amount))}})
	}
	return List(r, "hold-list", r.T("revenue.held"), "revenue.held.none", []table.Column{Col(r.T("revenue.hold.why")), Col(r.T("revenue.hold.end")), Num(r.T("revenue.amount"))}, rows)
}

// kind is the kind of a statement in words.
func kind(r *site.Request, t string) string { return r.T("revenue.type." + t) }

func (d Revenue) statementTable(r *site.Request, list []settlement.StatementRow) table.Table {
	base := d.Base(r)
	var rows []table.Row
	for _, s := range list {
		rows = append(rows, table.Row{URL: base + "/statements/" + s.ID, Cells: []table.Cell{Two(s.Number, kind(r, s.Type)), Text(Day(r, s.Through)), Text(Money(r, s.Share)), Text(Money(r, s.VAT)),
			Text(Money(r, s.Held)), Text(Money(r, s.Released)), Text(Money(r, s.Payable))}})
	}
	return List(r, "statement-list", r.T("revenue.statements"), "revenue.statements.none", []table.Column{Col(r.T("revenue.statement")), Wide(r.T("revenue.through")), Num(r.T("revenue.share." + d.Side)),
		{Name: r.T("revenue.vat"), Numeric: true, Hidden: true}, {Name: r.T("revenue.kept"), Numeric: true, Hidden: true}, {Name: r.T("revenue.released"), Numeric: true, Hidden: true}, Num(r.T("revenue.payable.sum"))}, rows)
}

// PayoutState is where a payout stands, as a badge.
func PayoutState(r *site.Request, s settlement.PayoutState) *badge.Badge {
	tones := map[settlement.PayoutState]part.Tone{settlement.PayoutOrdered: part.Accent, settlement.PayoutPaid: part.Good, settlement.PayoutReturned: part.Bad}
	return &badge.Badge{Tone: tones[s], Text: r.T("revenue.payout." + string(s))}
}

func (d Revenue) payoutTable(r *site.Request, list []settlement.Payout) table.Table {
	var rows []table.Row
	for _, p := range list {
		url := ""
		if d.PayoutAs != nil {
			url = d.PayoutAs(r, p)
		}
		rows = append(rows, table.Row{URL: url, Cells: []table.Cell{Two(Day(r, p.Ordered), Short(p.ID)), {Badge: PayoutState(r, p.State)}, Two(Day(r, p.Done), p.Reference), Text(Money(r, p.Amount))}})
	}
	return List(r, "payout-list", r.T("revenue.payouts"), "revenue.payouts.none", []table.Column{Col(r.T("revenue.ordered")), Col(r.T("desk.state")), Wide(r.T("revenue.done")), Num(r.T("revenue.amount"))}, rows)
}

// lines is line by line how something was shared: of a month and offer.
func (d Revenue) lines(r *site.Request) error {
	q := r.URL.Query()
	f := settlement.LineFilter{Offer: q.Get("offer")}
	title := r.T("revenue.byline")
	if at, err := time.Parse("2006-01", q.Get("month")); err == nil {
		f.Month = price.DateOf(at, time.UTC)
		title = r.T("revenue.byline.of", "month", monthText(r, q.Get("month")))
	}
	t, err := d.lineTable(r, f)
	if err != nil {
		return err
	}
	return r.OK(site.Sheet{Page: d.Page(r, title, d.Title(r), d.Base(r)), Lead: r.T("revenue.byline.text"), Main: []site.Block{Block("", "", "", t)}})
}

func (d Revenue) lineTable(r *site.Request, f settlement.LineFilter) (t table.Table, err error) {
	org := d.Org(r)
	list, next, err := d.Settlements.SharedLines(r.Context(), r.Caller, org, f, table.Parse(r.URL).After(), listed)
	if err != nil {
		return t, err
	}
	rules, err := d.Settlements.Rules(r.Context(), r.Caller, org)
	if err != nil {
		return t, err
	}
	var rows []table.Row
	for _, l := range list {
		what, url := Short(l.Subscription), ""
		if l.Origin != "" {
			what = r.T("revenue.line.note", "no", strconv.Itoa(l.OriginNo), "document", Short(l.Origin))
		}
		if d.Document != nil {
			url = d.Document(r, l.Document)
		}
		how := ""
		if i := slices.IndexFunc(rules, func(one settlement.Rule) bool { return one.ID == l.Rule }); i >= 0 {
			how = clauseOf(r, rules[i].Terms, l.Component)
		}
		rows = append(rows, table.Row{URL: url, Cells: []table.Cell{Two(r.T("revenue.line.no", "no", strconv.Itoa(l.No), "document", Short(l.Document)), Day(r, l.Date)+" · "+what), Two(l.Name, l.Component), Text(how),
			Text(Money(r, l.Net)), Text(Money(r, l.Resellers)), Text(Money(r, l.Kept)), Text(Money(r, l.Share))}})
	}
	t = List(r, "line-list", r.T("revenue.byline"), "revenue.byline.none", []table.Column{Col(r.T("revenue.line")), Col(r.T("revenue.offer")), Wide(r.T("revenue.rule")), Num(r.T("revenue.net")), {Name: r.T("revenue.resellers"), Numeric: true, Hidden: true},
		{Name: r.T("revenue.operator"), Numeric: true, Hidden: true}, Num(r.T("revenue.share." + d.Side))}, rows)
	t.After = next
	return t, nil
}
