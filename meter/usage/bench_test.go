package usage

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/seen"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

// benchStore is durable (the database too) and may begin with an index that holds many keys already.
func benchStore(b *testing.B, subjects, keys int) *Store {
	b.Helper()
	dir := b.TempDir()
	db := storetest.Open(b, "sqlite:"+filepath.Join(dir, "usage.db"), sets())
	ids, err := id.NewSource("bench")
	if err != nil {
		b.Fatal(err)
	}
	cfg := Config{Dir: dir, DB: db, Now: clock.System, IDs: ids, Patience: time.Minute}
	fillIndex(b, cfg, keys)
	s, err := Open(context.Background(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	for i := range subjects {
		in := subjectA()
		in.ID, in.From = fmt.Sprint("sub_", i), time.Now().Add(-24*time.Hour)
		if err := s.Register(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

func fillIndex(b *testing.B, cfg Config, keys int) {
	b.Helper()
	x, err := seen.Open(filepath.Join(cfg.Dir, "index"), 0, 0)
	if err != nil {
		b.Fatal(err)
	}
	var k seen.Key
	for n := range keys {
		_, _ = rand.Read(k[:])
		x.Put(k, seen.Value{})
		if n%100_000 == 99_999 || n == keys-1 {
			if err := x.Checkpoint(0); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := x.Close(); err != nil {
		b.Fatal(err)
	}
}

// benchmarkIngest sends batches of 100 from 64 senders, each batch about one subject.
func benchmarkIngest(b *testing.B, subjects, keys int, decode bool) {
	s := benchStore(b, subjects, keys)
	b.ResetTimer()
	begin := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				events := benchEvents(n, subjects)
				if decode {
					body := []byte{'['}
					for i := range events {
						if i > 0 {
							body = append(body, ',')
						}
						body = events[i].AppendCanonical(body)
					}
					var err error
					if events, err = Decode(TypeBatch, append(body, ']')); err != nil {
						b.Error(err)
						return
					}
				}
				v, err := s.Ingest(context.Background(), Publisher{"org_p"}, events)
				if err != nil || v[99].Status != Accepted {
					b.Error(err, v)
					return
				}
			}
		})
	}
	wg.Wait()
	for s.Health().Committed < uint64(b.N+subjects) {
		time.Sleep(time.Millisecond)
	}
	b.ReportMetric(float64(b.N)*100/time.Since(begin).Seconds(), "events/s")
	b.ReportMetric(0, "ns/op")
}

func benchEvents(n int64, subjects int) []Event {
	events := make([]Event, 100)
	end := time.Now().Add(-time.Minute)
	for i := range events {
		events[i] = use(fmt.Sprintf("r1/1/%d-%d", n, i), end, i)
		events[i].Subject = fmt.Sprint("sub_", n%int64(subjects))
	}
	return events
}

func BenchmarkIngest(b *testing.B) {
	for _, c := range []struct{ subjects, keys int }{{10, 0}, {10_000, 0}, {1000, 10_000_000}} {
		b.Run(fmt.Sprintf("subjects=%d/keys=%d", c.subjects, c.keys), func(b *testing.B) { benchmarkIngest(b, c.subjects, c.keys, false) })
	}
}

// BenchmarkDecodeIngest also writes the request's body and reads it as JSON, as a sender and the API would.
func BenchmarkDecodeIngest(b *testing.B) { benchmarkIngest(b, 1000, 0, true) }
