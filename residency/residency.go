// Package residency knows where data may live: clouds and their regions, the legal entities behind them, what is
// certified and how well it is known, and what a customer's policy says to it.
//
// A verdict is a pure function of facts, policy, data class, chain and instant, so that it can be computed again
// offline. The rules are Cedar forbids (region.cedar, entity.cedar): every rule that refuses names itself; a rule that
// errors refuses, and so does a fact that is missing.
//
// Owns: facts about clouds (immutable snapshots by hash), policies and their versions, proposals to change either, the rules,
// capacity of regions.
// Does not own: offers (catalog), what was ordered (order), the choice of a region (placement), access (access).
// Reads: organisations and markets of party; no facts.
// Writes: residency_facts, residency_policy, residency_policy_body, residency_proposal, region_capacity; facts residency.*.
//
// # The chain
//
// What is judged is everybody who has a hand in the data: the region and the operator of its cloud, the publisher of the
// offer and its sub-processors, the countries of support, and the operator of this installation. For each of them the
// laws that reach it are derived: that of its seat, of its establishments, and of every entity that controls it. How much of
// its capital belongs to holders from elsewhere is computed along the graph of holdings too, never typed.
package residency

import (
	"embed"
	"fmt"
	"strings"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "residency", Files: files} }

// Percent is a share in hundredths of a percent; in text "24.1".
type Percent int64

// whole is 100 %.
const whole Percent = 100_00

// String is the shortest decimal text.
func (p Percent) String() string {
	text := fmt.Sprintf("%d.%02d", p/100, p%100)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// MarshalText is for encoding packages.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads digits with at most two decimals, from 0 to 100.
func (p *Percent) UnmarshalText(b []byte) error {
	head, tail, _ := strings.Cut(string(b), ".")
	n := int64(0)
	for _, c := range head + (tail + "00")[:max(2, len(tail))] {
		if c < '0' || c > '9' || len(tail) > 2 || len(head) > 3 || head == "" {
			return fmt.Errorf("percent %q: write 0 to 100 with at most two decimals", b)
		}
		n = n*10 + int64(c-'0')
	}
	if Percent(n) > whole {
		return fmt.Errorf("percent %q is above 100", b)
	}
	*p = Percent(n)
	return nil
}

// Holding is the share and the powers that one entity has in another.
type Holding struct {
	Entity  string  `json:"entity"` // key of the holder
	Percent Percent `json:"percent,omitempty"`
	Veto    bool    `json:"veto,omitempty"`  // may block decisions
	Board   bool    `json:"board,omitempty"` // names most of the board
}

// Ownership says whether all holders that could control an entity are listed.
type Ownership string

// What is known of the owners. Anything but complete counts as the worst.
const (
	OwnershipComplete Ownership = "complete"
	OwnershipUnknown  Ownership = "unknown"
)

// Entity is a legal entity.
type Entity struct {
	Key         string    `json:"key"`
	Name        string    `json:"name"`
	Country     string    `json:"country"`               // of its seat, ISO 3166-1 alpha-2
	Established []string  `json:"established,omitempty"` // other countries whose law reaches it by an establishment
	Parents     []Holding `json:"parents,omitempty"`
	Ownership   Ownership `json:"ownership,omitempty"` // empty: unknown
}

// Cloud is an engine or a group of engines with one operator.
type Cloud struct {
	Key      string   `json:"key"`
	Name     string   `json:"name"`
	Operator string   `json:"operator"`          // key of an entity
	Support  []string `json:"support,omitempty"` // countries from which it is administered; empty: unknown
}

// Evidence says how well the place of a region is known, weakest first.
type Evidence string

// The levels.
const (
	EvidenceDeclared  Evidence = "declared"  // the supplier says so
	EvidenceCertified Evidence = "certified" // a certificate says so
	EvidenceListed    Evidence = "listed"    // the engine's interface lists it
	EvidenceMeasured  Evidence = "measured"  // measured by this installation
	EvidenceOwnKey    Evidence = "own_key"   // the data is under the customer's own key
)

// Levels are all levels of evidence, weakest first.
func Levels() []Evidence {
	return []Evidence{EvidenceDeclared, EvidenceCertified, EvidenceListed, EvidenceMeasured, EvidenceOwnKey}
}

// Region is a place where resources can be made.
type Region struct {
	Key      string          `json:"key"`
	Cloud    string          `json:"cloud"`
	Name     string          `json:"name"`
	City     string          `json:"city"`
	Country  string          `json:"country"` // ISO 3166-1 alpha-2
	Driver   string          `json:"driver"`
	Target   map[string]any  `json:"target,omitempty"` // the driver's settings for this region; secrets are references
	Capacity int64           `json:"capacity"`         // units
	Price    money.UnitPrice `json:"price"`            // of a unit for an hour; only ranks regions
	Evidence Evidence        `json:"evidence"`
	Support  []string        `json:"support,omitempty"` // countries; empty: the cloud's
	Retired  bool            `json:"retired,omitempty"` // takes nothing new
}

// Certificate says that a holder is certified for activities at a region.
type Certificate struct {
	Key        string     `json:"key"`
	Type       string     `json:"type"`                 // HDS, SecNumCloud, ISO27001, C5
	Holder     string     `json:"holder"`               // key of an entity
	Region     string     `json:"region,omitempty"`     // key; empty: all places of the holder
	Activities []int      `json:"activities,omitempty"` // of HDS, 1 to 6
	From       price.Date `json:"from"`
	To         price.Date `json:"to"`       // the last day it holds
	Document   string     `json:"document"` // SHA-256 of the source, in hex
}

// Facts is everything known at one moment. Its canonical form never changes once stored: decisions name its hash.
type Facts struct {
	Own          string              `json:"own"` // key of the entity that operates this installation
	OwnSupport   []string            `json:"ownSupport,omitempty"`
	Groups       map[string][]string `json:"groups"` // countries by the name of their group: EEA, EU
	Entities     []Entity            `json:"entities"`
	Clouds       []Cloud             `json:"clouds"`
	Regions      []Region            `json:"regions"`
	Certificates []Certificate       `json:"certificates"`

	index *index // made once for a stored snapshot, which never changes
}

// Party is a legal entity as an offer or the directory declares it. Where the facts know an entity of this key or name,
// what they say is added: the worse of the two counts.
type Party struct {
	Ref            string `json:"ref"`
	Name           string `json:"name"`
	Country        string `json:"country"`        // of its seat
	ControlledFrom string `json:"controlledFrom"` // country whose law reaches its parent
}

// Chain is what an offer brings into a placement.
type Chain struct {
	Publisher     Party    `json:"publisher"`
	SubProcessors []Party  `json:"subProcessors,omitempty"`
	Support       []string `json:"support,omitempty"` // countries from which the publisher helps; empty: unknown
	Driver        string   `json:"driver"`
	Regions       []string `json:"regions,omitempty"` // where the offer runs; empty: everywhere with the driver
	Classes       []string `json:"classes,omitempty"` // data classes that the offer accepts; empty: all
}

// Reason is one rule that refused.
type Reason struct {
	Rule    string `json:"rule"`
	Subject string `json:"subject"` // key of the region, or name of the entity
	Text    string `json:"text"`
	Clause  string `json:"clause,omitempty"` // its source in law, where it has one
	Remedy  string `json:"remedy"`
}

// Verdict is the answer for one region. Reasons are sorted by rule, subject and text.
type Verdict struct {
	Region  string   `json:"region"`
	Allowed bool     `json:"allowed"`
	Reasons []Reason `json:"reasons,omitempty"`
}
