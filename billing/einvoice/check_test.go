package einvoice_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/billing/einvoice"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/tax"
)

type doc = einvoice.Document

// breaks is one change that violates a rule; the same rule may stand more than once.
type breaks struct {
	rule   string
	change func(d *doc)
}

// TestEachRuleIsTold breaks one rule at a time, in a document that has everything, and wants it named.
func TestEachRuleIsTold(t *testing.T) {
	told := map[string]bool{}
	for _, list := range []struct {
		base  string
		rules []breaks
	}{{"adjusted", general()}, {"adjusted", amounts()}, {"adjusted", codes()}, {"adjusted", rates()}, {"reverse-charge", reverse()}, {"outside-scope", outside()},
		{"intra-community", community()}, {"export", export()}, {"exempt", exempt()}, {"zero-rated", zero()}, {"yen", fine()}} {
		for _, b := range list.rules {
			d := named(t, list.base)
			if found := einvoice.Check(d); len(found) > 0 {
				t.Fatalf("%s: %v", list.base, found)
			}
			b.change(d)
			found := einvoice.Check(d)
			if !slices.ContainsFunc(found, func(v einvoice.Violation) bool { return v.Rule == b.rule && v.Term != "" && v.Text != "" }) {
				t.Errorf("%s in %s: found %v", b.rule, list.base, found)
			}
			told[b.rule] = true
			for _, write := range []func(*doc) ([]byte, error){einvoice.UBL, einvoice.CII} {
				if text, err := write(d); text != nil || !fail.Is(err, fail.Invalid) || !strings.Contains(err.Error(), b.rule) {
					t.Errorf("%s: it is written nevertheless: %v", b.rule, err)
				}
			}
		}
	}
	t.Logf("%d rules", len(told))
}

func named(t testing.TB, name string) *doc {
	t.Helper()
	for _, k := range kinds() {
		if k.name == name {
			return k.doc(t)
		}
	}
	t.Fatal("no kind", name)
	return nil
}

func eur(n int64) money.Amount { return money.New(n, money.EUR) }

func general() []breaks {
	none := price.Date{}
	return []breaks{
		{"BR-01", func(d *doc) { d.Specification = "" }},
		{"BR-02", func(d *doc) { d.Number = "" }},
		{"BR-03", func(d *doc) { d.Issued = none }},
		{"BR-04", func(d *doc) { d.Type = "" }},
		{"BR-05", func(d *doc) { d.Currency = "" }},
		{"BR-06", func(d *doc) { d.Seller.Name = "" }},
		{"BR-07", func(d *doc) { d.Buyer.Name = "" }},
		{"BR-08", func(d *doc) { d.Seller.Address = einvoice.Address{} }},
		{"BR-09", func(d *doc) { d.Seller.Address.Country = "" }},
		{"BR-10", func(d *doc) { d.Buyer.Address = einvoice.Address{} }},
		{"BR-11", func(d *doc) { d.Buyer.Address.Country = "" }},
		{"BR-16", func(d *doc) { d.Lines = nil }},
		{"BR-21", func(d *doc) { d.Lines[0].ID = "" }},
		{"BR-22", func(d *doc) { d.Lines[0].Quantity = "" }},
		{"BR-22", func(d *doc) { d.Lines[0].Quantity = "1e3" }},
		{"BR-23", func(d *doc) { d.Lines[0].Unit = "" }},
		{"BR-25", func(d *doc) { d.Lines[0].Item = "" }},
		{"BR-26", func(d *doc) { d.Lines[0].Price = "" }},
		{"BR-27", func(d *doc) { d.Lines[0].Price = "-1" }},
		{"BR-29", func(d *doc) { d.Period.To = day(2025, 1, 1) }},
		{"BR-30", func(d *doc) { d.Lines[0].Period.To = day(2025, 1, 1) }},
		{"BR-33", func(d *doc) { d.Adjustments[0].Reason, d.Adjustments[0].Code = "", "" }},
		{"BR-38", func(d *doc) { d.Adjustments[1].Reason, d.Adjustments[1].Code = "", "" }},
		{"BR-42", func(d *doc) { d.Lines[1].Adjustments[0].Reason, d.Lines[1].Adjustments[0].Code = "", "" }},
		{"BR-44", func(d *doc) { d.Lines[1].Adjustments[1].Reason = "" }},
		{"BR-32", func(d *doc) { d.Adjustments[0].Category = "" }},
		{"BR-37", func(d *doc) { d.Adjustments[1].Category = "" }},
		{"BR-49", func(d *doc) { d.Payment.Means = "" }},
		{"BR-50", func(d *doc) { d.Payment.Means, d.Payment.Account = "1", "" }},
		{"BR-52", func(d *doc) { d.Supporting[0].ID = "" }},
		{"BR-53", func(d *doc) { d.Totals.VATBooked = eur(1) }},
		{"BR-55", func(d *doc) { d.Preceding = []einvoice.Reference{{Issued: day(2026, 1, 1)}} }},
		{"BR-57", func(d *doc) { d.Delivery.Date = day(2026, 2, 31) }},
		{"BR-61", func(d *doc) { d.Payment.Account = "" }},
		{"BR-62", func(d *doc) { d.Seller.Endpoint.Scheme = "" }},
		{"BR-63", func(d *doc) { d.Buyer.Endpoint.Scheme = "" }},
		{"BR-CO-03", func(d *doc) { d.TaxPoint = day(2026, 13, 1) }},
		{"BR-CO-04", func(d *doc) { d.Lines[0].Category = "" }},
		{"BR-CO-09", func(d *doc) { d.Seller.VATID = "0303265045" }},
		{"BR-CO-09", func(d *doc) { d.Buyer.VATID = "Q" }},
		{"BR-CO-19", func(d *doc) { d.Period.From = day(2026, 2, 30) }},
		{"BR-CO-20", func(d *doc) { d.Lines[0].Period.To = day(2026, 4, 31) }},
		{"BR-CO-25", func(d *doc) { d.Due, d.Terms = none, "" }},
		{"BR-CO-26", func(d *doc) {
			d.Seller.VATID, d.Seller.ID, d.Seller.Legal = "", einvoice.Identifier{}, einvoice.Identifier{}
		}},
	}
}

func amounts() []breaks {
	return []breaks{
		{"BR-12", func(d *doc) { d.Totals.Lines = money.Amount{} }},
		{"BR-13", func(d *doc) { d.Totals.Net = money.Amount{} }},
		{"BR-14", func(d *doc) { d.Totals.Gross = money.Amount{} }},
		{"BR-15", func(d *doc) { d.Totals.Due = money.Amount{} }},
		{"BR-24", func(d *doc) { d.Lines[0].Net = money.Amount{} }},
		{"BR-31", func(d *doc) { d.Adjustments[0].Amount = money.Amount{} }},
		{"BR-36", func(d *doc) { d.Adjustments[1].Amount = money.Amount{} }},
		{"BR-41", func(d *doc) { d.Lines[1].Adjustments[0].Amount = money.Amount{} }},
		{"BR-43", func(d *doc) { d.Lines[1].Adjustments[1].Amount = money.Amount{} }},
		{"BR-45", func(d *doc) { d.VAT[0].Base = money.Amount{} }},
		{"BR-46", func(d *doc) { d.VAT[0].VAT = money.Amount{} }},
		{"BR-CO-10", func(d *doc) { d.Totals.Lines.Minor++ }},
		{"BR-CO-11", func(d *doc) { d.Totals.Allowances.Minor++ }},
		{"BR-CO-12", func(d *doc) { d.Totals.Charges.Minor++ }},
		{"BR-CO-13", func(d *doc) { d.Totals.Net.Minor++ }},
		{"BR-CO-14", func(d *doc) { d.Totals.VAT.Minor++ }},
		{"BR-CO-15", func(d *doc) { d.Totals.Gross.Minor++ }},
		{"BR-CO-16", func(d *doc) { d.Totals.Due.Minor++ }},
		{"BR-CO-16", func(d *doc) { d.Totals.Prepaid.Minor++ }},
		{"BR-CO-17", func(d *doc) { d.VAT[0].VAT.Minor += 2 }},
		{"BR-CO-18", func(d *doc) { d.VAT = nil }},
		{"PEPPOL-EN16931-R120", func(d *doc) { d.Lines[0].Price = "1234" }},
		{"PEPPOL-EN16931-R121", func(d *doc) { d.Lines[0].Base = "0" }},
		{"PEPPOL-EN16931-R121", func(d *doc) { d.Lines[0].Base = "-1" }},
		{"BR-CL-03", func(d *doc) { d.Totals.Net.Currency = "SEK" }},
	}
}

func codes() []breaks {
	return []breaks{
		{"BR-CL-01", func(d *doc) { d.Type = "999" }},
		{"BR-CL-04", func(d *doc) { d.Currency = "EURO" }},
		{"BR-CL-05", func(d *doc) { d.Totals.VATBooked = money.New(1, "EUX") }},
		{"BR-CL-08", func(d *doc) { d.Notes[0].Subject = "000" }},
		{"BR-CL-10", func(d *doc) { d.Seller.ID.Scheme = "SIRET" }},
		{"BR-CL-11", func(d *doc) { d.Buyer.Legal.Scheme = "SIREN" }},
		{"BR-CL-14", func(d *doc) { d.Seller.Address.Country = "UK" }},
		{"BR-CL-14", func(d *doc) { d.Delivery.Country = "fr" }},
		{"BR-CL-16", func(d *doc) { d.Payment.Means = "SEPA" }},
		{"BR-CL-17", func(d *doc) { d.VAT[0].Category = "Q" }},
		{"BR-CL-18", func(d *doc) { d.Lines[0].Category = "Q" }},
		{"BR-CL-19", func(d *doc) { d.Adjustments[0].Code = "ABL" }},
		{"BR-CL-20", func(d *doc) { d.Adjustments[1].Code = "95" }},
		{"BR-CL-22", func(d *doc) { d.VAT[0].Code = "VATEX-NONE" }},
		{"BR-CL-23", func(d *doc) { d.Lines[0].Unit = "hour" }},
		{"BR-CL-25", func(d *doc) { d.Buyer.Endpoint.Scheme = "email" }},
	}
}

func rates() []breaks {
	unknown := func(d *doc) { d.Seller.VATID, d.Seller.TaxNumber = "", "" }
	return []breaks{
		{"BR-S-01", func(d *doc) { d.VAT = nil }},
		{"BR-S-02", unknown}, {"BR-S-03", unknown}, {"BR-S-04", unknown},
		{"BR-S-05", func(d *doc) { d.Lines[0].BasisPoints = 0 }},
		{"BR-S-06", func(d *doc) { d.Adjustments[0].BasisPoints = 0 }},
		{"BR-S-07", func(d *doc) { d.Adjustments[1].BasisPoints = -1 }},
		{"BR-S-08", func(d *doc) { d.VAT[0].Base.Minor++ }},
		{"BR-S-08", func(d *doc) { d.Lines[0].BasisPoints = 550 }},
		{"BR-S-08", func(d *doc) { d.VAT = append(d.VAT, d.VAT[0]) }},
		{"BR-S-09", func(d *doc) { d.VAT[0].VAT.Minor += 2 }},
		{"BR-S-10", func(d *doc) { d.VAT[0].Reason = "because" }},
	}
}

func reverse() []breaks {
	return []breaks{
		{"BR-AE-01", func(d *doc) { d.VAT = append(d.VAT, d.VAT[0]) }},
		{"BR-AE-02", func(d *doc) { d.Seller.VATID = "" }},
		{"BR-AE-02", func(d *doc) { d.Buyer.VATID, d.Buyer.Legal.ID = "", "" }},
		{"BR-AE-03", func(d *doc) { d.Adjustments, d.Seller.VATID = extra(false, tax.ReverseCharge), "" }},
		{"BR-AE-04", func(d *doc) { d.Adjustments, d.Seller.VATID = extra(true, tax.ReverseCharge), "" }},
		{"BR-AE-05", func(d *doc) { d.Lines[0].BasisPoints = 1 }},
		{"BR-AE-06", func(d *doc) { d.Adjustments = extra(false, tax.ReverseCharge); d.Adjustments[0].BasisPoints = 1 }},
		{"BR-AE-07", func(d *doc) { d.Adjustments = extra(true, tax.ReverseCharge); d.Adjustments[0].BasisPoints = 1 }},
		{"BR-AE-08", func(d *doc) { d.VAT[0].Base.Minor++ }},
		{"BR-AE-09", func(d *doc) { d.VAT[0].VAT.Minor = 1 }},
		{"BR-AE-10", func(d *doc) { d.VAT[0].Reason, d.VAT[0].Code = "", "" }},
	}
}

func extra(charge bool, c tax.Category) []einvoice.Adjustment {
	return []einvoice.Adjustment{{Charge: charge, Amount: eur(0), Category: c, Reason: "Extra"}}
}

func outside() []breaks {
	taxed := func(d *doc) { d.Seller.VATID = "FR40303265045" }
	return []breaks{
		{"BR-O-01", func(d *doc) { d.VAT[0].Category, d.VAT[0].Code = tax.Exempt, "" }},
		{"BR-O-02", taxed}, {"BR-O-02", func(d *doc) { d.Buyer.VATID = "CH1" }},
		{"BR-O-03", func(d *doc) { taxed(d); d.Adjustments = extra(false, tax.OutsideScope) }},
		{"BR-O-04", func(d *doc) { taxed(d); d.Adjustments = extra(true, tax.OutsideScope) }},
		{"BR-O-05", func(d *doc) { d.Lines[0].BasisPoints = 1 }},
		{"BR-O-06", func(d *doc) { d.Adjustments = extra(false, tax.OutsideScope); d.Adjustments[0].BasisPoints = 1 }},
		{"BR-O-07", func(d *doc) { d.Adjustments = extra(true, tax.OutsideScope); d.Adjustments[0].BasisPoints = 1 }},
		{"BR-O-08", func(d *doc) { d.VAT[0].Base.Minor-- }},
		{"BR-O-09", func(d *doc) { d.VAT[0].VAT.Minor = 1 }},
		{"BR-O-10", func(d *doc) { d.VAT[0].Reason, d.VAT[0].Code = "", "" }},
		{"BR-O-11", func(d *doc) {
			d.VAT = append(d.VAT, einvoice.Breakdown{Base: eur(0), VAT: eur(0), Category: tax.ZeroRated})
		}},
		{"BR-O-12", func(d *doc) { d.Lines[0].Category = tax.ZeroRated }},
		{"BR-O-13", func(d *doc) { d.Adjustments = extra(false, tax.ZeroRated) }},
		{"BR-O-14", func(d *doc) { d.Adjustments = extra(true, tax.ZeroRated) }},
	}
}

// plainCategory are the rules that a category without tax has in common with others.
func plainCategory(name string, c tax.Category, reason bool) []breaks {
	unknown := func(d *doc) { d.Seller.VATID, d.Seller.TaxNumber = "", "" }
	return []breaks{
		{name + "-01", func(d *doc) { d.VAT = append(d.VAT, d.VAT[0]) }},
		{name + "-02", unknown},
		{name + "-03", func(d *doc) { unknown(d); d.Adjustments = extra(false, c) }},
		{name + "-04", func(d *doc) { unknown(d); d.Adjustments = extra(true, c) }},
		{name + "-05", func(d *doc) { d.Lines[0].BasisPoints = 2000 }},
		{name + "-06", func(d *doc) { d.Adjustments = extra(false, c); d.Adjustments[0].BasisPoints = 1 }},
		{name + "-07", func(d *doc) { d.Adjustments = extra(true, c); d.Adjustments[0].BasisPoints = 1 }},
		{name + "-08", func(d *doc) { d.VAT[0].Base.Minor++ }},
		{name + "-09", func(d *doc) { d.VAT[0].VAT.Minor = 1 }},
		{name + "-10", func(d *doc) {
			d.VAT[0].Code, d.VAT[0].Reason = "", "because"
			if reason {
				d.VAT[0].Reason = ""
			}
		}},
	}
}

func community() []breaks {
	return append(plainCategory("BR-IC", tax.IntraCommunity, true),
		breaks{"BR-IC-02", func(d *doc) { d.Buyer.VATID = "" }},
		breaks{"BR-IC-02", func(d *doc) { d.Seller.VATID, d.Seller.TaxNumber = "", "12/34" }},
		breaks{"BR-IC-11", func(d *doc) { d.Delivery.Date, d.Period = price.Date{}, einvoice.Period{} }},
		breaks{"BR-IC-12", func(d *doc) { d.Delivery.Country = "" }})
}

func export() []breaks { return plainCategory("BR-G", tax.Export, true) }
func exempt() []breaks { return plainCategory("BR-E", tax.Exempt, true) }
func zero() []breaks   { return plainCategory("BR-Z", tax.ZeroRated, false) }

// fine are the rules on decimals, which only a currency of three can violate.
func fine() []breaks {
	dinar := money.New(1001, "TND")
	at := func(rule string, where func(d *doc) *money.Amount) breaks {
		return breaks{rule, func(d *doc) { d.Currency = "TND"; *where(d) = dinar }}
	}
	adjusted := func(charge bool) func(d *doc) *einvoice.Adjustment {
		return func(d *doc) *einvoice.Adjustment {
			d.Adjustments = extra(charge, tax.Standard)
			return &d.Adjustments[0]
		}
	}
	ofLine := func(charge bool) func(d *doc) *einvoice.Adjustment {
		return func(d *doc) *einvoice.Adjustment {
			d.Lines[0].Adjustments = extra(charge, "")
			return &d.Lines[0].Adjustments[0]
		}
	}
	list := []breaks{
		at("BR-DEC-09", func(d *doc) *money.Amount { return &d.Totals.Lines }), at("BR-DEC-10", func(d *doc) *money.Amount { return &d.Totals.Allowances }),
		at("BR-DEC-11", func(d *doc) *money.Amount { return &d.Totals.Charges }), at("BR-DEC-12", func(d *doc) *money.Amount { return &d.Totals.Net }),
		at("BR-DEC-13", func(d *doc) *money.Amount { return &d.Totals.VAT }), at("BR-DEC-14", func(d *doc) *money.Amount { return &d.Totals.Gross }),
		at("BR-DEC-15", func(d *doc) *money.Amount { return &d.Totals.VATBooked }), at("BR-DEC-16", func(d *doc) *money.Amount { return &d.Totals.Prepaid }),
		at("BR-DEC-17", func(d *doc) *money.Amount { return &d.Totals.Rounding }), at("BR-DEC-18", func(d *doc) *money.Amount { return &d.Totals.Due }),
		at("BR-DEC-19", func(d *doc) *money.Amount { return &d.VAT[0].Base }), at("BR-DEC-20", func(d *doc) *money.Amount { return &d.VAT[0].VAT }),
		at("BR-DEC-23", func(d *doc) *money.Amount { return &d.Lines[0].Net }),
	}
	for _, a := range []struct {
		amount, base string
		of           func(d *doc) *einvoice.Adjustment
	}{{"BR-DEC-01", "BR-DEC-02", adjusted(false)}, {"BR-DEC-05", "BR-DEC-06", adjusted(true)}, {"BR-DEC-24", "BR-DEC-25", ofLine(false)}, {"BR-DEC-27", "BR-DEC-28", ofLine(true)}} {
		list = append(list, at(a.amount, func(d *doc) *money.Amount { return &a.of(d).Amount }), at(a.base, func(d *doc) *money.Amount { return &a.of(d).Base }))
	}
	return list
}

// TestWhatIsMissingIsAllTold is the refusal that a person reads: every gap at once, each with its rule.
func TestWhatIsMissingIsAllTold(t *testing.T) {
	i := plain(t)
	i.Seller.VATID, i.Seller.Registration, i.Seller.Country = "", "", ""
	i.Type = proof.TypeInvoice
	_, err := einvoice.UBL(from(t, i))
	var f *fail.Error
	if !errors.As(err, &f) || f.Code != "einvoice.invalid" || len(f.Fields) < 3 || f.Remedy == "" {
		t.Fatalf("%v", err)
	}
}
