package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

// house is an installation whose provision is played by the test.
type house struct {
	*partytest.World
	orders           *order.Orders
	subs             *subscription.Subscriptions
	publisher, buyer access.Caller
	desired          []provision.Change
	keys             int
}

func sets() []store.Migrations {
	return append(partytest.Sets(), catalog.Migrations(), order.Migrations(), subscription.Migrations())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t testing.TB, what string, err error, kind fail.Kind, code string) {
	t.Helper()
	if fail.KindOf(err) != kind || code != "" && fail.CodeOf(err) != code {
		t.Errorf("%s: %v, want %s %s", what, err, kind, code)
	}
}

// plans of the test: big and with a trial and a term.
const morePlans = `  - key: big
    name: {en: Big, fr: Grand}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: base, kind: perPeriod, every: month, price: 20 EUR}
  - key: try
    name: {en: Try, fr: Essai}
    trialDays: 30
    termMonths: 12
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: base, kind: perPeriod, every: month, price: 7 EUR}
  - key: seats
    name: {en: Seats, fr: Postes}
    termMonths: 12
    licence: {kind: named, reference: R-2, seats: 2}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: base, kind: perPeriod, every: month, price: 9 EUR}
`

func newHouse(t testing.TB, db *store.DB) *house {
	t.Helper()
	w := partytest.New(t, db)
	cat := catalog.New(db, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties)
	h := &house{World: w}
	var err error
	h.orders, err = order.New(order.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: cat,
		Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	h.subs = subscription.New(subscription.Config{DB: db, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Orders: h.orders, Queue: w.Queue,
		SetDesired: func(_ *store.Tx, _ string, c provision.Change) error {
			h.desired = append(h.desired, c)
			return nil
		}})
	h.publisher = w.Business(t, w.Operator, "Relay", party.KindPublisher)
	h.buyer = w.Business(t, w.Operator, "Bakery", party.KindCustomer)
	catalogtest.Publish(t, cat, h.publisher, w.Operator, append(catalogtest.Sample(t), morePlans...))
	return h
}

func onSQLite(t testing.TB) *house {
	t.Helper()
	return newHouse(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()))
}

func (h *house) drain(t testing.TB) {
	t.Helper()
	must(t, h.Facts.Drain(context.Background(), h.subs.Readers()...))
}

func (h *house) order(t testing.TB, c access.Caller, i order.ItemInput) order.Item {
	t.Helper()
	h.keys++
	o, err := h.orders.Place(context.Background(), c, order.PlaceInput{Key: fmt.Sprint("k", h.keys), Items: []order.ItemInput{i}, ConsentToStart: true})
	must(t, err)
	h.drain(t)
	return o.Items[0]
}

func add(plan string) order.ItemInput {
	return order.ItemInput{Offer: "relay-m2m", Plan: plan, Parameters: json.RawMessage(`{"hosts":["a"]}`)}
}

// says records what provision would, and lets the readers see it.
func (h *house) says(t testing.TB, kind string, i order.Item, change func(*provision.ResourceFact)) {
	t.Helper()
	f := provision.ResourceFact{Resource: "res_" + i.Subscription, Subscription: i.Subscription, Org: i.Org, Item: i.ID, Region: "reg_a", Outputs: map[string]string{"address": "mqtts://a"}}
	if change != nil {
		change(&f)
	}
	must(t, h.DB.Tx(context.Background(), func(tx *store.Tx) error {
		_, err := h.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: f.Resource, Owner: i.Org, Actor: "system:provision", At: h.Clock.Now(), Machine: f})
		return err
	}))
	h.drain(t)
}

func (h *house) itemDone(t testing.TB, i order.Item) {
	t.Helper()
	must(t, h.DB.Tx(context.Background(), func(tx *store.Tx) error { return h.orders.ItemDone(tx, i.ID) }))
}

// standing is an active subscription of a caller.
func (h *house) standing(t testing.TB, c access.Caller, plan string) order.Item {
	t.Helper()
	i := h.order(t, c, add(plan))
	h.itemDone(t, i)
	h.says(t, provision.FactReady, i, nil)
	return i
}

func (h *house) service(t testing.TB, id string) subscription.Detail {
	t.Helper()
	d, err := h.subs.Service(context.Background(), access.System("subscription"), id)
	must(t, err)
	return d
}

func (h *house) state(t testing.TB, id string, state subscription.State, reasons ...subscription.Reason) subscription.Detail {
	t.Helper()
	d := h.service(t, id)
	if d.State != state || !slices.Equal(d.Reasons, reasons) {
		t.Errorf("%s %v, want %s %v", d.State, d.Reasons, state, reasons)
	}
	return d
}

func (h *house) last(t testing.TB, aggregate, kind string, v any) {
	t.Helper()
	entries, err := h.Facts.About(context.Background(), h.Operator.Org, aggregate)
	must(t, err)
	e := entries[len(entries)-1]
	if e.Type != kind {
		t.Fatalf("last fact is %s, want %s", e.Type, kind)
	}
	must(t, e.Into(v))
}

func TestFromOrderToEnd(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		i := h.order(t, h.buyer, add("start"))
		h.state(t, i.Subscription, subscription.StatePending)
		h.itemDone(t, i)
		h.Clock.Advance(time.Hour)
		start := h.Clock.Now()
		h.says(t, provision.FactReady, i, nil)
		var a subscription.ActivatedFact
		h.last(t, i.Subscription, subscription.FactActivated, &a)
		if a.Zone != "Europe/Paris" || a.Anchor.String() != "2026-03-02" || a.PriceHash != i.Terms.PriceHash || a.At != "2026-03-02T10:00:00Z" || a.Publisher != h.publisher.Org || len(a.Meters) != 2 {
			t.Errorf("%+v", a)
		}
		if v, err := price.ParseVersion(a.Price); err != nil || v.ID != a.PriceVersion {
			t.Errorf("price in the fact: %v %v", v, err)
		}
		d := h.state(t, i.Subscription, subscription.StateActive)
		if d.Outputs["address"] == "" || !d.May("mqtt") {
			t.Errorf("%+v", d)
		}
		h.Clock.Advance(10 * time.Hour)
		change := h.order(t, h.buyer, order.ItemInput{Action: order.ActionChange, Subscription: i.Subscription, Plan: "big"})
		if c := h.desired[0]; c.Item != change.ID || c.Plan != "big" || len(c.Spec) == 0 || c.Desired != "" {
			t.Errorf("desired %+v", c)
		}
		h.says(t, provision.FactChanged, change, nil)
		h.itemDone(t, change)
		var p subscription.PlanChangedFact
		h.last(t, i.Subscription, subscription.FactPlanChanged, &p)
		if !p.NewPrice || p.Plan != "big" || p.PriceHash != change.Terms.PriceHash {
			t.Errorf("%+v", p)
		}
		d = h.service(t, i.Subscription)
		changed := h.Clock.Now()
		if len(d.Prices) != 2 || !d.Prices[0].From.Equal(start) || !d.Prices[0].To.Equal(changed) || !d.Prices[1].From.Equal(changed) || !d.Prices[1].To.IsZero() {
			t.Errorf("prices %+v", d.Prices)
		}
		must(t, h.DB.Tx(context.Background(), func(tx *store.Tx) error {
			list, err := h.subs.PricesIn(tx, i.Subscription, start.Add(time.Hour), start.Add(2*time.Hour))
			if len(list) != 1 || list[0].Plan != "start" || !list[0].To.Equal(start.Add(2*time.Hour)) {
				t.Errorf("prices between %+v", list)
			}
			return err
		}))
		end := h.order(t, h.buyer, order.ItemInput{Action: order.ActionCancel, Subscription: i.Subscription})
		h.state(t, i.Subscription, subscription.StateCancelling, subscription.ReasonCustomer)
		if c := h.desired[1]; c.Item != end.ID || c.Desired != provision.DesiredAbsent {
			t.Errorf("desired %+v", c)
		}
		h.Clock.Advance(time.Minute)
		h.says(t, provision.FactDrained, i, func(f *provision.ResourceFact) { f.Complete = true })
		var e subscription.EndedFact
		h.last(t, i.Subscription, subscription.FactEnded, &e)
		if !e.Complete || e.State != subscription.StateEnded {
			t.Errorf("%+v", e)
		}
		h.itemDone(t, end)
		h.says(t, provision.FactDeleted, i, nil)
		d = h.state(t, i.Subscription, subscription.StateEnded, subscription.ReasonCustomer)
		if !d.Prices[1].To.Equal(d.EndedAt) || len(d.Spans) != 4 {
			t.Errorf("prices %+v spans %+v", d.Prices, d.Spans)
		}
		list, err := h.orders.Limits(context.Background(), h.buyer, "")
		must(t, err)
		for _, l := range list {
			if l.Committed != 0 || l.Reserved != 0 {
				t.Errorf("left of the limits: %+v", l)
			}
		}
	})
}

func TestSuspensionHasReasons(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	i := h.standing(t, h.buyer, "start")
	id := i.Subscription
	stop := h.order(t, h.buyer, order.ItemInput{Action: order.ActionSuspend, Subscription: id})
	h.state(t, id, subscription.StateSuspended, subscription.ReasonCustomer)
	h.itemDone(t, stop)
	must(t, h.DB.Tx(ctx, func(tx *store.Tx) error { return h.subs.Suspend(tx, "system:rating", id, subscription.ReasonPayment) }))
	h.state(t, id, subscription.StateSuspended, subscription.ReasonCustomer, subscription.ReasonPayment)
	goOn := h.order(t, h.buyer, order.ItemInput{Action: order.ActionResume, Subscription: id})
	h.state(t, id, subscription.StateSuspended, subscription.ReasonPayment)
	if o, err := h.orders.Order(ctx, h.buyer, goOn.Order); err != nil || o.State != order.StateCompleted {
		t.Errorf("%s %v", o.State, err)
	}
	_, err := h.subs.ResumeService(ctx, h.buyer, id)
	want(t, "resume over payment", err, fail.Conflict, "service.other_reason")
	n := len(h.desired)
	must(t, h.DB.Tx(ctx, func(tx *store.Tx) error { return h.subs.Resume(tx, "system:rating", id, subscription.ReasonPayment) }))
	h.state(t, id, subscription.StateActive)
	if len(h.desired) != n+1 || h.desired[n].Desired != provision.DesiredUp {
		t.Errorf("desired %+v", h.desired[n:])
	}
	_, err = h.subs.SuspendService(ctx, h.Operator, id)
	must(t, err)
	h.state(t, id, subscription.StateSuspended, subscription.ReasonOperator)
	_, err = h.subs.ResumeService(ctx, h.Operator, id)
	must(t, err)
	h.state(t, id, subscription.StateActive)
}

func TestTrialAndTerm(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	i := h.standing(t, h.buyer, "try")
	d := h.state(t, i.Subscription, subscription.StateTrial)
	if anchor, err := d.Anchor(); err != nil || anchor.String() != "2026-04-01" || !d.TermUntil.Equal(d.ActivatedAt.AddDate(1, 0, 0)) {
		t.Errorf("anchor %v %v, term %v", anchor, err, d.TermUntil)
	}
	h.Clock.Advance(31 * 24 * time.Hour)
	_, err := h.Queue.Drain(ctx)
	must(t, err)
	h.state(t, i.Subscription, subscription.StateActive)
	_, err = h.subs.CancelService(ctx, h.buyer, i.Subscription)
	want(t, "within the term", err, fail.Conflict, "service.term")
	end := h.order(t, h.buyer, order.ItemInput{Action: order.ActionCancel, Subscription: i.Subscription})
	if o, err := h.orders.Order(ctx, h.buyer, end.Order); err != nil || o.State != order.StateFailed || !strings.Contains(o.Items[0].Failure.Text, "2027-03-02") {
		t.Errorf("%+v %v", o.Items[0].Failure, err)
	}
	h.Clock.Advance(365 * 24 * time.Hour)
	_, err = h.subs.CancelService(ctx, h.buyer, i.Subscription)
	must(t, err)
}

func TestDroppedWhenNotMade(t *testing.T) {
	h := onSQLite(t)
	i := h.order(t, h.buyer, add("start"))
	must(t, h.DB.Tx(context.Background(), func(tx *store.Tx) error {
		return h.orders.ItemRefused(tx, i.ID, []fail.Reason{{Rule: "residency.country", Text: "No region."}})
	}))
	h.drain(t)
	h.state(t, i.Subscription, subscription.StateDropped)
	page, err := h.subs.Services(context.Background(), h.buyer, subscription.Filter{})
	must(t, err)
	if len(page.Subscriptions) != 0 {
		t.Errorf("%+v", page)
	}
}

func TestWithdrawalEndsAndTellsTheOrder(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	home := h.Household(t, "Ines")
	i := h.standing(t, home, "start")
	h.Clock.Advance(24 * time.Hour)
	_, err := h.orders.Withdraw(ctx, home, i.Order)
	must(t, err)
	h.drain(t)
	h.state(t, i.Subscription, subscription.StateCancelling, subscription.ReasonWithdrawal)
	h.says(t, provision.FactDrained, i, nil)
	var e subscription.EndedFact
	h.last(t, i.Subscription, subscription.FactEnded, &e)
	if e.Owed != string(order.OwedProRata) {
		t.Errorf("%+v", e)
	}
	h.itemDone(t, i) // provision tells the item that it was made for; it must not be completed again
	h.says(t, provision.FactDeleted, i, nil)
	o, err := h.orders.Order(ctx, home, i.Order)
	must(t, err)
	if o.State != order.StateCancelled {
		t.Errorf("order is %s", o.State)
	}
}

func TestEndFailsTheChangeUnderWay(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	i := h.standing(t, h.buyer, "start")
	change := h.order(t, h.buyer, order.ItemInput{Action: order.ActionChange, Subscription: i.Subscription, Plan: "big"})
	_, err := h.subs.CancelService(ctx, h.Operator, i.Subscription)
	must(t, err)
	h.says(t, provision.FactDeleted, i, nil)
	h.state(t, i.Subscription, subscription.StateEnded, subscription.ReasonOperator)
	o, err := h.orders.Order(ctx, h.buyer, change.Order)
	must(t, err)
	if o.State != order.StateFailed {
		t.Errorf("the change is %s", o.State)
	}
}

func TestTenantsDoNotSeeEachOther(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	i := h.standing(t, h.buyer, "start")
	other := h.Business(t, h.Operator, "Garage", party.KindCustomer)
	unit := h.Business(t, h.buyer, "Ovens", party.KindUnit)
	for _, c := range []access.Caller{other, unit, h.publisher, {}} {
		for what, f := range map[string]func() error{
			"service":     func() error { _, err := h.subs.Service(ctx, c, i.Subscription); return err },
			"services":    func() error { _, err := h.subs.Services(ctx, c, subscription.Filter{Org: h.buyer.Org}); return err },
			"suspend":     func() error { _, err := h.subs.SuspendService(ctx, c, i.Subscription); return err },
			"resume":      func() error { _, err := h.subs.ResumeService(ctx, c, i.Subscription); return err },
			"cancel":      func() error { _, err := h.subs.CancelService(ctx, c, i.Subscription); return err },
			"subscribers": func() error { _, err := h.subs.Subscribers(ctx, other, h.publisher.Org, "", 0); return err },
		} {
			if k := fail.KindOf(f()); k != fail.NotFound && !(c.Org == "" && k == fail.Unauthenticated) {
				t.Errorf("%s as %q: %v", what, c.Org, k)
			}
		}
	}
	page, err := h.subs.Subscribers(ctx, h.publisher, h.publisher.Org, "", 0)
	must(t, err)
	if len(page.Subscriptions) != 1 || page.Subscriptions[0].Outputs != nil {
		t.Errorf("subscribers %+v", page)
	}
	h.standing(t, unit, "start")
	h.standing(t, h.buyer, "start")
	var seen []string
	f := subscription.Filter{Branch: true, Limit: 2}
	for {
		page, err := h.subs.Services(ctx, h.buyer, f)
		must(t, err)
		for _, s := range page.Subscriptions {
			seen = append(seen, s.ID)
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	if len(seen) != 3 || !slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("branch %v", seen)
	}
}

// TestRandomLives runs random commands: no undefined transition, facts replay to the same state, intervals tile time.
func TestRandomLives(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	must(t, h.DB.Tx(ctx, func(tx *store.Tx) error { return h.orders.Paid(tx, h.buyer.Org) }))
	rapid.Check(t, func(r *rapid.T) {
		plan := rapid.SampledFrom([]string{"start", "try"}).Draw(r, "plan")
		i := h.order(t, h.buyer, add(plan))
		id := i.Subscription
		reasons := []subscription.Reason{subscription.ReasonCustomer, subscription.ReasonPayment, subscription.ReasonOperator}
		command := map[string]func(){
			"ready":   func() { h.says(t, provision.FactReady, i, nil) },
			"drained": func() { h.says(t, provision.FactDrained, i, nil) },
			"deleted": func() { h.says(t, provision.FactDeleted, i, nil) },
			"trial":   func() { h.Clock.Advance(31 * 24 * time.Hour); _, err := h.Queue.Drain(ctx); must(t, err) },
			"suspend": func() {
				_ = h.DB.Tx(ctx, func(tx *store.Tx) error {
					return h.subs.Suspend(tx, "system:t", id, rapid.SampledFrom(reasons).Draw(r, "reason"))
				})
			},
			"resume": func() {
				_ = h.DB.Tx(ctx, func(tx *store.Tx) error {
					return h.subs.Resume(tx, "system:t", id, rapid.SampledFrom(reasons).Draw(r, "reason"))
				})
			},
			"cancel": func() { _, _ = h.subs.CancelService(ctx, h.Operator, id) },
		}
		names := []string{"cancel", "deleted", "drained", "ready", "resume", "suspend", "trial"}
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 12).Draw(r, "commands") {
			h.Clock.Advance(time.Minute)
			command[name]()
		}
		d := h.service(t, id)
		before := d.Spans[0]
		for _, span := range d.Spans[1:] {
			if !span.From.Equal(before.To) {
				r.Fatalf("states do not tile: %+v", d.Spans)
			}
			ok := slices.ContainsFunc(subscription.Transitions(), func(t subscription.Transition) bool { return t.From == before.State && t.To == span.State })
			if !ok {
				r.Fatalf("%s → %s is not in the table", before.State, span.State)
			}
			before = span
		}
		if got := replay(t, h, id); got != d.State {
			r.Fatalf("facts say %s, the row says %s", got, d.State)
		}
	})
}

// replay is the state that the facts alone give.
func replay(t *testing.T, h *house, id string) subscription.State {
	t.Helper()
	entries, err := h.Facts.About(context.Background(), h.buyer.Org, id)
	must(t, err)
	state := subscription.StatePending
	for _, e := range entries {
		var f subscription.StateFact
		must(t, e.Into(&f))
		switch {
		case e.Type == subscription.FactActivated:
			var a subscription.ActivatedFact
			must(t, e.Into(&a))
			if state = subscription.StateActive; a.TrialUntil != "" {
				state = subscription.StateTrial
			}
		case f.State != "":
			state = f.State
		}
	}
	return state
}

// TestReplayAfterErasure: the facts of a customer who is gone stop no reader.
func TestReplayAfterErasure(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	i := h.standing(t, h.buyer, "start")
	h.order(t, h.buyer, order.ItemInput{Action: order.ActionSuspend, Subscription: i.Subscription})
	other := h.Business(t, h.Operator, "Garage", party.KindCustomer)
	kept := h.standing(t, other, "start")
	must(t, h.Ring.Destroy(ctx, keys.Tenant(h.buyer.Org)))
	readers := h.subs.Readers()
	readers[0].Name = "replay"
	must(t, h.Facts.Drain(ctx, readers...))
	parked, err := h.Facts.Parked(ctx)
	must(t, err)
	if len(parked) != 0 {
		t.Errorf("parked %+v", parked)
	}
	h.state(t, i.Subscription, subscription.StateSuspended, subscription.ReasonCustomer)
	h.state(t, kept.Subscription, subscription.StateActive)
}
