package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/signin"
)

// Token is an API token without its secret.
type Token struct {
	ID        string          `json:"id"`
	Org       string          `json:"org"`
	Name      string          `json:"name"`
	Roles     []access.Role   `json:"roles" nullable:"false"`
	Scopes    []access.Action `json:"scopes" nullable:"false"`
	CreatedBy string          `json:"createdBy"`
	CreatedAt time.Time       `json:"createdAt"`
	ExpiresAt time.Time       `json:"expiresAt"`
	UsedAt    time.Time       `json:"usedAt,omitzero" doc:"within a minute"`
	RevokedAt time.Time       `json:"revokedAt,omitzero"`
}

func token(t signin.Token) Token {
	return Token{ID: t.ID, Org: t.Org, Name: t.Name, Roles: t.Roles, Scopes: t.Scopes, CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt,
		UsedAt: t.UsedAt, RevokedAt: t.RevokedAt}
}

// CreatedToken is a new token; the secret is in this answer and nowhere else.
type CreatedToken struct {
	Token
	Secret string `json:"secret"`
}

// NewToken describes a token to be made. It can do no more than its maker.
type NewToken struct {
	Name   string        `json:"name" minLength:"1" maxLength:"100"`
	Roles  []access.Role `json:"roles,omitempty" doc:"of the maker's own; empty: all of them"`
	Scopes []string      `json:"scopes" nullable:"false" minItems:"1" doc:"actions (usage.write) or families (order.*)"`
	Days   int           `json:"days,omitempty" minimum:"0" maximum:"366" doc:"until it expires; 0 means 90"`
}

func (s *server) tokenRoutes() {
	const tag = "tokens"
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/tokens", id: "listTokens", summary: "The tokens of an organisation", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Token]], error) {
			list, err := s.SignIns.Tokens(ctx, c, in.Org)
			return listOf(list, "", token, err)
		})
	add(s, route{method: http.MethodPost, path: "/organisations/{org}/tokens", id: "createToken", summary: "Make a token", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body NewToken
		}) (*Body[CreatedToken], error) {
			b := in.Body
			t, secret, err := s.SignIns.CreateToken(ctx, c, signin.NewToken{Org: in.Org, Name: b.Name, Roles: b.Roles, Scopes: b.Scopes, Days: b.Days})
			return body(CreatedToken{Token: token(t), Secret: secret}, err)
		})
	add(s, route{method: http.MethodDelete, path: "/organisations/{org}/tokens/{token}", id: "revokeToken", summary: "Make a token worthless", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Token string `path:"token"`
		}) (*Empty, error) {
			return empty(s.SignIns.RevokeToken(ctx, c, in.Org, in.Token))
		})
}
