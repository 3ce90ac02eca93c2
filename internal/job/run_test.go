package job

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

// eventually waits for something that other goroutines bring about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 3000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("still not: %s", what)
}

// start runs the queue until the test ends or stop is called; stop waits for the handlers.
func start(t testing.TB, q *Queue, workers int) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(bg)
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx, workers) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// TestRivalsNeverRunAJobTwiceAtOnce: four queues, as four processes, share the jobs; each handler enqueues its own
// key again while it runs, so that claims, completions and requests meet.
func TestRivalsNeverRunAJobTwiceAtOnce(t *testing.T) {
	const keys, each = 20, 10
	storetest.Each(t, []store.Migrations{Migrations()}, func(t *testing.T, db *store.DB) {
		var running [keys]atomic.Int32
		var runs, twice, ended atomic.Int32
		var counts [keys]atomic.Int32
		var last *Queue
		for i := range 4 {
			q := New(db, fmt.Sprintf("process%d", i), clock.System, quiet())
			q.Handle("look", func(_ context.Context, j Job) error {
				k := int(j.Payload[0])
				if running[k].Add(1) > 1 {
					twice.Add(1)
				}
				defer running[k].Add(-1)
				runs.Add(1)
				if counts[k].Add(1) < each {
					return db.Tx(bg, func(tx *store.Tx) error {
						return q.Enqueue(tx, Job{Kind: "look", Key: j.Key, Payload: j.Payload})
					})
				}
				ended.Add(1)
				return nil
			})
			start(t, q, 4)
			last = q
		}
		for k := range keys {
			enqueue(t, last, Job{Kind: "look", Key: fmt.Sprint(k), Payload: []byte{byte(k)}})
		}
		eventually(t, "all jobs done", func() bool { return ended.Load() == keys && rows(t, last) == 0 })
		if twice.Load() != 0 || runs.Load() != keys*each {
			t.Fatalf("%d runs, want %d; %d of them beside another", runs.Load(), keys*each, twice.Load())
		}
	})
}

// TestADeadHoldersJobIsTakenOver: the first holder stops answering in the middle, as a killed process does; its late
// answer changes nothing.
func TestADeadHoldersJobIsTakenOver(t *testing.T) {
	onBoth(t, func(t *testing.T, q *Queue, now *clock.Fake) {
		dies := New(q.db, "dies", now.Now, quiet())
		dies.Handle("look", func(context.Context, Job) error { return nil })
		enqueue(t, dies, Job{ID: "j1", Kind: "look", Key: "a"})
		taken, _, err := dies.claim(bg, 4)
		if err != nil || len(taken) != 1 {
			t.Fatal(taken, err)
		}

		var attempts []int
		q.Handle("look", func(_ context.Context, j Job) error {
			attempts = append(attempts, j.Attempt)
			dies.execute(bg, taken[0]) // it was only slow, and says that it finished
			if rows(t, q) != 1 {
				t.Error("the old holder ended the new holder's run")
			}
			return nil
		})
		drain(t, q, 0)
		now.Advance(q.lease - time.Second)
		dies.renewAll(bg)
		now.Advance(2 * time.Second)
		drain(t, q, 0) // the lease was renewed
		now.Advance(q.lease)
		drain(t, q, 1)
		if len(attempts) != 1 || attempts[0] != 2 || rows(t, q) != 0 {
			t.Fatalf("attempts %v, %d rows", attempts, rows(t, q))
		}
	})
}

func TestALostLeaseEndsTheHandlersContext(t *testing.T) {
	onBoth(t, func(t *testing.T, q *Queue, now *clock.Fake) {
		cause := make(chan error, 1)
		begun := make(chan struct{})
		q.Handle("look", func(ctx context.Context, j Job) error {
			close(begun)
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return ctx.Err()
		})
		enqueue(t, q, Job{Kind: "look", Key: "a"})
		stop := start(t, q, 1)
		<-begun
		now.Advance(2 * q.lease)
		other := New(q.db, "other", now.Now, quiet())
		other.Handle("look", func(context.Context, Job) error { return nil })
		drain(t, other, 1)
		q.renewAll(bg)
		if err := <-cause; !errors.Is(err, errLost) {
			t.Fatalf("cause: %v", err)
		}
		stop()
		if rows(t, q) != 0 {
			t.Fatal("the loser brought the job back")
		}
	})
}

// TestAJobThatKillsItsProcessIsGivenUp: the last attempt ended with its process.
func TestAJobThatKillsItsProcessIsGivenUp(t *testing.T) {
	onBoth(t, func(t *testing.T, q *Queue, now *clock.Fake) {
		q.Handle("look", func(context.Context, Job) error { return nil })
		enqueue(t, q, Job{Kind: "look", Key: "a", MaxAttempts: 2}, Job{Kind: "look", Key: "b", MaxAttempts: 2})
		for range 2 {
			if taken, _, err := q.claim(bg, 4); err != nil || len(taken) != 2 {
				t.Fatal(taken, err)
			}
			now.Advance(2 * q.lease)
		}
		enqueue(t, q, Job{Kind: "look", Key: "b", MaxAttempts: 2}) // while it counts as running
		drain(t, q, 1)
		if dead, err := q.Dead(bg); err != nil || len(dead) != 1 || dead[0].Key != "a" {
			t.Fatalf("dead: %v %v", dead, err)
		}
	})
}

func TestStoppingLetsHandlersFinish(t *testing.T) {
	onBoth(t, func(t *testing.T, q *Queue, _ *clock.Fake) {
		begun, goOn := make(chan struct{}), make(chan struct{})
		var alive error
		q.Handle("look", func(ctx context.Context, _ Job) error {
			close(begun)
			<-goOn
			alive = ctx.Err()
			return nil
		})
		enqueue(t, q, Job{Kind: "look", Key: "a"})
		ctx, cancel := context.WithCancel(bg)
		done := make(chan error)
		go func() { done <- q.Run(ctx, 2) }()
		<-begun
		cancel()
		enqueue(t, q, Job{Kind: "look", Key: "b"}) // comes too late
		close(goOn)
		must(t, <-done)
		if alive != nil || rows(t, q) != 1 {
			t.Fatalf("the handler was cut off (%v) or a job was taken after the end (%d rows)", alive, rows(t, q))
		}
	})
}

// TestARestartOnSQLiteWaitsForNoLease: nobody else can have the file, so a lease of another process is a dead one's.
func TestARestartOnSQLiteWaitsForNoLease(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite, nil), []store.Migrations{Migrations()})
	q := New(db, "new", clock.System, quiet())
	q.Handle("look", func(context.Context, Job) error { return nil })
	enqueue(t, q, Job{Kind: "look", Key: "a"}, Job{Kind: "look", Key: "b"})
	if taken, _, err := q.claim(bg, 4); err != nil || len(taken) != 2 {
		t.Fatal(taken, err)
	}
	must(t, db.Tx(bg, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE job SET holder = 'old/another/1' WHERE job_key = 'a'")
		return err
	}))
	drain(t, q, 1)
	if rows(t, q) != 1 {
		t.Fatal("a lease of this very process was ended too")
	}
}

// TestARestartOfASoleNameWaitsForNoLease: only a dead process can have borne the name, whatever others do.
func TestARestartOfASoleNameWaitsForNoLease(t *testing.T) {
	storetest.Each(t, []store.Migrations{Migrations()}, func(t *testing.T, db *store.DB) {
		q := New(db, "here", clock.System, quiet())
		q.Handle("look", func(context.Context, Job) error { return nil })
		enqueue(t, q, Job{Kind: "look", Key: "a"}, Job{Kind: "look", Key: "b"})
		if taken, _, err := q.claim(bg, 4); err != nil || len(taken) != 2 {
			t.Fatal(taken, err)
		}
		must(t, db.Tx(bg, func(tx *store.Tx) error {
			if _, err := tx.Exec("UPDATE job SET holder = 'here/dead/1' WHERE job_key = 'a'"); err != nil {
				return err
			}
			_, err := tx.Exec("UPDATE job SET holder = 'here2/alive/1' WHERE job_key = 'b'")
			return err
		}))
		alone := 1
		if db.Engine() == store.SQLite {
			alone = 2
		} else {
			drain(t, q, 0)
		}
		q.Sole()
		drain(t, q, alone)
	})
}

// TestOtherProcessesHelpWhenThisOneIsBusy: the enqueuing process has no worker left; another is told.
func TestOtherProcessesHelpWhenThisOneIsBusy(t *testing.T) {
	u := storetest.URL(t, store.PostgreSQL, []store.Migrations{Migrations()})
	sets := []store.Migrations{Migrations()}
	busy := New(storetest.Open(t, u, sets), "busy", clock.System, quiet())
	idle := New(storetest.Open(t, u, sets), "idle", clock.System, quiet())
	var by sync.Map
	goOn, begun := make(chan struct{}), make(chan struct{})
	busy.Handle("look", func(_ context.Context, j Job) error {
		by.Store(j.Key, "busy")
		close(begun)
		<-goOn
		return nil
	})
	idle.Handle("look", func(_ context.Context, j Job) error { by.Store(j.Key, "idle"); return nil })
	enqueue(t, busy, Job{Kind: "look", Key: "1"})
	stop := start(t, busy, 1)
	<-begun
	start(t, idle, 1)
	enqueue(t, busy, Job{Kind: "look", Key: "2"})
	eventually(t, "the idle process did it", func() bool { v, _ := by.Load("2"); return v == "idle" })
	close(goOn)
	stop()
}

// TestAnOpenTransactionDelaysOnlyItsOwnKey: it has asked for a job that runs just now and does not commit; the leases
// of the others are renewed, and they go on.
func TestAnOpenTransactionDelaysOnlyItsOwnKey(t *testing.T) {
	sets := []store.Migrations{Migrations()}
	db := storetest.Open(t, storetest.URL(t, store.PostgreSQL, sets), sets)
	now := clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	q := New(db, "test", now.Now, quiet())
	q.lease = 600 * time.Millisecond // of the clock; its heart beats every third of it in truth
	begun, goOn := make(chan string, 8), make(chan struct{})
	var runs atomic.Int32
	q.Handle("look", func(ctx context.Context, j Job) error {
		begun <- j.Key
		if j.Key == "other" {
			return nil
		}
		runs.Add(1)
		select {
		case <-goOn:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	enqueue(t, q, Job{Kind: "look", Key: "asked"}, Job{Kind: "look", Key: "beside"})
	start(t, q, 4)
	<-begun
	<-begun
	opened, commit, closed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once
	go func() {
		closed <- db.Claim(bg, func(tx *store.Tx) error {
			defer once.Do(func() { close(opened); <-commit })
			return q.Enqueue(tx, Job{Kind: "look", Key: "asked"})
		})
	}()
	<-opened
	for range 4 { // longer than the lease
		now.Advance(q.lease / 2)
		want := store.At(now.Now().Add(q.lease))
		eventually(t, "the lease beside is renewed", func() bool {
			var until store.Time
			must(t, db.Read(bg, func(tx *store.Tx) error {
				return tx.QueryRow("SELECT due_at FROM job WHERE job_key = 'beside'").Scan(&until)
			}))
			return until.Equal(want.Time)
		})
		enqueue(t, q, Job{Kind: "look", Key: "other"})
		if key := <-begun; key != "other" {
			t.Fatalf("%s was taken twice", key)
		}
	}
	close(commit)
	must(t, <-closed)
	close(goOn)
	eventually(t, "everything done", func() bool { return rows(t, q) == 0 })
	if n := runs.Load(); n < 3 {
		t.Fatalf("%d runs: the request was lost", n)
	}
}

// BenchmarkJobs is a job enqueued, taken, run and ended, by 8 workers.
func BenchmarkJobs(b *testing.B) {
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		b.Run(string(engine), func(b *testing.B) {
			sets := []store.Migrations{Migrations()}
			db := storetest.Open(b, storetest.URL(b, engine, sets), sets)
			q := New(db, "bench", clock.System, quiet())
			var n atomic.Int64
			q.Handle("look", func(context.Context, Job) error { n.Add(1); return nil })
			start(b, q, 8)
			var feeders sync.WaitGroup
			var next atomic.Int64
			b.ResetTimer()
			for range 4 {
				feeders.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						enqueue(b, q, Job{Kind: "look", Key: fmt.Sprint(i)})
					}
				})
			}
			feeders.Wait()
			eventually(b, "all done", func() bool { return n.Load() >= int64(b.N) })
		})
	}
}
