package billing

import (
	"context"
	"fmt"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// Credit takes a whole invoice back by a credit note in a series of its own, with the reason in words for the customer; of
// one that notes took back parts of, what is left. Operator's staff may.
func (s *Invoices) Credit(ctx context.Context, c access.Caller, invoice, reason string) (Summary, error) {
	return s.credit(ctx, c, invoice, reason, func(i row, doc *proof.Invoice, notes []proof.Invoice) (proof.Invoice, error) {
		if len(notes) == 0 {
			return doc.Credit()
		}
		credited, err := doc.Credited(notes)
		if err != nil {
			return proof.Invoice{}, err
		}
		var rest []proof.CreditLine
		for n := range doc.Lines {
			left, err := doc.Lines[n].Left(credited[n])
			if err != nil {
				return proof.Invoice{}, err
			}
			if !left.IsZero() {
				rest = append(rest, proof.CreditLine{Line: n + 1, Amount: left})
			}
		}
		note, _, err := doc.CreditPart(credited, rest)
		return note, err
	})
}

// CreditLines takes amounts of lines of an invoice back by a credit note, with the reason in words for the customer. An
// amount is in the basis of the line's price, with its sign; several notes may be issued until nothing is left of the
// invoice, and more than is left of a line is refused. Operator's staff may.
func (s *Invoices) CreditLines(ctx context.Context, c access.Caller, invoice, reason string, lines []proof.CreditLine) (Summary, error) {
	return s.credit(ctx, c, invoice, reason, func(i row, doc *proof.Invoice, notes []proof.Invoice) (proof.Invoice, error) {
		credited, err := doc.Credited(notes)
		if err != nil {
			return proof.Invoice{}, err
		}
		if err := checkLines(doc, credited, lines); err != nil {
			return proof.Invoice{}, err
		}
		note, _, err := doc.CreditPart(credited, lines)
		if err != nil {
			err = fail.New(fail.Invalid, "billing.credit", "The credit note cannot be issued as it is: "+err.Error()+".", "Take back less.").Field("lines", "too much")
		}
		return note, err
	})
}

// Left is what credit notes left of each line of an invoice. Those who may issue credit notes may.
func (s *Invoices) Left(ctx context.Context, c access.Caller, invoice string) (left []money.Amount, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		left = nil
		i, err := selectInvoice(tx, invoice)
		if err != nil {
			return err
		}
		if _, err := s.allowed(tx, c, access.CreditIssue, i.Org, "invoice", i.ID); err != nil {
			return err
		}
		doc, err := s.open(tx, i)
		if err != nil || doc == nil || i.CreditedBy != "" {
			return err
		}
		_, notes, err := s.notes(tx, i.ID, "")
		if err != nil {
			return err
		}
		credited, err := doc.Credited(notes)
		if err != nil {
			return err
		}
		for n := range doc.Lines {
			rest := doc.Lines[n].Amount
			if credited != nil {
				if rest, err = doc.Lines[n].Left(credited[n]); err != nil {
					return err
				}
			}
			left = append(left, rest)
		}
		return nil
	})
	return left, err
}

// checkLines refuses in words what CreditPart would refuse.
func checkLines(doc *proof.Invoice, credited []money.Amount, lines []proof.CreditLine) error {
	e := fail.New(fail.Invalid, "billing.credit", "The credit note cannot be issued as it is.", "Correct the fields named.")
	if len(lines) == 0 {
		e = e.Field("lines", "name at least one")
	}
	for n, p := range lines {
		at := fmt.Sprintf("lines.%d", n)
		if p.Line < 1 || p.Line > len(doc.Lines) || n > 0 && p.Line <= lines[n-1].Line {
			e = e.Field(at, "is not on the invoice, stands twice, or is not in its order")
			continue
		}
		left := doc.Lines[p.Line-1].Amount
		if credited != nil {
			var err error
			if left, err = doc.Lines[p.Line-1].Left(credited[p.Line-1]); err != nil {
				return err
			}
		}
		over := p.Amount.Minor > left.Minor
		if left.Sign() < 0 {
			over = p.Amount.Minor < left.Minor
		}
		if p.Amount.Currency != left.Currency || p.Amount.Sign() == 0 || p.Amount.Sign() != left.Sign() || over {
			e = e.Field(at, "at most "+left.String()+" is left of line "+fmt.Sprint(p.Line))
		}
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

// credit issues a note that write makes of the invoice and the notes before, in one transaction.
func (s *Invoices) credit(ctx context.Context, c access.Caller, invoice, reason string, write func(i row, doc *proof.Invoice, notes []proof.Invoice) (proof.Invoice, error)) (out Summary, err error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > maxReason {
		return out, fail.New(fail.Invalid, "billing.reason", "A credit note says why.", "Write a reason of at most 500 bytes.").Field("reason", "is needed")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		i, err := selectInvoice(tx, invoice)
		if err != nil {
			return err
		}
		if _, err := s.allowed(tx, c, access.CreditIssue, i.Org, "invoice", i.ID); err != nil {
			return err
		}
		if i.Type != proof.TypeInvoice || i.CreditedBy != "" || i.Status == StatusWrittenOff {
			return fail.New(fail.Conflict, "billing.credited", "Only an invoice of which something is left can be credited.", "Look at its credit notes; take it up again when it was written off.")
		}
		out, err = s.creditIn(tx, c, i, reason, write)
		return err
	})
	if err != nil {
		return Summary{}, err
	}
	return out, nil
}

func (s *Invoices) creditIn(tx *store.Tx, c access.Caller, i row, reason string, write func(i row, doc *proof.Invoice, notes []proof.Invoice) (proof.Invoice, error)) (Summary, error) {
	doc, err := s.open(tx, i)
	if err != nil {
		return Summary{}, err
	}
	if doc == nil {
		return Summary{}, fail.New(fail.Gone, "billing.erased", "The invoice was erased when its time was over.", "It can no longer be credited.")
	}
	rows, notes, err := s.notes(tx, i.ID, "")
	if err != nil {
		return Summary{}, err
	}
	note, err := write(i, doc, notes)
	if err != nil {
		return Summary{}, err
	}
	if err := s.head(tx, &note, doc, i, reason); err != nil {
		return Summary{}, err
	}
	if len(rows) > 0 {
		note.Reference.Note = rows[len(rows)-1].Hash
	}
	out, err := s.finalise(tx, c, note)
	if err != nil {
		return out, err
	}
	ok, err := updateCredited(tx, i, out)
	if err == nil && !ok {
		err = store.Retry(fail.New(fail.Conflict, "billing.credited", "The invoice was credited by somebody else.", "Look at its credit notes."))
	}
	return out, err
}

// notes are the credit notes of an invoice in the order in which they were issued, up to before one, "" for all.
func (s *Invoices) notes(tx *store.Tx, invoice, before string) ([]row, []proof.Invoice, error) {
	rows, err := selectNotes(tx, invoice, before)
	if err != nil {
		return nil, nil, err
	}
	var docs []proof.Invoice
	for _, r := range rows {
		doc, err := s.open(tx, r)
		if err != nil {
			return nil, nil, err
		}
		if doc == nil {
			return nil, nil, fail.New(fail.Gone, "billing.erased", "A credit note of the invoice was erased when its time was over.", "It can no longer be credited.")
		}
		docs = append(docs, *doc)
	}
	return rows, docs, nil
}

// head writes what a note says besides its lines: the parties of its invoice, the day, the reason.
func (s *Invoices) head(tx *store.Tx, note, doc *proof.Invoice, i row, reason string) error {
	zone, err := s.Ratings.ZoneOf(tx, doc.Org)
	if err != nil {
		return err
	}
	now := s.Now().UTC()
	date := price.DateOf(now, zone)
	note.Version, note.Type, note.Series, note.Issued, note.Date, note.Due = proof.InvoiceVersion, proof.TypeCreditNote, SeriesCreditNote, now, date, date
	note.Seller, note.Buyer, note.Org, note.Entity, note.Note = doc.Seller, doc.Buyer, doc.Org, doc.Entity, reason
	note.Reference = proof.InvoiceReference{ID: doc.ID, Number: doc.Number, Hash: i.Hash, Date: doc.Date}
	return nil
}
