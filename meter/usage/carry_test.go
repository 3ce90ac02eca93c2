package usage

import (
	"context"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/proof"
)

// TestALateLevelBeforeTheCarriedOnes: a level that comes after its window is complete, and before the time from which the
// source's levels are carried on, holds in all the hours between too, up to the end of its billing period.
func TestALateLevelBeforeTheCarriedOnes(t *testing.T) {
	f := start(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()), made{})
	f.clock.Advance(48 * time.Hour)
	in := gauges("Europe/Paris", 0)
	f.register(t, in)
	late := gauge("late", proof.AggregateWeighted, in.From.Add(time.Minute), 2, "a")
	events := []Event{gauge("later", proof.AggregateWeighted, in.From.Add(10*time.Hour), 7, ""), late}
	want(t, f.send(t, "org_p", events[0], mark("w1", in.From.Add(45*time.Minute)), late, mark("w2", in.From.Add(50*time.Minute))),
		"accepted", "accepted", "accepted", "accepted")
	end := in.From.Add(12*time.Hour + 40*time.Minute)
	if err := f.End(context.Background(), in.ID, end, true); err != nil {
		t.Fatal(err)
	}
	var list []Window
	for len(list) == 0 || list[len(list)-1].Kind != Final {
		list = f.closedWindows(t, 1)
	}
	sum, paper := int64(0), int64(0)
	for _, w := range list {
		for _, s := range w.Sums {
			q, err := proof.ParseQuantity(s.Quantity)
			n, ok := q.Int64()
			if err != nil || !ok {
				t.Fatal(s, err)
			}
			sum += n
		}
	}
	for _, at := range []time.Time{in.From, end.Add(-1)} {
		period := in.periodAt(at)
		to := period.To
		if end.Before(to) {
			to = end
		}
		paper += simple(proof.AggregateWeighted, events, later(period.From, in.From), to)
	}
	if sum != paper {
		t.Errorf("the windows come to %d unit hours, on paper it is %d", sum, paper)
	}
}
