package price

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/money"
)

// TestASpreadIsWhatItsBuyersPay adds random effects up and does the same by hand.
func TestASpreadIsWhatItsBuyersPay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewSpreader(money.EUR, Net)
		var before, after int64
		var changes []int64
		signs := map[int]int{}
		for range rapid.IntRange(0, 60).Draw(t, "n") {
			e := Effect{Key: rapid.StringMatching(`[a-z]{3}`).Draw(t, "key"), Before: cents(rapid.Int64Range(-5, 5000).Draw(t, "before")), After: cents(rapid.Int64Range(-5, 5000).Draw(t, "after"))}
			if err := s.Add(e); err != nil {
				t.Fatal(err)
			}
			before, after = before+e.Before.Minor, after+e.After.Minor
			changes = append(changes, e.rise())
			c, _ := e.After.Cmp(e.Before)
			signs[c]++
		}
		got := s.Spread()
		if got.Before != cents(before) || got.After != cents(after) || got.More != signs[1] || got.Less != signs[-1] || got.Same != signs[0] {
			t.Fatalf("%+v", got)
		}
		slices.Sort(changes)
		for i, d := range got.Deciles {
			atMost, n := 0, len(changes)
			for _, c := range changes {
				if c <= d.Minor {
					atMost++
				}
			}
			if !slices.Contains(changes, d.Minor) || atMost*10 < (i+1)*n {
				t.Fatalf("decile %d of %v is %s", i+1, changes, d)
			}
		}
		if n := len(got.Deciles); n != 9 && len(changes) > 0 {
			t.Fatalf("%d deciles", n)
		}
		slices.Reverse(changes)
		for i, e := range got.Rises {
			if e.rise() != changes[i] || e.rise() <= 0 {
				t.Fatalf("rise %d of %v is %d", i, changes, e.rise())
			}
		}
		if want := min(signs[1], maxRises); len(got.Rises) != want {
			t.Fatalf("%d rises, want %d", len(got.Rises), want)
		}
	})
	if err := NewSpreader(money.EUR, Net).Add(Effect{Before: cents(1), After: money.New(1, money.USD)}); err == nil {
		t.Fatal("two currencies were added")
	}
}

// TestACurveIsTheQuoteOfEachPoint draws any price and any quantities.
func TestACurveIsTheQuoteOfEachPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyUsage(t)
		c := &v.Components[0]
		reach := c.Reach()
		list := Samples(reach, 20)
		if list[0] != 0 || list[len(list)-1] != reach || !slices.IsSorted(list) || len(list) > 21 {
			t.Fatalf("samples to %d: %v", reach, list)
		}
		for _, tier := range c.Tiers {
			if tier.UpTo > reach*c.per() {
				t.Fatalf("the curve ends at %d, inside a tier that ends at %d", reach*c.per(), tier.UpTo)
			}
		}
		points, err := Curve(v, "u", nil, list)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range points {
			q, err := NewQuote(v, map[string]money.Quantity{"u": p.Quantity * c.per()})
			if err != nil || p.Total != q.Total {
				t.Fatalf("%d units: %s, quoted %s, %v", p.Quantity, p.Total, q.Total, err)
			}
		}
	})
}

// TestALaterMonthHasNothingOfTheFirst leaves out what is owed once, by the year, or at first only.
func TestALaterMonthHasNothingOfTheFirst(t *testing.T) {
	v := broker()
	v.Terms = []Term{{Key: "start", Kind: Coupon, Amount: cents(100), Periods: 3}, {Key: "least", Kind: Minimum, Amount: cents(5000)}, {Key: "year", Kind: Minimum, Amount: cents(900_00), Every: Year}}
	p, err := Curve(v, "messages", map[string]money.Quantity{"setup": 1, "devices": 3600 * 9}, []money.Quantity{0, 1, 1_000_001})
	if err != nil {
		t.Fatal(err)
	}
	// At least 50.00; a million beyond the free thousand cost 0.50 each, the month 3.00 and 8 hours 0.01 each.
	if p[0].Total != cents(5000) || p[1].Total != cents(5000) || p[1].Each.Decimal() != "50" || p[2].Total != cents(500_003_08) {
		t.Fatalf("%+v", p)
	}
}

// TestFreeSeatsAreFreeInAQuote quotes seats of which some cost nothing.
func TestFreeSeatsAreFreeInAQuote(t *testing.T) {
	v := &Version{ID: "v", Currency: money.EUR, Basis: Net, EffectiveFrom: time.Unix(0, 0),
		Components: []Component{{Key: "seats", Kind: Seats, Meter: "m", Unit: "seat", Every: Month, Free: 2 * month, Price: eur(10e9)}}}
	q, err := NewQuote(v, map[string]money.Quantity{"seats": 5})
	if err != nil || q.Total != cents(3000) {
		t.Fatalf("%+v %v", q, err)
	}
	if _, err := Trace(v, &q.Lines[0]); err != nil {
		t.Fatal(err)
	}
}
