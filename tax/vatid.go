package tax

import (
	"regexp"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
)

// The check digits of VAT identifiers. The rules of the member states are those that they published to each other and
// that the German Federal Ministry of Finance prints as "Konstruktionsregeln für die Umsatzsteuer-Identifikationsnummern"
// and the Commission's "VIES VAT number validation algorithms" (2005, BG and RO 2006, HR 2013); GB and XI: HMRC notice on
// VAT number format (moduli 97 and 9755); CHE: eCH-0097 (modulus 11); NO: Brønnøysund Register Centre (modulus 11). Where a
// state has kinds of numbers without a public check digit, the form alone is looked at.

// vatRule is the form of what follows the prefix and its check digits; nil where there are none.
type vatRule struct {
	form  *regexp.Regexp
	check func(n string) bool
}

// vatRules are by prefix: EL for Greece, XI for Northern Ireland, CHE for Switzerland.
var vatRules = map[string]vatRule{
	"AT": rule(`U[0-9]{8}`, func(n string) bool { return (10-(luhnSum(n[1:8])+4)%10)%10 == at(n, 8) }),
	"BE": rule(`[01][0-9]{9}`, func(n string) bool { return 97-number(n[:8])%97 == number(n[8:]) }),
	"BG": rule(`[0-9]{9,10}`, bulgarian),
	"CY": rule(`[0-9]{8}[A-Z]`, cypriot),
	"CZ": rule(`[0-9]{8,10}`, czech),
	"DE": rule(`[1-9][0-9]{8}`, iso1110),
	"DK": rule(`[1-9][0-9]{7}`, func(n string) bool { return weighed(n, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0 }),
	"EE": rule(`10[0-9]{7}`, func(n string) bool { return weighed(n, 3, 7, 1, 3, 7, 1, 3, 7, 1)%10 == 0 }),
	"EL": rule(`[0-9]{9}`, func(n string) bool { return weighed(n[:8], 256, 128, 64, 32, 16, 8, 4, 2)%11%10 == at(n, 8) }),
	"ES": rule(`[A-Z0-9][0-9]{7}[A-Z0-9]`, spanish),
	"FI": rule(`[0-9]{8}`, func(n string) bool { return weighed(n, 7, 9, 10, 5, 8, 4, 2, 1)%11 == 0 }),
	"FR": rule(`[0-9A-HJ-NP-Z]{2}[0-9]{9}`, french),
	"HR": rule(`[0-9]{11}`, iso1110),
	"HU": rule(`[0-9]{8}`, func(n string) bool { return weighed(n, 9, 7, 3, 1, 9, 7, 3, 1)%10 == 0 }),
	"IE": rule(`[0-9]{7}[A-W][A-I]?|[0-9][A-Z+*][0-9]{5}[A-W]`, irish),
	"IT": rule(`[0-9]{11}`, func(n string) bool { return number(n[:7]) > 0 && (luhnSum(n[:10])+at(n, 10))%10 == 0 }),
	"LT": rule(`[0-9]{7}1[0-9]|[0-9]{10}1[0-9]`, lithuanian),
	"LU": rule(`[0-9]{8}`, func(n string) bool { return number(n[:6])%89 == number(n[6:]) }),
	"LV": rule(`[0-9]{11}`, latvian),
	"MT": rule(`[1-9][0-9]{7}`, func(n string) bool {
		return number(n[:6]) > 99_999 && 37-weighed(n[:6], 3, 4, 6, 7, 8, 9)%37 == number(n[6:])
	}),
	"NL":  rule(`[0-9]{9}B[0-9]{2}`, dutch),
	"PL":  rule(`[0-9]{10}`, func(n string) bool { return weighed(n[:9], 6, 5, 7, 2, 3, 4, 5, 6, 7)%11 == at(n, 9) }),
	"PT":  rule(`[1-9][0-9]{8}`, func(n string) bool { return elevenLess(weighed(n[:8], 9, 8, 7, 6, 5, 4, 3, 2)) == at(n, 8) }),
	"RO":  rule(`[1-9][0-9]{1,9}`, romanian),
	"SE":  rule(`[0-9]{10}01`, func(n string) bool { return (luhnSum("0"+n[:9])+at(n, 9))%10 == 0 }),
	"SI":  rule(`[1-9][0-9]{7}`, slovenian),
	"SK":  rule(`[1-9][0-9][2-47-9][0-9]{7}`, func(n string) bool { return number(n)%11 == 0 }),
	"GB":  rule(`[0-9]{9}([0-9]{3})?|GD[0-4][0-9]{2}|HA[5-9][0-9]{2}`, british),
	"XI":  rule(`[0-9]{9}([0-9]{3})?|GD[0-4][0-9]{2}|HA[5-9][0-9]{2}`, british),
	"CHE": rule(`[0-9]{9}(MWST|TVA|IVA)?`, func(n string) bool { return elevenLess(weighed(n[:8], 5, 4, 3, 2, 7, 6, 5, 4)) == at(n, 8) && swiss(n) }),
	"NO":  rule(`[0-9]{9}(MVA)?`, func(n string) bool { return weighed(n[:9], 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0 }),
}

func rule(form string, check func(string) bool) vatRule {
	return vatRule{regexp.MustCompile("^(" + form + ")$"), check}
}

// vatPrefixes are where the prefix is not the country's code.
var vatPrefixes = map[string][]string{"GR": {"EL"}, "GB": {"GB", "XI"}, "IM": {"GB"}, "MC": {"FR"}, "CH": {"CHE"}, "LI": {"CHE"}, "NO": {"NO", ""}}

// TidyVATID is an identifier as it is kept: capitals, without the spaces, dots and hyphens that people write.
func TidyVATID(id string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", ".", "", "-", "", "\u00a0", "").Replace(id))
}

// CheckVATID tells whether a tidy identifier can be one of a company seated in a country: prefix, form and check digits.
// Whether it was given out is for VIES to say. A country whose rule is not known takes every text. Error: tax.vat_id.
func CheckVATID(country, id string) error {
	prefixes, ok := vatPrefixes[country]
	if !ok {
		prefixes = []string{country}
	}
	known := false
	for _, prefix := range prefixes {
		r, ok := vatRules[prefix]
		if prefix == "" {
			r, ok = vatRules[country]
		}
		rest, has := strings.CutPrefix(id, prefix)
		known = known || ok
		if ok && has && r.form.MatchString(rest) && r.check(rest) {
			return nil
		}
	}
	if !known {
		return nil
	}
	return fail.New(fail.Invalid, "tax.vat_id", "That is no VAT identifier of the country: its form or its check digits are not right.",
		"Write it with the letters of its country, as it was given out, or leave it out.").With("country", country).Field("vat_id", "has not the form or the check digits of its country")
}

// at is a digit.
func at(n string, i int) int { return int(n[i] - '0') }

// number is a text of at most 18 digits.
func number(n string) (v int) {
	for _, r := range n {
		v = v*10 + int(r-'0')
	}
	return v
}

// weighed is the sum of digits times weights.
func weighed(n string, weights ...int) (sum int) {
	for i, w := range weights {
		sum += at(n, i) * w
	}
	return sum
}

// luhnSum is the sum of digits of which every second one, the second first, counts as the digits of its double.
func luhnSum(n string) (sum int) {
	for i := range len(n) {
		d := at(n, i)
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum
}

// elevenLess is 11 less the rest modulo 11; 0 for what that makes more than a digit of.
func elevenLess(sum int) int {
	if d := 11 - sum%11; d < 10 {
		return d
	}
	return 0
}

// iso1110 is ISO/IEC 7064, modulus 11,10, over all digits.
func iso1110(n string) bool {
	product := 10
	for i := range len(n) - 1 {
		sum := (at(n, i) + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = 2 * sum % 11
	}
	return (11-product)%10 == at(n, len(n)-1)
}
