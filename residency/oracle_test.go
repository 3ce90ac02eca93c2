package residency

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// oracle answers the same question as Judge, naively and without Cedar: control by a matrix that grows until it is still,
// unknown owners as one more shareholder, lists of countries by asking each layer.
type oracle struct {
	q        Question
	controls map[string]map[string]bool // by holder; "?" holds whatever is not known
}

func newOracle(q Question) *oracle {
	o := &oracle{q: q, controls: map[string]map[string]bool{"?": {}}}
	for _, e := range q.Facts.Entities {
		o.controls[e.Key] = map[string]bool{e.Key: true}
		if e.Country == "" || e.Ownership != "complete" {
			o.controls["?"][e.Key] = true
		}
		for _, h := range e.Parents {
			if q.Facts.entity(h.Entity) == nil {
				o.controls["?"][e.Key] = true
			}
		}
	}
	for holder, start := range o.controls {
		o.controls[holder] = o.under(start)
	}
	return o
}

func (o *oracle) laws(entity string) map[string]bool {
	out := map[string]bool{}
	for _, e := range o.q.Facts.Entities {
		if o.controls[e.Key][entity] {
			for _, c := range append([]string{e.Country}, e.Established...) {
				out[c] = true
			}
		}
	}
	return out
}

// member tells whether a country is meant by an entry of a list.
func (o *oracle) member(country, entry string) bool {
	negative := strings.HasPrefix(entry, "non-")
	group, ok := o.q.Facts.Groups[strings.TrimPrefix(entry, "non-")]
	if !ok {
		return entry == country
	}
	return slices.Contains(group, country) != negative
}

func (o *oracle) any(country string, list []string) bool {
	return slices.ContainsFunc(list, func(entry string) bool { return o.member(country, entry) })
}

func (o *oracle) class() string {
	if o.q.Class != "" {
		return o.q.Class
	}
	for _, l := range o.q.Policy.Layers {
		if l.Default != "" {
			return l.Default
		}
	}
	return ""
}

func (o *oracle) held() []Rule {
	var out []Rule
	for _, l := range o.q.Policy.Layers {
		out = append(out, l.All, l.Classes[o.class()])
	}
	return out
}

// elsewhere tells whether some layer's list leaves a country out.
func (o *oracle) elsewhere(country string) bool {
	return slices.ContainsFunc(o.held(), func(r Rule) bool { return r.Capital != nil && !o.any(country, r.Capital.Within) })
}

// belongs is how much of an entity belongs to holders, in percent: it asks upwards again and again until the numbers stay,
// as floating numbers. A holder's own, and what the holders control, count wholly.
func (o *oracle) belongs(entity string, holders map[string]bool) float64 {
	under := o.under(holders)
	part := map[string]float64{}
	for moved := 1.0; moved > 1e-12; {
		moved = 0
		for _, e := range o.q.Facts.Entities {
			sum := 0.0
			for _, h := range e.Parents {
				if under[h.Entity] && h.Entity != entity {
					sum += float64(h.Percent) / 100
				} else {
					sum += float64(h.Percent) / 10000 * part[h.Entity]
				}
			}
			moved = max(moved, sum-part[e.Key])
			part[e.Key] = sum
		}
	}
	return part[entity]
}

// under is the holders and all that they control.
func (o *oracle) under(holders map[string]bool) map[string]bool {
	under := map[string]bool{}
	for k := range holders {
		under[k] = true
	}
	for moved := true; moved; {
		moved = false
		for _, e := range o.q.Facts.Entities {
			total := 0
			for _, h := range e.Parents {
				if under[h.Entity] {
					total += int(h.Percent)
					if h.Veto || h.Board {
						total += 10000
					}
				}
			}
			if total > 5000 && !under[e.Key] {
				under[e.Key], moved = true, true
			}
		}
	}
	return under
}

// hidden tells whether somebody above, up to the first from elsewhere, is not known well.
func (o *oracle) hidden(key string, first bool, been map[string]bool) bool {
	if been[key] {
		return false
	}
	been[key] = true
	e := o.q.Facts.entity(key)
	if e == nil || e.Country == "" {
		return true
	}
	if !first && o.elsewhere(e.Country) {
		return false
	}
	return e.Ownership != "complete" || slices.ContainsFunc(e.Parents, func(h Holding) bool { return o.hidden(h.Entity, false, been) })
}

// over lists the holders of an entity and theirs.
func (o *oracle) over(key string, been map[string]bool) {
	for _, h := range o.q.Facts.entity(key).Parents {
		if !been[h.Entity] {
			been[h.Entity] = true
			o.over(h.Entity, been)
		}
	}
}

// capital lists what stands against those who own an entity; key is "" for one that the facts do not know.
func (o *oracle) capital(name, key string) (out []string) {
	single, together, limited := 1e9, 1e9, false
	for _, r := range o.held() {
		if r.Capital != nil {
			single, together, limited = min(single, float64(r.Capital.Single)/100), min(together, float64(r.Capital.Together)/100), true
		}
	}
	if !limited {
		return nil
	}
	if key == "" || o.hidden(key, true, map[string]bool{}) {
		return []string{"capital_unknown:" + name}
	}
	over, all := map[string]bool{}, map[string]bool{}
	o.over(key, over)
	most := 0.0
	for k := range over {
		if k != key && o.elsewhere(o.q.Facts.entity(k).Country) {
			all[k] = true
			most = max(most, o.belongs(key, map[string]bool{k: true}))
		}
	}
	if most > single+1e-6 {
		out = append(out, "capital:"+name)
	}
	if o.belongs(key, all) > together+1e-6 {
		out = append(out, "capital_together:"+name)
	}
	for _, h := range o.q.Facts.entity(key).Parents {
		if (h.Veto || h.Board) && o.under(all)[h.Entity] {
			out = append(out, "capital_power:"+name)
		}
	}
	return out
}

// entity lists what stands against one in the chain.
func (o *oracle) entity(name, key string, laws map[string]bool, ownersKnown bool, support []string) (out []string) {
	out = o.capital(name, key)
	refused, refuses, limited, outside := false, false, false, false
	for _, r := range o.held() {
		refuses = refuses || len(r.RefusedLaws) > 0
		for law := range laws {
			refused = refused || law != "" && o.any(law, r.RefusedLaws)
		}
		if len(r.Support) > 0 {
			limited = true
			for _, c := range support {
				outside = outside || !o.any(c, r.Support)
			}
		}
	}
	if refused {
		out = append(out, "law:"+name)
	}
	if refuses && !ownersKnown {
		out = append(out, "owners_unknown:"+name)
	}
	if limited && len(support) == 0 {
		out = append(out, "support_unknown:"+name)
	}
	if outside {
		out = append(out, "support:"+name)
	}
	return out
}

func (o *oracle) party(p Party, support []string) []string {
	laws := map[string]bool{p.Country: true, p.ControlledFrom: true}
	known, key := p.ControlledFrom != "", ""
	for _, e := range o.q.Facts.Entities {
		if e.Key == p.Ref || strings.EqualFold(e.Name, p.Name) {
			for law := range o.laws(e.Key) {
				laws[law] = true
			}
			known, key = known && !o.controls["?"][e.Key], e.Key
		}
	}
	return o.entity(p.Name, key, laws, known, support)
}

func (o *oracle) certified(r Region, operator, kind string, n int) bool {
	for _, c := range o.q.Facts.Certificates {
		at := o.q.At.Format("2006-01-02")
		if c.Type != kind || c.Document == "" || c.From.String() > at || c.To.String() < at || c.Region != "" && c.Region != r.Key {
			continue
		}
		above := c.Holder == o.q.Facts.Own || c.Holder == o.q.Chain.Publisher.Ref
		if c.Holder == operator && n == 0 || slices.Contains(c.Activities, n) && (c.Holder == operator || above && n >= 4) {
			return true
		}
	}
	return false
}

func (o *oracle) region(r Region) []string {
	var out []string
	add := func(wrong bool, rule string) {
		if wrong {
			out = append(out, rule+":"+r.Key)
		}
	}
	var operator string
	var support []string
	for _, c := range o.q.Facts.Clouds {
		if c.Key == r.Cloud {
			operator, support = c.Operator, c.Support
		}
	}
	if len(r.Support) > 0 {
		support = r.Support
	}
	class, level := o.class(), slices.Index(Levels(), r.Evidence)
	known, place, cert, weak, key := false, false, false, false, false
	for i, rule := range o.held() {
		if _, ok := o.q.Policy.Layers[i/2].Classes[class]; ok && i < 2 {
			known = true
		}
		place = place || len(rule.Countries) > 0 && !o.any(r.Country, rule.Countries)
		weak = weak || level >= 0 && slices.Index(Levels(), rule.MinEvidence) > level
		key = key || rule.OwnKey && r.Evidence != "own_key"
		for _, need := range rule.Certificates {
			if len(need.Activities) == 0 {
				cert = cert || !o.certified(r, operator, need.Type, 0)
			}
			for _, a := range need.Activities {
				cert = cert || !o.certified(r, operator, need.Type, a)
			}
		}
	}
	chain := o.q.Chain
	add(!known, "class")
	add(place, "country")
	add(class == "health" && !slices.Contains(o.q.Facts.Groups["EEA"], r.Country), "health_place")
	add(cert, "certificate")
	add(weak, "evidence")
	add(key, "own_key")
	add(level < 0, "unknown")
	add(len(chain.Classes) > 0 && !slices.Contains(chain.Classes, class), "offer_class")
	add(r.Driver != chain.Driver || len(chain.Regions) > 0 && !slices.Contains(chain.Regions, r.Key), "offer_region")
	add(r.Retired, "retired")
	own := o.q.Facts.Own
	out = append(out, o.entity(own, own, o.laws(own), !o.controls["?"][own], o.q.Facts.OwnSupport)...)
	out = append(out, o.entity(operator, operator, o.laws(operator), !o.controls["?"][operator], support)...)
	out = append(out, o.party(chain.Publisher, chain.Support)...)
	for _, p := range chain.SubProcessors {
		out = append(out, o.party(p, []string{p.Country})...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// dice makes random questions.
type dice struct{ *rand.Rand }

func (d dice) country() string { return []string{"FR", "DE", "IE", "US", "CN", "CH", "NO"}[d.IntN(7)] }

func (d dice) countries(most int) []string {
	var out []string
	for range d.IntN(most + 1) {
		out = append(out, d.country())
	}
	return out
}

func (d dice) places() []string {
	out := d.countries(2)
	if d.IntN(2) == 0 {
		out = append(out, []string{"EEA", "EU", "non-EEA", "non-EU"}[d.IntN(4)])
	}
	return out
}

func (d dice) rule() (r Rule) {
	if d.IntN(8) == 0 {
		r.Countries = append(d.places(), "EEA")
	}
	if d.IntN(8) == 0 {
		r.RefusedLaws = d.places()
	}
	if d.IntN(8) == 0 {
		r.Support = append(d.places(), "EU")
	}
	if d.IntN(8) == 0 {
		r.Certificates = append(r.Certificates, Need{Type: []string{"HDS", "ISO27001"}[d.IntN(2)], Activities: []int{1, 3, 5}[:d.IntN(4)]})
	}
	if d.IntN(8) == 0 {
		r.MinEvidence = Levels()[d.IntN(5)]
	}
	r.OwnKey = d.IntN(20) == 0
	if d.IntN(8) == 0 {
		r.Capital = &Capital{Within: append(d.places(), []string{"EU", "EEA"}[d.IntN(2)]), Single: []Percent{0, 2400, 3000}[d.IntN(3)], Together: []Percent{3900, 4800}[d.IntN(2)]}
	}
	return r
}

func (d dice) class() string { return []string{"public", "personal", "health", "secret"}[d.IntN(4)] }

func (d dice) layer() Layer {
	l := Layer{All: d.rule(), Classes: map[string]Rule{"public": {}, "personal": {}}}
	for range d.IntN(4) {
		l.Classes[d.class()] = d.rule()
	}
	if d.IntN(2) == 0 {
		l.Default = d.class()
	}
	return l
}

func (d dice) entity(i, all int) Entity {
	e := Entity{Key: fmt.Sprintf("e%d", i), Name: fmt.Sprintf("e%d", i), Country: d.country(), Ownership: OwnershipComplete}
	if d.IntN(8) == 0 {
		e.Ownership = OwnershipUnknown
	}
	if d.IntN(8) == 0 {
		e.Established = d.countries(2)
	}
	left := Percent(10000)
	for range d.IntN(4) {
		h := Holding{Entity: fmt.Sprintf("e%d", d.IntN(all)), Percent: min(left, []Percent{2400, 2401, 3000, 5000, 5001, 6000}[d.IntN(6)]), Veto: d.IntN(12) == 0, Board: d.IntN(12) == 0}
		if h.Entity != e.Key && !slices.ContainsFunc(e.Parents, func(p Holding) bool { return p.Entity == h.Entity }) {
			left -= h.Percent
			e.Parents = append(e.Parents, h)
		}
	}
	return e
}

func (d dice) facts() *Facts {
	f := &Facts{Own: "e0", OwnSupport: d.countries(2), Groups: DefaultGroups()}
	all := 2 + d.IntN(6)
	for i := range all {
		f.Entities = append(f.Entities, d.entity(i, all))
	}
	for i := range 2 {
		f.Clouds = append(f.Clouds, Cloud{Key: fmt.Sprintf("c%d", i), Name: "c", Operator: fmt.Sprintf("e%d", d.IntN(all)), Support: d.countries(2)})
	}
	for i := range 3 {
		f.Regions = append(f.Regions, Region{Key: fmt.Sprintf("r%d", i), Name: "r", City: "c", Cloud: fmt.Sprintf("c%d", d.IntN(2)), Country: d.country(), Driver: "process",
			Evidence: Levels()[d.IntN(5)], Support: d.countries(1), Retired: d.IntN(20) == 0, Price: money.NewUnitPrice(1, money.EUR)})
		if d.IntN(20) == 0 {
			f.Regions[i].Driver = "other"
		}
		if d.IntN(20) == 0 {
			f.Regions[i].Evidence = ""
		}
	}
	for i := range d.IntN(5) {
		c := Certificate{Key: fmt.Sprintf("k%d", i), Type: []string{"HDS", "ISO27001"}[d.IntN(2)], Holder: fmt.Sprintf("e%d", d.IntN(all)), Activities: []int{1, 2, 3, 4, 5}[d.IntN(3):],
			From: price.Date{Year: 2025, Month: 1, Day: 1}, To: price.Date{Year: 2025 + d.IntN(3), Month: 6, Day: d.IntN(3) + 1}, Document: []string{"x", "x", "x", ""}[d.IntN(4)]}
		if d.IntN(2) == 0 {
			c.Region = fmt.Sprintf("r%d", d.IntN(3))
		}
		f.Certificates = append(f.Certificates, c)
	}
	return f
}

func (d dice) party(i int) Party {
	p := Party{Ref: fmt.Sprintf("p%d", i), Name: fmt.Sprintf("p%d", i), Country: d.country()}
	if d.IntN(3) == 0 {
		p.Ref, p.Name = fmt.Sprintf("e%d", d.IntN(2)), ""
		p.Name = p.Ref
	}
	if d.IntN(6) > 0 {
		p.ControlledFrom = d.country()
	}
	return p
}

func (d dice) question() Question {
	q := Question{Facts: d.facts(), Class: []string{"", d.class()}[d.IntN(2)], At: time.Date(2026, 6, 2, 15, 0, 0, 0, time.UTC),
		Chain: Chain{Publisher: d.party(0), Support: d.countries(2), Driver: "process"}}
	for range 1 + d.IntN(3) {
		q.Policy.Layers = append(q.Policy.Layers, d.layer())
	}
	for i := range d.IntN(3) {
		q.Chain.SubProcessors = append(q.Chain.SubProcessors, d.party(i+1))
	}
	if d.IntN(6) == 0 {
		q.Chain.Regions = []string{"r0", "r2"}
	}
	if d.IntN(6) == 0 {
		q.Chain.Classes = []string{d.class(), d.class()}
	}
	return q
}

func TestJudgeAgreesWithAnOracle(t *testing.T) {
	r := NewRules()
	allowed, fired := 0, map[string]int{}
	const cases = 10_000
	for seed := range uint64(cases) {
		q := dice{rand.New(rand.NewPCG(7, seed))}.question()
		o := newOracle(q)
		for i, v := range r.Judge(q) {
			want := o.region(q.Facts.Regions[i])
			got := rules(v)
			slices.Sort(got)
			if diff := cmp.Diff(want, slices.Compact(got)); diff != "" || v.Allowed != (len(want) == 0) {
				t.Fatalf("seed %d, region %s: %s\n%+v", seed, v.Region, diff, q)
			}
			if v.Allowed {
				allowed++
			}
			for _, reason := range want {
				rule, _, _ := strings.Cut(reason, ":")
				fired[rule]++
			}
		}
	}
	t.Logf("%d questions, %d regions allowed, rules that fired: %v", cases, allowed, fired)
	if allowed < cases/20 || len(fired) < 17 {
		t.Errorf("the questions are too uniform: %d allowed, %v", allowed, fired)
	}
}
