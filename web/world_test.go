package web_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/klog/v2"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/bank"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/dunning"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/copies/drift"
	"github.com/halle-cloud/halle/driver/memory"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/trace"
	"github.com/halle-cloud/halle/web"
)

var ctx = context.Background()

// world is an installation with every service behind the portal; only the engine is one without machines.
type world struct {
	*partytest.World
	s                                        web.Services
	handler                                  http.Handler
	publisher, acme, technical, rival, house access.Caller
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sets() []store.Migrations {
	return append(partytest.Sets(), signin.Migrations(), residency.Migrations(), catalog.Migrations(), order.Migrations(), placement.Migrations(), provision.Migrations(),
		subscription.Migrations(), copies.Migrations(), drift.Migrations(), licence.Migrations(), meter.Migrations(), rating.Migrations(), budget.Migrations(), billing.Migrations(), monthclose.Migrations(), collect.Migrations(), bank.Migrations(), dunning.Migrations())
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets())
	w := &world{World: partytest.New(t, db)}
	w.Market.FirstLimit = 1_000_000
	var err error
	w.Market, err = w.Parties.SetMarket(ctx, w.Operator, w.Market)
	must(t, err)
	w.wire(t, db)
	w.publisher = w.Business(t, w.Operator, "Relay", party.KindPublisher)
	w.acme = w.Business(t, w.Operator, "Acme", party.KindCustomer)
	w.technical = w.Join(t, w.acme, w.acme.Org, "tom@acme.example", access.RoleTechnical)
	w.rival = w.Business(t, w.Operator, "Rival", party.KindCustomer)
	w.house = w.Household(t, "Durand")
	w.shelf(t)
	mux := http.NewServeMux()
	must(t, web.New(mux, w.s, web.Options{Brand: "Halle", Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler), LogURL: "/log/", Gallery: true,
		Demo: []web.DemoRole{{Name: "Acme", Role: "company", Person: w.acme.Person, Org: w.acme.Org, Home: "/services"}}}))
	w.handler = mux
	return w
}

// wire makes the services as the server does.
func (w *world) wire(t *testing.T, db *store.DB) {
	t.Helper()
	s := &w.s
	*s = web.Services{Parties: w.Parties, Facts: w.Facts, Policy: w.Policy}
	log := slog.New(slog.DiscardHandler)
	klog.SetSlogLogger(log)
	var err error
	s.SignIns, err = signin.New(ctx, db, w.Ring, w.IDs, w.Clock.Now, s.Facts, s.Policy, s.Parties, w.Outbox, w.Queue,
		signin.Config{Site: "https://halle.example", Demo: true, Cost: signin.Cost{MemoryKiB: 64, Time: 1, Threads: 1}})
	must(t, err)
	s.Residency = residency.New(residency.Config{DB: db, Facts: s.Facts, Policy: s.Policy, Rules: residency.NewRules(), Operator: w.Operator.Org, Now: w.Clock.Now,
		Parties: s.Parties, IDs: w.IDs, Sells: func(tx *store.Tx, m party.Market) ([]residency.Sold, error) { return s.Placements.Sells(tx, m) }})
	s.Catalogue = catalog.New(db, w.IDs, w.Clock.Now, s.Facts, s.Policy, s.Parties)
	s.Orders, err = order.New(order.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: s.Facts, Policy: s.Policy, Parties: s.Parties, Catalogue: s.Catalogue, Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	s.Placements = placement.New(placement.Config{DB: db, Facts: s.Facts, Policy: s.Policy, IDs: w.IDs, Now: w.Clock.Now, Residency: s.Residency, Catalog: s.Catalogue, Operator: w.Operator.Org,
		Entity: s.Parties.Entity, ItemPlaced: s.Orders.ItemPlaced, ItemRefused: s.Orders.ItemRefused})
	s.Resources = provision.New(provision.Config{DB: db, Facts: s.Facts, Ring: w.Ring, Queue: w.Queue, Policy: s.Policy, SignIns: s.SignIns, IDs: w.IDs, Operator: w.Operator.Org, Now: w.Clock.Now, Log: log,
		Drivers: map[string]provision.Driver{"process": &managed{Driver: memory.New(memory.NewEngine(), w.Clock.Now), names: []string{"pump-7"}}},
		Upstream: provision.Upstream{ItemDone: s.Orders.ItemDone, ItemCancelled: s.Orders.ItemCancelled, Elsewhere: s.Placements.Elsewhere, Released: s.Placements.Release,
			ItemFailed: func(tx *store.Tx, item string, f provision.Failure) error {
				return s.Orders.ItemFailed(tx, item, order.Failure{Class: string(f.Class), Code: f.Code, Text: f.Text})
			}}})
	s.Subscriptions = subscription.New(subscription.Config{DB: db, Now: w.Clock.Now, Facts: s.Facts, Policy: s.Policy, Parties: s.Parties, Orders: s.Orders, Queue: w.Queue, SetDesired: s.Resources.SetDesired})
	dir := t.TempDir()
	u, err := usage.Open(ctx, usage.Config{Dir: dir, DB: storetest.Open(t, "sqlite:"+filepath.Join(dir, "usage.db")+"?sync=off", []store.Migrations{usage.Migrations()}), Now: w.Clock.Now, IDs: w.IDs})
	must(t, err)
	t.Cleanup(func() { must(t, u.Close()) })
	s.Meters = meter.New(db, w.IDs, w.Clock.Now, s.Facts, s.Policy, s.Parties, u, log)
	s.Copies, err = copies.New(copies.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: s.Facts, Policy: w.Policy, Parties: w.Parties, Residency: s.Residency, Catalogue: s.Catalogue,
		Placements: s.Placements, Resources: s.Resources, Outbox: w.Outbox, Queue: w.Queue, Log: slog.New(slog.DiscardHandler), Operator: w.Operator.Org, Site: "https://halle.example"})
	must(t, err)
	s.Drifts, err = drift.New(drift.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: s.Facts, Policy: w.Policy, Parties: w.Parties, Residency: s.Residency, Register: s.Copies,
		Outbox: w.Outbox, Queue: w.Queue, Log: slog.New(slog.DiscardHandler), Operator: w.Operator.Org, Site: "https://halle.example"})
	must(t, err)
	s.Licences, err = licence.New(licence.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Ring: w.Ring, Facts: s.Facts, Policy: s.Policy, Parties: s.Parties, Catalogue: s.Catalogue,
		Orders: s.Orders, Subscriptions: s.Subscriptions, Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	s.Ratings = rating.New(rating.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: s.Facts, Policy: s.Policy, Parties: s.Parties, Zone: "Europe/Paris",
		Windows: s.Meters.WindowsIn, Trial: s.Subscriptions.TrialIn, Subscribers: s.Subscriptions.Subscribers})
	s.Budgets, err = budget.New(budget.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: s.Facts, Policy: s.Policy, Parties: s.Parties, Orders: s.Orders, Subscriptions: s.Subscriptions,
		Ratings: s.Ratings, Outbox: w.Outbox, Log: log, Site: "https://halle.example", Meter: budget.Meter{Moved: s.Meters.Moved, Moves: s.Meters.Moves, RunningOf: s.Meters.RunningOf}})
	must(t, err)
	rates, err := tax.Builtin()
	must(t, err)
	s.Log, err = trace.OpenLog(ctx, t.TempDir(), "test.halle", w.Ring, 100*time.Millisecond)
	must(t, err)
	t.Cleanup(func() { _ = s.Log.Close(ctx) })
	s.Invoices = billing.New(billing.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: s.Facts, Policy: s.Policy, Parties: s.Parties, Ratings: s.Ratings, Tax: rates, Log: log, LogKey: s.Log.Key,
		Receipt: func(ctx context.Context, party, fact string) (proof.Receipt, error) {
			return s.Facts.Receipt(ctx, s.Log, party, fact)
		},
		WindowFile: func(ctx context.Context, id string) (*proof.WindowFile, error) {
			return s.Meters.WindowFile(ctx, access.System("billing"), id)
		},
		Window: func(ctx context.Context, id string) (proof.Window, error) {
			w, err := s.Meters.Window(ctx, access.System("billing"), id)
			return w.Proof(), err
		},
		WindowEvents: func(ctx context.Context, id string, out *proof.EventsWriter) error {
			return s.Meters.WriteEvents(ctx, access.System("billing"), id, out)
		},
		CountEvents: s.Meters.CountEvents})
	s.Closes, err = monthclose.New(monthclose.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: s.Ratings, Invoices: s.Invoices,
		Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	s.Collects, err = collect.New(collect.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: s.Facts, Policy: s.Policy, Parties: s.Parties, Invoices: s.Invoices, Outbox: w.Outbox, Log: log,
		Site: "https://halle.example"})
	must(t, err)
	s.Banks = bank.New(bank.Config{DB: db, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: s.Facts, Policy: s.Policy, Parties: s.Parties, Invoices: s.Invoices, Collects: s.Collects})
	s.Dunnings, err = dunning.New(dunning.Config{DB: db, Now: w.Clock.Now, Facts: s.Facts, Policy: s.Policy, Parties: s.Parties, Subscriptions: s.Subscriptions, Ratings: s.Ratings, Invoices: s.Invoices, Collects: s.Collects,
		Site: "https://halle.example"})
	must(t, err)
}

// shelf imports the demonstration's clouds and puts the offer of the catalogue's tests on the shelf.
func (w *world) shelf(t *testing.T) {
	t.Helper()
	clouds, err := os.ReadFile("../residency/testdata/demo.yaml")
	must(t, err)
	_, err = w.s.Residency.Import(ctx, w.Operator, clouds)
	must(t, err)
	catalogtest.Publish(t, w.s.Catalogue, w.publisher, w.Operator, append(catalogtest.Sample(t), scaleForAll...))
}

// scaleForAll is a price of the plan at the end of that offer in the market of the tests, whose prices carry tax.
const scaleForAll = `      - currency: EUR
        basis: gross
        components:
          - key: base
            kind: perPeriod
            every: month
            price: 60 EUR
`

// managed is the engine without machines, with an application that keeps devices as the message broker does.
type managed struct {
	*memory.Driver
	names []string
}

func (d *managed) Manage(_ context.Context, _ provision.Target, r provision.ManageRequest) (provision.ManageReply, error) {
	name, one := strings.CutPrefix(r.Path, "devices/")
	switch {
	case r.Method == http.MethodGet:
		list := []map[string]any{}
		for _, n := range d.names {
			list = append(list, map[string]any{"name": n, "prefix": "ward/", "created": "2026-03-02T09:00:00Z"})
		}
		b, err := json.Marshal(list)
		return provision.ManageReply{Status: http.StatusOK, Body: b}, err
	case one && r.Method == http.MethodDelete:
		d.names = slices.DeleteFunc(d.names, func(n string) bool { return n == name })
		return provision.ManageReply{Status: http.StatusNoContent}, nil
	}
	var in struct{ Name string }
	if err := json.Unmarshal(r.Body, &in); err != nil || in.Name == "" || slices.Contains(d.names, in.Name) {
		return provision.ManageReply{Status: http.StatusUnprocessableEntity, Body: []byte(`{"code":"m2m.device_name","detail":"The device name is empty.","remedy":"Use 1 to 128 characters."}`)}, nil
	}
	d.names = append(d.names, in.Name)
	return provision.ManageReply{Status: http.StatusCreated, Body: []byte(`{"name":"` + in.Name + `","password":"seven-green-lamps"}`)}, nil
}

// settle lets everything happen that follows from what was done, and publishes the log.
func (w *world) settle(t *testing.T) {
	t.Helper()
	s := w.s
	var readers []trace.Reader
	for _, list := range [][]trace.Reader{s.SignIns.Readers(), s.Placements.Readers(), s.Resources.Readers(), s.Subscriptions.Readers(), s.Copies.Readers(), s.Drifts.Readers(), s.Licences.Readers(), s.Meters.Readers(), s.Ratings.Readers(), s.Invoices.Readers()} {
		readers = append(readers, list...)
	}
	for range 12 {
		must(t, s.Facts.Drain(ctx, readers...))
		_, err := w.Queue.Drain(ctx)
		must(t, err)
		_, err = s.Meters.Sync(ctx)
		must(t, err)
		w.Clock.Advance(5 * time.Second)
	}
	pumped, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- s.Facts.Pump(pumped, s.Log) }()
	var want int64
	must(t, w.DB.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT count(*) FROM fact_leaf").Scan(&want) }))
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if n, err := s.Log.Published(ctx); err == nil && int64(n) >= want {
			break
		}
	}
	cancel()
	must(t, <-done)
}

// order places an order and lets it be carried out.
func (w *world) order(t *testing.T, c access.Caller, class string) order.Order {
	t.Helper()
	o, err := w.s.Orders.Place(ctx, c, order.PlaceInput{Key: w.IDs.New("key"), Language: "en", ConsentToStart: true, Items: []order.ItemInput{
		{Offer: "relay-m2m", Plan: "start", Parameters: json.RawMessage(`{"hosts":["a.example"]}`), DataClass: class}}})
	must(t, err)
	w.settle(t)
	o, err = w.s.Orders.Order(ctx, c, o.ID)
	must(t, err)
	return o
}

// browser is somebody at the portal.
type browser struct {
	t       *testing.T
	w       *world
	lang    string
	cookies []*http.Cookie
}

// as signs somebody in; the zero Caller is a visitor.
func (w *world) as(t *testing.T, c access.Caller, lang string) *browser {
	t.Helper()
	b := &browser{t: t, w: w, lang: lang}
	if c.Person != "" {
		session, err := w.s.SignIns.SignInAs(ctx, c.Person, c.Org, signin.Origin{Address: "192.0.2.1", Agent: "Test", Country: "FR"})
		must(t, err)
		b.cookies = []*http.Cookie{signin.Cookie(session, false)}
	}
	return b
}

func (b *browser) do(r *http.Request) *http.Response {
	b.t.Helper()
	r.Header.Set("Accept-Language", b.lang)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	b.w.handler.ServeHTTP(rec, r)
	out := rec.Result()
	for _, c := range out.Cookies() {
		b.cookies = append(b.cookies, c)
	}
	return out
}

func (b *browser) get(path string) (int, string) {
	b.t.Helper()
	r := b.do(httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
	return r.StatusCode, read(b.t, r)
}

func (b *browser) post(path string, form url.Values) (status int, body, location string) {
	b.t.Helper()
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	r := b.do(req)
	return r.StatusCode, read(b.t, r), r.Header.Get("Location")
}

func read(t *testing.T, r *http.Response) string {
	t.Helper()
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	must(t, err)
	return string(body)
}
