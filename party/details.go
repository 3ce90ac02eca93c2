package party

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party/ident"
	"github.com/halle-cloud/halle/tax"
)

// Details is what a legal entity tells about itself for bills and electronic invoices (EN 16931 BG-4 to BG-9). All of it
// may be empty. It is kept under the key of its organisation.
type Details struct {
	Street    string         `json:"street,omitempty"` // street and number (BT-35, BT-50)
	Street2   string         `json:"street2,omitempty"`
	City      string         `json:"city,omitempty"`
	Postcode  string         `json:"postcode,omitempty"`
	Region    string         `json:"region,omitempty"`     // subdivision of the country (BT-39, BT-54)
	Scheme    string         `json:"scheme,omitempty"`     // of Registration: ISO 6523, "0002" is SIREN (BT-30-1, BT-47-1)
	TaxNumber string         `json:"tax_number,omitempty"` // at its tax office, where it is not the VAT identifier (BT-32)
	LegalInfo string         `json:"legal_info,omitempty"` // legal form and capital (BT-33)
	Trading   string         `json:"trading,omitempty"`    // the name it trades under (BT-28, BT-45)
	Endpoint  Endpoint       `json:"endpoint,omitzero"`    // BT-34, BT-49
	Contact   BillingContact `json:"contact,omitzero"`     // BG-6, BG-9
	Sentences Sentences      `json:"sentences,omitzero"`
}

// Endpoint is an address in a network for electronic documents: a scheme of the code list EAS and the identifier in it.
type Endpoint struct {
	Scheme string `json:"scheme"`
	ID     string `json:"id"`
}

// BillingContact is whom to ask about a bill.
type BillingContact struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`
}

// Sentences are what a seller has agreed with its customers and must say on its bills (France: code de commerce, L441-9,
// L441-10, D441-5). An empty one is that of the law, where there is one.
type Sentences struct {
	Recovery string `json:"recovery,omitempty"` // costs of recovery (BT-21 "PMT")
	Penalty  string `json:"penalty,omitempty"`  // for late payment ("PMD")
	Discount string `json:"discount,omitempty"` // for early payment ("AAB")
}

const maxSentence = 500

// postal is the address in lines, "" without its parts.
func (d Details) postal() string {
	var lines []string
	for _, line := range []string{d.Street, d.Street2, strings.TrimSpace(d.Postcode + " " + d.City), d.Region} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// trimmed is it without spaces around its texts, and identifiers without those inside.
func (d Details) trimmed() Details {
	for _, text := range []*string{&d.Street, &d.Street2, &d.City, &d.Postcode, &d.Region, &d.TaxNumber, &d.LegalInfo, &d.Trading, &d.Contact.Name, &d.Contact.Phone,
		&d.Contact.Email, &d.Sentences.Recovery, &d.Sentences.Penalty, &d.Sentences.Discount, &d.Scheme, &d.Endpoint.Scheme} {
		*text = strings.TrimSpace(*text)
	}
	d.Endpoint.ID = strings.ReplaceAll(d.Endpoint.ID, " ", "")
	return d
}

// validate names the fields that cannot stand. registration is the number that Scheme is of.
func (d Details) validate(f *fail.Error, registration string) *fail.Error {
	for _, t := range []struct {
		field, text string
		most        int
	}{{"street", d.Street, maxName}, {"street2", d.Street2, maxName}, {"city", d.City, maxName}, {"postcode", d.Postcode, maxPhone}, {"region", d.Region, maxName},
		{"tax_number", d.TaxNumber, maxPhone}, {"legal_info", d.LegalInfo, maxSentence}, {"trading", d.Trading, maxName}, {"contact_name", d.Contact.Name, maxName},
		{"contact_phone", d.Contact.Phone, maxPhone}, {"contact_email", d.Contact.Email, maxName}, {"recovery", d.Sentences.Recovery, maxSentence},
		{"penalty", d.Sentences.Penalty, maxSentence}, {"discount", d.Sentences.Discount, maxSentence}} {
		f = checkText(f, t.field, t.text, t.most, false)
	}
	if d.City == "" && d.postal() != "" {
		f = f.Field("city", "is needed with a street or postcode")
	}
	if phone := d.Contact.Phone; phone != "" && len(strings.Map(digit, phone)) < 3 {
		f = f.Field("contact_phone", "has three digits at least")
	}
	if mail, _ := ident.Find("EM"); d.Contact.Email != "" && !mail.Valid(d.Contact.Email) {
		f = f.Field("contact_email", "is no e-mail address")
	}
	if s, ok := ident.Find(d.Scheme); d.Scheme != "" && (!ok || !s.Register) {
		f = f.Field("scheme", "is not one of the registers that are known")
	} else if ok && !s.Valid(compact(registration)) {
		f = f.Field("registration", fmt.Sprintf("is no %s, such as %s", s.Name, s.Example))
	}
	s, ok := ident.Find(d.Endpoint.Scheme)
	switch {
	case d.Endpoint == (Endpoint{}):
	case !ok || !s.Address:
		f = f.Field("endpoint_scheme", "is not one of the kinds of address that are known")
	case !s.Valid(d.Endpoint.ID):
		f = f.Field("endpoint", fmt.Sprintf("is no %s, such as %s", s.Name, s.Example))
	}
	return f
}

func digit(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}

func compact(id string) string { return strings.ReplaceAll(id, " ", "") }

// known names what is filled in, for the fact: the words themselves may be a person's.
func (d Details) known() []string {
	text, err := json.Marshal(d)
	fields := map[string]json.RawMessage{}
	if err != nil || json.Unmarshal(text, &fields) != nil {
		return nil // never: it is a plain struct
	}
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// entityRow is a legal entity as it is stored.
type entityRow struct {
	Entity
	sealed []byte
}

func detailsAAD(entity string) []byte { return []byte("legal_entity|" + entity + "|details") }

func (s *Parties) sealDetails(ctx context.Context, e Entity) ([]byte, error) {
	if e.Details == nil || *e.Details == (Details{}) {
		return nil, nil
	}
	plain, err := json.Marshal(e.Details)
	if err != nil {
		return nil, err
	}
	return s.ring.Seal(ctx, keys.Tenant(e.Org), plain, detailsAAD(e.ID))
}

// openDetails gives the entity with its details; they are empty once the key of its organisation is destroyed.
func (s *Parties) openDetails(ctx context.Context, row entityRow) (Entity, error) {
	e := row.Entity
	e.Details = new(Details)
	if row.sealed == nil {
		return e, nil
	}
	plain, err := s.ring.Open(ctx, keys.Tenant(e.Org), row.sealed, detailsAAD(e.ID))
	if errors.Is(err, keys.ErrDestroyed) {
		return e, nil
	}
	if err == nil {
		err = json.Unmarshal(plain, e.Details)
	}
	if err != nil {
		return e, fmt.Errorf("legal entity %s: %w", e.ID, err)
	}
	return e, nil
}

// readEntity reads a legal entity and opens its details.
func (s *Parties) readEntity(tx *store.Tx, entity string) (Entity, error) {
	row, err := selectEntity(tx, entity)
	if err != nil {
		return row.Entity, err
	}
	return s.openDetails(tx.Context(), row)
}

// checkVAT looks at a VAT identifier that is new: one that is on file stays, whatever it is, so that other changes go
// through.
func (e Entity) checkVAT(have Entity) error {
	if e.VATID == "" || e.VATID == have.VATID && e.Country == have.Country {
		return nil
	}
	return tax.CheckVATID(e.Country, e.VATID)
}

// merged is e with the details that it has, else those that stand. The lines of the address are made of its parts; other
// lines without parts, from a program that knows no parts, replace them.
func (e Entity) merged(have Entity) Entity {
	d := Details{}
	switch {
	case e.Details != nil:
		d = e.Details.trimmed()
	case have.Details != nil:
		d = *have.Details
		if lines := strings.TrimSpace(e.Address); lines != "" && lines != d.postal() {
			d.Street, d.Street2, d.City, d.Postcode, d.Region = "", "", "", "", ""
		}
		if e.Registration != have.Registration {
			d.Scheme = ""
		}
	}
	if d.City != "" {
		e.Address = d.postal()
	}
	if d.Scheme != "" {
		e.Registration = compact(e.Registration)
	}
	e.Details = &d
	if e.VATID != have.VATID {
		e.VATID = tax.TidyVATID(e.VATID)
	}
	return e
}
