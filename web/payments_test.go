package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/web/design/designtest"
)

// A customer gives a mandate, is told what is wrong with one, and revokes it; nobody else touches it.
func TestAMandateIsGivenAndRevoked(t *testing.T) {
	w := newWorld(t)
	_, err := w.s.Collects.SetAccount(ctx, w.Operator, collect.AccountInput{Entity: w.Entity, IBAN: "FR7630006000011234567890189", CreditorID: "FR72ZZZ123456"})
	must(t, err)
	b := w.as(t, w.acme, "en")
	give := "/payments/mandates/" + w.Entity
	form := url.Values{"name": {"Acme"}, "iban": {"FR14 2004 1010 0505 0001 3M02 606"}, "agree": {"yes"}}
	for field, bad := range map[string]url.Values{"iban": {"name": {"Acme"}, "iban": {"FR14 2004 1010 0505 0001 3M02 607"}, "agree": {"yes"}}, "name": {"iban": form["iban"], "agree": {"yes"}}, "agree": {"name": {"Acme"}, "iban": form["iban"]}} {
		if status, page, _ := b.post(give, bad); status != http.StatusUnprocessableEntity || !strings.Contains(page, `id="`+field+`-error"`) {
			t.Errorf("%s: %d\n%s", field, status, page)
		}
	}
	if status, page, to := b.post(give, form); status != http.StatusSeeOther || to != "/payments" {
		t.Fatalf("%d %s\n%s", status, to, page)
	}
	for _, lang := range []string{"en", "fr"} {
		_, page := w.as(t, w.acme, lang).get("/payments")
		if !strings.Contains(page, "2606") || strings.Contains(page, "2004 1010") || strings.Contains(page, "2004101005") {
			t.Errorf("%s: the account is not masked\n%s", lang, page)
		}
		for _, fault := range designtest.Faults(page) {
			t.Error(fault)
		}
	}
	_, page := b.get("/payments")
	revoke := regexp.MustCompile(`/payments/mandates/mdt_[a-z0-9_]+/revoke`).FindString(page)
	if status, page := b.get(revoke); status != http.StatusOK || !strings.Contains(page, "Your services go on.") {
		t.Errorf("%d %s", status, page)
	}
	if status, _, _ := w.as(t, w.house, "en").post(revoke, nil); status != http.StatusNotFound {
		t.Errorf("a stranger revokes: %d", status)
	}
	if status, _ := w.as(t, w.house, "en").get(revoke); status != http.StatusNotFound {
		t.Errorf("a stranger looks: %d", status)
	}
	if status, _, _ := w.as(t, w.technical, "en").post(revoke, nil); status != http.StatusForbidden {
		t.Errorf("a technical member revokes: %d", status)
	}
	if _, _, to := b.post(revoke, nil); to != "/payments" {
		t.Errorf("it led to %q", to)
	}
	if _, page := b.get("/payments"); !strings.Contains(page, "revoked by you") {
		t.Errorf("it is not revoked\n%s", page)
	}
}
