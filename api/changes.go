package api

import (
	"context"
	"net/http"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/rating"
)

// Changes are the largest changes of a month against the month before.
type Changes struct {
	Month      string           `json:"month" doc:"in UTC"`
	Complete   bool             `json:"complete" doc:"the month is over"`
	Of         rating.ChangeOf  `json:"of" enum:"customer,service,meter"`
	Currency   money.Currency   `json:"currency,omitempty"`
	Currencies []money.Currency `json:"currencies" nullable:"false" doc:"that something was charged in"`
	Up         []Change         `json:"up" nullable:"false" doc:"what grew, the most first"`
	Down       []Change         `json:"down" nullable:"false" doc:"what shrank, the most first"`
}

// Change is what something came to in both months.
type Change struct {
	Subject        string         `json:"subject" doc:"organisation or service"`
	Name           string         `json:"name,omitempty" doc:"of the service"`
	Meter          string         `json:"meter,omitempty"`
	Amount         money.Amount   `json:"amount" doc:"charges of the month, before discounts and minimums"`
	Before         money.Amount   `json:"before" doc:"those of the month before"`
	Change         money.Amount   `json:"change"`
	Quantity       money.Quantity `json:"quantity,omitzero" doc:"base units of the meter"`
	QuantityBefore money.Quantity `json:"quantityBefore,omitzero"`
}

func changesOf(in rating.Changes) Changes {
	out := Changes{Month: in.Month, Complete: in.Complete, Of: in.Of, Currency: in.Currency, Currencies: append([]money.Currency{}, in.Currencies...), Up: []Change{}, Down: []Change{}}
	show := func(c rating.Change) Change {
		return Change{Subject: c.Subject, Name: c.Name, Meter: c.Meter, Amount: c.Amount, Before: c.Before, Change: c.Change, Quantity: c.Quantity, QuantityBefore: c.QuantityBefore}
	}
	for _, c := range in.Up {
		out.Up = append(out.Up, show(c))
	}
	for _, c := range in.Down {
		out.Down = append(out.Down, show(c))
	}
	return out
}

func (s *server) changeRoutes() {
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/changes", id: "listChanges", summary: "What is charged far more or less than in the month before", tag: "invoices"},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Of       string `query:"of" enum:"customer,service,meter" default:"customer"`
			Month    string `query:"month" doc:"such as 2026-10; left out: the last complete one"`
			Currency string `query:"currency" doc:"left out: the first"`
			Rank     string `query:"rank" enum:"money,quantity" default:"money" doc:"quantity: of meters"`
			Limit    int    `query:"limit" minimum:"1" maximum:"100" default:"10"`
		}) (*Body[Changes], error) {
			out, err := s.Ratings.Changes(ctx, c, rating.ChangesInput{Org: in.Org, Of: rating.ChangeOf(in.Of), Month: in.Month, Currency: money.Currency(in.Currency), Rank: rating.Rank(in.Rank), Limit: in.Limit})
			return body(changesOf(out), err)
		})
}
