package residency

import (
	"fmt"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
)

// Data classes that the default policy knows.
const (
	ClassPublic   = "public"
	ClassInternal = "internal"
	ClassPersonal = "personal"
	ClassHealth   = "health"
)

// Need is a certificate that a class of data requires.
type Need struct {
	Type       string `json:"type"`
	Activities []int  `json:"activities,omitempty"` // each of them, by somebody in the chain
}

// Rule is what must hold. Countries may be named by group: "EEA", or "non-EEA" for all that are not in it.
type Rule struct {
	Countries    []string `json:"countries,omitempty"`    // where data may lie; empty: anywhere
	RefusedLaws  []string `json:"refusedLaws,omitempty"`  // whose law may reach nobody in the chain
	Support      []string `json:"support,omitempty"`      // from where people may help; empty: anywhere
	Certificates []Need   `json:"certificates,omitempty"` // all of them
	MinEvidence  Evidence `json:"minEvidence,omitempty"`  // of the place; empty: declared
	OwnKey       bool     `json:"ownKey,omitempty"`       // the data must be under the customer's own key
	Capital      *Capital `json:"capital,omitempty"`      // of everybody in the chain
}

// Layer is one policy: what holds for all data, and what is added for a class.
type Layer struct {
	From    string          `json:"from"` // market or organisation that set it
	Default string          `json:"default,omitempty"`
	All     Rule            `json:"all"`
	Classes map[string]Rule `json:"classes,omitempty"`
}

// Policy is what a customer is held to: the market's layer, then those of the organisations from the root down to it.
// All of them hold, and only the market says which classes there are, so that a layer can only tighten. Without a layer
// everything is refused.
type Policy struct {
	Layers []Layer `json:"layers"`
}

// DefaultLayer is the policy of a market that has set none: personal data stays in the EEA, health data is hosted in the
// EEA by a chain that is certified for all six activities of HDS.
func DefaultLayer(market string) Layer {
	eea := []string{"EEA"}
	return Layer{From: market, Default: ClassPersonal, Classes: map[string]Rule{
		ClassPublic:   {},
		ClassInternal: {},
		ClassPersonal: {Countries: eea},
		ClassHealth:   {Countries: eea, Support: eea, Certificates: []Need{{Type: "HDS", Activities: []int{1, 2, 3, 4, 5, 6}}}},
	}}
}

// Class is the data class meant by an order that names none.
func (p Policy) Class(named string) string {
	if named != "" {
		return named
	}
	for _, l := range p.Layers {
		if l.Default != "" {
			return l.Default
		}
	}
	return ""
}

// Validate refuses a layer that nobody could understand. Every complaint is a field of one *fail.Error.
func (l Layer) Validate(groups map[string][]string) error {
	f := fail.New(fail.Invalid, "residency.policy", "The policy cannot be accepted as described.", "Correct the fields named.")
	f = l.All.validate(f, "all", groups)
	for _, class := range sortedKeys(l.Classes) {
		if !isKey(class) {
			f = f.Field("classes."+class, "name a class with small letters, digits and dashes")
		}
		f = l.Classes[class].validate(f, "classes."+class, groups)
	}
	if _, ok := l.Classes[l.Default]; !ok && l.Default != "" {
		f = f.Field("default", "is none of the classes")
	}
	if len(f.Fields) == 0 {
		return nil
	}
	return f
}

func (r Rule) validate(f *fail.Error, at string, groups map[string][]string) *fail.Error {
	lists := map[string][]string{"countries": r.Countries, "refusedLaws": r.RefusedLaws, "support": r.Support}
	if r.Capital != nil {
		lists["capital.within"] = r.Capital.Within
	}
	for _, name := range sortedKeys(lists) {
		list := lists[name]
		for i, c := range list {
			if _, ok := groups[strings.TrimPrefix(c, "non-")]; !ok && !isCountry(c) {
				f = f.Field(fmt.Sprintf("%s.%s.%d", at, name, i), "write two capital letters as in FR, or a group as in EEA or non-EEA")
			}
		}
	}
	for i, n := range r.Certificates {
		if n.Type == "" || slices.ContainsFunc(n.Activities, badActivity) {
			f = f.Field(fmt.Sprintf("%s.certificates.%d", at, i), "name a type, and activities from 1 to 6")
		}
	}
	if c := r.Capital; c != nil {
		if len(c.Within) == 0 {
			f = f.Field(at+".capital.within", "name countries or groups, as in EU")
		}
		if c.Single > c.Together {
			f = f.Field(at+".capital.single", "one cannot have more than all together")
		}
	}
	if r.MinEvidence != "" && !slices.Contains(Levels(), r.MinEvidence) {
		f = f.Field(at+".minEvidence", "use declared, certified, listed, measured or own_key")
	}
	return f
}

func badActivity(a int) bool { return a < 1 || a > 6 }

// effective is all layers for one class as one rule.
type effective struct {
	class     string
	known     bool // the market knows the class
	countries [][]string
	support   [][]string
	refused   []string
	needs     []string // "HDS", or "HDS activity 1"
	level     int
	ownKey    bool
	capital   limits
}

func (p Policy) effective(class string) effective {
	e := effective{class: p.Class(class)}
	for i, l := range p.Layers {
		rule, ok := l.Classes[e.class]
		e.known = e.known || ok && i == 0 // a class of their own would let customers past what the market demands
		e.add(l.All)
		e.add(rule)
	}
	slices.Sort(e.needs)
	e.needs = slices.Compact(e.needs)
	return e
}

func (e *effective) add(r Rule) {
	if len(r.Countries) > 0 {
		e.countries = append(e.countries, r.Countries)
	}
	if len(r.Support) > 0 {
		e.support = append(e.support, r.Support)
	}
	e.refused = append(e.refused, r.RefusedLaws...)
	for _, n := range r.Certificates {
		e.needs = append(e.needs, n.parts()...)
	}
	e.level = max(e.level, slices.Index(Levels(), r.MinEvidence))
	e.ownKey = e.ownKey || r.OwnKey
	e.capital.add(r.Capital)
}

func (n Need) parts() []string {
	if len(n.Activities) == 0 {
		return []string{n.Type}
	}
	var out []string
	for _, a := range n.Activities {
		out = append(out, activity(n.Type, a))
	}
	return out
}

// allCountries are all codes of two letters, given or not.
func allCountries() []string {
	var out []string
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			out = append(out, string([]rune{a, b}))
		}
	}
	return out
}

// expand is the set of countries that a list means.
func expand(list []string, groups map[string][]string) map[string]bool {
	out := map[string]bool{}
	for _, entry := range list {
		name, negative := strings.CutPrefix(entry, "non-")
		group, known := groups[name]
		switch {
		case negative && known:
			for _, c := range allCountries() {
				if !slices.Contains(group, c) {
					out[c] = true
				}
			}
		case known:
			for _, c := range group {
				out[c] = true
			}
		default:
			out[entry] = true
		}
	}
	return out
}

// within are the countries that every one of the lists has, sorted.
func within(lists [][]string, groups map[string][]string) []string {
	sets := make([]map[string]bool, len(lists))
	for i, list := range lists {
		sets[i] = expand(list, groups)
	}
	return slices.DeleteFunc(sortedKeys(sets[0]), func(c string) bool {
		return slices.ContainsFunc(sets, func(set map[string]bool) bool { return !set[c] })
	})
}

// named are the countries that the list has.
func named(list []string, groups map[string][]string) []string {
	if len(list) == 0 {
		return nil
	}
	return within([][]string{list}, groups)
}

// words says a conjunction of lists: "EEA, and FR or DE".
func words(lists [][]string) string {
	var texts []string
	for _, list := range lists {
		if text := strings.Join(list, " or "); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, ", and ")
}

func activity(kind string, n int) string { return fmt.Sprintf("%s activity %d", kind, n) }
