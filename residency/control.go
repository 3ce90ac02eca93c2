package residency

import (
	"slices"
	"strings"
	"sync"
)

// index is a snapshot made ready for judging. Immutable.
type index struct {
	facts     *Facts
	entities  map[string]*Entity
	byName    map[string]*Entity
	clouds    map[string]*Cloud
	regions   map[string]*Region
	ordered   []*Region // by key
	exposures map[string]exposure
	stakes    sync.Map // stake by entity and countries, as they are asked for

	certificates map[held][]*certified
}

// exposure is the laws that reach an entity.
type exposure struct {
	laws  []string // countries, sorted
	known bool     // false: it, or somebody up its chain, is not known well enough to rule out any law
}

func newIndex(f *Facts) *index {
	x := &index{facts: f, entities: map[string]*Entity{}, byName: map[string]*Entity{}, clouds: map[string]*Cloud{}, regions: map[string]*Region{},
		exposures: map[string]exposure{}, certificates: map[held][]*certified{}}
	for i := range f.Entities {
		e := &f.Entities[i]
		x.entities[e.Key] = e
		x.byName[strings.ToLower(e.Name)] = e
	}
	for i := range f.Clouds {
		x.clouds[f.Clouds[i].Key] = &f.Clouds[i]
	}
	for i := range f.Regions {
		x.regions[f.Regions[i].Key] = &f.Regions[i]
		x.ordered = append(x.ordered, &f.Regions[i])
	}
	slices.SortFunc(x.ordered, func(a, b *Region) int { return strings.Compare(a.Key, b.Key) })
	for i := range f.Certificates {
		c := &f.Certificates[i]
		if c.Holder != "" {
			at := held{c.Holder, c.Region}
			x.certificates[at] = append(x.certificates[at], newCertified(c))
		}
	}
	x.expose()
	return x
}

// expose derives for each entity the laws of all that control it.
func (x *index) expose() {
	for key, e := range x.entities {
		x.exposures[key] = exposure{laws: e.ownLaws()}
	}
	holdings := map[string][]string{} // holder → what it holds something of
	for key, e := range x.entities {
		for _, h := range e.Parents {
			holdings[h.Entity] = append(holdings[h.Entity], key)
		}
	}
	for key := range holdings {
		holder, ok := x.entities[key]
		if !ok {
			continue
		}
		for under := range x.controlled(key, holdings) {
			was := x.exposures[under]
			was.laws = append(slices.Clone(was.laws), holder.ownLaws()...)
			x.exposures[under] = was
		}
	}
	strangers := x.strangers(holdings)
	for key, e := range x.exposures {
		slices.Sort(e.laws)
		x.exposures[key] = exposure{laws: slices.Compact(e.laws), known: !strangers[key]}
	}
}

// strangers are the entities of which not enough is known, and those that they could control if one and the same
// unknown owner stood behind all of them.
func (x *index) strangers(holdings map[string][]string) map[string]bool {
	group := map[string]bool{}
	var queue []string
	for key, e := range x.entities {
		if !x.wellKnown(e) {
			group[key] = true
			queue = append(queue, key)
		}
	}
	return x.spread(group, queue, holdings)
}

// controlled is the set of entities that a holder controls through any number of levels: by more than half of the
// shares that it and those it controls hold together, or by a veto or the board of one of them. A circle of holdings
// ends, for the set only grows.
func (x *index) controlled(holder string, holdings map[string][]string) map[string]bool {
	group := x.spread(map[string]bool{holder: true}, []string{holder}, holdings)
	delete(group, holder)
	return group
}

// spread lets a group grow by all that it controls.
func (x *index) spread(group map[string]bool, queue []string, holdings map[string][]string) map[string]bool {
	for len(queue) > 0 {
		member := queue[0]
		queue = queue[1:]
		for _, candidate := range holdings[member] {
			if !group[candidate] && controls(group, x.entities[candidate]) {
				group[candidate] = true
				queue = append(queue, candidate)
			}
		}
	}
	return group
}

// controls tells whether the members of a group together control an entity.
func controls(group map[string]bool, e *Entity) bool {
	var sum Percent
	for _, h := range e.Parents {
		if !group[h.Entity] {
			continue
		}
		if h.Veto || h.Board {
			return true
		}
		sum += h.Percent
	}
	return sum > whole/2
}

// ownLaws are the laws that reach an entity without its owners.
func (e *Entity) ownLaws() []string {
	laws := slices.Clone(e.Established)
	if e.Country != "" {
		laws = append(laws, e.Country)
	}
	return laws
}

// wellKnown tells whether seat and owners of an entity are known, each owner being an entity of the facts.
func (x *index) wellKnown(e *Entity) bool {
	if e.Country == "" || e.Ownership != OwnershipComplete {
		return false
	}
	for _, h := range e.Parents {
		if _, ok := x.entities[h.Entity]; !ok {
			return false
		}
	}
	return true
}

// find looks for an entity by key, else by name.
func (x *index) find(ref, name string) *Entity {
	if e, ok := x.entities[ref]; ok && ref != "" {
		return e
	}
	return x.byName[strings.ToLower(name)]
}

// party is the exposure of a declared party, with what the facts know of it added.
func (x *index) party(p Party) exposure {
	out := exposure{known: p.Country != "" && p.ControlledFrom != ""}
	for _, law := range []string{p.Country, p.ControlledFrom} {
		if law != "" {
			out.laws = append(out.laws, law)
		}
	}
	if e := x.find(p.Ref, p.Name); e != nil {
		more := x.exposures[e.Key]
		out.laws = append(out.laws, more.laws...)
		out.known = out.known && more.known
	}
	slices.Sort(out.laws)
	out.laws = slices.Compact(out.laws)
	return out
}

// AllLaws are the countries whose law reaches each entity of the facts, sorted, by its key. Where not everything is known
// that would be needed to rule out others, the last entry is "?".
func (f *Facts) AllLaws() map[string][]string {
	x := f.index
	if x == nil {
		x = newIndex(f)
	}
	out := make(map[string][]string, len(x.exposures))
	for key, e := range x.exposures {
		out[key] = slices.Clone(e.laws)
		if !e.known {
			out[key] = append(out[key], "?")
		}
	}
	return out
}
