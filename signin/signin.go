// Package signin knows who is calling: people by password and session, programs by token.
//
// Owns: credentials, sessions, API tokens, links that confirm an address or reset a password, limits on attempts.
// Does not own: people and memberships (party), what a caller may do (access), cookies' way over the wire and
// cross-origin protection (api, web).
// Reads: member.left; party's standings; keys.
// Writes: credential, session, api_token, one_time, attempt; facts session.*, token.*, password.*; mails.
//
// No secret is stored: passwords are hashed by argon2id over a keyed hash, sessions, tokens and links by SHA-256 of 256
// random bits. An answer never tells whether an address is known, with one exception: who signs up with a fresh address is
// signed in at once, who does it with a known one is not. Signing up is limited per network address for that reason.
package signin

import (
	"embed"
	"net/http"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

//go:embed mails/*.txt
var mailTexts embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "signin", Files: files} }

// Config is what an installation chooses.
type Config struct {
	Site       string        // address of the portal, "https://cloud.example.org", for links in mails
	Cost       Cost          // of a password; zero means DefaultCost
	Idle       time.Duration // a session unused for so long ends; zero means 24 h
	Absolute   time.Duration // a session never lives longer; zero means 30 days
	PerAccount int64         // sign-ins per account in a quarter of an hour; zero means 20
	PerAddress int64         // sign-ins per network address in a quarter of an hour; zero means 100
	Demo       bool          // lets SignInAs open sessions without a password; never in production
}

func (c Config) withDefaults() Config {
	if c.Cost == (Cost{}) {
		c.Cost = DefaultCost()
	}
	if c.Idle == 0 {
		c.Idle = 24 * time.Hour
	}
	if c.Absolute == 0 {
		c.Absolute = 30 * 24 * time.Hour
	}
	if c.PerAccount == 0 {
		c.PerAccount = 20
	}
	if c.PerAddress == 0 {
		c.PerAddress = 100
	}
	c.Site = strings.TrimRight(c.Site, "/")
	return c
}

// Origin is where a request comes from.
type Origin struct {
	Address string `json:"address"` // network address without port; personal data
	Agent   string `json:"agent"`   // browser, in its own words
	Country string `json:"-"`       // ISO 3166-1 alpha-2, "" unknown
}

// Session is a browser that is signed in.
type Session struct {
	ID        string
	Secret    string // for the cookie; only from the call that opened it
	Person    string
	Org       string // organisation acted for, "" when the person belongs to none
	Method    string // MethodPassword, …
	Origin    Origin
	CreatedAt time.Time
	SeenAt    time.Time // within a minute
	EndsAt    time.Time // at the latest
}

// How a session was opened. Passkeys and federation become further ones.
const (
	MethodPassword   = "password"
	MethodSignUp     = "sign_up"
	MethodInvitation = "invitation"
	MethodDemo       = "demo"
)

// Token is an API token; its secret is only in the answer to its creation.
type Token struct {
	ID        string
	Org       string
	Name      string
	Roles     []access.Role
	Scopes    []access.Action
	Subject   string // the one subscription that it may report usage for; "" for no such limit
	CreatedBy string // access.Caller.Ref
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // within a minute; zero when never
	RevokedAt time.Time // zero while it stands
}

// The facts of this package.
const (
	FactSessionStarted = "session.started.v1"
	FactSessionEnded   = "session.ended.v1"
	FactSessionActing  = "session.acting.v1"
	FactTokenCreated   = "token.created.v1"
	FactTokenRevoked   = "token.revoked.v1"
	FactPasswordSet    = "password.set.v1"
)

// SessionFact is the payload of session.*. Org, OnBehalfOf and Purpose are those of session.acting.v1.
type SessionFact struct {
	Session    string `json:"session"`
	Person     string `json:"person"`
	Method     string `json:"method,omitempty"`
	Why        string `json:"why,omitempty"`
	Org        string `json:"org,omitempty"`
	OnBehalfOf string `json:"on_behalf_of,omitempty"`
	Purpose    string `json:"purpose,omitempty"`
	Country    string `json:"country,omitempty"`
}

// TokenFact is the payload of token.*.
type TokenFact struct {
	Token   string          `json:"token"`
	Org     string          `json:"org"`
	Roles   []access.Role   `json:"roles,omitempty"`
	Scopes  []access.Action `json:"scopes,omitempty"`
	Subject string          `json:"subject,omitempty"`
	Expires string          `json:"expires,omitempty"`
}

// PasswordFact is the payload of password.set.v1.
type PasswordFact struct {
	Person string `json:"person"`
	How    string `json:"how"` // "sign_up", "invitation", "reset", "change", "operator"
}

// The form of secrets: a prefix that secret scanners know, and 256 random bits.
const (
	sessionPrefix = "hls_"
	tokenPrefix   = "hal_"
	secretLength  = 43
)

// CookieName is the session cookie's name over TLS; without TLS (the demo) it loses its prefix.
const CookieName = "__Host-halle"

const plainCookie = "halle"

// Cookie carries the session; an empty session takes it away. secure is false only for the demo without TLS.
func Cookie(s Session, secure bool) *http.Cookie {
	c := &http.Cookie{Name: plainCookie, Value: s.Secret, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode, Expires: s.EndsAt}
	if secure {
		c.Name = CookieName
	}
	if s.Secret == "" {
		c.MaxAge = -1
	}
	return c
}

// FromRequest gives the credential that a request carries, "" for none: a bearer token first, then a session cookie. A
// malformed one is given as it is and fails in Authenticate.
func FromRequest(r *http.Request) string {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, value, _ := strings.Cut(header, " ")
		if strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(value)
		}
		return "unknown scheme"
	}
	for _, name := range []string{CookieName, plainCookie} {
		if c, err := r.Cookie(name); err == nil {
			return c.Value
		}
	}
	return ""
}

// wellFormed tells whether a credential could be one of ours with the prefix, before anything is hashed or looked up.
func wellFormed(credential, prefix string) bool {
	rest, ok := strings.CutPrefix(credential, prefix)
	if !ok || len(rest) != secretLength {
		return false
	}
	return strings.IndexFunc(rest, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) < 0
}

func wrong() error {
	return fail.New(fail.Unauthenticated, "signin.wrong", "E-mail address or password is wrong.", "Try again, or ask for a link to set a new password.")
}

func notSignedIn() error {
	return fail.New(fail.Unauthenticated, "signin.ended", "You are not signed in, or your session or token has ended.", "Sign in again, or use a token that stands.")
}
