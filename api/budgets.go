package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/subscription"
)

// Budget is what may be spent in a calendar month, and what is.
type Budget struct {
	ID         string        `json:"id"`
	Org        string        `json:"org" doc:"organisation or unit; its units count in it"`
	Service    string        `json:"service,omitempty" doc:"the one service that it is for; left out: all"`
	Tag        string        `json:"tag,omitempty" doc:"the tag that its services bear, key or key=value; left out: all"`
	Amount     money.Amount  `json:"amount"`
	Thresholds []int         `json:"thresholds" nullable:"false" doc:"percent at which people are told"`
	Action     budget.Action `json:"action" enum:"notify,refuse,suspend" doc:"what happens when it is used up"`
	State      budget.State  `json:"state" doc:"watching, or capped: orders are refused, and services stand still if so set"`
	Zone       string        `json:"zone" doc:"of the calendar month"`
	Period     string        `json:"period" doc:"month of the figures"`
	Until      time.Time     `json:"until" doc:"when the month turns"`
	Used       money.Amount  `json:"used" doc:"usage of the month, and fees for all of it"`
	Reserved   money.Amount  `json:"reserved" doc:"by orders under way"`
	Percent    int64         `json:"percent" doc:"how much is used, rounded down"`
	CappedAt   time.Time     `json:"cappedAt,omitzero"`
}

func budgetOf(b budget.Budget) Budget {
	return Budget{ID: b.ID, Org: b.Org, Service: b.Service, Tag: b.Tag, Amount: b.Amount, Thresholds: b.Thresholds, Action: b.Action, State: b.State, Zone: b.Zone, Period: b.Period,
		Until: b.Until, Used: b.Used, Reserved: b.Reserved, Percent: b.Percent(), CappedAt: b.CappedAt}
}

// Spending is what the calendar month of an organisation comes to at this moment.
type Spending struct {
	Org     string          `json:"org"`
	Period  string          `json:"period" doc:"2026-11"`
	Zone    string          `json:"zone"`
	From    time.Time       `json:"from"`
	To      time.Time       `json:"to"`
	At      time.Time       `json:"at"`
	Months  []SpendingMonth `json:"months" nullable:"false" doc:"one for each currency"`
	Budgets []Budget        `json:"budgets" nullable:"false"`
}

// SpendingMonth is the month in one currency, in the basis of its prices.
type SpendingMonth struct {
	Usage    money.Amount      `json:"usage"`
	Running  money.Amount      `json:"running" doc:"of usage, what no charge holds yet"`
	Fixed    money.Amount      `json:"fixed" doc:"prices per period for the whole month, and what is owed once"`
	Reserved money.Amount      `json:"reserved"`
	Used     money.Amount      `json:"used" doc:"usage and fixed"`
	Forecast money.Amount      `json:"forecast" doc:"of the whole month: each second to come costs what the same one of the same weekday cost in the last seven days"`
	Usual    money.Amount      `json:"usual" doc:"median of the trailing days"`
	Unusual  bool              `json:"unusual" doc:"today costs far more than usual"`
	Services []SpendingService `json:"services" nullable:"false"`
	Days     []SpendingDay     `json:"days" nullable:"false"`
}

// SpendingService is what one service comes to.
type SpendingService struct {
	Service  string            `json:"service"`
	Name     string            `json:"name"`
	Org      string            `json:"org" doc:"organisation or unit that has it"`
	Person   string            `json:"person,omitempty" doc:"who ordered it"`
	Region   string            `json:"region,omitempty" doc:"where it runs"`
	Tags     subscription.Tags `json:"tags,omitempty" doc:"the customer's own words on it"`
	Usage    money.Amount      `json:"usage"`
	Fixed    money.Amount      `json:"fixed"`
	Used     money.Amount      `json:"used"`
	Forecast money.Amount      `json:"forecast"`
}

// SpendingDay is the usage of one civil day.
type SpendingDay struct {
	Date  price.Date   `json:"date"`
	Usage money.Amount `json:"usage"`
}

func spendingOf(in budget.Spending) Spending {
	out := Spending{Org: in.Org, Period: in.Period, Zone: in.Zone, From: in.From, To: in.To, At: in.At, Months: []SpendingMonth{}, Budgets: []Budget{}}
	for _, m := range in.Months {
		one := SpendingMonth{Usage: m.Usage, Running: m.Running, Fixed: m.Fixed, Reserved: m.Reserved, Used: m.Used, Forecast: m.Forecast, Usual: m.Usual, Unusual: m.Unusual,
			Services: []SpendingService{}, Days: []SpendingDay{}}
		for _, s := range m.Services {
			one.Services = append(one.Services, SpendingService{Service: s.ID, Name: s.Name, Org: s.Org, Person: s.Person, Region: s.Region, Tags: s.Tags, Usage: s.Usage, Fixed: s.Fixed, Used: s.Used, Forecast: s.Forecast})
		}
		for _, d := range m.Days {
			one.Days = append(one.Days, SpendingDay(d))
		}
		out.Months = append(out.Months, one)
	}
	for _, b := range in.Budgets {
		out.Budgets = append(out.Budgets, budgetOf(b))
	}
	return out
}

// BudgetInput says what may be spent.
type BudgetInput struct {
	Service    string       `json:"service,omitempty" doc:"only this service; left out: all of the organisation and its units"`
	Tag        string       `json:"tag,omitempty" doc:"only the services that bear this tag now, key or key=value; left out: all"`
	Amount     money.Amount `json:"amount" doc:"a calendar month"`
	Thresholds []int        `json:"thresholds,omitempty" doc:"percent at which people are told; left out: 50, 80, 100"`
	Action     string       `json:"action,omitempty" enum:"notify,refuse,suspend" doc:"what happens when it is used up; left out: notify"`
}

// BudgetPath names a budget.
type BudgetPath struct {
	Budget string `path:"budget"`
}

func (s *server) budgetRoutes() {
	const tag = "budgets"
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/spending", id: "getSpending", summary: "What the month comes to at this moment, and its forecast", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[Spending], error) {
			out, err := s.Budgets.Spending(ctx, c, in.Org)
			return body(spendingOf(out), err)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/budgets", id: "listBudgets", summary: "Budgets, and what is used of them", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Budget]], error) {
			list, err := s.Budgets.List(ctx, c, in.Org)
			return listOf(list, "", budgetOf, err)
		})
	add(s, route{method: http.MethodPut, path: "/organisations/{org}/budgets", id: "setBudget", summary: "Set a budget, or change the one that is there for the same scope and currency", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body BudgetInput
		}) (*Body[Budget], error) {
			b, err := s.Budgets.Set(ctx, c, budget.SetInput{Org: in.Org, Service: in.Body.Service, Tag: in.Body.Tag, Amount: in.Body.Amount, Thresholds: in.Body.Thresholds, Action: budget.Action(in.Body.Action)})
			return body(budgetOf(b), err)
		})
	add(s, route{method: http.MethodGet, path: "/budgets/{budget}", id: "getBudget", summary: "One budget, and what is used of it", tag: tag},
		func(ctx context.Context, c access.Caller, in *BudgetPath) (*Body[Budget], error) {
			b, err := s.Budgets.Budget(ctx, c, in.Budget)
			return body(budgetOf(b), err)
		})
	add(s, route{method: http.MethodDelete, path: "/budgets/{budget}", id: "removeBudget", summary: "Take a budget away; what stood still because of it goes on", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *BudgetPath) (*Empty, error) {
			return empty(s.Budgets.Remove(ctx, c, in.Budget))
		})
}
