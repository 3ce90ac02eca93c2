package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
)

// SplitParts are shares in basis points, which come to 10,000 together.
type SplitParts struct {
	Publisher int   `json:"publisher" minimum:"0" maximum:"10000"`
	Operator  int   `json:"operator" minimum:"0" maximum:"10000"`
	Resellers []int `json:"resellers,omitempty" maxItems:"8" doc:"the nearest to the customer first"`
}

// SplitTier is a stretch of what a publisher sold in a month.
type SplitTier struct {
	UpTo  int64      `json:"upTo,omitempty" doc:"minor units; none for the last"`
	Parts SplitParts `json:"parts"`
}

// SplitClause shares the lines of one component.
type SplitClause struct {
	Component string                `json:"component,omitempty" maxLength:"64" doc:"empty: of all components that no other clause is about"`
	Kind      settlement.ClauseKind `json:"kind" enum:"percent,fixed,tiers"`
	Parts     SplitParts            `json:"parts,omitzero" doc:"with fixed: of what the fixed amount leaves"`
	Tiers     []SplitTier           `json:"tiers,omitempty" maxItems:"20"`
	Each      money.UnitPrice       `json:"each,omitzero" doc:"for per base units: all of a fixed share, or else the least that the publisher gets"`
	Per       money.Quantity        `json:"per,omitzero"`
}

// SplitTerms are what a split rule says.
type SplitTerms struct {
	Clauses     []SplitClause     `json:"clauses" nullable:"false" minItems:"1" maxItems:"50"`
	Discount    settlement.Bearer `json:"discount,omitempty" enum:"shared,operator,publisher" doc:"who bears what discounts take"`
	CreditNote  settlement.Bearer `json:"creditNote,omitempty" enum:"shared,operator,publisher"`
	BadDebt     settlement.Bearer `json:"badDebt,omitempty" enum:"shared,operator,publisher"`
	Fees        settlement.Bearer `json:"fees,omitempty" enum:"shared,operator,publisher"`
	Reserve     int               `json:"reserve,omitempty" minimum:"0" maximum:"10000" doc:"basis points of the publisher's share that are kept back"`
	ReserveDays int               `json:"reserveDays,omitempty" minimum:"0" maximum:"400"`
	Threshold   int64             `json:"threshold,omitempty" minimum:"0" doc:"least amount of a payout, minor units"`
}

func (t SplitTerms) terms() settlement.Terms {
	out := settlement.Terms{Discount: t.Discount, CreditNote: t.CreditNote, BadDebt: t.BadDebt, Fees: t.Fees, Reserve: t.Reserve, ReserveDays: t.ReserveDays, Threshold: t.Threshold}
	for _, c := range t.Clauses {
		clause := settlement.Clause{Component: c.Component, Kind: c.Kind, Parts: settlement.Parts(c.Parts), Each: c.Each, Per: c.Per}
		for _, tier := range c.Tiers {
			clause.Tiers = append(clause.Tiers, settlement.Tier{UpTo: tier.UpTo, Parts: settlement.Parts(tier.Parts)})
		}
		out.Clauses = append(out.Clauses, clause)
	}
	return out
}

func splitTerms(t settlement.Terms) SplitTerms {
	out := SplitTerms{Discount: t.Discount, CreditNote: t.CreditNote, BadDebt: t.BadDebt, Fees: t.Fees, Reserve: t.Reserve, ReserveDays: t.ReserveDays, Threshold: t.Threshold,
		Clauses: []SplitClause{}}
	for _, c := range t.Clauses {
		clause := SplitClause{Component: c.Component, Kind: c.Kind, Parts: SplitParts(c.Parts), Each: c.Each, Per: c.Per}
		for _, tier := range c.Tiers {
			clause.Tiers = append(clause.Tiers, SplitTier{UpTo: tier.UpTo, Parts: SplitParts(tier.Parts)})
		}
		out.Clauses = append(out.Clauses, clause)
	}
	return out
}

// SplitRule is a version of how revenue is shared.
type SplitRule struct {
	ID        string     `json:"id" doc:"default: what holds where no rule was written"`
	Publisher string     `json:"publisher,omitempty" doc:"empty: any"`
	Offer     string     `json:"offer,omitempty" doc:"key of the offer; empty: any"`
	Market    string     `json:"market,omitempty" doc:"empty: any"`
	Number    int64      `json:"number,omitempty" doc:"of the version"`
	From      price.Date `json:"from,omitzero"`
	Terms     SplitTerms `json:"terms"`
	CreatedAt time.Time  `json:"createdAt,omitzero"`
}

func splitRule(r settlement.Rule) SplitRule {
	return SplitRule{ID: r.ID, Publisher: r.Publisher, Offer: r.Offer, Market: r.Market, Number: r.Number, From: r.From, Terms: splitTerms(r.Terms), CreatedAt: r.CreatedAt}
}

// NewSplitRule is a new version of a rule.
type NewSplitRule struct {
	Publisher string     `json:"publisher,omitempty"`
	Offer     string     `json:"offer,omitempty" maxLength:"128"`
	Market    string     `json:"market,omitempty" maxLength:"128"`
	From      price.Date `json:"from,omitzero" doc:"today or later; left out: today"`
	Terms     SplitTerms `json:"terms"`
}

func (s *server) splitRoutes(tag string) {
	add(s, route{method: http.MethodGet, path: "/split-rules", id: "listSplitRules", summary: "How revenue is shared", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Publisher string `query:"publisher" doc:"only what is about this one; empty: all, for the operator's staff"`
		}) (*Body[List[SplitRule]], error) {
			list, err := s.Settlements.Rules(ctx, c, in.Publisher)
			return listOf(list, "", splitRule, err)
		})
	add(s, route{method: http.MethodPost, path: "/split-rules", id: "setSplitRule", summary: "Write a new version of a split rule", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct{ Body NewSplitRule }) (*Body[SplitRule], error) {
			b := in.Body
			r, err := s.Settlements.SetRule(ctx, c, settlement.RuleInput{Publisher: b.Publisher, Offer: b.Offer, Market: b.Market, From: b.From, Terms: b.Terms.terms()})
			return body(splitRule(r), err)
		})
}
