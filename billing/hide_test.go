package billing

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/proof"
)

// TestAHouseholdIsHiddenWithEveryField fills every text of a buyer with one word and looks for it in what staff see.
func TestAHouseholdIsHiddenWithEveryField(t *testing.T) {
	const secret = "Jeanne"
	v := View{Document: &proof.Invoice{Buyer: proof.InvoiceParty{Name: secret, Address: secret, Country: "FR", VATID: secret, Registration: secret, Street: secret, Street2: secret,
		City: secret, Postcode: secret, Region: secret, Scheme: secret, TaxNumber: secret, LegalInfo: secret, Trading: secret,
		Endpoint: proof.InvoiceAddress{Scheme: secret, ID: secret}, Contact: proof.InvoiceContact{Name: secret, Phone: secret, Email: secret}},
		InvoiceTrade: proof.InvoiceTrade{Order: secret, BuyerReference: secret, Accounting: secret, Payment: proof.InvoicePayment{Mandate: secret, Debited: secret}}}}
	hide(&v, access.Caller{Person: "per_1", Org: "org_op", Path: "/org_op/"}, party.Organisation{ID: "org_h", Path: "/org_op/org_h/"})
	text, err := json.Marshal(v.Document)
	if err != nil || !v.Hidden || strings.Contains(string(text), secret) {
		t.Fatalf("hidden %v, %v: %s", v.Hidden, err, text)
	}
	if v.Document.Buyer.Country != "FR" {
		t.Error("the country says which tax applies and stays")
	}
}
