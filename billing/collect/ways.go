package collect

import (
	"context"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Way is a way in which an invoice gets paid. Two stand: a transfer that the customer makes, and a direct debit. A
// provider of card payments will be the third.
type Way interface {
	// Name is "transfer" or "debit".
	Name() string
	// Ask says what is to be done to pay an invoice this way; open is false when it cannot be.
	Ask(tx *store.Tx, i billing.Summary) (p Instruction, open bool, err error)
}

// Instruction is what a customer has to know or do to pay an invoice.
type Instruction struct {
	Way       string
	Seller    string
	Amount    money.Amount
	IBAN      sepa.IBAN // of a transfer: where to, in full
	BIC       sepa.BIC
	Reference string     // of a transfer: what to write
	State     DebitState // of a debit: "" when it is not announced yet
	Day       price.Date // of a debit
	Mandate   string     // of a debit
	Automatic bool       // nothing is to be done
	Creditor  sepa.CreditorID
}

type transfer struct{ s *Collects }

// Name is "transfer".
func (transfer) Name() string { return "transfer" }

// Ask says where to transfer what, with the invoice's number as reference, by which the money is matched.
func (w transfer) Ask(tx *store.Tx, i billing.Summary) (p Instruction, open bool, err error) {
	a, found, err := selectAccount(tx, i.Entity)
	if err != nil || !found {
		return p, false, err
	}
	e, err := w.s.Parties.Entity(tx, i.Entity)
	return Instruction{Way: w.Name(), Seller: e.Name, Amount: i.Owed(), IBAN: a.IBAN, BIC: a.BIC, Reference: i.Number}, err == nil, err
}

type directDebit struct{ s *Collects }

// Name is "debit".
func (directDebit) Name() string { return "debit" }

// Ask says when the money is taken; it can be only with a mandate.
func (w directDebit) Ask(tx *store.Tx, i billing.Summary) (p Instruction, open bool, err error) {
	m, found, err := w.s.standing(tx, i.Org, i.Entity)
	if err != nil || !found || i.Gross.Currency != money.EUR {
		return p, false, err
	}
	before, err := selectDebits(tx, "invoice", i.ID, 10)
	if err != nil {
		return p, false, err
	}
	p = Instruction{Way: w.Name(), Amount: i.Owed(), Mandate: m.ID, Automatic: true, Day: sepa.BankDay(i.Due)}
	if len(before) > 0 && (before[0].State == Announced || before[0].State == AtBank) {
		p.State, p.Day = before[0].State, before[0].Due
		return p, true, nil
	}
	return p, again(before, m), nil
}

// Overview is what a customer owes and how it gets paid.
type Overview struct {
	Owed     []Owed
	Totals   []money.Amount // one for each currency
	Mandates []Mandate
	Credits  []Credit
	Debits   []Debit  // the last 50, newest first
	Sellers  []Seller // who collects, and may be given a mandate
}

// Owed is an invoice on which something is owed, with the ways to pay it, the easiest first.
type Owed struct {
	Invoice billing.Summary
	Ways    []Instruction
	Failed  *Debit // the last debit, when it failed
}

// Seller is a legal entity that may be given a mandate by the customer.
type Seller struct {
	Account
	Name string
}

// Overview gives what an organisation owes and how it is paid. Who may read its invoices may.
func (s *Collects) Overview(ctx context.Context, c access.Caller, org string) (v Overview, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		v = Overview{}
		o, err := s.allowed(tx, c, access.MandateRead, org, "organisation", org)
		if err != nil {
			return err
		}
		open, err := s.Invoices.OwedIn(tx, org, 100)
		if err != nil {
			return err
		}
		sums := map[money.Currency]int64{}
		for _, i := range open {
			one, err := s.owed(tx, i)
			if err != nil {
				return err
			}
			if _, known := sums[i.Gross.Currency]; !known {
				v.Totals = append(v.Totals, money.Zero(i.Gross.Currency))
			}
			sums[i.Gross.Currency] += i.Owed().Minor
			v.Owed = append(v.Owed, one)
		}
		for n := range v.Totals {
			v.Totals[n].Minor = sums[v.Totals[n].Currency]
		}
		if v.Mandates, err = selectMandates(tx, org); err != nil {
			return err
		}
		for n := range v.Mandates {
			if v.Mandates[n], err = s.shown(tx, c, o, v.Mandates[n]); err != nil {
				return err
			}
		}
		if v.Credits, err = selectCredits(tx, org); err != nil {
			return err
		}
		if v.Debits, err = selectDebits(tx, "org", org, 50); err != nil {
			return err
		}
		v.Sellers, err = s.sellers(tx, o.Path)
		return err
	})
	if err != nil {
		return Overview{}, err
	}
	return v, nil
}

func (s *Collects) owed(tx *store.Tx, i billing.Summary) (Owed, error) {
	out := Owed{Invoice: i}
	for _, w := range s.ways {
		p, open, err := w.Ask(tx, i)
		if err != nil {
			return out, err
		}
		if open {
			out.Ways = append(out.Ways, p)
		}
	}
	before, err := selectDebits(tx, "invoice", i.ID, 1)
	if len(before) > 0 && before[0].State == Failed {
		out.Failed = &before[0]
	}
	return out, err
}

// sellers are the legal entities above a path that collect.
func (s *Collects) sellers(tx *store.Tx, path string) ([]Seller, error) {
	all, err := store.All(tx, scanAccount, "SELECT "+accountColumns+" FROM collect_account WHERE creditor <> '' ORDER BY entity")
	if err != nil {
		return nil, err
	}
	var out []Seller
	for _, a := range all {
		if !above(a.Org, path) {
			continue
		}
		e, err := s.Parties.Entity(tx, a.Entity)
		if err != nil {
			return nil, err
		}
		out = append(out, Seller{Account: a, Name: e.Name})
	}
	return out, nil
}
