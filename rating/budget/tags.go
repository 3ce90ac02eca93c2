package budget

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

// checkTag refuses what no service can bear, and a budget of two scopes.
func (in SetInput) checkTag() error {
	if in.Tag == "" {
		return nil
	}
	if in.Service != "" {
		return fail.New(fail.Invalid, "budget.scope", "A budget is for one service or for a tag, not for both.", "Leave one of the two out.").Field("tag", "cannot stand beside a service")
	}
	if err := subscription.CheckTagged(in.Tag); err != nil {
		return fail.New(fail.Invalid, "budget.tag", "No service can bear this tag.", "Give key or key=value, such as project or project=atlas.").Field("tag", "must be key or key=value").Wrap(err)
	}
	return nil
}

// tagDigest stands in facts for the tag, which is the customer's text: SHA-256, hex; "" for none.
func (b Budget) tagDigest() string {
	if b.Tag == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(b.Tag))
	return hex.EncodeToString(sum[:])
}

// bears tells whether a service counts in a budget by its tags, at this moment.
func (s *Budgets) bears(tx *store.Tx, b Budget, service string) (bool, error) {
	if b.Tag == "" {
		return true, nil
	}
	tags, err := s.Subscriptions.TagsIn(tx, service)
	return tags[service].Bear(b.Tag), err
}

// bearing keeps the services that bear the tag of a budget.
func (s *Budgets) bearing(tx *store.Tx, b Budget, services []string) ([]string, error) {
	if b.Tag == "" {
		return services, nil
	}
	tags, err := s.Subscriptions.TagsIn(tx, services...)
	return slices.DeleteFunc(services, func(id string) bool { return !tags[id].Bear(b.Tag) }), err
}

// retagged has the budgets of tags worked out anew that a service came under, or was under.
func (s *Budgets) retagged(tx *store.Tx, e trace.Entry) error {
	var f subscription.TaggedFact
	if err := e.Into(&f); err != nil {
		return err
	}
	o, err := s.Parties.Lookup(tx, f.Org)
	if err != nil {
		return err
	}
	list, err := selectOf(tx, order.House(o.Path)...)
	if err != nil {
		return err
	}
	for _, b := range list {
		if b.Tag == "" {
			continue
		}
		now, err := s.bears(tx, b, f.Subscription)
		if err != nil {
			return err
		}
		was, err := counted(tx, b)
		if err != nil {
			return err
		}
		if now || slices.Contains(was, f.Subscription) {
			s.touch(tx, b.ID)
		}
	}
	return nil
}

// tagged looks once more who bears the tag, in the transaction that acts: those that do are counted; those that did are
// taken out, and the ones that stood still because of the budget alone go on. For a budget without a tag it changes nothing.
func (s *Budgets) tagged(tx *store.Tx, b Budget, costs []cost, all bool) (kept []cost, free []string, err error) {
	if b.Tag == "" {
		return costs, nil, nil
	}
	ids := make([]string, len(costs))
	for i, c := range costs {
		ids[i] = c.subscription
	}
	tags, err := s.Subscriptions.TagsIn(tx, ids...)
	if err != nil {
		return nil, nil, err
	}
	var in, out []string
	for _, c := range costs {
		if tags[c.subscription].Bear(b.Tag) {
			kept, in = append(kept, c), append(in, c.subscription)
		} else {
			out = append(out, c.subscription)
		}
	}
	if all {
		was, err := counted(tx, b)
		if err != nil {
			return nil, nil, err
		}
		slices.Sort(in)
		for _, id := range was {
			if _, still := slices.BinarySearch(in, id); !still {
				out = append(out, id)
			}
		}
		if _, err := tx.Exec("DELETE FROM budget_day WHERE budget = $1", b.ID); err != nil { // its days are those of other services
			return nil, nil, err
		}
	}
	slices.Sort(out)
	if free, err = s.takeOut(tx, b, slices.Compact(out)); err != nil {
		return nil, nil, err
	}
	return kept, free, s.Orders.Cover(tx, b.ID, in)
}

// takeOut forgets services of a budget and lets those go on that stood still because of it alone.
func (s *Budgets) takeOut(tx *store.Tx, b Budget, services []string) (free []string, err error) {
	for _, id := range services {
		if err := tx.Send("DELETE FROM budget_cost WHERE budget = $1 AND subscription = $2", b.ID, id); err != nil {
			return nil, err
		}
		if err := s.Orders.Uncover(tx, b.ID, id); err != nil {
			return nil, err
		}
		some, err := dropStops(tx, b.ID, id)
		if err != nil {
			return nil, fmt.Errorf("stop of %s: %w", id, err)
		}
		free = append(free, some...)
	}
	return s.goOn(tx, free)
}

// counted lists the services that a budget counts in its month, or stops.
func counted(tx *store.Tx, b Budget) ([]string, error) {
	return store.All(tx, scanText, `SELECT subscription FROM budget_cost WHERE budget = $1 AND period = $2
		UNION SELECT subscription FROM budget_stop WHERE budget = $1 ORDER BY 1`, b.ID, b.Period)
}
