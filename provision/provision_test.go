package provision_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/driver/memory"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/signin"
)

func sets() []store.Migrations {
	return append(partytest.Sets(), signin.Migrations(), provision.Migrations())
}

// house is one broker over an engine that outlives it.
type house struct {
	*partytest.World
	t         *testing.T
	customer  access.Caller
	stranger  access.Caller
	publisher access.Caller
	engine    *memory.Engine
	queue     *job.Queue
	res       *provision.Resources
	told      []string
	freed     []string // regions of which nothing is left
	other     bool     // placement knows another region
}

func newHouse(t *testing.T, db *store.DB) *house {
	t.Helper()
	w := partytest.New(t, db)
	h := &house{World: w, t: t, engine: memory.NewEngine(), customer: w.Business(t, w.Operator, "Acme", party.KindCustomer),
		stranger: w.Business(t, w.Operator, "Beta", party.KindCustomer), publisher: w.Business(t, w.Operator, "Pub", party.KindPublisher)}
	h.restart()
	return h
}

// restart drops everything that a process holds in memory.
func (h *house) restart() {
	h.t.Helper()
	log := slog.New(slog.DiscardHandler)
	h.queue = job.New(h.DB, "test", h.Clock.Now, log)
	signIns, err := signin.New(context.Background(), h.DB, h.Ring, h.IDs, h.Clock.Now, h.Facts, h.Policy, h.Parties, h.Outbox, h.queue,
		signin.Config{Cost: signin.Cost{MemoryKiB: 64, Time: 1, Threads: 1}})
	if err != nil {
		h.t.Fatal(err)
	}
	tell := func(word string) func(*store.Tx, string) error {
		return func(tx *store.Tx, item string) error {
			tx.AfterCommit(func() { h.told = append(h.told, word+" "+item) })
			return nil
		}
	}
	h.res = provision.New(provision.Config{DB: h.DB, Facts: h.Facts, Ring: h.Ring, Queue: h.queue, Policy: h.Policy, SignIns: signIns, IDs: h.IDs,
		Operator: h.Operator.Org, Now: h.Clock.Now, Log: log, Drivers: map[string]provision.Driver{"memory": memory.New(h.engine, h.Clock.Now)},
		Upstream: provision.Upstream{ItemDone: tell("done"), ItemCancelled: tell("cancelled"),
			ItemFailed: func(tx *store.Tx, item string, f provision.Failure) error {
				return tell("failed "+string(f.Class))(tx, item)
			},
			Released: func(tx *store.Tx, subscription, region string) error {
				tx.AfterCommit(func() { h.freed = append(h.freed, region+" of "+subscription) })
				return nil
			},
			Elsewhere: func(*store.Tx, string, string) (bool, error) { return h.other, nil }}})
}

func (h *house) create(n int) string {
	h.t.Helper()
	var res string
	h.tx(func(tx *store.Tx) (err error) {
		res, err = h.res.Create(tx, provision.Want{Org: h.customer.Org, Path: h.customer.Path, Publisher: h.publisher.Org, Subscription: fmt.Sprintf("sub_%d", n), Order: "ord_1",
			Item: fmt.Sprintf("itm_%d", n), OfferVersion: "ofv_1", Plan: "flex", Kind: "broker", Driver: "memory", Target: provision.Target{ID: "lyon", Region: "lyon"},
			Region: "lyon", Spec: json.RawMessage(`{"size":1}`)})
		return err
	})
	return res
}

func (h *house) tx(f func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.DB.Tx(context.Background(), f); err != nil {
		h.t.Fatal(err)
	}
}

// settle runs jobs, letting time pass, until nothing changes any more.
func (h *house) settle() {
	h.t.Helper()
	h.pass(15 * time.Second)
}

func (h *house) pass(step time.Duration) {
	h.t.Helper()
	for range 60 {
		if _, err := h.queue.Drain(context.Background()); err != nil {
			h.t.Fatal(err)
		}
		h.Clock.Advance(step)
	}
}

func (h *house) resource(id string) provision.Resource {
	h.t.Helper()
	r, err := h.res.Resource(context.Background(), h.customer, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (h *house) desire(n int, c provision.Change) {
	h.t.Helper()
	h.tx(func(tx *store.Tx) error { return h.res.SetDesired(tx, fmt.Sprintf("sub_%d", n), c) })
}

func (h *house) factTypes(aggregate string) []string {
	h.t.Helper()
	if err := h.Facts.Drain(context.Background()); err != nil {
		h.t.Fatal(err)
	}
	list, err := h.Facts.About(context.Background(), h.customer.Org, aggregate)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Type)
	}
	return out
}

func TestAWholeLife(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		res := h.create(1)
		if again := h.create(1); again != res {
			t.Fatal("the same wish made two resources")
		}
		h.settle()
		if r := h.resource(res); r.State != provision.StateUp || h.engine.Len() != 1 || r.Condition != provision.ConditionUp {
			t.Fatalf("%+v", r)
		}
		h.desire(1, provision.Change{Item: "itm_s", Desired: provision.DesiredSuspended})
		h.settle()
		h.desire(1, provision.Change{Item: "itm_r", Desired: provision.DesiredUp})
		h.settle()
		h.desire(1, provision.Change{Item: "itm_c", Spec: json.RawMessage(`{"size":2}`)})
		h.settle()
		h.desire(1, provision.Change{Item: "itm_x", Desired: provision.DesiredAbsent})
		h.settle()
		if r := h.resource(res); r.State != provision.StateGone || h.engine.Len() != 0 {
			t.Fatalf("%+v, %d objects", r, h.engine.Len())
		}
		want := []string{"done itm_1", "done itm_s", "done itm_r", "done itm_c", "done itm_x"}
		if !slices.Equal(h.told, want) {
			t.Fatalf("told %v", h.told)
		}
		got := strings.Join(slices.DeleteFunc(h.factTypes(res), func(s string) bool { return s == provision.FactCondition }), " ")
		if got != "resource.ready.v1 resource.suspended.v1 resource.resumed.v1 resource.changed.v1 resource.drained.v1 resource.deleted.v1" {
			t.Fatalf("facts %s", got)
		}
		_, intervals, err := h.res.History(context.Background(), h.customer, res)
		if err != nil || len(intervals) < 4 || !intervals[0].From.Equal(h.resource(res).CreatedAt) {
			t.Fatalf("%v %v", intervals, err)
		}
		for i, iv := range intervals[1:] {
			if !iv.From.Equal(intervals[i].To) {
				t.Fatalf("a gap or an overlap at %d: %v", i, intervals)
			}
		}
	})
}

func TestALostAnswerMakesNoSecondObject(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		h.engine.SetSteps(2)
		h.engine.Inject(memory.Fault{Call: memory.CallBegin, After: true})
		h.engine.Inject(memory.Fault{Call: memory.CallPoll, After: true})
		res := h.create(1)
		h.settle()
		h.restart()
		h.settle()
		if r := h.resource(res); r.State != provision.StateUp || h.engine.Len() != 1 {
			t.Fatalf("%+v, %d objects", r, h.engine.Len())
		}
	})
}

func TestCancelWhileMaking(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		h.engine.SetSteps(1000)
		res := h.create(1)
		if _, err := h.queue.Drain(context.Background()); err != nil {
			t.Fatal(err)
		}
		h.tx(func(tx *store.Tx) error { return h.res.CancelItem(tx, "itm_1") })
		h.engine.SetSteps(0)
		h.settle()
		if r := h.resource(res); r.State != provision.StateGone || h.engine.Len() != 0 || !slices.Equal(h.told, []string{"cancelled itm_1"}) {
			t.Fatalf("%+v told %v", r, h.told)
		}
	})
}

func TestAFailureIsToldAndCleanedUp(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		h.engine.Refuse(provision.ActionCreate, provision.Failure{Class: provision.ClassCapacity, Code: "full", Text: "Lyon is full."})
		res := h.create(1)
		h.settle()
		if r := h.resource(res); r.State != provision.StateGone || !slices.Equal(h.told, []string{"failed capacity itm_1"}) {
			t.Fatalf("%+v told %v", r, h.told)
		}
		h.told, h.other = nil, true
		h.create(2)
		h.settle()
		if len(h.told) != 0 {
			t.Fatalf("told %v although placement looks elsewhere", h.told)
		}
	})
}

func TestWhatVanishesIsMadeAgain(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		res := h.create(1)
		h.settle()
		h.engine = memory.NewEngine()
		h.engine.PutForeign("res_unknown")
		h.restart()
		h.settle()
		if r := h.resource(res); r.State != provision.StateUp || r.Condition != provision.ConditionUp || len(h.told) != 1 {
			t.Fatalf("%+v told %v", r, h.told)
		}
		h.engine.SetCondition(res, provision.ConditionDegraded)
		h.settle()
		if r := h.resource(res); r.Condition != provision.ConditionDegraded {
			t.Fatalf("%+v", r)
		}
	})
}

func TestAWorkOrderWaitsForItsPerson(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		h.engine.Ask(&provision.Need{Who: provision.WhoCustomer, Prompt: "Say where.", Schema: json.RawMessage(`{"type":"object","required":["room"]}`)})
		res := h.create(1)
		h.pass(250 * time.Millisecond)
		list, err := h.res.WorkOrders(ctx, h.customer)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v %v", list, err)
		}
		if err := h.res.Answer(ctx, h.stranger, list[0].Run.ID, json.RawMessage(`{"room":"1"}`)); err == nil {
			t.Fatal("a stranger answered")
		}
		if err := h.res.Answer(ctx, h.customer, list[0].Run.ID, json.RawMessage(`{}`)); !fail.Is(err, fail.Invalid) {
			t.Fatalf("got %v", err)
		}
		if err := h.res.Answer(ctx, h.customer, list[0].Run.ID, json.RawMessage(`{"room":"1"}`)); err != nil {
			t.Fatal(err)
		}
		h.pass(250 * time.Millisecond)
		if r := h.resource(res); r.State != provision.StateUp {
			t.Fatalf("%+v", r)
		}
	})
}

func TestATenantNeverSeesAnothers(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		res := h.create(1)
		h.settle()
		if _, err := h.res.Resource(ctx, h.stranger, res); !fail.Is(err, fail.NotFound) {
			t.Errorf("Resource: %v", err)
		}
		if _, err := h.res.Of(ctx, h.stranger, "sub_1"); !fail.Is(err, fail.NotFound) {
			t.Errorf("Of: %v", err)
		}
		if _, err := h.res.SecretsOf(ctx, h.stranger, res); !fail.Is(err, fail.NotFound) {
			t.Errorf("SecretsOf: %v", err)
		}
		if list, err := h.res.All(ctx, h.stranger, "", 10); err != nil || len(list) != 0 {
			t.Errorf("All: %v %v", list, err)
		}
		if list, err := h.res.All(ctx, h.customer, "", 10); err != nil || len(list) != 1 {
			t.Errorf("own All: %v %v", list, err)
		}
	})
}
