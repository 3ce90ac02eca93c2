package customer

import (
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web/design/place"
	"github.com/halle-cloud/halle/web/site"
)

// Badge is a place with the reasons for and against it.
func Badge(r *site.Request, p placement.Place) place.Badge {
	b := place.Badge{City: p.City, Country: r.L.Country(p.Country), Evidence: place.Evidence(p.Evidence), Refused: !p.Allowed}
	if len(p.Laws) > 0 {
		b.Law = r.T("place.laws", "operator", p.Operator, "laws", Countries(r, p.Laws))
	}
	for _, reason := range p.Reasons {
		b.Reasons = append(b.Reasons, place.Reason{Text: r.Reason(reason.Fail()), Source: source(r, reason)})
	}
	if p.Allowed {
		b.Reasons = []place.Reason{{Text: r.T("place.run", "operator", p.Operator, "cloud", p.Cloud)}, {Text: r.T("place.rules")}}
	}
	return b
}

func source(r *site.Request, reason residency.Reason) string {
	if reason.Clause != "" {
		return reason.Clause
	}
	return r.Remedy(reason.Rule, reason.Remedy)
}

// PlaceOf is the badge of the region in which something runs; decision is the address of the page that says why.
func PlaceOf(s site.Services, r *site.Request, region, decision string) (place.Badge, bool, error) {
	facts, _, err := s.Residency.FactsNow(r.Context(), r.Caller)
	if err != nil {
		return place.Badge{}, false, err
	}
	for _, known := range facts.Regions {
		if known.Key != region {
			continue
		}
		p := placement.Place{Region: known.Key, City: known.City, Country: known.Country, Evidence: known.Evidence, Allowed: true}
		for _, c := range facts.Clouds {
			if c.Key == known.Cloud {
				p.Cloud = c.Name
				p.Laws = facts.AllLaws()[c.Operator]
				p.Operator = entityName(facts, c.Operator)
			}
		}
		b := Badge(r, p)
		if decision != "" {
			b.Reasons[len(b.Reasons)-1].Source, b.Reasons[len(b.Reasons)-1].URL = r.T("place.decision"), decision
		}
		return b, true, nil
	}
	return place.Badge{}, false, nil
}

func entityName(facts *residency.Facts, key string) string {
	for _, e := range facts.Entities {
		if e.Key == key {
			return e.Name
		}
	}
	return key
}
