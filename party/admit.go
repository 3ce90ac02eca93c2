package party

import (
	"context"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
)

// Admission is a person to be made a member without an invitation; nothing is stored yet.
type Admission struct {
	in Invite
	newPerson
}

// PrepareAdmission makes the keys of the person.
func (s *Parties) PrepareAdmission(ctx context.Context, in Invite, name string) (Admission, error) {
	p, err := s.newcomer(ctx, s.ids.New("per"), in.Org, name, in.Email, or(in.Language, "en"))
	p.Confirmed = true
	return Admission{in: in, newPerson: p}, err
}

// Admit makes the person a member at once, as if it had accepted an invitation of the caller. Nobody has proved to read
// the address: only signin calls it, for the people of the demo.
func (s *Parties) Admit(tx *store.Tx, c access.Caller, a Admission) (st Standing, err error) {
	if err := s.mayInvite(tx, c, a.in); err != nil {
		return st, err
	}
	o, err := s.readOrg(tx, a.in.Org)
	if err != nil {
		return st, err
	}
	person, err := selectPersonByEmail(tx, a.hash)
	if err != nil {
		return st, err
	}
	if person == "" {
		person = a.ID
		if err := s.register(tx, c, o.Organisation, a.newPerson); err != nil {
			return st, err
		}
	}
	if err := s.join(tx, c, o.Organisation, person, "", inOrder(a.in.Roles)); err != nil {
		return st, err
	}
	return s.Standing(tx, person, o.ID)
}
