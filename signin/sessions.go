package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
)

// touchEvery is how precisely the last use of a session or token is known.
const touchEvery = time.Minute

// Authenticate tells who calls with the credential of FromRequest: the person of a session, acting for the organisation
// it chose, or a token. An empty credential is nobody, without an error; one that does not stand is Unauthenticated. The
// answer may be up to 1.5 s old, so that an ended session and a taken role are obeyed within 2 s everywhere.
func (s *SignIns) Authenticate(ctx context.Context, credential string) (access.Caller, error) {
	session, token := wellFormed(credential, sessionPrefix), wellFormed(credential, tokenPrefix)
	switch {
	case credential == "":
		return access.Caller{}, nil
	case !session && !token:
		return access.Caller{}, notSignedIn()
	}
	now := s.now()
	hash := hashSecret(credential)
	c, from, ok := s.cache.get(hash, now)
	if ok {
		return c, nil
	}
	var err error
	if token {
		c, err = s.byToken(ctx, hash, now)
	} else {
		c, err = s.bySession(ctx, hash, now)
	}
	if err != nil {
		return access.Caller{}, err
	}
	s.cache.put(hash, c, now, from)
	return c, nil
}

func (s *SignIns) bySession(ctx context.Context, hash []byte, now time.Time) (c access.Caller, err error) {
	touch := ""
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		row, err := s.live(tx, hash, now)
		if err != nil {
			return err
		}
		if now.Sub(row.SeenAt) >= touchEvery {
			touch = row.ID
		}
		c, err = s.caller(tx, row)
		return err
	})
	if err == nil && touch != "" {
		err = s.db.Tx(ctx, func(tx *store.Tx) error { return updateSeen(tx, touch, now) })
	}
	return c, err
}

// live reads a session that has not ended in any of the four ways.
func (s *SignIns) live(tx *store.Tx, hash []byte, now time.Time) (sessionRow, error) {
	row, err := selectSession(tx, hash)
	if errors.Is(err, store.ErrNone) || err == nil && (row.ended || !now.Before(row.EndsAt) || !now.Before(row.SeenAt.Add(s.cfg.Idle))) {
		return row, notSignedIn()
	}
	if err != nil {
		return row, fmt.Errorf("session: %w", err)
	}
	return row, nil
}

// caller resolves what the session's person is now. Somebody who has left the organisation acts for none until another is
// chosen; somebody who was erased is nobody.
func (s *SignIns) caller(tx *store.Tx, row sessionRow) (access.Caller, error) {
	p, err := s.parties.Reach(tx, row.Person)
	if err != nil || p.Erased {
		return access.Caller{}, orElse(err, notSignedIn())
	}
	c := access.Caller{Person: row.Person, Confirmed: p.Confirmed}
	if row.Org != "" {
		st, err := s.parties.Standing(tx, row.Person, row.Org)
		switch {
		case fail.Is(err, fail.NotFound):
		case err != nil:
			return access.Caller{}, err
		default:
			c = st.Caller()
			c.OnBehalfOf, c.Purpose = row.onBehalfOf, row.purpose
		}
	}
	c.Country = row.Origin.Country
	return c, nil
}

// Acting is what a person chooses to act as.
type Acting struct {
	Org        string // one of the person's organisations
	OnBehalfOf string // an organisation below it, for staff; "" for none
	Purpose    string // why staff looks at customers' data; "" for none
}

const maxPurpose = 200

// Act makes the session act for another of the person's organisations, on behalf of a customer, or for a stated purpose.
// Acting on behalf or for a purpose is a fact that the customer concerned can read.
func (s *SignIns) Act(ctx context.Context, credential string, as Acting) error {
	if as.Purpose = strings.TrimSpace(as.Purpose); len(as.Purpose) > maxPurpose {
		return fail.New(fail.Invalid, "signin.purpose", "The purpose is too long.", "Write at most 200 bytes.").Field("purpose", "too long")
	}
	defer s.cache.purge()
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		row, err := s.live(tx, hashSecret(credential), s.now())
		if err != nil {
			return err
		}
		st, err := s.parties.Standing(tx, row.Person, as.Org)
		if err != nil {
			return err
		}
		c := st.Caller()
		c.Purpose = as.Purpose
		parties := []string{}
		if as.OnBehalfOf != "" {
			below, err := s.below(tx, c, as.OnBehalfOf)
			if err != nil {
				return err
			}
			parties = append(parties, below.ID)
		}
		if err := updateActing(tx, row.ID, as.Org, as.OnBehalfOf, as.Purpose); err != nil {
			return fmt.Errorf("act: %w", err)
		}
		if as.OnBehalfOf == "" && as.Purpose == "" {
			return nil
		}
		return s.orgFact(tx, c, FactSessionActing, row.ID, as.Org, parties,
			SessionFact{Session: row.ID, Person: row.Person, Org: as.Org, OnBehalfOf: as.OnBehalfOf, Purpose: as.Purpose, Country: row.Origin.Country})
	})
}

// below gives the organisation when the caller may see it from above.
func (s *SignIns) below(tx *store.Tx, c access.Caller, org string) (party.Organisation, error) {
	o, err := s.parties.Lookup(tx, org)
	if err != nil {
		return o, err
	}
	return o, s.policy.Check(c, access.OrgRead, o.Resource("organisation", o.ID))
}

// Sessions lists the caller's own sessions, newest first.
func (s *SignIns) Sessions(ctx context.Context, c access.Caller) ([]Session, error) {
	if err := s.policy.Check(c, access.SessionRead, access.Resource{Type: "person", ID: c.Person, Person: c.Person}); err != nil {
		return nil, err
	}
	var out []Session
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		now := s.now()
		rows, err := selectSessions(tx, c.Person, now, now.Add(-s.cfg.Idle))
		out = nil
		for _, row := range rows {
			plain, err := s.ring.Open(ctx, keys.Person(row.Person), row.sealed, originAAD(row.ID))
			if err == nil {
				err = json.Unmarshal(plain, &row.Origin)
			}
			if err != nil && !errors.Is(err, keys.ErrDestroyed) {
				return fmt.Errorf("session %s: %w", row.ID, err)
			}
			out = append(out, row.Session)
		}
		return err
	})
	return out, err
}

// SignOut ends the session of the credential; one that has ended already is no error.
func (s *SignIns) SignOut(ctx context.Context, credential string) error {
	defer s.cache.purge()
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		row, err := selectSession(tx, hashSecret(credential))
		if errors.Is(err, store.ErrNone) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("sign out: %w", err)
		}
		return s.end(tx, row.Person, row.ID, "sign_out")
	})
}

// EndSession ends one of the caller's own sessions.
func (s *SignIns) EndSession(ctx context.Context, c access.Caller, session string) error {
	if err := s.mayEnd(c); err != nil {
		return err
	}
	defer s.cache.purge()
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		rows, err := selectSessions(tx, c.Person, s.now(), time.Time{})
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.ID == session {
				return s.end(tx, c.Person, session, "ended")
			}
		}
		return fail.Missing("session", session)
	})
}

// SignOutEverywhere ends all of the caller's own sessions, this one too.
func (s *SignIns) SignOutEverywhere(ctx context.Context, c access.Caller) error {
	if err := s.mayEnd(c); err != nil {
		return err
	}
	defer s.cache.purge()
	return s.db.Tx(ctx, func(tx *store.Tx) error { return s.endAll(tx, c.Person, "", "everywhere") })
}

func (s *SignIns) mayEnd(c access.Caller) error {
	return s.policy.Check(c, access.SessionRevoke, access.Resource{Type: "person", ID: c.Person, Person: c.Person})
}

// endAll ends every session of the person but one.
func (s *SignIns) endAll(tx *store.Tx, person, but, why string) error {
	rows, err := selectSessions(tx, person, s.now(), time.Time{})
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	for _, row := range rows {
		if row.ID == but {
			continue
		}
		if err := s.end(tx, person, row.ID, why); err != nil {
			return err
		}
	}
	return nil
}

func (s *SignIns) end(tx *store.Tx, person, session, why string) error {
	fresh, err := updateEnded(tx, person, session, s.now())
	if err != nil || !fresh {
		return err
	}
	p, err := s.parties.Reach(tx, person)
	if err != nil {
		return err
	}
	return s.personFact(tx, access.Caller{Person: person}, FactSessionEnded, session, p.Home, SessionFact{Session: session, Person: person, Why: why})
}
