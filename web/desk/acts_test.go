package desk_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/web/design/designtest"
)

// Whoever is not meant sees nothing of a desk, whatever the address: another role is refused, nobody is led to sign in.
func TestNobodyElseSeesADesk(t *testing.T) {
	w := newWorld(t)
	pages := w.pages()
	for path, meant := range pages {
		for name, c := range map[string]access.Caller{"customer": w.acme, "household": w.home, "publisher": w.relay, "auditor": w.auditor, "operator": w.Operator, "nobody": {}} {
			if c.Ref() == meant.Ref() || name == "operator" && strings.HasPrefix(path, "/audit") {
				continue
			}
			rec := w.get(c, "en", path)
			want := []int{http.StatusForbidden, http.StatusNotFound}
			if name == "nobody" {
				want = []int{http.StatusSeeOther}
			}
			if rec.Code != want[0] && (len(want) == 1 || rec.Code != want[1]) {
				t.Errorf("%s on %s: %d", name, path, rec.Code)
			}
			if body := rec.Body.String(); strings.Contains(body, "Acme") && name != "customer" || strings.Contains(body, "Relay messaging") {
				t.Errorf("%s on %s: the page of the refusal tells something", name, path)
			}
		}
	}
	for _, path := range []string{"/operator/jobs/job_1/revive", "/operator/readers/retry", "/operator/readers/skip", "/operator/organisations/new", "/operator/review/" + w.waiting.ID + "/publish", "/operator/regions/import/do",
		"/operator/invoices/" + w.invoice.ID + "/payment", "/operator/invoices/" + w.invoice.ID + "/credit", "/operator/organisations/" + w.acme.Org + "/billing", "/publisher/tokens", "/publisher/offers/new"} {
		for name, c := range map[string]access.Caller{"customer": w.acme, "auditor": w.auditor} {
			if rec := w.post(c, path, url.Values{}); rec.Code != http.StatusForbidden {
				t.Errorf("%s posts to %s: %d", name, path, rec.Code)
			}
		}
	}
}

// An auditor of one customer reads that customer and nobody else.
func TestAnAuditorOfACustomerStaysThere(t *testing.T) {
	w := newWorld(t)
	own := w.Join(t, w.acme, w.acme.Org, "dpo@acme.example", access.RoleAuditor)
	for path, want := range map[string]int{"/audit": 200, "/audit/decisions/" + w.order.ID: 200, "/audit?org=" + w.Operator.Org: 404, "/audit?org=" + w.relay.Org: 404, "/audit/invoices?org=" + w.home.Org: 404} {
		if rec := w.get(own, "fr", path); rec.Code != want {
			t.Errorf("%s: %d, want %d", path, rec.Code, want)
		}
	}
	rec := w.get(own, "en", "/audit/invoices")
	if !strings.Contains(rec.Body.String(), w.invoice.Number) {
		t.Error("the customer's own invoice is not there")
	}
}

// A reseller's staff has the operator's desk, cut to its branch: nothing of the others, nothing of the engine room.
func TestAResellerSeesItsBranchOnly(t *testing.T) {
	w := newWorld(t)
	reseller := w.Business(t, w.Operator, "Rhône Revente", party.KindReseller)
	below := w.Business(t, reseller, "Petit Client", party.KindCustomer)
	resources, err := w.s.Resources.All(context.Background(), w.Operator, "", 1)
	must(t, err)
	w.sees(reseller, "/operator/organisations", "Petit Client")
	w.sees(reseller, "/operator/organisations/"+below.Org, "Petit Client", "Purpose")
	for _, path := range []string{"", "/organisations", "/organisations?q=acme", "/invoices", "/orders", "/resources", "/resources?state=troubled", "/work", "/review", "/markets", "/regions", "/changes?month=" + w.Clock.Now().UTC().Format("2006-01")} {
		rec := w.get(reseller, "en", "/operator"+path)
		if body := rec.Body.String(); rec.Code != http.StatusOK || strings.Contains(body, "Acme") || strings.Contains(body, w.invoice.Number) || strings.Contains(body, w.order.ID) || strings.Contains(body, "parked") {
			t.Errorf("%s: %d, or it tells of others", path, rec.Code)
		}
	}
	for _, path := range []string{"/organisations/" + w.acme.Org, "/organisations/" + w.acme.Org + "/billing", "/invoices/" + w.invoice.ID, "/invoices/" + w.invoice.ID + "/pdf", "/orders/" + w.order.ID, "/resources/" + resources[0].ID, "/review/" + w.waiting.ID,
		"/readers", "/jobs", "/quarantine", "/quarantine/1.0", "/intake", "/log", "/readers/skip", "/markets/" + w.Market.ID, "/entities/" + w.Entity} {
		if rec := w.get(reseller, "en", "/operator"+path); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, rec.Code)
		}
	}
}

// One publisher knows nothing of another's offers, work or usage, and cannot do its work.
func TestPublishersDoNotSeeEachOther(t *testing.T) {
	w := newWorld(t)
	other := w.Business(t, w.Operator, "Autre Éditeur", party.KindPublisher)
	work, err := w.s.Resources.WorkOrdersFor(context.Background(), w.relay)
	must(t, err)
	for _, path := range []string{"/offers/relay-m2m", "/offers/relay-m2m/edit", "/versions/" + w.waiting.ID, "/work/" + work[0].Run.ID} {
		if rec := w.get(other, "en", "/publisher"+path); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, rec.Code)
		}
	}
	for _, path := range []string{"", "/subscribers", "/usage", "/quarantine", "/work"} {
		if body := w.get(other, "en", "/publisher"+path).Body.String(); strings.Contains(body, "relay") || strings.Contains(body, w.acme.Org) {
			t.Errorf("%s tells of another publisher", path)
		}
	}
	if err := w.s.Resources.Answer(context.Background(), other, work[0].Run.ID, json.RawMessage(`{"done":true}`)); !fail.Is(err, fail.NotFound) {
		t.Errorf("another publisher answers: %v", err)
	}
	if err := w.s.Resources.Answer(context.Background(), w.acme, work[0].Run.ID, json.RawMessage(`{"done":true}`)); !fail.Is(err, fail.Denied) {
		t.Errorf("the customer answers for the publisher: %v", err)
	}
}

func TestEmptyDesksSayTheNextStep(t *testing.T) {
	w := empty(t)
	for path, c := range map[string]access.Caller{"/publisher": w.relay, "/publisher/subscribers": w.relay, "/publisher/usage": w.relay, "/publisher/quarantine": w.relay, "/publisher/tokens": w.relay, "/publisher/work": w.relay,
		"/operator/review": w.Operator, "/operator/regions": w.Operator, "/operator/orders": w.Operator, "/operator/resources": w.Operator, "/operator/work": w.Operator, "/operator/invoices": w.Operator, "/operator/payments": w.Operator, "/operator/payments/aged": w.Operator, "/operator/payments/movements": w.Operator, "/operator/readers": w.Operator,
		"/operator/jobs": w.Operator, "/operator/quarantine": w.Operator, "/operator/organisations/" + w.acme.Org + "/billing": w.Operator, "/audit/decisions": w.auditor, "/audit/invoices": w.auditor, "/audit/access": w.auditor} {
		for _, lang := range []string{"en", "fr"} {
			rec := w.get(c, lang, path)
			if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "state-title") {
				t.Errorf("%s %s: %d, without a word for the emptiness", lang, path, rec.Code)
			}
			for _, fault := range designtest.Faults(rec.Body.String()) {
				t.Errorf("%s %s: %s", lang, path, fault)
			}
		}
	}
	if body := w.get(w.Operator, "en", "/operator").Body.String(); !strings.Contains(body, "No cloud is known yet") {
		t.Error("the first task of an empty installation is not told")
	}
	for _, path := range []string{"/operator/log", "/operator/regions/import", "/audit/verify"} {
		if rec := w.get(w.Operator, "en", path); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

func (w *world) sees(c access.Caller, path string, words ...string) {
	w.t.Helper()
	body := w.get(c, "en", path).Body.String()
	for _, word := range words {
		if !strings.Contains(body, word) {
			w.t.Errorf("%s does not say %q:\n%s", path, word, visible(body))
		}
	}
}

func (w *world) lands(rec *httptest.ResponseRecorder, prefix string) string {
	w.t.Helper()
	to := rec.Header().Get("Location")
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(to, prefix) {
		w.t.Fatalf("%d to %q, want %s\n%s", rec.Code, to, prefix, visible(rec.Body.String()))
	}
	return to
}

func (w *world) refused(rec *httptest.ResponseRecorder, status int, words ...string) {
	w.t.Helper()
	body := rec.Body.String()
	if rec.Code != status {
		w.t.Errorf("%d, want %d\n%s", rec.Code, status, visible(body))
	}
	for _, word := range words {
		if !strings.Contains(body, word) {
			w.t.Errorf("the refusal does not say %q:\n%s", word, visible(body))
		}
	}
	for _, fault := range designtest.Faults(body) {
		w.t.Error(fault)
	}
}

func TestTodayListsWhatNeedsSomebody(t *testing.T) {
	w := newWorld(t)
	w.sees(w.Operator, "/operator", "2 facts are parked", "no such thing", "1 job was given up", "the network is down", "1 offer waits", "1 resource is in trouble", "1 work order waits", "1 invoice is not paid", "2 usage events count nowhere")
}

func TestACapIsTold(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	if _, err := w.s.Budgets.Set(ctx, w.acme, budget.SetInput{Amount: money.New(0, money.EUR), Action: budget.Refuse}); err != nil {
		t.Fatal(err)
	}
	if err := w.s.Budgets.Look(ctx); err != nil {
		t.Fatal(err)
	}
	w.sees(w.Operator, "/operator", "1 budget is used up")
}

func TestAPublisherWritesAnOffer(t *testing.T) {
	w := newWorld(t)
	text := string(catalogtest.Sample(t))
	w.refused(w.post(w.relay, "/publisher/offers/new", url.Values{"yaml": {strings.Replace(text, "kind: m2m", "knd: m2m", 1)}}), 422, "What is wrong, line by line", ">33<", "knd")
	w.refused(w.post(w.relay, "/publisher/offers/new", url.Values{"yaml": {strings.Replace(text, "country: \"NO\"", "country: Norway", 1)}}), 422, "subProcessors.0.country", "country: Norway")
	w.refused(w.post(w.relay, "/publisher/offers/relay-edge/edit", url.Values{"yaml": {text}}), 422, "cannot change")
	fresh := strings.Replace(text, "key: relay-m2m", "key: relay-three", 1)
	w.lands(w.post(w.relay, "/publisher/offers/new", url.Values{"yaml": {fresh}, "then": {"yes"}}), "/publisher/offers/relay-three")
	w.sees(w.relay, "/publisher/offers/relay-three", "in review")
	v := w.version("relay-three")
	w.refused(w.post(w.Operator, "/operator/review/"+v.ID+"/return", url.Values{}), 422)
	w.lands(w.post(w.Operator, "/operator/review/"+v.ID+"/return", url.Values{"note": {"Say where support sits."}}), "/operator/review")
	w.sees(w.relay, "/publisher/offers/relay-three", "sent it back", "Say where support sits.")
	w.lands(w.post(w.relay, "/publisher/versions/"+v.ID+"/submit", nil), "/publisher/offers/relay-three")
	w.lands(w.post(w.Operator, "/operator/review/"+v.ID+"/publish", nil), "/operator/review")
	w.sees(w.relay, "/publisher?q=three", "Version 1 is on the shelf")
	w.lands(w.post(w.relay, "/publisher/versions/"+v.ID+"/withdraw", url.Values{"note": {"no longer made"}}), "/publisher/offers/relay-three")
	w.sees(w.relay, "/publisher/offers/relay-three", "withdrawn")
	if _, err := catalog.Parse(w.get(w.relay, "en", "/publisher/versions/"+v.ID+"/yaml").Body.Bytes()); err != nil {
		t.Errorf("the download is no offer: %v", err)
	}
}

func (w *world) version(key string) catalog.Version {
	w.t.Helper()
	p, err := w.s.Catalogue.Versions(context.Background(), w.relay, w.relay.Org, "", 100)
	must(w.t, err)
	for _, v := range p.Versions {
		if v.Content.Key == key {
			return v
		}
	}
	w.t.Fatalf("no offer %s", key)
	return catalog.Version{}
}

func TestReviewShowsWhatChanges(t *testing.T) {
	w := newWorld(t)
	w.sees(w.Operator, "/operator/review/"+w.waiting.ID, "<del>", "billed by the message", "<ins>", "billed by the thousand", "Against version 1")
}

func TestAPublisherSendsUsage(t *testing.T) {
	w := newWorld(t)
	w.sees(w.relay, "/publisher/usage", "Messages", "4,200")
	w.sees(w.relay, "/publisher/quarantine", "sub_nobody", "No subscription of yours", "The unit is not the one of the meter")
	w.sees(w.relay, "/publisher/quality", "node-1", "wrong unit: 1", "unknown subscription: 1", "How long after use")
	w.sees(w.Operator, "/operator/intake", "Relay", "events a second", "Events remembered")
	if other := w.Business(t, w.Operator, "Autre Éditeur", party.KindPublisher); strings.Contains(w.get(other, "en", "/publisher/quality").Body.String(), "node-1") {
		t.Error("another publisher sees what was sent")
	}
	if csv := w.get(w.relay, "en", "/publisher/usage.csv").Body.String(); !strings.Contains(csv, ",messages,message,4200,1") {
		t.Errorf("the file does not hold the usage:\n%s", csv)
	}
	w.refused(w.post(w.relay, "/publisher/tokens", url.Values{"name": {""}, "days": {"900"}}), 422, "Name:", "Days until it ends:")
	rec := w.post(w.relay, "/publisher/tokens", url.Values{"name": {"node 1"}, "days": {"30"}})
	if body := rec.Body.String(); rec.Code != http.StatusCreated || strings.Count(body, "hal_") < 2 || !strings.Contains(body, "cloudevents-batch") {
		t.Errorf("%d: the secret and the example are not shown", rec.Code)
	}
	tokens, err := w.s.SignIns.Tokens(context.Background(), w.relay, w.relay.Org)
	must(t, err)
	if len(tokens[0].Scopes) != 1 || tokens[0].Scopes[0] != access.UsageWrite {
		t.Errorf("the token may %v", tokens[0].Scopes)
	}
	w.lands(w.post(w.relay, "/publisher/tokens/"+tokens[0].ID+"/revoke", nil), "/publisher/tokens")
	if body := w.get(w.relay, "en", "/publisher/subscribers").Body.String(); strings.Contains(body, "Acme") || strings.Contains(body, "broker.acme") {
		t.Error("a publisher reads who its customers are")
	}
}

// What is held is looked at, taken back by its publisher or judged again, each with a reason; nobody else touches it.
func TestTheQuarantineIsDecided(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	list := func() []usage.Held {
		list, err := w.s.Meters.Quarantine(ctx, w.relay, w.relay.Org, usage.HeldFilter{}, "", 10)
		must(t, err)
		return list
	}
	held := list()
	if len(held) != 2 {
		t.Fatalf("%d events are held", len(held))
	}
	at := "/publisher/quarantine/" + held[1].Cursor
	w.sees(w.relay, at, "The unit is not the one of the meter", "4,200", "node-1", "Have it judged again")
	w.sees(w.Operator, "/operator/quarantine/"+held[1].Cursor, "Relay", "Take it out for good")
	other := w.Business(t, w.Operator, "Autre Éditeur", party.KindPublisher)
	for name, c := range map[string]access.Caller{"another publisher": other, "the customer": w.acme} {
		for _, path := range []string{at, at + "/reject", at + "/release"} {
			if rec := w.get(c, "en", path); rec.Code != http.StatusNotFound && rec.Code != http.StatusForbidden {
				t.Errorf("%s on %s: %d", name, path, rec.Code)
			}
			if rec := w.post(c, path, url.Values{"reason": {"x"}}); rec.Code == http.StatusSeeOther {
				t.Errorf("%s posts to %s: %d", name, path, rec.Code)
			}
		}
	}
	w.refused(w.post(w.relay, at+"/reject", url.Values{"reason": {""}}), 422, "Why:")
	w.lands(w.post(w.relay, at+"/reject", url.Values{"reason": {"The unit was wrong."}}), "/publisher/quarantine")
	w.lands(w.post(w.Operator, "/operator/quarantine/"+held[0].Cursor+"/release", url.Values{"reason": {"Look again."}}), "/operator/quarantine")
	for deadline := time.Now().Add(20 * time.Second); len(list()) != 1 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		_, err := w.s.Meters.Sync(ctx)
		must(t, err)
	}
	if left := list(); len(left) != 1 || left[0].Subject != "sub_nobody" {
		t.Errorf("what is left: %+v", left)
	}
}

func TestAWorkOrderIsDone(t *testing.T) {
	w := newWorld(t)
	list, err := w.s.Resources.WorkOrdersFor(context.Background(), w.relay)
	must(t, err)
	path := "/publisher/work/" + list[0].Run.ID
	w.sees(w.relay, path, "Please install the gateway.", "The work is done", "b.acme.example")
	w.engine.Ask(nil)
	w.lands(w.post(w.relay, path, url.Values{"answer-done": {"yes"}, "answer-outputs": {"address: 10.0.0.7\nport: 8883"}}), "/publisher/work")
	w.pass(8, time.Second)
	w.sees(w.relay, "/publisher/work", "Nothing waits for a person")
}

func TestTheOperatorOnboards(t *testing.T) {
	w := newWorld(t)
	w.refused(w.post(w.Operator, "/operator/organisations/new", url.Values{"name": {""}, "kind": {"customer"}, "country": {"France"}, "language": {"en"}, "market": {w.Market.ID}}), 422, "Country:")
	to := w.lands(w.post(w.Operator, "/operator/organisations/new", url.Values{"name": {"Ville de Lyon"}, "kind": {"customer"}, "country": {"fr"}, "language": {"fr"}, "market": {w.Market.ID}}), "/operator/organisations/org_")
	to, _, _ = strings.Cut(to, "#")
	w.refused(w.post(w.Operator, to+"/invite", url.Values{"email": {"nobody"}}), 422, "E-mail address:")
	w.lands(w.post(w.Operator, to+"/invite", url.Values{"email": {"dsi@lyon.example"}}), to)
	w.sees(w.Operator, "/operator/organisations?q=lyon", "Ville de Lyon")
	w.refused(w.post(w.Operator, "/operator/markets/"+w.Market.ID, url.Values{"name": {"France"}, "brand": {"Halle"}, "domain": {"Fr Halle"}, "entity": {w.Entity}, "country": {"FR"}, "currency": {"EUR"}, "languages": {"fr en"},
		"sells_to": {"both"}, "vat_mode": {"gross"}, "first_limit": {"a lot"}}), 422, "What a new account may commit to:")
	w.lands(w.post(w.Operator, "/operator/markets/"+w.Market.ID, url.Values{"name": {"France"}, "brand": {"Halle"}, "domain": {"fr.halle.example"}, "entity": {w.Entity}, "country": {"FR"}, "currency": {"EUR"}, "languages": {"fr en"},
		"sells_to": {"both"}, "vat_mode": {"gross"}, "first_limit": {"75.50"}}), "/operator/markets")
	w.sees(w.Operator, "/operator/markets", "€75.50")
	w.lands(w.post(w.Operator, "/operator/entities/new", url.Values{"name": {"Halle Belgique"}, "country": {"be"}, "rounding": {"half_even"}}), "/operator/markets")
	w.sees(w.Operator, "/operator/markets", "Halle Belgique")
}

// Acting on behalf of a customer needs a purpose, and the customer reads it.
func TestActingNeedsAPurpose(t *testing.T) {
	w := newWorld(t)
	session, err := w.s.SignIns.SignInAs(context.Background(), w.Operator.Person, w.Operator.Org, signin.Origin{Address: "127.0.0.1", Agent: "test"})
	must(t, err)
	path := "/operator/organisations/" + w.acme.Org
	act := func(purpose string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, path+"/act", strings.NewReader(url.Values{"purpose": {purpose}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(signin.Cookie(session, false))
		return w.send(access.Caller{}, "en", r)
	}
	w.refused(act(""), 422, "Purpose")
	w.lands(act("Ticket 4711"), path)
	_ = w.Facts.Drain(context.Background()) // the parked fact of the world stays parked
	w.sees(w.auditor, "/audit/access?org="+w.acme.Org, "Ticket 4711")
}

func TestTheOperatorBills(t *testing.T) {
	w := newWorld(t)
	path := "/operator/invoices/" + w.invoice.ID
	w.sees(w.Operator, path, w.invoice.Number, "Record a payment", path+"/pdf")
	if rec := w.get(w.Operator, "en", path+"/pdf"); rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/pdf" || !strings.HasPrefix(rec.Body.String(), "%PDF-1.7") {
		t.Errorf("the PDF: %d %v", rec.Code, rec.Header())
	}
	w.sees(w.Operator, path, "For accounting software", "XRechnung 3.0")
	w.refused(w.get(w.Operator, "en", path+"/machine/ubl"), http.StatusUnprocessableEntity, "VAT identifier of the seller", "BT-31", "/operator/entities/"+w.Entity)
	w.refused(w.get(w.Operator, "fr", path+"/machine/xrechnung"), http.StatusUnprocessableEntity, "Référence de l’acheteur", "renseigné par l’acheteur")
	w.refused(w.get(w.Operator, "en", path+"/machine/other"), 404)
	w.refused(w.post(w.Operator, path+"/payment", url.Values{"amount": {"1000000"}, "received": {"2026-03-03"}, "reference": {"B1"}}), 409)
	w.refused(w.post(w.Operator, path+"/payment", url.Values{"amount": {"x"}, "received": {"soon"}, "reference": {"B1"}}), 422, "Amount:", "Received on:")
	w.lands(w.post(w.Operator, path+"/payment", url.Values{"amount": {w.invoice.Gross.Decimal()}, "received": {"2026-03-03"}, "reference": {"B1"}}), path)
	w.sees(w.Operator, path, "paid", "B1")
	w.refused(w.post(w.Operator, path+"/credit", url.Values{}), 422)
	w.lands(w.post(w.Operator, path+"/credit", url.Values{"reason": {"ordered by mistake"}}), "/operator/invoices/")
	v, err := w.s.Invoices.Invoice(context.Background(), w.Operator, w.invoice.ID)
	must(t, err)
	if v.Status != billing.StatusCredited {
		t.Errorf("the invoice is %s", v.Status)
	}
	w.Clock.Advance(49 * 3600 * 1e9)
	w.sees(w.Operator, "/operator/organisations/"+w.acme.Org+"/billing", "Not invoiced yet", "Issue the invoice")
	w.lands(w.post(w.Operator, "/operator/organisations/"+w.acme.Org+"/billing", nil), "/operator/invoices/")
}

func TestTheEngineRoom(t *testing.T) {
	w := newWorld(t)
	parked, err := w.Facts.Parked(context.Background())
	must(t, err)
	at := url.Values{"reader": {"test.fails"}, "position": {itoa(parked[0].Position)}}
	w.lands(w.post(w.Operator, "/operator/readers/retry", at), "/operator/readers")
	w.refused(w.post(w.Operator, "/operator/readers/skip", at), 422, "say why")
	at.Set("reason", "written by a test")
	for range parked {
		at.Set("position", itoa(parked[0].Position))
		w.lands(w.post(w.Operator, "/operator/readers/skip", at), "/operator/readers")
		parked = parked[1:]
	}
	w.sees(w.Operator, "/operator/readers", "Every reader is up to date")
	dead, err := w.Queue.Dead(context.Background())
	must(t, err)
	w.lands(w.post(w.Operator, "/operator/jobs/"+dead[0].ID+"/revive", nil), "/operator/jobs")
	w.sees(w.Operator, "/operator/jobs", "No job was given up")
	w.refused(w.post(w.Operator, "/operator/jobs/job_none/revive", nil), 404)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestCloudsAreImportedAfterALook(t *testing.T) {
	w := newWorld(t)
	text := string(file(t, "../../residency/testdata/demo.yaml"))
	w.refused(w.post(w.Operator, "/operator/regions/import", url.Values{"yaml": {strings.Replace(text, "city: Lyon", "town: Lyon", 1)}}), 422, "line by line", "town")
	rec := w.post(w.Operator, "/operator/regions/import", url.Values{"yaml": {text}})
	if !strings.Contains(rec.Body.String(), "Nothing would change") {
		t.Error("the same file would change something")
	}
	text = strings.Replace(text, "capacity: 40", "capacity: 99", 1)
	rec = w.post(w.Operator, "/operator/regions/import", url.Values{"yaml": {text}})
	if body := rec.Body.String(); !strings.Contains(body, "Lyon") || !strings.Contains(body, "Import this") || strings.Contains(body, "Ashburn</") {
		t.Errorf("the look does not tell the one change:\n%s", visible(body))
	}
	w.lands(w.post(w.Operator, "/operator/regions/import/do", url.Values{"yaml": {text}}), "/operator/regions")
	w.sees(w.Operator, "/operator/regions", "of 99 free", "United States")
}

// What an auditor takes home verifies there.
func TestDownloadsVerify(t *testing.T) {
	w := newWorld(t)
	list, err := w.Facts.Timeline(context.Background(), w.acme.Org, 0, 1)
	must(t, err)
	rec := w.get(w.auditor, "en", "/audit/facts/"+list[0].ID+"/receipt?org="+w.acme.Org)
	receipt, err := proof.ParseReceipt(rec.Body.Bytes())
	must(t, err)
	if _, err := receipt.Verify(w.s.Log.Key); err != nil {
		t.Errorf("the receipt does not verify: %v", err)
	}
	d, err := w.s.Placements.Decisions(context.Background(), w.auditor, w.order.ID)
	must(t, err)
	to := w.lands(w.post(w.auditor, "/audit/decisions/"+d[0].ID+"/replay", nil), "/audit/decisions/"+w.order.ID)
	w.sees(w.auditor, to, "The same result", "Ashburn, United States: ", "Lyon, France")
	if rec := w.get(w.auditor, "en", "/audit/decisions/"+d[0].ID+"/bundle"); rec.Code != 200 || !json.Valid(rec.Body.Bytes()) {
		t.Errorf("bundle: %d", rec.Code)
	}
	if rec := w.get(w.auditor, "en", "/audit/invoices/"+w.invoice.ID+"/proof"); rec.Code != 200 || rec.Body.Len() < 1000 {
		t.Errorf("proof of the invoice: %d %s", rec.Code, rec.Body)
	}
	dir := t.TempDir()
	unpack(t, dir, w.get(w.auditor, "en", "/audit/log.tar").Body)
	l, err := proof.OpenLog(filepath.Join(dir, "halle-log"), w.s.Log.Key)
	must(t, err)
	if _, err := l.Verify(nil); err != nil {
		t.Errorf("the log does not verify: %v", err)
	}
	statement := filepath.Join(dir, "statement.jsonl")
	must(t, os.WriteFile(statement, w.get(w.auditor, "en", "/audit/statement").Body.Bytes(), 0o600))
	f, err := os.Open(statement)
	must(t, err)
	defer f.Close()
	if report, err := proof.VerifyStatement(f, l); err != nil || report.Facts == 0 {
		t.Errorf("the statement does not verify: %v", err)
	}
}

// What is charged in a month stands beside the month before; a branch sees its own customers alone.
func TestTheLargestChanges(t *testing.T) {
	w := newWorld(t)
	month := w.Clock.Now().UTC().Format("2006-01")
	w.sees(w.Operator, "/operator/changes?month="+month, "Customers", "Acme", "Meters of services", "so far")
	w.sees(w.Operator, "/operator/changes?month=2001-01", "Nothing changed")
}
