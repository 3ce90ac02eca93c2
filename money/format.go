package money

import "strings"

// The spaces and the minus of display; none of them breaks a line.
const (
	noBreak  = "\u00a0"
	narrowSp = "\u202f" // between groups of three in French
	minus    = "\u2212"
)

// Format shows the amount to a person: "€1,234.50" in English, "1 234,50 €" in French (with spaces that do not
// break). All decimals of the minor unit are always there, so that columns align with tabular figures. Any
// locale that does not begin with "fr" is shown in English.
func (a Amount) Format(locale string) string {
	return display(a.Decimal(), a.Currency, locale)
}

// Format shows a unit price to a person, with at least the decimals of the minor unit and at most nine.
func (p UnitPrice) Format(locale string) string {
	exp, _ := p.Currency.Exponent()
	return display(decimal(p.Nanos < 0, u128{0, magnitude(p.Nanos)}, 9, exp), p.Currency, locale)
}

// Format shows a quantity to a person, in groups of three.
func (q Quantity) Format(locale string) string {
	num, neg := strings.CutPrefix(q.String(), "-")
	return sign(neg) + localise(num, french(locale))
}

func display(num string, c Currency, locale string) string {
	num, neg := strings.CutPrefix(num, "-")
	fr := french(locale)
	num = localise(num, fr)
	if fr {
		return sign(neg) + num + noBreak + symbol(c, fr)
	}
	sym := symbol(c, fr)
	if len(sym) == 3 && sym == string(c) {
		sym += noBreak
	}
	return sign(neg) + sym + num
}

func french(locale string) bool { return strings.HasPrefix(locale, "fr") }

func sign(neg bool) string {
	if neg {
		return minus
	}
	return ""
}

func localise(num string, fr bool) string {
	group, point := ",", "."
	if fr {
		group, point = narrowSp, ","
	}
	whole, frac, has := strings.Cut(num, ".")
	var b strings.Builder
	for i, r := range []byte(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteByte(r)
	}
	if has {
		b.WriteString(point + frac)
	}
	return b.String()
}

// symbol is the sign a reader of the locale expects, or the code where a sign would be ambiguous.
func symbol(c Currency, fr bool) string {
	switch c {
	case EUR:
		return "€"
	case GBP:
		if fr {
			return "£GB"
		}
		return "£"
	case USD:
		if fr {
			return "$US"
		}
		return "US$"
	}
	return string(c)
}
