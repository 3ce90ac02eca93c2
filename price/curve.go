package price

import (
	"slices"

	"github.com/halle-cloud/halle/money"
)

// Point is what a month costs with some units of one component: with all that the price list says.
type Point struct {
	Quantity money.Quantity // priced units, or items of seats
	Total    money.Amount
	Each     money.UnitPrice // Total ÷ Quantity, rounded at its ninth decimal; zero without units
}

// Later is the price list of a later month: without what is owed once or by the year, and without what holds for the first
// periods only.
func (v *Version) Later() *Version {
	out := *v
	out.Components, out.Terms = nil, nil
	for _, c := range v.Components {
		if c.Kind != OneOff && (c.Kind != PerPeriod || c.Every == Month) {
			out.Components = append(out.Components, c)
		}
	}
	for _, t := range v.Terms {
		if t.Periods == 0 && t.Kind != Trial && t.every() == Month {
			out.Terms = append(out.Terms, t)
		}
	}
	return &out
}

// Curve is what a later month costs by the units of one component of a valid version, the others being as assumed (base
// units by key). Quantities are priced units. Errors: price.component, price.input, money.overflow.
func Curve(v *Version, component string, assumed map[string]money.Quantity, quantities []money.Quantity) ([]Point, error) {
	c, err := v.Component(component)
	if err != nil {
		return nil, err
	}
	later := v.Later()
	all := map[string]money.Quantity{}
	for key, q := range assumed {
		if _, err := later.Component(key); err == nil {
			all[key] = q
		}
	}
	out := make([]Point, 0, len(quantities))
	for _, q := range quantities {
		if all[component], err = q.Mul(c.per()); err != nil {
			return nil, err
		}
		quote, err := NewQuote(later, all)
		if err != nil {
			return nil, err
		}
		p := Point{Quantity: q, Total: quote.Total, Each: money.NewUnitPrice(0, v.Currency)}
		if q > 0 {
			if p.Each, err = quote.Total.Each(q); err != nil {
				return nil, err
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// Reach is how far a curve of a component is worth drawing, in priced units: past its last tier and its free units.
func (c *Component) Reach() money.Quantity {
	const usual, seats, most = 1000, 20, money.Quantity(1_000_000_000_000_000)
	if c.Kind == Seats {
		return seats
	}
	bound := c.Free
	for _, t := range c.Tiers {
		bound = max(bound, t.UpTo)
	}
	per := c.per()
	units := min(bound, most)/per + 1
	if bound == 0 {
		return usual
	}
	return nice(units + units/2)
}

// nice rounds up to 1, 2 or 5 times a power of ten, at least 10.
func nice(n money.Quantity) money.Quantity {
	for power := money.Quantity(10); ; power *= 10 {
		for _, step := range []money.Quantity{1, 2, 5} {
			if power*step >= n {
				return power * step
			}
		}
	}
}

// Samples are n+1 quantities from nothing to reach, as evenly apart as whole units can be; each once.
func Samples(reach money.Quantity, n int) []money.Quantity {
	out := make([]money.Quantity, 0, n+1)
	for i := range n + 1 {
		out = append(out, reach/money.Quantity(n)*money.Quantity(i)+reach%money.Quantity(n)*money.Quantity(i)/money.Quantity(n))
	}
	return slices.Compact(out)
}
