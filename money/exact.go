package money

// exactDigits is the scale of Exact: 1e-18 of the major unit.
const (
	exactDigits  = 18
	exactPerNano = 1_000_000_000
)

// Exact is money before rounding: a signed 128-bit count of 1e-18 of the major unit, up to ±1.7e20. A line
// keeps it beside the rounded amount, so that anyone can redo the one rounding. Two Exacts are equal exactly
// when == says so. The zero Exact has no currency.
type Exact struct {
	neg bool // false for zero
	mag u128 // below 2^127
	cur Currency
}

// ZeroExact is nothing, in a currency: the start of a sum.
func ZeroExact(c Currency) Exact { return Exact{cur: c} }

// Exact is the amount as an exact value. Error: money.unknown_currency.
func (a Amount) Exact() (Exact, error) {
	exp, ok := a.Currency.Exponent()
	if !ok {
		return Exact{}, unknown(a.Currency)
	}
	return Exact{neg: a.Minor < 0, mag: mul64(magnitude(a.Minor), pow10(exactDigits-exp)), cur: a.Currency}, nil
}

// Currency is the currency of the value.
func (e Exact) Currency() Currency { return e.cur }

// Equal tells whether two exact values are the same money.
func (e Exact) Equal(f Exact) bool { return e == f }

// Sign is -1, 0 or 1.
func (e Exact) Sign() int {
	switch {
	case e.mag == u128{}:
		return 0
	case e.neg:
		return -1
	}
	return 1
}

// Neg turns the sign.
func (e Exact) Neg() Exact {
	e.neg = !e.neg && e.mag != u128{}
	return e
}

// Cmp is -1, 0 or 1 as e is below, equal to or above f. Error: money.currency.
func (e Exact) Cmp(f Exact) (int, error) {
	d, err := e.Add(f.Neg())
	if err != nil && e.cur == f.cur { // the difference of opposite signs did not fit, the signs decide
		return e.Sign(), nil
	}
	return d.Sign(), err
}

// Add sums two exact values of one currency. Errors: money.currency, money.overflow.
func (e Exact) Add(f Exact) (Exact, error) {
	if e.cur != f.cur {
		return Exact{}, mixed(e.cur, f.cur)
	}
	if e.neg == f.neg {
		s, over := e.mag.add(f.mag)
		if over || s.hi>>63 != 0 {
			return Exact{}, overflow()
		}
		e.mag = s
		return e, nil
	}
	if e.mag.less(f.mag) {
		e, f = f, e
	}
	e.mag = e.mag.sub(f.mag)
	e.neg = e.neg && e.mag != u128{}
	return e, nil
}

// Round is the one rounding of a line, to minor units. Errors: money.unknown_currency, money.overflow.
func (e Exact) Round(r Rounding) (Amount, error) {
	exp, ok := e.cur.Exponent()
	if !ok {
		return Amount{}, unknown(e.cur)
	}
	den := pow10(exactDigits - exp)
	q, rem := e.mag.div(den)
	m, ok := narrow(e.neg, q, rem, den, r)
	if !ok {
		return Amount{}, overflow()
	}
	return Amount{m, e.cur}, nil
}

// pow10 is 10^n for the scales that occur: 18 less the exponent of a currency.
func pow10(n int) uint64 {
	switch n {
	case 15:
		return 1_000_000_000_000_000
	case 16:
		return 10_000_000_000_000_000
	case 18:
		return 1_000_000_000_000_000_000
	}
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}
