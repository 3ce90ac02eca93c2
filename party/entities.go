package party

import (
	"context"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
)

// Entities lists the legal entities of an organisation, oldest first, for those who see it. Whom to ask about a bill is a
// person: from outside it is not shown.
func (s *Parties) Entities(ctx context.Context, c access.Caller, org string) (list []Entity, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.OrgRead, org)
		if err != nil {
			return err
		}
		rows, err := store.All(tx, scanEntity, "SELECT "+entityColumns+" FROM legal_entity WHERE org = $1 ORDER BY id", org)
		if err != nil {
			return err
		}
		list = nil
		for _, row := range rows {
			e, err := s.openDetails(ctx, row)
			if err != nil {
				return err
			}
			if c.Outside(o.Path) {
				e.Details.Contact = BillingContact{}
			}
			list = append(list, e)
		}
		return nil
	})
	return list, err
}

func scanEntity(row store.Scanner) (e entityRow, err error) {
	err = row.Scan(&e.ID, &e.Org, &e.Name, &e.Country, &e.ControlledFrom, &e.VATID, &e.Registration, &e.Address, &e.Rounding, &e.sealed, &e.Version)
	return e, err
}
