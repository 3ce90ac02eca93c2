package tax

import (
	"testing"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

func table(t testing.TB) *Table {
	t.Helper()
	tab, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func day(t testing.TB, s string) price.Date {
	t.Helper()
	d, err := price.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDecide(t *testing.T) {
	tab := table(t)
	for _, c := range []struct {
		name, seller, buyer string
		business            bool
		vatID, at           string
		registered          []string
		category            Category
		bp                  int
		rule, code          string
	}{
		{"domestic consumer", "FR", "FR", false, "", "2026-06-01", nil, "S", 2000, "domestic", ""},
		{"domestic business", "FR", "FR", true, "FR40303265045", "2026-06-01", nil, "S", 2000, "domestic", ""},
		{"Monaco is taxed as France", "FR", "MC", true, "", "2026-06-01", nil, "S", 2000, "domestic", ""},
		{"domestic Swiss, before", "CH", "CH", true, "", "2023-12-31", nil, "S", 770, "domestic", ""},
		{"domestic Swiss, after", "CH", "CH", true, "", "2024-01-01", nil, "S", 810, "domestic", ""},
		{"business in the Union", "FR", "DE", true, "DE123456789", "2026-06-01", nil, "AE", 0, "reverseCharge", ""},
		{"Greek identifier", "FR", "GR", true, "EL123456789", "2026-06-01", nil, "AE", 0, "reverseCharge", ""},
		{"wrong identifier", "FR", "GR", true, "GR123456789", "2026-06-01", nil, "", 0, "", "tax.vat_id"},
		{"identifier of another country", "FR", "DE", true, "FR40303265045", "2026-06-01", nil, "", 0, "", "tax.vat_id"},
		{"business without identifier", "FR", "DE", true, "", "2026-06-01", nil, "S", 1900, "consumerUnion", ""},
		{"consumer in the Union", "FR", "HU", false, "", "2026-06-01", nil, "S", 2700, "consumerUnion", ""},
		{"Estonia before", "FR", "EE", false, "", "2025-06-30", nil, "S", 2200, "consumerUnion", ""},
		{"Estonia after", "FR", "EE", false, "", "2025-07-01", nil, "S", 2400, "consumerUnion", ""},
		{"Romania after", "FR", "RO", false, "", "2025-08-01", nil, "S", 2100, "consumerUnion", ""},
		{"Finland", "FR", "FI", false, "", "2024-09-01", nil, "S", 2550, "consumerUnion", ""},
		{"business outside", "FR", "TN", true, "", "2026-06-01", nil, "O", 0, "outside", ""},
		{"British business", "FR", "GB", true, "", "2026-06-01", nil, "O", 0, "outside", ""},
		{"consumer outside", "FR", "US", false, "", "2026-06-01", nil, "O", 0, "outside", ""},
		{"consumer outside, registered", "FR", "NO", false, "", "2026-06-01", []string{"NO"}, "S", 2500, "consumerRegistered", ""},
		{"registered but no rate known", "FR", "US", false, "", "2026-06-01", []string{"US"}, "", 0, "", "tax.rate"},
		{"from outside to a business", "GB", "FR", true, "FR40303265045", "2026-06-01", nil, "O", 0, "outside", ""},
		{"from outside to a consumer", "GB", "FR", false, "", "2026-06-01", nil, "", 0, "", "tax.no_rule"},
		{"from outside, one-stop shop", "GB", "FR", false, "", "2026-06-01", []string{"EU"}, "S", 2000, "consumerRegistered", ""},
		{"domestic without a rate", "TN", "TN", true, "", "2026-06-01", nil, "", 0, "", "tax.rate"},
		{"too early", "FR", "DE", true, "DE123456789", "2020-12-31", nil, "", 0, "", "tax.rate"},
		{"too early outside", "FR", "TN", true, "", "2020-12-31", nil, "", 0, "", "tax.rate"},
		{"no such country", "FR", "QQ", true, "", "2026-06-01", nil, "", 0, "", "tax.country"},
		{"UK is GB", "UK", "FR", true, "", "2026-06-01", nil, "", 0, "", "tax.country"},
		{"EL is GR", "FR", "EL", true, "", "2026-06-01", nil, "", 0, "", "tax.country"},
		{"small letters", "FR", "de", true, "", "2026-06-01", nil, "", 0, "", "tax.country"},
		{"none", "FR", "", true, "", "2026-06-01", nil, "", 0, "", "tax.country"},
	} {
		d, err := tab.Decide(Seller{c.seller, c.registered}, Buyer{c.buyer, c.business, c.vatID}, day(t, c.at))
		if fail.CodeOf(err) != c.code || d.Category != c.category || d.BasisPoints != c.bp || d.Rule != c.rule {
			t.Errorf("%s: %+v %v", c.name, d, err)
		}
		if err == nil && (d.Reason == "" || d.Clause == "" || d.Mention != "" && (Mention(d.Mention, "fr") == "" || Mention(d.Mention, "en") == "")) {
			t.Errorf("%s: a decision without its reason: %+v", c.name, d)
		}
	}
}

func TestEveryMemberStateHasARate(t *testing.T) {
	tab, union := table(t), 0
	for _, c := range tab.Countries {
		if c.PartOf != "" {
			continue
		}
		for _, at := range []price.Date{tab.From, day(t, "2026-11-23")} {
			if r, err := tab.Rates(c.Code, at); err != nil || r.Standard < 700 || r.Standard > 2700 {
				t.Errorf("%s on %v: %+v %v", c.Code, at, r, err)
			}
		}
		if c.EU {
			union++
		}
	}
	if union != 27 {
		t.Errorf("%d member states", union)
	}
}

func TestVATIDForms(t *testing.T) {
	tab := table(t)
	for id, ok := range map[string]bool{"ATU12345678": true, "AT12345678": false, "BE0123456789": true, "FR40303265045": true,
		"FRXX303265045": true, "fr40303265045": false, "DE 123456789": false, "IE1234567WA": true, "IE1A23456W": true,
		"NL123456789B01": true, "ESX1234567X": true, "LT123456789": true, "LT123456789012": true, "LT1234567890": false} {
		country := id[:2]
		if country == "fr" {
			country = "FR"
		}
		if err := tab.ValidVATID(country, id); (err == nil) != ok {
			t.Errorf("%s: %v", id, err)
		}
	}
	if err := tab.ValidVATID("US", "US1"); fail.CodeOf(err) != "tax.country" {
		t.Error(err)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, s := range []string{``, `{}`, `{"from":"2021-01-01","more":1}`,
		`{"from":"2021-01-01","countries":[{"code":"FR"}]}`,
		`{"from":"2021-01-01","countries":[{"code":"UK","rates":[{"from":"2021-01-01","standard":2000}]}]}`,
		`{"from":"2021-01-01","countries":[{"code":"GB","rates":[{"from":"2021-01-01","standard":0}]}]}`,
		`{"from":"2021-01-01","countries":[{"code":"GB","rates":[{"from":"2021-01-02","standard":1},{"from":"2021-01-01","standard":1}]}]}`,
		`{"from":"2021-01-01","countries":[{"code":"IM","partOf":"GB"}]}`,
		`{"from":"2021-01-01","countries":[{"code":"FR","eu":true,"vatPrefix":"FR","vatPattern":"(","rates":[{"from":"2021-01-01","standard":2000}]}]}`} {
		if _, err := Load([]byte(s)); fail.CodeOf(err) != "tax.table" {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(builtin)
	f.Add([]byte(`{"from":"2021-01-01","countries":[{"code":"GB","rates":[{"from":"2021-01-01","standard":2000,"reduced":[500]}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		tab, err := Load(b)
		if err != nil {
			return
		}
		for _, c := range tab.Countries {
			if r, err := tab.Rates(c.Code, day(t, "2026-01-01")); err == nil && (r.Standard <= 0 || r.Standard > whole) {
				t.Errorf("%s has %+v", c.Code, r)
			}
		}
	})
}

func TestNetTotalsOnTheSumOfLines(t *testing.T) {
	e := func(n int64) money.Amount { return money.New(n, money.EUR) }
	got, err := NetTotals(money.EUR, []Item{{e(3), Standard, 2000}, {e(3), Standard, 2000}, {e(100), Standard, 550}, {e(50), ReverseCharge, 0}})
	if err != nil {
		t.Fatal(err)
	}
	// Line by line 3 cents at 20 % would give 1 + 1; on the sum it is 1.2, so 1.
	want := []Subtotal{{ReverseCharge, 0, e(50), e(0)}, {Standard, 550, e(100), e(6)}, {Standard, 2000, e(6), e(1)}}
	for i, s := range got.Subtotals {
		if s != want[i] {
			t.Errorf("subtotal %d: %+v", i, s)
		}
	}
	if got.Net != e(156) || got.VAT != e(7) || got.Gross != e(163) {
		t.Errorf("%+v", got)
	}
	for _, bad := range []Item{{e(1), Standard, 0}, {e(1), Exempt, 1}, {e(1), "X", 0}, {e(1), Standard, 10_001}, {e(1), Standard, -1}} {
		if _, err := NetTotals(money.EUR, []Item{bad}); fail.CodeOf(err) != "tax.item" {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := NetTotals(money.EUR, []Item{{money.New(1, money.USD), Exempt, 0}}); fail.CodeOf(err) != "money.currency" {
		t.Error(err)
	}
}

func TestExtractAgainstOracle(t *testing.T) {
	ctx := apd.BaseContext.WithPrecision(60)
	ctx.Rounding = apd.RoundHalfUp
	rapid.Check(t, func(t *rapid.T) {
		gross := money.New(rapid.Int64Range(-1e15, 1e15).Draw(t, "gross"), money.EUR)
		bp := rapid.IntRange(1, whole).Draw(t, "rate")
		net, vat, err := Extract(gross, bp)
		if err != nil || net.Minor+vat.Minor != gross.Minor {
			t.Fatalf("%v = %v + %v %v", gross, net, vat, err)
		}
		want := new(apd.Decimal)
		_, _ = ctx.Mul(want, apd.New(gross.Minor, 0), apd.New(int64(bp), 0))
		_, _ = ctx.Quo(want, want, apd.New(int64(whole+bp), 0))
		_, _ = ctx.Quantize(want, want, 0)
		if n, _ := want.Int64(); n != vat.Minor {
			t.Fatalf("vat %v, want %v", vat, want)
		}
		again, err := Of(net, bp)
		if d := again.Minor - vat.Minor; err != nil || d > 1 || d < -1 {
			t.Fatalf("%v of %v is %v, extracted %v", bp, net, again, vat)
		}
	})
}

func TestGrossTotalsKeepEveryCent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Item {
			it := Item{Amount: money.New(rapid.Int64Range(-1e6, 1e12).Draw(t, "gross"), money.EUR), Category: Exempt}
			if bp := rapid.SampledFrom([]int{0, 550, 2000, 2550}).Draw(t, "rate"); bp > 0 {
				it.Category, it.BasisPoints = Standard, bp
			}
			return it
		}), 0, 20).Draw(t, "items")
		tot, nets, err := GrossTotals(money.EUR, items)
		if err != nil {
			t.Fatal(err)
		}
		var gross, net int64
		for i, it := range items {
			gross, net = gross+it.Amount.Minor, net+nets[i].Minor
			div := int64(whole + it.BasisPoints)
			if off := nets[i].Minor*div - it.Amount.Minor*whole; off >= div || off <= -div {
				t.Fatalf("line %d: net %v of %v is a cent or more from its exact value", i, nets[i], it.Amount)
			}
		}
		if tot.Gross.Minor != gross || tot.Net.Minor != net || tot.Net.Minor+tot.VAT.Minor != gross {
			t.Fatalf("%+v for lines of %d gross, %d net", tot, gross, net)
		}
	})
}
