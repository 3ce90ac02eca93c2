package proof

import (
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func point(at time.Duration, value int64) Point {
	p := Point{At: at.Microseconds()}
	p.Key[0], p.Key[1] = byte(value), byte(at)
	p.Value.Add(value)
	return p
}

func TestAggregations(t *testing.T) {
	day := 24 * time.Hour
	list := []Point{point(time.Hour, 10), point(3*time.Hour, 4), point(2*time.Hour, 7), point(3*time.Hour+time.Minute, 5)}
	for a, want := range map[Aggregation]string{
		AggregateMin: "4", AggregateMax: "10", AggregateLatest: "5", AggregateUnique: "4",
		AggregateWeighted: "121", // 10 + 7 + 4/60 + 5 × (20 + 59/60) = 121.98: whole hours only
		AggregateP95:      "0",
	} {
		if got := a.Of(a.Compact(slices.Clone(list)), 0, day.Microseconds()); got.String() != want {
			t.Errorf("%s: %s, want %s", a, got, want)
		}
	}
	// A value that was held before counts from the beginning, and the last one to the end that is known.
	before := append([]Point{point(-5*time.Hour, 3)}, list...)
	if got := AggregateWeighted.Of(AggregateWeighted.Compact(before), 0, (4 * time.Hour).Microseconds()); got.String() != "24" {
		t.Errorf("held before: %s, want 3 + 10 + 7 + 4/60 + 5 × 59/60", got)
	}
}

func TestThe95thPercentile(t *testing.T) {
	var list []Point
	for i := range int64(100) {
		list = append(list, point(time.Duration(i)*Sample, i/2+1), point(time.Duration(i)*Sample+time.Minute, i-i/2)) // i + 1 together
	}
	to := (100 * Sample).Microseconds()
	if got := AggregateP95.Of(AggregateP95.Compact(slices.Clone(list)), 0, to); got.String() != "95" {
		t.Errorf("%s of 1 to 100, want 95", got)
	}
	if got := AggregateP95.Of(AggregateP95.Compact(slices.Clone(list)), 0, 20*to); got.String() != "0" {
		t.Errorf("%s when 95 %% of the samples are empty, want 0", got)
	}
	if got := AggregateP95.Of(AggregateP95.Compact(slices.Clone(list)), 0, 10*to); got.String() != "50" {
		t.Errorf("%s with 900 empty samples, want 50: the 950th of 1,000", got)
	}
}

// TestCompactingChangesNothing: any order, and any parts compacted first, give the same.
func TestCompactingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom(Aggregations()).Draw(t, "aggregation")
		if a.Adds() {
			return
		}
		var list []Point
		for range rapid.IntRange(1, 40).Draw(t, "n") {
			p := point(time.Duration(rapid.IntRange(0, 600).Draw(t, "minute"))*time.Minute, rapid.Int64Range(0, 9).Draw(t, "value"))
			p.Key[2] = byte(rapid.IntRange(0, 3).Draw(t, "key"))
			list = append(list, p)
		}
		want := a.Of(a.Compact(slices.Clone(list)), 0, (10 * time.Hour).Microseconds())
		other := rapid.Permutation(list).Draw(t, "order")
		cut := rapid.IntRange(0, len(other)).Draw(t, "cut")
		parts := append(a.Compact(slices.Clone(other[:cut])), a.Compact(slices.Clone(other[cut:]))...)
		if got := a.Of(a.Compact(parts), 0, (10 * time.Hour).Microseconds()); got != want {
			t.Fatalf("%s: %s, want %s", a, got, want)
		}
	})
}

func TestQuantityAgainstBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q Quantity
		want := new(big.Int)
		for range rapid.IntRange(1, 20).Draw(t, "n") {
			n := rapid.Int64().Draw(t, "value")
			if rapid.Bool().Draw(t, "other") {
				var o Quantity
				o.Add(n)
				o.Add(n)
				q = q.Sub(o)
				want.Sub(want, new(big.Int).Mul(big.NewInt(2), big.NewInt(n)))
				continue
			}
			q.Add(n)
			want.Add(want, big.NewInt(n))
		}
		again, err := ParseQuantity(q.String())
		if q.String() != want.String() || err != nil || again != q || q.Sign() != want.Sign() {
			t.Fatalf("%s (%+v, %v), want %s", q, again, err, want)
		}
		if n, ok := q.Int64(); ok != want.IsInt64() || ok && n != want.Int64() {
			t.Fatalf("%d, %v, want %s", n, ok, want)
		}
	})
}
