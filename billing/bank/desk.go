package bank

import (
	"context"
	"fmt"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
)

// Decision is what a person says about a movement on the desk. Parts pay invoices; what is above them is kept for Keep, the
// organisation of the first invoice when it is empty. Without parts, either Keep alone names whose credit it is, or Back
// says that it goes back through the bank, or Note that it is no customer's payment.
type Decision struct {
	Parts []Split
	Keep  string
	Back  bool
	Note  bool
}

// Split is a part of a decision: an invoice by its id or its number.
type Split struct {
	Invoice string
	Amount  money.Amount // zero: all that is owed, at most what is left
}

// Decide settles a movement that lies on the desk. Staff that records payments may. Error: fail.Conflict when it was
// decided already.
func (s *Banks) Decide(ctx context.Context, c access.Caller, entry string, in Decision) (e Entry, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if e, err = s.entry(tx, c, access.PaymentRecord, entry); err != nil {
			return err
		}
		if e.State != Desk {
			return fail.New(fail.Conflict, "bank.decided", "This movement was decided already.", "Look at what became of it.").With("state", string(e.State))
		}
		if err := in.check(e); err != nil {
			return err
		}
		switch {
		case in.Back:
			e.State = SentBack
		case in.Note:
			e.State = Noted
		case len(in.Parts) == 0:
			e.State, e.Kept = Kept, e.Amount
			if err := s.keep(tx, c, e, in.Keep, e.Amount); err != nil {
				return err
			}
		default:
			e.State = Assigned
			if err := s.split(tx, c, &e, in); err != nil {
				return err
			}
		}
		e.DecidedAt, e.DecidedBy = s.Now(), c.Ref()
		if err := updateEntry(tx, Desk, e); err != nil {
			return err
		}
		return s.record(tx, c, FactDecided, e)
	})
	if err != nil {
		return Entry{}, err
	}
	return e, nil
}

func (in Decision) check(e Entry) error {
	ways := 0
	for _, is := range []bool{len(in.Parts) > 0 || in.Keep != "", in.Back, in.Note} {
		if is {
			ways++
		}
	}
	switch {
	case ways != 1:
		return fail.New(fail.Invalid, "bank.decision", "Say one thing about the movement.", "Name invoices, or whose credit it is, or send it back, or note it.").Field("decision", "must be one")
	case !e.Credit && !in.Note:
		return fail.New(fail.Invalid, "bank.outgoing", "This money went out: it pays nothing.", "Note it once you know what it is.").Field("decision", "must be a note")
	case len(in.Parts) > 100:
		return fail.New(fail.Invalid, "bank.parts", "These are too many invoices at once.", "Name at most 100.").Field("parts", "are too many")
	}
	return nil
}

// split pays the invoices named; the rest is kept.
func (s *Banks) split(tx *store.Tx, c access.Caller, e *Entry, in Decision) error {
	left, first, seen := e.Amount, "", map[string]bool{}
	for n, p := range in.Parts {
		field := fmt.Sprintf("parts.%d", n)
		i, err := s.Invoices.InvoiceIn(tx, p.Invoice)
		if fail.Is(err, fail.NotFound) {
			found := false
			if i, found, err = s.Invoices.NumberIn(tx, e.Entity, p.Invoice); err == nil && !found {
				err = fail.Missing("invoice", p.Invoice)
			}
		}
		if err != nil {
			return err
		}
		if _, err := s.allowed(tx, c, access.PaymentRecord, i.Org, "invoice", i.ID); err != nil {
			return err
		}
		if i.Entity != e.Entity || i.Type != proof.TypeInvoice {
			return fail.Missing("invoice", p.Invoice)
		}
		if seen[i.ID] {
			return fail.New(fail.Invalid, "bank.twice", "An invoice is named twice.", "Name each invoice once, with all that it gets.").Field(field, "stands twice")
		}
		seen[i.ID] = true
		if i.Gross.Currency != e.Amount.Currency {
			return fail.New(fail.Invalid, "bank.currency", fmt.Sprintf("The invoice is in %s and the money in %s: nothing is exchanged here.", i.Gross.Currency, e.Amount.Currency),
				"Send the money back, or have the bank exchange it and import that booking.").Field(field, "has another currency")
		}
		if p.Amount == (money.Amount{}) {
			p.Amount = money.New(min(left.Minor, i.Owed().Minor), left.Currency)
		}
		if p.Amount.Currency != e.Amount.Currency || p.Amount.Sign() <= 0 || p.Amount.Minor > left.Minor || p.Amount.Minor > i.Owed().Minor {
			return fail.New(fail.Invalid, "bank.split", "A part is nothing, or more than came in, or more than is owed for its invoice.", "Correct the amounts.").Field(field, "does not fit")
		}
		if err := s.pay(tx, c, e, i, p.Amount); err != nil {
			return err
		}
		left.Minor -= p.Amount.Minor
		if first == "" {
			first = i.Org
		}
	}
	if left.Sign() == 0 {
		return nil
	}
	if in.Keep != "" {
		first = in.Keep
	}
	e.Kept = left
	return s.keep(tx, c, *e, first, left)
}

// keep puts money to the credit of an organisation in the caller's branch.
func (s *Banks) keep(tx *store.Tx, c access.Caller, e Entry, org string, amount money.Amount) error {
	if _, err := s.allowed(tx, c, access.PaymentRecord, org, "organisation", org); err != nil {
		return err
	}
	return s.Collects.Keep(tx, c, org, e.Entity, amount, e.ID)
}

// entry reads a movement and authorises.
func (s *Banks) entry(tx *store.Tx, c access.Caller, a access.Action, id string) (Entry, error) {
	e, err := selectEntry(tx, id)
	if err != nil {
		return e, err
	}
	if _, err := s.allowed(tx, c, a, e.Org, "movement", id); err != nil {
		return e, err
	}
	if e.Parts, err = selectParts(tx, e); err != nil {
		return e, err
	}
	return e, s.open(tx.Context(), &e)
}

// Entry gives one movement. Staff that collects may, and its auditors.
func (s *Banks) Entry(ctx context.Context, c access.Caller, id string) (e Entry, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		e, err = s.entry(tx, c, access.CollectionRead, id)
		return err
	})
	if err != nil {
		return Entry{}, err
	}
	return e, nil
}

// Entries lists the movements of the accounts of the caller's organisation, newest first, in a state ("" for all), after a
// cursor. Staff that collects may, and its auditors.
func (s *Banks) Entries(ctx context.Context, c access.Caller, state State, cursor string) (list []Entry, next string, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		next = ""
		if _, err := s.allowed(tx, c, access.CollectionRead, c.Org, "organisation", c.Org); err != nil {
			return err
		}
		if list, err = selectEntries(tx, c.Org, state, cursor, pageSize+1); err != nil {
			return err
		}
		if len(list) > pageSize {
			list, next = list[:pageSize], list[pageSize-1].ID
		}
		for n := range list {
			if err := s.open(ctx, &list[n]); err != nil {
				return err
			}
			if list[n].Parts, err = selectParts(tx, list[n]); err != nil {
				return err
			}
		}
		return nil
	})
	return list, next, err
}

// Files lists the files imported last, at most 50. Staff that collects may, and its auditors.
func (s *Banks) Files(ctx context.Context, c access.Caller) (list []File, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.CollectionRead, c.Org, "organisation", c.Org); err != nil {
			return err
		}
		list, err = selectFiles(tx, c.Org, pageSize)
		return err
	})
	return list, err
}
