package licence

import (
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/trace"
)

// The facts of licences. Those of pools have the subscription as their aggregate, those of leases the lease.
const (
	FactOpened    = "licence.opened.v1"    // PoolFact
	FactHalted    = "licence.halted.v1"    // PoolFact
	FactContinued = "licence.continued.v1" // PoolFact
	FactClosed    = "licence.closed.v1"    // PoolFact

	FactGranted  = "licence.granted.v1"  // Fact
	FactDeclared = "licence.declared.v1" // Fact
	FactAccepted = "licence.accepted.v1" // Fact
	FactRefused  = "licence.refused.v1"  // Fact
	FactTold     = "licence.told.v1"     // Fact with Days
	FactExpired  = "licence.expired.v1"  // Fact
	FactRenewed  = "licence.renewed.v1"  // Fact
	FactEnded    = "licence.ended.v1"    // Fact

	FactAssigned = "licence.seat_assigned.v1" // SeatFact
	FactReleased = "licence.seat_released.v1" // SeatFact
	FactTaken    = "licence.taken.v1"         // LeaseFact; that it is renewed is no fact
	FactReturned = "licence.returned.v1"      // LeaseFact
	FactUsed     = "licence.used.v1"          // UsedFact
	FactCredited = "licence.credited.v1"      // CreditedFact
)

// PoolFact is the payload of the facts of a pool.
type PoolFact struct {
	Subscription string              `json:"subscription"`
	Org          string              `json:"org"`
	Publisher    string              `json:"publisher"`
	Plan         string              `json:"plan"`
	Kind         catalog.LicenceKind `json:"kind"`
	Seats        int64               `json:"seats"`
	State        PoolState           `json:"state"`
	At           string              `json:"at"`
}

// Fact is the payload of the facts of a licence. The number of an own one is not in it.
type Fact struct {
	Licence      string              `json:"licence"`
	Subscription string              `json:"subscription"`
	Org          string              `json:"org"`
	Publisher    string              `json:"publisher"`
	Kind         catalog.LicenceKind `json:"kind"`
	State        State               `json:"state"`
	Seats        int64               `json:"seats"`
	From         string              `json:"from"`
	To           string              `json:"to,omitempty"`
	Ends         string              `json:"ends,omitempty"`     // when it ends, as far as the customer was told
	Document     string              `json:"document,omitempty"` // SHA-256, hex
	Days         int                 `json:"days,omitempty"`
}

// SeatFact is the payload of the facts of a named seat.
type SeatFact struct {
	Subscription string `json:"subscription"`
	Org          string `json:"org"`
	Seat         int64  `json:"seat"`
	Person       string `json:"person"`
	At           string `json:"at"`
}

// LeaseFact is the payload of the facts of a lease.
type LeaseFact struct {
	Lease        string `json:"lease"`
	Subscription string `json:"subscription"`
	Org          string `json:"org"`
	Hours        int    `json:"hours,omitempty"`
	From         string `json:"from"`
	Until        string `json:"until"`
}

// UsedFact is the payload of licence.used.v1: seats in use between two instants, as the plan's meter counts them. Nothing
// more comes of the time before To.
type UsedFact struct {
	Subscription string `json:"subscription"`
	Org          string `json:"org"`
	Publisher    string `json:"publisher"`
	Meter        string `json:"meter"`
	Unit         string `json:"unit"`
	From         string `json:"from"`
	To           string `json:"to"`
	Uses         []Use  `json:"uses,omitempty"`
}

// Use is one event of usage: an amount, or an item for a meter of different items.
type Use struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Value int64  `json:"value,omitempty"`
	Item  string `json:"item,omitempty"`
}

// CreditedFact is the payload of licence.credited.v1: what is owed back because a term ended early.
type CreditedFact struct {
	Subscription string          `json:"subscription"`
	Org          string          `json:"org"`
	Publisher    string          `json:"publisher"`
	Plan         string          `json:"plan"` // that ended
	Paid         money.UnitPrice `json:"paid"`
	Credit       money.UnitPrice `json:"credit"`
	Percent      int             `json:"percent"`
	Unused       int64           `json:"unused"` // seconds
	Term         int64           `json:"term"`   // seconds
	At           string          `json:"at"`
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func self() string { return access.System("licence").Ref() }

func (l Licence) fact(p Pool) Fact {
	return Fact{Licence: l.ID, Subscription: l.Subscription, Org: p.Org, Publisher: p.Publisher, Kind: l.Kind, State: l.State, Seats: l.Seats,
		From: stamp(l.From), To: stamp(l.To), Ends: stamp(l.Ends()), Document: l.Document}
}

func (p Pool) fact(at time.Time) PoolFact {
	return PoolFact{Subscription: p.Subscription, Org: p.Org, Publisher: p.Publisher, Plan: p.Plan, Kind: p.Terms.Kind, Seats: p.Terms.Seats, State: p.State, At: stamp(at)}
}

// record writes a fact that concerns the customer, everyone above it, and the publisher.
func (s *Licences) record(tx *store.Tx, actor, kind, aggregate string, p Pool, payload any) error {
	return s.write(tx, actor, kind, aggregate, p, append(strings.Split(strings.Trim(p.Path, "/"), "/"), p.Publisher), payload)
}

// inside writes a fact about people and devices, which concerns the house alone.
func (s *Licences) inside(tx *store.Tx, actor, kind, aggregate string, p Pool, payload any) error {
	return s.write(tx, actor, kind, aggregate, p, order.House(p.Path), payload)
}

func (s *Licences) write(tx *store.Tx, actor, kind, aggregate string, p Pool, parties []string, payload any) error {
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: aggregate, Owner: p.Org, Parties: parties, Actor: actor, At: s.Now(), Machine: payload})
	return err
}
