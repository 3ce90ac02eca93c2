package money

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/fail"
)

func TestAddRefusesWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		a, b Amount
		want string
	}{
		{New(math.MaxInt64, EUR), New(1, EUR), "money.overflow"},
		{New(math.MinInt64, EUR), New(-1, EUR), "money.overflow"},
		{New(1, EUR), New(1, USD), "money.currency"},
		{New(1, EUR), New(-1, EUR), ""},
	} {
		if _, err := c.a.Add(c.b); fail.CodeOf(err) != c.want {
			t.Errorf("%v + %v: %v, want code %q", c.a, c.b, err, c.want)
		}
	}
	if _, err := New(0, EUR).Sub(New(math.MinInt64, EUR)); fail.CodeOf(err) != "money.overflow" {
		t.Errorf("0 - min: %v", err)
	}
	if s, err := Sum(EUR, New(1, EUR), New(2, EUR)); err != nil || s != New(3, EUR) {
		t.Errorf("Sum: %v %v", s, err)
	}
}

func TestQuantityArithmetic(t *testing.T) {
	if _, err := Quantity(math.MaxInt64).Add(1); fail.CodeOf(err) != "money.overflow" {
		t.Error(err)
	}
	if _, err := Quantity(math.MaxInt64).Mul(2); fail.CodeOf(err) != "money.overflow" {
		t.Error(err)
	}
	if q, err := Quantity(-3).Mul(4); err != nil || q != -12 {
		t.Error(q, err)
	}
}

func TestRounding(t *testing.T) {
	for _, c := range []struct {
		text      string
		away, odd int64
	}{
		{"0.005 EUR", 1, 0}, {"0.015 EUR", 2, 2}, {"-0.005 EUR", -1, 0}, {"-0.015 EUR", -2, -2},
		{"0.0049999 EUR", 0, 0}, {"0.005000000000000001 EUR", 1, 1}, {"2.5 JPY", 3, 2}, {"0.0005 TND", 1, 0},
	} {
		var e Exact
		if err := e.UnmarshalText([]byte(c.text)); err != nil {
			t.Fatal(err)
		}
		a, err := e.Round(HalfAwayFromZero)
		if err != nil || a.Minor != c.away {
			t.Errorf("%s half away: %v %v, want %d", c.text, a, err, c.away)
		}
		if a, err = e.Round(HalfEven); err != nil || a.Minor != c.odd {
			t.Errorf("%s half even: %v %v, want %d", c.text, a, err, c.odd)
		}
	}
}

func TestText(t *testing.T) {
	type all struct {
		A Amount
		P UnitPrice
		Q Quantity
		Z Amount
	}
	in := all{New(-1205, EUR), NewUnitPrice(123, EUR), 1 << 60, Amount{}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"A":"-12.05 EUR","P":"0.000000123 EUR","Q":"1152921504606846976","Z":""}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	var out all
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Errorf("back: %+v %v", out, err)
	}
	for _, bad := range []string{"12", "12.3456 EUR", "+1 EUR", "01 EUR", "1. EUR", ".5 EUR", "-0 EUR", "-0.00 EUR",
		"1 eur", "1 XYZ", "1  EUR", " 1 EUR", "1,5 EUR", "1e3 EUR", "EUR", " EUR", "99999999999999999999 EUR", "١ EUR"} {
		var a Amount
		if err := a.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("accepted %q as %v", bad, a)
		}
	}
	if _, err := json.Marshal(Amount{1, "XYZ"}); err == nil {
		t.Error("an unknown currency was written")
	}
	if s := (Amount{math.MinInt64, JPY}).String(); s != "-9223372036854775808 JPY" {
		t.Error(s)
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		a      Amount
		en, fr string
	}{
		{New(123450, EUR), "€1,234.50", "1\u202f234,50\u00a0€"},
		{New(-5, EUR), "\u2212€0.05", "\u22120,05\u00a0€"},
		{New(100000000, CHF), "CHF\u00a01,000,000.00", "1\u202f000\u202f000,00\u00a0CHF"},
		{New(999, USD), "US$9.99", "9,99\u00a0$US"},
		{New(999, GBP), "£9.99", "9,99\u00a0£GB"},
		{New(1234, JPY), "JPY\u00a01,234", "1\u202f234\u00a0JPY"},
		{New(1234, TND), "TND\u00a01.234", "1,234\u00a0TND"},
	} {
		if got := c.a.Format("en"); got != c.en {
			t.Errorf("en %v: %q, want %q", c.a, got, c.en)
		}
		if got := c.a.Format("fr-FR"); got != c.fr {
			t.Errorf("fr %v: %q, want %q", c.a, got, c.fr)
		}
	}
	if got := NewUnitPrice(500_000, EUR).Format("en"); got != "€0.0005" {
		t.Error(got)
	}
	if got := NewUnitPrice(2_000_000_000, EUR).Format("fr"); got != "2,00\u00a0€" {
		t.Error(got)
	}
	if got := Quantity(-1234567).Format("en"); got != "\u22121,234,567" {
		t.Error(got)
	}
}

// oracle is a decimal context wide enough for every product here.
var oracle = apd.Context{Precision: 80, MaxExponent: 1000, MinExponent: -1000, Traps: apd.DefaultTraps}

func dec(t interface{ Fatal(...any) }, s string) *apd.Decimal {
	d, _, err := apd.NewFromString(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestProductAndRoundingAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := NewUnitPrice(rapid.Int64().Draw(t, "nanos"), rapid.SampledFrom([]Currency{EUR, JPY, TND}).Draw(t, "currency"))
		q, per := Quantity(rapid.Int64().Draw(t, "q")), Quantity(rapid.Int64Range(1, math.MaxInt64).Draw(t, "per"))
		if rapid.Bool().Draw(t, "plain") {
			per = 1
		}
		mode := rapid.SampledFrom([]Rounding{HalfAwayFromZero, HalfEven}).Draw(t, "rounding")
		want := new(apd.Decimal)
		must(oracle.Mul(want, dec(t, p.Decimal()), dec(t, q.String())))
		must(oracle.Quo(want, want, dec(t, per.String())))
		cut := oracle
		cut.Rounding = apd.RoundDown
		must(cut.Quantize(want, want, -18))
		got, err := p.Times(q, per)
		if err != nil {
			if new(apd.Decimal).Abs(want).Cmp(dec(t, "170141183460469231731.687303715884105727")) <= 0 {
				t.Fatalf("refused %v", want)
			}
			return
		}
		if dec(t, got.Decimal()).Cmp(want) != 0 {
			t.Fatalf("got %v, want %v", got, want)
		}
		exp, _ := p.Currency.Exponent()
		near := oracle
		near.Rounding = map[Rounding]apd.Rounder{HalfAwayFromZero: apd.RoundHalfUp, HalfEven: apd.RoundHalfEven}[mode]
		must(near.Quantize(want, want, int32(-exp)))
		a, err := got.Round(mode)
		if err != nil {
			if _, e := want.Int64(); e == nil && want.Exponent == 0 {
				t.Fatalf("refused to round %v", got)
			}
			return
		}
		if dec(t, a.Decimal()).Cmp(want) != 0 {
			t.Fatalf("rounded %v, want %v", a, want)
		}
	})
}

func must(_ apd.Condition, err error) {
	if err != nil {
		panic(err)
	}
}

func TestExactSumsAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sum, want := ZeroExact(EUR), new(apd.Decimal)
		for _, n := range rapid.SliceOfN(rapid.Int64(), 0, 8).Draw(t, "terms") {
			e, err := New(n, EUR).Exact()
			if err != nil {
				t.Fatal(err)
			}
			if c, err := sum.Cmp(e); err != nil || c != dec(t, sum.Decimal()).Cmp(dec(t, e.Decimal())) {
				t.Fatal("Cmp", c, err)
			}
			if sum, err = sum.Add(e); err != nil {
				t.Fatal(err)
			}
			must(oracle.Add(want, want, dec(t, New(n, EUR).Decimal())))
		}
		if dec(t, sum.Decimal()).Cmp(want) != 0 || sum.Sign() != want.Sign() {
			t.Fatalf("sum %v, want %v", sum, want)
		}
		var back Exact
		b, _ := sum.MarshalText()
		if err := back.UnmarshalText(b); err != nil || back != sum {
			t.Fatalf("text %s gives %v %v", b, back, err)
		}
		if z, err := sum.Add(sum.Neg()); err != nil || z != ZeroExact(EUR) {
			t.Fatal("a sum minus itself is not zero", z, err)
		}
	})
}

func TestScaleAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := New(rapid.Int64().Draw(t, "a"), EUR)
		num, den := rapid.Int64().Draw(t, "num"), rapid.Int64Range(1, math.MaxInt64).Draw(t, "den")
		want := new(apd.Decimal)
		must(oracle.Mul(want, apd.New(a.Minor, 0), apd.New(num, 0)))
		must(oracle.Quo(want, want, apd.New(den, 0)))
		near := oracle
		near.Rounding = apd.RoundHalfUp
		must(near.Quantize(want, want, 0))
		got, err := a.Scale(num, den, HalfAwayFromZero)
		if n, e := want.Int64(); (e != nil) != (err != nil) && n != math.MinInt64 || e == nil && err == nil && n != got.Minor {
			t.Fatalf("got %v %v, want %v", got, err, want)
		}
	})
}

func TestSplitSumsExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := New(rapid.Int64().Draw(t, "a"), EUR)
		ws := rapid.SliceOfN(rapid.Int64Range(0, math.MaxInt64), 1, 12).Draw(t, "weights")
		parts, err := Split(a, ws)
		if err != nil {
			if fail.CodeOf(err) != "money.weights" {
				t.Fatal(err)
			}
			return
		}
		if sum, err := Sum(EUR, parts...); err != nil || sum != a {
			t.Fatalf("parts %v sum to %v %v, want %v", parts, sum, err, a)
		}
		for i, p := range parts {
			if ws[i] == 0 && p.Minor != 0 || p.Sign()*a.Sign() < 0 {
				t.Fatalf("part %d of %v is %v", i, a, p)
			}
		}
		if neg, err := a.Neg(); err == nil {
			mirror, _ := Split(neg, ws)
			for i := range parts {
				if mirror[i].Minor != -parts[i].Minor {
					t.Fatal("a credit does not mirror its charge")
				}
			}
		}
	})
}

func TestSplitTable(t *testing.T) {
	for _, c := range []struct {
		minor   int64
		weights []int64
		want    []int64
	}{
		{100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{-100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		{1, []int64{1, 2}, []int64{0, 1}},
		{0, []int64{1, 0}, []int64{0, 0}},
		{math.MinInt64, []int64{1}, []int64{math.MinInt64}},
	} {
		got, err := Split(New(c.minor, EUR), c.weights)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if got[i].Minor != c.want[i] {
				t.Errorf("Split(%d, %v) = %v", c.minor, c.weights, got)
			}
		}
	}
	for _, bad := range [][]int64{nil, {0}, {-1, 2}, {math.MaxInt64, math.MaxInt64, math.MaxInt64}} {
		if _, err := Split(New(1, EUR), bad); fail.CodeOf(err) != "money.weights" {
			t.Errorf("weights %v: %v", bad, err)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"12.34 EUR", "-0.05 EUR", "0.000000123 USD", "1 JPY", "0.000000000000000001 TND", "",
		"-9223372036854775808 JPY", "170141183460469231731.687303715884105727 EUR", "1 ", "--1 EUR", "1.2.3 EUR"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var a, a2 Amount
		if a.UnmarshalText([]byte(s)) == nil {
			b, err := a.MarshalText()
			if err != nil || a2.UnmarshalText(b) != nil || a2 != a {
				t.Errorf("amount %q gives %q gives %v", s, b, a2)
			}
		}
		var p, p2 UnitPrice
		if p.UnmarshalText([]byte(s)) == nil {
			b, err := p.MarshalText()
			if err != nil || p2.UnmarshalText(b) != nil || p2 != p {
				t.Errorf("price %q gives %q gives %v", s, b, p2)
			}
		}
		var e, e2 Exact
		if e.UnmarshalText([]byte(s)) == nil {
			b, err := e.MarshalText()
			if err != nil || e2.UnmarshalText(b) != nil || e2 != e {
				t.Errorf("exact %q gives %q gives %v", s, b, e2)
			}
		}
		if q, err := ParseQuantity(s); err == nil && q.String() != s {
			t.Errorf("quantity %q gives %q", s, q)
		}
	})
}
