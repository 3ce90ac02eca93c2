package subscription_test

import (
	"context"
	"testing"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/subscription"
)

// The smallest duration of a licence ends with it: who changes to paying by use may cancel, who changes to another plan that
// binds may not.
func TestTheTermGoesWithTheLicence(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		h := newHouse(t, db)
		for _, c := range []struct {
			from, to string
			free     bool
		}{{"seats", "big", true}, {"seats", "try", false}, {"try", "big", false}} {
			i := h.standing(t, h.buyer, c.from)
			change := h.order(t, h.buyer, order.ItemInput{Action: order.ActionChange, Subscription: i.Subscription, Plan: c.to})
			h.says(t, provision.FactChanged, change, nil)
			h.itemDone(t, change)
			d := h.service(t, i.Subscription)
			var p subscription.PlanChangedFact
			h.last(t, i.Subscription, subscription.FactPlanChanged, &p)
			if d.TermUntil.IsZero() != c.free || p.TermLifted != c.free || (d.Deal.TermMonths == 0) != c.free {
				t.Errorf("from %s to %s: bound until %s, the fact says %v", c.from, c.to, d.TermUntil, p.TermLifted)
			}
			if c.from == "try" {
				continue // a trial may be cancelled in any case
			}
			_, err := h.subs.CancelService(ctx, h.buyer, i.Subscription)
			if c.free && err != nil {
				t.Errorf("cancelling after the licence: %v", err)
			}
			if !c.free {
				want(t, "cancelling within the term", err, fail.Conflict, "service.term")
			}
		}
	})
}
