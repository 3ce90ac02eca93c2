// Package priceform is a price list as the fields of a form, without a page: from a price to answers and back.
//
// Owns: the names and the reading of these fields, adding and removing what may be there several times.
// Does not own: what a price may be (price, catalog), how the form looks (web/publisher).
// Reads: nothing.
// Writes: nothing.
package priceform

import (
	"maps"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Form is the answers by the names of their fields, which are the paths that price.Validate gives to its complaints:
// "components.0.tiers.1.price". A list has as many entries as answer the question that each of them has.
type Form map[string]string

// limits of a form: those of price, with room to complain about one too many.
const (
	maxEntries = 201
	maxAnswer  = 2000
	maxAnswers = 20_000
)

// marker is the question that each entry of a list has.
func marker(list string) string {
	switch list[strings.LastIndexByte(list, '.')+1:] {
	case "components", "terms":
		return "kind"
	case "tiers":
		return "price"
	case "spans":
		return "from"
	}
	return "key" // parts
}

// names matches every field that a form may have.
func names() *regexp.Regexp {
	const n = `(0|[1-9][0-9]{0,2})`
	return regexp.MustCompile(`^(currency|basis|rounding|effectiveFrom|effectiveTo|markets|resellers` +
		`|components\.` + n + `\.(key|kind|meter|unit|per|free|every|price|hours\.zone|hours\.spans\.` + n + `\.(days|from|to)|tiers\.` + n + `\.(upTo|price|flat|step)|parts\.` + n + `\.(key|weight))` +
		`|terms\.` + n + `\.(key|kind|components|amount|percent|every|periods|days|prepaid|prorate))$`)
}

// Read takes the answers that belong to a price list out of what was sent; everything else, and what is longer than any
// answer, is left out.
func Read(sent url.Values) Form {
	f, known := Form{}, names()
	for name, list := range sent {
		if len(list) > 0 && len(name) < 100 && len(list[0]) <= maxAnswer && len(f) < maxAnswers && known.MatchString(name) {
			f[name] = strings.TrimSpace(list[0])
		}
	}
	return f
}

// Count is how many entries a list has.
func (f Form) Count(list string) int {
	for n := range maxEntries {
		if _, ok := f[list+"."+strconv.Itoa(n)+"."+marker(list)]; !ok {
			return n
		}
	}
	return maxEntries
}

// Add puts an empty entry at the end of a list: of components and terms one of the simplest kind.
func (f Form) Add(list string) {
	n := f.Count(list)
	if n == maxEntries || !names().MatchString(list+"."+strconv.Itoa(n)+"."+marker(list)) {
		return
	}
	at := list + "." + strconv.Itoa(n) + "."
	f[at+marker(list)] = ""
	switch list {
	case "components":
		f[at+"kind"], f[at+"every"] = string(price.PerPeriod), string(price.Month)
	case "terms":
		f[at+"kind"] = string(price.Discount)
	}
}

// Remove takes one entry, "components.0.tiers.1", out of its list; those behind it move up.
func (f Form) Remove(entry string) {
	cut := strings.LastIndexByte(entry, '.')
	if cut < 0 {
		return
	}
	list := entry[:cut]
	n, err := strconv.Atoi(entry[cut+1:])
	if err != nil || n < 0 || n >= f.Count(list) {
		return
	}
	moved := Form{}
	for name, answer := range f {
		rest, ok := strings.CutPrefix(name, list+".")
		if !ok {
			continue
		}
		number, field, _ := strings.Cut(rest, ".")
		i, err := strconv.Atoi(number)
		if err != nil || i < n {
			continue
		}
		if delete(f, name); i > n {
			moved[list+"."+strconv.Itoa(i-1)+"."+field] = answer
		}
	}
	maps.Copy(f, moved)
}

// Of is a price list as a form.
func Of(p catalog.Price) Form {
	f := Form{"currency": string(p.Currency), "basis": string(p.Basis), "rounding": string(p.Rounding), "effectiveFrom": instant(p.EffectiveFrom),
		"effectiveTo": instant(p.EffectiveTo), "markets": strings.Join(p.Markets, " "), "resellers": strings.Join(p.Resellers, " ")}
	for i, c := range p.Components {
		f.component("components."+strconv.Itoa(i)+".", c)
	}
	for i, t := range p.Terms {
		at := "terms." + strconv.Itoa(i) + "."
		f[at+"key"], f[at+"kind"], f[at+"components"], f[at+"every"] = t.Key, string(t.Kind), strings.Join(t.Components, " "), string(t.Every)
		f[at+"percent"], f[at+"periods"], f[at+"days"] = "", number(int64(t.Periods)), number(int64(t.Days))
		if t.Percent != 0 {
			f[at+"percent"] = t.Percent.String()
		}
		if f[at+"amount"] = ""; t.Amount != (money.Amount{}) {
			f[at+"amount"] = t.Amount.Decimal()
		}
		for name, yes := range map[string]bool{"prepaid": t.Prepaid, "prorate": t.Prorate} {
			if yes {
				f[at+name] = "yes"
			}
		}
	}
	return f
}

func (f Form) component(at string, c price.Component) {
	f[at+"key"], f[at+"kind"], f[at+"meter"], f[at+"unit"], f[at+"every"] = c.Key, string(c.Kind), c.Meter, c.Unit, string(c.Every)
	f[at+"per"], f[at+"free"], f[at+"price"] = number(int64(c.Per)), number(int64(c.Free)), unit(c.Price)
	for i, t := range c.Tiers {
		at := at + "tiers." + strconv.Itoa(i) + "."
		f[at+"upTo"], f[at+"price"], f[at+"flat"], f[at+"step"] = number(int64(t.UpTo)), unit(t.Price), unit(t.Flat), number(int64(t.Step))
	}
	for i, p := range c.Parts {
		at := at + "parts." + strconv.Itoa(i) + "."
		f[at+"key"], f[at+"weight"] = p.Key, p.Weight.String()
	}
	if c.Hours == nil {
		return
	}
	f[at+"hours.zone"] = c.Hours.Zone
	for i, s := range c.Hours.Spans {
		at := at + "hours.spans." + strconv.Itoa(i) + "."
		days := make([]string, len(s.Days))
		for n, d := range s.Days {
			days[n] = string(d)
		}
		f[at+"days"], f[at+"from"], f[at+"to"] = strings.Join(days, " "), string(s.From), string(s.To)
	}
}

// number is "" for none.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// unit is "" for no price at all, which is another thing than a price of 0.
func unit(p money.UnitPrice) string {
	if p == (money.UnitPrice{}) {
		return ""
	}
	return p.Decimal()
}

const clockLayout = "2006-01-02 15:04:05"

// instant is a date where it is the midnight of one, in UTC.
func instant(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case t.Equal(t.Truncate(24 * time.Hour)):
		return t.UTC().Format(time.DateOnly)
	}
	return t.UTC().Format(clockLayout)
}
