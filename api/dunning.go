package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/dunning"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// DunningPlan is by what steps a market reminds from a day on.
type DunningPlan struct {
	From  price.Date    `json:"from,omitzero" doc:"first day; of the answer left out while the market set none"`
	Steps []DunningStep `json:"steps" nullable:"false" doc:"none: nobody is reminded"`
}

// DunningStep is one step: so many days after an invoice was due.
type DunningStep struct {
	Kind string `json:"kind" enum:"friendly,first,second,notice,stop" doc:"stop: services of the invoice stand still, two weeks after a notice at the earliest"`
	Days int    `json:"days" minimum:"1" maximum:"365"`
}

// Reminder is where an overdue invoice stands.
type Reminder struct {
	Invoice string        `json:"invoice"`
	Kind    dunning.Kind  `json:"kind" doc:"the last step"`
	State   dunning.State `json:"state" enum:"open,settled"`
	At      time.Time     `json:"at"`
}

// AgedDebt is what is owed to your legal entities, by age.
type AgedDebt struct {
	At    price.Date     `json:"at"`
	Items []CustomerDebt `json:"items" nullable:"false" doc:"the largest overdue debt first"`
}

// CustomerDebt is what one customer owes in a currency.
type CustomerDebt struct {
	Org      string       `json:"org"`
	Total    money.Amount `json:"total"`
	NotDue   money.Amount `json:"notDue"`
	Days30   money.Amount `json:"days30" doc:"due up to 30 days ago"`
	Days60   money.Amount `json:"days60" doc:"31 to 60 days"`
	Days90   money.Amount `json:"days90" doc:"61 to 90 days"`
	More     money.Amount `json:"more"`
	Invoices int64        `json:"invoices"`
	Oldest   price.Date   `json:"oldest" doc:"when the oldest was due"`
	Step     dunning.Kind `json:"step,omitempty" doc:"the furthest reminder"`
}

func debtOf(d dunning.Debt) CustomerDebt {
	a := func(n int64) money.Amount { return money.New(n, d.Currency) }
	return CustomerDebt{Org: d.Org, Total: a(d.Total), NotDue: a(d.ByAge[0]), Days30: a(d.ByAge[1]), Days60: a(d.ByAge[2]), Days90: a(d.ByAge[3]), More: a(d.ByAge[4]), Invoices: d.Invoices, Oldest: d.Oldest, Step: d.Step}
}

func (s *server) dunningRoutes() {
	const tag = "reminders"
	add(s, route{method: http.MethodGet, path: "/aged-debt", id: "getAgedDebt", summary: "What is owed to you, by age", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[AgedDebt], error) {
			a, err := s.Dunnings.Aged(ctx, c)
			out := AgedDebt{At: a.At, Items: []CustomerDebt{}}
			for _, d := range a.Debts {
				out.Items = append(out.Items, debtOf(d))
			}
			return body(out, err)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/reminders", id: "listReminders", summary: "Where overdue invoices stand", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Reminder]], error) {
			list, err := s.Dunnings.Cases(ctx, c, in.Org)
			return listOf(list, "", func(c dunning.Case) Reminder {
				return Reminder{Invoice: c.Invoice, Kind: c.Kind, State: c.State, At: c.At}
			}, err)
		})
	add(s, route{method: http.MethodGet, path: "/markets/{market}/reminders", id: "getDunning", summary: "By what steps a market reminds today", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Market string `path:"market"`
		}) (*Body[DunningPlan], error) {
			p, err := s.Dunnings.Plan(ctx, c, in.Market)
			out := DunningPlan{From: p.From, Steps: []DunningStep{}}
			for _, step := range p.Steps {
				out.Steps = append(out.Steps, DunningStep{Kind: string(step.Kind), Days: step.Days})
			}
			return body(out, err)
		})
	add(s, route{method: http.MethodPut, path: "/markets/{market}/reminders", id: "setDunning", summary: "Say by what steps a market reminds from a day on", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			Market string `path:"market"`
			Body   DunningPlan
		}) (*Empty, error) {
			p := dunning.Plan{Market: in.Market, From: in.Body.From}
			for _, step := range in.Body.Steps {
				p.Steps = append(p.Steps, dunning.Step{Kind: dunning.Kind(step.Kind), Days: step.Days})
			}
			return empty(s.Dunnings.SetPlan(ctx, c, p))
		})
}
