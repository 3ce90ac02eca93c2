package rating_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
)

// subscribers lists what was sold, newest first, one a page, and refuses as subscription does.
func (w *world) subscribers(_ context.Context, c access.Caller, publisher, cursor string, _ int) (page subscription.Page, err error) {
	err = w.World.DB.Read(context.Background(), func(tx *store.Tx) error {
		o, err := w.World.Parties.Lookup(tx, publisher)
		if err != nil {
			return err
		}
		return w.World.Policy.Check(c, access.SubscriberRead, o.Resource("organisation", publisher))
	})
	for _, s := range slices.Backward(w.sold) {
		if err == nil && s.Deal.Publisher == publisher && (cursor == "" || s.ID < cursor) {
			if len(page.Subscriptions) == 1 {
				page.Next = page.Subscriptions[0].ID
				break
			}
			page.Subscriptions = append(page.Subscriptions, s)
		}
	}
	return page, err
}

// sell begins a subscription of the offer "broker".
func (w *world) sell(t fataler, c access.Caller, publisher, plan string, v *price.Version) string {
	v.Basis = price.Gross // that of the market
	w.plan = plan
	sub, at := w.begin(t, c, v, time.Time{}), w.Clock.Now()
	w.sold = append(w.sold, subscription.Subscription{ID: sub, Org: c.Org, Path: c.Path, ActivatedAt: at, Deal: subscription.Deal{Publisher: publisher, Key: "broker", Plan: plan}})
	return sub
}

func draft(plans ...catalog.Plan) catalog.Content {
	words := catalog.Text{"en": "Broker"}
	return catalog.Content{Key: "broker", Name: words, Summary: words, Contract: words, Families: []string{"messaging"}, Seller: catalog.SellerMarket, Driver: catalog.Driver{Name: "process", Kind: "m2m"},
		Exit: catalog.Exit{Formats: []string{"ndjson"}}, Meters: []catalog.Meter{{Key: "messages", Name: words, Unit: "message", Aggregation: string(proof.AggregateSum)}}, Plans: plans}
}

func plan(key string, versions ...*price.Version) catalog.Plan {
	p := catalog.Plan{Key: key, Name: catalog.Text{"en": key}}
	for _, v := range versions {
		p.Prices = append(p.Prices, catalog.Price{Currency: v.Currency, Basis: price.Gross, EffectiveFrom: v.EffectiveFrom, Components: v.Components, Terms: v.Terms})
	}
	return p
}

func TestADraftIsSimulatedOnTheLastCompletePeriod(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, day, start := context.Background(), 24*time.Hour, w.Clock.Now()
		c, relay := w.Business(t, w.Operator, "Acme", party.KindCustomer), w.Business(t, w.Operator, "Relay", party.KindPublisher)
		agreed := list("prv-1", messages(), monthly())
		heavy, light := w.sell(t, c, relay.Org, "small", agreed), w.sell(t, c, relay.Org, "small", agreed)
		large, gone := w.sell(t, c, relay.Org, "large", agreed), w.sell(t, c, relay.Org, "gone", agreed)
		w.replayed(t, heavy, 5000, start.Add(day))
		w.replayed(t, light, 100, start.Add(day))
		w.replayed(t, large, 100, start.Add(day))
		w.replayed(t, heavy, 9999, start.Add(40*day)) // of the present period
		w.Clock.Advance(45 * day)
		w.sell(t, c, relay.Org, "small", agreed)
		waived := w.sell(t, c, relay.Org, "small", agreed)
		w.tx(t, func(tx *store.Tx) error { return w.Waive(tx, waived) })
		old, fresh := volume(), volume()
		old.Components, old.EffectiveTo, fresh.EffectiveFrom = agreed.Components, w.Clock.Now().Add(day).Truncate(time.Second), w.Clock.Now().Add(day).Truncate(time.Second)
		in := rating.SimulateInput{Publisher: relay.Org, Draft: draft(plan("small", old, fresh), plan("large", agreed))}
		got, err := w.Simulate(ctx, relay, in)
		must(t, err)
		if len(got.Spreads) != 1 || got.Left || got.Unpriced != 1 || got.Young != 2 || got.Windows != 3 || got.Period.From.After(start) || got.Period.Seconds() != 31*86400 {
			t.Fatalf("%+v, gone is %s", got, gone)
		}
		s := got.Spreads[0]
		// The month less nine hours costs 30.63, messages beyond the free ones 0.56 + 1.17, and 0.39 for 50 more; by volume 5000 × 0.04, and at least 20.
		if s.More != 1 || s.Less != 1 || s.Same != 1 || len(s.Rises) != 1 || s.Rises[0].Key != heavy || s.Rises[0].After.Decimal() != "200.00" || got.Holders[heavy] != c.Org {
			t.Fatalf("%+v", s)
		}
		for sub, other := range map[string]*price.Version{heavy: fresh, light: fresh, large: agreed} {
			v := *other
			v.ID, v.Basis = "prv-other", price.Gross
			one, err := w.Compare(ctx, c, rating.CompareInput{Subscription: sub, At: start.Add(day), Price: &v})
			must(t, err)
			s.Before, err = s.Before.Sub(one.Agreed.Total)
			must(t, err)
			s.After, err = s.After.Sub(one.Other.Total)
			must(t, err)
		}
		if !s.Before.IsZero() || !s.After.IsZero() {
			t.Fatalf("the sums are off by %s and %s", s.Before, s.After)
		}
		in.Present = true
		if got, err = w.Simulate(ctx, relay, in); err != nil || got.Windows != 1 || got.Young != 1 || got.Spreads[0].Rises[0].After.Decimal() != "399.96" {
			t.Fatalf("the present period so far: %+v %v", got, err)
		}
		in.Present, in.Plan = false, "large"
		got, err = w.Simulate(ctx, relay, in)
		if err != nil || got.Spreads[0].Same != 1 || got.Spreads[0].More+got.Spreads[0].Less != 0 {
			t.Fatalf("%+v %v", got, err)
		}
	})
}

// TestNobodyElseSimulates asks as those who may not, and for what is not there.
func TestNobodyElseSimulates(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c, relay := w.Business(t, w.Operator, "Acme", party.KindCustomer), w.Business(t, w.Operator, "Relay", party.KindPublisher)
		other := w.Business(t, w.Operator, "Other", party.KindPublisher)
		w.sell(t, c, relay.Org, "small", list("prv-1", monthly()))
		w.Clock.Advance(45 * 24 * time.Hour)
		in := rating.SimulateInput{Publisher: relay.Org, Draft: draft(plan("small", volume()))}
		for name, who := range map[string]access.Caller{"customer": c, "another publisher": other, "nobody": {}} {
			if _, err := w.Simulate(ctx, who, in); !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied) && !fail.Is(err, fail.Unauthenticated) {
				t.Errorf("%s: %v", name, err)
			}
		}
		in.Publisher = other.Org // the same offer's key, in another's name
		got, err := w.Simulate(ctx, other, in)
		if err != nil || len(got.Spreads) != 0 || got.Young != 0 || len(got.Holders) != 0 {
			t.Errorf("another publisher's subscribers were replayed: %+v %v", got, err)
		}
		in.Publisher, in.Budget = relay.Org, time.Nanosecond
		if got, err := w.Simulate(ctx, relay, in); err != nil || !got.Left || len(got.Spreads) != 0 {
			t.Errorf("time was up: %+v %v", got, err)
		}
		in.Plan = "none"
		if _, err := w.Simulate(ctx, relay, in); fail.CodeOf(err) != "rating.plan" {
			t.Errorf("no such plan: %v", err)
		}
		in.Plan, in.Draft.Plans[0].Prices[0].Components = "", nil
		if _, err := w.Simulate(ctx, relay, in); fail.CodeOf(err) != "offer.content" {
			t.Errorf("a bad draft: %v", err)
		}
	})
}

// TestMonthsOfAYearSumToTheYear replays each month of random years, in which terms by year hold, and bills the year at once.
func TestMonthsOfAYearSumToTheYear(t *testing.T) {
	each(t, func(tb *testing.T, w *world) {
		ctx, day := context.Background(), 24*time.Hour
		rapid.Check(tb, func(t *rapid.T) {
			c := w.Business(tb, w.Operator, "Acme", party.KindCustomer) // a new one, so that its bill stays small
			v := list("prv-1", messages(), monthly())
			kind := rapid.SampledFrom([]price.TermKind{price.Minimum, price.Cap, price.Commitment}).Draw(t, "kind")
			v.Terms = []price.Term{{Key: "off", Kind: price.Discount, Percent: 10_000, Periods: 2},
				{Key: "year", Kind: kind, Every: price.Year, Amount: money.New(rapid.Int64Range(1, 800_00).Draw(t, "amount"), money.EUR), Prepaid: kind == price.Commitment && rapid.Bool().Draw(t, "prepaid")}}
			start := w.Clock.Now()
			free := start.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "trial")) * day)
			sub := w.begin(t, c, v, free)
			for range rapid.IntRange(0, 6).Draw(t, "windows") {
				w.replayed(t, sub, rapid.Int64Range(-10, 400).Draw(t, "quantity"), start.Add(time.Duration(rapid.IntRange(0, 360).Draw(t, "day"))*day))
			}
			w.Clock.Advance(400 * day)
			sum := money.Zero(money.EUR)
			other := *v
			other.ID = "prv-other"
			year, err := price.Cycle{Anchor: price.DateOf(start, time.UTC), Every: price.Year, Zone: time.UTC}.Number(0) // of 29 February it ends on the 28th
			must(t, err)
			for at := start; at.Before(year.To); {
				got, err := w.Compare(ctx, c, rating.CompareInput{Subscription: sub, At: at, Price: &other})
				must(t, err)
				if got.Saving.Minor != 0 {
					t.Fatalf("its own price costs something else: %+v", got)
				}
				parts := money.Zero(money.EUR)
				for _, p := range got.Agreed.Parts {
					parts, err = parts.Add(p.Amount)
					must(t, err)
				}
				if parts != got.Agreed.Total {
					t.Fatalf("the parts of %s sum to %s, not %s", at, parts, got.Agreed.Total)
				}
				sum, err = sum.Add(got.Agreed.Total)
				must(t, err)
				at = got.Period.To
			}
			var b rating.Bill
			w.tx(t, func(tx *store.Tx) (err error) {
				b, err = w.Draft(tx, c.Org, year.To)
				return err
			})
			st, err := b.Statement()
			must(t, err)
			whole := money.Zero(money.EUR)
			for _, g := range st.Groups {
				whole, err = whole.Add(g.Amount)
				must(t, err)
			}
			if sum != whole {
				t.Fatalf("the months sum to %s, the year is billed %s", sum, whole)
			}
		})
	})
}
