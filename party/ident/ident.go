// Package ident checks the identifiers by which companies and public bodies are found: registrations (ISO 6523 ICD, BT-30
// and BT-47 of EN 16931) and electronic addresses (the code list EAS, BT-34 and BT-49).
//
// Owns: the schemes that are offered, their form and check digits.
// Does not own: whose an identifier is (party), VAT identifiers by country (tax), the complete code lists (billing/einvoice).
// Reads: nothing.
// Writes: nothing.
//
// A check tells a slip of the pen, not whether the identifier exists.
package ident

import (
	"regexp"
	"slices"
	"strings"
)

// Scheme is a kind of identifier.
type Scheme struct {
	Code     string // "0002"
	Name     string // "SIREN"
	Country  string // where it is usual, ISO 3166-1 alpha-2; "" for anywhere
	Example  string
	Register bool // may name a registration (ISO 6523)
	Address  bool // may be an electronic address (EAS)
	form     *regexp.Regexp
	check    func(id string) bool
}

// schemes are those that are offered. The forms are those of the code lists' own notes (ISO 6523 ICD list, EAS code list
// of the Connecting Europe Facility, Peppol policy for use of identifiers); where a check is named beside one, that is
// its source.
var schemes = []Scheme{
	scheme("0225", "SIREN, annuaire", "FR", "303265045", "a", `[0-9]{9}(_[0-9]{14})?(_[A-Za-z0-9-]{1,100})?`, french), // AFNOR XP Z12-012: SIREN, perhaps with SIRET or suffix
	scheme("0002", "SIREN", "FR", "303265045", "ra", `[0-9]{9}`, luhn),                                                // INSEE: Luhn
	scheme("0009", "SIRET", "FR", "30326504500011", "ra", `[0-9]{14}`, siret),                                         // INSEE: Luhn, La Poste apart
	scheme("9957", "TVA", "FR", "FR40303265045", "a", `FR[0-9A-Z]{2}[0-9]{9}`, nil),
	scheme("0204", "Leitweg-ID", "DE", "04011000-1234512345-06", "ra", `[0-9]{2,12}(-[A-Za-z0-9]{1,30})?-[0-9]{2}`, leitweg), // KoSIT, Formatspezifikation Leitweg-ID: ISO 7064 mod 97-10
	scheme("9930", "USt-IdNr.", "DE", "DE136695976", "a", `DE[0-9]{9}`, nil),
	scheme("0208", "KBO/BCE", "BE", "0202239951", "ra", `[01][0-9]{9}`, belgian), // 97 less the first eight digits modulo 97
	scheme("9925", "BTW/TVA", "BE", "BE0202239951", "a", `BE[01][0-9]{9}`, nil),
	scheme("0106", "KvK", "NL", "12345678", "ra", `[0-9]{8}`, nil),
	scheme("0190", "OIN", "NL", "00000001003214345000", "ra", `[0-9]{20}`, nil),
	scheme("9944", "Btw", "NL", "NL123456782B90", "a", `NL[0-9]{9}B[0-9]{2}`, nil),
	scheme("9938", "TVA", "LU", "LU15027442", "a", `LU[0-9]{8}`, nil),
	scheme("0211", "Partita IVA", "IT", "IT00743110157", "ra", `IT[0-9]{11}`, nil),
	scheme("0201", "Codice IPA", "IT", "UFY9MH", "ra", `[A-Za-z0-9]{6}`, nil),
	scheme("9920", "NIF", "ES", "ESA28015865", "a", `ES[0-9A-Z][0-9]{7}[0-9A-Z]`, nil),
	scheme("9946", "NIF", "PT", "PT502757191", "a", `PT[0-9]{9}`, nil),
	scheme("9914", "UID", "AT", "ATU12345675", "a", `ATU[0-9]{8}`, nil),
	scheme("0184", "CVR", "DK", "13585628", "ra", `(DK)?[0-9]{8}`, nil),
	scheme("0192", "Organisasjonsnummer", "NO", "974760673", "ra", `[0-9]{9}`, norwegian), // Brønnøysundregistrene: modulus 11
	scheme("0007", "Organisationsnummer", "SE", "2120000142", "ra", `[0-9]{10}`, luhn),    // Skatteverket SKV 709: Luhn
	scheme("0216", "OVT", "FI", "003712345671", "ra", `0037[0-9]{8}[0-9A-Za-z]{0,5}`, nil),
	scheme("0183", "UID", "CH", "CHE116281710", "ra", `CHE[0-9]{9}`, nil),
	scheme("9932", "VAT", "GB", "GB123456782", "a", `GB([0-9]{9}([0-9]{3})?|GD[0-9]{3}|HA[0-9]{3})`, nil),
	scheme("0088", "GLN", "", "4006381333931", "ra", `[0-9]{13}`, gln), // GS1 General Specifications 7.9
	scheme("0060", "D-U-N-S", "", "150483782", "ra", `[0-9]{9}`, nil),
	scheme("0199", "LEI", "", "529900T8BM49AURSDO55", "ra", `[0-9A-Z]{18}[0-9]{2}`, lei), // ISO 17442: ISO 7064 mod 97-10
	scheme("EM", "E-mail", "", "invoices@example.org", "a", `[A-Za-z0-9_%+-][A-Za-z0-9._%+-]{1,63}@[A-Za-z0-9-][A-Za-z0-9.-]{0,180}\.[A-Za-z]{2,24}`, nil),
}

func scheme(code, name, country, example, use, form string, check func(string) bool) Scheme {
	return Scheme{Code: code, Name: name, Country: country, Example: example, Register: strings.Contains(use, "r"), Address: strings.Contains(use, "a"),
		form: regexp.MustCompile("^(" + form + ")$"), check: check}
}

// Schemes are all that are offered, in an order for people: those of a country first. Nobody may change them.
func Schemes(country string) []Scheme {
	out := slices.Clone(schemes)
	slices.SortStableFunc(out, func(a, b Scheme) int { return rank(a, country) - rank(b, country) })
	return out
}

func rank(s Scheme, country string) int {
	switch s.Country {
	case country:
		return 0
	case "":
		return 1
	}
	return 2
}

// Find is the scheme of a code; ok is false for one that is not offered.
func Find(code string) (s Scheme, ok bool) {
	i := slices.IndexFunc(schemes, func(s Scheme) bool { return s.Code == code })
	if i < 0 {
		return s, false
	}
	return schemes[i], true
}

// Valid tells whether an identifier has the form of its scheme and the right check digits.
func (s Scheme) Valid(id string) bool {
	return s.form != nil && s.form.MatchString(id) && (s.check == nil || s.check(id))
}

// luhn is the check of ISO/IEC 7812-1, annex B.
func luhn(id string) bool { return doubled(id)%10 == 0 }

func doubled(id string) (sum int) {
	for i := range len(id) {
		d := int(id[len(id)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum
}

// siret is Luhn over all and over the SIREN; the places of La Poste (SIREN 356000000) have digits that sum to a multiple
// of five instead (INSEE).
func siret(id string) bool {
	if strings.HasPrefix(id, "356000000") {
		sum := 0
		for _, r := range id {
			sum += int(r - '0')
		}
		return luhn(id) || sum%5 == 0
	}
	return luhn(id) && luhn(id[:9])
}

// french is an address in the French directory: its SIREN, and the SIRET where there is one.
func french(id string) bool {
	parts := strings.Split(id, "_")
	if !luhn(parts[0]) {
		return false
	}
	return len(parts) < 2 || len(parts[1]) != 14 || strings.Trim(parts[1], "0123456789") != "" || siret(parts[1]) && strings.HasPrefix(parts[1], parts[0])
}

// mod97 is a text of digits and letters (A is 10) modulo 97.
func mod97(text string) (rest int) {
	for _, r := range strings.ToUpper(text) {
		switch {
		case r >= '0' && r <= '9':
			rest = (rest*10 + int(r-'0')) % 97
		case r >= 'A' && r <= 'Z':
			rest = (rest*100 + int(r-'A') + 10) % 97
		}
	}
	return rest
}

func leitweg(id string) bool { return mod97(id) == 1 }

func lei(id string) bool { return mod97(id) == 1 }

func belgian(id string) bool { return 97-mod97(id[:8]) == mod97(id[8:]) }

func gln(id string) bool {
	sum := 0
	for i := range 13 {
		d := int(id[12-i] - '0')
		if i%2 == 1 {
			d *= 3
		}
		sum += d
	}
	return sum%10 == 0
}

func norwegian(id string) bool {
	sum := 0
	for i, weight := range []int{3, 2, 7, 6, 5, 4, 3, 2, 1} {
		sum += int(id[i]-'0') * weight
	}
	return sum%11 == 0
}
