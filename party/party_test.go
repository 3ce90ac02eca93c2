package party_test

import (
	"context"
	"errors"
	"slices"
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
	"github.com/halle-cloud/halle/trace"
)

var ctx = context.Background()

func each(t *testing.T, fn func(t *testing.T, w *partytest.World)) {
	t.Helper()
	storetest.Each(t, partytest.Sets(), func(t *testing.T, db *store.DB) { fn(t, partytest.New(t, db)) })
}

func wantKind(t *testing.T, err error, kind fail.Kind, code string) {
	t.Helper()
	if fail.KindOf(err) != kind || code != "" && fail.CodeOf(err) != code {
		t.Fatalf("got %v (%s %s), want %s %s", err, fail.KindOf(err), fail.CodeOf(err), kind, code)
	}
}

func TestBootstrapHappensOnce(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		_, err := w.Parties.BootstrapOperator(ctx, party.Bootstrap{Name: "Another", Country: "FR", Language: "fr", OwnerName: "Eve", OwnerEmail: "eve@x.example"})
		wantKind(t, err, fail.Conflict, "party.bootstrapped")
	})
}

func TestTreeAndKinds(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		reseller := w.Business(t, w.Operator, "Res", party.KindReseller)
		customer := w.Business(t, reseller, "Acme", party.KindCustomer, party.KindPublisher)
		unit := w.Business(t, customer, "Acme Lab", party.KindUnit)
		if want := reseller.Path + customer.Org + "/" + unit.Org + "/"; unit.Path != want {
			t.Errorf("path %s, want %s", unit.Path, want)
		}
		if !strings.HasPrefix(unit.Org, access.UnitPrefix+"_") {
			t.Errorf("unit is called %s", unit.Org)
		}
		for _, kind := range []party.Kind{party.KindReseller, party.KindCustomer, party.KindOperator} {
			_, err := w.Parties.CreateOrganisation(ctx, customer, party.NewOrganisation{Parent: customer.Org, Name: "X", Kinds: []party.Kind{kind}, Country: "FR", Language: "fr", Market: w.Market.ID})
			wantKind(t, err, fail.Invalid, "party.kind")
		}
		list, err := w.Parties.Branch(ctx, w.Operator, w.Operator.Org, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, o := range list {
			names = append(names, o.Name)
		}
		if diff := cmp.Diff([]string{"Halle Operator", "Res", "Acme", "Acme Lab"}, names); diff != "" {
			t.Error(diff)
		}
	})
}

// Every use case that takes an identifier, tried with those of others: beside, above, across.
func TestIsolation(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		resA, resB := w.Business(t, w.Operator, "Res A", party.KindReseller), w.Business(t, w.Operator, "Res B", party.KindReseller)
		a, b := w.Business(t, resA, "Acme", party.KindCustomer), w.Business(t, resA, "Bolt", party.KindCustomer)
		far := w.Business(t, resB, "Far", party.KindCustomer)
		unitA := w.Business(t, a, "Acme Lab", party.KindUnit)
		house := w.Household(t, "Martin")
		open, err := w.Parties.InviteMember(ctx, a, party.Invite{Org: a.Org, Email: "new@acme.example", Roles: []access.Role{access.RoleBuyer}})
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2]access.Caller{{b, a}, {a, b}, {far, a}, {a, far}, {unitA, a}, {a, resA}, {resA, resB}, {resB, a}, {a, w.Operator}, {house, a}, {a, house}, {resA, w.Operator}} {
			for name, err := range attempts(w, pair[0], pair[1], open.ID) {
				if !fail.Is(err, fail.NotFound) {
					t.Errorf("%s of %s by %s: %v", name, pair[1].OrgName, pair[0].OrgName, err)
				}
			}
		}
		for name, err := range attempts(w, a, access.Caller{Org: "org_test_nothing", Person: "per_test_nothing"}, "inv_test_nothing") {
			if !fail.Is(err, fail.NotFound) {
				t.Errorf("%s of nothing: %v", name, err)
			}
		}
	})
}

// attempts tries every use case of c on the other's organisation and person.
func attempts(w *partytest.World, c, other access.Caller, invitation string) map[string]error {
	p := w.Parties
	out := map[string]error{}
	_, out["Organisation"] = p.Organisation(ctx, c, other.Org)
	_, out["Branch"] = p.Branch(ctx, c, other.Org, "", 10)
	_, out["CreateOrganisation"] = p.CreateOrganisation(ctx, c, party.NewOrganisation{Parent: other.Org, Name: "X", Kinds: []party.Kind{party.KindUnit}, Country: "FR", Language: "fr"})
	_, out["UpdateOrganisation"] = p.UpdateOrganisation(ctx, c, party.Change{Org: other.Org, Name: "Mine"})
	_, out["Members"] = p.Members(ctx, c, other.Org)
	_, out["Invitations"] = p.Invitations(ctx, c, other.Org)
	_, out["InviteMember"] = p.InviteMember(ctx, c, party.Invite{Org: other.Org, Email: "x@x.example", Roles: []access.Role{access.RoleOwner}})
	out["WithdrawInvitation"] = p.WithdrawInvitation(ctx, c, other.Org, invitation)
	out["WithdrawInvitation, own organisation"] = p.WithdrawInvitation(ctx, c, c.Org, "inv_test_"+strings.Repeat("0", 26))
	out["GrantRole"] = p.GrantRole(ctx, c, other.Org, other.Person, access.RoleBuyer)
	out["GrantRole, own organisation"] = p.GrantRole(ctx, c, c.Org, other.Person, access.RoleBuyer)
	out["RevokeRole"] = p.RevokeRole(ctx, c, other.Org, other.Person, access.RoleOwner)
	out["RemoveMember"] = p.RemoveMember(ctx, c, other.Org, other.Person)
	_, out["Person"] = p.Person(ctx, c, other.Org, other.Person)
	_, out["Person, own organisation"] = p.Person(ctx, c, c.Org, other.Person)
	_, out["UpdatePerson"] = p.UpdatePerson(ctx, c, party.PersonChange{Person: other.Person, Name: "Mine"})
	_, out["SetEntity"] = p.SetEntity(ctx, c, party.Entity{Org: other.Org, Name: "X", Country: "FR"})
	_, out["SetMarket"] = p.SetMarket(ctx, c, party.Market{Org: other.Org, Entity: w.Entity, Name: "X", Brand: "X", Domain: "x.example", Country: "FR", Currency: "EUR",
		Languages: []string{"fr"}, SellsTo: party.SellsToBoth, VATMode: party.VATGross})
	_, out["SetKinds"] = p.SetKinds(ctx, c, other.Org, []party.Kind{party.KindPublisher})
	out["SetFirstMarket"] = p.SetFirstMarket(ctx, c, other.Org, w.Market.ID)
	return out
}

func facts(t *testing.T, w *partytest.World, org, kind string) []trace.Entry {
	t.Helper()
	if err := w.Facts.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	list, err := w.Facts.Timeline(ctx, org, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(e trace.Entry) bool { return e.Type != kind })
}

func TestLookingFromOutsideNeedsAPurposeAndIsAFact(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		house := w.Household(t, "Martin")
		_, err := w.Parties.Members(ctx, w.Operator, house.Org)
		wantKind(t, err, fail.Denied, "access.denied")
		staff := w.Operator
		staff.Purpose, staff.Country = "ticket 7", "FR"
		list, err := w.Parties.Members(ctx, staff, house.Org)
		if err != nil || len(list) != 1 || list[0].Person.Contact.Name != "Martin" {
			t.Fatalf("members %v, %v", list, err)
		}
		if _, err := w.Parties.Members(ctx, house, house.Org); err != nil {
			t.Fatal(err)
		}
		found := facts(t, w, house.Org, party.FactPersonRead)
		if len(found) != 1 {
			t.Fatalf("%d facts, want one: a look from inside is none", len(found))
		}
		var got party.ReadFact
		if err := found[0].Into(&got); err != nil {
			t.Fatal(err)
		}
		want := party.ReadFact{Org: house.Org, Persons: []string{house.Person}, By: staff.Ref(), From: staff.Org, Purpose: "ticket 7", Country: "FR", What: "member.read"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if o, err := w.Parties.Organisation(ctx, w.Operator, house.Org); err != nil || o.Name != party.Hidden {
			t.Errorf("the operator sees the household's name: %q, %v", o.Name, err)
		}
	})
}

func TestAHouseholdIsNamedOnlyToItself(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		house := w.Household(t, "Martin")
		for _, c := range []struct {
			who  access.Caller
			want string
		}{{house, "Martin"}, {w.Operator, party.Hidden}} {
			list, err := w.Parties.Branch(ctx, c.who, c.who.Org, "", 10)
			if err != nil || list[len(list)-1].ID != house.Org || list[len(list)-1].Name != c.want {
				t.Errorf("%s sees %+v, %v", c.who.Ref(), list, err)
			}
		}
		if err := w.Parties.RemoveMember(ctx, house, house.Org, house.Person); strings.Contains(err.Error(), "Martin") || strings.Contains(house.OrgName, "Martin") {
			t.Errorf("errors and callers name the household: %v, %q", err, house.OrgName)
		}
	})
}

// What readers and logs see of a fact names nobody.
func TestFactsNameNobody(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		house := w.Household(t, "Zebulon")
		w.Join(t, house, house.Org, "xylia@home.example", access.RoleMember)
		if err := w.Facts.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		list, err := w.Facts.Timeline(ctx, house.Org, 0, 100)
		if err != nil || len(list) < 6 {
			t.Fatalf("%d facts, %v", len(list), err)
		}
		for _, e := range list {
			for _, secret := range []string{"ebulon", "xylia", "@"} {
				if strings.Contains(string(e.Machine), secret) {
					t.Errorf("%s: %s", e.Type, e.Machine)
				}
			}
		}
	})
}

func TestRolesAndTheLastOwner(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		owner := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		buyer := w.Join(t, owner, owner.Org, "ben@acme.example", access.RoleBuyer)
		wantKind(t, w.Parties.RevokeRole(ctx, owner, owner.Org, owner.Person, access.RoleOwner), fail.Conflict, "party.last_owner")
		wantKind(t, w.Parties.RemoveMember(ctx, owner, owner.Org, owner.Person), fail.Conflict, "party.last_owner")
		wantKind(t, w.Parties.GrantRole(ctx, buyer, owner.Org, buyer.Person, access.RoleOwner), fail.Denied, "access.denied")
		wantKind(t, w.Parties.GrantRole(ctx, owner, owner.Org, buyer.Person, access.RoleOperator), fail.Invalid, "party.roles")
		for range 2 { // the second time changes nothing
			if err := w.Parties.GrantRole(ctx, owner, owner.Org, buyer.Person, access.RoleOwner); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(facts(t, w, owner.Org, party.FactRoleGranted)); n != 1 {
			t.Errorf("%d facts of one grant", n)
		}
		if err := w.Parties.RemoveMember(ctx, owner, owner.Org, owner.Person); err != nil {
			t.Fatal(err)
		}
		list, err := w.Parties.Organisations(ctx, owner)
		if err != nil || len(list) != 0 {
			t.Errorf("a removed member still belongs to %v, %v", list, err)
		}
	})
}

// Two owners who remove each other at the same time: one of them stays.
func TestOneOwnerStaysWhenTwoGoAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		first := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		second := w.Join(t, first, first.Org, "bea@acme.example", access.RoleOwner)
		errs := make(chan error, 2)
		for _, c := range []access.Caller{first, second} {
			go func() { errs <- w.Parties.RemoveMember(ctx, c, c.Org, c.Person) }()
		}
		a, b := <-errs, <-errs
		if (a == nil) == (b == nil) {
			t.Errorf("both went, or none: %v, %v", a, b)
		}
	})
}

func TestInvitations(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		owner := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		other := w.Business(t, w.Operator, "Bolt", party.KindCustomer)
		_, err := w.Parties.InviteMember(ctx, w.Operator, party.Invite{Org: owner.Org, Email: "spy@op.example", Roles: []access.Role{access.RoleOwner}})
		wantKind(t, err, fail.Denied, "access.denied")

		// Somebody who is known elsewhere joins as the same person.
		again := w.Join(t, owner, owner.Org, "BOLT@bolt.example", access.RoleBuyer)
		if again.Person != other.Person {
			t.Errorf("one address, two people: %s and %s", again.Person, other.Person)
		}
		list, err := w.Parties.Organisations(ctx, again)
		if err != nil || len(list) != 2 {
			t.Errorf("organisations %v, %v", list, err)
		}
		secret := w.Secret(t, "bolt@bolt.example")
		_, err = w.Parties.PrepareAcceptance(ctx, secret, "X")
		wantKind(t, err, fail.Gone, "party.invitation_gone")

		i, err := w.Parties.InviteMember(ctx, owner, party.Invite{Org: owner.Org, Email: "cem@acme.example", Roles: []access.Role{access.RoleBuyer}, Language: "fr"})
		if err != nil {
			t.Fatal(err)
		}
		if subject, _ := w.Mail(t, "cem@acme.example"); subject != "Acme vous invite" {
			t.Errorf("subject %q", subject)
		}
		if err := w.Parties.WithdrawInvitation(ctx, owner, owner.Org, i.ID); err != nil {
			t.Fatal(err)
		}
		_, err = w.Parties.PrepareAcceptance(ctx, w.Secret(t, "cem@acme.example"), "Cem")
		wantKind(t, err, fail.Gone, "party.invitation_gone")

		if _, err := w.Parties.InviteMember(ctx, owner, party.Invite{Org: owner.Org, Email: "dan@acme.example", Roles: []access.Role{access.RoleBuyer}}); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(8 * 24 * time.Hour)
		_, err = w.Parties.PrepareAcceptance(ctx, w.Secret(t, "dan@acme.example"), "Dan")
		wantKind(t, err, fail.Gone, "party.invitation_gone")
	})
}

func TestAnErasedPersonIsNamedSo(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		house := w.Household(t, "Martin")
		if err := w.Ring.Destroy(ctx, keys.Person(house.Person)); err != nil {
			t.Fatal(err)
		}
		list, err := w.Parties.Members(ctx, house, house.Org)
		if err != nil || len(list) != 1 || !list[0].Person.Erased || list[0].Person.Contact != (party.Contact{Name: party.Erased}) {
			t.Errorf("members %+v, %v", list, err)
		}
		o, err := w.Parties.Organisation(ctx, house, house.Org)
		if err != nil || o.Name != party.Erased {
			t.Errorf("organisation %q, %v", o.Name, err)
		}
	})
}

func TestNoPersonalDataInTheClear(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		house := w.Household(t, "Zebulon Quark")
		if _, err := w.Parties.UpdatePerson(ctx, house, party.PersonChange{Person: house.Person, Phone: "+33 6 12 34 56 78", Address: "3 rue Xylophone\n75001 Paris"}); err != nil {
			t.Fatal(err)
		}
		owner := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		if _, err := w.Parties.InviteMember(ctx, owner, party.Invite{Org: owner.Org, Email: "secretive@acme.example", Roles: []access.Role{access.RoleBuyer}}); err != nil {
			t.Fatal(err)
		}
		err := w.DB.Read(ctx, func(tx *store.Tx) error {
			for table, columns := range map[string]string{
				"person": "contact_sealed", "organisation": "coalesce(name_sealed, name_sealed)", "invitation": "email_sealed", "mail": "sealed", "fact_segment": "sealed",
			} {
				err := tx.Each(func(row store.Scanner) error {
					var b []byte
					if err := row.Scan(&b); err != nil {
						return err
					}
					for _, secret := range []string{"Zebulon", "zebulon", "Xylophone", "+33", "secretive"} {
						if strings.Contains(string(b), secret) {
							return errors.New(table + " has " + secret + " in the clear")
						}
					}
					return nil
				}, "SELECT "+columns+" FROM "+table)
				if err != nil {
					return err
				}
			}
			var names string
			return tx.QueryRow("SELECT name FROM organisation WHERE id = $1 AND name = ''", house.Org).Scan(&names)
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestMarketRules(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		m := w.Market
		m.ID, m.Domain = "", "other.halle.example"
		m.SellsTo, m.VATMode = party.SellsToConsumers, party.VATNet
		_, err := w.Parties.SetMarket(ctx, w.Operator, m)
		wantKind(t, err, fail.Invalid, "party.market")
		m.SellsTo = party.SellsToBusinesses
		m.Domain = w.Market.Domain
		_, err = w.Parties.SetMarket(ctx, w.Operator, m)
		wantKind(t, err, fail.Conflict, "party.domain_taken")
		m.Domain = "business.halle.example"
		if m, err = w.Parties.SetMarket(ctx, w.Operator, m); err != nil {
			t.Fatal(err)
		}
		p, err := w.Parties.PrepareSignUp(ctx, party.SignUp{Name: "Martin", Email: "m@home.example", Language: "fr", Country: "FR", Market: m.ID})
		if err != nil {
			t.Fatal(err)
		}
		err = w.DB.Tx(ctx, func(tx *store.Tx) error {
			_, _, err := w.Parties.SignUpHousehold(tx, p)
			return err
		})
		wantKind(t, err, fail.Invalid, "party.market_form")
	})
}

func TestACustomerBecomesAPublisherToo(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		acme := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		_, err := w.Parties.SetKinds(ctx, acme, acme.Org, []party.Kind{party.KindCustomer, party.KindPublisher})
		wantKind(t, err, fail.Denied, "access.denied")
		o, err := w.Parties.SetKinds(ctx, w.Operator, acme.Org, []party.Kind{party.KindPublisher, party.KindCustomer, party.KindPublisher})
		if err != nil || !slices.Equal(o.Kinds, []party.Kind{party.KindCustomer, party.KindPublisher}) {
			t.Fatalf("%+v, %v", o, err)
		}
		if err := w.Parties.GrantRole(ctx, acme, acme.Org, acme.Person, access.RolePublisher); err != nil {
			t.Error(err)
		}
		_, err = w.Parties.SetKinds(ctx, w.Operator, acme.Org, []party.Kind{party.KindOperator})
		wantKind(t, err, fail.Invalid, "party.kind")
		_, err = w.Parties.UpdateOrganisation(ctx, acme, party.Change{Org: acme.Org, Version: 1, Name: "Acme 2"})
		wantKind(t, err, fail.Precondition, "party.stale")
		o, err = w.Parties.UpdateOrganisation(ctx, acme, party.Change{Org: acme.Org, Version: o.Version, Name: "Acme 2"})
		if err != nil || o.Name != "Acme 2" {
			t.Errorf("%+v, %v", o, err)
		}
	})
}

// The same address signs up many times at once: one household, and everybody gets an answer.
func TestOneAddressSignsUpOnce(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		const rivals = 8
		type answer struct {
			fresh bool
			err   error
		}
		answers := make(chan answer, rivals)
		for range rivals {
			go func() {
				var a answer
				p, err := w.Parties.PrepareSignUp(ctx, party.SignUp{Name: "Martin", Email: "m@home.example", Language: "fr", Country: "FR", Market: w.Market.ID})
				if err == nil {
					err = w.DB.Tx(ctx, func(tx *store.Tx) (err error) {
						_, a.fresh, err = w.Parties.SignUpHousehold(tx, p)
						return err
					})
				}
				a.err = err
				answers <- a
			}()
		}
		fresh := 0
		for range rivals {
			a := <-answers
			if a.err != nil {
				t.Error(a.err)
			}
			if a.fresh {
				fresh++
			}
		}
		if fresh != 1 {
			t.Errorf("%d households of one address", fresh)
		}
	})
}

func TestNormaliseEmail(t *testing.T) {
	for in, want := range map[string]string{
		" Ann@Example.ORG ": "ann@example.org", "é@bücher.example": "é@xn--bcher-kva.example", "e\u0301@x.fr": "é@x.fr",
		"a@b": "", "a@@b.fr": "", "a b@c.fr": "", "@c.fr": "", "a@": "", ".a@b.fr": "", "a..b@c.fr": "", "a@b.fr\r\nBcc: x@y.fr": "", "a<b>@c.fr": "", "\"a b\"@c.fr": "",
		strings.Repeat("a", 65) + "@b.fr": "", "a@" + strings.Repeat("b.", 130) + "fr": "", "a@b_c.fr": "", "a\x00@b.fr": "",
	} {
		got, err := party.NormaliseEmail(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q gives %q, %v; want %q", in, got, err, want)
		}
	}
}

func FuzzNormaliseEmail(f *testing.F) {
	for _, s := range []string{"ann@example.org", "É@Bücher.example", "a@b", "İ@x.fr", "a\r\n@x.fr", "ß@ß.de", "ſ@x.fr", "a@x.fr.", "K@x.fr"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		once, err := party.NormaliseEmail(in)
		if err != nil {
			return
		}
		if twice, err := party.NormaliseEmail(once); err != nil || twice != once {
			t.Fatalf("%q gives %q, then %q, %v", in, once, twice, err)
		}
		if strings.ContainsAny(once, " \r\n\t<>,;\x00") || len(once) > 254 || strings.Count(once, "@") != 1 {
			t.Fatalf("%q gives %q", in, once)
		}
	})
}
