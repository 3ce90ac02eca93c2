package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/trace"
)

// settled is a market in which everything happens at random: contracts of all kinds, usage in time and late, invoices,
// notes, payments, other rules and prices. The same seed makes the same market.
type settled struct {
	*partytest.World
	rng         *rand.Rand
	ratings     *rating.Ratings
	invoices    *billing.Invoices
	settlements *settlement.Settlements
	customers   []access.Caller
	publishers  []access.Caller
	own         map[string]string // legal entity of each publisher
	sold        []*soldOne
	offers      map[string]string
	prices      map[string]*price.Version // by hash
	n           int
}

// soldOne is a subscription.
type soldOne struct {
	id       string
	customer access.Caller
	version  *price.Version // in force now
	begun    time.Time
	ended    bool
}

func settledSets() []store.Migrations {
	return append(partytest.Sets(), rating.Migrations(), billing.Migrations(), ledger.Migrations(), settlement.Migrations())
}

// settledSeed is HALLE_SEED, or another one each time.
func settledSeed(t *testing.T) uint64 {
	seed, err := strconv.ParseUint(os.Getenv("HALLE_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64N(1_000_000_000)
	}
	t.Logf("HALLE_SEED=%d makes the same again", seed)
	return seed
}

func newSettled(t *testing.T, db *store.DB, seed uint64) *settled {
	t.Helper()
	w := &settled{World: partytest.New(t, db), rng: rand.New(rand.NewPCG(seed, 1)), offers: map[string]string{}, prices: map[string]*price.Version{}, own: map[string]string{}}
	table, err := tax.Builtin()
	w.must(t, err)
	log := slog.New(slog.DiscardHandler)
	w.ratings = rating.New(rating.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Zone: "Europe/Paris"})
	w.invoices = billing.New(billing.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: w.ratings,
		Tax: table, Log: log})
	w.settlements = settlement.New(settlement.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: w.ratings,
		Invoices: w.invoices, Tax: table, Log: log, Operator: w.Operator.Org, Share: 1999,
		Offer: func(_ *store.Tx, subscription string) (string, error) { return w.offers[subscription], nil }})
	for n := range 2 {
		p := w.Business(t, w.Operator, fmt.Sprint("Publisher", n), party.KindPublisher)
		o, err := w.Parties.Organisation(t.Context(), p, p.Org)
		w.must(t, err)
		w.publishers, w.own[p.Org] = append(w.publishers, p), o.Entity
	}
	reseller := w.Business(t, w.Operator, "Reseller", party.KindReseller)
	second := w.Business(t, reseller, "Second", party.KindReseller)
	w.customers = []access.Caller{w.Business(t, w.Operator, "Acme", party.KindCustomer), w.Business(t, reseller, "Below", party.KindCustomer),
		w.Business(t, second, "Deep", party.KindCustomer), w.Household(t, "Moreau")}
	return w
}

func (w *settled) must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *settled) tx(t testing.TB, fn func(tx *store.Tx) error) {
	t.Helper()
	w.must(t, w.DB.Tx(context.Background(), fn))
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// unit is a price of up to so many whole units of the currency, with all its decimals.
func (w *settled) unit(c money.Currency, most int64) money.UnitPrice {
	return money.NewUnitPrice(w.rng.Int64N(most*1_000_000_000), c)
}

// version draws a price list.
func (w *settled) version(basis price.Basis, c money.Currency) *price.Version {
	for {
		w.n++
		v := &price.Version{ID: fmt.Sprint("prv-", w.n), Currency: c, Basis: basis, EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		for n := range 1 + w.rng.IntN(4) {
			v.Components = append(v.Components, w.component(n, c))
		}
		for n := range w.rng.IntN(3) {
			v.Terms = append(v.Terms, w.term(n, c))
		}
		if v.Validate() == nil {
			return v
		}
	}
}

func (w *settled) component(n int, c money.Currency) price.Component {
	out := price.Component{Key: fmt.Sprint("part", n), Kind: pick(w.rng, price.OneOff, price.PerPeriod, price.PerPeriod, price.PerUnit, price.Graduated, price.Volume, price.Package)}
	switch {
	case out.Kind == price.PerPeriod:
		out.Every = pick(w.rng, price.Month, price.Month, price.Year)
		fallthrough
	case out.Kind == price.OneOff:
		out.Price = w.unit(c, 200)
		if w.rng.IntN(2) == 0 {
			out.Parts = []price.Part{{Key: "software", Weight: 3}, {Key: "support", Weight: 1}, {Key: "storage", Weight: money.Quantity(w.rng.IntN(9))}}
		}
		return out
	}
	out.Meter, out.Unit, out.Per = "messages", "message", money.Quantity(pick(w.rng, 1, 3, 7, 1000))
	out.Free = money.Quantity(pick(w.rng, 0, 0, 10, 999))
	if out.Kind == price.Graduated || out.Kind == price.Volume {
		first := out.Free + money.Quantity(1+w.rng.IntN(900))
		out.Tiers = []price.Tier{{UpTo: first, Price: w.unit(c, 2), Flat: w.unit(c, 1)}, {UpTo: first + 400, Price: w.unit(c, 1)}, {Price: w.unit(c, 1)}}
		return out
	}
	out.Price = w.unit(c, 2)
	return out
}

func (w *settled) term(n int, c money.Currency) price.Term {
	t := price.Term{Key: fmt.Sprint("term", n), Kind: pick(w.rng, price.Trial, price.Discount, price.Coupon, price.Cap, price.Minimum, price.Commitment)}
	switch t.Kind {
	case price.Trial:
		t.Days = 1 + w.rng.IntN(20)
	case price.Discount:
		t.Percent, t.Periods = price.Percent(w.rng.IntN(60_000)), w.rng.IntN(3)
	default:
		t.Amount = money.New(1+w.rng.Int64N(30_000), c)
		t.Prorate = t.Kind != price.Coupon && w.rng.IntN(2) == 0
		t.Prepaid = t.Kind == price.Commitment && w.rng.IntN(2) == 0
	}
	return t
}

func (w *settled) keep(t testing.TB, v *price.Version) []byte {
	t.Helper()
	text, err := v.Canonical()
	w.must(t, err)
	w.prices[hashOf(text)] = v
	return text
}

// sell begins a subscription of a random customer: of a publisher by resale or agency, or of the operator.
func (w *settled) sell(t testing.TB) {
	w.n++
	c := pick(w.rng, w.customers...)
	basis := pick(w.rng, price.Net, price.Net, price.Gross)
	if c.Org == w.customers[len(w.customers)-1].Org {
		basis = price.Gross
	}
	v := w.version(basis, pick(w.rng, money.EUR, money.EUR, money.Currency("CHF"), money.Currency("JPY"), money.Currency("GBP")))
	p := pick(w.rng, w.publishers[0].Org, w.publishers[1].Org, w.Operator.Org)
	seller := w.Entity
	if p != w.Operator.Org && w.rng.IntN(3) == 0 {
		seller = w.own[p]
	}
	one := &soldOne{id: w.IDs.New("sub"), customer: c, version: v, begun: w.Clock.Now()}
	text := w.keep(t, v)
	w.offers[one.id] = fmt.Sprint("offer", w.rng.IntN(3))
	w.sold = append(w.sold, one)
	w.tx(t, func(tx *store.Tx) error {
		return w.ratings.Begin(tx, rating.Start{Subscription: one.id, Org: c.Org, Path: c.Path, Publisher: p, Seller: seller, Market: w.Market.ID, Name: w.offers[one.id],
			Plan: "small", Zone: "Europe/Paris", Anchor: price.DateOf(one.begun, time.UTC), Price: text, At: one.begun, Fact: "fct_none"})
	})
}

// use rates a window that ended so long ago: what is older than the last invoice is late.
func (w *settled) use(t testing.TB, one *soldOne, ago time.Duration) string {
	from := w.Clock.Now().Add(-ago).Truncate(time.Hour)
	if from.Before(one.begun) {
		from = one.begun.Truncate(time.Second)
	}
	w.n++
	id := fmt.Sprint("win_settled_", w.n)
	w.tx(t, func(tx *store.Tx) error {
		return w.ratings.RateWindow(tx, rating.ClosedWindow{Fact: "fct_none", Window: proof.Window{ID: id, Subject: one.id, Source: "res_1", From: from, To: from.Add(time.Hour),
			Events: 1, Sums: []proof.Sum{{Meter: "messages", Unit: "message", Quantity: fmt.Sprint(1 + w.rng.IntN(1500))}}}})
	})
	return id
}

func (w *settled) dispute(t testing.TB, one *soldOne, window string, state meter.DisputeState, kind string) {
	w.tx(t, func(tx *store.Tx) error {
		_, err := w.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: "dsp_" + window, Owner: one.customer.Org, Actor: "system:test", At: w.Clock.Now(),
			Machine: meter.DisputeFact{Dispute: "dsp_" + window, Subject: one.id, Window: window, State: state}})
		return err
	})
}

func (w *settled) drain(t testing.TB) {
	t.Helper()
	for range 3 { // what was put off is tried again
		w.must(t, w.Facts.Drain(context.Background(), w.settlements.Readers()...))
	}
}

// terms draws a split rule.
func (w *settled) terms() settlement.Terms {
	bearers := []settlement.Bearer{"", settlement.Shared, settlement.ByOperator, settlement.ByPublisher}
	parts := func(publisher int) settlement.Parts {
		first := w.rng.IntN(settlement.Whole - publisher + 1)
		second := w.rng.IntN(settlement.Whole - publisher - first + 1)
		return settlement.Parts{Publisher: publisher, Operator: settlement.Whole - publisher - first - second, Resellers: []int{first, second}}
	}
	out := settlement.Terms{Discount: pick(w.rng, bearers...), CreditNote: pick(w.rng, bearers...), BadDebt: pick(w.rng, bearers...), Fees: pick(w.rng, bearers...)}
	clause := settlement.Clause{Kind: settlement.Percent, Parts: parts(w.rng.IntN(settlement.Whole))}
	if w.rng.IntN(3) == 0 {
		clause.Each, clause.Per = w.unit(money.EUR, 1), money.Quantity(pick(w.rng, 1, 10))
	}
	out.Clauses = append(out.Clauses, clause)
	if w.rng.IntN(2) == 0 {
		out.Clauses = append(out.Clauses, settlement.Clause{Component: "part0", Kind: settlement.Fixed, Parts: parts(0), Each: w.unit(money.EUR, 2), Per: 1})
	}
	if w.rng.IntN(2) == 0 {
		out.Clauses = append(out.Clauses, settlement.Clause{Component: "part1", Kind: settlement.Tiers, Tiers: []settlement.Tier{
			{UpTo: 1 + w.rng.Int64N(50_000), Parts: parts(w.rng.IntN(settlement.Whole))}, {Parts: parts(w.rng.IntN(settlement.Whole))}}})
	}
	if w.rng.IntN(2) == 0 {
		out.Reserve, out.ReserveDays = 1+w.rng.IntN(3000), 1+w.rng.IntN(40)
	}
	return out
}

// refused passes over what the business says no to: a random deed may be refused, and must not fail otherwise.
func (w *settled) refused(t testing.TB, what string, err error) {
	t.Helper()
	var f *fail.Error
	if err != nil && !errors.As(err, &f) {
		t.Fatalf("%s: %v", what, err)
	}
}
