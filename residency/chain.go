package residency

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"github.com/halle-cloud/halle/price"
)

// Roles in the chain, as reasons say them.
const (
	roleOperator     = "the operator of the cloud"
	rolePublisher    = "the publisher of the offer"
	roleSubProcessor = "a sub-processor"
	roleOwn          = "the operator of this installation"
)

// link is a legal entity in the chain, with what it brings.
type link struct {
	role     string
	key      string
	name     string
	known    bool
	exposure exposure
	helps    bool     // people of it, or for it, reach the data
	support  []string // from which countries; empty: unknown
	entity   string   // key of the entity that the facts know it as; "" for none
}

// links are those that are the same for every region.
func (j *judgement) links() []link {
	x, c := j.index, j.question.Chain
	own := x.of(x.facts.Own, roleOwn)
	own.helps, own.support = true, x.facts.OwnSupport
	out := []link{own, x.declared(c.Publisher, rolePublisher, c.Support)}
	for _, p := range c.SubProcessors {
		var from []string
		if p.Country != "" {
			from = []string{p.Country}
		}
		out = append(out, x.declared(p, roleSubProcessor, from))
	}
	return out
}

func (x *index) of(key, role string) link {
	e, ok := x.entities[key]
	if !ok {
		return link{role: role, key: key, name: key}
	}
	return link{role: role, key: key, name: e.Name, known: true, exposure: x.exposures[key], entity: key}
}

func (x *index) declared(p Party, role string, support []string) link {
	name := p.Name
	if name == "" {
		name = p.Ref
	}
	l := link{role: role, key: p.Ref, name: name, known: p.Country != "", exposure: x.party(p), helps: true, support: support}
	if e := x.find(p.Ref, p.Name); e != nil {
		l.entity = e.Key
	}
	return l
}

// link gives the reasons against one entity.
func (j *judgement) link(l link) []Reason {
	subject := l.name
	if subject == "" {
		subject = l.role
	}
	var held stake
	if len(j.policy.capital.lists) > 0 && l.entity != "" {
		held = j.index.stakeOf(l.entity, j.within)
	}
	like := fmt.Sprint("entity", l.known, l.exposure.known, l.exposure.laws, l.helps, l.support, held.known, held.single, held.together, held.power != "")
	return j.ask(j.rules.entity, like, func() (cedar.Entity, cedar.Record) {
		attributes := cedar.RecordMap{
			"known": cedar.Boolean(l.known), "owners_known": cedar.Boolean(l.exposure.known), "laws": set(l.exposure.laws), "gives_support": cedar.Boolean(l.helps),
		}
		if len(l.support) > 0 {
			attributes["support"] = set(l.support)
		}
		held.attributes(attributes)
		return cedar.Entity{UID: cedar.NewEntityUID("Entity", "entity"), Attributes: cedar.NewRecord(attributes)}, cedar.Record{}
	}).reasons(j.rules.entity, subject, func(word string) string {
		return cmp.Or(j.linkWord(l, subject, word), j.policy.capital.word(word), held.word(word))
	})
}

func (j *judgement) linkWord(l link, subject, word string) string {
	switch word {
	case "role":
		return l.role
	case "subject":
		return subject
	case "laws":
		return strings.Join(slices.DeleteFunc(slices.Clone(l.exposure.laws), func(c string) bool { return !j.refused[c] }), " and ")
	case "support":
		return strings.Join(sorted(l.support), ", ")
	case "support_allowed":
		return j.support
	case "law_clause":
		return j.health("HDS v2 EXI 30")
	case "support_clause":
		return j.health("HDS v2 EXI 29")
	}
	return ""
}

// health is a clause that holds for health data only.
func (j *judgement) health(clause string) string {
	if j.policy.class == ClassHealth {
		return clause
	}
	return ""
}

// region is the verdict for one region: what its own description, its operator and the rest of the chain say.
func (j *judgement) region(r *Region) Verdict {
	lacks, unknown := j.lacks(r), r.unknown(j.index)
	reasons := j.ask(j.rules.region, j.like(r, lacks, unknown), func() (cedar.Entity, cedar.Record) { return j.describe(r, lacks, unknown) }).
		reasons(j.rules.region, r.Key, func(word string) string { return j.regionWord(r, lacks, unknown, word) })
	reasons = slices.Concat(reasons, j.operator(r), j.everywhere)
	slices.SortFunc(reasons, compareReasons)
	reasons = slices.Compact(reasons)
	return Verdict{Region: r.Key, Allowed: len(reasons) == 0, Reasons: reasons}
}

// like tells everything about a region that describe gives to the rules.
func (j *judgement) like(r *Region, lacks, unknown []string) string {
	flags := "-"
	if r.Retired {
		flags = "retired"
	}
	if j.offered(r) {
		flags += "+"
	}
	return strings.Join([]string{"region", r.Country, string(r.Evidence), r.Driver, flags, strings.Join(lacks, ","), strings.Join(unknown, ",")}, "\n")
}

func (j *judgement) offered(r *Region) bool {
	only := j.question.Chain.Regions
	return len(only) == 0 || slices.Contains(only, r.Key)
}

func (j *judgement) describe(r *Region, lacks, unknown []string) (cedar.Entity, cedar.Record) {
	attributes := cedar.RecordMap{"unknown": set(unknown), "retired": cedar.Boolean(r.Retired)}
	if r.Country != "" {
		attributes["country"] = cedar.String(r.Country)
	}
	if level := slices.Index(Levels(), r.Evidence); level >= 0 {
		attributes["evidence"] = cedar.Long(level)
	}
	if r.Driver != "" {
		attributes["driver"] = cedar.String(r.Driver)
	}
	held := slices.DeleteFunc(slices.Clone(j.policy.needs), func(n string) bool { return slices.Contains(lacks, n) })
	context := cedar.NewRecord(cedar.RecordMap{"held": set(held), "offer_classes": j.offer, "offer_driver": cedar.String(j.question.Chain.Driver),
		"offer_region": cedar.Boolean(j.offered(r))})
	return cedar.Entity{UID: cedar.NewEntityUID("Region", "region"), Attributes: cedar.NewRecord(attributes)}, context
}

func (j *judgement) regionWord(r *Region, lacks, unknown []string, word string) string {
	switch word {
	case "region":
		return r.title()
	case "unknown":
		return strings.Join(unknown, ", ")
	case "class":
		return j.policy.class
	case "country":
		return r.Country
	case "countries":
		return j.countries
	case "certificates":
		return grouped(lacks)
	case "certificate_clause":
		return j.health("Code de la santé publique, L. 1111-8")
	case "evidence":
		return string(r.Evidence)
	case "min_evidence":
		return string(Levels()[max(0, j.policy.level)])
	}
	return ""
}

func (r *Region) title() string {
	if r.Name != "" {
		return r.Name
	}
	return r.Key
}

// unknown names what a region lacks.
func (r *Region) unknown(x *index) []string {
	var out []string
	if _, ok := x.clouds[r.Cloud]; !ok {
		out = append(out, "cloud")
	}
	if r.Country == "" {
		out = append(out, "country")
	}
	if r.Driver == "" {
		out = append(out, "driver")
	}
	if !slices.Contains(Levels(), r.Evidence) {
		out = append(out, "evidence")
	}
	return out
}

// operator gives the reasons against whoever operates the region's cloud; the same ones for all its regions.
func (j *judgement) operator(r *Region) []Reason {
	cloud, ok := j.index.clouds[r.Cloud]
	if !ok {
		return nil // residency.unknown says so
	}
	l := j.index.of(cloud.Operator, roleOperator)
	l.helps, l.support = true, cloud.Support
	if len(r.Support) > 0 {
		l.support = r.Support
		return j.link(l)
	}
	reasons, ok := j.operators[cloud]
	if !ok {
		reasons = j.link(l)
		j.operators[cloud] = reasons
	}
	return reasons
}

// lacks are the needs that nobody in the chain meets on the day: the operator of the cloud may for all activities, the
// publisher and the operator of this installation for those above the machines (HDS 4 to 6).
func (j *judgement) lacks(r *Region) []string {
	if len(j.policy.needs) == 0 {
		return nil
	}
	operator := ""
	if cloud, ok := j.index.clouds[r.Cloud]; ok {
		operator = cloud.Operator
	}
	var certificates []met
	for _, holder := range [...]string{operator, j.publisher, j.index.facts.Own} {
		for _, place := range [...]string{"", r.Key} {
			for _, c := range j.index.certificates[held{holder, place}] {
				if c.holds(j.day) {
					certificates = append(certificates, met{c, holder == operator})
				}
			}
		}
	}
	var out []string
	for _, need := range j.policy.needs {
		if !slices.ContainsFunc(certificates, func(m met) bool { return m.meets(need) }) {
			out = append(out, need)
		}
	}
	return out
}

// met is a certificate that counts today, and whether the operator of the cloud holds it.
type met struct {
	*certified
	machines bool
}

func (m met) meets(need string) bool {
	return slices.Contains(m.above, need) || m.machines && slices.Contains(m.below, need)
}

// certified is a certificate with the needs it meets: for anybody in the chain, and for the operator of the cloud only.
type certified struct {
	*Certificate
	above, below []string
}

// held is who holds a certificate, and where.
type held struct{ holder, region string }

// holds tells whether a certificate counts on a day: one without a document or dates does not.
func (c *Certificate) holds(day price.Date) bool {
	return c.Document != "" && c.From.Valid() && c.To.Valid() && !day.Before(c.From) && !c.To.Before(day)
}

// firstAboveMachines is the first HDS activity that is not about sites, machines and their virtualisation.
const firstAboveMachines = 4

func newCertified(c *Certificate) *certified {
	out := &certified{Certificate: c, below: []string{c.Type}}
	for _, a := range c.Activities {
		if a >= firstAboveMachines {
			out.above = append(out.above, activity(c.Type, a))
		} else {
			out.below = append(out.below, activity(c.Type, a))
		}
	}
	return out
}

func sorted(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// grouped words a sorted list of certificates for people: "HDS activities 1 to 3 and 5" rather than each activity by
// itself.
func grouped(list []string) string {
	var out []string
	activities := map[string][]int{}
	for _, item := range list {
		kind, n, ok := strings.Cut(item, " activity ")
		number, err := strconv.Atoi(n)
		if !ok || err != nil {
			out = append(out, item)
			continue
		}
		if len(activities[kind]) == 0 {
			out = append(out, kind+" activity ")
		}
		activities[kind] = append(activities[kind], number)
	}
	for i, item := range out {
		if kind, ok := strings.CutSuffix(item, " activity "); ok {
			out[i] = kind + " " + ranges(activities[kind])
		}
	}
	return strings.Join(out, ", ")
}

// ranges words ascending numbers: "activity 4", "activities 1 and 2", "activities 1 to 3 and 5".
func ranges(numbers []int) string {
	slices.Sort(numbers)
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		if j-i >= 2 {
			parts = append(parts, fmt.Sprintf("%d to %d", numbers[i], numbers[j]))
			i = j + 1
			continue
		}
		parts = append(parts, strconv.Itoa(numbers[i]))
		i++
	}
	if len(numbers) == 1 {
		return "activity " + parts[0]
	}
	if len(parts) == 1 {
		return "activities " + parts[0]
	}
	return "activities " + strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}
