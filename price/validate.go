package price

import (
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// limits of a version: enough for any price list a person can read.
const (
	maxComponents = 200
	maxTiers      = 50
	maxWord       = 64
)

// Validate checks the whole version and names every field that is wrong in one *fail.Error (price.version).
func (v *Version) Validate() error {
	var p problems
	p.word("id", v.ID)
	p.when(!v.Currency.Known(), "currency", "is not a currency that can be charged")
	p.when(v.Basis != Net && v.Basis != Gross, "basis", `must be "net" or "gross"`)
	p.when(!v.Rounding.Valid(), "rounding", `must be "halfAwayFromZero" or "halfEven"`)
	p.when(v.EffectiveFrom.IsZero(), "effectiveFrom", "is missing")
	p.when(!v.EffectiveFrom.Equal(v.EffectiveFrom.Truncate(time.Second)), "effectiveFrom", "must be a whole second")
	if !v.EffectiveTo.IsZero() {
		p.when(!v.EffectiveTo.Equal(v.EffectiveTo.Truncate(time.Second)), "effectiveTo", "must be a whole second")
		p.when(!v.EffectiveFrom.Before(v.EffectiveTo), "effectiveTo", "must be after effectiveFrom")
	}
	p.when(len(v.Components) == 0, "components", "must name at least one part")
	p.when(len(v.Components) > maxComponents, "components", "has too many parts")
	seen := make(map[string]bool, len(v.Components))
	for i := range v.Components {
		c, at := &v.Components[i], fmt.Sprintf("components.%d.", i)
		p.when(seen[c.Key], at+"key", "is used twice")
		seen[c.Key] = true
		p.component(at, c, v.Currency)
	}
	p.week(v)
	p.terms(v)
	return p.error()
}

type problems []fail.Field

func (p *problems) when(bad bool, path, message string) {
	if bad {
		*p = append(*p, fail.Field{Path: path, Message: message})
	}
}

func (p *problems) error() error {
	if len(*p) == 0 {
		return nil
	}
	e := fail.New(fail.Invalid, "price.version", "The price list cannot be used as it is.", "Correct the fields named.")
	e.Fields = *p
	return e
}

// word wants 1 to 64 letters, digits and - _ . without spaces: what may stand in a URL and in a hash.
func (p *problems) word(path, s string) {
	ok := s != "" && len(s) <= maxWord
	for _, r := range []byte(s) {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	}
	p.when(!ok, path, "must be 1 to 64 letters, digits, or - _ .")
}

func (p *problems) component(at string, c *Component, cur money.Currency) {
	p.word(at+"key", c.Key)
	switch c.Kind {
	case OneOff, PerPeriod, PerUnit, Graduated, Volume, Package, Seats, Credit:
	default:
		p.when(true, at+"kind", `must be "oneOff", "perPeriod", "perUnit", "graduated", "volume", "package" or "seats"`)
		return
	}
	p.used(at, c)
	p.bundle(at+"parts", c)
	switch c.Kind {
	case PerPeriod:
		p.when(c.Every != Month && c.Every != Year, at+"every", `must be "month" or "year"`)
	case Seats:
		p.when(c.Every != Month, at+"every", `must be "month"`)
	default:
		p.when(c.Every != "", at+"every", "belongs to perPeriod and seats only")
	}
	if c.Kind == Graduated || c.Kind == Volume {
		p.when(c.Price != money.UnitPrice{}, at+"price", "belongs into the tiers")
		p.tiers(at+"tiers", c, cur)
		return
	}
	p.when(len(c.Tiers) > 0, at+"tiers", "belongs to graduated and volume only")
	p.price(at+"price", c.Price, cur)
}

// used checks what only usage has.
func (p *problems) used(at string, c *Component) {
	if c.Kind.Usage() {
		p.word(at+"meter", c.Meter)
		p.word(at+"unit", c.Unit)
		p.when(c.Kind != Seats && c.Per <= 0, at+"per", "must be above zero: how many base units of the meter one priced unit has")
		p.when(c.Kind == Seats && c.Per != 0, at+"per", "does not belong to seats, whose meter counts seconds")
		p.when(c.Free < 0, at+"free", "must not be below zero")
		p.hours(at+"hours.", c.Hours)
		return
	}
	p.when(c.Meter != "", at+"meter", "belongs to usage only")
	p.when(c.Unit != "", at+"unit", "belongs to usage only")
	p.when(c.Per != 0, at+"per", "belongs to usage only")
	p.when(c.Free != 0, at+"free", "belongs to usage only")
	p.when(c.Hours != nil, at+"hours", "belongs to usage only")
}

func (p *problems) tiers(at string, c *Component, cur money.Currency) {
	p.when(len(c.Tiers) == 0, at, "must name at least one tier")
	p.when(len(c.Tiers) > maxTiers, at, "has too many tiers")
	below := c.Free
	for i, t := range c.Tiers {
		here := fmt.Sprintf("%s.%d.", at, i)
		p.price(here+"price", t.Price, cur)
		if t.Flat != (money.UnitPrice{}) {
			p.price(here+"flat", t.Flat, cur)
		}
		p.when(t.Step < 0, here+"step", "must not be below zero")
		if i == len(c.Tiers)-1 {
			p.when(t.UpTo != 0, here+"upTo", "must be absent in the last tier, which has no bound")
			continue
		}
		p.when(t.UpTo <= below, here+"upTo", "must be above the tier before and above the free quantity")
		below = t.UpTo
	}
}

func (p *problems) price(path string, u money.UnitPrice, cur money.Currency) {
	p.when(u.Currency != cur, path, "must be in the currency of the price list")
	p.when(u.Nanos < 0, path, "must not be below zero")
}
