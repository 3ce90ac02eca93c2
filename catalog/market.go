package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
)

func asFail(err error, e **fail.Error) bool { return errors.As(err, e) }

func names(list []string, m party.Market) bool {
	return slices.Contains(list, m.ID) || slices.Contains(list, m.Domain)
}

// In tells whether the offer is meant for the market and complete there: the market's languages and a price in its
// currency for at least one plan on sale.
func (c *Content) In(m party.Market) bool {
	if len(c.Markets) > 0 && !names(c.Markets, m) {
		return false
	}
	return len(c.lacks(m)) == 0
}

// Price is the price list of a plan in a market: one that names the market, else one of its currency and basis (gross
// where the market shows prices with tax). Nil when the plan has none there. Of a content from the shelf it is the one
// in force; prices for a reseller's customers are left out.
func (p *Plan) Price(m party.Market) *Price {
	var found *Price
	for i := range p.Prices {
		one := &p.Prices[i]
		if !one.sold(m) || len(one.Resellers) > 0 {
			continue
		}
		if names(one.Markets, m) {
			return one
		}
		if found == nil && len(one.Markets) == 0 {
			found = one
		}
	}
	return found
}

// sold tells whether the price is in the currency and basis of a market.
func (p *Price) sold(m party.Market) bool {
	basis := price.Net
	if m.VATMode == party.VATGross {
		basis = price.Gross
	}
	return string(p.Currency) == m.Currency && p.Basis == basis
}

// PriceFor is the price list that a buyer gets in a market at an instant: that for the nearest of the organisations above
// it (nearest last) that has one, else that for everybody. Nil when none is in force.
func (p *Plan) PriceFor(m party.Market, above []string, at time.Time) *Price {
	for _, named := range []bool{true, false} {
		var list []price.Listed
		var places []int
		for i := range p.Prices {
			one := &p.Prices[i]
			if !one.sold(m) || named != names(one.Markets, m) || !named && len(one.Markets) > 0 {
				continue
			}
			for _, l := range one.listed() {
				list, places = append(list, l), append(places, i)
			}
		}
		if len(list) == 0 {
			continue
		}
		if n := price.InForce(list, above, list[0].Version.Currency, list[0].Version.Basis, at); n >= 0 {
			return &p.Prices[places[n]]
		}
	}
	return nil
}

// listed is the price as price lists have it: once for each reseller.
func (p *Price) listed() []price.Listed {
	if len(p.Resellers) == 0 {
		return []price.Listed{{Version: p.Version()}}
	}
	var out []price.Listed
	for _, r := range p.Resellers {
		out = append(out, price.Listed{Reseller: r, Version: p.Version()})
	}
	return out
}

// markets is whom a price is for, in one text: prices of different markets are different price lists.
func (p *Price) markets() string { return strings.Join(slices.Sorted(slices.Values(p.Markets)), " ") }

// inForce is a copy with the prices that hold at an instant: of each chain at most one.
func (c Content) inForce(at time.Time) Content {
	c.Plans = slices.Clone(c.Plans)
	for i := range c.Plans {
		plan := &c.Plans[i]
		all := plan.Prices
		plan.Prices = nil
		for j := range all {
			holds := false
			for _, l := range all[j].listed() {
				var chain []price.Listed
				mine := -1
				for k := range all {
					if all[k].markets() != all[j].markets() {
						continue
					}
					for _, other := range all[k].listed() {
						if other.Reseller != l.Reseller {
							continue
						}
						if k == j {
							mine = len(chain)
						}
						chain = append(chain, other)
					}
				}
				holds = holds || price.InForce(chain, []string{l.Reseller}, l.Version.Currency, l.Version.Basis, at) == mine
			}
			if holds {
				plan.Prices = append(plan.Prices, all[j])
			}
		}
	}
	return c
}

// SellerEntity is the legal entity that sells the offer in a market.
func (c *Content) SellerEntity(m party.Market) string {
	if c.Seller == SellerPublisher {
		return c.Entity
	}
	return m.Entity
}

// lacks lists what the content needs for a market and has not.
func (c *Content) lacks(m party.Market) []fail.Field {
	var p problems
	for _, l := range m.Languages {
		for path, text := range map[string]Text{"name": c.Name, "summary": c.Summary, "contract": c.Contract} {
			_, ok := text[l]
			p.when(!ok, path+"."+l, "is missing: the market "+m.Name+" speaks "+l)
		}
		for i := range c.Plans {
			_, ok := c.Plans[i].Name[l]
			p.when(!ok && !c.Plans[i].Withdrawn, fmt.Sprintf("plans.%d.name.%s", i, l), "is missing: the market "+m.Name+" speaks "+l)
		}
	}
	priced := slices.ContainsFunc(c.Plans, func(plan Plan) bool { return !plan.Withdrawn && plan.Price(m) != nil })
	p.when(!priced, "plans", fmt.Sprintf("no plan has a price in %s (%s) for the market %s", m.Currency, m.VATMode, m.Name))
	slices.SortFunc(p.list, func(a, b fail.Field) int { return strings.Compare(a.Path, b.Path) })
	return p.list
}

// publishable checks the content against the markets it is for: every one it names, and at least one when it names
// none.
func (c *Content) publishable(markets []party.Market) error {
	var p problems
	fits := 0
	var first []fail.Field
	for i, name := range c.Markets {
		known := slices.ContainsFunc(markets, func(m party.Market) bool { return m.ID == name || m.Domain == name })
		p.when(!known, fmt.Sprintf("markets.%d", i), "is not a market of this installation")
	}
	for _, m := range markets {
		if len(c.Markets) > 0 && !names(c.Markets, m) {
			continue
		}
		lacks := c.lacks(m)
		switch {
		case len(lacks) == 0:
			fits++
		case len(c.Markets) > 0:
			p.list = append(p.list, lacks...)
		case first == nil:
			first = lacks
		}
	}
	if fits == 0 && len(p.list) == 0 {
		p.list = first
		p.when(len(first) == 0, "markets", "there is no market yet that could sell this")
	}
	return p.error()
}
