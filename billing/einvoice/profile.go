package einvoice

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/halle-cloud/halle/internal/fail"
)

//go:embed profiles.json
var profilesText []byte

// Profile is what a network or a country asks for beyond the standard: its identifiers and further rules, as data.
type Profile struct {
	Key            string   `json:"key"` // "peppol"
	Name           string   `json:"name"`
	Syntaxes       []string `json:"syntaxes"`                  // "ubl", "cii"
	Types          []string `json:"types,omitempty"`           // BT-3 that it takes; none: all
	Specification  string   `json:"specification"`             // BT-24
	Process        string   `json:"process,omitempty"`         // BT-23
	OneNote        bool     `json:"one_note"`                  // the notes become one (Peppol R002)
	Siren          bool     `json:"siren"`                     // a SIRET is told with the SIREN that it begins with
	CreditMeans    string   `json:"credit_means,omitempty"`    // BT-81 of a credit note that says nothing of payment, which BR-DE-1 wants nevertheless
	SupportingText string   `json:"supporting_text,omitempty"` // BT-123 of what stands beside, where a code is wanted (BR-FR-17)
	Source         string   `json:"source"`
	Rules          []Rule   `json:"rules"`
}

// Rule is a further requirement. It holds where When names a term that has one of the values ("*": any), and Unless does not. Any
// wants one of the terms; Term wants what is there to match Pattern; Holds wants the term to have Value somewhere.
type Rule struct {
	Rule    string              `json:"rule"`
	Any     []string            `json:"any,omitempty"`
	Term    string              `json:"term,omitempty"`
	Pattern string              `json:"pattern,omitempty"`
	Holds   string              `json:"holds,omitempty"`
	Value   string              `json:"value,omitempty"`
	When    map[string][]string `json:"when,omitempty"`
	Unless  map[string][]string `json:"unless,omitempty"`
	Fill    string              `json:"fill"` // what to fill in, in a sentence
}

// Profiles are all of them, in the order of profiles.json. A key stands more than once where the type of the document
// decides. Nobody may change them.
var Profiles = sync.OnceValue(func() []Profile {
	var list []Profile
	if err := json.Unmarshal(profilesText, &list); err != nil {
		panic("einvoice: profiles.json: " + err.Error())
	}
	return list
})

// Standard is the key of the profile that asks for nothing more.
const Standard = "en16931"

// Write is a document in a profile and syntax ("ubl" or "cii"; "" is the profile's first). Errors: einvoice.profile for a
// profile or syntax that is not known, einvoice.invalid with everything that is missing at once.
func Write(d *Document, profile, syntax string) ([]byte, error) {
	p, err := find(profile, d.Type)
	if err != nil {
		return nil, err
	}
	if syntax == "" {
		syntax = p.Syntaxes[0]
	}
	if !slices.Contains(p.Syntaxes, syntax) {
		return nil, fail.New(fail.Invalid, "einvoice.profile", p.Name+" is not written in that syntax.", "Use "+strings.Join(p.Syntaxes, " or ")+".").Field("format", "is not of this profile")
	}
	d, missing := p.Apply(d)
	if err := Refusal(append(Check(d), missing...)); err != nil {
		return nil, err
	}
	if syntax == "cii" {
		return CII(d)
	}
	return UBL(d)
}

func find(key, kind string) (Profile, error) {
	if key == "" {
		key = Standard
	}
	var known []string
	for _, p := range Profiles() {
		if p.Key == key && (len(p.Types) == 0 || slices.Contains(p.Types, kind)) {
			return p, nil
		}
		if !slices.Contains(known, p.Key) {
			known = append(known, p.Key)
		}
	}
	if slices.Contains(known, key) {
		return Profile{}, fail.New(fail.Invalid, "einvoice.profile", "This profile takes no document of the type "+kind+".", "Use another profile.").Field("profile", "does not take this type")
	}
	return Profile{}, fail.New(fail.Invalid, "einvoice.profile", "There is no such profile.", "Use one of "+strings.Join(known, ", ")+".").Field("profile", "is not known")
}

// Apply is a copy of the document with the profile's identifiers, and what it lacks for the profile.
func (p Profile) Apply(d *Document) (*Document, []Violation) {
	out := *d
	out.Specification, out.Process = p.Specification, p.Process
	if p.OneNote && len(d.Notes) > 1 {
		texts := make([]string, len(d.Notes))
		for i, n := range d.Notes {
			texts[i] = n.Text
		}
		out.Notes = []Note{{Text: strings.Join(texts, " · ")}}
	}
	if d.Credit() && d.Payment == (Payment{}) {
		out.Payment.Means = p.CreditMeans
	}
	if p.SupportingText != "" {
		out.Supporting = slices.Clone(d.Supporting)
		for i := range out.Supporting {
			out.Supporting[i].Text = p.SupportingText
		}
	}
	if p.Siren {
		siren(&out.Seller)
		siren(&out.Buyer)
	}
	var missing []Violation
	for _, r := range p.Rules {
		missing = append(missing, r.check(&out)...)
	}
	return &out, missing
}

// siren makes the SIREN of a French party its registration: out of a SIRET, whose first nine digits it is, or else of
// its VAT identifier, whose last nine it is (code général des impôts, art. 286 ter; annexe III).
func siren(p *Party) {
	switch {
	case p.Address.Country != "FR":
	case p.Legal.Scheme == "0009" && len(p.Legal.ID) == 14:
		if p.ID.ID == "" {
			p.ID = p.Legal
		}
		p.Legal = Identifier{"0002", p.Legal.ID[:9]}
	case p.Legal.Scheme == "" && strings.HasPrefix(p.VATID, "FR") && len(p.VATID) == 13:
		p.Legal = Identifier{"0002", p.VATID[4:]}
	}
}

func (r Rule) check(d *Document) (out []Violation) {
	if !r.applies(d) {
		return nil
	}
	miss := func(term string) { out = append(out, Violation{r.Rule, term, r.Fill}) }
	if len(r.Any) > 0 && !slices.ContainsFunc(r.Any, func(t string) bool { return len(d.values(t)) > 0 }) {
		miss(r.Any[0])
	}
	if r.Holds != "" && !slices.Contains(d.values(r.Holds), r.Value) {
		miss(r.Holds)
	}
	if r.Term != "" && slices.ContainsFunc(d.values(r.Term), func(v string) bool {
		ok, err := regexp.MatchString(r.Pattern, v)
		return err != nil || !ok
	}) {
		miss(r.Term)
	}
	return out
}

func (r Rule) applies(d *Document) bool {
	meets := func(terms map[string][]string) bool {
		for term, values := range terms {
			if slices.ContainsFunc(d.values(term), func(v string) bool { return values[0] == "*" || slices.Contains(values, v) }) {
				return true
			}
		}
		return false
	}
	return (len(r.When) == 0 || meets(r.When)) && !meets(r.Unless)
}

// values are what a term has, the empty ones left out: one at most of the terms of the document, one a note or line of
// the others. A term that no profile asks about has none.
func (d *Document) values(term string) []string {
	one := map[string]string{
		"BT-1": d.Number, "BT-3": d.Type, "BT-5": string(d.Currency), "BT-10": d.BuyerReference, "BT-13": d.Order, "BT-30": d.Seller.Legal.ID, "BT-30-1": d.Seller.Legal.Scheme,
		"BT-31": d.Seller.VATID, "BT-32": d.Seller.TaxNumber, "BT-34": d.Seller.Endpoint.ID, "BT-37": d.Seller.Address.City, "BT-38": d.Seller.Address.Postcode,
		"BT-41": d.Seller.Contact.Name, "BT-42": d.Seller.Contact.Phone, "BT-43": d.Seller.Contact.Email, "BT-47": d.Buyer.Legal.ID, "BT-49": d.Buyer.Endpoint.ID,
		"BT-29": d.Seller.ID.ID, "BT-29-1": d.Seller.ID.Scheme, "BT-46": d.Buyer.ID.ID, "BT-46-1": d.Buyer.ID.Scheme, "BT-34-1": d.Seller.Endpoint.Scheme,
		"BT-49-1": d.Buyer.Endpoint.Scheme, "BT-77": d.Delivery.City, "BT-78": d.Delivery.Postcode, "BT-80": d.Delivery.Country,
		"BT-52": d.Buyer.Address.City, "BT-53": d.Buyer.Address.Postcode, "BT-55": d.Buyer.Address.Country, "BT-81": d.Payment.Means, "BT-84": d.Payment.Account,
		"BT-89": d.Payment.Mandate, "BT-90": d.Payment.Creditor, "BT-91": d.Payment.Debited, "BT-111": string(d.Totals.VATBooked.Currency),
	}
	if v := one[term]; v != "" {
		return []string{v}
	}
	var out []string
	switch term {
	case "BT-21":
		for _, n := range d.Notes {
			out = append(out, n.Subject)
		}
	case "BT-25":
		for _, r := range d.Preceding {
			out = append(out, r.Number)
		}
	case "BT-151":
		for i := range d.Lines {
			out = append(out, string(d.Lines[i].Category))
		}
	}
	return slices.DeleteFunc(out, func(v string) bool { return v == "" })
}
