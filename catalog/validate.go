package catalog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// Limits of a content: enough for any offer a person can read.
const (
	maxGraceHours = 72
	maxCutOffDays = 90

	maxContent   = 512 << 10
	maxName      = 120
	maxSummary   = 300
	maxText      = 20_000
	maxContract  = 200_000
	maxPlans     = 30
	maxPrices    = 60
	maxList      = 60
	maxLanguages = 30
)

type problems struct {
	list []fail.Field
}

func (p *problems) when(bad bool, path, message string) {
	if bad {
		p.list = append(p.list, fail.Field{Path: path, Message: message})
	}
}

func (p *problems) error() error {
	if len(p.list) == 0 {
		return nil
	}
	e := fail.New(fail.Invalid, "offer.content", "The offer cannot be used as it is.", "Correct the fields named.")
	e.Fields = p.list
	return e
}

// forms of the words in a content.
type forms struct{ word, language, country, percent, place *regexp.Regexp }

func newForms() forms {
	return forms{
		word:     regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,62}[a-z0-9]$`),
		language: regexp.MustCompile(`^[a-z]{2,3}(-[A-Z]{2})?$`),
		country:  regexp.MustCompile(`^[A-Z]{2}$`),
		percent:  regexp.MustCompile(`^(100|[0-9]{1,2}(\.[0-9]{1,3})?)$`),
		place:    regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,5}$`),
	}
}

// check is one run over a content.
type check struct {
	problems
	forms
}

// Validate checks a whole content and names every field that is wrong in one *fail.Error (offer.content). It is what
// a draft must pass; what publishing needs beyond it depends on the markets.
func (c *Content) Validate() error {
	v := check{forms: newForms()}
	v.word("key", c.Key)
	v.text("name", c.Name, true, maxName)
	v.text("summary", c.Summary, true, maxSummary)
	v.text("description", c.Description, false, maxText)
	v.text("contract", c.Contract, true, maxContract)
	v.words("families", c.Families, true)
	v.words("tags", c.Tags, false)
	v.when(c.Seller != SellerMarket && c.Seller != SellerPublisher, "seller", `must be "market" or "publisher"`)
	v.list("markets", len(c.Markets), maxList)
	v.list("regions", len(c.Regions), 1000)
	v.words("dataClasses", c.DataClasses, false)
	v.countries("support", c.Support)
	v.chain(c)
	v.driver(&c.Driver)
	v.meters(c)
	if len(c.Parameters) > 0 {
		if _, err := compileSchema(c.Parameters); err != nil {
			v.when(true, "parameters", err.Error())
		}
	}
	v.words("exit.formats", c.Exit.Formats, true)
	v.plans(c)
	return v.error()
}

func (v *check) word(path, s string) {
	v.when(!v.forms.word.MatchString(s), path, "must be 2 to 64 of a-z, 0-9 and _ . -, starting with a letter")
}

func (v *check) words(path string, list []string, needed bool) {
	v.when(needed && len(list) == 0, path, "must name at least one")
	v.list(path, len(list), maxList)
	seen := map[string]bool{}
	for i, s := range list {
		v.word(fmt.Sprintf("%s.%d", path, i), s)
		v.when(seen[s], fmt.Sprintf("%s.%d", path, i), "is named twice")
		seen[s] = true
	}
}

func (v *check) list(path string, n, limit int) {
	v.when(n > limit, path, fmt.Sprintf("has %d entries, at most %d may be", n, limit))
}

func (v *check) text(path string, t Text, needed bool, limit int) {
	v.when(needed && len(t) == 0, path, "must be there in at least one language")
	v.list(path, len(t), maxLanguages)
	for l, s := range t {
		v.when(!v.language.MatchString(l), path+"."+l, `is not a language: write "en" or "fr-CH"`)
		v.when(strings.TrimSpace(s) == "", path+"."+l, "is empty")
		v.when(!utf8.ValidString(s) || strings.ContainsFunc(s, forbidden), path+"."+l, "has signs that are no text")
		v.when(len(s) > limit, path+"."+l, fmt.Sprintf("is longer than %d bytes", limit))
	}
}

// forbidden are signs that no text needs: controls but line breaks and tabs, and the mark of byte order.
func forbidden(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == 0xfeff || r == utf8.RuneError
}

func (v *check) countries(path string, list []string) {
	v.list(path, len(list), 250)
	for i, s := range list {
		v.when(!v.country.MatchString(s), fmt.Sprintf("%s.%d", path, i), `is not a country: write two capitals, "FR"`)
	}
}

// chain checks who takes part and what they promise.
func (v *check) chain(c *Content) {
	v.list("subProcessors", len(c.SubProcessors), maxList)
	for i, s := range c.SubProcessors {
		at := fmt.Sprintf("subProcessors.%d.", i)
		v.when(strings.TrimSpace(s.Name) == "" || len(s.Name) > maxName, at+"name", "must be there, and short")
		v.when(!v.country.MatchString(s.Country), at+"country", `write two capitals, "FR"`)
		v.when(s.ControlledFrom != "" && !v.country.MatchString(s.ControlledFrom), at+"controlledFrom", `write two capitals, "US"`)
		v.text(at+"purpose", s.Purpose, true, maxSummary)
	}
	v.list("serviceLevels", len(c.ServiceLevels), maxList)
	for i, s := range c.ServiceLevels {
		at := fmt.Sprintf("serviceLevels.%d.", i)
		v.word(at+"measure", s.Measure)
		v.when(!slices.Contains([]string{"month", "quarter", "year"}, s.Window), at+"window", `must be "month", "quarter" or "year"`)
		v.when(!v.percent.MatchString(s.Target), at+"target", `must be a percentage such as "99.9"`)
		v.text(at+"hours", s.Hours, false, maxSummary)
		v.when(len(s.Contact) > maxSummary, at+"contact", "is too long")
		for j, credit := range s.Credits {
			here := fmt.Sprintf("%scredits.%d.", at, j)
			v.when(!v.percent.MatchString(credit.Below), here+"below", `must be a percentage such as "99.9"`)
			v.when(credit.Share < 1 || credit.Share > 100, here+"share", "must be 1 to 100 percent")
		}
	}
}

func (v *check) driver(d *Driver) {
	v.word("driver.name", d.Name)
	v.word("driver.kind", d.Kind)
	v.when(!slices.Contains([]string{"", "none", "basic", "full"}, d.Isolation), "driver.isolation", `must be "full", "basic", "none" or absent`)
	v.object("driver.spec", d.Spec)
	v.when(d.ParametersInto != "" && !v.place.MatchString(d.ParametersInto), "driver.parametersInto", `must be a dotted place such as "config"`)
	v.when(d.LimitsInto != "" && !v.place.MatchString(d.LimitsInto), "driver.limitsInto", `must be a dotted place such as "config.limits"`)
}

func (v *check) object(path string, d Document) {
	_, err := d.object()
	v.when(err != nil, path, "must be an object")
	v.when(len(d) > maxSchema, path, "is too large")
}

func (v *check) meters(c *Content) {
	v.list("meters", len(c.Meters), maxList)
	seen := map[string]bool{}
	for i, m := range c.Meters {
		at := fmt.Sprintf("meters.%d.", i)
		v.word(at+"key", m.Key)
		v.when(seen[m.Key], at+"key", "is used twice")
		seen[m.Key] = true
		v.text(at+"name", m.Name, true, maxName)
		v.word(at+"unit", m.Unit)
		v.when(m.Aggregation == "" || !proof.Aggregation(m.Aggregation).Valid(), at+"aggregation", "must be one of "+aggregations())
		v.when(m.GraceHours < 0 || m.GraceHours > maxGraceHours, at+"graceHours", fmt.Sprintf("must be 0 to %d", maxGraceHours))
		v.when(m.CutOffDays < 0 || m.CutOffDays > maxCutOffDays, at+"cutOffDays", fmt.Sprintf("must be 0 to %d", maxCutOffDays))
	}
}

func aggregations() string {
	var words []string
	for _, a := range proof.Aggregations() {
		words = append(words, string(a))
	}
	return strings.Join(words, ", ")
}

func (v *check) plans(c *Content) {
	v.when(len(c.Plans) == 0, "plans", "must name at least one plan")
	v.list("plans", len(c.Plans), maxPlans)
	seen := map[string]bool{}
	for i := range c.Plans {
		p, at := &c.Plans[i], fmt.Sprintf("plans.%d.", i)
		v.word(at+"key", p.Key)
		v.when(seen[p.Key], at+"key", "is used twice")
		seen[p.Key] = true
		v.text(at+"name", p.Name, true, maxName)
		v.text(at+"summary", p.Summary, false, maxSummary)
		v.words(at+"entitlements", p.Entitlements, false)
		v.object(at+"spec", p.Spec)
		v.when(p.TrialDays < 0 || p.TrialDays > 365, at+"trialDays", "must be 0 to 365")
		v.when(p.TermMonths < 0 || p.TermMonths > 120, at+"termMonths", "must be 0 to 120")
		for key, n := range p.Limits {
			v.word(at+"limits."+key, key)
			v.when(n < 0 || n > 1<<53-1, at+"limits."+key, "must be 0 to 2^53-1")
		}
		v.prices(at+"prices", c, p)
		v.licence(at+"licence", c, p)
	}
}

func (v *check) prices(at string, c *Content, plan *Plan) {
	v.when(len(plan.Prices) == 0, at, "must name at least one price list")
	v.list(at, len(plan.Prices), maxPrices)
	for i, p := range plan.Prices {
		here := fmt.Sprintf("%s.%d.", at, i)
		if err := p.Version().Validate(); err != nil {
			v.nested(here, err)
		}
		for j, component := range p.Components {
			v.when(component.Kind == price.Credit, fmt.Sprintf("%scomponents.%d.kind", here, j), "is not for sale: credits come from agreements that end early")
			known := component.Meter == "" || slices.ContainsFunc(c.Meters, func(m Meter) bool { return m.Key == component.Meter })
			v.when(!known, fmt.Sprintf("%scomponents.%d.meter", here, j), "is not a meter of this offer")
		}
		v.list(here+"resellers", len(p.Resellers), maxList)
	}
	v.chains(at, plan)
}

// chains wants one price at each instant for the same markets and resellers.
func (v *check) chains(at string, plan *Plan) {
	lists, places := map[string][]price.Listed{}, map[string][]int{}
	for i := range plan.Prices {
		key := plan.Prices[i].markets()
		for _, l := range plan.Prices[i].listed() {
			lists[key], places[key] = append(lists[key], l), append(places[key], i)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		var e *fail.Error
		if !asFail(price.CheckChains(lists[key]), &e) {
			continue
		}
		for _, f := range e.Fields {
			n, rest, _ := strings.Cut(f.Path, ".")
			if i, err := strconv.Atoi(n); err == nil && i < len(places[key]) {
				v.when(true, fmt.Sprintf("%s.%d.%s", at, places[key][i], rest), f.Message)
			}
		}
	}
}

func (v *check) nested(at string, err error) {
	var e *fail.Error
	if !asFail(err, &e) || len(e.Fields) == 0 {
		v.when(true, at, err.Error())
		return
	}
	for _, f := range e.Fields {
		v.when(true, at+f.Path, f.Message)
	}
}
