package billing

import (
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// IssuedIn gives an issued document whole, to another package inside its transaction. It does not authorise. The document
// is nil once its legal copy was erased at its time. Error: fail.NotFound.
func (s *Invoices) IssuedIn(tx *store.Tx, id string) (Summary, *proof.Invoice, error) {
	i, err := selectInvoice(tx, id)
	if err != nil {
		return Summary{}, nil, err
	}
	doc, err := s.open(tx.Context(), i)
	return i.Summary, doc, err
}

// EachIssued calls f with every document without its text, in the order of their identifiers, to another package inside
// its transaction. It does not authorise.
func (s *Invoices) EachIssued(tx *store.Tx, f func(Summary) error) error {
	for after, done := "", false; !done; {
		rows, err := store.All(tx, scanInvoice, "SELECT "+invoiceColumns+" FROM invoice WHERE id > $1 ORDER BY id LIMIT $2", after, 500)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := f(r.Summary); err != nil {
				return err
			}
			after = r.ID
		}
		done = len(rows) < 500
	}
	return nil
}

// PaymentIn gives a payment with its invoice, to another package inside its transaction. It does not authorise.
func (s *Invoices) PaymentIn(tx *store.Tx, invoice, payment string) (Payment, error) {
	list, err := selectPayments(tx, invoice)
	for _, p := range list {
		if p.ID == payment {
			return p, err
		}
	}
	if err == nil {
		err = fail.Missing("payment", payment)
	}
	return Payment{}, err
}
