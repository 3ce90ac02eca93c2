package sepa_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/billing/sepa"
)

func TestIBAN(t *testing.T) {
	// The examples of the IBAN registry.
	for _, good := range []string{"FR14 2004 1010 0505 0001 3M02 606", "de89370400440532013000", "NO93 8601 1117 947", "MT84MALT011000012345MTLCAST001S", "GB29 NWBK 6016 1331 9268 19",
		"AT611904300234573201", "BE68539007547034", "NL91ABNA0417164300", "ES9121000418450200051332", "IT60X0542811101000000123456", "LU280019400644750000", "PL61109010140000071219812874"} {
		i, err := sepa.ParseIBAN(good)
		if err != nil {
			t.Errorf("%s: %v", good, err)
		}
		if again, err := sepa.ParseIBAN(i.Paper()); err != nil || again != i {
			t.Errorf("%s on paper is another", good)
		}
	}
	for bad, why := range map[string]string{"": "country", "FR1420041010050500013M02607": "check digits", "FR1420041010050500013M0260": "too long or too short", "US64SVBKUS6S3300958879": "outside",
		"FR14;DROP": "letters", "ФР1420041010050500013M02606": "letters"} {
		_, err := sepa.ParseIBAN(bad)
		if err == nil || !strings.Contains(err.Error(), why) || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v, want %s", bad, err, why)
		}
	}
}

func TestOneWrongDigitIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		good := []byte("DE89370400440532013000")
		at := rapid.IntRange(4, len(good)-1).Draw(t, "at")
		was := good[at]
		good[at] = byte('0' + rapid.IntRange(0, 9).Draw(t, "digit"))
		if _, err := sepa.ParseIBAN(string(good)); (err == nil) != (good[at] == was) {
			t.Fatalf("%s: %v", good, err)
		}
	})
}

func TestAnAccountNumberGetsIntoNoLog(t *testing.T) {
	i, err := sepa.ParseIBAN("FR1420041010050500013M02606")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "iban", i)
	_, _ = fmt.Fprintf(&b, "%v %s %+v %#v %v", i, i, sepa.Account{IBAN: i}, sepa.Account{IBAN: i}, []any{i})
	if strings.Contains(b.String(), "2004101005") || !strings.Contains(b.String(), "FR•• •••• 2606") {
		t.Error(b.String())
	}
}

func TestBankAndCreditorCodes(t *testing.T) {
	for text, good := range map[string]bool{"AGRIFRPP": true, "agrifrppxxx": true, "AGRIFRP": false, "AGRI12PP": false, "AGRIFRPPXX": false, "": false} {
		if _, err := sepa.ParseBIC(text); (err == nil) != good {
			t.Errorf("BIC %q: %v", text, err)
		}
	}
	for text, good := range map[string]bool{"DE98ZZZ09999999999": true, "DE98 ABC 09999999999": true, "DE99ZZZ09999999999": false, "FR72ZZZ123456": true, "AT61ZZZ01234567890": true, "XX": false, "": false} {
		if _, err := sepa.ParseCreditorID(text); (err == nil) != good {
			t.Errorf("creditor %q: %v", text, err)
		}
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{"Zoë Łukasz & Søn": "Zoe Lukasz + Son", "Ελλάδα": "Ellada", "Иван Йорданов Щ": "Ivan Yordanov SHT", "a//b///c": "a/b/c", "/x/": "x",
		"été\u0301\t\n ok": "ete ok", "日本": "..", "Straße 5€": "Strase 5EUR", "A\u0301": "A", "<a href='x'>": "(a href.'x')", "": "", "ǅ": "."} {
		if got := sepa.Text(in, 70); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		got := sepa.Text(rapid.String().Draw(t, "text"), 35)
		if len(got) > 35 || strings.Trim(got, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ") != "" || strings.Contains(got, "//") ||
			strings.HasPrefix(got, "/") || strings.HasSuffix(got, "/") || strings.TrimSpace(got) != got || sepa.Text(got, 35) != got {
			t.Fatalf("%q", got)
		}
	})
}
