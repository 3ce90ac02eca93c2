package api

import (
	"context"
	"net/http"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
)

// Conversion sets what a service costs by its contract beside another plan, month by month, on the real usage.
type Conversion struct {
	Service string            `json:"service"`
	Offer   string            `json:"offer"`
	Plan    string            `json:"plan"`
	Months  []ConversionMonth `json:"months" nullable:"false" doc:"oldest first; the present one so far"`
	Licence money.Amount      `json:"licence" doc:"all months by the contract that stands"`
	Other   money.Amount      `json:"other" doc:"by the other plan"`
	Saving  money.Amount      `json:"saving,omitzero" doc:"licence less other"`
	Credit  money.UnitPrice   `json:"credit,omitzero" doc:"owed back for the unused part of the term if it were converted now"`
	Unused  int64             `json:"unused,omitempty" doc:"seconds of the term that are left"`
	Term    int64             `json:"term,omitempty" doc:"seconds"`
	Always  rating.Cheaper    `json:"always,omitempty" enum:"licence,other" doc:"who is cheaper whatever is used; left out: there is a break-even"`
	Percent int64             `json:"percent,omitempty" doc:"the break-even, in percent of the usage so far"`
	Even    []EvenPart        `json:"even" nullable:"false" doc:"the usage of thirty days at which both cost the same"`
}

// ConversionMonth is one billing month.
type ConversionMonth struct {
	Period  price.Interval `json:"period"`
	Licence money.Amount   `json:"licence"`
	Bought  money.Amount   `json:"bought" doc:"of it: the part of what was paid once"`
	Other   money.Amount   `json:"other"`
	Saving  money.Amount   `json:"saving,omitzero"`
}

// EvenPart is the usage of one component.
type EvenPart struct {
	Component string         `json:"component"`
	Unit      string         `json:"unit"`
	Per       money.Quantity `json:"per" doc:"base units in one unit"`
	Now       money.Quantity `json:"now" doc:"base units in thirty days so far"`
	At        money.Quantity `json:"at" doc:"base units at which both cost the same"`
}

func (s *server) conversionRoutes() {
	add(s, route{method: http.MethodGet, path: "/services/{service}/conversion", id: "compareLicence", summary: "A licence beside a plan that is paid by use: cost by month, break-even, what is owed back", tag: licencesTag},
		func(ctx context.Context, c access.Caller, in *struct {
			ServicePath
			Plan   string `query:"plan" required:"true" doc:"the other plan"`
			Offer  string `query:"offer" doc:"key or id of the other offer; empty: the same"`
			Months int    `query:"months" minimum:"0" maximum:"36" doc:"how many billing months to look back at; 0: 12"`
		}) (*Body[Conversion], error) {
			out, err := s.conversion(ctx, c, in.Service, in.Offer, in.Plan, in.Months)
			return body(out, err)
		})
}

func (s *server) conversion(ctx context.Context, c access.Caller, service, offer, plan string, months int) (Conversion, error) {
	d, err := s.Subscriptions.Service(ctx, c, service)
	if err != nil {
		return Conversion{}, err
	}
	if offer == "" {
		offer = d.Deal.Key
	}
	v, err := s.Orders.PriceOf(ctx, c, d.Org, offer, plan)
	if err != nil {
		return Conversion{}, err
	}
	contract, err := s.Licences.Contract(ctx, c, service)
	if err != nil {
		return Conversion{}, err
	}
	r, err := s.Ratings.Convert(ctx, c, rating.ConvertInput{Subscription: service, Price: v, Charges: contract.Charges, TermMonths: contract.TermMonths, Months: months})
	out := Conversion{Service: service, Offer: offer, Plan: plan, Months: []ConversionMonth{}, Licence: r.Licence, Other: r.Other, Saving: r.Saving, Credit: contract.Credit.Credit,
		Unused: contract.Credit.Unused, Term: contract.Credit.Term, Always: r.Even.Always, Percent: r.Even.Percent, Even: []EvenPart{}}
	for _, m := range r.Months {
		out.Months = append(out.Months, ConversionMonth(m))
	}
	for _, p := range r.Even.Parts {
		out.Even = append(out.Even, EvenPart(p))
	}
	return out, err
}
