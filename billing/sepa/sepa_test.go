package sepa_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func eur(cents int64) money.Amount { return money.New(cents, money.EUR) }

func day(text string) (d price.Date) {
	if err := d.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return d
}

var header = sepa.Header{ID: "DD-2026-11-24-1", Created: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC), Initiator: "Halle Télécom SA"}

func debits() sepa.Collection {
	debtor := sepa.Account{Name: "Zoë Łukasz & Søn", IBAN: "FR1420041010050500013M02606"}
	return sepa.Collection{Header: header, CreditorID: "FR72ZZZ123456", Creditor: sepa.Account{Name: "Halle Télécom SA", IBAN: "FR7630006000011234567890189", BIC: "AGRIFRPPXXX"},
		Debits: []sepa.Debit{
			{EndToEnd: "INV-2026-000002", Amount: eur(1999), Due: day("2026-12-08"), Sequence: sepa.Recurrent, Debtor: debtor,
				Mandate: sepa.Mandate{ID: "M-1", Signed: day("2026-01-05"), FormerIBAN: "FR7630006000011234567890189"}, Remittance: "Facture INV-2026-000002 du 24/11/2026"},
			{EndToEnd: "INV-2026-000001", Amount: eur(1), Due: day("2026-12-01"), Sequence: sepa.First, Debtor: debtor, Mandate: sepa.Mandate{ID: "M-1", Signed: day("2026-01-05")}},
			{EndToEnd: "INV-2026-000003", Amount: eur(12_345_67), Due: day("2026-12-08"), Sequence: sepa.Recurrent, Mandate: sepa.Mandate{ID: "M-2", Signed: day("2026-01-06"), FormerID: "OLD/2"},
				Debtor: sepa.Account{Name: "Müller <GmbH>", IBAN: "CH9300762011623852957", BIC: "POFICHBEXXX"}, Remittance: strings.Repeat("Ünnötig ", 40)},
		}}
}

func payments() sepa.Payments {
	return sepa.Payments{Header: header, Debtor: sepa.Account{Name: "Halle Télécom SA", IBAN: "FR7630006000011234567890189"}, Payments: []sepa.Payment{
		{EndToEnd: "PAYOUT-2", Amount: eur(250_00), On: day("2026-12-02"), Creditor: sepa.Account{Name: "Šťastný s.r.o.", IBAN: "CZ6508000000192000145399"}, Remittance: "Statement 2026-11"},
		{EndToEnd: "PAYOUT-1", Amount: eur(999_999_999_99), On: day("2026-12-01"), Creditor: sepa.Account{Name: "Ελλάδα ΑΕ", IBAN: "GR1601101250000000012300695", BIC: "ETHNGRAA"}},
	}}
}

// golden compares with a file of testdata, which scripts/sepa-xsd.sh checks against the schemas.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(want, got) {
		t.Errorf("%s is not what is written now (%v):\n%s", file, err, got)
	}
}

func TestFiles(t *testing.T) {
	for _, v := range []sepa.Version{sepa.DirectDebit, sepa.DirectDebitOld} {
		got, err := debits().File(v)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := debits().File(v)
		if !bytes.Equal(got, again) {
			t.Error("the same collection gave other bytes")
		}
		golden(t, string(v)+".xml", got)
		follows(t, got)
	}
	for _, v := range []sepa.Version{sepa.Transfer, sepa.TransferOld} {
		got, err := payments().File(v)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, string(v)+".xml", got)
		follows(t, got)
	}
}

func TestSumsAndCountsOfAnyFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := debits()
		c.Debits = nil
		total := int64(0)
		for i := range rapid.IntRange(1, 40).Draw(t, "debits") {
			d := debits().Debits[0]
			d.EndToEnd = fmt.Sprintf("E-%d", i)
			d.Amount = eur(rapid.Int64Range(1, 999_999_999_99).Draw(t, "cents"))
			d.Due = day(fmt.Sprintf("2026-12-%02d", rapid.IntRange(1, 4).Draw(t, "day")))
			d.Sequence = rapid.SampledFrom([]sepa.Sequence{sepa.First, sepa.Recurrent, sepa.Final, sepa.OneOff}).Draw(t, "sequence")
			d.Debtor.Name = rapid.StringN(1, 90, -1).Draw(t, "name") + "x"
			d.Remittance = rapid.String().Draw(t, "remittance")
			total += d.Amount.Minor
			c.Debits = append(c.Debits, d)
		}
		got, err := c.File(sepa.DirectDebit)
		if err != nil {
			t.Fatal(err)
		}
		follows(t, got)
		if want := fmt.Sprintf("<NbOfTxs>%d</NbOfTxs><CtrlSum>%d.%02d</CtrlSum><InitgPty>", len(c.Debits), total/100, total%100); !bytes.Contains(got, []byte(want)) {
			t.Fatalf("the header does not say %s", want)
		}
		count, sum := 0, int64(0)
		for i, b := range c.Batches() {
			count, sum = count+len(b.Debits), sum+b.Sum.Minor
			if i > 0 && b.Due.Before(c.Batches()[i-1].Due) {
				t.Fatal("the batches are not in the order of their days")
			}
		}
		if count != len(c.Debits) || sum != total {
			t.Fatalf("batches have %d debits of %d", count, sum)
		}
	})
}

func TestWhatABankWouldRefuse(t *testing.T) {
	for field, spoil := range map[string]func(*sepa.Collection){
		"id":                      func(c *sepa.Collection) { c.ID = "a//b" },
		"initiator":               func(c *sepa.Collection) { c.Initiator = "" },
		"creditor_id":             func(c *sepa.Collection) { c.CreditorID = "FR73ZZZ123456" },
		"creditor.iban":           func(c *sepa.Collection) { c.Creditor.IBAN = "FR7630006000011234567890188" },
		"scheme":                  func(c *sepa.Collection) { c.Scheme = "COR1" },
		"debits":                  func(c *sepa.Collection) { c.Debits = nil },
		"debits.0.amount":         func(c *sepa.Collection) { c.Debits[0].Amount = money.New(5, "CHF") },
		"debits.1.amount":         func(c *sepa.Collection) { c.Debits[1].Amount = eur(0) },
		"debits.1.end_to_end":     func(c *sepa.Collection) { c.Debits[1].EndToEnd = c.Debits[0].EndToEnd },
		"debits.0.end_to_end":     func(c *sepa.Collection) { c.Debits[0].EndToEnd = strings.Repeat("x", 36) },
		"debits.0.mandate":        func(c *sepa.Collection) { c.Debits[0].Mandate.ID = "é" },
		"debits.0.mandate.signed": func(c *sepa.Collection) { c.Debits[0].Mandate.Signed = day("2027-01-01") },
		"debits.0.debtor.name":    func(c *sepa.Collection) { c.Debits[0].Debtor.Name = "/" },
		"debits.2.debtor.bic":     func(c *sepa.Collection) { c.Debits[2].Debtor.BIC = "" },
		"debits.2.sequence":       func(c *sepa.Collection) { c.Debits[2].Sequence = "" },
		"created":                 func(c *sepa.Collection) { c.Created = time.Time{} },
	} {
		c := debits()
		spoil(&c)
		_, err := c.File(sepa.DirectDebit)
		var e *fail.Error
		if e, _ = err.(*fail.Error); e == nil || len(e.Fields) != 1 || e.Fields[0].Path != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	p := payments()
	p.Payments[0].Creditor.IBAN, p.Payments[1].Amount = "", eur(-1)
	if _, err := p.File(sepa.Transfer); !fail.Is(err, fail.Invalid) {
		t.Errorf("spoiled payments: %v", err)
	}
	if _, err := payments().File(sepa.DirectDebit); !fail.Is(err, fail.Invalid) {
		t.Errorf("payments as debits: %v", err)
	}
}

func TestMessageID(t *testing.T) {
	a := sepa.MessageID("DD", "run", "1")
	if a != sepa.MessageID("DD", "run", "1") || a == sepa.MessageID("DD", "run1") || len(sepa.MessageID("COLLECTION-X", "y")) > sepa.MaxID {
		t.Error("the identifier is not a function of its parts, or too long")
	}
}
