// Package batchlog is an append-only log of batches with group commit: many concurrent appends share one write and one
// wait for it. It has two makes, which pass one test suite (logtest): segment, files on this machine, and jetstream, a
// stream of a NATS cluster.
//
// Owns: what every log promises, the frame of a batch, whose turn it is to be written.
// Does not own: what a batch holds, deduplication. No log forgets: corrections and proofs read batches of any age.
// Reads: nothing.
// Writes: nothing.
package batchlog

import (
	"context"
	"errors"
	"fmt"
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

// Log is an open log; it has one writer at a time, and a second is refused. Safe for concurrent use.
type Log interface {
	// Append writes a batch and returns its number once it is durable. On an error other than the context's and
	// ErrUnknown nothing of the batch stands in the log; after those it may stand or not. The numbers that Durable is told are the
	// order of the log for ever.
	// Errors: fail.TooMany (too much of this principal waits), fail.Unavailable (no room, too much waiting, the log
	// closed, broken, out of reach, or written by another), fail.TooLarge.
	Append(ctx context.Context, b Batch) (uint64, error)
	// Last is the number of the last durable batch, 0 for none.
	Last() uint64
	// Reader opens a reader; close it.
	Reader() Reader
	// ID is the same for every opening of the same log and differs from every other's; files on this machine have none,
	// for they are known by their folder.
	ID() string
	// State is how the log is doing, for the operator.
	State() State
	// Close waits a little for what is queued and gives the log back to the next writer.
	Close() error
}

// Reader reads batches by number; fastest when the numbers rise. Not safe for concurrent use.
type Reader interface {
	// Batch reads the batch with the number; the payload is good until the next call. Errors: io.EOF when the log has no
	// such batch; *Damaged when it cannot be read for ever; fail.Unavailable when it cannot be read now; ErrClosed.
	Batch(number uint64) (Batch, error)
	// Close gives back what the reader holds.
	Close() error
}

// ErrClosed is what a reader of a closed log gives where it would have to wait.
var ErrClosed = errors.New("the log is closed")

// ErrUnknown is in the error of a batch that may stand in the log or not.
var ErrUnknown = errors.New("the outcome is not known")

// Durable is called by one goroutine with each group once it is durable, in the order of numbers and before its Appends
// return. While it blocks, nothing is written. May be nil.
type Durable func([]Batch)

// Kind says what a log is made of.
type Kind string

// The kinds.
const (
	Files     Kind = "files"
	JetStream Kind = "jetstream"
)

// Synced says whether a batch is on disk, and not only in memory, when it is acknowledged.
type Synced string

// What is known about it.
const (
	SyncedAlways  Synced = "always"
	SyncedLater   Synced = "later"   // every server says that it syncs now and then
	SyncedUnknown Synced = "unknown" // no server could be asked
)

// State is how a log is doing.
type State struct {
	Kind     Kind
	Place    string // a folder, or a stream and its servers; never with a secret
	Copies   int    // that each batch is kept in
	CopiesUp int    // of those, how many follow now
	Behind   uint64 // messages by which the slowest copy that follows is behind
	Synced   Synced
	Bytes    int64     // of all that is kept
	Problem  error     // why nothing is taken in now; nil while all is well
	Since    time.Time // of Problem
}

// Damaged says where a log that was durable cannot be read any more.
type Damaged struct {
	Segment  string // path of the file, or name of the stream
	Offset   int64  // of the faulty frame; in a stream within the message
	Sequence uint64 // of the message in the stream; 0 in files
	Record   uint64 // number of the batch that should stand there
	Why      string
}

// Error names segment or stream, offset or sequence, and record.
func (d *Damaged) Error() string {
	if d.Sequence != 0 {
		return fmt.Sprintf("log stream %s is damaged at sequence %d, offset %d, record %d: %s", d.Segment, d.Sequence, d.Offset, d.Record, d.Why)
	}
	return fmt.Sprintf("log segment %s is damaged at offset %d, record %d: %s", d.Segment, d.Offset, d.Record, d.Why)
}

// Unavailable is the refusal of a batch of which nothing is kept.
func Unavailable(err error) error {
	e := fail.New(fail.Unavailable, "log.unavailable", "The batch could not be stored safely.",
		"Send it again in a moment; nothing of it was kept.")
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		e.Message = "The disk of the installation is full."
		e.Remedy = "Send it again later; nothing of it was kept. The operator must free space."
	}
	return e.Wrap(err)
}

// TooLarge is the refusal of a batch that no log of this make can hold.
func TooLarge() error {
	return fail.New(fail.TooLarge, "log.batch", "The batch is too large for the log.", "Send it in smaller parts.")
}

// Read calls fn with each batch from a number on, through the last that is durable now. The payload is good during
// the call. Errors: those of fn and of Reader.Batch.
func Read(l Log, from uint64, fn func(Batch) error) (err error) {
	r := l.Reader()
	defer func() { err = errors.Join(err, r.Close()) }()
	for n, last := from, l.Last(); n <= last; n++ {
		b, err := r.Batch(n)
		if err == nil {
			err = fn(b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
