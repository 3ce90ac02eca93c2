package subscription

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/trace"
)

// The facts of a subscription.
const (
	FactActivated   = "subscription.activated.v1"    // ActivatedFact
	FactPlanChanged = "subscription.plan_changed.v1" // PlanChangedFact
	FactTrialEnded  = "subscription.trial_ended.v1"  // StateFact
	FactSuspended   = "subscription.suspended.v1"    // StateFact
	FactResumed     = "subscription.resumed.v1"      // StateFact
	FactCancelled   = "subscription.cancelled.v1"    // StateFact: the resource takes no more work and hands over its usage
	FactEnded       = "subscription.ended.v1"        // EndedFact
	FactTagged      = "subscription.tagged.v1"       // TaggedFact
	FactDropped     = "subscription.dropped.v1"      // StateFact: it was never made, nothing is charged
)

// ActivatedFact is the payload of subscription.activated.v1.
type ActivatedFact struct {
	Subscription string          `json:"subscription"`
	Org          string          `json:"org"`
	Path         string          `json:"path"`
	Order        string          `json:"order"`
	Item         string          `json:"item"`
	Market       string          `json:"market"`
	Publisher    string          `json:"publisher"`
	Seller       string          `json:"seller"`
	Offer        string          `json:"offer"`
	Key          string          `json:"key"`
	OfferVersion string          `json:"offer_version"`
	Name         string          `json:"name"`
	Plan         string          `json:"plan"`
	PlanName     string          `json:"plan_name"`
	Currency     money.Currency  `json:"currency"`
	Basis        price.Basis     `json:"basis"`
	Price        json.RawMessage `json:"price"` // price.Version, canonical
	PriceVersion string          `json:"price_version"`
	PriceHash    string          `json:"price_hash"`
	Meters       []catalog.Meter `json:"meters,omitempty"`
	Entitlements []string        `json:"entitlements,omitempty"`
	Zone         string          `json:"zone"`
	Anchor       price.Date      `json:"anchor"`
	Consumer     bool            `json:"consumer"`
	Resource     string          `json:"resource"`
	Region       string          `json:"region"`
	At           string          `json:"at"`                    // RFC 3339: charged from here, but for a trial's prices per period
	TrialUntil   string          `json:"trial_until,omitempty"` // RFC 3339
	TermUntil    string          `json:"term_until,omitempty"`  // RFC 3339
}

// PlanChangedFact is the payload of subscription.plan_changed.v1: the price that holds from At on.
type PlanChangedFact struct {
	Subscription string          `json:"subscription"`
	Org          string          `json:"org"`
	Publisher    string          `json:"publisher"`
	Order        string          `json:"order"` // "" when what was agreed depends on something that changed (Agree)
	Item         string          `json:"item"`
	OfferVersion string          `json:"offer_version"`
	Name         string          `json:"name"`
	Plan         string          `json:"plan"`
	PlanName     string          `json:"plan_name"`
	Price        json.RawMessage `json:"price"`
	PriceVersion string          `json:"price_version"`
	PriceHash    string          `json:"price_hash"`
	NewPrice     bool            `json:"new_price"`             // false: only settings changed
	TermLifted   bool            `json:"term_lifted,omitempty"` // the smallest duration went with the licence
	Meters       []catalog.Meter `json:"meters,omitempty"`
	Entitlements []string        `json:"entitlements,omitempty"`
	At           string          `json:"at"`
}

// StateFact is the payload of the facts that only move the state.
type StateFact struct {
	Subscription string   `json:"subscription"`
	Org          string   `json:"org"`
	Publisher    string   `json:"publisher"`
	State        State    `json:"state"`
	Reasons      []Reason `json:"reasons,omitempty"` // of the present suspension, or why it ends
	At           string   `json:"at"`
}

// EndedFact is the payload of subscription.ended.v1.
type EndedFact struct {
	StateFact
	Complete bool   `json:"complete"`       // all usage was handed over
	Owed     string `json:"owed,omitempty"` // after a withdrawal: pro_rata or nothing (order.Owed)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (s Subscription) activated() (ActivatedFact, error) {
	anchor, err := s.Anchor()
	d := s.Deal
	return ActivatedFact{Subscription: s.ID, Org: s.Org, Path: s.Path, Order: d.Order, Item: d.Item, Market: d.Market, Publisher: d.Publisher, Seller: d.Seller,
		Offer: d.Offer, Key: d.Key, OfferVersion: d.OfferVersion, Name: d.Name, Plan: d.Plan, PlanName: d.PlanName, Currency: d.Currency, Basis: d.Basis,
		Price: d.Price, PriceVersion: d.PriceVersion, PriceHash: d.PriceHash, Meters: d.Meters, Entitlements: d.Entitlements, Zone: d.Zone, Anchor: anchor,
		Consumer: d.Consumer, Resource: s.Resource, Region: s.Region, At: stamp(s.ActivatedAt), TrialUntil: stamp(s.TrialUntil), TermUntil: stamp(s.TermUntil)}, err
}

func (s Subscription) fact(at time.Time) StateFact {
	return StateFact{Subscription: s.ID, Org: s.Org, Publisher: s.Deal.Publisher, State: s.State, Reasons: s.Reasons, At: stamp(at)}
}

// record writes a fact that concerns the customer, everyone above it in the tree, and the publisher.
func (u *Subscriptions) record(tx *store.Tx, actor, kind string, s Subscription, payload any) error {
	parties := append(strings.Split(strings.Trim(s.Path, "/"), "/"), s.Deal.Publisher)
	_, err := u.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: s.ID, Owner: s.Org, Parties: parties, Actor: actor, At: u.Now(), Machine: payload})
	return err
}
