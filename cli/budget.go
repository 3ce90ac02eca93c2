package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/halle-cloud/halle/client"
)

// Budget says what may be spent in a month, and what is.
type Budget struct {
	Show   budgetShow   `cmd:"" default:"withargs" help:"Show what the month costs so far, its forecast, and the budgets."`
	List   budgetList   `cmd:"" help:"List budgets, and what is used of them."`
	Set    budgetSet    `cmd:"" help:"Set a budget, or change the one that is there."`
	Remove budgetRemove `cmd:"" help:"Take a budget away; what stood still because of it goes on."`
}

type budgetShow struct {
	Org string `help:"Organisation; your own when it is missing."`
}

// Run shows.
func (a budgetShow) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	s, err := c.GetSpending(ctx, org)
	if err != nil {
		return err
	}
	return o.Show(s, func(w io.Writer) error {
		for _, m := range s.Months {
			if _, err := fmt.Fprintf(w, "%s: %s used (usage %s, of it not charged yet %s; fees of the month %s), %s reserved. Forecast: %s.\n",
				s.Period, m.Used, m.Usage, m.Running, m.Fixed, m.Reserved, m.Forecast); err != nil {
				return err
			}
			if m.Unusual {
				if _, err := fmt.Fprintf(w, "Today costs far more than usual: a usual day is %s.\n", m.Usual); err != nil {
					return err
				}
			}
			var rows [][]string
			for _, one := range m.Services {
				rows = append(rows, []string{one.Service, one.Name, one.Org, one.Region, one.Person, tagText(one.Tags), one.Usage, one.Fixed, one.Forecast})
			}
			if err := table(w, "No service costs anything.", []string{"SERVICE", "NAME", "UNIT", "PLACE", "ORDERED BY", "TAGS", "USAGE", "FEES", "FORECAST"}, rows); err != nil {
				return err
			}
		}
		return budgetTable(w, s.Budgets)
	})
}

func budgetTable(w io.Writer, list []client.Budget) error {
	var rows [][]string
	for _, b := range list {
		rows = append(rows, budgetRow(b))
	}
	return table(w, "There is no budget.", budgetHead(), rows)
}

func budgetHead() []string {
	return []string{"BUDGET", "FOR", "AMOUNT", "USED", "%", "RESERVED", "WHEN USED UP", "STATE"}
}

func budgetRow(b client.Budget) []string {
	scope := b.Service
	if b.Tag != "" {
		scope = "tag " + b.Tag
	}
	if scope == "" {
		scope = b.Org
	}
	return []string{b.ID, scope, b.Amount, b.Used, fmt.Sprint(b.Percent), b.Reserved, b.Action, b.State}
}

type budgetList struct {
	Org string `help:"Organisation; your own when it is missing."`
}

// Run lists.
func (a budgetList) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	l, err := c.ListBudgets(ctx, org)
	if err != nil {
		return err
	}
	return list(o, l.Items, "There is no budget.", budgetHead(), budgetRow)
}

type budgetSet struct {
	Amount     []string `arg:"" help:"A calendar month, such as 100 EUR."`
	Org        string   `help:"Organisation or unit; your own when it is missing."`
	Service    string   `help:"Only this service."`
	Tag        string   `help:"Only the services that bear this tag, key or key=value."`
	Thresholds []int64  `help:"Percent at which people are told; 50, 80, 100 when it is missing."`
	Action     string   `default:"notify" enum:"notify,refuse,suspend" help:"When it is used up: notify; refuse new orders; or suspend the services, too."`
}

// Run sets.
func (a budgetSet) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	b, err := c.SetBudget(ctx, org, client.BudgetInput{Service: a.Service, Tag: a.Tag, Amount: strings.Join(a.Amount, " "), Thresholds: a.Thresholds, Action: a.Action})
	if err != nil {
		return err
	}
	return o.Show(b, func(w io.Writer) error { return budgetTable(w, []client.Budget{b}) })
}

type budgetRemove struct {
	Budget string `arg:"" help:"Id of the budget."`
}

// Run removes.
func (a budgetRemove) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if err := c.RemoveBudget(ctx, a.Budget); err != nil {
		return err
	}
	return o.done("The budget is removed.")
}
