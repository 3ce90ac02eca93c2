package budget_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/subscription"
)

func (h *house) tag(t testing.TB, sub string, tags subscription.Tags) {
	t.Helper()
	_, err := h.subs.SetTags(context.Background(), h.buyer, sub, tags)
	must(t, err)
	h.drain(t)
	h.look(t)
}

func (h *house) setTag(t testing.TB, cents int64, action budget.Action, tag string) budget.Budget {
	t.Helper()
	b, err := h.budgets.Set(context.Background(), h.buyer, budget.SetInput{Tag: tag, Amount: eur(cents), Action: action})
	must(t, err)
	h.look(t)
	return h.get(t, b.ID)
}

// A budget of a tag counts what bears it now: warned and stopped like others; a service that gets the tag is counted from the
// month's beginning, one that loses it goes on.
func TestTag(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		one, two, other := h.standing(t, h.buyer, "pay"), h.standing(t, h.buyer, "pay"), h.standing(t, h.buyer, "pay")
		h.use(one, 40)
		h.use(two, 70)
		h.use(other, 500)
		h.tag(t, one, subscription.Tags{"project": "atlas"})
		h.tag(t, other, subscription.Tags{"project": "zeus"})
		exact, whole := h.setTag(t, 100, budget.Suspend, "project=atlas"), h.setTag(t, 10_000, budget.Notify, "project")
		h.is(t, exact.ID, budget.Watching, 40)
		h.is(t, whole.ID, budget.Watching, 540)
		h.use(one, 15)
		h.look(t)
		h.is(t, exact.ID, budget.Watching, 55)
		if n := h.mails(t, "Bakery has used 50"); n != 1 {
			t.Errorf("%d mails at 50 %%", n)
		}
		h.tag(t, two, subscription.Tags{"project": "atlas", "cost-centre": "7"}) // brings its 70 with it
		h.is(t, exact.ID, budget.Capped, 125)
		h.is(t, whole.ID, budget.Watching, 625)
		for _, sub := range []string{one, two} {
			h.state(t, sub, subscription.StateSuspended, subscription.ReasonBudget)
		}
		h.state(t, other, subscription.StateActive)
		h.tag(t, two, subscription.Tags{"cost-centre": "7"})
		h.is(t, exact.ID, budget.Capped, 55) // until somebody sets it anew, or the month turns
		h.state(t, two, subscription.StateActive)
		h.state(t, one, subscription.StateSuspended, subscription.ReasonBudget)
		h.tag(t, other, subscription.Tags{"project": "atlas"})
		h.state(t, other, subscription.StateSuspended, subscription.ReasonBudget)
		h.Clock.Advance(31 * 24 * time.Hour)
		h.look(t)
		h.is(t, exact.ID, budget.Watching, 0)
		for _, sub := range []string{one, other} {
			h.state(t, sub, subscription.StateActive)
		}
		list, err := h.Facts.About(context.Background(), h.buyer.Org, exact.ID)
		must(t, err)
		for _, e := range list {
			if strings.Contains(string(e.Machine), "atlas") {
				t.Errorf("%s tells what the tag says: %s", e.Type, e.Machine)
			}
		}
	})
}

// A capped budget of a tag refuses a dearer plan to what bears the tag, and to nothing else.
func TestTagRefuses(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		one, other := h.standing(t, h.buyer, "pay"), h.standing(t, h.buyer, "pay")
		h.use(one, 100)
		h.tag(t, one, subscription.Tags{"project": "atlas"})
		b := h.setTag(t, 100, budget.Refuse, "project=atlas")
		h.is(t, b.ID, budget.Capped, 100)
		h.state(t, one, subscription.StateActive)
		change := func(sub string) error {
			h.keys++
			_, err := h.orders.Place(context.Background(), h.buyer, order.PlaceInput{Key: "change" + sub + string(rune('a'+h.keys)), ConsentToStart: true,
				Items: []order.ItemInput{{Action: order.ActionChange, Subscription: sub, Offer: "relay-m2m", Plan: "both", Parameters: json.RawMessage(`{"hosts":["a"]}`)}}})
			return err
		}
		want(t, "a dearer plan for what bears the tag", change(one), fail.Limit, "order.budget")
		if err := change(other); err != nil {
			t.Errorf("a dearer plan for another: %v", err)
		}
		if _, err := h.place(h.buyer, "pay"); err != nil {
			t.Errorf("a new service: %v", err)
		}
		h.tag(t, one, nil)
		if err := change(one); err != nil {
			t.Errorf("a dearer plan after the tag is gone: %v", err)
		}
		must(t, h.budgets.Remove(context.Background(), h.buyer, b.ID))
	})
}

// What no service can bear is refused with its field; the same scope is changed, not doubled.
func TestTagScope(t *testing.T) {
	h := onSQLite(t)
	ctx := context.Background()
	sub := h.standing(t, h.buyer, "pay")
	for _, in := range []budget.SetInput{{Tag: "a b"}, {Tag: "=x"}, {Tag: "key="}, {Tag: "key= x"}, {Tag: "key", Service: sub}} {
		in.Amount = eur(100)
		_, err := h.budgets.Set(ctx, h.buyer, in)
		want(t, "tag "+in.Tag, err, fail.Invalid, "")
	}
	first, again := h.setTag(t, 100, budget.Notify, "team"), h.setTag(t, 200, budget.Notify, "team")
	if first.ID != again.ID || again.Amount != eur(200) {
		t.Errorf("%s and %s", first.ID, again.ID)
	}
	if h.setTag(t, 100, budget.Notify, "team=red").ID == first.ID {
		t.Error("key and key=value are one budget")
	}
	stranger := h.publisher
	_, err := h.budgets.Set(ctx, stranger, budget.SetInput{Org: h.buyer.Org, Tag: "team", Amount: eur(1)})
	want(t, "a stranger", err, fail.NotFound, "")
	list, err := h.budgets.List(ctx, h.buyer, "")
	must(t, err)
	if tags := []string{list[0].Tag, list[1].Tag}; !slices.Equal(tags, []string{"team", "team=red"}) {
		t.Errorf("budgets of %q", tags)
	}
}
