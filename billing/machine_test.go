package billing_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/einvoice"
	"github.com/halle-cloud/halle/internal/fail"
)

// TestDocumentForMachines writes an invoice and its credit note in both syntaxes and reads them back.
func TestDocumentForMachines(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		w.registered(t)
		i, _ := story(t, w)
		note, err := w.invoices.Credit(ctx, w.Operator, i.ID, "Wrong buyer")
		must(t, err)
		for _, c := range []struct {
			of     billing.Summary
			format billing.Format
			root   string
		}{{i, billing.FormatUBL, "<Invoice "}, {i, billing.FormatCII, "<rsm:CrossIndustryInvoice "}, {note, billing.FormatUBL, "<CreditNote "}, {note, billing.FormatCII, "<rsm:CrossIndustryInvoice "}} {
			f, err := w.invoices.Document(ctx, w.Operator, c.of.ID, c.format, "")
			must(t, err)
			if f.Name != c.of.Number+"."+string(c.format)+".xml" || f.Type != "application/xml" || !strings.Contains(string(f.Bytes), c.root) || !strings.Contains(string(f.Bytes), c.of.Hash) {
				t.Errorf("%s %s\n%s", f.Name, f.Type, f.Bytes)
			}
			d, err := einvoice.Read(f.Bytes)
			must(t, err)
			if d.Number != c.of.Number || d.Type != c.of.Type || d.Totals.Gross.Minor != max(c.of.Gross.Minor, -c.of.Gross.Minor) || len(d.Lines) != c.of.Lines || len(einvoice.Check(d)) > 0 {
				t.Errorf("%s %s: %+v %v", c.of.Number, c.format, d.Totals, einvoice.Check(d))
			}
		}
	})
}

// TestWhatAFormatLacksIsNamed: a seller without VAT identifier has no invoice for machines, and XRechnung asks for more.
func TestWhatAFormatLacksIsNamed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, _ := story(t, w)
		for format, term := range map[billing.Format]string{billing.FormatUBL: "BT-31", "xrechnung": "BT-10", "xrechnung-cii": "BT-41", "peppol": "BT-49", "france": "BT-47"} {
			_, err := w.invoices.Document(context.Background(), w.Operator, i.ID, format, "")
			var e *fail.Error
			if !errors.As(err, &e) || e.Code != "einvoice.invalid" || !slices.ContainsFunc(e.Fields, func(f fail.Field) bool { return f.Path == term }) {
				t.Errorf("%s: %v", format, err)
			}
		}
	})
}

func TestMachineFormatsHaveOneNameEach(t *testing.T) {
	var names []string
	for _, f := range billing.MachineFormats() {
		names = append(names, string(f.Format))
	}
	if got := strings.Join(names, " "); got != "ubl cii peppol xrechnung xrechnung-cii france france-cii" {
		t.Error(got)
	}
}
