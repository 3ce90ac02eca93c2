package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/halle-cloud/halle/client"
)

type priceSimulate struct {
	File    string `arg:"" help:"The draft of the offer as YAML; nothing is saved." type:"existingfile"`
	Plan    string `help:"Only the subscribers of this plan."`
	Present bool   `help:"The present billing period so far, instead of the last complete one."`
}

// Run simulates.
func (a priceSimulate) Run(ctx context.Context, o Out, name profileName) error {
	b, err := os.ReadFile(a.File)
	if err != nil {
		return err
	}
	c, org, err := acting(ctx, name, "")
	if err != nil {
		return err
	}
	p := client.SimulatePriceParams{Plan: a.Plan}
	if a.Present {
		p.Period = "present"
	}
	s, err := c.SimulatePrice(ctx, org, p, b)
	if err != nil {
		return err
	}
	return o.Show(s, func(w io.Writer) error { return simulated(w, s) })
}

func simulated(w io.Writer, s client.Simulation) error {
	for _, one := range s.Spreads {
		if err := spread(w, one); err != nil {
			return err
		}
	}
	period := "nobody had a complete one"
	if len(s.Spreads) > 0 {
		period = when(s.Period.From) + " to " + when(s.Period.To)
	}
	left := "all"
	if s.Left {
		left = "the newest; the time was up"
	}
	return pairs(w, "period", period, "windows replayed", strconv.FormatInt(s.Windows, 10), "subscribers looked at", left,
		"without a price in the draft", strconv.FormatInt(s.Unpriced, 10), "without a period to replay", strconv.FormatInt(s.Young, 10))
}

// spread writes what one currency and basis comes to.
func spread(w io.Writer, s client.PriceSpread) error {
	if err := pairs(w, "revenue by the prices agreed", s.Before+" ("+s.Basis+")", "revenue by the draft", s.After+" ("+s.Basis+")",
		"pay more, less, the same", fmt.Sprintf("%d, %d, %d", s.More, s.Less, s.Same)); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w)
	var rows [][]string
	for i, d := range s.Deciles {
		rows = append(rows, []string{fmt.Sprintf("%d in 10", i+1), d})
	}
	if err := table(w, "", []string{"SUBSCRIBERS", "PAY AT MOST SO MUCH MORE"}, rows); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w)
	rows = nil
	for _, r := range s.Rises {
		rows = append(rows, []string{r.Service, r.Org, r.Before, r.After})
	}
	if err := table(w, "Nobody would pay more.", []string{"LARGEST INCREASES", "ORGANISATION", "AGREED", "DRAFT"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
