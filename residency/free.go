package residency

import (
	"context"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
)

// Free is the free units of every region, for the operator's staff (residency.facts.write).
func (s *Residency) Free(ctx context.Context, c access.Caller) (free map[string]int64, err error) {
	if err := s.Policy.Check(c, access.ResidencyFactsSet, s.operator()); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		free, err = s.Capacity(tx)
		return err
	})
	return free, err
}
