package residency

import (
	"slices"
	"strings"
)

// Demand names what a layer asks for.
type Demand string

// The demands.
const (
	DemandClass        Demand = "class"     // a class of data is possible at all
	DemandDefault      Demand = "default"   // which class an order means that names none
	DemandCountries    Demand = "countries" // where data may lie
	DemandSupport      Demand = "support"   // from where people may help
	DemandLaws         Demand = "laws"      // whose law may reach nobody in the chain
	DemandCertificates Demand = "certificates"
	DemandEvidence     Demand = "evidence"
	DemandOwnKey       Demand = "ownKey"
	DemandCapital      Demand = "capital"
)

// Loosening is one demand that a layer no longer makes as it did, for a class of data ("" for all data). Values are the
// countries, certificates or classes that it is about.
type Loosening struct {
	Class  string   `json:"class,omitempty"`
	Demand Demand   `json:"demand"`
	Values []string `json:"values,omitempty"`
}

// Loosens lists what the layer no longer demands of those below it, compared with the one that held before. It looks at
// the demands alone, whatever the facts about clouds are today: a demand that bites nobody now may bite tomorrow. market
// tells that the layers are a market's, which say what classes of data there are. Nothing means that it can only tighten.
func (l Layer) Loosens(was Layer, groups map[string][]string, market bool) []Loosening {
	var out []Loosening
	if l.Default != was.Default { // to none, too: another layer may name one then
		out = append(out, Loosening{Demand: DemandDefault, Values: []string{l.Default}})
	}
	classes := map[string]bool{"": true}
	for class := range was.Classes {
		classes[class] = true
	}
	for class := range l.Classes {
		classes[class] = true
	}
	for _, class := range sortedKeys(classes) {
		_, had := was.Classes[class]
		_, has := l.Classes[class]
		switch {
		case market && class != "" && !has:
		case market && class != "" && !had:
			out = append(out, Loosening{Class: class, Demand: DemandClass, Values: []string{class}})
		default:
			out = append(out, loosened(class, was.demands(class), l.demands(class), groups)...)
		}
	}
	return unrepeated(out)
}

// demands is a layer alone for one class, "" for data of any.
func (l Layer) demands(class string) effective {
	e := effective{}
	e.add(l.All)
	if class != "" {
		e.add(l.Classes[class])
	}
	return e
}

func loosened(class string, was, now effective, groups map[string][]string) (out []Loosening) {
	add := func(d Demand, more []string, always bool) {
		if len(more) > 0 || always {
			out = append(out, Loosening{Class: class, Demand: d, Values: more})
		}
	}
	more, all := beyond(was.countries, now.countries, groups)
	add(DemandCountries, more, all)
	more, all = beyond(was.support, now.support, groups)
	add(DemandSupport, more, all)
	add(DemandLaws, missing(named(was.refused, groups), named(now.refused, groups)), false)
	add(DemandCertificates, missing(was.needs, now.needs), false)
	add(DemandEvidence, nil, now.level < was.level)
	add(DemandOwnKey, nil, was.ownKey && !now.ownKey)
	more, all = beyond(was.capital.lists, now.capital.lists, groups)
	add(DemandCapital, more, all || len(was.capital.lists) > 0 && (now.capital.single > was.capital.single || now.capital.together > was.capital.together))
	return out
}

// beyond are the countries that now has and was had not; all tells that there is no limit any more.
func beyond(was, now [][]string, groups map[string][]string) (more []string, all bool) {
	switch {
	case len(was) == 0:
		return nil, false
	case len(now) == 0:
		return nil, true
	}
	return missing(within(now, groups), within(was, groups)), false
}

// missing are the values that other lacks.
func missing(list, other []string) (out []string) {
	for _, v := range list {
		if !slices.Contains(other, v) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// unrepeated leaves out for single classes what holds for all data already.
func unrepeated(list []Loosening) []Loosening {
	general := map[string]bool{}
	say := func(l Loosening) string { return string(l.Demand) + "\n" + strings.Join(l.Values, ",") }
	for _, l := range list {
		if l.Class == "" {
			general[say(l)] = true
		}
	}
	return slices.DeleteFunc(list, func(l Loosening) bool { return l.Class != "" && l.Demand != DemandClass && general[say(l)] })
}
