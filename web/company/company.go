// Package company asks for what a legal entity tells about itself on bills and in electronic invoices.
//
// Owns: the fields of these forms, for the desks of customers and of the operator.
// Does not own: legal entities and what they may say (party), the kinds of identifiers (party/ident).
// Reads: nothing.
// Writes: nothing.
package company

import (
	"strings"

	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/ident"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/site"
)

// Register is who it is: VAT number and registration.
func Register(r *site.Request, e party.Entity) []form.Field {
	d := known(e)
	return []form.Field{ask(r, "vat_id", e.VATID, form.Text, ""), kinds(r, "scheme", e.Country, d.Scheme, func(s ident.Scheme) bool { return s.Register }),
		ask(r, "registration", e.Registration, form.Text, ""), ask(r, "trading", d.Trading, form.Text, "")}
}

// Postal is its address in parts. Lines that were written before the parts were known are shown until the parts are.
func Postal(r *site.Request, e party.Entity) []form.Field {
	d := known(e)
	var out []form.Field
	if d.City == "" && e.Address != "" {
		out = append(out, ask(r, "address", e.Address, form.Area, ""))
	}
	return append(out, ask(r, "street", d.Street, form.Text, "address-line1"), ask(r, "street2", d.Street2, form.Text, "address-line2"), ask(r, "postcode", d.Postcode, form.Text, "postal-code"),
		ask(r, "city", d.City, form.Text, "address-level2"), ask(r, "region", d.Region, form.Text, "address-level1"))
}

// Reach is where it takes electronic invoices and whom to ask about one.
func Reach(r *site.Request, e party.Entity) []form.Field {
	d := known(e)
	return []form.Field{kinds(r, "endpoint_scheme", e.Country, d.Endpoint.Scheme, func(s ident.Scheme) bool { return s.Address }), ask(r, "endpoint", d.Endpoint.ID, form.Text, ""),
		ask(r, "contact_name", d.Contact.Name, form.Text, "name"), ask(r, "contact_phone", d.Contact.Phone, form.Tel, "tel"), ask(r, "contact_email", d.Contact.Email, form.Email, "email")}
}

// Seller is what only who issues invoices has to say.
func Seller(r *site.Request, e party.Entity) []form.Field {
	d := known(e)
	return []form.Field{ask(r, "tax_number", d.TaxNumber, form.Text, ""), ask(r, "legal_info", d.LegalInfo, form.Text, ""), ask(r, "recovery", d.Sentences.Recovery, form.Area, ""),
		ask(r, "penalty", d.Sentences.Penalty, form.Area, ""), ask(r, "discount", d.Sentences.Discount, form.Area, "")}
}

// Read is the entity with what was sent; what the form did not ask stays.
func Read(r *site.Request, e party.Entity) party.Entity {
	d := known(e)
	for name, to := range map[string]*string{"vat_id": &e.VATID, "registration": &e.Registration, "address": &e.Address, "trading": &d.Trading, "scheme": &d.Scheme,
		"street": &d.Street, "street2": &d.Street2, "city": &d.City, "postcode": &d.Postcode, "region": &d.Region, "endpoint_scheme": &d.Endpoint.Scheme, "endpoint": &d.Endpoint.ID,
		"contact_name": &d.Contact.Name, "contact_phone": &d.Contact.Phone, "contact_email": &d.Contact.Email, "tax_number": &d.TaxNumber, "legal_info": &d.LegalInfo,
		"recovery": &d.Sentences.Recovery, "penalty": &d.Sentences.Penalty, "discount": &d.Sentences.Discount} {
		if r.PostForm.Has(name) {
			*to = strings.ReplaceAll(r.Value(name), "\r\n", "\n")
		}
	}
	if d.Endpoint.ID == "" {
		d.Endpoint.Scheme = "" // a kind alone says nothing
	}
	if e.Registration == "" {
		d.Scheme = ""
	}
	e.Details = &d
	return e
}

func known(e party.Entity) party.Details {
	if e.Details == nil {
		return party.Details{}
	}
	return *e.Details
}

// ask is one optional question; its texts are those of company.ID.
func ask(r *site.Request, id, value string, kind form.Kind, auto string) form.Field {
	f := form.Field{ID: id, Kind: kind, Label: r.T("company." + id), Value: value, Optional: true, Autocomplete: auto}
	if hint := "company." + id + ".hint"; r.L.Has(hint) {
		f.Hint = r.T(hint)
	}
	return f
}

// kinds is a choice of the kinds of identifiers that fit, those of the country first.
func kinds(r *site.Request, id, country, chosen string, fits func(ident.Scheme) bool) form.Field {
	f := ask(r, id, "", form.Select, "")
	f.Options = []form.Option{{Value: "", Label: r.T("company." + id + ".none"), Chosen: chosen == ""}}
	for _, s := range ident.Schemes(country) {
		if !fits(s) {
			continue
		}
		label := s.Name + " (" + s.Code + ")"
		if s.Country != "" {
			label = r.L.Country(s.Country) + ": " + label
		}
		f.Options = append(f.Options, form.Option{Value: s.Code, Label: label + ", " + r.T("company.example", "example", s.Example), Chosen: s.Code == chosen})
	}
	return f
}
