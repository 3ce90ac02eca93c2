package provision

import (
	"fmt"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/trace"
)

// Readers are what provision reads: where an item goes, and which must be stopped. Facts of one order wait for each
// other, so that a cancellation never overtakes the wish that it cancels.
func (s *Resources) Readers() []trace.Reader {
	return []trace.Reader{{Name: "provision", Types: []string{placement.FactDecided, order.FactCancelRequested}, Key: orderOf, Handle: s.react}}
}

// orderOf is the order that a fact is about; both payloads call it so.
func orderOf(e trace.Entry) string {
	var f struct {
		Order string `json:"order"`
	}
	if err := e.Into(&f); err != nil || f.Order == "" {
		return e.Aggregate
	}
	return f.Order
}

func (s *Resources) react(tx *store.Tx, e trace.Entry) error {
	if e.Erased {
		return nil // of a customer who is gone
	}
	if e.Type == order.FactCancelRequested {
		return s.stop(tx, e)
	}
	var f placement.DecidedFact
	if err := e.Into(&f); err != nil {
		return err
	}
	_, err := s.Create(tx, Want{Org: f.Org, Path: f.Path, Publisher: f.Publisher, Subscription: f.Subscription, Order: f.Order, Item: f.Item,
		OfferVersion: f.OfferVersion, Plan: f.Plan, Kind: f.Kind, Driver: f.Driver, Target: Target{ID: f.Target.ID, Region: f.Target.Region, Config: f.Target.Config},
		Region: f.Region, Spec: f.Spec, Decision: fmt.Sprintf("%s/%d", f.Decision, f.Attempt)})
	return err
}

func (s *Resources) stop(tx *store.Tx, e trace.Entry) error {
	var f order.StateFact
	if err := e.Into(&f); err != nil {
		return err
	}
	for _, i := range f.Items {
		if i.Action != order.ActionAdd || i.State.Final() {
			continue
		}
		if err := s.CancelItem(tx, i.Item); err != nil {
			return err
		}
	}
	return nil
}
