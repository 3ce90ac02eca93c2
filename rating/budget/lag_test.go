package budget_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/subscription"
)

// TestFromEventToCap runs the meter and the budgets as the server does: usage is sent, and the service stands still
// although no window has closed. Then the window closes and is charged; nothing is counted twice.
func TestFromEventToCap(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx, stop := context.WithCancel(context.Background())
		dir, log := t.TempDir(), slog.New(slog.NewTextHandler(io.Discard, nil))
		counted := storetest.Open(t, "sqlite:"+filepath.Join(dir, "usage.db")+"?sync=off", []store.Migrations{usage.Migrations()})
		u, err := usage.Open(ctx, usage.Config{Dir: dir, DB: counted, Now: h.Clock.Now, IDs: h.IDs})
		must(t, err)
		meters := meter.New(db, h.IDs, h.Clock.Now, h.Facts, h.Policy, h.Parties, u, log)
		h.budgets, err = budget.New(budget.Config{DB: db, IDs: h.IDs, Now: h.Clock.Now, Facts: h.Facts, Policy: h.Policy, Parties: h.Parties, Orders: h.orders, Subscriptions: h.subs,
			Ratings: h.ratings, Outbox: h.Outbox, Log: log, Meter: budget.Meter{Moved: meters.Moved, Moves: meters.Moves, RunningOf: meters.RunningOf}})
		must(t, err)
		ended := make(chan error, 1)
		go func() { ended <- h.budgets.Run(ctx) }()
		t.Cleanup(func() {
			stop()
			must(t, <-ended)
			must(t, u.Close())
		})
		sub := h.standing(t, h.buyer, "pay")
		must(t, h.Facts.Drain(ctx, meters.Readers()...))
		_, err = meters.Sync(ctx)
		must(t, err)
		b := h.set(t, 100, budget.Suspend, "")
		h.Clock.Advance(10 * time.Minute)
		send := func(id string, data proof.Data, kind string) {
			got, err := meters.Ingest(ctx, h.publisher, []usage.Event{{SpecVersion: "1.0", ID: id, Source: "res", Type: kind, Subject: sub, Data: data}})
			must(t, err)
			if got[0].Status != usage.Accepted {
				t.Fatalf("%+v", got)
			}
		}
		now := h.Clock.Now()
		counts := func(n int) proof.Data {
			return proof.Data{Meter: "messages", Unit: "message", Value: fmt.Sprint(n), Start: now.Add(-time.Minute).Format(time.RFC3339), End: now.Format(time.RFC3339)}
		}
		send("1", counts(60), proof.TypeUsage)
		at := time.Now()
		send("2", counts(45), proof.TypeUsage)
		until(t, "the cap", func() bool { return h.get(t, b.ID).State == budget.Capped })
		t.Logf("capped %v after the event was accepted", time.Since(at))
		h.is(t, b.ID, budget.Capped, 105)
		h.state(t, sub, subscription.StateSuspended, subscription.ReasonBudget)
		h.Clock.Advance(2 * time.Hour)
		send("3", proof.Data{Through: h.Clock.Now().Format(time.RFC3339)}, proof.TypeWatermark)
		until(t, "the charge", func() bool {
			_, err := meters.Sync(ctx)
			must(t, err)
			h.drain(t)
			list, err := h.ratings.Charges(ctx, h.buyer, h.buyer.Org)
			must(t, err)
			return len(list) == 1
		})
		h.look(t)
		h.is(t, b.ID, budget.Capped, 105)
	})
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come", what)
		}
	}
}
