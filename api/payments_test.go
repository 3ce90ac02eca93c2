package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// statement is an account statement with one movement that names no invoice.
func statement(reference string) string {
	return `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>S</MsgId></GrpHdr><Stmt><Id>1</Id><Ntry><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>` +
		`<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-03-05</Dt></BookgDt><AcctSvcrRef>` + reference + `</AcctSvcrRef><NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>Somebody</Nm></Pty></Dbtr></RltdPties></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>`
}

// furnishPayments gives Acme a mandate, and the operator a collection and a movement that nobody knows.
func (w *world) furnishPayments(t testing.TB) {
	t.Helper()
	type thing struct {
		ID         string `json:"id"`
		Collection *struct {
			ID string `json:"id"`
		} `json:"collection"`
		Items []identified `json:"items"`
	}
	entity, org := "/entities/"+w.Entity, "/organisations/"+w.ids["org"]
	w.ids["entity"] = w.Entity
	w.call(t, "operator", http.MethodPut, entity+"/account", map[string]any{"iban": "FR7630006000011234567890189", "creditor": "FR72ZZZ123456"}, nil)
	give := map[string]any{"entity": w.Entity, "name": "Acme", "iban": "FR1420041010050500013M02606", "agreed": true}
	var mandate, waiting, ran, movements thing
	w.call(t, "owner", http.MethodPost, org+"/mandates", give, &mandate)
	give["agreed"] = false
	w.call(t, "owner", http.MethodPost, org+"/mandates", give, &waiting)
	w.call(t, "operator", http.MethodPost, entity+"/collections", nil, &ran)
	if ran.Collection == nil {
		t.Fatal("Acme owes nothing that could be collected")
	}
	if r := w.do(t, "operator", http.MethodPost, entity+"/bank-files", "application/xml", []byte(statement("1"))); r.status != http.StatusOK {
		t.Fatalf("%d %s", r.status, r.body)
	}
	w.call(t, "operator", http.MethodGet, "/movements?state=desk", nil, &movements)
	w.ids["mandate"], w.ids["waiting"], w.ids["collection"], w.ids["movement"] = mandate.ID, waiting.ID, ran.Collection.ID, movements.Items[0].ID
}

type identified struct {
	ID string `json:"id"`
}

// What an account number is in full, nobody reads but the bank: not in an answer, not in a refusal.
func TestAccountNumbersStayMasked(t *testing.T) {
	k := newKeeper(t)
	for _, path := range []string{"/organisations/" + k.ids["org"] + "/payments", "/organisations/" + k.ids["org"] + "/mandates", "/mandates/" + k.ids["mandate"]} {
		r := k.do(t, "owner", http.MethodGet, path, "", nil)
		if r.status != http.StatusOK || strings.Contains(string(r.body), "2004101005") || !strings.Contains(string(r.body), "2606") {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	r := k.do(t, "owner", http.MethodPost, "/organisations/"+k.ids["org"]+"/mandates", "application/json", []byte(`{"entity":"`+k.Entity+`","name":"","iban":"FR1420041010050500013M02607","agreed":true}`))
	if r.status != http.StatusUnprocessableEntity || strings.Contains(string(r.body), "2004101005") {
		t.Errorf("%d %s", r.status, r.body)
	}
	r = k.do(t, "operator", http.MethodPost, "/collections/"+k.ids["collection"]+"/file", "", nil)
	if r.status != http.StatusOK || !strings.Contains(string(r.body), "FR1420041010050500013M02606") {
		t.Errorf("the file for the bank: %d %s", r.status, r.body)
	}
}

// Services stop only by a market's plan, two weeks after the notice, and go on once the invoice is paid. The customer reads
// all the while.
func TestServicesOfAnUnpaidInvoiceStopAndGoOn(t *testing.T) {
	k := newKeeper(t)
	run := func(days int) {
		k.Clock.Advance(time.Duration(days) * 24 * time.Hour)
		must(t, k.services.Dunnings.Run(context.Background()))
	}
	stopped := func() (n int) {
		var list struct {
			Items []struct {
				State   string   `json:"state"`
				Reasons []string `json:"reasons"`
			} `json:"items"`
		}
		k.call(t, "owner", http.MethodGet, "/services", nil, &list)
		for _, s := range list.Items {
			if s.State == "suspended" {
				n++
			}
		}
		return n
	}
	k.call(t, "operator", http.MethodPost, "/collections/"+k.ids["collection"]+"/drop", nil, nil)
	k.Clock.Advance(48 * time.Hour)
	k.settle(t)
	k.call(t, "operator", http.MethodPost, "/organisations/"+k.ids["org"]+"/invoices", nil, nil)
	today := k.Clock.Now().UTC().Format(time.DateOnly)
	k.call(t, "operator", http.MethodPut, "/markets/"+k.Market.ID+"/reminders", map[string]any{"from": today, "steps": []any{map[string]any{"kind": "notice", "days": 5}, map[string]any{"kind": "stop", "days": 19}}}, nil)
	before := stopped()
	if run(25); stopped() != before {
		t.Error("services stopped with the notice")
	}
	if run(13); stopped() != before {
		t.Error("services stopped within two weeks of the notice")
	}
	if run(2); stopped() <= before {
		t.Fatalf("nothing stopped: %s", k.do(t, "owner", http.MethodGet, "/organisations/"+k.ids["org"]+"/reminders", "", nil).body)
	}
	var owed struct {
		Owed []struct {
			Invoice struct {
				ID string `json:"id"`
			} `json:"invoice"`
			Owed string `json:"owed"`
		} `json:"owed"`
	}
	k.call(t, "owner", http.MethodGet, "/organisations/"+k.ids["org"]+"/payments", nil, &owed)
	for _, i := range owed.Owed {
		k.call(t, "operator", http.MethodPost, "/invoices/"+i.Invoice.ID+"/payments", map[string]any{"amount": i.Owed, "received": today, "reference": "r"}, nil)
	}
	if run(0); stopped() != before {
		t.Error("what was paid still stands still")
	}
}
