package budget

import (
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/trace"
)

// The facts of a budget; the aggregate is the budget.
const (
	FactSet     = "budget.set.v1"     // Fact
	FactReached = "budget.reached.v1" // Fact with Percent
	FactCapped  = "budget.capped.v1"  // Fact with Services that stand still from now on
	FactStopped = "budget.stopped.v1" // Fact with Services that began while the cap was there, and stand still from now on
	FactLifted  = "budget.lifted.v1"  // Fact with Services that go on
	FactRemoved = "budget.removed.v1" // Fact with Services that go on
	FactUnusual = "budget.unusual.v1" // Fact with Day and Usual: the day cost far more than usual
)

// Fact is the payload of the facts of a budget.
type Fact struct {
	Budget     string       `json:"budget"`
	Org        string       `json:"org"`
	Service    string       `json:"service,omitempty"`
	Tag        string       `json:"tagDigest,omitempty"` // SHA-256 of the tag, hex: what tags say stays out of facts
	Amount     money.Amount `json:"amount"`
	Action     Action       `json:"action"`
	Thresholds []int        `json:"thresholds,omitempty"` // of budget.set
	Period     string       `json:"period"`               // "2026-11"
	Used       money.Amount `json:"used"`
	Reserved   money.Amount `json:"reserved"`
	Percent    int          `json:"percent,omitempty"` // the threshold
	Services   []string     `json:"services,omitempty"`
	Day        string       `json:"day,omitempty"`
	Usual      money.Amount `json:"usual,omitzero"`
	Cost       money.Amount `json:"cost,omitzero"` // of the day
}

func (b Budget) fact() Fact {
	return Fact{Budget: b.ID, Org: b.Org, Service: b.Service, Tag: b.tagDigest(), Amount: b.Amount, Action: b.Action, Period: b.Period, Used: b.Used, Reserved: b.Reserved}
}

// record writes a fact that concerns the house.
func (s *Budgets) record(tx *store.Tx, actor, kind string, b Budget, f Fact) error {
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: b.ID, Owner: b.Org, Parties: order.House(b.Path), Actor: actor, At: s.Now(), Machine: f})
	return err
}
