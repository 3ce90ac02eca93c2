package publisher

import (
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/chart"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// examplesView is what a price comes to. Template "publisher/examples".
type examplesView struct {
	Notice *flash.Notice
	Parts  []examplePart
}

type examplePart struct {
	Title  string
	Table  table.Table
	Charts []chart.Chart
}

// halfDay leads from midnight in an account's zone to the same date in the reader's.
const halfDay = 12 * time.Hour

// maxCharts is how many components are drawn; a price list has seldom more that are charged by use.
const maxCharts = 6

// examples are what a first month without use costs, and a later one by the use of each component. A price that cannot be
// used has none, nor has one whose sums pass what an amount can hold.
func (d *pages) examples(e *pricing) (examplesView, error) {
	p, wrong := e.form.Price()
	p.ID = "draft"
	if p.EffectiveFrom.IsZero() {
		p.EffectiveFrom = e.r.Site().Options().Now().UTC().Truncate(1e9)
	}
	v := p.Version()
	if len(wrong) > 0 || v.Validate() != nil {
		return examplesView{Notice: &flash.Notice{Tone: part.Warn, Title: e.r.T("pricing.incomplete"), Text: e.r.T("pricing.incomplete.text")}}, nil
	}
	out, err := e.drawn(v)
	if fail.KindOf(err) == fail.Invalid {
		return examplesView{Notice: &flash.Notice{Tone: part.Warn, Title: e.r.T("pricing.huge"), Text: e.r.T("pricing.huge.text")}}, nil
	}
	return out, err
}

func (e *pricing) drawn(v *price.Version) (out examplesView, err error) {
	q, err := price.NewQuote(v, nil)
	if err != nil {
		return out, err
	}
	r := e.r
	var rows []table.Row
	for _, one := range []struct {
		key    string
		amount money.Amount
	}{{"once", q.OneOff}, {"month", q.Monthly}, {"year", q.Yearly}, {"terms", q.Terms}} {
		if !one.amount.IsZero() {
			rows = append(rows, table.Row{Cells: []table.Cell{desk.Text(r.T("pricing.fixed." + one.key)), desk.Text(desk.Money(r, one.amount))}})
		}
	}
	rows = append(rows, table.Row{Cells: []table.Cell{desk.Text(r.T("pricing.fixed.total")), desk.Text(desk.Money(r, q.Total))}})
	out.Parts = append(out.Parts, examplePart{Title: r.T("pricing.fixed"), Table: desk.List(r, "fixed", r.T("pricing.fixed"), "pricing.none",
		[]table.Column{desk.Col(r.T("pricing.what")), desk.Num(r.T("pricing.cost"))}, rows)})
	for i := range v.Components {
		c := &v.Components[i]
		if !c.Kind.Usage() || len(out.Parts) > maxCharts {
			continue
		}
		one, err := e.example(v, c)
		if err != nil {
			return out, err
		}
		out.Parts = append(out.Parts, one)
	}
	return out, nil
}

// example is what a month costs by the use of one component: some round quantities, and two drawings.
func (e *pricing) example(v *price.Version, c *price.Component) (out examplePart, err error) {
	r, reach := e.r, c.Reach()
	var round []money.Quantity
	for n := money.Quantity(1); n < reach*10 && len(round) < 12; n *= 10 {
		round = append(round, n)
	}
	points, err := price.Curve(v, c.Key, nil, round[max(0, len(round)-5):])
	if err != nil {
		return out, err
	}
	out.Title = r.T("pricing.by", "key", c.Key)
	var rows []table.Row
	for _, p := range points {
		p.Each.Nanos = (p.Each.Nanos + 500) / 1000 * 1000 // six decimals are enough for a look
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Text(r.L.Number(int64(p.Quantity))), desk.Text(desk.Money(r, p.Total)), desk.Text(r.L.Money(desk.UnitPrice(p.Each)))}})
	}
	out.Table = desk.List(r, "by-"+c.Key, out.Title, "pricing.none", []table.Column{desk.Num(c.Unit), desk.Num(r.T("pricing.cost.month")), desk.Num(r.T("pricing.each"))}, rows)
	if points, err = price.Curve(v, c.Key, nil, price.Samples(reach, 20)); err != nil {
		return out, err
	}
	last := points[len(points)-1]
	exponent, _ := v.Currency.Exponent()
	total := chart.Chart{ID: "total-" + c.Key, Kind: chart.Line, Title: r.T("pricing.cost.month"), Unit: string(v.Currency), Places: exponent, First: c.Unit,
		Desc: r.T("pricing.chart.total", "n", r.L.Number(int64(last.Quantity)), "unit", c.Unit, "amount", desk.Money(r, last.Total))}
	each := chart.Chart{ID: "each-" + c.Key, Kind: chart.Line, Title: r.T("pricing.each.title", "unit", c.Unit), Unit: string(v.Currency), Places: 6, First: c.Unit,
		Desc: r.T("pricing.chart.each", "n", r.L.Number(int64(last.Quantity)), "unit", c.Unit, "amount", r.L.Money(desk.UnitPrice(last.Each)))}
	for i, p := range points {
		at := chart.Point{Label: r.L.Number(int64(p.Quantity)), Value: p.Total.Minor}
		if i%4 == 0 { // the column is narrow
			at.Short = short(int64(p.Quantity))
		}
		total.Points = append(total.Points, at)
		if p.Quantity > 0 {
			if at.Short = ""; (i-1)%6 == 0 {
				at.Short = short(int64(p.Quantity))
			}
			at.Value = (p.Each.Nanos + 500) / 1000
			each.Points = append(each.Points, at)
		}
	}
	out.Charts = []chart.Chart{total, each}
	return out, nil
}

// short is a number for an axis: "1500", "20k", "3M".
func short(n int64) string {
	suffix := ""
	for _, s := range []string{"k", "M", "G"} {
		if n >= 10_000 && n%100 == 0 {
			n, suffix = n/1000, s
		}
	}
	return money.Quantity(n).String() + suffix
}

// simulatePrice shows what the last complete period would have cost the subscribers of the plan; where nobody had one, the
// present one so far.
func (d *pages) simulatePrice(e *pricing, content catalog.Content) error {
	in := rating.SimulateInput{Publisher: e.r.Caller.Org, Draft: content, Plan: content.Plans[e.plan].Key}
	s, err := d.Ratings.Simulate(e.r.Context(), e.r.Caller, in)
	if err == nil && len(s.Spreads) == 0 && !s.Left && s.Young > 0 {
		in.Present = true
		s, err = d.Ratings.Simulate(e.r.Context(), e.r.Caller, in)
	}
	if err != nil {
		return err
	}
	return d.priceSheet(e, 200, nil, e.simulated(s, in.Present))
}

// simulated is what came out.
func (e *pricing) simulated(s rating.Simulation, present bool) (out []site.Block) {
	r := e.r
	lead := r.T("pricing.simulated.text")
	if present {
		lead = r.T("pricing.simulated.present")
	}
	if s.Left {
		lead += " " + r.T("pricing.simulated.left")
	}
	some := len(s.Spreads) > 0
	s.Spreads = slices.DeleteFunc(s.Spreads, func(one price.Spread) bool { // of the other prices of the plan nothing changes
		return string(one.Before.Currency) != e.form["currency"] || string(one.Basis) != e.form["basis"]
	})
	if len(s.Spreads) == 0 {
		text := r.T("pricing.simulated.none.text", "unpriced", s.Unpriced, "young", s.Young)
		if some {
			text = r.T("pricing.simulated.others")
		}
		return []site.Block{{ID: "simulation", Title: r.T("pricing.simulated"), Template: "flash", View: flash.Notice{Tone: part.Accent, Title: r.T("pricing.simulated.none"), Text: text}}}
	}
	for n, one := range s.Spreads {
		change := one.After
		change.Minor -= one.Before.Minor
		list := desk.Pairs(desk.Pair(r.T("pricing.simulated.period"), r.L.DateLong(s.Period.From.Add(halfDay))+" – "+r.L.DateLong(s.Period.To.Add(-halfDay))),
			desk.Pair(r.T("pricing.simulated.before"), desk.Money(r, one.Before)+", "+r.T("publisher.basis."+string(one.Basis))), desk.Pair(r.T("pricing.simulated.after"), desk.Money(r, one.After)),
			desk.Pair(r.T("pricing.simulated.change"), desk.Money(r, change)), desk.Pair(r.T("pricing.simulated.more"), r.L.Number(int64(one.More))),
			desk.Pair(r.T("pricing.simulated.less"), r.L.Number(int64(one.Less))), desk.Pair(r.T("pricing.simulated.same"), r.L.Number(int64(one.Same))),
			desk.Pair(r.T("pricing.simulated.unpriced"), none(r, s.Unpriced)), desk.Pair(r.T("pricing.simulated.young"), none(r, s.Young)))
		block := site.Block{Template: "details", View: list, Card: true}
		if n == 0 {
			block.ID, block.Title, block.Text = "simulation", r.T("pricing.simulated"), lead
		}
		if out = append(out, block); one.More+one.Less > 0 {
			out = append(out, e.tenths(one, n), e.rises(s, one, n))
		}
	}
	return out
}

func none(r *site.Request, n int) string {
	if n == 0 {
		return ""
	}
	return r.L.Number(int64(n))
}

func (e *pricing) tenths(s price.Spread, n int) site.Block {
	var rows []table.Row
	for i, d := range s.Deciles {
		tone := part.Neutral
		if d.Sign() > 0 {
			tone = part.Warn
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Text(e.r.T("pricing.tenth", "n", i+1)), {Badge: &badge.Badge{Tone: tone, Text: desk.Money(e.r, d)}}}})
	}
	return desk.Block("", e.r.T("pricing.tenths"), e.r.T("pricing.tenths.text"), desk.List(e.r, "tenths-"+string(rune('a'+n)), e.r.T("pricing.tenths"), "pricing.none",
		[]table.Column{desk.Col(e.r.T("publisher.subscribers")), desk.Num(e.r.T("pricing.simulated.change"))}, rows))
}

func (e *pricing) rises(s rating.Simulation, one price.Spread, n int) site.Block {
	var rows []table.Row
	for _, rise := range one.Rises {
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(s.Holders[rise.Key], rise.Key), desk.Text(desk.Money(e.r, rise.Before)), desk.Text(desk.Money(e.r, rise.After))}})
	}
	return desk.Block("", e.r.T("pricing.rises"), "", desk.List(e.r, "rises-"+strings.Repeat("a", n+1), e.r.T("pricing.rises"), "pricing.rises.none",
		[]table.Column{desk.Col(e.r.T("publisher.subscriber")), desk.Num(e.r.T("pricing.simulated.before")), desk.Num(e.r.T("pricing.simulated.after"))}, rows))
}
