package usage_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/proof"
)

// TestRunning counts what no window has closed over, in every aggregation, and says the same once it has.
func TestRunning(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	now := clock.NewFake(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	ids, err := id.NewSource("test")
	check(t, err)
	db := storetest.Open(t, "sqlite:"+filepath.Join(dir, "usage.db")+"?sync=off", []store.Migrations{usage.Migrations()})
	u, err := usage.Open(ctx, usage.Config{Dir: dir, DB: db, Now: now.Now, IDs: ids})
	check(t, err)
	t.Cleanup(func() { check(t, u.Close()) })
	rules := map[string]usage.Rule{"peak": {Aggregation: proof.AggregateMax}, "held": {Aggregation: proof.AggregateWeighted}, "last": {Aggregation: proof.AggregateLatest}}
	begin := now.Now()
	check(t, u.Register(ctx, usage.Subject{ID: "sub", Tenant: "org", Publisher: "pub", From: begin, Zone: "UTC", Rules: rules,
		Meters: map[string]string{"sum": "x", "peak": "x", "held": "x", "last": "x"}}))
	moved := u.Moved()
	now.Advance(30 * time.Minute)
	var events []usage.Event
	for i, value := range []string{"9", "5"} {
		for _, meter := range []string{"sum", "peak", "held", "last"} {
			at := begin.Add(time.Duration(i) * 15 * time.Minute)
			events = append(events, usage.Event{SpecVersion: "1.0", ID: meter + value, Source: "s", Type: proof.TypeUsage, Subject: "sub",
				Data: proof.Data{Meter: meter, Unit: "x", Value: value, Start: at.Format(time.RFC3339), End: at.Add(time.Second).Format(time.RFC3339)}})
		}
	}
	verdicts, err := u.Ingest(ctx, usage.Publisher{Org: "pub"}, events)
	check(t, err)
	for _, v := range verdicts {
		if v.Status != usage.Accepted {
			t.Fatalf("%+v", v)
		}
	}
	<-moved
	if got := u.Moves(); len(got) != 1 || got[0] != (usage.Move{Tenant: "org", Subject: "sub"}) {
		t.Errorf("moved: %v", got)
	}
	now.Advance(30 * time.Minute) // 9 for a quarter of an hour, 5 for three
	want := map[string]string{"sum": "14", "peak": "9", "last": "5", "held": "6"}
	same(t, u, want)
	_, err = u.Ingest(ctx, usage.Publisher{Org: "pub"}, []usage.Event{{SpecVersion: "1.0", ID: "w", Source: "s", Type: proof.TypeWatermark, Subject: "sub",
		Data: proof.Data{Through: now.Now().Format(time.RFC3339)}}})
	check(t, err)
	for {
		list, err := u.Closed(ctx, 0, 10)
		check(t, err)
		if len(list) == 1 {
			break
		}
		<-u.Changed()
	}
	same(t, u, want)
}

// same compares the sum of what runs.
func same(t *testing.T, u *usage.Store, want map[string]string) {
	t.Helper()
	lists, err := u.RunningOf(context.Background(), []string{"sub"}, time.Time{}, []int64{0})
	check(t, err)
	got := map[string]usage.Quantity{}
	for _, w := range lists[0] {
		for _, sum := range w.Sums {
			q, err := proof.ParseQuantity(sum.Quantity)
			check(t, err)
			total := got[sum.Meter]
			total.AddQuantity(q)
			got[sum.Meter] = total
		}
	}
	for meter, value := range want {
		if q := got[meter]; q.String() != value {
			t.Errorf("%s: %s, want %s", meter, q.String(), value)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
