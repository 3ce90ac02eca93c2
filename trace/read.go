package trace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

const (
	readSpan  = 256 // positions a reader looks at in one go
	readBatch = 8   // facts in a transaction
	manyBatch = 32  // of a reader that takes many at once

	// How long a loop sleeps when nobody wakes it. Facts are recorded in any process and numbered by one of them, which
	// is not told across processes; numbered facts are.
	pollPending   = 200 * time.Millisecond
	pollSequenced = time.Second
)

// errLease says that another process runs this reader now.
var errLease = errors.New("another process holds the lease")

// errMoved says that the cursor is no longer where this process left it.
var errMoved = errors.New("the cursor was moved by another process")

// Run sequences facts and feeds the readers until ctx ends. Any number of processes may run the same readers on one
// PostgreSQL: each reader is done by one of them at a time.
func (f *Facts) Run(ctx context.Context, readers ...Reader) error {
	ctx = store.Background(ctx)
	if err := f.register(ctx, readers); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		f.loop(ctx, "sequencer", f.db.Listen(topicPending), pollPending, func(ctx context.Context) (int, error) { return f.sequence(ctx) })
		return nil
	})
	for _, r := range readers {
		g.Go(func() error {
			f.loop(ctx, r.Name, f.db.Listen(topics(r.Types)...), pollSequenced, func(ctx context.Context) (int, error) { return f.advance(ctx, r) })
			return nil
		})
	}
	return g.Wait()
}

// loop calls step while it does something, and otherwise when woken or after a short poll. An error is logged and
// tried again: the database may be away for a while.
func (f *Facts) loop(ctx context.Context, name string, wake <-chan struct{}, poll time.Duration, step func(ctx context.Context) (int, error)) {
	for ctx.Err() == nil {
		n, err := step(ctx)
		wait := poll
		if err != nil && !errors.Is(err, errLease) && !errors.Is(err, errMoved) && ctx.Err() == nil {
			f.log.ErrorContext(ctx, "trace step failed", "reader", name, "error", err)
			wait = time.Second
		}
		if n > 0 && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-time.After(wait):
		}
	}
}

// Drain does everything that can be done now and returns; parked facts are an error. For tests and for the last
// moments of a story told once.
func (f *Facts) Drain(ctx context.Context, readers ...Reader) error {
	if err := f.register(ctx, readers); err != nil {
		return err
	}
	for {
		n, err := f.sequence(ctx)
		if err != nil {
			return err
		}
		for _, r := range readers {
			m, err := f.advance(ctx, r)
			if err != nil {
				return fmt.Errorf("reader %s: %w", r.Name, err)
			}
			n += m
		}
		if n == 0 {
			break
		}
	}
	parked, err := f.Parked(ctx)
	if err == nil && len(parked) > 0 {
		err = fmt.Errorf("reader %s is parked at %d: %s", parked[0].Reader, parked[0].Position, parked[0].Error)
	}
	return err
}

// register gives new readers their first cursor.
func (f *Facts) register(ctx context.Context, readers []Reader) error {
	return f.db.Tx(ctx, func(tx *store.Tx) error {
		last, err := counter(tx, counterPosition)
		if err != nil {
			return err
		}
		for _, r := range readers {
			start := int64(0)
			if r.From == FromNow {
				start = last
			}
			if err := tx.Send("INSERT INTO fact_reader (name, position) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", r.Name, start); err != nil {
				return err
			}
		}
		return nil
	})
}

// advance first tries what is parked and due, then handles the next facts; it tells how many positions it passed.
func (f *Facts) advance(ctx context.Context, r Reader) (int, error) {
	var cursor, from, last int64
	var rows []entryRow
	var again []Parked
	parked := map[string]bool{}
	err := f.db.Read(ctx, func(tx *store.Tx) (err error) {
		clear(parked)
		if again, err = due(tx, r.Name, f.now()); err != nil || len(again) > 0 {
			return err
		}
		if err = tx.QueryRow("SELECT position FROM fact_reader WHERE name = $1", r.Name).Scan(&cursor); err != nil {
			return err
		}
		from = f.seen.from(r.Name, cursor)
		if last, err = counter(tx, counterPosition); err != nil || last == from {
			return err
		}
		last = min(last, from+readSpan)
		if err = parkedKeys(tx, r.Name, parked); err != nil {
			return err
		}
		rows, err = selectAfter(tx, from, last, r.Types)
		return err
	})
	if len(again) > 0 && err == nil {
		return len(again), f.retry(ctx, r, again)
	}
	if err != nil || last <= from {
		return 0, err
	}
	if len(rows) == 0 && last-cursor < readSpan {
		f.seen.note(r.Name, cursor, last)
		return int(last - from), nil
	}
	entries, err := f.decode(ctx, rows)
	if err != nil {
		return 0, err
	}
	if err := f.handleAll(ctx, r, entries, parked, cursor, last); err != nil {
		return 0, err
	}
	return int(last - from), nil
}

func (f *Facts) retry(ctx context.Context, r Reader, parked []Parked) error {
	for _, p := range parked {
		if err := f.retryOne(ctx, r, p); err != nil {
			return err
		}
	}
	return nil
}

// unwanted remembers how far each reader has looked beyond its cursor without finding a fact that it wants: moving the
// cursor for that would be a commit for nothing. Safe for concurrent use.
type unwanted struct {
	mu sync.Mutex
	by map[string]looked
}

type looked struct{ cursor, to int64 }

// from is where the reader looks next; a cursor that somebody moved meanwhile wins.
func (u *unwanted) from(reader string, cursor int64) int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	if l := u.by[reader]; l.cursor == cursor {
		return max(cursor, l.to)
	}
	return cursor
}

func (u *unwanted) note(reader string, cursor, to int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.by == nil {
		u.by = map[string]looked{}
	}
	u.by[reader] = looked{cursor, to}
}

// handleAll goes in transactions of many facts; when one fails, that stretch is done again fact by fact, so that only
// the one that fails is parked.
func (f *Facts) handleAll(ctx context.Context, r Reader, entries []Entry, parked map[string]bool, cursor, last int64) error {
	for len(entries) > 0 {
		chunk := entries[:min(len(entries), r.batch())]
		entries = entries[len(chunk):]
		to := chunk[len(chunk)-1].Position
		if len(entries) == 0 {
			to = last
		}
		err := f.handleMany(ctx, r, chunk, parked, cursor, to)
		if err == nil {
			cursor = to
			continue
		}
		if !ours(err) {
			return err
		}
		for _, e := range chunk {
			err := f.handle(ctx, r, []Entry{e}, parked, cursor, e.Position)
			if err != nil && ours(err) {
				err = f.park(ctx, r, e, cursor, err)
				parked[r.key(e)] = true
			}
			if err != nil {
				return err
			}
			cursor = e.Position
		}
	}
	if cursor == last {
		return nil
	}
	return f.db.Tx(ctx, func(tx *store.Tx) error { return f.move(tx, r, cursor, last) })
}

// ours tells whether the handler itself failed, rather than the database, the lease or the process.
func ours(err error) bool {
	return !errors.Is(err, errLease) && !errors.Is(err, errMoved) && !errors.Is(err, context.Canceled) && !fail.Is(err, fail.Unavailable)
}

// handleMany handles a stretch at once where the reader can and nothing of it waits behind what is parked.
func (f *Facts) handleMany(ctx context.Context, r Reader, entries []Entry, parked map[string]bool, from, to int64) error {
	if r.Many == nil || len(entries) < 2 || slices.ContainsFunc(entries, func(e Entry) bool { return parked[r.key(e)] }) {
		return f.handle(ctx, r, entries, parked, from, to)
	}
	effect, err := r.Many(ctx, entries)
	if err != nil {
		return err
	}
	return f.db.Tx(ctx, func(tx *store.Tx) error {
		if err := f.move(tx, r, from, to); err != nil {
			return err
		}
		return effect(tx)
	})
}

func (f *Facts) handle(ctx context.Context, r Reader, entries []Entry, parked map[string]bool, from, to int64) error {
	return f.db.Tx(ctx, func(tx *store.Tx) error {
		if err := f.move(tx, r, from, to); err != nil {
			return err
		}
		for _, e := range entries {
			if parked[r.key(e)] {
				if err := insertParked(tx, r, e, "waits behind an earlier fact", 0, f.now()); err != nil {
					return err
				}
				continue
			}
			if err := r.Handle(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// move takes the lease and sets the cursor, in the transaction of the effect.
func (f *Facts) move(tx *store.Tx, r Reader, from, to int64) error {
	held, err := tx.HoldLease("reader:"+r.Name, f.holder, f.now(), leaseTTL)
	if err != nil {
		return err
	}
	if !held {
		return errLease
	}
	n, err := tx.Exec("UPDATE fact_reader SET position = $1 WHERE name = $2 AND position = $3", to, r.Name, from)
	if err == nil && n != 1 {
		err = errMoved
	}
	return err
}
