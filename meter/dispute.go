package meter

import (
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/proof"
)

// DisputeState is where a dispute stands.
type DisputeState string

// The states. Settled, Upheld and Withdrawn are ends.
const (
	DisputeOpen      DisputeState = "open"      // the publisher is asked
	DisputeRefused   DisputeState = "refused"   // the publisher answered with a reason; the customer may go to the operator
	DisputeEscalated DisputeState = "escalated" // the operator is asked
	DisputeAccepted  DisputeState = "accepted"  // the corrections are on their way
	DisputeSettled   DisputeState = "settled"   // the corrections count
	DisputeUpheld    DisputeState = "upheld"    // the operator upheld what was counted
	DisputeWithdrawn DisputeState = "withdrawn" // by the customer
)

// DisputeCommand moves a dispute.
type DisputeCommand string

// The commands.
const (
	DisputeAccept   DisputeCommand = "accept"
	DisputeRefuse   DisputeCommand = "refuse"
	DisputeEscalate DisputeCommand = "escalate"
	DisputeWithdraw DisputeCommand = "withdraw"
	DisputeSettle   DisputeCommand = "settle"
)

// Side is who may give a command.
type Side string

// The sides of a dispute.
const (
	SideCustomer  Side = "customer"
	SidePublisher Side = "publisher"
	SideOperator  Side = "operator"
	SideSystem    Side = "system"
)

// The types of the facts about disputes; the aggregate is the dispute, the payload a DisputeFact, and customer and
// publisher are concerned.
const (
	FactDisputed         = "usage.disputed.v1"
	FactDisputeAccepted  = "dispute.accepted.v1"
	FactDisputeRefused   = "dispute.refused.v1"
	FactDisputeEscalated = "dispute.escalated.v1"
	FactDisputeWithdrawn = "dispute.withdrawn.v1"
	FactDisputeSettled   = "dispute.settled.v1"
	FactDisputeUpheld    = "dispute.upheld.v1"
)

// DisputeTransition is one row of the table.
type DisputeTransition struct {
	From    DisputeState
	Command DisputeCommand
	By      Side
	To      DisputeState
	Fact    string
}

// DisputeTransitions is the closed table of a dispute: what is not here cannot happen.
func DisputeTransitions() []DisputeTransition {
	return []DisputeTransition{
		{DisputeOpen, DisputeAccept, SidePublisher, DisputeAccepted, FactDisputeAccepted},
		{DisputeOpen, DisputeRefuse, SidePublisher, DisputeRefused, FactDisputeRefused},
		{DisputeOpen, DisputeWithdraw, SideCustomer, DisputeWithdrawn, FactDisputeWithdrawn},
		{DisputeRefused, DisputeEscalate, SideCustomer, DisputeEscalated, FactDisputeEscalated},
		{DisputeRefused, DisputeWithdraw, SideCustomer, DisputeWithdrawn, FactDisputeWithdrawn},
		{DisputeRefused, DisputeAccept, SidePublisher, DisputeAccepted, FactDisputeAccepted},
		{DisputeEscalated, DisputeAccept, SidePublisher, DisputeAccepted, FactDisputeAccepted},
		{DisputeEscalated, DisputeAccept, SideOperator, DisputeAccepted, FactDisputeAccepted},
		{DisputeEscalated, DisputeRefuse, SideOperator, DisputeUpheld, FactDisputeUpheld},
		{DisputeEscalated, DisputeWithdraw, SideCustomer, DisputeWithdrawn, FactDisputeWithdrawn},
		{DisputeAccepted, DisputeSettle, SideSystem, DisputeSettled, FactDisputeSettled},
	}
}

func disputeNext(from DisputeState, command DisputeCommand, by Side) (DisputeTransition, error) {
	for _, t := range DisputeTransitions() {
		if t.From == from && t.Command == command && t.By == by {
			return t, nil
		}
	}
	return DisputeTransition{}, fail.New(fail.Conflict, "dispute.state", fmt.Sprintf("A dispute that is %s cannot take %s by the %s.", from, command, by),
		"Look at the dispute again; it has moved on, or it is another's turn.").With("state", string(from)).With("command", string(command))
}

// Limits of a dispute.
const (
	MaxDisputed   = 500  // events
	maxReasonText = 1000 // bytes
)

// Dispute is a customer's doubt about events that a window counted.
type Dispute struct {
	ID, Tenant, Publisher, Subject string
	Window, Source                 string
	State                          DisputeState
	Reason                         string // the customer's, in words
	Answer                         string // of the publisher, or in the end of the operator
	OpenedAt, ChangedAt            time.Time
	Events                         []DisputedEvent
}

// DisputedEvent is one event in doubt. Claim is the amount that the customer takes for right, as a decimal integer; ""
// says that the event should not count at all.
type DisputedEvent struct {
	ID      string
	Event   string // canonical form, as it was counted
	Claim   string
	Outcome string // when settled: "accepted", or the reason why the correction did not count
}

// DisputeInput opens a dispute. The texts are read by both sides and stand in facts: no personal data.
type DisputeInput struct {
	Window string
	Events []DisputedEvent // ID and Claim
	Reason string
}

// DisputeFact is the payload of the facts about a dispute.
type DisputeFact struct {
	Dispute   string         `json:"dispute"`
	Tenant    string         `json:"tenant"`
	Publisher string         `json:"publisher"`
	Subject   string         `json:"subject"`
	Window    string         `json:"window"`
	State     DisputeState   `json:"state"`
	Reason    string         `json:"reason,omitempty"` // in words, of whoever gave the command
	Events    []DisputeClaim `json:"events,omitempty"` // of usage.disputed and dispute.settled
}

// DisputeClaim is one event in that fact.
type DisputeClaim struct {
	Event   string `json:"event"`
	Claim   string `json:"claim,omitempty"`
	Outcome string `json:"outcome,omitempty"`
}

func (d *Dispute) fact(reason string, events bool) DisputeFact {
	f := DisputeFact{Dispute: d.ID, Tenant: d.Tenant, Publisher: d.Publisher, Subject: d.Subject, Window: d.Window, State: d.State, Reason: reason}
	for _, e := range d.Events {
		if events {
			f.Events = append(f.Events, DisputeClaim{Event: e.ID, Claim: e.Claim, Outcome: e.Outcome})
		}
	}
	return f
}

// reasonText checks words that somebody must give.
func reasonText(field, text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxReasonText {
		return "", fail.New(fail.Invalid, "dispute.reason", "A reason is needed, in at most 1,000 characters.", "Say in a sentence why.").
			Field(field, "must have 1 to 1,000 characters")
	}
	return text, nil
}

// check wants events that can be disputed.
func (in *DisputeInput) check() error {
	bad := fail.New(fail.Invalid, "dispute.events", "The events cannot be disputed like this.", "Name each event once, with the amount that would be right or none.")
	if len(in.Events) == 0 || len(in.Events) > MaxDisputed {
		bad = bad.Field("events", fmt.Sprintf("must name 1 to %d events", MaxDisputed))
	}
	seen := map[string]bool{}
	for i, e := range in.Events {
		if seen[e.ID] || e.ID == "" {
			bad = bad.Field(fmt.Sprintf("events.%d.id", i), "must be given, each once")
		}
		seen[e.ID] = true
		if q, err := proof.ParseQuantity(e.Claim); e.Claim != "" {
			if n, ok := q.Int64(); err != nil || !ok || n < 0 {
				bad = bad.Field(fmt.Sprintf("events.%d.claim", i), "must be an integer that is not below zero, or nothing")
			}
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// correction is the event that settles one disputed event. Its id is the dispute's, so that it counts once however often
// it is sent.
func (d *Dispute) correction(place int) (usage.Event, error) {
	in := d.Events[place]
	e, err := proof.ParseEvent(in.Event)
	if err != nil {
		return e, err
	}
	first := e.ID
	if e.Corrects() {
		first = e.Data.Event
	}
	e.ID = fmt.Sprintf("dispute/%s/%d", d.ID, place)
	if in.Claim == "" {
		e.Type, e.Data = proof.TypeVoid, proof.Data{Event: first}
		return e, nil
	}
	e.Type, e.Data.Event, e.Data.Value, e.Data.Number, e.Data.Item = proof.TypeAmend, first, in.Claim, false, ""
	return e, nil
}
