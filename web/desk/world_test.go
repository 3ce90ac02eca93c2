package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/klog/v2"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/bank"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/dunning"
	"github.com/halle-cloud/halle/billing/handover"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/copies/drift"
	"github.com/halle-cloud/halle/driver/memory"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
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
	"github.com/halle-cloud/halle/web/auditor"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/operator"
	"github.com/halle-cloud/halle/web/publisher"
	"github.com/halle-cloud/halle/web/site"
)

// world is an installation with everything wired as cmd wires it, over an engine in memory.
type world struct {
	*partytest.World
	t      *testing.T
	s      site.Services
	engine *memory.Engine
	portal *http.ServeMux

	relay, acme, home, auditor access.Caller
	offer, waiting             catalog.Version
	order                      order.Order
	invoice                    billing.Summary
}

func TestMain(m *testing.M) {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	m.Run()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// empty is an installation in which nothing happened but that people came.
func empty(t *testing.T) *world {
	t.Helper()
	sets := append(partytest.Sets(), signin.Migrations(), residency.Migrations(), catalog.Migrations(), order.Migrations(), placement.Migrations(), provision.Migrations(),
		subscription.Migrations(), copies.Migrations(), drift.Migrations(), licence.Migrations(), meter.Migrations(), rating.Migrations(), budget.Migrations(), billing.Migrations(), monthclose.Migrations(), collect.Migrations(), bank.Migrations(), dunning.Migrations(), ledger.Migrations(), settlement.Migrations(), payout.Migrations(), export.Migrations(), handover.Migrations())
	w := &world{World: partytest.New(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets), sets)), t: t, engine: memory.NewEngine()}
	w.wire()
	w.relay = w.Business(t, w.Operator, "Relay", party.KindPublisher)
	w.acme = w.Business(t, w.Operator, "Acme Santé", party.KindCustomer)
	w.home = w.Household(t, "Camille Roux")
	w.auditor = w.Join(t, w.Operator, w.Operator.Org, "audit@operator.example", access.RoleAuditor)
	for _, c := range []*access.Caller{&w.Operator, &w.relay, &w.acme, &w.auditor} {
		c.Confirmed = true
	}
	w.mount()
	return w
}

func (w *world) wire() {
	t, log, ctx := w.t, slog.New(slog.DiscardHandler), context.Background()
	var err error
	s := &w.s
	s.Parties, s.Facts, s.Policy, s.Queue = w.Parties, w.Facts, w.Policy, w.Queue
	s.SignIns, err = signin.New(ctx, w.DB, w.Ring, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties, w.Outbox, w.Queue,
		signin.Config{Demo: true, Site: "https://halle.example", Cost: signin.Cost{MemoryKiB: 64, Time: 1, Threads: 1}})
	must(t, err)
	s.Residency = residency.New(residency.Config{DB: w.DB, Facts: w.Facts, Policy: w.Policy, Rules: residency.NewRules(), Operator: w.Operator.Org, Now: w.Clock.Now,
		Parties: w.Parties, IDs: w.IDs, Sells: func(tx *store.Tx, m party.Market) ([]residency.Sold, error) { return s.Placements.Sells(tx, m) }})
	s.Catalogue = catalog.New(w.DB, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties)
	s.Orders, err = order.New(order.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: s.Catalogue, Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	s.Placements = placement.New(placement.Config{DB: w.DB, Facts: w.Facts, Policy: w.Policy, IDs: w.IDs, Now: w.Clock.Now, Residency: s.Residency, Catalog: s.Catalogue, Operator: w.Operator.Org,
		Entity: w.Parties.Entity, ItemPlaced: s.Orders.ItemPlaced, ItemRefused: s.Orders.ItemRefused})
	s.Resources = provision.New(provision.Config{DB: w.DB, Facts: w.Facts, Ring: w.Ring, Queue: w.Queue, Policy: w.Policy, SignIns: s.SignIns, IDs: w.IDs, Operator: w.Operator.Org, Now: w.Clock.Now, Log: log,
		Drivers: map[string]provision.Driver{"process": memory.New(w.engine, w.Clock.Now)},
		Upstream: provision.Upstream{ItemDone: s.Orders.ItemDone, ItemCancelled: s.Orders.ItemCancelled, Elsewhere: s.Placements.Elsewhere,
			ItemFailed: func(tx *store.Tx, item string, f provision.Failure) error {
				return s.Orders.ItemFailed(tx, item, order.Failure{Class: string(f.Class), Code: f.Code, Text: f.Text})
			}}})
	s.Subscriptions = subscription.New(subscription.Config{DB: w.DB, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Orders: s.Orders, Queue: w.Queue, SetDesired: s.Resources.SetDesired})
	counted := storetest.Open(t, storetest.URL(t, store.SQLite, []store.Migrations{usage.Migrations()}), []store.Migrations{usage.Migrations()})
	u, err := usage.Open(ctx, usage.Config{Dir: t.TempDir(), DB: counted, Now: w.Clock.Now, IDs: w.IDs})
	must(t, err)
	t.Cleanup(func() { must(t, u.Close()) })
	s.Meters = meter.New(w.DB, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties, u, log)
	s.Copies, err = copies.New(copies.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Residency: s.Residency, Catalogue: s.Catalogue,
		Placements: s.Placements, Resources: s.Resources, Outbox: w.Outbox, Queue: w.Queue, Log: slog.New(slog.DiscardHandler), Operator: w.Operator.Org, Site: "https://halle.example"})
	must(w.t, err)
	s.Drifts, err = drift.New(drift.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Residency: s.Residency, Register: s.Copies,
		Outbox: w.Outbox, Queue: w.Queue, Log: slog.New(slog.DiscardHandler), Operator: w.Operator.Org, Site: "https://halle.example"})
	must(t, err)
	s.Licences, err = licence.New(licence.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Ring: w.Ring, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: s.Catalogue,
		Orders: s.Orders, Subscriptions: s.Subscriptions, Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	s.Ratings = rating.New(rating.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties,
		Spend: func(tx *store.Tx, org string, amount money.Amount) error {
			_, err := s.Orders.RaiseSpent(tx, org, amount)
			return err
		}, Windows: s.Meters.WindowsIn, Trial: s.Subscriptions.TrialIn, Subscribers: s.Subscriptions.Subscribers})
	s.Budgets, err = budget.New(budget.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Orders: s.Orders, Subscriptions: s.Subscriptions,
		Ratings: s.Ratings, Outbox: w.Outbox, Log: log, Site: "https://halle.example", Meter: budget.Meter{Moved: s.Meters.Moved, Moves: s.Meters.Moves, RunningOf: s.Meters.RunningOf}})
	must(t, err)
	// The log's library may write once more after it was closed, so that the folder is not one of t.TempDir.
	dir, err := os.MkdirTemp("", "halle-desk-log-")
	must(t, err)
	open, stop := context.WithCancel(ctx)
	s.Log, err = trace.OpenLog(open, dir, "test.halle", w.Ring, 100*time.Millisecond)
	must(t, err)
	t.Cleanup(func() {
		_ = s.Log.Close(context.Background())
		stop()
		_ = os.RemoveAll(dir)
	})
	w.bills()
}

func (w *world) bills() {
	rates, err := tax.Builtin()
	must(w.t, err)
	s := &w.s
	s.Invoices = billing.New(billing.Config{DB: w.DB, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: s.Ratings, Tax: rates,
		Log: slog.New(slog.DiscardHandler), LogKey: s.Log.Key, Paid: s.Orders.Paid,
		Receipt: func(ctx context.Context, party, fact string) (proof.Receipt, error) {
			return w.Facts.Receipt(ctx, s.Log, party, fact)
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
	s.Collects, err = collect.New(collect.Config{DB: w.DB, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Invoices: s.Invoices, Outbox: w.Outbox,
		Site: "https://halle.example"})
	must(w.t, err)
	s.Banks = bank.New(bank.Config{DB: w.DB, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Invoices: s.Invoices, Collects: s.Collects})
	s.Dunnings, err = dunning.New(dunning.Config{DB: w.DB, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Subscriptions: s.Subscriptions, Ratings: s.Ratings, Invoices: s.Invoices,
		Collects: s.Collects, Site: "https://halle.example"})
	must(w.t, err)
	s.Closes, err = monthclose.New(monthclose.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: s.Ratings, Invoices: s.Invoices,
		Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(w.t, err)
	s.Settlements = settlement.New(settlement.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: s.Ratings, Invoices: s.Invoices, Tax: rates,
		Log: slog.New(slog.DiscardHandler), Operator: w.Operator.Org, Share: 2000, Offer: func(tx *store.Tx, subscription string) (string, error) {
			one, err := s.Subscriptions.SubscriptionIn(tx, subscription)
			return one.Deal.Key, err
		}})
	s.Handovers = handover.New(handover.Config{DB: w.DB, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Ratings: s.Ratings, Invoices: s.Invoices})
	s.Exports = export.New(s.Settlements)
	s.Payouts, err = payout.New(payout.Config{DB: w.DB, Ring: w.Ring, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Collects: s.Collects,
		Settlements: s.Settlements, Site: "https://halle.example"})
	must(w.t, err)
}

func (w *world) mount() {
	w.portal = http.NewServeMux()
	_, err := site.New(w.portal, site.Options{Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler)}, w.s, desk.Views(), operator.Desk(w.s), publisher.Desk(w.s), auditor.Desk(w.s))
	must(w.t, err)
}

func (w *world) readers() (all []trace.Reader) {
	all = append(all, w.s.SignIns.Readers()...)
	all = append(all, w.s.Placements.Readers()...)
	all = append(all, w.s.Resources.Readers()...)
	all = append(all, w.s.Subscriptions.Readers()...)
	all = append(all, w.s.Licences.Readers()...)
	all = append(all, w.s.Meters.Readers()...)
	all = append(all, w.s.Ratings.Readers()...)
	all = append(all, w.s.Invoices.Readers()...)
	return append(all, w.s.Settlements.Readers()...)
}

// settle lets everything happen that can, while time goes on.
func (w *world) settle() {
	w.t.Helper()
	w.pass(12, 10*time.Second)
}

func (w *world) pass(times int, step time.Duration) {
	w.t.Helper()
	for range times {
		if err := w.Facts.Drain(context.Background(), w.readers()...); err != nil && !strings.Contains(err.Error(), "test.fails") {
			w.t.Fatal(err)
		}
		_, err := w.Queue.Drain(context.Background())
		must(w.t, err)
		_, err = w.s.Meters.Sync(context.Background())
		must(w.t, err)
		w.Clock.Advance(step)
	}
}

func file(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	must(t, err)
	return b
}

// newWorld is a market day: offers in every state, an order that runs, usage that counts and some that does not, an invoice,
// a fact that nobody could read, a job that was given up.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := empty(t)
	ctx := context.Background()
	_, err := w.s.Residency.Import(ctx, w.Operator, file(t, "../../residency/testdata/demo.yaml"))
	must(t, err)
	text := catalogtest.Sample(t)
	w.offer = w.publish(text)
	w.buy()
	w.waiting, err = w.s.Catalogue.ImportOffer(ctx, w.relay, w.relay.Org, []byte(strings.Replace(string(text), "billed by the message", "billed by the thousand", 1)))
	must(t, err)
	w.waiting, err = w.s.Catalogue.Submit(ctx, w.relay, w.waiting.ID)
	must(t, err)
	_, err = w.s.Catalogue.ImportOffer(ctx, w.relay, w.relay.Org, []byte(strings.Replace(string(text), "key: relay-m2m", "key: relay-edge", 1)))
	must(t, err)
	w.use()
	out, err := w.s.Invoices.Issue(ctx, w.Operator, w.acme.Org, w.Clock.Now())
	must(t, err)
	w.invoice = out[0]
	w.trouble()
	w.pump()
	return w
}

func (w *world) publish(text []byte) catalog.Version {
	w.t.Helper()
	return catalogtest.Publish(w.t, w.s.Catalogue, w.relay, w.Operator, text)
}

func (w *world) buy() {
	w.t.Helper()
	ctx := context.Background()
	item := order.ItemInput{Offer: w.offer.Content.Key, Plan: "start", Parameters: json.RawMessage(`{"hosts":["broker.acme.example"]}`), DataClass: "personal"}
	q, err := w.s.Orders.Quote(ctx, w.acme, order.QuoteInput{Items: []order.ItemInput{item}})
	must(w.t, err)
	w.order, err = w.s.Orders.Place(ctx, w.acme, order.PlaceInput{Key: "one", Quote: q.ID, Language: "fr", Total: q.Total})
	must(w.t, err)
	w.settle()
}

// use reports what was used, some of it wrongly.
func (w *world) use() {
	w.t.Helper()
	ctx := context.Background()
	page, err := w.s.Subscriptions.Subscribers(ctx, w.relay, w.relay.Org, "", 1)
	must(w.t, err)
	if len(page.Subscriptions) != 1 || page.Subscriptions[0].State != subscription.StateActive {
		w.t.Fatalf("the order did not become a running service: %+v", page.Subscriptions)
	}
	sub := page.Subscriptions[0].ID
	w.Clock.Advance(2 * time.Hour)
	end := w.Clock.Now().Truncate(time.Hour)
	event := func(id, subject, meter, unit string) string {
		return fmt.Sprintf(`{"specversion":"1.0","type":"halle.usage.v1","source":"node-1","id":%q,"subject":%q,"data":{"meter":%q,"value":"4200","unit":%q,"start":%q,"end":%q}}`,
			id, subject, meter, unit, end.Add(-time.Minute).Format(time.RFC3339), end.Format(time.RFC3339))
	}
	body := "[" + strings.Join([]string{event("1", sub, "messages", "message"), event("2", "sub_nobody", "messages", "message"), event("3", sub, "messages", "byte"),
		fmt.Sprintf(`{"specversion":"1.0","type":"halle.usage.watermark.v1","source":"node-1","id":"w","subject":%q,"data":{"through":%q}}`, sub, end.Format(time.RFC3339))}, ",") + "]"
	events, err := usage.Decode(usage.TypeBatch, []byte(body))
	must(w.t, err)
	_, err = w.s.Meters.Ingest(ctx, w.relay, events)
	must(w.t, err)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) { // the usage store commits some times a second
		_, err := w.s.Meters.Sync(ctx)
		must(w.t, err)
		list, err := w.s.Meters.Delivered(ctx, w.relay, w.relay.Org, end.AddDate(0, 0, -1), end.AddDate(0, 0, 1))
		must(w.t, err)
		if len(list) > 0 {
			break
		}
		if time.Now().After(deadline) {
			w.t.Fatal("no window closed")
		}
	}
	w.settle()
}

// trouble is what needs the operator: a fact that a reader cannot handle, a job that fails, a resource that is down, work.
func (w *world) trouble() {
	w.t.Helper()
	ctx := context.Background()
	w.Queue.Handle("test.fails", func(context.Context, job.Job) error { return errors.New("the network is down") })
	must(w.t, w.DB.Tx(ctx, func(tx *store.Tx) error {
		return w.Queue.Enqueue(tx, job.Job{Kind: "test.fails", Key: "k", MaxAttempts: 1})
	}))
	list, err := w.s.Resources.All(ctx, w.Operator, "", 10)
	must(w.t, err)
	w.engine.SetCondition(list[0].ID, provision.ConditionDown)
	w.settle()
	w.engine.Ask(&provision.Need{Who: provision.WhoPublisher, Prompt: "Please install the gateway.", Schema: json.RawMessage(
		`{"type":"object","required":["done"],"properties":{"done":{"type":"boolean"},"note":{"type":"string","maxLength":4000},"outputs":{"type":"object","additionalProperties":{"type":"string"}}}}`)})
	_, err = w.s.Orders.Place(ctx, w.acme, order.PlaceInput{Key: "two", Language: "fr", Items: []order.ItemInput{{Offer: w.offer.Content.Key, Plan: "start", Parameters: json.RawMessage(`{"hosts":["b.acme.example"]}`)}}})
	must(w.t, err)
	w.pass(8, time.Second) // a work order of this engine does not wait for minutes
	fails := trace.Reader{Name: "test.fails", Types: []string{order.FactPlaced}, Handle: func(*store.Tx, trace.Entry) error { return errors.New("no such thing") }}
	if err := w.Facts.Drain(ctx, fails); err == nil {
		w.t.Fatal("nothing was parked")
	}
}

// pump publishes every fact in the log.
func (w *world) pump() {
	w.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Facts.Pump(ctx, w.s.Log) }()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		list, err := w.Facts.Timeline(ctx, w.Operator.Org, 0, 1)
		must(w.t, err)
		if s, err := w.Facts.Seal(ctx, w.s.Log, w.Operator.Org, list[0].ID); err == nil && s.Published {
			break
		}
		if time.Now().After(deadline) {
			w.t.Fatal("the log was not published")
		}
	}
	stop()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		w.t.Fatal(err)
	}
}

// get asks for a page as somebody.
func (w *world) get(c access.Caller, lang, path string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.send(c, lang, httptest.NewRequest(http.MethodGet, path, nil))
}

func (w *world) post(c access.Caller, path string, form url.Values) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(c, "en", r)
}

func (w *world) send(c access.Caller, lang string, r *http.Request) *httptest.ResponseRecorder {
	w.t.Helper()
	r.Header.Set("Accept-Language", lang)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	rec := httptest.NewRecorder()
	if c.Ref() != "nobody" {
		r = r.WithContext(signin.WithCaller(r.Context(), c))
	}
	w.portal.ServeHTTP(rec, r)
	return rec
}
