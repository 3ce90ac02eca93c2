package locale

import (
	"strconv"
	"strings"
	"time"
)

const (
	thin = "\u00a0" // groups of digits in French, before %: the narrow space (U+202F) is a hair in too many fonts
	nbsp = "\u00a0" // between an amount and its currency
)

// Money is an amount to be shown: Minor × 10^-Exponent of the currency (EUR has 2 for totals; a unit price may
// have more: 95 with exponent 5 is €0.00095).
type Money struct {
	Minor    int64
	Exponent int
	Currency string // ISO 4217
}

// Number writes an integer with groups of three digits.
func (l *Locale) Number(n int64) string { return l.Decimal(n, 0) }

// Decimal writes n × 10^-places: Decimal(12345, 2) is "123.45" or "123,45".
func (l *Locale) Decimal(n int64, places int) string {
	digits, sign := strconv.FormatUint(magnitude(n), 10), ""
	if n < 0 {
		sign = "−"
	}
	if pad := places + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	whole, frac := digits[:len(digits)-places], digits[len(digits)-places:]
	group, point := ",", "."
	if l.lang == "fr" {
		group, point = thin, ","
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, d := range []byte(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteByte(d)
	}
	if places > 0 {
		b.WriteString(point + frac)
	}
	return b.String()
}

// magnitude keeps the smallest int64, whose negation does not fit.
func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-(n + 1)) + 1
	}
	return uint64(n)
}

// Percent writes n × 10^-places hundredths: Percent(55, 1) is "5.5 %".
func (l *Locale) Percent(n int64, places int) string { return l.Decimal(n, places) + thin + "%" }

// Money writes an amount with its currency, in the place where the language puts it.
func (l *Locale) Money(m Money) string {
	symbol := symbolOf(m.Currency)
	if l.lang == "fr" {
		if symbol == "$" {
			symbol = "$" + nbsp + "US"
		}
		return l.Decimal(m.Minor, m.Exponent) + nbsp + symbol
	}
	text := l.Decimal(m.Minor, m.Exponent)
	if symbol == m.Currency {
		symbol += nbsp
	}
	if rest, negative := strings.CutPrefix(text, "−"); negative {
		return "−" + symbol + rest
	}
	return symbol + text
}

func symbolOf(currency string) string {
	switch currency {
	case "EUR":
		return "€"
	case "GBP":
		return "£"
	case "USD":
		return "$"
	case "JPY":
		return "¥"
	}
	return currency
}

// Date writes a day shortly: "5 Nov 2026", "5 nov. 2026".
func (l *Locale) Date(t time.Time) string {
	t = t.In(l.zone)
	return l.day(t) + nbsp + l.T("month.short."+strconv.Itoa(int(t.Month()))) + nbsp + strconv.Itoa(t.Year())
}

// DateLong writes a day in full: "Thursday 5 November 2026", "jeudi 5 novembre 2026".
func (l *Locale) DateLong(t time.Time) string {
	t = t.In(l.zone)
	return l.T("weekday."+strconv.Itoa(int(t.Weekday()))) + " " + l.day(t) + nbsp +
		l.T("month.long."+strconv.Itoa(int(t.Month()))) + nbsp + strconv.Itoa(t.Year())
}

// Month writes a month: "November 2026".
func (l *Locale) Month(t time.Time) string {
	t = t.In(l.zone)
	return l.T("month.long."+strconv.Itoa(int(t.Month()))) + nbsp + strconv.Itoa(t.Year())
}

// day is the number of the day; French says "1er" for the first.
func (l *Locale) day(t time.Time) string {
	if l.lang == "fr" && t.Day() == 1 {
		return "1er"
	}
	return strconv.Itoa(t.Day())
}

// Clock writes hours and minutes: "14:05".
func (l *Locale) Clock(t time.Time) string { return t.In(l.zone).Format("15:04") }

// Instant writes day, time and zone: "5 Nov 2026, 14:05 UTC".
func (l *Locale) Instant(t time.Time) string {
	t = t.In(l.zone)
	zone, _ := t.Zone()
	return l.T("time.instant", "date", l.Date(t), "clock", t.Format("15:04"), "zone", zone)
}

// ISO writes an instant for machines (the datetime attribute of <time>).
func (l *Locale) ISO(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Ago writes an instant against now: "3 minutes ago", "in 2 days"; farther than 30 days it is a date.
func (l *Locale) Ago(t time.Time) string {
	d := l.now().Sub(t)
	past := d >= 0
	if !past {
		d = -d
	}
	unit, n := "", int64(0)
	switch {
	case d < 45*time.Second:
		return l.T("time.now")
	case d < time.Hour:
		unit, n = "minutes", int64((d+30*time.Second)/time.Minute)
	case d < 24*time.Hour:
		unit, n = "hours", int64(d/time.Hour)
	case d < 30*24*time.Hour:
		unit, n = "days", int64(d/(24*time.Hour))
	default:
		return l.Date(t)
	}
	if past {
		return l.T("time.ago."+unit, "n", n)
	}
	return l.T("time.in."+unit, "n", n)
}

// Duration writes a length of time with at most two units: "9 ms", "1.4 s", "2 min 5 s", "3 h 10 min", "4 days".
func (l *Locale) Duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return l.Number(d.Milliseconds()) + nbsp + "ms"
	case d < 10*time.Second && d%time.Second >= 100*time.Millisecond:
		return l.Decimal(int64(d/(100*time.Millisecond)), 1) + nbsp + "s"
	case d < time.Minute:
		return l.Number(int64(d/time.Second)) + nbsp + "s"
	case d < time.Hour:
		return l.two(d, time.Minute, "min", time.Second, "s")
	case d < 48*time.Hour:
		return l.two(d, time.Hour, "h", time.Minute, "min")
	}
	return l.T("time.days", "n", int64(d/(24*time.Hour)))
}

func (l *Locale) two(d, big time.Duration, bigName string, small time.Duration, smallName string) string {
	text := l.Number(int64(d/big)) + nbsp + bigName
	if rest := int64(d % big / small); rest > 0 {
		text += nbsp + l.Number(rest) + nbsp + smallName
	}
	return text
}

// Bytes writes a size in decimal units: "940 B", "1.2 MB".
func (l *Locale) Bytes(n int64) string {
	if n < 1000 {
		return l.Number(n) + nbsp + l.T("unit.byte")
	}
	unit, names := int64(1000), []string{"unit.kb", "unit.mb", "unit.gb", "unit.tb", "unit.pb"}
	i := 0
	for n/unit >= 1000 && i < len(names)-1 {
		unit *= 1000
		i++
	}
	if n/unit >= 100 {
		return l.Number(n/unit) + nbsp + l.T(names[i])
	}
	return l.Decimal(n/(unit/10), 1) + nbsp + l.T(names[i])
}
