package price

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

func cents(n int64) money.Amount { return money.New(n, money.EUR) }

// contract is a version with terms of all kinds.
func contract(terms ...Term) *Version {
	v := broker()
	v.Terms = terms
	return v
}

var monthOf = Interval{time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)}

func state(t interface {
	Helper()
	Fatal(...any)
}, v *Version, over bool, totals ...Total) State {
	t.Helper()
	s, err := State{Held: money.Quantity(monthOf.Seconds()), Over: over}.Add(v, totals...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func byTerm(list []Adjustment) map[string]int64 {
	out := map[string]int64{}
	for _, a := range list {
		out[a.Term] = a.Amount.Minor
	}
	return out
}

func TestTerms(t *testing.T) {
	used := []Total{{Key: "base", Amount: cents(300)}, {Key: "messages", Amount: cents(1000)}, {Key: "devices", Amount: cents(2001)}}
	for _, c := range []struct {
		name   string
		term   Term
		number int
		held   int64 // share of the month in thousandths
		over   bool
		want   int64
	}{
		{"discount", Term{Kind: Discount, Percent: 12_500}, 0, 1000, false, -413}, // 33.01 × 12.5 % = 4.12625
		{"discount on one", Term{Kind: Discount, Percent: 50_000, Components: []string{"messages"}}, 7, 1000, false, -500},
		{"discount for two periods, in the second", Term{Kind: Discount, Percent: 10_000, Periods: 2}, 1, 1000, false, -330},
		{"discount for two periods, in the third", Term{Kind: Discount, Percent: 10_000, Periods: 2}, 2, 1000, false, 0},
		{"coupon once", Term{Kind: Coupon, Amount: cents(500), Periods: 1}, 0, 1000, false, -500},
		{"coupon once, later", Term{Kind: Coupon, Amount: cents(500), Periods: 1}, 1, 1000, false, 0},
		{"coupon beyond the total", Term{Kind: Coupon, Amount: cents(5000)}, 9, 1000, false, -3301},
		{"cap", Term{Kind: Cap, Amount: cents(2000)}, 0, 1000, false, -1301},
		{"cap that is not reached", Term{Kind: Cap, Amount: cents(20_000)}, 0, 1000, true, 0},
		{"minimum, not over", Term{Kind: Minimum, Amount: cents(5000)}, 0, 1000, false, 0},
		{"minimum, over", Term{Kind: Minimum, Amount: cents(5000)}, 0, 1000, true, 1699},
		{"minimum of half a month", Term{Kind: Minimum, Amount: cents(9000), Prorate: true}, 0, 500, true, 1199},
		{"minimum of half a month, whole", Term{Kind: Minimum, Amount: cents(9000)}, 0, 500, true, 5699},
		{"commitment drawn down", Term{Kind: Commitment, Amount: cents(4000)}, 0, 1000, false, 0},
		{"commitment trued up", Term{Kind: Commitment, Amount: cents(4000)}, 0, 1000, true, 699},
		{"commitment in advance", Term{Kind: Commitment, Amount: cents(4000), Prepaid: true}, 0, 1000, false, 699},
		{"commitment passed", Term{Kind: Commitment, Amount: cents(3000), Prepaid: true}, 0, 1000, true, 0},
	} {
		c.term.Key = "term"
		v := contract(c.term)
		if err := v.Validate(); err != nil {
			t.Fatal(c.name, err)
		}
		now := state(t, v, c.over, used...)
		now.Held = money.Quantity(monthOf.Seconds() * c.held / 1000)
		cl := Closing{Every: Month, Period: monthOf, Number: c.number, Now: now}
		list, err := Close(v, cl)
		if err != nil {
			t.Fatal(c.name, err)
		}
		if got := byTerm(list)["term"]; got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
		for _, locale := range []string{"en", "fr"} {
			text, err := ExplainTerm(v, cl, "term", locale)
			if (err == nil) != (c.want != 0) || err == nil && strings.Contains(text, "%!") {
				t.Errorf("%s: %q %v", c.name, text, err)
			}
		}
	}
}

// TestTermsFollowEachOther takes a trial, a discount, a cap and a minimum, in that order.
func TestTermsFollowEachOther(t *testing.T) {
	v := contract(Term{Key: "trial", Kind: Trial, Days: 14}, Term{Key: "loyal", Kind: Discount, Percent: 10_000},
		Term{Key: "cap", Kind: Cap, Amount: cents(1000), Components: []string{"messages"}}, Term{Key: "least", Kind: Minimum, Amount: cents(4000)})
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	c := Closing{Every: Month, Period: monthOf, Now: state(t, v, true, Total{"base", cents(300), cents(140)}, Total{"messages", cents(2000), cents(600)})}
	list, err := Close(v, c)
	if err != nil {
		t.Fatal(err)
	}
	// 300 + 2000 − 740 = 1560; − 156 = 1404, of which messages 1400 − 140 = 1260; − 260 = 1144; + 2856 = 4000
	if d := cmp.Diff(map[string]int64{"trial": -740, "loyal": -156, "cap": -260, "least": 2856}, byTerm(list)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Share{{"base", cents(-16)}, {"messages", cents(-140)}}, list[1].Shares); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Share{{"least", cents(2856)}}, list[3].Shares); d != "" {
		t.Error(d)
	}
	text, err := ExplainTerm(v, c, "cap", "en")
	want := "period 1 (month) from 2026-06-01 00:00 to 2026-07-01 00:00 UTC\nmessages: €20.00\nterms before it: −€7.40\nat most €10.00, of €12.60 for messages = −€2.60\ntotal −€2.60\nof it messages −€2.60"
	if err != nil || text != want {
		t.Errorf("%v\n%s", err, cmp.Diff(want, text))
	}
}

// anyTerms draws terms of the month in any order.
func anyTerms(t *rapid.T) *Version {
	v := contract()
	keys := []string{"base", "messages", "devices"}
	for i := range rapid.IntRange(1, 5).Draw(t, "terms") {
		term := Term{Key: "t" + string(rune('0'+i)), Kind: rapid.SampledFrom([]TermKind{Discount, Coupon, Cap, Minimum, Commitment}).Draw(t, "kind")}
		if term.Kind == Discount {
			term.Percent = Percent(rapid.Int64Range(1, 100_000).Draw(t, "percent"))
		} else {
			term.Amount = cents(rapid.Int64Range(1, 100_000).Draw(t, "amount"))
			term.Prepaid = term.Kind == Commitment && rapid.Bool().Draw(t, "prepaid")
			term.Prorate = term.Kind != Coupon && rapid.Bool().Draw(t, "prorate")
		}
		if rapid.Bool().Draw(t, "some") {
			term.Components = rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 1, 3, rapid.ID).Draw(t, "components")
		}
		v.Terms = append(v.Terms, term)
	}
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestClosingsSumToTheLast closes a period several times, with whatever came in between: together they settle what the
// last state gives at once, term by term and share by share, and the shares of each sum to its amount.
func TestClosingsSumToTheLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyTerms(t)
		amount := rapid.Int64Range(-500, 60_000)
		sum, shares := map[string]int64{}, map[string]int64{}
		var s State
		for n := range rapid.IntRange(1, 5).Draw(t, "closings") {
			now, err := s.Add(v, Total{Key: "base", Amount: cents(amount.Draw(t, "base"))}, Total{Key: "messages", Amount: cents(amount.Draw(t, "messages"))},
				Total{Key: "devices", Amount: cents(amount.Draw(t, "devices"))})
			if err != nil {
				t.Fatal(err)
			}
			now.Held = money.Quantity(rapid.Int64Range(1, monthOf.Seconds()).Draw(t, "held"))
			now.Over = n > 0 && rapid.Bool().Draw(t, "over")
			list, err := Close(v, Closing{Every: Month, Period: monthOf, Before: s, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range list {
				whole := int64(0)
				for _, one := range a.Shares {
					whole += one.Amount.Minor
					shares[a.Term+" "+one.Key] += one.Amount.Minor
				}
				if sum[a.Term] += a.Amount.Minor; whole != a.Amount.Minor {
					t.Fatalf("%s: shares of %d, amount %d", a.Term, whole, a.Amount.Minor)
				}
			}
			s = now
		}
		once, err := Close(v, Closing{Every: Month, Period: monthOf, Now: s})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range once {
			for _, one := range a.Shares {
				shares[a.Term+" "+one.Key] -= one.Amount.Minor
			}
			sum[a.Term] -= a.Amount.Minor
		}
		for key, rest := range sum {
			if rest != 0 {
				t.Fatalf("%s differs by %d", key, rest)
			}
		}
		for key, rest := range shares {
			if rest != 0 {
				t.Fatalf("share %s differs by %d", key, rest)
			}
		}
	})
}

// TestLawsOfTerms: nothing but a minimum or commitment raises what is owed, none makes it less than nothing, and a
// minimum on everything is reached exactly or passed.
func TestLawsOfTerms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyTerms(t)
		total := int64(0)
		var totals []Total
		for _, key := range []string{"base", "messages", "devices"} {
			n := rapid.Int64Range(0, 60_000).Draw(t, key)
			totals = append(totals, Total{Key: key, Amount: cents(n)})
			total += n
		}
		list, err := Close(v, Closing{Every: Month, Period: monthOf, Now: state(t, v, true, totals...)})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			if raises := a.Kind == Minimum || a.Kind == Commitment; raises != (a.Amount.Minor > 0) {
				t.Fatalf("%+v", a)
			}
			if total += a.Amount.Minor; total < 0 {
				t.Fatal("less than nothing is owed")
			}
			if term := v.Term(a.Term); a.Kind == Minimum && len(term.Components) == 0 && total != a.Now.Limit.Minor {
				t.Fatalf("%d is not the minimum %s", total, a.Now.Limit)
			}
		}
	})
}

func TestYearlyTermsSeeWhatTheMonthsLeft(t *testing.T) {
	v := contract(Term{Key: "loyal", Kind: Discount, Percent: 10_000}, Term{Key: "least", Kind: Minimum, Amount: cents(1000)},
		Term{Key: "year", Kind: Commitment, Amount: cents(120_000), Every: Year})
	if err := v.Validate(); err != nil || !v.Closes(Year) || !v.Closes(Month) {
		t.Fatal(err)
	}
	year := Interval{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	now := state(t, v, true, Total{Key: "messages", Amount: cents(90_000)}, Total{Key: "least", Amount: cents(500)})
	list, err := Close(v, Closing{Every: Year, Period: year, Now: now})
	if err != nil || len(list) != 1 || list[0].Amount != cents(29_500) {
		t.Fatalf("%+v %v", list, err)
	}
}

func TestTermsAreChecked(t *testing.T) {
	for _, term := range []Term{
		{}, {Key: "base", Kind: Minimum, Amount: cents(1)}, {Key: "t", Kind: "other"}, {Key: "t", Kind: Minimum}, {Key: "t", Kind: Minimum, Amount: money.New(1, money.USD)},
		{Key: "t", Kind: Discount}, {Key: "t", Kind: Discount, Percent: 100_001}, {Key: "t", Kind: Discount, Percent: 1, Amount: cents(1)},
		{Key: "t", Kind: Coupon, Amount: cents(1), Every: Year}, {Key: "t", Kind: Coupon, Amount: cents(1), Prorate: true}, {Key: "t", Kind: Cap, Amount: cents(1), Periods: 2},
		{Key: "t", Kind: Cap, Amount: cents(1), Prepaid: true}, {Key: "t", Kind: Trial}, {Key: "t", Kind: Trial, Days: 1, Percent: 1},
		{Key: "t", Kind: Cap, Amount: cents(1), Components: []string{"none"}}, {Key: "t", Kind: Cap, Amount: cents(1), Components: []string{"base", "base"}},
	} {
		if err := contract(term).Validate(); fail.CodeOf(err) != "price.version" {
			t.Errorf("%+v was accepted", term)
		}
	}
	if contract(Term{Key: "a", Kind: Trial, Days: 1}, Term{Key: "b", Kind: Trial, Days: 1}).Validate() == nil {
		t.Error("two trials were accepted")
	}
}

func TestPercentText(t *testing.T) {
	for text, want := range map[string]Percent{"12.5": 12_500, "100": 100_000, "0.001": 1, "": 0, "7": 7000} {
		var p Percent
		if err := p.UnmarshalText([]byte(text)); err != nil || p != want {
			t.Errorf("%q: %v %v", text, p, err)
		}
		if b, _ := p.MarshalText(); string(b) != text {
			t.Errorf("%q became %q", text, b)
		}
	}
	for _, text := range []string{"100.001", "-1", "1.2345", "01", "1.", ".5", "1e1", "101", "9999"} {
		if new(Percent).UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

// TestWholeVersionIsCanonical writes and reads a version that has everything.
func TestWholeVersionIsCanonical(t *testing.T) {
	v := day()
	v.EffectiveTo = v.EffectiveFrom.Add(time.Hour)
	v.Components = append(v.Components, Component{Key: "pack", Kind: PerPeriod, Every: Month, Price: eur(1), Parts: []Part{{"a", 1}, {"b", 2}}},
		Component{Key: "vol", Kind: Volume, Meter: "m", Unit: "u", Per: 1, Tiers: []Tier{{UpTo: 9, Price: eur(1), Flat: eur(2), Step: 3}, {Price: eur(1)}}})
	v.Terms = []Term{{Key: "t", Kind: Trial, Days: 3}, {Key: "d", Kind: Discount, Percent: 1, Periods: 3}, {Key: "c", Kind: Commitment, Amount: cents(5), Every: Year, Prepaid: true, Prorate: true}}
	b, err := v.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseVersion(b)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := back.Canonical(); err != nil || string(again) != string(b) {
		t.Fatalf("%s became %s: %v", b, again, err)
	}
}

// TestForce cuts histories: a price that leaves and comes back, one that ends at once, one that runs on.
func TestForce(t *testing.T) {
	day := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC) }
	cycle := Cycle{Date{2026, 1, 31}, Month, time.UTC}
	history := []Agreed{{day(1, 31), "a"}, {day(2, 10), "b"}, {day(5, 1), "a"}}
	for _, c := range []struct {
		price       string
		ended, upTo time.Time
		numbers     []int
		held        int64 // days of the last one
		over        bool
	}{
		{"a", time.Time{}, day(6, 2), []int{0, 3, 4}, 30, false},
		{"a", day(5, 3), day(6, 2), []int{0, 3}, 2, true},
		{"b", day(5, 3), day(6, 2), []int{0, 1, 2, 3}, 1, true},
		{"b", time.Time{}, day(2, 11), []int{0}, 18, false},
		{"b", time.Time{}, day(2, 1), nil, 0, false},
		{"c", time.Time{}, day(6, 2), nil, 0, false},
	} {
		f := NewForce(history, c.price, c.ended)
		list, err := f.Closings(cycle, c.upTo)
		if err != nil {
			t.Fatal(err)
		}
		var numbers []int
		for _, one := range list {
			numbers = append(numbers, one.Number)
		}
		if d := cmp.Diff(c.numbers, numbers); d != "" {
			t.Errorf("%s up to %s: %s", c.price, c.upTo, d)
			continue
		}
		if len(list) > 0 {
			last := list[len(list)-1].Period
			if f.Held(last) != money.Quantity(c.held*86400) || f.Over(last, c.upTo) != c.over {
				t.Errorf("%s up to %s: held %d, over %v", c.price, c.upTo, f.Held(last)/86400, f.Over(last, c.upTo))
			}
		}
	}
	at := day(3, 5)
	for _, life := range []time.Duration{0, time.Millisecond, time.Second} {
		f := NewForce([]Agreed{{at, "a"}}, "a", at.Add(life))
		list, err := f.Closings(cycle, at.Add(life))
		if err != nil || len(list) != 1 || f.Held(list[0].Period) != 1 || !f.Over(list[0].Period, at.Add(life)) {
			t.Errorf("a life of %s: %+v %v", life, list, err)
		}
	}
}

func FuzzPercent(f *testing.F) {
	for _, s := range []string{"12.5", "100", "0.001", "", "100.001", "-1", "01", "1."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var p Percent
		if p.UnmarshalText([]byte(s)) != nil {
			return
		}
		var again Percent
		b, err := p.MarshalText()
		if err != nil || again.UnmarshalText(b) != nil || again != p || p < 0 || p > wholePercent {
			t.Errorf("%q became %v and %q", s, p, b)
		}
	})
}

func FuzzHours(f *testing.F) {
	f.Add("mon", "07:00", "22:00", "Europe/Paris", int64(1_700_000_000))
	f.Add("", "00:00", "24:00", "UTC", int64(0))
	f.Add("Mon", "7:00", "24:01", "/etc", int64(-1))
	f.Fuzz(func(t *testing.T, day, from, to, zone string, at int64) {
		h := &Hours{Zone: zone, Spans: []WeekSpan{{Days: []Weekday{Weekday(day)}, From: Clock(from), To: Clock(to)}}}
		var p problems
		p.hours("hours.", h)
		in := h.In(time.Unix(at, 0), time.UTC)
		if c := Clock(time.Unix(at, 0).UTC().Format("15:04")); p.error() == nil && in && (c < h.Spans[0].From || c >= h.Spans[0].To) {
			t.Errorf("%s lies in %+v", c, h)
		}
	})
}
