package party

import (
	"context"
	"errors"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
)

// Bootstrap is what the first start needs to know.
type Bootstrap struct {
	Name       string // of the operator
	Country    string
	Language   string
	Entity     Entity // its legal entity; Name and Country default to the operator's
	OwnerName  string
	OwnerEmail string
}

// BootstrapOperator makes the root of the tree and its owner, who also holds the role operator. Only cmd calls it, on
// an empty installation; on any other it is refused.
func (s *Parties) BootstrapOperator(ctx context.Context, in Bootstrap) (Standing, error) {
	if in.Entity.Name == "" {
		in.Entity.Name = in.Name
	}
	if in.Entity.Country == "" {
		in.Entity.Country = in.Country
	}
	o := Organisation{ID: s.ids.New("org"), Kinds: []Kind{KindOperator}, Form: FormBusiness, Name: strings.TrimSpace(in.Name),
		Country: in.Country, Language: in.Language, CreatedAt: s.now()}
	o.Path = "/" + o.ID + "/"
	if err := o.validate(); err != nil {
		return Standing{}, err
	}
	p, err := s.newcomer(ctx, s.ids.New("per"), o.ID, in.OwnerName, in.OwnerEmail, in.Language)
	if err != nil {
		return Standing{}, err
	}
	p.Confirmed = true
	e, err := s.newEntity(ctx, o, in.Entity)
	if err != nil {
		return Standing{}, err
	}
	o.Entity = e.ID
	if err := s.ring.Ensure(ctx, keys.Tenant(o.ID)); err != nil {
		return Standing{}, err
	}
	roles := []access.Role{access.RoleOwner, access.RoleOperator}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		taken, err := selectAnyOrg(tx)
		if err != nil {
			return err
		}
		if taken {
			return fail.New(fail.Conflict, "party.bootstrapped", "This installation already has an operator.", "Sign in as its owner.")
		}
		c := access.Caller{Person: p.ID}
		if err := s.createOrg(tx, c, orgRow{Organisation: o}); err != nil {
			return err
		}
		if err := s.setEntity(tx, c, o, e); err != nil {
			return err
		}
		if err := s.register(tx, c, o, p); err != nil {
			return err
		}
		return s.join(tx, c, o, p.ID, "", roles)
	})
	return Standing{Person: p.ID, Org: o, Roles: roles, Confirmed: true}, err
}

// Operator is the root of the tree. Only cmd calls it, at the start; fail.NotFound on an empty installation.
func (s *Parties) Operator(ctx context.Context) (o Organisation, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		root, err := selectRoot(tx)
		if errors.Is(err, store.ErrNone) {
			return fail.New(fail.NotFound, "party.empty", "This installation has no operator yet.", "Make one: halle init.")
		}
		if err != nil {
			return err
		}
		o, err = s.Lookup(tx, root)
		return err
	})
	return o, err
}
