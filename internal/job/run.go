package job

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
)

const (
	maxClaim     = 16 // jobs taken in one transaction
	pollSQLite   = 250 * time.Millisecond
	pollPostgres = time.Second
	sharePause   = 20 * time.Millisecond // between two hints to other processes
)

// Run gives due jobs to up to workers handlers at a time, until ctx ends. Then it takes no more, lets those that run
// finish (their contexts end after 30 s) and returns nil. One Run at a time.
func (q *Queue) Run(ctx context.Context, workers int) error {
	if len(q.handlers) == 0 || workers < 1 {
		return fmt.Errorf("job: a queue needs a handler and a worker to run")
	}
	ctx = store.Background(ctx)
	if err := q.prepare(ctx); err != nil {
		return fmt.Errorf("job: %w", err)
	}
	q.mu.Lock()
	q.free = workers
	if q.woken == nil {
		q.woken = q.db.Listen(topic)
	}
	q.mu.Unlock()
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	var helpers, handlers sync.WaitGroup
	helpers.Go(func() { q.heartbeat(working) })
	helpers.Go(func() { q.notify(working) })
	if q.db.Engine() == store.SQLite {
		q.ends = make(chan *ended, maxClaim)
		helpers.Go(func() { q.recorder(working, q.ends) })
		defer func() { q.ends = nil }()
	}
	q.dispatch(ctx, working, &handlers)
	giveUp := time.AfterFunc(grace, q.cancelAll)
	handlers.Wait()
	giveUp.Stop()
	stop()
	if q.ends != nil {
		close(q.ends)
	}
	helpers.Wait()
	q.mu.Lock()
	q.free = 0
	q.mu.Unlock()
	return nil
}

// prepare enters the timers. On SQLite no other process can be alive on this file, so leases of others are over; on
// PostgreSQL those of an earlier process of a sole name are.
func (q *Queue) prepare(ctx context.Context) error {
	return q.db.Tx(ctx, func(tx *store.Tx) error {
		now := q.now()
		if q.db.Engine() == store.SQLite {
			if err := reclaim(tx, "", process(), now); err != nil {
				return err
			}
		} else if q.sole {
			if err := reclaim(tx, q.name+"/", process(), now); err != nil {
				return err
			}
		}
		for kind, interval := range q.timers {
			if err := insertTimer(tx, fmt.Sprintf("job_%x", id.NewUUID()), kind, interval, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func (q *Queue) dispatch(ctx, working context.Context, handlers *sync.WaitGroup) {
	freed := make(chan struct{}, 1)
	for ctx.Err() == nil {
		q.mu.Lock()
		room := min(q.free, maxClaim)
		q.mu.Unlock()
		if room == 0 {
			select {
			case <-ctx.Done():
			case <-freed:
			}
			continue
		}
		jobs, wait, err := q.claim(ctx, room)
		if err != nil && ctx.Err() == nil {
			q.log.Warn("jobs cannot be taken", "error", err)
		}
		for _, r := range jobs {
			handlers.Go(func() {
				q.execute(working, r)
				select {
				case freed <- struct{}{}:
				default:
				}
			})
		}
		if wait > 0 {
			q.sleep(ctx, wait)
		}
	}
}

// sleep waits for a wake-up, or until a look at the table (which on SQLite keeps no writer waiting) finds a job due.
func (q *Queue) sleep(ctx context.Context, wait time.Duration) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.woken:
			return
		case <-time.After(wait):
		}
		var at time.Time
		err := q.db.Read(ctx, func(tx *store.Tx) (err error) {
			at, err = next(tx, q.kinds())
			return err
		})
		now := q.now()
		if err == nil && !at.IsZero() && !at.After(now) {
			return
		}
		wait = q.pause(at, now)
	}
}

// pause is how long to sleep when the next job is due at an instant.
func (q *Queue) pause(at, now time.Time) time.Duration {
	poll := pollSQLite
	if q.db.Engine() == store.PostgreSQL {
		poll = pollPostgres
	}
	if at.After(now) {
		return min(at.Sub(now), poll)
	}
	return poll // none, or one that another process is just taking
}

// claim takes up to limit due jobs and tells how long to sleep; 0 when there may be more of them.
func (q *Queue) claim(ctx context.Context, limit int) (taken []*run, wait time.Duration, err error) {
	var at time.Time
	var more bool
	start := q.now()
	err = q.db.Claim(ctx, func(tx *store.Tx) error {
		jobs, err := due(tx, q.kinds(), start, limit)
		if err != nil {
			return err
		}
		if taken, err = q.lend(tx, jobs, start.Add(q.lease)); err != nil {
			return err
		}
		if more = len(jobs) == limit; !more {
			at, err = next(tx, q.kinds())
		}
		return err
	})
	if err != nil {
		return nil, q.pause(time.Time{}, start), err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range taken {
		q.running[r.job.ID] = r
		q.free--
	}
	if more {
		return taken, 0, nil
	}
	return taken, q.pause(at, q.now()), nil
}

// lend leases the locked rows to this process, but gives up those whose last attempt ended with its process.
func (q *Queue) lend(tx *store.Tx, jobs []Job, until time.Time) (taken []*run, err error) {
	var ids []string
	for _, j := range jobs {
		j.fence++
		if j.Attempt >= j.MaxAttempts && j.Key != timerKey {
			if err := takeDead(tx, j); err != nil {
				return nil, err
			}
			continue
		}
		j.Attempt++
		ids = append(ids, j.ID)
		taken = append(taken, &run{job: j, until: until})
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return taken, take(tx, ids, q.holder, until)
}

// execute runs the handler and records how it ended.
func (q *Queue) execute(working context.Context, r *run) {
	ctx, cancel := context.WithCancelCause(working)
	q.mu.Lock()
	r.cancel = cancel
	q.mu.Unlock()
	err := call(ctx, q.handlers[r.job.Kind], r.job)
	became, recordErr := q.record(working, r.job, err)
	cancel(nil)
	q.mu.Lock()
	delete(q.running, r.job.ID)
	q.free++
	q.mu.Unlock()
	log := q.log.With("kind", r.job.Kind, "id", r.job.ID, "attempt", r.job.Attempt)
	switch {
	case recordErr != nil:
		log.Warn("the end of a job cannot be recorded: it runs again", "error", recordErr)
	case became == lost:
		log.Warn("a job was taken over by another process before it ended here")
	case became == dead:
		log.Error("a job is given up", "error", errorText(err))
	case became == waits:
		q.db.WakeLocal(topic)
	}
}

// heartbeat renews the leases of what runs.
func (q *Queue) heartbeat(ctx context.Context) {
	tick := time.NewTicker(q.lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			q.renewAll(ctx)
		}
	}
}

// renewAll renews each lease on its own: a transaction that stays open after enqueuing the key of one running job
// holds its row, and must not cost the others their leases.
func (q *Queue) renewAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, q.lease/3)
	defer cancel()
	q.mu.Lock()
	held := slices.Collect(maps.Values(q.running))
	q.mu.Unlock()
	var renewals sync.WaitGroup
	for _, r := range held {
		renewals.Go(func() { q.renewOne(ctx, r) })
	}
	renewals.Wait()
}

func (q *Queue) renewOne(ctx context.Context, r *run) {
	until := q.now().Add(q.lease)
	ok := false
	err := q.db.Claim(ctx, func(tx *store.Tx) (e error) {
		ok, e = renew(tx, r.job, q.holder, until)
		return e
	})
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.running[r.job.ID] != r: // it ended meanwhile
	case err == nil && ok:
		r.until = until
	case (err == nil || q.now().After(r.until)) && r.cancel != nil:
		r.cancel(errLost)
	}
}

func (q *Queue) cancelAll() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.running {
		if r.cancel != nil {
			r.cancel(context.Canceled)
		}
	}
}

// notify passes hints on to other processes, many as one.
func (q *Queue) notify(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.share:
			q.db.Wake(topic)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sharePause):
		}
	}
}

// Drain runs all due jobs one after another, also those that they enqueue, until none is due, and tells how many runs
// that were. For tests and tools that want no background work; not beside Run on the same queue.
func (q *Queue) Drain(ctx context.Context) (int, error) {
	if err := q.prepare(ctx); err != nil {
		return 0, fmt.Errorf("job: %w", err)
	}
	for n := 0; ; {
		taken, wait, err := q.claim(ctx, 1)
		if err != nil {
			return n, err
		}
		for _, r := range taken {
			q.execute(ctx, r)
			n++
		}
		if len(taken) == 0 && wait > 0 {
			return n, nil
		}
	}
}
