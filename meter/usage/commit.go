package usage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/seen"
	"github.com/halle-cloud/halle/internal/store"
)

var errFenced = errors.New("another process writes the usage: two writers for one log")

// flight is a commit under way: its rows and keys are written while the fold goes on. There is one at a time.
type flight struct {
	rows    *frozen
	keys    *seen.Checkpoint
	written <-chan error
}

// beginCommit takes what changed and has it written beside the fold. Only the fold's goroutine calls it.
func (s *Store) beginCommit(ctx context.Context) {
	if s.fold.delta.records == 0 || s.stopped() != nil {
		return
	}
	rows, err := s.fold.freeze(s.committed)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.breakDown(err)
		return
	}
	written := make(chan error, 1)
	s.flight = &flight{rows: rows, keys: s.fold.index.Begin(rows.to), written: written}
	go func(f *flight) { written <- s.persist(ctx, f) }(s.flight)
}

// persist writes a flight, waiting as long as the database is away: the fold takes what comes meanwhile, up to a point.
func (s *Store) persist(ctx context.Context, f *flight) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		if err := s.stopped(); err != nil {
			return err
		}
		err := s.writeOnce(context.WithoutCancel(ctx), f)
		if err == nil || errors.Is(err, errFenced) || errors.Is(err, seen.ErrDamaged) {
			return err
		}
		s.cfg.Log.Warn("usage: the folded state could not be committed yet", "err", err)
		if ctx.Err() != nil {
			return err // the log has it all
		}
		time.Sleep(wait)
	}
}

// writeOnce writes keys, then rows and the consumed offset in one transaction. It may be called again after any error.
func (s *Store) writeOnce(ctx context.Context, f *flight) error {
	if err := f.keys.Write(); err != nil {
		return err
	}
	if err := s.cfg.DB.Tx(ctx, func(tx *store.Tx) error { return f.rows.write(tx, s.writer) }); err != nil {
		return fmt.Errorf("commit usage: %w", err)
	}
	return nil
}

// endCommit takes note of what was written, and tells whether all of it was.
func (s *Store) endCommit(err error) bool {
	f := s.flight
	s.flight = nil
	if left := s.fold.index.End(f.keys); left != nil {
		s.cfg.Log.Warn("usage: files of the index that count no more could not be removed", "err", left)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(err, errFenced) || errors.Is(err, seen.ErrDamaged) {
		s.breakDown(err)
	}
	if err != nil {
		return false
	}
	s.fold.index.Confirm(f.rows.to)
	s.committed, s.keys = f.rows.to, s.fold.index.Keys()
	s.moves.take(f.rows.moved)
	if f.rows.closed {
		wake(s.pending)
	}
	return true
}

// lastCommit commits everything, when it can.
func (s *Store) lastCommit(ctx context.Context) {
	if s.flight != nil && !s.endCommit(<-s.flight.written) {
		return
	}
	if s.beginCommit(ctx); s.flight != nil {
		s.endCommit(<-s.flight.written)
	}
}

// commit commits at once, before the store is open.
func (s *Store) commit(ctx context.Context) error {
	if s.fold.delta.records == 0 {
		return nil
	}
	rows, err := s.fold.freeze(s.committed)
	if err != nil {
		return err
	}
	s.flight = &flight{rows: rows, keys: s.fold.index.Begin(rows.to)}
	err = s.writeOnce(ctx, s.flight)
	s.endCommit(err)
	return err
}
