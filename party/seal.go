package party

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
)

// Hidden stands for the name of a household in lists for others than itself.
const Hidden = "(household)"

const emailIndex = "email-index"

// emailHash is the keyed hash that finds an address without knowing it. email is normalised.
func (s *Parties) emailHash(ctx context.Context, email string) ([]byte, error) {
	if err := s.ring.Ensure(ctx, keys.Install(emailIndex)); err != nil {
		return nil, err
	}
	h, err := s.ring.MAC(ctx, keys.Install(emailIndex), "email", []byte(email))
	return h[:], err
}

func contactAAD(person string) []byte { return []byte("person|" + person + "|contact") }

func nameAAD(org string) []byte { return []byte("organisation|" + org + "|name") }

func invitationAAD(id string) []byte { return []byte("invitation|" + id + "|email") }

func (s *Parties) sealContact(ctx context.Context, person string, c Contact) ([]byte, error) {
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return s.ring.Seal(ctx, keys.Person(person), plain, contactAAD(person))
}

// openContact fills the contact, or marks the person as erased.
func (s *Parties) openContact(ctx context.Context, p *personRow) error {
	plain, err := s.ring.Open(ctx, keys.Person(p.ID), p.sealed, contactAAD(p.ID))
	if errors.Is(err, keys.ErrDestroyed) {
		p.Erased, p.Contact = true, Contact{Name: Erased}
		return nil
	}
	if err == nil {
		err = json.Unmarshal(plain, &p.Contact)
	}
	if err != nil {
		return fmt.Errorf("person %s: %w", p.ID, err)
	}
	return nil
}

func (s *Parties) sealName(ctx context.Context, org, head, name string) ([]byte, error) {
	return s.ring.Seal(ctx, keys.Person(head), []byte(name), nameAAD(org))
}

func (s *Parties) openName(ctx context.Context, o *orgRow) error {
	if o.Form != FormHousehold {
		return nil
	}
	name, err := s.ring.Open(ctx, keys.Person(o.Head), o.sealed, nameAAD(o.ID))
	if errors.Is(err, keys.ErrDestroyed) {
		o.Name = Erased
		return nil
	}
	if err != nil {
		return fmt.Errorf("organisation %s: %w", o.ID, err)
	}
	o.Name = string(name)
	return nil
}

// Limits of what people write, in bytes.
const (
	maxName    = 200
	maxAddress = 1000
	maxPhone   = 40
)

func (o Organisation) validate() error {
	e := fail.New(fail.Invalid, "party.organisation", "The organisation cannot be accepted as described.", "Correct the fields named.")
	e = checkText(e, "name", o.Name, maxName, true)
	e = checkPlace(e, o.Country, o.Language)
	if len(o.Kinds) == 0 {
		e = e.Field("kinds", "name at least one")
	}
	if o.Is(KindUnit) && len(o.Kinds) > 1 {
		e = e.Field("kinds", "a unit is nothing else")
	}
	return orNil(e)
}

func (c Contact) validate() error {
	e := fail.New(fail.Invalid, "party.person", "The person cannot be accepted as described.", "Correct the fields named.")
	e = checkText(e, "name", c.Name, maxName, true)
	e = checkText(e, "phone", c.Phone, maxPhone, false)
	e = checkText(e, "address", strings.ReplaceAll(c.Address, "\n", " "), maxAddress, false)
	return orNil(e)
}

// orNil drops an error that names no field.
func orNil(e *fail.Error) error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

func checkText(e *fail.Error, field, text string, limit int, needed bool) *fail.Error {
	switch {
	case needed && strings.TrimSpace(text) == "":
		return e.Field(field, "is needed")
	case len(text) > limit:
		return e.Field(field, fmt.Sprintf("has %d bytes, at most %d are kept", len(text), limit))
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }):
		return e.Field(field, "has a sign that is no text")
	}
	return e
}

func checkPlace(e *fail.Error, country, language string) *fail.Error {
	if !isCountry(country) {
		e = e.Field("country", "write two capital letters, as in FR")
	}
	if language != "en" && language != "fr" {
		e = e.Field("language", "use en or fr")
	}
	return e
}

func isCountry(text string) bool {
	return len(text) == 2 && strings.IndexFunc(text, func(r rune) bool { return r < 'A' || r > 'Z' }) < 0
}
