package residency

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// changed is a layer with something of it drawn anew.
func (d dice) changed(l Layer) Layer {
	out := Layer{Default: l.Default, All: l.All, Classes: map[string]Rule{}}
	for class, rule := range l.Classes {
		out.Classes[class] = rule
	}
	fresh := d.rule()
	for _, change := range []func(r *Rule){
		func(r *Rule) { r.Countries = fresh.Countries }, func(r *Rule) {
			r.RefusedLaws = append(r.RefusedLaws[:len(r.RefusedLaws):len(r.RefusedLaws)], fresh.RefusedLaws...)
		},
		func(r *Rule) { r.Support = fresh.Support }, func(r *Rule) { r.Certificates = fresh.Certificates }, func(r *Rule) { r.MinEvidence = fresh.MinEvidence },
		func(r *Rule) { r.OwnKey = fresh.OwnKey }, func(r *Rule) { r.Capital = fresh.Capital },
	} {
		if d.IntN(4) > 0 {
			continue
		}
		if class := d.class(); d.IntN(2) == 0 {
			rule := out.Classes[class]
			change(&rule)
			out.Classes[class] = rule
			continue
		}
		change(&out.All)
	}
	if d.IntN(12) == 0 {
		delete(out.Classes, d.class())
	}
	if d.IntN(12) == 0 {
		out.Default = d.class()
	}
	return out
}

// TestATighteningAllowsNothingNew: a layer that loosens nothing allows no region, for no class and chain, that was refused
// before; and what newly allows anything is never called a tightening.
func TestATighteningAllowsNothingNew(t *testing.T) {
	r := NewRules()
	tight, opened, loose := 0, 0, 0
	for seed := range uint64(6000) {
		d := dice{rand.New(rand.NewPCG(11, seed))}
		q := d.question()
		at := d.IntN(len(q.Policy.Layers))
		was := q.Policy.Layers[at]
		now := d.changed(was)
		before := r.Judge(q)
		loosens := now.Loosens(was, q.Facts.Groups, at == 0)
		layers := append([]Layer{}, q.Policy.Layers...)
		layers[at] = now
		q.Policy.Layers = layers
		more := false
		for i, v := range r.Judge(q) {
			more = more || v.Allowed && !before[i].Allowed
		}
		switch {
		case more && len(loosens) == 0:
			t.Fatalf("seed %d: it allows more and loosens nothing:\n%+v\n%+v", seed, was, now)
		case more:
			opened++
		case len(loosens) == 0:
			tight++
		default:
			loose++
		}
	}
	t.Logf("%d tighten, %d loosen and open something, %d loosen what bites nobody", tight, opened, loose)
	if tight < 1000 || opened < 100 {
		t.Errorf("the layers are too uniform: %d tighten, %d open", tight, opened)
	}
}

func TestWhatALayerLoosens(t *testing.T) {
	was := Layer{Default: "personal", All: Rule{RefusedLaws: []string{"US", "CN"}, MinEvidence: EvidenceCertified}, Classes: map[string]Rule{
		"public": {}, "personal": {Countries: []string{"FR", "DE"}, Capital: &Capital{Within: []string{"EU"}, Single: 24_00, Together: 39_00}},
		"health": {Certificates: []Need{{Type: "HDS", Activities: []int{1, 2}}}, OwnKey: true, Support: []string{"EEA"}}}}
	with := func(change func(l *Layer)) Layer {
		l := Layer{Default: was.Default, All: was.All, Classes: map[string]Rule{}}
		for class, rule := range was.Classes {
			l.Classes[class] = rule
		}
		change(&l)
		return l
	}
	class := func(name string, change func(r *Rule)) func(l *Layer) {
		return func(l *Layer) {
			r := l.Classes[name]
			change(&r)
			l.Classes[name] = r
		}
	}
	for name, c := range map[string]struct {
		now  Layer
		want []Loosening
	}{
		"the same":          {was, nil},
		"one country less":  {with(class("personal", func(r *Rule) { r.Countries = []string{"FR"} })), nil},
		"one country more":  {with(class("personal", func(r *Rule) { r.Countries = []string{"FR", "DE", "IT"} })), []Loosening{{"personal", DemandCountries, []string{"IT"}}}},
		"anywhere":          {with(class("personal", func(r *Rule) { r.Countries = nil })), []Loosening{{Class: "personal", Demand: DemandCountries}}},
		"a law forgiven":    {with(func(l *Layer) { l.All.RefusedLaws = []string{"US"} }), []Loosening{{Demand: DemandLaws, Values: []string{"CN"}}}},
		"a law by group":    {with(func(l *Layer) { l.All.RefusedLaws = []string{"non-EEA"} }), nil},
		"weaker evidence":   {with(func(l *Layer) { l.All.MinEvidence = "" }), []Loosening{{Demand: DemandEvidence}}},
		"one activity less": {with(class("health", func(r *Rule) { r.Certificates = []Need{{Type: "HDS", Activities: []int{2}}} })), []Loosening{{"health", DemandCertificates, []string{"HDS activity 1"}}}},
		"no own key":        {with(class("health", func(r *Rule) { r.OwnKey = false })), []Loosening{{Class: "health", Demand: DemandOwnKey}}},
		"more capital":      {with(class("personal", func(r *Rule) { r.Capital = &Capital{Within: []string{"EU"}, Single: 25_00, Together: 39_00} })), []Loosening{{Class: "personal", Demand: DemandCapital}}},
		"help from abroad":  {with(class("health", func(r *Rule) { r.Support = []string{"EEA", "GB"} })), []Loosening{{"health", DemandSupport, []string{"GB"}}}},
		"a new class":       {with(func(l *Layer) { l.Classes["secret"] = Rule{} }), []Loosening{{"secret", DemandClass, []string{"secret"}}}},
		"a class less":      {with(func(l *Layer) { delete(l.Classes, "health") }), nil},
		"another default":   {with(func(l *Layer) { l.Default = "public" }), []Loosening{{Demand: DemandDefault, Values: []string{"public"}}}},
	} {
		if diff := cmp.Diff(c.want, c.now.Loosens(was, DefaultGroups(), true)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
