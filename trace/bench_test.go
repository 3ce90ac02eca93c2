package trace_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/pgtest"
	"github.com/halle-cloud/halle/trace"
)

// BenchmarkRecord records one fact a transaction from 16 writers, durably, with the sequencer running beside; and the
// same while another session sits idle in a transaction.
func BenchmarkRecord(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		benchRecord(b, "sqlite:"+filepath.Join(b.TempDir(), "halle.db"), false)
	})
	url, stop, err := pgtest.StartDurable(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	defer stop()
	b.Run("postgresql", func(b *testing.B) { benchRecord(b, url, false) })
	b.Run("postgresql-idle-in-transaction", func(b *testing.B) { benchRecord(b, url, true) })
}

func benchRecord(b *testing.B, url string, idle bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	db, err := store.Open(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(ctx, sets()...); err != nil {
		b.Fatal(err)
	}
	h := newHouse(b, db)
	if idle {
		release := make(chan struct{})
		defer close(release)
		started := make(chan struct{})
		go func() {
			_ = db.Tx(ctx, func(tx *store.Tx) error {
				_, err := h.facts.Record(tx, trace.Fact{Type: "thing.done.v1", Aggregate: "idle", Owner: "org_a", Actor: "system:test", At: h.clock.Now(), Machine: payload{}})
				close(started)
				<-release
				return err
			})
		}()
		<-started
	}
	done := make(chan error, 1)
	go func() { done <- h.facts.Run(ctx) }()
	var n atomic.Int64
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			err := db.Tx(ctx, func(tx *store.Tx) error {
				_, err := h.facts.Record(tx, trace.Fact{Type: "thing.done.v1", Aggregate: fmt.Sprintf("agg_%d", n.Add(1)), Owner: "org_a", Actor: "system:test", At: h.clock.Now(), Machine: payload{N: 1}})
				return err
			})
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "facts/s")
	cancel()
	<-done
}
