package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/placement"
)

// Decision says where an item goes, or why nowhere.
type Decision struct {
	ID         string            `json:"id"`
	Item       string            `json:"item"`
	Attempt    int64             `json:"attempt"`
	Order      string            `json:"order"`
	Org        string            `json:"org"`
	Region     string            `json:"region,omitempty" doc:"empty for a refusal"`
	PolicyHash string            `json:"policyHash"`
	FactsHash  string            `json:"factsHash"`
	RulesHash  string            `json:"rulesHash"`
	Request    placement.Request `json:"request"`
	Result     placement.Result  `json:"result"`
	Words      []string          `json:"words" nullable:"false" doc:"the decision in sentences"`
	At         time.Time         `json:"at"`
}

func decision(d placement.Decision) Decision {
	words := placement.Explain(d)
	if words == nil {
		words = []string{}
	}
	return Decision{ID: d.ID, Item: d.Item, Attempt: d.Attempt, Order: d.Order, Org: d.Org, Region: d.Region, PolicyHash: d.PolicyHash, FactsHash: d.FactsHash,
		RulesHash: d.RulesHash, Request: d.Request, Result: d.Result, Words: words, At: d.At}
}

// Replayed says that a decision was computed again with the same outcome.
type Replayed struct {
	Decision string `json:"decision"`
	Same     bool   `json:"same"`
}

// DecisionPath names a decision in the address.
type DecisionPath struct {
	Decision string `path:"decision"`
}

func (s *server) decisionRoutes() {
	const tag = "placement"
	add(s, route{method: http.MethodGet, path: "/orders/{order}/decisions", id: "listDecisions", summary: "Where the items of an order go, and why", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Order string `path:"order"`
		}) (*Body[List[Decision]], error) {
			if _, err := s.Orders.Order(ctx, c, in.Order); err != nil {
				return nil, err
			}
			list, err := s.Placements.Decisions(ctx, c, in.Order)
			return listOf(list, "", decision, err)
		})
	add(s, route{method: http.MethodGet, path: "/decisions/{decision}", id: "getDecision", summary: "One decision with all its reasons", tag: tag},
		func(ctx context.Context, c access.Caller, in *DecisionPath) (*Body[Decision], error) {
			d, err := s.Placements.Decision(ctx, c, in.Decision)
			if err != nil {
				return nil, err
			}
			return body(decision(d), nil)
		})
	add(s, route{method: http.MethodPost, path: "/decisions/{decision}/replay", id: "replayDecision", summary: "Compute a decision again and compare", tag: tag},
		func(ctx context.Context, c access.Caller, in *DecisionPath) (*Body[Replayed], error) {
			err := s.Placements.Replay(ctx, c, in.Decision)
			return body(Replayed{Decision: in.Decision, Same: err == nil}, err)
		})
	add(s, route{method: http.MethodGet, path: "/decisions/{decision}/bundle", id: "getBundle", summary: "A decision with all its inputs, for a check offline", tag: tag},
		func(ctx context.Context, c access.Caller, in *DecisionPath) (*Body[placement.Bundle], error) {
			b, err := s.Placements.Bundle(ctx, c, in.Decision)
			return body(b, err)
		})
}
