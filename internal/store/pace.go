package store

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// busyLag is for how long something that is ready to run may wait for a processor before the processors count as
	// busy: many times what it takes on an idle machine, and little of what people notice.
	busyLag = 500 * time.Microsecond
	// paceShare is the part of the time that transactions of Background then have: one in so many.
	paceShare = 3
	// paceMost is how long one of them rests at the most, and tookMost counts of what it took: it has waited for others.
	paceMost = 250 * time.Millisecond
	tookMost = 20 * time.Millisecond
)

// pace keeps what nobody waits for to a share of the time while somebody waits for an answer and the processors have more
// to do than they can: usage that comes in, pages, orders. It is done a little later, and never not at all. Safe for
// concurrent use.
type pace struct {
	kept    bool         // on SQLite; on PostgreSQL facts that wait for their number make orders conflict, which costs more
	waiting atomic.Int64 // requests under way that somebody waits for

	mu   sync.Mutex
	next time.Time     // when the next may start
	took time.Duration // what one takes, lately
}

// Foreground says that somebody waits for an answer until leave is called, be it from this database or not.
func (db *DB) Foreground() (leave func()) {
	db.rush.pace.waiting.Add(1)
	return func() { db.rush.pace.waiting.Add(-1) }
}

// enter lets a transaction of Background start; leave must be called at its end.
func (p *pace) enter(ctx context.Context) (leave func()) {
	if !p.kept {
		return func() {}
	}
	if p.waiting.Load() > 0 && busy() {
		p.rest(ctx)
	}
	start := time.Now()
	return func() { p.note(time.Since(start)) }
}

// busy asks the scheduler to run everything else that is ready first, and sees how long that took.
func busy() bool {
	start := time.Now()
	runtime.Gosched()
	return time.Since(start) > busyLag
}

// rest waits for a turn; turns are so far apart that transactions have their share of the time.
func (p *pace) rest(ctx context.Context) {
	p.mu.Lock()
	now := time.Now()
	at := p.next
	if at.Before(now) {
		at = now
	}
	p.next = at.Add(min(p.took*paceShare, paceMost))
	if limit := now.Add(paceMost); p.next.After(limit) { // however many wait
		at, p.next = limit, limit
	}
	p.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(at)):
	}
}

// note learns what one took.
func (p *pace) note(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took += (min(took, tookMost) - p.took) / 8
}
