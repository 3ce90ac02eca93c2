// Package drift judges again where data lies already, whenever what was decided from has changed: a cloud changes hands, a
// certificate ends, a support team moves, a policy is tightened.
//
// What is no longer allowed opens a remedy: one for each organisation, region, offer version and class of data, with every
// reason and clause, and a deadline. The customer is told in words. A remedy ends by itself once the fact is put right or
// nothing lies there any more; until then the customer or the operator can accept it for a time, where it is theirs to
// accept, move the service or end it.
//
// Placements that are alike are judged once: those of one offer version and class under policies of the same content, in
// one region. Judging takes memory for the groups, not for the placements.
//
// Owns: remedies and what was decided about them.
// Does not own: the register of copies (copies), rules, policies and facts about clouds (residency), the moving or ending of
// a service (order, subscription).
// Reads: residency.facts_changed.v1, residency.policy_set.v1; groups of copies, policies of residency.
// Writes: remedy, drift_run; facts remedy.*.
package drift

import (
	"embed"
	"time"

	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/residency"
)

//go:embed migrations/*.sql
var files embed.FS

//go:embed mails
var mailTexts embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "drift", Files: files} }

// Grace is how long there is to do something: as long as a provider has to tell of such a change (SecNumCloud 3.2, 19.6.f:
// one month).
const Grace = 30 * 24 * time.Hour

// longestAcceptance is how long a remedy may be accepted for at once.
const longestAcceptance = 366 * 24 * time.Hour

// State is where a remedy stands.
type State string

// The states. Closed is final; what comes back opens another remedy.
const (
	StateOpen     State = "open"
	StateAccepted State = "accepted" // until a day
	StateClosed   State = "closed"
)

// Remedy is a place that is no longer allowed for what lies there.
type Remedy struct {
	ID string
	copies.Group
	Reasons   []residency.Reason // as of the last judgement
	ByOwn     bool               // only the customer's own policy refuses: it may accept
	FactsHash string
	State     State
	OpenedAt  time.Time
	Deadline  time.Time
	Until     time.Time // of an acceptance; zero for none
	Actor     string    // who accepted
	Note      string
	ClosedAt  time.Time
	told      bool
}

// Overdue tells whether the deadline has passed without a decision.
func (r Remedy) Overdue(now time.Time) bool { return r.State == StateOpen && now.After(r.Deadline) }

// Run is one judgement of everything.
type Run struct {
	At       time.Time
	Took     time.Duration
	Copies   int64 // judged
	Distinct int64 // decisions that were computed
	Opened   int64
	Closed   int64
}

// The facts of this package. Their payload is Fact.
const (
	FactOpened   = "remedy.opened.v1"
	FactAccepted = "remedy.accepted.v1"
	FactClosed   = "remedy.closed.v1"
)

// Fact says what became of a remedy.
type Fact struct {
	Remedy       string   `json:"remedy"`
	Org          string   `json:"org"`
	Region       string   `json:"region"`
	OfferVersion string   `json:"offer_version"`
	Class        string   `json:"class"`
	Copies       int64    `json:"copies"`
	Rules        []string `json:"rules,omitempty"`
	Clauses      []string `json:"clauses,omitempty"`
	FactsHash    string   `json:"facts_hash"`
	Deadline     string   `json:"deadline"` // RFC 3339, UTC
	Until        string   `json:"until,omitempty"`
}
