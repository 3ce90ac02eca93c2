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
	"github.com/halle-cloud/halle/billing/einvoice"
	"github.com/halle-cloud/halle/billing/paper"
	"github.com/halle-cloud/halle/party"
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

// attachedTo is the invoice for machines inside a PDF.
func attachedTo(t *testing.T, b []byte) []byte {
	t.Helper()
	dir := t.TempDir()
	name, out := filepath.Join(dir, "document.pdf"), filepath.Join(dir, paper.FileName)
	must(t, os.WriteFile(name, b, 0o600))
	if text, err := exec.Command("pdfdetach", "-savefile", paper.FileName, "-o", out, name).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, text)
	}
	got, err := os.ReadFile(out)
	must(t, err)
	return got
}

// registered gives the seller what EN 16931 asks of it.
func (w *world) registered(t *testing.T) {
	t.Helper()
	_, err := w.Parties.SetEntity(context.Background(), w.Operator, party.Entity{ID: w.Entity, Org: w.Operator.Org, Name: "Halle Operator", Country: "FR", VATID: "FR40303265045", Address: "1 place du Marché\n69002 Lyon"})
	must(t, err)
}

// TestWithoutWhatTheStandardAsksForThePaperStands: a seller without VAT identifier has no invoice for machines.
func TestWithoutWhatTheStandardAsksForThePaperStands(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, _ := story(t, w)
		f, err := w.invoices.Document(context.Background(), w.Operator, i.ID, billing.FormatPDF, "")
		if err != nil || bytes.Contains(f.Bytes, []byte(paper.FileName)) || !strings.Contains(textOf(t, f.Bytes), i.Number) {
			t.Fatal(err)
		}
	})
}

func TestDocumentForPeople(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		w.registered(t)
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
		v, err := w.invoices.Invoice(ctx, c, i.ID)
		must(t, err)
		d, err := einvoice.From(v.Document)
		must(t, err)
		cii, err := einvoice.CII(d)
		must(t, err)
		if got := attachedTo(t, f.Bytes); !bytes.Equal(got, cii) {
			t.Errorf("the file inside is not the invoice for machines: %.200s", got)
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
		w.registered(t)
		c := w.Household(t, "Jeanne Martin")
		w.final(t, c, w.subscribe(t, c, prices(price.Gross)))
		i := w.list(t, c)[0]
		if f, err := w.invoices.Document(ctx, c, i.ID, billing.FormatPDF, ""); err != nil || !strings.Contains(textOf(t, f.Bytes), "Jeanne Martin") || !bytes.Contains(attachedTo(t, f.Bytes), []byte("Jeanne Martin")) {
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
