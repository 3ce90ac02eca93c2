package web_test

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/design/designtest"
)

// What the form of tags shows can be sent back as it is, with the line ends of a browser: nothing changes, whatever a
// value holds.
func TestTheFormOfTagsGivesThemBack(t *testing.T) {
	w := newWorld(t)
	id := w.order(t, w.acme, "personal").Items[0].Subscription
	w.settle(t)
	tags := subscription.Tags{"project": "roof, cellar", "cost-centre": "4711", "formula": "a=b, c=<d>"}
	_, err := w.s.Subscriptions.SetTags(ctx, w.acme, id, tags)
	must(t, err)
	b := w.as(t, w.acme, "en")
	_, page := b.get("/services/" + id + "/tags")
	found := regexp.MustCompile(`(?s)<textarea[^>]*>(.*?)</textarea>`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no field\n%s", page)
	}
	text := strings.ReplaceAll(html.UnescapeString(found[1]), "\n", "\r\n")
	if status, body, to := b.post("/services/"+id+"/tags", url.Values{"tags": {text}}); status != http.StatusSeeOther || to != "/services/"+id {
		t.Fatalf("%q: %d to %q\n%s", text, status, to, body)
	}
	s, err := w.s.Subscriptions.Service(ctx, w.acme, id)
	must(t, err)
	if !maps.Equal(s.Tags, tags) {
		t.Errorf("%q gave %v, want %v", text, s.Tags, tags)
	}
}

// A budget of a tag is set where the tags stand, its row says the tag, and a refusal keeps the choice.
func TestABudgetOfATag(t *testing.T) {
	w := newWorld(t)
	service := w.order(t, w.acme, "personal").Items[0].Subscription
	w.settle(t)
	_, err := w.s.Subscriptions.SetTags(ctx, w.acme, service, subscription.Tags{"project": "atlas, phase 2"})
	must(t, err)
	b := w.as(t, w.acme, "fr")
	if _, page := b.get("/spending?by=tag%3Aproject&of=atlas%2C+phase+2"); !strings.Contains(page, `<option value="tag:project=atlas, phase 2" selected>`) {
		t.Errorf("the tag that is looked at is not chosen\n%s", page)
	}
	status, page, _ := b.post("/spending", url.Values{"scope": {"tag:project"}, "amount": {"much"}, "action": {"suspend"}})
	if status != http.StatusUnprocessableEntity || !strings.Contains(page, `<option value="tag:project" selected>`) || !strings.Contains(page, `id="amount-error"`) {
		t.Errorf("refused: %d\n%s", status, page)
	}
	if status, page, _ := b.post("/spending", url.Values{"scope": {"tag:a b"}, "amount": {"5"}, "action": {"suspend"}}); status != http.StatusUnprocessableEntity || !strings.Contains(page, `id="scope-error"`) {
		t.Errorf("what no service can bear: %d\n%s", status, page)
	}
	for _, scope := range []string{"tag:project=atlas, phase 2", "service:" + service} {
		if status, page, to := b.post("/spending", url.Values{"scope": {scope}, "amount": {"5"}, "action": {"suspend"}}); to != "/spending" {
			t.Fatalf("%s: %d\n%s", scope, status, page)
		}
	}
	_, page = b.get("/spending")
	if !strings.Contains(page, "l’étiquette project=atlas, phase 2") || strings.Count(page, `/remove"`) != 2 {
		t.Errorf("the budgets do not stand there\n%s", page)
	}
	for _, fault := range designtest.Faults(page) {
		t.Error(fault)
	}
	if status, _, _ := w.as(t, w.technical, "fr").post("/spending", url.Values{"scope": {"tag:project"}, "amount": {"5"}, "action": {"notify"}}); status != http.StatusForbidden {
		t.Errorf("a technical member: %d", status)
	}
}
