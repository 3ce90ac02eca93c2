package copies

import (
	"context"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/residency"
)

// Group is the copies of one organisation that are judged alike: one offer version, class of data and region.
type Group struct {
	Org, Path, Publisher string
	Region               string
	OfferVersion         string
	Class, Market        string
	Copies               int64
}

// Groups are all copies that ought to lie somewhere, in groups, for packages downstream. Copies that nobody registered are
// incidents of their own; the platform's own data is judged by no customer's policy.
func (s *Register) Groups(tx *store.Tx) (list []Group, err error) {
	return list, tx.Each(func(row store.Scanner) error {
		var g Group
		err := row.Scan(&g.Org, &g.Path, &g.Publisher, &g.Region, &g.OfferVersion, &g.Class, &g.Market, &g.Copies)
		list = append(list, g)
		return err
	}, `SELECT org, org_path, publisher, region, offer_version, class, market, count(*) FROM copy WHERE state IN ($1, $2, $3) AND kind <> $4 AND offer_version <> ''
		GROUP BY org, org_path, publisher, region, offer_version, class, market`, StateExpected, StatePresent, StateMissing, provision.CopyTechnical)
}

// ChainIn is what an offer version brings into a placement, for packages downstream.
func (s *Register) ChainIn(tx *store.Tx, version string) (residency.Chain, error) {
	return s.chain(tx, version)
}

// Of gives the copies of a group, at most 1,000 (copy.read).
func (s *Register) Of(ctx context.Context, c access.Caller, g Group) (list []Placed, err error) {
	if err := s.Policy.Check(c, access.CopyRead, access.Resource{Type: "copies", Org: g.Org, Path: g.Path}); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		found, err := store.All(tx, scanCopy, "SELECT "+copyColumns+` FROM copy WHERE org = $1 AND region = $2 AND offer_version = $3 AND class = $4 AND state IN ($5, $6, $7)
			ORDER BY id LIMIT 1000`, g.Org, g.Region, g.OfferVersion, g.Class, StateExpected, StatePresent, StateMissing)
		if err != nil {
			return err
		}
		list, err = s.placed(tx, found)
		return err
	})
	return list, err
}
