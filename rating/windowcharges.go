package rating

import "github.com/halle-cloud/halle/internal/store"

// ChargesOf gives the charges that a window made for a subscription, those that were billed with their invoice, to another
// package inside its transaction. It does not authorise.
func (s *Ratings) ChargesOf(tx *store.Tx, subscription, window string) ([]Charge, error) {
	return store.All(tx, scanCharge, "SELECT "+chargeColumns+" FROM charge WHERE subscription = $1 AND source = $2 ORDER BY id", subscription, window)
}
