// Package licence keeps by what right a customer uses software: licences that a plan grants, licences that the customer
// brings, seats that belong to people, and seats that are taken and given back.
//
// Owns: pools (what one subscription may use), licences and their evidence, named seats, leases of seats, how often a seat
// was refused.
// Does not own: the terms of a plan (catalog), the life of the subscription (subscription), usage and its amounts (meter,
// rating), invoices.
// Reads: offer versions of catalog; items of order; organisations of party; facts subscription.activated, .plan_changed,
// .suspended, .resumed, .cancelled, .ended.
// Writes: licence_pool, licence, licence_seat, licence_lease, licence_month; facts licence.*; mails; the command
// subscription.Agree.
//
// # Rules
//
//   - A seat is taken for a time (lease) and is free when the time is over, without anybody sweeping. Instants are whole
//     seconds, so that what is charged by the second follows the leases exactly.
//   - No more seats are in use at one instant than the pool has: taking one is a conditional update of one row.
//   - A holder takes one seat a device: taking it again keeps the lease. A named seat serves its person on every device.
//   - A seat taken offline (borrowed) is in use until its end, and only its device can give it back sooner.
//   - What an own licence makes needless is not charged from the instant at which the publisher accepted it to its end.
//     Nothing ends before the customer was told for a day: a notice that came late moves the end.
//   - While a service stands still no seat is in use. When its plan changes, it ends or is cancelled, all seats are free.
package licence

import (
	"embed"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

//go:embed migrations/*.sql
var files embed.FS

//go:embed mails/*.txt
var mailTexts embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "licence", Files: files} }

// State is where a licence stands.
type State string

// The states of a licence.
const (
	Declared State = "declared" // brought by the customer, and the publisher has not checked it
	Valid    State = "valid"
	Refused  State = "refused"
	Expired  State = "expired"
	Ended    State = "ended" // taken back, or its service ended
)

// Command moves a licence.
type Command string

// The commands.
const (
	CommandDeclare  Command = "declare"
	CommandGrant    Command = "grant"
	CommandAccept   Command = "accept"
	CommandRefuse   Command = "refuse"
	CommandWithdraw Command = "withdraw"
	CommandExpire   Command = "expire"
	CommandRenew    Command = "renew"
	CommandEnd      Command = "end"
)

// Transition is one row of the table.
type Transition struct {
	From    State // "" for none yet
	Command Command
	Guard   string // in words; the use case checks it
	To      State
	Fact    string
}

// Transitions is the closed table of a licence.
func Transitions() []Transition {
	return []Transition{
		{"", CommandGrant, "the plan grants it", Valid, FactGranted},
		{"", CommandDeclare, "the plan takes own licences, and this one covers its seats", Declared, FactDeclared},
		{Declared, CommandAccept, "by the publisher", Valid, FactAccepted},
		{Declared, CommandRefuse, "by the publisher, with a reason", Refused, FactRefused},
		{Declared, CommandWithdraw, "by the customer", Ended, FactEnded},
		{Declared, CommandEnd, "its service ended or has another plan", Ended, FactEnded},
		{Valid, CommandExpire, "its end is past, and the customer was told for a day", Expired, FactExpired},
		{Valid, CommandRenew, "of kind term", Valid, FactRenewed},
		{Valid, CommandWithdraw, "an own one, by the customer", Ended, FactEnded},
		{Valid, CommandEnd, "its service ended or has another plan", Ended, FactEnded},
		{Expired, CommandRenew, "of kind term", Valid, FactRenewed},
	}
}

// move takes the row of the table.
func (l *Licence) move(c Command) (Transition, error) {
	for _, t := range Transitions() {
		if t.From == l.State && t.Command == c {
			l.State = t.To
			return t, nil
		}
	}
	return Transition{}, fail.New(fail.Conflict, "licence.state", fmt.Sprintf("A licence that is %s cannot take %s.", l.State, c), "Look at the licence again; it has moved on.").
		With("state", string(l.State)).With("command", string(c))
}

// Licence is one right to use: granted by the plan or brought by the customer.
type Licence struct {
	ID           string
	Subscription string
	Kind         catalog.LicenceKind // byol for one that the customer brought
	State        State
	Reference    string
	Seats        int64 // 0: any number
	From         time.Time
	To           time.Time // zero: as long as the service
	Number       string    // of an own one; "" for those who may not see it
	Twice        bool      // another customer declared the same number; for the publisher
	Document     string    // SHA-256 of the evidence, hex; "" for none
	DeclaredBy   string    // access.Caller.Ref of who attests it
	DecidedBy    string
	Note         string // why it was refused
	Told         int    // days before the end that were announced last; 0 for none
	ToldAt       time.Time
	CreatedAt    time.Time
	ChangedAt    time.Time
	ETag         int64

	sealed, mac []byte
}

// notice is how long the customer must have known before something ends.
const notice = 24 * time.Hour

// Ends is when it ends: at its date, but never before the customer was told for a day. Zero: not yet known, or never.
func (l Licence) Ends() time.Time {
	if l.To.IsZero() || l.ToldAt.IsZero() {
		return time.Time{}
	}
	if soonest := l.ToldAt.Add(notice); soonest.After(l.To) {
		return soonest
	}
	return l.To
}

// PoolState is where a pool stands.
type PoolState string

// The states of a pool.
const (
	PoolOpen   PoolState = "open"
	PoolHalted PoolState = "halted" // the service stands still
	PoolClosed PoolState = "closed" // the service ends, or its plan has no licence
)

// PoolTransition is one row of the table of a pool.
type PoolTransition struct {
	From, To PoolState
	Fact     string
}

// PoolTransitions is the closed table of a pool; it follows its subscription.
func PoolTransitions() []PoolTransition {
	return []PoolTransition{
		{"", PoolOpen, FactOpened}, {PoolOpen, PoolHalted, FactHalted}, {PoolHalted, PoolOpen, FactContinued},
		{PoolOpen, PoolClosed, FactClosed}, {PoolHalted, PoolClosed, FactClosed}, {PoolClosed, PoolOpen, FactOpened},
	}
}

// Terms are those of the plan, with how the meter counts that seats are reported to.
type Terms struct {
	catalog.Licence
	Unit        string            `json:"unit,omitempty"`
	Aggregation proof.Aggregation `json:"aggregation,omitempty"`
	TermMonths  int               `json:"termMonths,omitempty"` // of the plan's contract
}

// Unlimited is the capacity of a pool without a bound.
const Unlimited int64 = -1

// Pool is what one subscription may use.
type Pool struct {
	Subscription string
	Org          string
	Path         string
	Publisher    string
	Name         string // of the offer and plan
	Plan         string
	Zone         string // IANA name
	Terms        Terms
	State        PoolState
	Capacity     int64     // seats at once; Unlimited for no bound
	Until        time.Time // no seat is taken beyond it; zero for no end known
	StartedAt    time.Time // of the plan
	SettledAt    time.Time // use is reported up to here
	ETag         int64

	item string // of the order that agreed the plan
}

// Seat is a named seat.
type Seat struct {
	No     int64
	Person string // "" when it was taken back
	Since  time.Time
	Free   time.Time // when it may go to another person
	was    string
}

// Lease is a seat in use.
type Lease struct {
	ID           string
	Subscription string
	Holder       string // who, as the software knows them: never a name or an address
	Device       string // opaque id
	Hours        int    // taken offline for so many; 0: it must be renewed before its end
	From         time.Time
	Until        time.Time // free from here
	key          string
}

// Active tells whether the seat is in use at an instant.
func (l Lease) Active(at time.Time) bool { return !at.Before(l.From) && at.Before(l.Until) }

// Month is how seats went in a civil month.
type Month struct {
	Month    string // 2026-11
	Taken    int64
	Refused  int64
	Peak     int64 // in use at once
	Capacity int64 // when the peak was reached
}
