package sepa

import (
	"log/slog"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
)

// IBAN is an account number without spaces, in capitals (ISO 13616). It prints masked, so that it gets into no log by
// accident; Electronic gives all of it.
type IBAN string

// ibanLengths are the countries of the single euro payments area with the length of their numbers (EPC409-09 and the
// IBAN registry of SWIFT, release 99).
var ibanLengths = map[string]int{
	"AD": 24, "AL": 28, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27,
	"GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24,
	"ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "VA": 22,
}

// outsideEEA are countries of the area for which the schemes ask for the bank's code and the payer's address (EPC409-09).
var outsideEEA = map[string]bool{"AD": true, "AL": true, "CH": true, "GB": true, "GI": true, "MC": true, "MD": true, "ME": true, "MK": true, "RS": true, "SM": true, "VA": true}

// ParseIBAN reads an account number as people write it, with spaces or without. Error: fail.Invalid, which says whether
// the country, the length or the check digits are wrong and never repeats the number.
func ParseIBAN(text string) (IBAN, error) {
	s := strings.ToUpper(strings.Join(strings.Fields(text), ""))
	wrong := func(what string) error {
		return fail.New(fail.Invalid, "sepa.iban", "This is not an account number (IBAN): "+what+".", "Compare it with your bank's statement.").Field("iban", what)
	}
	if len(s) < 4 || !all(s, alphanumeric) || !all(s[:2], capital) || !all(s[2:4], digit) {
		return "", wrong("it has a country of two letters, two check digits, letters and digits")
	}
	switch want, known := ibanLengths[s[:2]]; {
	case !known:
		return "", wrong("its country is outside the single euro payments area")
	case len(s) != want:
		return "", wrong("it is too long or too short for its country")
	case mod97(s[4:]+s[:4]) != 1:
		return "", wrong("its check digits do not fit")
	}
	return IBAN(s), nil
}

// Electronic is the whole number, for files to a bank and for the account's holder only.
func (i IBAN) Electronic() string { return string(i) }

// Country is the ISO 3166 code of the account's bank.
func (i IBAN) Country() string { return string(i[:min(2, len(i))]) }

// Masked shows the country and the last four signs.
func (i IBAN) Masked() string {
	if len(i) < 15 {
		return ""
	}
	return string(i[:2]) + "•• •••• " + string(i[len(i)-4:])
}

// Paper is the whole number in groups of four, as it stands on paper: for an account that is public, such as a seller's.
func (i IBAN) Paper() string {
	var b strings.Builder
	for n, r := range string(i) {
		if n > 0 && n%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// String is Masked.
func (i IBAN) String() string { return i.Masked() }

// GoString is Masked, for %#v.
func (i IBAN) GoString() string { return i.Masked() }

// LogValue is Masked.
func (i IBAN) LogValue() slog.Value { return slog.StringValue(i.Masked()) }

// NeedsBIC tells whether the schemes ask for the bank's code with this account.
func (i IBAN) NeedsBIC() bool { return outsideEEA[i.Country()] }

// BIC is the code of a bank (ISO 9362): 8 or 11 capitals and digits.
type BIC string

// ParseBIC reads a bank code. Error: fail.Invalid.
func ParseBIC(text string) (BIC, error) {
	s := strings.ToUpper(strings.TrimSpace(text))
	if (len(s) != 8 && len(s) != 11) || !all(s, alphanumeric) || !all(s[4:6], capital) {
		return "", fail.New(fail.Invalid, "sepa.bic", "This is not a bank code (BIC).", "It has 8 or 11 letters and digits; it may be left out inside the European Economic Area.").
			Field("bic", "must have 8 or 11 letters and digits")
	}
	return BIC(s), nil
}

// CreditorID is the identifier under which a creditor collects (EPC262-08): country, check digits, three signs that the
// creditor chooses by itself (its business code), the national identifier.
type CreditorID string

// ParseCreditorID reads a creditor identifier. Error: fail.Invalid.
func ParseCreditorID(text string) (CreditorID, error) {
	s := strings.ToUpper(strings.Join(strings.Fields(text), ""))
	wrong := fail.New(fail.Invalid, "sepa.creditor_id", "This is not a SEPA creditor identifier.", "Use the one that your national bank gave you.")
	if len(s) < 8 || len(s) > MaxID || !all(s, alphanumeric) || !all(s[:2], capital) || !all(s[2:4], digit) {
		return "", wrong.Field("creditor_id", "has a country, two check digits, three signs and the national identifier")
	}
	// The business code does not count (EPC262-08, section 2).
	if mod97(s[7:]+s[:4]) != 1 {
		return "", wrong.Field("creditor_id", "its check digits do not fit")
	}
	return CreditorID(s), nil
}

// mod97 is the remainder of ISO 7064 mod 97-10, letters standing for 10 to 35. s holds capitals and digits only.
func mod97(s string) int {
	r := 0
	for _, c := range []byte(s) {
		if c >= 'A' {
			r = (r*100 + int(c-'A') + 10) % 97
		} else {
			r = (r*10 + int(c-'0')) % 97
		}
	}
	return r
}

func digit(r rune) bool        { return r >= '0' && r <= '9' }
func capital(r rune) bool      { return r >= 'A' && r <= 'Z' }
func alphanumeric(r rune) bool { return digit(r) || capital(r) }

func all(s string, is func(rune) bool) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !is(r) })
}
