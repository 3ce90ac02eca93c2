package rating

import (
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/trace"
)

// spend tells the limits upstream by how many minor units everything charged has grown.
func (s *Ratings) spend(tx *store.Tx, c *Contract, exact money.Exact, r money.Rounding) error {
	raise, err := c.raise(exact, r)
	if err != nil || raise.IsZero() || s.Spend == nil {
		return err
	}
	return s.Spend(tx, c.Org, raise)
}

// raise adds a charge to all that was charged, and tells by how many minor units that has grown.
func (c *Contract) raise(exact money.Exact, r money.Rounding) (money.Amount, error) {
	total, err := c.exact.Add(exact)
	if err != nil {
		return money.Amount{}, err
	}
	rounded, err := total.Round(r)
	if err != nil {
		return money.Amount{}, err
	}
	delta := rounded.Minor - c.raised
	c.exact, c.raised = total, rounded.Minor
	return money.New(delta, c.Currency), nil
}

func (s *Ratings) record(tx *store.Tx, c Contract, fact RatedFact) error {
	_, err := s.Facts.Record(tx, s.fact(c, fact))
	return err
}

// fact is what is recorded of charges.
func (s *Ratings) fact(c Contract, fact RatedFact) trace.Fact {
	fact.Org, fact.Subscription, fact.Publisher = c.Org, c.Subscription, c.Publisher
	if fact.Charges == nil {
		fact.Charges = []RatedCharge{}
	}
	f := trace.Fact{Type: FactRated, Aggregate: c.Subscription + "/charges", Owner: c.Org, Actor: system, At: s.Now(), Machine: fact}
	if c.Publisher != "" {
		f.Parties = []string{c.Publisher}
	}
	return f
}
