package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/residency"
)

// TestLooserRulesWaitForASecondOwner: weighed first, proposed, and declined by the other owner; nobody else sees it.
func TestLooserRulesWaitForASecondOwner(t *testing.T) {
	w := peopled(t)
	_, err := w.s.Residency.SetPolicy(ctx, w.acme, w.acme.Org, residency.Layer{All: residency.Rule{RefusedLaws: []string{"FR"}}})
	must(t, err)
	claude := w.Join(t, w.acme, w.acme.Org, "claude@acme.example", access.RoleOwner)
	owner, other := w.as(t, w.acme, "en"), w.as(t, claude, "en")
	_, body := owner.get("/residency")
	status, body, _ := owner.post("/residency", ticked(body, "law-FR"))
	for _, want := range []string{"Set these rules?", "the law of France is no longer refused", "become possible", "Becomes possible"} {
		if status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%d: %q is not said", status, want)
		}
	}
	if status, _, to := owner.post("/residency/set", url.Values{"layer": {"{}"}}); status != http.StatusSeeOther || to != "/residency" {
		t.Errorf("%d %s", status, to)
	}
	_, body = other.get("/residency")
	link := regexp.MustCompile(`"(/residency/proposals/[a-z0-9_]+)"`).FindStringSubmatch(body)
	if link == nil {
		t.Fatal("the other owner is not told")
	}
	if status, body := other.get(link[1]); status != http.StatusOK || !strings.Contains(body, "Shall this hold from now on?") || !strings.Contains(body, "no longer refused") {
		t.Errorf("%d %s", status, body)
	}
	if _, body := owner.get(link[1]); !strings.Contains(body, "You asked for this") || strings.Contains(body, "Let it hold") {
		t.Error("who asked is asked")
	}
	for _, c := range []access.Caller{w.rival, w.house, {}} {
		stranger := w.as(t, c, "en")
		if status, _ := stranger.get(link[1]); status == http.StatusOK {
			t.Errorf("%s sees it", c.Ref())
		}
		for _, act := range []string{"/approve", "/reject"} {
			if status, _, to := stranger.post(link[1]+act, url.Values{"base": {"1"}}); to == "/residency" {
				t.Errorf("%s decides: %d", c.Ref(), status)
			}
		}
	}
	if status, _, to := other.post(link[1]+"/reject", url.Values{"reason": {"not before the audit"}}); status != http.StatusSeeOther || to != "/residency" {
		t.Errorf("%d %s", status, to)
	}
	if _, body := owner.get(link[1]); !strings.Contains(body, "Declined") || !strings.Contains(body, "not before the audit") {
		t.Error("the answer is not told")
	}
	if status, _, _ := owner.post("/residency/set", url.Values{"layer": {"["}}); status != http.StatusUnprocessableEntity {
		t.Errorf("rules that nobody can read: %d", status)
	}
}

// ticked are the boxes of a page's forms as they stand, without some.
func ticked(body string, without ...string) url.Values {
	out := url.Values{}
	for _, box := range regexp.MustCompile(`<input[^>]*type="checkbox"[^>]*>`).FindAllString(body, -1) {
		name := regexp.MustCompile(`name="([^"]+)"`).FindStringSubmatch(box)[1]
		if strings.Contains(box, " checked") {
			out.Set(name, "yes")
		}
	}
	for _, name := range without {
		out.Del(name)
	}
	return out
}
