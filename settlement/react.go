package settlement

import (
	"slices"
	"time"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/trace"
)

// Readers are the readers of this package: documents and payments into the books, and disputes, for what is held.
func (s *Settlements) Readers() []trace.Reader {
	return []trace.Reader{
		{Name: "settlement.books", Types: []string{billing.FactIssued, billing.FactPayment, billing.FactReturned, billing.FactWrittenOff, billing.FactTakenUp,
			collect.FactKept, collect.FactUsed}, Key: invoiceOf, Handle: s.onDocument, Many: s.onDocuments},
		{Name: "settlement.disputes", Types: []string{meter.FactDisputed, meter.FactDisputeAccepted, meter.FactDisputeRefused, meter.FactDisputeEscalated,
			meter.FactDisputeWithdrawn, meter.FactDisputeSettled, meter.FactDisputeUpheld}, Handle: s.onDispute},
	}
}

// invoiceOf lets what is about an invoice wait behind the invoice.
func invoiceOf(e trace.Entry) string {
	var f struct{ Invoice, Credits string }
	if err := e.Into(&f); err != nil || f.Invoice == "" {
		return e.Aggregate
	}
	if f.Credits != "" {
		return f.Credits
	}
	return f.Invoice
}

func (s *Settlements) onDocument(tx *store.Tx, e trace.Entry) error {
	switch e.Type {
	case billing.FactWrittenOff, billing.FactTakenUp:
		var f billing.WriteOffFact
		if err := e.Into(&f); err != nil || f.WriteOff == "" {
			return err
		}
		return s.writeOff(tx, f, e.Type == billing.FactTakenUp)
	case collect.FactKept, collect.FactUsed:
		var f collect.CreditFact
		if err := e.Into(&f); err != nil || f.Org == "" {
			return err
		}
		return s.credit(tx, e.Aggregate, f.Org, f.Entity, f.Amount, e.Type == collect.FactUsed, price.DateOf(e.At, time.UTC))
	}
	if e.Type == billing.FactPayment {
		var f billing.PaymentFact
		if err := e.Into(&f); err != nil || f.Payment == "" {
			return err
		}
		return s.paid(tx, f.Invoice, f.Payment, f.Org, f.Amount, false)
	}
	if e.Type == billing.FactReturned {
		var f billing.ReturnedFact
		if err := e.Into(&f); err != nil || f.Payment == "" {
			return err
		}
		return s.paid(tx, f.Invoice, f.Payment, f.Org, f.Amount, true)
	}
	var f proof.InvoiceIssued
	if err := e.Into(&f); err != nil || f.Invoice == "" {
		return err // the customer's key was destroyed: what it bought was shared before, or never
	}
	return s.post(tx, f.Invoice)
}

// paid books money that came in, or went back to its payer.
func (s *Settlements) paid(tx *store.Tx, invoice, payment, org string, amount money.Amount, back bool) error {
	sum, err := s.Invoices.InvoiceIn(tx, invoice)
	if err != nil {
		return err
	}
	p, err := s.Invoices.PaymentIn(tx, invoice, payment)
	if err != nil {
		return err
	}
	seller, err := s.Parties.Entity(tx, sum.Entity)
	if err != nil {
		return err
	}
	debit, credit := account(seller.Org, Bank, amount.Currency), account(org, Receivable, amount.Currency)
	if back {
		debit, credit = credit, debit
	}
	return s.postIn(tx, "payment", payment, p.Received, move([]ledger.Transfer(nil), debit, credit, amount, 0))
}

// over are the states in which nobody doubts any more.
var over = []meter.DisputeState{meter.DisputeSettled, meter.DisputeUpheld, meter.DisputeWithdrawn}

func (s *Settlements) onDispute(tx *store.Tx, e trace.Entry) error {
	var f meter.DisputeFact
	if err := e.Into(&f); err != nil || f.Dispute == "" {
		return err
	}
	open := !slices.Contains(over, f.State)
	_, err := tx.Exec(`INSERT INTO settlement_dispute (dispute, subscription, usage_window, open) VALUES ($1, $2, $3, $4)
		ON CONFLICT (dispute) DO UPDATE SET open = excluded.open`, f.Dispute, f.Subject, f.Window, open)
	if err != nil {
		return err
	}
	if !open {
		return s.releaseDispute(tx, f.Dispute)
	}
	if e.Type != meter.FactDisputed {
		return nil
	}
	charges, err := s.Ratings.ChargesOf(tx, f.Subject, f.Window)
	if err != nil {
		return err
	}
	for _, c := range charges {
		if c.Invoice == "" {
			continue // its invoice finds the dispute
		}
		lines, err := selectLines(tx, "document = $1 AND subscription = $2 AND component = $3", c.Invoice, f.Subject, c.Component)
		if err != nil {
			return err
		}
		if err := s.holdLines(tx, f.Dispute, lines); err != nil {
			return err
		}
	}
	return nil
}
