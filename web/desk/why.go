package desk

import (
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web/design/why"
	"github.com/halle-cloud/halle/web/site"
)

// Places names the regions that are known: "Lyon, France". The keys of regions serve where nothing is known.
func Places(r *site.Request, s *residency.Residency) map[string]string {
	out := map[string]string{}
	if facts, _, err := s.FactsNow(r.Context(), r.Caller); err == nil {
		for _, g := range facts.Regions {
			out[g.Key] = g.City + ", " + r.L.Country(g.Country)
		}
	}
	return out
}

// Why is a decision about a place with every region and every reason.
func Why(r *site.Request, d placement.Decision, places map[string]string) why.Panel {
	named := func(region string) string { return or(places[region], region) }
	p := why.Panel{Question: r.T("desk.why.refused"), Answer: r.T("desk.why.refused.answer", "n", len(d.Result.Candidates)), Decided: d.At, Command: r.Site().Options().Commands.Program + " why " + d.Order}
	if d.Region != "" {
		p.Question, p.Answer = r.T("desk.why.chosen", "region", named(d.Region)), r.T("desk.why.chosen.answer", "n", len(d.Result.Candidates), "region", named(d.Region))
	}
	for _, c := range d.Result.Candidates {
		if len(c.Reasons) == 0 {
			text, outcome := r.T("desk.why.may", "region", named(c.Region), "price", hourly(r, c.Price)), why.Note
			if c.Region == d.Region {
				text, outcome = r.T("desk.why.cheapest", "region", named(c.Region), "price", hourly(r, c.Price)), why.Yes
			}
			p.Rules = append(p.Rules, why.Rule{Outcome: outcome, Text: text})
		}
		for _, reason := range c.Reasons {
			p.Rules = append(p.Rules, why.Rule{Outcome: why.No, Text: named(c.Region) + ": " + r.Reason(reason.Fail()), Clause: reason.Clause})
		}
	}
	p.Facts = []why.Fact{{Name: r.T("desk.why.decision"), Value: d.ID}, {Name: r.T("desk.why.class"), Value: or(d.Request.Class, r.T("desk.why.default"))}, {Name: r.T("desk.why.policy"), Value: d.PolicyHash},
		{Name: r.T("desk.why.facts"), Value: d.FactsHash}, {Name: r.T("desk.why.rules"), Value: d.RulesHash}}
	return p
}

// hourly is the text of a unit price as the page writes it.
func hourly(r *site.Request, text string) string {
	var p money.UnitPrice
	if err := p.UnmarshalText([]byte(text)); err != nil {
		return text
	}
	return r.L.Money(UnitPrice(p))
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
