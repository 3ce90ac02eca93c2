package price

import (
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

func eur(nanos int64) money.UnitPrice { return money.NewUnitPrice(nanos, money.EUR) }

// broker is a version with one component of each kind: 0.50 EUR per 1000 messages with the first 1000 free,
// 0.01 EUR per device-hour in four tiers, 3 EUR a month per broker, 12 EUR a year, 5 EUR once.
func broker() *Version {
	return &Version{
		ID: "broker-1", Currency: money.EUR, Basis: Net,
		EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Components: []Component{
			{Key: "setup", Kind: OneOff, Price: eur(5e9)},
			{Key: "base", Kind: PerPeriod, Every: Month, Price: eur(3e9)},
			{Key: "care", Kind: PerPeriod, Every: Year, Price: eur(12e9)},
			{Key: "messages", Kind: PerUnit, Meter: "messages", Unit: "thousand", Per: 1000, Free: 1000, Price: eur(5e8)},
			{Key: "devices", Kind: Graduated, Meter: "device-seconds", Unit: "hour", Per: 3600, Free: 3600, Tiers: []Tier{
				{UpTo: 36_000, Price: eur(1e7)}, {UpTo: 360_000, Price: eur(8e6)}, {UpTo: 3_600_000, Price: eur(5e6)}, {Price: eur(1e6)}}},
		},
	}
}

func TestRateTable(t *testing.T) {
	june := Interval{time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)}
	half := Interval{june.From, june.From.Add(15 * 24 * time.Hour)}
	for _, c := range []struct {
		name, key, exact string
		in               Input
		minor            int64
	}{
		{"once for two", "setup", "10 EUR", Input{Quantity: 2}, 1000},
		{"whole month", "base", "3 EUR", Input{Quantity: 1}, 300},
		{"whole month by dates", "base", "3 EUR", Input{Quantity: 1, Span: june, Period: june}, 300},
		{"half of June for three", "base", "4.5 EUR", Input{Quantity: 3, Span: half, Period: june}, 450},
		{"none of June", "base", "0 EUR", Input{Quantity: 3, Span: Interval{june.From, june.From}, Period: june}, 0},
		{"all free", "messages", "0 EUR", Input{Quantity: 1000}, 0},
		{"one above the free ones", "messages", "0.0005 EUR", Input{Quantity: 1001}, 0},
		{"tie rounds away", "messages", "0.005 EUR", Input{Quantity: 1010}, 1},
		{"goes on after a window", "messages", "0.5 EUR", Input{Quantity: 1000, From: 1000}, 50},
		{"window across the free ones", "messages", "0.25 EUR", Input{Quantity: 1000, From: 500}, 25},
		{"no use", "devices", "0 EUR", Input{}, 0},
		{"first tier", "devices", "0.01 EUR", Input{Quantity: 7200}, 1},
		// 9 h × 0.01 + 90 h × 0.008 + 900 h × 0.005 + 900 h × 0.001
		{"all tiers", "devices", "6.21 EUR", Input{Quantity: 1900 * 3600}, 621},
	} {
		l, err := Rate(broker(), c.key, c.in)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if l.Exact.String() != c.exact || l.Amount != money.New(c.minor, money.EUR) {
			t.Errorf("%s: %v = %v, want %s = %d", c.name, l.Exact, l.Amount, c.exact, c.minor)
		}
		if _, err := Trace(broker(), &l); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestRateRefuses(t *testing.T) {
	june := Interval{time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)}
	late := Interval{june.From.Add(time.Hour), june.To.Add(time.Hour)}
	for _, c := range []struct {
		key, code string
		in        Input
	}{
		{"nothing", "price.component", Input{}},
		{"setup", "price.input", Input{Quantity: -1}},
		{"messages", "price.input", Input{Quantity: 1, Span: june, Period: june}},
		{"setup", "price.input", Input{Quantity: 1, From: 1}},
		{"base", "price.input", Input{Quantity: 1, Span: late, Period: june}},
		{"base", "price.input", Input{Quantity: 1, Span: june}},
		{"base", "money.overflow", Input{Quantity: math.MaxInt64, Span: Interval{june.From, late.From}, Period: june}},
		{"messages", "money.overflow", Input{Quantity: math.MaxInt64, From: 1}},
		{"setup", "money.overflow", Input{Quantity: math.MaxInt64}},
	} {
		if _, err := Rate(broker(), c.key, c.in); fail.CodeOf(err) != c.code {
			t.Errorf("%s %+v: %v, want %s", c.key, c.in, err, c.code)
		}
	}
}

func TestValidateNamesEveryField(t *testing.T) {
	if err := broker().Validate(); err != nil {
		t.Fatal(err)
	}
	v := &Version{Currency: "XYZ", Rounding: "up", Components: []Component{
		{Key: "a b", Kind: Graduated, Price: eur(1), Free: 10, Tiers: []Tier{{UpTo: 5, Price: eur(-1)}, {UpTo: 9, Price: eur(1)}}},
		{Key: "a b", Kind: PerPeriod, Meter: "m", Tiers: []Tier{{}}},
		{Key: "k", Kind: "other"},
	}}
	var paths []string
	err, ok := v.Validate().(*fail.Error)
	if !ok || err.Code != "price.version" {
		t.Fatal(err)
	}
	for _, f := range err.Fields {
		paths = append(paths, f.Path)
	}
	want := []string{"id", "currency", "basis", "rounding", "effectiveFrom",
		"components.0.key", "components.0.meter", "components.0.unit", "components.0.per", "components.0.price",
		"components.0.tiers.0.price", "components.0.tiers.0.price", "components.0.tiers.0.upTo",
		"components.0.tiers.1.price", "components.0.tiers.1.upTo",
		"components.1.key", "components.1.key", "components.1.meter", "components.1.every", "components.1.tiers", "components.1.price",
		"components.2.kind"}
	if d := cmp.Diff(want, paths); d != "" {
		t.Error(d)
	}
}

func TestCanonicalAndHash(t *testing.T) {
	v := broker()
	v.Components = v.Components[3:4]
	v.EffectiveFrom = v.EffectiveFrom.In(time.FixedZone("", 3600))
	b, err := v.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"basis":"net","components":[{"free":"1000","key":"messages","kind":"perUnit","meter":"messages","per":"1000",` +
		`"price":"0.5 EUR","unit":"thousand"}],"currency":"EUR","effectiveFrom":"2026-01-01T00:00:00Z","id":"broker-1"}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	h, err := v.Hash()
	if got := hex.EncodeToString(h[:]); err != nil || len(got) != 64 {
		t.Error(got, err)
	}
	back, err := ParseVersion(b)
	if err != nil {
		t.Fatal(err)
	}
	if h2, _ := back.Hash(); h2 != h {
		t.Error("the hash changed on the way")
	}
	for i := range b { // one byte changed is refused or another version
		c := slices.Clone(b)
		c[i] ^= 1
		if w, err := ParseVersion(c); err == nil {
			if h2, _ := w.Hash(); h2 == h {
				t.Fatalf("byte %d may be changed unnoticed", i)
			}
		}
	}
}

func TestQuote(t *testing.T) {
	q, err := NewQuote(broker(), map[string]money.Quantity{"messages": 1_001_000, "base": 2})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{q.OneOff.String(), q.Monthly.String(), q.Yearly.String(), q.Usage.String(), q.Total.String()}
	if d := cmp.Diff([]string{"5.00 EUR", "6.00 EUR", "12.00 EUR", "500.00 EUR", "523.00 EUR"}, got); d != "" {
		t.Error(d)
	}
	if len(q.Lines) != 5 {
		t.Error(q.Lines)
	}
	_, err = NewQuote(broker(), map[string]money.Quantity{"x": 1, "y": 1})
	if e, ok := err.(*fail.Error); !ok || len(e.Fields) != 2 {
		t.Error(err)
	}
}

func TestExplain(t *testing.T) {
	l, err := Rate(broker(), "devices", Input{Quantity: 1900 * 3600})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Explain(broker(), &l, "en")
	want := "3,600 free = 0\n" +
		"from 3,600 to 36,000: 32,400 × €0.01 per hour (3,600 counted) = 0.09\n" +
		"from 36,000 to 360,000: 324,000 × €0.008 per hour (3,600 counted) = 0.72\n" +
		"from 360,000 to 3,600,000: 3,240,000 × €0.005 per hour (3,600 counted) = 4.5\n" +
		"from 3,600,000 to any: 3,240,000 × €0.001 per hour (3,600 counted) = 0.9\n" +
		"total 6.21 EUR, rounded to €6.21"
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
	if got, err = Explain(broker(), &l, "fr"); err != nil || !strings.HasSuffix(got, "total 6.21 EUR, arrondi à 6,21\u00a0€") {
		t.Error(got, err)
	}
	l.Amount.Minor++
	if _, err := Trace(broker(), &l); fail.CodeOf(err) != "price.mismatch" {
		t.Error("a wrong line was explained:", err)
	}
}

// anyTiers draws a valid graduated component.
func anyTiers(t *rapid.T) *Version {
	v := broker()
	c := &v.Components[4]
	c.Per = money.Quantity(rapid.Int64Range(1, 5000).Draw(t, "per"))
	c.Free = money.Quantity(rapid.Int64Range(0, 1000).Draw(t, "free"))
	c.Tiers = nil
	below := c.Free
	for range rapid.IntRange(0, 5).Draw(t, "tiers") {
		below += money.Quantity(rapid.Int64Range(1, 5000).Draw(t, "step"))
		c.Tiers = append(c.Tiers, Tier{UpTo: below, Price: eur(rapid.Int64Range(0, 1e10).Draw(t, "price"))})
	}
	c.Tiers = append(c.Tiers, Tier{Price: eur(rapid.Int64Range(0, 1e10).Draw(t, "last"))})
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	return v
}

// naive prices every base unit alone, in wide decimals.
func naive(c *Component, q money.Quantity) *apd.Decimal {
	ctx := apd.BaseContext.WithPrecision(60)
	nanos := new(apd.Decimal)
	for u := money.Quantity(0); u < q; u++ {
		if u < c.Free {
			continue
		}
		for _, t := range c.Tiers {
			if t.UpTo == 0 || u < t.UpTo {
				_, _ = ctx.Add(nanos, nanos, apd.New(t.Price.Nanos, -9))
				break
			}
		}
	}
	_, _ = ctx.Quo(nanos, nanos, apd.New(int64(c.Per), 0))
	return nanos
}

func TestTiersAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyTiers(t)
		q := money.Quantity(rapid.Int64Range(0, 8000).Draw(t, "q"))
		l, err := Rate(v, "devices", Input{Quantity: q})
		if err != nil {
			t.Fatal(err)
		}
		got, _, _ := apd.NewFromString(l.Exact.Decimal())
		diff := new(apd.Decimal)
		_, _ = apd.BaseContext.WithPrecision(60).Sub(diff, naive(&v.Components[4], q), got)
		if diff.Negative && !diff.IsZero() || diff.Cmp(apd.New(7, -18)) > 0 { // one cut per tier, always downward
			t.Fatalf("got %v, off by %v", l.Exact, diff)
		}
	})
}

func TestTiersGrowAndWindowsGoOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyTiers(t)
		a := money.Quantity(rapid.Int64Range(0, 1e6).Draw(t, "a"))
		b := money.Quantity(rapid.Int64Range(0, 1e6).Draw(t, "b"))
		whole, err1 := Rate(v, "devices", Input{Quantity: a + b})
		first, err2 := Rate(v, "devices", Input{Quantity: a})
		then, err3 := Rate(v, "devices", Input{Quantity: b, From: a})
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		if n, _ := first.Exact.Cmp(whole.Exact); n > 0 {
			t.Fatal("more use costs less")
		}
		parts, _ := first.Exact.Add(then.Exact)
		near(t, parts, whole.Exact, 8)
		steps, err := Trace(v, &whole)
		if err != nil {
			t.Fatal(err)
		}
		sum, used := money.ZeroExact(money.EUR), money.Quantity(0)
		for _, s := range steps {
			sum, _ = sum.Add(s.Partial)
			used += s.Quantity
		}
		if sum != whole.Exact || used != a+b {
			t.Fatalf("the steps sum to %v for %v", sum, used)
		}
	})
}

// near wants two exact values to differ by at most n cuts of 1e-18.
func near(t *rapid.T, a, b money.Exact, n int64) {
	t.Helper()
	d, err := a.Add(b.Neg())
	if err != nil {
		t.Fatal(err)
	}
	got, _, _ := apd.NewFromString(d.Decimal())
	if got.Abs(got).Cmp(apd.New(n, -18)) > 0 {
		t.Fatalf("%v and %v differ by %v", a, b, d)
	}
}

func TestPartsOfAPeriodSumToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := broker()
		v.Components[1].Price = eur(rapid.Int64Range(0, 1e13).Draw(t, "price"))
		from := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "from"), 0).UTC()
		whole := Interval{from, from.Add(time.Duration(rapid.Int64Range(1, 366*86400).Draw(t, "length")) * time.Second)}
		n := money.Quantity(rapid.Int64Range(0, 500).Draw(t, "items"))
		cuts := rapid.SliceOfN(rapid.Int64Range(0, whole.Seconds()), 0, 6).Draw(t, "cuts")
		slices.Sort(cuts)
		sum, at := money.ZeroExact(money.EUR), whole.From
		for _, c := range append(cuts, whole.Seconds()) {
			end := whole.From.Add(time.Duration(c) * time.Second)
			l, err := Rate(v, "base", Input{Quantity: n, Span: Interval{at, end}, Period: whole})
			if err != nil {
				t.Fatal(err)
			}
			sum, _ = sum.Add(l.Exact)
			at = end
		}
		l, err := Rate(v, "base", Input{Quantity: n})
		if err != nil {
			t.Fatal(err)
		}
		near(t, sum, l.Exact, int64(len(cuts)+1))
	})
}

func FuzzParseVersion(f *testing.F) {
	b, err := broker().Canonical()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	if b, err = contract(Term{Key: "t", Kind: Trial, Days: 3}, Term{Key: "c", Kind: Commitment, Amount: cents(5), Every: Year, Prepaid: true}).Canonical(); err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	if b, err = day().Canonical(); err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"components":[{"key":"a","kind":"perUnit","per":"0"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := ParseVersion(b)
		if err != nil {
			return
		}
		again, err := v.Canonical()
		if err != nil || string(again) != string(b) {
			t.Errorf("%s became %s: %v", b, again, err)
		}
	})
}

func TestRateDoesNotAllocate(t *testing.T) {
	v := broker()
	v.Components = append(v.Components, Component{Key: "volume", Kind: Volume, Meter: "m", Unit: "u", Per: 7, Tiers: []Tier{{UpTo: 9, Price: eur(1)}, {Price: eur(1), Flat: eur(1), Step: 3}}},
		Component{Key: "package", Kind: Package, Meter: "m", Unit: "u", Per: 7, Price: eur(1)})
	for _, key := range []string{"messages", "devices", "base", "volume", "package"} {
		from := money.Quantity(77_777)
		if key == "base" {
			from = 0
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = Rate(v, key, Input{From: from, Quantity: 123_456}) }); n != 0 {
			t.Errorf("%s: %v allocations", key, n)
		}
	}
}

func benchmark(b *testing.B, key string, q money.Quantity) {
	v := broker()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Rate(v, key, Input{Quantity: q}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnit(b *testing.B)  { benchmark(b, "messages", 123_456) }
func BenchmarkTiers(b *testing.B) { benchmark(b, "devices", 1900*3600) }

func BenchmarkVolume(b *testing.B) {
	v := broker()
	v.Components[3] = Component{Key: "messages", Kind: Volume, Meter: "m", Unit: "u", Per: 1000, Tiers: []Tier{{UpTo: 1000, Price: eur(1e9)}, {UpTo: 100_000, Price: eur(5e8)}, {Price: eur(1e8)}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Rate(v, "messages", Input{From: 50_000, Quantity: 123_456}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClose(b *testing.B) {
	v := contract(Term{Key: "loyal", Kind: Discount, Percent: 12_500}, Term{Key: "cap", Kind: Cap, Amount: cents(100_000)}, Term{Key: "least", Kind: Minimum, Amount: cents(5000)})
	now, err := State{Held: 86400, Over: true}.Add(v, Total{Key: "base", Amount: cents(300)}, Total{Key: "messages", Amount: cents(1000)})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Close(v, Closing{Every: Month, Period: monthOf, Now: now}); err != nil {
			b.Fatal(err)
		}
	}
}
