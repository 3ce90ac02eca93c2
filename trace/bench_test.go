package trace_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/klog/v2"

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

// BenchmarkPublished records facts at 500/s, with the sequencer and the pump running and a checkpoint every 500 ms as
// in a server, and measures from each commit until a published checkpoint covers its leaf.
func BenchmarkPublished(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchPublished(b, "sqlite:"+filepath.Join(b.TempDir(), "halle.db")) })
	b.Run("postgresql", func(b *testing.B) {
		url, stop, err := pgtest.StartDurable(context.Background()) // each log begins with its own database
		if err != nil {
			b.Fatal(err)
		}
		defer stop()
		benchPublished(b, url)
	})
}

func benchPublished(b *testing.B, url string) {
	const rate = 500
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
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // the log library writes between the results
	l, err := trace.OpenLog(ctx, b.TempDir(), "bench.halle", h.ring, 500*time.Millisecond)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close(context.Background()) }()
	var running sync.WaitGroup
	running.Go(func() { _ = h.facts.Run(ctx) })
	running.Go(func() {
		if err := h.facts.Pump(ctx, l); err != nil {
			b.Error(err)
			cancel()
		}
	})
	defer running.Wait()
	defer cancel()
	committed, covered := make([]time.Time, b.N), make(chan []time.Time)
	go func() { covered <- watch(ctx, l, b.N) }()
	b.ResetTimer()
	start := time.Now()
	var wg sync.WaitGroup
	for n := range b.N {
		time.Sleep(time.Until(start.Add(time.Duration(n) * time.Second / rate)))
		wg.Go(func() {
			err := db.Tx(ctx, func(tx *store.Tx) error {
				_, err := h.facts.Record(tx, trace.Fact{Type: "thing.done.v1", Aggregate: fmt.Sprintf("agg_%d", n), Owner: "org_a", Actor: "system:test", At: h.clock.Now(), Machine: payload{N: 1}})
				return err
			})
			if err != nil {
				b.Error(err)
			}
			committed[n] = time.Now()
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "facts/s")
	byLeaf := <-covered
	if len(byLeaf) < b.N {
		b.Fatal("the log did not grow")
	}
	took := make([]time.Duration, b.N)
	for n, leaf := range leafNumbers(b, db) {
		took[n] = byLeaf[leaf].Sub(committed[n])
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[b.N/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(took[b.N*99/100].Milliseconds()), "p99-ms")
}

// watch notes when a published checkpoint covered each of n leaves.
func watch(ctx context.Context, l *trace.Log, n int) []time.Time {
	at := make([]time.Time, 0, n)
	for len(at) < n && ctx.Err() == nil {
		size, err := l.Published(ctx)
		for now := time.Now(); err == nil && uint64(len(at)) < size; {
			at = append(at, now)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return at
}

// leafNumbers gives the leaf of each agg_N.
func leafNumbers(b *testing.B, db *store.DB) map[int]int {
	b.Helper()
	out := map[int]int{}
	err := db.Read(context.Background(), func(tx *store.Tx) error {
		return tx.Each(func(row store.Scanner) error {
			var leaf int
			var aggregate string
			if err := row.Scan(&leaf, &aggregate); err != nil {
				return err
			}
			n, err := strconv.Atoi(strings.TrimPrefix(aggregate, "agg_"))
			out[n] = leaf
			return err
		}, "SELECT l.leaf_no, f.aggregate FROM fact_leaf l JOIN fact_position p ON p.position = l.position JOIN fact f ON f.id = p.fact")
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}
