package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/halle-cloud/halle/client"
)

type ledgerExport struct {
	Format   string `arg:"" enum:"journal,datev,fec,saft" help:"journal (CSV), datev, fec or saft."`
	File     string `arg:"" optional:"" default:"-" help:"Where to; - for standard output."`
	From     string `required:"" help:"First day, 2026-01-01."`
	To       string `required:"" help:"Last day, 2026-12-31."`
	Currency string `help:"Where the books have several: a file has one, the journal all." placeholder:"EUR"`
}

// Run writes.
func (a ledgerExport) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return download(o, a.File, func(w io.Writer) error {
		return c.ExportLedger(ctx, client.ExportLedgerParams{Format: a.Format, From: a.From, To: a.To, Currency: a.Currency}, w)
	})
}

type ledgerChart struct {
	Chart string            `arg:"" enum:"pcg,skr03,skr04,ns4102" help:"pcg (fec), skr03 or skr04 (datev), ns4102 (saft)."`
	Set   map[string]string `help:"Numbers to change: revenue=706100; an empty one takes the default again." placeholder:"CODE=NUMBER"`
}

// Run shows the chart, after the changes.
func (a ledgerChart) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if len(a.Set) > 0 {
		s, err := c.GetExportSettings(ctx)
		if err != nil {
			return err
		}
		if s.Numbers == nil {
			s.Numbers = map[string]map[string]string{}
		}
		if s.Numbers[a.Chart] == nil {
			s.Numbers[a.Chart] = map[string]string{}
		}
		for code, number := range a.Set {
			s.Numbers[a.Chart][code] = number
			if number == "" {
				delete(s.Numbers[a.Chart], code)
			}
		}
		if _, err := c.SetExportSettings(ctx, s); err != nil {
			return err
		}
	}
	l, err := c.GetChart(ctx, a.Chart)
	if err != nil {
		return err
	}
	return list(o, l.Items, "The chart is empty.", []string{"CODE", "NUMBER", "NAME", ""}, func(r client.ChartAccount) []string {
		own := ""
		if r.Own {
			own = "own"
		}
		return []string{r.Code, r.Number, r.Name, own}
	})
}

type ledgerSettings struct {
	SIREN        *string `help:"Nine digits; the name of a FEC file begins with them." name:"siren"`
	YearMonth    *int64  `help:"Month in which the financial year begins, 1 to 12."`
	DatevAdviser *int64  `help:"Beraternummer, 1001 to 9999999."`
	DatevClient  *int64  `help:"Mandantennummer, 1 to 99999."`
	DatevChart   *string `help:"skr03 or skr04."`
	DatevLength  *int64  `help:"Digits of a general account, 4 to 8."`
	Contact      *string `help:"Whom the tax office may ask about a SAF-T file: first and last name." placeholder:"NAME"`
}

// Run shows the settings, after the changes.
func (a ledgerSettings) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	s, err := c.GetExportSettings(ctx)
	if err != nil {
		return err
	}
	if a != (ledgerSettings{}) {
		if s.Datev == nil {
			s.Datev = &client.ExportDatevSettings{}
		}
		set(&s.Siren, a.SIREN)
		set(&s.YearMonth, a.YearMonth)
		set(&s.Datev.Adviser, a.DatevAdviser)
		set(&s.Datev.Client, a.DatevClient)
		set(&s.Datev.Chart, a.DatevChart)
		set(&s.Datev.Length, a.DatevLength)
		if a.Contact != nil {
			s.First, s.Last, _ = strings.Cut(*a.Contact, " ")
		}
		if s, err = c.SetExportSettings(ctx, s); err != nil {
			return err
		}
	}
	return o.Show(s, func(w io.Writer) error {
		d := client.ExportDatevSettings{}
		if s.Datev != nil {
			d = *s.Datev
		}
		_, err := fmt.Fprintf(w, "Financial year begins in month %d\nSIREN %s\nDATEV adviser %d, client %d, chart %s, %d digits\nContact for SAF-T: %s %s\n",
			max(s.YearMonth, 1), cmp.Or(s.Siren, "not set"), d.Adviser, d.Client, cmp.Or(d.Chart, "skr04"), max(d.Length, 4), plain(s.First), plain(s.Last))
		return err
	})
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
