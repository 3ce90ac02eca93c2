package desk_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
)

// fields are what a browser would send of the form "price" of a page.
func fields(t *testing.T, rec *httptest.ResponseRecorder) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(rec.Body.String()))
	must(t, err)
	out := url.Values{}
	var selected string
	var walk func(n *html.Node, inside bool)
	attr := func(n *html.Node, name string) (string, bool) {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val, true
			}
		}
		return "", false
	}
	walk = func(n *html.Node, inside bool) {
		id, _ := attr(n, "id")
		inside = inside || n.Data == "form" && id == "price"
		name, named := attr(n, "name")
		value, _ := attr(n, "value")
		kind, _ := attr(n, "type")
		_, checked := attr(n, "checked")
		switch {
		case !inside:
		case n.Data == "select":
			selected = name
		case n.Data == "option":
			if _, yes := attr(n, "selected"); yes {
				out.Set(selected, value)
			}
		case n.Data == "input" && named && (kind != "checkbox" || checked):
			out.Set(name, value)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, inside)
		}
	}
	walk(doc, false)
	if len(out) == 0 {
		t.Fatalf("no form: %d %s", rec.Code, visible(rec.Body.String()))
	}
	return out
}

// TestAPriceIsChangedByAForm goes the whole way without script: a tier more, an error at its field, examples, the use of
// last month, a price from a date on, submitted.
func TestAPriceIsChangedByAForm(t *testing.T) {
	w := newWorld(t)
	w.sees(w.relay, "/publisher/offers/relay-m2m", "/publisher/offers/relay-m2m/prices")
	w.sees(w.relay, "/publisher/offers/relay-m2m/prices", "Its prices can be changed once")
	draft, err := w.s.Catalogue.Return(context.Background(), w.Operator, w.waiting.ID, "One price more, please.")
	must(t, err)
	w.sees(w.relay, "/publisher/offers/relay-m2m/prices", "holds now", "New from a date")
	plan := draft.Content.Plans[0]
	gross := slices.IndexFunc(plan.Prices, func(p catalog.Price) bool { return p.Basis == price.Gross }) // that of the world's market
	from := "/new?from=" + strconv.Itoa(gross)
	at := "/publisher/offers/relay-m2m/prices/" + plan.Key
	w.sees(w.relay, at+"/0", "A first month without use")
	form := fields(t, w.get(w.relay, "en", at+from))
	do := func(what string, status int) *httptest.ResponseRecorder {
		t.Helper()
		form.Set("do", what)
		rec := w.post(w.relay, at+from, form)
		if rec.Code != status {
			t.Fatalf("%s: %d\n%s", what, rec.Code, visible(rec.Body.String()))
		}
		return rec
	}
	last := "components." + strconv.Itoa(len(plan.Prices[gross].Components))
	form = fields(t, do("add components", 200))
	form.Set(last+".key", "extra")
	form.Set(last+".kind", "graduated")
	form.Set(last+".price", "0.5")
	form = fields(t, do("show", 200))
	form.Set(last+".meter", draft.Content.Meters[0].Key)
	form.Set(last+".unit", "thing")
	form = fields(t, do("add "+last+".tiers", 200))
	if form.Get(last+".tiers.0.price") != "0.5" {
		t.Fatalf("a price was lost when its kind changed: %v", form)
	}
	form.Set(last+".tiers.1.price", "0,1")
	rec := do("save", http.StatusUnprocessableEntity)
	for _, id := range []string{last + ".tiers.0.upTo", last + ".tiers.1.price"} {
		if !strings.Contains(rec.Body.String(), `id="`+id+`-error"`) {
			t.Errorf("no error stands at %s", id)
		}
	}
	form.Set(last+".tiers.0.upTo", "100")
	form.Set(last+".tiers.1.price", "0.1")
	if body := do("show", 200).Body.String(); !strings.Contains(body, "use of extra") || !strings.Contains(body, "<polyline") {
		t.Errorf("no example:\n%s", visible(body))
	}
	if body := do("simulate", 200).Body.String(); !strings.Contains(body, `id="simulation"`) || !strings.Contains(body, "present one so far") {
		t.Errorf("no simulation:\n%s", visible(body))
	}
	if body := do("yaml", 200).Body.String(); !strings.Contains(body, "key: extra") {
		t.Error("the YAML has not the form's price")
	}
	form.Set("effectiveFrom", plan.Prices[gross].EffectiveFrom.UTC().Format("2006-01-02 15:04:05"))
	if body := do("save", http.StatusUnprocessableEntity).Body.String(); !strings.Contains(body, "overlaps: another price begins at the same instant") {
		t.Errorf("two prices at one instant:\n%s", visible(body))
	}
	form.Set("effectiveFrom", "2027-01-01")
	w.lands(do("submit", http.StatusSeeOther), "/publisher/offers/relay-m2m/prices")
	page, err := w.s.Catalogue.Versions(context.Background(), w.relay, w.relay.Org, "", 20)
	must(t, err)
	var fresh catalog.Version
	for _, v := range page.Versions {
		if v.Content.Key == "relay-m2m" && v.Number > fresh.Number {
			fresh = v
		}
	}
	prices := fresh.Content.Plans[0].Prices
	if fresh.State != catalog.StateReview || len(prices) != len(plan.Prices)+1 {
		t.Fatalf("%s with %d prices", fresh.State, len(prices))
	}
	got := prices[len(prices)-1]
	if extra := got.Components[len(got.Components)-1]; extra.Kind != price.Graduated || len(extra.Tiers) != 2 || extra.Tiers[1].Price.Decimal() != "0.1" || !got.EffectiveFrom.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) || got.ID == prices[0].ID {
		t.Fatalf("%+v", got)
	}
	w.sees(w.relay, "/publisher/offers/relay-m2m/prices", "to come")
	if body := do("save", http.StatusConflict).Body.String(); !strings.Contains(body, "Somebody saved this offer") {
		t.Errorf("an old form was saved:\n%s", visible(body))
	}
}

// TestNobodyElseChangesAPrice asks for another's prices, for those that are not there, and sends nonsense.
func TestNobodyElseChangesAPrice(t *testing.T) {
	w := newWorld(t)
	other := w.Business(t, w.Operator, "Autre Éditeur", party.KindPublisher)
	at := "/publisher/offers/relay-m2m/prices/" + w.offer.Content.Plans[0].Key
	form := fields(t, w.get(w.relay, "en", at+"/0"))
	for _, do := range []string{"save", "submit", "simulate", "yaml", "show", "add components"} {
		form.Set("do", do)
		if rec := w.post(other, at+"/0", form); rec.Code != http.StatusNotFound || strings.Contains(rec.Body.String(), "Relay") {
			t.Errorf("another publisher does %s: %d", do, rec.Code)
		}
		if rec := w.post(w.acme, at+"/0", form); rec.Code != http.StatusForbidden {
			t.Errorf("a customer does %s: %d", do, rec.Code)
		}
	}
	for _, path := range []string{"/publisher/offers/relay-m2m/prices", at + "/0", at + "/new?from=0"} {
		if rec := w.get(other, "en", path); rec.Code != http.StatusNotFound {
			t.Errorf("another publisher reads %s: %d", path, rec.Code)
		}
	}
	for _, path := range []string{at + "/99", at + "/-1", at + "/x", at + "/new", at + "/new?from=7", "/publisher/offers/relay-m2m/prices/none/0"} {
		if rec := w.get(w.relay, "en", path); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	for _, nonsense := range []url.Values{{}, {"do": {"save"}}, {"do": {"remove components.0.tiers.-1"}}, {"do": {"add terms.9.components"}}, {"do": {"simulate"}, "components.0.kind": {"graduated"}, "currency": {"XXX"}},
		{"do": {"save"}, "currency": {"EUR"}, "components.0.kind": {"<script>"}, "components.0.key": {"<script>"}}} {
		nonsense.Set("base", form.Get("base"))
		rec := w.post(w.relay, at+"/0", nonsense)
		if rec.Code != 200 && rec.Code != http.StatusUnprocessableEntity || strings.Contains(rec.Body.String(), "<script>") && strings.Contains(rec.Body.String(), `value="<script>`) {
			t.Errorf("%v: %d", nonsense, rec.Code)
		}
	}
}
