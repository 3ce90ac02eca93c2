package store_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/pgtest"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

// A transaction whose database dies under it is done once by the database that comes back.
func TestTxGoesOnAfterTheDatabaseDied(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cluster, err := pgtest.Launch(ctx, pgtest.Config{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop()
	db := storetest.Open(t, cluster.URL, sets())
	var runs atomic.Int64
	inside, away := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- db.Tx(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO thing (id, n, on_) VALUES ('a', 1, TRUE)")
			if err == nil && runs.Add(1) == 1 {
				close(inside)
				<-away
				_, err = tx.Exec("UPDATE thing SET n = 2 WHERE id = 'a'")
			}
			return err
		})
	}()
	<-inside
	cluster.Crash()
	close(away)
	if err := cluster.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var n int64
	err = db.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT n FROM thing WHERE id = 'a'").Scan(&n) })
	if err != nil || n != 1 || runs.Load() < 2 {
		t.Errorf("n = %d after %d runs, %v", n, runs.Load(), err)
	}
}
