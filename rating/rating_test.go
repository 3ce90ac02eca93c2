package rating_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
)

type world struct {
	*partytest.World
	*rating.Ratings
	spent  int64
	n      int
	closed []usage.Window
	free   map[string]time.Time // trials by plan
	sold   []subscription.Subscription
	plan   string // of those who begin; "" is small
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, append(partytest.Sets(), rating.Migrations()), func(t *testing.T, db *store.DB) {
		w := &world{World: partytest.New(t, db), free: map[string]time.Time{}}
		w.Ratings = rating.New(rating.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.World.Facts, Policy: w.World.Policy, Parties: w.World.Parties,
			Spend: func(tx *store.Tx, _ string, amount money.Amount) error {
				tx.AfterCommit(func() { w.spent += amount.Minor })
				return nil
			}, Windows: w.windows, Trial: w.trial, Subscribers: w.subscribers})
		fn(t, w)
	})
}

type fataler interface{ Fatal(args ...any) }

func must(t fataler, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) tx(t fataler, fn func(tx *store.Tx) error) {
	must(t, w.World.DB.Tx(context.Background(), fn))
}

func eur(nanos int64) money.UnitPrice { return money.NewUnitPrice(nanos, money.EUR) }

func list(id string, parts ...price.Component) *price.Version {
	return &price.Version{ID: id, Currency: money.EUR, Basis: price.Net, EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Components: parts}
}

func messages() price.Component {
	return price.Component{Key: "messages", Kind: price.Graduated, Meter: "messages", Unit: "message", Per: 1, Free: 5,
		Tiers: []price.Tier{{UpTo: 50, Price: eur(12_345_678)}, {UpTo: 200, Price: eur(7_777_777)}, {Price: eur(1)}}}
}

func monthly() price.Component {
	return price.Component{Key: "base", Kind: price.PerPeriod, Every: price.Month, Price: eur(31_000_000_000)}
}

func (w *world) begin(t fataler, c access.Caller, v *price.Version, free time.Time) string {
	sub := w.World.IDs.New("sub")
	text, err := v.Canonical()
	must(t, err)
	at := w.Clock.Now()
	w.tx(t, func(tx *store.Tx) error {
		return w.Begin(tx, rating.Start{Subscription: sub, Org: c.Org, Path: c.Path, Publisher: w.Operator.Org, Seller: w.Entity, Market: w.Market.ID,
			Name: "Messaging", Plan: cmp.Or(w.plan, "small"), Zone: "UTC", Anchor: price.DateOf(at, time.UTC), Price: text, At: at, FreeUntil: free, Fact: "fct_1"})
	})
	w.free[sub] = free
	return sub
}

func (w *world) window(sub, meter string, quantity int64, from time.Time) rating.ClosedWindow {
	w.n++
	return rating.ClosedWindow{Fact: "fct_w", Window: proof.Window{ID: fmt.Sprintf("win_%d", w.n), Subject: sub, Source: "res", From: from, To: from.Add(time.Hour), Events: 1,
		Sums: []proof.Sum{{Meter: meter, Unit: "message", Quantity: fmt.Sprint(quantity)}}}}
}

func (w *world) rate(t fataler, win rating.ClosedWindow) {
	w.tx(t, func(tx *store.Tx) error { return w.RateWindow(tx, win) })
}

func (w *world) charges(t fataler, c access.Caller) []rating.Charge {
	out, err := w.Charges(context.Background(), c, c.Org)
	must(t, err)
	return out
}

func hash(t fataler, v *price.Version) string {
	text, err := v.Canonical()
	must(t, err)
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:])
}

// TestWindowsAddUpToTheWhole rates random windows of one period, some of them twice: together they cost what the
// period costs at once, each charge comes out the same again, and the limits upstream heard of every cent.
func TestWindowsAddUpToTheWhole(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		v := list("prv-1", messages())
		spent := int64(0)
		rapid.Check(t, func(t *rapid.T) {
			sub := w.begin(t, c, v, time.Time{})
			total := int64(0)
			for _, q := range rapid.SliceOfN(rapid.Int64Range(0, 90), 1, 5).Draw(t, "quantities") {
				win := w.window(sub, "messages", q, w.Clock.Now())
				w.rate(t, win)
				w.rate(t, win)
				total += q
			}
			whole, err := price.Rate(v, "messages", price.Input{Quantity: money.Quantity(total)})
			must(t, err)
			sum := money.ZeroExact(money.EUR)
			for _, one := range w.charges(t, c) {
				if one.Subscription != sub {
					continue
				}
				again, err := price.Rate(v, one.Component, one.Proof(price.Graduated).Input(price.Graduated))
				must(t, err)
				if again.Exact != one.Exact || one.Price != hash(t, v) {
					t.Fatalf("charge %s: %s, again %s", one.ID, one.Exact, again.Exact)
				}
				sum, err = sum.Add(one.Exact)
				must(t, err)
			}
			if sum != whole.Exact {
				t.Fatalf("windows %s, the whole %s", sum, whole.Exact)
			}
			if w.spent-spent != whole.Amount.Minor {
				t.Fatalf("spent %d, charged %s", w.spent-spent, whole.Amount)
			}
			spent = w.spent
		})
	})
}

func TestAChangeOfPlanCutsPeriodsAndGivesWindowsThePriceAtTheirEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		one, two := list("prv-1", messages(), monthly()), list("prv-2", messages(), monthly())
		two.Components[1].Price = eur(62_000_000_000)
		start := w.Clock.Now() // 2 March 9:00 UTC; the period has 31 days
		sub := w.begin(t, c, one, time.Time{})
		change := start.Add(10 * 24 * time.Hour)
		text, err := two.Canonical()
		must(t, err)
		w.tx(t, func(tx *store.Tx) error {
			return w.ChangePrice(tx, sub, text, "large", "Messaging, large", "fct_2", change)
		})
		w.rate(t, w.window(sub, "messages", 20, change.Add(-2*time.Hour)))
		w.rate(t, w.window(sub, "messages", 20, change.Add(-30*time.Minute)))
		late := w.window(sub, "messages", 1, change.Add(-2*time.Hour))
		late.Corrects = "win_1"
		w.rate(t, late)
		got := map[string]string{}
		for _, ch := range w.charges(t, c) {
			got[ch.Window] = fmt.Sprintf("%t %v from %s", ch.Price == hash(t, one), ch.Correction, ch.From)
		}
		if got["win_1"] != "true false from 0" || got["win_2"] != "false false from 0" || got["win_3"] != "true true from 20" {
			t.Fatal(got)
		}
		w.Clock.Advance(20 * 24 * time.Hour)
		cost, err := w.CostNow(ctx, c, c.Org)
		must(t, err)
		bases := 0
		for _, p := range cost[0].Parts {
			if p.Component == "base" {
				bases++
				// Anchored on 2 March 0:00: 31 days. 10 days at 31, 10 days at 62.
				if want := map[bool]int64{true: 1000, false: 2000}[p.Price == hash(t, one)]; p.Amount.Minor != want {
					t.Errorf("base %s", p.Amount)
				}
			}
		}
		if bases != 2 {
			t.Fatalf("%+v", cost)
		}
	})
}

func TestSuspendedTimeAndTrialsAreNotCharged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		day := 24 * time.Hour
		start := w.Clock.Now()
		sub := w.begin(t, c, list("prv-1", monthly()), start.Add(2*day))
		w.tx(t, func(tx *store.Tx) error {
			return errors.Join(w.Hold(tx, sub, false, start.Add(5*day)), w.Hold(tx, sub, true, start.Add(9*day)))
		})
		w.Clock.Advance(12 * day)
		for range 2 { // the second time changes nothing
			w.tx(t, func(tx *store.Tx) error { return w.ChargePeriods(tx, c.Org, w.Clock.Now()) })
		}
		w.tx(t, func(tx *store.Tx) error { return w.End(tx, sub, "fct_3", start.Add(13*day)) })
		days := int64(0)
		for _, ch := range w.charges(t, c) {
			days += ch.At.Seconds()
		}
		if days != 7*86400 || w.spent != 700 {
			t.Fatalf("%d seconds were charged, %d cents", days, w.spent)
		}
	})
}

func TestNothingOwedIsNotBilled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.Household(t, "Jeanne Martin")
		sub := w.begin(t, c, list("prv-1", messages(), monthly()), time.Time{})
		w.rate(t, w.window(sub, "messages", 20, w.Clock.Now()))
		w.tx(t, func(tx *store.Tx) error {
			return errors.Join(w.Waive(tx, sub), w.End(tx, sub, "fct_3", w.Clock.Now().Add(time.Hour)))
		})
		if list := w.charges(t, c); len(list) != 0 {
			t.Fatalf("%+v", list)
		}
		cost, err := w.CostNow(context.Background(), c, c.Org)
		if err != nil || len(cost) != 0 {
			t.Fatalf("%+v %v", cost, err)
		}
	})
}
