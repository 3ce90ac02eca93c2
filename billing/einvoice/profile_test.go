package einvoice_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/billing/einvoice"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
)

func TestProfilesAreSound(t *testing.T) {
	for _, p := range einvoice.Profiles() {
		if p.Key == "" || p.Name == "" || p.Source == "" || !strings.HasPrefix(p.Specification, einvoice.Specification) || len(p.Syntaxes) == 0 {
			t.Errorf("%+v", p)
		}
		for _, r := range p.Rules {
			if r.Rule == "" || r.Fill == "" || len(r.Any) == 0 && r.Term == "" && r.Holds == "" || (r.Term == "") != (r.Pattern == "") {
				t.Errorf("%s: %+v", p.Key, r)
			}
			if _, err := regexp.Compile(r.Pattern); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestProfilesNameWhatIsMissing takes one thing away at a time.
func TestProfilesNameWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		profile, rule string
		change        func(d *doc)
	}{
		{"peppol", "PEPPOL-EN16931-R003", func(d *doc) { d.BuyerReference, d.Order = "", "" }},
		{"peppol", "PEPPOL-EN16931-R010", func(d *doc) { d.Buyer.Endpoint = einvoice.Identifier{} }},
		{"peppol", "PEPPOL-EN16931-R020", func(d *doc) { d.Seller.Endpoint = einvoice.Identifier{} }},
		{"peppol", "PEPPOL-EN16931-CL008", func(d *doc) { d.Buyer.Endpoint.Scheme = "EM" }},
		{"peppol", "PEPPOL-EN16931-R061", func(d *doc) { d.Payment = einvoice.Payment{Means: "59"} }},
		{"xrechnung", "BR-DE-1", func(d *doc) { d.Payment = einvoice.Payment{} }},
		{"xrechnung", "BR-DE-3", func(d *doc) { d.Seller.Address.City = "" }},
		{"xrechnung", "BR-DE-9", func(d *doc) { d.Buyer.Address.Postcode = "" }},
		{"xrechnung", "BR-DE-5", func(d *doc) { d.Seller.Contact.Name = "" }},
		{"xrechnung", "BR-DE-15", func(d *doc) { d.BuyerReference = "" }},
		{"xrechnung", "BR-DE-16", func(d *doc) { d.Seller.VATID = "" }},
		{"xrechnung", "BR-DE-19", func(d *doc) { d.Payment.Account = "12345" }},
		{"xrechnung", "BR-DE-26", func(d *doc) { d.Type = "384" }},
		{"xrechnung", "BR-DE-27", func(d *doc) { d.Seller.Contact.Phone = "none" }},
		{"xrechnung", "BR-DE-28", func(d *doc) { d.Seller.Contact.Email = "compta@" }},
		{"xrechnung", "BR-DE-31", func(d *doc) { d.Payment = einvoice.Payment{Means: "59", Mandate: "M", Creditor: "FR1"} }},
		{"xrechnung", "BR-DE-10", func(d *doc) { d.Delivery.Country = "DE" }},
		{"france", "BR-FR-01", func(d *doc) { d.Number = strings.Repeat("9", 36) }},
		{"france", "BR-FR-02", func(d *doc) { d.Number = "1 2" }},
		{"france", "BR-FR-05", func(d *doc) { d.Notes = d.Notes[1:] }},
		{"france", "BR-FR-10", func(d *doc) { d.Seller.Legal = einvoice.Identifier{Scheme: "0060", ID: "1"} }},
		{"france", "BR-FR-11", func(d *doc) { d.Buyer.Legal.ID, d.Buyer.VATID = "", "" }},
		{"france", "BR-FR-13", func(d *doc) { d.Seller.Endpoint = einvoice.Identifier{} }},
		{"france", "BR-FR-CO-12", func(d *doc) { d.Currency = "USD" }},
	} {
		d := named(t, "invoice")
		if _, err := einvoice.Write(d, c.profile, ""); err != nil {
			t.Fatal(c.profile, err)
		}
		c.change(d)
		_, err := einvoice.Write(d, c.profile, "")
		var f *fail.Error
		if !errors.As(err, &f) || !slices.ContainsFunc(f.Fields, func(f fail.Field) bool { return strings.Contains(f.Message, "("+c.rule+")") }) {
			t.Errorf("%s %s: %v", c.profile, c.rule, err)
		}
	}
}

func TestProfilesTakeWhatTheyAreFor(t *testing.T) {
	for _, c := range []struct{ kind, profile, syntax, says string }{
		{"self-billed", "peppol", "ubl", "selfbilling:3.0"},
		{"invoice", "peppol", "ubl", "billing:3.0"},
		{"invoice", "", "cii", "urn:cen.eu:en16931:2017<"},
		{"credit-whole", "xrechnung", "", "<cbc:PaymentMeansCode>1<"},
		{"self-billed-credit", "xrechnung", "", "refused: takes no document of the type 261"},
		{"invoice", "peppol", "cii", "refused: not written in that syntax"},
		{"invoice", "peppol", "../../etc/passwd", "refused: not written in that syntax"},
		{"invoice", "klingon", "", "refused: no such profile"},
	} {
		text, err := einvoice.Write(named(t, c.kind), c.profile, c.syntax)
		if want, refused := strings.CutPrefix(c.says, "refused: "); refused {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v", c, err)
			}
		} else if err != nil || !strings.Contains(string(text), c.says) {
			t.Errorf("%+v: %v\n%s", c, err, text)
		}
	}
}

// TestASiretBringsItsSiren holds what the French profile makes of a registration.
func TestASiretBringsItsSiren(t *testing.T) {
	for _, c := range []struct{ scheme, id, vat, want string }{
		{"0009", "30326504500012", "FR40303265045", `schemeID="0002">303265045<`},
		{"", "Lyon B 303 265 045", "FR40303265045", `schemeID="0002">303265045<`},
		{"0002", "303265045", "FR40303265045", `schemeID="0002">303265045<`},
	} {
		i := plain(t)
		i.Seller.Scheme, i.Seller.Registration, i.Seller.VATID = c.scheme, c.id, c.vat
		text, err := einvoice.Write(from(t, i), "france", "ubl")
		if err != nil || !strings.Contains(string(text), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestLinesMultiply holds how a line that is no product is told: its quantity × its price ÷ its base is its amount.
func TestLinesMultiply(t *testing.T) {
	for _, c := range []struct {
		name        string
		line        proof.InvoiceLine
		quantity    string
		unit        string
		price, base string
		text        string
	}{
		{"seats", line("seat", "month", 3, 0, 3000), "3", "MON", "10", "", "seat"},
		{"tiers", line("run", "hour", 5400, 3600, 7), "1.5", "HUR", "0.07", "1.5", "run"},
		{"a unit without code", line("messages", "thousand-messages", 2500, 1000, 500), "2.5", "C62", "2", "", "messages, 2.5 × thousand-messages"},
		{"not short in its unit", line("cpu", "hour", 5401, 3600, 31), "5401", "C62", "0.31", "5401", "cpu, 5401 ÷ 3600 × hour"},
		{"before units were kept", line("cpu", "hour", 1800, 0, 31), "1800", "C62", "0.31", "1800", "cpu, 1800, priced per hour"},
		{"taken back", line("run", "hour", 7200, 3600, -50), "-2", "HUR", "0.25", "", "run"},
		{"for nothing", line("support", "month", 1, 0, 0), "1", "MON", "0", "", "support"},
		{"no quantity", line("fee", "", 0, 0, 123), "1", "C62", "1.23", "", "fee"},
		{"quantity against amount", line("odd", "hour", -3600, 3600, 5), "1", "C62", "0.05", "", "odd, -1 × hour"},
	} {
		d := from(t, issue(t, buyer("FR", "FR61954506077"), c.line))
		l := d.Lines[0]
		if string(l.Quantity) != c.quantity || l.Unit != c.unit || string(l.Price) != c.price || string(l.Base) != c.base || l.Text != c.text {
			t.Errorf("%s: %s %s at %s per %q, %q", c.name, l.Quantity, l.Unit, l.Price, l.Base, l.Text)
		}
		if l.Period.From != day(2026, 3, 1) || l.Period.To != day(2026, 3, 31) {
			t.Errorf("%s: %v", c.name, l.Period)
		}
		if d.Totals.Net != money.New(c.line.Amount.Minor, money.EUR) {
			t.Errorf("%s: %v", c.name, d.Totals)
		}
	}
}
