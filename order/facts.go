package order

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/trace"
)

// The facts of an order. FactPlaced says "go": it is recorded when the order is accepted, or once it was approved.
const (
	FactPlaced          = "order.placed.v1"           // PlacedFact
	FactHeld            = "order.held.v1"             // PlacedFact: waits for an approval
	FactApproved        = "order.approved.v1"         // StateFact
	FactRejected        = "order.rejected.v1"         // StateFact
	FactStarted         = "order.started.v1"          // StateFact
	FactPending         = "order.pending.v1"          // StateFact
	FactCompleted       = "order.completed.v1"        // StateFact
	FactPartial         = "order.partial.v1"          // StateFact
	FactFailed          = "order.failed.v1"           // StateFact
	FactCancelRequested = "order.cancel_requested.v1" // StateFact; Items are those that must be stopped
	FactCancelling      = "order.cancelling.v1"       // StateFact
	FactCancelled       = "order.cancelled.v1"        // StateFact
	FactWithdrawn       = "order.withdrawn.v1"        // WithdrawnFact
)

// The facts of an item; their payload is ItemStateFact, their aggregate the item.
const (
	FactItemPlaced     = "order.item.placed.v1"
	FactItemRejected   = "order.item.rejected.v1"
	FactItemWaiting    = "order.item.waiting.v1"
	FactItemContinued  = "order.item.continued.v1"
	FactItemCompleted  = "order.item.completed.v1"
	FactItemFailed     = "order.item.failed.v1"
	FactItemCancelling = "order.item.cancelling.v1"
	FactItemCancelled  = "order.item.cancelled.v1"
)

// The facts of limits; their aggregate is the organisation.
const (
	FactLimitSet = "limit.set.v1"         // LimitFact
	FactRuleSet  = "approval_rule.set.v1" // RuleFact
	FactAccount  = "account.paid.v1"      // LimitFact without amounts
)

// PlacedFact is the payload of order.placed.v1 and order.held.v1: all that placement, provision and subscription need.
type PlacedFact struct {
	Order         string         `json:"order"`
	Org           string         `json:"org"`
	Path          string         `json:"path"`
	Market        string         `json:"market"`
	Country       string         `json:"country"`
	Zone          string         `json:"zone"`
	Language      string         `json:"language"`
	Currency      money.Currency `json:"currency"`
	Basis         price.Basis    `json:"basis"`
	Total         money.Amount   `json:"total"`
	Recurring     money.Amount   `json:"recurring"`
	Consumer      bool           `json:"consumer"`
	Consent       bool           `json:"consent"`
	WithdrawBy    string         `json:"withdraw_by,omitempty"` // RFC 3339
	Requester     string         `json:"requester"`
	Approver      string         `json:"approver,omitempty"`
	PurchaseOrder string         `json:"purchase_order,omitempty"`
	Items         []ItemFact     `json:"items"`
}

// ItemFact is an item inside PlacedFact, with its frozen terms.
type ItemFact struct {
	Item         string          `json:"item"`
	No           int64           `json:"no"`
	Action       Action          `json:"action"`
	Subscription string          `json:"subscription"`
	Offer        string          `json:"offer"`
	Key          string          `json:"key"`
	OfferVersion string          `json:"offer_version"`
	VersionHash  string          `json:"version_hash"`
	Name         string          `json:"name"`
	Plan         string          `json:"plan"`
	PlanName     string          `json:"plan_name"`
	Publisher    string          `json:"publisher"`
	Seller       string          `json:"seller"`
	Price        json.RawMessage `json:"price,omitempty"` // price.Version, canonical; none for suspend, resume, cancel
	PriceVersion string          `json:"price_version,omitempty"`
	PriceHash    string          `json:"price_hash,omitempty"`
	First        money.Amount    `json:"first"`
	Recurring    money.Amount    `json:"recurring"`
	Contract     string          `json:"contract,omitempty"` // SHA-256, hex
	Region       string          `json:"region,omitempty"`   // a wish
	DataClass    string          `json:"data_class,omitempty"`
	Driver       string          `json:"driver"`
	Kind         string          `json:"kind"`
	Isolation    string          `json:"isolation,omitempty"`
	Spec         json.RawMessage `json:"spec,omitempty"`
	SpecHash     string          `json:"spec_hash,omitempty"`
	Meters       []catalog.Meter `json:"meters,omitempty"`
	Entitlements []string        `json:"entitlements,omitempty"`
	TrialDays    int             `json:"trial_days,omitempty"`
	TermMonths   int             `json:"term_months,omitempty"`
	Licensed     bool            `json:"licensed,omitempty"` // the plan is paid by licence
}

// StateFact is the payload of the facts that move an order.
type StateFact struct {
	Order  string       `json:"order"`
	Org    string       `json:"org"`
	State  State        `json:"state"`
	Reason string       `json:"reason,omitempty"`
	Items  []ItemRef    `json:"items"`
	Total  money.Amount `json:"total"`
}

// ItemRef names an item and where it stands.
type ItemRef struct {
	Item         string    `json:"item"`
	Action       Action    `json:"action"`
	Subscription string    `json:"subscription"`
	State        ItemState `json:"state"`
}

// Owed says what a consumer who withdraws pays for the time until then.
type Owed string

// What is owed after a withdrawal (Directive 2011/83/EU, art. 14(3) and (4)).
const (
	OwedProRata Owed = "pro_rata" // asked to start within the period: in proportion to what was provided
	OwedNothing Owed = "nothing"  // did not ask for it
)

// WithdrawnFact is the payload of order.withdrawn.v1.
type WithdrawnFact struct {
	StateFact
	Owed Owed   `json:"owed"`
	At   string `json:"at"` // RFC 3339: prices run until then
}

// ItemStateFact is the payload of the facts that move an item.
type ItemStateFact struct {
	Order        string        `json:"order"`
	Item         string        `json:"item"`
	Org          string        `json:"org"`
	Action       Action        `json:"action"`
	Subscription string        `json:"subscription"`
	Publisher    string        `json:"publisher"`
	OfferVersion string        `json:"offer_version"`
	State        ItemState     `json:"state"`
	Placement    string        `json:"placement,omitempty"`
	Reasons      []fail.Reason `json:"reasons,omitempty"`
	Failure      *Failure      `json:"failure,omitempty"`
}

// LimitFact is the payload of limit.set.v1.
type LimitFact struct {
	Org       string    `json:"org"`
	Dimension Dimension `json:"dimension,omitempty"`
	Max       int64     `json:"max,string"` // -1: none
}

// RuleFact is the payload of approval_rule.set.v1.
type RuleFact struct {
	Org   string       `json:"org"`
	Above money.Amount `json:"above"`
	None  bool         `json:"none,omitempty"`
}

func (o Order) state() StateFact {
	f := StateFact{Order: o.ID, Org: o.Org, State: o.State, Reason: o.Reason, Total: o.Total}
	for _, i := range o.Items {
		f.Items = append(f.Items, ItemRef{Item: i.ID, Action: i.Action, Subscription: i.Subscription, State: i.State})
	}
	return f
}

func (o Order) placed() (PlacedFact, error) {
	f := PlacedFact{Order: o.ID, Org: o.Org, Path: o.Path, Market: o.Market, Country: o.Country, Zone: o.Zone, Language: o.Language, Currency: o.Currency,
		Basis: o.Basis, Total: o.Total, Recurring: o.Recurring, Consumer: o.Consumer, Consent: o.Consent, Requester: o.Requester, Approver: o.Approver, PurchaseOrder: o.PurchaseOrder}
	if !o.WithdrawBy.IsZero() {
		f.WithdrawBy = o.WithdrawBy.UTC().Format(time.RFC3339)
	}
	for _, i := range o.Items {
		one, err := i.Fact()
		if err != nil {
			return f, err
		}
		f.Items = append(f.Items, one)
	}
	return f, nil
}

// Fact is the item as PlacedFact carries it.
func (i Item) Fact() (ItemFact, error) {
	t := i.Terms
	f := ItemFact{Item: i.ID, No: i.No, Action: i.Action, Subscription: i.Subscription, Offer: t.Offer, Key: t.Key, OfferVersion: t.Version,
		VersionHash: t.VersionHash, Name: t.Name, Plan: t.Plan, PlanName: t.PlanName, Publisher: t.Publisher, Seller: t.Seller, PriceHash: t.PriceHash,
		First: t.First.Total, Recurring: t.Recurring, Contract: t.Contract, Region: t.Region, DataClass: t.DataClass, Driver: t.Driver, Kind: t.Kind,
		Isolation: t.Isolation, Spec: t.Spec, SpecHash: t.SpecHash, Meters: t.Meters, Entitlements: t.Entitlements, TrialDays: t.TrialDays, TermMonths: t.TermMonths, Licensed: t.Licence != nil}
	if t.PriceHash == "" {
		return f, nil
	}
	b, err := t.Price.Canonical()
	f.Price, f.PriceVersion = b, t.Price.ID
	return f, err
}

// parties are who is concerned by an order: the customer and everyone above it in the tree. Publishers are not, because
// an order may hold items of several; each sees the facts of its own items.
func (o Order) parties() []string { return strings.Split(strings.Trim(o.Path, "/"), "/") }

func (s *Orders) record(tx *store.Tx, actor, kind string, o Order, payload any) error {
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: o.ID, First: o.ETag == 1, Owner: o.Org, Parties: o.parties(), Actor: actor, At: s.Now(), Machine: payload})
	return err
}

// recordGo records order.placed.v1.
func (s *Orders) recordGo(tx *store.Tx, actor string, o Order) error {
	f, err := o.placed()
	if err != nil {
		return fmt.Errorf("order %s: %w", o.ID, err)
	}
	return s.record(tx, actor, FactPlaced, o, f)
}

func (s *Orders) recordItem(tx *store.Tx, actor, kind string, o Order, i Item) error {
	if kind == "" {
		return nil
	}
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: i.ID, Owner: o.Org, Parties: append(o.parties(), i.Terms.Publisher), Actor: actor, At: s.Now(),
		Machine: ItemStateFact{Order: o.ID, Item: i.ID, Org: o.Org, Action: i.Action, Subscription: i.Subscription, Publisher: i.Terms.Publisher,
			OfferVersion: i.Terms.Version, State: i.State, Placement: i.Placement, Reasons: i.Reasons, Failure: i.Failure}})
	return err
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func systemRef(name string) string { return access.System(name).Ref() }
