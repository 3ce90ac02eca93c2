package party_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
)

func TestOpenInvitationsAreListed(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		owner := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		i, err := w.Parties.InviteMember(ctx, owner, party.Invite{Org: owner.Org, Email: "Eva@acme.example", Roles: []access.Role{access.RoleBilling, access.RoleBuyer}})
		if err != nil {
			t.Fatal(err)
		}
		list, err := w.Parties.Invitations(ctx, owner, owner.Org)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]party.Invitation{i}, list); diff != "" || list[0].Email != "eva@acme.example" {
			t.Error(diff)
		}
		if err := w.Parties.WithdrawInvitation(ctx, owner, owner.Org, i.ID); err != nil {
			t.Fatal(err)
		}
		if list, err = w.Parties.Invitations(ctx, owner, owner.Org); err != nil || len(list) != 0 {
			t.Errorf("withdrawn and still listed: %v, %v", list, err)
		}
	})
}

func TestLegalEntitiesChange(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		owner := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		e, err := w.Parties.SetEntity(ctx, owner, party.Entity{Org: owner.Org, Name: "Acme SA", Country: "FR", ControlledFrom: "US", VATID: "FR61954506077", Address: "1 rue\nParis"})
		if err != nil || e.Rounding != party.RoundAway {
			t.Fatalf("%+v, %v", e, err)
		}
		e.ControlledFrom = "FR"
		if _, err := w.Parties.SetEntity(ctx, owner, e); err != nil {
			t.Fatal(err)
		}
		var got party.Entity
		if err := w.DB.Read(ctx, func(tx *store.Tx) (err error) {
			got, err = w.Parties.Entity(tx, e.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		e.Version = 2
		if diff := cmp.Diff(e, got); diff != "" {
			t.Error(diff)
		}
		_, err = w.Parties.SetEntity(ctx, owner, party.Entity{ID: w.Entity, Org: owner.Org, Name: "Mine", Country: "FR"})
		wantKind(t, err, fail.NotFound, "")
		_, err = w.Parties.SetEntity(ctx, owner, party.Entity{Org: owner.Org, Name: "", Country: "France", Rounding: "up"})
		wantKind(t, err, fail.Invalid, "party.entity")
	})
}

func TestPeopleReadAndChangeThemselves(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		owner := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		ben := w.Join(t, owner, owner.Org, "ben@acme.example", access.RoleBuyer)
		p, err := w.Parties.UpdatePerson(ctx, ben, party.PersonChange{Person: ben.Person, Name: "Ben B", Phone: "+33 1", Address: "1 rue\nParis", Language: "fr"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Parties.UpdatePerson(ctx, ben, party.PersonChange{Person: ben.Person, Version: p.Version - 1, Name: "Old"})
		wantKind(t, err, fail.Precondition, "party.stale")
		_, err = w.Parties.UpdatePerson(ctx, ben, party.PersonChange{Person: ben.Person, Name: "B\x00"})
		wantKind(t, err, fail.Invalid, "party.person")
		if _, err = w.Parties.UpdatePerson(ctx, ben, party.PersonChange{Person: ben.Person, Phone: "-"}); err != nil {
			t.Fatal(err)
		}
		want := party.Contact{Name: "Ben B", Email: "ben@acme.example", Address: "1 rue\nParis"}
		for _, c := range []access.Caller{ben, owner} {
			got, err := w.Parties.Person(ctx, c, owner.Org, ben.Person)
			if diff := cmp.Diff(want, got.Contact); diff != "" || err != nil || got.Language != "fr" {
				t.Errorf("%s, %v", diff, err)
			}
		}
		_, err = w.Parties.Person(ctx, ben, owner.Org, owner.Person)
		wantKind(t, err, fail.Denied, "access.denied")
	})
}

func TestRolesAreTakenAndHoldersFound(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		owner := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		ben := w.Join(t, owner, owner.Org, "ben@acme.example", access.RoleBuyer, access.RoleOwner)
		for range 2 {
			if err := w.Parties.RevokeRole(ctx, owner, owner.Org, ben.Person, access.RoleOwner); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(facts(t, w, owner.Org, party.FactRoleRevoked)); n != 1 {
			t.Errorf("%d facts of one role taken", n)
		}
		if err := w.DB.Read(ctx, func(tx *store.Tx) error {
			owners, err := w.Parties.Holders(tx, owner.Org, access.RoleOwner)
			if err != nil {
				return err
			}
			buyers, err := w.Parties.Holders(tx, owner.Org, access.RoleBuyer)
			if diff := cmp.Diff([][]string{{owner.Person}, {ben.Person}}, [][]string{owners, buyers}); diff != "" {
				t.Error(diff)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestMarketsAreShownToEverybody(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		list, err := w.Parties.Markets(ctx)
		if diff := cmp.Diff([]party.Market{w.Market}, list); diff != "" || err != nil {
			t.Errorf("%s, %v", diff, err)
		}
		m := w.Market
		m.FirstLimit = 7000
		if m, err = w.Parties.SetMarket(ctx, w.Operator, m); err != nil || m.Version != 2 {
			t.Errorf("%+v, %v", m, err)
		}
		pub := w.Business(t, w.Operator, "Pub", party.KindPublisher)
		wantKind(t, w.Parties.SetFirstMarket(ctx, w.Operator, pub.Org, m.ID), fail.Conflict, "party.market_set")
		o, err := w.Parties.CreateOrganisation(ctx, w.Operator, party.NewOrganisation{Parent: w.Operator.Org, Name: "No market", Kinds: []party.Kind{party.KindPublisher}, Country: "FR", Language: "fr"})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Parties.SetFirstMarket(ctx, w.Operator, o.ID, m.ID); err != nil {
			t.Error(err)
		}
		if err := w.DB.Read(ctx, func(tx *store.Tx) error {
			got, err := w.Parties.Lookup(tx, o.ID)
			if got.Market != m.ID {
				t.Errorf("market %q", got.Market)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}
