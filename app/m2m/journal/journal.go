// Package journal is an append-only log of opaque records with group commit and a snapshot at the head of each
// segment.
//
// Owns: frames, segments, the order write, sync, apply; what a torn or damaged file means.
// Does not own: what a record says.
// Reads: the segments of its folder.
// Writes: the same.
//
// The contract, in the order in which a caller meets it:
//
//  1. Open replays the newest segment: every durable record goes through Options.Apply, in order. A torn tail (the
//     last write of a killed process, which nobody was told about) is cut off. A frame that is bad although a later
//     one is whole was durable once: that is damage, and Open returns a *DamageError naming segment and offset.
//  2. Append queues a record and returns at once. One goroutine writes whatever has gathered as one frame and calls
//     fsync once for all of it. Only then is each record applied, in order, and its Ticket done. What Apply has
//     seen is therefore exactly what a replay would see.
//  3. When a frame cannot be written (disk full) the file is cut back to the last good frame and every record of the
//     frame fails with the error; later appends try again. After a failed fsync nothing is known about the disk, so
//     the journal stays broken until it is opened anew.
//  4. When a segment has grown past its limit, the state is written as a snapshot at the head of the next one, which
//     appears under its name only when it is whole and synced; then the old one is removed.
//
// A frame is: magic(4) length(4) number(8) crc32c(4) body. The checksum starts from a random salt of the segment, so
// that nobody who sends payloads can plant something that looks like a frame. Body: records, each uvarint length
// and bytes.
package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// ErrClosed is returned for records that come after Close.
var ErrClosed = errors.New("journal: closed")

// MaxRecord is the largest record, in bytes; a larger one is refused.
const MaxRecord = 300 << 20

// maxPending is how many bytes may wait for the disk before Room makes its caller wait.
const maxPending = 32 << 20

// Options say where a journal lives and what its records mean.
type Options struct {
	Dir string // of the segments; made 0700 when missing
	// SegmentBytes is the growth since the last snapshot after which the next one is made (at least the size of
	// that snapshot); 0 means 16 MiB.
	SegmentBytes int64
	// Apply takes one durable record. It is never called twice at once and must not call the journal.
	Apply func(record []byte) error
	// Snapshot returns records which, applied to an empty state, give the present one. Called between two Applies.
	Snapshot func() ([][]byte, error)
}

// Journal is an open log. Its methods may be called by many goroutines.
type Journal struct {
	opt   Options
	write func(*os.File, []byte) (int, error) // replaced by tests that fill the disk
	sync  func(*os.File) error

	mu      sync.Mutex
	wake    *sync.Cond // something to write, or closing
	room    *sync.Cond // the pending frame was taken
	pending *Ticket
	closed  bool
	broken  error // for good
	last    error // of the newest frame; nil when it was written

	// Owned by the committer.
	file   *os.File
	seg    uint64
	salt   uint64
	frame  uint64 // number of the next frame
	size   int64  // offset of the end of the last good frame
	base   int64  // size right after the snapshot
	syncs  uint64
	closer chan struct{}
}

// Ticket stands for the frame in which a record travels; records of one frame share it.
type Ticket struct {
	records [][]byte
	bytes   int
	done    chan struct{}
	err     error
}

// Wait returns when the record is durable and applied, or with the reason why it is not in the journal.
func (t *Ticket) Wait() error {
	<-t.done
	return t.err
}

// Done says whether Wait would return at once.
func (t *Ticket) Done() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// Open replays what is there and starts the committer. An empty folder becomes an empty journal.
func Open(opt Options) (*Journal, error) {
	if opt.SegmentBytes <= 0 {
		opt.SegmentBytes = 16 << 20
	}
	if err := os.MkdirAll(opt.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("journal: make folder: %w", err)
	}
	j := &Journal{opt: opt, write: (*os.File).Write, sync: (*os.File).Sync, closer: make(chan struct{})}
	j.wake, j.room = sync.NewCond(&j.mu), sync.NewCond(&j.mu)
	if err := j.load(); err != nil {
		return nil, err
	}
	go j.commit()
	return j, nil
}

// Room waits while the disk is far behind. Producers of many records call it before Append, holding no lock that
// Apply needs.
func (j *Journal) Room() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for !j.closed && j.broken == nil && j.pending != nil && j.pending.bytes > maxPending {
		j.room.Wait()
	}
}

// Append queues a record, which the caller must not change afterwards. It never waits.
func (j *Journal) Append(record []byte) *Ticket {
	if len(record) == 0 || len(record) > MaxRecord {
		return failed(fmt.Errorf("journal: a record of %d bytes is not possible", len(record)))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return failed(j.broken)
	}
	if j.closed {
		return failed(ErrClosed)
	}
	if j.pending == nil {
		j.pending = &Ticket{done: make(chan struct{})}
		j.wake.Signal()
	}
	j.pending.records = append(j.pending.records, record)
	j.pending.bytes += len(record) + 5
	return j.pending
}

func failed(err error) *Ticket {
	t := &Ticket{done: make(chan struct{}), err: err}
	close(t.done)
	return t
}

// Err is nil while the newest frame could be written; otherwise it says why not.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}

// Syncs is how often the committer has called fsync for a frame: appended records divided by it is the group size.
func (j *Journal) Syncs() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.syncs
}

// Close writes what is queued and closes the file. Later appends fail with ErrClosed.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	j.wake.Signal()
	j.room.Broadcast()
	j.mu.Unlock()
	<-j.closer
	if err := j.file.Close(); err != nil {
		return fmt.Errorf("journal: close: %w", err)
	}
	return nil
}

// commit is the one goroutine that writes.
func (j *Journal) commit() {
	defer close(j.closer)
	for {
		t := j.take()
		if t == nil {
			return
		}
		broken, err := j.persist(t)
		if err == nil {
			for _, r := range t.records {
				if err = j.opt.Apply(r); err != nil {
					broken = true
					break
				}
			}
		}
		t.err = err
		j.mu.Lock()
		j.last = err
		j.syncs++
		if broken {
			j.broken = err
			j.room.Broadcast()
		}
		j.mu.Unlock()
		t.records = nil
		close(t.done)
		if err == nil && j.size-j.base > max(j.opt.SegmentBytes, j.base) {
			j.rotate()
		}
	}
}

// take waits for a frame's worth of records; nil means that the journal is closed and everything is written.
func (j *Journal) take() *Ticket {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.pending == nil && !j.closed {
		j.wake.Wait()
	}
	t := j.pending
	j.pending = nil
	j.room.Broadcast()
	return t
}

// persist writes and syncs one frame; broken says that the journal cannot go on.
func (j *Journal) persist(t *Ticket) (broken bool, err error) {
	if j.broken != nil {
		return true, j.broken
	}
	b := encodeFrame(nil, j.salt, j.frame, t.records)
	if _, err := j.write(j.file, b); err != nil {
		err = fmt.Errorf("journal: segment %d cannot be written: %w", j.seg, err)
		if cut := j.cut(); cut != nil {
			return true, errors.Join(err, cut)
		}
		return false, err
	}
	if err := j.sync(j.file); err != nil {
		return true, fmt.Errorf("journal: segment %d cannot be synced: %w", j.seg, err)
	}
	j.size += int64(len(b))
	j.frame++
	return false, nil
}

// cut removes what a failed write left behind.
func (j *Journal) cut() error {
	if err := j.file.Truncate(j.size); err != nil {
		return fmt.Errorf("journal: segment %d cannot be cut back to %d: %w", j.seg, j.size, err)
	}
	if _, err := j.file.Seek(j.size, 0); err != nil {
		return fmt.Errorf("journal: segment %d: seek: %w", j.seg, err)
	}
	return nil
}

// rotate starts the next segment from a snapshot. When that fails the present segment simply grows on, and the
// next frame tries again.
func (j *Journal) rotate() {
	records, err := j.opt.Snapshot()
	if err != nil {
		return
	}
	old, oldSeg := j.file, j.seg
	if err := j.create(oldSeg+1, records); err != nil {
		return
	}
	_ = old.Close()
	_ = os.Remove(filepath.Join(j.opt.Dir, segmentName(oldSeg)))
}
