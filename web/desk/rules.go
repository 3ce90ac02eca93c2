package desk

import (
	"strings"

	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// RuleTable is versions of split rules in words, the newest first. about names what a rule is for; nil for the words that a
// publisher reads.
func RuleTable(r *site.Request, list []settlement.Rule, about func(settlement.Rule) string) table.Table {
	var rows []table.Row
	for _, one := range list {
		what := one.Offer
		switch {
		case about != nil:
			what = about(one)
		case what == "" && one.ID == "default":
			what = r.T("revenue.rule.default")
		case what == "":
			what = r.T("revenue.rule.all")
		}
		from, sub := Day(r, one.From), ""
		if from == "" {
			from = r.T("revenue.rule.always")
		} else {
			sub = r.T("revenue.rule.version", "n", one.Number)
		}
		rows = append(rows, table.Row{Cells: []table.Cell{Two(what, one.Market), Two(from, sub), Text(Terms(r, one.Terms))}})
	}
	return List(r, "rule-list", r.T("revenue.rules"), "revenue.rules.none", []table.Column{Col(r.T("revenue.rule.for")), Col(r.T("revenue.rule.from")), Col(r.T("revenue.rule.terms"))}, rows)
}

// Terms are what a split rule says, in sentences.
func Terms(r *site.Request, t settlement.Terms) string {
	var out []string
	for _, c := range t.Clauses {
		text := clause(r, c)
		if c.Component != "" {
			text = c.Component + ": " + text
		} else if len(t.Clauses) > 1 {
			text = r.T("revenue.rule.rest") + ": " + text
		}
		out = append(out, text+".")
	}
	for _, b := range []struct {
		name string
		who  settlement.Bearer
	}{{"discount", t.Discount}, {"credit", t.CreditNote}, {"debt", t.BadDebt}, {"fees", t.Fees}} {
		if b.who != "" && b.who != settlement.Shared {
			out = append(out, r.T("revenue.rule."+b.name+"."+string(b.who)))
		}
	}
	if t.Reserve > 0 {
		out = append(out, r.T("revenue.rule.reserve", "rate", Rate(r, int64(t.Reserve)), "days", t.ReserveDays))
	}
	return strings.Join(out, " ")
}

// clauseOf is how the lines of a component are shared.
func clauseOf(r *site.Request, t settlement.Terms, component string) string {
	text := ""
	for _, c := range t.Clauses {
		if c.Component == component {
			return clause(r, c)
		}
		if c.Component == "" {
			text = clause(r, c)
		}
	}
	return text
}

func clause(r *site.Request, c settlement.Clause) string {
	text := ""
	switch c.Kind {
	case settlement.Fixed:
		text = r.T("revenue.rule.fixed", "each", r.L.Money(UnitPrice(c.Each)), "n", int64(c.Per))
	case settlement.Tiers:
		for i, t := range c.Tiers {
			if i > 0 {
				text += "; "
			}
			if i == len(c.Tiers)-1 {
				text += r.T("revenue.rule.beyond") + " " + parts(r, t.Parts)
			} else {
				text += r.T("revenue.rule.upto", "n", r.L.Decimal(t.UpTo, 2)) + " " + parts(r, t.Parts)
			}
		}
	default:
		text = parts(r, c.Parts)
	}
	if c.Kind != settlement.Fixed && c.Per > 0 {
		text += ", " + r.T("revenue.rule.least", "each", r.L.Money(UnitPrice(c.Each)), "n", int64(c.Per))
	}
	return text
}

func parts(r *site.Request, p settlement.Parts) string {
	text := r.T("revenue.rule.parts", "publisher", Rate(r, int64(p.Publisher)), "operator", Rate(r, int64(p.Operator)))
	for _, n := range p.Resellers {
		text += ", " + r.T("revenue.rule.reseller", "rate", Rate(r, int64(n)))
	}
	return text
}
