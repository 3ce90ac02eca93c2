// Package job runs work that a transaction asked for, after it is durable: at least once, never twice at the same
// time, by any number of processes on one database.
//
// Owns: the table of jobs, leases with fencing, retries with backoff, repeating timers, the list of dead jobs.
// Does not own: what a job does. A job says "look at this thing now"; the truth about the thing is in its own rows,
// and a handler is idempotent, because a holder that dies after the work and before saying so makes it run again.
// Reads: the table job.
// Writes: the table job.
//
// A job is unique by kind and key. Enqueuing it again while it waits moves it to the earlier time; while it runs, it
// runs once more afterwards, so that no wake-up is lost. One key for a whole kind makes every transaction that
// enqueues it wait for the others: for such hints use store.DB.Wake.
package job

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "job", Files: files} }

// Job is one piece of work.
type Job struct {
	ID          string
	Kind        string    // which handler
	Key         string    // of what; with Kind it is unique among jobs not finished. "" makes it unlike any other
	Payload     []byte    // for the handler; of two jobs that became one, the later one's
	RunAt       time.Time // not before; zero means now
	Attempt     int       // 1 on the first run; filled in for the handler
	MaxAttempts int       // failures after which the job is dead; 0 means 25, about three hours
	Deadline    time.Time // after it a failure is final; zero means none
	LastError   string    // operator's text of the last failure
	CreatedAt   time.Time

	fence int64
}

// Handler does the work of one job. It is idempotent. nil finishes the job, an error tries again later with growing
// pauses, After sets the pause. Its context ends when the lease was lost: then it stops without further effect. The
// texts of its errors are stored and logged: they hold no personal data.
type Handler func(ctx context.Context, j Job) error

const (
	topic           = "job"
	timerKey        = "@every"
	defaultAttempts = 25
	defaultLease    = 15 * time.Second
	grace           = 30 * time.Second
	maxErrorText    = 1000
)

// Queue gives jobs to handlers. Safe for concurrent use once Run was called.
type Queue struct {
	db       *store.DB
	name     string
	holder   string // name, process and queue
	now      clock.Clock
	log      *slog.Logger
	handlers map[string]Handler
	timers   map[string]time.Duration
	lease    time.Duration
	woken    <-chan struct{}
	ends     chan *ended // to the recorder; nil when each run is recorded alone

	mu      sync.Mutex
	running map[string]*run // by job id
	free    int             // workers without work; 0 before Run
	sole    bool            // see Sole
	share   chan struct{}   // tells the notifier that other processes should look
}

// run is a job that this process holds.
type run struct {
	job    Job
	until  time.Time
	cancel context.CancelCauseFunc
}

var errLost = errors.New("the lease was lost: another process may be doing this job")

// process names this run of the program; it tells leases of this process from those of one that is dead.
var process = sync.OnceValue(func() string { return fmt.Sprintf("%x", id.NewUUID()) })

// New makes a queue on the database. holder names this process for the operator.
func New(db *store.DB, holder string, now clock.Clock, log *slog.Logger) *Queue {
	return &Queue{
		db: db, name: holder, now: now, log: log, lease: defaultLease,
		// Two processes of one name stay two holders, and so do two queues of one process.
		holder:   fmt.Sprintf("%s/%s/%x", holder, process(), id.NewUUID()),
		handlers: map[string]Handler{}, timers: map[string]time.Duration{}, running: map[string]*run{},
		share: make(chan struct{}, 1),
	}
}

// Sole says that at most one process with this queue's holder name is alive at a time, because it keeps a lock for as
// long as it lives. Run then takes back at once what an earlier one held, without waiting for the end of its leases.
// Only before Run.
func (q *Queue) Sole() { q.sole = true }

// Handle sets the handler of a kind. Only before Run; jobs of a kind without handler wait for a process that has one.
func (q *Queue) Handle(kind string, h Handler) { q.handlers[kind] = h }

// Every makes the kind run on its own at each interval, once in the whole installation, first at once. A failure is
// tried again like any other, at the latest after the interval, and never dead. Only before Run.
func (q *Queue) Every(kind string, interval time.Duration) { q.timers[kind] = interval }

// Enqueue asks for the job in the caller's transaction: it runs after the commit, and not at all without one.
func (q *Queue) Enqueue(tx *store.Tx, j Job) error {
	now := q.now()
	if j.Kind == "" || j.Key == timerKey {
		return fmt.Errorf("job needs a kind, and a key other than %q", timerKey)
	}
	if j.ID == "" {
		j.ID = fmt.Sprintf("job_%x", id.NewUUID())
	}
	alone := j.Key == ""
	if alone {
		j.Key = j.ID
	}
	if j.RunAt.IsZero() {
		j.RunAt = now
	}
	if j.MaxAttempts <= 0 {
		j.MaxAttempts = defaultAttempts
	}
	if err := insert(tx, j, alone, now); err != nil {
		return fmt.Errorf("enqueue %s %s: %w", j.Kind, j.Key, err)
	}
	if !j.RunAt.After(now) {
		tx.AfterCommit(q.tell)
	}
	return nil
}

// tell wakes this process, and others when this one has no free worker.
func (q *Queue) tell() {
	q.mu.Lock()
	busy, serving := q.free == 0, q.woken != nil
	q.mu.Unlock()
	switch {
	case !serving:
		q.db.Wake(topic)
	case busy:
		select {
		case q.share <- struct{}{}:
		default:
		}
	default:
		q.db.WakeLocal(topic)
	}
}
