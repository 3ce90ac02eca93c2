package einvoice_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/billing/einvoice"
	"github.com/halle-cloud/halle/internal/fail"
)

var update = flag.Bool("update", false, "write the golden files")

// TestEveryKindIsWrittenAsItWas holds each kind in both syntaxes; the official artefacts have accepted these files.
func TestEveryKindIsWrittenAsItWas(t *testing.T) {
	for _, k := range kinds() {
		for syntax, write := range map[string]func(*einvoice.Document) ([]byte, error){"ubl": einvoice.UBL, "cii": einvoice.CII} {
			got, err := write(k.doc(t))
			if err != nil {
				t.Errorf("%s %s: %v", k.name, syntax, err)
				continue
			}
			name := filepath.Join("testdata", k.name+"."+syntax+".xml")
			if *update {
				if err := os.WriteFile(name, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %v\n%s", name, err, gocmp.Diff(string(want), string(got)))
			}
		}
	}
}

// TestBothSyntaxesSayTheSame reads each back and writes it in both: nothing is lost on the way.
func TestBothSyntaxesSayTheSame(t *testing.T) {
	for _, k := range kinds() {
		d := k.doc(t)
		for syntax, write := range map[string]func(*einvoice.Document) ([]byte, error){"ubl": einvoice.UBL, "cii": einvoice.CII} {
			text, err := write(d)
			if err != nil {
				t.Fatal(k.name, err)
			}
			back, err := einvoice.Read(text)
			if err != nil {
				t.Errorf("%s %s: %v", k.name, syntax, err)
				continue
			}
			if found := einvoice.Check(back); len(found) > 0 {
				t.Errorf("%s %s: read back it violates %v", k.name, syntax, found)
			}
			for other, write := range map[string]func(*einvoice.Document) ([]byte, error){"ubl": einvoice.UBL, "cii": einvoice.CII} {
				want, _ := write(d)
				if got, err := write(back); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s from %s as %s: %v\n%s", k.name, syntax, other, err, gocmp.Diff(string(want), string(got)))
				}
			}
		}
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	good, err := einvoice.UBL(kinds()[0].doc(t))
	if err != nil {
		t.Fatal(err)
	}
	whole := string(good)
	with := func(from, to string) string { return strings.Replace(whole, from, to, 1) }
	for name, c := range map[string]struct{ text, says string }{
		"empty":              {"", "no element"},
		"no XML":             {"{}", "no element"},
		"broken":             {whole[:len(whole)/2], "well-formed"},
		"entity expansion":   {with("?>", "?>\n<!DOCTYPE lol [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>"), "document type"},
		"file of ours":       {with("?>", "?>\n<!DOCTYPE x SYSTEM \"file:///etc/passwd\">"), "document type"},
		"unknown entity":     {with("INV-2026-000042", "&xxe;"), "well-formed"},
		"other encoding":     {with("UTF-8", "UTF-16"), "UTF-8"},
		"deep":               {"<a xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\">" + strings.Repeat("<a>", 40), "deeper"},
		"attributes":         {with("<cbc:ID>", "<cbc:ID "+attributes(20)+">"), "attributes"},
		"two documents":      {whole + strings.TrimPrefix(whole, `<?xml version="1.0" encoding="UTF-8"?>`), "more than one"},
		"other namespace":    {with("xsd:Invoice-2", "xsd:Order-2"), "no element"},
		"part of an invoice": {`<x:TaxTotal xmlns:x="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"/>`, "no electronic invoice"},
		"text as amount":     {with(">208.78<", ">much<"), "cannot be kept"},
		"too fine":           {with(">208.78<", ">208.781<"), "cannot be kept"},
		"infinite":           {with(">208.78<", ">1e999<"), "cannot be kept"},
		"overflow":           {with(">208.78<", ">99999999999999999999999.00<"), "cannot be kept"},
		"no such day":        {with("2026-04-01", "2026-02-30"), "cannot be kept"},
		"rate":               {with("<cbc:Percent>20<", "<cbc:Percent>20.123<"), "cannot be kept"},
		"other currency":     {with(`currencyID="EUR">208.78`, `currencyID="XXX">208.78`), "cannot be kept"},
	} {
		d, err := einvoice.Read([]byte(c.text))
		if err == nil || !fail.Is(err, fail.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v; want %q", name, d, err, c.says)
		}
	}
}

func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + strings.Repeat("b", i) + `="1"`)
	}
	return b.String()
}

// FuzzRead holds that reading never breaks, and that what it took and the rules accept is written and read the same.
func FuzzRead(f *testing.F) {
	for _, k := range kinds() {
		if k.name != "consumer-credit" && k.name != "zero-rated" { // small ones: the machine is to look, not to copy
			continue
		}
		for _, write := range []func(*einvoice.Document) ([]byte, error){einvoice.UBL, einvoice.CII} {
			text, err := write(k.doc(f))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := einvoice.Read(text)
		if err != nil || len(einvoice.Check(d)) > 0 {
			return
		}
		for _, write := range []func(*einvoice.Document) ([]byte, error){einvoice.UBL, einvoice.CII} {
			one, err := write(d)
			if err != nil {
				t.Fatal(err)
			}
			back, err := einvoice.Read(one)
			if err != nil {
				t.Fatalf("%v\n%s", err, one)
			}
			if two, err := write(back); err != nil || !bytes.Equal(one, two) {
				t.Fatalf("%v\n%s", err, gocmp.Diff(string(one), string(two)))
			}
		}
	})
}
