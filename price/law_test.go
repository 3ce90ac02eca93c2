package price

import (
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// anyUsage draws a valid version with one component of a usage kind, key "u".
func anyUsage(t *rapid.T) *Version {
	kind := rapid.SampledFrom([]Kind{PerUnit, Graduated, Volume, Package, Seats}).Draw(t, "kind")
	c := Component{Key: "u", Kind: kind, Meter: "m", Unit: "unit", Free: money.Quantity(rapid.Int64Range(0, 500).Draw(t, "free"))}
	if kind == Seats {
		c.Every = Month
	} else {
		c.Per = money.Quantity(rapid.SampledFrom([]int64{1, 3, 7, 60, 1000, 3600}).Draw(t, "per"))
	}
	nanos := rapid.Int64Range(0, 1e10)
	if kind == Graduated || kind == Volume {
		at := c.Free
		for range rapid.IntRange(0, 4).Draw(t, "tiers") {
			at += money.Quantity(rapid.Int64Range(1, 900).Draw(t, "width"))
			c.Tiers = append(c.Tiers, Tier{UpTo: at, Price: eur(nanos.Draw(t, "price"))})
		}
		c.Tiers = append(c.Tiers, Tier{Price: eur(nanos.Draw(t, "last"))})
		for i := range c.Tiers {
			if rapid.Bool().Draw(t, "has flat") {
				c.Tiers[i].Flat = eur(nanos.Draw(t, "flat"))
			}
			c.Tiers[i].Step = money.Quantity(rapid.SampledFrom([]int64{0, 1, 6, 30}).Draw(t, "step"))
		}
	} else {
		c.Price = eur(nanos.Draw(t, "price"))
	}
	v := &Version{ID: "v", Currency: money.EUR, Basis: Net, EffectiveFrom: time.Unix(0, 0), Components: []Component{c}}
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	return v
}

// oracle is what q units of a period cost, in wide decimals and the plainest words: an exact quotient for each tier.
func oracle(c *Component, q, seconds money.Quantity) *apd.Decimal {
	ctx, sum := apd.BaseContext.WithPrecision(80), new(apd.Decimal)
	part := func(units, step, per money.Quantity, p, flat money.UnitPrice) {
		if units <= 0 {
			return
		}
		for step > 1 && units%step != 0 {
			units++
		}
		d := apd.New(int64(units), 0)
		_, _ = ctx.Mul(d, d, apd.New(p.Nanos, -9))
		_, _ = ctx.Quo(d, d, apd.New(int64(per), 0))
		_, _ = ctx.Add(sum, sum, d)
		_, _ = ctx.Add(sum, sum, apd.New(flat.Nanos, -9))
	}
	var none money.UnitPrice
	switch c.Kind {
	case PerUnit:
		part(q-c.Free, 1, c.Per, c.Price, none)
	case Package:
		part(q-c.Free, c.Per, c.Per, c.Price, none)
	case Seats:
		part(q-c.Free, 1, seconds, c.Price, none)
	case Graduated:
		low := c.Free
		for _, t := range c.Tiers {
			high := q
			if t.UpTo != 0 {
				high = min(q, t.UpTo)
			}
			part(high-low, t.Step, c.Per, t.Price, t.Flat)
			low = t.UpTo
		}
	case Volume:
		for _, t := range c.Tiers {
			if t.UpTo == 0 || q <= t.UpTo {
				part(q-c.Free, t.Step, c.Per, t.Price, t.Flat)
				break
			}
		}
	}
	return sum
}

// TestUsageAgainstOracle compares each usage kind with exact decimals; each tier may be cut below 1e-18, downwards.
func TestUsageAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyUsage(t)
		in := Input{Quantity: money.Quantity(rapid.Int64Range(0, 6000).Draw(t, "q"))}
		if v.Components[0].Kind == Seats {
			in.Period = Interval{time.Unix(0, 0), time.Unix(rapid.Int64Range(1, 31*86400).Draw(t, "seconds"), 0)}
		}
		l, err := Rate(v, "u", in)
		if err != nil {
			t.Fatal(err)
		}
		got, _, _ := apd.NewFromString(l.Exact.Decimal())
		diff := new(apd.Decimal)
		_, _ = apd.BaseContext.WithPrecision(80).Sub(diff, oracle(&v.Components[0], in.Quantity, max(1, money.Quantity(in.Period.Seconds()))), got)
		if diff.Negative && !diff.IsZero() || diff.Cmp(apd.New(6, -18)) > 0 {
			t.Fatalf("got %v, off by %v", l.Exact, diff)
		}
	})
}

// TestAnySplitSumsToTheWhole rates a period at once, and cut at random places in two ways; and the parts in any order
// sum to the same value, bit for bit. Each part explains itself, and rating it again gives the same line.
func TestAnySplitSumsToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyUsage(t)
		total := money.Quantity(rapid.Int64Range(0, 20_000).Draw(t, "q"))
		var period Interval
		if v.Components[0].Kind == Seats {
			period = Interval{time.Unix(0, 0), time.Unix(rapid.Int64Range(1, 31*86400).Draw(t, "seconds"), 0)}
		}
		whole, err := Rate(v, "u", Input{Quantity: total, Period: period})
		if err != nil {
			t.Fatal(err)
		}
		cuts := append(rapid.SliceOfN(rapid.Int64Range(0, int64(total)), 0, 8).Draw(t, "cuts"), int64(total))
		slices.Sort(cuts)
		var parts []Line
		at := money.Quantity(0)
		for _, c := range cuts {
			l, err := Rate(v, "u", Input{From: at, Quantity: money.Quantity(c) - at, Period: period})
			if err != nil {
				t.Fatal(err)
			}
			parts, at = append(parts, l), money.Quantity(c)
		}
		sum := money.ZeroExact(money.EUR)
		for _, l := range rapid.Permutation(parts).Draw(t, "order") {
			if sum, err = sum.Add(l.Exact); err != nil {
				t.Fatal(err)
			}
			steps, err := Trace(v, &l)
			if err != nil {
				t.Fatal(err)
			}
			told := money.ZeroExact(money.EUR)
			for _, s := range steps {
				told, _ = told.Add(s.Partial)
			}
			if again, err := Rate(v, "u", l.Input()); err != nil || again != l || told != l.Exact {
				t.Fatalf("%+v became %+v, its steps sum to %v: %v", l, again, told, err)
			}
			for _, locale := range []string{"en", "fr"} {
				if text, err := Explain(v, &l, locale); err != nil || text == "" {
					t.Fatal(err)
				}
			}
		}
		if sum != whole.Exact {
			t.Fatalf("the windows sum to %v, the period is %v", sum, whole.Exact)
		}
	})
}

// TestWhatIsTakenBackCostsNothing goes up and down as corrections do: what is left is the price of the units left.
func TestWhatIsTakenBackCostsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyUsage(t)
		at, sum := money.Quantity(0), money.ZeroExact(money.EUR)
		for _, step := range rapid.SliceOfN(rapid.Int64Range(-4000, 5000), 1, 12).Draw(t, "steps") {
			l, err := Rate(v, "u", Input{From: at, Quantity: money.Quantity(step)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Trace(v, &l); err != nil {
				t.Fatal(err)
			}
			at += money.Quantity(step)
			sum, _ = sum.Add(l.Exact)
		}
		whole, err := Rate(v, "u", Input{Quantity: max(at, 0)})
		if err != nil || sum != whole.Exact {
			t.Fatalf("%v for %d, at once %v: %v", sum, at, whole.Exact, err)
		}
	})
}

// TestOverflowIsAnError gives values as large as they come: the result is right or an error, never wrapped.
func TestOverflowIsAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyUsage(t)
		c := &v.Components[0]
		big := rapid.Int64Range(1<<40, 1<<63-1)
		for i := range c.Tiers {
			c.Tiers[i].Price = eur(big.Draw(t, "price"))
		}
		if len(c.Tiers) == 0 {
			c.Price = eur(big.Draw(t, "price"))
		}
		q := money.Quantity(big.Draw(t, "q"))
		l, err := Rate(v, "u", Input{Quantity: q})
		if err != nil {
			if fail.CodeOf(err) != "money.overflow" {
				t.Fatal(err)
			}
			return
		}
		got, _, _ := apd.NewFromString(l.Exact.Decimal())
		diff := new(apd.Decimal)
		want := oracle(c, q, 1)
		_, _ = apd.BaseContext.WithPrecision(80).Sub(diff, want, got)
		if diff.Negative && !diff.IsZero() || diff.Cmp(apd.New(6, -18)) > 0 {
			t.Fatalf("got %v, want %v", l.Exact, want)
		}
	})
}

func TestStepsThatDoNotFitAreErrors(t *testing.T) {
	v := broker()
	v.Components[3] = Component{Key: "messages", Kind: Package, Meter: "m", Unit: "box", Per: 1000, Price: eur(1)}
	if _, err := Rate(v, "messages", Input{Quantity: 1<<63 - 1}); fail.CodeOf(err) != "money.overflow" {
		t.Error(err)
	}
}

// TestVolumeGivesBack reaches a cheaper tier: the window that does so pays less than nothing.
func TestVolumeGivesBack(t *testing.T) {
	v := broker()
	v.Components[3] = Component{Key: "messages", Kind: Volume, Meter: "m", Unit: "message", Per: 1, Tiers: []Tier{{UpTo: 100, Price: eur(1e9)}, {Price: eur(5e8)}}}
	l, err := Rate(v, "messages", Input{From: 100, Quantity: 20})
	if err != nil || l.Amount != money.New(-4000, money.EUR) {
		t.Fatal(l.Amount, err)
	}
	text, err := Explain(v, &l, "en")
	want := "the period so far, from 100 to any: 120 × €0.50 per message = 60\n" +
		"less what was charged before, from 0 to 100: 100 × €1.00 per message = -100\n" +
		"total -40 EUR, rounded to −€40.00"
	if err != nil || text != want {
		t.Fatalf("%v\n%s", err, text)
	}
}

// TestSeatsOverCalendars holds seats through months of every length and through clock changes: whoever holds two the
// whole time pays two prices, to the last digit, however the time was cut.
func TestSeatsOverCalendars(t *testing.T) {
	v := broker()
	v.Components = []Component{{Key: "seats", Kind: Seats, Meter: "m", Unit: "seat", Every: Month, Price: eur(9_990_000_001)}}
	for _, z := range []string{"UTC", "Europe/Paris", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia"} {
		for _, anchor := range []Date{{2026, 1, 31}, {2024, 2, 29}, {2026, 3, 15}, {2011, 12, 30}} {
			c := Cycle{anchor, Month, zone(t, z)}
			for n := range 14 {
				p, err := c.Number(n)
				if err != nil {
					t.Fatal(err)
				}
				sum, at := money.ZeroExact(money.EUR), money.Quantity(0)
				for hour := p.From; hour.Before(p.To); hour = hour.Add(time.Hour) {
					q := 2 * min(3600, money.Quantity(p.To.Sub(hour)/time.Second))
					l, err := Rate(v, "seats", Input{From: at, Quantity: q, Period: p.Interval})
					if err != nil {
						t.Fatal(err)
					}
					at += q
					sum, _ = sum.Add(l.Exact)
				}
				if sum.Decimal() != "19.980000002" {
					t.Fatalf("%s from %s, period %d: %s", z, anchor, n, sum)
				}
			}
		}
	}
}

func TestBundleIsSplitWithoutRest(t *testing.T) {
	v := broker()
	v.Components[1].Price, v.Components[1].Parts = eur(10e9), []Part{{"mail", 1}, {"drive", 1}, {"chat", 1}}
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	l, err := Rate(v, "base", Input{Quantity: 1})
	if err != nil {
		t.Fatal(err)
	}
	text, err := Explain(v, &l, "fr")
	if want := "1 × 10,00\u00a0€ par mois = 10\ntotal 10 EUR, arrondi à 10,00\u00a0€\ndont mail 3,34\u00a0€\ndont drive 3,33\u00a0€\ndont chat 3,33\u00a0€"; err != nil || text != want {
		t.Fatalf("%q %v", text, err)
	}
}

// day is a price by hours: dear from 7 to 22 on working days, else cheap.
func day() *Version {
	working := []Weekday{"mon", "tue", "wed", "thu", "fri"}
	use := func(key string, price int64, spans ...WeekSpan) Component {
		return Component{Key: key, Kind: PerUnit, Meter: "energy", Unit: "kWh", Per: 1000, Price: eur(price), Hours: &Hours{Zone: "Europe/Paris", Spans: spans}}
	}
	return &Version{ID: "hours", Currency: money.EUR, Basis: Net, EffectiveFrom: time.Unix(0, 0), Components: []Component{
		use("peak", 3e8, WeekSpan{working, "07:00", "22:00"}),
		use("off-peak", 1e8, WeekSpan{working, "00:00", "07:00"}, WeekSpan{working, "22:00", "24:00"}, WeekSpan{[]Weekday{"sat", "sun"}, "00:00", "24:00"}),
	}}
}

func TestHoursCoverTheWeek(t *testing.T) {
	v := day()
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	v.Components[1].Hours.Spans[1].From = "22:30"
	err, ok := v.Validate().(*fail.Error)
	if !ok || len(err.Fields) != 1 || err.Fields[0].Message != "no price applies on Monday at 22:00: the hours of the meter have a gap" {
		t.Fatal(err)
	}
	v.Components[1].Hours.Spans[1].From = "21:59"
	if err, ok = v.Validate().(*fail.Error); !ok || err.Fields[0].Message != "more than one price applies on Monday at 21:59: the hours of the meter overlap" {
		t.Fatal(err)
	}
	v = day()
	v.Components[1].Hours.Zone = "Europe/Rome"
	if v.Validate() == nil {
		t.Fatal("two zones were accepted")
	}
	for _, bad := range []WeekSpan{{nil, "7:00", "22:00"}, {nil, "07:00", "24:01"}, {nil, "07:00", "07:00"}, {[]Weekday{"Mon"}, "07:00", "08:00"}, {nil, "22:00", "06:00"}} {
		v = day()
		v.Components[0].Hours.Spans[0] = bad
		if v.Validate() == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

// TestExactlyOneHourPriceApplies looks at any instant, also where the clocks change.
func TestExactlyOneHourPriceApplies(t *testing.T) {
	v := day()
	paris := zone(t, "Europe/Paris")
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "at"), 0)
		n := 0
		for i := range v.Components {
			if yes, err := v.Components[i].Applies(at); err != nil {
				t.Fatal(err)
			} else if yes {
				n++
			}
		}
		if n != 1 {
			t.Fatalf("%d prices apply at %s", n, at.In(paris))
		}
	})
	for at, want := range map[string]bool{"2026-03-29T05:30:00Z": false, "2026-03-30T04:59:59Z": false, "2026-03-30T05:00:00Z": true, "2026-10-26T05:59:59Z": false, "2026-10-26T06:00:00Z": true} {
		instant, _ := time.Parse(time.RFC3339, at)
		if v.Components[0].Hours.In(instant, paris) != want {
			t.Errorf("peak at %s: want %v", at, want)
		}
	}
}

func TestChains(t *testing.T) {
	on := func(day int) time.Time { return time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC) }
	entry := func(reseller string, from, to int) Listed {
		v := &Version{Currency: money.EUR, Basis: Net, EffectiveFrom: on(from)}
		if to > 0 {
			v.EffectiveTo = on(to)
		}
		return Listed{reseller, v}
	}
	for _, c := range []struct {
		list []Listed
		bad  string
	}{
		{[]Listed{entry("", 1, 0), entry("", 9, 0), entry("", 5, 9)}, ""},
		{[]Listed{entry("", 1, 5), entry("", 5, 0), entry("r", 3, 0)}, ""},
		{[]Listed{entry("", 1, 4), entry("", 5, 0)}, "0.effectiveTo"},
		{[]Listed{entry("", 1, 6), entry("", 5, 0)}, "0.effectiveTo"},
		{[]Listed{entry("r", 1, 0), entry("r", 1, 0)}, "1.effectiveFrom"},
	} {
		err, _ := CheckChains(c.list).(*fail.Error)
		if (err == nil) != (c.bad == "") || err != nil && (len(err.Fields) != 1 || err.Fields[0].Path != c.bad) {
			t.Errorf("%+v: %v, want %q", c.list, err, c.bad)
		}
	}
	list := []Listed{entry("", 1, 0), entry("", 9, 20), entry("near", 3, 6), entry("far", 2, 0)}
	for _, c := range []struct {
		resellers []string
		day, want int
	}{{nil, 1, 0}, {nil, 8, 0}, {nil, 9, 1}, {nil, 20, -1}, {[]string{"far", "near"}, 4, 2}, {[]string{"far", "near"}, 7, -1}, {[]string{"far", "other"}, 7, 3}, {[]string{"far"}, 1, -1}} {
		want := c.want
		if c.day == 20 {
			want = 0 // the one before has no end of its own
		}
		if got := InForce(list, c.resellers, money.EUR, Net, on(c.day)); got != want {
			t.Errorf("%v on day %d: %d, want %d", c.resellers, c.day, got, want)
		}
	}
}

// TestChainsThatPassHaveOnePriceAtEachInstant draws chains: where the check finds nothing, each instant after the
// first beginning and before the last end has exactly one price, whatever the order of the list.
func TestChainsThatPassHaveOnePriceAtEachInstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begins := rapid.SliceOfNDistinct(rapid.Int64Range(0, 100), 1, 6, rapid.ID).Draw(t, "begins")
		slices.Sort(begins)
		var list []Listed
		for i, b := range begins {
			v := &Version{ID: "v", Currency: money.EUR, Basis: Net, EffectiveFrom: time.Unix(b, 0)}
			if i+1 < len(begins) && rapid.Bool().Draw(t, "ends") {
				v.EffectiveTo = time.Unix(begins[i+1], 0)
			}
			list = append(list, Listed{"", v})
		}
		order := rapid.Permutation(list).Draw(t, "order")
		if err := CheckChains(order); err != nil {
			t.Fatal(err)
		}
		for at := int64(0); at <= 101; at++ {
			n := InForce(order, nil, money.EUR, Net, time.Unix(at, 0))
			want := int64(-1)
			for _, b := range begins {
				if b <= at {
					want = b
				}
			}
			if (n < 0) != (want < 0) || n >= 0 && order[n].Version.EffectiveFrom.Unix() != want {
				t.Fatalf("at %d: %d", at, n)
			}
		}
	})
}
