package store

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	gateTries = 3 // after which one goes alone
	gateWait  = 200 * time.Millisecond
)

// gate lets a few of PostgreSQL's write transactions in at once. One that rivals made fail keeps its place and tries
// again at once, for it has waited in the line already; one that fails again and again gets the gate for itself, so that
// it ends: first come, first served, rather than whoever is luckiest.
type gate struct {
	people *line
	others *line // those of Background: beside the people, whose places they would hold for long
}

// line is a number of places. Safe for concurrent use.
type line struct {
	width  int64
	places *semaphore.Weighted
	claim  atomic.Bool // somebody waits to be alone
}

// newGate is as wide as there are processors. More transactions at once only make each other fail: keys that grow with
// time put what is new on the same pages, and SERIALIZABLE judges by page. On 2 processors a width of 8 did half of
// all orders twice, one of 2 an eighth.
func newGate() *gate {
	width := int64(max(2, runtime.NumCPU()))
	return &gate{people: newLine(width), others: newLine(width / 2)}
}

func newLine(width int64) *line { return &line{width: width, places: semaphore.NewWeighted(width)} }

// gated is Tx on PostgreSQL.
func (db *DB) gated(ctx context.Context, fn func(tx *Tx) error) error {
	l := db.gate.people
	if ctx.Value(backgroundKey{}) != nil {
		l = db.gate.others
	}
	if err := l.places.Acquire(ctx, 1); err != nil {
		return err
	}
	have := int64(1)
	defer func() { l.places.Release(have) }()
	return db.insist(ctx, func(attempt int) (again bool, err error) {
		if attempt > gateTries && have < l.width {
			have += l.alone(ctx)
		}
		return db.once(ctx, beginWrite, fn)
	})
}

// alone waits for the other places and tells how many it got, for somebody who has one: all of them or none. It does not
// wait for ever, as somebody inside may be slow, and not for another who does the same.
func (l *line) alone(ctx context.Context) int64 {
	if !l.claim.CompareAndSwap(false, true) {
		return 0
	}
	defer l.claim.Store(false)
	short, cancel := context.WithTimeout(ctx, gateWait)
	defer cancel()
	if l.places.Acquire(short, l.width-1) != nil {
		return 0
	}
	return l.width - 1
}
