package residency

import (
	"cmp"
	"crypto/sha256"
	_ "embed" // the rules
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cedar-policy/cedar-go"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/price"
)

//go:embed region.cedar
var regionText []byte

//go:embed entity.cedar
var entityText []byte

const ruleError = "residency.rule_error"

// Rules are the compiled rules. Safe for concurrent use; they never change.
type Rules struct {
	region, entity ruleSet
	hash           string
}

// NewRules compiles the rules that are part of the product; it panics when they do not parse, which a test excludes.
func NewRules() *Rules {
	r, err := compileRules(regionText, entityText)
	if err != nil {
		panic(err)
	}
	return r
}

// Hash is the SHA-256 of the rules' text, in hex: a decision names the rules that it was made with.
func (r *Rules) Hash() string { return r.hash }

type ruleSet struct {
	policies *cedar.PolicySet
	notes    map[cedar.PolicyID]note
}

// note is what a rule says when it fires.
type note struct{ reason, clause, remedy template }

func compileRules(region, entity []byte) (*Rules, error) {
	sum := sha256.Sum256(slices.Concat(region, []byte{0}, entity))
	out := &Rules{hash: hex.EncodeToString(sum[:])}
	var err error
	if out.region, err = compileSet("region.cedar", region); err != nil {
		return nil, err
	}
	out.entity, err = compileSet("entity.cedar", entity)
	return out, err
}

func compileSet(name string, text []byte) (ruleSet, error) {
	list, err := cedar.NewPolicyListFromBytes(name, text)
	if err != nil {
		return ruleSet{}, fmt.Errorf("residency rules: %w", err)
	}
	out := ruleSet{policies: cedar.NewPolicySet(), notes: map[cedar.PolicyID]note{}}
	for _, rule := range list {
		notes := rule.Annotations()
		id := cedar.PolicyID(notes["id"])
		if id == "" || !out.policies.Add(id, rule) {
			return ruleSet{}, fmt.Errorf("residency rules: %s: a rule has no id, or one that is taken: %q", name, id)
		}
		out.notes[id] = note{parse(string(notes["reason"])), parse(string(notes["clause"])), parse(string(notes["remedy"]))}
	}
	return out, nil
}

// template is a text cut at its placeholders: odd parts are their names.
type template []string

func parse(text string) template {
	return strings.FieldsFunc(strings.ReplaceAll(strings.ReplaceAll(text, "{", "\x00\x01"), "}", "\x00"), func(r rune) bool { return r == 0 })
}

func (t template) fill(word func(string) string) string {
	if len(t) == 1 && t[0][0] != 1 {
		return t[0]
	}
	var b strings.Builder
	for _, part := range t {
		if part[0] == 1 {
			part = word(part[1:])
		}
		b.WriteString(part)
	}
	return b.String()
}

// Question is everything that a verdict depends on.
type Question struct {
	Facts  *Facts
	Policy Policy
	Class  string // of the data; "" for the policy's default
	Chain  Chain
	At     time.Time
}

// Judge answers for every region of the facts, in the order of their keys, with every reason. It is pure and takes at
// most 5 ms for 1,000 regions.
func (r *Rules) Judge(q Question) []Verdict {
	j := r.judge(q)
	out := make([]Verdict, len(j.index.ordered))
	for i, region := range j.index.ordered {
		out[i] = j.region(region)
	}
	return out
}

// JudgeRegion answers for one region. One that the facts do not know is refused.
func (r *Rules) JudgeRegion(q Question, key string) Verdict {
	return r.judge(q).byKey(key)
}

// judgement is one question under work.
type judgement struct {
	rules      *Rules
	index      *index
	question   Question
	policy     effective
	principal  cedar.Entity
	day        price.Date
	everywhere []Reason            // what the publisher, sub-processors and this installation add to each region
	operators  map[*Cloud][]Reason // of clouds whose regions have no support of their own
	answers    map[string]answer
	offer      cedar.Value // classes the offer takes
	publisher  string      // key of the entity that the facts know as the publisher; "" for none
	refused    map[string]bool
	within     []string // countries whose holders the policy does not limit
	countries  string   // where data may live, in words
	support    string   // from where people may help, in words
}

func (r *Rules) judge(q Question) *judgement {
	x := q.Facts.index
	if x == nil {
		x = newIndex(q.Facts)
	}
	j := &judgement{rules: r, index: x, question: q, policy: q.Policy.effective(q.Class), day: price.DateOf(q.At, time.UTC),
		operators: map[*Cloud][]Reason{}, answers: map[string]answer{}, offer: set(q.Chain.Classes)}
	j.refused = expand(j.policy.refused, q.Facts.Groups)
	j.countries, j.support = words(j.policy.countries), words(j.policy.support)
	if e := x.find(q.Chain.Publisher.Ref, q.Chain.Publisher.Name); e != nil {
		j.publisher = e.Key
	}
	j.principal = j.policy.entity(q.Facts.Groups)
	if lists := j.policy.capital.lists; len(lists) > 0 {
		j.within = within(lists, q.Facts.Groups)
	}
	for _, l := range j.links() {
		j.everywhere = append(j.everywhere, j.link(l)...)
	}
	return j
}

func (e effective) entity(groups map[string][]string) cedar.Entity {
	countries, support := []string(nil), []string(nil)
	if len(e.countries) > 0 {
		countries = within(e.countries, groups)
	}
	if len(e.support) > 0 {
		support = within(e.support, groups)
	}
	attributes := cedar.RecordMap{
		"class": cedar.String(e.class), "class_known": cedar.Boolean(e.known), "eea": set(groups["EEA"]),
		"countries_limited": cedar.Boolean(len(e.countries) > 0), "countries": set(countries),
		"limits_support": cedar.Boolean(len(e.support) > 0), "support": set(support),
		"refused_laws": set(named(e.refused, groups)), "needs": set(e.needs),
		"min_evidence": cedar.Long(e.level), "own_key": cedar.Boolean(e.ownKey),
	}
	e.capital.attributes(attributes)
	return cedar.Entity{UID: cedar.NewEntityUID("Policy", "policy"), Attributes: cedar.NewRecord(attributes)}
}

func set(values []string) cedar.Set {
	out := make([]cedar.Value, len(values))
	for i, v := range values {
		out[i] = cedar.String(v)
	}
	return cedar.NewSet(out...)
}

// world is the entities of one question to Cedar.
type world struct{ principal, resource cedar.Entity }

// Get is for Cedar.
func (w world) Get(uid cedar.EntityUID) (cedar.Entity, bool) {
	switch uid {
	case w.principal.UID:
		return w.principal, true
	case w.resource.UID:
		return w.resource, true
	}
	return cedar.Entity{}, false
}

// answer is which rules refused. It depends on attributes only, and not on who has them: regions and entities that are
// alike share it.
type answer struct {
	refused []cedar.PolicyID
	broken  []cedar.PolicyID // Cedar lets a rule that errors pass: here it refuses
	allowed bool
}

// ask puts a question to Cedar, or remembers what it answered to the same one. like tells all attributes.
func (j *judgement) ask(rules ruleSet, like string, build func() (cedar.Entity, cedar.Record)) answer {
	if a, ok := j.answers[like]; ok {
		return a
	}
	resource, context := build()
	decision, why := cedar.Authorize(rules.policies, world{j.principal, resource}, cedar.Request{
		Principal: j.principal.UID, Action: cedar.NewEntityUID("Action", "place"), Resource: resource.UID, Context: context})
	a := answer{allowed: decision == cedar.Allow && len(why.Errors) == 0}
	for _, e := range why.Errors {
		a.broken = append(a.broken, e.PolicyID)
	}
	for _, f := range why.Reasons {
		if decision == cedar.Deny { // the reasons of the other answer are its permits
			a.refused = append(a.refused, f.PolicyID)
		}
	}
	j.answers[like] = a
	return a
}

// reasons says an answer about a subject.
func (a answer) reasons(rules ruleSet, subject string, word func(string) string) []Reason {
	if a.allowed {
		return nil
	}
	out := make([]Reason, 0, len(a.broken)+len(a.refused)+1)
	for _, id := range a.broken {
		out = append(out, Reason{Rule: ruleError, Subject: subject, Text: "The rule " + string(id) + " could not be evaluated, so it refuses.",
			Remedy: "Tell the operator; this is a fault of the installation."})
	}
	for _, id := range a.refused {
		n := rules.notes[id]
		out = append(out, Reason{Rule: string(id), Subject: subject, Text: n.reason.fill(word), Clause: n.clause.fill(word), Remedy: n.remedy.fill(word)})
	}
	if len(out) == 0 {
		out = append(out, Reason{Rule: "residency.base", Subject: subject, Text: "No rule allows it.", Remedy: "Tell the operator; this is a fault of the installation."})
	}
	return out
}

func compareReasons(a, b Reason) int {
	return cmp.Or(strings.Compare(a.Rule, b.Rule), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Text, b.Text))
}

// Fail is the reason as the one error type carries it.
func (r Reason) Fail() fail.Reason { return fail.Reason{Rule: r.Rule, Text: r.Text, Clause: r.Clause} }
