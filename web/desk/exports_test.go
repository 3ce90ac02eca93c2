package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestTheAccountantGetsTheBooks: what is missing is said at the form, then the file comes under its name; nobody else gets it.
func TestTheAccountantGetsTheBooks(t *testing.T) {
	w := newWorld(t)
	year := url.Values{"format": {"fec"}, "from": {"2026-01-01"}, "to": {"2026-12-31"}}
	w.sees(w.Operator, "/operator/exports", "Buchungsstapel", "Plan comptable")
	w.refused(w.post(w.Operator, "/operator/exports", year), http.StatusUnprocessableEntity, "SIREN")
	w.refused(w.post(w.Operator, "/operator/exports/settings", url.Values{"siren": {"123456789"}, "adviser": {"x"}}), http.StatusUnprocessableEntity, "SIREN", "1001")
	w.lands(w.post(w.Operator, "/operator/exports/settings", url.Values{"siren": {"552100554"}, "year_month": {"1"}, "chart": {"skr04"}}), "/operator/exports")
	rec := w.post(w.Operator, "/operator/exports", year)
	if rec.Code != http.StatusOK || !strings.Contains(rec.Header().Get("Content-Disposition"), "552100554FEC20261231.txt") || !strings.HasPrefix(rec.Body.String(), "JournalCode|") {
		t.Errorf("%d %v %.80s", rec.Code, rec.Header(), rec.Body)
	}
	w.refused(w.post(w.Operator, "/operator/exports/charts/pcg", url.Values{"code-revenue": {"411000"}}), http.StatusUnprocessableEntity, "number")
	w.lands(w.post(w.Operator, "/operator/exports/charts/pcg", url.Values{"code-revenue": {"706100"}, "code-bank": {"512000"}}), "/operator/exports")
	w.sees(w.Operator, "/operator/exports/charts/pcg", "706100")
	for _, path := range []string{"", "/settings", "/charts/pcg"} {
		w.refused(w.post(w.acme, "/operator/exports"+path, year), http.StatusForbidden)
		w.refused(w.post(w.auditor, "/operator/exports"+path, year), http.StatusForbidden)
	}
}
