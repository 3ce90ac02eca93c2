package trace_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/trace"
)

// house is what every test here stands on.
type house struct {
	db    *store.DB
	ring  *keys.Ring
	clock *clock.Fake
	facts *trace.Facts
}

func sets() []store.Migrations { return []store.Migrations{trace.Migrations()} }

func newHouse(t testing.TB, db *store.DB) *house {
	t.Helper()
	ctx := context.Background()
	dir := t.TempDir()
	c := clock.NewFake(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	ring, err := keys.Open(ctx, keys.Config{URL: "sqlite:" + filepath.Join(dir, "keys.db"), RootFile: filepath.Join(dir, "root.key"), CreateRoot: true, Clock: clock.System})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ring.Close() })
	for _, ref := range []keys.Ref{keys.Tenant("org_a"), keys.Tenant("org_b"), keys.Tenant("org_op"), keys.Person("per_1"), keys.Entity("ent_1")} {
		if err := ring.Ensure(ctx, ref); err != nil {
			t.Fatal(err)
		}
	}
	ids, err := id.NewSource("test")
	if err != nil {
		t.Fatal(err)
	}
	return &house{db: db, ring: ring, clock: c, facts: trace.New(db, ring, ids, c.Now, slog.New(slog.DiscardHandler))}
}

type payload struct {
	N int64 `json:"n"`
}

func (h *house) record(t *testing.T, aggregate string, n int64, parties ...string) {
	t.Helper()
	err := h.db.Tx(context.Background(), func(tx *store.Tx) error {
		_, err := h.facts.Record(tx, trace.Fact{Type: "thing.done.v1", Aggregate: aggregate, Owner: "org_a", Parties: parties,
			Actor: "system:test", At: h.clock.Now(), Machine: payload{N: n}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// seen is a reader that remembers and can be told to fail on one aggregate.
type seen struct {
	got  []string
	fail string
}

func (s *seen) reader(name string, from trace.From) trace.Reader {
	return trace.Reader{Name: name, Types: []string{"thing.done.v1"}, From: from, Handle: func(_ *store.Tx, e trace.Entry) error {
		if e.Aggregate == s.fail {
			return errors.New("cannot")
		}
		var p payload
		if err := e.Into(&p); err != nil {
			return err
		}
		s.got = append(s.got, fmt.Sprintf("%s/%d/%d", e.Aggregate, e.Version, p.N))
		return nil
	}}
}

func TestFactsAreReadOnceInOrder(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		var s, late seen
		want := []string{}
		for i := range int64(100) {
			h.record(t, fmt.Sprintf("agg_%d", i%3), i)
			want = append(want, fmt.Sprintf("agg_%d/%d/%d", i%3, i/3+1, i))
		}
		if err := h.facts.Drain(ctx, s.reader("r", trace.FromStart)); err != nil {
			t.Fatal(err)
		}
		if err := h.facts.Drain(ctx, s.reader("r", trace.FromStart), late.reader("late", trace.FromNow)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.got, want) {
			t.Fatalf("got %v", s.got)
		}
		if len(late.got) != 0 {
			t.Fatalf("a reader from now saw %d old facts", len(late.got))
		}
	})
}

func TestAFailureParksItsKeyOnly(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		s := seen{fail: "bad"}
		for i := range int64(3) {
			h.record(t, "bad", i)
			h.record(t, "good", i)
		}
		if err := h.facts.Drain(ctx, s.reader("r", trace.FromStart)); err == nil {
			t.Fatal("a parked fact was not told")
		}
		if !slices.Equal(s.got[len(s.got)-1:], []string{"good/3/2"}) {
			t.Fatalf("got %v", s.got)
		}
		parked, err := h.facts.Parked(ctx)
		if err != nil || len(parked) != 3 || parked[0].Attempts != 1 || parked[2].Attempts != 0 {
			t.Fatalf("parked %v %v", parked, err)
		}
		s.fail, s.got = "", nil
		h.record(t, "bad", 3)
		h.clock.Advance(time.Minute)
		if err := h.facts.Drain(ctx, s.reader("r", trace.FromStart)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.got, []string{"bad/1/0", "bad/2/1", "bad/3/2", "bad/4/3"}) {
			t.Fatalf("got %v", s.got)
		}
	})
}

func TestSkippingIsAFact(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		s := seen{fail: "bad"}
		h.record(t, "bad", 1)
		if err := h.facts.Drain(ctx, s.reader("r", trace.FromStart)); err == nil {
			t.Fatal("a parked fact was not told")
		}
		if err := h.facts.Skip(ctx, "org_op", "person:x", "r", 1, ""); err == nil {
			t.Fatal("skipped without a reason")
		}
		if err := h.facts.Skip(ctx, "org_op", "person:x", "r", 1, "the aggregate never existed"); err != nil {
			t.Fatal(err)
		}
		if err := h.facts.Drain(ctx, s.reader("r", trace.FromStart)); err != nil {
			t.Fatal(err)
		}
		list, err := h.facts.About(ctx, "org_op", "reader:r")
		if err != nil || len(list) != 1 || list[0].Type != trace.FactSkipped {
			t.Fatalf("%v %v", list, err)
		}
	})
}

func TestAReplayAfterErasureSeesErasedNeverAnError(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		err := h.db.Tx(ctx, func(tx *store.Tx) error {
			_, err := h.facts.Record(tx, trace.Fact{Type: "thing.done.v1", Aggregate: "x", Owner: "org_a", Parties: []string{"org_b"},
				Actor: "system:test", At: h.clock.Now(), Machine: payload{N: 5},
				Person: []trace.Segment{{Owner: "per_1", Fields: map[string]string{"email": "a@example.org"}}},
				Legal:  []trace.Segment{{Owner: "ent_1", Fields: map[string]string{"name": "A"}, Until: h.clock.Now().AddDate(10, 0, 0)}}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.facts.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		entry := first(t, h, "org_b")
		open, err := h.facts.OpenSegments(ctx, entry.ID)
		if err != nil || len(open) != 2 || string(entry.Machine) != `{"n":5}` {
			t.Fatalf("%v %v %s", open, err, entry.Machine)
		}
		for _, ref := range []keys.Ref{keys.Person("per_1"), keys.Tenant("org_a")} {
			if err := h.ring.Destroy(ctx, ref); err != nil {
				t.Fatal(err)
			}
		}
		open, err = h.facts.OpenSegments(ctx, entry.ID)
		if err != nil || len(open) != 1 {
			t.Fatalf("%v %v", open, err)
		}
		var s seen
		if err := h.facts.Drain(ctx, s.reader("replay", trace.FromStart)); err != nil {
			t.Fatal(err)
		}
		if entry := first(t, h, "org_b"); !entry.Erased || !slices.Equal(s.got, []string{"x/1/0"}) {
			t.Fatalf("%v %v", entry, s.got)
		}
	})
}

func first(t *testing.T, h *house, party string) trace.Entry {
	t.Helper()
	list, err := h.facts.Timeline(context.Background(), party, 0, 10)
	if err != nil || len(list) == 0 {
		t.Fatalf("%v %v", list, err)
	}
	return list[0]
}

func TestAPartySeesOnlyWhatConcernsIt(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := context.Background()
		h.record(t, "mine", 1)
		h.record(t, "ours", 2, "org_b")
		if err := h.facts.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		a, _ := h.facts.Timeline(ctx, "org_a", 0, 10)
		b, _ := h.facts.Timeline(ctx, "org_b", 0, 10)
		if len(a) != 2 || len(b) != 1 || b[0].Aggregate != "ours" {
			t.Fatalf("%v %v", a, b)
		}
		if _, err := h.facts.Entry(ctx, "org_b", a[1].ID); err == nil {
			t.Fatal("org_b read a fact of org_a")
		}
		if list, _ := h.facts.About(ctx, "org_b", "mine"); len(list) != 0 {
			t.Fatal("org_b read an aggregate of org_a")
		}
	})
}

// TestRivalsKeepVersionsDense: 16 writers on one aggregate and a running sequencer beside them.
func TestRivalsKeepVersionsDense(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx, cancel := context.WithCancel(context.Background())
		var s seen
		done := make(chan error)
		go func() { done <- h.facts.Run(ctx, s.reader("r", trace.FromStart)) }()
		errs := make(chan error)
		for w := range 16 {
			go func() {
				var err error
				for range 5 {
					err = errors.Join(err, h.db.Tx(ctx, func(tx *store.Tx) error {
						_, err := h.facts.Record(tx, trace.Fact{Type: "thing.done.v1", Aggregate: "one", Owner: "org_a", Actor: "system:test", At: h.clock.Now(), Machine: payload{N: int64(w)}})
						return err
					}))
				}
				errs <- err
			}()
		}
		for range 16 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		deadline := time.Now().Add(20 * time.Second)
		for {
			list, err := h.facts.Timeline(context.Background(), "org_a", 0, 1000)
			if err == nil && len(list) == 80 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d of 80 facts were numbered (%v)", len(list), err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := h.facts.Drain(context.Background(), s.reader("r", trace.FromStart)); err != nil {
			t.Fatal(err)
		}
		for i, got := range s.got {
			var version, n int
			if _, err := fmt.Sscanf(got, "one/%d/%d", &version, &n); err != nil || version != i+1 {
				t.Fatalf("at %d: %s", i, got)
			}
		}
		if len(s.got) != 80 {
			t.Fatalf("%d facts were read", len(s.got))
		}
	})
}
