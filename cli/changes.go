package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/halle-cloud/halle/client"
)

type usageChanges struct {
	Of       string `arg:"" optional:"" default:"customer" enum:"customer,service,meter" help:"customer, service or meter."`
	Org      string `help:"Organisation, with all below it; your own when it is missing."`
	Month    string `help:"Such as 2026-10; the last complete one when it is missing." placeholder:"YYYY-MM"`
	Currency string `help:"The first that something was charged in when it is missing."`
	Rank     string `default:"money" enum:"money,quantity" help:"money, or of meters quantity."`
	Limit    int64  `default:"10" help:"How many each way."`
}

// Run lists.
func (a usageChanges) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	got, err := c.ListChanges(ctx, org, client.ListChangesParams{Of: a.Of, Month: a.Month, Currency: a.Currency, Rank: a.Rank, Limit: a.Limit})
	if err != nil {
		return err
	}
	return o.Show(got, func(w io.Writer) error {
		so := ""
		if !got.Complete {
			so = ", which is not over"
		}
		if _, err := fmt.Fprintf(w, "%s%s, against the month before:\n", got.Month, so); err != nil {
			return err
		}
		var rows [][]string
		for _, one := range append(got.Up, got.Down...) {
			rows = append(rows, []string{one.Subject, one.Name, one.Meter, one.Change, one.Amount, one.Before, one.Quantity, one.QuantityBefore})
		}
		return table(w, "Nothing changed.", []string{"SUBJECT", "NAME", "METER", "CHANGE", "CHARGED", "BEFORE", "QUANTITY", "BEFORE"}, rows)
	})
}
