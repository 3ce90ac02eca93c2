package placement

import (
	"encoding/json"
	"errors"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/residency"
)

// Held is by what a subscription's place was decided: whatever else of its data lies somewhere is judged by the same.
type Held struct {
	Subscription, Region, Decision string
	Org, Path, Publisher, Market   string
	OfferVersion, Plan, Class      string
}

// HeldBy gives it for a subscription, inside a transaction and without authorisation of its own; the newest where it holds
// two regions, as while it moves. Of kind fail.NotFound when it holds none.
func (s *Placements) HeldBy(tx *store.Tx, subscription string) (h Held, err error) {
	var request []byte
	err = tx.QueryRow(`SELECT h.subscription, h.region, d.id, d.org, d.org_path, d.publisher, d.request FROM placement_hold h
		JOIN placement_decision d ON d.id = h.decision WHERE h.subscription = $1 ORDER BY d.id DESC LIMIT 1`, subscription).
		Scan(&h.Subscription, &h.Region, &h.Decision, &h.Org, &h.Path, &h.Publisher, &request)
	if errors.Is(err, store.ErrNone) {
		return h, fail.Missing("placement of", subscription)
	}
	if err != nil {
		return h, err
	}
	var r Request
	if err := json.Unmarshal(request, &r); err != nil {
		return h, err
	}
	h.Market, h.OfferVersion, h.Plan, h.Class = r.Market, r.OfferVersion, r.Plan, r.Class
	return h, nil
}

// TargetOf is the region as a driver is told of it.
func TargetOf(r residency.Region) (Target, error) { return target(r) }
