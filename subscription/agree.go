package subscription

import (
	"encoding/hex"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/price"
)

// Agree gives a subscription another price list from an instant on, in the caller's transaction: the plan stays, what is
// paid for it changes because what it was agreed to depend on did, such as a licence of the customer's own. The same list
// again changes nothing, nor does anything once it has ended.
func (u *Subscriptions) Agree(tx *store.Tx, actor, id string, v *price.Version, at time.Time) error {
	s, err := selectOne(tx, id)
	if err != nil || s.State.Final() || s.ActivatedAt.IsZero() {
		return err
	}
	text, err := v.Canonical()
	if err != nil {
		return err
	}
	sum, err := v.Hash()
	if err != nil {
		return err
	}
	d := &s.Deal
	if d.PriceHash == hex.EncodeToString(sum[:]) {
		return nil
	}
	if d.Recurring, err = order.Recurring(v); err != nil {
		return err
	}
	d.Price, d.PriceVersion, d.PriceHash = text, v.ID, hex.EncodeToString(sum[:])
	if err := update(tx, &s); err != nil {
		return err
	}
	if err := openPrice(tx, s, at); err != nil {
		return err
	}
	return u.record(tx, actor, FactPlanChanged, s, s.changedFact(at))
}

// changedFact says what is agreed from an instant on. No order asked for it.
func (s Subscription) changedFact(at time.Time) PlanChangedFact {
	d := s.Deal
	return PlanChangedFact{Subscription: s.ID, Org: s.Org, Publisher: d.Publisher,
		OfferVersion: d.OfferVersion, Name: d.Name, Plan: d.Plan, PlanName: d.PlanName, Price: d.Price, PriceVersion: d.PriceVersion, PriceHash: d.PriceHash,
		NewPrice: true, Meters: d.Meters, Entitlements: d.Entitlements, At: stamp(at)}
}
