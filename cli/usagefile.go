package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/client/usage"
)

type usageImport struct {
	File      string            `arg:"" type:"existingfile" help:"The file: UTF-8, one record a line, the first line names the columns."`
	Format    string            `help:"csv or focus (FOCUS 1.x)." enum:"csv,focus" default:"csv"`
	Map       map[string]string `help:"Column of a field: subject, meter, unit, value, item, start, end, label.NAME. A CSV column that has the name of a field needs none." placeholder:"FIELD=COLUMN"`
	Set       map[string]string `help:"What a field is in every row." placeholder:"FIELD=VALUE"`
	Separator string            `help:"What separates columns: one character, or tab." default:","`
	DryRun    bool              `help:"Only read the file, and show what it adds up to."`
	Complete  bool              `help:"Say that no more usage comes for the time of the file, so that it may be charged at once."`
}

func (a usageImport) mapping() (usage.Mapping, error) {
	m := usage.Mapping{Format: usage.Format(a.Format), Columns: a.Map, Fixed: a.Set}
	separator := map[string]string{"tab": "\t"}[a.Separator]
	if separator == "" {
		separator = a.Separator
	}
	if len(separator) != 1 || strings.ContainsAny(separator, "\"\r\n") {
		return m, fmt.Errorf("%q is no separator: give one character, or tab", a.Separator)
	}
	m.Separator = separator[0]
	return m, nil
}

// Run imports.
func (a usageImport) Run(ctx context.Context, o Out, name profileName) error {
	m, err := a.mapping()
	if err != nil {
		return err
	}
	f, err := os.Open(a.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if a.DryRun {
		s, err := usage.Look(f, m)
		if err != nil {
			return nothingSent(a.File, err)
		}
		return o.Show(s, func(w io.Writer) error { return showSurvey(w, s) })
	}
	c, err := name.client()
	if err != nil {
		return err
	}
	var refused []usage.RefusedRow
	r, err := usage.Import(ctx, c, f, usage.ImportOptions{Mapping: m, Complete: a.Complete, Refused: func(r usage.RefusedRow) {
		if len(refused) < maxShown {
			refused = append(refused, r)
		}
	}})
	if err != nil {
		return nothingSent(a.File, err)
	}
	if err := o.Show(importAnswer{r, refused}, func(w io.Writer) error { return showReport(w, r, refused) }); err != nil {
		return err
	}
	if r.Refused > 0 {
		return ErrShown
	}
	return nil
}

// maxShown is how many refused rows are shown; the quarantine has them all.
const maxShown = 100

type importAnswer struct {
	usage.Report
	Rows []usage.RefusedRow `json:"rows,omitempty"` // refused, the first hundred
}

// nothingSent says what a file that is wrong has come to.
func nothingSent(file string, err error) error {
	var row *usage.RowError
	var p *client.Problem
	if errors.As(err, &row) && !errors.As(err, &p) {
		return fmt.Errorf("%s, %w.\nNothing was sent. Correct the file and import it again", file, err)
	}
	return err
}

func showSurvey(w io.Writer, s usage.Survey) error {
	err := table(w, "The file has no usage.", []string{"METER", "UNIT", "EVENTS", "QUANTITY"}, rowsOf(s.Totals, func(t usage.Total) []string {
		return []string{t.Meter, t.Unit, fmt.Sprint(t.Events), t.Quantity}
	}))
	_, _ = fmt.Fprintln(w)
	return errors.Join(err, pairs(w, "events", fmt.Sprint(s.Events), "left out", some(s.LeftOut), "from", when(s.From), "to", when(s.To), "SHA-256", s.Hash))
}

func showReport(w io.Writer, r usage.Report, refused []usage.RefusedRow) error {
	for _, row := range refused {
		if _, err := fmt.Fprintf(w, "line %d: %s (%s) %s\n", row.Line, row.Verdict, plain(row.Reason), plain(row.Text)); err != nil {
			return err
		}
	}
	if more := r.Refused - int64(len(refused)); more > 0 {
		_, _ = fmt.Fprintf(w, "and %d more\n", more)
	}
	if err := showSurvey(w, r.Survey); err != nil {
		return err
	}
	return pairs(w, "accepted", fmt.Sprint(r.Accepted), "counted before", some(r.Duplicate), "refused", some(r.Refused), "may pass later", some(r.Later))
}

// some is a number, empty for none.
func some(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

type usageExport struct {
	File   string `arg:"" optional:"" default:"-" help:"Where to; - for standard output."`
	Format string `help:"FOCUS 1.2: focus is CSV, parquet is Parquet." enum:"focus,parquet" default:"focus"`
	Period string `help:"Only invoices whose billing period begins in this month, such as 2027-01." placeholder:"MONTH"`
	Org    string `help:"Organisation; your own when it is missing."`
}

// Run writes.
func (a usageExport) Run(ctx context.Context, o Out, name profileName) error {
	if _, err := time.Parse("2006-01", a.Period); a.Period != "" && err != nil {
		return fmt.Errorf("%q is no month: write it as 2027-01", a.Period)
	}
	c, err := name.client()
	if err != nil {
		return err
	}
	list, err := allInvoices(ctx, c, a.Org)
	if err != nil {
		return err
	}
	return download(o, a.File, func(w io.Writer) error {
		out, err := a.writer(w)
		if err != nil {
			return err
		}
		services := map[string]client.ServiceDetail{}
		for _, row := range list {
			i, err := wholeInvoice(ctx, c, row.ID)
			if err == nil && (a.Period == "" || i.Document == nil || monthOf(i) == a.Period) {
				if err = lookUp(ctx, c, i, services); err == nil {
					err = out.Write(i, services)
				}
			}
			if err != nil {
				return err
			}
		}
		return out.Flush()
	})
}

// writer begins the file: each kind writes its own beginning.
func (a usageExport) writer(w io.Writer) (*usage.FOCUSWriter, error) {
	if a.Format == "parquet" {
		return usage.NewFOCUSParquet(w), nil
	}
	return usage.NewFOCUSWriter(w)
}

// wholeInvoice is an invoice with all its lines: of a long one the server gives them page by page.
func wholeInvoice(ctx context.Context, c *client.Client, id string) (client.Invoice, error) {
	i, err := c.GetInvoice(ctx, id)
	if err != nil || i.Document == nil || int64(len(i.Document.Lines)) == i.Lines {
		return i, err
	}
	i.Document.Lines, err = pages(0, func(cursor string) ([]client.ProofInvoiceLine, string, error) {
		l, err := c.ListInvoiceLines(ctx, id, client.ListInvoiceLinesParams{Cursor: cursor, Limit: 500})
		return l.Items, l.Next, err
	})
	return i, err
}

// lookUp gets the services of an invoice that are not known yet.
func lookUp(ctx context.Context, c *client.Client, i client.Invoice, services map[string]client.ServiceDetail) error {
	if i.Document == nil {
		return nil
	}
	for _, l := range i.Document.Lines {
		if _, ok := services[l.Subscription]; ok {
			continue
		}
		s, err := c.GetService(ctx, l.Subscription)
		if err != nil {
			return fmt.Errorf("service %s: %w", l.Subscription, err)
		}
		services[l.Subscription] = s
	}
	return nil
}

// monthOf is the month in which the billing period of an invoice begins. The period begins at midnight of the customer's
// zone, which lies up to 14 hours ahead of UTC.
func monthOf(i client.Invoice) string {
	from, _ := usage.BillingPeriod(i)
	return from.Add(14 * time.Hour).Format("2006-01")
}
