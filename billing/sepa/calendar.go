package sepa

import (
	"time"

	"github.com/halle-cloud/halle/price"
)

// BankDay is the date itself, or the next one on which banks of the area settle: not Saturday and Sunday, 1 January, Good
// Friday, Easter Monday, 1 May, 25 and 26 December (the calendar of TARGET).
func BankDay(d price.Date) price.Date {
	t := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
	for closed(t) {
		t = t.AddDate(0, 0, 1)
	}
	return price.DateOf(t, time.UTC)
}

func closed(t time.Time) bool {
	if w := t.Weekday(); w == time.Saturday || w == time.Sunday {
		return true
	}
	switch t.Format("01-02") {
	case "01-01", "05-01", "12-25", "12-26":
		return true
	}
	e := easter(t.Year())
	return t.Equal(e.AddDate(0, 0, -2)) || t.Equal(e.AddDate(0, 0, 1))
}

// easter is Easter Sunday of the Gregorian calendar (the anonymous computus, Nature, 20 April 1876).
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	month, day := (h+l-7*m+114)/31, (h+l-7*m+114)%31+1
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}
