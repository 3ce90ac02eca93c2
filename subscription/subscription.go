// Package subscription keeps the commercial life of what was ordered: from the order through trial, activity and
// suspension to the end, with the price that holds at each instant.
//
// Owns: subscriptions and their states, reasons of suspension, intervals of prices and states, term and trial, zone and
// billing anchor, entitlements, tags.
// Does not own: the order (order), the running thing (provision), what is charged (rating).
// Reads: order.placed.v1, order.withdrawn.v1, order.item.rejected.v1, order.item.failed.v1, order.item.cancelled.v1,
// resource.ready.v1, resource.changed.v1, resource.failed.v1, resource.drained.v1, resource.deleted.v1,
// resource.condition.v1.
// Writes: subscription, subscription_price, subscription_span, subscription_tag; facts subscription.*; commands provision.SetDesired,
// order.ItemBegun, order.ItemDone, order.ItemFailed, order.ItemCancelled, order.Ended.
package subscription

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "subscription", Files: files} }

// State is where a subscription stands.
type State string

// The states.
const (
	StatePending    State = "pending"    // ordered; its resource is being made
	StateTrial      State = "trial"      // runs without prices per period until TrialUntil
	StateActive     State = "active"     // runs
	StateSuspended  State = "suspended"  // stands still for one or more reasons
	StateCancelling State = "cancelling" // takes no more work and hands over its last usage
	StateEnded      State = "ended"      // nothing more is charged
	StateDropped    State = "dropped"    // was never made
)

// Final tells whether nothing more comes.
func (s State) Final() bool { return s == StateEnded || s == StateDropped }

// Runs tells whether people can use it.
func (s State) Runs() bool { return s == StateTrial || s == StateActive }

// Reason is why a subscription is suspended or ends.
type Reason string

// The reasons.
const (
	ReasonCustomer   Reason = "customer"   // asked for it
	ReasonPayment    Reason = "payment"    // did not pay
	ReasonBudget     Reason = "budget"     // a budget of the customer is used up, and it asked for that
	ReasonOperator   Reason = "operator"   // staff stopped it
	ReasonPolicy     Reason = "policy"     // a rule of residency or security
	ReasonWithdrawal Reason = "withdrawal" // a consumer withdrew from the contract
)

// Command is what is done to a subscription.
type Command string

// The commands.
const (
	CommandActivate Command = "activate"
	CommandTrialEnd Command = "endTrial"
	CommandSuspend  Command = "suspend"
	CommandResume   Command = "resume"
	CommandCancel   Command = "cancel"
	CommandEnd      Command = "end"
	CommandDrop     Command = "drop"
)

// Transition is one row of the table.
type Transition struct {
	From    State
	Command Command
	Guard   string // in words; the use case checks it
	To      State
	Fact    string
}

// Transitions is the closed table of a subscription: what is not here cannot happen. A change of plan moves no state;
// its fact is subscription.plan_changed.v1.
func Transitions() []Transition {
	return []Transition{
		{StatePending, CommandActivate, "the resource is up; the plan has a trial", StateTrial, FactActivated},
		{StatePending, CommandActivate, "the resource is up; no trial", StateActive, FactActivated},
		{StatePending, CommandDrop, "the item was rejected, failed or cancelled", StateDropped, FactDropped},
		{StateTrial, CommandTrialEnd, "TrialUntil is past", StateActive, FactTrialEnded},
		{StateTrial, CommandSuspend, "", StateSuspended, FactSuspended},
		{StateTrial, CommandCancel, "", StateCancelling, FactCancelled},
		{StateActive, CommandSuspend, "", StateSuspended, FactSuspended},
		{StateActive, CommandCancel, "the term is over, a consumer withdraws, or staff ends it", StateCancelling, FactCancelled},
		{StateSuspended, CommandSuspend, "another reason", StateSuspended, FactSuspended},
		{StateSuspended, CommandResume, "reasons are left", StateSuspended, FactResumed},
		{StateSuspended, CommandResume, "no reason is left; the trial runs", StateTrial, FactResumed},
		{StateSuspended, CommandResume, "no reason is left", StateActive, FactResumed},
		{StateSuspended, CommandCancel, "as for active", StateCancelling, FactCancelled},
		{StateCancelling, CommandEnd, "the resource is drained or gone", StateEnded, FactEnded},
	}
}

// next finds the row that leads to the wanted state.
func next(from State, command Command, to State) (Transition, error) {
	for _, t := range Transitions() {
		if t.From == from && t.Command == command && t.To == to {
			return t, nil
		}
	}
	return Transition{}, fail.New(fail.Conflict, "service.state", fmt.Sprintf("A service that is %s cannot take %s.", from, command),
		"Look at the service again; it has moved on.").With("state", string(from)).With("command", string(command))
}

// Subscription is what a customer has. On pages it is called a service.
type Subscription struct {
	ID          string
	Org         string
	Path        string
	State       State
	Reasons     []Reason // of a suspension, or why it ends; sorted
	Deal        Deal
	Resource    string // "" until it is made
	Region      string
	Outputs     map[string]string // where to reach it
	Condition   string            // as last observed: up, degraded, down, unknown, planned, suspended; "" before it is made
	Tags        Tags              // the customer's own words; only where it reads them itself
	Ending      string            // order item that is told when nothing is left, after a withdrawal; "" for none
	Owed        string            // after a withdrawal: what order.Owed says
	TrialUntil  time.Time
	TermUntil   time.Time // smallest duration of the contract; zero for none. After it, it goes on without term
	CreatedAt   time.Time
	ActivatedAt time.Time
	CancelledAt time.Time
	EndedAt     time.Time // nothing is charged from here
	ETag        int64
}

// Deal is what was agreed: it changes with the plan only.
type Deal struct {
	Order         string          `json:"order"`
	PurchaseOrder string          `json:"purchaseOrder,omitempty"` // the customer's number, of the order that began it
	Item          string          `json:"item"`
	Market        string          `json:"market"`
	Publisher     string          `json:"publisher"` // organisation
	Seller        string          `json:"seller"`    // legal entity
	Offer         string          `json:"offer"`
	Key           string          `json:"key"`
	OfferVersion  string          `json:"offerVersion"`
	Name          string          `json:"name"`
	Plan          string          `json:"plan"`
	PlanName      string          `json:"planName"`
	Kind          string          `json:"kind"`
	DataClass     string          `json:"dataClass,omitempty"`
	Currency      money.Currency  `json:"currency"`
	Basis         price.Basis     `json:"basis"`
	Price         json.RawMessage `json:"price"` // price.Version, canonical
	PriceVersion  string          `json:"priceVersion"`
	PriceHash     string          `json:"priceHash"`
	Recurring     money.Amount    `json:"recurring"` // per month
	Contract      string          `json:"contract"`  // SHA-256 of the text, hex
	Zone          string          `json:"zone"`      // IANA name
	Consumer      bool            `json:"consumer,omitempty"`
	Meters        []catalog.Meter `json:"meters,omitempty"`
	Entitlements  []string        `json:"entitlements,omitempty"`
	TrialDays     int             `json:"trialDays,omitempty"`
	TermMonths    int             `json:"termMonths,omitempty"`
	Licensed      bool            `json:"licensed,omitempty"` // the plan is paid by licence
}

// Anchor is the civil date from which billing periods count: the first day that is priced. Zero before activation.
func (s Subscription) Anchor() (price.Date, error) {
	if s.ActivatedAt.IsZero() {
		return price.Date{}, nil
	}
	zone, err := time.LoadLocation(s.Deal.Zone)
	if err != nil {
		return price.Date{}, fmt.Errorf("zone of subscription %s: %w", s.ID, err)
	}
	at := s.ActivatedAt
	if s.TrialUntil.After(at) {
		at = s.TrialUntil
	}
	return price.DateOf(at, zone), nil
}

// Cycle cuts the life of the subscription into billing periods of a length. Only for an activated one.
func (s Subscription) Cycle(every price.Every) (price.Cycle, error) {
	anchor, err := s.Anchor()
	if err != nil {
		return price.Cycle{}, err
	}
	zone, err := time.LoadLocation(s.Deal.Zone)
	return price.Cycle{Anchor: anchor, Every: every, Zone: zone}, err
}

// May tells whether the holder is entitled to something now.
func (s Subscription) May(entitlement string) bool {
	return s.State.Runs() && slices.Contains(s.Deal.Entitlements, entitlement)
}

// PriceSpan is a stretch of time in which one price version holds. To is zero for the present one.
type PriceSpan struct {
	From, To     time.Time
	OfferVersion string
	Plan         string
	PriceVersion string
	PriceHash    string
	Price        json.RawMessage // price.Version, canonical
}

// Span is a stretch of time in one state. To is zero for the present one.
type Span struct {
	From, To time.Time
	State    State
	Reasons  []Reason
}
