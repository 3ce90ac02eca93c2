package billing

import (
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
)

// row is an invoice with its sealed document.
type row struct {
	Summary
	series string
	sealed []byte
	parts  [][]byte // of one that is new and has very many lines
	keep   time.Time
}

const invoiceColumns = `id, org, entity, type, series, number, issued_at, date, due, currency, net, vat, gross, paid, status, lines, hash, previous,
	fact, document, retain_until, credits, credited_by, credited`

func scanInvoice(r store.Scanner) (i row, err error) {
	var issued, keep store.Time
	var date, due, currency string
	var credits, creditedBy *string
	err = r.Scan(&i.ID, &i.Org, &i.Entity, &i.Type, &i.series, &i.Number, &issued, &date, &due, &currency, &i.Net.Minor, &i.VAT.Minor, &i.Gross.Minor,
		&i.Paid.Minor, &i.Status, &i.Lines, &i.Hash, &i.Previous, &i.Fact, &i.sealed, &keep, &credits, &creditedBy, &i.Credited.Minor)
	if err != nil {
		return i, err
	}
	i.IssuedAt, i.keep = issued.Time, keep.Time
	for _, a := range []*money.Amount{&i.Net, &i.VAT, &i.Gross, &i.Paid, &i.Credited} {
		a.Currency = money.Currency(currency)
	}
	if credits != nil {
		i.Credits = *credits
	}
	if creditedBy != nil {
		i.CreditedBy = *creditedBy
	}
	return i, errors.Join(i.Date.UnmarshalText([]byte(date)), i.Due.UnmarshalText([]byte(due)))
}

func insertInvoice(tx *store.Tx, i row) error {
	return tx.Upsert("invoice ("+invoiceColumns+")", "", [][]any{i.values()})
}

// values are the columns of an invoice that is new.
func (i row) values() []any {
	var credits *string
	if i.Credits != "" {
		credits = &i.Credits
	}
	return []any{i.ID, i.Org, i.Entity, i.Type, i.series, i.Number, store.At(i.IssuedAt), i.Date.String(), i.Due.String(), string(i.Gross.Currency), i.Net.Minor, i.VAT.Minor,
		i.Gross.Minor, i.Paid.Minor, string(i.Status), i.Lines, i.Hash, i.Previous, i.Fact, i.sealed, store.At(i.keep), credits, nil, int64(0)}
}

func selectInvoice(tx *store.Tx, id string) (row, error) {
	i, err := store.One(tx, scanInvoice, "SELECT "+invoiceColumns+" FROM invoice WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return i, fail.Missing("invoice", id)
	}
	return i, err
}

func selectInvoices(tx *store.Tx, org, before string, limit int) ([]row, error) {
	return store.All(tx, scanInvoice, "SELECT "+invoiceColumns+" FROM invoice WHERE org = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3", org, before, limit)
}

func selectUnpaid(tx *store.Tx, after string, limit int) ([]row, error) {
	return store.All(tx, scanInvoice, "SELECT "+invoiceColumns+" FROM invoice WHERE status = $1 AND id > $2 ORDER BY id LIMIT $3", string(StatusOpen), after, limit)
}

// selectNotes are the credit notes of an invoice, oldest first, up to before one, "" for all.
func selectNotes(tx *store.Tx, invoice, before string) ([]row, error) {
	return store.All(tx, scanInvoice, "SELECT "+invoiceColumns+" FROM invoice WHERE credits = $1 AND ($2 = '' OR id < $2) ORDER BY id", invoice, before)
}

// updatePaid adds a payment unless more would be paid than is owed.
func updatePaid(tx *store.Tx, id string, amount int64) (bool, error) {
	n, err := tx.Exec(`UPDATE invoice SET paid = paid + $1, status = CASE WHEN paid + $1 = gross - credited THEN 'paid' ELSE status END
		WHERE id = $2 AND status = 'open' AND paid + $1 <= gross - credited`, amount, id)
	return n == 1, err
}

// updateCredited adds a credit note to an invoice that no other note changed since it was read. When nothing is left of
// the invoice it is credited; when what was paid covers the rest it is paid.
func updateCredited(tx *store.Tx, i row, note Summary) (bool, error) {
	credited, by, status := i.Credited.Minor-note.Gross.Minor, (*string)(nil), i.Status
	whole := credited == i.Gross.Minor
	switch {
	case whole:
		by, status = &note.ID, StatusCredited
	case i.Paid.Minor >= i.Gross.Minor-credited:
		status = StatusPaid
	}
	n, err := tx.Exec("UPDATE invoice SET credited = $1, credited_by = $2, status = $3 WHERE id = $4 AND credited = $5 AND paid = $6 AND credited_by IS NULL AND type = $7",
		credited, by, string(status), i.ID, i.Credited.Minor, i.Paid.Minor, proof.TypeInvoice)
	return n == 1, err
}

// link is the end of a chain of documents.
type link struct {
	year, last int64
	hash       string
}

// next is the link after this one; a clock set back never reopens a year.
func (l link) next(year int64) link {
	if year > l.year {
		return link{year: year, last: 1}
	}
	return link{year: l.year, last: l.last + 1}
}

func selectLink(tx *store.Tx, entity, series string, year int64) (l link, err error) {
	if err = tx.Send("INSERT INTO invoice_series (entity, series, year, last, hash) VALUES ($1, $2, $3, 0, '') ON CONFLICT (entity, series) DO NOTHING",
		entity, series, year); err != nil {
		return l, err
	}
	err = tx.QueryRow("SELECT year, last, hash FROM invoice_series WHERE entity = $1 AND series = $2", entity, series).Scan(&l.year, &l.last, &l.hash)
	return l, err
}

// updateLink appends to the chain when nobody else did since it was read.
func updateLink(tx *store.Tx, entity, series string, was, now link) error {
	n, err := tx.Exec("UPDATE invoice_series SET year = $1, last = $2, hash = $3 WHERE entity = $4 AND series = $5 AND year = $6 AND last = $7",
		now.year, now.last, now.hash, entity, series, was.year, was.last)
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("series %s of %s moved on", series, entity))
	}
	return err
}

func scanPayment(r store.Scanner) (p Payment, err error) {
	var at store.Time
	var received, currency string
	err = r.Scan(&p.ID, &p.Invoice, &p.Reference, &p.Amount.Minor, &currency, &received, &p.Actor, &at)
	p.Amount.Currency, p.RecordedAt = money.Currency(currency), at.Time
	return p, errors.Join(err, p.Received.UnmarshalText([]byte(received)))
}

const paymentColumns = "id, invoice, reference, amount, currency, received, actor, recorded_at"

func insertPayment(tx *store.Tx, org string, p Payment) (bool, error) {
	n, err := tx.Exec(`INSERT INTO payment (`+paymentColumns+`, org) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (invoice, reference) DO NOTHING`,
		p.ID, p.Invoice, p.Reference, p.Amount.Minor, string(p.Amount.Currency), p.Received.String(), p.Actor, store.At(p.RecordedAt), org)
	return n == 1, err
}

func selectPayments(tx *store.Tx, invoice string) ([]Payment, error) {
	return store.All(tx, scanPayment, "SELECT "+paymentColumns+" FROM payment WHERE invoice = $1 ORDER BY id", invoice)
}
