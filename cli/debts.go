package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/client"
)

// Debts is what is owed by age, and reminders.
type Debts struct {
	Show  debtsShow  `cmd:"" default:"withargs" help:"Show what is owed to you, by age."`
	Steps debtsSteps `cmd:"" help:"Show by what steps a market reminds, or set them: friendly=3 first=14 second=28 notice=42 stop=56."`
}

type debtsShow struct{}

// Run shows.
func (debtsShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	a, err := c.GetAgedDebt(ctx)
	if err != nil {
		return err
	}
	return list(o, a.Items, "Nothing is owed.", []string{"CUSTOMER", "TOTAL", "NOT DUE", "0-30", "31-60", "61-90", "MORE", "INVOICES", "REMINDED"}, func(d client.CustomerDebt) []string {
		return []string{d.Org, d.Total, d.NotDue, d.Days30, d.Days60, d.Days90, d.More, fmt.Sprint(d.Invoices), d.Step}
	})
}

type debtsSteps struct {
	Market string   `arg:"" help:"Market (mkt_…)."`
	Step   []string `arg:"" optional:"" help:"KIND=DAYS, days after an invoice was due."`
	From   string   `help:"First day, such as 2027-01-01; needed to set." placeholder:"DAY"`
	None   bool     `help:"Remind nobody from that day on."`
}

// Run shows or sets.
func (a debtsSteps) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if len(a.Step) > 0 || a.None {
		p := client.DunningPlan{From: a.From, Steps: []client.DunningStep{}}
		for _, text := range a.Step {
			kind, days, _ := strings.Cut(text, "=")
			n, err := strconv.ParseInt(days, 10, 32)
			if err != nil {
				return fmt.Errorf("%s is no step: write it as first=14", text)
			}
			p.Steps = append(p.Steps, client.DunningStep{Kind: kind, Days: n})
		}
		if err := c.SetDunning(ctx, a.Market, p); err != nil {
			return err
		}
		return o.done("The steps are set.")
	}
	p, err := c.GetDunning(ctx, a.Market)
	if err != nil {
		return err
	}
	return list(o, p.Steps, "Nobody is reminded.", []string{"STEP", "DAYS AFTER IT WAS DUE"}, func(s client.DunningStep) []string { return []string{s.Kind, fmt.Sprint(s.Days)} })
}
