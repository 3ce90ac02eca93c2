package residency_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
	"github.com/halle-cloud/halle/residency"
)

func sets() []store.Migrations { return append(partytest.Sets(), residency.Migrations()) }

func newService(w *partytest.World) *residency.Residency {
	return residency.New(residency.Config{DB: w.DB, Facts: w.Facts, Policy: w.Policy, Rules: residency.NewRules(), Operator: w.Operator.Org, Now: w.Clock.Now,
		Parties: w.Parties, IDs: w.IDs, Sells: func(*store.Tx, party.Market) ([]residency.Sold, error) {
			return []residency.Sold{{Offer: "relay", Chain: chain()}}, nil
		}})
}

func demoText(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func chain() residency.Chain {
	return residency.Chain{Publisher: residency.Party{Ref: "lge_1", Name: "Relay SAS", Country: "FR", ControlledFrom: "FR"}, Support: []string{"FR"}, Driver: "process"}
}

func TestImport(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		w := partytest.New(t, db)
		s := newService(w)
		ctx := context.Background()
		if _, _, err := s.FactsNow(ctx, w.Operator); !fail.Is(err, fail.Unavailable) {
			t.Errorf("facts before the first import: %v", err)
		}
		first, err := s.Import(ctx, w.Operator, demoText(t))
		if err != nil || first.Version != 1 || first.Regions != 4 {
			t.Fatalf("%+v %v", first, err)
		}
		again, err := s.Import(ctx, w.Operator, demoText(t))
		if err != nil || again.Version != 1 || again.Hash != first.Hash {
			t.Errorf("the same file again: %+v %v", again, err)
		}
		more, err := s.Import(ctx, w.Operator, []byte("regions:\n  - key: paris\n    cloud: rhone\n    name: Paris\n    city: Paris\n    country: FR\n    driver: process\n    capacity: 7\n    price: 0.02 EUR\n    evidence: measured\n"))
		if err != nil || more.Version != 2 || more.Regions != 4 || more.Was != first.Hash {
			t.Fatalf("%+v %v", more, err)
		}
		facts, hash, err := s.FactsNow(ctx, w.Operator)
		if err != nil || hash != more.Hash {
			t.Fatal(hash, err)
		}
		if _, h, err := facts.Canonical(); err != nil || h != hash {
			t.Errorf("the hash of what is read is %s, %v", h, err)
		}
		err = db.Read(ctx, func(tx *store.Tx) error {
			old, err := s.FactsAt(tx, first.Hash)
			if err == nil && old.Regions[2].Capacity != 40 {
				t.Errorf("the old snapshot has changed: %+v", old.Regions[2])
			}
			free, err2 := s.Capacity(tx)
			if free["paris"] != 7 || free["lyon"] != 40 {
				t.Errorf("capacity %v", free)
			}
			return errors.Join(err, err2)
		})
		if err != nil {
			t.Fatal(err)
		}
		customer := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		if _, err := s.Import(ctx, customer, demoText(t)); err == nil {
			t.Error("a customer recorded facts about clouds")
		}
		reseller := w.Business(t, w.Operator, "Resell", party.KindReseller)
		if _, err := s.Import(ctx, reseller, demoText(t)); err == nil {
			t.Error("a reseller recorded facts about clouds")
		}
	})
}

func TestImportRefusals(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"unknown field":   {"evidence: certified", "evidnce: certified", "line 68"},
		"dangling parent": {"entity: potomac\n", "entity: nobody\n", "is the key of another entity, once (line 39)"},
		"itself":          {"entity: potomac\n", "entity: potomac-holdings-eu\n", "is the key of another entity, once (line 39)"},
		"over 100":        {"percent: 20", "percent: 30.01", "hold 100.01 % together"},
		"percent":         {"percent: 20", "percent: 20.001", "at most two decimals"},
		"backwards":       {`to: "2027-12-31"`, `to: "2024-12-31"`, "the last not before the first (line 109)"},
		"no document":     {"document: 5f0c", "document: xyz", "SHA-256 of the source document, in hex (line 104)"},
		"country":         {"country: IE\n    driver", "country: Ireland\n    driver", "two capital letters"},
		"currency":        {"0.009 EUR", "0.009 USD", "same currency"},
		"evidence":        {"evidence: listed", "evidence: sworn", "use declared"},
		"own":             {"own: halle-operator", "own: somebody", "operates this installation (line 2)"},
		"twice a name":    {"name: Caisse du Rhône", "name: rhône cloud sas", "another entity is called so"},
		"activity":        {"[1, 2, 3, 4, 5, 6]", "[7]", "from 1 to 6"},
		"anchor":          {"own: halle-operator", "own: &a halle-operator", "anchors"},
	} {
		text := strings.Replace(string(demoText(t)), c.from, c.to, 1)
		if text == string(demoText(t)) {
			t.Fatalf("%s: the demonstration's file has no %q", name, c.from)
		}
		err := importInto(t, text)
		var e *fail.Error
		if !errors.As(err, &e) || e.Kind != fail.Invalid || !strings.Contains(e.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// importInto reads and validates as Import does, without a database.
func importInto(t *testing.T, text string) error {
	t.Helper()
	f, err := residency.Read([]byte(text))
	if err != nil {
		return err
	}
	f.Facts.Groups = residency.DefaultGroups()
	return f.Validate()
}

func FuzzRead(f *testing.F) {
	f.Add(demoText(f))
	f.Add([]byte("own: a\nregions: [{key: b, price: 1 EUR}]"))
	f.Add([]byte("entities:\n  - key: a\n    parents: [{entity: a, percent: 1e9}]"))
	f.Add([]byte("a: *b\n---\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := residency.Read(text)
		if err != nil {
			var e *fail.Error
			if !errors.As(err, &e) {
				t.Fatalf("%v is no refusal", err)
			}
			return
		}
		_ = file.Validate()
		body, hash, err := file.Facts.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		back, err := residency.ReadFacts(body)
		if err != nil {
			t.Fatal(err)
		}
		if again, h, err := back.Canonical(); err != nil || h != hash || !bytes.Equal(again, body) {
			t.Fatalf("%s comes back as %s (%v)", body, again, err)
		}
		residency.NewRules().Judge(residency.Question{Facts: file.Facts, Policy: residency.Policy{Layers: []residency.Layer{residency.DefaultLayer("m")}}, Chain: chain()})
	})
}

func TestPolicies(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		w := partytest.New(t, db)
		s := newService(w)
		ctx := context.Background()
		if _, err := s.Import(ctx, w.Operator, demoText(t)); err != nil {
			t.Fatal(err)
		}
		acme, rival := w.Business(t, w.Operator, "Acme", party.KindCustomer), w.Business(t, w.Operator, "Rival", party.KindCustomer)
		unit := w.Business(t, acme, "Lab", party.KindUnit)
		noUS := residency.Layer{All: residency.Rule{RefusedLaws: []string{"US"}}}
		for n := range int64(2) {
			if v, err := s.SetPolicy(ctx, acme, acme.Org, noUS); err != nil || v.Version != n+1 {
				t.Fatalf("%+v %v", v, err)
			}
		}
		if _, err := s.SetPolicy(ctx, unit, unit.Org, residency.Layer{All: residency.Rule{Countries: []string{"US", "FR"}}}); err != nil {
			t.Fatal(err)
		}
		if p, err := s.PolicyOf(ctx, unit, unit.Org); err != nil || len(p.Layers) != 3 || p.Layers[1].From != acme.Org || p.Layers[2].From != unit.Org {
			t.Errorf("%+v %v", p, err)
		}
		if _, err := s.SetPolicy(ctx, acme, acme.Org, residency.Layer{All: residency.Rule{Countries: []string{"France"}}}); !fail.Is(err, fail.Invalid) {
			t.Errorf("a policy with an unknown country: %v", err)
		}
		if _, err := s.SetPolicy(ctx, acme, acme.Org, residency.Layer{Classes: map[string]residency.Rule{"secret": {}}}); !fail.Is(err, fail.Invalid) {
			t.Errorf("a class of the customer's own: %v", err)
		}
		allowed := func(c access.Caller) string {
			list, err := s.Shelf(ctx, c, w.Market.ID, chain(), residency.ClassPublic)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, v := range list {
				if v.Allowed {
					out = append(out, v.Region)
				}
			}
			return strings.Join(out, " ")
		}
		for c, want := range map[*access.Caller]string{{}: "dublin lyon paris virginia", &acme: "lyon paris", &unit: "lyon paris", &rival: "dublin lyon paris virginia"} {
			if got := allowed(*c); got != want {
				t.Errorf("%s: %s, want %s", c.Org, got, want)
			}
		}
		if _, err := s.SetMarketPolicy(ctx, w.Operator, w.Market.ID, residency.Layer{Classes: map[string]residency.Rule{"public": {Countries: []string{"IE"}}}}); err != nil {
			t.Fatal(err)
		}
		if got := allowed(rival); got != "dublin" {
			t.Errorf("under the market's own policy: %s", got)
		}
		isolated(t, s, w, acme, rival)
	})
}

func isolated(t *testing.T, s *residency.Residency, w *partytest.World, acme, rival access.Caller) {
	t.Helper()
	ctx := context.Background()
	if _, err := s.PolicyOf(ctx, rival, acme.Org); !fail.Is(err, fail.NotFound) {
		t.Errorf("PolicyOf: %v", err)
	}
	if _, err := s.Layers(ctx, rival, acme.Org); !fail.Is(err, fail.NotFound) {
		t.Errorf("Layers: %v", err)
	}
	if _, err := s.SetPolicy(ctx, rival, acme.Org, residency.Layer{}); !fail.Is(err, fail.NotFound) {
		t.Errorf("SetPolicy: %v", err)
	}
	if _, err := s.SetMarketPolicy(ctx, rival, w.Market.ID, residency.Layer{}); err == nil {
		t.Error("a customer set the policy of its market")
	}
	if _, err := s.SetPolicy(ctx, w.Operator, acme.Org, residency.Layer{}); !fail.Is(err, fail.Denied) {
		t.Errorf("the operator set a customer's policy: %v", err)
	}
	if _, _, err := s.FactsNow(ctx, access.Caller{}); !fail.Is(err, fail.Unauthenticated) {
		t.Errorf("FactsNow: %v", err)
	}
	if list, err := s.Layers(ctx, acme, acme.Org); err != nil || len(list) != 2 || list[0].Version != 2 {
		t.Errorf("%+v %v", list, err)
	}
}

func TestRivalsNeverPassTheCapacity(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		w := partytest.New(t, db)
		s := newService(w)
		ctx := context.Background()
		if _, err := s.Import(ctx, w.Operator, demoText(t)); err != nil {
			t.Fatal(err)
		}
		var got, given atomic.Int64
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for range 5 {
					var ok bool
					if err := db.Tx(ctx, func(tx *store.Tx) (err error) {
						ok, err = s.Reserve(tx, "lyon", 1)
						return err
					}); err != nil {
						t.Error(err)
					}
					if ok {
						got.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if got.Load() != 40 {
			t.Errorf("%d units of 40 were given", got.Load())
		}
		for range 41 {
			if db.Tx(ctx, func(tx *store.Tx) error { return s.Release(tx, "lyon", 1) }) == nil {
				given.Add(1)
			}
		}
		if given.Load() != 40 {
			t.Errorf("%d units of 40 came back", given.Load())
		}
	})
}
