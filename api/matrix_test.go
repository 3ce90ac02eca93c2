package api_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/signin"
)

var signinFrom = signin.Origin{Address: "192.0.2.7", Agent: "test"}

// operation is one of the description.
type operation struct {
	ID, Method, Path string
	Public           bool
	params           []string // of the path
}

// operations reads the description that is checked in.
func operations(t testing.TB) []operation {
	t.Helper()
	text, err := os.ReadFile("openapi.json")
	must(t, err)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Security    []map[string][]string
		}
	}
	must(t, json.Unmarshal(text, &doc))
	var all []operation
	for path, methods := range doc.Paths {
		for method, op := range methods {
			o := operation{ID: op.OperationID, Method: strings.ToUpper(method), Path: strings.TrimPrefix(path, "/api/v1"), Public: len(op.Security[0]) == 0}
			for _, step := range strings.Split(path, "/") {
				if name, ok := strings.CutPrefix(step, "{"); ok {
					o.params = append(o.params, strings.TrimSuffix(name, "}"))
				}
			}
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return all
}

// special are operations that need another of Acme's things than the usual one.
var special = map[string]map[string]string{
	"approveOrder": {"order": "held"}, "rejectOrder": {"order": "held"}, "submitOffer": {"version": "draft"}, "publishOffer": {"version": "review"}, "returnOffer": {"version": "review"},
	"listVATChecks": {"entity": "company"}, "checkVAT": {"entity": "company"}, "signMandate": {"mandate": "waiting"}, "getLicences": {"service": "licensed"}, "takeSeat": {"service": "licensed"}, "renewSeat": {"service": "licensed"}, "returnSeat": {"service": "licensed"},
	"assignSeat": {"service": "named"}, "releaseSeat": {"service": "named"}, "declareLicence": {"service": "licensed"}, "compareLicence": {"service": "licensed"},
}

const yaml = "application/yaml"

// bodies are what each operation is asked with; one that is not here is sent {} where it takes something.
func (w *world) bodies(t testing.TB) map[string]string {
	return map[string]string{
		"signIn": `{"email":"buyer@acme.example","password":"wrong"}`, "signUp": `{"name":"X","email":"x@home.example","password":"long enough 123","country":"FR","language":"fr","market":"` + w.ids["market"] + `"}`,
		"act": `{"org":"` + w.ids["org"] + `"}`, "confirmAddress": `{"secret":"x"}`, "askReset": `{"email":"nobody@acme.example"}`, "resetPassword": `{"secret":"x","password":"long enough 123"}`,
		"acceptInvitation": `{"secret":"x"}`, "changePassword": `{"old":"a","new":"long enough 123"}`, "updateMe": `{"phone":"+33 1"}`,
		"createOrganisation": `{"parent":"` + w.ids["org"] + `","name":"Ward","kinds":["unit"],"country":"FR","language":"en"}`, "updateOrganisation": `{"name":"Acme 2"}`,
		"setKinds": `{"kinds":["customer","publisher"]}`, "setFirstMarket": `{"market":"` + w.ids["market"] + `"}`, "setEntity": `{"name":"Acme SAS","country":"FR"}`, "setBillData": `{"buyerReference":"B-1"}`, "decideVAT": `{"decision":"keep","note":"x"}`,
		"inviteMember": `{"email":"y@acme.example","roles":["member"]}`, "createToken": `{"name":"t","scopes":["order.read"]}`,
		"createMarket": `{"name":"M","brand":"M","domain":"m.example","country":"FR","currency":"EUR","languages":["en"],"sellsTo":"both","firstLimit":1,"vatMode":"net","entity":"` + w.Entity + `"}`,
		"setMarket":    `{"name":"M","brand":"M","domain":"m.example","country":"FR","currency":"EUR","languages":["en"],"sellsTo":"both","firstLimit":1,"vatMode":"net","entity":"` + w.Entity + `"}`,
		"importOffer":  w.demo(t, "atlantic-mqtt"), "simulatePrice": w.demo(t, "atlantic-mqtt"), "importResidencyFacts": w.demo(t, "clouds"), "returnOffer": `{"note":"more"}`, "withdrawOffer": `{"note":"over"}`,
		"createQuote": `{"org":"` + w.ids["org"] + `","items":[{"offer":"m2m-broker","plan":"flex"}]}`,
		"placeOrder":  `{"org":"` + w.ids["org"] + `","items":[{"offer":"m2m-broker","plan":"flex","dataClass":"internal"}]}`,
		"rejectOrder": `{"reason":"no"}`, "cancelOrder": `{"reason":"no"}`, "setLimit": `{"max":100}`, "setBudget": `{"amount":"50.00 EUR"}`, "setApprovalRule": `{"above":"10.00 EUR"}`,
		"changeService": `{"plan":"flex","parameters":{"interval_ms":700}}`, "changeManaged": `{"name":"pump-7"}`,
		"previewResidencyPolicy": `{"all":{"countries":["FR"]}}`, "previewMarketPolicy": `{"default":"internal","classes":{"internal":{}}}`, "previewResidencyFacts": w.demo(t, "clouds"),
		"explainResidencyPolicy": `{"asks":[{"class":"personal"}]}`, "approveResidencyProposal": `{"base":"1"}`, "rejectResidencyProposal": `{}`,
		"setResidencyPolicy": `{"all":{"countries":["FR"]}}`, "setMarketPolicy": `{"default":"internal","classes":{"internal":{}}}`,
		"sendUsage":    `{"specversion":"1.0","id":"e","source":"s","type":"halle.usage.watermark.v1","subject":"` + w.ids["service"] + `","data":{"through":"2026-03-02T09:00:00Z"}}`,
		"registerCopy": `{"service":"` + w.ids["service"] + `","kind":"backup","region":"lyon"}`, "adoptCopy": `{"reason":"x"}`, "retireCopy": `{"reason":"x"}`, "acceptRemedy": `{"reason":"x","until":"2026-05-01T00:00:00Z"}`,
		"tagService":  `{"tags":{"project":"x"}}`,
		"giveMandate": `{"entity":"` + w.Entity + `","name":"Acme","iban":"FR1420041010050500013M02606","agreed":true}`, "signMandate": `{}`,
		"setAccount":     `{"iban":"FR7630006000011234567890189","creditor":"FR72ZZZ123456"}`,
		"setDunning":     `{"from":"2030-01-01","steps":[{"kind":"friendly","days":3}]}`,
		"importBankFile": statement("2"), "decideMovement": `{"keep":"` + w.ids["org"] + `"}`,
		"closeRevenueStatements": `{"through":"2026-03-02"}`, "writeOffInvoice": `{"reason":"insolvent"}`, "bookFee": `{"amount":"0.01 EUR","what":"return","reference":"f"}`, "setPayee": `{"name":"Atelier","iban":"FR1420041010050500013M02606"}`, "orderPayout": `{"currency":"EUR"}`, "endPayout": `{"state":"paid","reference":"r"}`, "lockLedger": `{"through":"2026-03-01"}`,
		"setSplitRule":  `{"publisher":"` + w.who["publisher"].Org + `","terms":{"clauses":[{"kind":"percent","parts":{"publisher":7000,"operator":3000}}]}}`,
		"recordPayment": `{"amount":"0.01 EUR","received":"2026-03-05","reference":"r"}`, "creditInvoice": `{"reason":"error"}`,
		"setMarketBilling": `{"mode":"own"}`, "answerHandOver": `{"answers":[{"line":"x/1","state":"acknowledged"}]}`,
		"setExportSettings": `{"siren":"552100554"}`,
		"prepareClose":      `{"month":"2026-02"}`, "approveClose": `{"round":1}`,
		"takeSeat": `{"holder":"h-2","device":"d-2"}`, "renewSeat": `{}`, "assignSeat": `{"person":"` + w.who["technical"].Person + `"}`, "refuseLicence": `{"reason":"no"}`,
		"declareLicence": `{"number":"CD-2","seats":3,"to":"2027-03-01T00:00:00Z","attested":true}`,
		"openDispute":    `{"window":"` + w.ids["window"] + `","events":[{"id":"e-0"}],"reason":"x"}`,
		"acceptDispute":  `{}`, "refuseDispute": `{"reason":"x"}`, "escalateDispute": `{"reason":"x"}`, "withdrawDispute": `{}`,
		"releaseHeldEvent": `{"reason":"x"}`, "rejectHeldEvent": `{"reason":"x"}`,
		"retryParked": `{"reader":"billing","position":1}`, "skipParked": `{"reader":"billing","position":1,"reason":"x"}`, "answerWorkOrder": `{}`,
	}
}

func (w *world) demo(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "cmd", "halle", "demo", file+".yaml"))
	must(t, err)
	return string(text)
}

// queries are what an operation's address needs beyond its path.
func (w *world) query(id string) string {
	switch id {
	case "listPlaces":
		return "?market=" + w.ids["market"]
	case "getUsage":
		return "?from=2026-03-01T00:00:00Z&to=2026-03-06T00:00:00Z&org=" + w.ids["org"]
	case "listQuotes", "listOrders", "listServices", "listQuarantine", "listDisputes", "listInvoices", "listFacts", "getFact", "getReceipt", "getStatement":
		return "?org=" + w.ids["org"]
	case "listSplitRules":
		return "?publisher=" + w.who["publisher"].Org
	case "exportLedger":
		return "?format=journal&from=2026-01-01&to=2026-12-31"
	case "comparePrices":
		return "?plan=flex"
	case "compareLicence":
		return "?plan=use"
	case "listOrganisations":
		return "?below=" + w.ids["org"]
	}
	return ""
}

// ofPublisher are operations on what belongs to the publisher of Acme's services.
var ofPublisher = []string{"importOffer", "simulatePrice", "listOfferVersions", "listSubscribers", "listSoldLicences", "listEarnings", "listPositions", "listHolds",
	"listRevenueStatements", "closeRevenueStatements", "listPayouts", "orderPayout", "getPayees", "setPayee"}

// ask sends an operation as somebody, about Acme's things. own replaces identifiers by their parameter.
func (w *world) ask(t testing.TB, as string, op operation, bodies, own map[string]string) reply {
	t.Helper()
	path := op.Path
	for _, p := range op.params {
		id := w.ids[p]
		if name, ok := special[op.ID][p]; ok {
			id = w.ids[name]
		}
		if p == "org" && slices.Contains(ofPublisher, op.ID) {
			id = w.who["publisher"].Org
		}
		if other, ok := own[p]; ok {
			id = other
		}
		if id == "" {
			t.Fatalf("%s: the world has no %s", op.ID, p)
		}
		path = strings.Replace(path, "{"+p+"}", id, 1)
	}
	media, body := "", ""
	if slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, op.Method) {
		media, body = "application/json", bodies[op.ID]
	}
	switch op.ID {
	case "importOffer", "simulatePrice", "importResidencyFacts", "previewResidencyFacts":
		media = yaml
	case "importBankFile":
		media = "application/xml"
	case "sendUsage":
		media = "application/cloudevents+json"
	}
	if body == "" {
		media = ""
	}
	w.n++
	return w.do(t, as, op.Method, path+w.query(op.ID), media, []byte(body), "Idempotency-Key", fmt.Sprint("key-", w.n))
}

// keeper restores an installation on SQLite to how it was.
type keeper struct {
	*world
	path  string
	bytes []byte
}

func newKeeper(t testing.TB) *keeper {
	t.Helper()
	k := &keeper{path: filepath.Join(t.TempDir(), "halle.db")}
	db := k.open(t)
	must(t, db.Migrate(context.Background(), sets()...))
	k.world = newWorld(t, db)
	t.Cleanup(func() { must(t, k.DB.Close()) })
	must(t, k.DB.Close())
	var err error
	k.bytes, err = os.ReadFile(k.path)
	must(t, err)
	k.DB = k.open(t)
	k.wire(t)
	return k
}

func (k *keeper) open(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), "sqlite:"+k.path+"?sync=off")
	must(t, err)
	return db
}

func (k *keeper) restore(t testing.TB) {
	t.Helper()
	must(t, k.DB.Close())
	for _, suffix := range []string{"-wal", "-shm"} {
		must(t, os.RemoveAll(k.path+suffix))
	}
	must(t, os.WriteFile(k.path, k.bytes, 0o600))
	k.DB = k.open(t)
	k.wire(t)
}

// columns of the matrix: the roles at Acme, then those who stand above or beside it.
var columns = []string{"nobody", "owner", "buyer", "billing", "technical", "member", "auditor", "publisher", "operator", "support", "support with purpose",
	"auditor of the operator", "reseller", "stranger", "unit", "child"}

// TestEveryRouteForEveryRole walks the description: each operation, asked by everybody about Acme's things.
func TestEveryRouteForEveryRole(t *testing.T) {
	k := newKeeper(t)
	bodies := k.bodies(t)
	var out bytes.Buffer
	fmt.Fprintf(&out, "The status of each operation about Acme's things, by who asks.\n\n%-56s%s\n", "", strings.Join(short(columns), " "))
	for _, op := range operations(t) {
		row := make([]string, len(columns))
		for i, as := range columns {
			r := k.ask(t, as, op, bodies, nil)
			row[i] = fmt.Sprint(r.status)
			if r.status >= 500 {
				t.Errorf("%s as %s: status %d: %s", op.ID, as, r.status, r.body)
			}
			if r.status < 300 && op.Method != http.MethodGet {
				k.restore(t)
			}
			if !op.Public && as == "nobody" && r.status != http.StatusUnauthorized {
				t.Errorf("%s is open to the street: status %d", op.ID, r.status)
			}
		}
		fmt.Fprintf(&out, "%-56s%s\n", op.Method+" "+op.Path, strings.Join(widen(row), " "))
	}
	golden(t, "testdata/matrix.golden", out.Bytes())
}

// short are the heads of the columns.
func short(names []string) []string {
	heads := map[string]string{"technical": "techn", "publisher": "publr", "operator": "opert", "support": "suppt", "support with purpose": "purps", "auditor": "audit",
		"auditor of the operator": "opaud", "reseller": "resel", "stranger": "strng", "billing": "billg", "member": "membr", "nobody": "nobdy"}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = cmp.Or(heads[n], n)
	}
	return widen(out)
}

func widen(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = fmt.Sprintf("%-5s", c)
	}
	return out
}

// outsiders have nothing to do with Acme: beside it, in another branch, at another publisher, or above it in another branch.
var outsiders = []string{"stranger", "child", "reseller", "stranger publisher"}

// nonsense is an identifier like another that was never given.
func nonsense(id string) string {
	if len(id) < 12 || !strings.Contains(id, "_") {
		return id
	}
	return id[:len(id)-8] + "zzzzzzzz"
}

// TestNoTenantSeesAnother tries each identifier of Acme as everybody who has nothing to do with it. The answer is the
// one that an identifier that was never given gets.
func TestNoTenantSeesAnother(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) { noTenantSeesAnother(t, newWorld(t, db)) })
}

func noTenantSeesAnother(t *testing.T, k *world) {
	bodies := k.bodies(t)
	tried := 0
	for _, op := range operations(t) {
		if op.Public || len(op.params) == 0 || about(op) {
			continue
		}
		for _, as := range outsiders {
			r := k.ask(t, as, op, bodies, nil)
			tried++
			if r.status != http.StatusNotFound && r.status != http.StatusForbidden {
				t.Errorf("%s as %s: status %d: %s", op.ID, as, r.status, r.body)
				continue
			}
			made := map[string]string{}
			for _, p := range op.params {
				made[p] = nonsense(k.ids[p])
				if name, ok := special[op.ID][p]; ok {
					made[p] = nonsense(k.ids[name])
				}
				if p == "org" && slices.Contains(ofPublisher, op.ID) {
					made[p] = nonsense(k.who["publisher"].Org)
				}
			}
			never := k.ask(t, as, op, bodies, made)
			p, q := r.problem(t), never.problem(t)
			p.Args, q.Args = nil, nil
			p.Detail, q.Detail = strings.ReplaceAll(p.Detail, k.who["publisher"].Org, nonsense(k.who["publisher"].Org)), strings.ReplaceAll(q.Detail, k.who["publisher"].Org, nonsense(k.who["publisher"].Org))
			for _, real := range slices.Sorted(maps.Keys(k.ids)) {
				p.Detail = strings.ReplaceAll(p.Detail, k.ids[real], nonsense(k.ids[real]))
				q.Detail = strings.ReplaceAll(q.Detail, k.ids[real], nonsense(k.ids[real]))
			}
			if p.Status != q.Status || p.Code != q.Code || p.Detail != q.Detail {
				t.Errorf("%s as %s tells a thing of Acme's (%d %s: %s) from one that does not exist (%d %s: %s)", op.ID, as, p.Status, p.Code, p.Detail, q.Status, q.Code, q.Detail)
			}
		}
	}
	t.Logf("%d tries", tried)
}

// about tells operations whose identifiers are no tenant's: what is on a public shelf, or the operator's own machinery.
func about(op operation) bool {
	return slices.Contains([]string{"reviveJob", "getAccount", "getDunning", "setDunning", "setMarketPolicy", "setMarket", "getMarketBilling", "setMarketBilling", "listHandOvers", "makeHandOver", "getHandOverFile", "listHandOverLines", "answerHandOver", "handOverAgain", "importOffer", "simulatePrice", "listOfferVersions", "listSubscribers", "listSoldLicences", "withdrawOffer"}, op.ID)
}
