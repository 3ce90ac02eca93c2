package usage

import (
	"bytes"
	"context"
	"fmt"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/store"
)

// MoveLog copies a log into an empty one, batch by batch with their numbers and instants, and makes the database go on
// with the copy; it tells how many batches that is. What the other has already is compared: it must be the same. So it can
// be interrupted and called again. Nobody may have either log open for a store. Errors: batches that differ; a database
// that was folded from another log.
func MoveLog(ctx context.Context, db *store.DB, from, to batchlog.Log) (uint64, error) {
	if to.Last() > from.Last() {
		return 0, fmt.Errorf("%s has %d records, %s only %d: it is another log", to.State().Place, to.Last(), from.State().Place, from.Last())
	}
	there := to.Reader()
	defer func() { _ = there.Close() }()
	err := batchlog.Read(from, 1, func(b batchlog.Batch) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.Number > to.Last() {
			number, err := to.Append(ctx, b)
			if err == nil && number != b.Number {
				err = fmt.Errorf("record %d became %d", b.Number, number)
			}
			return err
		}
		o, err := there.Batch(b.Number)
		if err == nil && (!o.At.Equal(b.At) || o.Principal != b.Principal || o.Count != b.Count || !bytes.Equal(o.Payload, b.Payload)) {
			err = fmt.Errorf("record %d in %s is not that of %s: it is another log", b.Number, to.State().Place, from.State().Place)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("move the usage log: %w", err)
	}
	return to.Last(), db.Tx(ctx, func(tx *store.Tx) error {
		h, err := readHead(tx)
		if err != nil {
			return err
		}
		if h.consumed > 0 && h.log != from.ID() && h.log != to.ID() || uint64(h.consumed) > to.Last() {
			return fmt.Errorf("the usage database was made from another log than %s", from.State().Place)
		}
		return takeHead(tx, "", to.ID())
	})
}
