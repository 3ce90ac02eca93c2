package tax

import (
	"slices"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// whole is 100 % in basis points.
const whole = 10_000

// Item is one line of an invoice as tax sees it. Amount is net for NetTotals and gross for GrossTotals.
type Item struct {
	Amount      money.Amount
	Category    Category
	BasisPoints int
}

// Subtotal is the tax of one category and rate (EN 16931 BG-23): VAT = Base × rate.
type Subtotal struct {
	Category    Category     `json:"category"`
	BasisPoints int          `json:"basisPoints"`
	Base        money.Amount `json:"base"`
	VAT         money.Amount `json:"vat"`
}

// Totals is the tax of an invoice. Net + VAT = Gross, always.
type Totals struct {
	Subtotals []Subtotal   `json:"subtotals"` // by category, then rate
	Net       money.Amount `json:"net"`
	VAT       money.Amount `json:"vat"`
	Gross     money.Amount `json:"gross"`
}

// Of is the tax on a net amount, rounded half away from zero (EN 16931 BR-CO-17). Error: money.overflow.
func Of(net money.Amount, basisPoints int) (money.Amount, error) {
	return net.Scale(int64(basisPoints), whole, money.HalfAwayFromZero)
}

// Extract takes the tax out of a gross amount; net + vat = gross exactly. Not every gross amount is some net
// amount plus its rounded tax, so Of(net) may differ from vat by one minor unit. Error: money.overflow.
func Extract(gross money.Amount, basisPoints int) (net, vat money.Amount, err error) {
	if vat, err = gross.Scale(int64(basisPoints), int64(whole+basisPoints), money.HalfAwayFromZero); err != nil {
		return net, vat, err
	}
	net, err = gross.Sub(vat)
	return net, vat, err
}

// NetTotals computes the tax per category and rate on the sum of net lines (BR-CO-17), never line by line.
// Errors: tax.item, money.currency, money.overflow.
func NetTotals(c money.Currency, items []Item) (Totals, error) {
	groups, err := group(c, items)
	if err != nil {
		return Totals{}, err
	}
	for i := range groups {
		if groups[i].VAT, err = Of(groups[i].Base, groups[i].BasisPoints); err != nil {
			return Totals{}, err
		}
	}
	return total(c, groups)
}

// GrossTotals takes the tax out of gross lines per category and rate, so that the gross total is the sum of the
// prices that a consumer saw. nets are the net amounts of the lines in order; they sum to Totals.Net, each less
// than one minor unit from its exact value (largest remainder). Errors: tax.item, money.currency, money.overflow.
func GrossTotals(c money.Currency, items []Item) (t Totals, nets []money.Amount, err error) {
	groups, err := group(c, items)
	if err != nil {
		return Totals{}, nil, err
	}
	nets = make([]money.Amount, len(items))
	for i := range groups {
		g := &groups[i]
		if g.Base, g.VAT, err = Extract(g.Base, g.BasisPoints); err != nil {
			return Totals{}, nil, err
		}
		if err = share(g, items, nets); err != nil {
			return Totals{}, nil, err
		}
	}
	t, err = total(c, groups)
	return t, nets, err
}

// share gives the lines of one group their net amounts: each rounded, and the few units by which the sum then
// misses the base go to the lines whose rounding was furthest off.
func share(g *Subtotal, items []Item, nets []money.Amount) error {
	type line struct {
		index int
		up    int64 // how much, in parts of whole+rate, rounding was above the exact value; negative below
	}
	var lines []line
	missing := g.Base
	div := int64(whole + g.BasisPoints)
	for i, it := range items {
		if it.Category != g.Category || it.BasisPoints != g.BasisPoints {
			continue
		}
		net, vat, err := Extract(it.Amount, it.BasisPoints)
		if err != nil {
			return err
		}
		if missing, err = missing.Sub(net); err != nil {
			return err
		}
		nets[i] = net
		// net - gross×whole/div in parts of div is net×div - gross×whole = net×rate - vat×whole; both factors are
		// small against their product only modulo 2^64, and the difference is below div, so wrapping is harmless.
		lines = append(lines, line{i, net.Minor*int64(g.BasisPoints) - vat.Minor*(div-int64(g.BasisPoints))})
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		if missing.Minor < 0 {
			a, b = b, a
		}
		return int(a.up - b.up)
	})
	for k := 0; missing.Minor != 0; k++ {
		step := int64(missing.Sign())
		nets[lines[k%len(lines)].index].Minor += step
		missing.Minor -= step
	}
	return nil
}

// group sums the items by category and rate; VAT is left for the caller.
func group(c money.Currency, items []Item) ([]Subtotal, error) {
	var groups []Subtotal
	for _, it := range items {
		taxed := it.Category == Standard
		if !it.Category.Valid() || taxed != (it.BasisPoints > 0) || it.BasisPoints < 0 || it.BasisPoints > whole {
			return nil, fail.New(fail.Invalid, "tax.item", "A line has a tax category and a rate that do not belong together.",
				"Use a rate above 0 and at most 100 % with category S, and 0 with every other category.")
		}
		i := slices.IndexFunc(groups, func(g Subtotal) bool { return g.Category == it.Category && g.BasisPoints == it.BasisPoints })
		if i < 0 {
			i = len(groups)
			groups = append(groups, Subtotal{it.Category, it.BasisPoints, money.Zero(c), money.Zero(c)})
		}
		var err error
		if groups[i].Base, err = groups[i].Base.Add(it.Amount); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(groups, func(a, b Subtotal) int {
		if n := strings.Compare(string(a.Category), string(b.Category)); n != 0 {
			return n
		}
		return a.BasisPoints - b.BasisPoints
	})
	return groups, nil
}

func total(c money.Currency, groups []Subtotal) (Totals, error) {
	t := Totals{Subtotals: groups, Net: money.Zero(c), VAT: money.Zero(c)}
	var err error
	for _, g := range groups {
		if t.Net, err = t.Net.Add(g.Base); err != nil {
			return Totals{}, err
		}
		if t.VAT, err = t.VAT.Add(g.VAT); err != nil {
			return Totals{}, err
		}
	}
	t.Gross, err = t.Net.Add(t.VAT)
	return t, err
}
