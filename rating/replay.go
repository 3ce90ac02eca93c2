package rating

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// replay is a subscription with the prices that it had, or might have had, as if nothing had been billed.
type replay struct {
	contract Contract
	history  []Interval
	prices   map[string]*price.Version // by hash
	free     time.Time                 // until when prices per period are free by the plan; zero for none
	windows  []proof.Window            // in the order of closing
}

// on is the same subscription on other prices.
func (r replay) on(other func(Interval) *price.Version) (replay, error) {
	r.history, r.prices = slices.Clone(r.history), maps.Clone(r.prices)
	for n, i := range r.history {
		v := other(i)
		text, err := v.Canonical()
		if err != nil {
			return r, err
		}
		h := sha256.Sum256(text)
		r.history[n].Price = hex.EncodeToString(h[:])
		r.prices[r.history[n].Price] = v
	}
	return r, nil
}

// since is where a replay of a period begins: with the year, where a price has terms by year.
func (r replay) since(period price.Interval) (time.Time, error) {
	for _, i := range r.history {
		if !r.prices[i.Price].Closes(price.Year) {
			continue
		}
		cycle, err := r.contract.cycle(price.Year)
		if err != nil {
			return period.From, err
		}
		year, err := cycle.At(period.From)
		return year.From, err
	}
	return period.From, nil
}

// used reads the closed windows that the replays of one subscription need for a period, and tells how many are of the
// period itself. A page of them is held at a time, and what they counted.
func (s *Ratings) used(ctx context.Context, period price.Interval, replays ...*replay) (n int, err error) {
	const page = 1000
	since := period.From
	for _, r := range replays {
		from, err := r.since(period)
		if err != nil {
			return 0, err
		}
		if from.Before(since) {
			since = from
		}
	}
	var list []proof.Window
	for after := int64(0); ; {
		p, err := s.Windows(ctx, access.System("rating"), replays[0].contract.Subscription, since, period.To, after, page)
		if err != nil {
			return 0, err
		}
		for _, w := range p.Windows {
			if one := w.Proof(); len(one.Sums) > 0 {
				list = append(list, one)
				if !one.Decides().Before(period.From) {
					n++
				}
			}
		}
		if after = p.Next; after == 0 {
			break
		}
	}
	for _, r := range replays {
		r.windows = list
	}
	return n, nil
}

// cost is what the subscription costs in a period up to now.
func (r replay) cost(period price.Interval, now time.Time) (Cost, error) {
	if now.Before(period.To) {
		period.To = now.UTC()
	}
	since, err := r.since(period)
	if err != nil {
		return Cost{}, err
	}
	in := r.prices[at(r.history, period.To.Add(-time.Second)).Price]
	whole, err := r.upTo(in, since, period.From, period.To)
	if err != nil || since.Equal(period.From) {
		return whole, err
	}
	before, err := r.upTo(in, since, period.From, period.From)
	if err != nil {
		return whole, err
	}
	return whole.less(before)
}

// upTo rates what lies before an instant: from since by prices with terms by year, from the period's beginning by others,
// and settles the terms. The cost is that in the currency and basis of a price.
func (r replay) upTo(in *price.Version, since, begins, to time.Time) (Cost, error) {
	c := r.contract
	c.Waived = false
	b := Bill{Contracts: map[string]Contract{c.Subscription: c}, History: map[string][]Interval{c.Subscription: r.history}, Prices: r.prices,
		UpTo: to, Only: price.Interval{From: since, To: to}}
	for _, rate := range []func(c Contract, since, begins, to time.Time) ([]Charge, error){r.periods, r.usage, r.once} {
		list, err := rate(c, since, begins, to)
		if err != nil {
			return Cost{}, err
		}
		b.Charges = append(b.Charges, list...)
	}
	for n := range b.Charges {
		one := &b.Charges[n]
		v := b.Prices[one.Price]
		part, err := v.Component(one.Component)
		if err != nil {
			return Cost{}, err
		}
		line, err := price.Rate(v, one.Component, one.Proof(part.Kind).Input(part.Kind))
		if err != nil {
			return Cost{}, err
		}
		one.Exact = line.Exact
	}
	slices.SortStableFunc(b.Charges, func(x, y Charge) int {
		return cmp.Or(cmp.Compare(x.Component, y.Component), x.At.From.Compare(y.At.From))
	})
	costs, err := b.costs()
	if err != nil {
		return Cost{}, err
	}
	if n := slices.IndexFunc(costs, func(one Cost) bool { return one.Total.Currency == in.Currency }); n >= 0 {
		return costs[n], nil
	}
	return Cost{Subscription: c.Subscription, Name: c.Name, Basis: in.Basis, Total: money.Zero(in.Currency)}, nil
}

// start is from when on a price counts in a replay.
func (r replay) start(hash string, since, begins time.Time) time.Time {
	if r.prices[hash].Closes(price.Year) {
		return since
	}
	return begins
}

func (b Bill) known(hash string) (*price.Version, error) {
	if v := b.Prices[hash]; v != nil {
		return v, nil
	}
	return nil, fmt.Errorf("price version %s is not there", hash)
}

// periods are the charges per period: for each start those of the prices that have it.
func (r replay) periods(c Contract, since, begins, to time.Time) (out []Charge, err error) {
	starts := slices.CompactFunc([]time.Time{since, begins}, time.Time.Equal)
	for _, start := range starts {
		if c.ChargedTo = start; r.free.After(start) {
			c.ChargedTo = r.free
		}
		list, err := c.accrued(r.history, to, Bill{Prices: r.prices}.known)
		if err != nil {
			return nil, err
		}
		for _, one := range list {
			if r.start(one.Price, since, begins).Equal(start) {
				out = append(out, one)
			}
		}
	}
	return out, nil
}

// usage are the charges of windows, each going on where the one before in its month stopped.
func (r replay) usage(c Contract, since, begins, to time.Time) (out []Charge, err error) {
	before := map[totalKey]money.Quantity{}
	for _, w := range r.windows {
		instant := w.Decides()
		in := at(r.history, instant)
		if !instant.Before(to) || instant.Before(r.start(in.Price, since, begins)) {
			continue
		}
		list, err := c.usage(r.prices[in.Price], w, instant)
		if err != nil {
			return nil, err
		}
		for _, one := range list {
			one.Subscription, one.Price, one.Window = c.Subscription, in.Price, w.ID
			key := totalKey{one.Component, one.Price, one.Period.From.Unix()}
			one.From = before[key]
			if before[key], err = one.From.Add(one.Quantity); err != nil {
				return nil, err
			}
			out = append(out, one)
		}
	}
	return out, nil
}

// once is what the first price asks once, when the subscription began in the time.
func (r replay) once(c Contract, since, begins, to time.Time) (out []Charge, err error) {
	first := r.history[0].Price
	if c.ActivatedAt.Before(r.start(first, since, begins)) || !c.ActivatedAt.Before(to) {
		return nil, nil
	}
	for _, part := range r.prices[first].Components {
		if part.Kind == price.OneOff {
			out = append(out, Charge{Subscription: c.Subscription, Component: part.Key, Price: first, At: price.Interval{From: c.ActivatedAt, To: c.ActivatedAt}, Quantity: 1})
		}
	}
	return out, nil
}

// less takes off what the same parts cost in another stretch, each component once. Parts that come to nothing are left out.
func (c Cost) less(o Cost) (out Cost, err error) {
	out = c
	if out.Total, err = c.Total.Sub(o.Total); err != nil {
		return out, err
	}
	var all []Part
	for sign, list := range [][]Part{c.Parts, o.Parts} {
		for _, p := range list {
			n := slices.IndexFunc(all, func(q Part) bool { return q.Component == p.Component && q.Price == p.Price })
			if n < 0 {
				n = len(all)
				all = append(all, Part{Component: p.Component, Kind: p.Kind, Unit: p.Unit, Price: p.Price, Exact: money.ZeroExact(p.Exact.Currency()), Amount: money.Zero(p.Amount.Currency)})
			}
			if err := all[n].take(p, sign == 1); err != nil {
				return out, err
			}
		}
	}
	out.Parts = slices.DeleteFunc(all, func(p Part) bool { return p.Amount.IsZero() && p.Exact.Sign() == 0 && p.Quantity == 0 })
	return out, nil
}

// take adds a part of the same component, or takes it off. Items held are not added up.
func (p *Part) take(o Part, off bool) (err error) {
	if off {
		if o.Amount, err = o.Amount.Neg(); err != nil {
			return err
		}
		o.Exact, o.Quantity = o.Exact.Neg(), -o.Quantity
	}
	if p.Kind == price.PerPeriod {
		o.Quantity -= p.Quantity
		if off {
			o.Quantity = 0
		}
	}
	if p.Amount, err = p.Amount.Add(o.Amount); err != nil {
		return err
	}
	if p.Exact, err = p.Exact.Add(o.Exact); err != nil {
		return err
	}
	p.Quantity, err = p.Quantity.Add(o.Quantity)
	return err
}
