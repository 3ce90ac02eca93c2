// Package copies keeps the register of every copy of data: what it is, whose, of which class, where it lies, under whose
// hand, and how well that is known; and holds it against what the engines really have.
//
// Each region's engine is asked at every cycle which copies it has (provision.Lister). One that nobody registered, and one
// that is registered and not there, is an incident: a fact, and a mail to the customer and the operator. A copy is a
// placement: a backup is judged by the same rules, policy and chain as the service it was made of (SecNumCloud 3.2,
// 12.5.d), before it is registered and whenever it is looked at.
//
// Owns: the register, incidents, when each engine was asked.
// Does not own: where the resource itself goes (placement), rules and policies (residency), what runs (provision), what
// follows when a place is no longer allowed (copies/drift).
// Reads: resource.ready.v1, resource.changed.v1, resource.deleted.v1; facts and policies of residency, offer versions of
// catalog, holds of placement, resources of provision.
// Writes: copy, copy_incident, copy_look; facts copy.*.
package copies

import (
	"embed"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/residency"
)

//go:embed migrations/*.sql
var files embed.FS

//go:embed mails
var mailTexts embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "copies", Files: files} }

// State is where a copy stands between the register and the engine.
type State string

// The states. Gone is final.
const (
	StateExpected     State = "expected"     // registered, not yet seen
	StatePresent      State = "present"      // registered, and the engine lists it
	StateMissing      State = "missing"      // registered, and the engine does not list it
	StateUnregistered State = "unregistered" // the engine lists it, and nobody registered it
	StateLeaving      State = "leaving"      // to be removed: the engine may still list it for a while
	StateGone         State = "gone"
)

// Patience is how long an engine may take to show what was registered, and to hide what was removed.
const Patience = 5 * time.Minute

// Copy is one copy of data.
type Copy struct {
	ID           string
	Org          string // whose data; the operator for the platform's own
	Path         string
	Publisher    string
	Subscription string // "" for the platform's own
	Resource     string
	OfferVersion string
	Class        string // of the data
	Market       string
	Kind         provision.CopyKind
	Name         string // what it is, of the platform's own: "database"
	Region       string // key; "" where Country says the place
	Driver       string
	Object       string // the engine's own name; "" until it was seen
	Country      string // ISO 3166-1 alpha-2, where it lies in no region
	City         string
	Keeper       string // who has it in hand, where it lies in no region
	Part         bool   // came with the resource and goes with it
	State        State
	Bytes        int64
	Actor        string // who registered it
	MadeAt       time.Time
	FirstAt      time.Time // in the register
	ChangedAt    time.Time // of State
}

// Lies tells whether there is data: it is, or ought to be, somewhere.
func (c Copy) Lies() bool { return c.State != StateGone }

// Incident is a copy that is there and should not be, or should be and is not.
type Incident struct {
	ID       string
	Copy     string
	Org      string
	Path     string
	Kind     State // unregistered or missing
	OpenedAt time.Time
	ClosedAt time.Time // zero while it is open
	How      How       // it ended
	Actor    string
	Note     string
}

// How says how an incident ended.
type How string

// The ends.
const (
	HowVanished How = "vanished" // what nobody registered is no longer there
	HowFound    How = "found"    // what was missing is there again
	HowAdopted  How = "adopted"  // it was registered after all
	HowRetired  How = "retired"  // it need not be there any more
)

// Look is when an engine was last asked.
type Look struct {
	Region   string
	Driver   string
	Complete bool // the engine lists every copy; otherwise only the resources themselves are seen
	Found    int64
	At       time.Time // of the last answer; zero for none yet
	FailedAt time.Time // since when it does not answer; zero when it does
	Failure  string
}

// The facts of this package. Their payload is Fact.
const (
	FactRegistered   = "copy.registered.v1"
	FactUnregistered = "copy.unregistered.v1" // an incident
	FactMissing      = "copy.missing.v1"      // an incident
	FactSettled      = "copy.settled.v1"      // an incident is over
	FactRetired      = "copy.retired.v1"
)

// Fact says what became of a copy.
type Fact struct {
	Copy         string             `json:"copy"`
	Org          string             `json:"org"`
	Subscription string             `json:"subscription,omitempty"`
	Resource     string             `json:"resource,omitempty"`
	Kind         provision.CopyKind `json:"kind"`
	Class        string             `json:"class"`
	Region       string             `json:"region,omitempty"`
	Country      string             `json:"country,omitempty"`
	Object       string             `json:"object,omitempty"`
	Incident     string             `json:"incident,omitempty"`
	How          How                `json:"how,omitempty"`
}

// evidence is how well the place of a copy is known: what the facts say of the region, and that its engine lists it
// there.
func evidence(c Copy, region residency.Evidence, l Look) residency.Evidence {
	levels := residency.Levels()
	if c.Region == "" || !slices.Contains(levels, region) {
		region = residency.EvidenceDeclared
	}
	listed := l.FailedAt.IsZero() && !l.At.IsZero() && c.Object != "" && (c.State == StatePresent || c.State == StateUnregistered)
	if listed && slices.Index(levels, region) < slices.Index(levels, residency.EvidenceListed) {
		return residency.EvidenceListed
	}
	if c.State == StateMissing || c.State == StateExpected {
		return residency.EvidenceDeclared
	}
	return region
}
