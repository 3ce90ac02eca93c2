package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

func sets() []store.Migrations {
	return []store.Migrations{{Package: "thing", Files: fstest.MapFS{"migrations/0001_thing.sql": {Data: []byte(`
CREATE TABLE thing (
	id    TEXT PRIMARY KEY,
	n     BIGINT NOT NULL,
	on_   BOOLEAN NOT NULL,
	at    TIMESTAMPTZ,
	doc   JSONB,
	raw   BYTEA
);
CREATE INDEX thing_n ON thing (n);
`)}}}}
}

func TestValuesRoundTrip(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		at := time.Date(2026, 2, 28, 23, 59, 59, 123456000, time.FixedZone("x", 7200))
		doc, err := store.Doc(map[string]int{"k": 1})
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		err = db.Tx(ctx, func(tx *store.Tx) error {
			for id, when := range map[string]*store.Time{"a": store.AtOrNull(at), "b": nil} {
				if _, err := tx.Exec("INSERT INTO thing (id, n, on_, at, doc, raw) VALUES ($1, $2, $3, $4, $5, $6)", id, 7, true, when, doc, []byte{0, 1}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Read(ctx, func(tx *store.Tx) error {
			var n int64
			var on bool
			var when, none *store.Time
			var got store.JSON
			var raw []byte
			if err := tx.QueryRow("SELECT n, on_, at, doc, raw FROM thing WHERE id = $1", "a").Scan(&n, &on, &when, &got, &raw); err != nil {
				return err
			}
			if err := tx.QueryRow("SELECT at FROM thing WHERE id = 'b'").Scan(&none); err != nil {
				return err
			}
			m := map[string]int{}
			if err := got.Into(&m); err != nil {
				return err
			}
			if n != 7 || !on || !when.Equal(at) || none != nil || m["k"] != 1 || len(raw) != 2 {
				t.Errorf("got %v %v %v %v %v %v", n, on, when, none, m, raw)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestBothEnginesRefuseAWrongType(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		err := db.Tx(context.Background(), func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO thing (id, n, on_) VALUES ('a', $1, TRUE)", "notanumber")
			return err
		})
		if err == nil {
			t.Fatal("text went into a number")
		}
	})
}

func TestAClosureThatFailsLeavesNothing(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		told := false
		wanted := fail.New(fail.Conflict, "x", "x", "x")
		err := db.Tx(ctx, func(tx *store.Tx) error {
			tx.AfterCommit(func() { told = true })
			if _, err := tx.Exec("INSERT INTO thing (id, n, on_) VALUES ('a', 1, FALSE)"); err != nil {
				return err
			}
			return wanted
		})
		if !errors.Is(err, wanted) || told || count(t, db) != 0 {
			t.Fatalf("err %v, told %v, rows %d", err, told, count(t, db))
		}
	})
}

func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	err := db.Read(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT count(*) FROM thing").Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRivalsNeverPassALimit: 16 writers take one unit each of 10, by read-then-write and by conditional update.
func TestRivalsNeverPassALimit(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		if err := db.Tx(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO thing (id, n, on_) VALUES ('limit', 0, TRUE)")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for range 16 {
			wg.Go(func() {
				took := false
				err := db.Tx(ctx, func(tx *store.Tx) error {
					var n int64
					if err := tx.QueryRow("SELECT n FROM thing WHERE id = 'limit'").Scan(&n); err != nil {
						return err
					}
					took = n < 10
					if !took {
						return nil
					}
					_, err := tx.Exec("UPDATE thing SET n = $1 WHERE id = 'limit'", n+1)
					return err
				})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				} else if took {
					won++
				}
			})
		}
		wg.Wait()
		if won != 10 {
			t.Fatalf("%d of 10 were taken", won)
		}
	})
}

func TestALeaseHasOneHolder(t *testing.T) {
	storetest.Each(t, nil, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		hold := func(who string, at time.Time) (ok bool) {
			t.Helper()
			if err := db.Tx(ctx, func(tx *store.Tx) (err error) {
				ok, err = tx.HoldLease("pump", who, at, time.Second)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return ok
		}
		got := []bool{hold("a", now), hold("b", now), hold("a", now.Add(900*time.Millisecond)), hold("b", now.Add(1500*time.Millisecond)), hold("b", now.Add(3*time.Second)), hold("a", now.Add(3*time.Second))}
		want := []bool{true, false, true, false, true, false}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("step %d: got %v, want %v", i, got, want)
			}
		}
	})
}

func TestSignalsArrive(t *testing.T) {
	storetest.Each(t, nil, func(t *testing.T, db *store.DB) {
		ch := db.Listen("facts")
		db.Wake("facts")
		select {
		case <-ch:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody was woken")
		}
	})
}

func TestAChangedMigrationIsRefused(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		changed := []store.Migrations{{Package: "thing", Files: fstest.MapFS{"migrations/0001_thing.sql": {Data: []byte("CREATE TABLE other (id TEXT);")}}}}
		if err := db.Migrate(context.Background(), changed...); err == nil || !strings.Contains(err.Error(), "was changed") {
			t.Fatalf("got %v", err)
		}
	})
}

func TestSchemaIsTheSameOnBothEngines(t *testing.T) {
	got := map[string]bool{}
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		s, err := db.Schema(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		got[s] = true
	})
	if len(got) != 1 {
		t.Fatalf("the engines differ: %v", got)
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	u := storetest.URL(t, store.SQLite, nil)
	storetest.Open(t, u, nil)
	if _, err := store.Open(context.Background(), u); err == nil || !strings.Contains(err.Error(), "another Halle") {
		t.Fatalf("got %v", err)
	}
}

func TestAClosedDatabaseKeepsNobodyWaiting(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		for range 2 {
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		nothing := func(*store.Tx) error { return nil }
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for name, run := range map[string]func(context.Context, func(*store.Tx) error) error{"read": db.Read, "write": db.Tx, "claim": db.Claim} {
			if err := run(ctx, nothing); err == nil || ctx.Err() != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
