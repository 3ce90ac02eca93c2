package rating

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Statement is a bill worked out: its lines, and the periods whose terms they settle.
type Statement struct {
	Bill
	Groups   []*Group // by subscription; those of terms after those of components
	Closings []Closing
}

// Closing settles the terms of one price of a subscription for one period.
type Closing struct {
	Subscription string
	Price        string // hash
	price.Closing
	seq int64 // from 1
}

type closingKey struct {
	subscription, price string
	every               price.Every
	from                int64
}

func (c Closing) key() closingKey {
	return closingKey{c.Subscription, c.Price, c.Every, c.Period.From.Unix()}
}

// dated is an amount that counts in the periods which hold an instant.
type dated struct {
	at    time.Time
	total price.Total
}

// Statement works the bill out: lines of charges, and for prices with terms what these change in each period that has
// lines here, or that is over and was not closed as such.
func (b Bill) Statement() (Statement, error) {
	s := Statement{Bill: b}
	var err error
	if s.Groups, err = b.groups(); err != nil {
		return s, err
	}
	lines := slices.Clone(s.Groups)
	for _, subscription := range slices.Sorted(maps.Keys(b.Contracts)) {
		c := b.Contracts[subscription]
		if c.Waived {
			continue
		}
		for _, hash := range prices(b.History[subscription]) {
			if err := s.close(c, hash, lines); err != nil {
				return s, fmt.Errorf("terms of %s: %w", subscription, err)
			}
		}
	}
	slices.SortStableFunc(s.Groups, func(x, y *Group) int { return cmp.Compare(x.Subscription, y.Subscription) })
	return s, nil
}

// prices are the prices of a history, each once, in the order in which they came into force.
func prices(history []Interval) (out []string) {
	for _, i := range history {
		if !slices.Contains(out, i.Price) {
			out = append(out, i.Price)
		}
	}
	return out
}

func agreed(history []Interval) []price.Agreed {
	out := make([]price.Agreed, len(history))
	for n, i := range history {
		out[n] = price.Agreed{From: i.From, Price: i.Price}
	}
	return out
}

// close settles the terms of one price: first those by month, then those by year, which see what the months left.
func (s *Statement) close(c Contract, hash string, lines []*Group) error {
	v := s.Prices[hash]
	if v == nil || len(v.Terms) == 0 {
		return nil
	}
	var totals []dated
	for _, g := range lines {
		if g.Subscription == c.Subscription && g.Price == hash {
			totals = append(totals, dated{g.Counts, g.total()})
		}
	}
	force := price.NewForce(agreed(s.History[c.Subscription]), hash, c.EndedAt)
	for _, every := range []price.Every{price.Month, price.Year} {
		if !v.Closes(every) {
			continue
		}
		cycle, err := c.cycle(every)
		if err != nil {
			return err
		}
		frames, err := force.Closings(cycle, s.UpTo)
		if err != nil {
			return err
		}
		for _, frame := range frames {
			if !s.Only.IsZero() && s.Only.Overlap(frame.Period).Seconds() == 0 {
				continue
			}
			more, err := s.settle(Closing{Subscription: c.Subscription, Price: hash, Closing: frame}, v, force, totals)
			if err != nil {
				return err
			}
			totals = append(totals, more...)
		}
	}
	return nil
}

// settle closes one period, and gives what it changed by component for the closing of its year.
func (s *Statement) settle(c Closing, v *price.Version, force price.Force, totals []dated) (more []dated, err error) {
	var mine []price.Total
	for _, t := range totals {
		if !t.at.Before(c.Period.From) && t.at.Before(c.Period.To) {
			mine = append(mine, t.total)
		}
	}
	last := s.States[c.key()]
	c.Before, c.seq = last.State, last.seq+1
	if c.Now, err = c.Before.Add(v, mine...); err != nil {
		return nil, err
	}
	c.Now.Held, c.Now.Over = force.Held(c.Period), force.Over(c.Period, s.UpTo)
	list, err := price.Close(v, c.Closing)
	if err != nil || len(mine) == 0 && len(list) == 0 {
		return nil, err
	}
	s.Closings = append(s.Closings, c)
	for _, a := range list {
		exact, err := a.Amount.Exact()
		if err != nil {
			return nil, err
		}
		s.Groups = append(s.Groups, &Group{Subscription: c.Subscription, Price: c.Price, Term: v.Term(a.Term), Span: c.Period, Counts: c.Period.From,
			Exact: exact, Amount: a.Amount, Shares: a.Shares})
		for _, share := range a.Shares {
			more = append(more, dated{c.Period.From, price.Total{Key: share.Key, Amount: share.Amount}})
		}
	}
	return more, nil
}

// Split makes one statement for each seller, currency and basis, in a stable order.
func (s Statement) Split() []Statement {
	type key struct {
		seller   string
		currency money.Currency
		basis    price.Basis
	}
	of := func(subscription, hash string) key {
		v := s.Prices[hash]
		return key{s.Contracts[subscription].Seller, v.Currency, v.Basis}
	}
	parts := map[key]*Statement{}
	for _, g := range s.Groups {
		k := of(g.Subscription, g.Price)
		if parts[k] == nil {
			part := Statement{Bill: s.Bill}
			part.Charges = nil
			parts[k] = &part
		}
		parts[k].Groups = append(parts[k].Groups, g)
		parts[k].Charges = append(parts[k].Charges, g.Charges...)
	}
	for _, c := range s.Closings { // each has a line
		k := of(c.Subscription, c.Price)
		parts[k].Closings = append(parts[k].Closings, c)
	}
	order := slices.SortedFunc(maps.Keys(parts), func(x, y key) int {
		return cmp.Or(cmp.Compare(x.seller, y.seller), cmp.Compare(x.currency, y.currency), cmp.Compare(x.basis, y.basis))
	})
	out := make([]Statement, len(order))
	for i, k := range order {
		out[i] = *parts[k]
	}
	return out
}

// MarkBilled gives what stands on an invoice to it, in the transaction that issues it: charges, and the state in which
// periods were closed. What another invoice has is refused. Limits upstream hear what the terms changed.
func (s *Ratings) MarkBilled(tx *store.Tx, invoice string, st Statement) error {
	if err := s.markCharges(tx, invoice, st.Charges); err != nil {
		return err
	}
	for _, c := range st.Closings {
		if err := insertClosing(tx, invoice, c, s.Now()); err != nil {
			return fmt.Errorf("closing of %s: %w", c.Subscription, err)
		}
	}
	for _, g := range st.Groups {
		if g.Term == nil || s.Spend == nil || g.Amount.IsZero() {
			continue
		}
		if err := s.Spend(tx, st.Contracts[g.Subscription].Org, g.Amount); err != nil {
			return err
		}
	}
	return nil
}
