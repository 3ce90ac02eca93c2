package handover

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// Format is the form in which a batch is fetched.
type Format string

// The forms. The last two are arrays of TM Forum resources, version 4: AppliedCustomerBillingRate (TMF678, isBilled false:
// they wait for a bill) and rated Usage (TMF635).
const (
	CSV    Format = "csv"
	JSON   Format = "jsonl"
	TMF678 Format = "tmf678"
	TMF635 Format = "tmf635"
)

// Formats are all of them.
func Formats() []Format { return []Format{CSV, JSON, TMF678, TMF635} }

// Columns are those of the CSV form; docs/handover.md says what stands in each.
func Columns() []string {
	return []string{"line", "attempt", "batch", "document", "number", "document_hash", "date", "customer", "service", "item", "component", "term", "correction", "from", "to", "quantity", "unit",
		"price", "amount", "net", "currency", "tax_category", "tax_rate"}
}

// full is a line with the document it stands on.
type full struct {
	Line
	batch Batch
	hash  string
	doc   *proof.Invoice
	of    *proof.InvoiceLine
}

func (l *full) cells() []string {
	from, to := "", ""
	if !l.of.Period.IsZero() {
		from, to = stamp(l.of.Period.From), stamp(l.of.Period.To)
	}
	return []string{l.ID, strconv.FormatInt(l.Attempt, 10), strconv.FormatInt(l.batch.Number, 10), l.doc.ID, l.doc.Number, l.hash, l.doc.Date.String(), l.Org, l.of.Subscription, l.of.Item, l.of.Component,
		string(l.of.Term), strconv.FormatBool(l.of.Correction), from, to, l.of.Quantity.String(), l.of.Unit, l.of.Price, l.of.Amount.Decimal(), l.Net.Decimal(), string(l.Net.Currency),
		string(l.of.Category), percent(int64(l.of.BasisPoints))}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// percent writes basis points: 2000 is "20.00".
func percent(basisPoints int64) string {
	return fmt.Sprintf("%d.%02d", basisPoints/100, basisPoints%100)
}

// File is a batch ready to be written.
type File struct {
	Name, Type string
	write      func(io.Writer) error
}

// Write writes it. An error in the middle leaves half a file.
func (f *File) Write(w io.Writer) error { return f.write(w) }

// File makes a batch ready in a form. It may be fetched as often as one likes. Who may read the market's hand-overs may.
func (s *Handovers) File(ctx context.Context, c access.Caller, batch string, format Format) (*File, error) {
	if !slices.Contains(Formats(), format) {
		return nil, fail.New(fail.Invalid, "handover.format", "A batch is not to be had in that form.", "Use csv, jsonl, tmf678 or tmf635.").Field("format", "is not known")
	}
	b, err := s.Batch(ctx, c, batch)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("handover-%06d", b.Number)
	switch format {
	case CSV:
		return &File{Name: name + ".csv", Type: "text/csv; charset=utf-8", write: func(w io.Writer) error { return s.writeCSV(ctx, b, w) }}, nil
	case JSON:
		return &File{Name: name + ".jsonl", Type: "application/x-ndjson", write: func(w io.Writer) error {
			out := bufio.NewWriter(w)
			e := json.NewEncoder(out)
			if err := s.each(ctx, b, func(l *full) error { return e.Encode(l.object()) }); err != nil {
				return err
			}
			return out.Flush()
		}}, nil
	}
	of := (*full).billingRate
	if format == TMF635 {
		of = (*full).usage
	}
	return &File{Name: name + "-" + string(format) + ".json", Type: "application/json", write: func(w io.Writer) error { return s.writeArray(ctx, b, w, of) }}, nil
}

func (s *Handovers) writeCSV(ctx context.Context, b Batch, w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(Columns()); err != nil {
		return err
	}
	err := s.each(ctx, b, func(l *full) error {
		cells := l.cells()
		for i, text := range cells {
			if i < 18 && i != 15 && text != "" && strings.ContainsRune("=+-@", rune(text[0])) { // no formula; amounts may be below zero
				cells[i] = "'" + text
			}
		}
		return out.Write(cells)
	})
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return err
}

func (s *Handovers) writeArray(ctx context.Context, b Batch, w io.Writer, of func(*full) any) error {
	out := bufio.NewWriter(w)
	sep := "[\n"
	err := s.each(ctx, b, func(l *full) error {
		text, err := json.Marshal(of(l))
		if err == nil {
			_, err = out.WriteString(sep + string(text))
		}
		sep = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	if _, err := out.WriteString("\n]\n"); err != nil {
		return err
	}
	return out.Flush()
}

// each gives the lines of a batch in order, some at a time, with their documents.
func (s *Handovers) each(ctx context.Context, b Batch, f func(*full) error) error {
	var doc *proof.Invoice
	var sum billing.Summary
	for after := ""; ; {
		var list []full
		err := s.DB.Read(ctx, func(tx *store.Tx) error {
			list = nil
			lines, err := selectLines(tx, "batch = $1 AND id > $2 ORDER BY id LIMIT $3", b.ID, after, int64(500))
			if err != nil {
				return err
			}
			for _, l := range lines {
				if doc == nil || doc.ID != l.Document {
					if sum, doc, err = s.Invoices.IssuedIn(tx, l.Document); err != nil {
						return err
					}
				}
				if doc == nil {
					return fail.New(fail.Gone, "handover.erased", "The legal copy of "+sum.Number+" was erased when its time was over.", "Its hash still stands in the log.")
				}
				list = append(list, full{Line: l, batch: b, hash: sum.Hash, doc: doc, of: &doc.Lines[l.No-1]})
			}
			return nil
		})
		if err != nil || len(list) == 0 {
			return err
		}
		for i := range list {
			if err := f(&list[i]); err != nil {
				return err
			}
		}
		after = list[len(list)-1].ID
	}
}

// object is the line as JSON: the cells of the CSV form by their names.
func (l *full) object() any {
	out := map[string]string{}
	for i, text := range l.cells() {
		out[Columns()[i]] = text
	}
	return out
}

// amount is Money of the TM Forum: its value is a number, written digit by digit.
func amount(decimal, currency string) map[string]any {
	return map[string]any{"unit": currency, "value": json.Number(decimal)}
}

func (l *full) period() map[string]any {
	if l.of.Period.IsZero() {
		return map[string]any{"startDateTime": stamp(l.doc.Issued), "endDateTime": stamp(l.doc.Issued)}
	}
	return map[string]any{"startDateTime": stamp(l.of.Period.From), "endDateTime": stamp(l.of.Period.To)}
}

func (l *full) parties() []any {
	return []any{map[string]any{"id": l.Org, "role": "customer", "@referredType": "Organization"}}
}

// billingRate is AppliedCustomerBillingRate of TMF678.
func (l *full) billingRate() any {
	return map[string]any{"id": l.ID, "@type": "AppliedCustomerBillingRate", "name": l.of.Item, "description": l.of.Item + ", " + l.of.Component, "date": stamp(l.doc.Issued), "isBilled": false,
		"type": "appliedBillingCharge", "periodCoverage": l.period(), "taxExcludedAmount": amount(l.Net.Decimal(), string(l.Net.Currency)),
		"appliedTax":     []any{map[string]any{"taxCategory": l.of.Category, "taxRate": json.Number(percent(int64(l.of.BasisPoints)))}},
		"product":        map[string]any{"id": l.of.Subscription, "name": l.of.Item},
		"billingAccount": map[string]any{"id": l.Org}, // whose it is: the resource has no relatedParty in version 4
		"characteristic": []any{map[string]any{"name": "document", "value": l.doc.Number}, map[string]any{"name": "documentHash", "value": l.hash}, map[string]any{"name": "component", "value": l.of.Component},
			map[string]any{"name": "quantity", "value": l.of.Quantity.String()}, map[string]any{"name": "unit", "value": l.of.Unit}, map[string]any{"name": "attempt", "value": strconv.FormatInt(l.Attempt, 10)}}}
}

// usage is Usage of TMF635, rated.
func (l *full) usage() any {
	end := l.doc.Issued
	if !l.of.Period.IsZero() {
		end = l.of.Period.To
	}
	return map[string]any{"id": l.ID, "@type": "Usage", "usageDate": stamp(end), "description": l.of.Item + ", " + l.of.Component, "usageType": l.of.Component, "status": "rated", "relatedParty": l.parties(),
		"usageSpecification": map[string]any{"id": l.of.Component, "name": l.of.Component},
		"usageCharacteristic": []any{map[string]any{"name": "quantity", "value": l.of.Quantity.String(), "valueType": "string"}, map[string]any{"name": "unit", "value": l.of.Unit, "valueType": "string"},
			map[string]any{"name": "document", "value": l.doc.Number, "valueType": "string"}, map[string]any{"name": "documentHash", "value": l.hash, "valueType": "string"}},
		"ratedProductUsage": []any{map[string]any{"ratingAmountType": "Total", "ratingDate": stamp(l.doc.Issued), "isBilled": false, "isTaxExempt": l.of.BasisPoints == 0,
			"taxExcludedRatingAmount": amount(l.Net.Decimal(), string(l.Net.Currency)), "taxRate": json.Number(percent(int64(l.of.BasisPoints))), "productRef": map[string]any{"id": l.of.Subscription, "name": l.of.Item}}}}
}
