package desk_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/halle-cloud/halle/party"
)

// said answers about VAT numbers as it was told.
type said party.VATOutcome

func (s said) CheckVAT(context.Context, string, string) party.VATAnswer {
	return party.VATAnswer{Outcome: party.VATOutcome(s), Consultation: "WAPI1"}
}

// TestTheVATDesk: a number that is no longer valid waits for the operator; nobody else sees it.
func TestTheVATDesk(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	list, err := w.Parties.Entities(ctx, w.acme, w.acme.Org)
	must(t, err)
	e := list[0]
	e.VATID = "FR61954506077"
	_, err = w.Parties.SetEntity(ctx, w.acme, e)
	must(t, err)
	var k party.VATCheck
	for _, says := range []party.VATOutcome{party.VATValid, party.VATInvalid} {
		w.Parties.AskVAT(said(says))
		k, err = w.Parties.CheckVAT(ctx, w.acme, w.acme.Org, e.ID)
		must(t, err)
	}
	at := "/operator/vat/" + k.ID
	w.refused(w.get(w.Operator, "en", "/operator"), http.StatusOK, "VAT number is no longer valid")
	w.refused(w.get(w.Operator, "en", "/operator/vat"), http.StatusOK, "FR61954506077", "WAPI1")
	w.refused(w.get(w.Operator, "fr", at), http.StatusOK, "Garder le numéro", "Interrogez d’abord le client")
	w.refused(w.post(w.Operator, at, url.Values{"decision": {"keep"}}), http.StatusUnprocessableEntity, "is needed to keep the number")
	w.refused(w.post(w.Operator, "/operator/vat/vat_test_nothing", url.Values{"decision": {"withdraw"}}), http.StatusNotFound)
	w.lands(w.post(w.Operator, at, url.Values{"decision": {"keep"}, "note": {"The register is being mended"}}), "/operator/vat")
	w.refused(w.get(w.Operator, "en", at), http.StatusNotFound)
}
