package price

import (
	"fmt"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// TermKind says how a term changes what a period comes to.
type TermKind string

// The kinds of term. They look at the rounded amounts of lines, as they stand on invoices.
const (
	Trial      TermKind = "trial"      // the first days cost nothing, what is owed once excepted
	Discount   TermKind = "discount"   // a percentage off
	Coupon     TermKind = "coupon"     // an amount off, at most what there is
	Cap        TermKind = "cap"        // at most an amount
	Minimum    TermKind = "minimum"    // at least an amount, topped up when the period is over
	Commitment TermKind = "commitment" // an amount that use draws down; what is left is owed when the period is over, or in advance
)

// Term is an agreement about all lines of a period, or about those of some components. Terms are settled in the order
// of the version: each sees what those before it left.
type Term struct {
	Key        string       `json:"key"` // stable word, unlike those of the components
	Kind       TermKind     `json:"kind"`
	Components []string     `json:"components,omitempty"` // what it looks at; empty: everything, terms before it too
	Amount     money.Amount `json:"amount,omitzero"`      // coupon, cap, minimum, commitment: of each period
	Percent    Percent      `json:"percent,omitzero"`     // discount
	Every      Every        `json:"every,omitempty"`      // cap, minimum, commitment: length of the period; absent: month
	Periods    int          `json:"periods,omitempty"`    // discount, coupon: for so many periods from the first; 0: for all
	Days       int          `json:"days,omitempty"`       // trial: days of 24 hours from the activation
	Prepaid    bool         `json:"prepaid,omitempty"`    // commitment: owed with the first line of the period
	Prorate    bool         `json:"prorate,omitempty"`    // cap, minimum, commitment: for the seconds that the version was in force
}

// every is the length of the periods of a term.
func (t *Term) every() Every {
	if t.Every == Year {
		return Year
	}
	return Month
}

// Covers tells whether the term looks at a component.
func (t *Term) Covers(key string) bool {
	return len(t.Components) == 0 || slices.Contains(t.Components, key)
}

// Term finds a term by its key; nil when there is none.
func (v *Version) Term(key string) *Term {
	for i := range v.Terms {
		if v.Terms[i].Key == key {
			return &v.Terms[i]
		}
	}
	return nil
}

// Closes tells whether the version has terms that are settled by periods of the given length.
func (v *Version) Closes(every Every) bool {
	return slices.ContainsFunc(v.Terms, func(t Term) bool { return t.every() == every })
}

// TrialDays is the length of the trial of a component in days; 0 when it has none.
func (v *Version) TrialDays(c *Component) int {
	for i := range v.Terms {
		if t := &v.Terms[i]; t.Kind == Trial && c.Kind != OneOff && c.Kind != Credit && t.Covers(c.Key) {
			return t.Days
		}
	}
	return 0
}

// Percent is thousandths of a percent. In text it is "12.5".
type Percent int64

const wholePercent = 100_000

// String is "12.5".
func (p Percent) String() string {
	s := fmt.Sprintf("%d.%03d", int64(p)/1000, int64(p)%1000)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// MarshalText writes "12.5", or "" for none.
func (p Percent) MarshalText() ([]byte, error) {
	if p == 0 {
		return nil, nil
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads "12.5": 0 to 100 with up to three decimals, or "" for none. Error: price.percent.
func (p *Percent) UnmarshalText(b []byte) error {
	if *p = 0; len(b) == 0 {
		return nil
	}
	whole, frac, point := strings.Cut(string(b), ".")
	digits := whole + frac + strings.Repeat("0", max(0, 3-len(frac)))
	n := int64(0)
	ok := whole != "" && len(whole) <= 3 && (len(whole) == 1 || whole[0] != '0') && len(frac) <= 3 && (!point || frac != "")
	for i := 0; ok && i < len(digits); i++ {
		ok = digits[i] >= '0' && digits[i] <= '9'
		n = n*10 + int64(digits[i]-'0')
	}
	if !ok || n > wholePercent {
		return fail.New(fail.Invalid, "price.percent", "That is not a percentage.", `Write 0 to 100 with a point and up to three decimals, such as "12.5".`)
	}
	*p = Percent(n)
	return nil
}

// limits of terms.
const (
	maxTerms   = 30
	maxParts   = 50
	maxPeriods = 1200
	maxDays    = 3660
	maxWeight  = 1_000_000_000_000
)

// terms checks the terms of a version.
func (p *problems) terms(v *Version) {
	p.when(len(v.Terms) > maxTerms, "terms", "has too many terms")
	seen := map[string]bool{}
	for i := range v.Components {
		seen[v.Components[i].Key] = true
	}
	for i := range v.Terms {
		t, at := &v.Terms[i], fmt.Sprintf("terms.%d.", i)
		p.word(at+"key", t.Key)
		p.when(seen[t.Key], at+"key", "is used twice")
		seen[t.Key] = true
		p.term(at, t, v)
		named := map[string]bool{}
		for j, key := range t.Components {
			_, err := v.Component(key)
			p.when(err != nil, fmt.Sprintf("%scomponents.%d", at, j), "is not a part of this price list")
			p.when(named[key], fmt.Sprintf("%scomponents.%d", at, j), "is named twice")
			named[key] = true
		}
	}
	trials := slices.IndexFunc(v.Terms, func(t Term) bool { return t.Kind == Trial })
	for i, t := range v.Terms {
		p.when(t.Kind == Trial && i != trials, fmt.Sprintf("terms.%d.kind", i), "there may be one trial only")
	}
}

func (p *problems) term(at string, t *Term, v *Version) {
	amount, periods := false, false
	switch t.Kind {
	case Trial:
		p.when(t.Days < 1 || t.Days > maxDays, at+"days", "must be 1 to 3660")
	case Discount:
		periods = true
		p.when(t.Percent <= 0 || t.Percent > wholePercent, at+"percent", "must be above 0 and at most 100")
	case Coupon:
		amount, periods = true, true
	case Cap, Minimum, Commitment:
		amount = true
	default:
		p.when(true, at+"kind", `must be "trial", "discount", "coupon", "cap", "minimum" or "commitment"`)
		return
	}
	yearly := amount && t.Kind != Coupon
	p.when(amount && (t.Amount.Minor <= 0 || t.Amount.Currency != v.Currency), at+"amount", "must be above zero, in the currency of the price list")
	p.when(!amount && t.Amount != money.Amount{}, at+"amount", "does not belong to this kind")
	p.when(t.Kind != Discount && t.Percent != 0, at+"percent", "belongs to a discount only")
	p.when(t.Kind != Trial && t.Days != 0, at+"days", "belongs to a trial only")
	p.when(!periods && t.Periods != 0, at+"periods", "belongs to a discount or coupon only")
	p.when(t.Periods < 0 || t.Periods > maxPeriods, at+"periods", "must be 0 to 1200")
	p.when(t.Every != "" && t.Every != Month && t.Every != Year, at+"every", `must be "month" or "year"`)
	p.when(t.Every != "" && !yearly, at+"every", "belongs to a cap, minimum or commitment only")
	p.when(t.Prepaid && t.Kind != Commitment, at+"prepaid", "belongs to a commitment only")
	p.when(t.Prorate && !yearly, at+"prorate", "belongs to a cap, minimum or commitment only")
}

// bundle checks the parts of a bundle.
func (p *problems) bundle(at string, c *Component) {
	if len(c.Parts) == 0 {
		return
	}
	p.when(c.Kind != OneOff && c.Kind != PerPeriod, at, "belongs to oneOff and perPeriod only")
	p.when(len(c.Parts) > maxParts, at, "has too many parts")
	seen, sum := map[string]bool{}, money.Quantity(0)
	for i, part := range c.Parts {
		here := fmt.Sprintf("%s.%d.", at, i)
		p.word(here+"key", part.Key)
		p.when(seen[part.Key], here+"key", "is used twice")
		seen[part.Key] = true
		p.when(part.Weight < 0 || part.Weight > maxWeight, here+"weight", "must be 0 to 1000000000000")
		sum += min(max(part.Weight, 0), maxWeight)
	}
	p.when(sum == 0, at, "must have a weight above zero")
}
