package rating

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

// Readers are the readers of this package. There is one, keyed by subscription, so that a window is rated after the
// changes of plan that stand before it.
func (s *Ratings) Readers() []trace.Reader {
	return []trace.Reader{{Name: "rating", Key: subscriptionOf, Handle: s.on, Types: []string{
		subscription.FactActivated, subscription.FactPlanChanged, subscription.FactSuspended, subscription.FactResumed, subscription.FactEnded,
		meter.FactWindowClosed}}}
}

// subscriptionOf is the partition: a window belongs to its subscription.
func subscriptionOf(e trace.Entry) string {
	var w struct {
		Subject string `json:"subject"`
	}
	if e.Type != meter.FactWindowClosed || json.Unmarshal(e.Machine, &w) != nil || w.Subject == "" {
		return e.Aggregate
	}
	return w.Subject
}

// on does one fact. An erased one changes nothing: whatever it led to was done when it was read first.
func (s *Ratings) on(tx *store.Tx, e trace.Entry) error {
	if e.Erased {
		return nil
	}
	switch e.Type {
	case subscription.FactActivated:
		return s.onActivated(tx, e)
	case subscription.FactPlanChanged:
		return s.onPlanChanged(tx, e)
	case subscription.FactEnded:
		return s.onEnded(tx, e)
	case meter.FactWindowClosed:
		return s.onWindow(tx, e)
	}
	var f subscription.StateFact
	if err := e.Into(&f); err != nil {
		return err
	}
	at, err := instant(f.At)
	if err != nil {
		return err
	}
	return s.Hold(tx, f.Subscription, f.State != subscription.StateSuspended, at)
}

func (s *Ratings) onActivated(tx *store.Tx, e trace.Entry) error {
	var f subscription.ActivatedFact
	if err := e.Into(&f); err != nil {
		return err
	}
	at, err := instant(f.At)
	if err != nil {
		return err
	}
	var free time.Time
	if f.TrialUntil != "" {
		if free, err = instant(f.TrialUntil); err != nil {
			return err
		}
	}
	return s.Begin(tx, Start{Subscription: f.Subscription, Org: f.Org, Path: f.Path, Publisher: f.Publisher, Seller: f.Seller, Market: f.Market,
		Name: title(f.Name, f.PlanName), Plan: f.Plan, Zone: f.Zone, Anchor: f.Anchor, Price: f.Price, At: at, FreeUntil: free, Fact: e.ID})
}

func (s *Ratings) onPlanChanged(tx *store.Tx, e trace.Entry) error {
	var f subscription.PlanChangedFact
	if err := e.Into(&f); err != nil {
		return err
	}
	at, err := instant(f.At)
	if err != nil {
		return err
	}
	return s.ChangePrice(tx, f.Subscription, f.Price, f.Plan, title(f.Name, f.PlanName), e.ID, at)
}

func (s *Ratings) onEnded(tx *store.Tx, e trace.Entry) error {
	var f subscription.EndedFact
	if err := e.Into(&f); err != nil {
		return err
	}
	at, err := instant(f.At)
	if err != nil {
		return err
	}
	if f.Owed == string(order.OwedNothing) {
		if err := s.Waive(tx, f.Subscription); err != nil {
			return err
		}
	}
	return s.End(tx, f.Subscription, e.ID, at)
}

func (s *Ratings) onWindow(tx *store.Tx, e trace.Entry) error {
	var f meter.ClosedWindow
	if err := e.Into(&f); err != nil {
		return err
	}
	return s.RateWindow(tx, ClosedWindow{Fact: e.ID, Final: f.Kind == usage.Final, Window: proof.Window{ID: f.Window, Subject: f.Subject, Source: f.Source,
		From: f.From, To: f.To, Corrects: f.Corrects, Events: f.Events, Sums: f.Sums, Digest: f.Digest}})
}

func instant(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, fmt.Errorf("instant %q: %w", text, err)
	}
	return t.UTC(), nil
}

// title is what stands on the invoice.
func title(name, plan string) string {
	if plan == "" {
		return name
	}
	return name + ", " + plan
}
