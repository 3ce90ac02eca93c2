package desk_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/access"
)

var proposalLink = regexp.MustCompile(`(/[a-z/]+/proposals/rpr_[a-z0-9_]+)"`)

// TestFactsWaitForAColleague: looked at, proposed, and agreed to by somebody else.
func TestFactsWaitForAColleague(t *testing.T) {
	w := newWorld(t)
	olga := w.Join(t, w.Operator, w.Operator.Org, "olga@operator.example", access.RoleOperator)
	olga.Confirmed = true
	text := strings.Replace(string(file(t, "../../residency/testdata/demo.yaml")), "capacity: 40", "capacity: 99", 1)
	w.lands(w.post(w.Operator, "/operator/regions/import/do", url.Values{"yaml": {text}}), "/operator/regions")
	w.sees(w.Operator, "/operator/regions", "Waits for a second person", "Facts about clouds")
	page := proposalLink.FindStringSubmatch(w.get(olga, "en", "/operator/regions").Body.String())[1]
	w.sees(olga, "/operator", "wait for your word")
	w.sees(w.Operator, page, "You asked for this", "Withdraw it")
	w.sees(olga, page, "Shall this hold from now on?", "Nothing changes today", "capacity: 99")
	w.refused(w.post(w.Operator, page+"/approve", url.Values{"base": {"x"}}), http.StatusForbidden, "two people")
	w.lands(w.post(olga, page+"/approve", url.Values{"base": {"somebody's earlier look"}}), page)
	base := regexp.MustCompile(`name="base" value="([0-9a-f]+)"`).FindStringSubmatch(w.get(olga, "en", page).Body.String())[1]
	w.lands(w.post(olga, page+"/approve", url.Values{"base": {base}}), "/operator/regions")
	w.sees(w.Operator, "/operator/regions", "of 99 free")
	w.sees(olga, page, "Holds", "Decided by")
}
