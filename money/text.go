package money

import (
	"math"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
)

// The canonical texts are "12.34 EUR" for an Amount (always all decimals of the minor unit), "0.0005 EUR" for a
// UnitPrice and an Exact (no needless zeros), "42" for a Quantity. Parsing is strict: optional minus, no plus,
// no leading zeros, no negative zero, no more decimals than the type holds, one space, known currency.

// ParseAmount reads "12.34" in a currency; fewer decimals than the minor unit has are accepted, more are not.
// Errors: money.text, money.unknown_currency, money.overflow.
func ParseAmount(s string, c Currency) (Amount, error) {
	exp, ok := c.Exponent()
	if !ok {
		return Amount{}, unknown(c)
	}
	n, err := parseInt(s, exp)
	return Amount{n, c}.orZero(err), err
}

// ParseUnitPrice reads "0.000000123" in a currency, up to nine decimals.
// Errors: money.text, money.unknown_currency, money.overflow.
func ParseUnitPrice(s string, c Currency) (UnitPrice, error) {
	if !c.Known() {
		return UnitPrice{}, unknown(c)
	}
	n, err := parseInt(s, 9)
	if err != nil {
		return UnitPrice{}, err
	}
	return UnitPrice{n, c}, nil
}

// ParseQuantity reads a whole number of base units. Errors: money.text, money.overflow.
func ParseQuantity(s string) (Quantity, error) {
	n, err := parseInt(s, 0)
	return Quantity(n), err
}

// Decimal is the number alone with all decimals of the minor unit, "12.34"; a currency that is not known
// prints minor units with the letter m ("1234m"), so that it can never be taken for a major amount.
func (a Amount) Decimal() string {
	exp, ok := a.Currency.Exponent()
	if !ok {
		return strconv.FormatInt(a.Minor, 10) + "m"
	}
	return decimal(a.Minor < 0, u128{0, magnitude(a.Minor)}, exp, exp)
}

// Decimal is the number alone without needless zeros, "0.0005".
func (p UnitPrice) Decimal() string {
	return decimal(p.Nanos < 0, u128{0, magnitude(p.Nanos)}, 9, 0)
}

// Decimal is the number alone without needless zeros.
func (e Exact) Decimal() string { return decimal(e.neg, e.mag, exactDigits, 0) }

// String is the canonical text, "12.34 EUR".
func (a Amount) String() string { return join(a.Decimal(), a.Currency) }

// String is the canonical text, "0.0005 EUR".
func (p UnitPrice) String() string { return join(p.Decimal(), p.Currency) }

// String is the canonical text, "0.000123 EUR".
func (e Exact) String() string { return join(e.Decimal(), e.cur) }

// String is the number in decimal.
func (q Quantity) String() string { return strconv.FormatInt(int64(q), 10) }

// MarshalText writes the canonical text; the zero Amount is "". Error: money.unknown_currency.
func (a Amount) MarshalText() ([]byte, error) {
	return marshal(a == Amount{}, a.Currency, a.String)
}

// MarshalText writes the canonical text; the zero UnitPrice is "". Error: money.unknown_currency.
func (p UnitPrice) MarshalText() ([]byte, error) {
	return marshal(p == UnitPrice{}, p.Currency, p.String)
}

// MarshalText writes the canonical text; the zero Exact is "". Error: money.unknown_currency.
func (e Exact) MarshalText() ([]byte, error) {
	return marshal(e == Exact{}, e.cur, e.String)
}

// MarshalText writes the decimal number.
func (q Quantity) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads "12.34 EUR", or "" for the zero Amount.
func (a *Amount) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*a = Amount{}
		return nil
	}
	num, c, err := cut(string(b))
	if err != nil {
		return err
	}
	*a, err = ParseAmount(num, c)
	return err
}

// UnmarshalText reads "0.0005 EUR", or "" for the zero UnitPrice.
func (p *UnitPrice) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*p = UnitPrice{}
		return nil
	}
	num, c, err := cut(string(b))
	if err != nil {
		return err
	}
	*p, err = ParseUnitPrice(num, c)
	return err
}

// UnmarshalText reads the canonical text, or "" for the zero Exact.
func (e *Exact) UnmarshalText(b []byte) error {
	*e = Exact{}
	if len(b) == 0 {
		return nil
	}
	num, c, err := cut(string(b))
	if err != nil {
		return err
	}
	if !c.Known() {
		return unknown(c)
	}
	neg, mag, err := parseDecimal(num, exactDigits)
	if err != nil {
		return err
	}
	*e = Exact{neg, mag, c}
	return nil
}

// UnmarshalText reads a whole number.
func (q *Quantity) UnmarshalText(b []byte) (err error) {
	*q, err = ParseQuantity(string(b))
	return err
}

func (a Amount) orZero(err error) Amount {
	if err != nil {
		return Amount{}
	}
	return a
}

func marshal(zero bool, c Currency, text func() string) ([]byte, error) {
	if zero {
		return nil, nil
	}
	if !c.Known() {
		return nil, unknown(c)
	}
	return []byte(text()), nil
}

func join(num string, c Currency) string {
	if c == "" {
		return num
	}
	return num + " " + string(c)
}

func cut(s string) (num string, c Currency, err error) {
	num, code, ok := strings.Cut(s, " ")
	if !ok {
		return "", "", badText()
	}
	return num, Currency(code), nil
}

// decimal prints mag × 10^-scale without trailing zeros beyond min decimals.
func decimal(neg bool, mag u128, scale, min int) string {
	const chunk = 10_000_000_000_000_000_000 // 1e19
	q, low := mag.div(chunk)
	s := strconv.FormatUint(low, 10)
	if q != (u128{}) { // below 2^64, because mag is below 2^128
		s = strconv.FormatUint(q.lo, 10) + strings.Repeat("0", 19-len(s)) + s
	}
	if len(s) <= scale {
		s = strings.Repeat("0", scale-len(s)+1) + s
	}
	whole, frac := s[:len(s)-scale], s[len(s)-scale:]
	for len(frac) > min && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	if frac != "" {
		whole += "." + frac
	}
	if neg {
		return "-" + whole
	}
	return whole
}

func parseInt(s string, scale int) (int64, error) {
	neg, mag, err := parseDecimal(s, scale)
	if err != nil {
		return 0, err
	}
	if mag.hi != 0 || mag.lo > math.MaxInt64 && !(neg && mag.lo == 1<<63) {
		return 0, overflow()
	}
	if neg {
		return int64(-mag.lo), nil
	}
	return int64(mag.lo), nil
}

// parseDecimal reads a strict decimal as an integer of 10^-scale, below 2^127.
func parseDecimal(s string, scale int) (neg bool, mag u128, err error) {
	digits, neg := strings.CutPrefix(s, "-")
	whole, frac, point := strings.Cut(digits, ".")
	if whole == "" || len(whole) > 1 && whole[0] == '0' || point && frac == "" || len(frac) > scale {
		return false, u128{}, badText()
	}
	for _, r := range []byte(whole + frac) {
		if r < '0' || r > '9' {
			return false, u128{}, badText()
		}
	}
	for _, r := range []byte(whole + frac + strings.Repeat("0", scale-len(frac))) {
		tens, over := mag.mulDiv(10, 1)
		mag, _ = tens.add(u128{0, uint64(r - '0')})
		if over || mag.hi>>63 != 0 {
			return false, u128{}, overflow()
		}
	}
	if neg && mag == (u128{}) {
		return false, u128{}, badText()
	}
	return neg, mag, nil
}

func badText() error {
	return fail.New(fail.Invalid, "money.text", "The number is not written as expected.",
		"Write digits with a point before the decimals, no more decimals than allowed, and the currency code after one space where one is asked: 12.34 EUR.")
}
