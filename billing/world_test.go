package billing_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/trace"
)

// world is a market with charges and invoices.
type world struct {
	*partytest.World
	ratings  *rating.Ratings
	invoices *billing.Invoices
	windows  map[string]*proof.WindowFile
	log      *trace.Log
	n        int
}

func sets() []store.Migrations {
	return append(partytest.Sets(), rating.Migrations(), billing.Migrations())
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) { fn(t, newWorld(t, db)) })
}

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{World: partytest.New(t, db), windows: map[string]*proof.WindowFile{}}
	table, err := tax.Builtin()
	must(t, err)
	w.ratings = rating.New(rating.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Zone: "Europe/Paris"})
	w.invoices = billing.New(billing.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties,
		Ratings: w.ratings, Tax: table, Log: slog.New(slog.DiscardHandler),
		Receipt: func(ctx context.Context, party, fact string) (proof.Receipt, error) {
			return w.Facts.Receipt(ctx, w.log, party, fact)
		},
		WindowFile: func(_ context.Context, id string) (*proof.WindowFile, error) { return w.windows[id], nil },
		Window:     func(_ context.Context, id string) (proof.Window, error) { return w.windows[id].Window, nil },
		WindowEvents: func(_ context.Context, id string, out *proof.EventsWriter) error {
			f := w.windows[id]
			if err := out.Window(id, int64(len(f.Events))); err != nil {
				return err
			}
			for _, e := range f.Events {
				if err := out.Event([]byte(e), nil); err != nil {
					return err
				}
			}
			return nil
		},
		CountEvents: func(_ context.Context, ids []string) (n int64, err error) {
			for _, id := range ids {
				n += w.windows[id].Window.Events
			}
			return n, nil
		},
	})
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

// prices is a price list: 1.50 once, 10 a month, messages with a free quantity and tiers.
func prices(basis price.Basis) *price.Version {
	eur := func(nanos int64) money.UnitPrice { return money.NewUnitPrice(nanos, money.EUR) }
	return &price.Version{ID: "prv-1", Currency: money.EUR, Basis: basis, EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Components: []price.Component{
		{Key: "setup", Kind: price.OneOff, Price: eur(1_500_000_000)},
		{Key: "base", Kind: price.PerPeriod, Every: price.Month, Price: eur(10_000_000_000)},
		{Key: "messages", Kind: price.Graduated, Meter: "messages", Unit: "message", Per: 1, Free: 3,
			Tiers: []price.Tier{{UpTo: 10, Price: eur(12_345_678)}, {Price: eur(1_000_000)}}},
		{Key: "bytes", Kind: price.PerUnit, Meter: "bytes", Unit: "MB", Per: 1_000_000, Price: eur(50_000_000)},
	}}
}

func canonical(t testing.TB, v *price.Version) (text []byte, hash string) {
	t.Helper()
	text, err := v.Canonical()
	must(t, err)
	h := sha256.Sum256(text)
	return text, hex.EncodeToString(h[:])
}

// subscribe activates a subscription of the organisation now, as the subscription package would say it.
func (w *world) subscribe(t testing.TB, c access.Caller, v *price.Version) string {
	t.Helper()
	sub := w.IDs.New("sub")
	text, hash := canonical(t, v)
	at := w.Clock.Now()
	w.record(t, subscription.FactActivated, sub, c, subscription.ActivatedFact{Subscription: sub, Org: c.Org, Path: c.Path, Market: w.Market.ID, Publisher: w.Operator.Org,
		Seller: w.Entity, Name: "Messaging", Plan: "small", PlanName: "small", Currency: v.Currency, Basis: v.Basis, Price: text, PriceHash: hash, PriceVersion: v.ID,
		Zone: "Europe/Paris", Anchor: price.DateOf(at, time.UTC), At: at.Format(time.RFC3339Nano)})
	return sub
}

func (w *world) changePlan(t testing.TB, c access.Caller, sub string, v *price.Version) {
	t.Helper()
	text, hash := canonical(t, v)
	w.record(t, subscription.FactPlanChanged, sub, c, subscription.PlanChangedFact{Subscription: sub, Org: c.Org, Publisher: w.Operator.Org, Name: "Messaging", Plan: "large",
		PlanName: "large", Price: text, PriceHash: hash, PriceVersion: v.ID, NewPrice: true, At: w.Clock.Now().Format(time.RFC3339Nano)})
}

// record writes a fact of a package upstream and lets rating and billing read it.
func (w *world) record(t testing.TB, kind, aggregate string, c access.Caller, payload any) {
	t.Helper()
	w.tx(t, func(tx *store.Tx) error {
		_, err := w.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: aggregate, Owner: c.Org, Actor: "system:test", At: w.Clock.Now(), Machine: payload})
		return err
	})
	w.drain(t)
}

// use closes the window of the present hour with the values as events of the meter, and rates it.
func (w *world) use(t testing.TB, c access.Caller, sub, key, unit string, values ...int64) string {
	t.Helper()
	w.n++
	from := w.Clock.Now().Truncate(time.Hour)
	win := proof.Window{ID: fmt.Sprintf("win_test_%d", w.n), Subject: sub, Source: "res_1", From: from, To: from.Add(time.Hour), Events: int64(len(values))}
	f := &proof.WindowFile{}
	type one struct{ hash, text string }
	var list []one
	var hashes [][32]byte
	total := int64(0)
	for i, v := range values {
		e := proof.Event{SpecVersion: "1.0", ID: fmt.Sprintf("res_1/%d/%d", w.n, i), Source: "res_1", Type: proof.TypeUsage, Subject: sub,
			Data: proof.Data{Meter: key, Value: fmt.Sprint(v), Unit: unit, Start: from.Format(time.RFC3339), End: from.Add(time.Minute).Format(time.RFC3339)}}
		h := proof.EventHash(e.Canonical())
		hashes = append(hashes, h)
		list = append(list, one{hex.EncodeToString(h[:]), string(e.Canonical())})
		total += v
	}
	slices.SortFunc(list, func(a, b one) int { return bytes.Compare([]byte(a.hash), []byte(b.hash)) })
	for _, o := range list {
		f.Hashes, f.Events = append(f.Hashes, o.hash), append(f.Events, o.text)
	}
	d := proof.WindowDigest(hashes)
	win.Digest = hex.EncodeToString(d[:])
	win.Sums = []proof.Sum{{Meter: key, Unit: unit, Quantity: fmt.Sprint(total)}}
	f.Window = win
	w.windows[win.ID] = f
	w.record(t, meter.FactWindowClosed, win.ID, c, meter.ClosedWindow{Window: win.ID, Tenant: c.Org, Subject: sub, Source: win.Source, Kind: usage.Regular,
		From: win.From, To: win.To, Events: win.Events, Sums: win.Sums, Digest: win.Digest})
	return win.ID
}

// final ends the subscription now and closes its last window.
func (w *world) final(t testing.TB, c access.Caller, sub string) {
	t.Helper()
	now := w.Clock.Now()
	w.record(t, subscription.FactEnded, sub, c, subscription.EndedFact{Complete: true, StateFact: subscription.StateFact{Subscription: sub, Org: c.Org,
		State: subscription.StateEnded, At: now.Format(time.RFC3339Nano)}})
	w.n++
	id := fmt.Sprintf("win_final_%d", w.n)
	w.record(t, meter.FactWindowClosed, id, c, meter.ClosedWindow{Window: id, Tenant: c.Org, Subject: sub, Kind: usage.Final, From: now, To: now, Sums: []proof.Sum{}})
}

func (w *world) drain(t testing.TB) {
	t.Helper()
	must(t, w.Facts.Drain(context.Background(), append(w.ratings.Readers(), w.invoices.Readers()...)...))
}

func (w *world) list(t testing.TB, c access.Caller) []billing.Summary {
	t.Helper()
	page, err := w.invoices.Invoices(context.Background(), c, c.Org, "")
	must(t, err)
	return page.Invoices
}

// publish puts everything into a log.
func (w *world) publish(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	w.drain(t)
	if w.log == nil {
		var err error
		w.log, err = trace.OpenLog(ctx, t.TempDir(), "test.halle", w.Ring, 100*time.Millisecond)
		must(t, err)
		t.Cleanup(func() { _ = w.log.Close(ctx) })
		w.invoices.LogKey = w.log.Key
	}
	pumped, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- w.Facts.Pump(pumped, w.log) }()
	var want int64
	must(t, w.DB.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT count(*) FROM fact_leaf").Scan(&want) }))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if n, err := w.log.Published(ctx); err == nil && int64(n) >= want {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the log was not published")
		}
	}
	cancel()
	must(t, <-done)
}

func (w *world) proofFile(t testing.TB, c access.Caller, invoice string) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, w.invoices.ProofFile(context.Background(), c, invoice, &b))
	return b.Bytes()
}

func (w *world) business(t testing.TB, name string) access.Caller {
	return w.Business(t, w.Operator, name, party.KindCustomer)
}
