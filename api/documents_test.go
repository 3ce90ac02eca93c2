package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestDocumentsForMachines takes an invoice in each format, as who may and as who may not.
func TestDocumentsForMachines(t *testing.T) {
	w := onSQLite(t)
	path := "/invoices/" + w.ids["invoice"] + "/document?format="
	lacks := w.do(t, "owner", "GET", path+"ubl", "", nil)
	if lacks.status != http.StatusUnprocessableEntity || !strings.Contains(string(lacks.body), `"BT-31"`) || !strings.Contains(string(lacks.body), "einvoice.invalid") {
		t.Fatalf("a seller without VAT identifier: %d %s", lacks.status, lacks.body)
	}
	for _, a := range []struct {
		as, format string
		status     int
	}{
		{"publisher", "ubl", 404}, {"stranger", "ubl", 404}, {"stranger", "xrechnung", 404}, {"reseller", "cii", 404}, // as if it were not there
		{"technical", "ubl", 403}, {"nobody", "ubl", 401},
		{"owner", "../../etc/passwd", 422}, {"owner", "en16931", 422}, {"owner", "peppol-cii", 422}, {"owner", "UBL", 422}, {"owner", strings.Repeat("x", 5000), 422},
	} {
		r := w.do(t, a.as, "GET", path+a.format, "", nil)
		if r.status != a.status || strings.Contains(string(r.body), "INV-") {
			t.Errorf("%s asks for %.20s: %d %s", a.as, a.format, r.status, r.body)
		}
	}
	if r := w.do(t, "owner", "GET", "/invoices/inv_none/document?format=ubl", "", nil); r.status != http.StatusNotFound {
		t.Errorf("no such invoice: %d", r.status)
	}
}
