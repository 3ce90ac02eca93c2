package usage

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// gauges is a subject with a meter of each aggregation, named by it, whose month begins in the middle of what is sent.
func gauges(zone string, window time.Duration) Subject {
	s := Subject{ID: "sub_a", Tenant: "org_a", Publisher: "org_p", From: day().Add(39*time.Hour + 30*time.Minute), Zone: zone, Window: window,
		Anchor: price.Date{Year: 2027, Month: 1, Day: 2}, Meters: map[string]string{}, Rules: map[string]Rule{}}
	for _, a := range proof.Aggregations() {
		s.Meters[string(a)] = "unit"
		s.Rules[string(a)] = Rule{Aggregation: a}
	}
	return s
}

// gauge is an event of a meter: a minute, or for a longer time.
func gauge(id string, a proof.Aggregation, end time.Time, value int64, labels string) Event {
	e := use(id, end, value)
	e.Data.Meter, e.Data.Unit, e.Data.Start = string(a), "unit", at(end.Add(-time.Minute))
	if a == proof.AggregateUnique {
		e.Data.Item, e.Data.Value = fmt.Sprint("item-", value), ""
	}
	if labels != "" {
		e.Data.Dimensions = []proof.Dimension{{Name: "disk", Value: labels}}
	}
	return e
}

// simple computes a period from the events in force as anybody would on paper, minute by minute.
func simple(a proof.Aggregation, events []Event, from, to time.Time) (total int64) {
	type group struct{ labels, source string }
	groups := map[group][]Event{}
	for _, e := range events {
		k := group{labels: e.Data.Labels()}
		if a == proof.AggregateWeighted {
			k.source = e.Source
		}
		groups[k] = append(groups[k], e)
	}
	for _, list := range groups {
		total += simpleGroup(a, list, from, to)
	}
	return total
}

func simpleGroup(a proof.Aggregation, all []Event, from, to time.Time) (n int64) {
	var list []Event
	best := Usage{}
	items, slots := map[string]bool{}, map[time.Time]int64{}
	for _, e := range all {
		u, _ := e.Usage()
		if u.End.After(from) && !u.End.After(to) {
			list = append(list, e)
			items[e.Data.Item] = true
			slots[u.End.Add(-time.Microsecond).Truncate(5*time.Minute)] += u.Value
			first := len(list) == 1
			switch {
			case a == proof.AggregateSum:
				n += u.Value
			case a == proof.AggregateCount:
				n++
			case a == proof.AggregateMin && (first || u.Value < n), a == proof.AggregateMax && u.Value > n:
				n = u.Value
			case a == proof.AggregateLatest && (u.End.After(best.End)):
				n, best = u.Value, Usage{End: u.End}
			}
		}
	}
	switch a {
	case proof.AggregateUnique:
		return int64(len(items))
	case proof.AggregateP95:
		var values []int64
		for s := from.Truncate(5 * time.Minute); s.Before(to); s = s.Add(5 * time.Minute) {
			values = append(values, slots[s])
		}
		slices.Sort(values)
		return values[(95*len(values)+99)/100-1]
	case proof.AggregateWeighted:
		for t := from; t.Before(to); t = t.Add(time.Minute) {
			best := time.Time{}
			level := int64(0)
			for _, e := range all {
				if u, _ := e.Usage(); !u.Start.After(t) && (u.Start.After(best)) {
					best, level = u.Start, u.Value
				}
			}
			n += level
		}
		return n / 60
	}
	return n
}

// Usage is a usage event read out.
type Usage = proof.Usage

// plant is a run of TestAggregationsAgainstPaperCrash.
type plant struct {
	*machine
	subject Subject
	end     time.Time
	force   map[string]Event // by the id of the first event
	ids     []string
}

// TestAggregationsAgainstPaperCrash: events of every aggregation in any order, late, corrected, with windows that close
// meanwhile and kills, come to what they come to on paper, for each period; and each window verifies.
func TestAggregationsAgainstPaperCrash(t *testing.T) {
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
			c := clock.NewFake(day().Add(60 * time.Hour))
			m := &machine{base: base, clock: c, log: log, cfg: Config{OpenLog: log.in(dir), Dir: dir, DB: db, Now: c.Now, IDs: ids, Patience: time.Minute, Recent: 20, Rebuild: true,
				commitEvery: 5 * time.Millisecond}}
			m.open(t)
			defer func() {
				_ = m.store.Close()
				_ = os.RemoveAll(dir)
			}()
			p := &plant{machine: m, force: map[string]Event{}, end: day().Add(52*time.Hour + 10*time.Minute),
				subject: gauges(rapid.SampledFrom([]string{"Europe/Paris", "Asia/Kathmandu"}).Draw(t, "zone"), 0)}
			if p.subject.Zone == "Asia/Kathmandu" {
				p.subject.Window = Bucket
			}
			p.run(t)
		})
	})
}

func (p *plant) run(t *rapid.T) {
	ctx := context.Background()
	if err := p.store.Register(ctx, p.subject); err != nil {
		t.Fatal(err)
	}
	last := p.subject.From
	for n := range rapid.IntRange(1, 25).Draw(t, "steps") {
		switch rapid.SampledFrom([]string{"send", "send", "send", "correct", "watermark", "kill"}).Draw(t, "step") {
		case "send":
			p.send(t, n)
		case "correct":
			p.correct(t, n)
		case "watermark":
			last = last.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "minutes")) * time.Minute)
			for _, source := range []string{"/r/1", "/r/2"} {
				w := mark(fmt.Sprint("w", n, source), last)
				w.Source = source
				p.accepted(t, w)
			}
		case "kill":
			p.kill(t, rapid.Bool().Draw(t, "between"))
			p.open(t)
		}
	}
	if err := p.store.End(ctx, "sub_a", p.end, rapid.Bool().Draw(t, "complete")); err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "after the end") {
		p.correct(t, 100)
	}
	p.clock.Advance(26 * time.Hour)
	if err := p.store.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	p.compare(t)
}

func (p *plant) accepted(t *rapid.T, e Event) {
	v, err := p.store.Ingest(context.Background(), Publisher{"org_p"}, []Event{e})
	if err != nil || v[0].Status != Accepted {
		t.Fatalf("%s: %v, %v", e.Canonical(), v, err)
	}
}

func (p *plant) send(t *rapid.T, n int) {
	for i := range rapid.IntRange(1, 6).Draw(t, "n") {
		a := rapid.SampledFrom(proof.Aggregations()).Draw(t, "aggregation")
		minute := rapid.IntRange(1, 12*60+30).Draw(t, "minute")
		// Two events never begin in the same minute of a meter: on paper their order would be open.
		id := fmt.Sprintf("%d/%d", n, i)
		e := gauge(id, a, p.subject.From.Add(time.Duration(minute)*time.Minute), rapid.Int64Range(0, 9).Draw(t, "value"),
			rapid.SampledFrom([]string{"", "a"}).Draw(t, "labels"))
		e.Source = rapid.SampledFrom([]string{"/r/1", "/r/2"}).Draw(t, "source")
		if p.taken(e) || !end(e).Before(p.end) {
			continue
		}
		p.accepted(t, e)
		p.force[id] = e
		p.ids = append(p.ids, id)
	}
}

func end(e Event) time.Time {
	u, _ := e.Usage()
	return u.End
}

func (p *plant) taken(e Event) bool {
	for _, o := range p.force {
		if o.Data.Meter == e.Data.Meter && o.Data.Labels() == e.Data.Labels() && o.Data.End == e.Data.End {
			return true
		}
	}
	return false
}

func (p *plant) correct(t *rapid.T, n int) {
	if len(p.ids) == 0 {
		return
	}
	id := rapid.SampledFrom(p.ids).Draw(t, "id")
	was, ok := p.force[id]
	void := Event{SpecVersion: "1.0", ID: fmt.Sprint("c", n), Source: was.Source, Type: proof.TypeVoid, Subject: "sub_a", Data: proof.Data{Event: id}}
	if !ok {
		return // void already
	}
	if rapid.Bool().Draw(t, "void") {
		p.accepted(t, void)
		delete(p.force, id)
		return
	}
	amend := was
	amend.ID, amend.Type, amend.Data.Event = void.ID, proof.TypeAmend, id
	if amend.Data.Item != "" {
		amend.Data.Item = fmt.Sprint("item-", rapid.IntRange(0, 9).Draw(t, "item"))
	} else {
		amend.Data.Value = fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "amount"))
	}
	p.accepted(t, amend)
	p.force[id] = amend
}

// compare compares each period with paper, and the windows' differences with the periods.
func (p *plant) compare(t *rapid.T) {
	list := p.settled(t)
	got, stated := map[string]int64{}, map[string]int64{}
	for _, w := range list {
		file, err := p.store.WindowFile(context.Background(), "org_a", w.ID)
		if err == nil {
			err = file.Verify()
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range w.Sums {
			q, err := proof.ParseQuantity(s.Quantity)
			n, ok := q.Int64()
			if err != nil || !ok {
				t.Fatal(s, err)
			}
			stated[s.Meter] += n
			got[s.Meter+" "+p.subject.periodAt(w.To.Add(-1)).From.String()] += n
		}
	}
	want, total := map[string]int64{}, map[string]int64{}
	for _, in := range []time.Time{p.subject.From, p.end.Add(-1)} {
		period := p.subject.periodAt(in)
		from, to := later(period.From, p.subject.From), period.To
		if p.end.Before(to) {
			to = p.end
		}
		for _, a := range proof.Aggregations() {
			var events []Event
			for _, e := range p.force {
				if e.Data.Meter == string(a) {
					events = append(events, e)
				}
			}
			if n := simple(a, events, from, to); n != 0 {
				want[string(a)+" "+period.From.String()] = n
				total[string(a)] += n
			}
		}
	}
	strip := func(m map[string]int64) {
		for k, n := range m {
			if n == 0 {
				delete(m, k)
			}
		}
	}
	strip(stated)
	if diff := cmp.Diff(total, stated); diff != "" {
		for _, w := range list {
			t.Log(line(w), w.Source, w.Sums)
		}
		t.Fatalf("the windows come to something else than paper: %s", diff)
	}
	strip(got)
	for k := range got {
		if len(k) > 8 && k[:8] == "weighted" { // a late change goes on into the next period, and one window states it all
			delete(got, k)
		}
	}
	for k := range want {
		if len(k) > 8 && k[:8] == "weighted" {
			delete(want, k)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("a period comes to something else than on paper: %s", diff)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// settled waits until all closed windows are worked out.
func (p *plant) settled(t *rapid.T) []Window {
	for {
		h := p.store.Health()
		if h.Open != 0 {
			t.Fatalf("%d windows stay open", h.Open)
		}
		waiting := int64(1)
		err := p.cfg.DB.Read(context.Background(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT count(*) FROM usage_window WHERE digest IS NULL").Scan(&waiting)
		})
		if err != nil {
			t.Fatal(err)
		}
		if h.Committed == h.Stored && waiting == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	list, err := p.store.Closed(context.Background(), 0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
