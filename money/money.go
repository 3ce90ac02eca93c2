// Package money counts money without ever losing or inventing a cent.
//
// Owns: currencies and their exponents, amounts in minor units, unit prices, quantities, the exact unrounded
// sum of a line, the one rounding, splitting by largest remainder, canonical text and display by locale.
// Does not own: what something costs (price), value added tax (tax), exchange rates (Halle never converts).
// Reads: nothing.
// Writes: nothing.
//
// Three scales, all integers; there is no floating point here:
//
//   - [Amount] is what stands on an invoice and in the ledger: int64 minor units (cents for EUR, yen for JPY).
//   - [UnitPrice] is what one unit costs: int64 nanos, 1e-9 of the major unit, so 0.000000123 EUR is exact.
//   - [Exact] is a product or sum before rounding: 128 bits of 1e-18 of the major unit.
//
// A line multiplies ([UnitPrice.Times]), sums ([Exact.Add]) and rounds once ([Exact.Round]). Whatever does not
// fit is an error, never a wrapped number.
package money

import (
	"cmp"
	"math"
	"math/bits"

	"github.com/halle-cloud/halle/internal/fail"
)

// Quantity counts whole base units of a meter: messages, bytes, device-seconds. A meter picks a base unit so
// small that integers are exact; a price says how many base units make one priced unit (3600 for an hour).
// In text and JSON it is a decimal string, because JSON numbers above 2^53 do not survive every reader.
type Quantity int64

// Amount is money as it is owed: minor units of a currency. The zero Amount has no currency and stands for
// "not given"; in text it is the empty string.
type Amount struct {
	Minor    int64
	Currency Currency
}

// UnitPrice is what one unit costs: nanos (1e-9) of the major unit of a currency. The zero UnitPrice has no
// currency and stands for "not given".
type UnitPrice struct {
	Nanos    int64
	Currency Currency
}

// Rounding names how a value between two minor units becomes one of them.
type Rounding string

// The two roundings. The empty Rounding means HalfAwayFromZero, which EN 16931 invoices use by custom.
const (
	HalfAwayFromZero Rounding = "halfAwayFromZero"
	HalfEven         Rounding = "halfEven"
)

// Valid tells whether r is one of the two roundings or empty (the default).
func (r Rounding) Valid() bool { return r == "" || r == HalfAwayFromZero || r == HalfEven }

// New is an amount in minor units: New(1234, EUR) is 12.34 EUR.
func New(minor int64, c Currency) Amount { return Amount{Minor: minor, Currency: c} }

// Zero is nothing, in a currency.
func Zero(c Currency) Amount { return Amount{Currency: c} }

// NewUnitPrice is a unit price in nanos of the major unit: NewUnitPrice(500_000_000, EUR) is 0.50 EUR.
func NewUnitPrice(nanos int64, c Currency) UnitPrice { return UnitPrice{Nanos: nanos, Currency: c} }

// IsZero tells whether the amount is nothing, in whatever currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// Sign is -1, 0 or 1.
func (a Amount) Sign() int { return cmp.Compare(a.Minor, 0) }

// Add sums two amounts of one currency. Errors: money.currency, money.overflow.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, mixed(a.Currency, b.Currency)
	}
	s := a.Minor + b.Minor
	if (s > a.Minor) != (b.Minor > 0) {
		return Amount{}, overflow()
	}
	return Amount{s, a.Currency}, nil
}

// Sub takes b from a, both of one currency. Errors: money.currency, money.overflow.
func (a Amount) Sub(b Amount) (Amount, error) {
	n, err := b.Neg()
	if err != nil {
		return Amount{}, err
	}
	return a.Add(n)
}

// Neg turns the sign. Error: money.overflow for the one value that has no opposite.
func (a Amount) Neg() (Amount, error) {
	if a.Minor == math.MinInt64 {
		return Amount{}, overflow()
	}
	return Amount{-a.Minor, a.Currency}, nil
}

// Cmp is -1, 0 or 1 as a is below, equal to or above b. Error: money.currency.
func (a Amount) Cmp(b Amount) (int, error) {
	if a.Currency != b.Currency {
		return 0, mixed(a.Currency, b.Currency)
	}
	return cmp.Compare(a.Minor, b.Minor), nil
}

// Sum adds amounts of currency c; the sum of none is zero. Errors: money.currency, money.overflow.
func Sum(c Currency, amounts ...Amount) (Amount, error) {
	total := Zero(c)
	for _, a := range amounts {
		var err error
		if total, err = total.Add(a); err != nil {
			return Amount{}, err
		}
	}
	return total, nil
}

// Scale is a × num / den, computed in 128 bits and rounded once: the amount of a tax rate or a share.
// den must be above zero. Errors: money.overflow, money.divisor.
func (a Amount) Scale(num, den int64, r Rounding) (Amount, error) {
	if den <= 0 {
		return Amount{}, divisor()
	}
	p := mul64(magnitude(a.Minor), magnitude(num))
	q, rem := p.div(uint64(den))
	neg := (a.Minor < 0) != (num < 0)
	m, ok := narrow(neg, q, rem, uint64(den), r)
	if !ok {
		return Amount{}, overflow()
	}
	return Amount{m, a.Currency}, nil
}

// Times is price × quantity / per as an exact value: 2 EUR per 3600 device-seconds, for 1800 of them. The
// division, where there is one, cuts below 1e-18 of the major unit towards zero; per must be above zero.
// Errors: money.overflow, money.divisor.
func (p UnitPrice) Times(q, per Quantity) (Exact, error) {
	if per <= 0 {
		return Exact{}, divisor()
	}
	prod, over := mul64(magnitude(p.Nanos), magnitude(int64(q))).mulDiv(exactPerNano, uint64(per))
	if over || prod.hi>>63 != 0 {
		return Exact{}, overflow()
	}
	return Exact{neg: (p.Nanos < 0) != (q < 0) && prod != u128{}, mag: prod, cur: p.Currency}, nil
}

// Each is the amount by unit, of q units, rounded half away from zero at its ninth decimal. Errors: money.unknown_currency,
// money.overflow, money.divisor when q is not above zero.
func (a Amount) Each(q Quantity) (UnitPrice, error) {
	exp, ok := a.Currency.Exponent()
	if !ok {
		return UnitPrice{}, unknown(a.Currency)
	}
	nanos := int64(1)
	for range 9 - exp {
		nanos *= 10
	}
	n, err := a.Scale(nanos, int64(q), HalfAwayFromZero)
	return UnitPrice{n.Minor, a.Currency}, err
}

// Add sums two quantities. Error: money.overflow.
func (q Quantity) Add(b Quantity) (Quantity, error) {
	s := q + b
	if (s > q) != (b > 0) {
		return 0, overflow()
	}
	return s, nil
}

// Mul multiplies two quantities, such as 5 seats × 3600 seconds. Error: money.overflow.
func (q Quantity) Mul(b Quantity) (Quantity, error) {
	hi, lo := bits.Mul64(magnitude(int64(q)), magnitude(int64(b)))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, overflow()
	}
	if (q < 0) != (b < 0) {
		return -Quantity(lo), nil
	}
	return Quantity(lo), nil
}

func overflow() error {
	return fail.New(fail.Invalid, "money.overflow", "The amount is too large to be counted exactly.",
		"Use a smaller quantity or price.")
}

func divisor() error {
	return fail.New(fail.Invalid, "money.divisor", "A price or share is divided by a number that is not above zero.",
		"Give a number of units above zero.")
}

func mixed(a, b Currency) error {
	return fail.New(fail.Invalid, "money.currency", "Amounts in two currencies cannot be added or compared.",
		"Use one currency.").With("first", string(a)).With("second", string(b))
}
