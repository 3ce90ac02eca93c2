package job

import (
	"context"
	"errors"
	"time"

	"github.com/halle-cloud/halle/internal/store"
)

// outcome is what became of a job after a run.
type outcome string

const (
	gone  outcome = "gone"  // finished
	waits outcome = "waits" // will run again
	dead  outcome = "dead"
	lost  outcome = "lost" // another process has it
)

// settle records how the run ended.
func (q *Queue) settle(tx *store.Tx, j Job, err error) (outcome, error) {
	now := q.now()
	interval, timer := q.timers[j.Kind]
	timer = timer && j.Key == timerKey
	text := errorText(err)
	var later *afterError
	switch {
	case err == nil && timer:
		j.Attempt = 0
		return q.put(tx, j, latest(now, j.RunAt.Add(interval)), "")
	case err == nil:
		return q.end(tx, j, gone, "")
	case timer:
		return q.put(tx, j, now.Add(min(pauseOf(err, j.Attempt), interval)), text)
	case errors.As(err, &later) && !j.over(now):
		j.Attempt--
		return q.put(tx, j, now.Add(later.pause), text)
	case j.Attempt < j.MaxAttempts && !j.over(now):
		return q.put(tx, j, now.Add(backoff(j.Attempt)), text)
	}
	return q.end(tx, j, dead, text)
}

func (q *Queue) put(tx *store.Tx, j Job, at time.Time, text string) (outcome, error) {
	held, err := release(tx, j, q.holder, at, text)
	if !held {
		return lost, err
	}
	return waits, err
}

// end ends the job as finished or dead, unless it was asked for again while it ran: then it is a new one.
func (q *Queue) end(tx *store.Tx, j Job, as outcome, text string) (outcome, error) {
	ended, err := false, error(nil)
	if as == dead {
		ended, err = bury(tx, j, q.holder, text)
	} else {
		ended, err = finish(tx, j, q.holder)
	}
	if err != nil || ended {
		return as, err
	}
	if held, err := again(tx, j, q.holder); err != nil || held {
		return waits, err
	}
	return lost, nil
}

// ended is a run whose end waits to be recorded.
type ended struct {
	job    Job
	err    error
	became outcome
	done   chan error
}

// record writes how the run ended: on SQLite together with others that ended at the same time, because there every
// commit waits for the disk and for its turn. On PostgreSQL alone, because a row that an open transaction holds must
// not keep others waiting.
func (q *Queue) record(ctx context.Context, j Job, err error) (outcome, error) {
	e := &ended{job: j, err: err, done: make(chan error, 1)}
	if q.ends == nil {
		err = q.recordAll(ctx, []*ended{e})
	} else {
		q.ends <- e
		err = <-e.done
	}
	return e.became, err
}

func (q *Queue) recordAll(ctx context.Context, group []*ended) error {
	return q.db.Claim(ctx, func(tx *store.Tx) (err error) {
		for _, e := range group {
			if e.became, err = q.settle(tx, e.job, e.err); err != nil {
				return err
			}
		}
		return nil
	})
}

// recorder records what ended while it was recording what ended before.
func (q *Queue) recorder(ctx context.Context, ends <-chan *ended) {
	for first := range ends {
		group := []*ended{first}
		for len(group) < maxClaim && len(ends) > 0 {
			group = append(group, <-ends)
		}
		err := q.recordAll(ctx, group)
		for _, e := range group {
			if err != nil && len(group) > 1 {
				e.done <- q.recordAll(ctx, []*ended{e}) // one of them is to blame
				continue
			}
			e.done <- err
		}
	}
}
