package catalog_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/trace"
)

// house is a catalogue with an operator, two publishers and two markets.
type house struct {
	cat     *catalog.Catalogue
	clock   *clock.Fake
	facts   *trace.Facts
	orgs    map[string]party.Organisation
	markets []party.Market
}

func newHouse(t *testing.T, db *store.DB) *house {
	t.Helper()
	ctx := context.Background()
	ring, err := keys.Open(ctx, keys.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "keys.db"), RootFile: filepath.Join(t.TempDir(), "root.key"), CreateRoot: true, Clock: clock.System})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ring.Close() })
	ids, err := id.NewSource("test")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{clock: clock.NewFake(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)), orgs: map[string]party.Organisation{}}
	for _, o := range []party.Organisation{
		{ID: "org_op", Path: "/org_op/", Kinds: []party.Kind{party.KindOperator}, Name: "Operator", Entity: "ent_op"},
		{ID: "org_a", Path: "/org_op/org_a/", Kinds: []party.Kind{party.KindPublisher}, Name: "Relay", Entity: "ent_a"},
		{ID: "org_b", Path: "/org_op/org_b/", Kinds: []party.Kind{party.KindPublisher}, Name: "Other", Entity: "ent_b"},
		{ID: "org_c", Path: "/org_op/org_c/", Kinds: []party.Kind{party.KindCustomer}, Name: "Customer"},
	} {
		h.orgs[o.ID] = o
		if err := ring.Ensure(ctx, keys.Tenant(o.ID)); err != nil {
			t.Fatal(err)
		}
	}
	h.markets = []party.Market{
		{ID: "mkt_fr", Org: "org_op", Entity: "ent_op", Name: "France", Domain: "fr.example", Currency: "EUR", Languages: []string{"fr", "en"}, VATMode: party.VATNet},
		{ID: "mkt_ch", Org: "org_op", Entity: "ent_op", Name: "Swiss", Domain: "ch.example", Currency: "CHF", Languages: []string{"fr"}, VATMode: party.VATNet},
	}
	h.facts = trace.New(db, ring, ids, h.clock.Now, slog.New(slog.DiscardHandler))
	h.cat = catalog.New(db, ids, h.clock.Now, h.facts, access.New(), catalog.Directory{
		Org: func(_ *store.Tx, id string) (party.Organisation, error) {
			o, ok := h.orgs[id]
			if !ok {
				return o, fail.Missing("organisation", id)
			}
			return o, nil
		},
		Markets: func(*store.Tx) ([]party.Market, error) { return h.markets, nil },
	})
	return h
}

func (h *house) as(org string, roles ...access.Role) access.Caller {
	o := h.orgs[org]
	return access.Caller{Person: "per_" + org, Org: o.ID, OrgName: o.Name, Path: o.Path, Roles: roles, Confirmed: true}
}

func (h *house) publisher() access.Caller { return h.as("org_a", access.RolePublisher) }
func (h *house) operator() access.Caller  { return h.as("org_op", access.RoleOperator) }

func (h *house) published(t *testing.T, change func(string) string) catalog.Version {
	t.Helper()
	ctx := context.Background()
	v, err := h.cat.ImportOffer(ctx, h.publisher(), "org_a", []byte(change(string(sample(t)))))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = h.cat.Submit(ctx, h.publisher(), v.ID); err != nil {
		t.Fatal(err)
	}
	if v, err = h.cat.Publish(ctx, h.operator(), v.ID); err != nil {
		t.Fatal(err)
	}
	return v
}

func same(s string) string { return s }

func replace(old, fresh string) func(string) string {
	return func(s string) string { return strings.ReplaceAll(s, old, fresh) }
}

func sets() []store.Migrations { return []store.Migrations{trace.Migrations(), catalog.Migrations()} }

func want(t *testing.T, what string, err error, kind fail.Kind) {
	t.Helper()
	if fail.KindOf(err) != kind {
		t.Errorf("%s: %v, want %q", what, err, kind)
	}
}

func TestLifeOfAVersion(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		h := newHouse(t, db)
		draft, err := h.cat.ImportOffer(ctx, h.publisher(), "org_a", sample(t))
		if err != nil {
			t.Fatal(err)
		}
		if p := draft.Content.Plans[0].Prices[0]; !strings.HasPrefix(p.ID, "prc_test_") || !p.EffectiveFrom.Equal(h.clock.Now()) || draft.Content.Entity != "ent_a" {
			t.Errorf("saving gave %+v, entity %q", p, draft.Content.Entity)
		}
		h.clock.Advance(time.Hour)
		again, err := h.cat.ImportOffer(ctx, h.publisher(), "org_a", sample(t))
		if err != nil || again.ID != draft.ID || again.Hash != draft.Hash {
			t.Errorf("same file twice: %v %v", again.ID, err)
		}
		changed, err := h.cat.ImportOffer(ctx, h.publisher(), "org_a", []byte(replace("MQTT messaging", "Messages")(string(sample(t)))))
		if err != nil || changed.ID != draft.ID || changed.Hash == draft.Hash {
			t.Errorf("changed draft: %v %v", changed.ID, err)
		}
		_, err = h.cat.Publish(ctx, h.operator(), draft.ID)
		want(t, "publish a draft", err, fail.Conflict)
		if _, err = h.cat.Submit(ctx, h.publisher(), draft.ID); err != nil {
			t.Fatal(err)
		}
		_, err = h.cat.ImportOffer(ctx, h.publisher(), "org_a", sample(t))
		want(t, "change in review", err, fail.Conflict)
		_, err = h.cat.Publish(ctx, h.publisher(), draft.ID)
		want(t, "publisher publishes", err, fail.Denied)
		page, err := h.cat.InReview(ctx, h.operator(), "", 10)
		if err != nil || len(page.Versions) != 1 {
			t.Errorf("in review: %v %v", page, err)
		}
		first, err := h.cat.Publish(ctx, h.operator(), draft.ID)
		if err != nil {
			t.Fatal(err)
		}
		second := h.published(t, replace("5.00 EUR", "7.00 EUR"))
		if second.Number != 2 || second.Offer != first.Offer {
			t.Errorf("second version: %+v", second)
		}
		old, err := h.cat.Version(ctx, access.Caller{}, first.ID)
		if err != nil || old.State != catalog.StateSuperseded || old.Hash != first.Hash {
			t.Errorf("first after second: %s %v", old.State, err)
		}
		if _, err = h.cat.Withdraw(ctx, h.operator(), second.ID, "not wanted"); err != nil {
			t.Fatal(err)
		}
		_, err = h.cat.Offer(ctx, access.Caller{}, "mkt_fr", first.Offer)
		want(t, "offer after withdrawal", err, fail.Gone)
		_, err = h.cat.Withdraw(ctx, h.operator(), second.ID, "")
		want(t, "withdraw twice", err, fail.Conflict)
		entries, err := h.facts.About(ctx, "org_op", first.ID)
		if err != nil {
			t.Fatal(err)
		}
		var types []string
		for _, e := range entries {
			types = append(types, e.Type)
		}
		if !slices.Equal(types, []string{catalog.FactSaved, catalog.FactSaved, catalog.FactSubmitted, catalog.FactPublished, catalog.FactSuperseded}) {
			t.Errorf("facts %v", types)
		}
	})
}

func TestPublishNeedsTheMarketsLanguages(t *testing.T) {
	h := newHouse(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()))
	ctx := context.Background()
	text := replace("  fr: Messagerie Relay\n", "")(string(sample(t)))
	v, err := h.cat.ImportOffer(ctx, h.publisher(), "org_a", []byte(replace("seller: market", "markets: [fr.example, nowhere]\nseller: market")(text)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = h.cat.Submit(ctx, h.publisher(), v.ID); err != nil {
		t.Fatal(err)
	}
	_, err = h.cat.Publish(ctx, h.operator(), v.ID)
	if !fail.Is(err, fail.Invalid) || !strings.Contains(err.Error(), "name.fr") || !strings.Contains(err.Error(), "markets.1") {
		t.Errorf("%v", err)
	}
	if v, err = h.cat.Return(ctx, h.operator(), v.ID, "French is missing."); err != nil || v.State != catalog.StateDraft || v.Note == "" {
		t.Errorf("%+v %v", v.State, err)
	}
}

func TestShelf(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		h := newHouse(t, db)
		var keys []string
		for _, key := range []string{"alpha-m2m", "beta-m2m", "gamma-m2m"} {
			h.published(t, replace("relay-m2m", key))
			keys = append(keys, key)
		}
		h.published(t, func(s string) string {
			return replace("[messaging, iot]", "[archive]")(replace("relay-m2m", "zeta_100")(s))
		})
		var got []string
		q := catalog.Query{Market: "fr.example", Family: "iot", Limit: 2}
		for {
			page, err := h.cat.Offers(ctx, access.Caller{}, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Versions {
				got = append(got, v.Content.Key)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		if !slices.Equal(got, keys) {
			t.Errorf("pages give %v", got)
		}
		for text, n := range map[string]int{"MESSAGERIE facturee": 4, "beta": 1, "beta gamma": 0, "%": 0, "_": 1, "": 4} {
			page, err := h.cat.Offers(ctx, access.Caller{}, catalog.Query{Market: "mkt_fr", Text: text, Language: "fr"})
			if err != nil || len(page.Versions) != n {
				t.Errorf("search %q: %d, want %d (%v)", text, len(page.Versions), n, err)
			}
		}
		page, err := h.cat.Offers(ctx, access.Caller{}, catalog.Query{Market: "mkt_ch"})
		if err != nil || len(page.Versions) != 0 {
			t.Errorf("a market without prices shows %d (%v)", len(page.Versions), err)
		}
		families, err := h.cat.Families(ctx, access.Caller{}, "mkt_fr")
		if err != nil || !slices.Equal(families, []string{"archive", "iot", "messaging"}) {
			t.Errorf("families %v %v", families, err)
		}
	})
}

func TestPublishersDoNotSeeEachOther(t *testing.T) {
	ctx := context.Background()
	h := newHouse(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()))
	v, err := h.cat.ImportOffer(ctx, h.publisher(), "org_a", sample(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []access.Caller{h.as("org_b", access.RolePublisher), h.as("org_c", access.RoleOwner), {}} {
		for what, err := range map[string]error{
			"save":     second(h.cat.ImportOffer(ctx, c, "org_a", sample(t))),
			"version":  second(h.cat.Version(ctx, c, v.ID)),
			"versions": second(h.cat.Versions(ctx, c, "org_a", "", 0)),
			"submit":   second(h.cat.Submit(ctx, c, v.ID)),
			"withdraw": second(h.cat.Withdraw(ctx, c, v.ID, "")),
			"offer":    second(h.cat.Offer(ctx, c, "mkt_fr", v.Offer)),
		} {
			if k := fail.KindOf(err); k != fail.NotFound && !(c.Org == "" && k == fail.Unauthenticated) {
				t.Errorf("%s as %q: %v", what, c.Org, err)
			}
		}
	}
	_, err = h.cat.ImportOffer(ctx, h.as("org_b", access.RolePublisher), "org_b", sample(t))
	want(t, "key of another publisher", err, fail.Conflict)
}

func second[T any](_ T, err error) error { return err }

func TestNoUndefinedTransition(t *testing.T) {
	table := map[[2]string]catalog.State{}
	for _, row := range catalog.Transitions() {
		k := [2]string{string(row.From), string(row.Command)}
		if _, twice := table[k]; twice {
			t.Fatalf("%v stands twice", k)
		}
		table[k] = row.To
	}
	h := newHouse(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()))
	ctx := context.Background()
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		key := "offer-" + strings.ToLower(time.Duration(n).String())
		v, err := h.cat.ImportOffer(ctx, h.publisher(), "org_a", []byte(replace("relay-m2m", key)(string(sample(t)))))
		if err != nil {
			r.Fatal(err)
		}
		commands := map[string]func() (catalog.Version, error){
			"submit":   func() (catalog.Version, error) { return h.cat.Submit(ctx, h.publisher(), v.ID) },
			"return":   func() (catalog.Version, error) { return h.cat.Return(ctx, h.operator(), v.ID, "why") },
			"publish":  func() (catalog.Version, error) { return h.cat.Publish(ctx, h.operator(), v.ID) },
			"withdraw": func() (catalog.Version, error) { return h.cat.Withdraw(ctx, h.operator(), v.ID, "") },
		}
		state := v.State
		for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"submit", "return", "publish", "withdraw"}), 1, 8).Draw(r, "commands") {
			to, may := table[[2]string{string(state), name}]
			after, err := commands[name]()
			switch {
			case may && (err != nil || after.State != to):
				r.Fatalf("%s in %s: %s %v, want %s", name, state, after.State, err, to)
			case !may && !fail.Is(err, fail.Conflict):
				r.Fatalf("%s in %s: %v, want a conflict", name, state, err)
			case may:
				state = to
			}
		}
	})
}
