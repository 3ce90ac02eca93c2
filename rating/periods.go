package rating

import (
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
)

// ChargePeriods charges the prices per period of an organisation's subscriptions up to an instant. Billing calls it
// in the transaction that issues.
func (s *Ratings) ChargePeriods(tx *store.Tx, org string, upTo time.Time) error {
	list, err := selectContracts(tx, org)
	if err != nil {
		return err
	}
	for _, c := range list {
		history, err := selectHistory(tx, c.Subscription)
		if err != nil {
			return err
		}
		if err := s.chargePeriods(tx, &c, history, upTo); err != nil {
			return err
		}
		if err := updateContract(tx, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Ratings) chargePeriods(tx *store.Tx, c *Contract, history []Interval, upTo time.Time) error {
	due, err := c.accrued(history, upTo, func(hash string) (*price.Version, error) { return s.price(tx, hash) })
	if err != nil {
		return err
	}
	for _, one := range due {
		v, err := s.price(tx, one.Price)
		if err != nil {
			return err
		}
		if err := s.charge(tx, c, v, []Charge{one}, RatedFact{}); err != nil {
			return err
		}
	}
	if !c.EndedAt.IsZero() && c.EndedAt.Before(upTo) {
		upTo = c.EndedAt
	}
	if upTo.After(c.ChargedTo) {
		c.ChargedTo = upTo.UTC()
	}
	return nil
}

// accrued lists the charges per period that are not written yet: each stretch held, cut at the billing periods. read
// gives a price version by its hash.
func (c Contract) accrued(history []Interval, upTo time.Time, read func(hash string) (*price.Version, error)) ([]Charge, error) {
	if c.Waived {
		return nil, nil
	}
	var out []Charge
	for _, st := range c.held(history, upTo) {
		v, err := read(st.Price)
		if err != nil {
			return nil, err
		}
		for _, part := range v.Components {
			if part.Kind != price.PerPeriod {
				continue
			}
			cycle, err := c.cycle(part.Every)
			if err != nil {
				return nil, err
			}
			for from := st.span.From; from.Before(st.span.To); {
				period, err := cycle.At(from)
				if err != nil {
					return nil, err
				}
				span, err := c.cut(v, &part, period.Overlap(price.Interval{From: from, To: st.span.To}))
				if err != nil {
					return nil, err
				}
				from = span.To
				if span.Seconds() == 0 {
					continue
				}
				out = append(out, Charge{Org: c.Org, Subscription: c.Subscription, Component: part.Key, Price: st.Price, Fact: st.Fact, At: span,
					Period: period.Interval, Quantity: 1})
			}
		}
	}
	return out, nil
}

// cut ends a span where the month ends that it counts in for the terms of its price, and where the trial ends.
func (c Contract) cut(v *price.Version, part *price.Component, span price.Interval) (price.Interval, error) {
	if len(v.Terms) == 0 {
		return span, nil
	}
	month, err := c.month(span.From)
	if err != nil {
		return span, err
	}
	if end := c.trial(v, part); end.After(span.From) && end.Before(span.To) {
		span.To = end
	}
	return month.Overlap(span), nil
}
