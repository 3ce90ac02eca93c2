package settlement

import (
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Bearer says at whose cost something is.
type Bearer string

// The bearers. "" means Shared.
const (
	Shared      Bearer = "shared"    // by everybody, as the line itself is shared
	ByOperator  Bearer = "operator"  // the publisher gets its share as if it had not been
	ByPublisher Bearer = "publisher" // the publisher's share is less by all of it
)

// Whole is everything, in basis points: 10,000 are 100 %.
const Whole = 10_000

// Parts are the shares of a net amount in basis points; together they are Whole. Resellers are those above the customer,
// the nearest first; the part of one that is not there is the operator's.
type Parts struct {
	Publisher int   `json:"publisher"`
	Operator  int   `json:"operator"`
	Resellers []int `json:"resellers,omitempty"`
}

// ClauseKind is how a clause finds the publisher's share.
type ClauseKind string

// The kinds of clause.
const (
	Percent ClauseKind = "percent" // of the net amount
	Fixed   ClauseKind = "fixed"   // an amount for each unit; operator and resellers share what is left
	Tiers   ClauseKind = "tiers"   // percent by what the publisher has sold under the rule in the calendar month so far
)

// Tier is a stretch of what was sold in a month, up to an amount in minor units of the line's currency; the last has none.
type Tier struct {
	UpTo int64 `json:"upTo,omitempty"`
	Parts
}

// Clause shares the lines of one component, or with Component "" all that no other clause is about. Each and Per are the
// amount for so many base units of usage: all of a Fixed share, otherwise the least the publisher gets.
type Clause struct {
	Component string          `json:"component,omitempty"`
	Kind      ClauseKind      `json:"kind"`
	Parts     Parts           `json:"parts"`
	Tiers     []Tier          `json:"tiers,omitempty"`
	Each      money.UnitPrice `json:"each,omitzero"`
	Per       money.Quantity  `json:"per,omitzero"`
}

// Terms are what a rule says.
type Terms struct {
	Clauses     []Clause `json:"clauses"`
	Discount    Bearer   `json:"discount,omitempty"`    // of lines that a discount, coupon or cap made
	CreditNote  Bearer   `json:"creditNote,omitempty"`  // of what is taken back
	BadDebt     Bearer   `json:"badDebt,omitempty"`     // of what a customer never pays
	Fees        Bearer   `json:"fees,omitempty"`        // of what collecting costs
	Reserve     int      `json:"reserve,omitempty"`     // basis points of the publisher's share that are kept back
	ReserveDays int      `json:"reserveDays,omitempty"` // for so long
	Threshold   int64    `json:"threshold,omitempty"`   // least amount of a payout, minor units of its currency
}

// Rule is a version of the terms for a publisher, an offer or a market ("" is any), in force from a day on. It never
// changes; a later version of the same three takes its place from its day on. The most exact one counts: of the offer,
// then of the publisher, then of the market.
type Rule struct {
	ID        string
	Publisher string
	Offer     string
	Market    string
	Number    int64 // of the version, from 1
	From      price.Date
	Terms     Terms
	Actor     string
	CreatedAt time.Time
}

// rank orders rules that could count.
func (r Rule) rank() int {
	n := 0
	for i, set := range []bool{r.Market != "", r.Publisher != "", r.Offer != ""} {
		if set {
			n += 1 << i
		}
	}
	return n
}

const maxReserveDays = 400

// Validate refuses terms that do not share everything, and those without a sense. Error: fail.Invalid
// (settlement.terms) with each wrong field.
func (t Terms) Validate() error {
	e := fail.New(fail.Invalid, "settlement.terms", "The revenue cannot be split like this.", "Correct the fields named; parts are basis points and come to 10,000 together.")
	seen := map[string]bool{}
	for i, c := range t.Clauses {
		at := fmt.Sprintf("clauses.%d.", i)
		if seen[c.Component] {
			e = e.Field(at+"component", "has a clause already")
		}
		seen[c.Component] = true
		for field, why := range c.wrong() {
			e = e.Field(at+field, why)
		}
	}
	if !seen[""] {
		e = e.Field("clauses", "one must be for all components that no other is about")
	}
	for field, b := range map[string]Bearer{"discount": t.Discount, "creditNote": t.CreditNote, "badDebt": t.BadDebt, "fees": t.Fees} {
		if !slices.Contains([]Bearer{"", Shared, ByOperator, ByPublisher}, b) {
			e = e.Field(field, "must be shared, operator or publisher")
		}
	}
	if t.Reserve < 0 || t.Reserve > Whole || t.ReserveDays < 0 || t.ReserveDays > maxReserveDays || (t.Reserve > 0) != (t.ReserveDays > 0) {
		e = e.Field("reserve", "must be 0 to 10,000 basis points for 1 to 400 days")
	}
	if t.Threshold < 0 {
		e = e.Field("threshold", "must not be below zero")
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

// tiered tells whether a share depends on what was sold before.
func (t Terms) tiered() bool {
	return slices.ContainsFunc(t.Clauses, func(c Clause) bool { return c.Kind == Tiers })
}

func (c Clause) wrong() map[string]string {
	out := map[string]string{}
	if (c.Each != money.UnitPrice{}) && (c.Each.Nanos < 0 || !c.Each.Currency.Known()) {
		out["each"] = "must be an amount that is not below zero"
	}
	if ((c.Each != money.UnitPrice{}) != (c.Per > 0)) || c.Per < 0 {
		out["per"] = "says for how many base units the amount is"
	}
	switch c.Kind {
	case Percent:
		out["parts"] = c.Parts.wrong()
	case Fixed:
		out["parts"] = c.Parts.wrong()
		if c.Parts.Publisher != 0 {
			out["parts"] = "are of what the fixed share leaves: the publisher has none of it"
		}
		if (c.Each == money.UnitPrice{}) {
			out["each"] = "is needed"
		}
	case Tiers:
		last := int64(0)
		for i, t := range c.Tiers {
			if t.UpTo <= last && i < len(c.Tiers)-1 || t.UpTo != 0 && i == len(c.Tiers)-1 {
				out["tiers"] = "must end at growing amounts, the last at none"
			} else if why := t.wrong(); why != "" {
				out["tiers"] = why
			}
			last = t.UpTo
		}
		if len(c.Tiers) == 0 {
			out["tiers"] = "are needed"
		}
	default:
		out["kind"] = "must be percent, fixed or tiers"
	}
	for field, why := range out {
		if why == "" {
			delete(out, field)
		}
	}
	return out
}

// wrong says why the parts are not everything.
func (p Parts) wrong() string {
	sum := 0
	for _, n := range append([]int{p.Publisher, p.Operator}, p.Resellers...) {
		if n < 0 || n > Whole {
			return "must be 0 to 10,000 basis points each"
		}
		sum += n
	}
	if sum != Whole {
		return fmt.Sprintf("come to %d basis points, not to 10,000", sum)
	}
	return ""
}

// weights of publisher, operator and so many resellers; the operator has the parts of resellers that are not there.
func (p Parts) weights(resellers int) []int64 {
	out := make([]int64, 2+resellers)
	out[0], out[1] = int64(p.Publisher), int64(p.Operator)
	for i, n := range p.Resellers {
		if i < resellers {
			out[2+i] = int64(n)
		} else {
			out[1] += int64(n)
		}
	}
	return out
}

// defaultTerms is what holds where no rule was written: the operator keeps a part.
func defaultTerms(operator int) Terms {
	return Terms{Clauses: []Clause{{Kind: Percent, Parts: Parts{Publisher: Whole - operator, Operator: operator}}}}
}
