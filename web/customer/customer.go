// Package customer is what the pages of a customer share: the column of nouns, and how prices, places and states are
// shown.
//
// Owns: these views.
// Does not own: the pages (its folders), the frame (web/site), the look (web/design).
// Reads: nothing; pages hand in what they read.
// Writes: nothing.
package customer

import (
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/web/design"
	tag "github.com/halle-cloud/halle/web/design/price"
	"github.com/halle-cloud/halle/web/locale"
	"github.com/halle-cloud/halle/web/site"
)

// Home is the first page of a customer.
const Home = "/services"

// For tells whether somebody has a customer's pages: everybody with a role in an organisation.
func For(c access.Caller) bool { return c.Org != "" && len(c.Roles) > 0 }

// Nav is the column of nouns, without those that none of the caller's roles may see.
func Nav(l *locale.Locale, c access.Caller) []design.Group {
	if !For(c) {
		return nil
	}
	type noun struct {
		key, url, icon string
		action         access.Action
	}
	group := func(title string, nouns ...noun) design.Group {
		g := design.Group{Title: title}
		for _, n := range nouns {
			if n.action == "" || holds(c, n.action) {
				g.Items = append(g.Items, design.Item{Text: l.T("nav." + n.key), URL: n.url, Icon: n.icon})
			}
		}
		return g
	}
	groups := []design.Group{
		group("", noun{"shop", "/", "shop", ""}, noun{"services", "/services", "device", access.ServiceRead}, noun{"orders", "/orders", "cart", access.OrderRead}),
		group(l.T("nav.money"), noun{"invoices", "/invoices", "invoice", access.InvoiceRead}, noun{"payments", "/payments", "bank", access.MandateRead}, noun{"spending", "/spending", "chart", access.BudgetRead}, noun{"disputes", "/disputes", "warning", access.DisputeRead}, noun{"limits", "/limits", "chart", access.BudgetRead}),
		group(l.T("nav.house"), noun{"people", "/people", "people", access.MemberRead}, noun{"organisation", "/organisation", "building", access.OrgRead},
			noun{"tokens", "/tokens", "key", access.TokenRead}, noun{"residency", "/residency", "law", access.PolicyRead}, noun{"data", "/data", "place", access.CopyRead}, noun{"remedies", "/data/remedies", "warning", access.CopyRead}),
		group(l.T("nav.proof"), noun{"activity", "/activity", "clock", access.FactRead}, noun{"proofs", "/proofs", "seal", ""}),
	}
	return slices.DeleteFunc(groups, func(g design.Group) bool { return len(g.Items) == 0 })
}

// holds tells whether one of the caller's roles has the action in its own organisation. It only shapes the menu.
func holds(c access.Caller, a access.Action) bool {
	for _, g := range access.Grants() {
		if g.Action == a {
			return g.Public || g.Signed || slices.ContainsFunc(c.Roles, func(r access.Role) bool { return slices.Contains(g.Own, r) })
		}
	}
	return false
}

// Money is an amount as the pages write it.
func Money(a money.Amount) locale.Money {
	exponent, ok := a.Currency.Exponent()
	if !ok {
		exponent = 0
	}
	return locale.Money{Minor: a.Minor, Exponent: exponent, Currency: string(a.Currency)}
}

// Monthly writes what is paid each month; a plan that is paid by use alone says so.
func Monthly(r *site.Request, a money.Amount) string {
	if a.IsZero() {
		return r.T("per.use")
	}
	return r.L.Money(Money(a))
}

// UnitPrice is the price of a unit with as many decimals as it needs, at least those of the currency.
func UnitPrice(p money.UnitPrice) locale.Money {
	least, _ := p.Currency.Exponent()
	nanos, places := p.Nanos, 9
	for places > least && nanos%10 == 0 {
		nanos, places = nanos/10, places-1
	}
	return locale.Money{Minor: nanos, Exponent: places, Currency: string(p.Currency)}
}

// Per is the unit of a component: "a month", "per hour".
func Per(r *site.Request, c price.Component) string {
	switch c.Kind {
	case price.OneOff:
		return r.T("per.once")
	case price.PerPeriod:
		return r.T("per." + string(c.Every))
	case price.Seats:
		return Unit(r, c.Unit) + " " + r.T("per."+string(c.Every))
	}
	return Unit(r, c.Unit)
}

// Unit is "per hour", "per thousand".
func Unit(r *site.Request, unit string) string {
	if key := "per." + unit; r.L.Has(key) {
		return r.T(key)
	}
	return r.T("per.unit", "unit", unit)
}

// Component names one part of a price.
func Component(r *site.Request, meters []catalog.Meter, c price.Component) string {
	for _, m := range meters {
		if m.Key == c.Meter && c.Meter != "" {
			name, _ := m.Name.In(r.Lang())
			return name
		}
	}
	if key := "component." + c.Key; r.L.Has(key) {
		return r.T(key)
	}
	return r.T("component." + string(c.Kind))
}

// Lowest is the price of a unit of a component in its cheapest tier.
func Lowest(c price.Component) money.UnitPrice {
	if len(c.Tiers) == 0 {
		return c.Price
	}
	low := c.Tiers[0].Price
	for _, t := range c.Tiers[1:] {
		if t.Price.Nanos < low.Nanos {
			low = t.Price
		}
	}
	return low
}

// Tax says how VAT stands in prices of a basis in a country: included or on top, and its rate in words. No rate is shown
// where none is known.
func Tax(r *site.Request, rates *tax.Table, country string, basis price.Basis) (tag.Tax, string) {
	how := tag.Excluded
	if basis == price.Gross {
		how = tag.Included
	}
	found, err := rates.Rates(country, price.DateOf(r.Site().Options().Now(), time.UTC))
	if err != nil {
		return "", ""
	}
	bp := int64(found.Standard)
	switch {
	case bp%100 == 0:
		return how, r.L.Percent(bp/100, 0)
	case bp%10 == 0:
		return how, r.L.Percent(bp/10, 1)
	}
	return how, r.L.Percent(bp, 2)
}

// Countries names countries one after the other.
func Countries(r *site.Request, codes []string) string {
	names := make([]string, len(codes))
	for i, code := range codes {
		names[i] = r.L.Country(code)
	}
	return strings.Join(names, ", ")
}

// Family names a shelf.
func Family(r *site.Request, key string) string {
	if name := "family." + key; r.L.Has(name) {
		return r.T(name)
	}
	return strings.ToUpper(key[:1]) + strings.ReplaceAll(key[1:], "_", " ")
}

// Class names a class of data in plain words.
func Class(r *site.Request, class string) string {
	if key := "class." + class; r.L.Has(key) {
		return r.T(key)
	}
	return class
}

// Regions are the regions by their key, retired ones too.
func Regions(s site.Services, r *site.Request) (map[string]residency.Region, error) {
	facts, _, err := s.Residency.FactsNow(r.Context(), r.Caller)
	if err != nil {
		return nil, err
	}
	out := map[string]residency.Region{}
	for _, region := range facts.Regions {
		out[region.Key] = region
	}
	return out, nil
}
