package price

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/fail"
)

func zone(t interface {
	Helper()
	Fatal(...any)
}, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func date(t *testing.T, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPeriodTable(t *testing.T) {
	for _, c := range []struct {
		zone, anchor string
		every        Every
		n            int
		first, next  string
		from         string
		hours        int64
	}{
		{"UTC", "2026-01-31", Month, 0, "2026-01-31", "2026-02-28", "2026-01-31T00:00:00Z", 28 * 24},
		{"UTC", "2026-01-31", Month, 1, "2026-02-28", "2026-03-31", "2026-02-28T00:00:00Z", 31 * 24},
		{"UTC", "2026-01-31", Month, 3, "2026-04-30", "2026-05-31", "2026-04-30T00:00:00Z", 31 * 24},
		{"UTC", "2028-01-31", Month, 1, "2028-02-29", "2028-03-31", "2028-02-29T00:00:00Z", 31 * 24},
		{"UTC", "2026-01-31", Month, -2, "2025-11-30", "2025-12-31", "2025-11-30T00:00:00Z", 31 * 24},
		{"UTC", "2024-02-29", Year, 1, "2025-02-28", "2026-02-28", "2025-02-28T00:00:00Z", 365 * 24},
		{"UTC", "2024-02-29", Year, 4, "2028-02-29", "2029-02-28", "2028-02-29T00:00:00Z", 365 * 24},
		{"Europe/Paris", "2026-03-01", Month, 0, "2026-03-01", "2026-04-01", "2026-02-28T23:00:00Z", 31*24 - 1},
		{"Europe/Paris", "2026-10-01", Month, 0, "2026-10-01", "2026-11-01", "2026-09-30T22:00:00Z", 31*24 + 1},
		{"Africa/Cairo", "2024-04-26", Month, 0, "2024-04-26", "2024-05-26", "2024-04-25T22:00:00Z", 30*24 - 1},
		{"America/Havana", "2024-11-03", Month, 0, "2024-11-03", "2024-12-03", "2024-11-03T04:00:00Z", 30*24 + 1},
		{"Pacific/Apia", "2011-12-30", Month, 0, "2011-12-30", "2012-01-30", "2011-12-30T10:00:00Z", 30 * 24},
	} {
		p, err := Cycle{date(t, c.anchor), c.every, zone(t, c.zone)}.Number(c.n)
		if err != nil {
			t.Fatal(err)
		}
		if p.First.String() != c.first || p.Next.String() != c.next || p.From.Format(time.RFC3339) != c.from || p.Seconds() != c.hours*3600 {
			t.Errorf("%s %s %s %d: %v to %v, from %v, %d h", c.zone, c.anchor, c.every, c.n, p.First, p.Next, p.From, p.Seconds()/3600)
		}
	}
}

func TestCycleRefuses(t *testing.T) {
	ok := Date{2026, 1, 1}
	for _, c := range []Cycle{{Date{}, Month, time.UTC}, {ok, "week", time.UTC}, {ok, Month, nil}, {Date{2026, 2, 30}, Month, time.UTC}, {Date{9999, 12, 1}, Year, time.UTC}} {
		if _, err := c.Number(0); fail.CodeOf(err) != "price.cycle" {
			t.Errorf("%+v: %v", c, err)
		}
		if _, err := c.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)); fail.CodeOf(err) != "price.cycle" && c.Anchor.Year != 9999 {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestPeriodsTileTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom([]string{"UTC", "Europe/Paris", "Africa/Cairo", "America/Havana", "Asia/Beirut",
			"America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", "Africa/Tunis", "Australia/Lord_Howe", "Atlantic/Azores"}).Draw(t, "zone"))
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0)
		anchor := DateOf(time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "anchor"), 0), z)
		c := Cycle{anchor, rapid.SampledFrom([]Every{Month, Year}).Draw(t, "every"), z}
		p, err := c.At(at)
		if err != nil {
			t.Fatal(err)
		}
		if at.Before(p.From) || !at.Before(p.To) {
			t.Fatalf("%v is not in %v", at, p)
		}
		next, err := c.Number(p.Number + 1)
		if err != nil || next.From != p.To || next.First != p.Next {
			t.Fatalf("%v is not followed by %v (%v)", p, next, err)
		}
		if DateOf(p.From.Add(-time.Nanosecond), z) == p.First || DateOf(p.From, z).Before(p.First) {
			t.Fatalf("%v is not the first instant of %v", p.From, p.First)
		}
	})
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-01-31", "2024-02-29", "2026-02-30", "0000-01-01", "2026-1-1", "9999-12-31", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDate(s); err == nil && (d.String() != s || !d.Valid()) {
			t.Errorf("%q became %v", s, d)
		}
	})
}
