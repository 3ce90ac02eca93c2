package billing

import (
	"context"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
)

// StatusWrittenOff is that of an invoice of which nobody expects the rest any more. It is neither reminded of nor
// collected; open → written_off → open.
const StatusWrittenOff Status = "written_off"

// The facts of a write-off and of taking it up again. Payload WriteOffFact.
const (
	FactWrittenOff = "invoice.written_off.v1"
	FactTakenUp    = "invoice.taken_up.v1"
)

// WriteOffFact is the payload of both facts.
type WriteOffFact struct {
	WriteOff string       `json:"writeOff"` // its own identifier
	Invoice  string       `json:"invoice"`
	Org      string       `json:"org"`
	Amount   money.Amount `json:"amount"` // gross, what was still owed
	VAT      money.Amount `json:"vat"`    // of it, the tax that the seller takes back from its tax office; zero when it does not
	Reason   string       `json:"reason"`
}

// WriteOffInput is why an invoice is given up. VAT tells that the seller corrects the tax of it, as far as its country lets
// it (Directive 2006/112/EC, article 90).
type WriteOffInput struct {
	Invoice string
	Reason  string // in words, without names; the customer reads it
	VAT     bool
}

// WriteOff gives up what is still owed for an invoice. Staff that issues credit notes may. Error: fail.Conflict when
// nothing is owed, fail.Invalid without a reason.
func (s *Invoices) WriteOff(ctx context.Context, c access.Caller, in WriteOffInput) (out Summary, err error) {
	in.Reason = strings.TrimSpace(in.Reason)
	if in.Reason == "" || len(in.Reason) > maxReason {
		return out, fail.New(fail.Invalid, "billing.reason", "A write-off says why.", "Write a reason of at most 500 bytes.").Field("reason", "is needed")
	}
	return s.giveUp(ctx, c, in.Invoice, StatusOpen, StatusWrittenOff, FactWrittenOff, in)
}

// TakeUp expects the rest of an invoice again that was written off, because money came or will. Staff that issues credit
// notes may. Error: fail.Conflict when it was not written off.
func (s *Invoices) TakeUp(ctx context.Context, c access.Caller, invoice string) (Summary, error) {
	return s.giveUp(ctx, c, invoice, StatusWrittenOff, StatusOpen, FactTakenUp, WriteOffInput{Invoice: invoice})
}

func (s *Invoices) giveUp(ctx context.Context, c access.Caller, invoice string, from, to Status, fact string, in WriteOffInput) (out Summary, err error) {
	id := s.IDs.New("wof")
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		i, err := selectInvoice(tx, invoice)
		if err != nil {
			return err
		}
		if _, err := s.allowed(tx, c, access.CreditIssue, i.Org, "invoice", i.ID); err != nil {
			return err
		}
		if i.Status != from || i.Type != proof.TypeInvoice || i.rest().Sign() <= 0 {
			return fail.New(fail.Conflict, "billing.write_off", "This invoice is "+string(i.Status)+": that cannot be done with it.", "Only what is owed is written off, and only what was written off is taken up again.").
				With("status", string(i.Status))
		}
		vat := money.Zero(i.Gross.Currency)
		if in.VAT {
			if vat, err = s.vatOf(tx, i); err != nil {
				return err
			}
		}
		n, err := tx.Exec("UPDATE invoice SET status = $1 WHERE id = $2 AND status = $3 AND paid = $4 AND credited = $5", string(to), i.ID, string(from), i.Paid.Minor, i.Credited.Minor)
		if err != nil {
			return err
		}
		if n != 1 {
			return store.Retry(fail.New(fail.Conflict, "billing.write_off", "The invoice was changed by somebody else.", "Look at it."))
		}
		if _, err = s.Facts.Record(tx, trace.Fact{Type: fact, Aggregate: i.ID, Owner: i.Org, Actor: c.Ref(), At: s.Now(),
			Machine: WriteOffFact{WriteOff: id, Invoice: i.ID, Org: i.Org, Amount: i.rest(), VAT: vat, Reason: in.Reason}}); err != nil {
			return err
		}
		i.Status, out = to, i.Summary
		out.Status = to
		return nil
	})
	return out, err
}

// rest is what was neither paid nor taken back, whatever the status.
func (s Summary) rest() money.Amount {
	return money.New(s.Gross.Minor-s.Credited.Minor-s.Paid.Minor, s.Gross.Currency)
}

// vatOf is the tax in what is still owed, in the proportion that it has in what is left of the invoice.
func (s *Invoices) vatOf(tx *store.Tx, i row) (money.Amount, error) {
	notes, err := selectNotes(tx, i.ID, "")
	if err != nil {
		return money.Amount{}, err
	}
	vat := i.VAT
	for _, n := range notes {
		vat.Minor += n.VAT.Minor
	}
	return vat.Scale(i.rest().Minor, i.Gross.Minor-i.Credited.Minor, "")
}
