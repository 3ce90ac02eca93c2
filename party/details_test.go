package party_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func full() *party.Details {
	return &party.Details{Street: "12 rue de la Santé", City: "Paris", Postcode: "75013", Scheme: "0002", Endpoint: party.Endpoint{Scheme: "0225", ID: "954 506 077"},
		Contact: party.BillingContact{Name: "Claire Moreau", Phone: "+33 1 23 45 67 89", Email: "compta@acme.example"}}
}

func TestDetailsOfALegalEntity(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		acme := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		rival := w.Business(t, w.Operator, "Rival", party.KindCustomer)
		list, err := w.Parties.Entities(ctx, acme, acme.Org)
		must(t, err)
		e := list[0]
		e.Registration, e.Details = "954 506 077", full()
		got, err := w.Parties.SetEntity(ctx, acme, e)
		must(t, err)
		if got.Address != "12 rue de la Santé\n75013 Paris" || got.Registration != "954506077" || got.Details.Endpoint.ID != "954506077" {
			t.Errorf("%+v %+v", got, got.Details)
		}
		for who, c := range map[string]access.Caller{"a rival": rival, "its household": w.Household(t, "Durand")} {
			if _, err := w.Parties.SetEntity(ctx, c, got); !fail.Is(err, fail.NotFound) {
				t.Errorf("%s changes it: %v", who, err)
			}
			if _, err := w.Parties.Entities(ctx, c, acme.Org); !fail.Is(err, fail.NotFound) {
				t.Errorf("%s lists it: %v", who, err)
			}
		}
		theirs := got
		theirs.Org = rival.Org
		if _, err := w.Parties.SetEntity(ctx, rival, theirs); !fail.Is(err, fail.NotFound) {
			t.Errorf("a rival takes it: %v", err)
		}
		if _, err := w.Parties.SetEntity(ctx, acme, e); !fail.Is(err, fail.Precondition) {
			t.Errorf("an old version is taken: %v", err)
		}
		outside, err := w.Parties.Entities(ctx, w.Operator, acme.Org)
		must(t, err)
		if d := outside[0].Details; d.Contact != (party.BillingContact{}) || d.City != "Paris" {
			t.Errorf("from outside: %+v", d)
		}
		if staff, err := w.Parties.SetEntity(ctx, w.Operator, outside[0]); err != nil || staff.Details.Contact.Name != "Claire Moreau" {
			t.Errorf("staff that does not see the contact takes it away: %+v %v", staff.Details, err)
		}
		if i, err := w.Parties.Imprint(ctx, e.ID); err != nil || i.Details != nil {
			t.Errorf("everybody sees %+v %v", i.Details, err)
		}
		var plain int
		must(t, w.DB.Read(ctx, func(tx *store.Tx) error {
			return tx.QueryRow("SELECT count(*) FROM legal_entity WHERE address LIKE '%Claire%' OR name LIKE '%Claire%'").Scan(&plain)
		}))
		must(t, w.Ring.Destroy(ctx, keys.Tenant(acme.Org)))
		must(t, w.DB.Read(ctx, func(tx *store.Tx) error {
			after, err := w.Parties.Entity(tx, e.ID)
			if err == nil && (*after.Details != party.Details{} || plain != 0) {
				t.Errorf("erased, it is %+v", after.Details)
			}
			return err
		}))
	})
}

// TestProgramsThatKnowNoDetailsKeepThem: a change without details leaves them, except an address that they contradict.
func TestProgramsThatKnowNoDetailsKeepThem(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		acme := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		list, err := w.Parties.Entities(ctx, acme, acme.Org)
		must(t, err)
		e := list[0]
		e.Registration, e.Details = "954506077", full()
		e, err = w.Parties.SetEntity(ctx, acme, e)
		must(t, err)
		old := party.Entity{ID: e.ID, Org: e.Org, Name: "Acme SA", Country: "FR", Registration: e.Registration}
		got, err := w.Parties.SetEntity(ctx, acme, old)
		if err != nil || got.Details.City != "Paris" || got.Address != e.Address || got.Details.Scheme != "0002" {
			t.Errorf("%+v %+v %v", got, got.Details, err)
		}
		old.Address, old.Registration = "1 cours Mirabeau\n13100 Aix", "Aix B 1"
		got, err = w.Parties.SetEntity(ctx, acme, old)
		if err != nil || got.Details.City != "" || got.Details.Scheme != "" || got.Address != old.Address || got.Details.Contact.Name != "Claire Moreau" {
			t.Errorf("%+v %+v %v", got, got.Details, err)
		}
	})
}

func TestDetailsAreChecked(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		acme := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		list, err := w.Parties.Entities(ctx, acme, acme.Org)
		must(t, err)
		for field, change := range map[string]func(e *party.Entity){
			"vat_id":          func(e *party.Entity) { e.VATID = "FR41303265045" },
			"city":            func(e *party.Entity) { e.Details.City = "" },
			"street":          func(e *party.Entity) { e.Details.Street = strings.Repeat("x", 201) },
			"region":          func(e *party.Entity) { e.Details.Region = "a\x00b" },
			"scheme":          func(e *party.Entity) { e.Details.Scheme = "9930" },
			"registration":    func(e *party.Entity) { e.Registration = "954506078" },
			"endpoint_scheme": func(e *party.Entity) { e.Details.Endpoint.Scheme = "9999" },
			"endpoint":        func(e *party.Entity) { e.Details.Endpoint.ID = "954506078" },
			"contact_phone":   func(e *party.Entity) { e.Details.Contact.Phone = "none" },
			"contact_email":   func(e *party.Entity) { e.Details.Contact.Email = "compta@" },
			"penalty":         func(e *party.Entity) { e.Details.Sentences.Penalty = strings.Repeat("x", 501) },
		} {
			e := list[0]
			e.Registration, e.Details = "954506077", full()
			change(&e)
			_, err := w.Parties.SetEntity(ctx, acme, e)
			var f *fail.Error
			if !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != field {
				t.Errorf("%s: %v", field, err)
			}
		}
	})
}

func TestBillData(t *testing.T) {
	each(t, func(t *testing.T, w *partytest.World) {
		acme := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		books := w.Join(t, acme, acme.Org, "books@acme.example", access.RoleBilling)
		tech := w.Join(t, acme, acme.Org, "tech@acme.example", access.RoleTechnical)
		unit := w.Business(t, acme, "Lab", party.KindUnit)
		rival := w.Business(t, w.Operator, "Rival", party.KindCustomer)
		set, err := w.Parties.SetBillData(ctx, books, acme.Org, party.BillData{BuyerReference: " 04011000-1234512345-06 ", PurchaseOrder: "PO-1", CostTag: "team"})
		if err != nil || set.BuyerReference != "04011000-1234512345-06" {
			t.Fatalf("%+v %v", set, err)
		}
		_, err = w.Parties.SetBillData(ctx, unit, unit.Org, party.BillData{PurchaseOrder: "PO-2"})
		must(t, err)
		must(t, w.DB.Read(ctx, func(tx *store.Tx) error {
			o, err := w.Parties.Lookup(tx, unit.Org)
			must(t, err)
			b, err := w.Parties.BillDataIn(tx, o)
			if b.PurchaseOrder != "PO-2" || b.BuyerReference != set.BuyerReference || b.CostTag != "team" {
				t.Errorf("the unit has %+v", b)
			}
			return err
		}))
		if _, err := w.Parties.SetBillData(ctx, tech, acme.Org, set); !fail.Is(err, fail.Denied) {
			t.Errorf("a technical member changes it: %v", err)
		}
		if _, err := w.Parties.SetBillData(ctx, rival, acme.Org, set); !fail.Is(err, fail.NotFound) {
			t.Errorf("a rival changes it: %v", err)
		}
		if _, err := w.Parties.BillData(ctx, rival, acme.Org); !fail.Is(err, fail.NotFound) {
			t.Errorf("a rival reads it: %v", err)
		}
		set.Version = 7
		if _, err := w.Parties.SetBillData(ctx, books, acme.Org, set); !fail.Is(err, fail.Precondition) {
			t.Errorf("an old version is taken: %v", err)
		}
		if _, err := w.Parties.SetBillData(ctx, books, acme.Org, party.BillData{PurchaseOrder: "a\nb"}); fail.CodeOf(err) != "party.bills" {
			t.Error(err)
		}
	})
}
