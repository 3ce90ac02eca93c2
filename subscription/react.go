package subscription

import (
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/trace"
)

// Readers are what this package reads. Facts of one subscription wait for each other.
func (u *Subscriptions) Readers() []trace.Reader {
	return []trace.Reader{
		{Name: "subscription", Key: keyOf, Handle: u.react, Types: []string{
			order.FactPlaced, order.FactWithdrawn, order.FactItemRejected, order.FactItemFailed, order.FactItemCancelled,
			provision.FactReady, provision.FactChanged, provision.FactDrained, provision.FactDeleted, provision.FactCondition}},
	}
}

// keyOf is the subscription that a fact is about. A placed order may be about several: it waits for itself only, and
// what comes later finds its subscription or waits.
func keyOf(e trace.Entry) string {
	var f struct {
		Subscription string `json:"subscription"`
	}
	if err := e.Into(&f); err != nil || f.Subscription == "" {
		return e.Aggregate
	}
	return f.Subscription
}

func (u *Subscriptions) react(tx *store.Tx, e trace.Entry) error {
	if e.Erased {
		return nil // of a customer who is gone
	}
	switch e.Type {
	case order.FactPlaced:
		return u.placed(tx, e)
	case order.FactWithdrawn:
		return u.withdrawn(tx, e)
	case order.FactItemRejected, order.FactItemFailed, order.FactItemCancelled:
		return u.unmade(tx, e)
	case provision.FactCondition:
		return u.observed(tx, e)
	}
	var f provision.ResourceFact
	if err := e.Into(&f); err != nil {
		return err
	}
	switch e.Type {
	case provision.FactReady:
		return u.Activate(tx, f.Subscription, f, e.At)
	case provision.FactChanged:
		return u.changed(tx, f, e.At)
	}
	return u.gone(tx, e.Type, f, e.At)
}

// placed begins what each item of an order asks for.
func (u *Subscriptions) placed(tx *store.Tx, e trace.Entry) error {
	var f order.PlacedFact
	if err := e.Into(&f); err != nil {
		return err
	}
	for _, i := range f.Items {
		var err error
		switch i.Action {
		case order.ActionAdd:
			err = u.begin(tx, f, i, e.At)
		default:
			err = u.ordered(tx, e.Actor, i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (u *Subscriptions) begin(tx *store.Tx, f order.PlacedFact, i order.ItemFact, at time.Time) error {
	s := Subscription{ID: i.Subscription, Org: f.Org, Path: f.Path, State: StatePending, CreatedAt: at, ETag: 1,
		Deal: Deal{Order: f.Order, Item: i.Item, Market: f.Market, Currency: f.Currency, Basis: f.Basis, Zone: f.Zone, Consumer: f.Consumer, Kind: i.Kind, DataClass: i.DataClass, PurchaseOrder: f.PurchaseOrder}}
	s.Deal.take(i.Publisher, i)
	if fresh, err := insert(tx, s); err != nil || !fresh {
		return err
	}
	return openSpan(tx, s, at)
}

// take writes what an item agreed over the deal.
func (d *Deal) take(publisher string, i order.ItemFact) {
	d.Publisher, d.Seller, d.Offer, d.Key, d.OfferVersion, d.Name, d.Plan, d.PlanName = publisher, i.Seller, i.Offer, i.Key, i.OfferVersion, i.Name, i.Plan, i.PlanName
	d.Price, d.PriceVersion, d.PriceHash, d.Recurring, d.Contract = i.Price, i.PriceVersion, i.PriceHash, i.Recurring, i.Contract
	d.Meters, d.Entitlements, d.TrialDays, d.TermMonths, d.Licensed = i.Meters, i.Entitlements, i.TrialDays, i.TermMonths, i.Licensed
}

// ordered runs an item about a subscription that stands. What cannot be done ends the item with the reason.
func (u *Subscriptions) ordered(tx *store.Tx, actor string, i order.ItemFact) error {
	now, err := u.Orders.ItemIn(tx, i.Item)
	if err != nil || now.State.Final() {
		return err // cancelled meanwhile
	}
	if err := u.Orders.ItemBegun(tx, i.Item); err != nil {
		return err
	}
	err = u.run(tx, actor, i)
	if k := fail.KindOf(err); k == fail.Conflict || k == fail.NotFound {
		return u.Orders.ItemFailed(tx, i.Item, order.Failure{Class: "user", Code: fail.CodeOf(err), Text: text(err)})
	}
	return err
}

func (u *Subscriptions) run(tx *store.Tx, actor string, i order.ItemFact) error {
	s, err := selectOne(tx, i.Subscription)
	if err != nil {
		return err
	}
	switch i.Action {
	case order.ActionChange:
		if !s.State.Runs() && s.State != StateSuspended {
			_, err := next(s.State, "change", "")
			return err
		}
		return u.SetDesired(tx, s.ID, provision.Change{Item: i.Item, Spec: i.Spec, OfferVersion: i.OfferVersion, Plan: i.Plan})
	case order.ActionSuspend:
		return u.suspend(tx, actor, s.ID, ReasonCustomer, i.Item)
	case order.ActionResume:
		return u.resume(tx, actor, s.ID, ReasonCustomer, i.Item)
	}
	return u.cancel(tx, actor, s, ReasonCustomer, i.Item)
}

// text is what a person may read of an error.
func text(err error) string {
	var e *fail.Error
	if asFail(err, &e) {
		return e.Message + " " + e.Remedy
	}
	return "It could not be done."
}

// changed takes over what a change item agreed, from the instant at which the resource bears it.
func (u *Subscriptions) changed(tx *store.Tx, f provision.ResourceFact, at time.Time) error {
	s, err := selectOne(tx, f.Subscription)
	if err != nil {
		return err
	}
	s.Outputs = f.Outputs
	if f.Item == "" || s.State.Final() {
		return update(tx, &s)
	}
	i, err := u.Orders.ItemIn(tx, f.Item)
	if err != nil {
		return err
	}
	if i.Action != order.ActionChange || i.Subscription != s.ID {
		return update(tx, &s)
	}
	agreed, err := i.Fact()
	if err != nil {
		return err
	}
	fresh := agreed.PriceHash != s.Deal.PriceHash
	trial, term, licensed := s.Deal.TrialDays, s.Deal.TermMonths, s.Deal.Licensed
	s.Deal.take(i.Terms.Publisher, agreed)
	s.Deal.TrialDays, s.Deal.TermMonths = trial, term // a change begins no second trial and no second term
	free := licensed && !agreed.Licensed && agreed.TermMonths == 0 && !s.TermUntil.IsZero()
	if free { // from a licence to paying by use: what bound was the licence
		s.Deal.TermMonths, s.TermUntil = 0, time.Time{}
	}
	if err := update(tx, &s); err != nil {
		return err
	}
	if fresh {
		if err := openPrice(tx, s, at); err != nil {
			return err
		}
	}
	d := s.Deal
	return u.record(tx, self(), FactPlanChanged, s, PlanChangedFact{Subscription: s.ID, Org: s.Org, Publisher: d.Publisher, Order: i.Order, Item: i.ID,
		OfferVersion: d.OfferVersion, Name: d.Name, Plan: d.Plan, PlanName: d.PlanName, Price: d.Price, PriceVersion: d.PriceVersion, PriceHash: d.PriceHash,
		NewPrice: fresh, Meters: d.Meters, Entitlements: d.Entitlements, TermLifted: free, At: stamp(at)})
}

// gone ends the subscription when its resource is drained or deleted, and tells the order of a withdrawal.
func (u *Subscriptions) gone(tx *store.Tx, kind string, f provision.ResourceFact, at time.Time) error {
	s, err := selectOne(tx, f.Subscription)
	if err != nil {
		return err
	}
	if err := u.end(tx, &s, kind == provision.FactDrained && f.Complete, at); err != nil {
		return err
	}
	if kind != provision.FactDeleted || s.Ending == "" {
		return nil
	}
	item := s.Ending
	s.Ending = ""
	if err := update(tx, &s); err != nil {
		return err
	}
	return u.Orders.ItemCancelled(tx, item)
}

// withdrawn ends what a consumer withdrew from.
func (u *Subscriptions) withdrawn(tx *store.Tx, e trace.Entry) error {
	var f order.WithdrawnFact
	if err := e.Into(&f); err != nil {
		return err
	}
	for _, i := range f.Items {
		if i.Action != order.ActionAdd || i.State != order.ItemPendingCancellation {
			continue
		}
		s, err := selectOne(tx, i.Subscription)
		if err != nil {
			return err
		}
		s.Owed = string(f.Owed)
		if s.State == StateEnded {
			if err := update(tx, &s); err != nil {
				return err
			}
			if err := u.Orders.ItemCancelled(tx, i.Item); err != nil {
				return err
			}
			continue
		}
		s.Ending = i.Item
		if err := update(tx, &s); err != nil {
			return err
		}
		if err := u.cancel(tx, e.Actor, s, ReasonWithdrawal, ""); err != nil {
			return err
		}
	}
	return nil
}

// unmade drops a subscription whose item will never be made.
func (u *Subscriptions) unmade(tx *store.Tx, e trace.Entry) error {
	var f order.ItemStateFact
	if err := e.Into(&f); err != nil {
		return err
	}
	if f.Action != order.ActionAdd {
		return nil
	}
	s, err := selectOne(tx, f.Subscription)
	if fail.Is(err, fail.NotFound) {
		return nil // the order was never released
	}
	if err != nil || s.State != StatePending {
		return err
	}
	return u.moveAndSay(tx, self(), &s, CommandDrop, StateDropped, e.At)
}

// observed keeps the last condition for the list of services.
func (u *Subscriptions) observed(tx *store.Tx, e trace.Entry) error {
	var f provision.ConditionFact
	if err := e.Into(&f); err != nil {
		return err
	}
	s, err := selectOne(tx, f.Subscription)
	if err != nil {
		return err
	}
	s.Condition = string(f.Now)
	return update(tx, &s)
}
