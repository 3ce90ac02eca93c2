package subscription

import (
	"encoding/json"

	"github.com/halle-cloud/halle/internal/store"
)

// Where is where a subscription runs, and by which order it came.
type Where struct{ Region, Order string }

// WhereIn tells it of many subscriptions, to another package inside its transaction. It does not authorise.
func (s *Subscriptions) WhereIn(tx *store.Tx, ids []string) (map[string]Where, error) {
	out := map[string]Where{}
	for places, args := range store.In(ids) {
		err := tx.Each(func(row store.Scanner) error {
			var id string
			var w Where
			var text []byte
			if err := row.Scan(&id, &w.Region, &w.Order, &text); err != nil {
				return err
			}
			if w.Order == "" { // written before the column was
				var deal struct{ Order string }
				if err := json.Unmarshal(text, &deal); err != nil {
					return err
				}
				w.Order = deal.Order
			}
			out[id] = w
			return nil
		}, "SELECT id, region, order_id, CASE WHEN order_id = '' THEN deal END FROM subscription WHERE id IN "+places, args...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
