package party

import (
	"context"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
)

// Entities lists the legal entities of an organisation, oldest first, for those who see it.
func (s *Parties) Entities(ctx context.Context, c access.Caller, org string) (list []Entity, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.OrgRead, org); err != nil {
			return err
		}
		list, err = store.All(tx, scanEntity, "SELECT "+entityColumns+" FROM legal_entity WHERE org = $1 ORDER BY id", org)
		return err
	})
	return list, err
}

func scanEntity(row store.Scanner) (e Entity, err error) {
	err = row.Scan(&e.ID, &e.Org, &e.Name, &e.Country, &e.ControlledFrom, &e.VATID, &e.Registration, &e.Address, &e.Rounding, &e.Version)
	return e, err
}
