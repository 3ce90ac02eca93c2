package budget

import (
	"strings"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

// Readers are what this package reads. A fact changes nothing by itself: it is a hint of what to look at again, and all is
// looked at when a process begins.
func (s *Budgets) Readers() []trace.Reader {
	return []trace.Reader{{Name: "budget", From: trace.FromNow, Handle: s.on, Types: []string{
		subscription.FactActivated, subscription.FactPlanChanged, subscription.FactSuspended, subscription.FactResumed, subscription.FactTrialEnded, subscription.FactEnded, subscription.FactTagged,
		rating.FactRated, order.FactPlaced, order.FactHeld, order.FactItemRejected, order.FactItemCompleted, order.FactItemFailed, order.FactItemCancelled}}}
}

func (s *Budgets) on(tx *store.Tx, e trace.Entry) error {
	if e.Erased {
		return nil
	}
	if e.Type == subscription.FactTagged {
		return s.retagged(tx, e)
	}
	var f struct {
		Org          string `json:"org"`
		Subscription string `json:"subscription"`
	}
	if err := e.Into(&f); err != nil {
		return err
	}
	tx.AfterCommit(func() {
		s.mark(func(d *dirt) {
			if f.Subscription != "" && !strings.HasPrefix(e.Type, "order.") {
				d.subject(f.Subscription, f.Org)
			}
			if f.Org != "" && e.Type != rating.FactRated {
				d.orgs = add(d.orgs, f.Org)
			}
		})
		s.DB.WakeLocal(topic)
	})
	return nil
}
