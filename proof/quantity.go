package proof

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"strconv"
)

// Quantity is an amount of usage that never overflows: High × 10^18 + Low, with 0 ≤ Low < 10^18. High is below zero for
// what was taken back.
type Quantity struct{ High, Low int64 }

const quantityBase = 1_000_000_000_000_000_000

// Add adds a value.
func (q *Quantity) Add(n int64) {
	q.High += n / quantityBase
	q.Low += n % quantityBase
	q.settle()
}

// AddQuantity adds another amount.
func (q *Quantity) AddQuantity(o Quantity) {
	q.High += o.High
	q.Low += o.Low
	q.settle()
}

func (q *Quantity) settle() {
	switch {
	case q.Low >= quantityBase:
		q.High++
		q.Low -= quantityBase
	case q.Low < 0:
		q.High--
		q.Low += quantityBase
	}
}

// Sub is what is left when another amount is taken away.
func (q Quantity) Sub(o Quantity) Quantity {
	q.AddQuantity(Quantity{-o.High, -o.Low})
	return q
}

// Cmp is -1, 0 or 1.
func (q Quantity) Cmp(o Quantity) int {
	return cmp.Or(cmp.Compare(q.High, o.High), cmp.Compare(q.Low, o.Low))
}

// Sign is -1, 0 or 1.
func (q Quantity) Sign() int { return q.Cmp(Quantity{}) }

// Int64 is the amount where it fits.
func (q Quantity) Int64() (n int64, ok bool) {
	b := q.big()
	return b.Int64(), b.IsInt64()
}

func (q Quantity) big() *big.Int {
	b := new(big.Int).Mul(big.NewInt(q.High), big.NewInt(quantityBase))
	return b.Add(b, big.NewInt(q.Low))
}

// String is the amount as a decimal integer.
func (q Quantity) String() string {
	switch {
	case q.High == 0:
		return strconv.FormatInt(q.Low, 10)
	case q.High > 0:
		return fmt.Sprintf("%d%018d", q.High, q.Low)
	}
	return q.big().String()
}

// quantityOf is an integer as a Quantity; false beyond ±2^63 × 10^18.
func quantityOf(b *big.Int) (Quantity, bool) {
	high, low := new(big.Int).DivMod(b, big.NewInt(quantityBase), new(big.Int))
	return Quantity{high.Int64(), low.Int64()}, high.IsInt64()
}

// ParseQuantity reads what String wrote.
func ParseQuantity(s string) (Quantity, error) {
	b, ok := new(big.Int).SetString(s, 10)
	if !ok || b.String() != s {
		return Quantity{}, fmt.Errorf("quantity %q: it is no integer", s)
	}
	q, ok := quantityOf(b)
	if !ok {
		return q, errors.New("quantity: it has too many digits")
	}
	return q, nil
}
