// Package batchlog is an append-only log of batches in segment files, with group commit: many concurrent appends
// share one write and one fsync.
//
// Owns: the frame of a batch, segments, the cut of a torn tail, finding a batch by its number.
// Does not own: what a batch holds, deduplication, retention.
// Reads: the segment files of its folder.
// Writes: the segment files of its folder, and the file lock.
//
// A frame is: magic, length and CRC-32C of the body; the body is: number, the last number that was durable when the
// frame was written, instant, count, principal, payload. The second number tells damage from a torn write: a faulty
// frame is torn, and is cut at the next open, unless a later frame says that it was durable once. Then, and in any
// segment but the last, it is an error that names segment, offset and record, for an acknowledged batch is missing.
package batchlog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/halle-cloud/halle/internal/fail"
)

// Batch is one record. Number is dense from 1 and given by the log. Tag travels from Append to Durable and is not
// stored.
type Batch struct {
	Number    uint64
	At        time.Time // cut to the microsecond
	Principal string    // at most 64 KiB
	Count     int
	Payload   []byte
	Tag       any
}

// Options of a log.
type Options struct {
	// SegmentBytes is the size after which a new segment begins; 0 means 64 MiB.
	SegmentBytes int64
	// Durable is called by one goroutine with each group once it is on disk, in the order of numbers and before its
	// Appends return. While it blocks, nothing is written. May be nil.
	Durable func([]Batch)
}

// Damaged says where a log that was durable cannot be read any more.
type Damaged struct {
	Segment string // path of the file
	Offset  int64  // of the faulty frame
	Record  uint64 // number of the batch that should stand there
	Why     string
}

// Error names segment, offset and record.
func (d *Damaged) Error() string {
	return fmt.Sprintf("log segment %s is damaged at offset %d, record %d: %s", d.Segment, d.Offset, d.Record, d.Why)
}

const (
	maxFrame    = 16 << 20
	maxQueued   = 64 << 20 // bytes that may wait before Append refuses
	maxGroup    = 8 << 20
	indexEvery  = 64 << 10
	segmentForm = "%020d.seg"
)

// Log is an open log. Safe for concurrent use.
type Log struct {
	dir  string
	opts Options
	lock *os.File

	mu       sync.Mutex
	changed  *sync.Cond // queues, closing or broken changed
	queues   map[string]*queue
	ring     []*queue // those with something in them, in the order of their turns
	queued   int
	closing  bool
	broken   error // after a failed fsync nothing may be promised again until the next open
	last     uint64
	segments []*segment
	done     chan struct{}

	// Of the flusher alone.
	file *os.File
	buf  []byte
	// write and sync are the system calls, which tests replace to make a disk full.
	write func(f *os.File, b []byte, at int64) (int, error)
	sync  func(f *os.File) error
}

type pending struct {
	batch Batch
	err   error
	done  chan struct{}
}

// queue is what waits of one principal. Principals take turns, so that one who floods waits for itself.
type queue struct {
	principal string
	list      []*pending
	bytes     int
}

type segment struct {
	path  string
	first uint64
	size  int64   // durable bytes
	index []entry // sparse, by number; complete says whether it covers the file
	whole bool
}

type entry struct {
	number uint64
	offset int64
}

// Open opens or makes the log in dir. A torn tail is cut; a *Damaged error means that an acknowledged batch cannot be
// read. One process at a time.
func Open(dir string, opts Options) (*Log, error) {
	if opts.SegmentBytes == 0 {
		opts.SegmentBytes = 64 << 20
	}
	l := &Log{dir: dir, opts: opts, done: make(chan struct{}),
		write: func(f *os.File, b []byte, at int64) (int, error) { return f.WriteAt(b, at) },
		sync:  func(f *os.File) error { return unix.Fdatasync(int(f.Fd())) },
	}
	l.queues = map[string]*queue{}
	l.changed = sync.NewCond(&l.mu)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("log folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log lock: %w", err)
	}
	l.lock = lock
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another Halle is writing the log %s: stop it, or choose another data folder", dir), lock.Close())
	}
	if err := l.load(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	go l.flush()
	return l, nil
}

// load finds the segments, recovers the last one and opens it for writing.
func (l *Log) load() error {
	names, err := filepath.Glob(filepath.Join(l.dir, "*.seg"))
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		first, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(name), ".seg"), 10, 64)
		info, statErr := os.Stat(name)
		if err != nil || statErr != nil {
			return fmt.Errorf("log segment %s: %w", name, errors.Join(err, statErr))
		}
		l.segments = append(l.segments, &segment{path: name, first: first, size: info.Size()})
	}
	if len(l.segments) == 0 {
		return l.roll(1)
	}
	s := l.segments[len(l.segments)-1]
	if l.last, err = s.recover(); err != nil {
		return err
	}
	l.file, err = os.OpenFile(s.path, os.O_RDWR, 0o600)
	if err == nil {
		err = l.file.Truncate(s.size)
	}
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("log segment %s: %w", s.path, err)
	}
	return nil
}

// roll begins the segment whose first batch will be number first.
func (l *Log) roll(first uint64) error {
	path := filepath.Join(l.dir, fmt.Sprintf(segmentForm, first))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("log segment: %w", err)
	}
	if err := errors.Join(file.Sync(), syncDir(l.dir)); err != nil {
		return errors.Join(fmt.Errorf("log segment: %w", err), file.Close())
	}
	if l.file != nil {
		_ = l.file.Close() // all of it is synced
	}
	l.file = file
	l.mu.Lock()
	defer l.mu.Unlock()
	l.segments = append(l.segments, &segment{path: path, first: first, whole: true})
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Last is the number of the last durable batch, 0 for none.
func (l *Log) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Append writes a batch and returns its number once it is durable. On an error
// other than the context's nothing of the batch stands in the log; after a context's error it may stand or not.
// Errors: fail.TooMany (too much of this principal waits), fail.Unavailable (disk full, too much waiting, log closed or
// broken), fail.TooLarge.
func (l *Log) Append(ctx context.Context, b Batch) (uint64, error) {
	if frameSize(&b) > maxFrame || len(b.Principal) > 1<<16-1 {
		return 0, fail.New(fail.TooLarge, "log.batch", "The batch is too large for the log.", "Send it in smaller parts.")
	}
	b.At = b.At.UTC().Truncate(time.Microsecond)
	p := &pending{batch: b, done: make(chan struct{})}
	if err := l.enqueue(p); err != nil {
		return 0, err
	}
	select {
	case <-p.done:
		return p.batch.Number, p.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (l *Log) enqueue(p *pending) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return unavailable(errors.New("the log is closed"))
	}
	if l.broken != nil {
		return unavailable(l.broken)
	}
	if l.queued > maxQueued {
		return unavailable(errors.New("too much waits to be written"))
	}
	q := l.queues[p.batch.Principal]
	if q == nil {
		q = &queue{principal: p.batch.Principal}
		l.queues[q.principal] = q
		l.ring = append(l.ring, q)
	}
	size := frameSize(&p.batch)
	if len(q.list) > 0 && q.bytes+size > maxQueued-l.queued { // as much as is free: one gets half, two a third each
		return fail.New(fail.TooMany, "log.share", "More comes from you than can be stored at the moment.",
			"Send it again in a second; nothing of it was kept. What others send is not held up.")
	}
	q.list = append(q.list, p)
	q.bytes += size
	l.queued += size
	l.changed.Broadcast()
	return nil
}

func unavailable(err error) error {
	e := fail.New(fail.Unavailable, "log.unavailable", "The batch could not be stored safely.",
		"Send it again in a moment; nothing of it was kept.")
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		e.Message = "The disk of the installation is full."
		e.Remedy = "Send it again later; nothing of it was kept. The operator must free space."
	}
	return e.Wrap(err)
}

// Close waits for what is queued, marks the end and gives the lock back.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closing {
		l.mu.Unlock()
		<-l.done
		return nil
	}
	l.closing = true
	l.changed.Broadcast()
	l.mu.Unlock()
	<-l.done
	return errors.Join(l.seal(), l.file.Close(), l.lock.Close())
}
