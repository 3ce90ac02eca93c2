package order

import "github.com/halle-cloud/halle/internal/store"

// RequestersIn tells who placed orders (access.Caller.Ref), to another package inside its transaction. It does not authorise.
func (s *Orders) RequestersIn(tx *store.Tx, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for places, args := range store.In(ids) {
		list, err := store.All(tx, scanOrder, "SELECT "+orderColumns+" FROM customer_order WHERE id IN "+places, args...)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			out[o.ID] = o.Requester
		}
	}
	return out, nil
}
