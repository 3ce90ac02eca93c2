package billing_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/price"
)

// textOf is what stands in a PDF, read by poppler, which scripts/setup.sh installs.
func textOf(t *testing.T, b []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "document.pdf")
	must(t, os.WriteFile(name, b, 0o600))
	out, err := exec.Command("pdftotext", "-raw", name, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("%v %s", err, out)
	}
	return strings.ReplaceAll(string(out), "\u00a0", " ")
}

func TestDocumentForPeople(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		i, _ := story(t, w)
		c := w.Operator
		f, err := w.invoices.Document(ctx, c, i.ID, billing.FormatPDF, "en")
		must(t, err)
		if f.Name != i.Number+".pdf" || f.Type != "application/pdf" {
			t.Errorf("%s %s", f.Name, f.Type)
		}
		text := textOf(t, f.Bytes)
		for _, want := range []string{"Invoice " + i.Number, "Acme", i.Gross.Format("en") + " to pay by", i.Hash, "halle verify invoice " + i.Number + ".proof", "from €0.001 per"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		again, err := w.invoices.Document(ctx, c, i.ID, billing.FormatPDF, "en")
		if err != nil || !bytes.Equal(f.Bytes, again.Bytes) {
			t.Errorf("printed twice, it is two documents: %v", err)
		}
		note, err := w.invoices.Credit(ctx, c, i.ID, "A day without service")
		must(t, err)
		f, err = w.invoices.Document(ctx, c, note.ID, billing.FormatPDF, "fr-FR")
		must(t, err)
		for _, want := range []string{"Avoir " + note.Number, "annule la facture " + i.Number, "A day without service"} {
			if text := textOf(t, f.Bytes); !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		_, err = w.invoices.Document(ctx, c, i.ID, "docx", "")
		wantCode(t, err, "billing.format")
	})
}

func TestDocumentOfAHouseholdNeedsAPurpose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.Household(t, "Jeanne Martin")
		w.final(t, c, w.subscribe(t, c, prices(price.Gross)))
		i := w.list(t, c)[0]
		if f, err := w.invoices.Document(ctx, c, i.ID, billing.FormatPDF, ""); err != nil || !strings.Contains(textOf(t, f.Bytes), "Jeanne Martin") {
			t.Fatal(err)
		}
		staff := w.Operator
		_, err := w.invoices.Document(ctx, staff, i.ID, billing.FormatPDF, "")
		wantCode(t, err, "billing.document_hidden")
		staff.Purpose = "a question of the customer"
		if f, err := w.invoices.Document(ctx, staff, i.ID, billing.FormatPDF, ""); err != nil || !strings.Contains(textOf(t, f.Bytes), "Jeanne Martin") {
			t.Fatal(err)
		}
	})
}
