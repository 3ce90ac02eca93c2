package batchlog

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
)

// maxQueued is how many bytes may wait before Append refuses.
const maxQueued = 64 << 20

// Queue is what waits to be written. Principals take turns, so that one who floods waits for itself. Many append, one
// writer takes.
type Queue struct {
	mu     sync.Mutex
	wake   chan struct{} // coalesced: there is something, or the queue closed
	queues map[string]*line
	ring   []*line // those with something in them, in the order of their turns
	queued int
	closed bool
	broken error // nothing is taken in while it is set
}

// Pending is a batch that waits. The writer sets its number and calls Done once.
type Pending struct {
	Batch Batch
	err   error
	done  chan struct{}
}

// line is what waits of one principal.
type line struct {
	principal string
	list      []*Pending
	bytes     int
}

// NewQueue makes an empty one.
func NewQueue() *Queue { return &Queue{wake: make(chan struct{}, 1), queues: map[string]*line{}} }

// Append puts a batch in and waits until the writer is done with it. most is the size of the largest frame.
// Errors: those of Log.Append.
func (q *Queue) Append(ctx context.Context, b Batch, most int) (uint64, error) {
	if FrameSize(&b) > most || len(b.Principal) > MaxPrincipal {
		return 0, TooLarge()
	}
	b.At = b.At.UTC().Truncate(time.Microsecond)
	p := &Pending{Batch: b, done: make(chan struct{})}
	if err := q.put(p); err != nil {
		return 0, err
	}
	select {
	case <-p.done:
		return p.Batch.Number, p.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (q *Queue) put(p *Pending) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return Unavailable(ErrClosed)
	}
	if q.broken != nil {
		return Unavailable(q.broken)
	}
	if q.queued > maxQueued {
		return Unavailable(errors.New("too much waits to be written"))
	}
	l := q.queues[p.Batch.Principal]
	if l == nil {
		l = &line{principal: p.Batch.Principal}
		q.queues[l.principal] = l
		q.ring = append(q.ring, l)
	}
	size := FrameSize(&p.Batch)
	if len(l.list) > 0 && l.bytes+size > maxQueued-q.queued { // as much as is free: one gets half, two a third each
		return fail.New(fail.TooMany, "log.share", "More comes from you than can be stored at the moment.",
			"Send it again in a second; nothing of it was kept. What others send is not held up.")
	}
	l.list = append(l.list, p)
	l.bytes += size
	q.queued += size
	q.tell()
	return nil
}

func (q *Queue) tell() {
	select {
	case q.wake <- struct{}{}:
	default: // already told
	}
}

// Ready receives when Take may give something, and after Close. Wake-ups are coalesced: take until nothing is left.
func (q *Queue) Ready() <-chan struct{} { return q.wake }

// Take gives one batch of each principal in turn: at least one when any waits, then as long as their frames have together
// at most so many bytes. None at all means that nothing waits.
func (q *Queue) Take(most int) []*Pending {
	q.mu.Lock()
	defer q.mu.Unlock()
	var group []*Pending
	bytes := 0
	for len(q.ring) > 0 {
		l := q.ring[0]
		p := l.list[0]
		size := FrameSize(&p.Batch)
		if len(group) > 0 && bytes+size > most {
			break
		}
		l.list, l.bytes = l.list[1:], l.bytes-size
		if q.ring = q.ring[1:]; len(l.list) > 0 {
			q.ring = append(q.ring, l)
		} else {
			delete(q.queues, l.principal)
		}
		group = append(group, p)
		bytes += size
	}
	q.queued -= bytes
	return group
}

// Waiting is how many principals have something in the queue.
func (q *Queue) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.queues)
}

// Break refuses everything from now on for a reason; nil takes batches in again. What waits stays.
func (q *Queue) Break(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.broken = err
}

// Broken is the reason, nil for none.
func (q *Queue) Broken() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.broken
}

// Close refuses everything from now on and wakes the writer; first is false when it was closed before.
func (q *Queue) Close() (first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	first, q.closed = !q.closed, true
	q.tell()
	return first
}

// Closed tells whether Close was called.
func (q *Queue) Closed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// Done ends the wait of each; an error says why nothing of them is kept.
func Done(group []*Pending, err error) {
	for _, p := range group {
		if err != nil {
			p.err = Unavailable(err)
		}
		close(p.done)
	}
}

// DoneUnknown ends the wait of each without knowing whether it stands in the log.
func DoneUnknown(group []*Pending, err error) {
	for _, p := range group {
		p.err = fail.New(fail.Unavailable, "log.unknown", "It is not known whether the batch was stored.",
			"Send it again in a moment: nothing counts twice.").Wrap(errors.Join(ErrUnknown, err))
		close(p.done)
	}
}

// Batches are those of a group.
func Batches(group []*Pending) []Batch {
	list := make([]Batch, len(group))
	for i, p := range group {
		list[i] = p.Batch
	}
	return list
}
