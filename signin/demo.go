package signin

import (
	"context"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
)

// onlyInDemo refuses what no production start may offer.
func (s *SignIns) onlyInDemo() error {
	if s.cfg.Demo {
		return nil
	}
	return fail.New(fail.Denied, "signin.no_demo", "This exists only in the demo.", "Sign in with your password; invite people by mail.").
		Because(fail.Reason{Rule: "signin.no_demo", Text: "This installation was not started as a demo."})
}

// SignInAs opens a session of the person without a password, acting for org or for its oldest membership when org is "":
// only in a demo, for its one-click sign-in.
func (s *SignIns) SignInAs(ctx context.Context, person, org string, from Origin) (Session, error) {
	if err := s.onlyInDemo(); err != nil {
		return Session{}, err
	}
	secret := newSecret(sessionPrefix)
	var out Session
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		if org != "" {
			if _, err := s.parties.Standing(tx, person, org); err != nil {
				return err
			}
		}
		var err error
		out, err = s.open(tx, person, org, MethodDemo, secret, from)
		return err
	})
	return out, err
}

// SeedMember makes a person with a password a member at once, without a mail: only in a demo. The caller needs what it
// needs to invite.
func (s *SignIns) SeedMember(ctx context.Context, c access.Caller, in party.Invite, name, password string) (party.Standing, error) {
	if err := s.onlyInDemo(); err != nil {
		return party.Standing{}, err
	}
	if err := checkPassword(password, in.Email); err != nil {
		return party.Standing{}, err
	}
	a, err := s.parties.PrepareAdmission(ctx, in, name)
	if err != nil {
		return party.Standing{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return party.Standing{}, err
	}
	var st party.Standing
	err = s.db.Tx(ctx, func(tx *store.Tx) (err error) {
		if st, err = s.parties.Admit(tx, c, a); err != nil {
			return err
		}
		have, err := selectPassword(tx, st.Person)
		if err != nil || have != "" {
			return err // known already: the password stays
		}
		return s.setPassword(tx, st.Person, st.Org.ID, hash, "operator")
	})
	return st, err
}

// SeedHousehold signs a household up and confirms its address, without a mail: only in a demo. A known address is a
// conflict.
func (s *SignIns) SeedHousehold(ctx context.Context, in party.SignUp, password string) (party.Standing, error) {
	if err := s.onlyInDemo(); err != nil {
		return party.Standing{}, err
	}
	if err := checkPassword(password, in.Email); err != nil {
		return party.Standing{}, err
	}
	p, err := s.parties.PrepareSignUp(ctx, in)
	if err != nil {
		return party.Standing{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return party.Standing{}, err
	}
	var st party.Standing
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		var fresh bool
		if st, fresh, err = s.parties.SignUpHousehold(tx, p); err != nil {
			return err
		}
		if !fresh {
			return fail.New(fail.Conflict, "signin.known", "This address has an account already.", "Use another one.")
		}
		if err := s.setPassword(tx, st.Person, st.Org.ID, hash, "sign_up"); err != nil {
			return err
		}
		if err := s.parties.ConfirmEmail(tx, st.Person); err != nil {
			return err
		}
		st, err = s.parties.Standing(tx, st.Person, st.Org.ID)
		return err
	})
	return st, err
}
