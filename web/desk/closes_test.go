package desk_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/monthclose"
)

// TestTheMonthIsClosedOnItsPages: worked out by one person, approved by another, issued and sent; a customer sees none of it.
func TestTheMonthIsClosedOnItsPages(t *testing.T) {
	w := newWorld(t)
	second := w.Join(t, w.Operator, w.Operator.Org, "second@operator.example", access.RoleOperator)
	second.Confirmed = true
	w.refused(w.post(w.Operator, "/operator/closes", url.Values{"month": {"soon"}}), http.StatusUnprocessableEntity, "like 2026-10")
	now := w.Clock.Now()
	next := time.Date(now.Year(), now.Month()+1, 2, 0, 0, 0, 0, time.UTC)
	w.Clock.Advance(next.Sub(now))
	page := w.lands(w.post(w.Operator, "/operator/closes", url.Values{"month": {now.Format("2006-01")}}), "/operator/closes/")
	w.sees(w.Operator, page, "being worked out", `hx-trigger="every 1s"`)
	must(t, w.s.Closes.Work(context.Background(), page[len("/operator/closes/"):]))
	w.sees(w.Operator, page, "waits for approval", "Acme Santé", "Prepared by you")
	w.sees(second, "/operator", "waits for approval")
	w.sees(second, page, page+"/approve")
	w.refused(w.post(w.Operator, page+"/approve", url.Values{"round": {"1"}}), http.StatusForbidden, "may not approve")
	w.refused(w.get(w.acme, "en", page), http.StatusForbidden)
	w.refused(w.get(w.acme, "en", "/operator/closes"), http.StatusForbidden)
	w.sees(second, page+"/approve", "Issue invoices for", "in the portal")
	w.lands(w.post(second, page+"/approve", url.Values{"round": {"1"}}), page)
	must(t, w.s.Closes.Work(context.Background(), page[len("/operator/closes/"):]))
	w.sees(second, page, "every invoice is issued and sent", "INV-", "approved by you")
	w.sees(second, page+"?state="+string(monthclose.ItemFailed), "Nothing matches")
	w.sees(second, "/operator/closes", "sent")
}

// TestPartOfAnInvoiceIsTakenBack on its page: an amount of a line, more than is left is refused in place, then the rest.
func TestPartOfAnInvoiceIsTakenBack(t *testing.T) {
	w := newWorld(t)
	page := "/operator/invoices/" + w.invoice.ID
	w.sees(w.Operator, page+"/credit", "Everything that is left", "Line 1:")
	w.refused(w.post(w.Operator, page+"/credit", url.Values{"line": {"1"}, "amount": {"1000"}, "reason": {"Slow"}}), http.StatusUnprocessableEntity, "is left of line 1")
	w.refused(w.post(w.Operator, page+"/credit", url.Values{"line": {""}, "amount": {"0.01"}, "reason": {"Slow"}}), http.StatusUnprocessableEntity, "Choose the line")
	w.refused(w.post(w.acme, page+"/credit", url.Values{"reason": {"x"}}), http.StatusForbidden)
	w.lands(w.post(w.Operator, page+"/credit", url.Values{"line": {"1"}, "amount": {"0.01"}, "reason": {"Slow"}}), "/operator/invoices/")
	w.sees(w.Operator, page, "Taken back", "CRN-", "Take it back")
	w.lands(w.post(w.Operator, page+"/credit", url.Values{"reason": {"The rest"}}), "/operator/invoices/")
	w.sees(w.Operator, page, "Credit notes")
}
