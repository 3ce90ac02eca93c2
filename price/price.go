// Package price turns a price version and a quantity into a line: the same pure functions quote before an order,
// simulate, charge and verify offline afterwards.
//
// Owns: price models (components, tiers, hours and terms), immutable price versions with their canonical bytes and
// hash, chains of versions, the line with its exact and rounded amount, the closing of a period, the traces that
// explain both, and billing periods as civil dates.
// Does not own: which version a customer bought (order), what was used (meter), charges as rows (rating), value
// added tax (tax), names and descriptions of offers (catalog).
// Reads: nothing.
// Writes: nothing.
//
// A version has components. [Rate] gives one [Line] per component and input; [Trace] redoes the same sum and
// keeps the steps; [Explain] writes them out; [NewQuote] adds up what a first period would cost. A version may have
// terms, which look at all lines of a period: [Close] settles them, [ExplainTerm] writes out how.
//
// What a usage kind charges is a function f of the units of the period, and a window pays f(before + its units) less
// f(before): the windows of a period sum to the whole exactly, however it was cut.
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
	Volume    Kind = "volume"    // per unit used, all units of the period at the price of the tier that their number reaches
	Package   Kind = "package"   // per started package of Per base units
	Seats     Kind = "seats"     // per item and period like PerPeriod, of items whose seconds a meter counts
	Credit    Kind = "credit"    // once, taken off: what is owed back of an earlier agreement; no price list that is sold has it
)

// Usage tells whether the kind charges what a meter counted.
func (k Kind) Usage() bool {
	switch k {
	case PerUnit, Graduated, Volume, Package, Seats:
		return true
	}
	return false
}

// Timed tells whether the kind needs the billing period to be rated.
func (k Kind) Timed() bool { return k == PerPeriod || k == Seats }

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
	Rounding      money.Rounding `json:"rounding,omitempty"`   // empty: half away from zero
	EffectiveFrom time.Time      `json:"effectiveFrom"`        // UTC, whole seconds
	EffectiveTo   time.Time      `json:"effectiveTo,omitzero"` // sold until then; absent: until the next version of its chain
	Components    []Component    `json:"components"`
	Terms         []Term         `json:"terms,omitempty"` // settled in this order when a period is closed
}

// Component is one thing that is charged. Which fields are used depends on the kind; Validate says which.
type Component struct {
	Key   string          `json:"key"` // stable word within the version, "messages"
	Kind  Kind            `json:"kind"`
	Meter string          `json:"meter,omitempty"` // usage kinds: key of the meter
	Unit  string          `json:"unit,omitempty"`  // usage kinds: the word for one priced unit, "hour"
	Per   money.Quantity  `json:"per,omitzero"`    // usage kinds but seats: base units of the meter in one priced unit, 3600
	Free  money.Quantity  `json:"free,omitzero"`   // usage kinds: the first base units of each period cost nothing
	Every Every           `json:"every,omitempty"` // perPeriod; seats: month
	Price money.UnitPrice `json:"price,omitzero"`  // all kinds without tiers
	Tiers []Tier          `json:"tiers,omitempty"` // graduated, volume: ascending, the last without bound
	Hours *Hours          `json:"hours,omitempty"` // usage kinds: counts only what is used in these hours of the week
	Parts []Part          `json:"parts,omitempty"` // oneOff, perPeriod: a bundle, whose price is split over these
}

// Tier prices the base units from the bound of the tier before (or Free) up to UpTo, which counts from the first
// base unit of the period, the free ones included. UpTo 0 means without bound. Of a volume price it is the tier that
// prices every unit beyond the free ones, as soon as they are more than the tier before allows.
type Tier struct {
	UpTo  money.Quantity  `json:"upTo,omitzero"`
	Price money.UnitPrice `json:"price"`         // per priced unit, that is per Component.Per base units
	Flat  money.UnitPrice `json:"flat,omitzero"` // once, with the first unit in the tier
	Step  money.Quantity  `json:"step,omitzero"` // the units in the tier count in started steps of so many base units
}

// Part is one of the things that a bundle holds. Its share of the price goes by its weight.
type Part struct {
	Key    string         `json:"key"`
	Weight money.Quantity `json:"weight"`
}

// Share is what falls on one part of a bundle, or on one component when a term is settled.
type Share struct {
	Key    string       `json:"key"`
	Amount money.Amount `json:"amount"`
}

// Split shares the amount of a line over the parts of its component by largest remainder; nil when it is no bundle.
// Errors: those of money.Split.
func (c *Component) Split(amount money.Amount) ([]Share, error) {
	if len(c.Parts) == 0 {
		return nil, nil
	}
	weights := make([]int64, len(c.Parts))
	for i, p := range c.Parts {
		weights[i] = int64(p.Weight)
	}
	amounts, err := money.Split(amount, weights)
	if err != nil {
		return nil, err
	}
	shares := make([]Share, len(c.Parts))
	for i, p := range c.Parts {
		shares[i] = Share{p.Key, amounts[i]}
	}
	return shares, nil
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
