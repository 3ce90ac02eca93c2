package billing

import (
	"context"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// Unpaid lists the invoices on which something is owed, of all organisations in the caller's branch, oldest first, after a
// cursor. The staff that issues invoices may.
func (s *Invoices) Unpaid(ctx context.Context, c access.Caller, cursor string) (page Page, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		page = Page{}
		if _, err := s.allowed(tx, c, access.InvoiceIssue, c.Org, "organisation", c.Org); err != nil {
			return err
		}
		rows, err := selectUnpaid(tx, cursor, pageSize+1)
		if err != nil {
			return err
		}
		for n, r := range rows {
			if n == pageSize {
				page.Next = rows[n-1].ID
				break
			}
			// The tree is party's, so that the branch is judged invoice by invoice.
			switch _, err := s.allowed(tx, c, access.InvoiceRead, r.Org, "invoice", r.ID); {
			case err == nil:
				page.Invoices = append(page.Invoices, r.Summary)
			case !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied):
				return err
			}
		}
		return nil
	})
	return page, err
}
