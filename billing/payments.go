package billing

import (
	"context"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
)

// Limits of what people write.
const (
	maxReference = 35 // as in a SEPA payment
	maxReason    = 500
)

// PaymentInput is money that came in. Reference is unique for the invoice and holds no personal data.
type PaymentInput struct {
	Invoice   string
	Amount    money.Amount
	Received  price.Date
	Reference string
}

// RecordPayment notes a payment by hand, in part or whole. The same reference and amount again change nothing. Refused
// are payments above what is owed, in another currency, or for a credited invoice. Operator's staff may.
func (s *Invoices) RecordPayment(ctx context.Context, c access.Caller, in PaymentInput) (out Summary, err error) {
	in.Reference = strings.TrimSpace(in.Reference)
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		i, err := selectInvoice(tx, in.Invoice)
		if err != nil {
			return err
		}
		if _, err := s.allowed(tx, c, access.PaymentRecord, i.Org, "invoice", i.ID); err != nil {
			return err
		}
		if err := in.validate(i.Summary); err != nil {
			return err
		}
		out, err = s.pay(tx, c, i.Summary, in)
		return err
	})
	if err != nil {
		return Summary{}, err
	}
	return out, nil
}

// pay notes the payment in the caller's transaction.
func (s *Invoices) pay(tx *store.Tx, c access.Caller, i Summary, in PaymentInput) (Summary, error) {
	p := Payment{ID: s.IDs.New("pay"), Invoice: i.ID, Reference: in.Reference, Amount: in.Amount, Received: in.Received, Actor: c.Ref(), RecordedAt: s.Now()}
	fresh, err := insertPayment(tx, i.Org, p)
	if err != nil {
		return i, err
	}
	if !fresh {
		return i, samePayment(tx, p)
	}
	if ok, err := updatePaid(tx, i.ID, in.Amount.Minor); err != nil {
		return i, err
	} else if !ok {
		return i, fail.New(fail.Conflict, "billing.overpaid", "The payment is more than what is owed for this invoice.", "Record what is owed at most.").
			With("owed", i.Owed().String())
	}
	after, err := selectInvoice(tx, i.ID)
	if err != nil {
		return i, err
	}
	if s.Paid != nil {
		if err := s.Paid(tx, i.Org); err != nil {
			return i, err
		}
	}
	_, err = s.Facts.Record(tx, trace.Fact{Type: FactPayment, Aggregate: p.ID, Owner: i.Org, Actor: c.Ref(), At: s.Now(),
		Machine: PaymentFact{Payment: p.ID, Invoice: i.ID, Org: i.Org, Amount: p.Amount, Status: after.Status}})
	return after.Summary, err
}

func (in PaymentInput) validate(i Summary) error {
	e := fail.New(fail.Invalid, "billing.payment", "The payment cannot be recorded as it is.", "Correct the fields named.")
	if in.Amount.Sign() <= 0 || in.Amount.Currency != i.Gross.Currency {
		e = e.Field("amount", "must be above zero, in "+string(i.Gross.Currency))
	}
	if in.Reference == "" || len(in.Reference) > maxReference || strings.ContainsFunc(in.Reference, func(r rune) bool { return r < ' ' || r > '~' }) {
		e = e.Field("reference", "must have 1 to 35 plain letters, digits and signs")
	}
	if !in.Received.Valid() {
		e = e.Field("received", "must be a date")
	}
	if i.Type != proof.TypeInvoice {
		e = e.Field("invoice", "is a credit note")
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

// samePayment tells a repetition from another payment under the same reference.
func samePayment(tx *store.Tx, p Payment) error {
	list, err := selectPayments(tx, p.Invoice)
	if err != nil {
		return err
	}
	for _, have := range list {
		if have.Reference == p.Reference && have.Amount == p.Amount && have.Received == p.Received {
			return nil
		}
	}
	return fail.New(fail.Conflict, "billing.reference", "Another payment of this invoice has the reference.", "Use the reference of this payment.").
		Field("reference", "taken")
}
