package einvoice

import (
	"math/big"
	"regexp"
	"strings"

	"github.com/halle-cloud/halle/money"
)

// Decimal is a number in decimal digits, "-12.5": a quantity, a price by unit, a percentage. "" is not there.
type Decimal string

var decimalForm = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,12})?$`)

// Valid tells whether it is a number of at most 18 digits before and 12 after the point.
func (d Decimal) Valid() bool { return decimalForm.MatchString(string(d)) }

// rat is its value; nothing for what is no number.
func (d Decimal) rat() *big.Rat {
	if !d.Valid() {
		return new(big.Rat)
	}
	r, _ := new(big.Rat).SetString(string(d))
	return r
}

// Sign is -1, 0 or 1.
func (d Decimal) Sign() int {
	switch {
	case !d.Valid() || strings.Trim(string(d), "-0.") == "":
		return 0
	case d[0] == '-':
		return -1
	}
	return 1
}

// worth is the value of an amount in the major unit of its currency.
func worth(a money.Amount) *big.Rat {
	exp, _ := a.Currency.Exponent()
	return new(big.Rat).SetFrac(big.NewInt(a.Minor), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exp)), nil))
}

// short is a fraction as a decimal, if it ends within so many places; ok is false if not.
func short(r *big.Rat, places int) (d Decimal, ok bool) {
	text := r.FloatString(places)
	if back, _ := new(big.Rat).SetString(text); back.Cmp(r) != 0 {
		return "", false
	}
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return Decimal(text), true
}

// percent is a rate for a document: 2000 is "20", 550 is "5.5".
func percent(basisPoints int) string {
	d, _ := short(big.NewRat(int64(basisPoints), 100), 2)
	return string(d)
}

// number is an amount for a document, with at most the two decimals that the standard lets it have; "" for none.
func number(a money.Amount) string {
	if a.Currency == "" {
		return ""
	}
	text := a.Decimal()
	if coarse(a) {
		return text
	}
	return text[:len(text)-1] // a third decimal, which Check wants to be zero
}

// coarse tells whether an amount's currency has two decimals at most.
func coarse(a money.Amount) bool {
	exp, _ := a.Currency.Exponent()
	return exp <= 2
}

// fine tells whether an amount needs a third decimal.
func fine(a money.Amount) bool { return !coarse(a) && a.Minor%10 != 0 }
