package usage

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/proof"
)

func void(id, of string) Event {
	return Event{SpecVersion: "1.0", ID: id, Source: "/r/1", Type: proof.TypeVoid, Subject: "sub_a", Data: proof.Data{Event: of}}
}

func amend(id, of string, end time.Time, value any) Event {
	e := use(id, end, value)
	e.Type, e.Data.Event = proof.TypeAmend, of
	return e
}

// committed waits until the database has everything.
func (f *fixture) committed() {
	for h := f.Health(); h.Committed < h.Stored; h = f.Health() {
		time.Sleep(time.Millisecond)
	}
}

func (f *fixture) reasons(t *testing.T) (out []string) {
	t.Helper()
	f.committed()
	list, err := f.Quarantine(context.Background(), Scope{}, HeldFilter{}, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range list {
		out = append(out, h.ID+" "+string(h.Reason))
	}
	return out
}

func TestAHeldEventVanishesOnceItIsAccepted(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, log made) {
		f := start(t, db, log)
		noon := day().Add(12 * time.Hour)
		early, soon, other := use("1", noon, 1), use("2", noon, 2), use("3", noon, 3)
		want(t, f.send(t, "org_p", early, soon, other), "rejected unknown_subject", "rejected unknown_subject", "rejected unknown_subject")
		f.register(t, subjectA())
		want(t, f.send(t, "org_p", early), "accepted") // in the same commit, perhaps
		f.committed()
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		f.open(t)
		want(t, f.send(t, "org_p", soon), "accepted")
		if diff := cmp.Diff([]string{"3 unknown_subject"}, f.reasons(t)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestCorrectionsAndTheirVerdicts(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, log made) {
		f := start(t, db, log)
		f.register(t, subjectA())
		ten := day().Add(10 * time.Hour)
		want(t, f.send(t, "org_p", void("v0", "1"), use("1", ten, 5), void("v1", "1"), void("v2", "1"), amend("a0", "1", ten, 4)),
			"rejected unknown_event", "accepted", "accepted", "rejected already_void", "rejected already_void")
		want(t, f.send(t, "org_p", use("2", ten, 7), amend("a1", "2", ten, 9), amend("a2", "2", ten.Add(-time.Minute), 8), amend("a3", "2", ten.Add(time.Hour), 8),
			amend("a1", "2", ten, 9), amend("a4", "2", ten, -1), mark("w", ten.Add(-time.Hour)), void("v3", "w")),
			"accepted", "accepted", "accepted", "rejected other_window", "duplicate", "rejected negative", "accepted", "rejected unknown_event")
		foreign := void("v4", "2")
		want(t, f.send(t, "org_q", foreign), "rejected unknown_subject")
		elsewhere := void("v5", "2")
		elsewhere.Source = "/r/2"
		want(t, f.send(t, "org_p", elsewhere, mark("w1", ten), void("v6", "2"), mark("w2", ten)), "rejected unknown_event", "accepted", "accepted", "accepted")
		got := lines(f.closedWindows(t, 2))
		if diff := cmp.Diff([]string{"regular 31T09:00:00–31T10:00:00 5: messages=8", "correction 31T09:00:00–31T10:00:00 1: messages=-8"}, got); diff != "" {
			t.Error(diff)
		}
		points, err := f.Usage(context.Background(), "org_a", Query{From: day(), To: day().Add(24 * time.Hour)})
		if err != nil || len(points) != 1 || points[0].Quantity.String() != "0" {
			t.Errorf("the chart: %v, %v", points, err)
		}
	})
}

// TestACorrectionAfterTheCutOff counts in the window that is open, and an event that came too late can be released there.
func TestACorrectionAfterTheCutOff(t *testing.T) {
	f := start(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()), made{})
	f.register(t, subjectA())
	ten := day().Add(10 * time.Hour)
	want(t, f.send(t, "org_p", use("1", ten, 5), mark("w", ten)), "accepted", "accepted")
	f.closedWindows(t, 1)
	f.clock.Advance(36 * 24 * time.Hour)
	now := f.clock.Now()
	want(t, f.send(t, "org_p", void("v", "1"), use("2", ten, 3), use("3", now, 2)), "accepted", "rejected after_cut_off", "accepted")
	f.committed()
	held, err := f.Quarantine(context.Background(), Scope{}, HeldFilter{}, "", 10)
	if err != nil || len(held) != 1 {
		t.Fatal(held, err)
	}
	one, err := f.HeldEvent(context.Background(), held[0].Cursor)
	if err != nil || !strings.Contains(one.Event, `"id":"2"`) {
		t.Errorf("it says %s, %v", one.Event, err)
	}
	if v, err := f.Release(context.Background(), held[0].Cursor); err != nil || v.Status != Accepted {
		t.Fatal(v, err)
	}
	want(t, f.send(t, "org_p", void("v2", "2")), "accepted")
	f.clock.Advance(2 * time.Hour)
	want(t, f.send(t, "org_p", mark("w2", f.clock.Now())), "accepted")
	list := f.closedWindows(t, 3)
	total := int64(0)
	for _, w := range list[1:] {
		if w.Kind != Regular || w.From.Before(now.Add(-2*time.Hour)) {
			t.Errorf("it counts in %s", line(w))
		}
		for _, s := range w.Sums {
			q, _ := proof.ParseQuantity(s.Quantity)
			n, _ := q.Int64()
			total += n
		}
	}
	if got := f.reasons(t); total != -5+3+2-3 || len(got) != 0 {
		t.Errorf("together %d, held %v", total, got)
	}
}

func TestGraceAndCutOffOfAMeter(t *testing.T) {
	f := start(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()), made{})
	s := subjectA()
	s.Rules = map[string]Rule{"messages": {Grace: 2 * time.Hour, CutOff: 24 * time.Hour}}
	f.register(t, s)
	ten := day().Add(10 * time.Hour)
	f.send(t, "org_p", use("1", ten, 1))
	for range 2 {
		if err := f.Tick(context.Background()); err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(time.Hour)
	}
	f.closedWindows(t, 1)
	f.clock.Advance(24 * time.Hour)
	bytes := use("3", ten, 1)
	bytes.Data.Meter, bytes.Data.Unit = "bytes", "byte"
	want(t, f.send(t, "org_p", use("2", ten, 1), bytes), "rejected after_cut_off", "accepted")
}

func TestItemsAreCountedOnceUpToABound(t *testing.T) {
	f := start(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()), made{})
	s := gauges("UTC", 0)
	s.From = day()
	f.register(t, s)
	noon := day().Add(12 * time.Hour)
	item := func(n int) Event { return gauge(fmt.Sprint("i", n), proof.AggregateUnique, noon, int64(n), "") }
	value, named := gauge("x", proof.AggregateUnique, noon, 1, ""), gauge("y", proof.AggregateMax, noon, 1, "")
	value.Data.Item, value.Data.Value = "", "1"
	named.Data.Item, named.Data.Value = "a", ""
	want(t, f.send(t, "org_p", value, named), "rejected needs_item", "rejected needs_value")
	for from := 0; from < MaxItems; from += MaxEvents {
		var events []Event
		for n := range MaxEvents {
			events = append(events, item(from+n))
		}
		for _, v := range f.send(t, "org_p", events...) {
			if v.Status != Accepted {
				t.Fatal(v)
			}
		}
	}
	again, other := item(5), item(MaxItems)
	again.ID = "again"
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.open(t)
	elsewhere := gauge("z", proof.AggregateUnique, noon, int64(MaxItems), "disk")
	want(t, f.send(t, "org_p", again, other, elsewhere), "accepted", "rejected too_many_items", "accepted")
	f.send(t, "org_p", mark("w", noon))
	w := f.closedWindows(t, 1)[0]
	if w.Sums[0].Quantity != fmt.Sprint(MaxItems) || w.Sums[1].Quantity != "1" {
		t.Errorf("%+v", w.Sums)
	}
}

func TestTwoWritersOfOneLogAreRefused(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets())
	f := start(t, db, made{})
	f.register(t, subjectA())
	if _, err := Open(context.Background(), f.cfg); err == nil || !strings.Contains(err.Error(), "another Halle") {
		t.Errorf("the same folder: %v", err)
	}
	f.committed()
	other := f.cfg // another folder on another machine, over the same database
	other.Dir, other.Rebuild = t.TempDir(), false
	if s, err := Open(context.Background(), other); err == nil {
		_ = s.Close()
		t.Error("another log over the same database is served")
	}
	// One that took the turn ends this one at its next commit, before anything counts beside it.
	if err := db.Tx(context.Background(), func(tx *store.Tx) error { return takeHead(tx, "another", f.log.ID()) }); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		_, err := f.Ingest(context.Background(), Publisher{"org_p"}, []Event{use(fmt.Sprint(n), day().Add(time.Hour), 1)})
		if errors.Is(err, errFenced) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestAnAlteredRecordIsNamed(t *testing.T) {
	dir := t.TempDir()
	s, db, err := openAt(dir, made{})
	if err == nil {
		err = s.Register(context.Background(), subjectA())
	}
	if err == nil {
		_, err = s.Ingest(context.Background(), Publisher{"org_p"}, []Event{use("needle", day().Add(time.Hour), 1)})
	}
	if err == nil {
		err = errors.Join(s.Close(), db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "log", "*.seg"))
	alter(t, names[0], "needle", "needlf")
	_, db, err = openAt(dir, made{})
	var damaged *batchlog.Damaged
	if !errors.As(err, &damaged) || damaged.Record != 2 || damaged.Segment != names[0] {
		t.Errorf("%v, want record 2 of %s", err, names[0])
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func FuzzParsePoints(f *testing.F) {
	f.Add(appendPoints(nil, []proof.Point{{At: 5, Value: Quantity{High: 1, Low: 2}}, {At: -5}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		points, err := parsePoints(nil, b)
		if err != nil {
			return
		}
		again, err := parsePoints(nil, appendPoints(nil, points))
		if diff := cmp.Diff(points, again); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}
