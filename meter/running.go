package meter

import (
	"context"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
)

// recentWindows is how many of the last windows are looked at for one that is charged.
const recentWindows = 20

// Moved receives when usage changed; see usage.Store.Moved.
func (m *Meters) Moved() <-chan struct{} { return m.usage.Moved() }

// Moves gives the subscriptions whose usage changed since it was asked last; see usage.Store.Moves.
func (m *Meters) Moves() []usage.Move { return m.usage.Moves() }

// RunningOf gives the windows of each subscription from an instant on that may not be charged yet: the open ones with what
// they have counted so far, and the last that closed. charged tells whether a window was charged; windows are charged in
// the order in which they close. All are read together, for budgets ask about many several times a second. For packages
// downstream, it does not authorise.
func (m *Meters) RunningOf(ctx context.Context, subjects []string, from time.Time, charged func(tx *store.Tx, window string) (bool, error)) ([][]usage.Window, error) {
	after := make([]int64, len(subjects))
	err := m.db.Read(ctx, func(tx *store.Tx) (err error) {
		for i, subject := range subjects {
			if after[i], err = lastCharged(tx, subject, charged); err != nil {
				return fmt.Errorf("charged windows of %s: %w", subject, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m.usage.RunningOf(ctx, subjects, from, after)
}

// lastCharged is the position of the newest window that was charged, 0 for none of the last.
func lastCharged(tx *store.Tx, subject string, charged func(tx *store.Tx, window string) (bool, error)) (int64, error) {
	type mark struct {
		id       string
		position int64
	}
	last, err := store.All(tx, func(row store.Scanner) (w mark, err error) {
		err = row.Scan(&w.id, &w.position)
		return w, err
	}, "SELECT id, position FROM meter_window WHERE subject = $1 ORDER BY position DESC LIMIT $2", subject, recentWindows)
	if err != nil {
		return 0, err
	}
	for _, w := range last {
		done, err := charged(tx, w.id)
		if err != nil || done {
			return w.position, err
		}
	}
	return 0, nil
}
