// Package provision makes what was ordered on an existing engine and keeps it as desired: it holds desired against
// observed, calls drivers, and leaves nothing orphaned and nothing unbilled.
//
// It reconciles rather than replays: the desired state stands in a row; a job looks at one resource, takes the next
// step, and records it. Handles are stored before the next poll, so that kill -9 at any moment resumes there.
//
// Owns: resources, operations, intervals of availability; the Driver contract; work orders that a person does.
// Does not own: orders and their items (order), where a resource may live (placement), the commercial life of what was
// bought (subscription), prices.
// Reads: placement.decided.v1, order.cancel_requested.v1.
// Writes: resource, operation, availability, orphan; facts resource.*; commands order.ItemDone, ItemFailed, ItemCancelled.
package provision

import (
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of provision.
func Migrations() store.Migrations { return store.Migrations{Package: "provision", Files: files} }

// Desired is what the commercial side wants of a resource.
type Desired string

// What can be desired.
const (
	DesiredUp        Desired = "up"
	DesiredSuspended Desired = "suspended"
	DesiredAbsent    Desired = "absent"
)

// State is where a resource stands.
type State string

// The states. Failed is a resource that could not be made; Gone one of which nothing is left.
const (
	StateWaiting    State = "waiting"
	StateCreating   State = "creating"
	StateUp         State = "up"
	StateChanging   State = "changing"
	StateSuspending State = "suspending"
	StateSuspended  State = "suspended"
	StateResuming   State = "resuming"
	StateDraining   State = "draining"
	StateDrained    State = "drained"
	StateDeleting   State = "deleting"
	StateFailed     State = "failed"
	StateGone       State = "gone"
)

// Transition is one row of the closed table: from a state, when an operation of the action begins or ends in the phase.
type Transition struct {
	From   State
	Action Action
	Phase  Phase // PhaseRunning for the beginning
	To     State
	Fact   string // recorded with it; "" for none
}

// Transitions is the whole table. What is not in it is an error, never a guess.
func Transitions() []Transition {
	return []Transition{
		{StateWaiting, ActionCreate, PhaseRunning, StateCreating, ""},
		{StateFailed, ActionCreate, PhaseRunning, StateCreating, ""},
		{StateCreating, ActionCreate, PhaseDone, StateUp, FactReady},
		{StateCreating, ActionCreate, PhaseFailed, StateFailed, FactFailed},
		{StateCreating, ActionCreate, PhaseCancelled, StateDrained, ""},
		{StateUp, ActionCreate, PhaseRunning, StateCreating, ""}, // it vanished from the engine: made again
		{StateUp, ActionChange, PhaseRunning, StateChanging, ""},
		{StateChanging, ActionChange, PhaseDone, StateUp, FactChanged},
		{StateChanging, ActionChange, PhaseFailed, StateUp, FactFailed},
		{StateChanging, ActionChange, PhaseCancelled, StateUp, ""},
		{StateUp, ActionSuspend, PhaseRunning, StateSuspending, ""},
		{StateSuspending, ActionSuspend, PhaseDone, StateSuspended, FactSuspended},
		{StateSuspending, ActionSuspend, PhaseFailed, StateUp, FactFailed},
		{StateSuspending, ActionSuspend, PhaseCancelled, StateUp, ""},
		{StateSuspended, ActionResume, PhaseRunning, StateResuming, ""},
		{StateResuming, ActionResume, PhaseDone, StateUp, FactResumed},
		{StateResuming, ActionResume, PhaseFailed, StateSuspended, FactFailed},
		{StateResuming, ActionResume, PhaseCancelled, StateSuspended, ""},
		{StateUp, ActionDrain, PhaseRunning, StateDraining, ""},
		{StateSuspended, ActionDrain, PhaseRunning, StateDraining, ""},
		{StateDraining, ActionDrain, PhaseDone, StateDrained, FactDrained},
		{StateDraining, ActionDrain, PhaseFailed, StateDrained, FactDrained},
		{StateDraining, ActionDrain, PhaseCancelled, StateDrained, FactDrained},
		{StateWaiting, ActionDelete, PhaseRunning, StateDeleting, ""},
		{StateDrained, ActionDelete, PhaseRunning, StateDeleting, ""},
		{StateFailed, ActionDelete, PhaseRunning, StateDeleting, ""},
		{StateDeleting, ActionDelete, PhaseDone, StateGone, FactDeleted},
	}
}

// next finds the row.
func next(from State, action Action, phase Phase) (Transition, error) {
	for _, t := range Transitions() {
		if t.From == from && t.Action == action && t.Phase == phase {
			return t, nil
		}
	}
	return Transition{}, fmt.Errorf("resource: no transition from %s by %s %s", from, action, phase)
}

// Resource is what a customer has on an engine.
type Resource struct {
	ID           string
	Org          string
	Path         string
	Publisher    string
	Subscription string
	Order        string
	Item         string // the order item that the current desired state answers
	Cancels      string // the item whose cancellation was asked while it was being made
	OfferVersion string
	Plan         string
	Kind         string
	Driver       string
	Target       Target
	Region       string
	Desired      Desired
	Spec         json.RawMessage
	Generation   int64 // of Spec
	Applied      int64 // the generation that the engine has
	State        State
	DeleteOwed   bool
	Outputs      map[string]string
	Condition    Condition
	Since        time.Time
	CreatedAt    time.Time
	sealed       []byte
	decision     string // that it was made for; only written
	token        string // id of the token with which it reports usage
}

// action tells what must be done next, "" for nothing. The order of the cases is the order of urgency.
func (r Resource) action() Action {
	switch {
	case r.State == StateGone:
		return ""
	case r.Desired == DesiredAbsent || r.DeleteOwed:
		return r.towardsAbsent()
	case r.State == StateWaiting:
		return ActionCreate
	case r.State == StateUp && r.Desired == DesiredSuspended:
		return ActionSuspend
	case r.State == StateSuspended && r.Desired == DesiredUp:
		return ActionResume
	case r.State == StateUp && r.Applied < r.Generation:
		return ActionChange
	}
	return ""
}

func (r Resource) towardsAbsent() Action {
	switch r.State {
	case StateUp, StateSuspended:
		return ActionDrain
	case StateWaiting, StateDrained, StateFailed:
		return ActionDelete
	}
	return ""
}

// Run is one operation as the broker keeps it.
type Run struct {
	ID         string
	Resource   string
	Action     Action
	Item       string
	Generation int64
	Spec       json.RawMessage
	Phase      Phase
	Begun      bool // the driver has answered Begin and its handle is stored
	Cancelling bool
	Attempt    int
	Handle     json.RawMessage
	Percent    int
	Message    string
	Need       *Need
	Input      json.RawMessage
	Failure    *Failure
	Leftovers  []string
	Deadline   time.Time
	StartedAt  time.Time
	EndedAt    time.Time
}

// Interval is a stretch of observed availability; To is zero for the present one.
type Interval struct {
	From      time.Time
	To        time.Time
	Condition Condition
	Detail    string
}
