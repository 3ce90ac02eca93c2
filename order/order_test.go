package order_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
)

// house is an installation with an offer on its shelf and a company that buys.
type house struct {
	*partytest.World
	cat              *catalog.Catalogue
	orders           *order.Orders
	publisher, buyer access.Caller
	version          catalog.Version
	keys             int
}

func sets() []store.Migrations {
	return append(partytest.Sets(), catalog.Migrations(), order.Migrations())
}

func newHouse(t testing.TB, db *store.DB) *house {
	t.Helper()
	w := partytest.New(t, db)
	h := &house{World: w, cat: catalog.New(db, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties)}
	var err error
	h.orders, err = order.New(order.Config{DB: db, IDs: w.IDs, Now: w.Clock.Now, Facts: w.Facts, Policy: w.Policy, Parties: w.Parties, Catalogue: h.cat,
		Outbox: w.Outbox, Queue: w.Queue, Site: "https://halle.example"})
	must(t, err)
	h.publisher = w.Business(t, w.Operator, "Relay", party.KindPublisher)
	h.buyer = w.Business(t, w.Operator, "Bakery", party.KindCustomer)
	h.version = h.publish(t, func(s string) string { return s })
	return h
}

func onSQLite(t testing.TB) *house {
	t.Helper()
	return newHouse(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()))
}

func (h *house) publish(t testing.TB, change func(string) string) catalog.Version {
	t.Helper()
	return catalogtest.Publish(t, h.cat, h.publisher, h.Operator, []byte(change(string(catalogtest.Sample(t)))))
}

func must(t testing.TB, err error) {
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

func add() order.ItemInput {
	return order.ItemInput{Offer: "relay-m2m", Plan: "start", Parameters: json.RawMessage(`{"hosts":["a.example"]}`), DataClass: "internal"}
}

func (h *house) place(t testing.TB, c access.Caller, items ...order.ItemInput) (order.Order, error) {
	t.Helper()
	h.keys++
	return h.orders.Place(context.Background(), c, order.PlaceInput{Key: fmt.Sprint("k", h.keys), Items: items})
}

func (h *house) placed(t testing.TB, items ...order.ItemInput) order.Order {
	t.Helper()
	o, err := h.place(t, h.buyer, items...)
	must(t, err)
	return o
}

func (h *house) tx(t testing.TB, f func(tx *store.Tx) error) {
	t.Helper()
	must(t, h.DB.Tx(context.Background(), f))
}

// standing is a subscription that was ordered and made.
func (h *house) standing(t testing.TB) order.Order {
	t.Helper()
	o := h.placed(t, add())
	h.tx(t, func(tx *store.Tx) error {
		if err := h.orders.ItemPlaced(tx, o.Items[0].ID, "plc_1"); err != nil {
			return err
		}
		return h.orders.ItemDone(tx, o.Items[0].ID)
	})
	return h.get(t, o.ID)
}

func (h *house) get(t testing.TB, id string) order.Order {
	t.Helper()
	o, err := h.orders.Order(context.Background(), access.System("order"), id)
	must(t, err)
	return o
}

func (h *house) limit(t testing.TB, org string, d order.Dimension) order.Limit {
	t.Helper()
	list, err := h.orders.Limits(context.Background(), access.System("order"), org)
	must(t, err)
	for _, l := range list {
		if l.Dimension == d {
			return l
		}
	}
	return order.Limit{}
}

func (h *house) types(t testing.TB, party, aggregate string) []string {
	t.Helper()
	entries, err := h.Facts.About(context.Background(), party, aggregate)
	must(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Type)
	}
	return out
}

func TestFromOrderToCompletion(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		o := h.placed(t, add())
		i := o.Items[0]
		if o.State != order.StateAcknowledged || o.Total.String() != "6.00 EUR" || o.Recurring.String() != "6.00 EUR" || i.Terms.Seller != h.Entity || i.Terms.Contract == "" {
			t.Fatalf("%+v", o)
		}
		if got := string(i.Terms.Spec); !strings.Contains(got, `"hosts":["a.example"]`) || !strings.Contains(got, `"connections":100`) {
			t.Errorf("spec %s", got)
		}
		if l := h.limit(t, h.buyer.Org, order.Subscriptions); l.Reserved != 1 || l.Committed != 0 {
			t.Errorf("reserved %+v", l)
		}
		h.tx(t, func(tx *store.Tx) error { return h.orders.ItemPlaced(tx, i.ID, "plc_1") })
		h.Clock.Advance(time.Second)
		for range 2 { // the second time changes nothing
			h.tx(t, func(tx *store.Tx) error { return h.orders.ItemDone(tx, i.ID) })
		}
		o = h.get(t, o.ID)
		if o.State != order.StateCompleted || o.Items[0].State != order.ItemCompleted || o.EndedAt.IsZero() {
			t.Errorf("%+v", o)
		}
		if l := h.limit(t, h.buyer.Org, order.Monthly("EUR")); l.Reserved != 0 || l.Committed != 600 {
			t.Errorf("committed %+v", l)
		}
		if got := h.types(t, h.Operator.Org, o.ID); !slices.Equal(got, []string{order.FactPlaced, order.FactStarted, order.FactCompleted}) {
			t.Errorf("facts %v", got)
		}
		if got := h.types(t, h.publisher.Org, o.ID); len(got) != 0 {
			t.Errorf("the publisher reads the whole order: %v", got)
		}
		if got := h.types(t, h.publisher.Org, i.ID); !slices.Equal(got, []string{order.FactItemPlaced, order.FactItemCompleted}) {
			t.Errorf("the publisher sees of its item %v", got)
		}
		steps, err := h.orders.Progress(context.Background(), h.buyer, o.ID)
		must(t, err)
		var names []string
		for _, s := range steps {
			names = append(names, fmt.Sprint(s.Name, s.Done))
		}
		if !slices.Equal(names, []string{"orderedtrue", "placedtrue", "readytrue", "completedtrue"}) {
			t.Errorf("steps %v", names)
		}
		subject, text := h.Mail(t, "bakery@bakery.example")
		if !strings.Contains(subject, "Halle France") || !strings.Contains(text, "€6.00") && !strings.Contains(text, "6,00") {
			t.Errorf("%s\n%s", subject, text)
		}
	})
}

func TestPlacedFactCarriesWhatPlacementNeeds(t *testing.T) {
	h := onSQLite(t)
	o := h.placed(t, add())
	entries, err := h.Facts.About(context.Background(), h.buyer.Org, o.ID)
	must(t, err)
	var f order.PlacedFact
	must(t, entries[0].Into(&f))
	i := f.Items[0]
	if f.Path != h.buyer.Path || f.Zone != "Europe/Paris" || i.Subscription != o.Items[0].Subscription || i.Driver != "process" || i.Kind != "m2m" || i.DataClass != "internal" || i.PriceHash != o.Items[0].Terms.PriceHash {
		t.Errorf("%+v", f)
	}
}

func TestIdempotencyKey(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	in := order.PlaceInput{Key: "one", Items: []order.ItemInput{add()}}
	a, err := h.orders.Place(ctx, h.buyer, in)
	must(t, err)
	b, err := h.orders.Place(ctx, h.buyer, in)
	must(t, err)
	if a.ID != b.ID {
		t.Errorf("two orders: %s %s", a.ID, b.ID)
	}
	in.Items[0].Plan = "scale"
	_, err = h.orders.Place(ctx, h.buyer, in)
	want(t, "other body", err, fail.Conflict, "order.key_used")
	_, err = h.orders.Place(ctx, h.buyer, order.PlaceInput{Items: []order.ItemInput{add()}})
	want(t, "no key", err, fail.Invalid, "order.key")
}

func TestRefusalsNameTheField(t *testing.T) {
	h := onSQLite(t)
	with := func(f func(*order.ItemInput)) []order.ItemInput {
		i := add()
		f(&i)
		return []order.ItemInput{add(), i}
	}
	for name, tc := range map[string]struct {
		items []order.ItemInput
		kind  fail.Kind
		field string
	}{
		"parameters": {with(func(i *order.ItemInput) { i.Parameters = json.RawMessage(`{"hosts":[1]}`) }), fail.Invalid, "items.1.parameters.hosts.0"},
		"plan":       {with(func(i *order.ItemInput) { i.Plan = "none" }), fail.Invalid, "items.1.plan"},
		"not here":   {with(func(i *order.ItemInput) { i.Plan = "scale" }), fail.Invalid, "items.1.plan"}, // net prices only
		"class":      {with(func(i *order.ItemInput) { i.DataClass = "health" }), fail.Invalid, "items.1.dataClass"},
		"version":    {with(func(i *order.ItemInput) { i.Version = "ofv_old" }), fail.Conflict, "items.1.version"},
		"offer":      {with(func(i *order.ItemInput) { i.Offer = "nothing" }), fail.NotFound, ""},
		"action":     {with(func(i *order.ItemInput) { i.Action = "explode" }), fail.Invalid, "items.1.action"},
		"service":    {[]order.ItemInput{{Action: order.ActionCancel, Subscription: "sub_x"}}, fail.NotFound, ""},
		"nothing":    {nil, fail.Invalid, "items"},
	} {
		_, err := h.place(t, h.buyer, tc.items...)
		want(t, name, err, tc.kind, "")
		if tc.field != "" && !strings.Contains(fmt.Sprint(err), tc.field+": ") {
			t.Errorf("%s: %v does not name %s", name, err, tc.field)
		}
	}
	_, err := h.orders.Place(context.Background(), h.buyer, order.PlaceInput{Key: "t", Items: []order.ItemInput{add()}, Total: money.New(599, "EUR")})
	want(t, "other total", err, fail.Conflict, "order.total")
	if l := h.limit(t, h.buyer.Org, order.Subscriptions); l.Reserved != 0 {
		t.Errorf("a refused order reserved %+v", l)
	}
}

func TestQuoteHoldsItsPriceUntilItExpires(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	q, err := h.orders.Quote(ctx, h.buyer, order.QuoteInput{Items: []order.ItemInput{add(), add()}})
	must(t, err)
	if q.Total.String() != "12.00 EUR" {
		t.Errorf("total %s", q.Total)
	}
	h.publish(t, func(s string) string { return strings.ReplaceAll(s, "6.00 EUR", "9.00 EUR") })
	o, err := h.orders.Place(ctx, h.buyer, order.PlaceInput{Key: "a", Quote: q.ID})
	must(t, err)
	if o.Total != q.Total || o.Items[1].Terms.Version != h.version.ID {
		t.Errorf("%+v", o)
	}
	_, err = h.orders.Place(ctx, h.buyer, order.PlaceInput{Key: "b", Quote: q.ID})
	want(t, "twice", err, fail.Conflict, "order.quote_used")
	q2, err := h.orders.Quote(ctx, h.buyer, order.QuoteInput{Items: []order.ItemInput{add()}})
	must(t, err)
	q3, err := h.orders.Quote(ctx, h.buyer, order.QuoteInput{Items: []order.ItemInput{add()}})
	must(t, err)
	_, err = h.cat.Withdraw(ctx, h.publisher, q2.Lines[0].Terms.Version, "")
	must(t, err)
	_, err = h.orders.Place(ctx, h.buyer, order.PlaceInput{Key: "c", Quote: q2.ID})
	want(t, "withdrawn", err, fail.Gone, "offer.withdrawn")
	_, err = h.place(t, h.buyer, add())
	want(t, "withdrawn offer", err, fail.Gone, "offer.withdrawn")
	h.Clock.Advance(15 * 24 * time.Hour)
	_, err = h.orders.Place(ctx, h.buyer, order.PlaceInput{Key: "d", Quote: q3.ID})
	want(t, "expired", err, fail.Gone, "order.quote_expired")
	list, next, err := h.orders.Quotes(ctx, h.buyer, "", "", 2)
	must(t, err)
	if len(list) != 2 || next == "" || list[0].ID != q3.ID {
		t.Errorf("%d quotes, next %q", len(list), next)
	}
}

func TestApprovalByOtherEyes(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	above := money.New(500, "EUR")
	must(t, h.orders.SetApprovalRule(ctx, h.buyer, h.buyer.Org, "EUR", &above))
	alone := h.placed(t, add())
	if alone.State != order.StateHeld || alone.Items[0].State != order.ItemHeld {
		t.Fatalf("%+v", alone)
	}
	alone, err := h.orders.Approve(ctx, h.buyer, alone.ID) // nobody else could
	must(t, err)
	if alone.State != order.StateAcknowledged || alone.Approver == "" {
		t.Errorf("%+v", alone)
	}
	if got := h.types(t, h.buyer.Org, alone.ID); !slices.Equal(got, []string{order.FactHeld, order.FactApproved, order.FactPlaced}) {
		t.Errorf("facts %v", got)
	}
	clerk := h.Join(t, h.buyer, h.buyer.Org, "clerk@bakery.example", access.RoleBilling)
	o := h.placed(t, add())
	if subject, _ := h.Mail(t, "clerk@bakery.example"); !strings.Contains(subject, "approval") {
		t.Errorf("mail %q", subject)
	}
	_, err = h.orders.Approve(ctx, h.buyer, o.ID)
	want(t, "own approval", err, fail.Denied, "order.own_approval")
	h.tx(t, func(tx *store.Tx) error {
		want(t, "placed while held", h.orders.ItemPlaced(tx, o.Items[0].ID, "plc"), fail.Conflict, "order.state")
		return nil
	})
	o, err = h.orders.Reject(ctx, clerk, o.ID, "Too dear.")
	must(t, err)
	if o.State != order.StateRejected || o.Reason != "Too dear." {
		t.Errorf("%+v", o)
	}
	if l := h.limit(t, h.buyer.Org, order.Subscriptions); l.Reserved != 1 {
		t.Errorf("after the rejection %+v", l)
	}
	_, err = h.orders.Approve(ctx, clerk, o.ID)
	want(t, "after rejection", err, fail.Conflict, "order.state")
}

func TestLimits(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	for range 8 { // 8 × 6.00 fit into the market's first limit of 50.00
		h.placed(t, add())
	}
	_, err := h.place(t, h.buyer, add())
	want(t, "first limit", err, fail.Limit, "order.first_limit")
	h.tx(t, func(tx *store.Tx) error { return h.orders.Paid(tx, h.buyer.Org) })
	h.placed(t, add())
	unit := h.Business(t, h.buyer, "Ovens", party.KindUnit)
	_, err = h.orders.SetLimit(ctx, h.buyer, unit.Org, order.Subscriptions, 1)
	must(t, err)
	o, err := h.place(t, unit, add())
	must(t, err)
	_, err = h.place(t, unit, add())
	want(t, "limit of the unit", err, fail.Limit, "order.limit")
	_, err = h.orders.Cancel(ctx, unit, o.ID, "")
	must(t, err)
	_, err = h.place(t, unit, add())
	must(t, err)
	_, err = h.orders.SetLimit(ctx, h.buyer, h.buyer.Org, order.Monthly("EUR"), 7000)
	must(t, err)
	h.tx(t, func(tx *store.Tx) error { // 60.00 are reserved: 9.99 of usage leave one cent
		reached, err := h.orders.RaiseSpent(tx, unit.Org, money.New(999, "EUR"))
		if len(reached) != 0 {
			t.Errorf("reached %+v", reached)
		}
		return err
	})
	_, err = h.place(t, h.buyer, add())
	want(t, "limit of the house", err, fail.Limit, "order.limit")
	h.tx(t, func(tx *store.Tx) error {
		reached, err := h.orders.RaiseSpent(tx, unit.Org, money.New(1, "EUR"))
		if len(reached) != 1 || reached[0].Org != h.buyer.Org {
			t.Errorf("reached %+v", reached)
		}
		return err
	})
	h.Clock.Advance(31 * 24 * time.Hour) // what was spent last month does not count
	h.placed(t, add())
}

func TestChangeSuspendCancel(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	h.publish(t, func(s string) string {
		return strings.Replace(s, "      - currency: EUR\n        basis: net\n        components:\n          - key: setup", "      - currency: EUR\n        basis: gross\n        components:\n          - key: base\n            kind: perPeriod\n            every: month\n            price: 30 EUR\n      - currency: EUR\n        basis: net\n        components:\n          - key: setup", 1)
	})
	o := h.standing(t)
	sub := o.Items[0].Subscription
	change := h.placed(t, order.ItemInput{Action: order.ActionChange, Subscription: sub, Plan: "scale"})
	if change.Items[0].Terms.Recurring.String() != "30.00 EUR" || string(change.Items[0].Terms.Parameters) != string(o.Items[0].Terms.Parameters) {
		t.Errorf("%+v", change.Items[0].Terms)
	}
	_, err := h.place(t, h.buyer, order.ItemInput{Action: order.ActionCancel, Subscription: sub})
	want(t, "two at once", err, fail.Conflict, "order.busy")
	h.tx(t, func(tx *store.Tx) error {
		if err := h.orders.ItemBegun(tx, change.Items[0].ID); err != nil {
			return err
		}
		return h.orders.ItemDone(tx, change.Items[0].ID)
	})
	if l := h.limit(t, h.buyer.Org, order.Monthly("EUR")); l.Committed != 3000 || l.Reserved != 0 {
		t.Errorf("after the change %+v", l)
	}
	settings := h.placed(t, order.ItemInput{Action: order.ActionChange, Subscription: sub, Parameters: json.RawMessage(`{"hosts":["b"]}`)})
	if settings.Total.Minor != 0 || settings.Items[0].Terms.Plan != "scale" || settings.Items[0].Terms.PriceHash != change.Items[0].Terms.PriceHash {
		t.Errorf("%+v", settings)
	}
	h.tx(t, func(tx *store.Tx) error {
		return h.orders.ItemFailed(tx, settings.Items[0].ID, order.Failure{Class: "user", Text: "no"})
	})
	if got := h.get(t, settings.ID); got.State != order.StateFailed || got.Items[0].Failure.Class != "user" {
		t.Errorf("%+v", got)
	}
	end := h.placed(t, order.ItemInput{Action: order.ActionCancel, Subscription: sub})
	h.tx(t, func(tx *store.Tx) error { return h.orders.ItemDone(tx, end.Items[0].ID) })
	h.tx(t, func(tx *store.Tx) error { return h.orders.Ended(tx, sub) })
	for _, d := range []order.Dimension{order.Subscriptions, order.Monthly("EUR")} {
		if l := h.limit(t, h.buyer.Org, d); l.Committed != 0 || l.Reserved != 0 {
			t.Errorf("after the end %+v", l)
		}
	}
	_, err = h.place(t, h.buyer, order.ItemInput{Action: order.ActionResume, Subscription: sub})
	want(t, "resume what has ended", err, fail.Conflict, "order.ended")
	_, err = h.orders.Withdraw(ctx, h.buyer, o.ID)
	want(t, "a business withdraws", err, fail.Conflict, "order.no_withdrawal")
}

func TestConsumerConsentsAndWithdraws(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	home := h.Household(t, "Ines")
	in := order.PlaceInput{Key: "a", Items: []order.ItemInput{add()}}
	_, err := h.orders.Place(ctx, home, in)
	want(t, "no consent", err, fail.Invalid, "order.consent")
	in.ConsentToStart = true
	o, err := h.orders.Place(ctx, home, in)
	must(t, err)
	// Monday 2 March + 14 days = Monday 16 March, until midnight in Paris.
	if got := o.WithdrawBy.Format(time.RFC3339); got != "2026-03-16T23:00:00Z" {
		t.Errorf("withdraw by %s", got)
	}
	if _, text := h.Mail(t, "ines@home.example"); !strings.Contains(text, "2026-03-16") {
		t.Errorf("mail:\n%s", text)
	}
	_, err = h.orders.Withdraw(ctx, home, o.ID)
	want(t, "before it is made", err, fail.Conflict, "order.state")
	h.tx(t, func(tx *store.Tx) error {
		if err := h.orders.ItemPlaced(tx, o.Items[0].ID, "plc"); err != nil {
			return err
		}
		return h.orders.ItemDone(tx, o.Items[0].ID)
	})
	h.Clock.Advance(14 * 24 * time.Hour)
	o, err = h.orders.Withdraw(ctx, home, o.ID)
	must(t, err)
	entries, err := h.Facts.About(ctx, home.Org, o.ID)
	must(t, err)
	var f order.WithdrawnFact
	must(t, entries[len(entries)-1].Into(&f))
	if f.Owed != order.OwedProRata || f.Items[0].State != order.ItemPendingCancellation || o.State != order.StatePendingCancellation {
		t.Errorf("%+v", f)
	}
	h.tx(t, func(tx *store.Tx) error { return h.orders.ItemCancelled(tx, o.Items[0].ID) })
	o = h.get(t, o.ID)
	if l := h.limit(t, home.Org, order.Subscriptions); o.State != order.StateCancelled || l.Committed != 0 {
		t.Errorf("%s %+v", o.State, l)
	}
	in.Key = "b"
	late, err := h.orders.Place(ctx, home, in)
	must(t, err)
	h.tx(t, func(tx *store.Tx) error { return h.orders.ItemDone(tx, late.Items[0].ID) })
	h.Clock.Advance(15 * 24 * time.Hour)
	_, err = h.orders.Withdraw(ctx, home, late.ID)
	want(t, "too late", err, fail.Conflict, "order.withdrawal_over")
}

// A customer's own number goes with its order, and into the fact; what is no number is refused.
func TestAPurchaseOrderNumber(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	for n, bad := range []string{"a\nb", strings.Repeat("9", 101)} {
		_, err := h.orders.Place(ctx, h.buyer, order.PlaceInput{Key: fmt.Sprint("bad", n), PurchaseOrder: bad, Items: []order.ItemInput{add()}})
		if fail.CodeOf(err) != "order.purchase_order" {
			t.Errorf("%q: %v", bad, err)
		}
	}
	in := order.PlaceInput{Key: "good", PurchaseOrder: " PO-7 ", Items: []order.ItemInput{add()}}
	o, err := h.orders.Place(ctx, h.buyer, in)
	must(t, err)
	if o.PurchaseOrder != "PO-7" {
		t.Error(o.PurchaseOrder)
	}
	in.PurchaseOrder = "PO-8"
	if _, err := h.orders.Place(ctx, h.buyer, in); !fail.Is(err, fail.Conflict) {
		t.Errorf("the same key with another number: %v", err)
	}
	if again, err := h.orders.Order(ctx, h.buyer, o.ID); err != nil || again.PurchaseOrder != "PO-7" {
		t.Errorf("%+v %v", again, err)
	}
}
