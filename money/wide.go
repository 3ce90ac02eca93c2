package money

import (
	"math"
	"math/bits"
)

// u128 is an unsigned 128-bit integer: the width in which products are formed before they are rounded.
type u128 struct{ hi, lo uint64 }

func mul64(a, b uint64) u128 {
	hi, lo := bits.Mul64(a, b)
	return u128{hi, lo}
}

func (x u128) add(y u128) (z u128, over bool) {
	lo, c := bits.Add64(x.lo, y.lo, 0)
	hi, c := bits.Add64(x.hi, y.hi, c)
	return u128{hi, lo}, c != 0
}

// sub is x - y for x ≥ y.
func (x u128) sub(y u128) u128 {
	lo, b := bits.Sub64(x.lo, y.lo, 0)
	hi, _ := bits.Sub64(x.hi, y.hi, b)
	return u128{hi, lo}
}

func (x u128) less(y u128) bool { return x.hi < y.hi || x.hi == y.hi && x.lo < y.lo }

// div is the quotient and remainder of x / d for d > 0.
func (x u128) div(d uint64) (q u128, rem uint64) {
	if x.hi == 0 {
		return u128{0, x.lo / d}, x.lo % d
	}
	q.hi, rem = x.hi/d, x.hi%d
	q.lo, rem = bits.Div64(rem, x.lo, d)
	return q, rem
}

// mulDiv is x × m / d cut towards zero, through 192 bits; over tells that the quotient needs more than 128.
func (x u128) mulDiv(m, d uint64) (q u128, over bool) {
	h1, l0 := bits.Mul64(x.lo, m)
	h2, l1 := bits.Mul64(x.hi, m)
	mid, c := bits.Add64(l1, h1, 0)
	top := h2 + c // cannot carry: the high word of a 64-bit product is at most 2^64-2
	if d == 1 {
		return u128{mid, l0}, top != 0
	}
	if top >= d {
		return u128{}, true
	}
	rem := top
	if top == 0 {
		q.hi, rem = mid/d, mid%d
	} else {
		q.hi, rem = bits.Div64(top, mid, d)
	}
	q.lo, _ = bits.Div64(rem, l0, d)
	return q, false
}

// magnitude is |n|, also for the smallest int64.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// narrow rounds quotient q with remainder rem of den to a signed int64; ok is false when it does not fit.
func narrow(neg bool, q u128, rem, den uint64, r Rounding) (n int64, ok bool) {
	if q.hi != 0 || q.lo > math.MaxInt64 {
		return 0, false
	}
	half := den - rem // rem against den-rem compares with the half without overflow
	if rem > half || rem == half && (r != HalfEven || q.lo&1 == 1) {
		q.lo++
	}
	if q.lo > math.MaxInt64 {
		return 0, false
	}
	if neg {
		return -int64(q.lo), true
	}
	return int64(q.lo), true
}
