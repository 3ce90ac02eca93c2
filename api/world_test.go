package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/api"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/bank"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/dunning"
	"github.com/halle-cloud/halle/billing/handover"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/copies/drift"
	"github.com/halle-cloud/halle/driver/memory"
	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/export"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/settlement/payout"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/trace"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sets() []store.Migrations {
	return append(partytest.Sets(), signin.Migrations(), residency.Migrations(), catalog.Migrations(), order.Migrations(), placement.Migrations(),
		provision.Migrations(), subscription.Migrations(), copies.Migrations(), drift.Migrations(), licence.Migrations(), meter.Migrations(), rating.Migrations(), budget.Migrations(), billing.Migrations(), monthclose.Migrations(), collect.Migrations(), bank.Migrations(), dunning.Migrations(),
		ledger.Migrations(), settlement.Migrations(), payout.Migrations(), export.Migrations(), handover.Migrations())
}

// managed is the memory driver with an application behind it.
type managed struct{ *memory.Driver }

// Manage answers as an application with one device would.
func (managed) Manage(_ context.Context, _ provision.Target, r provision.ManageRequest) (provision.ManageReply, error) {
	return provision.ManageReply{Status: http.StatusOK, Type: "application/json", Body: fmt.Appendf(nil, `{"method":%q,"path":%q}`, r.Method, r.Path)}, nil
}

// world is an installation with everything in it, and its API.
type world struct {
	*partytest.World
	services api.Services
	usage    *usage.Store
	usageDB  *store.DB
	tlog     *trace.Log
	engine   *memory.Engine
	people   *memory.Engine
	server   http.Handler
	who      map[string]access.Caller // by a name that a request may give instead of a credential
	ids      map[string]string        // a thing of Acme's, by the name of its path parameter
	n        int
}

// newWorld makes the installation on an empty database. Everything that identifiers can name is there once.
func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	return newWorldOn(t, db, nil)
}

// newWorldOn makes it with another usage log than files.
func newWorldOn(t testing.TB, db *store.DB, openLog func(context.Context, batchlog.Durable) (batchlog.Log, error)) *world {
	t.Helper()
	w := &world{World: partytest.New(t, db), engine: memory.NewEngine(), people: memory.NewEngine(), who: map[string]access.Caller{}, ids: map[string]string{}}
	dir := t.TempDir()
	udb, err := store.Open(context.Background(), "sqlite:"+filepath.Join(dir, "usage.db")+"?sync=off")
	must(t, err)
	t.Cleanup(func() { must(t, udb.Close()) })
	must(t, udb.Migrate(context.Background(), usage.Migrations()))
	w.usageDB = udb
	w.usage, err = usage.Open(context.Background(), usage.Config{Dir: dir, DB: udb, Now: w.Clock.Now, IDs: w.IDs, OpenLog: openLog})
	must(t, err)
	t.Cleanup(func() { must(t, w.usage.Close()) })
	w.tlog, err = trace.OpenLog(context.Background(), filepath.Join(dir, "log"), "test.halle", w.Ring, 100*time.Millisecond)
	must(t, err)
	t.Cleanup(func() { must(t, w.tlog.Close(context.Background())) })
	w.wire(t)
	w.Market.FirstLimit = 10_000_000
	w.Market, err = w.Parties.SetMarket(context.Background(), w.Operator, w.Market)
	must(t, err)
	w.furnish(t)
	return w
}

// wire makes every service over w.DB, as cmd does.
func (w *world) wire(t testing.TB) {
	t.Helper()
	ctx, log, now := context.Background(), slog.New(slog.DiscardHandler), w.Clock.Now
	w.Queue = job.New(w.DB, "test", now, log)
	w.Facts = trace.New(w.DB, w.Ring, w.IDs, now, log)
	var err error
	w.Outbox, err = mail.New(w.DB, w.Ring, w.Queue, w.IDs, now, mail.Folder{Path: w.Mails}, "Halle <no-reply@halle.example>")
	must(t, err)
	w.Parties, err = party.New(w.DB, w.Ring, w.IDs, now, w.Facts, w.Policy, w.Outbox, "https://halle.example")
	must(t, err)
	s := api.Services{Operator: w.Operator.Org, Policy: w.Policy, Parties: w.Parties, Facts: w.Facts, Log: w.tlog, Jobs: w.Queue}
	s.SignIns, err = signin.New(ctx, w.DB, w.Ring, w.IDs, now, w.Facts, w.Policy, w.Parties, w.Outbox, w.Queue,
		signin.Config{Site: "https://halle.example", Demo: true, Cost: signin.Cost{MemoryKiB: 64, Time: 1, Threads: 1}, PerAccount: 1 << 20, PerAddress: 1 << 20})
	must(t, err)
	s.Residency = residency.New(residency.Config{DB: w.DB, Facts: w.Facts, Policy: w.Policy, Rules: residency.NewRules(), Operator: w.Operator.Org, Now: now,
		Parties: w.Parties, IDs: w.IDs, Sells: func(tx *store.Tx, m party.Market) ([]residency.Sold, error) { return s.Placements.Sells(tx, m) }})
	s.Catalogue = catalog.New(w.DB, w.IDs, now, w.Facts, w.Policy, w.Parties)
	s.Orders, err = order.New(order.Config{DB: w.DB, IDs: w.IDs, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: s.Catalogue,
		Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	s.Placements = placement.New(placement.Config{DB: w.DB, Facts: w.Facts, Policy: w.Policy, IDs: w.IDs, Now: now, Residency: s.Residency, Catalog: s.Catalogue,
		Operator: w.Operator.Org, Entity: w.Parties.Entity, ItemPlaced: s.Orders.ItemPlaced, ItemRefused: s.Orders.ItemRefused})
	s.Resources = provision.New(provision.Config{DB: w.DB, Facts: w.Facts, Ring: w.Ring, Queue: w.Queue, Policy: w.Policy, SignIns: s.SignIns, IDs: w.IDs,
		Operator: w.Operator.Org, Now: now, Log: log,
		Drivers: map[string]provision.Driver{"process": managed{memory.New(w.engine, now)}, "people": memory.New(w.people, now)},
		Upstream: provision.Upstream{ItemDone: s.Orders.ItemDone, ItemCancelled: s.Orders.ItemCancelled, Elsewhere: s.Placements.Elsewhere, Released: s.Placements.Release,
			ItemFailed: func(tx *store.Tx, item string, f provision.Failure) error {
				return s.Orders.ItemFailed(tx, item, order.Failure{Class: string(f.Class), Code: f.Code, Text: f.Text})
			}}})
	s.Meters = meter.New(w.DB, w.IDs, now, w.Facts, w.Policy, w.Parties, w.usage, log)
	s.Subscriptions = subscription.New(subscription.Config{DB: w.DB, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Orders: s.Orders,
		Queue: w.Queue, SetDesired: s.Resources.SetDesired})
	s.Copies, err = copies.New(copies.Config{DB: w.DB, IDs: w.IDs, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Residency: s.Residency, Catalogue: s.Catalogue,
		Placements: s.Placements, Resources: s.Resources, Outbox: w.Outbox, Queue: w.Queue, Log: log, Operator: w.Operator.Org, Site: "https://halle.example"})
	must(t, err)
	s.Drifts, err = drift.New(drift.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Residency: s.Residency, Register: s.Copies,
		Outbox: w.Outbox, Queue: w.Queue, Log: slog.New(slog.DiscardHandler), Operator: w.Operator.Org, Site: "https://halle.example"})
	must(t, err)
	s.Licences, err = licence.New(licence.Config{DB: w.DB, IDs: w.IDs, Now: now, Ring: w.Ring, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: s.Catalogue,
		Orders: s.Orders, Subscriptions: s.Subscriptions, Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	s.Ratings = rating.New(rating.Config{DB: w.DB, IDs: w.IDs, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties,
		Spend: func(tx *store.Tx, org string, amount money.Amount) error {
			_, err := s.Orders.RaiseSpent(tx, org, amount)
			return err
		}, Windows: s.Meters.WindowsIn, Trial: s.Subscriptions.TrialIn, Subscribers: s.Subscriptions.Subscribers})
	rates, err := tax.Builtin()
	must(t, err)
	s.Budgets, err = budget.New(budget.Config{DB: w.DB, IDs: w.IDs, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Orders: s.Orders,
		Subscriptions: s.Subscriptions, Ratings: s.Ratings, Outbox: w.Outbox, Log: log, Site: "https://halle.example",
		Meter: budget.Meter{Moved: s.Meters.Moved, Moves: s.Meters.Moves, RunningOf: s.Meters.RunningOf}})
	must(t, err)
	s.Invoices = billing.New(billing.Config{DB: w.DB, Ring: w.Ring, IDs: w.IDs, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: s.Ratings,
		Tax: rates, Log: log, LogKey: w.tlog.Key, Paid: s.Orders.Paid,
		Receipt: func(ctx context.Context, party, fact string) (proof.Receipt, error) {
			return w.Facts.Receipt(ctx, w.tlog, party, fact)
		},
		WindowFile: func(ctx context.Context, window string) (*proof.WindowFile, error) {
			return s.Meters.WindowFile(ctx, access.System("billing"), window)
		},
		Window: func(ctx context.Context, window string) (proof.Window, error) {
			w, err := s.Meters.Window(ctx, access.System("billing"), window)
			return w.Proof(), err
		},
		WindowEvents: func(ctx context.Context, window string, out *proof.EventsWriter) error {
			return s.Meters.WriteEvents(ctx, access.System("billing"), window, out)
		},
		CountEvents: s.Meters.CountEvents})
	s.Closes, err = monthclose.New(monthclose.Config{DB: w.DB, IDs: w.IDs, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: s.Ratings, Invoices: s.Invoices,
		Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	s.Collects, err = collect.New(collect.Config{DB: w.DB, Ring: w.Ring, IDs: w.IDs, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Invoices: s.Invoices, Outbox: w.Outbox, Log: log,
		Site: "https://halle.example"})
	must(t, err)
	s.Banks = bank.New(bank.Config{DB: w.DB, Ring: w.Ring, IDs: w.IDs, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Invoices: s.Invoices, Collects: s.Collects})
	s.Dunnings, err = dunning.New(dunning.Config{DB: w.DB, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Subscriptions: s.Subscriptions, Ratings: s.Ratings, Invoices: s.Invoices, Collects: s.Collects,
		Site: "https://halle.example"})
	must(t, err)
	s.Settlements = settlement.New(settlement.Config{DB: w.DB, IDs: w.IDs, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: s.Ratings,
		Invoices: s.Invoices, Tax: rates, Log: log, Operator: w.Operator.Org, Share: 2000,
		Offer: func(tx *store.Tx, subscription string) (string, error) {
			one, err := s.Subscriptions.SubscriptionIn(tx, subscription)
			return one.Deal.Key, err
		}})
	s.Handovers = handover.New(handover.Config{DB: w.DB, IDs: w.IDs, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: s.Ratings, Invoices: s.Invoices})
	s.Exports = export.New(s.Settlements)
	s.Payouts, err = payout.New(payout.Config{DB: w.DB, Ring: w.Ring, IDs: w.IDs, Now: now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Collects: s.Collects, Settlements: s.Settlements,
		Site: "https://halle.example"})
	must(t, err)
	s.Banks.Payout, s.Banks.Payouts = s.Payouts.Moved, s.Payouts.Reported
	w.services = s
	mux := http.NewServeMux()
	api.New(mux, s, log)
	w.server = w.authenticated(http.NewCrossOriginProtection().Handler(mux), log)
}

// authenticated does what the server does before the API: it tells who calls. A test may name the caller instead.
func (w *world) authenticated(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		c, err := w.services.SignIns.Authenticate(r.Context(), signin.FromRequest(r))
		if name := r.Header.Get("X-Test-Caller"); name != "" {
			c, err = w.who[name], nil
		}
		if err != nil {
			p := api.NewProblem(r.Context(), log, err)
			rw.Header().Set("Content-Type", p.ContentType(""))
			rw.WriteHeader(p.Status)
			_ = json.NewEncoder(rw).Encode(p)
			return
		}
		next.ServeHTTP(rw, r.WithContext(signin.WithCaller(r.Context(), c)))
	})
}

func (w *world) readers() []trace.Reader {
	s := w.services
	var all []trace.Reader
	for _, list := range [][]trace.Reader{s.SignIns.Readers(), s.Placements.Readers(), s.Resources.Readers(), s.Subscriptions.Readers(), s.Copies.Readers(), s.Drifts.Readers(), s.Licences.Readers(), s.Meters.Readers(),
		s.Ratings.Readers(), s.Invoices.Readers(), s.Settlements.Readers()} {
		all = append(all, list...)
	}
	return all
}

// settle lets everything happen that follows from what was done, time passing.
func (w *world) settle(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	for range 12 {
		must(t, w.Facts.Drain(ctx, w.readers()...))
		_, err := w.Queue.Drain(ctx)
		must(t, err)
		for end := time.Now().Add(10 * time.Second); w.usage.Health().Committed < w.usage.Health().Stored && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond) // the usage store commits some times a second
		}
		for more := true; more; {
			more, err = w.services.Meters.Sync(ctx)
			must(t, err)
		}
		w.Clock.Advance(2 * time.Second)
	}
}

// reply is an answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) problem(t testing.TB) (p api.Problem) {
	t.Helper()
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("status %d comes as %q, not as a problem: %s", r.status, got, r.body)
	}
	must(t, json.Unmarshal(r.body, &p))
	return p
}

// do sends a request as somebody: a name of w.who, "nobody", or a credential.
func (w *world) do(t testing.TB, as, method, path, media string, body []byte, headers ...string) reply {
	t.Helper()
	r := httptest.NewRequest(method, "/api/v1"+path, bytes.NewReader(body))
	if _, ok := w.who[as]; ok || as == "nobody" {
		r.Header.Set("X-Test-Caller", as)
	} else {
		r.Header.Set("Authorization", "Bearer "+as)
	}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	answer := rec.Result()
	b, err := io.ReadAll(answer.Body)
	must(t, err)
	return reply{answer.StatusCode, answer.Header, b}
}

// get reads a JSON answer that must be a success.
func (w *world) call(t testing.TB, as, method, path string, body, out any) {
	t.Helper()
	var b []byte
	media := ""
	if body != nil {
		var err error
		b, err = json.Marshal(body)
		must(t, err)
		media = "application/json"
	}
	w.n++
	r := w.do(t, as, method, path, media, b, "Idempotency-Key", fmt.Sprint("key-", w.n))
	if r.status >= 300 {
		t.Fatalf("%s %s as %s: status %d: %s", method, path, as, r.status, r.body)
	}
	if out != nil {
		must(t, json.Unmarshal(r.body, out))
	}
}

// offer brings a YAML file of the demonstration on the shelf.
func (w *world) offer(t testing.TB, file string, steps ...string) (v api.OfferVersion) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "cmd", "halle", "demo", file+".yaml"))
	must(t, err)
	if len(steps) < 2 { // another offer than the one on the shelf
		text = bytes.Replace(text, []byte("key: "+file), []byte("key: "+file+strings.Join(append([]string{"-draft"}, steps...), "-")), 1)
	}
	r := w.do(t, "publisher", http.MethodPost, "/organisations/"+w.who["publisher"].Org+"/offer-versions", "application/yaml", text)
	if r.status != http.StatusOK {
		t.Fatalf("import of %s: %s", file, r.body)
	}
	must(t, json.Unmarshal(r.body, &v))
	for _, step := range steps {
		as := "publisher"
		if step == "publish" {
			as = "operator"
		}
		w.call(t, as, http.MethodPost, "/offer-versions/"+v.ID+"/"+step, nil, &v)
	}
	return v
}
