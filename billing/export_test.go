package billing

import (
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// Grow makes an issued invoice one of so many lines, all like its first, for the benchmark of its page: what is kept of it is
// what issuing keeps, but for the hash of the whole, which no page asks for.
func (s *Invoices) Grow(tx *store.Tx, invoice string, lines int) error {
	i, err := selectInvoice(tx, invoice)
	if err != nil {
		return err
	}
	doc, err := s.open(tx, i)
	if err != nil {
		return err
	}
	like := doc.Lines[0]
	doc.Lines = make([]proof.InvoiceLine, lines)
	for n := range doc.Lines {
		doc.Lines[n] = like
		doc.Lines[n].No = n + 1
	}
	if i.sealed, i.parts, err = s.sealed(tx.Context(), doc, nil); err != nil {
		return err
	}
	if err := insertParts(tx, i); err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE invoice SET document = $1, lines = $2 WHERE id = $3", i.sealed, int64(lines), invoice)
	return err
}
