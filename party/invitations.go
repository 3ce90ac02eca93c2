package party

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
)

//go:embed mails/*.txt
var mailTexts embed.FS

// inviteFor is how long an invitation stands.
const inviteFor = 7 * 24 * time.Hour

// Invite asks a person to join.
type Invite struct {
	Org      string
	Email    string
	Roles    []access.Role
	Language string // of the message; the organisation's when empty
}

// InviteMember sends an invitation. An owner invites to its organisation; staff above a customer invites its first owner
// and nobody else. Whether the address is known to the installation stays hidden.
func (s *Parties) InviteMember(ctx context.Context, c access.Caller, in Invite) (Invitation, error) {
	email, err := NormaliseEmail(in.Email)
	if err != nil {
		return Invitation{}, err
	}
	if err := s.db.Read(ctx, func(tx *store.Tx) error { return s.mayInvite(tx, c, in) }); err != nil {
		return Invitation{}, err // before a key is made for nothing
	}
	now := s.now()
	i := invitationRow{person: s.ids.New("per"), language: in.Language,
		Invitation: Invitation{ID: s.ids.New("inv"), Org: in.Org, Email: email, Roles: inOrder(in.Roles), CreatedAt: now, ExpiresAt: now.Add(inviteFor)}}
	if i.hash, err = s.emailHash(ctx, email); err != nil {
		return Invitation{}, err
	}
	if err := s.ring.Ensure(ctx, keys.Person(i.person)); err != nil {
		return Invitation{}, err
	}
	if i.sealed, err = s.ring.Seal(ctx, keys.Person(i.person), []byte(email), invitationAAD(i.ID)); err != nil {
		return Invitation{}, err
	}
	secret := newSecret()
	err = s.db.Tx(ctx, func(tx *store.Tx) error { return s.invite(tx, c, in, i, secret) })
	return i.Invitation, err
}

func (s *Parties) mayInvite(tx *store.Tx, c access.Caller, in Invite) error {
	o, err := s.allowed(tx, c, access.MemberInvite, in.Org)
	if err != nil {
		return err
	}
	if err := checkRoles(o.Organisation, in.Roles); err != nil {
		return err
	}
	if !c.Outside(o.Path) {
		return nil
	}
	owners, err := selectOwners(tx, o.ID)
	if err != nil {
		return err
	}
	if owners > 0 || !slices.Contains(in.Roles, access.RoleOwner) {
		return fail.New(fail.Denied, "access.denied", "From outside you may only invite the first owner.", "Ask an owner of "+o.called()+" to send the invitation.").
			Because(fail.Reason{Rule: "party.first_owner", Text: "Staff above a customer invites its first owner and nobody else."})
	}
	return nil
}

func (s *Parties) invite(tx *store.Tx, c access.Caller, in Invite, i invitationRow, secret string) error {
	if err := s.mayInvite(tx, c, in); err != nil {
		return err
	}
	o, err := s.readOrg(tx, in.Org)
	if err != nil {
		return err
	}
	if i.language == "" {
		i.language = o.Language
	}
	if err := insertInvitation(tx, i, hashSecret(secret), c.Ref()); err != nil {
		return fmt.Errorf("invite: %w", err)
	}
	brand, err := s.brand(tx, o.Organisation)
	if err != nil {
		return err
	}
	subject, text, err := s.texts.Render("invitation", i.language, map[string]string{
		"organisation": o.Name, "brand": brand, "roles": joinRoles(i.Roles, ", "), "until": i.ExpiresAt.Format("2006-01-02 15:04 UTC"),
		"link": s.site + "/join/" + secret,
	})
	if err != nil {
		return err
	}
	if _, err := s.outbox.Put(tx, mail.Message{Person: i.person, Kind: "invitation", To: i.Email, Lang: i.language, Subject: subject, Text: text}); err != nil {
		return err
	}
	return s.record(tx, c, FactMemberInvited, o.ID, o.Organisation, MemberFact{Org: o.ID, Person: i.person, Invitation: i.ID, Roles: i.Roles})
}

func (s *Parties) brand(tx *store.Tx, o Organisation) (string, error) {
	if o.Market == "" {
		return "Halle", nil
	}
	m, err := selectMarket(tx, o.Market)
	return m.Brand, err
}

// newSecret is 256 bits as text for a link.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: the program stops instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashSecret is what is stored of a secret: it has enough entropy that a plain hash tells nothing.
func hashSecret(secret string) []byte {
	h := sha256.Sum256([]byte("halle invitation " + secret))
	return h[:]
}

// Acceptance is an invitation that was found valid; nothing is stored yet.
type Acceptance struct {
	row invitationRow
	newPerson
}

// PrepareAcceptance checks the secret of an invitation's link and prepares the person. name is used when the address is
// new. Anybody who has the secret may call it; signin limits how often.
func (s *Parties) PrepareAcceptance(ctx context.Context, secret, name string) (Acceptance, error) {
	var a Acceptance
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		a.row, err = selectInvitationBySecret(tx, hashSecret(secret))
		return err
	})
	if errors.Is(err, store.ErrNone) || err == nil && (a.row.closed || !s.now().Before(a.row.ExpiresAt)) {
		return a, invitationGone()
	}
	if err != nil {
		return a, err
	}
	email, err := s.ring.Open(ctx, keys.Person(a.row.person), a.row.sealed, invitationAAD(a.row.ID))
	if errors.Is(err, keys.ErrDestroyed) {
		return a, invitationGone()
	}
	if err != nil {
		return a, fmt.Errorf("invitation %s: %w", a.row.ID, err)
	}
	a.newPerson, err = s.newcomer(ctx, a.row.person, a.row.Org, name, string(email), or(a.row.language, "en"))
	a.Confirmed = true // the secret came by that address
	return a, err
}

func invitationGone() error {
	return fail.New(fail.Gone, "party.invitation_gone", "This invitation was used, was withdrawn or has expired.", "Ask for a new one.")
}

// AcceptInvitation makes the invited person a member, in signin's transaction. fresh is false when the address belonged
// to a person already: then that person joined, and signs in as before.
func (s *Parties) AcceptInvitation(tx *store.Tx, a Acceptance) (st Standing, fresh bool, err error) {
	ok, err := updateAccepted(tx, a.row.ID, s.now())
	if err != nil || !ok {
		return st, false, orError(err, invitationGone())
	}
	o, err := s.readOrg(tx, a.row.Org)
	if err != nil {
		return st, false, err
	}
	person, err := selectPersonByEmail(tx, a.hash)
	if err != nil {
		return st, false, err
	}
	if fresh = person == ""; fresh {
		person = a.ID
		if err := s.register(tx, access.Caller{Person: person}, o.Organisation, a.newPerson); err != nil {
			return st, false, err
		}
	} else if err := s.ConfirmEmail(tx, person); err != nil {
		return st, false, err
	}
	if err := s.join(tx, access.Caller{Person: person}, o.Organisation, person, a.row.ID, a.row.Roles); err != nil {
		return st, false, err
	}
	st, err = s.Standing(tx, person, o.ID)
	return st, fresh, err
}

// Invitations lists the open invitations of an organisation. A look from outside is a fact.
func (s *Parties) Invitations(ctx context.Context, c access.Caller, org string) ([]Invitation, error) {
	var out []Invitation
	err := s.seen(ctx, c, org, access.MemberRead, func(tx *store.Tx, o Organisation) ([]string, error) {
		rows, err := selectInvitations(tx, o.ID, s.now())
		if err != nil {
			return nil, err
		}
		out = nil
		var persons []string
		for _, row := range rows {
			email, err := s.ring.Open(ctx, keys.Person(row.person), row.sealed, invitationAAD(row.ID))
			if errors.Is(err, keys.ErrDestroyed) {
				email, err = []byte(Erased), nil
			}
			if err != nil {
				return nil, err
			}
			row.Email = string(email)
			out, persons = append(out, row.Invitation), append(persons, row.person)
		}
		return persons, nil
	})
	return out, err
}

// WithdrawInvitation makes an open invitation worthless.
func (s *Parties) WithdrawInvitation(ctx context.Context, c access.Caller, org, invitation string) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.MemberInvite, org)
		if err != nil {
			return err
		}
		i, err := selectInvitation(tx, o.ID, invitation)
		if err != nil {
			return err
		}
		fresh, err := updateWithdrawn(tx, i.ID, s.now())
		if err != nil || !fresh {
			return err
		}
		return s.record(tx, c, FactInviteWithdrawn, o.ID, o.Organisation, MemberFact{Org: o.ID, Person: i.person, Invitation: i.ID})
	})
}
