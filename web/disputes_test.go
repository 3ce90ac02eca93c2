package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/web/design/designtest"
)

// report has the publisher report messages of a service in the hour that is over, with its word that this is all.
func (w *world) report(t *testing.T, subject string, n int, values ...int) {
	t.Helper()
	end := w.Clock.Now().Truncate(time.Hour)
	var list []string
	for i, v := range values {
		list = append(list, fmt.Sprintf(`{"specversion":"1.0","type":"halle.usage.v1","source":"node-1","id":"%d/%d","subject":%q,"data":{"meter":"messages","value":"%d","unit":"message","start":%q,"end":%q}}`,
			n, i, subject, v, end.Add(-time.Minute).Format(time.RFC3339), end.Format(time.RFC3339)))
	}
	list = append(list, fmt.Sprintf(`{"specversion":"1.0","type":"halle.usage.watermark.v1","source":"node-1","id":"%d/w","subject":%q,"data":{"through":%q}}`, n, subject, end.Format(time.RFC3339)))
	events, err := usage.Decode(usage.TypeBatch, []byte("["+strings.Join(list, ",")+"]"))
	must(t, err)
	_, err = w.s.Meters.Ingest(ctx, w.publisher, events)
	must(t, err)
	w.counted(t)
}

// counted waits until what was sent is counted, and settles.
func (w *world) counted(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		h, err := w.s.Meters.Health(ctx, w.Operator, w.Operator.Org)
		must(t, err)
		if h.Committed == h.Stored {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("usage is not counted")
		}
	}
	time.Sleep(50 * time.Millisecond) // digests follow the commit
	w.settle(t)
}

// used is a service of Acme with a closed window of two records.
func (w *world) used(t *testing.T) (service string, window usage.Window) {
	t.Helper()
	service = w.order(t, w.acme, "personal").Items[0].Subscription
	w.Clock.Advance(2 * time.Hour)
	w.report(t, service, 1, 40, 60)
	var page meter.Page
	for range 100 {
		var err error
		if page, err = w.s.Meters.Windows(ctx, w.acme, service, 0, 10); err == nil && len(page.Windows) > 0 {
			return service, page.Windows[0]
		}
		w.counted(t)
	}
	t.Fatal("no window closed")
	return service, window
}

// From a record that is wrong to its correction, each side on its own pages.
func TestARecordIsDisputedAndCorrected(t *testing.T) {
	w := newWorld(t)
	service, window := w.used(t)
	page := "/services/" + service + "/windows/" + window.ID
	acme := w.as(t, w.acme, "en")
	if status, body := acme.get(page); status != http.StatusOK || strings.Count(body, "This record is wrong") != 2 || !strings.Contains(body, "40") {
		t.Fatalf("the window: %d\n%s", status, body)
	}
	ask := page + "/dispute?event=" + url.QueryEscape("1/0")
	if status, body := acme.get(ask); status != http.StatusOK || !strings.Contains(body, "Dispute this record") || len(designtest.Faults(body)) > 0 {
		t.Fatalf("%d %v", status, designtest.Faults(body))
	}
	if status, body, _ := acme.post(page+"/dispute", url.Values{"event": {"1/0"}, "claim": {"-3"}, "reason": {"We sent less."}}); status != http.StatusUnprocessableEntity || !strings.Contains(body, "We sent less.") {
		t.Errorf("an amount below zero: %d", status)
	}
	if status, _, _ := acme.post(page+"/dispute", url.Values{"event": {"1/7"}, "reason": {"x"}}); status != http.StatusNotFound {
		t.Errorf("a record that is not there: %d", status)
	}
	status, _, to := acme.post(page+"/dispute", url.Values{"event": {"1/0"}, "claim": {"4"}, "reason": {"We sent less."}})
	if status != http.StatusSeeOther || !strings.HasPrefix(to, "/disputes/") {
		t.Fatalf("%d %s", status, to)
	}
	id := strings.TrimPrefix(to, "/disputes/")
	if _, body := acme.get(page); strings.Count(body, "This record is wrong") != 1 || !strings.Contains(body, "See the dispute") {
		t.Error("the window does not say that a record is disputed")
	}
	relay := w.as(t, w.publisher, "en")
	for _, one := range []struct {
		b    *browser
		path string
		has  []string
	}{{acme, "/disputes", []string{"We sent less.", "waits for the publisher"}}, {relay, "/publisher/disputes", []string{"We sent less."}}, {relay, "/publisher/disputes?state=settled", []string{"Nothing"}},
		{relay, "/publisher/disputes/" + id, []string{"Correct the records", "Say why they are right", "40", "4"}}, {relay, "/publisher/disputes/" + id + "/accept", []string{"Correct the records as the customer says?"}},
		{relay, "/publisher/disputes/" + id + "/refuse", []string{"Why the records are right"}}} {
		status, body := one.b.get(one.path)
		if faults := designtest.Faults(body); status != http.StatusOK || len(faults) > 0 {
			t.Errorf("%s: %d %v", one.path, status, faults)
		}
		for _, text := range one.has {
			if text != "Nothing" && !strings.Contains(body, text) || text == "Nothing" && strings.Contains(body, "We sent less.") {
				t.Errorf("%s: no %q", one.path, text)
			}
		}
	}
	if status, _, _ := relay.post("/publisher/disputes/"+id+"/refuse", url.Values{"reason": {""}}); status != http.StatusUnprocessableEntity {
		t.Errorf("refused without a reason: %d", status)
	}
	if status, _, to := relay.post("/publisher/disputes/"+id+"/accept", url.Values{"reason": {"A retry counted twice."}}); status != http.StatusSeeOther || to != "/publisher/disputes/"+id {
		t.Fatalf("%d %s", status, to)
	}
	w.settle(t)
	w.Clock.Advance(2 * time.Hour)
	w.report(t, service, 2, 1)
	w.Clock.Advance(48 * time.Hour)
	w.report(t, service, 3, 1)
	status, body := w.as(t, w.acme, "en").get("/disputes/" + id)
	if status != http.StatusOK || !strings.Contains(body, "A retry counted twice.") || !strings.Contains(body, "corrected") || !strings.Contains(body, "Correction 1") {
		t.Errorf("the end: %d\n%s", status, body)
	}
}

// The publisher refuses, the customer asks the operator, whose word is the last; each only in its turn.
func TestADisputeGoesToTheOperator(t *testing.T) {
	w := newWorld(t)
	_, window := w.used(t)
	d, err := w.s.Meters.Dispute(ctx, w.acme, meter.DisputeInput{Window: window.ID, Reason: "Never sent.", Events: []meter.DisputedEvent{{ID: "1/1"}}})
	must(t, err)
	acme, relay, operator := w.as(t, w.acme, "fr"), w.as(t, w.publisher, "en"), w.as(t, w.Operator, "en")
	if status, _, _ := operator.post("/operator/disputes/"+d.ID+"/refuse", url.Values{"reason": {"x"}}); status != http.StatusConflict {
		t.Errorf("the operator decides out of turn: %d", status)
	}
	for _, step := range []struct {
		b          *browser
		path, want string
	}{{relay, "/publisher/disputes/" + d.ID + "/refuse", "refused"}, {acme, "/disputes/" + d.ID + "/escalate", "escalated"}, {operator, "/operator/disputes/" + d.ID + "/refuse", "upheld"}} {
		if status, body := step.b.get(step.path); status != http.StatusOK || len(designtest.Faults(body)) > 0 {
			t.Errorf("%s: %d %v", step.path, status, designtest.Faults(body))
		}
		if status, body, _ := step.b.post(step.path, url.Values{"reason": {"Look at the log."}}); status != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", step.path, status, body)
		}
		if now, err := w.s.Meters.OneDispute(ctx, w.acme, d.ID); err != nil || string(now.State) != step.want {
			t.Fatalf("%s: %s %v", step.path, now.State, err)
		}
	}
	if status, body := operator.get("/operator/disputes?state=upheld"); status != http.StatusOK || !strings.Contains(body, "Never sent.") || !strings.Contains(body, "Acme") {
		t.Errorf("the operator's list: %d", status)
	}
}

// Nobody else finds a dispute or can move it, and somebody who may only look can only look.
func TestStrangersFindNoDispute(t *testing.T) {
	w := newWorld(t)
	service, window := w.used(t)
	d, err := w.s.Meters.Dispute(ctx, w.acme, meter.DisputeInput{Window: window.ID, Reason: "Never sent.", Events: []meter.DisputedEvent{{ID: "1/1"}}})
	must(t, err)
	other := w.Business(t, w.Operator, "Other press", party.KindPublisher)
	page := "/services/" + service + "/windows/" + window.ID
	for name, c := range map[string]access.Caller{"rival": w.rival, "household": w.house, "another publisher": other} {
		b := w.as(t, c, "en")
		for _, path := range []string{"/disputes/" + d.ID, "/disputes/" + d.ID + "/withdraw", page, page + "/dispute?event=1/0"} {
			if status, body := b.get(path); status != http.StatusNotFound || strings.Contains(body, "Never sent.") {
				t.Errorf("%s on %s: %d", name, path, status)
			}
		}
		for _, path := range []string{"/disputes/" + d.ID + "/withdraw", "/disputes/" + d.ID + "/escalate", page + "/dispute"} {
			if status, _, _ := b.post(path, url.Values{"event": {"1/0"}, "reason": {"x"}}); status != http.StatusNotFound {
				t.Errorf("%s posts to %s: %d", name, path, status)
			}
		}
		if _, body := b.get("/disputes"); strings.Contains(body, "Never sent.") {
			t.Errorf("%s: the list tells of it", name)
		}
	}
	if status, body := w.as(t, other, "en").get("/publisher/disputes"); status != http.StatusOK || strings.Contains(body, "Never sent.") {
		t.Errorf("another publisher's list: %d", status)
	}
	if status, _ := w.as(t, other, "en").get("/publisher/disputes/" + d.ID); status != http.StatusNotFound {
		t.Errorf("another publisher reads it: %d", status)
	}
	technical := w.as(t, w.technical, "en")
	if status, body := technical.get(page); status != http.StatusOK || strings.Contains(body, "This record is wrong") {
		t.Errorf("technical: %d, or a button that it may not press", status)
	}
	if status, _, _ := technical.post(page+"/dispute", url.Values{"event": {"1/0"}, "reason": {"x"}}); status != http.StatusForbidden {
		t.Errorf("technical opens a dispute: %d", status)
	}
	if status, _, _ := technical.post("/disputes/"+d.ID+"/withdraw", nil); status != http.StatusForbidden {
		t.Errorf("technical withdraws: %d", status)
	}
	var n int
	must(t, w.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT count(*) FROM meter_dispute WHERE state <> 'open'").Scan(&n)
	}))
	if n != 0 {
		t.Errorf("%d disputes were moved by a stranger", n)
	}
}
