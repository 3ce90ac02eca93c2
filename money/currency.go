package money

import "github.com/halle-cloud/halle/internal/fail"

// Currency is an ISO 4217 code in capitals, "EUR".
type Currency string

// The currencies most code names; [Currency.Exponent] knows more.
const (
	EUR Currency = "EUR"
	USD Currency = "USD"
	GBP Currency = "GBP"
	CHF Currency = "CHF"
	NOK Currency = "NOK"
	SEK Currency = "SEK"
	DKK Currency = "DKK"
	PLN Currency = "PLN"
	CZK Currency = "CZK"
	HUF Currency = "HUF"
	RON Currency = "RON"
	BGN Currency = "BGN"
	JPY Currency = "JPY"
	TND Currency = "TND"
)

// Exponent is how many decimals the minor unit has (ISO 4217: EUR 2, JPY 0, TND 3); ok is false for a currency
// that Halle does not know, which is then refused, never guessed.
func (c Currency) Exponent() (exp int, ok bool) {
	switch c {
	case EUR, USD, GBP, CHF, NOK, SEK, DKK, PLN, CZK, HUF, RON, BGN,
		"AED", "ALL", "AUD", "BAM", "BRL", "CAD", "CNY", "EGP", "GEL", "HKD", "ILS", "INR", "KES", "MAD", "MDL",
		"MKD", "MXN", "NGN", "NZD", "QAR", "RSD", "SAR", "SGD", "TRY", "UAH", "ZAR":
		return 2, true
	case JPY, "ISK", "KRW", "XAF", "XOF", "XPF", "VND":
		return 0, true
	case TND, "BHD", "JOD", "KWD", "LYD", "OMR", "IQD":
		return 3, true
	}
	return 0, false
}

// Known tells whether Halle knows the currency.
func (c Currency) Known() bool { _, ok := c.Exponent(); return ok }

func unknown(c Currency) error {
	return fail.New(fail.Invalid, "money.unknown_currency", "The currency is not one that can be counted here.",
		"Use the three-letter code of a listed currency, such as EUR.").With("currency", string(c))
}
