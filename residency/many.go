package residency

import (
	"slices"
	"strings"

	"github.com/halle-cloud/halle/internal/store"
)

// JudgeThese answers for regions by their keys, in their order; the work that they share is done once. One that the facts
// do not know is refused.
func (r *Rules) JudgeThese(q Question, keys []string) []Verdict {
	j := r.judge(q)
	out := make([]Verdict, len(keys))
	for i, key := range keys {
		out[i] = j.byKey(key)
	}
	return out
}

func (j *judgement) byKey(key string) Verdict {
	region, ok := j.index.regions[key]
	if !ok {
		return Verdict{Region: key, Reasons: []Reason{{Rule: "residency.unknown", Subject: key, Text: "There is no region " + key + " in the facts about clouds.",
			Remedy: "Choose another region."}}}
	}
	return j.region(region)
}

// Standing is the verdict about data that lies in the region already: that it takes nothing new, and what an offer takes or
// where it is sold now, says nothing against what was placed there.
func (v Verdict) Standing() Verdict {
	v.Reasons = slices.DeleteFunc(slices.Clone(v.Reasons), func(r Reason) bool {
		return slices.Contains([]string{"residency.retired", "residency.offer_region", "residency.offer_class"}, r.Rule)
	})
	v.Allowed = len(v.Reasons) == 0
	return v
}

// Layers are the layers that hold now, by the market or organisation that set them. To judge many customers at once.
type Layers map[string]Layer

// LayersNow gives every layer that holds, for packages downstream.
func (s *Residency) LayersNow(tx *store.Tx) (Layers, error) {
	list, err := store.All(tx, scanLayer, "SELECT "+layerColumns+` FROM residency_policy p WHERE version =
		(SELECT max(version) FROM residency_policy WHERE scope = p.scope)`)
	out := Layers{}
	for _, v := range list {
		out[v.Scope] = v.Layer
	}
	return out, err
}

// Scopes names the market and those of a path that set a layer: customers with the same are held to the same.
func (l Layers) Scopes(market, path string) string {
	out := market
	for _, scope := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' }) {
		if _, ok := l[scope]; ok {
			out += "/" + scope
		}
	}
	return out
}

// Policy puts together what Scopes named.
func (l Layers) Policy(scopes string) Policy {
	market, rest, _ := strings.Cut(scopes, "/")
	first, ok := l[market]
	if !ok {
		first = DefaultLayer(market)
	}
	p := Policy{Layers: []Layer{first}}
	for _, scope := range strings.FieldsFunc(rest, func(r rune) bool { return r == '/' }) {
		p.Layers = append(p.Layers, l[scope])
	}
	return p
}
