package licence_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/trace"
)

// plans of the test.
const plans = `  - key: float
    name: {en: Floating, fr: Flottant}
    licence: {kind: floating, seats: 3, leaseMinutes: 30, borrowHours: 48, meter: device_seconds, bringOwn: true, charges: [licence]}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: base, kind: perPeriod, every: month, price: 10 EUR}
          - {key: licence, kind: perPeriod, every: month, price: 31 EUR}
  - key: named
    name: {en: Named, fr: Nominatif}
    licence: {kind: named, seats: 2, reassignDays: 30}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: base, kind: perPeriod, every: month, price: 10 EUR}
  - key: term
    name: {en: Term, fr: Durée}
    licence: {kind: term, months: 12, charges: [licence]}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: base, kind: perPeriod, every: month, price: 10 EUR}
          - {key: licence, kind: perPeriod, every: month, price: 31 EUR}
  - key: own
    name: {en: Own, fr: Apportée}
    licence: {kind: byol}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: base, kind: perPeriod, every: month, price: 10 EUR}
  - key: bought
    name: {en: Bought, fr: Achetée}
    termMonths: 12
    licence: {kind: floating, seats: 5, charges: [fee], credit: 80}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: base, kind: perPeriod, every: month, price: 10 EUR}
          - {key: fee, kind: oneOff, price: 365 EUR}
  - key: pay
    name: {en: Pay, fr: Usage}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: messages, kind: perUnit, meter: messages, unit: message, per: 1, price: 0.01 EUR}
`

type house struct {
	*partytest.World
	orders           *order.Orders
	subs             *subscription.Subscriptions
	licences         *licence.Licences
	publisher, buyer access.Caller
	keys             int
}

func sets() []store.Migrations {
	return append(partytest.Sets(), catalog.Migrations(), order.Migrations(), subscription.Migrations(), licence.Migrations())
}

type fataler interface {
	Helper()
	Fatal(args ...any)
}

func must(t fataler, err error) {
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

func newHouse(t testing.TB, db *store.DB) *house {
	t.Helper()
	ctx := context.Background()
	w := partytest.New(t, db)
	cat := catalog.New(db, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties)
	h := &house{World: w}
	var err error
	h.orders, err = order.New(order.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: cat,
		Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	h.subs = subscription.New(subscription.Config{DB: db, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Orders: h.orders, Queue: w.Queue,
		SetDesired: func(*store.Tx, string, provision.Change) error { return nil }})
	h.licences, err = licence.New(licence.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Ring: w.Ring, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: cat,
		Orders: h.orders, Subscriptions: h.subs, Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example/"})
	must(t, err)
	h.publisher = w.Business(t, w.Operator, "Relay", party.KindPublisher)
	h.buyer = w.Business(t, w.Operator, "Bakery", party.KindCustomer)
	must(t, db.Tx(ctx, func(tx *store.Tx) error { return h.orders.Paid(tx, h.buyer.Org) }))
	_, err = h.orders.SetLimit(ctx, h.buyer, h.buyer.Org, order.Subscriptions, 10_000)
	must(t, err)
	catalogtest.Publish(t, cat, h.publisher, w.Operator, append(catalogtest.Sample(t), plans...))
	return h
}

func onSQLite(t testing.TB) *house {
	t.Helper()
	return newHouse(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()))
}

func (h *house) drain(t fataler) {
	t.Helper()
	must(t, h.Facts.Drain(context.Background(), append(h.subs.Readers(), h.licences.Readers()...)...))
}

func (h *house) order(t fataler, c access.Caller, i order.ItemInput) order.Item {
	t.Helper()
	h.keys++
	o, err := h.orders.Place(context.Background(), c, order.PlaceInput{Key: fmt.Sprint("k", h.keys), Items: []order.ItemInput{i}, ConsentToStart: true})
	must(t, err)
	h.drain(t)
	return o.Items[0]
}

// says records what provision would, and lets the readers see it.
func (h *house) says(t fataler, kind string, i order.Item) {
	t.Helper()
	must(t, h.DB.Tx(context.Background(), func(tx *store.Tx) error {
		_, err := h.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: "res_" + i.Subscription, Owner: i.Org, Actor: "system:provision", At: h.Clock.Now(),
			Machine: provision.ResourceFact{Resource: "res_" + i.Subscription, Subscription: i.Subscription, Org: i.Org, Item: i.ID, Region: "reg_a"}})
		return err
	}))
	h.drain(t)
}

func (h *house) done(t fataler, i order.Item) {
	t.Helper()
	must(t, h.DB.Tx(context.Background(), func(tx *store.Tx) error { return h.orders.ItemDone(tx, i.ID) }))
}

// standing is an active subscription of a caller.
func (h *house) standing(t fataler, c access.Caller, plan string) string {
	t.Helper()
	i := h.order(t, c, order.ItemInput{Offer: "relay-m2m", Plan: plan, Parameters: json.RawMessage(`{"hosts":["a"]}`)})
	h.done(t, i)
	h.says(t, provision.FactReady, i)
	return i.Subscription
}

// changes orders another plan; the resource bears it.
func (h *house) changes(t fataler, sub, plan string) {
	t.Helper()
	i := h.order(t, h.buyer, order.ItemInput{Action: order.ActionChange, Subscription: sub, Plan: plan})
	h.says(t, provision.FactChanged, i)
	h.done(t, i)
}

func (h *house) take(c access.Caller, sub, holder string) (licence.Lease, error) {
	h.keys++
	return h.licences.Take(context.Background(), c, licence.TakeInput{Subscription: sub, Holder: holder, Device: "d-" + holder, Key: fmt.Sprint("t", h.keys)})
}

func (h *house) view(t fataler, sub string) licence.View {
	t.Helper()
	v, err := h.licences.Of(context.Background(), h.buyer, sub)
	must(t, err)
	return v
}

// price is what is agreed now, by its components.
func (h *house) price(t fataler, sub string) string {
	t.Helper()
	d, err := h.subs.Service(context.Background(), h.buyer, sub)
	must(t, err)
	var v struct{ Components []struct{ Key string } }
	must(t, json.Unmarshal(d.Deal.Price, &v))
	var keys []string
	for _, c := range v.Components {
		keys = append(keys, c.Key)
	}
	return strings.Join(keys, " ")
}

func (h *house) used(t fataler, sub string) (out []licence.UsedFact) {
	t.Helper()
	entries, err := h.Facts.About(context.Background(), h.buyer.Org, sub)
	must(t, err)
	for _, e := range entries {
		if e.Type == licence.FactUsed {
			var f licence.UsedFact
			must(t, e.Into(&f))
			out = append(out, f)
		}
	}
	return out
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// at moves the clock on to an instant.
func (h *house) at(t time.Time) { h.Clock.Advance(t.Sub(h.Clock.Now())) }
