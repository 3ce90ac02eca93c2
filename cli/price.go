package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/proof"
)

// Price explains, compares and simulates prices.
type Price struct {
	Explain  priceExplain  `cmd:"" help:"Explain a charge or a line of an invoice step by step."`
	Compare  priceCompare  `cmd:"" help:"Tell what a billing period would have cost by another plan."`
	Simulate priceSimulate `cmd:"" help:"Tell what your subscribers' last month would have cost by an offer's draft, as a publisher."`
}

type priceExplain struct {
	What     string `arg:"" help:"Id of a charge (chg_…) or an invoice (inv_…), or a proof file, which is read without a server."`
	Line     int    `help:"Number of the line of an invoice; all lines when it is missing." placeholder:"N"`
	Language string `help:"en or fr." default:"en" placeholder:"LANG"`
}

// Run explains.
func (a priceExplain) Run(ctx context.Context, o Out, name profileName) error {
	if !strings.HasPrefix(a.What, "chg_") && !strings.HasPrefix(a.What, "inv_") {
		return a.file(o)
	}
	c, err := name.client()
	if err != nil {
		return err
	}
	if strings.HasPrefix(a.What, "chg_") {
		e, err := c.ExplainCharge(ctx, a.What, client.ExplainChargeParams{Language: a.Language})
		return a.show(o, err, []string{e.Text})
	}
	last := a.Line
	if last == 0 {
		i, err := c.GetInvoice(ctx, a.What)
		if err != nil {
			return err
		}
		a.Line, last = 1, int(i.Lines)
	}
	var texts []string
	for n := a.Line; n <= last; n++ {
		e, err := c.ExplainInvoiceLine(ctx, a.What, strconv.Itoa(n), client.ExplainInvoiceLineParams{Language: a.Language})
		if err != nil {
			return err
		}
		texts = append(texts, fmt.Sprintf("line %d\n%s", n, e.Text))
	}
	return a.show(o, nil, texts)
}

// file explains from a proof file alone. It checks nothing: halle verify invoice does.
func (a priceExplain) file(o Out) error {
	r, err := os.Open(a.What)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	f, err := proof.ParseInvoiceFile(r)
	if err != nil {
		return err
	}
	var texts []string
	for _, l := range f.Invoice.Lines {
		if a.Line != 0 && a.Line != l.No {
			continue
		}
		text, err := f.Explain(l.No, a.Language)
		if err != nil {
			return err
		}
		texts = append(texts, fmt.Sprintf("line %d, %s, %s\n%s", l.No, l.Item, l.Component, text))
	}
	if len(texts) == 0 {
		return fmt.Errorf("the invoice has no line %d", a.Line)
	}
	return a.show(o, nil, texts)
}

func (a priceExplain) show(o Out, err error, texts []string) error {
	if err != nil {
		return err
	}
	text := strings.Join(texts, "\n\n")
	return o.Show(map[string]string{"text": text}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, text)
		return err
	})
}

type priceCompare struct {
	serviceArg
	Plan  string `required:"" help:"The other plan."`
	Offer string `help:"Key of the other offer; the service's own when it is missing."`
	On    string `help:"A day of the billing period, such as 2026-01-31; the present period so far when it is missing." placeholder:"DATE"`
}

// Run compares.
func (a priceCompare) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	p := client.ComparePricesParams{Plan: a.Plan, Offer: a.Offer}
	if a.On != "" {
		day, err := time.Parse(time.DateOnly, a.On)
		if err != nil {
			return errors.New("--on: write the day as 2026-01-31")
		}
		p.At = day.Add(12 * time.Hour) // noon is that day in every zone but the last ones
	}
	r, err := c.ComparePrices(ctx, a.Service, p)
	if err != nil {
		return err
	}
	return o.Show(r, func(w io.Writer) error {
		var rows [][]string
		for _, side := range []struct {
			name string
			cost client.Cost
		}{{"agreed", r.Agreed}, {r.Offer + ", " + r.Plan, r.Other}} {
			for _, part := range side.cost.Parts {
				rows = append(rows, []string{side.name, part.Component, part.Quantity, part.Amount})
			}
			rows = append(rows, []string{side.name, "total (" + side.cost.Basis + ")", "", side.cost.Total})
		}
		if err := table(w, "Nothing was used.", []string{"PRICE", "COMPONENT", "QUANTITY", "AMOUNT"}, rows); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(w)
		return pairs(w, "period", when(r.Period.From)+" to "+when(r.Period.To), "windows replayed", fmt.Sprint(r.Windows), "saving", r.Saving)
	})
}
