package billing

import (
	"errors"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/trace"
)

// FactReturned is the fact that a payment went back to its payer; the invoice is open again. Payload ReturnedFact.
const FactReturned = "payment.returned.v1"

// ReturnedFact is the payload of payment.returned.v1.
type ReturnedFact struct {
	Payment string       `json:"payment"` // of what went back, with an amount below zero
	Invoice string       `json:"invoice"`
	Org     string       `json:"org"`
	Amount  money.Amount `json:"amount"` // above zero
	Code    string       `json:"code"`   // of the bank (ISO 20022 external return reason), "" when it gave none
	Status  Status       `json:"status"` // of the invoice afterwards
}

// InvoiceIn gives an invoice to the packages downstream, in their transaction. It does not authorise.
func (s *Invoices) InvoiceIn(tx *store.Tx, invoice string) (Summary, error) {
	i, err := selectInvoice(tx, invoice)
	return i.Summary, err
}

// NumberIn finds an invoice of a legal entity by its number; found is false when there is none. It does not authorise.
func (s *Invoices) NumberIn(tx *store.Tx, entity, number string) (i Summary, found bool, err error) {
	r, err := store.One(tx, scanInvoice, "SELECT "+invoiceColumns+" FROM invoice WHERE entity = $1 AND number = $2", entity, number)
	if errors.Is(err, store.ErrNone) {
		return i, false, nil
	}
	return r.Summary, err == nil, err
}

// OpenIn lists the invoices of a legal entity on which something is owed, oldest first, after an id. It does not authorise.
func (s *Invoices) OpenIn(tx *store.Tx, entity, after string, limit int) ([]Summary, error) {
	return summaries(store.All(tx, scanInvoice, "SELECT "+invoiceColumns+" FROM invoice WHERE status = $1 AND entity = $2 AND id > $3 ORDER BY id LIMIT $4", string(StatusOpen), entity, after, limit))
}

// OwedIn lists the invoices of an organisation on which something is owed, oldest first. It does not authorise.
func (s *Invoices) OwedIn(tx *store.Tx, org string, limit int) ([]Summary, error) {
	return summaries(store.All(tx, scanInvoice, "SELECT "+invoiceColumns+" FROM invoice WHERE org = $1 AND status = $2 ORDER BY id LIMIT $3", org, string(StatusOpen), limit))
}

func summaries(rows []row, err error) ([]Summary, error) {
	var out []Summary
	for _, r := range rows {
		out = append(out, r.Summary)
	}
	return out, err
}

// PayIn is RecordPayment inside the transaction of a package of payments, which has authorised its caller.
func (s *Invoices) PayIn(tx *store.Tx, c access.Caller, in PaymentInput) (Summary, error) {
	i, err := selectInvoice(tx, in.Invoice)
	if err != nil {
		return Summary{}, err
	}
	if err := in.validate(i.Summary); err != nil {
		return Summary{}, err
	}
	return s.pay(tx, c, i.Summary, in)
}

// ReturnInput is a payment that went back.
type ReturnInput struct {
	Invoice   string
	Amount    money.Amount // above zero, at most what was paid
	On        price.Date
	Reference string // unique for the invoice: the same twice is one return
	Code      string // of the bank
}

// ReturnIn takes a payment back, in the transaction of a package of payments, which has authorised its caller: the invoice
// is open again. A payment below zero stands beside the one that came in; neither is ever removed.
func (s *Invoices) ReturnIn(tx *store.Tx, c access.Caller, in ReturnInput) (Summary, error) {
	i, err := selectInvoice(tx, in.Invoice)
	if err != nil {
		return Summary{}, err
	}
	if err := (PaymentInput{Invoice: in.Invoice, Amount: in.Amount, Received: in.On, Reference: in.Reference}).validate(i.Summary); err != nil {
		return Summary{}, err
	}
	p := Payment{ID: s.IDs.New("pay"), Invoice: i.ID, Reference: in.Reference, Amount: money.New(-in.Amount.Minor, in.Amount.Currency), Received: in.On, Actor: c.Ref(), RecordedAt: s.Now()}
	fresh, err := insertPayment(tx, i.Org, p)
	if err != nil {
		return Summary{}, err
	}
	if !fresh {
		return i.Summary, samePayment(tx, p)
	}
	n, err := tx.Exec(`UPDATE invoice SET paid = paid - $1, status = CASE WHEN status = 'paid' THEN 'open' ELSE status END WHERE id = $2 AND paid >= $1`, in.Amount.Minor, i.ID)
	if err != nil {
		return Summary{}, err
	}
	if n != 1 {
		return Summary{}, fail.New(fail.Conflict, "billing.return", "More would go back than was paid for this invoice.", "Look at its payments.").With("paid", i.Paid.String())
	}
	after, err := selectInvoice(tx, i.ID)
	if err != nil {
		return Summary{}, err
	}
	_, err = s.Facts.Record(tx, trace.Fact{Type: FactReturned, Aggregate: p.ID, Owner: i.Org, Actor: c.Ref(), At: s.Now(),
		Machine: ReturnedFact{Payment: p.ID, Invoice: i.ID, Org: i.Org, Amount: in.Amount, Code: in.Code, Status: after.Status}})
	return after.Summary, err
}

// OverdueIn lists the invoices that were due before a day and on which something is owed, oldest first, after an id. It
// does not authorise.
func (s *Invoices) OverdueIn(tx *store.Tx, day price.Date, after string, limit int) ([]Summary, error) {
	return summaries(store.All(tx, scanInvoice, "SELECT "+invoiceColumns+" FROM invoice WHERE status = $1 AND due < $2 AND id > $3 ORDER BY id LIMIT $4", string(StatusOpen), day.String(), after, limit))
}
