package usage

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/proof"
)

func day() time.Time { return time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC) }

type fixture struct {
	*Store
	cfg   Config
	clock *clock.Fake
}

func start(t testing.TB, db *store.DB, log made) *fixture {
	t.Helper()
	ids, err := id.NewSource("test")
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewFake(day().Add(12 * time.Hour))
	dir := t.TempDir()
	f := &fixture{clock: c, cfg: Config{Dir: dir, DB: db, Now: c.Now, IDs: ids, Patience: time.Minute, OpenLog: log.in(dir)}}
	f.open(t)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func (f *fixture) open(t testing.TB) {
	t.Helper()
	var err error
	if f.Store, err = Open(context.Background(), f.cfg); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) register(t testing.TB, subjects ...Subject) {
	t.Helper()
	for _, s := range subjects {
		if err := f.Register(context.Background(), s); err != nil {
			t.Fatal(err)
		}
	}
}

func subjectA() Subject {
	return Subject{ID: "sub_a", Tenant: "org_a", Publisher: "org_p", From: day(), Zone: "Europe/Paris",
		Meters: map[string]string{"messages": "message", "bytes": "byte"}}
}

func at(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// use is a usage event that ends at an instant, five minutes long.
func use(id string, end time.Time, value any) Event {
	return Event{SpecVersion: "1.0", ID: id, Source: "/r/1", Type: proof.TypeUsage, Subject: "sub_a", Time: at(end),
		Data: proof.Data{Meter: "messages", Unit: "message", Value: fmt.Sprint(value), Start: at(end.Add(-5 * time.Minute)), End: at(end)}}
}

func mark(id string, through time.Time) Event {
	return Event{SpecVersion: "1.0", ID: id, Source: "/r/1", Type: proof.TypeWatermark, Subject: "sub_a", Data: proof.Data{Through: at(through)}}
}

func (f *fixture) send(t testing.TB, publisher string, events ...Event) []Verdict {
	t.Helper()
	v, err := f.Ingest(context.Background(), Publisher{publisher}, events)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// want checks verdicts written as "accepted", "duplicate" or "rejected negative".
func want(t testing.TB, got []Verdict, words ...string) {
	t.Helper()
	var list []string
	for _, v := range got {
		list = append(list, strings.TrimSpace(string(v.Status)+" "+string(v.Reason)))
	}
	if diff := cmp.Diff(words, list); diff != "" {
		t.Error(diff)
	}
}

// closedWindows waits until n windows are closed.
func (f *fixture) closedWindows(t testing.TB, n int) []Window {
	t.Helper()
	for {
		list, err := f.Closed(context.Background(), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) >= n {
			return list
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// totals are the closed windows' sums, in words.
func line(w Window) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s–%s %d:", w.Kind, w.From.Format("02T15:04:05"), w.To.Format("02T15:04:05"), w.Events)
	for _, s := range w.Sums {
		fmt.Fprintf(&b, " %s=%s", s.Meter, s.Quantity)
	}
	return b.String()
}

func lines(list []Window) (out []string) {
	for _, w := range list {
		out = append(out, line(w))
	}
	return out
}

func sets() []store.Migrations { return []store.Migrations{Migrations()} }

func TestVerdicts(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, log made) {
		f := start(t, db, log)
		f.register(t, subjectA())
		noon := day().Add(12 * time.Hour)
		e := use("1", noon, 10)
		want(t, f.send(t, "org_p", e, e, use("1", noon, 11), use("2", noon, 5)), "accepted", "duplicate", "conflict other_content", "accepted")
		foreign, unknown, unit := use("3", noon, 1), use("4", noon, 1), use("5", noon, 1)
		unknown.Subject, unit.Data.Unit = "sub_x", "byte"
		want(t, f.send(t, "org_q", foreign), "rejected unknown_subject")
		meter := use("6", noon, 1)
		meter.Data.Meter = "seats"
		want(t, f.send(t, "org_p", unknown, unit, meter, use("7", noon, -1), use("8", noon, "99999999999999999999"),
			use("9", noon.Add(6*time.Minute), 1), use("10", day(), 1), mark("11", noon.Add(6*time.Minute))),
			"rejected unknown_subject", "rejected wrong_unit", "rejected unknown_meter", "rejected negative", "rejected overflow",
			"rejected in_the_future", "rejected before_start", "rejected in_the_future")
		f.clock.Advance(36 * 24 * time.Hour)
		want(t, f.send(t, "org_p", use("12", noon, 1), use("1", noon, 10)), "rejected after_cut_off", "duplicate")
		if _, err := f.Ingest(context.Background(), Publisher{"org_p"}, []Event{e, use("", noon, 1)}); !fail.Is(err, fail.Invalid) || !strings.Contains(err.Error(), "events.1.id") {
			t.Errorf("an event without id: %v", err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		f.open(t)
		want(t, f.send(t, "org_p", e, use("1", noon, 11)), "duplicate", "conflict other_content")
		f.quarantineIs(t)
	})
}

// quarantineIs checks the list after TestVerdicts, page by page, and that nobody reads another's.
func (f *fixture) quarantineIs(t *testing.T) {
	t.Helper()
	for f.Health().Committed < f.Health().Stored {
		time.Sleep(5 * time.Millisecond)
	}
	var got []string
	for after := ""; ; {
		page, err := f.Quarantine(context.Background(), Scope{}, HeldFilter{}, after, 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range page {
			got = append(got, fmt.Sprintf("%s %s %s %s ×%d", h.ID, h.Publisher, h.Tenant, h.Reason, h.Times))
			after = h.Cursor
		}
		if len(page) == 0 {
			break
		}
	}
	if diff := cmp.Diff([]string{"1 org_p org_a other_content ×2", "3 org_q  foreign_subject ×1", "4 org_p  unknown_subject ×1",
		"5 org_p org_a wrong_unit ×1", "6 org_p org_a unknown_meter ×1", "7 org_p org_a negative ×1", "8 org_p org_a overflow ×1",
		"9 org_p org_a in_the_future ×1", "10 org_p org_a before_start ×1", "11 org_p org_a in_the_future ×1", "12 org_p org_a after_cut_off ×1"}, got); diff != "" {
		t.Error(diff)
	}
	if q, _ := f.Quarantine(context.Background(), Scope{Publisher: "org_q"}, HeldFilter{}, "", 10); len(q) != 1 || q[0].Reason != UnknownSubject {
		t.Errorf("another publisher reads %v", q)
	}
	if a, _ := f.Quarantine(context.Background(), Scope{Tenant: "org_b"}, HeldFilter{}, "", 10); len(a) != 0 {
		t.Errorf("another customer reads %v", a)
	}
}

func TestWindowsCloseAtTheWatermarkThenByGrace(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, log made) {
		f := start(t, db, log)
		f.register(t, subjectA())
		ctx := context.Background()
		ten := day().Add(10 * time.Hour)
		f.send(t, "org_p", use("1", ten, 1), use("2", ten.Add(time.Minute), 2), use("3", ten.Add(time.Hour), 3), use("4", ten.Add(2*time.Hour), 4))
		f.send(t, "org_p", mark("w1", ten.Add(59*time.Minute)))
		f.closedWindows(t, 1)
		f.send(t, "org_p", mark("w2", ten.Add(time.Hour)), mark("w0", ten), use("late", ten.Add(30*time.Minute), 7), use("late2", ten.Add(31*time.Minute), 8))
		list := f.closedWindows(t, 2)
		f.send(t, "org_p", mark("w3", ten.Add(time.Hour)))
		list = f.closedWindows(t, 3)
		if list[2].Corrects != list[1].ID {
			t.Errorf("the correction names %s, not %s", list[2].Corrects, list[1].ID)
		}
		f.clock.Advance(24 * time.Hour)
		if err := f.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		list = f.closedWindows(t, 4)
		if diff := cmp.Diff([]string{"regular 31T09:00:00–31T10:00:00 1: messages=1", "regular 31T10:00:00–31T11:00:00 2: messages=5",
			"correction 31T10:00:00–31T11:00:00 2: messages=15", "regular 31T11:00:00–31T12:00:00 1: messages=4"}, lines(list)); diff != "" {
			t.Error(diff)
		}
		for _, w := range list {
			file, err := f.WindowFile(ctx, "org_a", w.ID)
			if err != nil {
				t.Fatal(err)
			}
			if err := file.Verify(); err != nil {
				t.Error(err)
			}
			if _, err := f.WindowFile(ctx, "org_b", w.ID); !fail.Is(err, fail.NotFound) {
				t.Errorf("another tenant reads the window: %v", err)
			}
		}
		points, err := f.Usage(ctx, "org_a", Query{From: day(), To: day().Add(24 * time.Hour)})
		var got []string
		for _, p := range points {
			got = append(got, fmt.Sprint(p.Start.Format("15:04"), " ", p.Quantity, " ", p.Events))
		}
		if diff := cmp.Diff([]string{"09:00 1 1", "10:00 20 4", "11:00 4 1"}, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if other, err := f.Usage(ctx, "org_b", Query{From: day(), To: day().Add(24 * time.Hour)}); len(other) != 0 || err != nil {
			t.Errorf("another tenant reads %v, %v", other, err)
		}
	})
}

func TestTheEndMakesAPartialThenAFinalWindow(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, log made) {
		f := start(t, db, log)
		whole := subjectA()
		whole.ID, whole.Window = "sub_w", WholeLife
		f.register(t, subjectA(), whole, whole)
		ctx := context.Background()
		end := day().Add(11*time.Hour + 30*time.Minute)
		crossing := use("2", end.Add(2*time.Minute), 2)
		beyond := use("3", end.Add(5*time.Minute), 9)
		early := use("1", end.Add(-3*time.Hour), 1)
		early.Subject = "sub_w"
		f.send(t, "org_p", use("0", end.Add(-time.Hour), 1), early)
		for _, s := range []string{"sub_a", "sub_w", "sub_a"} {
			if err := f.End(ctx, s, end, false); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.End(ctx, "sub_a", end.Add(1), false); err != nil {
			t.Errorf("the same microsecond: %v", err)
		}
		if err := f.End(ctx, "sub_a", end.Add(time.Second), false); !fail.Is(err, fail.Conflict) {
			t.Errorf("another end: %v", err)
		}
		if err := f.End(ctx, "sub_x", end, false); !fail.Is(err, fail.NotFound) {
			t.Errorf("the end of nothing: %v", err)
		}
		want(t, f.send(t, "org_p", crossing, beyond), "accepted", "rejected subscription_ended")
		w := mark("w", end)
		f.send(t, "org_p", w)
		w.Subject, w.ID = "sub_w", "v"
		f.send(t, "org_p", w)
		got := lines(f.closedWindows(t, 5))
		if diff := cmp.Diff([]string{"regular 31T10:00:00–31T11:00:00 1: messages=1", "regular 31T11:00:00–31T11:30:00 1: messages=2",
			"final 31T11:30:00–31T11:30:00 0:", "regular 31T00:00:00–31T11:30:00 1: messages=1", "final 31T11:30:00–31T11:30:00 0:"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestACompleteEndWaitsForNothing(t *testing.T) {
	f := start(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()), made{})
	silent := subjectA()
	silent.ID = "sub_s"
	f.register(t, subjectA(), silent)
	end := day().Add(11*time.Hour + 30*time.Minute)
	f.send(t, "org_p", use("1", end, 1))
	for _, s := range []string{"sub_a", "sub_s"} {
		if err := f.End(context.Background(), s, end, true); err != nil {
			t.Fatal(err)
		}
	}
	f.send(t, "org_p", use("2", end, 2), mark("w", end))
	got := lines(f.closedWindows(t, 4))
	if diff := cmp.Diff([]string{"regular 31T11:00:00–31T11:30:00 1: messages=1", "final 31T11:30:00–31T11:30:00 0:",
		"final 31T11:30:00–31T11:30:00 0:", "correction 31T11:00:00–31T11:30:00 1: messages=2"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRegisterAgain(t *testing.T) {
	f := start(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()), made{})
	s := subjectA()
	f.register(t, s, s)
	if h := f.Health(); h.Stored != 1 {
		t.Errorf("the same subject twice made %d records", h.Stored)
	}
	s.Meters = map[string]string{"seats": "seat"}
	f.register(t, s)
	seat := use("1", day().Add(time.Hour), 1)
	seat.Data.Meter, seat.Data.Unit = "seats", "seat"
	want(t, f.send(t, "org_p", seat, use("2", day().Add(time.Hour), 1)), "accepted", "rejected unknown_meter")
	s.Tenant = "org_b"
	if err := f.Register(context.Background(), s); !fail.Is(err, fail.Conflict) {
		t.Errorf("another tenant: %v", err)
	}
}

func TestDecode(t *testing.T) {
	e := use("1", day(), 1)
	one := string(e.Canonical())
	for _, c := range []struct {
		kind, body string
		events     int // 0 for refused
	}{
		{TypeSingle, one, 1}, {TypeSingle + "; charset=UTF-8", one, 1}, {TypeBatch, "[" + one + "]", 1}, {TypeLines, one + "\n" + one, 2},
		{TypeSingle, "[" + one + "]", 0}, {TypeBatch, one, 0}, {TypeBatch, "[]", 0}, {"text/plain", one, 0}, {TypeSingle + "; charset=latin1", one, 0},
		{TypeLines, strings.Repeat(one+"\n", 1001), 0}, {TypeSingle, strings.Repeat(" ", MaxBytes) + one, 0}, {"", "", 0}, {TypeSingle, "", 0},
	} {
		events, err := Decode(c.kind, []byte(c.body))
		if len(events) != c.events || (err == nil) != (c.events > 0) || err != nil && fail.Is(err, fail.Internal) {
			t.Errorf("%s %.40s: %d events, %v; want %d", c.kind, url.QueryEscape(c.body), len(events), err, c.events)
		}
	}
}
