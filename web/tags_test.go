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
