package proof

import (
	"errors"
	"fmt"
	"slices"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/tax"
)

// CreditLine is an amount that a credit note takes back of a line, with the sign of the line, in the basis of its price.
type CreditLine struct {
	Line   int // number of the line on the invoice
	Amount money.Amount
}

// CreditPart is what a credit note says about parts of an invoice: its lines with the signs turned, and the totals by
// which what all notes take back together has grown. So the tax of several notes is that of their sum, and notes that
// take back everything come to the invoice exactly. credited is what earlier notes took back of each line, nil for
// nothing; after is it with this note. The caller fills in the rest. Error: a line that is not on the invoice, stands
// twice, or of which more would be taken back than is left; money.overflow.
func (i *Invoice) CreditPart(credited []money.Amount, parts []CreditLine) (note Invoice, after []money.Amount, err error) {
	if credited == nil {
		credited = make([]money.Amount, len(i.Lines))
		for n := range credited {
			credited[n] = money.Zero(i.Currency)
		}
	}
	if len(credited) != len(i.Lines) || len(parts) == 0 {
		return note, nil, errors.New("a credit note takes something back")
	}
	note = Invoice{Currency: i.Currency, Basis: i.Basis, Decision: i.Decision, Mentions: i.Mentions, InvoiceTrade: i.InvoiceTrade}
	note.Payment, note.Terms, note.VATBooked = InvoicePayment{}, "", money.Amount{}
	after = slices.Clone(credited)
	for n, p := range parts {
		if p.Line < 1 || p.Line > len(i.Lines) || n > 0 && p.Line <= parts[n-1].Line {
			return note, nil, fmt.Errorf("line %d is not on the invoice, or not in its order", p.Line)
		}
		l := &i.Lines[p.Line-1]
		if left, err := l.Left(credited[p.Line-1]); err != nil || !within(p.Amount, left) {
			return note, nil, errors.Join(err, fmt.Errorf("line %d: %s is more than what is left of it, %s", p.Line, p.Amount, left))
		}
		if after[p.Line-1], err = credited[p.Line-1].Add(p.Amount); err != nil {
			return note, nil, err
		}
		line, err := l.back(p.Amount)
		if err != nil {
			return note, nil, err
		}
		line.No, line.Credits = n+1, p.Line
		note.Lines = append(note.Lines, line)
	}
	return note, after, note.growth(i, credited, after)
}

// Left is what is left of a line, given what was taken back of it.
func (l *InvoiceLine) Left(credited money.Amount) (money.Amount, error) {
	return l.Amount.Sub(credited)
}

// within tells whether an amount takes something of what is left, and no more.
func within(a, left money.Amount) bool {
	switch {
	case a.Currency != left.Currency || a.Sign() == 0 || a.Sign() != left.Sign():
		return false
	case a.Sign() > 0:
		return a.Minor <= left.Minor
	}
	return a.Minor >= left.Minor
}

// back is a line of a note: all of the line with what it was made of, or an amount of it.
func (l *InvoiceLine) back(a money.Amount) (InvoiceLine, error) {
	out := *l
	turned, err := a.Neg()
	if err != nil {
		return out, err
	}
	out.Amount, out.Shares = turned, nil
	if out.Exact, err = turned.Exact(); err != nil {
		return out, err
	}
	if a == l.Amount {
		out.Exact = l.Exact.Neg()
	} else {
		out.Quantity, out.Charges = 0, []InvoiceCharge{}
	}
	weights := make([]int64, len(l.Shares))
	for n, s := range l.Shares {
		weights[n] = s.Amount.Minor
		if l.Amount.Sign() < 0 {
			weights[n] = -weights[n]
		}
	}
	if len(weights) == 0 || slices.Min(weights) < 0 {
		return out, nil
	}
	amounts, err := money.Split(turned, weights)
	if err != nil {
		return out, err
	}
	for n, s := range l.Shares {
		out.Shares = append(out.Shares, price.Share{Key: s.Key, Amount: amounts[n]})
	}
	return out, nil
}

// growth sets the totals of a note to what its notes take back more than before, and the net amounts of its lines.
func (i *Invoice) growth(of *Invoice, before, after []money.Amount) error {
	was, err := of.of(before)
	if err != nil {
		return err
	}
	now, err := of.of(after)
	if err != nil {
		return err
	}
	if all := of.Totals.Gross.Minor; now.Gross.Minor < min(0, all) || now.Gross.Minor > max(0, all) {
		return fmt.Errorf("together %s would be taken back, and the invoice comes to %s", now.Gross, of.Totals.Gross)
	}
	i.Totals.Net, i.Totals.VAT, i.Totals.Gross = money.Zero(i.Currency), money.Zero(i.Currency), money.Zero(i.Currency)
	for _, s := range now.Subtotals {
		var mine []int
		for n, l := range i.Lines {
			if l.Category == s.Category && l.BasisPoints == s.BasisPoints {
				mine = append(mine, n)
			}
		}
		if len(mine) == 0 {
			continue
		}
		if err := i.subtotal(s, was, mine); err != nil {
			return err
		}
	}
	return nil
}

// of is what some of each line would come to.
func (i *Invoice) of(amounts []money.Amount) (tax.Totals, error) {
	part := Invoice{Currency: i.Currency, Basis: i.Basis, Lines: slices.Clone(i.Lines)}
	for n := range part.Lines {
		part.Lines[n].Amount = amounts[n]
	}
	totals, _, err := part.Sum()
	return totals, err
}

// subtotal adds a rate to the totals, turned, and gives its lines their net amounts.
func (i *Invoice) subtotal(now tax.Subtotal, was tax.Totals, mine []int) error {
	zero := money.Zero(i.Currency)
	before := tax.Subtotal{Base: zero, VAT: zero}
	for _, s := range was.Subtotals {
		if s.Category == now.Category && s.BasisPoints == now.BasisPoints {
			before = s
		}
	}
	turned := now
	var errs []error
	sub := func(a, b money.Amount) money.Amount { // a - b
		d, err := a.Sub(b)
		errs = append(errs, err)
		return d
	}
	add := func(to *money.Amount, b money.Amount) {
		sum, err := to.Add(b)
		*to, errs = sum, append(errs, err)
	}
	turned.Base, turned.VAT = sub(before.Base, now.Base), sub(before.VAT, now.VAT)
	i.Totals.Subtotals = append(i.Totals.Subtotals, turned)
	add(&i.Totals.Net, turned.Base)
	add(&i.Totals.VAT, turned.VAT)
	add(&i.Totals.Gross, turned.Base)
	add(&i.Totals.Gross, turned.VAT)
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if i.Basis != price.Gross {
		for _, n := range mine {
			i.Lines[n].Net = i.Lines[n].Amount
		}
		return nil
	}
	rest := turned.Base // the last line takes what rounding leaves
	for at, n := range mine {
		net, _, err := tax.Extract(i.Lines[n].Amount, now.BasisPoints)
		if err != nil {
			return err
		}
		if at == len(mine)-1 {
			net = rest
		}
		i.Lines[n].Net = net
		if rest, err = rest.Sub(net); err != nil {
			return err
		}
	}
	return nil
}

// parts reads from a note what it takes back; none of a note of a whole invoice.
func (i *Invoice) parts() (out []CreditLine, err error) {
	for n := range i.Lines {
		l := &i.Lines[n]
		if l.Credits == 0 {
			continue
		}
		a, err := l.Amount.Neg()
		if err != nil {
			return nil, err
		}
		out = append(out, CreditLine{Line: l.Credits, Amount: a})
	}
	if len(out) != 0 && len(out) != len(i.Lines) {
		return nil, fmt.Errorf("credit note %s: some of its lines refer to the invoice, and some do not", i.Number)
	}
	return out, nil
}

// Credited adds up what notes took back of each line of the invoice, in the order in which they were issued; each must be
// what CreditPart makes of it. Error: the note that is not, or that takes back the whole invoice.
func (i *Invoice) Credited(notes []Invoice) (credited []money.Amount, err error) {
	for n := range notes {
		parts, err := notes[n].parts()
		if err != nil {
			return nil, err
		}
		want, after, err := i.CreditPart(credited, parts)
		if err != nil {
			return nil, fmt.Errorf("credit note %s: %w", notes[n].Number, err)
		}
		if err := notes[n].says(want); err != nil {
			return nil, err
		}
		credited = after
	}
	return credited, nil
}

// says compares what a note says about its invoice with what it should.
func (i *Invoice) says(want Invoice) error {
	got := Invoice{Currency: i.Currency, Basis: i.Basis, Lines: i.Lines, Decision: i.Decision, Mentions: i.Mentions, Totals: i.Totals}
	want.InvoiceTrade = InvoiceTrade{VATBooked: want.VATBooked} // a note may speak of payment in words of its own
	got.VATBooked = i.VATBooked
	a, err := Canonical(want)
	if err != nil {
		return err
	}
	b, err := Canonical(got)
	if err != nil {
		return err
	}
	if string(a) != string(b) {
		return fmt.Errorf("credit note %s: its lines and totals are not those of its invoice with the signs turned", i.Number)
	}
	return nil
}
