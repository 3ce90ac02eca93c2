package usage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/halle-cloud/halle/client"
)

// ErrFull is why Add takes nothing more: what waits has reached Options.MaxBytes.
var ErrFull = errors.New("the spool is full")

// Limits of one request, as the server has them, with room to spare.
const (
	maxBatch = 1000
	maxBody  = 1_000_000
)

// Options say where the spool is and how eager the Sender is.
type Options struct {
	Dir      string        // the spool; made when missing, locked while open
	MaxBytes int64         // of the whole folder, where Add stops; 0 means 1 GiB, at least 1 MiB
	Sync     time.Duration // 0: Add returns after an fsync; else the longest time between two
	Batch    int           // a request goes out when so many events wait; 0 means 500, at most 1000
	Delay    time.Duration // or when the first has waited so long; 0 means 1 s
	Patience time.Duration // how long events are sent again that the server may take later; 0 means 1 h
	Later    time.Duration // the pause before such events are sent again; 0 means 10 s
	Longest  time.Duration // the longest pause after a failure, unless the server names a longer one; 0 means 1 min
	Timeout  time.Duration // of one request; 0 means 1 min

	Refused func(Refusal) // told of each refused event, after it stands in refused.ndjson
	Trouble func(error)   // told of each failed attempt; it is tried again
}

func (o Options) filled() Options {
	o.MaxBytes = max(or(o.MaxBytes, 1<<30), 1<<20)
	o.Batch = min(max(or(o.Batch, 500), 1), maxBatch)
	for _, d := range []struct {
		v         *time.Duration
		otherwise time.Duration
	}{{&o.Delay, time.Second}, {&o.Patience, time.Hour}, {&o.Later, 10 * time.Second}, {&o.Longest, time.Minute}, {&o.Timeout, time.Minute}} {
		if *d.v <= 0 {
			*d.v = d.otherwise
		}
	}
	if o.Refused == nil {
		o.Refused = func(Refusal) {}
	}
	if o.Trouble == nil {
		o.Trouble = func(error) {}
	}
	return o
}

// Stats say how the Sender is doing. Accepted, Duplicate and Refused count since Open.
type Stats struct {
	Waiting   int64 // events in the spool, not answered for good
	Later     int64 // of them, those that the server may take later
	Accepted  int64
	Duplicate int64
	Refused   int64
	Bytes     int64 // of the folder, as Options.MaxBytes counts them
	Err       error // of the newest attempt, nil when it worked
}

// Sender sends events in the background. Safe for concurrent use.
type Sender struct {
	opt    Options
	client *client.Client
	lock   *os.File
	events *spool
	later  *spool
	refuse *refused
	wake   chan struct{} // something was added, or somebody waits
	stop   context.CancelFunc
	ended  chan struct{}

	accepted, duplicate, refusals atomic.Int64

	mu      sync.Mutex
	moved   *sync.Cond // the fields below, or events were settled
	urgent  uint64     // records before this go out without delay
	closed  bool
	trouble error // of the newest attempt
	fatal   error // the background work has ended with it
}

// Open opens the spool, and begins to send what it holds. The client's own retries are not used. Errors: the folder is in
// use by another process; *DamageError.
func Open(c *client.Client, o Options) (*Sender, error) {
	o = o.filled()
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(o.Dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("the spool %s is in use by another process: each sender needs a folder of its own", o.Dir), lock.Close())
	}
	mine := *c
	mine.Retries = -1
	s := &Sender{opt: o, client: &mine, lock: lock, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	s.moved = sync.NewCond(&s.mu)
	if err := s.openFiles(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go s.run(ctx)
	return s, nil
}

func (s *Sender) openFiles() (err error) {
	segment := min(8<<20, s.opt.MaxBytes/8)
	if s.events, err = openSpool(filepath.Join(s.opt.Dir, "events"), segment, s.opt.Sync); err != nil {
		return err
	}
	if s.later, err = openSpool(filepath.Join(s.opt.Dir, "later"), segment, 0); err != nil {
		return errors.Join(err, s.events.close())
	}
	if s.refuse, err = openRefused(filepath.Join(s.opt.Dir, RefusedFile)); err != nil {
		return errors.Join(err, s.events.close(), s.later.close())
	}
	return nil
}

// Add takes events in: all of them, or none with an error. When it returns nil they are on disk and will be sent. Errors:
// *FieldError, ErrFull, a disk that fails, a Sender that is closed.
func (s *Sender) Add(events ...Event) error {
	lines := make([][]byte, len(events))
	for i := range events {
		err := events[i].Check()
		if err == nil {
			lines[i], err = events[i].AppendJSON(nil)
		}
		if err != nil {
			return fmt.Errorf("usage event %q: %w", events[i].ID, err)
		}
	}
	return s.AddJSON(lines...)
}

// AddJSON takes events that are CloudEvents in JSON already, one a line, and sends them as they are. It checks only that
// each is an object; what else is wrong with one the server says, and it is refused.
func (s *Sender) AddJSON(lines ...[]byte) error {
	records := make([]record, len(lines))
	for i, line := range lines {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) > maxEvent:
			return fmt.Errorf("usage event %d has %s: at most %s may be", i+1, size(int64(len(line))), size(maxEvent))
		case !json.Valid(line) || line[0] != '{' || !utf8.Valid(line):
			return fmt.Errorf("usage event %d is no JSON object in UTF-8", i+1)
		}
		var flat bytes.Buffer
		if err := json.Compact(&flat, line); err != nil {
			return fmt.Errorf("usage event %d: %w", i+1, err)
		}
		records[i].event = flat.Bytes()
	}
	if len(records) == 0 {
		return nil
	}
	if err := s.broken(); err != nil {
		return err
	}
	if err := s.events.append(records, s.roomFor); err != nil {
		return err
	}
	s.poke()
	return nil
}

// roomFor says whether the events' spool may take so many bytes.
func (s *Sender) roomFor(total int64) error {
	others := s.later.used() + s.refuse.size()
	if total+others <= s.opt.MaxBytes {
		return nil
	}
	return fmt.Errorf("%w: %s of %s are used, %s of them by refused events.\nWait until the server answers, move %s away once it was looked at, or allow more",
		ErrFull, size(total+others), size(s.opt.MaxBytes), size(s.refuse.size()), RefusedFile)
}

func (s *Sender) broken() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	return s.fatal
}

func (s *Sender) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Room waits until the folder is at most half full.
func (s *Sender) Room(ctx context.Context) error {
	return s.await(ctx, func() bool { return s.used() <= s.opt.MaxBytes/2 })
}

// Flush sends without delay what was added before, and returns once the server has answered for it. Events that it may
// take later are then among Stats.Later.
func (s *Sender) Flush(ctx context.Context) error {
	through := s.events.end()
	s.mu.Lock()
	s.urgent = max(s.urgent, through)
	s.mu.Unlock()
	s.poke()
	return s.await(ctx, func() bool { return s.events.done() >= through })
}

// Settle is Flush, and waits until no event is left that the server may take later.
func (s *Sender) Settle(ctx context.Context) error {
	if err := s.Flush(ctx); err != nil {
		return err
	}
	return s.await(ctx, func() bool { return s.events.waiting()+s.later.waiting() == 0 })
}

func (s *Sender) await(ctx context.Context, done func() bool) error {
	defer context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.moved.Broadcast()
	})()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !done() {
		if s.fatal != nil || ctx.Err() != nil {
			return errors.Join(s.fatal, ctx.Err(), s.trouble)
		}
		s.moved.Wait()
	}
	return nil
}

func (s *Sender) used() int64 { return s.events.used() + s.later.used() + s.refuse.size() }

// Stats tells how it goes.
func (s *Sender) Stats() Stats {
	waiting, later := s.events.waiting(), s.later.waiting()
	st := Stats{Waiting: waiting + later, Later: later, Accepted: s.accepted.Load(), Duplicate: s.duplicate.Load(), Refused: s.refusals.Load(),
		Bytes: s.used()}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Err = errors.Join(s.fatal, s.trouble)
	return st
}

// Close takes nothing more, flushes until ctx ends, and closes the spool. The error says when events are left: they go
// out after the next Open, unless something else is wrong.
func (s *Sender) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	err := s.Flush(ctx)
	s.stop()
	<-s.ended
	left := s.events.waiting() + s.later.waiting()
	if left > 0 {
		err = errors.Join(fmt.Errorf("%s left in the spool, to be sent after the next start", plural(left, "event is", "events are")), err)
	}
	return errors.Join(err, s.events.close(), s.later.close(), s.lock.Close())
}
