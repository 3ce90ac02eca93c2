package billing

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// IssuedIn gives an issued document whole, to another package inside its transaction. It does not authorise. The document
// is nil once its legal copy was erased at its time. Error: fail.NotFound.
func (s *Invoices) IssuedIn(tx *store.Tx, id string) (Summary, *proof.Invoice, error) {
	i, err := selectInvoice(tx, id)
	if err != nil {
		return Summary{}, nil, err
	}
	doc, err := s.open(tx, i)
	return i.Summary, doc, err
}

// IssuedMany is IssuedIn for many documents, in the order asked for, which are opened on all processors. It does not
// authorise. Error: fail.NotFound when one of them is not there.
func (s *Invoices) IssuedMany(tx *store.Tx, ids []string) ([]Summary, []*proof.Invoice, error) {
	rows := map[string]row{}
	for places, args := range store.In(ids) {
		list, err := store.All(tx, scanInvoice, "SELECT "+invoiceColumns+" FROM invoice WHERE id IN "+places, args...)
		if err != nil {
			return nil, nil, err
		}
		for _, i := range list {
			rows[i.ID] = i
		}
	}
	sums, docs, errs := make([]Summary, len(ids)), make([]*proof.Invoice, len(ids)), make([]error, len(ids))
	parallel(len(ids), func(n int) {
		i, ok := rows[ids[n]]
		if !ok {
			errs[n] = fail.Missing("invoice", ids[n])
			return
		}
		sums[n] = i.Summary
		docs[n], _, errs[n] = s.unseal(tx.Context(), i)
	})
	for n := range ids {
		if errors.Is(errs[n], errApart) {
			docs[n], errs[n] = s.open(tx, rows[ids[n]])
		}
	}
	return sums, docs, errors.Join(errs...)
}

// parallel calls f for 0…n-1 on as many processors as there are.
func parallel(n int, f func(n int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.NumCPU()) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				f(int(i))
			}
		})
	}
	wg.Wait()
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

// IssuedBetween lists the invoices that are dated from one day to another, both included, by their numbers, each with the
// credit notes about it behind it, whenever these were issued. For packages downstream; it does not authorise.
func (s *Invoices) IssuedBetween(tx *store.Tx, from, to price.Date) ([]Summary, error) {
	invoices, err := summaries(store.All(tx, scanInvoice, "SELECT "+invoiceColumns+" FROM invoice WHERE date >= $1 AND date <= $2 AND credits IS NULL ORDER BY entity, number, id",
		from.String(), to.String()))
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(invoices))
	for n, i := range invoices {
		ids[n] = i.ID
	}
	notes := map[string][]Summary{}
	for places, args := range store.In(ids) {
		list, err := summaries(store.All(tx, scanInvoice, "SELECT "+invoiceColumns+" FROM invoice WHERE credits IN "+places+" ORDER BY id", args...))
		if err != nil {
			return nil, err
		}
		for _, n := range list {
			notes[n.Credits] = append(notes[n.Credits], n)
		}
	}
	var out []Summary
	for _, i := range invoices {
		out = append(append(out, i), notes[i.ID]...)
	}
	return out, nil
}

// PaymentsIn lists the payments of invoices, those that went back too, oldest first. For packages downstream; it does not
// authorise.
func (s *Invoices) PaymentsIn(tx *store.Tx, invoices []string) (out []Payment, err error) {
	for places, args := range store.In(invoices) {
		list, err := store.All(tx, scanPayment, "SELECT "+paymentColumns+" FROM payment WHERE invoice IN "+places+" ORDER BY id", args...)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}
