package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
)

// Charge is one priced input.
type Charge struct {
	ID         string         `json:"id"`
	Org        string         `json:"org"`
	Service    string         `json:"service"`
	Component  string         `json:"component"`
	Price      string         `json:"price" doc:"hash of the price version, hex"`
	Window     string         `json:"window,omitempty"`
	Correction bool           `json:"correction,omitempty"`
	At         price.Interval `json:"at"`
	Period     price.Interval `json:"period,omitzero"`
	Quantity   money.Quantity `json:"quantity"`
	From       money.Quantity `json:"from" doc:"units of the period charged before"`
	Exact      money.Exact    `json:"exact"`
	CreatedAt  time.Time      `json:"createdAt"`
	Invoice    string         `json:"invoice,omitempty"`
}

func charge(c rating.Charge) Charge {
	return Charge{ID: c.ID, Org: c.Org, Service: c.Subscription, Component: c.Component, Price: c.Price, Window: c.Window, Correction: c.Correction, At: c.At,
		Period: c.Period, Quantity: c.Quantity, From: c.From, Exact: c.Exact, CreatedAt: c.CreatedAt, Invoice: c.Invoice}
}

// Cost is what a service costs at this moment and is not billed yet.
type Cost struct {
	Service string       `json:"service"`
	Name    string       `json:"name"`
	Basis   price.Basis  `json:"basis"`
	Parts   []CostPart   `json:"parts" nullable:"false"`
	Total   money.Amount `json:"total"`
}

// CostPart is what one component of one price costs.
type CostPart struct {
	Component string         `json:"component"`
	Kind      price.Kind     `json:"kind"`
	Unit      string         `json:"unit"`
	Price     string         `json:"price"`
	Quantity  money.Quantity `json:"quantity"`
	Exact     money.Exact    `json:"exact"`
	Amount    money.Amount   `json:"amount"`
}

func cost(c rating.Cost) Cost {
	out := Cost{Service: c.Subscription, Name: c.Name, Basis: c.Basis, Parts: []CostPart{}, Total: c.Total}
	for _, p := range c.Parts {
		out.Parts = append(out.Parts, CostPart(p))
	}
	return out
}

// Comparison is what a service cost in a billing period, and what it would have cost by another price list.
type Comparison struct {
	Service string         `json:"service"`
	Plan    string         `json:"plan"`
	Offer   string         `json:"offer"`
	Period  price.Interval `json:"period"`
	Windows int            `json:"windows" doc:"closed usage windows that were replayed"`
	Agreed  Cost           `json:"agreed"`
	Other   Cost           `json:"other"`
	Saving  money.Amount   `json:"saving,omitzero" doc:"agreed less other; none when they are in two currencies or only one carries tax"`
}

// Explanation says how a charge came about.
type Explanation struct {
	Text string `json:"text"`
}

func (s *server) chargeRoutes() {
	const tag = "invoices"
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/charges", id: "listCharges", summary: "Charges that are not billed yet", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Charge]], error) {
			list, err := s.Ratings.Charges(ctx, c, in.Org)
			return listOf(list, "", charge, err)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/cost", id: "getCost", summary: "What each service costs at this moment", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Cost]], error) {
			list, err := s.Ratings.CostNow(ctx, c, in.Org)
			return listOf(list, "", cost, err)
		})
	add(s, route{method: http.MethodGet, path: "/charges/{charge}/explanation", id: "explainCharge", summary: "How a charge came about, step by step", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Charge   string `path:"charge"`
			Language string `query:"language" default:"en"`
		}) (*Body[Explanation], error) {
			text, err := s.Ratings.Explain(ctx, c, in.Charge, in.Language)
			return body(Explanation{Text: text}, err)
		})
	add(s, route{method: http.MethodGet, path: "/invoices/{invoice}/lines/{line}/explanation", id: "explainInvoiceLine", summary: "How a line of an invoice came about, step by step", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			InvoicePath
			Line     int    `path:"line" minimum:"1"`
			Language string `query:"language" default:"en"`
		}) (*Body[Explanation], error) {
			text, err := s.Invoices.ExplainLine(ctx, c, in.Invoice, in.Line, in.Language)
			return body(Explanation{Text: text}, err)
		})
	add(s, route{method: http.MethodGet, path: "/services/{service}/comparison", id: "comparePrices", summary: "What a billing period would have cost by another plan", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			ServicePath
			Plan  string    `query:"plan" required:"true" doc:"the other plan"`
			Offer string    `query:"offer" doc:"key or id of the other offer; empty: the same"`
			At    time.Time `query:"at" doc:"an instant of the billing period; empty: the present one, so far"`
		}) (*Body[Comparison], error) {
			out, err := s.compare(ctx, c, in.Service, in.Offer, in.Plan, in.At)
			return body(out, err)
		})
}

func (s *server) compare(ctx context.Context, c access.Caller, service, offer, plan string, at time.Time) (Comparison, error) {
	d, err := s.Subscriptions.Service(ctx, c, service)
	if err != nil {
		return Comparison{}, err
	}
	if offer == "" {
		offer = d.Deal.Key
	}
	v, err := s.Orders.PriceOf(ctx, c, d.Org, offer, plan)
	if err != nil {
		return Comparison{}, err
	}
	r, err := s.Ratings.Compare(ctx, c, rating.CompareInput{Subscription: service, At: at, Price: v})
	return Comparison{Service: service, Plan: plan, Offer: offer, Period: r.Period, Windows: r.Windows, Agreed: cost(r.Agreed), Other: cost(r.Other), Saving: r.Saving}, err
}
