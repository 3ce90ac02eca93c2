package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/pgtest"
)

// once remembers the first answer: several figures come from one run.
func once[T any](f func(context.Context) (T, error)) func(context.Context) (T, error) {
	var first sync.Once
	var v T
	var err error
	return func(ctx context.Context) (T, error) {
		first.Do(func() { v, err = f(ctx) })
		return v, err
	}
}

// span shortens a measurement to a quarter when HALLE_BENCH_QUICK is set: to see that it works, not to believe it.
func span(d time.Duration) time.Duration {
	if os.Getenv("HALLE_BENCH_QUICK") != "" {
		return d / 4
	}
	return d
}

// onSQLite lets the installation use its own file, synced at each commit.
func onSQLite(context.Context) (string, func(), error) { return "", func() {}, nil }

// onPostgres gives an own cluster with fsync, synchronous commit and full page writes on.
func onPostgres(ctx context.Context) (string, func(), error) { return pgtest.StartDurable(ctx) }

// fsyncs tells how often a second this disk takes 4 KiB for good.
func fsyncs() (float64, error) {
	dir, err := os.MkdirTemp("", "halle-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	block := make([]byte, 4096)
	start, n := time.Now(), 0
	for ; time.Since(start) < time.Second/2; n++ {
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// commits describes what this disk and this database do with nothing of Halle in between but its door: an empty url
// is SQLite in a file.
func commits(ctx context.Context, url string) (string, error) {
	syncs, err := fsyncs()
	if err != nil {
		return "", err
	}
	if url == "" {
		dir, err := os.MkdirTemp("", "halle-bench-")
		if err != nil {
			return "", err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		url = "sqlite:" + filepath.Join(dir, "reference.db")
	}
	db, err := store.Open(ctx, url)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	create := "CREATE TABLE IF NOT EXISTS bench_reference (n BIGINT PRIMARY KEY, v TEXT)"
	if err := db.Tx(ctx, func(tx *store.Tx) error { err := tx.Send(create); return err }); err != nil {
		return "", err
	}
	one, err := inserts(ctx, db, 1)
	if err != nil {
		return "", err
	}
	many, err := inserts(ctx, db, flooders)
	if err != nil {
		return "", err
	}
	err = db.Tx(ctx, func(tx *store.Tx) error { err := tx.Send("DROP TABLE bench_reference"); return err })
	return fmt.Sprintf("raw fsync %s/s, raw insert %s/s, from %d at once %s/s", number(syncs), number(one), flooders, number(many)), err
}

// inserts of one row, each in its own transaction.
func inserts(ctx context.Context, db *store.DB, senders int) (float64, error) {
	var wg sync.WaitGroup
	counts, errs := make([]int, senders), make([]error, senders)
	text := strings.Repeat("x", 200)
	start := time.Now()
	for s := range senders {
		wg.Go(func() {
			for time.Since(start) < time.Second/2 && errs[s] == nil {
				errs[s] = db.Tx(ctx, func(tx *store.Tx) error {
					err := tx.Send("INSERT INTO bench_reference (n, v) VALUES ($1, $2)", keys.Add(1), text)
					return err
				})
				counts[s]++
			}
		})
	}
	wg.Wait()
	n := 0
	for s := range senders {
		n += counts[s]
		if errs[s] != nil {
			return 0, errs[s]
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}
