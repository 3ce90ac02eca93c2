// Package order takes what customers want: quotes with a frozen price, orders with items, approvals, and the limits
// that no order may pass.
//
// Owns: quotes, orders, items and their states, approval rules, limits with what is reserved, committed and spent,
// idempotency keys of orders, consent and withdrawal, the register of subscriptions that were ordered.
// Does not own: where an item goes (placement), what is made (provision), the commercial life (subscription), charges
// (rating).
// Reads: offers of catalog, organisations and markets of party; no facts.
// Writes: quote, customer_order, order_item, order_key, order_limit, order_reservation, order_rule, order_account,
// order_subscription, order_budget (what budgets leave room for, as rating/budget says); facts order.*; mails.
//
// Placing an order is one transaction: authorise, check the settings, freeze price, contract, seller and total, reserve
// quota and budget, record. Packages downstream then tell each item's fate with ItemPlaced, ItemRefused, ItemDone,
// ItemFailed and ItemCancelled inside their own transactions; the order's state follows from its items.
package order

import (
	"embed"
	"encoding/json"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

//go:embed migrations/*.sql
var files embed.FS

//go:embed mails/*.txt
var mailTexts embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "order", Files: files} }

// Action is what an item asks for.
type Action string

// The actions.
const (
	ActionAdd     Action = "add"     // a new subscription
	ActionChange  Action = "change"  // another plan or other settings for one
	ActionSuspend Action = "suspend" // stop it for a while
	ActionResume  Action = "resume"  // go on
	ActionCancel  Action = "cancel"  // end it for good
)

// ItemInput is one line of what a customer wants.
type ItemInput struct {
	Action       Action                    `json:"action,omitempty"`       // empty: add
	Offer        string                    `json:"offer,omitempty"`        // add: id or key
	Version      string                    `json:"version,omitempty"`      // add: the offer version shown; refused when another is on the shelf
	Plan         string                    `json:"plan,omitempty"`         // add, and change (empty: keeps it)
	Parameters   json.RawMessage           `json:"parameters,omitempty"`   // add, and change (empty: keeps them)
	Region       string                    `json:"region,omitempty"`       // add: a wish; placement decides
	DataClass    string                    `json:"dataClass,omitempty"`    // add: of the data that will be put in
	Subscription string                    `json:"subscription,omitempty"` // all but add
	Assumed      map[string]money.Quantity `json:"assumed,omitempty"`      // usage to be quoted, by price component
}

// Terms are what was agreed for an item, frozen.
type Terms struct {
	Offer        string                    `json:"offer"`
	Key          string                    `json:"key"`
	Version      string                    `json:"version"` // offer version
	VersionHash  string                    `json:"versionHash"`
	Name         string                    `json:"name"` // of the offer, in Language
	Plan         string                    `json:"plan"`
	PlanName     string                    `json:"planName"`
	Publisher    string                    `json:"publisher"` // organisation
	Seller       string                    `json:"seller"`    // legal entity
	Price        price.Version             `json:"price"`
	PriceHash    string                    `json:"priceHash"` // SHA-256, hex
	First        price.Quote               `json:"first"`     // the first period
	Recurring    money.Amount              `json:"recurring"` // per month; a twelfth of yearly prices, rounded up
	Contract     string                    `json:"contract"`  // SHA-256 of the contract text, hex
	Language     string                    `json:"language"`  // of the contract shown
	Parameters   json.RawMessage           `json:"parameters,omitempty"`
	Spec         json.RawMessage           `json:"spec,omitempty"` // desired state for the driver
	SpecHash     string                    `json:"specHash,omitempty"`
	Region       string                    `json:"region,omitempty"`
	DataClass    string                    `json:"dataClass,omitempty"`
	Driver       string                    `json:"driver"`
	Kind         string                    `json:"kind"`
	Isolation    string                    `json:"isolation,omitempty"`
	Meters       []catalog.Meter           `json:"meters,omitempty"`
	Entitlements []string                  `json:"entitlements,omitempty"`
	TrialDays    int                       `json:"trialDays,omitempty"`
	TermMonths   int                       `json:"termMonths,omitempty"`
	Licence      *catalog.Licence          `json:"licence,omitempty"` // by which its software may be used
	Assumed      map[string]money.Quantity `json:"assumed,omitempty"`
}

// Line is a priced line of a quote.
type Line struct {
	Action       Action `json:"action"`
	Subscription string `json:"subscription,omitempty"`
	Terms        Terms  `json:"terms"`
}

// Quote is a price that holds until it expires. It can be ordered once.
type Quote struct {
	ID        string
	Org       string
	Path      string
	Market    string
	Language  string
	Currency  money.Currency
	Basis     price.Basis
	Lines     []Line
	Total     money.Amount // first period of all lines
	Recurring money.Amount // per month
	CreatedAt time.Time
	ExpiresAt time.Time
	Order     string // that took it; "" while open
}

// Order is a customer's binding request.
type Order struct {
	ID            string
	Org           string
	Path          string
	Market        string
	Country       string // of the market
	Zone          string // IANA name: civil dates of this contract
	Language      string
	Currency      money.Currency
	Basis         price.Basis
	Total         money.Amount // of the first period, as shown
	Recurring     money.Amount // per month
	State         State
	Consumer      bool
	Consent       bool   // the consumer asked to start within the withdrawal period and knows what it costs
	PurchaseOrder string `json:",omitempty"` // number of the customer's own, for its bills; "" for none
	Requester     string // access.Caller.Ref
	Approver      string // access.Caller.Ref; "" when none was needed or yet
	Reason        string // of a rejection or cancellation, in words
	Withdrawn     bool
	Items         []Item
	CreatedAt     time.Time
	ReleasedAt    time.Time // it may be placed: at once, or when approved
	WithdrawBy    time.Time // end of the consumer's withdrawal period; zero for a business
	EndedAt       time.Time
	ETag          int64
}

// Item is one line of an order.
type Item struct {
	ID           string
	Order        string
	Org          string
	No           int64
	Action       Action
	State        ItemState
	Subscription string // allotted with the order for add, so that resource and usage can name it
	Placement    string // of an add item, once decided
	Terms        Terms
	Reasons      []fail.Reason // of a rejection
	Failure      *Failure
	CreatedAt    time.Time
	PlacedAt     time.Time
	EndedAt      time.Time
	ETag         int64
}

// Failure is why an item could not be made. Text is for the customer.
type Failure struct {
	Class string `json:"class"`
	Code  string `json:"code"`
	Text  string `json:"text"`
}

// Periods of this package.
const (
	quoteHolds     = 14 * 24 * time.Hour
	withdrawalDays = 14 // Directive 2011/83/EU, art. 9
	maxItems       = 50
)

// Step is one stop of the progress rail. At is zero for one that lies ahead.
type Step struct {
	Name string // ordered, approved, placed, ready, completed; or rejected, failed, cancelled, withdrawn
	Item string // "" for the whole order
	At   time.Time
	Done bool
}

// Steps is the progress of an order, in the order in which it happens: what is done with its time, then what is next.
func (o Order) Steps() []Step {
	steps := []Step{{Name: "ordered", At: o.CreatedAt, Done: true}}
	if o.Approver != "" || o.State == StateHeld {
		steps = append(steps, Step{Name: "approved", At: o.ReleasedAt, Done: !o.ReleasedAt.IsZero()})
	}
	for _, i := range o.Items {
		if i.Action == ActionAdd && (i.State != ItemRejected || !i.PlacedAt.IsZero()) {
			steps = append(steps, Step{Name: "placed", Item: i.ID, At: i.PlacedAt, Done: !i.PlacedAt.IsZero()})
		}
		name := "ready"
		switch i.State {
		case ItemRejected, ItemFailed, ItemCancelled:
			name = string(i.State)
		}
		steps = append(steps, Step{Name: name, Item: i.ID, At: i.EndedAt, Done: i.State.Final()})
	}
	name := "completed"
	if o.State.Final() {
		name = string(o.State)
	}
	if o.Withdrawn {
		name = "withdrawn"
	}
	return append(steps, Step{Name: name, At: o.EndedAt, Done: o.State.Final()})
}
