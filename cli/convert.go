package cli

import (
	"context"
	"fmt"
	"io"
	"math/big"

	"github.com/halle-cloud/halle/client"
)

type licenceConvert struct {
	serviceArg
	Plan   string `required:"" help:"The plan that is paid by use."`
	Months int64  `help:"How many billing months to look back at." default:"12"`
	Order  bool   `help:"Order the plan: the unused part of the term is credited by the rule of the contract."`
	Key    string `help:"The same key orders once; a new one when it is missing."`
}

// Run compares, or orders.
func (a licenceConvert) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if a.Order {
		order, err := c.ChangeService(ctx, a.Service, client.ChangeServiceParams{IdempotencyKey: orKey(a.Key)}, client.ServiceChange{Plan: a.Plan})
		if err != nil {
			return err
		}
		return o.Show(order, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "Ordered: %s. It ends the licence when it is done.\n", order.ID)
			return err
		})
	}
	r, err := c.CompareLicence(ctx, a.Service, client.CompareLicenceParams{Plan: a.Plan, Months: a.Months})
	if err != nil {
		return err
	}
	return o.Show(r, func(w io.Writer) error {
		rows := rowsOf(r.Months, func(m client.ConversionMonth) []string {
			return []string{when(m.Period.From), when(m.Period.To), m.Licence, m.Other, m.Saving}
		})
		rows = append(rows, []string{"all", "", r.Licence, r.Other, r.Saving})
		if err := table(w, "", []string{"FROM", "TO", "LICENCE", "BY USE", "SAVING"}, rows); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "\n%s\n", evenText(r))
		if err == nil && r.Unused > 0 && r.Credit != "" {
			_, err = fmt.Fprintf(w, "Of the term %d of %d days are unused: %s would be credited.\n", r.Unused/86400, r.Term/86400, r.Credit)
		}
		return err
	})
}

// evenText says where both cost the same.
func evenText(r client.Conversion) string {
	switch r.Always {
	case "licence":
		return "The licence is cheaper, however little is used."
	case "other":
		return "Paying by use is cheaper, however much is used."
	}
	text := "Both cost the same at"
	for i, p := range r.Even {
		if i > 0 {
			text += " with"
		}
		text += fmt.Sprintf(" %s %s in thirty days (so far %s)", units(p.At, p.Per), p.Unit, units(p.Now, p.Per))
	}
	return text + "; below that, paying by use is cheaper."
}

// units writes base units as priced units, with one decimal.
func units(base, per string) string {
	n, ok := new(big.Rat).SetString(base)
	d, valid := new(big.Rat).SetString(per)
	if !ok || !valid || d.Sign() == 0 {
		return base
	}
	return n.Quo(n, d).FloatString(1)
}
