package budget_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

// plans of the test: pay is 1 cent a message, flat 31 EUR a month, both 31 EUR and 1 cent a message, steps 5 EUR once and
// 3 cents a message, 1 cent beyond 50.
const plans = `  - key: pay
    name: {en: Pay, fr: Usage}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: messages, kind: perUnit, meter: messages, unit: message, per: 1, price: 0.01 EUR}
  - key: flat
    name: {en: Flat, fr: Forfait}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: base, kind: perPeriod, every: month, price: 31 EUR}
  - key: both
    name: {en: Both, fr: Mixte}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: base, kind: perPeriod, every: month, price: 31 EUR}
          - {key: messages, kind: perUnit, meter: messages, unit: message, per: 1, price: 0.01 EUR}
  - key: steps
    name: {en: Steps, fr: Paliers}
    prices:
      - currency: EUR
        basis: gross
        components:
          - {key: setup, kind: oneOff, price: 5 EUR}
          - {key: messages, kind: graduated, meter: messages, unit: message, per: 1, tiers: [{upTo: 50, price: 0.03 EUR}, {price: 0.01 EUR}]}
`

// house is an installation whose provision and meter are played by the test.
type house struct {
	*partytest.World
	orders           *order.Orders
	subs             *subscription.Subscriptions
	ratings          *rating.Ratings
	budgets          *budget.Budgets
	publisher, buyer access.Caller
	keys             int

	mu      sync.Mutex
	windows map[string][]usage.Window // open
	moved   map[string]bool
}

func sets() []store.Migrations {
	return append(partytest.Sets(), catalog.Migrations(), order.Migrations(), subscription.Migrations(), meter.Migrations(), rating.Migrations(), budget.Migrations())
}

type fataler interface {
	Helper()
	Fatal(args ...any)
}

func must(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t testing.TB, what string, err error, kind fail.Kind, code string) {
	t.Helper()
	if fail.KindOf(err) != kind || code != "" && fail.CodeOf(err) != code {
		t.Errorf("%s: %v, want %s %s", what, err, kind, code)
	}
}

func newHouse(t testing.TB, db *store.DB) *house {
	t.Helper()
	ctx := context.Background()
	w := partytest.New(t, db)
	cat := catalog.New(db, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties)
	h := &house{World: w, windows: map[string][]usage.Window{}, moved: map[string]bool{}}
	var err error
	h.orders, err = order.New(order.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: cat,
		Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	h.subs = subscription.New(subscription.Config{DB: db, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Orders: h.orders, Queue: w.Queue,
		SetDesired: func(*store.Tx, string, provision.Change) error { return nil }})
	h.ratings = rating.New(rating.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties,
		Spend: func(tx *store.Tx, org string, a money.Amount) error {
			_, err := h.orders.RaiseSpent(tx, org, a)
			return err
		}})
	h.budgets = h.evaluator(t)
	h.publisher = w.Business(t, w.Operator, "Relay", party.KindPublisher)
	h.buyer = w.Business(t, w.Operator, "Bakery", party.KindCustomer)
	must(t, db.Tx(ctx, func(tx *store.Tx) error { return h.orders.Paid(tx, h.buyer.Org) }))
	catalogtest.Publish(t, cat, h.publisher, w.Operator, append(catalogtest.Sample(t), plans...))
	return h
}

// evaluator is another process over the same database.
func (h *house) evaluator(t testing.TB) *budget.Budgets {
	t.Helper()
	b, err := budget.New(budget.Config{DB: h.DB, IDs: h.IDs, Now: h.Clock.Now, Facts: h.Facts, Policy: h.Policy, Parties: h.Parties, Orders: h.orders, Subscriptions: h.subs,
		Ratings: h.ratings, Outbox: h.Outbox, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Site: "https://halle.example",
		Meter: budget.Meter{Moved: func() <-chan struct{} { return nil }, Moves: h.moves, RunningOf: h.running}})
	must(t, err)
	return b
}

func (h *house) moves() (list []usage.Move) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.moved {
		list = append(list, usage.Move{Subject: s})
	}
	clear(h.moved)
	return list
}

func (h *house) running(_ context.Context, subjects []string, from time.Time, _ func(*store.Tx, string) (bool, error)) ([][]usage.Window, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	lists := make([][]usage.Window, len(subjects))
	for i, subject := range subjects {
		for _, w := range h.windows[subject] {
			if !w.From.Before(from) {
				lists[i] = append(lists[i], w)
			}
		}
	}
	return lists, nil
}

func onSQLite(t testing.TB) *house {
	t.Helper()
	return newHouse(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()))
}

func (h *house) drain(t testing.TB) {
	t.Helper()
	readers := append(h.subs.Readers(), h.ratings.Readers()...)
	must(t, h.Facts.Drain(context.Background(), append(readers, h.budgets.Readers()...)...))
}

func (h *house) look(t fataler) { t.Helper(); must(t, h.budgets.Look(context.Background())) }

func (h *house) place(c access.Caller, plan string) (order.Order, error) {
	h.keys++
	return h.orders.Place(context.Background(), c, order.PlaceInput{Key: fmt.Sprint("k", h.keys), ConsentToStart: true,
		Items: []order.ItemInput{{Offer: "relay-m2m", Plan: plan, Parameters: json.RawMessage(`{"hosts":["a"]}`)}}})
}

// standing is an active subscription of a caller.
func (h *house) standing(t testing.TB, c access.Caller, plan string) string {
	t.Helper()
	o, err := h.place(c, plan)
	must(t, err)
	return h.up(t, o.Items[0])
}

func (h *house) up(t testing.TB, i order.Item) string {
	t.Helper()
	h.drain(t)
	f := provision.ResourceFact{Resource: "res_" + i.Subscription, Subscription: i.Subscription, Org: i.Org, Item: i.ID, Region: "reg_a"}
	must(t, h.DB.Tx(context.Background(), func(tx *store.Tx) error {
		if err := h.orders.ItemDone(tx, i.ID); err != nil {
			return err
		}
		_, err := h.Facts.Record(tx, trace.Fact{Type: provision.FactReady, Aggregate: f.Resource, Owner: i.Org, Actor: "system:provision", At: h.Clock.Now(), Machine: f})
		return err
	}))
	h.drain(t)
	return i.Subscription
}

// use counts messages in the open window of the present hour.
func (h *house) use(sub string, n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	from := h.Clock.Now().Truncate(time.Hour)
	h.moved[sub] = true
	list := h.windows[sub]
	if len(list) > 0 && list[len(list)-1].From.Equal(from) {
		var was int64
		_, _ = fmt.Sscan(list[len(list)-1].Sums[0].Quantity, &was)
		list[len(list)-1].Sums = []proof.Sum{{Meter: "messages", Unit: "message", Quantity: fmt.Sprint(was + n)}}
		return
	}
	h.windows[sub] = append(list, usage.Window{ID: h.IDs.New("win"), Subject: sub, Source: "res", Kind: usage.Regular, From: from, To: from.Add(time.Hour), Events: 1,
		Sums: []proof.Sum{{Meter: "messages", Unit: "message", Quantity: fmt.Sprint(n)}}})
}

// close rates the windows that are open, as they are.
func (h *house) close(t testing.TB, sub string) {
	t.Helper()
	h.mu.Lock()
	list := h.windows[sub]
	delete(h.windows, sub)
	h.mu.Unlock()
	for _, w := range list {
		must(t, h.DB.Tx(context.Background(), func(tx *store.Tx) error {
			return h.ratings.RateWindow(tx, rating.ClosedWindow{Window: w.Proof(), Fact: "fct_w"})
		}))
	}
	h.drain(t)
}

func eur(cents int64) money.Amount { return money.New(cents, money.EUR) }

func (h *house) set(t testing.TB, cents int64, action budget.Action, service string) budget.Budget {
	t.Helper()
	b, err := h.budgets.Set(context.Background(), h.buyer, budget.SetInput{Service: service, Amount: eur(cents), Action: action})
	must(t, err)
	h.look(t)
	return h.get(t, b.ID)
}

func (h *house) get(t fataler, id string) budget.Budget {
	t.Helper()
	b, err := h.budgets.Budget(context.Background(), h.buyer, id)
	must(t, err)
	return b
}

func (h *house) is(t testing.TB, id string, state budget.State, used int64) {
	t.Helper()
	if b := h.get(t, id); b.State != state || b.Used != eur(used) {
		t.Errorf("%s with %s used, want %s with %s", b.State, b.Used, state, eur(used))
	}
}

func (h *house) state(t testing.TB, sub string, state subscription.State, reasons ...subscription.Reason) {
	t.Helper()
	d, err := h.subs.Service(context.Background(), access.System("subscription"), sub)
	must(t, err)
	if d.State != state || !slices.Equal(d.Reasons, reasons) {
		t.Errorf("%s %v, want %s %v", d.State, d.Reasons, state, reasons)
	}
}

func (h *house) facts(t testing.TB, id string) (kinds []string) {
	t.Helper()
	list, err := h.Facts.About(context.Background(), h.buyer.Org, id)
	must(t, err)
	for _, e := range list {
		kinds = append(kinds, strings.TrimSuffix(strings.TrimPrefix(e.Type, "budget."), ".v1"))
	}
	return kinds
}

// mails counts the messages whose subject holds a text.
func (h *house) mails(t testing.TB, text string) int {
	t.Helper()
	_, err := h.Queue.Drain(context.Background())
	must(t, err)
	names, err := filepath.Glob(filepath.Join(h.Mails, "*.eml"))
	must(t, err)
	n := 0
	for _, name := range names {
		raw, err := os.ReadFile(name)
		must(t, err)
		if strings.Contains(string(raw), "Subject: "+text) {
			n++
		}
	}
	return n
}

// TestCap goes through a month: thresholds once each, the hard cap, orders refused with the reason, a raise, the turn.
func TestCap(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		sub := h.standing(t, h.buyer, "pay")
		b := h.set(t, 100, budget.Suspend, "")
		h.is(t, b.ID, budget.Watching, 0)
		h.use(sub, 55)
		h.look(t)
		h.look(t)
		h.is(t, b.ID, budget.Watching, 55)
		h.close(t, sub)
		h.look(t)
		h.is(t, b.ID, budget.Watching, 55) // charged instead of running: the same
		if n := h.mails(t, "Bakery has used 50"); n != 1 {
			t.Errorf("%d mails at 50 %%", n)
		}
		h.use(sub, 45)
		h.look(t)
		h.look(t)
		h.is(t, b.ID, budget.Capped, 100)
		h.state(t, sub, subscription.StateSuspended, subscription.ReasonBudget)
		if n := h.mails(t, "The budget of Bakery is used up"); n != 1 {
			t.Errorf("%d mails at the cap", n)
		}
		_, err := h.place(h.buyer, "pay")
		want(t, "an order above the cap", err, fail.Limit, "order.budget")
		if err == nil || !strings.Contains(err.Error(), "The budget of 1.00 EUR for this month is used up.") {
			t.Errorf("refusal: %v", err)
		}
		_, err = h.subs.ResumeService(context.Background(), h.buyer, sub)
		want(t, "resuming by hand", err, fail.Conflict, "service.other_reason")
		h.set(t, 150, budget.Suspend, "")
		h.is(t, b.ID, budget.Watching, 100)
		h.state(t, sub, subscription.StateActive)
		h.use(sub, 60) // 1.60
		h.look(t)
		h.is(t, b.ID, budget.Capped, 160)
		h.Clock.Advance(31 * 24 * time.Hour)
		h.look(t)
		h.is(t, b.ID, budget.Watching, 0)
		h.state(t, sub, subscription.StateActive)
		if _, err := h.place(h.buyer, "pay"); err != nil {
			t.Errorf("an order in the new month: %v", err)
		}
		got := h.facts(t, b.ID)
		if wanted := []string{"set", "reached", "capped", "reached", "reached", "set", "lifted", "capped", "reached", "reached", "lifted"}; !slices.Equal(got, wanted) {
			t.Errorf("facts %v, want %v", got, wanted)
		}
	})
}

// TestNeverMoreThanInFlight lets usage come in at random and looks at random: when the service stands still, the budget was
// passed by no more than what came since the last look, and what it was worked out to be is what the charges come to.
func TestNeverMoreThanInFlight(t *testing.T) {
	h := onSQLite(t)
	sub := h.standing(t, h.buyer, "pay")
	rapid.Check(t, func(t *rapid.T) {
		now := h.Clock.Now()
		h.Clock.Advance(time.Date(now.Year(), now.Month()+1, 10, 9, 0, 0, 0, time.UTC).Sub(now))
		top := rapid.Int64Range(1, 300).Draw(t, "budget")
		b, err := h.budgets.Set(context.Background(), h.buyer, budget.SetInput{Amount: eur(top), Action: budget.Suspend})
		must(t, err)
		h.look(t)
		var used, flight int64
		for h.get(t, b.ID).State == budget.Watching {
			n := rapid.Int64Range(0, 60).Draw(t, "messages")
			if h.use(sub, n); rapid.Bool().Draw(t, "later") {
				h.Clock.Advance(time.Hour)
			}
			used, flight = used+n, flight+n
			if rapid.Bool().Draw(t, "look") {
				h.look(t)
				if now := h.get(t, b.ID); now.Used != eur(used) || now.State == budget.Capped != (used >= top) {
					t.Fatalf("%s %s of %d, used %d", now.State, now.Used, top, used)
				}
				if used < top {
					flight = 0
				}
			}
		}
		if used-flight >= top {
			t.Fatalf("%d used, %d in flight, of %d", used, flight, top)
		}
	})
}

// TestFixedFees counts the fees of the whole month from the first second, and suspending does not free them.
func TestFixedFees(t *testing.T) {
	h := onSQLite(t)
	h.standing(t, h.buyer, "flat") // 31 EUR for the billing month from 2 March 09:00 UTC; March has 31 days less an hour
	b := h.set(t, 10_000, budget.Suspend, "")
	got := h.get(t, b.ID)
	s, err := h.budgets.Spending(context.Background(), h.buyer, "")
	must(t, err)
	if got.Used != s.Months[0].Used || got.Used.Minor < 2900 || got.Used.Minor > 3000 || s.Months[0].Forecast != got.Used {
		t.Fatalf("%s used, %s on the page", got.Used, s.Months[0].Used)
	}
	sub := s.Months[0].Services[0].ID
	h.set(t, got.Used.Minor, budget.Suspend, "")
	h.is(t, b.ID, budget.Capped, got.Used.Minor)
	h.state(t, sub, subscription.StateSuspended, subscription.ReasonBudget)
	for range 5 { // time passes, and the fees of the seconds that it stands still are not owed; the cap stays
		h.drain(t)
		h.Clock.Advance(24 * time.Hour)
		h.use(sub, 0)
		h.look(t)
	}
	h.state(t, sub, subscription.StateSuspended, subscription.ReasonBudget)
	if now := h.get(t, b.ID); now.State != budget.Capped || now.Used.Minor >= got.Used.Minor {
		t.Errorf("%s, %s used", now.State, now.Used)
	}
}

// TestReserved lets orders take the room of a budget: together they never pass it, and what is given back can be taken.
func TestReserved(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		b := h.set(t, 7000, budget.Refuse, "")
		first, err := h.place(h.buyer, "flat")
		must(t, err)
		must(t, db.Tx(context.Background(), func(tx *store.Tx) error { // gone before anybody looked
			return h.orders.ItemFailed(tx, first.Items[0].ID, order.Failure{Class: "user", Code: "test", Text: "No."})
		}))
		h.drain(t)
		h.look(t)
		first, err = h.place(h.buyer, "flat")
		must(t, err)
		_, err = h.place(h.buyer, "flat")
		must(t, err)
		_, err = h.place(h.buyer, "flat") // 93 EUR in all
		want(t, "an order beyond the room", err, fail.Limit, "order.budget_room")
		h.drain(t)
		h.look(t)
		if got := h.get(t, b.ID); got.Reserved != eur(6200) || got.Used != eur(0) {
			t.Errorf("%s reserved, %s used", got.Reserved, got.Used)
		}
		must(t, db.Tx(context.Background(), func(tx *store.Tx) error {
			return h.orders.ItemFailed(tx, first.Items[0].ID, order.Failure{Class: "user", Code: "test", Text: "No."})
		}))
		h.drain(t)
		h.look(t)
		_, err = h.place(h.buyer, "flat")
		must(t, err)
	})
}

// TestScopes sets budgets of the house, a unit and a service: each counts what is its own, a service stopped by two goes on
// with the second.
func TestScopes(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	unit := h.Business(t, h.buyer, "Ovens", party.KindUnit)
	own, below := h.standing(t, h.buyer, "pay"), h.standing(t, unit, "pay")
	house := h.set(t, 100, budget.Suspend, "")
	one := h.set(t, 50, budget.Suspend, own)
	part, err := h.budgets.Set(ctx, unit, budget.SetInput{Amount: eur(60), Action: budget.Notify})
	must(t, err)
	h.use(own, 50)
	h.use(below, 50)
	h.look(t)
	h.is(t, house.ID, budget.Capped, 100)
	h.is(t, one.ID, budget.Capped, 50)
	h.is(t, part.ID, budget.Watching, 50)
	h.state(t, own, subscription.StateSuspended, subscription.ReasonBudget)
	h.state(t, below, subscription.StateSuspended, subscription.ReasonBudget)
	h.set(t, 200, budget.Suspend, "")
	h.state(t, own, subscription.StateSuspended, subscription.ReasonBudget) // its own budget
	h.state(t, below, subscription.StateActive)
	must(t, h.budgets.Remove(ctx, h.buyer, one.ID))
	h.state(t, own, subscription.StateActive)
	_, err = h.budgets.Budget(ctx, h.buyer, one.ID)
	want(t, "a removed budget", err, fail.NotFound, "")
	// What begins under a cap stands still, too; what was suspended for another reason as well goes on only with both gone.
	h.set(t, 100, budget.Suspend, "")
	_, err = h.subs.SuspendService(ctx, h.buyer, own)
	must(t, err)
	h.set(t, 300, budget.Suspend, "")
	h.state(t, own, subscription.StateSuspended, subscription.ReasonCustomer)
}

// TestBegunUnderACap stops a service whose order was under way when the cap fell.
func TestBegunUnderACap(t *testing.T) {
	h := onSQLite(t)
	sub := h.standing(t, h.buyer, "pay")
	h.set(t, 100, budget.Suspend, "")
	late, err := h.place(h.buyer, "pay")
	must(t, err)
	h.use(sub, 100)
	h.look(t)
	fresh := h.up(t, late.Items[0])
	h.state(t, fresh, subscription.StateActive)
	h.look(t)
	h.state(t, fresh, subscription.StateSuspended, subscription.ReasonBudget)
}

// TestTwoEvaluators look at once at the same cap: one fact, one mail, one suspension. One that was killed before it
// committed has done nothing, and whoever comes next does it.
func TestTwoEvaluators(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		sub := h.standing(t, h.buyer, "pay")
		b := h.set(t, 100, budget.Suspend, "")
		h.use(sub, 100)
		killed, kill := context.WithCancel(context.Background())
		kill()
		if err := h.budgets.Look(killed); err == nil {
			t.Fatal("a dead evaluator looked")
		}
		h.is(t, b.ID, budget.Watching, 0)
		var wait sync.WaitGroup
		for range 4 { // each begins like a new process, with everything
			other := h.evaluator(t)
			wait.Go(func() {
				if err := other.Look(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		h.look(t)
		h.is(t, b.ID, budget.Capped, 100)
		h.state(t, sub, subscription.StateSuspended, subscription.ReasonBudget)
		if got, wanted := h.facts(t, b.ID), []string{"set", "capped", "reached", "reached", "reached"}; !slices.Equal(got, wanted) {
			t.Errorf("facts %v, want %v", got, wanted)
		}
		if n := h.mails(t, "The budget of Bakery is used up"); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
}

// TestAttacker lets somebody of another house try everything.
func TestAttacker(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	rival := h.Business(t, h.Operator, "Rival", party.KindCustomer)
	sub := h.standing(t, h.buyer, "pay")
	b := h.set(t, 100, budget.Suspend, "")
	_, err := h.budgets.Budget(ctx, rival, b.ID)
	want(t, "reading", err, fail.NotFound, "")
	_, err = h.budgets.List(ctx, rival, h.buyer.Org)
	want(t, "listing", err, fail.NotFound, "")
	_, err = h.budgets.Spending(ctx, rival, h.buyer.Org)
	want(t, "spending", err, fail.NotFound, "")
	_, err = h.budgets.Set(ctx, rival, budget.SetInput{Org: h.buyer.Org, Amount: eur(1), Action: budget.Suspend})
	want(t, "setting", err, fail.NotFound, "")
	_, err = h.budgets.Set(ctx, rival, budget.SetInput{Service: sub, Amount: eur(1), Action: budget.Suspend})
	want(t, "setting for a service of somebody else", err, fail.NotFound, "")
	want(t, "removing", h.budgets.Remove(ctx, rival, b.ID), fail.NotFound, "")
	buyerOnly := h.Join(t, h.buyer, h.buyer.Org, "bo@bakery.example", access.RoleBuyer)
	_, err = h.budgets.Set(ctx, buyerOnly, budget.SetInput{Amount: eur(1)})
	want(t, "a buyer", err, fail.Denied, "")
	for what, in := range map[string]budget.SetInput{"amount": {Amount: eur(-1)}, "currency": {Amount: money.New(1, "XXX")}, "action": {Amount: eur(1), Action: "burn"},
		"thresholds": {Amount: eur(1), Thresholds: []int{0}}, "service": {Amount: money.New(1, "USD"), Service: sub}} {
		_, err := h.budgets.Set(ctx, h.buyer, in)
		want(t, what, err, fail.Invalid, "")
	}
	h.is(t, b.ID, budget.Watching, 0)
}
