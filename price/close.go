package price

import (
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// Total is what the lines of one component come to in a period: rounded amounts, as they stand on invoices. In a
// closing by year it is what the closings by month left of it, and there are totals of their terms too.
type Total struct {
	Key    string       `json:"key"`
	Amount money.Amount `json:"amount"`
	Trial  money.Amount `json:"trial,omitzero"` // of it, from the time of the trial
}

// State is what is known of a period when it is closed. The zero State is that of a period which was never closed.
type State struct {
	Totals []Total        `json:"totals"`         // in the order of the components and terms; one that is absent is zero
	Held   money.Quantity `json:"held"`           // seconds of the period in which the version is in force, as far as known; at least 1
	Over   bool           `json:"over,omitempty"` // the period is over, or the version in force no more
}

// Closing is one settling of the terms of a period: a period is closed with each invoice that has lines of it, and
// when it is over. What an earlier closing settled is taken off, so that all closings of a period together settle what
// its last state gives, whatever came late and however often it was closed.
type Closing struct {
	Every  Every    `json:"every"`
	Period Interval `json:"period"`
	Number int      `json:"number"` // of the period, from 0 for the one in which the version came into force
	Before State    `json:"before,omitzero"`
	Now    State    `json:"now"`
}

// Adjustment is what a closing changes by one term.
type Adjustment struct {
	Term   string       `json:"term"`
	Kind   TermKind     `json:"kind"`
	Amount money.Amount `json:"amount"` // now.Result less before.Result
	Shares []Share      `json:"shares"` // of components; what a minimum or commitment adds falls on the term itself
	Now    Reckoning    `json:"now"`
	Before Reckoning    `json:"before"`
}

// Reckoning is what a term comes to in one state.
type Reckoning struct {
	Total  money.Amount // what it looks at
	Limit  money.Amount // its amount, prorated; none for discounts and trials
	Result money.Amount // what it adds, below zero for what it takes off
}

// Close settles the terms of a version for one closing. Adjustments come in the order of the terms, those that change
// nothing are left out. Errors: price.closing for a state that does not fit the version, money.overflow.
func Close(v *Version, c Closing) ([]Adjustment, error) {
	if c.Every != Month && c.Every != Year || c.Number < 0 || c.Period.Seconds() <= 0 || c.Now.Held < 1 {
		return nil, badClosing("the period")
	}
	before, err := v.settle(&c, &c.Before)
	if err != nil {
		return nil, err
	}
	now, err := v.settle(&c, &c.Now)
	if err != nil {
		return nil, err
	}
	var out []Adjustment
	for i := range v.Terms {
		t := &v.Terms[i]
		if t.every() != c.Every {
			continue
		}
		a := Adjustment{Term: t.Key, Kind: t.Kind, Now: now[i].Reckoning, Before: before[i].Reckoning}
		if a.Amount, err = a.Now.Result.Sub(a.Before.Result); err != nil {
			return nil, err
		}
		if a.Shares, err = difference(now[i].shares, before[i].shares); err != nil {
			return nil, err
		}
		if a.Amount.Minor != 0 || len(a.Shares) > 0 {
			out = append(out, a)
		}
	}
	return out, nil
}

func badClosing(what string) error {
	return fail.New(fail.Invalid, "price.closing", "The period cannot be closed as given.", "Correct "+what+".")
}

// settled is a term in one state.
type settled struct {
	Reckoning
	shares []Share // of every key, in the order of the version
}

// running is the totals of a period while its terms are settled one after the other.
type running struct {
	v      *Version
	totals []Total // of every component and term, in the order of the version
}

// settle takes the terms of one length of period one after the other. In a state that never was, nothing is settled.
func (v *Version) settle(c *Closing, s *State) ([]settled, error) {
	r, err := v.running(s)
	if err != nil {
		return nil, err
	}
	out := make([]settled, len(v.Terms))
	for i := range v.Terms {
		zero := money.Zero(v.Currency)
		out[i] = settled{Reckoning{zero, zero, zero}, r.zero()}
		if t := &v.Terms[i]; t.every() == c.Every && s.Held != 0 {
			if out[i], err = r.term(t, c, s); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (v *Version) running(s *State) (*running, error) {
	r, zero := &running{v: v}, money.Zero(v.Currency)
	for i := range v.Components {
		r.totals = append(r.totals, Total{v.Components[i].Key, zero, zero})
	}
	for i := range v.Terms {
		r.totals = append(r.totals, Total{v.Terms[i].Key, zero, zero})
	}
	if len(s.Totals) > 0 && s.Held < 1 {
		return nil, badClosing("the seconds held")
	}
	at := 0
	for _, t := range s.Totals {
		for at < len(r.totals) && r.totals[at].Key != t.Key {
			at++
		}
		if t.Trial == (money.Amount{}) {
			t.Trial = zero
		}
		if at == len(r.totals) || t.Amount.Currency != v.Currency || t.Trial.Currency != v.Currency {
			return nil, badClosing("the total of " + t.Key)
		}
		r.totals[at] = t
		at++
	}
	return r, nil
}

func (r *running) zero() []Share {
	out := make([]Share, len(r.totals))
	for i, t := range r.totals {
		out[i] = Share{t.Key, money.Zero(r.v.Currency)}
	}
	return out
}

// term settles one and changes the totals by its shares.
func (r *running) term(t *Term, c *Closing, s *State) (out settled, err error) {
	out = settled{Reckoning{money.Zero(r.v.Currency), money.Zero(r.v.Currency), money.Zero(r.v.Currency)}, r.zero()}
	weights, some := make([]int64, len(r.totals)), false
	for i, one := range r.totals {
		if !t.Covers(one.Key) {
			continue
		}
		if out.Total, err = out.Total.Add(one.Amount); err != nil {
			return out, err
		}
		if t.Kind == Trial {
			if out.shares[i].Amount, err = one.Trial.Neg(); err != nil {
				return out, err
			}
			if out.Result, err = out.Result.Add(out.shares[i].Amount); err != nil {
				return out, err
			}
			r.totals[i].Trial = money.Zero(r.v.Currency)
		}
		weights[i] = max(one.Amount.Minor, 0)
		some = some || weights[i] > 0
	}
	if t.Kind != Trial {
		if err := t.result(&out.Reckoning, c, s, r.v.Rounding); err != nil {
			return out, err
		}
		if err := r.share(t, &out, weights, some); err != nil {
			return out, err
		}
	}
	for i := range r.totals {
		if r.totals[i].Amount, err = r.totals[i].Amount.Add(out.shares[i].Amount); err != nil {
			return out, err
		}
	}
	return out, nil
}

// share splits what a term takes off over what it looked at; what it adds falls on itself.
func (r *running) share(t *Term, out *settled, weights []int64, some bool) error {
	if out.Result.Minor < 0 && some {
		parts, err := money.Split(out.Result, weights)
		if err != nil {
			return err
		}
		for i := range parts {
			out.shares[i].Amount = parts[i]
		}
		return nil
	}
	for i := range out.shares {
		if out.shares[i].Key == t.Key {
			out.shares[i].Amount = out.Result
		}
	}
	return nil
}

// result is what a term adds to the total that it looks at.
func (t *Term) result(r *Reckoning, c *Closing, s *State, rounding money.Rounding) (err error) {
	if t.Periods > 0 && c.Number >= t.Periods {
		return nil
	}
	if t.Kind == Discount {
		if r.Total.Minor > 0 {
			r.Result, err = r.Total.Scale(-int64(t.Percent), wholePercent, rounding)
		}
		return err
	}
	if r.Limit = t.Amount; t.Prorate {
		if r.Limit, err = t.Amount.Scale(int64(min(s.Held, money.Quantity(c.Period.Seconds()))), c.Period.Seconds(), rounding); err != nil {
			return err
		}
	}
	left, err := r.Limit.Sub(r.Total)
	if err != nil {
		return err
	}
	switch t.Kind {
	case Coupon:
		r.Result.Minor = -min(max(r.Total.Minor, 0), r.Limit.Minor)
	case Cap:
		r.Result.Minor = min(left.Minor, 0)
	case Minimum:
		if s.Over {
			r.Result.Minor = max(left.Minor, 0)
		}
	case Commitment:
		if s.Over || t.Prepaid {
			r.Result.Minor = max(left.Minor, 0)
		}
	}
	return nil
}

// difference is now less before, without what did not change.
func difference(now, before []Share) ([]Share, error) {
	var out []Share
	for i := range now {
		d, err := now[i].Amount.Sub(before[i].Amount)
		if err != nil {
			return nil, err
		}
		if d.Minor != 0 {
			out = append(out, Share{now[i].Key, d})
		}
	}
	return out, nil
}

// Add adds amounts to the totals of a state, in the order of the version: those of lines, or the shares of an
// adjustment. Errors: price.closing for a key that the version does not have, money.overflow.
func (s State) Add(v *Version, list ...Total) (State, error) {
	if s.Held == 0 && len(s.Totals) == 0 {
		s.Held = 1
	}
	r, err := v.running(&s)
	if err != nil {
		return s, err
	}
	for _, t := range list {
		at := -1
		for i := range r.totals {
			if r.totals[i].Key == t.Key {
				at = i
			}
		}
		if at < 0 {
			return s, badClosing("the total of " + t.Key)
		}
		if r.totals[at].Amount, err = r.totals[at].Amount.Add(t.Amount); err != nil {
			return s, err
		}
		if t.Trial != (money.Amount{}) {
			if r.totals[at].Trial, err = r.totals[at].Trial.Add(t.Trial); err != nil {
				return s, err
			}
		}
	}
	s.Totals = nil
	for _, t := range r.totals {
		if t.Amount.Minor == 0 && t.Trial.Minor == 0 {
			continue
		}
		if t.Trial.Minor == 0 {
			t.Trial = money.Amount{}
		}
		s.Totals = append(s.Totals, t)
	}
	return s, nil
}
