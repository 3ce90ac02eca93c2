package billing_test

import (
	"context"
	"testing"
	"time"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
)

// The desk sees what is owed in its branch: not what was paid, not what others are owed.
func TestUnpaidEndsAtTheBranch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		acme, beta := w.business(t, "Acme"), w.business(t, "Beta")
		reseller := w.Business(t, w.Operator, "Reseller", party.KindReseller)
		var issued []billing.Summary
		for _, c := range []string{acme.Org, beta.Org} {
			who := acme
			if c == beta.Org {
				who = beta
			}
			w.subscribe(t, who, prices(price.Net))
			w.Clock.Advance(time.Hour)
			out, err := w.invoices.Issue(ctx, w.Operator, c, w.Clock.Now())
			must(t, err)
			issued = append(issued, out...)
		}
		page, err := w.invoices.Unpaid(ctx, w.Operator, "")
		must(t, err)
		if len(page.Invoices) != 2 || page.Invoices[0].ID != issued[0].ID {
			t.Fatalf("%+v", page.Invoices)
		}
		_, err = w.invoices.RecordPayment(ctx, w.Operator, billing.PaymentInput{Invoice: issued[0].ID, Amount: issued[0].Gross, Received: price.DateOf(w.Clock.Now(), time.UTC), Reference: "B1"})
		must(t, err)
		page, err = w.invoices.Unpaid(ctx, w.Operator, "")
		must(t, err)
		if len(page.Invoices) != 1 || page.Invoices[0].ID != issued[1].ID {
			t.Fatalf("after a payment: %+v", page.Invoices)
		}
		if page, err = w.invoices.Unpaid(ctx, reseller, ""); err != nil || len(page.Invoices) != 0 {
			t.Fatalf("a reseller sees %+v, %v", page.Invoices, err)
		}
		if _, err = w.invoices.Unpaid(ctx, acme, ""); !fail.Is(err, fail.Denied) {
			t.Fatalf("a customer: %v", err)
		}
	})
}
