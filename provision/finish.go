package provision

import (
	"context"
	"encoding/json"
	"time"

	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/trace"
)

// sealSecrets encrypts what the driver wants the customer to know, before the transaction.
func (s *Resources) sealSecrets(ctx context.Context, resource string, p Progress) ([]byte, error) {
	if len(p.Secrets) == 0 {
		return nil, nil
	}
	var r Resource
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		r, err = selectResource(tx, resource)
		return err
	})
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(p.Secrets)
	if err != nil {
		return nil, err
	}
	return s.Ring.Seal(ctx, keys.Tenant(r.Org), plain, secretsAAD(resource))
}

// finish ends an operation: the new state, its fact, and the word to the order, in one transaction.
func (s *Resources) finish(tx *store.Tx, r Resource, o Run, p Progress, sealed []byte) error {
	now := s.Now()
	o.Phase, o.Failure, o.Leftovers, o.EndedAt = p.Phase, p.Failure, p.Leftovers, now
	if err := updateRun(tx, o); err != nil {
		return err
	}
	t, err := next(r.State, o.Action, p.Phase)
	if err != nil {
		return err
	}
	r.State = t.To
	if sealed != nil {
		r.sealed = sealed
	}
	if p.Phase == PhaseDone {
		s.applied(&r, o, p)
	}
	if t.From == StateCreating && p.Phase != PhaseDone && r.Applied == 0 {
		// Whatever the failed attempt left on the engine must be removed before anyone is billed for it.
		r.DeleteOwed = true
	}
	if o.Action == ActionChange && p.Phase == PhaseFailed {
		// The engine kept the old state; the new one is not tried for ever.
		r.Generation, r.Spec = r.Applied, nil
		if r.Spec, err = appliedSpec(tx, r); err != nil {
			return err
		}
	}
	if err := updateResource(tx, r); err != nil {
		return err
	}
	if err := s.condition(tx, &r, conditionAfter(r.State), "", now); err != nil {
		return err
	}
	if t.Fact != "" && !(t.Fact == FactReady && r.Cancels != "") {
		if err := s.recordRun(tx, r, o, t.Fact, p); err != nil {
			return err
		}
	}
	if err := s.tellOrder(tx, r, o, p); err != nil {
		return err
	}
	if r.State == StateGone {
		return s.gone(tx, r)
	}
	return s.wake(tx, r.ID)
}

// gone gives back what a resource held while there was something of it.
func (s *Resources) gone(tx *store.Tx, r Resource) error {
	if s.Upstream.Released != nil {
		if err := s.Upstream.Released(tx, r.Subscription, r.Region); err != nil {
			return err
		}
	}
	return s.revoke(tx, r)
}

func (s *Resources) applied(r *Resource, o Run, p Progress) {
	switch o.Action {
	case ActionCreate, ActionChange:
		r.Applied = o.Generation
	case ActionDelete:
		r.DeleteOwed = false
	}
	if len(p.Outputs) > 0 {
		r.Outputs = p.Outputs
	}
}

// appliedSpec is the desired state that the engine last took over.
func appliedSpec(tx *store.Tx, r Resource) (json.RawMessage, error) {
	var spec []byte
	err := tx.QueryRow(`SELECT spec FROM operation WHERE resource = $1 AND phase = $2 AND generation = $3 ORDER BY id DESC LIMIT 1`,
		r.ID, PhaseDone, r.Applied).Scan(&spec)
	return spec, err
}

func conditionAfter(state State) Condition {
	switch state {
	case StateUp, StateChanging, StateSuspending:
		return ConditionUp
	case StateSuspended, StateResuming, StateDraining, StateDrained, StateDeleting, StateGone:
		return ConditionSuspended
	}
	return ConditionUnknown
}

func (s *Resources) recordRun(tx *store.Tx, r Resource, o Run, factType string, p Progress) error {
	_, err := s.Facts.Record(tx, trace.Fact{Type: factType, Aggregate: r.ID, Owner: r.Org, Parties: []string{r.Publisher}, Actor: "system:provision", At: s.Now(),
		Machine: ResourceFact{Resource: r.ID, Subscription: r.Subscription, Org: r.Org, Publisher: r.Publisher, Order: r.Order, Item: o.Item,
			OfferVersion: r.OfferVersion, Plan: r.Plan, Region: r.Region, Operation: o.ID, Action: o.Action, Generation: o.Generation,
			Outputs: r.Outputs, Failure: p.Failure, Leftovers: p.Leftovers, Complete: p.Phase == PhaseDone}})
	return err
}

// tellOrder says what became of the item. A drain is half of a cancellation: the item ends with the delete.
func (s *Resources) tellOrder(tx *store.Tx, r Resource, o Run, p Progress) error {
	if o.Action == ActionDelete && p.Phase == PhaseDone && r.Cancels != "" {
		return s.Upstream.ItemCancelled(tx, r.Cancels)
	}
	if o.Item == "" || o.Action == ActionDrain || r.Cancels != "" {
		return nil
	}
	switch p.Phase {
	case PhaseDone:
		if o.Action == ActionDelete && r.Desired != DesiredAbsent {
			return nil // the remains of a failed creation: the order was told then
		}
		return s.Upstream.ItemDone(tx, o.Item)
	case PhaseFailed:
		if o.Action == ActionDelete {
			return nil // it stays owed
		}
		if o.Action == ActionCreate && p.Failure != nil && (p.Failure.Class == ClassCapacity || p.Failure.Class == ClassQuota) {
			if again, err := s.Upstream.Elsewhere(tx, o.Item, r.Region); err != nil || again {
				return err
			}
		}
		failure := Failure{Class: ClassPermanent, Code: "provision.failed", Text: "It could not be made."}
		if p.Failure != nil {
			failure = *p.Failure
		}
		return s.Upstream.ItemFailed(tx, o.Item, failure)
	}
	return nil
}

// condition closes the present interval of availability when the condition changed; the row of the resource is
// written too.
func (s *Resources) condition(tx *store.Tx, r *Resource, c Condition, detail string, at time.Time) error {
	if r.Condition == c {
		return nil
	}
	was := r.Condition
	r.Condition, r.Since = c, at
	if err := updateResource(tx, *r); err != nil {
		return err
	}
	if err := openInterval(tx, r.ID, at, c, detail); err != nil {
		return err
	}
	_, err := s.Facts.Record(tx, trace.Fact{Type: FactCondition, Aggregate: r.ID, Owner: r.Org, Parties: []string{r.Publisher}, Actor: "system:provision", At: s.Now(),
		Machine: ConditionFact{Resource: r.ID, Subscription: r.Subscription, Was: was, Now: c, Detail: detail, At: at.UTC().Format("2006-01-02T15:04:05.000000Z")}})
	return err
}
