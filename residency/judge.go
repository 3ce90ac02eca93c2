package residency

import (
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
	keys := sortedKeys(j.index.regions)
	out := make([]Verdict, len(keys))
	for i, key := range keys {
		out[i] = j.region(j.index.regions[key])
	}
	return out
}

// JudgeRegion answers for one region. One that the facts do not know is refused.
func (r *Rules) JudgeRegion(q Question, key string) Verdict {
	j := r.judge(q)
	region, ok := j.index.regions[key]
	if !ok {
		return Verdict{Region: key, Reasons: []Reason{{Rule: "residency.unknown", Subject: key, Text: "There is no region " + key + " in the facts about clouds.",
			Remedy: "Choose another region."}}}
	}
	return j.region(region)
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
	operators  map[string][]Reason // by cloud and support
	offer      cedar.Value         // classes the offer takes
}

func (r *Rules) judge(q Question) *judgement {
	x := q.Facts.index
	if x == nil {
		x = newIndex(q.Facts)
	}
	j := &judgement{rules: r, index: x, question: q, policy: q.Policy.effective(q.Class), day: price.DateOf(q.At, time.UTC),
		operators: map[string][]Reason{}, offer: set(q.Chain.Classes)}
	j.principal = j.policy.entity(q.Facts.Groups)
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
	return cedar.Entity{UID: cedar.NewEntityUID("Policy", "policy"), Attributes: cedar.NewRecord(cedar.RecordMap{
		"class": cedar.String(e.class), "class_known": cedar.Boolean(e.known), "eea": set(groups["EEA"]),
		"countries_limited": cedar.Boolean(len(e.countries) > 0), "countries": set(countries),
		"limits_support": cedar.Boolean(len(e.support) > 0), "support": set(support),
		"refused_laws": set(named(e.refused, groups)), "needs": set(e.needs),
		"min_evidence": cedar.Long(e.level), "own_key": cedar.Boolean(e.ownKey),
	})}
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

// ask gives the reasons of all rules that refuse. Cedar lets a rule that errors pass: here it refuses.
func (j *judgement) ask(rules ruleSet, resource cedar.Entity, context cedar.Record, subject string, word func(string) string) []Reason {
	decision, why := cedar.Authorize(rules.policies, world{j.principal, resource}, cedar.Request{
		Principal: j.principal.UID, Action: cedar.NewEntityUID("Action", "place"), Resource: resource.UID, Context: context})
	if decision == cedar.Allow && len(why.Errors) == 0 {
		return nil
	}
	var out []Reason
	for _, e := range why.Errors {
		out = append(out, Reason{Rule: ruleError, Subject: subject, Text: "The rule " + string(e.PolicyID) + " could not be evaluated, so it refuses.",
			Remedy: "Tell the operator; this is a fault of the installation."})
	}
	for _, f := range why.Reasons {
		if decision == cedar.Allow {
			break // the reasons are the permits
		}
		n := rules.notes[f.PolicyID]
		out = append(out, Reason{Rule: string(f.PolicyID), Subject: subject, Text: n.reason.fill(word), Clause: n.clause.fill(word), Remedy: n.remedy.fill(word)})
	}
	if len(out) == 0 {
		out = append(out, Reason{Rule: "residency.base", Subject: subject, Text: "No rule allows it.", Remedy: "Tell the operator; this is a fault of the installation."})
	}
	return out
}

func compareReasons(a, b Reason) int {
	for _, c := range []int{strings.Compare(a.Rule, b.Rule), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Text, b.Text)} {
		if c != 0 {
			return c
		}
	}
	return 0
}

// Fail is the reason as the one error type carries it.
func (r Reason) Fail() fail.Reason { return fail.Reason{Rule: r.Rule, Text: r.Text, Clause: r.Clause} }
