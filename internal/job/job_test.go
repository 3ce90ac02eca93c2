package job

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

var bg = context.Background()

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// onBoth runs fn on both engines with a queue on a clock that stands still.
func onBoth(t *testing.T, fn func(t *testing.T, q *Queue, now *clock.Fake)) {
	t.Helper()
	storetest.Each(t, []store.Migrations{Migrations()}, func(t *testing.T, db *store.DB) {
		now := clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		fn(t, New(db, "test", now.Now, quiet()), now)
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func enqueue(t testing.TB, q *Queue, jobs ...Job) {
	t.Helper()
	must(t, q.db.Tx(bg, func(tx *store.Tx) error {
		for _, j := range jobs {
			if err := q.Enqueue(tx, j); err != nil {
				return err
			}
		}
		return nil
	}))
}

func drain(t testing.TB, q *Queue, want int) {
	t.Helper()
	n, err := q.Drain(bg)
	if err != nil || n != want {
		t.Helper()
		t.Fatalf("%d runs, want %d (%v)", n, want, err)
	}
}

func rows(t testing.TB, q *Queue) (n int) {
	t.Helper()
	must(t, q.db.Read(bg, func(tx *store.Tx) error { return tx.QueryRow("SELECT count(*) FROM job").Scan(&n) }))
	return n
}

func TestAJobRunsOnceWhenItsTransactionCommits(t *testing.T) {
	onBoth(t, func(t *testing.T, q *Queue, now *clock.Fake) {
		var got []Job
		q.Handle("look", func(_ context.Context, j Job) error { got = append(got, j); return nil })
		broken := errors.New("broken")
		err := q.db.Tx(bg, func(tx *store.Tx) error {
			return errors.Join(q.Enqueue(tx, Job{Kind: "look", Key: "never"}), broken)
		})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		enqueue(t, q, Job{ID: "j1", Kind: "look", Key: "res_1", Payload: []byte("x")})
		drain(t, q, 1)
		drain(t, q, 0)
		want := []Job{{ID: "j1", Kind: "look", Key: "res_1", Payload: []byte("x"), RunAt: now.Now(), Attempt: 1,
			MaxAttempts: defaultAttempts, CreatedAt: now.Now(), fence: 1}}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(Job{})); d != "" || rows(t, q) != 0 {
			t.Fatalf("%d rows left, %s", rows(t, q), d)
		}
	})
}

func TestASecondRequestJoinsTheFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, q *Queue, now *clock.Fake) {
		var got []string
		q.Handle("look", func(_ context.Context, j Job) error { got = append(got, string(j.Payload)); return nil })
		at := now.Now()
		enqueue(t, q, Job{Kind: "look", Key: "a", RunAt: at.Add(time.Hour), Payload: []byte("1")})
		enqueue(t, q, Job{Kind: "look", Key: "a", RunAt: at.Add(time.Minute), Payload: []byte("2")})
		enqueue(t, q, Job{Kind: "look", Key: "a", RunAt: at.Add(2 * time.Hour), Payload: []byte("3")})
		enqueue(t, q, Job{Kind: "look"}, Job{Kind: "look"}) // without a key each is its own
		drain(t, q, 2)
		now.Advance(time.Minute)
		drain(t, q, 1)
		if d := cmp.Diff([]string{"", "", "3"}, got); d != "" || rows(t, q) != 0 {
			t.Fatalf("%d rows left, %s", rows(t, q), d)
		}
	})
}

func TestARequestWhileItRunsIsNotLost(t *testing.T) {
	onBoth(t, func(t *testing.T, q *Queue, now *clock.Fake) {
		runs := 0
		q.Handle("look", func(context.Context, Job) error {
			runs++
			if runs == 1 {
				enqueue(t, q, Job{Kind: "look", Key: "a", RunAt: now.Now().Add(time.Minute)}, Job{Kind: "look", Key: "a", RunAt: now.Now().Add(time.Second)})
			}
			return nil
		})
		enqueue(t, q, Job{Kind: "look", Key: "a"})
		drain(t, q, 1)
		now.Advance(time.Second)
		drain(t, q, 1)
		now.Advance(time.Hour)
		drain(t, q, 0)
	})
}

func TestFailuresGrowApartAndEndDead(t *testing.T) {
	onBoth(t, func(t *testing.T, q *Queue, now *clock.Fake) {
		healthy := false
		q.Handle("look", func(_ context.Context, j Job) error {
			if healthy {
				return nil
			}
			if j.Attempt == 2 {
				panic("engine on fire")
			}
			return errors.New("engine is away")
		})
		enqueue(t, q, Job{ID: "j1", Kind: "look", Key: "a", MaxAttempts: 3})
		drain(t, q, 1)
		drain(t, q, 0) // pauses
		now.Advance(1300 * time.Millisecond)
		drain(t, q, 1)
		now.Advance(2500 * time.Millisecond)
		drain(t, q, 1)
		now.Advance(time.Hour)
		drain(t, q, 0)
		dead, err := q.Dead(bg)
		must(t, err)
		if len(dead) != 1 || dead[0].LastError != "engine is away" || dead[0].Attempt != 3 {
			t.Fatalf("dead: %+v", dead)
		}
		healthy = true
		must(t, q.Revive(bg, "j1"))
		if err := q.Revive(bg, "j1"); err == nil {
			t.Fatal("a living job was revived")
		}
		drain(t, q, 1)
		if rows(t, q) != 0 {
			t.Fatal("it did not end")
		}
	})
}

func TestAfterIsNoFailure(t *testing.T) {
	onBoth(t, func(t *testing.T, q *Queue, now *clock.Fake) {
		deadline := now.Now().Add(time.Minute)
		q.Handle("poll", func(_ context.Context, j Job) error {
			if j.Attempt != 1 {
				t.Errorf("attempt %d", j.Attempt)
			}
			return After(nil, time.Second)
		})
		enqueue(t, q, Job{Kind: "poll", Key: "a", MaxAttempts: 2, Deadline: deadline})
		for range 10 {
			drain(t, q, 1)
			now.Advance(time.Second)
		}
		now.Advance(time.Hour)
		drain(t, q, 1)
		if dead, err := q.Dead(bg); err != nil || len(dead) != 1 {
			t.Fatalf("the deadline has passed and it lives: %v %v", dead, err)
		}
	})
}

func TestATimerRunsOncePerInterval(t *testing.T) {
	onBoth(t, func(t *testing.T, q *Queue, now *clock.Fake) {
		sick := false
		runs := 0
		handler := func(context.Context, Job) error {
			runs++
			if sick {
				return errors.New("sick")
			}
			return nil
		}
		other := New(q.db, "other", now.Now, quiet())
		for _, x := range []*Queue{q, other} {
			x.Handle("sweep", handler)
			x.Every("sweep", time.Minute)
		}
		drain(t, q, 1)
		drain(t, other, 0)
		now.Advance(time.Minute)
		drain(t, other, 1)
		drain(t, q, 0)
		sick = true
		for range 60 {
			now.Advance(time.Minute)
			drain(t, q, 1)
		}
		if dead, err := q.Dead(bg); err != nil || len(dead) != 0 {
			t.Fatalf("a timer died: %v %v", dead, err)
		}
	})
}
