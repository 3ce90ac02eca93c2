package api

import (
	"context"
	"net/http"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/residency"
)

// ResidencyAsk is one question about where data may live.
type ResidencyAsk struct {
	Class  string    `json:"class,omitempty" doc:"of the data; the policy's default when it is missing"`
	Region string    `json:"region,omitempty" doc:"key of a region; every region when it is missing"`
	Offer  string    `json:"offer,omitempty" doc:"key of an offer on the shelf; one of the operator's own when it is missing"`
	Layer  *NewLayer `json:"layer,omitempty" doc:"in place of the organisation's own layer"`
}

func (a ResidencyAsk) ask() residency.Ask {
	out := residency.Ask{Class: a.Class, Region: a.Region, Offer: a.Offer}
	if a.Layer != nil {
		l := a.Layer.layer()
		out.Layer = &l
	}
	return out
}

// proposalRoutes are looks ahead at what a change would do, and the second person's word on it.
func (s *server) proposalRoutes() {
	const tag = "residency"
	add(s, route{method: http.MethodPost, path: "/organisations/{org}/residency-policy/preview", id: "previewResidencyPolicy", summary: "What a layer would newly allow and refuse, before it is set", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body NewLayer
		}) (*Body[residency.Effect], error) {
			e, err := s.Residency.Preview(ctx, c, residency.KindPolicy, in.Org, in.Body.layer())
			return body(e, err)
		})
	add(s, route{method: http.MethodPost, path: "/markets/{market}/residency-policy/preview", id: "previewMarketPolicy", summary: "What a market's layer would newly allow and refuse, before it is set", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Market string `path:"market"`
			Body   NewLayer
		}) (*Body[residency.Effect], error) {
			e, err := s.Residency.Preview(ctx, c, residency.KindMarket, in.Market, in.Body.layer())
			return body(e, err)
		})
	s.raw(route{method: http.MethodPost, path: "/residency/facts/preview", id: "previewResidencyFacts", summary: "What facts from YAML would newly allow and refuse, before they are put", tag: tag},
		"/residency/facts/preview", rawDoc{takes: []string{mediaYAML}, gives: []string{"application/json"}, answer: s.schemaOf(residency.Effect{})},
		func(w http.ResponseWriter, r *http.Request) error {
			text, err := yamlBody(w, r)
			if err != nil {
				return err
			}
			e, err := s.Residency.PreviewFacts(r.Context(), callerOf(r), text)
			if err != nil {
				return err
			}
			return answer(w, http.StatusOK, e)
		})
	add(s, route{method: http.MethodPost, path: "/organisations/{org}/residency-policy/explain", id: "explainResidencyPolicy", summary: "Where data may live and why not elsewhere, for up to 1,000 questions", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body struct {
				Asks []ResidencyAsk `json:"asks"`
			}
		}) (*Body[List[residency.Explanation]], error) {
			asks := make([]residency.Ask, len(in.Body.Asks))
			for i, a := range in.Body.Asks {
				asks[i] = a.ask()
			}
			list, err := s.Residency.Explain(ctx, c, in.Org, asks)
			return listOf(list, "", same, err)
		})
	s.ruleChangeRoutes()
}

func (s *server) ruleChangeRoutes() {
	const tag = "residency"
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/residency-proposals", id: "listResidencyProposals", summary: "Changes of facts and policies that an organisation's people decide about, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Cursor string `query:"cursor"`
		}) (*Body[List[residency.Proposal]], error) {
			list, next, err := s.Residency.Proposals(ctx, c, in.Org, in.Cursor)
			return listOf(list, next, same, err)
		})
	type ProposalPath struct {
		Proposal string `path:"proposal"`
	}
	add(s, route{method: http.MethodGet, path: "/residency-proposals/{proposal}", id: "getResidencyProposal", summary: "A proposed change, with what it would newly allow and refuse now", tag: tag},
		func(ctx context.Context, c access.Caller, in *ProposalPath) (*Body[residency.ProposalView], error) {
			v, err := s.Residency.Proposal(ctx, c, in.Proposal)
			return body(v, err)
		})
	add(s, route{method: http.MethodPost, path: "/residency-proposals/{proposal}/approve", id: "approveResidencyProposal", summary: "Let a proposed change hold, as a second person", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			ProposalPath
			Body struct {
				Base string `json:"base" doc:"of the proposal as it was looked at"`
			}
		}) (*Body[residency.Proposal], error) {
			p, err := s.Residency.Approve(ctx, c, in.Proposal, in.Body.Base)
			return body(p, err)
		})
	add(s, route{method: http.MethodPost, path: "/residency-proposals/{proposal}/reject", id: "rejectResidencyProposal", summary: "Decline a proposed change, or withdraw one's own", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			ProposalPath
			Body struct {
				Reason string `json:"reason,omitempty" maxLength:"200"`
			}
		}) (*Body[residency.Proposal], error) {
			p, err := s.Residency.Reject(ctx, c, in.Proposal, in.Body.Reason)
			return body(p, err)
		})
}
