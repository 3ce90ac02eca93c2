package billing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// large is a customer with an invoice of so many lines, which is kept in parts.
func (w *world) large(t testing.TB, lines int) (access.Caller, billing.Summary) {
	t.Helper()
	c := w.business(t, "Large")
	v := prices(price.Net)
	v.Components = nil
	const services = 50
	for n := range lines / services {
		v.Components = append(v.Components, price.Component{Key: fmt.Sprint("part", n), Kind: price.OneOff, Price: money.NewUnitPrice(int64(n+1)*10_000_000, money.EUR)})
	}
	for range services {
		w.subscribe(t, c, v)
	}
	w.Clock.Advance(time.Hour)
	list, err := w.invoices.Issue(t.Context(), w.Operator, c.Org, w.Clock.Now())
	must(t, err)
	if len(list) != 1 || list[0].Lines != lines {
		t.Fatalf("%+v", list)
	}
	return c, list[0]
}

// TestALargeInvoiceOpensPageByPage: pages are what the whole says, wherever they are cut, the whole has the hash that the
// log knows, nobody else sees a page, and a part that was altered is never shown.
func TestALargeInvoiceOpensPageByPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c, sum := w.large(t, billing.MostWhole+200)
		whole, err := w.invoices.Invoice(ctx, c, sum.ID)
		must(t, err)
		if len(whole.Document.Lines) != sum.Lines {
			t.Fatalf("%d lines", len(whole.Document.Lines))
		}
		for _, at := range []struct{ from, count, want int }{{0, 100, 100}, {450, 100, 100}, {999, 2, 2}, {1190, 100, 10}, {5000, 10, 0}, {-3, 1, 1}, {0, 0, 0}} {
			page, err := w.invoices.InvoicePage(ctx, c, sum.ID, at.from, at.count)
			must(t, err)
			from := min(max(at.from, 0), sum.Lines)
			if len(page.Document.Lines) != at.want || !cmp.Equal(page.Document.Totals, whole.Document.Totals) {
				t.Fatalf("%+v: %d lines", at, len(page.Document.Lines))
			}
			for n, l := range page.Document.Lines {
				if l.No != from+n+1 || l.Amount != whole.Document.Lines[from+n].Amount {
					t.Fatalf("%+v: line %d is %+v", at, from+n, l)
				}
			}
		}
		text, err := w.invoices.ExplainLine(ctx, c, sum.ID, 1100, "en")
		if err != nil || !strings.Contains(text, "→") {
			t.Errorf("%s %v", text, err)
		}
		_, err = w.invoices.ExplainLine(ctx, c, sum.ID, 1204, "en")
		if !fail.Is(err, fail.NotFound) {
			t.Errorf("%v for a line that is not there", err)
		}
		if f, err := w.invoices.Document(ctx, c, sum.ID, billing.FormatPDF, "en"); err != nil || len(f.Bytes) == 0 {
			t.Error(err)
		}
		if apart, err := w.invoices.EventsApart(ctx, c, sum.ID); err != nil || !apart {
			t.Error(apart, err)
		}
		_, err = w.invoices.InvoicePage(ctx, w.business(t, "Stranger"), sum.ID, 0, 10)
		if !fail.Is(err, fail.NotFound) {
			t.Errorf("%v for a stranger", err)
		}
		w.tx(t, func(tx *store.Tx) error {
			_, docs, err := w.invoices.IssuedMany(tx, []string{sum.ID})
			if err != nil || len(docs[0].Lines) != sum.Lines {
				t.Error(err)
			}
			_, err = tx.Exec("UPDATE invoice_part SET lines = (SELECT lines FROM invoice_part p WHERE p.invoice = $1 AND p.no = 0) WHERE invoice = $1 AND no = 1", sum.ID)
			return err
		})
		if _, err := w.invoices.InvoicePage(ctx, c, sum.ID, 600, 1); err == nil {
			t.Error("a part that stands where another stood was shown")
		}
		if _, err := w.invoices.InvoicePage(ctx, c, sum.ID, 0, 100); err != nil {
			t.Error(err)
		}
	})
}
