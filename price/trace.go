package price

import (
	"fmt"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// Rule names what a step applied.
type Rule string

// The rules.
const (
	RuleOneOff Rule = "oneOff"
	RulePeriod Rule = "period" // a whole period
	RulePart   Rule = "part"   // a part of a period, in seconds
	RuleFree   Rule = "free"
	RuleUnit   Rule = "unit"
	RuleTier   Rule = "tier"
)

// Step is one product in the sum of a line: Price × Quantity ÷ Per = Partial.
type Step struct {
	Rule     Rule            `json:"rule"`
	From     money.Quantity  `json:"from,omitzero"` // usage: first base unit of the tier
	To       money.Quantity  `json:"to,omitzero"`   // usage: bound of the tier, 0 for none
	Quantity money.Quantity  `json:"quantity"`      // base units, items, or items × seconds
	Per      money.Quantity  `json:"per"`           // base units of one priced unit, or seconds of the period
	Price    money.UnitPrice `json:"price"`
	Partial  money.Exact     `json:"partial"`
}

// Trace redoes a line with its version and gives the steps in order. It refuses a line that does not come out
// the same, so a trace is also a check. Errors: those of Rate, price.mismatch.
func Trace(v *Version, l *Line) ([]Step, error) {
	c, err := v.Component(l.Component)
	if err != nil {
		return nil, err
	}
	s, in := sum{total: money.ZeroExact(v.Currency), keep: true}, l.Input()
	if err := s.component(c, &in); err != nil {
		return nil, err
	}
	amount, err := s.total.Round(v.Rounding)
	if err != nil {
		return nil, err
	}
	if l.Version != v.ID || l.Kind != c.Kind || s.total != l.Exact || amount != l.Amount {
		return nil, fail.New(fail.Conflict, "price.mismatch", "The line does not come out of this price list.",
			"Compare the line with the price list it names.").With("line", l.Amount.String()).With("recomputed", amount.String())
	}
	return s.steps, nil
}

// Explain writes the trace of a line for a person, one step a line and the rounding last, in French for a
// locale that begins with "fr" and in English otherwise.
func Explain(v *Version, l *Line, locale string) (string, error) {
	steps, err := Trace(v, l)
	if err != nil {
		return "", err
	}
	c, err := v.Component(l.Component)
	if err != nil {
		return "", err
	}
	w := english
	if strings.HasPrefix(locale, "fr") {
		w = french
	}
	var b strings.Builder
	for _, s := range steps {
		b.WriteString(s.text(c, l, locale, w))
		fmt.Fprintf(&b, " = %s\n", s.Partial.Decimal())
	}
	fmt.Fprintf(&b, w("total"), l.Exact.String(), l.Amount.Format(locale))
	return b.String(), nil
}

func (s *Step) text(c *Component, l *Line, locale string, w func(string) string) string {
	q, p := s.Quantity.Format(locale), s.Price.Format(locale)
	switch s.Rule {
	case RuleOneOff:
		return fmt.Sprintf(w("oneOff"), q, p)
	case RulePeriod:
		return fmt.Sprintf(w("period"), q, p, w(string(c.Every)))
	case RulePart:
		held := money.Quantity(l.Span.Seconds()).Format(locale)
		return fmt.Sprintf(w("part"), l.Quantity.Format(locale), p, w(string(c.Every)), held, s.Per.Format(locale))
	case RuleFree:
		return fmt.Sprintf(w("free"), q)
	}
	unit := c.Unit
	if s.Per != 1 {
		unit = fmt.Sprintf(w("per"), c.Unit, s.Per.Format(locale))
	}
	text := fmt.Sprintf(w("unit"), q, p, unit)
	if s.Rule == RuleTier {
		to := w("open")
		if s.To != 0 {
			to = s.To.Format(locale)
		}
		text = fmt.Sprintf(w("tier"), s.From.Format(locale), to) + text
	}
	return text
}

func english(key string) string {
	switch key {
	case "oneOff":
		return "%s × %s, once"
	case "period":
		return "%s × %s a %s"
	case "part":
		return "%s × %s a %s, for %s of its %s seconds"
	case "free":
		return "%s free"
	case "unit":
		return "%s × %s per %s"
	case "per":
		return "%s (%s counted)"
	case "tier":
		return "from %s to %s: "
	case "open":
		return "any"
	case "total":
		return "total %s, rounded to %s"
	}
	return key
}

func french(key string) string {
	switch key {
	case "oneOff":
		return "%s × %s, une fois"
	case "period":
		return "%s × %s par %s"
	case "part":
		return "%s × %s par %s, pour %s de ses %s secondes"
	case "free":
		return "%s gratuits"
	case "unit":
		return "%s × %s par %s"
	case "per":
		return "%s (%s comptés)"
	case "tier":
		return "de %s à %s : "
	case "open":
		return "l’infini"
	case "total":
		return "total %s, arrondi à %s"
	case "month":
		return "mois"
	case "year":
		return "an"
	}
	return key
}
