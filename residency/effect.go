package residency

import (
	"slices"
	"time"
)

// maxCells is how many cells each list of an Effect has at most.
const maxCells = 500

// Cell is one square of the table of classes and regions: data of the class in the region, for an offer of a market.
type Cell struct {
	Market  string   `json:"market,omitempty"`
	Class   string   `json:"class"`
	Region  string   `json:"region"`
	Offer   string   `json:"offer"`             // key of the offer; "" for one of the operator of this installation
	Reasons []Reason `json:"reasons,omitempty"` // why not: as it was for what is newly allowed, as it will be for what is newly refused
}

// Effect is what a change would newly allow and refuse, over all classes and regions and every offer on the shelf.
type Effect struct {
	Looked  int         `json:"looked"`  // squares compared
	Allowed int         `json:"allowed"` // of them newly allowed
	Refused int         `json:"refused"` // newly refused
	Opened  []Cell      `json:"opened"`  // the first 500 newly allowed
	Closed  []Cell      `json:"closed"`  // the first 500 newly refused
	Loosens []Loosening `json:"loosens"` // demands that are no longer made; empty: a policy only tightens
}

// Sold is an offer on a shelf, as residency sees it.
type Sold struct {
	Offer string // its key
	Chain Chain
}

// side is what is compared: policy and facts, before or after.
type side struct {
	facts  *Facts
	policy Policy
}

// own is the chain of an offer of this installation's operator alone, that would run with every driver.
func (f *Facts) own() Chain {
	x := f.index
	if x == nil {
		x = newIndex(f)
	}
	c := Chain{Publisher: Party{Ref: f.Own}, Support: f.OwnSupport}
	if e, ok := x.entities[f.Own]; ok {
		c.Publisher.Name, c.Publisher.Country, c.Publisher.ControlledFrom = e.Name, e.Country, e.Country // what else reaches it, the facts say
	}
	return c
}

// compare adds what changes between two sides for the offers of a market, and where it sells none yet, for one of the
// operator's own. Every class that either side knows is looked at.
func (r *Rules) compare(e *Effect, market string, was, now side, shelf []Sold, at time.Time) {
	for _, class := range classesOf(was.policy, now.policy) {
		if len(shelf) == 0 {
			e.offer(market, class, "", r.answers(was, was.facts.own(), class, at), r.answers(now, now.facts.own(), class, at))
		}
		for _, s := range shelf {
			e.offer(market, class, s.Offer, r.answers(was, s.Chain, class, at), r.answers(now, s.Chain, class, at))
		}
	}
}

func (r *Rules) answers(s side, chain Chain, class string, at time.Time) []Verdict {
	return r.judgeAny(Question{Facts: s.facts, Policy: s.policy, Class: class, Chain: chain, At: at})
}

// judgeAny is Judge, and without a driver answers for an offer that has the driver of each region.
func (r *Rules) judgeAny(q Question) []Verdict {
	if q.Chain.Driver != "" {
		return r.Judge(q)
	}
	drivers := map[string]string{}
	for _, g := range q.Facts.Regions {
		drivers[g.Key] = g.Driver
	}
	by := map[string][]Verdict{}
	for _, driver := range drivers {
		if by[driver] == nil {
			q.Chain.Driver = driver
			by[driver] = r.Judge(q)
		}
	}
	var out []Verdict
	for _, list := range by { // each has every region, in one order
		for i, v := range list {
			out = append(out, by[drivers[v.Region]][i])
		}
		break
	}
	return out
}

// offer compares the verdicts of one offer for one class. A region that one side does not know counts as refused there.
func (e *Effect) offer(market, class, offer string, was, now []Verdict) {
	before := make(map[string]Verdict, len(was))
	for _, v := range was {
		before[v.Region] = v
	}
	after := make(map[string]bool, len(now))
	for _, v := range now {
		after[v.Region] = true
		e.Looked++
		e.cell(Cell{Market: market, Class: class, Region: v.Region, Offer: offer}, before[v.Region], v)
	}
	for _, v := range was {
		if !after[v.Region] {
			e.Looked++
			e.cell(Cell{Market: market, Class: class, Region: v.Region, Offer: offer}, v, Verdict{})
		}
	}
}

func (e *Effect) cell(c Cell, was, now Verdict) {
	switch {
	case !was.Allowed && now.Allowed:
		e.Allowed++
		if c.Reasons = was.Reasons; len(e.Opened) < maxCells {
			e.Opened = append(e.Opened, c)
		}
	case was.Allowed && !now.Allowed:
		e.Refused++
		if c.Reasons = now.Reasons; len(e.Closed) < maxCells {
			e.Closed = append(e.Closed, c)
		}
	}
}

// classesOf are the classes that the first layer of either policy knows, sorted.
func classesOf(policies ...Policy) (out []string) {
	for _, p := range policies {
		if len(p.Layers) > 0 {
			out = append(out, sortedKeys(p.Layers[0].Classes)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
