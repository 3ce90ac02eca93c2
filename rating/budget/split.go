package budget

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
)

// By is what the cost of services is added up by.
type By string

// The ways to add up.
const (
	ByUnit   By = "unit"   // organisation or unit that has the service
	ByPerson By = "person" // who ordered it: access.Caller.Ref
	ByPlace  By = "place"  // key of the region it runs in

	byTag = "tag:" // with the key of a tag behind it: what the tag says
)

// Tag is the key of the tag that costs are added up by, "" where it is something else.
func (by By) Tag() string {
	key, _ := strings.CutPrefix(string(by), byTag)
	if key == string(by) {
		return ""
	}
	return key
}

// Ways are the ways to add the services of a month up: by unit, person and place, and by each tag that one bears.
func (m Month) Ways() []By {
	keys := map[string]bool{}
	for _, s := range m.Services {
		for k := range s.Tags {
			keys[k] = true
		}
	}
	ways := []By{ByUnit, ByPerson, ByPlace}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		ways = append(ways, By(byTag+k))
	}
	return ways
}

// Key is what a service belongs to in one of the ways, "" where that is not known.
func (s Service) Key(by By) string {
	if tag := by.Tag(); tag != "" {
		return s.Tags[tag]
	}
	switch by {
	case ByUnit:
		return s.Org
	case ByPerson:
		return s.Person
	}
	return s.Region
}

// Share is what the services of one unit, person or place come to.
type Share struct {
	Key                   string
	Services              int
	Usage, Used, Forecast money.Amount
}

// Split adds the services of a month up, the most first. The sum of all shares is the sum of the services, each rounded.
func (m Month) Split(by By) []Share {
	var out []Share
	for _, s := range m.Services {
		i := slices.IndexFunc(out, func(x Share) bool { return x.Key == s.Key(by) })
		if i < 0 {
			zero := money.Zero(m.Used.Currency)
			i, out = len(out), append(out, Share{Key: s.Key(by), Usage: zero, Used: zero, Forecast: zero})
		}
		out[i].Services++
		out[i].Usage.Minor += s.Usage.Minor
		out[i].Used.Minor += s.Used.Minor
		out[i].Forecast.Minor += s.Forecast.Minor
	}
	slices.SortStableFunc(out, func(a, b Share) int { return cmp.Compare(b.Used.Minor, a.Used.Minor) })
	return out
}

// locate says of each service where it runs, who ordered it and which tags it bears.
func (s *Budgets) locate(tx *store.Tx, months []Month) error {
	var ids, orders []string
	for _, m := range months {
		for _, one := range m.Services {
			ids = append(ids, one.ID)
		}
	}
	where, err := s.Subscriptions.WhereIn(tx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		orders = append(orders, where[id].Order)
	}
	slices.Sort(orders)
	tags, err := s.Subscriptions.TagsIn(tx, ids...)
	if err != nil {
		return err
	}
	people, err := s.Orders.RequestersIn(tx, slices.Compact(orders))
	if err != nil {
		return err
	}
	for _, m := range months {
		for i := range m.Services {
			w := where[m.Services[i].ID]
			m.Services[i].Region, m.Services[i].Person = w.Region, people[w.Order]
			m.Services[i].Tags = tags[m.Services[i].ID]
		}
	}
	return nil
}
