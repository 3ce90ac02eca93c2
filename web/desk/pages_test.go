package desk_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/web/design/designtest"
)

// pages are all pages that are read, by the one for whom they are.
func (w *world) pages() map[string]access.Caller {
	w.t.Helper()
	ctx := context.Background()
	resources, err := w.s.Resources.All(ctx, w.Operator, "", 10)
	must(w.t, err)
	facts, err := w.Facts.Timeline(ctx, w.Operator.Org, 0, 1)
	must(w.t, err)
	work, err := w.s.Resources.WorkOrdersFor(ctx, w.relay)
	must(w.t, err)
	if len(resources) == 0 || len(facts) == 0 || len(work) == 0 {
		w.t.Fatalf("the world lacks something: %d resources, %d facts, %d work orders", len(resources), len(facts), len(work))
	}
	held, err := w.s.Meters.Quarantine(ctx, w.relay, w.relay.Org, usage.HeldFilter{Reason: usage.WrongUnit}, "", 10)
	must(w.t, err)
	if len(held) != 1 {
		w.t.Fatalf("%d events are held for their unit", len(held))
	}
	out := map[string]access.Caller{}
	for _, path := range []string{"", "/offers/new", "/offers/relay-m2m", "/offers/relay-edge", "/offers/relay-edge/edit", "/offers/relay-m2m/prices", "/offers/relay-m2m/prices/" + w.offer.Content.Plans[0].Key + "/0",
		"/offers/relay-m2m/prices/" + w.offer.Content.Plans[0].Key + "/new?from=0", "/versions/" + w.offer.ID, "/versions/" + w.offer.ID + "/withdraw", "/subscribers",
		"/usage", "/usage?days=7&offer=relay-m2m", "/quality", "/quality?days=7", "/quarantine", "/quarantine?reason=wrong_unit", "/quarantine/" + held[0].Cursor, "/quarantine/" + held[0].Cursor + "/release", "/quarantine/" + held[0].Cursor + "/reject", "/disputes",
		"/tokens", "/work", "/work/" + work[0].Run.ID, "?state=draft", "?q=nothing"} {
		out["/publisher"+path] = w.relay
	}
	for _, path := range []string{"", "/organisations", "/organisations?q=acme&kind=customer", "/organisations/new", "/organisations/" + w.acme.Org, "/organisations/" + w.home.Org, "/organisations/" + w.Operator.Org,
		"/organisations/" + w.acme.Org + "/billing", "/vat", "/markets", "/markets/new", "/markets/" + w.Market.ID, "/markets/" + w.Market.ID + "/billing", "/entities/new", "/entities/" + w.Entity, "/review", "/review/" + w.waiting.ID, "/regions", "/regions/import",
		"/orders", "/orders?state=failed", "/orders/" + w.order.ID, "/resources", "/resources?state=troubled", "/resources/" + resources[0].ID, "/work", "/work/" + work[0].Run.ID, "/invoices", "/invoices/" + w.invoice.ID,
		"/invoices/" + w.invoice.ID + "/credit", "/closes", "/closes?q=nothing", "/exports", "/exports/settings", "/exports/charts/pcg", "/exports/charts/skr03", "/readers", "/readers/skip?reader=test.fails&position=1", "/jobs", "/quarantine", "/quarantine?reason=negative", "/quarantine/" + held[0].Cursor, "/quarantine/" + held[0].Cursor + "/release", "/disputes", "/intake", "/changes", "/changes?month=2026-01", "/copies", "/copies?state=gone", "/remedies", "/log"} {
		out["/operator"+path] = w.Operator
	}
	for _, path := range []string{"", "?org=" + w.acme.Org + "&about=order", "?q=nothing-at-all", "/facts/" + facts[0].ID, "/decisions", "/decisions/" + w.order.ID, "/access", "/access?org=" + w.acme.Org, "/invoices",
		"/invoices?org=" + w.acme.Org, "/verify"} {
		out["/audit"+path] = w.auditor
	}
	return out
}

func TestEveryPageInBothLanguages(t *testing.T) {
	w := newWorld(t)
	for path, c := range w.pages() {
		for _, lang := range []string{"en", "fr"} {
			rec := w.get(c, lang, path)
			body := rec.Body.String()
			if rec.Code != http.StatusOK {
				t.Errorf("%s %s: %d\n%s", lang, path, rec.Code, visible(body))
				continue
			}
			for _, fault := range designtest.Faults(body) {
				t.Errorf("%s %s: %s", lang, path, fault)
			}
			if strings.Contains(body, "%!") || strings.Contains(body, "<no value>") {
				t.Errorf("%s %s: a value was not written", lang, path)
			}
			if len(body) > 150_000 {
				t.Errorf("%s %s: %d bytes", lang, path, len(body))
			}
		}
	}
}

// visible is the text of a page's main part, for messages.
func visible(body string) string {
	_, body, _ = strings.Cut(body, "<main")
	body, _, _ = strings.Cut(body, "</main>")
	return body
}
