package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/trace"
)

// NewToken describes a token to be made.
type NewToken struct {
	Org    string
	Name   string
	Roles  []access.Role // of the maker's own; empty for all of them
	Scopes []string      // actions ("usage.write") or families ("order.*")
	Days   int           // until it expires; 1 to 366, 0 means 90
}

const (
	defaultDays = 90
	maxDays     = 366
	maxNameSize = 100
)

// CreateToken makes a token of the organisation. It can do no more than its maker: roles that the maker holds, cut to the
// scopes. The secret is in this answer and nowhere else.
func (s *SignIns) CreateToken(ctx context.Context, c access.Caller, in NewToken) (Token, string, error) {
	t, life, err := in.token()
	if err != nil {
		return Token{}, "", err
	}
	secret := newSecret(tokenPrefix)
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.parties.Lookup(tx, in.Org)
		if err != nil {
			return err
		}
		if err := s.policy.Check(c, access.TokenCreate, o.Resource("organisation", o.ID)); err != nil {
			return err
		}
		roles := in.Roles
		if len(roles) == 0 {
			roles = c.Roles
		}
		for _, r := range roles {
			if !c.Has(r) {
				return fail.New(fail.Denied, "signin.token_role", "A token cannot have the role "+string(r)+": you do not have it.", "Leave the role out, or ask somebody who has it.").
					Because(fail.Reason{Rule: "signin.token_role", Text: "A token can do no more than its maker."}).Field("roles", string(r))
			}
		}
		for _, a := range t.Scopes {
			if c.Token != "" && !slices.Contains(c.Scopes, a) {
				return fail.New(fail.Denied, "signin.token_scope", "A token cannot make one with a wider scope.", "Leave out "+string(a)+".").
					Because(fail.Reason{Rule: "signin.token_scope", Text: "A token can do no more than its maker."}).Field("scopes", string(a))
			}
		}
		t.Roles = roles
		t, err = s.IssueToken(tx, c, t, life, secret)
		return err
	})
	return t, secret, err
}

func (in NewToken) token() (Token, time.Duration, error) {
	e := fail.New(fail.Invalid, "signin.token", "The token cannot be made as described.", "Correct the fields named.")
	days := in.Days
	if days == 0 {
		days = defaultDays
	}
	if days < 1 || days > maxDays {
		e = e.Field("days", fmt.Sprintf("use 1 to %d", maxDays))
	}
	name := strings.TrimSpace(in.Name)
	if name == "" || len(name) > maxNameSize || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0xfffd }) {
		e = e.Field("name", "is needed, at most 100 bytes of text")
	}
	scopes, err := access.ParseScopes(in.Scopes)
	if err != nil {
		e = e.Field("scopes", err.Error())
	} else if len(scopes) == 0 {
		e = e.Field("scopes", "name at least one")
	}
	if len(e.Fields) > 0 {
		return Token{}, 0, e
	}
	return Token{Org: in.Org, Name: name, Scopes: scopes}, time.Duration(days) * 24 * time.Hour, nil
}

// NewTokenSecret makes the secret of a token, outside the transaction that issues it.
func NewTokenSecret() string { return newSecret(tokenPrefix) }

// IssueToken stores a token that stands for life from now, in the caller's transaction, for packages downstream that give
// a resource or a publisher its token (they have authorised). Org, Name, Roles, Scopes and Subject of t are taken.
func (s *SignIns) IssueToken(tx *store.Tx, c access.Caller, t Token, life time.Duration, secret string) (Token, error) {
	t.ID, t.CreatedBy, t.CreatedAt = s.ids.New("tok"), c.Ref(), s.now()
	t.ExpiresAt = t.CreatedAt.Add(life)
	if err := insertToken(tx, t, hashSecret(secret)); err != nil {
		return t, fmt.Errorf("token: %w", err)
	}
	return t, s.orgFact(tx, c, FactTokenCreated, t.ID, t.Org, nil,
		TokenFact{Token: t.ID, Org: t.Org, Roles: t.Roles, Scopes: t.Scopes, Subject: t.Subject, Expires: t.ExpiresAt.Format(time.RFC3339)})
}

func (s *SignIns) orgFact(tx *store.Tx, c access.Caller, kind, aggregate, org string, parties []string, payload any) error {
	_, err := s.facts.Record(tx, trace.Fact{Type: kind, Aggregate: aggregate, Owner: org, Parties: parties, Actor: c.Ref(), At: s.now(), Machine: payload})
	return err
}

// Tokens lists the tokens of the organisation, newest first, without their secrets.
func (s *SignIns) Tokens(ctx context.Context, c access.Caller, org string) (list []Token, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		o, err := s.parties.Lookup(tx, org)
		if err != nil {
			return err
		}
		if err := s.policy.Check(c, access.TokenRead, o.Resource("organisation", o.ID)); err != nil {
			return err
		}
		list, err = selectTokens(tx, org)
		return err
	})
	return list, err
}

// RevokeToken makes a token of the organisation worthless within 2 s; a second time changes nothing.
func (s *SignIns) RevokeToken(ctx context.Context, c access.Caller, org, token string) error {
	defer s.cache.purge()
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.parties.Lookup(tx, org)
		if err != nil {
			return err
		}
		if err := s.policy.Check(c, access.TokenRevoke, o.Resource("organisation", o.ID)); err != nil {
			return err
		}
		return s.Revoke(tx, c, org, token)
	})
}

// Revoke makes a token worthless in the caller's transaction, for packages downstream (a resource that ends).
func (s *SignIns) Revoke(tx *store.Tx, c access.Caller, org, token string) error {
	there, fresh, err := updateRevoked(tx, org, token, s.now())
	switch {
	case err != nil:
		return fmt.Errorf("revoke token: %w", err)
	case !there:
		return fail.Missing("token", token)
	case !fresh:
		return nil
	}
	tx.AfterCommit(s.cache.purge)
	return s.orgFact(tx, c, FactTokenRevoked, token, org, nil, TokenFact{Token: token, Org: org})
}

func (s *SignIns) byToken(ctx context.Context, hash []byte, now time.Time) (c access.Caller, err error) {
	touch := ""
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		t, err := selectTokenBySecret(tx, hash)
		if errors.Is(err, store.ErrNone) || err == nil && (!t.RevokedAt.IsZero() || !now.Before(t.ExpiresAt)) {
			return notSignedIn()
		}
		if err != nil {
			return fmt.Errorf("token: %w", err)
		}
		o, err := s.parties.Lookup(tx, t.Org)
		if err != nil {
			return err
		}
		if now.Sub(t.UsedAt) >= touchEvery {
			touch = t.ID
		}
		c = access.Caller{Token: t.ID, Org: t.Org, OrgName: o.Name, Path: o.Path, Roles: t.Roles, Scopes: t.Scopes, Subject: t.Subject, Confirmed: true}
		return nil
	})
	if err == nil && touch != "" {
		err = s.db.Tx(ctx, func(tx *store.Tx) error { return updateUsed(tx, touch, now) })
	}
	return c, err
}

func join[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, " ")
}

func split[T ~string](text string) []T {
	var out []T
	for _, word := range strings.Fields(text) {
		out = append(out, T(word))
	}
	return out
}
