package placement_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/trace"
)

func sets() []store.Migrations {
	return append(partytest.Sets(), residency.Migrations(), catalog.Migrations(), order.Migrations(), placement.Migrations())
}

// house is an installation with the demonstration's regions, an offer and a company that buys.
type house struct {
	*partytest.World
	t                *testing.T
	orders           *order.Orders
	res              *residency.Residency
	places           *placement.Placements
	publisher, buyer access.Caller
	version          catalog.Version
	keys             int
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newHouse(t *testing.T, db *store.DB) *house {
	t.Helper()
	ctx := context.Background()
	w := partytest.New(t, db)
	h := &house{World: w, t: t}
	var err error
	w.Market.FirstLimit = 1_000_000
	w.Market, err = w.Parties.SetMarket(ctx, w.Operator, w.Market)
	must(t, err)
	cat := catalog.New(db, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties)
	h.orders, err = order.New(order.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: cat,
		Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	h.res = residency.New(residency.Config{DB: db, Facts: w.Facts, Policy: w.Policy, Rules: residency.NewRules(), Operator: w.Operator.Org, Now: w.Clock.Now,
		Parties: w.Parties, IDs: w.IDs, Sells: func(tx *store.Tx, m party.Market) ([]residency.Sold, error) { return h.places.Sells(tx, m) }})
	h.places = placement.New(placement.Config{DB: db, Facts: w.Facts, Policy: w.Policy, IDs: w.IDs, Now: w.Clock.Now, Residency: h.res, Catalog: cat,
		Operator: w.Operator.Org, Entity: w.Parties.Entity, ItemPlaced: h.orders.ItemPlaced, ItemRefused: h.orders.ItemRefused})
	text, err := os.ReadFile("../residency/testdata/demo.yaml")
	must(t, err)
	h.importFacts(string(text))
	h.publisher = w.Business(t, w.Operator, "Relay", party.KindPublisher)
	h.buyer = w.Business(t, w.Operator, "Bakery", party.KindCustomer)
	h.version = catalogtest.Publish(t, cat, h.publisher, w.Operator, catalogtest.Sample(t))
	return h
}

func (h *house) importFacts(text string) {
	h.t.Helper()
	_, err := h.res.Import(context.Background(), h.Operator, []byte(text))
	must(h.t, err)
}

// capacity gives every region of the demonstration that many units.
func (h *house) capacity(units int) {
	h.t.Helper()
	text, err := os.ReadFile("../residency/testdata/demo.yaml")
	must(h.t, err)
	h.importFacts(strings.ReplaceAll(string(text), "capacity: 40", fmt.Sprint("capacity: ", units)))
}

func (h *house) policy(r residency.Rule) {
	h.t.Helper()
	_, err := h.res.SetPolicy(context.Background(), h.buyer, h.buyer.Org, residency.Layer{All: r})
	must(h.t, err)
}

func (h *house) order(class, region string) order.Order {
	h.t.Helper()
	h.keys++
	o, err := h.orders.Place(context.Background(), h.buyer, order.PlaceInput{Key: fmt.Sprint("k", h.keys), Items: []order.ItemInput{
		{Offer: "relay-m2m", Plan: "start", Parameters: json.RawMessage(`{"hosts":["a.example"]}`), DataClass: class, Region: region}}})
	must(h.t, err)
	return o
}

// placed orders and lets placement decide.
func (h *house) placed(class, region string) (order.Order, placement.Decision) {
	h.t.Helper()
	ctx := context.Background()
	o := h.order(class, region)
	must(h.t, h.Facts.Drain(ctx, h.places.Readers()...))
	list, err := h.places.Decisions(ctx, h.buyer, o.ID)
	must(h.t, err)
	if len(list) != 1 {
		h.t.Fatalf("%d decisions", len(list))
	}
	o, err = h.orders.Order(ctx, h.buyer, o.ID)
	must(h.t, err)
	return o, list[0]
}

func (h *house) free() map[string]int64 {
	h.t.Helper()
	var free map[string]int64
	must(h.t, h.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		free, err = h.res.Capacity(tx)
		return err
	}))
	return free
}

// fact gives the newest fact of the type about the aggregate.
func (h *house) fact(aggregate, kind string, v any) {
	h.t.Helper()
	list, err := h.Facts.About(context.Background(), h.buyer.Org, aggregate)
	must(h.t, err)
	i := slices.IndexFunc(list, func(e trace.Entry) bool { return e.Type == kind })
	if i < 0 {
		h.t.Fatalf("no %s about %s", kind, aggregate)
	}
	must(h.t, list[i].Into(v))
}

func TestTheCheapestAllowedRegionWins(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		if _, d := h.placed("internal", ""); d.Region != "virginia" {
			t.Errorf("without a policy: %s", d.Region)
		}
		if _, d := h.placed("personal", ""); d.Region != "dublin" {
			t.Errorf("personal data: %s", d.Region)
		}
		h.policy(residency.Rule{RefusedLaws: []string{"US"}})
		o, d := h.placed("personal", "")
		if d.Region != "lyon" || o.Items[0].State != order.ItemInProgress || o.Items[0].Placement != d.ID || h.free()["lyon"] != 39 {
			t.Fatalf("%+v, order %+v, free %v", d, o.Items[0], h.free())
		}
		var f placement.DecidedFact
		must(t, h.Facts.Drain(context.Background()))
		h.fact(d.ID, placement.FactDecided, &f)
		want := placement.DecidedFact{Decision: d.ID, Attempt: 1, Order: o.ID, Item: o.Items[0].ID, Subscription: o.Items[0].Subscription, Org: h.buyer.Org, Path: h.buyer.Path,
			Market: h.Market.ID, Publisher: h.publisher.Org, OfferVersion: h.version.ID, Plan: "start", Class: "personal", Kind: "m2m", Driver: "process",
			Target: placement.Target{ID: "lyon", Region: "lyon"}, Region: "lyon", City: "Lyon", Country: "FR", Units: 1, Spec: f.Spec, Hashes: f.Hashes}
		if diff := cmp.Diff(want, f); diff != "" || len(f.Spec) == 0 || f.Hashes.Policy != d.PolicyHash || len(f.Hashes.Result) != 64 {
			t.Errorf("%s\n%+v", diff, f)
		}
		text := strings.Join(placement.Explain(d), "\n")
		for _, part := range []string{"It goes to lyon", "paris is allowed and has room too, at 0.014 EUR", "Not dublin: Liffey Hosting Ltd, the operator of the cloud, answers to the law of US",
			"Not virginia: Data of the class personal"} {
			if !strings.Contains(text, part) {
				t.Errorf("%q is missing in\n%s", part, text)
			}
		}
	})
}

func TestARefusalHasEveryReason(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		h.policy(residency.Rule{RefusedLaws: []string{"US", "NO"}, Support: []string{"FR"}})
		o, d := h.placed("personal", "")
		if d.Region != "" || o.State != order.StateRejected || o.Items[0].State != order.ItemRejected || h.free()["lyon"] != 40 {
			t.Fatalf("%+v, order %s %+v", d, o.State, o.Items[0])
		}
		var got []string
		for _, r := range o.Items[0].Reasons {
			got = append(got, r.Rule)
		}
		want := []string{"residency.country", "residency.law", "residency.law", "residency.law", "residency.support", "residency.support", "residency.support", "residency.support"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%+v", diff, o.Items[0].Reasons)
		}
		var f placement.RefusedFact
		must(t, h.Facts.Drain(context.Background()))
		h.fact(d.ID, placement.FactRefused, &f)
		if !slices.Equal(f.Rules, []string{"residency.country", "residency.law", "residency.support"}) {
			t.Errorf("%+v", f)
		}
		must(t, h.places.Replay(context.Background(), h.buyer, d.ID))
		if _, d := h.placed("personal", "atlantis"); d.Region != "" || len(d.Result.Candidates) != 0 {
			t.Errorf("%+v", d)
		}
		if o, _ := h.placed("personal", "virginia"); o.Items[0].State != order.ItemRejected || len(o.Items[0].Reasons) < 4 {
			t.Errorf("the region that was asked for: %+v", o.Items[0])
		}
	})
}

func TestElsewhereAndRelease(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		h.policy(residency.Rule{RefusedLaws: []string{"US"}})
		o, first := h.placed("personal", "")
		item, sub := o.Items[0].ID, o.Items[0].Subscription
		elsewhere := func(region string) (again bool) {
			must(t, h.DB.Tx(ctx, func(tx *store.Tx) (err error) {
				again, err = h.places.Elsewhere(tx, item, region)
				return err
			}))
			return again
		}
		if !elsewhere("lyon") || !elsewhere("lyon") {
			t.Fatal("Paris was free")
		}
		list, err := h.places.Decisions(ctx, h.buyer, o.ID)
		must(t, err)
		if len(list) != 2 || list[1].Region != "paris" || list[1].Attempt != 2 || first.Region != "lyon" {
			t.Fatalf("%+v", list)
		}
		for range 2 {
			must(t, h.DB.Tx(ctx, func(tx *store.Tx) error { return h.places.Release(tx, sub, "lyon") }))
		}
		if f := h.free(); f["lyon"] != 40 || f["paris"] != 39 {
			t.Errorf("free %v", f)
		}
		if elsewhere("paris") {
			t.Error("there is no third region")
		}
		list, err = h.places.Decisions(ctx, h.buyer, o.ID)
		must(t, err)
		for _, d := range list {
			must(t, h.places.Replay(ctx, h.buyer, d.ID))
		}
		if len(list) != 3 || list[2].Region != "" || !strings.Contains(strings.Join(placement.Explain(list[2]), "\n"), "It was tried in Paris") {
			t.Errorf("%+v", list)
		}
	})
}

func TestFullRegionsArePassedOver(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		h.policy(residency.Rule{RefusedLaws: []string{"US"}})
		h.capacity(1)
		_, first := h.placed("personal", "")
		_, second := h.placed("personal", "")
		o, third := h.placed("personal", "")
		if first.Region != "lyon" || second.Region != "paris" || third.Region != "" {
			t.Fatalf("%s %s %s", first.Region, second.Region, third.Region)
		}
		if !slices.ContainsFunc(o.Items[0].Reasons, func(r fail.Reason) bool { return r.Text == "Lyon has 0 units free, and 1 is needed." }) {
			t.Errorf("%+v", o.Items[0].Reasons)
		}
	})
}

func TestACancelledItemIsNotPlaced(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		o := h.order("personal", "")
		_, err := h.orders.Cancel(ctx, h.buyer, o.ID, "changed our mind")
		must(t, err)
		must(t, h.Facts.Drain(ctx, h.places.Readers()...))
		list, err := h.places.Decisions(ctx, h.buyer, o.ID)
		if err != nil || len(list) != 0 || h.free()["dublin"] != 40 {
			t.Errorf("%+v %v, free %v", list, err, h.free())
		}
		if h.parked() != 0 {
			t.Error("the reader is parked")
		}
	})
}

func (h *house) parked() int {
	h.t.Helper()
	n := 0
	must(h.t, h.DB.Read(context.Background(), func(tx *store.Tx) error { return tx.QueryRow("SELECT count(*) FROM fact_parked").Scan(&n) }))
	return n
}

func TestRivalsNeverPassTheCapacity(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		h.policy(residency.Rule{RefusedLaws: []string{"US"}})
		h.capacity(5)
		var entries []trace.Entry
		var orders []order.Order
		for range 16 {
			orders = append(orders, h.order("personal", ""))
		}
		must(t, h.Facts.Drain(ctx))
		for _, o := range orders {
			list, err := h.Facts.About(ctx, h.buyer.Org, o.ID)
			must(t, err)
			entries = append(entries, list[slices.IndexFunc(list, func(e trace.Entry) bool { return e.Type == order.FactPlaced })])
		}
		var wg sync.WaitGroup
		for _, e := range entries {
			wg.Go(func() {
				if err := db.Tx(ctx, func(tx *store.Tx) error { return h.places.Readers()[0].Handle(tx, e) }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		count := map[string]int{}
		for _, o := range orders {
			list, err := h.places.Decisions(ctx, h.buyer, o.ID)
			must(t, err)
			count[list[0].Region]++
			must(t, h.places.Replay(ctx, h.buyer, list[0].ID))
		}
		if diff := cmp.Diff(map[string]int{"lyon": 5, "paris": 5, "": 6}, count); diff != "" {
			t.Error(diff)
		}
	})
}

func TestReplayFindsAnyChange(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		h.policy(residency.Rule{RefusedLaws: []string{"US"}})
		_, d := h.placed("personal", "")
		h.capacity(3) // other facts hold now; the decision keeps its own
		h.policy(residency.Rule{})
		must(t, h.places.Replay(ctx, h.buyer, d.ID))
		b, err := h.places.Bundle(ctx, h.buyer, d.ID)
		must(t, err)
		text, err := json.Marshal(b)
		must(t, err)
		rules := residency.NewRules()
		for old, fresh := range map[string]string{
			`"0.011 EUR"`: `"0.021 EUR"`, `"country":"IE"`: `"country":"FR"`, `"refusedLaws":["US"]`: `"refusedLaws":["CN"]`,
			`"class":"personal"`: `"class":"internal"`, `"lyon":40`: `"lyon":0`, `"units":1`: `"units":41`, "answers to the law of US": "answers to no law", `"holder":"rhone-cloud"`: `"holder":"potomac"`,
		} {
			changed := strings.Replace(string(text), old, fresh, 1)
			var c placement.Bundle
			if changed == string(text) || json.Unmarshal([]byte(changed), &c) != nil {
				t.Fatalf("%s is not in the file", old)
			}
			if err := c.Verify(rules); !fail.Is(err, fail.Conflict) {
				t.Errorf("%s for %s: %v", fresh, old, err)
			}
		}
		must(t, b.Verify(rules))
	})
}
