package monthclose_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/trace"
)

func sets() []store.Migrations {
	return append(partytest.Sets(), rating.Migrations(), billing.Migrations(), monthclose.Migrations())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err error, kind fail.Kind, code string) {
	t.Helper()
	var f *fail.Error
	if !errors.As(err, &f) || f.Kind != kind || f.Code != code {
		t.Errorf("%v, want %s %s", err, kind, code)
	}
}

// house is an installation in a folder, which may be opened again.
type house struct {
	db       *store.DB
	ring     *keys.Ring
	ids      *id.Source
	clock    *clock.Fake
	parties  *party.Parties
	ratings  *rating.Ratings
	invoices *billing.Invoices
	closes   *monthclose.Closes
	facts    *trace.Facts
}

// april is when the months of March are closed.
func april() time.Time { return time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC) }

func open(dir, url string) (*house, error) {
	ctx, log := context.Background(), slog.New(slog.NewTextHandler(io.Discard, nil))
	h := &house{clock: clock.NewFake(april())}
	var err error
	if h.db, err = store.Open(ctx, url); err != nil {
		return nil, err
	}
	if err = h.db.Migrate(ctx, sets()...); err != nil {
		return h, err
	}
	if h.ring, err = keys.Open(ctx, keys.Config{URL: "sqlite:" + filepath.Join(dir, "keys.db") + "?sync=off", RootFile: filepath.Join(dir, "root.key"), CreateRoot: true}); err != nil {
		return h, err
	}
	if h.ids, err = id.NewSource("test"); err != nil {
		return h, err
	}
	policy := access.New()
	h.facts = trace.New(h.db, h.ring, h.ids, h.clock.Now, log)
	queue := job.New(h.db, "test", h.clock.Now, log)
	outbox, err := mail.New(h.db, h.ring, queue, h.ids, h.clock.Now, mail.Folder{Path: filepath.Join(dir, "mails")}, "Halle <no-reply@halle.example>")
	if err != nil {
		return h, err
	}
	if h.parties, err = party.New(h.db, h.ring, h.ids, h.clock.Now, h.facts, policy, outbox, "https://halle.example"); err != nil {
		return h, err
	}
	table, err := tax.Builtin()
	if err != nil {
		return h, err
	}
	h.ratings = rating.New(rating.Config{DB: h.db, IDs: h.ids, Now: h.clock.Now, Facts: h.facts, Policy: policy, Parties: h.parties, Zone: "Europe/Paris"})
	h.invoices = billing.New(billing.Config{DB: h.db, Ring: h.ring, IDs: h.ids, Now: h.clock.Now, Facts: h.facts, Policy: policy, Parties: h.parties, Ratings: h.ratings, Tax: table, Log: log})
	h.closes, err = monthclose.New(monthclose.Config{DB: h.db, IDs: h.ids, Now: h.clock.Now, Facts: h.facts, Policy: policy, Parties: h.parties, Ratings: h.ratings,
		Invoices: h.invoices, Outbox: outbox, Queue: queue, Site: "https://halle.example/"})
	return h, err
}

func (h *house) close() error { return errors.Join(h.ring.Close(), h.db.Close()) }

// world is a market with people and the services of a house over it.
type world struct {
	*partytest.World
	*house
	second access.Caller // of the operator's staff
	n      int
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) { fn(t, newWorld(t, db)) })
}

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{World: partytest.New(t, db)}
	w.Operator.Confirmed = true
	w.house = w.services(t)
	w.second = w.Join(t, w.Operator, w.Operator.Org, "second@operator.example", access.RoleOperator)
	w.second.Confirmed = true
	w.Market.MonthClose = party.CloseApproved
	var err error
	w.Market, err = w.Parties.SetMarket(t.Context(), w.Operator, w.Market)
	must(t, err)
	return w
}

func (w *world) services(t testing.TB) *house {
	t.Helper()
	table, err := tax.Builtin()
	must(t, err)
	h := &house{db: w.DB, ring: w.Ring, ids: w.IDs, clock: w.Clock, parties: w.Parties, facts: w.Facts}
	h.ratings = rating.New(rating.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Zone: "Europe/Paris"})
	h.invoices = billing.New(billing.Config{DB: w.DB, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: h.ratings, Tax: table,
		Log: slog.New(slog.DiscardHandler)})
	h.closes, err = monthclose.New(monthclose.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: h.ratings,
		Invoices: h.invoices, Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example/"})
	must(t, err)
	return h
}

// prices is 10 a month and a cent a message.
func prices() *price.Version {
	eur := func(nanos int64) money.UnitPrice { return money.NewUnitPrice(nanos, money.EUR) }
	return &price.Version{ID: "prv-1", Currency: money.EUR, Basis: price.Net, EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Components: []price.Component{
		{Key: "base", Kind: price.PerPeriod, Every: price.Month, Price: eur(10_000_000_000)},
		{Key: "messages", Kind: price.PerUnit, Meter: "messages", Unit: "message", Per: 1, Price: eur(10_000_000)}}}
}

// subscribe begins a subscription of an organisation at an instant.
func (h *house) subscribe(t testing.TB, o party.Organisation, operator access.Caller, entity string, at time.Time) string {
	t.Helper()
	body, err := prices().Canonical()
	must(t, err)
	sub := h.ids.New("sub")
	must(t, h.db.Tx(context.Background(), func(tx *store.Tx) error {
		return h.ratings.Begin(tx, rating.Start{Subscription: sub, Org: o.ID, Path: o.Path, Publisher: operator.Org, Seller: entity, Market: o.Market, Name: "Messaging",
			Plan: "small", Zone: "Europe/Paris", Anchor: price.DateOf(at, time.UTC), Price: body, At: at, Fact: "fct_" + sub})
	}))
	return sub
}

// use rates a window of messages that ended at an instant.
func (h *house) use(t testing.TB, sub string, n int, to time.Time) {
	t.Helper()
	win := h.ids.New("win")
	must(t, h.db.Tx(context.Background(), func(tx *store.Tx) error {
		return h.ratings.RateWindow(tx, rating.ClosedWindow{Fact: "fct_" + win, Window: proof.Window{ID: win, Subject: sub, Source: "res_1", From: to.Add(-time.Hour), To: to, Events: 1,
			Sums: []proof.Sum{{Meter: "messages", Unit: "message", Quantity: fmt.Sprint(n)}}}})
	}))
}

// customer is a business with a subscription since the first of March.
func (w *world) customer(t testing.TB, name string) (access.Caller, string) {
	t.Helper()
	c := w.Business(t, w.Operator, name, party.KindCustomer)
	o, err := w.Parties.Organisation(t.Context(), c, c.Org)
	must(t, err)
	return c, w.subscribe(t, o, w.Operator, w.Entity, w.Clock.Now())
}

func march() monthclose.Month { return monthclose.Month{Year: 2026, Month: time.March} }
