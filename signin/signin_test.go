package signin_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/signin"
)

var (
	ctx  = context.Background()
	here = signin.Origin{Address: "192.0.2.7", Agent: "Browser 1", Country: "FR"}
)

const password = "seven green lamps"

type world struct {
	*partytest.World
	*signin.SignIns
}

func each(t *testing.T, cfg signin.Config, fn func(t *testing.T, w world)) {
	t.Helper()
	cfg.Site = "https://halle.example"
	if cfg.Cost == (signin.Cost{}) {
		cfg.Cost = signin.Cost{MemoryKiB: 64, Time: 1, Threads: 1}
	}
	storetest.Each(t, append(partytest.Sets(), signin.Migrations()), func(t *testing.T, db *store.DB) {
		w := partytest.New(t, db)
		s, err := signin.New(ctx, db, w.Ring, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties, w.Outbox, w.Queue, cfg)
		must(t, err)
		fn(t, world{w, s})
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err error, kind fail.Kind, code string) {
	t.Helper()
	if fail.KindOf(err) != kind || code != "" && fail.CodeOf(err) != code {
		t.Fatalf("got %v (%s %s), want %s %s", err, fail.KindOf(err), fail.CodeOf(err), kind, code)
	}
}

func (w world) signUp(t *testing.T, name string) signin.Session {
	t.Helper()
	s, err := w.SignUp(ctx, party.SignUp{Name: name, Email: strings.ToLower(name) + "@home.example", Language: "en", Country: "FR", Market: w.Market.ID}, password, here)
	must(t, err)
	return s
}

func (w world) who(t *testing.T, credential string) access.Caller {
	t.Helper()
	c, err := w.Authenticate(ctx, credential)
	must(t, err)
	return c
}

func TestSignUpConfirmSignInSignOut(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		first := w.signUp(t, "Martin")
		c := w.who(t, first.Secret)
		if c.Person != first.Person || c.Org != first.Org || !c.Has(access.RoleOwner) || c.Confirmed || c.Country != "FR" || !strings.HasSuffix(c.Path, "/"+c.Org+"/") {
			t.Fatalf("caller %+v", c)
		}
		secret := w.Secret(t, "martin@home.example")
		must(t, w.Confirm(ctx, secret))
		want(t, w.Confirm(ctx, secret), fail.Gone, "signin.link_gone")
		if !w.who(t, first.Secret).Confirmed {
			t.Error("the address is still not confirmed")
		}
		second, err := w.SignIn(ctx, " MARTIN@Home.example", password, here)
		must(t, err)
		list, err := w.Sessions(ctx, c)
		must(t, err)
		if len(list) != 2 || list[0].Origin.Address != here.Address || list[0].Secret != "" {
			t.Errorf("sessions %+v", list)
		}
		must(t, w.SignOut(ctx, second.Secret))
		_, err = w.Authenticate(ctx, second.Secret)
		want(t, err, fail.Unauthenticated, "signin.ended")
		must(t, w.SignOutEverywhere(ctx, c))
		_, err = w.Authenticate(ctx, first.Secret)
		want(t, err, fail.Unauthenticated, "signin.ended")
	})
}

func TestAnUnknownAddressIsNotToldApart(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		w.signUp(t, "Martin")
		_, known := w.SignIn(ctx, "martin@home.example", "not the password", here)
		for _, email := range []string{"nobody@home.example", "", "no address", strings.Repeat("x", 5000)} {
			_, unknown := w.SignIn(ctx, email, "not the password", here)
			if diff := cmp.Diff(known, unknown); diff != "" {
				t.Errorf("%.20q: %s", email, diff)
			}
			must(t, w.AskReset(ctx, email, here))
		}
		must(t, w.AskReset(ctx, "Martin@home.example ", here))
		again, err := w.SignUp(ctx, party.SignUp{Name: "Eve", Email: "martin@home.example", Language: "en", Country: "FR", Market: w.Market.ID}, password, here)
		if err != nil || again != (signin.Session{}) {
			t.Errorf("signing up with a known address: %+v, %v", again, err)
		}
		if subject, _ := w.Mail(t, "martin@home.example"); subject != "Set a new password" && subject != "You already have an account" {
			t.Errorf("subject %q", subject)
		}
	})
}

func TestReset(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		s := w.signUp(t, "Martin")
		w.Clock.Advance(time.Second)
		must(t, w.AskReset(ctx, "martin@home.example", here))
		_, err := w.Queue.Drain(ctx)
		must(t, err)
		secret := w.Secret(t, "martin@home.example")
		want(t, w.Reset(ctx, secret, "short", here), fail.Invalid, "signin.password")
		must(t, w.Reset(ctx, secret, "eight blue lamps", here))
		want(t, w.Reset(ctx, secret, "nine red lamps", here), fail.Gone, "signin.link_gone")
		_, err = w.Authenticate(ctx, s.Secret)
		want(t, err, fail.Unauthenticated, "signin.ended")
		_, err = w.SignIn(ctx, "martin@home.example", password, here)
		want(t, err, fail.Unauthenticated, "signin.wrong")
		s, err = w.SignIn(ctx, "martin@home.example", "eight blue lamps", here)
		must(t, err)
		if c := w.who(t, s.Secret); !c.Confirmed {
			t.Error("a reset proves the address")
		}
		must(t, w.AskReset(ctx, "martin@home.example", here))
		late := w.Secret(t, "martin@home.example")
		w.Clock.Advance(2 * time.Hour)
		want(t, w.Reset(ctx, late, "nine red lamps", here), fail.Gone, "signin.link_gone")
	})
}

func TestChangePasswordEndsTheOtherSessions(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		here1 := w.signUp(t, "Martin")
		there, err := w.SignIn(ctx, "martin@home.example", password, here)
		must(t, err)
		c := w.who(t, here1.Secret)
		want(t, w.ChangePassword(ctx, c, here1.Secret, "wrong wrong wrong", "eight blue lamps", here), fail.Denied, "signin.old_password")
		must(t, w.ChangePassword(ctx, c, here1.Secret, password, "eight blue lamps", here))
		w.who(t, here1.Secret)
		_, err = w.Authenticate(ctx, there.Secret)
		want(t, err, fail.Unauthenticated, "signin.ended")
	})
}

func TestTooMany(t *testing.T) {
	each(t, signin.Config{PerAccount: 3, PerAddress: 6}, func(t *testing.T, w world) {
		w.signUp(t, "Martin")
		other := signin.Origin{Address: "2001:db8::1"}
		for range 3 {
			_, err := w.SignIn(ctx, "martin@home.example", "guess guess guess", other)
			want(t, err, fail.Unauthenticated, "signin.wrong")
		}
		_, err := w.SignIn(ctx, "MARTIN@home.example", password, here)
		want(t, err, fail.TooMany, "signin.too_many")
		for i := range 4 { // a neighbour in the same /64 counts
			_, err = w.SignIn(ctx, strings.Repeat("x", i+1)+"@home.example", "guess guess guess", signin.Origin{Address: "2001:db8::2"})
		}
		want(t, err, fail.TooMany, "signin.too_many")
		w.Clock.Advance(16 * time.Minute)
		_, err = w.SignIn(ctx, "martin@home.example", password, here)
		must(t, err)
		for range 3 { // a success starts the count of the account again
			_, err = w.SignIn(ctx, "martin@home.example", password, here)
			must(t, err)
		}
	})
}

// Many guesses at once: no more than the limit are looked at.
func TestTheLimitHoldsUnderARace(t *testing.T) {
	each(t, signin.Config{PerAccount: 5}, func(t *testing.T, w world) {
		w.signUp(t, "Martin")
		const guesses = 16
		kinds := make(chan fail.Kind, guesses)
		for range guesses {
			go func() {
				_, err := w.SignIn(ctx, "martin@home.example", "guess guess guess", here)
				kinds <- fail.KindOf(err)
			}()
		}
		got := map[fail.Kind]int{}
		for range guesses {
			got[<-kinds]++
		}
		if diff := cmp.Diff(map[fail.Kind]int{fail.Unauthenticated: 5, fail.TooMany: 11}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSessionsExpire(t *testing.T) {
	each(t, signin.Config{Idle: time.Hour, Absolute: 3 * time.Hour}, func(t *testing.T, w world) {
		s := w.signUp(t, "Martin")
		for range 5 {
			w.Clock.Advance(30 * time.Minute)
			w.who(t, s.Secret)
		}
		w.Clock.Advance(31 * time.Minute) // the absolute end
		_, err := w.Authenticate(ctx, s.Secret)
		want(t, err, fail.Unauthenticated, "signin.ended")
		s, err = w.SignIn(ctx, "martin@home.example", password, here)
		must(t, err)
		w.Clock.Advance(61 * time.Minute) // idle
		_, err = w.Authenticate(ctx, s.Secret)
		want(t, err, fail.Unauthenticated, "signin.ended")
	})
}

func TestTokens(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		owner := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		rival := w.Business(t, w.Operator, "Bolt", party.KindCustomer)
		tech := w.Join(t, owner, owner.Org, "tom@acme.example", access.RoleTechnical)
		_, _, err := w.CreateToken(ctx, tech, signin.NewToken{Org: owner.Org, Name: "x", Roles: []access.Role{access.RoleOwner}, Scopes: []string{"order.*"}})
		want(t, err, fail.Denied, "signin.token_role")
		_, _, err = w.CreateToken(ctx, tech, signin.NewToken{Org: owner.Org, Name: "x", Scopes: []string{"nonsense"}, Days: 1000})
		want(t, err, fail.Invalid, "signin.token")
		_, _, err = w.CreateToken(ctx, rival, signin.NewToken{Org: owner.Org, Name: "x", Scopes: []string{"order.*"}})
		want(t, err, fail.NotFound, "organisation.not_found")

		tok, secret, err := w.CreateToken(ctx, tech, signin.NewToken{Org: owner.Org, Name: "reader", Scopes: []string{"usage.read", "token.create"}, Days: 2})
		must(t, err)
		c := w.who(t, secret)
		if c.Token != tok.ID || c.Person != "" || c.Org != owner.Org || c.Path != owner.Path || c.Ref() != "token:"+tok.ID {
			t.Fatalf("caller %+v", c)
		}
		on := access.Resource{Type: "usage", Org: owner.Org, Path: owner.Path}
		must(t, w.Policy.Check(c, access.UsageRead, on))
		want(t, w.Policy.Check(c, access.ServiceSuspend, on), fail.Denied, "access.denied")
		_, _, err = w.CreateToken(ctx, c, signin.NewToken{Org: owner.Org, Name: "wider", Scopes: []string{"service.*"}})
		want(t, err, fail.Denied, "signin.token_scope")

		want(t, w.RevokeToken(ctx, rival, owner.Org, tok.ID), fail.NotFound, "organisation.not_found")
		want(t, w.RevokeToken(ctx, rival, rival.Org, tok.ID), fail.NotFound, "token.not_found")
		_, err = w.Tokens(ctx, rival, owner.Org)
		want(t, err, fail.NotFound, "organisation.not_found")
		list, err := w.Tokens(ctx, owner, owner.Org)
		must(t, err)
		if len(list) != 1 || list[0].UsedAt.IsZero() {
			t.Errorf("tokens %+v", list)
		}
		must(t, w.RevokeToken(ctx, owner, owner.Org, tok.ID))
		_, err = w.Authenticate(ctx, secret)
		want(t, err, fail.Unauthenticated, "signin.ended")

		_, secret, err = w.CreateToken(ctx, owner, signin.NewToken{Org: owner.Org, Name: "short", Scopes: []string{"order.*"}, Days: 1})
		must(t, err)
		w.Clock.Advance(25 * time.Hour)
		_, err = w.Authenticate(ctx, secret)
		want(t, err, fail.Unauthenticated, "signin.ended")
	})
}

func TestAResourcesTokenKeepsItsSubject(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		publisher := w.Business(t, w.Operator, "Relay", party.KindPublisher)
		secret := signin.NewTokenSecret()
		must(t, w.DB.Tx(ctx, func(tx *store.Tx) error {
			_, err := w.IssueToken(tx, access.System("provision"), signin.Token{Org: publisher.Org, Name: "usage", Roles: []access.Role{access.RolePublisher},
				Scopes: []access.Action{access.UsageWrite}, Subject: "sub_1"}, time.Hour, secret)
			return err
		}))
		if c := w.who(t, secret); c.Subject != "sub_1" {
			t.Errorf("the token's caller is %+v", c)
		}
		list, err := w.Tokens(ctx, publisher, publisher.Org)
		if err != nil || len(list) != 1 || list[0].Subject != "sub_1" {
			t.Errorf("tokens %+v, %v", list, err)
		}
	})
}

func TestLeavingTakesOrganisationAndTokensAway(t *testing.T) {
	each(t, signin.Config{Demo: true}, func(t *testing.T, w world) {
		owner := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		tech := w.Join(t, owner, owner.Org, "tom@acme.example", access.RoleTechnical)
		_, secret, err := w.CreateToken(ctx, tech, signin.NewToken{Org: owner.Org, Name: "reader", Scopes: []string{"usage.read"}})
		must(t, err)
		s, err := w.SignInAs(ctx, tech.Person, owner.Org, here)
		must(t, err)
		if c := w.who(t, s.Secret); c.Org != owner.Org {
			t.Fatalf("caller %+v", c)
		}
		must(t, w.Parties.RemoveMember(ctx, owner, owner.Org, tech.Person))
		must(t, w.Facts.Drain(ctx, w.Readers()...))
		w.Clock.Advance(2 * time.Second)
		if c := w.who(t, s.Secret); c.Org != "" || len(c.Roles) != 0 || c.Person != tech.Person {
			t.Errorf("who has left is still %+v", c)
		}
		_, err = w.Authenticate(ctx, secret)
		want(t, err, fail.Unauthenticated, "signin.ended")
	})
}

func TestActing(t *testing.T) {
	each(t, signin.Config{Demo: true}, func(t *testing.T, w world) {
		reseller := w.Business(t, w.Operator, "Res", party.KindReseller)
		mine, other := w.Business(t, reseller, "Acme", party.KindCustomer), w.Business(t, w.Operator, "Bolt", party.KindCustomer)
		s, err := w.SignInAs(ctx, reseller.Person, reseller.Org, here)
		must(t, err)
		want(t, w.Act(ctx, s.Secret, signin.Acting{Org: mine.Org}), fail.NotFound, "organisation.not_found")
		want(t, w.Act(ctx, s.Secret, signin.Acting{Org: reseller.Org, OnBehalfOf: other.Org}), fail.NotFound, "organisation.not_found")
		must(t, w.Act(ctx, s.Secret, signin.Acting{Org: reseller.Org, OnBehalfOf: mine.Org, Purpose: "ticket 7"}))
		c := w.who(t, s.Secret)
		if c.OnBehalfOf != mine.Org || c.Purpose != "ticket 7" {
			t.Errorf("caller %+v", c)
		}
		if err := w.Policy.Check(c, access.ServiceRead, access.Resource{Type: "service", Org: mine.Org, Path: mine.Path}); err != nil {
			t.Error(err)
		}
		must(t, w.Facts.Drain(ctx))
		seen, err := w.Facts.Timeline(ctx, mine.Org, 0, 100)
		must(t, err)
		if len(seen) == 0 || seen[0].Type != signin.FactSessionActing {
			t.Errorf("the customer does not see who acts on its behalf: %v", seen)
		}
	})
}

func TestSessionsOfOthersAreOutOfReach(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		a, b := w.signUp(t, "Anna"), w.signUp(t, "Boris")
		want(t, w.EndSession(ctx, w.who(t, a.Secret), b.ID), fail.NotFound, "session.not_found")
		want(t, w.EndSession(ctx, w.who(t, a.Secret), "ses_test_nothing"), fail.NotFound, "session.not_found")
		list, err := w.Sessions(ctx, w.who(t, a.Secret))
		must(t, err)
		if len(list) != 1 || list[0].ID != a.ID {
			t.Errorf("sessions %+v", list)
		}
		_, err = w.Sessions(ctx, access.Caller{})
		want(t, err, fail.Unauthenticated, "access.signed_in")
	})
}

func TestInvitedPeopleSignIn(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		owner := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		_, err := w.Parties.InviteMember(ctx, owner, party.Invite{Org: owner.Org, Email: "eva@acme.example", Roles: []access.Role{access.RoleBuyer}})
		must(t, err)
		secret := w.Secret(t, "eva@acme.example")
		_, err = w.AcceptInvitation(ctx, secret, "Eva", "eva", here)
		want(t, err, fail.Invalid, "signin.password")
		s, err := w.AcceptInvitation(ctx, secret, "Eva", password, here)
		must(t, err)
		if c := w.who(t, s.Secret); !c.Has(access.RoleBuyer) || !c.Confirmed || c.OrgName != "Acme" {
			t.Errorf("caller %+v", c)
		}
		_, err = w.AcceptInvitation(ctx, secret, "Eva", password, here)
		want(t, err, fail.Gone, "party.invitation_gone")
		_, err = w.SignIn(ctx, "eva@acme.example", password, here)
		must(t, err)
	})
}

func TestDemoShortcutOnlyInTheDemo(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		_, err := w.SignInAs(ctx, w.Operator.Person, "", here)
		want(t, err, fail.Denied, "signin.no_demo")
		_, err = w.SeedHousehold(ctx, party.SignUp{}, password)
		want(t, err, fail.Denied, "signin.no_demo")
		_, err = w.SeedMember(ctx, w.Operator, party.Invite{}, "", password)
		want(t, err, fail.Denied, "signin.no_demo")
		must(t, w.SetFirstPassword(ctx, w.Operator.Person, password))
		want(t, w.SetFirstPassword(ctx, w.Operator.Person, password), fail.Conflict, "signin.has_password")
		s, err := w.SignIn(ctx, "odile@operator.example", password, here)
		must(t, err)
		if c := w.who(t, s.Secret); !c.Has(access.RoleOperator) {
			t.Errorf("caller %+v", c)
		}
	})
}

func TestAConfirmationIsAskedForAgain(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		s := w.signUp(t, "Martin")
		first := w.Secret(t, "martin@home.example")
		must(t, w.AskConfirm(ctx, w.who(t, s.Secret), here))
		second := w.Secret(t, "martin@home.example")
		if first == second {
			t.Fatal("no new link")
		}
		want(t, w.Confirm(ctx, first), fail.Gone, "signin.link_gone")
		must(t, w.Confirm(ctx, second))
		must(t, w.AskConfirm(ctx, w.who(t, s.Secret), here)) // nothing is sent
		if again := w.Secret(t, "martin@home.example"); again != second {
			t.Error("a confirmed address is asked again")
		}
		want(t, w.AskConfirm(ctx, access.Caller{}, here), fail.Unauthenticated, "access.signed_in")
	})
}

// Signing in brings a password's hash to the cost that the installation chooses now.
func TestAHashFollowsTheCost(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		w.signUp(t, "Martin")
		dearer, err := signin.New(ctx, w.DB, w.Ring, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties, w.Outbox, w.Queue,
			signin.Config{Site: "https://halle.example", Cost: signin.Cost{MemoryKiB: 128, Time: 1, Threads: 1}})
		must(t, err)
		for range 2 {
			_, err = dearer.SignIn(ctx, "martin@home.example", password, here)
			must(t, err)
		}
		var stored string
		must(t, w.DB.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT secret FROM credential").Scan(&stored) }))
		if !strings.HasPrefix(stored, "$argon2id$v=19$m=128,t=1,p=1$") {
			t.Errorf("stored %.40s", stored)
		}
	})
}

func TestSeedingADemo(t *testing.T) {
	each(t, signin.Config{Demo: true}, func(t *testing.T, w world) {
		house := party.SignUp{Name: "Martin", Email: "martin@home.example", Language: "fr", Country: "FR", Market: w.Market.ID}
		st, err := w.SeedHousehold(ctx, house, password)
		must(t, err)
		_, err = w.SeedHousehold(ctx, house, password)
		want(t, err, fail.Conflict, "signin.known")
		if s, err := w.SignIn(ctx, house.Email, password, here); err != nil || !w.who(t, s.Secret).Confirmed || s.Org != st.Org.ID {
			t.Errorf("session %+v, %v", s, err)
		}
		acme, err := w.Parties.CreateOrganisation(ctx, w.Operator, party.NewOrganisation{Parent: w.Operator.Org, Name: "Acme", Kinds: []party.Kind{party.KindCustomer}, Country: "FR", Language: "en", Market: w.Market.ID})
		must(t, err)
		first := party.Invite{Org: acme.ID, Email: "ann@acme.example", Roles: []access.Role{access.RoleBuyer, access.RoleOwner}}
		st, err = w.SeedMember(ctx, w.Operator, first, "Ann", password)
		must(t, err)
		if diff := cmp.Diff([]access.Role{access.RoleOwner, access.RoleBuyer}, st.Roles); diff != "" {
			t.Error(diff)
		}
		_, err = w.SeedMember(ctx, w.Operator, party.Invite{Org: acme.ID, Email: "bob@acme.example", Roles: []access.Role{access.RoleOwner}}, "Bob", password)
		want(t, err, fail.Denied, "access.denied")
		_, err = w.SeedMember(ctx, st.Caller(), party.Invite{Org: acme.ID, Email: "bob@acme.example", Roles: []access.Role{access.RoleBilling}}, "Bob", password)
		must(t, err)
		_, err = w.SignIn(ctx, "bob@acme.example", password, here)
		must(t, err)
	})
}

func TestAnErasedPersonIsSignedOut(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		s := w.signUp(t, "Martin")
		must(t, w.Ring.Destroy(ctx, keys.Person(s.Person)))
		_, err := w.Authenticate(ctx, s.Secret)
		want(t, err, fail.Unauthenticated, "")
		_, err = w.SignIn(ctx, "martin@home.example", password, here)
		want(t, err, fail.Unauthenticated, "signin.wrong")
	})
}

func TestNothingSecretIsStored(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		s := w.signUp(t, "Martin")
		link := w.Secret(t, "martin@home.example")
		must(t, w.DB.Read(ctx, func(tx *store.Tx) error {
			for _, query := range []string{"SELECT secret FROM credential", "SELECT secret_hash FROM session", "SELECT origin_sealed FROM session", "SELECT secret_hash FROM one_time", "SELECT key FROM attempt"} {
				err := tx.Each(func(row store.Scanner) error {
					var b []byte
					if err := row.Scan(&b); err != nil {
						return err
					}
					for _, plain := range []string{password, s.Secret, s.Secret[4:], link, here.Address, "martin"} {
						if strings.Contains(string(b), plain) {
							t.Errorf("%s holds %q", query, plain)
						}
					}
					return nil
				}, query)
				if err != nil {
					return err
				}
			}
			return nil
		}))
	})
}

func TestCookies(t *testing.T) {
	s := signin.Session{Secret: "hls_x"}
	secure, plain := signin.Cookie(s, true), signin.Cookie(s, false)
	if secure.Name != signin.CookieName || !secure.Secure || !secure.HttpOnly || secure.SameSite != http.SameSiteLaxMode || secure.Path != "/" || secure.Domain != "" || plain.Secure {
		t.Errorf("cookies %v and %v", secure, plain)
	}
	if gone := signin.Cookie(signin.Session{}, true); gone.MaxAge >= 0 {
		t.Errorf("an empty session leaves the cookie: %v", gone)
	}
}

func bench(b *testing.B, cost signin.Cost) world {
	b.Helper()
	sets := append(partytest.Sets(), signin.Migrations())
	w := partytest.New(b, storetest.Open(b, storetest.URL(b, store.SQLite, sets), sets))
	s, err := signin.New(ctx, w.DB, w.Ring, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties, w.Outbox, w.Queue,
		signin.Config{Site: "https://halle.example", Cost: cost, PerAccount: 1 << 40, PerAddress: 1 << 40})
	must(b, err)
	must(b, s.SetFirstPassword(ctx, w.Operator.Person, password))
	return world{w, s}
}

func BenchmarkSignIn(b *testing.B) {
	for name, cost := range map[string]signin.Cost{"default": signin.DefaultCost(), "7MiB,t=1": {MemoryKiB: 7 << 10, Time: 1, Threads: 1}} {
		b.Run(name, func(b *testing.B) {
			w := bench(b, cost)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := w.SignIn(ctx, "odile@operator.example", password, here); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sign-ins/s")
		})
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	w := bench(b, signin.Cost{MemoryKiB: 64, Time: 1, Threads: 1})
	s, err := w.SignIn(ctx, "odile@operator.example", password, here)
	must(b, err)
	for name, pause := range map[string]time.Duration{"cached": 0, "read": 2 * time.Second} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w.Clock.Advance(pause)
				if _, err := w.Authenticate(ctx, s.Secret); err != nil {
					s, err = w.SignIn(ctx, "odile@operator.example", password, here) // the clock has outrun the session
					must(b, err)
				}
			}
		})
	}
}

// Whatever a request carries, it is nobody, refused, or exactly the text that was sent.
func FuzzFromRequest(f *testing.F) {
	for _, s := range []string{"Bearer hal_x", "bearer  hal_x ", "Basic eA==", "", "Bearer", "\x00", "Bearer hls_" + strings.Repeat("a", 43)} {
		f.Add(s, "halle=hls_x")
	}
	f.Fuzz(func(t *testing.T, header, cookie string) {
		r := &http.Request{Header: http.Header{"Authorization": {header}, "Cookie": {cookie}}}
		got := signin.FromRequest(r)
		if header != "" && got != "unknown scheme" && !strings.Contains(header, got) {
			t.Fatalf("%q and %q give %q", header, cookie, got)
		}
		if header == "" && !strings.Contains(cookie, got) {
			t.Fatalf("%q gives %q", cookie, got)
		}
	})
}

func TestMalformedCredentialsAreRefusedUnread(t *testing.T) {
	each(t, signin.Config{}, func(t *testing.T, w world) {
		for _, credential := range []string{"x", "hls_", "hal_" + strings.Repeat("a", 42), "hls_" + strings.Repeat("a", 44), "hls_" + strings.Repeat("é", 43), "hal_" + strings.Repeat("a", 43), "unknown scheme"} {
			_, err := w.Authenticate(ctx, credential)
			want(t, err, fail.Unauthenticated, "signin.ended")
		}
		if c := w.who(t, ""); c.Ref() != "nobody" {
			t.Errorf("nobody is %+v", c)
		}
	})
}
