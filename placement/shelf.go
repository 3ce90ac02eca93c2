package placement

import (
	"context"
	"slices"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/residency"
)

// Place is a region as an offer page shows it.
type Place struct {
	Region   string
	Name     string
	City     string
	Country  string // ISO 3166-1 alpha-2
	Cloud    string // its name
	Operator string // of the cloud, its name
	Laws     []string
	Evidence residency.Evidence
	Price    string // of a unit for an hour
	Allowed  bool
	Reasons  []residency.Reason // every one, when it is not
}

// WhereMayItRun says for each region whether an offer version may run there with data of a class ("" for the policy's
// default), and every reason why not: under the policy of the caller's organisation, or of the market when nobody is
// signed in. Allowed regions come first, the cheapest before; then the others by key. Everybody who sees the version may.
func (s *Placements) WhereMayItRun(ctx context.Context, c access.Caller, market, offerVersion, class string) ([]Place, error) {
	v, err := s.Catalog.Version(ctx, c, offerVersion)
	if err != nil {
		return nil, err
	}
	var chain residency.Chain
	var facts *residency.Facts
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if chain, err = s.ChainOf(tx, v); err != nil {
			return err
		}
		facts, _, err = s.Residency.Snapshot(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	verdicts, err := s.Residency.Shelf(ctx, c, market, chain, class)
	if err != nil {
		return nil, err
	}
	return places(facts, verdicts), nil
}

func places(facts *residency.Facts, verdicts []residency.Verdict) []Place {
	regions, clouds, names := map[string]residency.Region{}, map[string]residency.Cloud{}, map[string]string{}
	for _, r := range facts.Regions {
		regions[r.Key] = r
	}
	for _, c := range facts.Clouds {
		clouds[c.Key] = c
	}
	for _, e := range facts.Entities {
		names[e.Key] = e.Name
	}
	laws := facts.AllLaws()
	var out []Place
	for _, v := range verdicts {
		r, ok := regions[v.Region]
		if !ok || r.Retired {
			continue
		}
		cloud := clouds[r.Cloud]
		out = append(out, Place{Region: r.Key, Name: r.Name, City: r.City, Country: r.Country, Cloud: cloud.Name, Operator: names[cloud.Operator],
			Laws: laws[cloud.Operator], Evidence: r.Evidence, Price: r.Price.String(), Allowed: v.Allowed, Reasons: v.Reasons})
	}
	slices.SortStableFunc(out, func(a, b Place) int {
		ra, rb := regions[a.Region], regions[b.Region]
		switch {
		case a.Allowed != b.Allowed:
			return map[bool]int{true: -1, false: 1}[a.Allowed]
		case a.Allowed && cheaper(&ra, &rb):
			return -1
		case a.Allowed:
			return 1
		}
		return 0
	})
	return out
}

// soldAtMost is how many offers of a market Sells gives.
const soldAtMost = 100

// Sells lists what is on the shelf of a market with who has a hand in it, the first 100 by key: what a change of facts or
// policies is compared over. For residency, in its transaction.
func (s *Placements) Sells(tx *store.Tx, m party.Market) ([]residency.Sold, error) {
	list, err := s.Catalog.Sold(tx, m, soldAtMost)
	if err != nil {
		return nil, err
	}
	out := make([]residency.Sold, len(list))
	for i, v := range list {
		out[i].Offer = v.Content.Key
		if out[i].Chain, err = s.ChainOf(tx, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}
