package desk_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
)

// TestPayoutsOnTheirPages: a publisher names its account, a second person approves it; one person of the operator prepares
// the file, another approves it; nobody else sees any of it.
func TestPayoutsOnTheirPages(t *testing.T) {
	w := newWorld(t)
	w.settle()
	w.Clock.Advance(24 * time.Hour)
	partner := w.Join(t, w.relay, w.relay.Org, "partner@relay.example", access.RoleBilling)
	partner.Confirmed = true
	boss := w.Join(t, w.Operator, w.Operator.Org, "boss@operator.example", access.RoleOperator)
	boss.Confirmed = true
	const page, runs = "/publisher/account", "/operator/payments/runs"
	w.everywhere(w.relay, page)
	w.sees(w.relay, page, "nothing can be paid out to you")
	w.refused(w.post(w.relay, page, url.Values{"name": {"Relay"}, "iban": {"FR00"}}), http.StatusUnprocessableEntity, "is no account number")
	w.lands(w.post(w.relay, page, url.Values{"name": {"Relay SAS"}, "iban": {"DE89 3704 0044 0532 0130 00"}}), page)
	w.everywhere(w.relay, page)
	w.sees(w.relay, page, "DE89 3704 0044 0532 0130 00", "Stop this account")
	w.everywhere(partner, page)
	w.sees(partner, page, "Approve this account")
	_, waiting, err := w.s.Payouts.Payees(t.Context(), w.relay, w.relay.Org)
	must(t, err)
	w.refused(w.post(w.relay, page+"/"+waiting.ID+"/approve", nil), http.StatusForbidden)
	w.lands(w.post(partner, page+"/"+waiting.ID+"/approve", nil), page)
	_, err = w.s.Settlements.CloseStatements(t.Context(), w.Operator, w.relay.Org, day(w))
	must(t, err)
	w.everywhere(w.Operator, runs, "/operator/payments")
	w.refused(w.post(w.Operator, runs, nil), http.StatusConflict, "no bank account yet")
	w.lands(w.post(w.Operator, "/operator/payments/sellers/"+w.Entity+"/account", url.Values{"iban": {"FR1420041010050500013M02606"}, "notice_days": {"14"}}), "/operator/payments")
	w.sees(w.Operator, runs, "Prepare payouts of €0.02", "DE••")
	run := w.lands(w.post(w.Operator, runs, nil), runs+"/")
	w.everywhere(w.Operator, run)
	w.sees(w.Operator, "/operator", "Payouts of €0.02 wait for a second person")
	w.refused(w.post(w.Operator, run+"/approve", nil), http.StatusForbidden)
	w.refused(w.post(w.Operator, run+"/file", nil), http.StatusConflict)
	w.sees(boss, run, "Approve payouts of €0.02")
	w.lands(w.post(boss, run+"/approve", nil), run)
	w.sees(boss, run, "Download the file")
	w.sees(boss, "/operator", "is to be given to the bank")
	if rec := w.post(boss, run+"/file", nil); rec.Code != http.StatusOK {
		t.Errorf("the file: %d", rec.Code)
	}
	w.lands(w.post(boss, run+"/hand-over", nil), run)
	w.everywhere(boss, run, runs)
	w.refused(w.post(boss, run+"/drop", nil), http.StatusConflict)
	reseller := w.Business(t, w.Operator, "Rhône Revente", party.KindReseller)
	for _, path := range []string{runs, run} {
		w.refused(w.get(reseller, "en", path), http.StatusNotFound)
		w.refused(w.get(w.relay, "en", path), http.StatusForbidden)
	}
}

func day(w *world) price.Date { return price.DateOf(w.Clock.Now(), time.UTC) }

// TestAnInvoiceIsGivenUpOnThePages: written off, taken up again, and a fee booked; nobody else may.
func TestAnInvoiceIsGivenUpOnThePages(t *testing.T) {
	w := newWorld(t)
	w.settle()
	page := "/operator/invoices/" + w.invoice.ID
	w.everywhere(w.Operator, page, page+"/write-off", page+"/fee")
	w.refused(w.post(w.Operator, page+"/write-off", url.Values{"reason": {" "}}), http.StatusUnprocessableEntity, "is needed")
	w.lands(w.post(w.Operator, page+"/write-off", url.Values{"reason": {"insolvent"}, "vat": {"on"}}), page)
	w.everywhere(w.Operator, page)
	w.sees(w.Operator, page, "written off", "Expect the money again")
	w.refused(w.post(w.Operator, page+"/write-off", url.Values{"reason": {"again"}}), http.StatusConflict)
	w.lands(w.post(w.Operator, page+"/take-up", nil), page)
	w.refused(w.post(w.Operator, page+"/fee", url.Values{"amount": {"much"}}), http.StatusUnprocessableEntity)
	w.lands(w.post(w.Operator, page+"/fee", url.Values{"amount": {"7.50"}, "what": {"returned direct debit"}, "reference": {"RT1"}}), page)
	w.refused(w.post(w.relay, page+"/write-off", url.Values{"reason": {"x"}}), http.StatusForbidden)
	reseller := w.Business(t, w.Operator, "Rhône Revente", party.KindReseller)
	w.refused(w.post(reseller, page+"/write-off", url.Values{"reason": {"x"}}), http.StatusNotFound)
	w.refused(w.post(reseller, page+"/fee", url.Values{"amount": {"1"}, "what": {"x"}, "reference": {"x"}}), http.StatusNotFound)
	w.settle()
	report, err := w.s.Settlements.Check(t.Context(), w.Operator)
	must(t, err)
	if len(report.Differences) > 0 {
		t.Error(report.Differences)
	}
}
