package settlement

import (
	"context"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
)

// Lines tells how each line of an invoice or credit note was shared, in their order, the tax first as line 0. The
// operator's staff and auditors may. An unknown document has none.
func (s *Settlements) Lines(ctx context.Context, c access.Caller, document string) (list []Line, err error) {
	err = s.read(ctx, c, access.LedgerRead, s.Operator, "organisation", func(tx *store.Tx) error {
		list, err = selectLines(tx, "document = $1", document)
		return err
	})
	return list, err
}
