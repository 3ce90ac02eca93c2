package budget_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating/budget"
)

func day(y int, m time.Month, d int) price.Date {
	return price.DateOf(time.Date(y, m, d, 0, 0, 0, 0, time.UTC), time.UTC)
}

func TestForecast(t *testing.T) {
	now := time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC) // a Monday
	end := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	week := budget.Days{}
	for d := 1; d <= 15; d++ {
		week[day(2026, 3, d)] = 100
		if at := time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC).Weekday(); at == time.Saturday || at == time.Sunday {
			week[day(2026, 3, d)] = 10
		}
	}
	// Half of Monday, then 15 days: of these 4 fall on a weekend.
	if got, want := budget.Forecast(now, end, time.UTC, week), int64(50+11*100+4*10); got != want {
		t.Errorf("with a week: %d, want %d", got, want)
	}
	// Two full days and a half with 250 in all: 100 a day.
	if got, want := budget.Forecast(now, end, time.UTC, budget.Days{day(2026, 3, 14): 200, day(2026, 3, 16): 50}), int64(1550); got != want {
		t.Errorf("without a week: %d, want %d", got, want)
	}
	if got := budget.Forecast(now, end, time.UTC, budget.Days{}); got != 0 {
		t.Errorf("without usage: %d", got)
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) { // the same each day costs the same each day, also when the clocks change
		daily := rapid.Int64Range(0, 1_000_000_000).Draw(t, "daily")
		days := budget.Days{}
		for d := range 60 {
			days[price.DateOf(time.Date(2026, 2, 1+d, 12, 0, 0, 0, paris), paris)] = daily
		}
		at := time.Date(2026, 3, rapid.IntRange(10, 31).Draw(t, "day"), 0, 0, 0, 0, paris)
		left := int64(32 - at.Day())
		if got := budget.Forecast(at, time.Date(2026, 4, 1, 0, 0, 0, 0, paris), paris, days); got != left*daily {
			t.Fatalf("%d, want %d", got, left*daily)
		}
	})
}

func TestUnusual(t *testing.T) {
	const unit = 1_000_000
	days := budget.Days{}
	for d := 1; d <= 20; d++ {
		days[day(2026, 3, d)] = int64(10+d%3) * unit
	}
	days[day(2026, 3, 9)] = 900 * unit // one wild day does not hide the next
	today := day(2026, 3, 21)
	for value, want := range map[int64]bool{0: false, 12: false, 21: false, 22: true, 50: true} {
		days[today] = value * unit
		if usual, got := budget.Unusual(today, days); got != want || usual != 11*unit {
			t.Errorf("%d after %d: %t", value, usual, got)
		}
	}
	if _, got := budget.Unusual(day(2026, 3, 6), budget.Days{day(2026, 3, 1): 1, day(2026, 3, 6): 900 * unit}); got {
		t.Error("five days are enough to judge")
	}
}

// TestTransitions: from each state every command has at most one row, and a removed budget takes none.
func TestTransitions(t *testing.T) {
	var seen []string
	for _, row := range budget.Transitions() {
		key := string(row.From) + " " + string(row.Command)
		if slices.Contains(seen, key) || row.From == budget.Removed || row.Fact == "" {
			t.Errorf("%+v", row)
		}
		seen = append(seen, key)
	}
}
