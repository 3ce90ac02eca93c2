package rating

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// CompareInput asks what a subscription would have cost in a billing period by another price.
type CompareInput struct {
	Subscription string
	At           time.Time      // an instant of the period; zero: the present one, so far
	Price        *price.Version // valid
}

// Comparison is the real usage of one billing period, priced as it was agreed and by another price list. Usage counts once
// its window has closed. What is owed once is in it when the subscription began in the period.
type Comparison struct {
	Period  price.Interval
	Windows int
	Agreed  Cost
	Other   Cost
	Saving  money.Amount // Agreed less Other; none when they are in two currencies or only one of them carries tax
}

// Compare replays a billing period of a subscription on another price: what would have been paid. Terms by year are
// settled when the year ends in the period. Those who may read invoices may.
func (s *Ratings) Compare(ctx context.Context, c access.Caller, in CompareInput) (out Comparison, err error) {
	var contract Contract
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		contract, err = selectContract(tx, in.Subscription)
		return err
	})
	if err != nil {
		return out, err
	}
	var b Bill
	err = s.allowed(ctx, c, contract.Org, "subscription", in.Subscription, func(tx *store.Tx) error {
		b, err = s.bill(tx, contract.Org, nil)
		return err
	})
	if err != nil {
		return out, err
	}
	if in.At.IsZero() {
		in.At = s.Now()
	}
	period, err := contract.month(in.At)
	if err != nil {
		return out, err
	}
	windows, err := s.windowsOf(ctx, in.Subscription, period.Interval)
	if err != nil {
		return out, err
	}
	out = Comparison{Period: period.Interval, Windows: len(windows)}
	history := b.History[in.Subscription]
	if out.Agreed, err = b.replay(contract, history, windows, period.Interval, s.Now()); err != nil {
		return out, err
	}
	text, err := in.Price.Canonical()
	if err != nil {
		return out, err
	}
	h := sha256.Sum256(text)
	other := hex.EncodeToString(h[:])
	b.Prices[other] = in.Price
	history = slices.Clone(history)
	for n := range history {
		history[n].Price = other
	}
	if out.Other, err = b.replay(contract, history, windows, period.Interval, s.Now()); err != nil {
		return out, err
	}
	if out.Agreed.Basis == out.Other.Basis && out.Agreed.Total.Currency == out.Other.Total.Currency {
		out.Saving, err = out.Agreed.Total.Sub(out.Other.Total)
	}
	return out, err
}

// windowsOf reads the closed windows that count in a period.
func (s *Ratings) windowsOf(ctx context.Context, subscription string, period price.Interval) (out []proof.Window, err error) {
	const page = 1000
	for after := int64(0); ; {
		p, err := s.Windows(ctx, access.System("rating"), subscription, after, page)
		if err != nil {
			return nil, err
		}
		for _, w := range p.Windows {
			one := w.Proof()
			if at := one.Decides(); len(one.Sums) > 0 && !at.Before(period.From) && at.Before(period.To) {
				out = append(out, one)
			}
		}
		if after = p.Next; after == 0 {
			return out, nil
		}
	}
}

// replay rates windows and prices per period by a history, as if nothing had been billed, and settles the terms.
func (b Bill) replay(c Contract, history []Interval, windows []proof.Window, period price.Interval, now time.Time) (Cost, error) {
	if now.Before(period.To) {
		period.To = now.UTC()
	}
	b.Contracts, b.History, b.States = map[string]Contract{c.Subscription: c}, map[string][]Interval{c.Subscription: history}, nil
	b.UpTo, b.Only = period.To, period
	c.Waived, c.ChargedTo = false, period.From
	due, err := c.accrued(history, period.To, b.known)
	if err != nil {
		return Cost{}, err
	}
	used, err := b.used(c, history, windows)
	if err != nil {
		return Cost{}, err
	}
	b.Charges = append(due, used...)
	if !c.ActivatedAt.Before(period.From) && c.ActivatedAt.Before(period.To) {
		for _, part := range b.Prices[history[0].Price].Components {
			if part.Kind == price.OneOff {
				b.Charges = append(b.Charges, Charge{Subscription: c.Subscription, Component: part.Key, Price: history[0].Price, At: price.Interval{From: c.ActivatedAt, To: c.ActivatedAt}, Quantity: 1})
			}
		}
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
	if len(costs) > 0 {
		return costs[0], nil
	}
	v := b.Prices[history[len(history)-1].Price]
	return Cost{Subscription: c.Subscription, Name: c.Name, Basis: v.Basis, Total: money.Zero(v.Currency)}, nil
}

func (b Bill) known(hash string) (*price.Version, error) {
	if v := b.Prices[hash]; v != nil {
		return v, nil
	}
	return nil, fmt.Errorf("price version %s is not there", hash)
}

// used are the charges of windows, each going on where the one before stopped.
func (b Bill) used(c Contract, history []Interval, windows []proof.Window) (out []Charge, err error) {
	before := map[string]money.Quantity{}
	for _, w := range windows {
		instant := w.Decides()
		in := at(history, instant)
		list, err := c.usage(b.Prices[in.Price], w, instant)
		if err != nil {
			return nil, err
		}
		for _, one := range list {
			one.Subscription, one.Price, one.Window = c.Subscription, in.Price, w.ID
			key := one.Price + " " + one.Component
			one.From = before[key]
			if before[key], err = one.From.Add(one.Quantity); err != nil {
				return nil, err
			}
			out = append(out, one)
		}
	}
	return out, nil
}
