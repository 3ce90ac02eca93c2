package store

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	gateTries = 3 // after which one goes alone
	gateWait  = time.Second
)

// gate lets a few of PostgreSQL's write transactions in at once. One that rivals made fail again and again gets the
// gate for itself, so that it ends: first come, first served, rather than whoever is luckiest.
type gate struct {
	width  int64
	all    *semaphore.Weighted
	others *semaphore.Weighted // those of Background
}

// newGate is as wide as there are processors. More transactions at once only make each other fail: keys that grow with
// time put what is new on the same pages, and SERIALIZABLE judges by page. On 2 processors a width of 8 did half of
// all orders twice, one of 2 an eighth.
func newGate() *gate {
	width := int64(max(2, runtime.NumCPU()))
	return &gate{width: width, all: semaphore.NewWeighted(width), others: semaphore.NewWeighted(width / 2)}
}

// gated is Tx on PostgreSQL.
func (db *DB) gated(ctx context.Context, fn func(tx *Tx) error) error {
	if ctx.Value(backgroundKey{}) != nil {
		if err := db.gate.others.Acquire(ctx, 1); err != nil {
			return err
		}
		defer db.gate.others.Release(1)
	}
	return db.insist(ctx, func(attempt int) (again bool, err error) {
		width, err := db.gate.enter(ctx, attempt)
		if err != nil {
			return false, err
		}
		defer db.gate.all.Release(width)
		return db.once(ctx, beginWrite, fn)
	})
}

// enter waits for one place, or after some tries for all of them, though not for ever: somebody inside may be slow.
func (g *gate) enter(ctx context.Context, attempt int) (width int64, err error) {
	if attempt > gateTries {
		short, cancel := context.WithTimeout(ctx, gateWait)
		err := g.all.Acquire(short, g.width)
		cancel()
		if err == nil {
			return g.width, nil
		}
	}
	return 1, g.all.Acquire(ctx, 1)
}
