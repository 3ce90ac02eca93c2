package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/api"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/settlement/payout"
)

// customerRoles are the roles that people of Acme have, one each.
var customerRoles = []access.Role{access.RoleOwner, access.RoleBuyer, access.RoleBilling, access.RoleTechnical, access.RoleMember, access.RoleAuditor}

// cast makes the people: Acme with one of each role and a unit; a publisher; a stranger; a reseller with a customer; staff.
func (w *world) cast(t testing.TB) {
	t.Helper()
	w.who["operator"] = w.Operator
	acme := w.Business(t, w.Operator, "Acme", party.KindCustomer)
	for _, role := range customerRoles {
		w.who[string(role)] = acme
		if role != access.RoleOwner {
			w.who[string(role)] = w.Join(t, acme, acme.Org, string(role)+"@acme.example", role)
		}
	}
	w.who["publisher"] = w.Join(t, w.Business(t, w.Operator, "Relay", party.KindPublisher), w.lastOrg(t, "Relay"), "paul@relay.example", access.RolePublisher)
	w.who["stranger"] = w.Business(t, w.Operator, "Beta", party.KindCustomer)
	w.who["stranger publisher"] = w.Business(t, w.Operator, "Other", party.KindPublisher)
	w.who["unit"] = w.Business(t, acme, "Unit", party.KindUnit)
	w.who["reseller"] = w.Business(t, w.Operator, "Resale", party.KindReseller)
	w.who["child"] = w.Business(t, w.who["reseller"], "Child", party.KindCustomer)
	w.who["support"] = w.Join(t, w.Operator, w.Operator.Org, "sam@operator.example", access.RoleSupport)
	curious := w.who["support"]
	curious.Purpose = "ticket 7"
	w.who["support with purpose"] = curious
	w.who["auditor of the operator"] = w.Join(t, w.Operator, w.Operator.Org, "ada@audit.example", access.RoleAuditor)
	w.who["second owner"] = w.Join(t, acme, acme.Org, "oscar@acme.example", access.RoleOwner)
	w.who["second operator"] = w.Join(t, w.Operator, w.Operator.Org, "olga@operator.example", access.RoleOperator)
	w.ids["org"], w.ids["person"] = acme.Org, w.who["member"].Person
}

// lastOrg finds an organisation by its name.
func (w *world) lastOrg(t testing.TB, name string) string {
	t.Helper()
	list, err := w.Parties.Branch(context.Background(), w.Operator, w.Operator.Org, "", 100)
	must(t, err)
	for _, o := range list {
		if o.Name == name {
			return o.ID
		}
	}
	t.Fatalf("no organisation %s", name)
	return ""
}

// furnish gives Acme one of everything.
func (w *world) furnish(t testing.TB) {
	t.Helper()
	w.cast(t)
	facts, err := os.ReadFile("../cmd/halle/demo/clouds.yaml")
	must(t, err)
	r := w.do(t, "operator", http.MethodPost, "/residency/facts", "application/yaml", facts)
	var changed residency.Changed
	if err := json.Unmarshal(r.body, &changed); err != nil || changed.Proposal == "" {
		t.Fatalf("facts: %s", r.body)
	}
	w.call(t, "second operator", http.MethodPost, "/residency-proposals/"+changed.Proposal+"/approve", map[string]any{"base": ""}, nil)
	v := w.offer(t, "m2m-broker", "submit", "publish")
	w.people.Ask(&provision.Need{Who: provision.WhoCustomer, Prompt: "Accept the work."})
	w.offer(t, "gateway-visit", "submit", "publish")
	w.ids["version"], w.ids["offer"], w.ids["draft"], w.ids["review"] = v.ID, v.Offer, w.offer(t, "m2m-broker").ID, w.offer(t, "m2m-broker", "submit").ID
	w.ids["market"], w.ids["role"], w.ids["dimension"], w.ids["currency"] = w.Market.ID, "technical", "subscriptions", "EUR"
	w.ids["path"], w.ids["job"], w.ids["line"], w.ids["chart"] = "devices", "job_test_06h0hsnb95w1x0v2cyqv42ke00", "1", "pcg"
	w.ids["handover"] = "hov_test_06h0hsnb95w1x0v2cyqv42ke00"
	w.orders(t)
	w.papers(t)
	w.numbers(t)
}

func (w *world) order(t testing.TB, offer, plan string, parameters map[string]any) (o api.Order) {
	t.Helper()
	w.call(t, "buyer", http.MethodPost, "/orders", map[string]any{"items": []any{map[string]any{"offer": offer, "plan": plan, "dataClass": "internal", "parameters": parameters}}}, &o)
	w.settle(t)
	return o
}

func (w *world) orders(t testing.TB) {
	t.Helper()
	live, over := w.order(t, "m2m-broker", "flex", map[string]any{}), w.order(t, "m2m-broker", "flex", map[string]any{})
	visit := w.order(t, "gateway-visit", "visit", map[string]any{"site": "Lyon"})
	w.ids["order"], w.ids["service"] = live.ID, live.Items[0].Subscription
	var decisions api.List[api.Decision]
	w.call(t, "buyer", http.MethodGet, "/orders/"+live.ID+"/decisions", nil, &decisions)
	w.ids["decision"] = decisions.Items[0].ID
	var held api.List[api.Copy]
	w.call(t, "technical", http.MethodGet, "/copies?service="+live.Items[0].Subscription, nil, &held)
	w.ids["copy"] = held.Items[0].ID
	w.remedy(t)
	w.use(t, over.Items[0].Subscription)
	w.use(t, live.Items[0].Subscription)
	w.call(t, "owner", http.MethodPost, "/services/"+over.Items[0].Subscription+"/cancel", nil, nil)
	w.settle(t)
	w.Clock.Advance(25 * time.Hour)
	must(t, w.usage.Tick(context.Background()))
	w.settle(t)
	var services api.ServiceDetail
	w.call(t, "owner", http.MethodGet, "/services/"+over.Items[0].Subscription, nil, &services)
	if services.State != "ended" {
		t.Fatalf("the service that was cancelled is %s", services.State)
	}
	var work api.List[api.WorkOrder]
	w.call(t, "technical", http.MethodGet, "/work-orders", nil, &work)
	if len(work.Items) != 1 {
		t.Fatalf("%d work orders of %s, want one", len(work.Items), visit.ID)
	}
	w.ids["operation"] = work.Items[0].Run.ID
	w.call(t, "owner", http.MethodPut, "/organisations/"+w.ids["org"]+"/approval-rules/EUR", map[string]any{"above": "0.00 EUR"}, nil)
	var waiting api.Order
	w.call(t, "buyer", http.MethodPost, "/orders", map[string]any{"items": []any{map[string]any{"offer": "gateway-visit", "plan": "visit", "dataClass": "internal", "parameters": map[string]any{"site": "Paris"}}}}, &waiting)
	if waiting.State != "held" {
		t.Fatalf("the order above the limit is %s", waiting.State)
	}
	w.ids["held"] = waiting.ID
	w.call(t, "owner", http.MethodPut, "/organisations/"+w.ids["org"]+"/approval-rules/EUR", map[string]any{}, nil)
}

// remedy puts one about Acme's data in a place that is no longer allowed.
func (w *world) remedy(t testing.TB) {
	t.Helper()
	w.ids["remedy"] = w.IDs.New("rem")
	owner, at := w.who["owner"], store.At(w.Clock.Now())
	must(t, w.DB.Tx(context.Background(), func(tx *store.Tx) error {
		return tx.Insert("remedy", []string{"id", "active", "org", "org_path", "publisher", "market", "region", "offer_version", "class", "copies", "reasons", "by_own", "facts_hash", "state", "opened_at",
			"deadline", "actor", "note", "told"}, [][]any{{w.ids["remedy"], nil, owner.Org, owner.Path, w.who["publisher"].Org, w.Market.ID, "lyon", w.ids["version"], "internal", int64(1),
			[]byte("[]"), true, "", "open", at, at, "", "", true}})
	}))
}

// use reports messages of a service, with the watermark of the last hour.
func (w *world) use(t testing.TB, service string) {
	t.Helper()
	end := w.Clock.Now().UTC().Truncate(time.Second)
	event := func(kind string, data map[string]any) map[string]any {
		w.n++
		return map[string]any{"specversion": "1.0", "id": fmt.Sprint("e-", w.n), "source": "broker-1", "type": kind, "subject": service, "data": data}
	}
	batch, err := json.Marshal([]any{
		event("halle.usage.v1", map[string]any{"meter": "messages", "value": "250", "unit": "message", "start": end.Add(-time.Second), "end": end}),
		event("halle.usage.watermark.v1", map[string]any{"through": end}),
	})
	must(t, err)
	r := w.do(t, "publisher", http.MethodPost, "/usage", "application/cloudevents-batch+json", batch)
	var out api.Verdicts
	if r.status != http.StatusOK || json.Unmarshal(r.body, &out) != nil || len(out.Results) != 2 || out.Results[0].Verdict != "accepted" {
		t.Fatalf("usage: status %d: %s", r.status, r.body)
	}
}

// papers finds or makes what the rest of the identifiers name.
func (w *world) papers(t testing.TB) {
	t.Helper()
	org := "/organisations/" + w.ids["org"]
	var close api.MonthClose
	w.call(t, "second operator", http.MethodPost, "/closes", map[string]any{"month": "2026-02"}, &close)
	must(t, w.services.Closes.Work(context.Background(), close.ID))
	w.ids["close"] = close.ID
	var layer api.LayerVersion
	w.call(t, "owner", http.MethodPut, org+"/residency-policy", api.NewLayer{All: residency.Rule{Countries: []string{"EEA"}}}, &layer)
	w.call(t, "owner", http.MethodPut, org+"/residency-policy", api.NewLayer{}, &layer)
	w.ids["proposal"] = layer.Proposal
	var quote api.Quote
	w.call(t, "buyer", http.MethodPost, "/quotes", map[string]any{"items": []any{map[string]any{"offer": "m2m-broker", "plan": "flex"}}}, &quote)
	var token api.CreatedToken
	w.call(t, "owner", http.MethodPost, org+"/tokens", map[string]any{"name": "test", "scopes": []string{"order.*"}}, &token)
	var invitation api.Invitation
	w.call(t, "owner", http.MethodPost, org+"/invitations", map[string]any{"email": "new@acme.example", "roles": []string{"member"}}, &invitation)
	opened, err := w.services.SignIns.SignInAs(context.Background(), w.who["owner"].Person, w.ids["org"], signinFrom)
	must(t, err)
	var resources api.List[api.Resource]
	w.call(t, "operator", http.MethodGet, "/resources", nil, &resources)
	for _, r := range resources.Items {
		if r.Service == w.ids["service"] {
			w.ids["resource"] = r.ID
		}
	}
	var windows api.List[api.UsageWindow]
	w.call(t, "technical", http.MethodGet, "/services/"+w.ids["service"]+"/windows", nil, &windows)
	var charges api.List[api.Charge]
	w.call(t, "billing", http.MethodGet, org+"/charges", nil, &charges)
	var invoices api.List[api.InvoiceRow]
	w.call(t, "billing", http.MethodGet, "/invoices", nil, &invoices)
	if len(windows.Items) == 0 || len(charges.Items) == 0 || len(invoices.Items) == 0 {
		t.Fatalf("%d windows, %d charges, %d invoices: want some of each", len(windows.Items), len(charges.Items), len(invoices.Items))
	}
	w.ids["window"], w.ids["charge"], w.ids["invoice"] = windows.Items[0].ID, charges.Items[0].ID, invoices.Items[0].ID
	w.ids["quote"], w.ids["token"], w.ids["invitation"], w.ids["session"], w.ids["secret"] = quote.ID, token.ID, invitation.ID, opened.ID, token.Secret
	w.doubts(t)
	w.settled(t)
	var plan api.Budget
	w.call(t, "billing", http.MethodPut, org+"/budgets", map[string]any{"amount": "1000.00 EUR", "action": "suspend"}, &plan)
	w.ids["budget"] = plan.ID
	w.furnishPayments(t)
	w.licences(t)
	w.publish(t)
	var facts api.List[api.Fact]
	w.call(t, "owner", http.MethodGet, "/facts?about="+url.QueryEscape(w.ids["order"]), nil, &facts)
	w.ids["fact"] = facts.Items[0].ID
}

// licences makes a service with seats, a seat in use and one that belongs to somebody, and an own licence.
func (w *world) licences(t testing.TB) {
	t.Helper()
	w.offer(t, "atelier", "submit", "publish")
	w.ids["licensed"] = w.order(t, "atelier", "floating", map[string]any{}).Items[0].Subscription
	w.ids["named"] = w.order(t, "atelier", "named", map[string]any{}).Items[0].Subscription
	var taken api.Seat
	w.call(t, "technical", http.MethodPost, "/services/"+w.ids["licensed"]+"/seats", map[string]any{"holder": "h-1", "device": "d-1"}, &taken)
	var own api.Licence
	w.call(t, "buyer", http.MethodPost, "/services/"+w.ids["licensed"]+"/licences", map[string]any{"number": "AB-1", "seats": 3, "to": "2027-03-01T00:00:00Z", "attested": true}, &own)
	var given api.NamedSeat
	w.call(t, "technical", http.MethodPost, "/services/"+w.ids["named"]+"/named-seats", map[string]any{"person": w.ids["person"]}, &given)
	w.ids["lease"], w.ids["licence"], w.ids["seat"] = taken.ID, own.ID, "1"
}

// settled makes a statement of the publisher, and a payout.
func (w *world) settled(t testing.TB) {
	t.Helper()
	must(t, w.Facts.Drain(context.Background(), w.readers()...))
	publisher := "/organisations/" + w.who["publisher"].Org
	var closed api.List[api.RevenueStatementRow]
	w.call(t, "operator", http.MethodPost, publisher+"/revenue-statements", map[string]any{"through": price.DateOf(w.Clock.Now(), time.UTC).String()}, &closed)
	w.payouts(t)
	var paid api.Payout
	w.call(t, "operator", http.MethodPost, publisher+"/payouts", map[string]any{"currency": "EUR"}, &paid)
	w.ids["statement"], w.ids["payout"], w.ids["month"] = closed.Items[0].ID, paid.ID, "2026-03"
}

// payouts makes an account of the publisher, which a second person approved, another one that waits, and a run.
func (w *world) payouts(t testing.TB) {
	t.Helper()
	c := w.who["publisher"]
	c.Confirmed, c.Roles = true, []access.Role{access.RoleOwner}
	p, err := w.services.Payouts.SetPayee(t.Context(), c, payout.PayeeInput{Publisher: c.Org, Name: "Atelier", IBAN: "FR1420041010050500013M02606"})
	must(t, err)
	second := c
	second.Person = w.IDs.New("per")
	_, err = w.services.Payouts.ApprovePayee(t.Context(), second, p.ID)
	must(t, err)
	w.ids["payee"] = p.ID
	w.call(t, "operator", http.MethodPut, "/entities/"+w.Entity+"/account", map[string]any{"iban": "FR7630006000011234567890189", "creditor": "FR72ZZZ123456"}, nil)
	var run api.PayoutRun
	w.call(t, "operator", http.MethodPost, "/payout-runs", nil, &run)
	w.call(t, "operator", http.MethodPost, "/payout-runs/"+run.ID+"/drop", nil, &run)
	w.ids["run"] = run.ID
}

// doubts makes a dispute about the window, and an event that is held.
func (w *world) doubts(t testing.TB) {
	t.Helper()
	var file struct{ Events []string }
	w.call(t, "billing", http.MethodGet, "/windows/"+w.ids["window"]+"/file", nil, &file)
	var event struct{ ID string }
	must(t, json.Unmarshal([]byte(file.Events[0]), &event))
	var d api.Dispute
	w.call(t, "buyer", http.MethodPost, "/disputes", map[string]any{"window": w.ids["window"], "reason": "We sent less.", "events": []any{map[string]any{"id": event.ID}}}, &d)
	held := `{"specversion":"1.0","id":"held","source":"broker-1","type":"halle.usage.v1","subject":"` + w.ids["service"] +
		`","data":{"meter":"nothing","value":"1","unit":"message","start":"2026-03-02T08:00:00Z","end":"2026-03-02T09:00:00Z"}}`
	w.do(t, "publisher", http.MethodPost, "/usage", "application/cloudevents+json", []byte(held))
	for h := w.usage.Health(); h.Committed < h.Stored; h = w.usage.Health() {
		time.Sleep(5 * time.Millisecond)
	}
	var list api.List[api.HeldEvent]
	w.call(t, "publisher", http.MethodGet, "/quarantine", nil, &list)
	w.ids["dispute"], w.ids["event"] = d.ID, list.Items[0].Held
}

// publish brings every fact into the log.
func (w *world) publish(t testing.TB) {
	t.Helper()
	must(t, w.Facts.Drain(context.Background(), w.readers()...))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Facts.Pump(ctx, w.tlog) }()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		list, err := w.Facts.Timeline(context.Background(), w.ids["org"], 0, 1)
		must(t, err)
		seal, err := w.Facts.Seal(context.Background(), w.tlog, w.ids["org"], list[0].ID)
		must(t, err)
		if seal.Published {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the facts do not get into the log")
		}
	}
	stop()
	<-done
}
