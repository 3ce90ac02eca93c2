package order

import (
	"encoding/json"

	"github.com/halle-cloud/halle/internal/store"
)

// RequestersIn tells who placed orders (access.Caller.Ref), to another package inside its transaction. It does not authorise.
func (s *Orders) RequestersIn(tx *store.Tx, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for places, args := range store.In(ids) {
		err := tx.Each(func(row store.Scanner) error {
			var id, requester string
			var doc []byte
			if err := row.Scan(&id, &requester, &doc); err != nil {
				return err
			}
			if requester == "" { // written before the column was
				var o struct{ Requester string }
				if err := json.Unmarshal(doc, &o); err != nil {
					return err
				}
				requester = o.Requester
			}
			out[id] = requester
			return nil
		}, "SELECT id, requester, CASE WHEN requester = '' THEN doc END FROM customer_order WHERE id IN "+places, args...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
