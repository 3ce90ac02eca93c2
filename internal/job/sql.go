package job

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/store"
)

const columns = "id, kind, job_key, payload, due_at, attempt, max_attempts, deadline, last_error, created_at, fence"

func scanJob(row store.Scanner) (Job, error) {
	var j Job
	var due, deadline *store.Time
	var created store.Time
	err := row.Scan(&j.ID, &j.Kind, &j.Key, &j.Payload, &due, &j.Attempt, &j.MaxAttempts, &deadline, &j.LastError, &created, &j.fence)
	j.RunAt, j.Deadline, j.CreatedAt = due.OrZero(), deadline.OrZero(), created.Time
	return j, err
}

// insert adds the job or joins it with the one of its kind and key: a waiting one moves to the earlier time, a running
// one is marked to run once more, a dead one gets a new life.
//
// One that is alone needs no look whether it is: looking reads a page of the index into which others insert, which
// PostgreSQL takes for a conflict with them.
func insert(tx *store.Tx, j Job, alone bool, now time.Time) error {
	if j.Payload == nil {
		j.Payload = []byte{}
	}
	statement := `INSERT INTO job (id, kind, job_key, payload, state, due_at, attempt, max_attempts, deadline, holder, fence, last_error, created_at)
		VALUES ($1, $2, $3, $4, 'waiting', $5, 0, $6, $7, '', 0, '', $8)`
	if !alone {
		statement += `
		ON CONFLICT (kind, job_key) DO UPDATE SET
			payload = excluded.payload,
			max_attempts = excluded.max_attempts,
			deadline = excluded.deadline,
			attempt = CASE WHEN job.state = 'dead' THEN 0 ELSE job.attempt END,
			due_at = CASE WHEN job.state = 'dead' OR (job.state = 'waiting' AND excluded.due_at < job.due_at)
				THEN excluded.due_at ELSE job.due_at END,
			again_at = CASE WHEN job.state = 'running' AND (job.again_at IS NULL OR excluded.due_at < job.again_at)
				THEN excluded.due_at ELSE job.again_at END,
			state = CASE WHEN job.state = 'dead' THEN 'waiting' ELSE job.state END`
	}
	return tx.Send(statement, j.ID, j.Kind, j.Key, j.Payload, store.At(j.RunAt), j.MaxAttempts, store.AtOrNull(j.Deadline), store.At(now))
}

// insertTimer adds the row of a repeating job, or brings its next run nearer when the interval has become shorter.
func insertTimer(tx *store.Tx, id, kind string, interval time.Duration, now time.Time) error {
	err := tx.Send(`INSERT INTO job (id, kind, job_key, payload, state, due_at, attempt, max_attempts, holder, fence, last_error, created_at)
		VALUES ($1, $2, $3, $4, 'waiting', $5, 0, $6, '', 0, '', $5)
		ON CONFLICT (kind, job_key) DO UPDATE SET due_at = $7 WHERE job.state = 'waiting' AND job.due_at > $7`,
		id, kind, timerKey, []byte{}, store.At(now), defaultAttempts, store.At(now.Add(interval)))
	return err
}

// ofKinds hides the column from the planner, which would otherwise read and sort every waiting job of the kinds by
// their index, where the first few by time are wanted.
const ofKinds = "kind || '' IN"

// due takes up to limit jobs of the kinds whose time has come: waiting ones, and running ones whose holder let the
// lease end.
func due(tx *store.Tx, kinds []string, now time.Time, limit int) ([]Job, error) {
	args := []any{store.At(now), limit}
	return store.All(tx, scanJob, `SELECT `+columns+` FROM job WHERE due_at <= $1 AND `+ofKinds+` (`+marks(&args, kinds)+`)
		ORDER BY due_at LIMIT $2`+tx.SkipLocked(), args...)
}

// next is when the next job of the kinds is due; zero when there is none.
func next(tx *store.Tx, kinds []string) (time.Time, error) {
	var args []any
	var at *store.Time
	err := tx.QueryRow(`SELECT due_at FROM job WHERE due_at IS NOT NULL AND `+ofKinds+` (`+marks(&args, kinds)+`) ORDER BY due_at LIMIT 1`, args...).Scan(&at)
	if errors.Is(err, store.ErrNone) {
		err = nil
	}
	return at.OrZero(), err
}

// marks appends the values to args and gives their placeholders.
func marks(args *[]any, values []string) string {
	var out []string
	for _, v := range values {
		*args = append(*args, v)
		out = append(out, fmt.Sprintf("$%d", len(*args)))
	}
	return strings.Join(out, ", ")
}

// take leases the rows that due has locked, for their next attempt under their next fence.
func take(tx *store.Tx, ids []string, holder string, until time.Time) error {
	args := []any{holder, store.At(until)}
	err := tx.Send(`UPDATE job SET state = 'running', holder = $1, due_at = $2, attempt = attempt + 1, fence = fence + 1
		WHERE id IN (`+marks(&args, ids)+`)`, args...)
	return err
}

// renew tells whether the lease was still held and is now until the instant.
func renew(tx *store.Tx, j Job, holder string, until time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE job SET due_at = $1 WHERE id = $2 AND state = 'running' AND holder = $3 AND fence = $4`,
		store.At(until), j.ID, holder, j.fence)
	return n == 1, err
}

// finish removes the job unless it was asked for again meanwhile; it tells whether it is gone.
func finish(tx *store.Tx, j Job, holder string) (bool, error) {
	n, err := tx.Exec(`DELETE FROM job WHERE id = $1 AND state = 'running' AND holder = $2 AND fence = $3 AND again_at IS NULL`,
		j.ID, holder, j.fence)
	return n == 1, err
}

// again puts a job that was asked for while it ran back to wait, as new; it tells whether that was so.
func again(tx *store.Tx, j Job, holder string) (bool, error) {
	n, err := tx.Exec(`UPDATE job SET state = 'waiting', holder = '', attempt = 0, last_error = '', due_at = again_at, again_at = NULL
		WHERE id = $1 AND state = 'running' AND holder = $2 AND fence = $3 AND again_at IS NOT NULL`, j.ID, holder, j.fence)
	return n == 1, err
}

// release puts the job back to wait until at, or until the earlier time at which it was asked for again. It tells
// whether the lease was still held.
func release(tx *store.Tx, j Job, holder string, at time.Time, lastError string) (bool, error) {
	n, err := tx.Exec(`UPDATE job SET state = 'waiting', holder = '', attempt = $1, last_error = $2, again_at = NULL,
			due_at = CASE WHEN again_at < $3 THEN again_at ELSE $3 END
		WHERE id = $4 AND state = 'running' AND holder = $5 AND fence = $6`,
		j.Attempt, lastError, store.At(at), j.ID, holder, j.fence)
	return n == 1, err
}

// bury makes the job dead, unless it was asked for again meanwhile.
func bury(tx *store.Tx, j Job, holder, lastError string) (bool, error) {
	n, err := tx.Exec(`UPDATE job SET state = 'dead', holder = '', due_at = NULL, last_error = $1
		WHERE id = $2 AND state = 'running' AND holder = $3 AND fence = $4 AND again_at IS NULL`,
		lastError, j.ID, holder, j.fence)
	return n == 1, err
}

// reclaim ends the leases of all holders whose name begins with prefix and does not contain own.
func reclaim(tx *store.Tx, prefix, own string, now time.Time) error {
	err := tx.Send("UPDATE job SET due_at = $1 WHERE state = 'running' AND holder NOT LIKE $2 AND substr(holder, 1, $3) = $4",
		store.At(now), "%"+own+"%", len([]rune(prefix)), prefix)
	return err
}

// takeDead gives up a job whose holder died on its last attempt, unless it was asked for again meanwhile.
func takeDead(tx *store.Tx, j Job) error {
	err := tx.Send(`UPDATE job SET holder = '', fence = $1, again_at = NULL, due_at = again_at,
			attempt = CASE WHEN again_at IS NULL THEN attempt ELSE 0 END,
			state = CASE WHEN again_at IS NULL THEN 'dead' ELSE 'waiting' END,
			last_error = 'the process doing it ended without a word'
		WHERE id = $2`, j.fence, j.ID)
	return err
}
