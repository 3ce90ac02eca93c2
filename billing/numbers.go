package billing

import (
	"github.com/halle-cloud/halle/internal/store"
)

// NumbersIn gives the numbers of issued documents by their identifiers, and of payments that of the invoice they are for;
// what is neither is left out. For packages downstream in their transaction; it does not authorise.
func (s *Invoices) NumbersIn(tx *store.Tx, ids []string) (map[string]string, error) {
	out := map[string]string{}
	take := func(row store.Scanner) error {
		var id, number string
		err := row.Scan(&id, &number)
		out[id] = number
		return err
	}
	for places, args := range store.In(ids) {
		if err := tx.Each(take, "SELECT id, number FROM invoice WHERE id IN "+places, args...); err != nil {
			return nil, err
		}
		if err := tx.Each(take, "SELECT p.id, i.number FROM payment p JOIN invoice i ON i.id = p.invoice WHERE p.id IN "+places, args...); err != nil {
			return nil, err
		}
	}
	return out, nil
}
