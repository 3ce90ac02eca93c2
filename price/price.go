// Package price turns a price version and a quantity into a line: the same pure functions quote before an order,
// simulate, charge and verify offline afterwards.
//
// Owns: price models (components and tiers), immutable price versions with their canonical bytes and hash, the
// line with its exact and rounded amount, the trace that explains a line, and billing periods as civil dates.
// Does not own: which version a customer bought (order), what was used (meter), charges as rows (rating), value
// added tax (tax), names and descriptions of offers (catalog).
// Reads: nothing.
// Writes: nothing.
//
// A version has components. [Rate] gives one [Line] per component and input; [Trace] redoes the same sum and
// keeps the steps; [Explain] writes them out; [NewQuote] adds up what a first period would cost.
package price

import (
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// Kind says how a component charges.
type Kind string

// The kinds. New ones are added here, in Validate and in the sum of rate.go, and nowhere else.
const (
	OneOff    Kind = "oneOff"    // once, per item ordered
	PerPeriod Kind = "perPeriod" // per item and period, prorated by actual seconds
	PerUnit   Kind = "perUnit"   // per unit used, one price
	Graduated Kind = "graduated" // per unit used, each unit at the price of the tier it falls in
)

// Usage tells whether the kind charges what a meter counted.
func (k Kind) Usage() bool { return k == PerUnit || k == Graduated }

// Basis says whether the prices of a version carry tax.
type Basis string

// The two bases: business prices are net, consumer prices gross.
const (
	Net   Basis = "net"
	Gross Basis = "gross"
)

// Every is the length of a billing period.
type Every string

// The two lengths.
const (
	Month Every = "month"
	Year  Every = "year"
)

// Version is one immutable price list in one currency. Once published it never changes: its Hash names it.
type Version struct {
	ID            string         `json:"id"`
	Currency      money.Currency `json:"currency"`
	Basis         Basis          `json:"basis"`
	Rounding      money.Rounding `json:"rounding,omitempty"` // empty: half away from zero
	EffectiveFrom time.Time      `json:"effectiveFrom"`      // UTC, whole seconds
	Components    []Component    `json:"components"`
}

// Component is one thing that is charged. Which fields are used depends on the kind; Validate says which.
type Component struct {
	Key   string          `json:"key"` // stable word within the version, "messages"
	Kind  Kind            `json:"kind"`
	Meter string          `json:"meter,omitempty"` // usage kinds: key of the meter
	Unit  string          `json:"unit,omitempty"`  // usage kinds: the word for one priced unit, "hour"
	Per   money.Quantity  `json:"per,omitzero"`    // usage kinds: base units of the meter in one priced unit, 3600
	Free  money.Quantity  `json:"free,omitzero"`   // usage kinds: the first base units of each period cost nothing
	Every Every           `json:"every,omitempty"` // perPeriod
	Price money.UnitPrice `json:"price,omitzero"`  // all kinds but graduated
	Tiers []Tier          `json:"tiers,omitempty"` // graduated: ascending, the last without bound
}

// Tier prices the base units from the bound of the tier before (or Free) up to UpTo, which counts from the first
// base unit of the period, the free ones included. UpTo 0 means without bound.
type Tier struct {
	UpTo  money.Quantity  `json:"upTo,omitzero"`
	Price money.UnitPrice `json:"price"` // per priced unit, that is per Component.Per base units
}

// Component finds a component by its key. Error: price.component.
func (v *Version) Component(key string) (*Component, error) {
	for i := range v.Components {
		if v.Components[i].Key == key {
			return &v.Components[i], nil
		}
	}
	return nil, fail.New(fail.NotFound, "price.component", "The price list has no such part.",
		"Use a key that the price list names.").With("component", key).With("version", v.ID)
}

// Interval is a half-open span of instants, from ≤ t < to. Parts of a second do not count: an instant is
// taken at its whole second, so that adjoining intervals add up.
type Interval struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Seconds is the length in whole seconds.
func (i Interval) Seconds() int64 { return i.To.Unix() - i.From.Unix() }

// IsZero tells whether no interval was given.
func (i Interval) IsZero() bool { return i.From.IsZero() && i.To.IsZero() }

// Overlap is the part that two intervals share; it is empty (zero seconds, at i.From) when they do not meet.
func (i Interval) Overlap(j Interval) Interval {
	if j.From.After(i.From) {
		i.From = j.From
	}
	if j.To.Before(i.To) {
		i.To = j.To
	}
	if i.To.Before(i.From) {
		i.To = i.From
	}
	return i
}
