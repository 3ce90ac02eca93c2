// Package catalog keeps what publishers sell: offers, and their versions that never change once published.
//
// Owns: offers of a publisher, offer versions with plans, parameters, prices, texts, contract, service levels, driver
// and regions; their review; the storefront's search; the YAML form of a version.
// Does not own: what a price means (price), who may buy (access, party), where it may run (residency, placement), what
// was bought (order).
// Reads: organisations and markets of party; no facts.
// Writes: offer, offer_version, offer_text, offer_family; facts offer.*.
package catalog

import (
	"embed"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "catalog", Files: files} }

// Text is the same text in several languages, by BCP 47 tag ("en", "fr").
type Text map[string]string

// In gives the text in the first of the languages that it has, then in English, then in any (the first by name), and
// the language it is in. An empty Text gives "".
func (t Text) In(languages ...string) (text, language string) {
	for _, l := range append(languages, "en") {
		if s, ok := t[l]; ok {
			return s, l
		}
	}
	for l, s := range t {
		if language == "" || l < language {
			text, language = s, l
		}
	}
	return text, language
}

// Seller says which legal entity sells: it contracts with the customer and stands on the invoice.
type Seller string

// The sellers of record.
const (
	SellerMarket    Seller = "market"    // the legal entity of the market, which resells
	SellerPublisher Seller = "publisher" // the publisher's own legal entity
)

// Offer is something a publisher sells.
type Offer struct {
	ID        string
	Key       string // stable word, unique over all offers: it stands in addresses
	Publisher string // organisation
	Path      string // of the publisher in the tree
	Current   string // offer version on the shelf; "" when none is
	Latest    int64  // number of the newest version
	CreatedAt time.Time
}

// Version is one state of an offer. Its content never changes once it was submitted; only its State goes on.
type Version struct {
	ID          string
	Offer       string
	Publisher   string
	Path        string
	Number      int64
	State       State
	Note        string // why it was returned or withdrawn
	Hash        string // SHA-256 of the canonical content, in hex
	Content     Content
	CreatedAt   time.Time
	SubmittedAt time.Time
	PublishedAt time.Time
	WithdrawnAt time.Time
	ETag        int64 // grows by one with each change
}

// Content is what a publisher writes. Maximum sizes stand in validate.go.
type Content struct {
	Key           string         `json:"key"` // of the offer
	Name          Text           `json:"name"`
	Summary       Text           `json:"summary"`               // one sentence
	Description   Text           `json:"description,omitempty"` // paragraphs, plain text
	Families      []string       `json:"families"`              // shelves: "messaging", "hosting"
	Tags          []string       `json:"tags,omitempty"`
	Markets       []string       `json:"markets,omitempty"` // ids or domains; empty: every market it has prices and texts for
	Seller        Seller         `json:"seller"`
	Entity        string         `json:"entity,omitempty"` // the publisher's legal entity; filled in from the organisation when empty
	SubProcessors []SubProcessor `json:"subProcessors,omitempty"`
	Support       []string       `json:"support,omitempty"` // countries from which people help, ISO 3166-1 alpha-2
	ServiceLevels []ServiceLevel `json:"serviceLevels,omitempty"`
	Driver        Driver         `json:"driver"`
	Regions       []string       `json:"regions,omitempty"`     // ids; empty: any region with the driver
	DataClasses   []string       `json:"dataClasses,omitempty"` // allowed; empty: all
	Meters        []Meter        `json:"meters,omitempty"`
	Parameters    Document       `json:"parameters,omitempty"` // JSON Schema 2020-12 of an object
	Exit          Exit           `json:"exit"`
	Contract      Text           `json:"contract"` // full text
	Plans         []Plan         `json:"plans"`
}

// SubProcessor is a legal entity that takes part in processing the customer's data.
type SubProcessor struct {
	Name           string `json:"name"`
	Country        string `json:"country"`                  // of its seat, ISO 3166-1 alpha-2
	ControlledFrom string `json:"controlledFrom,omitempty"` // country whose law reaches its parent; empty: Country
	Purpose        Text   `json:"purpose"`
}

// ServiceLevel is one promise with what follows when it is broken.
type ServiceLevel struct {
	Measure string   `json:"measure"` // "availability", "response"
	Window  string   `json:"window"`  // "month", "quarter", "year"
	Target  string   `json:"target"`  // percent with up to three decimals, "99.9"
	Credits []Credit `json:"credits,omitempty"`
	Hours   Text     `json:"hours,omitempty"`   // when support answers
	Contact string   `json:"contact,omitempty"` // of the business, not of a person
}

// Credit is what the customer gets back when the measure falls below a bound.
type Credit struct {
	Below string `json:"below"` // percent, "99.9"
	Share int    `json:"share"` // percent of the period's price, 1 to 100
}

// Driver names what makes the resource and the settings it starts from.
type Driver struct {
	Name           string   `json:"name"`                     // "process"
	Kind           string   `json:"kind"`                     // kind of resource, "m2m"
	Isolation      string   `json:"isolation,omitempty"`      // the least it needs: full, basic, none; empty: does not apply
	Spec           Document `json:"spec,omitempty"`           // defaults of the desired state, an object
	ParametersInto string   `json:"parametersInto,omitempty"` // dotted place of the customer's parameters in the spec; empty: "parameters"
	LimitsInto     string   `json:"limitsInto,omitempty"`     // dotted place of the plan's limits; empty: they stay out
}

// Meter is something the application counts.
type Meter struct {
	Key         string `json:"key"`
	Name        Text   `json:"name"`
	Unit        string `json:"unit"`        // base unit: "message", "byte", "second"
	Aggregation string `json:"aggregation"` // of a billing period and each combination of dimensions: see proof.Aggregations
	// How long a window waits for its events without a word from the application, and how late one may come at all; 0 means
	// what the installation has.
	GraceHours int `json:"graceHours,omitempty"`
	CutOffDays int `json:"cutOffDays,omitempty"`
}

// Exit says how a customer leaves.
type Exit struct {
	Formats   []string   `json:"formats"`            // open formats of the package, "jsonl"
	Import    bool       `json:"import,omitempty"`   // takes the same package in again
	Rehearsed price.Date `json:"rehearsed,omitzero"` // last rehearsal; none when absent
}

// Plan is one way to buy the offer.
type Plan struct {
	Key          string           `json:"key"`
	Name         Text             `json:"name"`
	Summary      Text             `json:"summary,omitempty"`
	Limits       map[string]int64 `json:"limits,omitempty"`       // "connections", "message_bytes": enforced by the application
	Spec         Document         `json:"spec,omitempty"`         // merged over the driver's (RFC 7386)
	Entitlements []string         `json:"entitlements,omitempty"` // words: what holders may use
	TrialDays    int              `json:"trialDays,omitempty"`
	TermMonths   int              `json:"termMonths,omitempty"` // smallest duration of the contract; 0: none
	Withdrawn    bool             `json:"withdrawn,omitempty"`  // kept for those who have it, sold no more
	Licence      *Licence         `json:"licence,omitempty"`    // by which its software may be used; absent: by use alone
	Prices       []Price          `json:"prices"`
}

// Price is a price list of a plan for some markets.
type Price struct {
	ID            string            `json:"id,omitempty"`      // given when the version is saved
	Markets       []string          `json:"markets,omitempty"` // ids or domains; empty: every market of the currency and basis
	Currency      money.Currency    `json:"currency"`
	Basis         price.Basis       `json:"basis"`
	Rounding      money.Rounding    `json:"rounding,omitempty"`
	EffectiveFrom time.Time         `json:"effectiveFrom,omitzero"` // given when the version is saved
	EffectiveTo   time.Time         `json:"effectiveTo,omitzero"`   // sold until then; absent: until the next one for the same buyers
	Resellers     []string          `json:"resellers,omitempty"`    // organisations whose customers have this price; empty: everybody's
	Components    []price.Component `json:"components"`
	Terms         []price.Term      `json:"terms,omitempty"` // settled on all lines of a period
}

// Version is the price list as the pure functions of price take it.
func (p Price) Version() *price.Version {
	return &price.Version{ID: p.ID, Currency: p.Currency, Basis: p.Basis, Rounding: p.Rounding,
		EffectiveFrom: p.EffectiveFrom.UTC(), EffectiveTo: until(p.EffectiveTo), Components: p.Components, Terms: p.Terms}
}

func until(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

// Plan finds a plan by its key; nil when there is none.
func (c *Content) Plan(key string) *Plan {
	for i := range c.Plans {
		if c.Plans[i].Key == key {
			return &c.Plans[i]
		}
	}
	return nil
}
