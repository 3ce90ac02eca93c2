package provision_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/provision"
)

// A publisher sees and does the work of its own offers; nobody else does it in its place.
func TestAPublisherDoesItsWork(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		h.engine.Ask(&provision.Need{Who: provision.WhoPublisher, Prompt: "Install it.", Schema: json.RawMessage(`{"type":"object","required":["done"]}`)})
		res := h.create(1)
		for range 4 {
			if _, err := h.queue.Drain(ctx); err != nil {
				t.Fatal(err)
			}
			h.Clock.Advance(1e9)
		}
		list, err := h.res.WorkOrdersFor(ctx, h.publisher)
		if err != nil || len(list) != 1 || list[0].Resource.ID != res {
			t.Fatalf("%+v, %v", list, err)
		}
		if _, err := h.res.WorkOrdersFor(ctx, h.customer); !fail.Is(err, fail.Denied) {
			t.Fatalf("a customer lists a publisher's work: %v", err)
		}
		answer := json.RawMessage(`{"done":true}`)
		if err := h.res.Answer(ctx, h.customer, list[0].Run.ID, answer); !fail.Is(err, fail.Denied) {
			t.Fatalf("the customer answers: %v", err)
		}
		if err := h.res.Answer(ctx, h.stranger, list[0].Run.ID, answer); !fail.Is(err, fail.NotFound) {
			t.Fatalf("a stranger answers: %v", err)
		}
		if err := h.res.Answer(ctx, h.publisher, list[0].Run.ID, json.RawMessage(`{}`)); !fail.Is(err, fail.Invalid) {
			t.Fatalf("an answer that does not fit: %v", err)
		}
		if err := h.res.Answer(ctx, h.publisher, list[0].Run.ID, answer); err != nil {
			t.Fatal(err)
		}
		h.settle()
		if r := h.resource(res); r.State != provision.StateUp {
			t.Fatalf("%+v", r)
		}
	})
}

// Troubled is what is down or failed in the caller's branch, and nothing that is well.
func TestTroubledIsWhatNeedsSomebody(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		well, ill := h.create(1), h.create(2)
		h.settle()
		h.engine.SetCondition(ill, provision.ConditionDown)
		h.settle()
		list, err := h.res.Troubled(ctx, h.Operator, "", 10)
		if err != nil || len(list) != 1 || list[0].ID != ill {
			t.Fatalf("%d troubled, %v; %s is well", len(list), err, well)
		}
		if list, err = h.res.Troubled(ctx, h.stranger, "", 10); err != nil || len(list) != 0 {
			t.Fatalf("a stranger sees %d, %v", len(list), err)
		}
	})
}
