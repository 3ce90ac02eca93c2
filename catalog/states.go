package catalog

import (
	"fmt"

	"github.com/halle-cloud/halle/internal/fail"
)

// State is where an offer version stands.
type State string

// The states.
const (
	StateDraft      State = "draft"      // the publisher writes it
	StateReview     State = "review"     // the operator looks at it; the content is frozen
	StatePublished  State = "published"  // on the shelf
	StateSuperseded State = "superseded" // a newer version is on the shelf; quotes made for it hold until they expire
	StateWithdrawn  State = "withdrawn"  // sold no more; who has it keeps it
)

// Command is what is done to a version.
type Command string

// The commands.
const (
	CommandSubmit    Command = "submit"
	CommandReturn    Command = "return"
	CommandPublish   Command = "publish"
	CommandSupersede Command = "supersede"
	CommandWithdraw  Command = "withdraw"
)

// Transition is one row of the table.
type Transition struct {
	From    State
	Command Command
	Guard   string // in words; the use case checks it
	To      State
	Fact    string
}

// Transitions is the closed table of an offer version: what is not here cannot happen.
func Transitions() []Transition {
	return []Transition{
		{StateDraft, CommandSubmit, "the content is complete", StateReview, FactSubmitted},
		{StateReview, CommandReturn, "a reviewer says why", StateDraft, FactReturned},
		{StateReview, CommandPublish, "reviewed; texts and prices for its markets are there", StatePublished, FactPublished},
		{StatePublished, CommandSupersede, "a newer version is published", StateSuperseded, FactSuperseded},
		{StatePublished, CommandWithdraw, "", StateWithdrawn, FactWithdrawn},
		{StateSuperseded, CommandWithdraw, "", StateWithdrawn, FactWithdrawn},
	}
}

// next finds the row; a refusal names the state and what would be possible.
func next(from State, command Command) (Transition, error) {
	possible := ""
	for _, t := range Transitions() {
		if t.From != from {
			continue
		}
		if t.Command == command {
			return t, nil
		}
		possible += " " + string(t.Command)
	}
	remedy := "Nothing can be done with it any more; make a new version."
	if possible != "" {
		remedy = "Possible now:" + possible + "."
	}
	return Transition{}, fail.New(fail.Conflict, "offer.state",
		fmt.Sprintf("An offer version that is %s cannot take %s.", from, command), remedy).
		With("state", string(from)).With("command", string(command))
}

// The facts of this package. Their payload is VersionFact.
const (
	FactSaved      = "offer.saved.v1"
	FactSubmitted  = "offer.submitted.v1"
	FactReturned   = "offer.returned.v1"
	FactPublished  = "offer.published.v1"
	FactSuperseded = "offer.superseded.v1"
	FactWithdrawn  = "offer.withdrawn.v1"
)

// VersionFact is the payload of every offer.* fact; the aggregate is the version, the owner the publisher.
type VersionFact struct {
	Offer     string `json:"offer"`
	Key       string `json:"key"`
	Version   string `json:"version"`
	Number    int64  `json:"number"`
	Publisher string `json:"publisher"`
	Path      string `json:"path"`
	State     State  `json:"state"`
	Hash      string `json:"hash"` // of the canonical content, hex
	Note      string `json:"note,omitempty"`
}
