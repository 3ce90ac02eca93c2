package desk

import (
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/web/design/why"
	"github.com/halle-cloud/halle/web/site"
)

// Why is a decision about a place with every region and every reason.
func Why(r *site.Request, d placement.Decision) why.Panel {
	p := why.Panel{Question: r.T("desk.why.refused"), Answer: r.T("desk.why.refused.answer", "n", len(d.Result.Candidates)), Decided: d.At, Command: r.Site().Options().Commands.Program + " why " + d.Order}
	if d.Region != "" {
		p.Question, p.Answer = r.T("desk.why.chosen", "region", d.Region), r.T("desk.why.chosen.answer", "n", len(d.Result.Candidates), "region", d.Region)
	}
	for _, c := range d.Result.Candidates {
		if len(c.Reasons) == 0 {
			text, outcome := r.T("desk.why.may", "region", c.Region, "price", c.Price), why.Note
			if c.Region == d.Region {
				text, outcome = r.T("desk.why.cheapest", "region", c.Region, "price", c.Price), why.Yes
			}
			p.Rules = append(p.Rules, why.Rule{Outcome: outcome, Text: text})
		}
		for _, reason := range c.Reasons {
			p.Rules = append(p.Rules, why.Rule{Outcome: why.No, Text: c.Region + ": " + r.Reason(reason.Fail()), Clause: reason.Clause})
		}
	}
	p.Facts = []why.Fact{{Name: r.T("desk.why.decision"), Value: d.ID}, {Name: r.T("desk.why.class"), Value: or(d.Request.Class, r.T("desk.why.default"))}, {Name: r.T("desk.why.policy"), Value: d.PolicyHash},
		{Name: r.T("desk.why.facts"), Value: d.FactsHash}, {Name: r.T("desk.why.rules"), Value: d.RulesHash}}
	return p
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
