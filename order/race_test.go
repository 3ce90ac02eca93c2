package order_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
)

const rivals = 16

func together(f func(n int)) {
	var wg sync.WaitGroup
	for n := range rivals {
		wg.Go(func() { f(n) })
	}
	wg.Wait()
}

func TestRivalsNeverPassALimit(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		h := newHouse(t, db)
		const top = 5
		_, err := h.orders.SetLimit(ctx, h.buyer, h.buyer.Org, order.Subscriptions, top)
		must(t, err)
		results := make([]error, rivals)
		together(func(n int) {
			_, results[n] = h.orders.Place(ctx, h.buyer, order.PlaceInput{Key: fmt.Sprint("rival", n), Items: []order.ItemInput{add()}})
		})
		placed := 0
		for _, err := range results {
			switch {
			case err == nil:
				placed++
			case fail.CodeOf(err) != "order.limit":
				t.Errorf("%v", err)
			}
		}
		if l := h.limit(t, h.buyer.Org, order.Subscriptions); placed != top || l.Reserved != top {
			t.Errorf("%d placed, %+v", placed, l)
		}
	})
}

func TestRivalsWithOneKeyGetOneOrder(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		h := newHouse(t, db)
		ids := make([]string, rivals)
		together(func(n int) {
			o, err := h.orders.Place(ctx, h.buyer, order.PlaceInput{Key: "same", Items: []order.ItemInput{add()}})
			if err != nil {
				t.Errorf("%v", err)
			}
			ids[n] = o.ID
		})
		slices.Sort(ids)
		if ids = slices.Compact(ids); len(ids) != 1 {
			t.Errorf("%d orders", len(ids))
		}
		if l := h.limit(t, h.buyer.Org, order.Subscriptions); l.Reserved != 1 {
			t.Errorf("%+v", l)
		}
	})
}

func TestRivalsOverOneServiceAndOneQuote(t *testing.T) {
	h := newHouse(t, storetest.Open(t, storetest.URL(t, store.PostgreSQL, sets()), sets()))
	ctx := context.Background()
	sub := h.standing(t).Items[0].Subscription
	q, err := h.orders.Quote(ctx, h.buyer, order.QuoteInput{Items: []order.ItemInput{add()}})
	must(t, err)
	var mu sync.Mutex
	changes, quotes := 0, 0
	together(func(n int) {
		in := order.PlaceInput{Key: fmt.Sprint("rival", n), Items: []order.ItemInput{{Action: order.ActionSuspend, Subscription: sub}}}
		taken, wins := "order.busy", &changes
		if n%2 == 0 {
			in, taken, wins = order.PlaceInput{Key: in.Key, Quote: q.ID}, "order.quote_used", &quotes
		}
		_, err := h.orders.Place(ctx, h.buyer, in)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			*wins++
		} else if fail.CodeOf(err) != taken {
			t.Errorf("%v", err)
		}
	})
	if changes != 1 || quotes != 1 {
		t.Errorf("%d changes, %d orders of the quote", changes, quotes)
	}
}

func TestTenantsDoNotSeeEachOther(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	o := h.standing(t)
	q, err := h.orders.Quote(ctx, h.buyer, order.QuoteInput{Items: []order.ItemInput{add()}})
	must(t, err)
	other := h.Business(t, h.Operator, "Garage", party.KindCustomer)
	unit := h.Business(t, h.buyer, "Ovens", party.KindUnit) // a unit does not see the house above it
	for _, c := range []access.Caller{other, unit, h.publisher, {}} {
		for what, f := range map[string]func() error{
			"order":    func() error { _, err := h.orders.Order(ctx, c, o.ID); return err },
			"progress": func() error { _, err := h.orders.Progress(ctx, c, o.ID); return err },
			"orders":   func() error { _, err := h.orders.Orders(ctx, c, order.Filter{Org: h.buyer.Org}); return err },
			"approve":  func() error { _, err := h.orders.Approve(ctx, c, o.ID); return err },
			"reject":   func() error { _, err := h.orders.Reject(ctx, c, o.ID, "no"); return err },
			"cancel":   func() error { _, err := h.orders.Cancel(ctx, c, o.ID, ""); return err },
			"withdraw": func() error { _, err := h.orders.Withdraw(ctx, c, o.ID); return err },
			"quoted":   func() error { _, err := h.orders.Quoted(ctx, c, q.ID); return err },
			"quotes":   func() error { _, _, err := h.orders.Quotes(ctx, c, h.buyer.Org, "", 0); return err },
			"limits":   func() error { _, err := h.orders.Limits(ctx, c, h.buyer.Org); return err },
			"limit":    func() error { _, err := h.orders.SetLimit(ctx, c, h.buyer.Org, order.Subscriptions, 0); return err },
			"rule":     func() error { return h.orders.SetApprovalRule(ctx, c, h.buyer.Org, "EUR", nil) },
			"place for": func() error {
				_, err := h.orders.Place(ctx, c, order.PlaceInput{Key: "x", Org: h.buyer.Org, Items: []order.ItemInput{add()}})
				return err
			},
			"quote of": func() error {
				_, err := h.orders.Place(ctx, other, order.PlaceInput{Key: "y", Quote: q.ID})
				return err
			},
			"service of": func() error {
				_, err := h.orders.Place(ctx, other, order.PlaceInput{Key: "z", Items: []order.ItemInput{{Action: order.ActionCancel, Subscription: o.Items[0].Subscription}}})
				return err
			},
		} {
			if k := fail.KindOf(f()); k != fail.NotFound && !(c.Org == "" && k == fail.Unauthenticated) {
				t.Errorf("%s as %q: %v", what, c.Org, f())
			}
		}
	}
	page, err := h.orders.Orders(ctx, other, order.Filter{Branch: true})
	must(t, err)
	if len(page.Orders) != 0 {
		t.Errorf("another tenant's branch shows %d", len(page.Orders))
	}
	page, err = h.orders.Orders(ctx, h.Operator, order.Filter{Branch: true, State: order.StateCompleted})
	must(t, err)
	if len(page.Orders) != 1 {
		t.Errorf("the operator sees %d", len(page.Orders))
	}
}

func TestOrdersByPages(t *testing.T) {
	h := onSQLite(t)
	var all []string
	for range 5 {
		all = append(all, h.placed(t, add()).ID)
	}
	slices.Reverse(all)
	var seen []string
	f := order.Filter{Limit: 2}
	for {
		page, err := h.orders.Orders(context.Background(), h.buyer, f)
		must(t, err)
		for _, o := range page.Orders {
			seen = append(seen, o.ID)
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	if !slices.Equal(seen, all) {
		t.Errorf("pages %v, want %v", seen, all)
	}
}

// TestTables checks what the tables promise: one target for each state and command, every state can be reached, and
// nothing leaves a final state but a withdrawal.
func TestTables(t *testing.T) {
	seen := map[string]bool{}
	reached := map[order.State]bool{order.StateAcknowledged: true, order.StateHeld: true}
	for _, r := range order.Transitions() {
		k := string(r.From) + " " + string(r.Command)
		if seen[k] {
			t.Errorf("%s stands twice", k)
		}
		if r.From.Final() && r.Command != order.CommandWithdraw {
			t.Errorf("%s leaves a final state", k)
		}
		if r.Fact == "" {
			t.Errorf("%s has no fact", k)
		}
		seen[k], reached[r.To] = true, true
	}
	for _, r := range order.Transitions() {
		if !reached[r.From] {
			t.Errorf("%s cannot be reached", r.From)
		}
	}
	seen = map[string]bool{}
	for _, r := range order.ItemTransitions() {
		k := string(r.From) + " " + string(r.Command)
		if seen[k] {
			t.Errorf("item: %s stands twice", k)
		}
		seen[k] = true
		if r.From.Final() && r.Command != order.CommandWithdraw {
			t.Errorf("item: %s leaves a final state", k)
		}
	}
}

// TestRandomOrders runs random commands of people and of packages downstream against a household's order of two items.
// After each: the state moved along the table or the command was refused as a conflict, facts replay to the same state,
// and the limits hold exactly what stands and what is under way.
func TestRandomOrders(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	home := h.Household(t, "Ines")
	h.tx(t, func(tx *store.Tx) error { return h.orders.Paid(tx, home.Org) })
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		var above *money.Amount
		if rapid.Bool().Draw(r, "held") {
			above = new(money.Zero("EUR"))
		}
		must(t, h.orders.SetApprovalRule(ctx, home, home.Org, "EUR", above))
		o, err := h.orders.Place(ctx, home, order.PlaceInput{Key: fmt.Sprint("r", n), Items: []order.ItemInput{add(), add()}, ConsentToStart: true})
		if err != nil {
			r.Fatal(err)
		}
		before := h.limit(t, home.Org, order.Subscriptions)
		tx := func(f func(tx *store.Tx, item string) error) func() error {
			return func() error {
				item := o.Items[rapid.IntRange(0, 1).Draw(r, "item")].ID
				return h.DB.Tx(ctx, func(tx *store.Tx) error { return f(tx, item) })
			}
		}
		commands := map[string]func() error{
			"cancel":   func() error { _, err := h.orders.Cancel(ctx, home, o.ID, ""); return err },
			"withdraw": func() error { _, err := h.orders.Withdraw(ctx, home, o.ID); return err },
			"approve":  func() error { _, err := h.orders.Approve(ctx, home, o.ID); return err },
			"reject":   func() error { _, err := h.orders.Reject(ctx, home, o.ID, "no"); return err },
			"placed": tx(func(tx *store.Tx, i string) error {
				return h.orders.ItemPlaced(tx, i, fmt.Sprint("plc", rapid.IntRange(0, 1).Draw(r, "placement")))
			}),
			"refused": tx(func(tx *store.Tx, i string) error {
				return h.orders.ItemRefused(tx, i, []fail.Reason{{Rule: "r", Text: "no"}})
			}),
			"waiting":   tx(h.orders.ItemWaiting),
			"continued": tx(h.orders.ItemContinued),
			"done":      tx(h.orders.ItemDone),
			"failed": tx(func(tx *store.Tx, i string) error {
				return h.orders.ItemFailed(tx, i, order.Failure{Class: "permanent"})
			}),
			"cancelling": tx(h.orders.ItemCancelling),
			"cancelled":  tx(h.orders.ItemCancelled),
		}
		names := []string{"approve", "approve", "reject", "cancel", "cancelled", "cancelling", "continued", "done", "failed", "placed", "placed", "refused", "waiting", "withdraw"}
		now := h.get(t, o.ID)
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 14).Draw(r, "commands") {
			err := commands[name]()
			if err != nil && !fail.Is(err, fail.Conflict) {
				r.Fatalf("%s: %v", name, err)
			}
			was := now
			now = h.get(t, o.ID)
			if err != nil && (now.State != was.State || now.ETag != was.ETag) {
				r.Fatalf("%s was refused and yet moved the order", name)
			}
			if !reachable(was.State, now.State) {
				r.Fatalf("%s moved the order from %s to %s", name, was.State, now.State)
			}
			if now.State.Final() != !now.EndedAt.IsZero() {
				r.Fatalf("%s ended at %v", now.State, now.EndedAt)
			}
		}
		if got := h.replay(t, home.Org, o.ID); got != now.State {
			r.Fatalf("facts say %s, the row says %s", got, now.State)
		}
		h.checkLimits(r, t, home.Org, before, now)
		for _, i := range now.Items { // leave nothing behind for the next round
			h.tx(t, func(tx *store.Tx) error { return h.orders.Ended(tx, i.Subscription) })
		}
	})
}

// reachable tells whether some rows of the table lead from one state to the other without passing a final one.
func reachable(from, to order.State) bool {
	seen := map[order.State]bool{from: true}
	for queue := []order.State{from}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == to {
			return true
		}
		for _, r := range order.Transitions() {
			if r.From == queue[0] && !seen[r.To] && (queue[0] == from || !queue[0].Final()) {
				seen[r.To] = true
				queue = append(queue, r.To)
			}
		}
	}
	return false
}

// replay is the state that the facts alone give.
func (h *house) replay(t *testing.T, org, id string) order.State {
	t.Helper()
	entries, err := h.Facts.About(context.Background(), org, id)
	must(t, err)
	state := order.StateAcknowledged
	if entries[0].Type == order.FactHeld {
		state = order.StateHeld
	}
	for _, e := range entries {
		var f order.StateFact
		must(t, json.Unmarshal(e.Machine, &f))
		if f.State != "" {
			state = f.State
		}
	}
	return state
}

// checkLimits compares the limit with what the items of the order say.
func (h *house) checkLimits(r *rapid.T, t *testing.T, org string, before order.Limit, o order.Order) {
	t.Helper()
	committed, reserved := before.Committed, before.Reserved-int64(len(o.Items))
	for _, i := range o.Items {
		switch {
		case i.State == order.ItemCompleted, o.Withdrawn && i.State == order.ItemPendingCancellation:
			committed++
		case !i.State.Final():
			reserved++
		}
	}
	if l := h.limit(t, org, order.Subscriptions); l.Committed != committed || l.Reserved != reserved {
		r.Fatalf("limits %+v, want %d committed and %d reserved", l, committed, reserved)
	}
}
