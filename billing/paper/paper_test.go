package paper

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/tax"
)

var update = flag.Bool("update", false, "write the golden files")

// tool calls what others read PDF with; scripts/setup.sh installs it.
func tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// printed writes the document into a folder that is looked at by name. HALLE_PAPER keeps them, for eyes.
func printed(t testing.TB, p *Printer, name string, in Input) string {
	t.Helper()
	b, err := p.PDF(in)
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("HALLE_PAPER")
	if dir == "" {
		dir = t.TempDir()
	}
	file := filepath.Join(dir, name+".pdf")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestTextOfEachKind holds the text layer of each kind of document in the order in which it is drawn, which is that in which
// it is read. The first pages say it of the long ones.
func TestTextOfEachKind(t *testing.T) {
	p := printer(t)
	for name, in := range cases(t) {
		t.Run(name, func(t *testing.T) {
			file := printed(t, p, name, in)
			if out := tool(t, "qpdf", "--check", file); !strings.Contains(out, "No syntax or stream encoding errors found") || strings.Contains(out, "WARNING") {
				t.Error(out)
			}
			got := tool(t, "pdftotext", "-raw", "-l", "2", file, "-")
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(golden); err != nil || string(want) != got {
				t.Errorf("the text is not that of %s (%v); -update writes it, then read the difference. It is\n%s", golden, err, got)
			}
		})
	}
}

func TestInvoiceForMachinesComesOutByteForByte(t *testing.T) {
	in := cases(t)["invoice"]
	in.XML = []byte(xmlText + strings.Repeat("<!-- é -->\n", 10_000))
	file := printed(t, printer(t), "attached", in)
	out := filepath.Join(t.TempDir(), "out.xml")
	tool(t, "pdfdetach", "-savefile", FileName, "-o", out, file)
	if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, in.XML) {
		t.Errorf("%d bytes %v, want %d", len(got), err, len(in.XML))
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<fx:DocumentType>INVOICE</fx:DocumentType>", "<fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>", "<fx:Version>1.0</fx:Version>",
		"<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>", "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("the metadata lacks %s", want)
		}
	}
}

// TestWithoutFileNothingIsPromised: a document without the invoice for machines does not say that it has it.
func TestWithoutFileNothingIsPromised(t *testing.T) {
	in := cases(t)["invoice"]
	in.XML = nil
	file := printed(t, printer(t), "bare", in)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte("factur-x")) || strings.Contains(tool(t, "pdftotext", file, "-"), FileName) {
		t.Error("it speaks of a file that is not there")
	}
}

// TestReadAloud: what assistive programs are told.
func TestReadAloud(t *testing.T) {
	file := printed(t, printer(t), "spoken", cases(t)["twenty"])
	info := tool(t, "pdfinfo", file)
	if !strings.Contains(info, "Tagged:          yes") || !strings.Contains(info, "Title:           Invoice INV-2026-000042, Halle Nord SAS") {
		t.Error(info)
	}
	text, at := tool(t, "pdfinfo", "-struct-text", file), 0
	for _, want := range []string{"H1", "Invoice INV-2026-000042", "to pay by", "H2", "From", "Halle Nord SAS", "H2", "To", "Acme Santé", "H2", "What it is for", "Table", "THead", "Service", "TBody", "M2M broker, plan Flex 1",
		"Subscription", "€10.00", "Table", "Total without VAT", "H2", "How to pay", "FR76", "Figure", "H2", "Check it yourself", "halle verify invoice"} {
		i := strings.Index(text[at:], want)
		if i < 0 {
			t.Fatalf("%q does not come after what is before it in\n%s", want, text[:at])
		}
		at += i + len(want)
	}
	if strings.Count(text, "1 of 3") != 0 || strings.Count(text, "Without VAT") != 1 {
		t.Error("what is at the edge of each page is read aloud")
	}
}

// TestSumsAreThoseOfTheInvoice: nothing is computed anew; of a summary, the services add up to the total.
func TestSumsAreThoseOfTheInvoice(t *testing.T) {
	i := world(t, 9000, price.Net, tax.Standard, 2000)
	s := &sheet{Input: Input{Invoice: i}}
	list, err := s.services()
	if err != nil || len(list) != 3000 {
		t.Fatalf("%d services, %v", len(list), err)
	}
	total := money.Zero(money.EUR)
	for _, g := range list {
		if len(g.lines) != 0 || g.count != 3 {
			t.Fatalf("%+v", g)
		}
		if total, err = total.Add(g.sum); err != nil {
			t.Fatal(err)
		}
	}
	if total != i.Totals.Net {
		t.Errorf("the services come to %s, the invoice to %s", total, i.Totals.Net)
	}
}

func TestSelfBilledSaysWhoPays(t *testing.T) {
	in := cases(t)["invoice"]
	in.Invoice.Type = proof.TypeSelfBilled
	text := tool(t, "pdftotext", printed(t, printer(t), "self", in), "-")
	for _, want := range []string{"Self-billed invoice", "to be paid by Acme Santé by 15 December 2026"} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(text, "How to pay") {
		t.Error("it asks its reader to pay")
	}
}

func TestQuantitiesAreSaidInTheUnitOfTheirPrice(t *testing.T) {
	p := printer(t)
	for _, c := range []struct {
		n, per int64
		en, fr string
	}{{1_234_567, 1000, "1,234.567", "1\u202f234,567"}, {3, 3600, "0.000833", "0,000833"}, {3600, 3600, "1", "1"}, {5399, 3600, "1.5", "1,5"}, {7_199_999, 3600, "2,000", "2\u202f000"}, {0, 60, "0", "0"},
		{-1500, 1000, "\u22121.5", "\u22121,5"}, {1<<62 + 1, 1 << 62, "1", "1"}, {1, 1 << 62, "0", "0"}} {
		if en, fr := p.languages["en"].scaled(c.n, c.per), p.languages["fr"].scaled(c.n, c.per); en != c.en || fr != c.fr {
			t.Errorf("%d / %d: %q %q, want %q %q", c.n, c.per, en, fr, c.en, c.fr)
		}
	}
}

// TestCodeAsksForWhatTheWordsSay: the code of a transfer holds its fields in order, and there is none when they do not fit.
func TestCodeAsksForWhatTheWordsSay(t *testing.T) {
	in := cases(t)["twenty"]
	s := &sheet{Input: in}
	if got, want := string(s.girocode("Halle Nord SAS")), "BCD\n002\n1\nSCT\nAGRIFRPP\nHalle Nord SAS\nFR7630006000011234567890189\nEUR618.58\n\n\nINV-2026-000042"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for name, change := range map[string]func(i *proof.Invoice){
		"other currency": func(i *proof.Invoice) { i.Currency = money.CHF },
		"nothing":        func(i *proof.Invoice) { i.Totals.Gross.Minor = 0 },
		"too much":       func(i *proof.Invoice) { i.Totals.Gross.Minor = 100_000_000_000 },
		"long reference": func(i *proof.Invoice) { i.Payment.Remit = strings.Repeat("é", 141) },
		"two lines":      func(i *proof.Invoice) { i.Payment.Remit = "a\nEUR1" },
		"bytes":          func(i *proof.Invoice) { i.Payment.Remit = strings.Repeat("€", 140) },
	} {
		i := *in.Invoice
		change(&i)
		if got := (&sheet{Input: Input{Invoice: &i}}).girocode("Halle Nord SAS"); got != nil {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := s.girocode(strings.Repeat("x", 71)); got != nil {
		t.Errorf("a long name: %q", got)
	}
}

func TestLanguagesSayTheSame(t *testing.T) {
	p := printer(t)
	en, fr := p.languages["en"].texts, p.languages["fr"].texts
	for key, text := range en {
		other, ok := fr[key]
		if !ok {
			t.Errorf("no French for %s", key)
		}
		for _, part := range strings.Split(text, "{")[1:] {
			if name, _, _ := strings.Cut(part, "}"); !strings.Contains(other, "{"+name+"}") {
				t.Errorf("%s: the French leaves out {%s}", key, name)
			}
		}
	}
	if len(fr) != len(en) {
		t.Errorf("%d texts in French, %d in English", len(fr), len(en))
	}
}

// BenchmarkPDF is an invoice of twenty lines with its file.
func BenchmarkPDF(b *testing.B) {
	p, in := printer(b), cases(b)["twenty"]
	in.XML = bytes.Repeat([]byte("<ram:LineTotalAmount>12.00</ram:LineTotalAmount>\n"), 400) // some 20 kB
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		out, err := p.PDF(in)
		if err != nil {
			b.Fatal(err)
		}
		size = len(out)
	}
	b.ReportMetric(float64(size)/1000, "kB")
}

// BenchmarkMillionLines is an invoice that is summed up: 1,000,000 lines of 500 services.
func BenchmarkMillionLines(b *testing.B) {
	p, in := printer(b), Input{Invoice: world(b, 1_000_000, price.Net, tax.Standard, 2000), Hash: strings.Repeat("0", 64)}
	for n := range in.Invoice.Lines {
		l := &in.Invoice.Lines[n]
		l.Subscription = in.Invoice.Lines[n%500].Subscription
	}
	for b.Loop() {
		if _, err := p.PDF(in); err != nil {
			b.Fatal(err)
		}
	}
}
