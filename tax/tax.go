// Package tax decides which value added tax applies to a service and computes it to the cent.
//
// Owns: the VAT categories of EN 16931, dated rates as data (rates.json), the decision for sales of services with
// its legal source, tax per rate over an invoice, taking the tax out of a gross price, the form and check digits of VAT
// identifiers.
// Does not own: whether a VAT identifier exists (the caller asks VIES and keeps the answer), where a consumer
// lives (the caller keeps two pieces of evidence), invoices (billing), goods, special territories, the
// EUR 10,000 threshold of small sellers (article 59c).
// Reads: nothing but its own embedded table.
// Writes: nothing.
//
// It refuses when it knows no rate or no rule; it never guesses.
package tax

import (
	"slices"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/price"
)

// Category is a VAT category code (UNTDID 5305 as EN 16931 restricts it).
type Category string

// The categories. Decide gives Standard, ReverseCharge and OutsideScope; the others are for invoices of sales
// that a person has judged.
const (
	Standard       Category = "S"  // taxed, at whatever rate above zero
	ZeroRated      Category = "Z"  // taxed at zero per cent
	Exempt         Category = "E"  // exempt
	ReverseCharge  Category = "AE" // the buyer accounts for the tax
	IntraCommunity Category = "K"  // goods to a business in another member state
	Export         Category = "G"  // goods out of the Union
	OutsideScope   Category = "O"  // not subject to this country's tax: services to a buyer outside the Union
)

// Valid tells whether c is one of the categories.
func (c Category) Valid() bool {
	switch c {
	case Standard, ZeroRated, Exempt, ReverseCharge, IntraCommunity, Export, OutsideScope:
		return true
	}
	return false
}

// Seller is who sells, as tax sees it.
type Seller struct {
	Country    string   // ISO 3166-1 alpha-2
	Registered []string // further countries where it is registered to charge consumers; "EU" is the one-stop shop for sellers outside the Union
}

// Buyer is who buys, as tax sees it. A business of another member state without a VAT identifier counts as a
// consumer (Implementing Regulation 282/2011, article 18).
type Buyer struct {
	Country  string // ISO 3166-1 alpha-2: seat of a business, residence of a consumer
	Business bool
	VATID    string // with its prefix, as VIES knows it: "FR40303265045"; the caller has checked that it exists
}

// Decision is which tax applies and why. It is stored with the invoice.
type Decision struct {
	Category    Category `json:"category"`
	BasisPoints int      `json:"basisPoints"`         // 2000 is 20 %; 0 for every category but S
	Country     string   `json:"country"`             // whose tax it is
	Mention     string   `json:"mention,omitempty"`   // code of the sentence that the invoice must carry, see Mention
	Exemption   string   `json:"exemption,omitempty"` // VATEX code for BT-121
	Rule        string   `json:"rule"`                // domestic, reverseCharge, consumerUnion, consumerRegistered, outside
	Reason      string   `json:"reason"`              // a sentence for the operator and the auditor
	Clause      string   `json:"clause"`              // its legal source
}

const directive = "Directive 2006/112/EC, "

// Decide says which tax applies to a service sold on a date (the date of the tax point in the seller's zone).
// Services sold by electronic means are assumed: articles 44, 58, 59 and 196.
// Errors: tax.country, tax.rate, tax.vat_id, tax.no_rule.
func (t *Table) Decide(s Seller, b Buyer, at price.Date) (Decision, error) {
	if err := t.dated(at); err != nil {
		return Decision{}, err
	}
	from, home, err := t.resolve(s.Country)
	if err != nil {
		return Decision{}, err
	}
	to, abroad, err := t.resolve(b.Country)
	if err != nil {
		return Decision{}, err
	}
	switch {
	case from == to:
		return t.taxed(to, at, "domestic", "Seller and buyer are in one country, whose tax applies.", domesticClause(home))
	case b.Business && home && abroad && b.VATID != "":
		return t.reverseCharge(to, b.VATID)
	case home && abroad:
		return t.taxed(to, at, "consumerUnion",
			"A consumer in another member state, or a business without a VAT identifier, pays the tax of the buyer's country (one-stop shop).",
			directive+"articles 58 and 369a; Implementing Regulation (EU) 282/2011, article 18")
	case !b.Business && (slices.Contains(s.Registered, to) || abroad && slices.Contains(s.Registered, "EU")):
		return t.taxed(to, at, "consumerRegistered", "The seller is registered in the consumer's country and charges its tax.",
			"registration of the seller in "+to)
	case home || b.Business:
		return outside(to, home, b.Business), nil
	}
	return Decision{}, fail.New(fail.Invalid, "tax.no_rule", "No tax rule is known for a seller outside the Union and a consumer abroad.",
		"Register the seller in the consumer's country or in the one-stop shop, and list that registration.").
		With("seller", s.Country).With("buyer", b.Country)
}

func (t *Table) reverseCharge(country, vatID string) (Decision, error) {
	if err := t.ValidVATID(country, vatID); err != nil {
		return Decision{}, err
	}
	return Decision{ReverseCharge, 0, country, "reverseCharge", "VATEX-EU-AE", "reverseCharge",
		"A business with a VAT identifier in another member state accounts for the tax itself.", directive + "articles 44 and 196"}, nil
}

// outside is a service that is supplied where the buyer is, beyond the reach of the seller's tax.
func outside(country string, union, business bool) Decision {
	d := Decision{Category: OutsideScope, Country: country, Mention: "outsideScope", Rule: "outside"}
	switch {
	case !union:
		d.Reason = "The seller is outside the Union and the service is supplied where the business that buys it is; it may have to account for tax there."
		d.Clause = "law of the seller's country on services to a business abroad"
		return d
	case business:
		d.Clause = directive + "article 44"
	default:
		d.Clause = directive + "articles 58 and 59"
	}
	d.Exemption = "VATEX-EU-O"
	d.Reason = "The service is supplied where the buyer is, outside the Union, so no tax of a member state applies; the buyer's country may ask the seller to register."
	return d
}

func domesticClause(union bool) string {
	if union {
		return directive + "articles 44, 45 and 58"
	}
	return "law of the country"
}

// taxed is category S at the standard rate of a country.
func (t *Table) taxed(country string, at price.Date, rule, reason, clause string) (Decision, error) {
	r, err := t.Rates(country, at)
	if err != nil {
		return Decision{}, err
	}
	return Decision{Category: Standard, BasisPoints: r.Standard, Country: country, Rule: rule, Reason: reason, Clause: clause}, nil
}

// Mention is the sentence an invoice carries for a mention code, in French for a locale that begins with "fr" and
// in English otherwise. It is empty for an unknown code.
func Mention(code, locale string) string {
	fr := len(locale) >= 2 && locale[:2] == "fr"
	switch {
	case code == "reverseCharge" && fr:
		return "Autoliquidation : la TVA est due par le preneur (directive 2006/112/CE, articles 44 et 196)."
	case code == "reverseCharge":
		return "Reverse charge: VAT is to be accounted for by the recipient (Directive 2006/112/EC, articles 44 and 196)."
	case code == "outsideScope" && fr:
		return "Prestation située hors du champ d’application de la TVA du pays du vendeur."
	case code == "outsideScope":
		return "Outside the scope of VAT of the seller’s country."
	}
	return ""
}
