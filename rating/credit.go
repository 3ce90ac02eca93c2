package rating

import (
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
)

// credit charges what a price owes back, once, when it comes into force.
func (s *Ratings) credit(tx *store.Tx, subscription string, v *price.Version, hash, fact string, from time.Time) error {
	for _, part := range v.Components {
		if part.Kind != price.Credit {
			continue
		}
		c, err := selectContract(tx, subscription)
		if err != nil {
			return err
		}
		owed := Charge{Component: part.Key, Price: hash, Fact: fact, At: price.Interval{From: from, To: from}, Quantity: 1}
		if err := s.charge(tx, &c, v, []Charge{owed}, RatedFact{}); err != nil {
			return err
		}
	}
	return nil
}
