package party

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// Members lists the people of an organisation. When somebody from outside looks, that is a fact which the organisation
// can read: who, for what purpose, at whom.
func (s *Parties) Members(ctx context.Context, c access.Caller, org string) ([]Member, error) {
	var out []Member
	err := s.seen(ctx, c, org, access.MemberRead, func(tx *store.Tx, o Organisation) ([]string, error) {
		rows, err := selectMembers(tx, o.ID)
		if err != nil {
			return nil, err
		}
		out = nil
		var persons []string
		for _, row := range rows {
			if err := s.openContact(ctx, &row.personRow); err != nil {
				return nil, err
			}
			roles, _, err := selectRoles(tx, o.ID, row.ID)
			if err != nil {
				return nil, err
			}
			out = append(out, Member{Person: row.Person, Org: o.ID, Roles: roles, JoinedAt: row.joinedAt})
			persons = append(persons, row.ID)
		}
		return persons, nil
	})
	return out, err
}

// Person gives one member of an organisation to somebody who may read personal data there; org may be empty for the
// caller's own person. A look from outside is a fact.
func (s *Parties) Person(ctx context.Context, c access.Caller, org, person string) (Person, error) {
	var p personRow
	read := func(tx *store.Tx) (err error) {
		if p, err = selectPerson(tx, person); err != nil {
			return err
		}
		return s.openContact(ctx, &p)
	}
	if c.Person == person {
		if err := s.policy.Check(c, access.PersonRead, access.Resource{Type: "person", ID: person, Person: person}); err != nil {
			return Person{}, err
		}
		err := s.db.Read(ctx, read)
		return p.Person, err
	}
	err := s.seen(ctx, c, org, access.PersonRead, func(tx *store.Tx, o Organisation) ([]string, error) {
		if _, ok, err := selectRoles(tx, o.ID, person); err != nil || !ok {
			return nil, orError(err, fail.Missing("person", person))
		}
		return []string{person}, read(tx)
	})
	return p.Person, err
}

// seen authorises a read of people and records it when the caller looks from outside.
func (s *Parties) seen(ctx context.Context, c access.Caller, org string, a access.Action, read func(tx *store.Tx, o Organisation) ([]string, error)) error {
	outside := false
	look := func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, a, org)
		if err != nil {
			return err
		}
		if outside = c.Outside(o.Path); outside {
			return nil // again, in a transaction that may write
		}
		_, err = read(tx, o.Organisation)
		return err
	}
	if err := s.db.Read(ctx, look); err != nil || !outside {
		return err
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, a, org)
		if err != nil {
			return err
		}
		persons, err := read(tx, o.Organisation)
		if err != nil {
			return err
		}
		return s.RecordRead(tx, c, o.Organisation, a, persons...)
	})
}

// RecordRead writes the fact that somebody from outside looked at personal data or content of the organisation; from
// inside it writes nothing. Every package that shows such data calls it in the transaction that reads.
func (s *Parties) RecordRead(tx *store.Tx, c access.Caller, o Organisation, a access.Action, persons ...string) error {
	if !c.Outside(o.Path) {
		return nil
	}
	return s.record(tx, c, FactPersonRead, o.ID, o, ReadFact{Org: o.ID, Persons: persons, By: c.Ref(), From: c.Org,
		Purpose: strings.TrimSpace(c.Purpose), Country: c.Country, What: string(a)})
}

// Holders lists the people with the role in the organisation, longest first, for packages downstream that write to
// them. It does not authorise.
func (s *Parties) Holders(tx *store.Tx, org string, role access.Role) ([]string, error) {
	return selectHolders(tx, org, role)
}

// GrantRole gives a member one more role; having it already changes nothing.
func (s *Parties) GrantRole(ctx context.Context, c access.Caller, org, person string, role access.Role) error {
	return s.member(ctx, c, access.RoleGrant, org, person, func(tx *store.Tx, o Organisation, have []access.Role) error {
		if err := checkRoles(o, []access.Role{role}); err != nil {
			return err
		}
		fresh, err := insertRole(tx, o.ID, person, role, s.now())
		if err != nil || !fresh {
			return err
		}
		return s.record(tx, c, FactRoleGranted, o.ID, o, MemberFact{Org: o.ID, Person: person, Roles: []access.Role{role}})
	})
}

// RevokeRole takes a role from a member; the last owner keeps it.
func (s *Parties) RevokeRole(ctx context.Context, c access.Caller, org, person string, role access.Role) error {
	return s.member(ctx, c, access.RoleGrant, org, person, func(tx *store.Tx, o Organisation, have []access.Role) error {
		if !slices.Contains(have, role) {
			return nil
		}
		if role == access.RoleOwner {
			if err := keepsAnOwner(tx, o); err != nil {
				return err
			}
		}
		if _, err := deleteRole(tx, o.ID, person, role); err != nil {
			return err
		}
		return s.record(tx, c, FactRoleRevoked, o.ID, o, MemberFact{Org: o.ID, Person: person, Roles: []access.Role{role}})
	})
}

// RemoveMember ends a membership with all its roles; the last owner stays.
func (s *Parties) RemoveMember(ctx context.Context, c access.Caller, org, person string) error {
	return s.member(ctx, c, access.MemberRemove, org, person, func(tx *store.Tx, o Organisation, have []access.Role) error {
		if slices.Contains(have, access.RoleOwner) {
			if err := keepsAnOwner(tx, o); err != nil {
				return err
			}
		}
		if _, err := updateLeft(tx, o.ID, person, s.now()); err != nil {
			return fmt.Errorf("remove member: %w", err)
		}
		return s.record(tx, c, FactMemberLeft, o.ID, o, MemberFact{Org: o.ID, Person: person, Roles: have})
	})
}

// member runs a change of one member in a transaction.
func (s *Parties) member(ctx context.Context, c access.Caller, a access.Action, org, person string, change func(tx *store.Tx, o Organisation, have []access.Role) error) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, a, org)
		if err != nil {
			return err
		}
		have, ok, err := selectRoles(tx, o.ID, person)
		if err != nil {
			return err
		}
		if !ok {
			return fail.Missing("person", person)
		}
		return change(tx, o.Organisation, have)
	})
}

// keepsAnOwner refuses when there is only one.
func keepsAnOwner(tx *store.Tx, o Organisation) error {
	n, err := selectOwners(tx, o.ID)
	if err != nil {
		return err
	}
	if n <= 1 {
		return fail.New(fail.Conflict, "party.last_owner", "This is the last owner of "+o.called()+".", "Make another member owner first.")
	}
	return nil
}
