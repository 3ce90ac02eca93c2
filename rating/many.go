package rating

import "github.com/halle-cloud/halle/internal/store"

// ContractsOf gives the contracts of subscriptions, by their identifiers, to another package inside its transaction; one
// that is not there is left out. It does not authorise.
func (s *Ratings) ContractsOf(tx *store.Tx, subscriptions []string) (map[string]Contract, error) {
	out := map[string]Contract{}
	for places, args := range store.In(subscriptions) {
		list, err := store.All(tx, scanContract, "SELECT "+contractColumns+" FROM rating_contract WHERE subscription IN "+places, args...)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			out[c.Subscription] = c
		}
	}
	return out, nil
}
