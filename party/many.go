package party

import "github.com/halle-cloud/halle/internal/store"

// Where a transaction that keeps what it read has organisations and legal entities.
const (
	orgKey    = "party.organisation "
	entityKey = "party.entity "
)

// Lookups is Lookup of many organisations, by their identifiers; one that is not there is left out. A transaction that keeps
// what it reads has them for Lookup.
func (s *Parties) Lookups(tx *store.Tx, orgs []string) (map[string]Organisation, error) {
	out := map[string]Organisation{}
	for places, args := range store.In(orgs) {
		rows, err := store.All(tx, scanOrg, "SELECT "+orgColumns+" FROM organisation WHERE id IN "+places, args...)
		if err != nil {
			return nil, err
		}
		for _, o := range rows {
			if err := s.openName(tx.Context(), &o); err != nil {
				return nil, err
			}
			out[o.ID] = o.Organisation
			tx.Keep(orgKey+o.ID, o.Organisation)
		}
	}
	return out, nil
}
