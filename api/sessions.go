package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/signin"
)

// Credentials open a session.
type Credentials struct {
	Email    string `json:"email" maxLength:"254"`
	Password string `json:"password" maxLength:"1024"`
}

// OpenedSession is a new session; the secret is in this answer and nowhere else.
type OpenedSession struct {
	ID     string    `json:"id"`
	Secret string    `json:"secret" doc:"send it as bearer token"`
	Person string    `json:"person"`
	Org    string    `json:"org,omitempty" doc:"organisation acted for"`
	EndsAt time.Time `json:"endsAt"`
}

func openedSession(s signin.Session) OpenedSession {
	return OpenedSession{ID: s.ID, Secret: s.Secret, Person: s.Person, Org: s.Org, EndsAt: s.EndsAt}
}

// Session is a browser or program that is signed in.
type Session struct {
	ID        string    `json:"id"`
	Org       string    `json:"org,omitempty"`
	Method    string    `json:"method"`
	Address   string    `json:"address"`
	Agent     string    `json:"agent"`
	CreatedAt time.Time `json:"createdAt"`
	SeenAt    time.Time `json:"seenAt"`
	EndsAt    time.Time `json:"endsAt"`
}

func sessionWire(s signin.Session) Session {
	return Session{ID: s.ID, Org: s.Org, Method: s.Method, Address: s.Origin.Address, Agent: s.Origin.Agent, CreatedAt: s.CreatedAt, SeenAt: s.SeenAt, EndsAt: s.EndsAt}
}

// Acting is what a person chooses to act as.
type Acting struct {
	Org        string `json:"org" doc:"one of the person's organisations"`
	OnBehalfOf string `json:"onBehalfOf,omitempty" doc:"an organisation below it, for staff"`
	Purpose    string `json:"purpose,omitempty" maxLength:"300" doc:"why staff looks at customers' data; the customer reads it"`
}

// Secret is that of a link in a mail. It travels in a body, because addresses end up in logs.
type Secret struct {
	Secret string `json:"secret" maxLength:"256"`
}

func (s *server) sessionRoutes() {
	const tag = "sessions"
	add(s, route{method: http.MethodPost, path: "/session", id: "signIn", summary: "Sign in by e-mail address and password", tag: tag, status: http.StatusCreated, public: true},
		func(ctx context.Context, _ access.Caller, in *struct{ Body Credentials }) (*Body[OpenedSession], error) {
			opened, err := s.SignIns.SignIn(ctx, in.Body.Email, in.Body.Password, originOf(ctx))
			return body(openedSession(opened), err)
		})
	add(s, route{method: http.MethodDelete, path: "/session", id: "signOut", summary: "End this session", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, _ access.Caller, _ *struct{}) (*Empty, error) {
			return empty(s.SignIns.SignOut(ctx, signin.FromRequest(requestOf(ctx))))
		})
	add(s, route{method: http.MethodPut, path: "/session/acting", id: "act", summary: "Act for another organisation, on behalf of a customer, or for a purpose", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, _ access.Caller, in *struct{ Body Acting }) (*Empty, error) {
			return empty(s.SignIns.Act(ctx, signin.FromRequest(requestOf(ctx)), signin.Acting(in.Body)))
		})
	add(s, route{method: http.MethodGet, path: "/me/sessions", id: "listSessions", summary: "Your sessions", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[List[Session]], error) {
			list, err := s.SignIns.Sessions(ctx, c)
			return listOf(list, "", sessionWire, err)
		})
	add(s, route{method: http.MethodDelete, path: "/me/sessions", id: "signOutEverywhere", summary: "End all of your sessions", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Empty, error) {
			return empty(s.SignIns.SignOutEverywhere(ctx, c))
		})
	add(s, route{method: http.MethodDelete, path: "/me/sessions/{session}", id: "endSession", summary: "End one of your sessions", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			Session string `path:"session"`
		}) (*Empty, error) {
			return empty(s.SignIns.EndSession(ctx, c, in.Session))
		})
	s.linkRoutes(tag)
}

// SignUp is what a household tells when it signs itself up.
type SignUp struct {
	Name     string `json:"name" maxLength:"200"`
	Email    string `json:"email" maxLength:"254"`
	Password string `json:"password" maxLength:"1024"`
	Language string `json:"language,omitempty"`
	Country  string `json:"country" doc:"ISO 3166-1 alpha-2"`
	Market   string `json:"market"`
}

// SignedUp is the same for a known address and a fresh one, but for the session.
type SignedUp struct {
	Session *OpenedSession `json:"session,omitempty"`
}

func signedUp(s signin.Session, err error) (*Body[SignedUp], error) {
	out := SignedUp{}
	if s.Secret != "" {
		opened := openedSession(s)
		out.Session = &opened
	}
	return body(out, err)
}

// linkRoutes are those of people who are not signed in yet.
func (s *server) linkRoutes(tag string) {
	add(s, route{method: http.MethodPost, path: "/sign-up", id: "signUp", summary: "Sign a household up", tag: tag, status: http.StatusCreated, public: true},
		func(ctx context.Context, _ access.Caller, in *struct{ Body SignUp }) (*Body[SignedUp], error) {
			b := in.Body
			return signedUp(s.SignIns.SignUp(ctx, party.SignUp{Name: b.Name, Email: b.Email, Language: b.Language, Country: b.Country, Market: b.Market}, b.Password, originOf(ctx)))
		})
	add(s, route{method: http.MethodPost, path: "/confirmations", id: "confirmAddress", summary: "Use the link that proves an address", tag: tag, status: http.StatusNoContent, public: true},
		func(ctx context.Context, _ access.Caller, in *struct{ Body Secret }) (*Empty, error) {
			return empty(s.SignIns.Confirm(ctx, in.Body.Secret))
		})
	add(s, route{method: http.MethodPost, path: "/password-resets", id: "askReset", summary: "Ask for a link to set a new password", tag: tag, status: http.StatusNoContent, public: true},
		func(ctx context.Context, _ access.Caller, in *struct {
			Body struct {
				Email string `json:"email" maxLength:"254"`
			}
		}) (*Empty, error) {
			return empty(s.SignIns.AskReset(ctx, in.Body.Email, originOf(ctx)))
		})
	add(s, route{method: http.MethodPut, path: "/password-resets", id: "resetPassword", summary: "Use the link to set a new password", tag: tag, status: http.StatusNoContent, public: true},
		func(ctx context.Context, _ access.Caller, in *struct {
			Body struct {
				Secret
				Password string `json:"password" maxLength:"1024"`
			}
		}) (*Empty, error) {
			return empty(s.SignIns.Reset(ctx, in.Body.Secret.Secret, in.Body.Password, originOf(ctx)))
		})
	add(s, route{method: http.MethodPost, path: "/invitations/acceptances", id: "acceptInvitation", summary: "Accept an invitation", tag: tag, status: http.StatusCreated, public: true},
		func(ctx context.Context, _ access.Caller, in *struct {
			Body struct {
				Secret
				Name     string `json:"name,omitempty" maxLength:"200"`
				Password string `json:"password,omitempty" maxLength:"1024"`
			}
		}) (*Body[SignedUp], error) {
			return signedUp(s.SignIns.AcceptInvitation(ctx, in.Body.Secret.Secret, in.Body.Name, in.Body.Password, originOf(ctx)))
		})
}

// Me is who calls.
type Me struct {
	Ref        string          `json:"ref" doc:"how facts name the caller"`
	Person     *Person         `json:"person,omitempty"`
	Token      string          `json:"token,omitempty"`
	Org        string          `json:"org,omitempty"`
	Path       string          `json:"path,omitempty"`
	Roles      []access.Role   `json:"roles" nullable:"false"`
	Scopes     []access.Action `json:"scopes,omitempty" doc:"what a token is cut to"`
	OnBehalfOf string          `json:"onBehalfOf,omitempty"`
	Purpose    string          `json:"purpose,omitempty"`
}

// Standing is what a person is in an organisation.
type Standing struct {
	Org   Organisation  `json:"org"`
	Roles []access.Role `json:"roles" nullable:"false"`
}

func standing(st party.Standing) Standing {
	return Standing{Org: organisation(st.Org), Roles: st.Roles}
}

// PersonChange says what a person changes about itself; empty fields stay, "-" empties phone and address.
type PersonChange struct {
	Name     string `json:"name,omitempty" maxLength:"200"`
	Phone    string `json:"phone,omitempty" maxLength:"50"`
	Address  string `json:"address,omitempty" maxLength:"500"`
	Language string `json:"language,omitempty"`
}

func (s *server) accountRoutes() {
	const tag = "account"
	add(s, route{method: http.MethodGet, path: "/me", id: "getMe", summary: "Who calls", tag: tag}, s.me)
	add(s, route{method: http.MethodPatch, path: "/me", id: "updateMe", summary: "Change your name or how you are reached", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			IfMatch string `header:"If-Match"`
			Body    PersonChange
		}) (*Tagged[Person], error) {
			version, err := versionOf(in.IfMatch)
			if err != nil {
				return nil, err
			}
			b := in.Body
			p, err := s.Parties.UpdatePerson(ctx, c, party.PersonChange{Person: c.Person, Version: version, Name: b.Name, Phone: b.Phone, Address: b.Address, Language: b.Language})
			return tagged(person(p), p.Version, err)
		})
	add(s, route{method: http.MethodGet, path: "/me/organisations", id: "listStandings", summary: "Where you may act", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[List[Standing]], error) {
			list, err := s.Parties.Organisations(ctx, c)
			return listOf(list, "", standing, err)
		})
	add(s, route{method: http.MethodPost, path: "/me/confirmation", id: "askConfirm", summary: "Ask for a new link to confirm your address", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Empty, error) {
			return empty(s.SignIns.AskConfirm(ctx, c, originOf(ctx)))
		})
	add(s, route{method: http.MethodPut, path: "/me/password", id: "changePassword", summary: "Set a new password; your other sessions end", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			Body struct {
				Old string `json:"old" maxLength:"1024"`
				New string `json:"new" maxLength:"1024"`
			}
		}) (*Empty, error) {
			return empty(s.SignIns.ChangePassword(ctx, c, signin.FromRequest(requestOf(ctx)), in.Body.Old, in.Body.New, originOf(ctx)))
		})
}

func (s *server) me(ctx context.Context, c access.Caller, _ *struct{}) (*Body[Me], error) {
	me := Me{Ref: c.Ref(), Token: c.Token, Org: c.Org, Path: c.Path, Roles: c.Roles, Scopes: c.Scopes, OnBehalfOf: c.OnBehalfOf, Purpose: c.Purpose}
	if me.Roles == nil {
		me.Roles = []access.Role{}
	}
	if c.Person != "" {
		p, err := s.Parties.Person(ctx, c, "", c.Person)
		if err != nil && !fail.Is(err, fail.NotFound) {
			return nil, err
		}
		wire := person(p)
		me.Person = &wire
	}
	return body(me, nil)
}
