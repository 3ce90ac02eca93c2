package trace

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/transparency-dev/tessera"

	"github.com/halle-cloud/halle/internal/store"
)

const (
	pumpBatch     = 1024
	batchAge      = 50 * time.Millisecond
	counterLogged = "logged" // leaves that the database knows to be in the log
)

func (f *Facts) setLogged(ctx context.Context, n int64) error {
	return f.db.Claim(ctx, func(tx *store.Tx) error {
		err := tx.Send("INSERT INTO fact_counter (name, n) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET n = excluded.n", counterLogged, n)
		return err
	})
}

// compareTail checks that what the log holds beyond the last known append is what the database numbered there.
func (f *Facts) compareTail(ctx context.Context, l *Log, from, to int64) error {
	for from < to {
		rows, err := f.leaves(ctx, from, min(to, from+pumpBatch))
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return nil // a range that an earlier recovery left to the log alone
		}
		for _, row := range rows {
			entry, err := l.entry(ctx, uint64(row.no))
			if err != nil {
				return fmt.Errorf("log entry %d: %w", row.no, err)
			}
			if !bytes.Equal(entry, row.leaf) {
				return fmt.Errorf("log entry %d is not the one that the database has: log and database are not of one installation, or one was altered", row.no)
			}
		}
		from = rows[len(rows)-1].no + 1
	}
	return nil
}

type leafRow struct {
	no   int64
	leaf []byte
}

func (f *Facts) leaves(ctx context.Context, from, to int64) (rows []leafRow, err error) {
	err = f.db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = store.All(tx, func(row store.Scanner) (r leafRow, err error) {
			err = row.Scan(&r.no, &r.leaf)
			return r, err
		}, "SELECT leaf_no, leaf FROM fact_leaf WHERE leaf_no >= $1 AND leaf_no < $2 ORDER BY leaf_no", from, to)
		return err
	})
	return rows, err
}

// Pump appends leaves until ctx ends. One process does it: the folder is locked, and indexes are checked against leaf
// numbers, so that a second writer is found at once.
func (f *Facts) Pump(ctx context.Context, l *Log) error {
	ctx = store.Background(ctx)
	if err := f.Reconcile(ctx, l); err != nil && ctx.Err() == nil {
		return err
	}
	f.loop(ctx, "pump", f.db.Listen(topicSequenced), pollSequenced, func(ctx context.Context) (int, error) { return f.pumpOnce(ctx, l) })
	return nil
}

func (f *Facts) pumpOnce(ctx context.Context, l *Log) (int, error) {
	held := false
	err := f.db.Claim(ctx, func(tx *store.Tx) (err error) {
		held, err = tx.HoldLease("trace.pump", f.holder, f.now(), leaseTTL)
		return err
	})
	if err != nil || !held {
		return 0, err
	}
	if err := notFromTheFuture(l.Dir); err != nil {
		return 0, err
	}
	next, err := l.size(ctx)
	if err != nil {
		return 0, err
	}
	rows, err := f.leaves(ctx, next, next+pumpBatch)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	futures := make([]tessera.IndexFuture, len(rows))
	for i, row := range rows {
		if row.no != next+int64(i) {
			return 0, fmt.Errorf("leaf %d is missing in the database", next+int64(i))
		}
		futures[i] = l.appender.Add(ctx, tessera.NewEntry(row.leaf))
	}
	for i, future := range futures {
		at, err := future()
		if err != nil {
			return 0, fmt.Errorf("append leaf %d: %w", rows[i].no, err)
		}
		if int64(at.Index) != rows[i].no {
			return 0, fmt.Errorf("leaf %d stands in the log at %d: somebody else appended", rows[i].no, at.Index)
		}
	}
	return len(rows), f.setLogged(ctx, next+int64(len(rows)))
}
