// Package placement chooses cloud and region for each item of an order, and can say and prove why.
//
// A decision is a pure function of a request (canonical bytes), and of the facts, policy and rules that its hashes name:
// every region that the offer could run in is judged with all reasons; among those allowed with enough capacity the
// cheapest wins, by name when two cost the same. Decisions are stored with their inputs and can be replayed, also
// offline.
//
// Owns: decisions, and which subscription holds how many units of which region.
// Does not own: facts, policies, rules and the units of a region (residency), offers (catalog), items (order), the
// making (provision).
// Reads: order.placed.v1; facts and policies of residency, offer versions of catalog, legal entities of party.
// Writes: placement_decision, placement_hold, placement_item; facts placement.*; commands order.ItemPlaced,
// order.ItemRefused, residency.Reserve, residency.Release.
package placement

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/residency"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of placement.
func Migrations() store.Migrations { return store.Migrations{Package: "placement", Files: files} }

// unitsOfAResource is what a resource takes of its region.
const unitsOfAResource = 1

// Request is everything that a decision depends on; facts, policy and rules stand in it by hash.
type Request struct {
	Item         string           `json:"item"`
	Attempt      int64            `json:"attempt"` // 1, 2, … for the same item
	Order        string           `json:"order"`
	Org          string           `json:"org"`
	Market       string           `json:"market"`
	OfferVersion string           `json:"offer_version"`
	Plan         string           `json:"plan"`
	Class        string           `json:"class"`            // of the data, as ordered; "" for the policy's default
	Region       string           `json:"region,omitempty"` // the only one that the customer wants; empty: any
	Chain        residency.Chain  `json:"chain"`
	Units        int64            `json:"units"`
	Free         map[string]int64 `json:"free"`               // units, by region
	Excluded     []string         `json:"excluded,omitempty"` // regions where making it failed for lack of room
	At           time.Time        `json:"at"`
	PolicyHash   string           `json:"policy_hash"`
	FactsHash    string           `json:"facts_hash"`
	RulesHash    string           `json:"rules_hash"`
}

// Candidate is one region of a decision. It can take the item when Reasons is empty.
type Candidate struct {
	Region  string             `json:"region"`
	Allowed bool               `json:"allowed"` // by residency, whatever its capacity
	Price   string             `json:"price"`   // of a unit for an hour
	Free    int64              `json:"free"`
	Reasons []residency.Reason `json:"reasons,omitempty"`
}

// Result is what was decided. Region is "" when none can take the item.
type Result struct {
	Region     string      `json:"region"`
	Candidates []Candidate `json:"candidates"` // by key of the region
}

// Decision is a stored decision.
type Decision struct {
	ID         string
	Item       string
	Attempt    int64
	Order      string
	Org        string
	Path       string
	Publisher  string
	Region     string // "" for a refusal
	PolicyHash string
	FactsHash  string
	RulesHash  string
	Request    Request
	Result     Result
	At         time.Time
	request    []byte
	result     []byte
}

// Decide computes a result. It is pure.
func Decide(rules *residency.Rules, facts *residency.Facts, policy residency.Policy, r Request) Result {
	verdicts := rules.Judge(residency.Question{Facts: facts, Policy: policy, Class: r.Class, Chain: r.Chain, At: r.At})
	regions := map[string]*residency.Region{}
	for i := range facts.Regions {
		regions[facts.Regions[i].Key] = &facts.Regions[i]
	}
	out := Result{Candidates: []Candidate{}}
	var best *residency.Region
	for _, v := range verdicts {
		region := regions[v.Region]
		if !r.considers(region) {
			continue
		}
		c := Candidate{Region: v.Region, Allowed: v.Allowed, Price: region.Price.String(), Free: r.Free[v.Region], Reasons: append(v.Reasons, r.obstacles(region)...)}
		if len(c.Reasons) == 0 && cheaper(region, best) {
			best = region
		}
		out.Candidates = append(out.Candidates, c)
	}
	if best != nil {
		out.Region = best.Key
	}
	return out
}

// considers tells whether the offer, and the customer who named a region, leave a region in the running.
func (r Request) considers(region *residency.Region) bool {
	if r.Region != "" {
		return region.Key == r.Region
	}
	return region.Driver == r.Chain.Driver && (len(r.Chain.Regions) == 0 || slices.Contains(r.Chain.Regions, region.Key))
}

func cheaper(a, b *residency.Region) bool {
	if b == nil || a.Price.Nanos != b.Price.Nanos {
		return b == nil || a.Price.Nanos < b.Price.Nanos
	}
	return strings.Compare(a.Name+"\n"+a.Key, b.Name+"\n"+b.Key) < 0
}

// obstacles are what stands against a region besides residency.
func (r Request) obstacles(region *residency.Region) []residency.Reason {
	var out []residency.Reason
	if slices.Contains(r.Excluded, region.Key) {
		out = append(out, residency.Reason{Rule: "placement.failed_before", Subject: region.Key, Text: "It was tried in " + region.Name + ", which had no room for it.",
			Remedy: "Order it again later."})
	}
	if r.Free[region.Key] < r.Units {
		out = append(out, residency.Reason{Rule: "placement.capacity", Subject: region.Key,
			Text:   fmt.Sprintf("%s has %d units free, and %d is needed.", region.Name, r.Free[region.Key], r.Units),
			Remedy: "Order it again later, or let the operator add capacity."})
	}
	return out
}

// reasons are those of all candidates, each once, as the order takes them.
func (r Request) reasons(result Result) []fail.Reason {
	var out []fail.Reason
	for _, c := range result.Candidates {
		for _, reason := range c.Reasons {
			if one := reason.Fail(); !slices.Contains(out, one) {
				out = append(out, one)
			}
		}
	}
	switch {
	case len(result.Candidates) > 0:
	case r.Region != "":
		out = append(out, fail.Reason{Rule: "placement.no_region", Text: "There is no region " + r.Region + "."})
	default:
		out = append(out, fail.Reason{Rule: "placement.no_region", Text: "No region can run this offer: none has the driver " + r.Chain.Driver + "."})
	}
	slices.SortStableFunc(out, func(a, b fail.Reason) int { return strings.Compare(a.Rule, b.Rule) })
	return out
}

// Bundle is a decision with everything needed to compute it again, offline. The rules are those of the program.
type Bundle struct {
	Version  int             `json:"version"`
	Decision string          `json:"decision"`
	Request  json.RawMessage `json:"request"`
	Result   json.RawMessage `json:"result"`
	Policy   json.RawMessage `json:"policy"`
	Facts    json.RawMessage `json:"facts"`
}

// Verify computes a decision again and compares: the hashes of facts, policy and rules that the request names, the
// region, and every reason. The error says what differs.
func (b Bundle) Verify(rules *residency.Rules) error {
	var r Request
	var p residency.Policy
	if err := decode(b.Request, &r); err != nil {
		return differs("the request cannot be read", err)
	}
	for _, part := range []struct {
		what, hash string
		body       []byte
	}{{"facts about clouds", r.FactsHash, b.Facts}, {"policy", r.PolicyHash, b.Policy}} {
		canonical, err := proof.CanonicalBytes(part.body)
		if err != nil {
			return differs("the "+part.what+" cannot be read", err)
		}
		if residency.Hash(canonical) != part.hash {
			return differs("the "+part.what+" are not those that the decision was made with", nil)
		}
	}
	if r.RulesHash != rules.Hash() {
		return differs("it was made with other rules than this program has: "+r.RulesHash, nil)
	}
	if err := decode(b.Policy, &p); err != nil {
		return differs("the policy cannot be read", err)
	}
	facts, err := residency.ReadFacts(b.Facts)
	if err != nil {
		return differs("the facts about clouds cannot be read", err)
	}
	again, err := proof.Canonical(Decide(rules, facts, p, r))
	if err != nil {
		return err
	}
	stored, err := proof.CanonicalBytes(b.Result)
	if err != nil || !bytes.Equal(again, stored) {
		return differs("another result or other reasons come out", err)
	}
	return nil
}

func decode(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

func differs(what string, err error) error {
	return fail.New(fail.Conflict, "placement.replay", "The decision cannot be confirmed: "+what+".", "Tell the operator and an auditor; keep this file.").Wrap(err)
}

// Explain says a decision in sentences: what was chosen and why, then each region that was not.
func Explain(d Decision) []string {
	var out []string
	if d.Region == "" {
		out = append(out, "No region can take it.")
	} else {
		out = append(out, fmt.Sprintf("It goes to %s: the cheapest region that is allowed and has room.", d.Region))
	}
	for _, c := range d.Result.Candidates {
		switch {
		case c.Region == d.Region:
			continue
		case len(c.Reasons) == 0:
			out = append(out, fmt.Sprintf("%s is allowed and has room too, at %s an hour.", c.Region, c.Price))
		}
		for _, r := range c.Reasons {
			text := fmt.Sprintf("Not %s: %s", c.Region, r.Text)
			if r.Clause != "" {
				text += " (" + r.Clause + ")"
			}
			out = append(out, text)
		}
	}
	return out
}
