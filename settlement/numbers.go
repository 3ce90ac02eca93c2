package settlement

import "github.com/halle-cloud/halle/internal/store"

// NumbersIn gives the numbers of revenue statements by their identifiers; what is none is left out. For packages of
// settlement in their transaction; it does not authorise.
func (s *Settlements) NumbersIn(tx *store.Tx, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for places, args := range store.In(ids) {
		err := tx.Each(func(row store.Scanner) error {
			var id, number string
			err := row.Scan(&id, &number)
			out[id] = number
			return err
		}, "SELECT id, number FROM settlement_statement WHERE id IN "+places, args...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
