package rating

import (
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
)

// Prefetched is what Estimate asks about many subscriptions, read with one question each instead of one for every
// subscription.
type Prefetched struct {
	contracts map[string]Contract
	history   map[string][]Interval
	charges   map[string][]Charge
	charged   map[string]bool // windows
	prices    map[string]*price.Version
}

// Prefetch reads the contracts' history, their charges that end at or after an instant, and which of the windows are
// charged. For packages downstream, it does not authorise.
func (s *Ratings) Prefetch(tx *store.Tx, contracts []Contract, since time.Time, windows []string) (*Prefetched, error) {
	p := &Prefetched{contracts: map[string]Contract{}, history: map[string][]Interval{}, charges: map[string][]Charge{}, charged: map[string]bool{}, prices: map[string]*price.Version{}}
	ids := make([]string, len(contracts))
	for i, c := range contracts {
		ids[i] = c.Subscription
		p.contracts[c.Subscription] = c
	}
	if err := p.readHistory(tx, ids); err != nil {
		return nil, err
	}
	if err := p.readCharges(tx, ids, since); err != nil {
		return nil, err
	}
	for places, args := range store.In(windows) {
		err := tx.Each(func(row store.Scanner) error {
			var id string
			err := row.Scan(&id)
			p.charged[id] = true
			return err
		}, "SELECT id FROM rating_window WHERE id IN "+places, args...)
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Prefetched) readHistory(tx *store.Tx, ids []string) error {
	for places, args := range store.In(ids) {
		err := tx.Each(func(row store.Scanner) error {
			var subscription string
			var i Interval
			var from store.Time
			err := row.Scan(&subscription, &i.Seq, &i.Price, &i.Plan, &i.Name, &i.Held, &i.Fact, &from)
			i.From = from.Time
			p.history[subscription] = append(p.history[subscription], i)
			return err
		}, "SELECT subscription, seq, price_hash, plan, name, held, fact, from_at FROM rating_interval WHERE subscription IN "+places+" ORDER BY subscription, seq", args...)
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Prefetched) readCharges(tx *store.Tx, ids []string, since time.Time) error {
	for places, args := range store.In(ids, store.At(since)) {
		err := tx.Each(func(row store.Scanner) error {
			c, err := scanCharge(row)
			p.charges[c.Subscription] = append(p.charges[c.Subscription], c)
			return err
		}, "SELECT "+chargeColumns+" FROM charge WHERE to_at >= $1 AND subscription IN "+places+" ORDER BY subscription, to_at, id", args...)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Ratings) contractOf(tx *store.Tx, in *EstimateInput) (Contract, error) {
	if in.Known != nil {
		if c, ok := in.Known.contracts[in.Subscription]; ok {
			return c, nil
		}
	}
	return selectContract(tx, in.Subscription)
}

func (s *Ratings) historyOf(tx *store.Tx, in *EstimateInput) ([]Interval, error) {
	if in.Known != nil && len(in.Known.history[in.Subscription]) > 0 {
		return in.Known.history[in.Subscription], nil
	}
	return selectHistory(tx, in.Subscription)
}

func (s *Ratings) chargesOf(tx *store.Tx, in *EstimateInput, since time.Time) ([]Charge, error) {
	if in.Known != nil {
		if _, ok := in.Known.contracts[in.Subscription]; ok {
			return in.Known.charges[in.Subscription], nil
		}
	}
	return store.All(tx, scanCharge, "SELECT "+chargeColumns+" FROM charge WHERE subscription = $1 AND to_at >= $2 ORDER BY to_at, id", in.Subscription, store.At(since))
}

func (s *Ratings) chargedYet(tx *store.Tx, in *EstimateInput, window string) (bool, error) {
	if in.Known != nil {
		return in.Known.charged[window], nil
	}
	return s.Charged(tx, window)
}
