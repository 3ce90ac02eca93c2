package trace

import (
	"context"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
)

// FactSkipped says that an operator gave up a parked fact for one reader.
const FactSkipped = "trace.skipped.v1"

// Skipped is the payload of FactSkipped.
type Skipped struct {
	Reader   string `json:"reader"`
	Position int64  `json:"position"`
	Reason   string `json:"reason"`
}

func insertParked(tx *store.Tx, r Reader, e Entry, why string, attempts int64, next time.Time) error {
	err := tx.Send(`INSERT INTO fact_parked (reader, position, key, error, attempts, next_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		r.Name, e.Position, r.key(e), why, attempts, store.At(next))
	return err
}

func parkedKeys(tx *store.Tx, reader string, into map[string]bool) error {
	return tx.Each(func(row store.Scanner) error {
		var key string
		err := row.Scan(&key)
		into[key] = true
		return err
	}, "SELECT DISTINCT key FROM fact_parked WHERE reader = $1", reader)
}

// park records the failure and moves the cursor past it: later facts of the key queue behind, all others go on.
func (f *Facts) park(ctx context.Context, r Reader, e Entry, cursor int64, cause error) error {
	f.log.ErrorContext(ctx, "fact parked", "reader", r.Name, "position", e.Position, "type", e.Type, "error", cause)
	return f.db.Tx(ctx, func(tx *store.Tx) error {
		if err := f.move(tx, r, cursor, e.Position); err != nil {
			return err
		}
		return insertParked(tx, r, e, cause.Error(), 1, f.now().Add(backoff(1)))
	})
}

func backoff(attempts int64) time.Duration {
	return min(time.Second<<min(attempts-1, 20), 5*time.Minute)
}

const parkedColumns = "reader, position, key, error, attempts, next_at"

func scanParked(row store.Scanner) (p Parked, err error) {
	var next store.Time
	err = row.Scan(&p.Reader, &p.Position, &p.Key, &p.Error, &p.Attempts, &next)
	p.NextAt = next.Time
	return p, err
}

// Parked lists what readers could not do, oldest first, with what waits behind it. For the operator's desk.
func (f *Facts) Parked(ctx context.Context) (list []Parked, err error) {
	err = f.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = store.All(tx, scanParked, "SELECT "+parkedColumns+" FROM fact_parked ORDER BY reader, position")
		return err
	})
	return list, err
}

// due gives the oldest fact of each parked key whose time has come: when it succeeds, the next of the key follows.
func due(tx *store.Tx, reader string, now time.Time) ([]Parked, error) {
	return store.All(tx, scanParked, `SELECT `+parkedColumns+` FROM fact_parked p WHERE reader = $1 AND next_at <= $2
		AND NOT EXISTS (SELECT 1 FROM fact_parked o WHERE o.reader = p.reader AND o.key = p.key AND o.position < p.position)
		ORDER BY position LIMIT 64`, reader, store.At(now))
}

func (f *Facts) retryOne(ctx context.Context, r Reader, p Parked) error {
	list, err := f.entries(ctx, func(tx *store.Tx) ([]entryRow, error) {
		row, err := selectPosition(tx, p.Position)
		return []entryRow{row}, err
	})
	if err != nil {
		return err
	}
	err = f.db.Tx(ctx, func(tx *store.Tx) error {
		if held, err := tx.HoldLease("reader:"+r.Name, f.holder, f.now(), leaseTTL); err != nil || !held {
			return orLease(err)
		}
		if n, err := deleteParked(tx, p.Reader, p.Position); err != nil || n != 1 {
			return orLease(err)
		}
		return r.Handle(tx, list[0])
	})
	if err == nil || !ours(err) {
		return err
	}
	return f.db.Tx(ctx, func(tx *store.Tx) error {
		_, dbErr := tx.Exec("UPDATE fact_parked SET attempts = $1, error = $2, next_at = $3 WHERE reader = $4 AND position = $5",
			p.Attempts+1, err.Error(), store.At(f.now().Add(backoff(p.Attempts+1))), p.Reader, p.Position)
		return dbErr
	})
}

func orLease(err error) error {
	if err == nil {
		return errLease
	}
	return err
}

func deleteParked(tx *store.Tx, reader string, position int64) (int64, error) {
	return tx.Exec("DELETE FROM fact_parked WHERE reader = $1 AND position = $2", reader, position)
}

// RetryNow makes the parked fact due at once. The caller was authorised for reader.retry.
func (f *Facts) RetryNow(ctx context.Context, reader string, position int64) error {
	return f.db.Tx(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec("UPDATE fact_parked SET next_at = $1 WHERE reader = $2 AND position = $3", store.At(f.now()), reader, position)
		if err == nil && n == 0 {
			err = missingParked(reader, position)
		}
		return err
	})
}

// Skip gives a parked fact up for one reader, with a reason that becomes a fact of the operator org. The caller was
// authorised for reader.retry.
func (f *Facts) Skip(ctx context.Context, operator, actor, reader string, position int64, reason string) error {
	if reason == "" {
		return fail.New(fail.Invalid, "trace.reason", "A fact is not skipped without a reason.", "Say why it may be skipped.").Field("reason", "is needed")
	}
	if err := f.ring.Ensure(ctx, keys.Tenant(operator)); err != nil {
		return err
	}
	return f.db.Tx(ctx, func(tx *store.Tx) error {
		n, err := deleteParked(tx, reader, position)
		if err != nil {
			return err
		}
		if n == 0 {
			return missingParked(reader, position)
		}
		_, err = f.Record(tx, Fact{Type: FactSkipped, Aggregate: "reader:" + reader, Owner: operator, Actor: actor, At: f.now(),
			Machine: Skipped{Reader: reader, Position: position, Reason: reason}})
		return err
	})
}

func missingParked(reader string, position int64) error {
	return fail.New(fail.NotFound, "trace.parked", fmt.Sprintf("Reader %q has nothing parked at %d.", reader, position), "Look at the list of parked facts again.")
}
