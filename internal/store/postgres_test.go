package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

// What was sent is there for the next query, and its failure undoes all.
func TestSend(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		add := func(tx *store.Tx, id string) error {
			return tx.Send("INSERT INTO thing (id, n, on_) VALUES ($1, 1, TRUE)", id)
		}
		count := func(tx *store.Tx) (n int64, err error) {
			return n, tx.QueryRow("SELECT count(*) FROM thing").Scan(&n)
		}
		err := db.Tx(ctx, func(tx *store.Tx) error {
			if err := errors.Join(add(tx, "a"), add(tx, "b")); err != nil {
				return err
			}
			if n, err := count(tx); n != 2 || err != nil {
				t.Errorf("after two were sent: %d, %v", n, err)
			}
			return add(tx, "c")
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Tx(ctx, func(tx *store.Tx) error { return errors.Join(add(tx, "d"), add(tx, "a")) })
		if !store.IsUnique(err) {
			t.Errorf("the same again: %v", err)
		}
		err = db.Tx(ctx, func(tx *store.Tx) error {
			if err := add(tx, "e"); err != nil {
				return err
			}
			return errTest
		})
		if !errors.Is(err, errTest) {
			t.Errorf("%v, want the closure's error", err)
		}
		err = db.Read(ctx, func(tx *store.Tx) error {
			if n, err := count(tx); n != 3 || err != nil {
				t.Errorf("at the end: %d things, %v", n, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

var errTest = errors.New("test")

// A closure that goes on after a failed statement does not commit by accident.
func TestAFailureThatIsIgnoredCommitsNothing(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.PostgreSQL, sets()), sets())
	err := db.Tx(t.Context(), func(tx *store.Tx) error {
		_, _ = tx.Exec("INSERT INTO thing (id, n, on_) VALUES ('a', 1, TRUE)")
		_, _ = tx.Exec("INSERT INTO thing (id, n, on_) VALUES ('a', 1, TRUE)")
		return nil
	})
	if err == nil {
		t.Error("the commit of a failed transaction is said to be one")
	}
}

// Who goes away while PostgreSQL works gets an answer, and takes no connection along.
func TestCancelled(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.PostgreSQL, sets()), sets())
	for range 40 { // more often than there are connections
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Tx(ctx, func(tx *store.Tx) error {
			time.AfterFunc(2*time.Millisecond, cancel)
			_, err := tx.Exec("SELECT pg_sleep(20)")
			return err
		})
		cancel()
		if err == nil {
			t.Fatal("a statement of 20 seconds ended")
		}
	}
	var one int
	if err := db.Read(t.Context(), func(tx *store.Tx) error { return tx.QueryRow("SELECT 1").Scan(&one) }); err != nil || one != 1 {
		t.Errorf("afterwards: %d, %v", one, err)
	}
}

// Nobody's work starts in the gaps between people's, and after a while without any.
func TestBackgroundYieldsAndStillGoesOn(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		ctx, done := t.Context(), make(chan struct{})
		inside, leave := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			_ = db.Read(ctx, func(*store.Tx) error {
				close(inside)
				<-leave
				return nil
			})
		}()
		<-inside
		// Somebody stays inside all the time: it starts nevertheless.
		if err := db.Tx(store.Background(ctx), func(tx *store.Tx) error { return nil }); err != nil {
			t.Error(err)
		}
		began := make(chan struct{})
		go func() {
			_ = db.Read(store.Background(ctx), func(*store.Tx) error { return nil })
			close(began)
		}()
		close(leave)
		<-done
		<-began
	})
}
