package pdf_test

import (
	"bytes"
	"compress/zlib"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/pdf"
	"github.com/halle-cloud/halle/internal/pdf/inter"
)

func fonts(t testing.TB) inter.Fonts {
	t.Helper()
	f, err := inter.Load()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const attached = "<?xml version=\"1.0\"?>\n<data>é</data>\n"

// sample has everything a document may have, over several pages.
func sample(t testing.TB, text string) []byte {
	t.Helper()
	f := fonts(t)
	body, head := pdf.Style{Font: f.Regular, Size: 10 * pdf.Point}, pdf.Style{Font: f.SemiBold, Size: 12 * pdf.Point, Color: 0x17573f}
	d := pdf.New(pdf.Info{Title: "A title (with \\ brackets) and é", Author: "Ω", Subject: "Sample", Creator: "test", Language: "fr", Created: time.Date(2026, 12, 1, 6, 0, 0, 0, time.UTC),
		Schemas: []pdf.Schema{{Name: "Sample", URI: "urn:sample#", Prefix: "smp", Properties: []pdf.Property{{Name: "Word", Description: "A word", Value: "a & b < c"}}}},
		Files:   []pdf.File{{Name: "data.xml", Type: "text/xml", Description: "Données", Relation: "Alternative", Bytes: []byte(attached)}}})
	flow := &pdf.Flow{Doc: d, Left: 20 * pdf.Millimetre, Width: 120 * pdf.Millimetre, Top: 20 * pdf.Millimetre, Bottom: 260 * pdf.Millimetre,
		NewPage: func(p *pdf.Page) { p.Text(nil, body, 20*pdf.Millimetre, 10*pdf.Millimetre, "edge of a page") }}
	flow.Write(d.Root().Add(pdf.Heading1), head, "Heading "+text)
	flow.Write(d.Root().Add(pdf.Paragraph), body, strings.Repeat("words that go on "+text+" ", 300))
	table := flow.Table(d.Root().Add(pdf.Section), head, 0, 0xdddddd, 3*pdf.Point, pdf.Column{Title: "What", Width: 60 * pdf.Millimetre}, pdf.Column{Title: "How much", Width: 57 * pdf.Millimetre, Right: true})
	for range 80 {
		table.Row(0, pdf.Cell{Head: true, Texts: []pdf.Text{{Style: body, Text: text}}}, pdf.Cell{Texts: []pdf.Text{{Style: body, Text: "1,234.00"}}})
	}
	table.Row(0, pdf.Cell{Span: 2, Texts: []pdf.Text{{Style: body, Text: strings.Repeat("tall ", 4000)}}})
	box := d.Root().Add(pdf.Figure).Shows("A black square", 0, 0, 10*pdf.Point, 10*pdf.Point)
	flow.Page.Fill(box, 0, 0, 0, 10*pdf.Point, 10*pdf.Point)
	b, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// run calls one of the tools that others read PDF with; scripts/setup.sh installs them.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func written(t testing.TB, b []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "sample.pdf")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestFileIsSoundForTheToolsOfOthers(t *testing.T) {
	b := sample(t, "Łódź, € 漢字 🙂")
	name := written(t, b)
	if out := run(t, "qpdf", "--check", name); !strings.Contains(out, "No syntax or stream encoding errors found") || strings.Contains(out, "WARNING") {
		t.Error(out)
	}
	info := run(t, "pdfinfo", name)
	for _, want := range []string{"A title (with \\ brackets) and é", "Tagged:          yes", "(A4)", "PDF version:     1.7", "Ω"} {
		if !strings.Contains(info, want) {
			t.Errorf("no %q in\n%s", want, info)
		}
	}
	for i, line := range strings.Split(strings.TrimSpace(run(t, "pdffonts", name)), "\n") {
		if i > 1 && !strings.Contains(line, "yes yes yes") {
			t.Errorf("a font is not embedded, cut and mapped: %s", line)
		}
	}
	out := filepath.Join(t.TempDir(), "data.xml")
	run(t, "pdfdetach", "-savefile", "data.xml", "-o", out, name)
	if got, err := os.ReadFile(out); err != nil || string(got) != attached {
		t.Errorf("the attached file is %q %v", got, err)
	}
	text := run(t, "pdftotext", name, "-")
	if !strings.Contains(text, "Łódź, € 漢字 🙂") || !strings.Contains(text, "edge of a page") {
		t.Errorf("the text is lost: %.300s", text)
	}
	structure := run(t, "pdfinfo", "-struct-text", name)
	for _, want := range []string{"H1", "Table", "THead", "TH:", "TD\n", "Figure"} {
		if !strings.Contains(structure, want) {
			t.Errorf("no %s in the structure", want)
		}
	}
	if strings.Contains(structure, "edge of a page") || strings.Count(structure, "How much") != 1 {
		t.Error("what is repeated on each page is read aloud")
	}
}

func TestMetadataIsWellFormedAndSaysTheSameTwice(t *testing.T) {
	b := sample(t, "x")
	from, to := bytes.Index(b, []byte("<?xpacket begin")), bytes.Index(b, []byte("<?xpacket end"))
	name := filepath.Join(t.TempDir(), "xmp.xml")
	if err := os.WriteFile(name, b[from:to], 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "xmllint", "--noout", name)
	xmp := string(b[from:to])
	for _, want := range []string{"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>", "<smp:Word>a &amp; b &lt; c</smp:Word>", "<pdfaSchema:prefix>smp</pdfaSchema:prefix>",
		"A title (with \\ brackets) and é", "<rdf:li>Ω</rdf:li>", "2026-12-01T06:00:00Z"} {
		if !strings.Contains(xmp, want) {
			t.Errorf("no %q in\n%s", want, xmp)
		}
	}
}

func TestEqualCallsGiveEqualFiles(t *testing.T) {
	if !bytes.Equal(sample(t, "漢"), sample(t, "漢")) {
		t.Error("two files of equal calls differ")
	}
	if bytes.Equal(sample(t, "a"), sample(t, "b")) {
		t.Error("two files of other text are equal")
	}
}

// streams are the decompressed streams that hold a word.
func streams(t testing.TB, b []byte, word string) []string {
	t.Helper()
	var out []string
	for _, m := range regexp.MustCompile(`/Length \d+>>\nstream\n`).FindAllIndex(b, -1) {
		r, err := zlib.NewReader(bytes.NewReader(b[m[1]:]))
		if err != nil {
			continue // not compressed
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), word) {
			out = append(out, string(text))
		}
	}
	return out
}

// TestEverythingDrawnIsReadOrLeftOut holds the rules of level A that a reader of the file can check (ISO 19005-3, 6.7): no
// mark outside a run, no run in a run, no text by glyph 0.
func TestEverythingDrawnIsReadOrLeftOut(t *testing.T) {
	pages := streams(t, sample(t, "漢 \x00 \ue000 e\u0301"), "EMC\n")
	if len(pages) < 4 {
		t.Fatalf("%d pages", len(pages))
	}
	for _, page := range pages {
		open := false
		for line := range strings.Lines(page) {
			switch {
			case strings.HasSuffix(line, "BDC\n"), strings.HasSuffix(line, "BMC\n"):
				if open {
					t.Fatalf("a run in a run: %s", line)
				}
				open = true
			case line == "EMC\n":
				open = false
			case !open:
				t.Fatalf("outside every run: %s", line)
			}
			if i := strings.Index(line, "Td ("); i >= 0 {
				codes := strings.NewReplacer(`\\`, `\`, `\(`, "(", `\)`, ")", `\r`, "\r", `\n`, "\n").Replace(strings.TrimSuffix(line[i+4:], ") Tj ET\n"))
				for ; codes != ""; codes = codes[2:] {
					if codes[:2] == "\x00\x00" {
						t.Fatalf("glyph 0: %q", line)
					}
				}
			}
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "plain", "a\x00b\n\tc", "\ufeff\u202e\ufffe\U0010ffff\ud7ff", strings.Repeat("long", 400), "e\u0301 \U000e0001 ﷺ ﬁ"} {
		f.Add(s)
	}
	loaded := fonts(f)
	f.Fuzz(func(t *testing.T, s string) {
		clean := pdf.Clean(s)
		if pdf.Clean(clean) != clean {
			t.Fatalf("%q is not clean", clean)
		}
		style := pdf.Style{Font: loaded.Regular, Size: 9 * pdf.Point}
		for _, line := range style.Wrap(s, 50*pdf.Millimetre) {
			if w := style.Width(line); w > 50*pdf.Millimetre+pdf.Point {
				t.Fatalf("%q is %d wide", line, w)
			}
		}
		var letters, wrapped strings.Builder
		for _, word := range strings.Fields(clean) {
			letters.WriteString(word)
		}
		for _, line := range style.Wrap(s, 50*pdf.Millimetre) {
			wrapped.WriteString(strings.Join(strings.Fields(line), ""))
		}
		if letters.String() != wrapped.String() {
			t.Fatalf("%q became %q", letters.String(), wrapped.String())
		}
		d := pdf.New(pdf.Info{Title: s, Author: s, Language: "en"})
		flow := &pdf.Flow{Doc: d, Width: 50 * pdf.Millimetre, Bottom: 200 * pdf.Millimetre}
		flow.Write(d.Root().Add(pdf.Paragraph), style, s)
		if _, err := d.Bytes(); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzFont(f *testing.F) {
	ttf, err := os.ReadFile("inter/inter-regular.ttf")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(12, []byte{0, 1})
	f.Add(200, bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, at int, patch []byte) {
		damaged := bytes.Clone(ttf)
		if at >= 0 && at < len(damaged) {
			copy(damaged[at:], patch)
		}
		if font, err := pdf.ParseFont("Damaged", damaged, "abc"); err == nil {
			pdf.Style{Font: font, Size: 1}.Wrap("text é", 40*pdf.Point)
		}
	})
}
