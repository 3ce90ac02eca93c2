package usage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// op is one record of the log as the model sees it.
type op struct {
	now       time.Time
	publisher string
	events    []Event
	register  *Subject
	end       string
	endAt     time.Time
}

// model is a meter written as naively as can be: everything in maps, from the first record each time.
type model struct {
	seen     map[string]string
	subjects map[string]Subject
	ends     map[string]time.Time
	totals   map[string]int64 // by subject, source, meter and hour
	usage    map[string]int64 // by subject and meter
	accepted int64
}

func replayModel(ops []op) (*model, [][]string) {
	m := &model{map[string]string{}, map[string]Subject{}, map[string]time.Time{}, map[string]int64{}, map[string]int64{}, 0}
	var verdicts [][]string
	for _, o := range ops {
		var words []string
		switch {
		case o.register != nil:
			m.subjects[o.register.ID] = *o.register
		case o.end != "":
			m.ends[o.end] = o.endAt
		}
		for i := range o.events {
			words = append(words, m.judge(o, &o.events[i]))
		}
		verdicts = append(verdicts, words)
	}
	return m, verdicts
}

func (m *model) judge(o op, e *Event) string {
	key := o.publisher + "|" + e.Source + "|" + e.ID
	text := string(e.Canonical())
	if was, ok := m.seen[key]; ok {
		if was == text {
			return "duplicate"
		}
		return "conflict"
	}
	s, known := m.subjects[e.Subject]
	if !known || s.Publisher != o.publisher {
		return "rejected"
	}
	if e.Type == proof.TypeWatermark {
		through, _ := e.Through()
		if through.After(o.now.Add(5 * time.Minute)) {
			return "rejected"
		}
		m.seen[key] = text
		return "accepted"
	}
	u, _ := e.Usage()
	end, ended := m.ends[e.Subject]
	last := u.End.Add(-time.Microsecond)
	if ended && !last.Before(end) {
		last = end.Add(-time.Microsecond)
	}
	if s.Meters[e.Data.Meter] != e.Data.Unit || u.Value < 0 || u.End.After(o.now.Add(5*time.Minute)) || !u.End.After(s.From) ||
		ended && !u.Start.Before(end) || last.Before(o.now.Add(-35*24*time.Hour)) {
		return "rejected"
	}
	m.seen[key] = text
	m.totals[fmt.Sprint(e.Subject, e.Source, e.Data.Meter, last.Truncate(time.Hour))] += u.Value
	m.usage[e.Subject+" "+e.Data.Meter] += u.Value
	m.accepted++
	return "accepted"
}

// machine drives a store and the model side by side.
type machine struct {
	base  string
	cfg   Config
	log   made
	clock *clock.Fake
	store *Store
	ops   []op
	ended map[string]bool
	next  int // of ids
}

func (m *machine) open(t *rapid.T) {
	var err error
	if m.store, err = Open(context.Background(), m.cfg); err != nil {
		t.Fatal(err)
	}
	m.cfg.Rebuild = false
}

// kill leaves the files as kill -9 would: nothing is committed any more.
func (m *machine) kill(t *rapid.T, betweenIndexAndDatabase bool) {
	s := m.store
	s.mu.Lock()
	s.broken = errors.New("killed")
	s.mu.Unlock()
	s.stop()
	s.wait.Wait()
	err := s.log.Close()
	close(s.queue)
	<-s.folded
	if betweenIndexAndDatabase {
		err = errors.Join(err, s.fold.index.Checkpoint(s.fold.consumed))
	}
	if err := errors.Join(err, s.fold.index.Close()); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) segment(t *rapid.T) string {
	names, err := filepath.Glob(filepath.Join(m.cfg.Dir, "log", "*.seg"))
	if err != nil || len(names) == 0 {
		t.Fatal(err)
	}
	return names[len(names)-1]
}

func (m *machine) crash(t *rapid.T) {
	m.kill(t, rapid.Bool().Draw(t, "between"))
	what := []string{"nothing", "no index", "rebuild", "torn write", "cut"}
	if m.log.urls != "" {
		what = []string{"nothing", "no index", "rebuild", "servers too"}
	}
	switch rapid.SampledFrom(what).Draw(t, "also") {
	case "servers too":
		if err := m.log.shake(); err != nil {
			t.Fatal(err)
		}
	case "torn write":
		f, err := os.OpenFile(m.segment(t), os.O_APPEND|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = f.WriteString("HBL1" + rapid.StringN(0, 50, 200).Draw(t, "garbage"))
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	case "no index":
		if err := os.RemoveAll(filepath.Join(m.cfg.Dir, "index")); err != nil {
			t.Fatal(err)
		}
	case "rebuild":
		m.cfg.Rebuild = true
	case "cut":
		// The log loses its end at any byte, and everything derived is gone.
		info, err := os.Stat(m.segment(t))
		if err == nil {
			err = os.Truncate(m.segment(t), rapid.Int64Range(0, info.Size()).Draw(t, "size"))
		}
		if err != nil {
			t.Fatal(err)
		}
		m.cfg.Rebuild = true
	}
	m.open(t)
	m.ops = m.ops[:min(len(m.ops), int(m.store.log.Last()))]
	m.ended = map[string]bool{}
	for _, o := range m.ops {
		m.ended[o.end] = true
	}
	m.check(t)
	m.register(t)
}

// one is true once in n times, evenly: rapid's own ranges lean to small numbers.
func one(t *rapid.T, n int, what string) bool {
	list := make([]bool, n)
	list[n-1] = true
	return rapid.SampledFrom(list).Draw(t, what)
}

func (m *machine) event(t *rapid.T) Event {
	end := m.clock.Now().Add(-time.Duration(rapid.IntRange(0, 300).Draw(t, "minutes")) * time.Minute)
	if one(t, 8, "far") {
		end = m.clock.Now().Add(-time.Duration(rapid.IntRange(-10, 60*24*40).Draw(t, "minutes ago")) * time.Minute)
	}
	m.next++
	id := m.next
	if one(t, 10, "old id") {
		id = rapid.IntRange(0, m.next).Draw(t, "id")
	}
	value := rapid.Int64Range(0, 20).Draw(t, "value")
	if one(t, 20, "negative") {
		value = -1
	}
	e := use(fmt.Sprint(id), end, value)
	if one(t, 12, "watermark") {
		e = mark(e.ID, end)
	} else if rapid.Bool().Draw(t, "bytes") {
		e.Data.Meter, e.Data.Unit = "bytes", "byte"
	}
	e.Subject = rapid.SampledFrom([]string{"sub_a", "sub_b"}).Draw(t, "subject")
	if one(t, 20, "unknown") {
		e.Subject = "sub_c"
	}
	e.Source = rapid.SampledFrom([]string{"/r/1", "/r/2"}).Draw(t, "source")
	return e
}

func (m *machine) send(t *rapid.T, publisher string, events []Event) {
	got, err := m.store.Ingest(context.Background(), Publisher{publisher}, events)
	if err != nil {
		t.Fatal(err)
	}
	m.ops = append(m.ops, op{now: m.clock.Now(), publisher: publisher, events: events})
	_, verdicts := replayModel(m.ops)
	for i, v := range got {
		if want := verdicts[len(verdicts)-1][i]; string(v.Status) != want {
			t.Fatalf("event %d %s: %v, the model says %s", i, events[i].Canonical(), v, want)
		}
	}
}

func (m *machine) run(t *rapid.T) {
	m.register(t)
	var sent []Event
	t.Repeat(map[string]func(*rapid.T){
		"send": func(t *rapid.T) {
			var events []Event
			for range rapid.IntRange(1, 12).Draw(t, "n") {
				e := m.event(t)
				if len(sent) > 0 && one(t, 5, "again") {
					e = rapid.SampledFrom(sent).Draw(t, "old")
				}
				events = append(events, e)
			}
			sent = append(sent, events...)
			publisher := "org_p"
			if one(t, 10, "stranger") {
				publisher = "org_q"
			}
			m.send(t, publisher, events)
		},
		"time": func(t *rapid.T) {
			m.clock.Advance(time.Duration(rapid.IntRange(1, 40*60).Draw(t, "minutes")) * time.Minute)
			m.tick(t)
		},
		"end": func(t *rapid.T) {
			if one(t, 6, "really") {
				m.end(t, rapid.SampledFrom([]string{"sub_a", "sub_b"}).Draw(t, "subject"))
			}
		},
		"crash": m.crash,
	})
	m.finish(t)
}

func (m *machine) register(t *rapid.T) {
	for _, s := range []string{"sub_a", "sub_b"} {
		in := subjectA()
		in.ID, in.From = s, day().Add(-30*24*time.Hour)
		before := m.store.log.Last()
		if err := m.store.Register(context.Background(), in); err != nil {
			t.Fatal(err)
		}
		if m.store.log.Last() > before {
			m.ops = append(m.ops, op{now: m.clock.Now(), register: &in})
		}
	}
}

func (m *machine) tick(t *rapid.T) {
	before := m.store.log.Last()
	if err := m.store.Tick(context.Background()); err != nil {
		t.Fatal(err)
	}
	if m.store.log.Last() > before {
		m.ops = append(m.ops, op{now: m.clock.Now()})
	}
}

func (m *machine) end(t *rapid.T, subject string) {
	m.store.mu.RLock()
	known := m.store.fold.subjects[subject] != nil
	m.store.mu.RUnlock()
	if m.ended[subject] || !known {
		return
	}
	m.ended[subject] = true
	if err := m.store.End(context.Background(), subject, m.clock.Now(), len(m.ops)%2 == 0); err != nil {
		t.Fatal(err)
	}
	m.ops = append(m.ops, op{now: m.clock.Now(), end: subject, endAt: m.clock.Now()})
}

// check compares the charts, which count everything at once, with the model.
func (m *machine) check(t *rapid.T) {
	for h := m.store.Health(); h.Committed < h.Stored; h = m.store.Health() {
		time.Sleep(time.Millisecond)
	}
	points, err := m.store.Usage(context.Background(), "org_a", Query{From: day().AddDate(-1, 0, 0), To: day().AddDate(5, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, p := range points {
		n, _ := p.Quantity.Int64()
		got[p.Subject+" "+p.Meter] += n
	}
	want, _ := replayModel(m.ops)
	if diff := cmp.Diff(want.usage, got); diff != "" {
		t.Fatal(diff)
	}
}

// closed waits for the digests of all closed windows.
func (m *machine) closed(t *rapid.T) (list []Window) {
	for len(list) < int(m.store.Health().Closings) {
		var err error
		if list, err = m.store.Closed(context.Background(), 0, 1<<30); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// finish ends everything and compares all windows and their proofs with the model.
func (m *machine) finish(t *rapid.T) {
	m.register(t)
	m.end(t, "sub_a")
	m.end(t, "sub_b")
	m.check(t)
	m.clock.Advance(25 * time.Hour)
	m.tick(t)
	if h := m.store.Health(); h.Open != 0 {
		t.Fatalf("%d windows stay open", h.Open)
	}
	list := m.closed(t)
	m.kill(t, false)
	m.cfg.Rebuild = true
	m.open(t)
	if diff := cmp.Diff(list, m.closed(t)); diff != "" {
		t.Fatalf("a rebuild gives other windows: %s", diff)
	}
	model, _ := replayModel(m.ops)
	got := proven(t, m.store, list, func(w Window, sum proof.Sum) string {
		return fmt.Sprint(w.Subject, w.Source, sum.Meter, w.From.Truncate(time.Hour))
	})
	var events, finals int64
	for _, w := range list {
		if w.Kind == Final {
			finals++
		}
		events += w.Events
	}
	if diff := cmp.Diff(model.totals, got); diff != "" || events != model.accepted || finals != 2 {
		t.Fatalf("%d events, %d accepted, %d final windows: %s", events, model.accepted, finals, diff)
	}
}

// TestAgainstANaiveMeterCrash: any order, duplicates at any distance, conflicts, late events, ends, and kills with torn
// writes, lost indexes, rebuilds and logs cut at any byte give the verdicts, totals and proofs of the naive model.
func TestAgainstANaiveMeterCrash(t *testing.T) {
	checks(t)
	each(t, func(t *testing.T, db *store.DB, log made) {
		ids, err := id.NewSource("test")
		if err != nil {
			t.Fatal(err)
		}
		base := t.TempDir()
		rapid.Check(t, func(t *rapid.T) {
			dir, err := os.MkdirTemp(base, "x")
			if err != nil {
				t.Fatal(err)
			}
			c := clock.NewFake(day().Add(12 * time.Hour))
			m := &machine{base: base, clock: c, ended: map[string]bool{}, log: log, cfg: Config{OpenLog: log.in(dir), Dir: dir, DB: db, Now: c.Now, IDs: ids,
				Patience: time.Minute, Recent: 10, Rebuild: true, commitEvery: 15 * time.Millisecond}}
			m.open(t)
			defer func() {
				_ = m.store.Close()
				_ = os.RemoveAll(dir)
			}()
			m.run(t)
		})
	})
}
