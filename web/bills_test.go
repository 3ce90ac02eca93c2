package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/web/design/designtest"
)

// versionIn is the version that a form of the page carries.
func versionIn(page, action string) string {
	_, after, _ := strings.Cut(page, `action="`+action+`"`)
	found := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(after)
	if found == nil {
		return ""
	}
	return found[1]
}

// A company says what stands on its bills; who may not is refused, and strangers find nothing.
func TestWhatStandsOnTheBills(t *testing.T) {
	w := newWorld(t)
	b := w.as(t, w.acme, "en")
	const at = "/organisation/bills"
	_, page := b.get(at)
	_, reach, _ := strings.Cut(page, `<select id="endpoint_scheme"`)
	if at := strings.Index(reach, "SIREN, annuaire (0225)"); at < 0 || at > strings.Index(reach, "Leitweg-ID") {
		t.Errorf("the kinds of France do not come first\n%s", page)
	}
	if status, page, to := b.post(at, url.Values{"buyer_reference": {"04011000-1234512345-06"}, "purchase_order": {"PO-7"}, "version": {versionIn(page, at)}}); status != http.StatusSeeOther || to != at {
		t.Fatalf("%d %s\n%s", status, to, page)
	}
	company := url.Values{"name": {"Acme SAS"}, "vat_id": {"FR61954506077"}, "scheme": {"0002"}, "registration": {"954 506 077"}, "street": {"12 rue de la Santé"}, "postcode": {"75013"}, "city": {"Paris"},
		"version": {versionIn(page, at+"/company")}}
	for field, bad := range map[string]string{"city": "", "vat_id": "FR61954506078", "registration": "954506078"} {
		wrong := url.Values{}
		for k, v := range company {
			wrong[k] = v
		}
		wrong.Set(field, bad)
		if status, page, _ := b.post(at+"/company", wrong); status != http.StatusUnprocessableEntity || !strings.Contains(page, `id="`+field+`-error"`) {
			t.Errorf("%s: %d\n%s", field, status, page)
		}
	}
	if status, page, to := b.post(at+"/company", company); status != http.StatusSeeOther || to != at {
		t.Fatalf("%d %s\n%s", status, to, page)
	}
	if status, page, _ := b.post(at+"/company", company); status != http.StatusPreconditionFailed || !strings.Contains(page, "changed by somebody else") {
		t.Errorf("an old page is taken: %d", status)
	}
	if status, page, to := b.post(at+"/reach", url.Values{"endpoint_scheme": {"0225"}, "endpoint": {"954506077"}, "contact_name": {"Compta"}, "contact_email": {"compta@acme.example"}}); status != http.StatusSeeOther || to != at {
		t.Fatalf("%d %s\n%s", status, to, page)
	}
	for _, lang := range []string{"en", "fr"} {
		_, page := w.as(t, w.acme, lang).get(at)
		for _, want := range []string{"PO-7", "954506077", "75013", "compta@acme.example", "Acme SAS"} {
			if !strings.Contains(page, `value="`+want+`"`) {
				t.Errorf("%s: no %s", lang, want)
			}
		}
		for _, fault := range designtest.Faults(page) {
			t.Error(fault)
		}
	}
	books := w.Join(t, w.acme, w.acme.Org, "books@acme.example", access.RoleBilling)
	if _, page := w.as(t, books, "en").get(at); strings.Contains(page, at+"/company") || !strings.Contains(page, `name="purchase_order"`) || !strings.Contains(page, "compta@acme.example") {
		t.Errorf("the accountant sees\n%s", page)
	}
	if status, _, _ := w.as(t, books, "en").post(at+"/company", company); status != http.StatusForbidden {
		t.Errorf("the accountant changes the company: %d", status)
	}
	if status, _, _ := w.as(t, w.technical, "en").post(at, url.Values{"purchase_order": {"PO-8"}}); status != http.StatusForbidden {
		t.Errorf("a technical member changes it: %d", status)
	}
	if _, page := w.as(t, w.rival, "en").get(at); strings.Contains(page, "PO-7") || strings.Contains(page, "compta@") {
		t.Error("a rival sees it")
	}
	if status, _ := w.as(t, w.house, "en").get(at); status != http.StatusNotFound {
		t.Errorf("a household has such a page: %d", status)
	}
}

// A company asks about its own VAT number; who may not is refused.
func TestACompanyAsksAboutItsVATNumber(t *testing.T) {
	w := newWorld(t)
	list, err := w.Parties.Entities(ctx, w.acme, w.acme.Org)
	must(t, err)
	e := list[0]
	e.VATID = "FR61954506077"
	_, err = w.Parties.SetEntity(ctx, w.acme, e)
	must(t, err)
	const at = "/organisation/bills"
	b := w.as(t, w.acme, "en")
	if _, page := b.get(at); !strings.Contains(page, "Nobody was asked yet") {
		t.Errorf("before it was asked:\n%s", page)
	}
	if status, page, to := b.post(at+"/vat", nil); status != http.StatusSeeOther || to != at+"#vat" {
		t.Fatalf("%d %s\n%s", status, to, page)
	}
	for lang, want := range map[string]string{"en": "Its form and check digits are right", "fr": "Sa forme et sa clé sont justes"} {
		_, page := w.as(t, w.acme, lang).get(at)
		if !strings.Contains(page, want) {
			t.Errorf("%s\n%s", lang, page)
		}
		for _, fault := range designtest.Faults(page) {
			t.Error(fault)
		}
	}
	if status, _, _ := w.as(t, w.technical, "en").post(at+"/vat", nil); status != http.StatusForbidden {
		t.Errorf("a technical member asks: %d", status)
	}
	if status, _, _ := w.as(t, w.house, "en").post(at+"/vat", nil); status != http.StatusNotFound {
		t.Errorf("a household asks: %d", status)
	}
}
