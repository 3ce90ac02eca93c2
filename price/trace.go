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
	RuleOneOff  Rule = "oneOff"
	RuleCredit  Rule = "credit" // owed back once
	RulePeriod  Rule = "period" // a whole period
	RulePart    Rule = "part"   // a part of a period, in seconds
	RuleFree    Rule = "free"
	RuleUnit    Rule = "unit"
	RuleTier    Rule = "tier"
	RuleFlat    Rule = "flat"    // with the first unit in a tier
	RulePackage Rule = "package" // started packages
	RuleSeats   Rule = "seats"   // items × seconds
	RuleVolume  Rule = "volume"  // all units of the period so far
	RuleBefore  Rule = "before"  // less all units of the period that were charged before
)

// Step is one product in the sum of a line: Price × Quantity ÷ Per = Partial, or its opposite where it takes back what
// was charged before. Where units were charged before in the same tier, Partial is the difference of two products, each
// cut below 1e-18 of the currency.
type Step struct {
	Rule     Rule            `json:"rule"`
	From     money.Quantity  `json:"from,omitzero"` // usage: first base unit of the tier
	To       money.Quantity  `json:"to,omitzero"`   // usage: bound of the tier, 0 for none
	Quantity money.Quantity  `json:"quantity"`      // base units, items, or items × seconds
	Per      money.Quantity  `json:"per"`           // base units of one priced unit or package, or seconds of the period
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
	steps, again, err := stepsOf(v, c, l.Input(), false)
	if err != nil {
		return nil, err
	}
	if again != l.Exact { // a line of earlier days
		if steps, again, err = stepsOf(v, c, l.Input(), true); err != nil {
			return nil, err
		}
	}
	amount, err := again.Round(v.Rounding)
	if err != nil {
		return nil, err
	}
	if l.Version != v.ID || l.Kind != c.Kind || again != l.Exact || amount != l.Amount {
		return nil, fail.New(fail.Conflict, "price.mismatch", "The line does not come out of this price list.",
			"Compare the line with the price list it names.").With("line", l.Amount.String()).With("recomputed", amount.String())
	}
	return steps, nil
}

// stepsOf redoes an input and keeps the steps.
func stepsOf(v *Version, c *Component, in Input, apart bool) ([]Step, money.Exact, error) {
	s := sum{total: money.ZeroExact(v.Currency), keep: true, apart: apart}
	err := s.component(c, &in)
	return s.steps, s.total, err
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
	shares, err := c.Split(l.Amount)
	if err != nil {
		return "", err
	}
	writeShares(&b, shares, locale, w)
	return b.String(), nil
}

func writeShares(b *strings.Builder, shares []Share, locale string, w func(string) string) {
	for _, s := range shares {
		fmt.Fprintf(b, "\n"+w("share"), s.Key, s.Amount.Format(locale))
	}
}

func (s *Step) text(c *Component, l *Line, locale string, w func(string) string) string {
	q, p := s.Quantity.Format(locale), s.Price.Format(locale)
	switch s.Rule {
	case RuleCredit:
		return fmt.Sprintf(w("credit"), q, p)
	case RuleOneOff:
		return fmt.Sprintf(w("oneOff"), q, p)
	case RulePeriod:
		return fmt.Sprintf(w("period"), q, p, w(string(c.Every)))
	case RulePart:
		held := money.Quantity(l.Span.Seconds()).Format(locale)
		return fmt.Sprintf(w("part"), l.Quantity.Format(locale), p, w(string(c.Every)), held, s.Per.Format(locale))
	case RuleFree:
		return fmt.Sprintf(w("free"), q)
	case RulePackage:
		return fmt.Sprintf(w("package"), (s.Quantity / s.Per).Format(locale), p, s.Per.Format(locale), c.Unit)
	case RuleSeats:
		if s.Per == 1 {
			return fmt.Sprintf(w("period"), q, p, w(string(c.Every)))
		}
		return fmt.Sprintf(w("seats"), q, p, w(string(c.Every)), s.Per.Format(locale))
	}
	low, high := s.From.Format(locale), w("open")
	if s.To != 0 {
		high = s.To.Format(locale)
	}
	switch s.Rule {
	case RuleFlat:
		return fmt.Sprintf(w("tier"), low, high) + fmt.Sprintf(w("flat"), p)
	case RuleVolume:
		return fmt.Sprintf(w("volume"), low, high) + unitText(s, c, locale, w)
	case RuleBefore:
		return fmt.Sprintf(w("before"), low, high) + unitText(s, c, locale, w)
	case RuleTier:
		return fmt.Sprintf(w("tier"), low, high) + unitText(s, c, locale, w)
	}
	return unitText(s, c, locale, w)
}

func unitText(s *Step, c *Component, locale string, w func(string) string) string {
	unit := c.Unit
	if s.Per != 1 {
		unit = fmt.Sprintf(w("per"), c.Unit, s.Per.Format(locale))
	}
	return fmt.Sprintf(w("unit"), s.Quantity.Format(locale), s.Price.Format(locale), unit)
}

func english(key string) string {
	switch key {
	case "oneOff":
		return "%s × %s, once"
	case "credit":
		return "%s × %s taken off, once"
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
	case "flat":
		return "%s flat"
	case "package":
		return "%s started packages × %s per %s %s"
	case "seats":
		return "%s seconds × %s a %s of %s seconds"
	case "volume":
		return "the period so far, from %s to %s: "
	case "before":
		return "less what was charged before, from %s to %s: "
	case "share":
		return "of it %s %s"
	case "everything":
		return "everything"
	case "period of":
		return "period %d (%s) from %s to %s UTC"
	case "terms before":
		return "terms before it: %s"
	case "prorated":
		return "%s for %s of %s seconds = %s"
	case "trial":
		return "the first %d days of %s cost nothing = %s"
	case "discount":
		return "%s %% off %s for %s = %s"
	case "coupon":
		return "%s off %s for %s = %s"
	case "cap":
		return "at most %s, of %s for %s = %s"
	case "minimum":
		return "at least %s, of %s for %s = %s"
	case "commitment":
		return "%s committed, drawn down by %s for %s = %s"
	case "prepaid":
		return "%s paid in advance, drawn down by %s for %s = %s"
	case "not over":
		return ", settled when the period is over"
	case "settled":
		return "less what was settled before: %s"
	case "closing":
		return "total %s"
	case "total":
		return "total %s, rounded to %s"
	}
	return key
}

func french(key string) string {
	switch key {
	case "oneOff":
		return "%s × %s, une fois"
	case "credit":
		return "%s × %s déduit, une fois"
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
	case "flat":
		return "%s de forfait"
	case "package":
		return "%s lots entamés × %s par %s %s"
	case "seats":
		return "%s secondes × %s par %s de %s secondes"
	case "volume":
		return "la période à ce jour, de %s à %s : "
	case "before":
		return "moins ce qui a déjà été compté, de %s à %s : "
	case "share":
		return "dont %s %s"
	case "everything":
		return "l’ensemble"
	case "period of":
		return "période %d (%s) du %s au %s UTC"
	case "terms before":
		return "clauses précédentes : %s"
	case "prorated":
		return "%s pour %s sur %s secondes = %s"
	case "trial":
		return "les %d premiers jours de %s sont gratuits = %s"
	case "discount":
		return "%s %% de remise sur %s pour %s = %s"
	case "coupon":
		return "%s de réduction sur %s pour %s = %s"
	case "cap":
		return "au plus %s, sur %s pour %s = %s"
	case "minimum":
		return "au moins %s, sur %s pour %s = %s"
	case "commitment":
		return "%s engagés, dont %s consommés pour %s = %s"
	case "prepaid":
		return "%s payés d’avance, dont %s consommés pour %s = %s"
	case "not over":
		return ", réglé à la fin de la période"
	case "settled":
		return "moins ce qui a déjà été réglé : %s"
	case "closing":
		return "total %s"
	case "total":
		return "total %s, arrondi à %s"
	case "month":
		return "mois"
	case "year":
		return "an"
	}
	return key
}
