package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
)

// Person is a person with what the caller may see of it.
type Person struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Email     string `json:"email"`
	Phone     string `json:"phone,omitempty"`
	Address   string `json:"address,omitempty"`
	Language  string `json:"language"`
	Confirmed bool   `json:"confirmed" doc:"has proved to read the e-mail address"`
	Erased    bool   `json:"erased,omitempty"`
	Version   int64  `json:"version"`
}

func person(p party.Person) Person {
	return Person{ID: p.ID, Name: p.Contact.Name, Email: p.Contact.Email, Phone: p.Contact.Phone, Address: p.Contact.Address, Language: p.Language,
		Confirmed: p.Confirmed, Erased: p.Erased, Version: p.Version}
}

// Member is a person in an organisation.
type Member struct {
	Person   Person        `json:"person"`
	Roles    []access.Role `json:"roles" nullable:"false"`
	JoinedAt time.Time     `json:"joinedAt"`
}

func member(m party.Member) Member {
	return Member{Person: person(m.Person), Roles: m.Roles, JoinedAt: m.JoinedAt}
}

// Invitation is an open invitation.
type Invitation struct {
	ID        string        `json:"id"`
	Org       string        `json:"org"`
	Email     string        `json:"email"`
	Roles     []access.Role `json:"roles" nullable:"false"`
	CreatedAt time.Time     `json:"createdAt"`
	ExpiresAt time.Time     `json:"expiresAt"`
}

func invitation(i party.Invitation) Invitation { return Invitation(i) }

// NewInvitation asks a person to join.
type NewInvitation struct {
	Email    string        `json:"email" maxLength:"254"`
	Roles    []access.Role `json:"roles" nullable:"false" minItems:"1"`
	Language string        `json:"language,omitempty" doc:"of the message; the organisation's when empty"`
}

// MemberPath names a member in the address.
type MemberPath struct {
	OrgPath
	Person string `path:"person"`
}

// RolePath names a role of a member in the address.
type RolePath struct {
	MemberPath
	Role string `path:"role"`
}

func (s *server) memberRoutes() {
	const tag = "members"
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/members", id: "listMembers", summary: "The people of an organisation", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Member]], error) {
			list, err := s.Parties.Members(ctx, c, in.Org)
			return listOf(list, "", member, err)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/members/{person}", id: "getMember", summary: "One member", tag: tag},
		func(ctx context.Context, c access.Caller, in *MemberPath) (*Tagged[Person], error) {
			p, err := s.Parties.Person(ctx, c, in.Org, in.Person)
			return tagged(person(p), p.Version, err)
		})
	add(s, route{method: http.MethodDelete, path: "/organisations/{org}/members/{person}", id: "removeMember", summary: "End a membership", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *MemberPath) (*Empty, error) {
			return empty(s.Parties.RemoveMember(ctx, c, in.Org, in.Person))
		})
	add(s, route{method: http.MethodPut, path: "/organisations/{org}/members/{person}/roles/{role}", id: "grantRole", summary: "Give a member a role", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *RolePath) (*Empty, error) {
			return empty(s.Parties.GrantRole(ctx, c, in.Org, in.Person, access.Role(in.Role)))
		})
	add(s, route{method: http.MethodDelete, path: "/organisations/{org}/members/{person}/roles/{role}", id: "revokeRole", summary: "Take a role from a member", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *RolePath) (*Empty, error) {
			return empty(s.Parties.RevokeRole(ctx, c, in.Org, in.Person, access.Role(in.Role)))
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/invitations", id: "listInvitations", summary: "Open invitations", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Invitation]], error) {
			list, err := s.Parties.Invitations(ctx, c, in.Org)
			return listOf(list, "", invitation, err)
		})
	add(s, route{method: http.MethodPost, path: "/organisations/{org}/invitations", id: "inviteMember", summary: "Invite a person", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body NewInvitation
		}) (*Body[Invitation], error) {
			i, err := s.Parties.InviteMember(ctx, c, party.Invite{Org: in.Org, Email: in.Body.Email, Roles: in.Body.Roles, Language: in.Body.Language})
			return body(invitation(i), err)
		})
	add(s, route{method: http.MethodDelete, path: "/organisations/{org}/invitations/{invitation}", id: "withdrawInvitation", summary: "Make an open invitation worthless", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Invitation string `path:"invitation"`
		}) (*Empty, error) {
			return empty(s.Parties.WithdrawInvitation(ctx, c, in.Org, in.Invitation))
		})
}
