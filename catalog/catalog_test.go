package catalog_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/party/partytest"
)

// house is a catalogue with an operator, two publishers and a customer.
type house struct {
	*partytest.World
	cat                    *catalog.Catalogue
	relay, other, customer access.Caller
}

func newHouse(t *testing.T, db *store.DB) *house {
	t.Helper()
	w := partytest.New(t, db)
	return &house{World: w, cat: catalog.New(db, w.IDs, w.Clock.Now, w.Facts, w.Policy, w.Parties),
		relay: w.Business(t, w.Operator, "Relay", party.KindPublisher), other: w.Business(t, w.Operator, "Other", party.KindPublisher),
		customer: w.Business(t, w.Operator, "Customer", party.KindCustomer)}
}

func (h *house) published(t *testing.T, change func(string) string) catalog.Version {
	t.Helper()
	return catalogtest.Publish(t, h.cat, h.relay, h.Operator, []byte(change(string(catalogtest.Sample(t)))))
}

func replace(old, fresh string) func(string) string {
	return func(s string) string { return strings.ReplaceAll(s, old, fresh) }
}

func sets() []store.Migrations { return append(partytest.Sets(), catalog.Migrations()) }

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
		draft, err := h.cat.ImportOffer(ctx, h.relay, h.relay.Org, catalogtest.Sample(t))
		if err != nil {
			t.Fatal(err)
		}
		if p := draft.Content.Plans[0].Prices[0]; !strings.HasPrefix(p.ID, "prc_test_") || !p.EffectiveFrom.Equal(h.Clock.Now()) || draft.Content.Entity == "" {
			t.Errorf("saving gave %+v, entity %q", p, draft.Content.Entity)
		}
		h.Clock.Advance(time.Hour)
		again, err := h.cat.ImportOffer(ctx, h.relay, h.relay.Org, catalogtest.Sample(t))
		if err != nil || again.ID != draft.ID || again.Hash != draft.Hash {
			t.Errorf("same file twice: %v %v", again.ID, err)
		}
		changed, err := h.cat.ImportOffer(ctx, h.relay, h.relay.Org, []byte(replace("MQTT messaging", "Messages")(string(catalogtest.Sample(t)))))
		if err != nil || changed.ID != draft.ID || changed.Hash == draft.Hash {
			t.Errorf("changed draft: %v %v", changed.ID, err)
		}
		_, err = h.cat.Publish(ctx, h.Operator, draft.ID)
		want(t, "publish a draft", err, fail.Conflict)
		if _, err = h.cat.Submit(ctx, h.relay, draft.ID); err != nil {
			t.Fatal(err)
		}
		_, err = h.cat.ImportOffer(ctx, h.relay, h.relay.Org, catalogtest.Sample(t))
		want(t, "change in review", err, fail.Conflict)
		_, err = h.cat.Publish(ctx, h.relay, draft.ID)
		want(t, "publisher publishes", err, fail.Denied)
		page, err := h.cat.InReview(ctx, h.Operator, "", 10)
		if err != nil || len(page.Versions) != 1 {
			t.Errorf("in review: %v %v", page, err)
		}
		first, err := h.cat.Publish(ctx, h.Operator, draft.ID)
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
		if _, err = h.cat.Withdraw(ctx, h.Operator, second.ID, "not wanted"); err != nil {
			t.Fatal(err)
		}
		_, err = h.cat.Offer(ctx, access.Caller{}, h.Market.ID, first.Offer)
		want(t, "offer after withdrawal", err, fail.Gone)
		_, err = h.cat.Withdraw(ctx, h.Operator, second.ID, "")
		want(t, "withdraw twice", err, fail.Conflict)
		entries, err := h.Facts.About(ctx, h.Operator.Org, first.ID)
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
	text := replace("  fr: Messagerie Relay\n", "")(string(catalogtest.Sample(t)))
	v, err := h.cat.ImportOffer(ctx, h.relay, h.relay.Org, []byte(replace("seller: market", "markets: [fr.halle.example, nowhere]\nseller: market")(text)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = h.cat.Submit(ctx, h.relay, v.ID); err != nil {
		t.Fatal(err)
	}
	_, err = h.cat.Publish(ctx, h.Operator, v.ID)
	if !fail.Is(err, fail.Invalid) || !strings.Contains(err.Error(), "name.fr") || !strings.Contains(err.Error(), "markets.1") {
		t.Errorf("%v", err)
	}
	if v, err = h.cat.Return(ctx, h.Operator, v.ID, "French is missing."); err != nil || v.State != catalog.StateDraft || v.Note == "" {
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
		q := catalog.Query{Market: "fr.halle.example", Family: "iot", Limit: 2}
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
			page, err := h.cat.Offers(ctx, access.Caller{}, catalog.Query{Market: h.Market.ID, Text: text, Language: "fr"})
			if err != nil || len(page.Versions) != n {
				t.Errorf("search %q: %d, want %d (%v)", text, len(page.Versions), n, err)
			}
		}
		swiss := h.Market
		swiss.ID, swiss.Domain, swiss.Currency = "", "ch.halle.example", "CHF"
		if _, err := h.Parties.SetMarket(ctx, h.Operator, swiss); err != nil {
			t.Fatal(err)
		}
		page, err := h.cat.Offers(ctx, access.Caller{}, catalog.Query{Market: "ch.halle.example"})
		if err != nil || len(page.Versions) != 0 {
			t.Errorf("a market without prices shows %d (%v)", len(page.Versions), err)
		}
		families, err := h.cat.Families(ctx, access.Caller{}, h.Market.ID)
		if err != nil || !slices.Equal(families, []string{"archive", "iot", "messaging"}) {
			t.Errorf("families %v %v", families, err)
		}
	})
}

func TestPublishersDoNotSeeEachOther(t *testing.T) {
	ctx := context.Background()
	h := newHouse(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()))
	v, err := h.cat.ImportOffer(ctx, h.relay, h.relay.Org, catalogtest.Sample(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []access.Caller{h.other, h.customer, {}} {
		for what, err := range map[string]error{
			"save":     second(h.cat.ImportOffer(ctx, c, h.relay.Org, catalogtest.Sample(t))),
			"version":  second(h.cat.Version(ctx, c, v.ID)),
			"versions": second(h.cat.Versions(ctx, c, h.relay.Org, "", 0)),
			"submit":   second(h.cat.Submit(ctx, c, v.ID)),
			"withdraw": second(h.cat.Withdraw(ctx, c, v.ID, "")),
			"offer":    second(h.cat.Offer(ctx, c, h.Market.ID, v.Offer)),
		} {
			if k := fail.KindOf(err); k != fail.NotFound && !(c.Org == "" && k == fail.Unauthenticated) {
				t.Errorf("%s as %q: %v", what, c.Org, err)
			}
		}
	}
	_, err = h.cat.ImportOffer(ctx, h.other, h.other.Org, catalogtest.Sample(t))
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
		v, err := h.cat.ImportOffer(ctx, h.relay, h.relay.Org, []byte(replace("relay-m2m", key)(string(catalogtest.Sample(t)))))
		if err != nil {
			r.Fatal(err)
		}
		commands := map[string]func() (catalog.Version, error){
			"submit":   func() (catalog.Version, error) { return h.cat.Submit(ctx, h.relay, v.ID) },
			"return":   func() (catalog.Version, error) { return h.cat.Return(ctx, h.Operator, v.ID, "why") },
			"publish":  func() (catalog.Version, error) { return h.cat.Publish(ctx, h.Operator, v.ID) },
			"withdraw": func() (catalog.Version, error) { return h.cat.Withdraw(ctx, h.Operator, v.ID, "") },
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
