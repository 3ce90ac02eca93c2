package money

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/halle-cloud/halle/internal/fail"
)

// Split shares an amount by weights so that the parts sum to it exactly (largest remainder; among equal
// remainders the earlier part gets the unit). A negative amount is shared as its opposite with the signs
// turned, so that a credit note mirrors its invoice. Weights are not below zero and not all zero.
// Errors: money.weights, money.overflow.
func Split(a Amount, weights []int64) ([]Amount, error) {
	var sum uint64
	for _, w := range weights {
		s, carry := bits.Add64(sum, uint64(w), 0)
		if w < 0 || carry != 0 {
			return nil, badWeights()
		}
		sum = s
	}
	if sum == 0 {
		return nil, badWeights()
	}
	type share struct {
		index int
		rem   uint64
	}
	total := magnitude(a.Minor)
	left := total
	parts, shares := make([]uint64, len(weights)), make([]share, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(total, uint64(w))
		q, rem := bits.Div64(hi, lo, sum) // w ≤ sum, so the quotient is at most total
		parts[i], shares[i] = q, share{i, rem}
		left -= q
	}
	slices.SortStableFunc(shares, func(x, y share) int { return cmp.Compare(y.rem, x.rem) })
	for i := range left { // left is below the number of parts
		parts[shares[i].index]++
	}
	out := make([]Amount, len(parts))
	for i, p := range parts {
		out[i] = Amount{int64(p), a.Currency}
		if a.Minor < 0 {
			out[i].Minor = -int64(p)
		}
	}
	return out, nil
}

func badWeights() error {
	return fail.New(fail.Invalid, "money.weights", "The shares cannot be used: one is negative, all are zero, or they are too large.",
		"Give shares that are not below zero, at least one of them above zero.")
}
