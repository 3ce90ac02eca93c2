package job

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

const (
	firstPause   = time.Second
	longestPause = 10 * time.Minute
)

type afterError struct {
	err   error
	pause time.Duration
}

func (a *afterError) Error() string {
	if a.err == nil {
		return fmt.Sprintf("again in %s", a.pause)
	}
	return fmt.Sprintf("again in %s: %v", a.pause, a.err)
}

func (a *afterError) Unwrap() error { return a.err }

// After is what a handler returns to be called again after d without that counting as a failure; err, which may be
// nil, says why.
func After(err error, d time.Duration) error { return &afterError{err: err, pause: max(d, 0)} }

// backoff doubles from a second to ten minutes, with a fifth taken off or added so that rivals part.
func backoff(attempt int) time.Duration {
	d := longestPause
	if attempt < 12 {
		d = min(firstPause<<max(attempt-1, 0), longestPause)
	}
	return d*4/5 + rand.N(d*2/5)
}

// call runs the handler; a panic is an error like any other.
func call(ctx context.Context, h Handler, j Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h(ctx, j)
}

// over tells whether the deadline has passed.
func (j Job) over(now time.Time) bool { return !j.Deadline.IsZero() && now.After(j.Deadline) }

func pauseOf(err error, attempt int) time.Duration {
	var later *afterError
	if errors.As(err, &later) {
		return later.pause
	}
	return backoff(attempt)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	text := []rune(err.Error())
	return string(text[:min(len(text), maxErrorText)])
}

// Dead lists the jobs that are given up, oldest first, with their last error.
func (q *Queue) Dead(ctx context.Context) ([]Job, error) {
	var out []Job
	err := q.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = store.All(tx, scanJob, "SELECT "+columns+" FROM job WHERE state = 'dead' ORDER BY created_at, id")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("dead jobs: %w", err)
	}
	return out, nil
}

// Revive makes a dead job wait again, due now, with all its attempts; of kind fail.NotFound when it is not dead.
func (q *Queue) Revive(ctx context.Context, id string) error {
	var n int64
	err := q.db.Tx(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.Exec("UPDATE job SET state = 'waiting', attempt = 0, due_at = $1, deadline = NULL WHERE id = $2 AND state = 'dead'", store.At(q.now()), id)
		tx.AfterCommit(q.tell)
		return err
	})
	if err != nil {
		return fmt.Errorf("revive job %s: %w", id, err)
	}
	if n == 0 {
		return fail.Missing("dead job", id)
	}
	return nil
}

// kinds are those that this process can do, sorted.
func (q *Queue) kinds() []string {
	var out []string
	for k := range q.handlers {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
