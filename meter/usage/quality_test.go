package usage

import (
	"context"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/store"
)

// What came is counted by source and hour of receipt, each event once, also after the log was folded again.
func TestWhatCameIsCounted(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, log made) {
		f := start(t, db, log)
		f.register(t, subjectA())
		ctx, noon := context.Background(), day().Add(12*time.Hour)
		one, two, wrong := use("1", noon.Add(-10*time.Minute), 5), use("2", noon.Add(-30*time.Minute), 7), use("3", noon, 1)
		wrong.Data.Meter = "nothing"
		want(t, f.send(t, "org_p", one, two, wrong, one), "accepted", "accepted", "rejected unknown_meter", "duplicate")
		want(t, f.send(t, "org_p", wrong, mark("w", noon)), "rejected unknown_meter", "accepted")
		f.clock.Advance(3 * time.Hour)
		want(t, f.send(t, "org_p", use("4", noon.Add(-time.Hour), 2)), "accepted") // in a correction: its window is closed
		for range 2 {
			for h := f.Health(); h.Committed < h.Stored; h = f.Health() {
				time.Sleep(5 * time.Millisecond)
			}
			list, err := f.Sources(ctx, "org_p", noon, noon.Add(4*time.Hour))
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v %v", list, err)
			}
			q := list[0]
			if q.Accepted != 3 || q.Duplicates != 1 || q.Held != 2 || q.Late != 1 || q.Waiting[UnknownMeter] != 1 || q.Sent() != 6 {
				t.Errorf("%+v", q)
			}
			if q.Worst != 4*time.Hour || q.Lag != (10*time.Minute+30*time.Minute+4*time.Hour)/3 || !q.Through.Equal(noon) || !q.Last.Equal(noon.Add(3*time.Hour)) {
				t.Errorf("lag %s, at worst %s, through %s, last %s", q.Lag, q.Worst, q.Through, q.Last)
			}
			hours, err := f.Hours(ctx, "", noon, noon.Add(4*time.Hour))
			if err != nil || len(hours) != 2 || hours[0].Publisher != "org_p" || hours[0].Accepted != 2 || hours[1].Late != 1 || !hours[1].Hour.Equal(noon.Add(3*time.Hour)) {
				t.Errorf("%+v %v", hours, err)
			}
			if other, err := f.Sources(ctx, "org_q", noon, noon.Add(4*time.Hour)); err != nil || len(other) != 0 {
				t.Errorf("another publisher: %+v %v", other, err)
			}
			if h := f.Health(); h.Keys < 4 {
				t.Errorf("the index remembers %d events", h.Keys)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			f.cfg.Rebuild = true
			f.open(t)
		}
	})
}

func TestWhatComesNow(t *testing.T) {
	var f flow
	start := day()
	for second := range 12 {
		f.came("org_p", 50, start.Add(time.Duration(second)*time.Second))
	}
	f.refuse("org_q", start.Add(-25*time.Hour))
	f.refuse("org_q", start)
	s := &Store{cfg: Config{Now: func() time.Time { return start.Add(11 * time.Second) }}}
	s.flow.streams = f.streams
	got := s.Flows()
	if len(got) != 2 || got[0].PerSecond != 50 || got[0].Refused != 0 || got[1].Refused != 1 || got[1].PerSecond != 0 {
		t.Errorf("%+v", got)
	}
}
