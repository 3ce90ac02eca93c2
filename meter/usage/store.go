package usage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/batchlog/segment"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/seen"
	"github.com/halle-cloud/halle/internal/store"
)

// Config of a usage store. Window, Grace and CutOff are part of what the log means: changing one asks for a Rebuild.
type Config struct {
	Dir      string        // of the index, and of the log when it is in files
	DB       *store.DB     // the store's own, with Migrations applied
	Now      clock.Clock   // of receipt
	IDs      *id.Source    // of windows
	Log      *slog.Logger  // nil discards
	Window   time.Duration // 0 means DefaultWindow
	Grace    time.Duration // 0 means DefaultGrace
	CutOff   time.Duration // 0 means DefaultCutOff
	Patience time.Duration // how long Ingest waits for a verdict; 0 means ten seconds
	Recent   int           // keys in memory; 0 means seen.DefaultRecent
	Rebuild  bool          // fold the log again from its beginning
	// OpenLog opens another log than the files in Dir, which nil means.
	OpenLog func(ctx context.Context, durable batchlog.Durable) (batchlog.Log, error)

	commitEvery time.Duration // for tests
}

// How often the folded state is committed, and how often the clock is looked at for windows past their grace.
const (
	commitEvery  = 200 * time.Millisecond
	commitEvents = 200_000
	tickEvery    = time.Minute
)

// Store is the usage store. Safe for concurrent use.
type Store struct {
	cfg   Config
	log   batchlog.Log
	queue chan []batchlog.Batch // durable, to be folded
	// writer is who this is among those that ever opened the store.
	writer string
	// Of the fold's goroutine: what corrections refer to, and the commit under way.
	earlier batchlog.Reader
	flight  *flight

	mu        sync.RWMutex // guards fold and what follows
	fold      *fold
	committed uint64
	keys      int // in the index, as of the last commit
	broken    error

	closed  chan struct{} // coalesced: windows were closed and digested
	pending chan struct{} // coalesced: windows wait for their digest
	stop    context.CancelFunc
	wait    sync.WaitGroup
	folded  chan struct{} // closed when the fold has ended
	moves   moves
	flow    flow
}

// Open opens the store and folds in what the log has beyond the committed offset. When the index does not fit the
// database everything derived is made again from the log. Errors: *batchlog.Damaged; a database that is ahead of the
// log, whose end is then missing.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	cfg = cfg.withDefaults()
	if cfg.Window%Bucket != 0 {
		return nil, fmt.Errorf("usage window %v: it must be a multiple of %v", cfg.Window, Bucket)
	}
	s := &Store{cfg: cfg, queue: make(chan []batchlog.Batch, 64), closed: make(chan struct{}, 1), pending: make(chan struct{}, 1),
		folded: make(chan struct{})}
	s.writer = cfg.IDs.New("wri")
	log, err := cfg.OpenLog(ctx, func(b []batchlog.Batch) { s.queue <- b })
	if err != nil {
		return nil, err
	}
	s.log, s.earlier = log, log.Reader()
	if err := s.load(ctx, cfg.Rebuild); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	s.fold.read = s.readAgain
	if err := s.replay(ctx); err != nil {
		return nil, errors.Join(err, s.earlier.Close(), log.Close(), s.fold.index.Close())
	}
	var run context.Context
	run, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	go s.run(run)
	s.wait.Go(func() { s.digestAll(run) })
	s.wait.Go(func() { s.tickAll(run) })
	return s, nil
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.OpenLog == nil {
		c.OpenLog = func(_ context.Context, durable batchlog.Durable) (batchlog.Log, error) {
			return segment.Open(filepath.Join(c.Dir, "log"), segment.Options{Durable: durable})
		}
	}
	for _, d := range []struct {
		at    *time.Duration
		value time.Duration
	}{{&c.Window, DefaultWindow}, {&c.Grace, DefaultGrace}, {&c.CutOff, DefaultCutOff}, {&c.Patience, 10 * time.Second}, {&c.commitEvery, commitEvery}} {
		if *d.at == 0 {
			*d.at = d.value
		}
	}
	return c
}

// load reads the committed state; rebuild, or an index that does not fit, begins with nothing.
func (s *Store) load(ctx context.Context, rebuild bool) error {
	index := filepath.Join(s.cfg.Dir, "index")
	for {
		f := newFold(rules{s.cfg.Window.Microseconds(), s.cfg.Grace.Microseconds(), s.cfg.CutOff.Microseconds()}, s.cfg.IDs)
		err := s.cfg.DB.Tx(ctx, func(tx *store.Tx) error {
			h, err := readHead(tx)
			if err != nil {
				return err
			}
			if err := s.fits(h); err != nil && !s.cfg.Rebuild { // nothing is wiped that cannot be made again
				return err
			}
			if rebuild {
				if err := wipe(tx); err != nil {
					return err
				}
			}
			*f = *newFold(f.rules, f.ids)
			if err := f.load(tx); err != nil {
				return err
			}
			return takeHead(tx, s.writer, s.log.ID())
		})
		if err == nil && rebuild {
			err = os.RemoveAll(index)
		}
		if err == nil {
			f.index, err = seen.Open(index, f.consumed, s.cfg.Recent)
		}
		switch {
		case errors.Is(err, seen.ErrDamaged) && !rebuild:
			s.cfg.Log.Warn("usage: everything derived is made again from the log", "reason", err)
			rebuild = true
		case err != nil:
			return fmt.Errorf("usage store: %w", err)
		default:
			s.fold, s.committed, s.keys = f, f.consumed, f.index.Keys()
			return nil
		}
	}
}

// fits tells whether the database was folded from this log.
func (s *Store) fits(h head) error {
	place := s.log.State().Place
	switch last := s.log.Last(); {
	case h.consumed == 0:
		return nil
	case h.log != s.log.ID():
		return fmt.Errorf("the usage database was made from another log than %s and has consumed %d records of it: set usage_log back, or move the log of this machine over first with halle usage-log move",
			place, h.consumed)
	case last < uint64(h.consumed):
		return fmt.Errorf("the usage log %s ends at record %d, the database has consumed %d: restore the log from its backup", place, last, h.consumed)
	}
	return nil
}

func (s *Store) replay(ctx context.Context) error {
	err := batchlog.Read(s.log, s.fold.consumed+1, func(b batchlog.Batch) error {
		r, err := readRecord(b)
		if err != nil {
			return err
		}
		if err := s.fold.apply(r); err != nil {
			return err
		}
		if s.fold.delta.events >= commitEvents {
			return s.commit(ctx)
		}
		return ctx.Err()
	})
	if err == nil {
		err = s.commit(ctx)
	}
	return err
}

// readAgain reads an earlier record of the log for the fold, which waits as long as the log is out of reach.
func (s *Store) readAgain(number uint64) (*record, error) {
	b, err := s.earlier.Batch(number)
	for fail.Is(err, fail.Unavailable) {
		s.cfg.Log.Warn("usage: an earlier record cannot be read yet", "record", number, "err", err)
		b, err = s.earlier.Batch(number)
	}
	if err != nil {
		return nil, fmt.Errorf("record %d of the usage log: %w", number, err)
	}
	return readRecord(b)
}

// run folds what the log has made durable, in its order, and has it committed now and then.
func (s *Store) run(ctx context.Context) {
	defer close(s.folded)
	timer := time.NewTicker(s.cfg.commitEvery)
	defer timer.Stop()
	for {
		queue, tick, written := s.queue, timer.C, (<-chan error)(nil)
		if s.flight != nil {
			tick, written = nil, s.flight.written
			if s.fold.delta.events >= commitEvents { // no more in memory: the log waits, and refuses when too much does
				queue = nil
			}
		}
		select {
		case group, ok := <-queue:
			if !ok {
				s.lastCommit(ctx)
				return
			}
			s.foldGroup(group)
		case err := <-written:
			s.endCommit(err)
		case <-tick:
			s.beginCommit(ctx)
		}
		if s.flight == nil && s.fold.delta.events >= commitEvents {
			s.beginCommit(ctx)
		}
	}
}

func (s *Store) foldGroup(group []batchlog.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range group {
		r := b.Tag.(*record)
		r.number, r.at = b.Number, b.At.UnixMicro()
		r.err = s.broken
		if r.err == nil {
			if r.err = s.fold.apply(r); r.err != nil {
				s.breakDown(r.err)
			}
		}
		s.flow.came(r.publisher, len(r.events), b.At)
		close(r.done)
	}
}

// breakDown stops all folding: the log is the truth, and the next start goes on from the committed offset.
func (s *Store) breakDown(err error) {
	s.broken = fail.New(fail.Unavailable, "usage.stopped", "Usage cannot be counted now.",
		"Send it again later; what was stored is not lost, and nothing counts twice.").Wrap(err)
	s.cfg.Log.Error("usage: the fold stopped; start again to go on from the committed offset", "err", err)
}

// stopped is why the fold has stopped, nil while it goes on.
func (s *Store) stopped() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.broken
}

func wake(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default: // already told
	}
}

// Close folds and commits what is durable and closes the files.
func (s *Store) Close() error {
	s.stop()
	s.wait.Wait()
	err := s.log.Close()
	close(s.queue)
	<-s.folded
	return errors.Join(err, s.earlier.Close(), s.fold.index.Close())
}
