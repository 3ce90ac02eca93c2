package price

import (
	"time"

	"github.com/halle-cloud/halle/internal/fail"
)

// Date is a civil date without zone. In text it is "2026-01-31". The zero Date is "".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the civil date of an instant in a zone.
func DateOf(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return Date{y, m, d}
}

// ParseDate reads "2026-01-31", years 1 to 9999. Error: price.date.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return Date{}, fail.New(fail.Invalid, "price.date", "That is not a date of the calendar.",
			"Write the date as year-month-day, such as 2026-01-31.")
	}
	return DateOf(t, time.UTC), nil
}

// Before tells whether d comes before e.
func (d Date) Before(e Date) bool {
	if d.Year != e.Year {
		return d.Year < e.Year
	}
	if d.Month != e.Month {
		return d.Month < e.Month
	}
	return d.Day < e.Day
}

// Valid tells whether the date exists, in the years 1 to 9999.
func (d Date) Valid() bool {
	return d.Year >= 1 && d.Year <= 9999 && d.Month >= 1 && d.Month <= 12 && d.Day >= 1 && d.Day <= daysIn(d.Year, d.Month)
}

// String is "2026-01-31".
func (d Date) String() string {
	if d == (Date{}) {
		return ""
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// MarshalText writes "2026-01-31", or "" for the zero Date.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads "2026-01-31", or "" for the zero Date.
func (d *Date) UnmarshalText(b []byte) (err error) {
	if *d = (Date{}); len(b) > 0 {
		*d, err = ParseDate(string(b))
	}
	return err
}

// Start is the first instant of the date in a zone, in UTC. Where clocks skip midnight it is the instant of the
// change; where midnight comes twice it is the first.
func (d Date) Start(zone *time.Location) time.Time {
	t := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
	if DateOf(t, zone).Before(d) { // midnight was skipped and Go took the side before the change
		_, t = t.ZoneBounds()
		return t.UTC()
	}
	change, _ := t.ZoneBounds()
	if change.IsZero() {
		return t.UTC()
	}
	if h, m, s := t.Clock(); h+m+s != 0 { // skipped, and Go took the side after it
		return change.UTC()
	}
	_, now := t.Zone()
	_, before := change.Add(-time.Second).Zone()
	if first := t.Add(time.Duration(now-before) * time.Second); first.Before(change) {
		return first.UTC()
	}
	return t.UTC()
}

// Cycle cuts time into billing periods: civil months or years in a zone, counted from an anchor date. The day of
// the anchor is remembered: an anchor on the 31st gives 28 February and again 31 March. The zone is loaded by the
// caller (time.LoadLocation), because a pure package reads no files.
type Cycle struct {
	Anchor Date
	Every  Every
	Zone   *time.Location
}

// Period is one billing period: civil dates from First up to but not including Next, and the instants they
// start. Number counts from 0 at the anchor.
type Period struct {
	Number int
	First  Date
	Next   Date
	Interval
}

// Number is the period of that number, 0 being the one that starts at the anchor; negative numbers lie before.
// Error: price.cycle when the anchor, length or zone is not usable or the years 1 to 9999 are left.
func (c Cycle) Number(n int) (Period, error) {
	first, next := c.date(n), c.date(n+1)
	if !c.Anchor.Valid() || c.Zone == nil || c.Every != Month && c.Every != Year || !first.Valid() || !next.Valid() {
		return Period{}, fail.New(fail.Invalid, "price.cycle", "The billing period cannot be computed.",
			"Give a date of the calendar, a month or a year, and a time zone.")
	}
	return Period{n, first, next, Interval{first.Start(c.Zone), next.Start(c.Zone)}}, nil
}

// At is the period that an instant falls in. Error: price.cycle.
func (c Cycle) At(t time.Time) (Period, error) {
	if c.Zone == nil || !c.Anchor.Valid() {
		return c.Number(0) // says what is wrong
	}
	day := DateOf(t, c.Zone)
	n := day.Year - c.Anchor.Year
	if c.Every == Month {
		n = n*12 + int(day.Month-c.Anchor.Month)
	}
	p, err := c.Number(n)
	for err == nil && t.Before(p.From) {
		n--
		p, err = c.Number(n)
	}
	for err == nil && !t.Before(p.To) {
		n++
		p, err = c.Number(n)
	}
	return p, err
}

// date is the first day of period n, the day of the anchor clamped to the month.
func (c Cycle) date(n int) Date {
	if n < -200_000 || n > 200_000 { // beyond any calendar here, and safe to multiply
		return Date{}
	}
	if c.Every == Year {
		n *= 12
	}
	months := c.Anchor.Year*12 + int(c.Anchor.Month) - 1 + n
	y, m := months/12, time.Month(months%12+1)
	if months < 12 {
		return Date{}
	}
	return Date{y, m, min(c.Anchor.Day, daysIn(y, m))}
}

func daysIn(y int, m time.Month) int { return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day() }
