package desk_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/settlement"
)

// TestTheBooksOnTheirPages: the balance, the proof, accounts and entries, the month on one page, in both languages; a
// reseller and a publisher find none of it.
func TestTheBooksOnTheirPages(t *testing.T) {
	w := newWorld(t)
	w.settle()
	month := "/operator/books/months/" + w.invoice.Date.String()[:7]
	paths := []string{"", "/check", "/lock", "/accounts", "/accounts?code=receivable", "/accounts/1", "/entries", "/entries/1", "/publishers", "/publishers?when=before", "/publishers/" + w.relay.Org, "/publishers/" + w.relay.Org + "/lines",
		"/publishers/" + w.relay.Org + "/close", "/payouts", "/splits", "/splits/new", "/months/2020-01"}
	for n := range paths {
		paths[n] = "/operator/books" + paths[n]
	}
	paths = append(paths, month)
	w.everywhere(w.Operator, paths...)
	w.sees(w.Operator, "/operator/books", "debts", "difference €0.00", "Prove the books")
	w.sees(w.Operator, "/operator/books/check", "The books are right")
	w.sees(w.Operator, month, "Everything reconciles", w.invoice.Number, "/operator/invoices/"+w.invoice.ID+"/proof", "Relay", "on no statement yet")
	w.sees(w.Operator, "/operator/books/entries/1", "/operator/invoices/"+w.invoice.ID, "Acme")
	reseller := w.Business(t, w.Operator, "Rhône Revente", party.KindReseller)
	for _, path := range paths {
		w.refused(w.get(reseller, "en", path), http.StatusNotFound)
		w.refused(w.get(w.relay, "en", path), http.StatusForbidden)
	}
	for _, path := range []string{"/accounts/99", "/accounts/x", "/entries/99", "/months/soon", "/payouts/" + w.relay.Org + "/pyo_no", "/publishers/org_no"} {
		w.refused(w.get(w.Operator, "en", "/operator/books"+path), http.StatusNotFound)
	}
	rec := w.get(w.Operator, "en", "/operator/invoices/"+w.invoice.ID+"/proof")
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), w.invoice.Number) {
		t.Errorf("the proof: %d", rec.Code)
	}
	w.refused(w.get(reseller, "en", "/operator/invoices/"+w.invoice.ID+"/proof"), http.StatusNotFound)
}

// TestAPublisherIsPaidOnThePages: a statement is closed, its sum ordered, came back and was paid; the books are closed; each
// form says what is wrong with it.
func TestAPublisherIsPaidOnThePages(t *testing.T) {
	w := newWorld(t)
	w.settle()
	w.Clock.Advance(24 * time.Hour)
	page := "/operator/books/publishers/" + w.relay.Org
	w.refused(w.post(w.Operator, page+"/close", url.Values{"through": {"soon"}}), http.StatusUnprocessableEntity, "is no day")
	w.refused(w.post(w.Operator, page+"/close", url.Values{"through": {"2999-01-01"}}), http.StatusUnprocessableEntity, "lies in the future")
	today := w.Clock.Now().Format("2006-01-02")
	statement := w.lands(w.post(w.Operator, page+"/close", url.Values{"through": {today}}), page+"/statements/")
	w.everywhere(w.Operator, statement, page)
	w.lands(w.post(w.Operator, page+"/close", url.Values{"through": {today}}), page)
	w.sees(w.Operator, page, "Pay out €0.02")
	w.sees(w.Operator, page+"/pay?currency=EUR", "goes to Relay")
	w.lands(w.get(w.Operator, "en", page+"/pay?currency=USD"), page)
	payout := w.lands(w.post(w.Operator, page+"/pay", url.Values{"currency": {"EUR"}}), "/operator/books/payouts/")
	w.everywhere(w.Operator, payout, "/operator/books/payouts")
	w.sees(w.Operator, "/operator/books/payouts", payout)
	w.refused(w.post(w.Operator, payout, url.Values{"state": {"lost"}, "date": {today}}), http.StatusUnprocessableEntity, "paid or returned")
	w.refused(w.post(w.Operator, payout, url.Values{"state": {"paid"}, "date": {"?"}}), http.StatusUnprocessableEntity, "is no day")
	w.lands(w.post(w.Operator, payout, url.Values{"state": {"paid"}, "reference": {"B1"}, "date": {today}}), payout)
	w.sees(w.relay, "/publisher/revenue", "paid", "B1")
	w.refused(w.post(w.Operator, "/operator/books/lock", url.Values{"through": {today}}), http.StatusUnprocessableEntity, "over")
	w.lands(w.post(w.Operator, "/operator/books/lock", url.Values{"through": {w.Clock.Now().AddDate(0, 0, -1).Format("2006-01-02")}}), "/operator/books")
	w.sees(w.Operator, "/operator/books", "closed up to")
	for _, path := range []string{page + "/close", page + "/pay", payout, "/operator/books/lock", "/operator/books/splits/new"} {
		w.refused(w.post(w.relay, path, url.Values{}), http.StatusForbidden)
	}
	reseller := w.Business(t, w.Operator, "Rhône Revente", party.KindReseller)
	for _, path := range []string{page + "/close", page + "/pay", payout} {
		w.refused(w.post(reseller, path, url.Values{"through": {today}, "currency": {"EUR"}, "state": {"paid"}, "date": {today}}), http.StatusNotFound)
	}
}

// TestASplitRuleIsWrittenOnItsPage: parts that do not sum are refused in place.
func TestASplitRuleIsWrittenOnItsPage(t *testing.T) {
	w := newWorld(t)
	page := "/operator/books/splits/new"
	w.refused(w.post(w.Operator, page, url.Values{"share": {"70"}, "kept": {"20"}}), http.StatusUnprocessableEntity, "not to 10,000")
	w.refused(w.post(w.Operator, page, url.Values{"share": {"seventy"}, "kept": {"30"}}), http.StatusUnprocessableEntity, "is no percentage")
	w.refused(w.post(w.Operator, page, url.Values{"share": {"70"}, "kept": {"30"}, "from": {"2020-01-01"}}), http.StatusUnprocessableEntity, "past")
	w.refused(w.post(w.Operator, page, url.Values{"share": {"70"}, "kept": {"30"}, "reserve": {"5"}, "days": {"some"}}), http.StatusUnprocessableEntity, "is no number")
	w.refused(w.post(w.Operator, page, url.Values{"kind": {"tiers"}, "tiers": {"1000: 70"}}), http.StatusUnprocessableEntity, "is no step")
	w.refused(w.post(w.Operator, page, url.Values{"kind": {"fixed"}, "kept": {"100"}, "each": {"much"}}), http.StatusUnprocessableEntity, "is no amount")
	rule := url.Values{"publisher": {w.relay.Org}, "share": {"72.5"}, "kept": {"20"}, "reseller": {"7,5"}, "reserve": {"5"}, "days": {"90"}, "badDebt": {"publisher"}}
	w.written(rule, "€72.50", "€7.50", "€27.50")
	w.sees(w.Operator, "/operator/books/splits", "Relay", "reseller", "for 90 days", "never paid is at the publisher")
	w.sees(w.relay, "/publisher/revenue", "72.5", "for 90 days")
	w.written(url.Values{"kind": {"tiers"}, "tiers": {"1000: 70 / 30\r\n80/20"}, "discount": {"operator"}}, "€70.00", "when €1,000.00 was sold", "€80.00", "a discount", "−€10.00")
	w.written(url.Values{"kind": {"fixed"}, "kept": {"100"}, "each": {"0.02 EUR"}}, "for 100 units", "€98.00")
	w.sees(w.Operator, "/operator/books/splits", "up to 1,000.00 in a month", "€0.02 for every 1")
}

// written looks at the examples of a rule first, in which some words are; a rule that changed since is not written.
func (w *world) written(rule url.Values, words ...string) {
	w.t.Helper()
	const page = "/operator/books/splits/new"
	rec := w.post(w.Operator, page, rule)
	w.refused(rec, http.StatusOK, words...)
	seen := regexp.MustCompile(`name="seen" value="([0-9a-f]+)"`).FindStringSubmatch(rec.Body.String())
	if seen == nil {
		w.t.Fatalf("no examples of %v", rule)
	}
	other := maps.Clone(rule)
	other.Set("seen", seen[1])
	other.Set("reserve", "1")
	other.Set("days", "7")
	w.refused(w.post(w.Operator, page, other), http.StatusOK, "for 7 days")
	rule.Set("seen", seen[1])
	w.lands(w.post(w.Operator, page, rule), "/operator/books/splits")
}

// TestAResellerReadsItsMargin: by customer and month; not that of another reseller.
func TestAResellerReadsItsMargin(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	reseller := w.Business(t, w.Operator, "Rhône Revente", party.KindReseller)
	below := w.Business(t, reseller, "Petit Client", party.KindCustomer)
	other := w.Business(t, w.Operator, "Autre Revente", party.KindReseller)
	_, err := w.s.Settlements.SetRule(ctx, w.Operator, settlement.RuleInput{Terms: settlement.Terms{Clauses: []settlement.Clause{{Kind: settlement.Percent, Parts: settlement.Parts{Publisher: 5000, Operator: 2000, Resellers: []int{3000}}}}}})
	must(t, err)
	w.engine.Ask(nil)
	_, err = w.s.Orders.Place(ctx, below, order.PlaceInput{Key: "r", Language: "fr", Items: []order.ItemInput{{Offer: w.offer.Content.Key, Plan: "start", Parameters: json.RawMessage(`{"hosts":["c.example"]}`)}}})
	must(t, err)
	w.settle()
	w.Clock.Advance(26 * time.Hour)
	var issued []billing.Summary
	issued, err = w.s.Invoices.Issue(ctx, access.System("billing"), below.Org, w.Clock.Now())
	must(t, err)
	if len(issued) != 1 {
		t.Fatalf("%d invoices", len(issued))
	}
	w.settle()
	w.everywhere(reseller, "/operator/margin")
	w.sees(reseller, "/operator/margin", "The operator owes you", "Petit Client")
	w.sees(reseller, "/operator", "/operator/margin")
	if body := w.get(other, "en", "/operator/margin").Body.String(); strings.Contains(body, "Petit") || !strings.Contains(body, "Nothing was sold yet") {
		t.Error("another reseller sees it")
	}
	w.refused(w.get(w.relay, "en", "/operator/margin"), http.StatusForbidden)
}
