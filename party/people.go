package party

import (
	"context"
	"fmt"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/trace"
)

// newPerson is a person with its key made, its contact sealed and its address hashed, ready for a transaction.
type newPerson struct {
	personRow
	hash []byte
}

func (s *Parties) newcomer(ctx context.Context, person, home, name, email, language string) (newPerson, error) {
	email, err := NormaliseEmail(email)
	if err != nil {
		return newPerson{}, err
	}
	contact := Contact{Name: strings.TrimSpace(name), Email: email}
	if err := contact.validate(); err != nil {
		return newPerson{}, err
	}
	p := newPerson{personRow: personRow{Person: Person{ID: person, Home: home, Contact: contact, Language: language, CreatedAt: s.now()}}}
	if p.hash, err = s.emailHash(ctx, email); err != nil {
		return p, err
	}
	if err := s.ring.Ensure(ctx, keys.Person(person)); err != nil {
		return p, err
	}
	p.sealed, err = s.sealContact(ctx, person, contact)
	return p, err
}

// register writes the person and its fact; the contact is its personal segment.
func (s *Parties) register(tx *store.Tx, c access.Caller, home Organisation, p newPerson) error {
	if err := insertPerson(tx, p.personRow, p.hash, p.CreatedAt); err != nil {
		if store.IsUnique(err) {
			return store.Retry(err) // a rival registered the address: the next run finds it
		}
		return fmt.Errorf("register person: %w", err)
	}
	return s.record(tx, c, FactPersonRegistered, p.ID, home, PersonFact{Person: p.ID, Home: home.ID},
		trace.Segment{Owner: p.ID, Fields: p.Contact})
}

// join makes the person a member with the roles.
func (s *Parties) join(tx *store.Tx, c access.Caller, o Organisation, person, invitation string, roles []access.Role) error {
	if err := insertMember(tx, o.ID, person, roles, s.now()); err != nil {
		return fmt.Errorf("join: %w", err)
	}
	return s.record(tx, c, FactMemberJoined, o.ID, o, MemberFact{Org: o.ID, Person: person, Invitation: invitation, Roles: roles})
}

// SignUp is what a household tells when it signs itself up.
type SignUp struct {
	Name     string // of the person, and of the household
	Email    string
	Language string
	Country  string
	Market   string
}

// Prepared is a household whose keys are made; nothing of it is stored yet.
type Prepared struct {
	org orgRow
	newPerson
	market string
}

// Email is the normalised address.
func (p Prepared) Email() string { return p.Contact.Email }

// PersonID is the identifier that the person will have.
func (p Prepared) PersonID() string { return p.ID }

// PrepareSignUp validates and makes keys. Anybody may call it; signin limits how often. It does the same work whether
// the address is known or not.
func (s *Parties) PrepareSignUp(ctx context.Context, in SignUp) (Prepared, error) {
	o := Organisation{ID: s.ids.New("org"), Kinds: []Kind{KindCustomer}, Form: FormHousehold, Name: strings.TrimSpace(in.Name),
		Country: in.Country, Language: in.Language, Market: in.Market, CreatedAt: s.now()}
	if err := o.validate(); err != nil {
		return Prepared{}, err
	}
	p, err := s.newcomer(ctx, s.ids.New("per"), o.ID, in.Name, in.Email, in.Language)
	if err != nil {
		return Prepared{}, err
	}
	o.Head = p.ID
	row := orgRow{Organisation: o}
	if row.sealed, err = s.sealName(ctx, o.ID, p.ID, o.Name); err != nil {
		return Prepared{}, err
	}
	row.Name = ""
	return Prepared{org: row, newPerson: p, market: in.Market}, s.ring.Ensure(ctx, keys.Tenant(o.ID))
}

// SignUpHousehold stores a prepared household with its one owner, in signin's transaction. When the address is known
// nothing is written: fresh is false and Standing names the person that has it.
func (s *Parties) SignUpHousehold(tx *store.Tx, p Prepared) (st Standing, fresh bool, err error) {
	known, err := selectPersonByEmail(tx, p.hash)
	if err != nil || known != "" {
		return Standing{Person: known}, false, err
	}
	m, err := s.marketFor(tx, "", p.market, FormHousehold)
	if err != nil {
		return Standing{}, false, err
	}
	seller, err := selectOrg(tx, m.Org)
	if err != nil {
		return Standing{}, false, err
	}
	row := p.org
	row.Parent, row.Path = seller.ID, seller.Path+row.ID+"/"
	c := access.Caller{Person: p.ID}
	if err := s.createOrg(tx, c, row); err != nil {
		return Standing{}, false, err
	}
	if err := s.register(tx, c, row.Organisation, p.newPerson); err != nil {
		return Standing{}, false, err
	}
	roles := []access.Role{access.RoleOwner}
	if err := s.join(tx, c, row.Organisation, p.ID, "", roles); err != nil {
		return Standing{}, false, err
	}
	o := row.Organisation
	o.Name = p.Contact.Name
	return Standing{Person: p.ID, Org: o, Roles: roles}, true, nil
}

// ConfirmEmail notes that the person has proved to read its address; a second time changes nothing. For signin, in its
// transaction.
func (s *Parties) ConfirmEmail(tx *store.Tx, person string) error {
	p, err := selectPerson(tx, person)
	if err != nil {
		return err
	}
	home, err := selectOrg(tx, p.Home)
	if err != nil {
		return err
	}
	fresh, err := updateConfirmed(tx, person, s.now())
	if err != nil || !fresh {
		return err
	}
	return s.record(tx, access.Caller{Person: person}, FactPersonConfirmed, person, home.Organisation, PersonFact{Person: person, Home: p.Home})
}

// PersonByEmail finds who has the address, "" when nobody; an address that cannot be one belongs to nobody. For signin.
func (s *Parties) PersonByEmail(ctx context.Context, email string) (person string, err error) {
	email, err = NormaliseEmail(email)
	if err != nil {
		email = "nobody" // the same work for every input
	}
	hash, err := s.emailHash(ctx, email)
	if err != nil {
		return "", err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		person, err = selectPersonByEmail(tx, hash)
		return err
	})
	return person, err
}

// Reach gives a person's contact to a package that writes to it. It does not authorise and must not be shown to
// anybody: Members and Person are for that.
func (s *Parties) Reach(tx *store.Tx, person string) (Person, error) {
	p, err := selectPerson(tx, person)
	if err != nil {
		return Person{}, err
	}
	err = s.openContact(tx.Context(), &p)
	return p.Person, err
}

// Standing gives what the person is in the organisation, for signin. Not a member: fail.NotFound.
func (s *Parties) Standing(tx *store.Tx, person, org string) (Standing, error) {
	roles, ok, err := selectRoles(tx, org, person)
	if err != nil {
		return Standing{}, err
	}
	if !ok {
		return Standing{}, fail.Missing("organisation", org)
	}
	o, err := s.readOrg(tx, org)
	if err != nil {
		return Standing{}, err
	}
	p, err := selectPerson(tx, person)
	return Standing{Person: person, Org: o.Organisation, Roles: roles, Confirmed: p.Confirmed}, err
}

// Organisations lists where the caller may act: the memberships of a person, or the one organisation of a token.
func (s *Parties) Organisations(ctx context.Context, c access.Caller) ([]Standing, error) {
	if c.Person == "" {
		return nil, fail.New(fail.Unauthenticated, "access.signed_in", "Nobody is signed in.", "Sign in.")
	}
	var out []Standing
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = s.Standings(tx, c.Person)
		return err
	})
	return out, err
}

// Standings lists the memberships of a person, oldest first, for signin.
func (s *Parties) Standings(tx *store.Tx, person string) ([]Standing, error) {
	orgs, err := selectMemberships(tx, person)
	if err != nil {
		return nil, err
	}
	var out []Standing
	for _, org := range orgs {
		st, err := s.Standing(tx, person, org)
		if err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	return out, nil
}

// PersonChange says what a person changes about itself; empty fields stay, "-" empties phone and address.
type PersonChange struct {
	Person   string
	Version  int64
	Name     string
	Phone    string
	Address  string
	Language string
}

// UpdatePerson changes what is known of a person: only the person itself may.
func (s *Parties) UpdatePerson(ctx context.Context, c access.Caller, in PersonChange) (Person, error) {
	if err := s.policy.Check(c, access.PersonUpdate, access.Resource{Type: "person", ID: in.Person, Person: in.Person}); err != nil {
		return Person{}, err
	}
	var out Person
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		p, err := selectPerson(tx, in.Person)
		if err != nil {
			return err
		}
		if err := s.openContact(ctx, &p); err != nil {
			return err
		}
		if p.Erased || in.Version != 0 && in.Version != p.Version {
			return stale("person")
		}
		p.Contact.Name, p.Language = or(strings.TrimSpace(in.Name), p.Contact.Name), or(in.Language, p.Language)
		p.Contact.Phone, p.Contact.Address = orEmpty(in.Phone, p.Contact.Phone), orEmpty(in.Address, p.Contact.Address)
		if err := p.Contact.validate(); err != nil {
			return err
		}
		if p.sealed, err = s.sealContact(ctx, p.ID, p.Contact); err != nil {
			return err
		}
		if ok, err := updatePerson(tx, p); err != nil {
			return fmt.Errorf("update person: %w", err)
		} else if !ok {
			return stale("person")
		}
		home, err := selectOrg(tx, p.Home)
		if err != nil {
			return err
		}
		p.Version++
		out = p.Person
		return s.record(tx, c, FactPersonUpdated, p.ID, home.Organisation, PersonFact{Person: p.ID, Home: p.Home}, trace.Segment{Owner: p.ID, Fields: p.Contact})
	})
	return out, err
}

func orError(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func orEmpty(in, have string) string {
	if in == "-" {
		return ""
	}
	return or(strings.TrimSpace(in), have)
}
