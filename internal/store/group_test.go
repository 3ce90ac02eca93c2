package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

func counted(t *testing.T, db *store.DB) (n int64) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.Tx) error { return tx.QueryRow("SELECT count(*) FROM shared").Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func shared(t *testing.T, db *store.DB) {
	t.Helper()
	err := db.Tx(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec("CREATE TABLE shared (n BIGINT PRIMARY KEY)"); return err })
	if err != nil {
		t.Fatal(err)
	}
}

func add(tx *store.Tx, n int) error {
	_, err := tx.Exec("INSERT INTO shared (n) VALUES ($1)", n)
	return err
}

// Many write at once, and share commits on SQLite. One that fails, panics or is given up leaves nothing, and costs the
// others nothing.
func TestWhatFailsAmongManyLeavesNothing(t *testing.T) {
	storetest.Each(t, nil, func(t *testing.T, db *store.DB) {
		shared(t, db)
		refused := errors.New("refused")
		var wg sync.WaitGroup
		for n := range 200 {
			wg.Go(func() {
				defer func() {
					if p := recover(); (p != nil) != (n%5 == 2) {
						t.Errorf("%d: panic %v", n, p)
					}
				}()
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				told := false
				err := db.Tx(ctx, func(tx *store.Tx) error {
					if err := add(tx, n); err != nil {
						return err
					}
					tx.AfterCommit(func() { told = true })
					switch n % 5 {
					case 1:
						return refused
					case 2:
						panic("here")
					case 3:
						cancel()
						return add(tx, n+1000)
					}
					return nil
				})
				want := map[int]error{1: refused, 3: context.Canceled}[n%5]
				if !errors.Is(err, want) || told != (err == nil) {
					t.Errorf("%d: error %v, told %v", n, err, told)
				}
			})
		}
		wg.Wait()
		if n := counted(t, db); n != 80 {
			t.Errorf("%d rows, want 80", n)
		}
	})
}

// A query inside a query of the same text reads its own rows.
func TestAQueryInsideItself(t *testing.T) {
	storetest.Each(t, nil, func(t *testing.T, db *store.DB) {
		shared(t, db)
		err := db.Tx(t.Context(), func(tx *store.Tx) error { return errors.Join(add(tx, 1), add(tx, 2), add(tx, 3)) })
		if err != nil {
			t.Fatal(err)
		}
		if db.Engine() == store.PostgreSQL {
			return // one statement at a time on a connection there: callers collect first
		}
		const query = "SELECT n FROM shared ORDER BY n"
		got := ""
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.Each(func(row store.Scanner) error {
				var outer int64
				if err := row.Scan(&outer); err != nil {
					return err
				}
				return tx.Each(func(row store.Scanner) error {
					var inner int64
					err := row.Scan(&inner)
					got += fmt.Sprint(outer, inner, " ")
					return err
				}, query)
			}, query)
		})
		if err != nil || got != "1 1 1 2 1 3 2 1 2 2 2 3 3 1 3 2 3 3 " {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// A long wait in the line of writers ends with the writer's turn, and an ended context writes nothing.
func TestAnEndedContextWritesNothing(t *testing.T) {
	storetest.Each(t, nil, func(t *testing.T, db *store.DB) {
		shared(t, db)
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		if err := db.Tx(ctx, func(tx *store.Tx) error { return add(tx, 1) }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if n := counted(t, db); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}
