package store

import (
	"context"
	"sync"
	"time"
)

// yieldMost is how long a transaction of Background waits for a gap. It bounds how slow everything behind the people
// becomes when there is none: some twenty transactions a second for each reader, of eight facts each.
const yieldMost = 50 * time.Millisecond

// rush lets what nobody waits for start in the gaps between what people wait for: the processor and the disk are
// shared, and an order that is placed a second later is not noticed where a button that hangs for a second is.
// Safe for concurrent use.
type rush struct {
	mu     sync.Mutex
	people int           // their transactions under way or in a line
	gap    chan struct{} // closed at the next moment without; nil when nobody waits for it
	pace   pace
}

// enter announces a transaction, after a gap for one of Background; leave must be called at its end.
func (r *rush) enter(ctx context.Context) (leave func()) {
	if ctx.Value(backgroundKey{}) != nil {
		r.yield(ctx)
		if prompt(ctx) {
			return func() {}
		}
		return r.pace.enter(ctx)
	}
	r.mu.Lock()
	r.people++
	r.mu.Unlock()
	return r.leave
}

func (r *rush) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.people--; r.people == 0 && r.gap != nil {
		close(r.gap)
		r.gap = nil
	}
}

func (r *rush) yield(ctx context.Context) {
	r.mu.Lock()
	if r.people == 0 {
		r.mu.Unlock()
		return
	}
	if r.gap == nil {
		r.gap = make(chan struct{})
	}
	gap := r.gap
	r.mu.Unlock()
	select {
	case <-gap:
	case <-ctx.Done():
	case <-time.After(yieldMost):
	}
}
