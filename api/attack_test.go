package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/api"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/signin"
)

func onSQLite(t testing.TB) *world {
	t.Helper()
	return newWorld(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()))
}

// TestAttacks sends what no honest client sends. Each answer is a problem that says what would make it pass.
func TestAttacks(t *testing.T) {
	w := onSQLite(t)
	huge := strings.Repeat("x", 2<<20)
	event := func(value string) string {
		return fmt.Sprintf(`{"specversion":"1.0","id":"a","source":"s","type":"halle.usage.v1","subject":%q,"data":{"meter":"messages","unit":"message","start":"2026-03-02T09:00:00Z","end":"2026-03-02T09:00:01Z","value":%s}}`, w.ids["service"], value)
	}
	many := "[" + strings.Repeat(event(`"1"`)+",", usage.MaxEvents) + event(`"1"`) + "]"
	service := "/services/" + w.ids["service"]
	for _, a := range []struct {
		name, as, method, path, media, body string
		status                              int
		code                                string // "" for any
	}{
		{"oversized JSON", "buyer", "POST", "/quotes", "application/json", `{"items":[],"language":"` + huge + `"}`, 413, "api.too_large"},
		{"oversized usage", "publisher", "POST", "/usage", usage.TypeBatch, huge, 413, ""},
		{"too many events", "publisher", "POST", "/usage", usage.TypeBatch, many, 413, ""},
		{"oversized YAML", "operator", "POST", "/residency/facts", "application/yaml", strings.Repeat("#", 5<<20), 413, "api.too_large"},
		{"no JSON", "buyer", "POST", "/quotes", "application/json", `{"items":[`, 400, "api.shape"},
		{"text after JSON", "buyer", "POST", "/quotes", "application/json", `{"items":[]} {}`, 400, "api.shape"},
		{"a name twice", "buyer", "POST", "/quotes", "application/json", `{"items":[],"items":[]}`, 400, "api.shape"},
		{"unknown field", "buyer", "POST", "/quotes", "application/json", `{"items":[],"discount":"100%"}`, 422, "api.shape"},
		{"wrong type", "buyer", "POST", "/quotes", "application/json", `{"items":"all"}`, 422, "api.shape"},
		{"no body", "buyer", "POST", "/quotes", "application/json", ``, 400, "api.shape"},
		{"huge number", "owner", "PUT", "/organisations/" + w.ids["org"] + "/limits/subscriptions", "application/json", `{"max":1e400}`, 400, "api.shape"},
		{"number above 2^53", "owner", "PUT", "/organisations/" + w.ids["org"] + "/limits/subscriptions", "application/json", `{"max":99999999999999999999}`, 400, "api.shape"},
		{"wrong media type", "buyer", "POST", "/quotes", "text/xml", `<items/>`, 415, "api.media_type"},
		{"YAML as JSON", "operator", "POST", "/residency/facts", "application/json", `{}`, 422, "api.media_type"},
		{"usage as JSON", "publisher", "POST", "/usage", "application/json", event(`"1"`), 422, "usage.media_type"},
		{"usage of nothing", "publisher", "POST", "/usage", usage.TypeBatch, `[]`, 422, ""},
		{"wrong method", "buyer", "DELETE", "/orders", "", ``, 405, "api.method"},
		{"no such operation", "buyer", "GET", "/secrets", "", ``, 404, "api.no_operation"},
		{"unknown query", "buyer", "GET", "/orders?admin=true", "", ``, 422, "api.shape"},
		{"foreign cursor", "owner", "GET", "/facts?cursor=!!!", "", ``, 422, "api.cursor"},
		{"limit of a million", "buyer", "GET", "/orders?limit=1000000", "", ``, 422, "api.shape"},
		{"order without a key", "buyer", "POST", "/orders", "application/json", `{"items":[]}`, 422, "api.shape"},
		{"manage climbs out", "owner", "GET", service + "/manage/..%2f..%2fstatus", "", ``, 422, "provision.manage_path"},
		{"manage climbs out by dots", "owner", "GET", service + "/manage/devices/%2e%2e", "", ``, 422, "provision.manage_path"},
		{"manage with another method", "owner", "PUT", service + "/manage/devices", "application/json", `{}`, 405, "api.method"},
		{"ETag of nothing", "owner", "POST", "/orders/" + w.ids["order"] + "/cancel", "application/json", `{"reason":"x"}`, 412, "api.etag"},
	} {
		headers := []string{}
		if a.name == "ETag of nothing" {
			headers = []string{"If-Match", "W/x"}
		}
		r := w.do(t, a.as, a.method, a.path, a.media, []byte(a.body), headers...)
		p := r.problem(t)
		if r.status != a.status || a.code != "" && p.Code != a.code || p.Status != r.status {
			t.Errorf("%s: status %d, %s (%s), want %d %s", a.name, r.status, p.Code, p.Detail, a.status, a.code)
		}
		if p.Type == "" || p.Title == "" || p.Code == "" || p.Detail == "" || p.Remedy == "" {
			t.Errorf("%s: the problem leaves something out: %+v", a.name, p)
		}
	}
	for _, value := range []string{`"-1"`, `"99999999999999999999"`} { // well-formed, but never to be counted
		r := w.do(t, "publisher", "POST", "/usage", usage.TypeSingle, []byte(event(value)))
		var out api.Verdicts
		if r.status != http.StatusOK || json.Unmarshal(r.body, &out) != nil || out.Results[0].Verdict == usage.Accepted {
			t.Errorf("usage of %s: status %d: %s", value, r.status, r.body)
		}
	}
}

// TestACredentialThatDoesNotStandIsRefused tries tokens that never were, were revoked, have expired or are too narrow.
func TestACredentialThatDoesNotStandIsRefused(t *testing.T) {
	w := onSQLite(t)
	org := "/organisations/" + w.ids["org"]
	if r := w.do(t, w.ids["secret"], "GET", "/orders", "", nil); r.status != http.StatusOK {
		t.Fatalf("a token for orders reads them not: %d %s", r.status, r.body)
	}
	for _, path := range []string{"/invoices", org + "/members", org + "/tokens", "/services"} {
		if r := w.do(t, w.ids["secret"], "GET", path, "", nil); r.status != http.StatusForbidden {
			t.Errorf("a token for orders gets %s: %d %s", path, r.status, r.body)
		}
	}
	for _, secret := range []string{"hal_", "hls_" + strings.Repeat("a", 43), "hal_" + strings.Repeat("a", 43), "", "x y"} {
		if r := w.do(t, secret, "GET", "/orders", "", nil); r.status != http.StatusUnauthorized {
			t.Errorf("%q is accepted: %d", secret, r.status)
		}
	}
	var second api.CreatedToken
	w.call(t, "owner", "POST", org+"/tokens", map[string]any{"name": "second", "scopes": []string{"order.*"}, "days": 1}, &second)
	w.call(t, "owner", "DELETE", org+"/tokens/"+w.ids["token"], nil, nil)
	w.Clock.Advance(2 * time.Second) // an answer about who calls may be that old
	if r := w.do(t, w.ids["secret"], "GET", "/orders", "", nil); r.status != http.StatusUnauthorized {
		t.Errorf("a revoked token is accepted: %d", r.status)
	}
	w.Clock.Advance(25 * time.Hour)
	if r := w.do(t, second.Secret, "GET", "/orders", "", nil); r.status != http.StatusUnauthorized {
		t.Errorf("an expired token is accepted: %d", r.status)
	}
}

// TestAnotherSiteCannotActWithTheCookie sends what a page of another site would make a browser send.
func TestAnotherSiteCannotActWithTheCookie(t *testing.T) {
	w := onSQLite(t)
	opened, err := w.services.SignIns.SignInAs(context.Background(), w.who["owner"].Person, w.ids["org"], signinFrom)
	must(t, err)
	send := func(site string) int {
		r := httptest.NewRequest("POST", "/api/v1/quotes", bytes.NewReader([]byte(`{"items":[{"offer":"m2m-broker","plan":"flex"}]}`)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Sec-Fetch-Site", site)
		r.AddCookie(signin.Cookie(opened, false))
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, r)
		return rec.Code
	}
	if got := send("same-origin"); got != http.StatusCreated {
		t.Errorf("a page of this site is answered %d", got)
	}
	if got := send("cross-site"); got != http.StatusForbidden {
		t.Errorf("a page of another site is answered %d", got)
	}
}

// TestTheSameKeyOrdersOnce sends an order twice, then another under its key; on both engines.
func TestTheSameKeyOrdersOnce(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		place := func(plan string) (reply, api.Order) {
			r := w.do(t, "buyer", "POST", "/orders", "application/json", fmt.Appendf(nil, `{"items":[{"offer":"m2m-broker","plan":%q}]}`, plan), "Idempotency-Key", "once")
			var o api.Order
			if r.status < 300 {
				must(t, json.Unmarshal(r.body, &o))
			}
			return r, o
		}
		_, first := place("flex")
		again, second := place("flex")
		if first.ID == "" || first.ID != second.ID {
			t.Errorf("the second answer is another: %q and %q (%s)", first.ID, second.ID, again.body)
		}
		if other, _ := place("none"); other.status != http.StatusConflict {
			t.Errorf("another order under the same key: %d %s", other.status, other.body)
		}
		tag := w.do(t, "buyer", "GET", "/orders/"+first.ID, "", nil).header.Get("ETag")
		w.settle(t)
		if r := w.do(t, "buyer", "POST", "/orders/"+first.ID+"/cancel", "application/json", []byte(`{"reason":"x"}`), "If-Match", tag); r.status != http.StatusPreconditionFailed {
			t.Errorf("a change of what was changed meanwhile: %d %s", r.status, r.body)
		}
	})
}

// TestPagesJoinToTheWholeList reads a list one entry at a time.
func TestPagesJoinToTheWholeList(t *testing.T) {
	w := onSQLite(t)
	var all api.List[api.Fact]
	w.call(t, "owner", "GET", "/facts?limit=100", nil, &all)
	var got []string
	for cursor := ""; ; {
		var page api.List[api.Fact]
		w.call(t, "owner", "GET", "/facts?limit=7&cursor="+cursor, nil, &page)
		for _, f := range page.Items {
			got = append(got, f.ID)
		}
		if cursor = page.Next; cursor == "" || len(got) >= len(all.Items) {
			break
		}
	}
	for i, f := range all.Items {
		if i >= len(got) || got[i] != f.ID {
			t.Fatalf("entry %d differs", i)
		}
	}
}
