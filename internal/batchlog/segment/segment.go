// Package segment is the batch log in segment files on this machine, for one server.
//
// Owns: segments, the cut of a torn tail, finding a batch by its number.
// Does not own: the frame of a batch, what a batch holds, deduplication, retention.
// Reads: the segment files of its folder.
// Writes: the segment files of its folder, and the file lock.
//
// The second number of a frame (what was durable) tells damage from a torn write: a faulty frame is torn, and is cut at
// the next open, unless a later frame says that it was durable once. Then, and in any segment but the last, it is an
// error that names segment, offset and record, for an acknowledged batch is missing.
package segment

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

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/durable"
)

// Options of a log.
type Options struct {
	// SegmentBytes is the size after which a new segment begins; 0 means 64 MiB.
	SegmentBytes int64
	Durable      batchlog.Durable
}

const (
	maxGroup    = 8 << 20
	indexEvery  = 64 << 10
	segmentForm = "%020d.seg"
)

// Log is an open log. Safe for concurrent use.
type Log struct {
	dir   string
	opts  Options
	lock  *os.File
	queue *batchlog.Queue

	mu       sync.Mutex
	broken   error // after a failed fsync nothing may be promised again until the next open
	since    time.Time
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
	l := &Log{dir: dir, opts: opts, queue: batchlog.NewQueue(), done: make(chan struct{}),
		write: func(f *os.File, b []byte, at int64) (int, error) { return f.WriteAt(b, at) },
		sync:  func(f *os.File) error { return unix.Fdatasync(int(f.Fd())) },
	}
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
	if err := errors.Join(file.Sync(), durable.SyncDir(l.dir)); err != nil {
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

// Last is the number of the last durable batch, 0 for none.
func (l *Log) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Append writes a batch and returns its number once it is durable. Errors: those of batchlog.Log.
func (l *Log) Append(ctx context.Context, b batchlog.Batch) (uint64, error) {
	return l.queue.Append(ctx, b, batchlog.MaxFrame)
}

// ID is empty: a log in files is known by its folder.
func (l *Log) ID() string { return "" }

// State tells the folder, its size, and why nothing is taken in when that is so.
func (l *Log) State() batchlog.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := batchlog.State{Kind: batchlog.Files, Place: l.dir, Copies: 1, CopiesUp: 1, Synced: batchlog.SyncedAlways, Problem: l.broken, Since: l.since}
	for _, one := range l.segments {
		s.Bytes += one.size
	}
	return s
}

// Close waits for what is queued, marks the end and gives the lock back.
func (l *Log) Close() error {
	if !l.queue.Close() {
		<-l.done
		return nil
	}
	<-l.done
	return errors.Join(l.seal(), l.file.Close(), l.lock.Close())
}
