package rating_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/trace"
)

// licensed has a plan whose seats are paid by the second, with a licence that an own one makes needless; and one that was
// bought for a year, of which half is owed back.
const licensed = `  - key: float
    name: {en: Floating, fr: Flottant}
    licence: {kind: floating, seats: 3, leaseMinutes: 600, meter: device_seconds, bringOwn: true, charges: [licence]}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: seats, kind: seats, every: month, meter: device_seconds, unit: seat, price: 26.784 EUR}
          - {key: licence, kind: perPeriod, every: month, price: 267.84 EUR}
  - key: bought
    name: {en: Bought, fr: Achetée}
    termMonths: 12
    licence: {kind: floating, seats: 5, charges: [fee], credit: 50}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: fee, kind: oneOff, price: 365 EUR}
          - {key: messages, kind: perUnit, meter: messages, unit: message, per: 1, price: 0.02 EUR}
  - key: pay
    name: {en: Pay, fr: Usage}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: messages, kind: perUnit, meter: messages, unit: message, per: 1, price: 0.01 EUR}
`

// desk runs from the order to the charge, with provision played by the test.
type desk struct {
	*partytest.World
	orders           *order.Orders
	subs             *subscription.Subscriptions
	licences         *licence.Licences
	meters           *meter.Meters
	ratings          *rating.Ratings
	publisher, buyer access.Caller
	n                int
}

func onDesk(t *testing.T, db *store.DB) *desk {
	t.Helper()
	ctx := context.Background()
	w := partytest.New(t, db)
	w.Clock.Advance(29*24*time.Hour + 14*time.Hour) // March is over in Paris: April has thirty days
	cat := catalog.New(db, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties)
	d := &desk{World: w}
	var err error
	d.orders, err = order.New(order.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: cat, Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	d.subs = subscription.New(subscription.Config{DB: db, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Orders: d.orders, Queue: w.Queue,
		SetDesired: func(*store.Tx, string, provision.Change) error { return nil }})
	d.licences, err = licence.New(licence.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Ring: w.Ring, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: cat,
		Orders: d.orders, Subscriptions: d.subs, Outbox: w.Outbox, Queue: w.Queue})
	must(t, err)
	dir, log := t.TempDir(), slog.New(slog.NewTextHandler(io.Discard, nil))
	counted := storetest.Open(t, "sqlite:"+filepath.Join(dir, "usage.db")+"?sync=off", []store.Migrations{usage.Migrations()})
	u, err := usage.Open(ctx, usage.Config{Dir: dir, DB: counted, Now: w.Clock.Now, IDs: w.IDs})
	must(t, err)
	t.Cleanup(func() { must(t, u.Close()) })
	d.meters = meter.New(db, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties, u, log)
	d.ratings = rating.New(rating.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Windows: d.meters.WindowsIn,
		Spend: func(*store.Tx, string, money.Amount) error { return nil }})
	d.publisher = w.Business(t, w.Operator, "Relay", party.KindPublisher)
	d.buyer = w.Business(t, w.Operator, "Bakery", party.KindCustomer)
	must(t, db.Tx(ctx, func(tx *store.Tx) error { return d.orders.Paid(tx, d.buyer.Org) }))
	catalogtest.Publish(t, cat, d.publisher, w.Operator, append(catalogtest.Sample(t), licensed...))
	return d
}

// flow carries facts and usage until nothing moves.
func (d *desk) flow(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	readers := append(append(append(d.subs.Readers(), d.licences.Readers()...), d.meters.Readers()...), d.ratings.Readers()...)
	for idle := 0; idle < 3; {
		must(t, d.Facts.Drain(ctx, readers...))
		more, err := d.meters.Sync(ctx)
		must(t, err)
		if more {
			idle = 0
			continue
		}
		idle++
		time.Sleep(30 * time.Millisecond) // the usage store folds and closes by itself
	}
}

func (d *desk) does(t *testing.T, in order.ItemInput, fact string) string {
	t.Helper()
	d.n++
	o, err := d.orders.Place(context.Background(), d.buyer, order.PlaceInput{Key: fmt.Sprint("k", d.n), Items: []order.ItemInput{in}, ConsentToStart: true})
	must(t, err)
	d.flow(t)
	i := o.Items[0]
	must(t, d.DB.Tx(context.Background(), func(tx *store.Tx) error {
		if err := d.orders.ItemDone(tx, i.ID); err != nil {
			return err
		}
		_, err := d.Facts.Record(tx, trace.Fact{Type: fact, Aggregate: "res_" + i.Subscription, Owner: i.Org, Actor: "system:provision", At: d.Clock.Now(),
			Machine: provision.ResourceFact{Resource: "res_" + i.Subscription, Subscription: i.Subscription, Org: i.Org, Item: i.ID, Region: "reg_a"}})
		return err
	}))
	d.flow(t)
	return i.Subscription
}

func (d *desk) sums(t *testing.T) map[string]string {
	t.Helper()
	list, err := d.ratings.Charges(context.Background(), d.buyer, d.buyer.Org)
	must(t, err)
	out := map[string]money.Exact{}
	for _, c := range list {
		if _, ok := out[c.Component]; !ok {
			out[c.Component] = money.ZeroExact(money.EUR)
		}
		out[c.Component], err = out[c.Component].Add(c.Exact)
		must(t, err)
	}
	texts := map[string]string{}
	for key, x := range out {
		texts[key] = x.String()
	}
	return texts
}

// TestSeatsAreChargedAsTheyWereTaken: two seats for an hour and one of them for half an hour more are 2.5 hours of seats,
// and the licence is charged but for the days in which an own one was valid, to the second.
func TestSeatsAreChargedAsTheyWereTaken(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		d, ctx := onDesk(t, db), context.Background()
		sub := d.does(t, order.ItemInput{Offer: "relay-m2m", Plan: "float", Parameters: json.RawMessage(`{"hosts":["a"]}`)}, provision.FactReady)
		start := d.Clock.Now()
		var leases []licence.Lease
		for _, who := range []string{"a", "b"} {
			l, err := d.licences.Take(ctx, d.publisher, licence.TakeInput{Subscription: sub, Holder: who, Device: "d", Key: who})
			must(t, err)
			leases = append(leases, l)
		}
		for n, l := range leases {
			d.Clock.Advance(time.Duration(60/(n+1)) * time.Minute)
			must(t, d.licences.Settle(ctx))
			_, err := d.licences.Return(ctx, d.publisher, sub, l.ID, "")
			must(t, err)
		}
		end := start.AddDate(0, 0, 10)
		own, err := d.licences.Declare(ctx, d.buyer, licence.DeclareInput{Subscription: sub, Number: "AB-1", Seats: 3, To: end, Attested: true})
		must(t, err)
		_, err = d.licences.Accept(ctx, d.publisher, own.ID) // 90 minutes after the start
		must(t, err)
		d.flow(t)
		d.Clock.Advance(end.Add(-25 * time.Hour).Sub(d.Clock.Now()))
		must(t, d.licences.Look(ctx))
		d.Clock.Advance(26 * time.Hour)
		must(t, d.licences.Look(ctx))
		must(t, d.licences.Settle(ctx))
		d.flow(t)
		must(t, db.Tx(ctx, func(tx *store.Tx) error { return d.ratings.ChargePeriods(tx, d.buyer.Org, d.Clock.Now()) }))
		// April has 2,592,000 seconds: a seat costs 26.784 of them, the licence ten times as much; charged 5,400 and 3,600 s.
		want := map[string]string{"seats": "0.093 EUR", "licence": "0.93 EUR"}
		got := d.sums(t)
		for end := time.Now().Add(30 * time.Second); got["seats"] != want["seats"] && time.Now().Before(end); got = d.sums(t) {
			d.flow(t) // windows close by themselves
		}
		if got["seats"] != want["seats"] || got["licence"] != want["licence"] {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// TestAConversionGivesBack: a hundred days of a bought year were used; half of the rest is owed back, once.
func TestAConversionGivesBack(t *testing.T) {
	d := onDesk(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()))
	sub := d.does(t, order.ItemInput{Offer: "relay-m2m", Plan: "bought", Parameters: json.RawMessage(`{"hosts":["a"]}`)}, provision.FactReady)
	d.Clock.Advance(165 * 24 * time.Hour)
	d.does(t, order.ItemInput{Action: order.ActionChange, Subscription: sub, Plan: "pay"}, provision.FactChanged)
	d.flow(t)
	if got := d.sums(t); got["fee"] != "365 EUR" || got["licence-credit"] != "-100 EUR" {
		t.Errorf("%v", got)
	}
}

func sets() []store.Migrations {
	return append(partytest.Sets(), catalog.Migrations(), order.Migrations(), subscription.Migrations(), licence.Migrations(), meter.Migrations(), rating.Migrations())
}
