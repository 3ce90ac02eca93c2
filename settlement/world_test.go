package settlement_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
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

// world is a market with two publishers, a reseller and customers of both, whose invoices are settled.
type world struct {
	*partytest.World
	ratings     *rating.Ratings
	invoices    *billing.Invoices
	settlements *settlement.Settlements
	offers      map[string]string // by subscription
	pub, other  access.Caller
	reseller    access.Caller
	acme, below access.Caller // a customer of the operator, and one of the reseller
	n           int
}

func sets() []store.Migrations {
	return append(partytest.Sets(), rating.Migrations(), billing.Migrations(), ledger.Migrations(), settlement.Migrations())
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) { fn(t, newWorld(t, db)) })
}

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{World: partytest.New(t, db), offers: map[string]string{}}
	table, err := tax.Builtin()
	must(t, err)
	w.ratings = rating.New(rating.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Zone: "Europe/Paris"})
	w.invoices = billing.New(billing.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties,
		Ratings: w.ratings, Tax: table, Log: slog.New(slog.DiscardHandler)})
	w.settlements = settlement.New(settlement.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: w.ratings,
		Invoices: w.invoices, Tax: table, Log: slog.New(slog.DiscardHandler), Operator: w.Operator.Org, Share: 2000,
		Offer: func(_ *store.Tx, subscription string) (string, error) { return w.offers[subscription], nil }})
	w.pub = w.Business(t, w.Operator, "Publisher", party.KindPublisher)
	w.other = w.Business(t, w.Operator, "Other", party.KindPublisher)
	w.reseller = w.Business(t, w.Operator, "Reseller", party.KindReseller)
	w.acme = w.Business(t, w.Operator, "Acme", party.KindCustomer)
	w.below = w.Business(t, w.reseller, "Below", party.KindCustomer)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) tx(t testing.TB, fn func(tx *store.Tx) error) {
	t.Helper()
	must(t, w.DB.Tx(context.Background(), fn))
}

// sell lets a customer buy an offer that is charged once per component: offer:publisher and the amounts.
func (w *world) sell(t testing.TB, c access.Caller, publisher, seller, offer string, currency money.Currency, minor ...int64) string {
	t.Helper()
	w.n++
	v := &price.Version{ID: fmt.Sprint("prv-", w.n), Currency: currency, Basis: price.Net, EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i, m := range minor {
		exp, _ := currency.Exponent()
		nanos := m * 1_000_000_000
		for range exp {
			nanos /= 10
		}
		v.Components = append(v.Components, price.Component{Key: fmt.Sprint("part", i), Kind: price.OneOff, Price: money.NewUnitPrice(nanos, currency)})
	}
	v.Components = append(v.Components, price.Component{Key: "messages", Kind: price.PerUnit, Meter: "messages", Unit: "message", Per: 1, Price: money.NewUnitPrice(10_000_000, currency)})
	text, err := v.Canonical()
	must(t, err)
	sub := w.IDs.New("sub")
	w.offers[sub] = offer
	at := w.Clock.Now()
	w.tx(t, func(tx *store.Tx) error {
		return w.ratings.Begin(tx, rating.Start{Subscription: sub, Org: c.Org, Path: c.Path, Publisher: publisher, Seller: seller, Market: w.Market.ID, Name: offer, Plan: "small",
			Zone: "Europe/Paris", Anchor: price.DateOf(at, time.UTC), Price: text, At: at, Fact: "fct_none"})
	})
	return sub
}

// use rates a window of messages.
func (w *world) use(t testing.TB, sub string, messages int) string {
	t.Helper()
	w.n++
	from := w.Clock.Now().Truncate(time.Hour)
	id := fmt.Sprint("win_test_", w.n)
	w.tx(t, func(tx *store.Tx) error {
		return w.ratings.RateWindow(tx, rating.ClosedWindow{Fact: "fct_none", Window: proof.Window{ID: id, Subject: sub, Source: "res_1", From: from, To: from.Add(time.Hour), Events: 1,
			Sums: []proof.Sum{{Meter: "messages", Unit: "message", Quantity: fmt.Sprint(messages)}}}})
	})
	w.Clock.Advance(time.Hour)
	return id
}

// bill issues what a customer owes and lets settlement read it.
func (w *world) bill(t testing.TB, c access.Caller) []billing.Summary {
	t.Helper()
	w.Clock.Advance(time.Minute)
	list, err := w.invoices.Issue(context.Background(), access.System("billing"), c.Org, w.Clock.Now())
	must(t, err)
	w.drain(t)
	return list
}

func (w *world) drain(t testing.TB) {
	t.Helper()
	must(t, w.Facts.Drain(context.Background(), w.settlements.Readers()...))
}

func (w *world) record(t testing.TB, kind, aggregate string, payload any) {
	t.Helper()
	w.tx(t, func(tx *store.Tx) error {
		_, err := w.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: aggregate, Owner: w.acme.Org, Actor: "system:test", At: w.Clock.Now(), Machine: payload})
		return err
	})
	w.drain(t)
}

// rule sets one for a publisher from today.
func (w *world) rule(t testing.TB, publisher string, terms settlement.Terms) settlement.Rule {
	t.Helper()
	r, err := w.settlements.SetRule(context.Background(), w.Operator, settlement.RuleInput{Publisher: publisher, Terms: terms})
	must(t, err)
	return r
}

func percent(publisher, operator int, resellers ...int) settlement.Terms {
	return settlement.Terms{Clauses: []settlement.Clause{{Kind: settlement.Percent, Parts: settlement.Parts{Publisher: publisher, Operator: operator, Resellers: resellers}}}}
}

// balances are the accounts with something in them, "payable -7.00 EUR", of one owner.
func (w *world) balances(t testing.TB, owner string) string {
	t.Helper()
	list, err := w.settlements.Accounts(context.Background(), w.Operator, owner, "", 0, 100)
	must(t, err)
	var out []string
	for _, a := range list {
		if !a.Balance().IsZero() {
			out = append(out, string(a.Key.Code)+" "+a.Balance().String())
		}
	}
	return strings.Join(out, ", ")
}

// proved fails unless the books and all documents agree and nothing waits.
func (w *world) proved(t testing.TB) {
	t.Helper()
	r, err := w.settlements.Check(context.Background(), w.Operator)
	must(t, err)
	if len(r.Differences) > 0 {
		t.Fatal(strings.Join(r.Differences, "\n"))
	}
}

func code(err error) string {
	var e *fail.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// entryOf names the entry of a document.
func entryOf(i billing.Summary) ledger.Ref { return ledger.Ref{Kind: "invoice", ID: i.ID} }
