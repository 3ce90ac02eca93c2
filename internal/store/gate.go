package store

import (
	"context"
	"database/sql"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	gateWidth  = 8 // SERIALIZABLE transactions at once in this process: more only make each other fail
	gateOthers = 4 // of them, those of Background
	gateTries  = 3 // after which one goes alone
	gateWait   = 100 * time.Millisecond
)

// gate lets a few of PostgreSQL's write transactions in at once. One that rivals made fail again and again gets the
// gate for itself, so that it ends: first come, first served, rather than whoever is luckiest.
type gate struct {
	all    *semaphore.Weighted
	others *semaphore.Weighted
}

func newGate() *gate {
	return &gate{all: semaphore.NewWeighted(gateWidth), others: semaphore.NewWeighted(gateOthers)}
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
		return db.once(ctx, db.write, &sql.TxOptions{Isolation: db.isolation()}, fn)
	})
}

// enter waits for one place, or after some tries for all of them, though not for ever: somebody inside may be slow.
func (g *gate) enter(ctx context.Context, attempt int) (width int64, err error) {
	if attempt > gateTries {
		short, cancel := context.WithTimeout(ctx, gateWait)
		err := g.all.Acquire(short, gateWidth)
		cancel()
		if err == nil {
			return gateWidth, nil
		}
	}
	return 1, g.all.Acquire(ctx, 1)
}
