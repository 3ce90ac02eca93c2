package billing_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/pgtest"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/price"
)

// BenchmarkPageOfAMillionLines opens what the page of an invoice of a million lines shows, now of its beginning and now of
// its end.
func BenchmarkPageOfAMillionLines(b *testing.B) {
	const lines = 1_000_000
	open := func(b *testing.B, url string) {
		w := newWorld(b, storetest.Open(b, url, sets()))
		c := w.business(b, "Large")
		w.subscribe(b, c, prices(price.Net))
		w.Clock.Advance(time.Hour)
		list, err := w.invoices.Issue(b.Context(), w.Operator, c.Org, w.Clock.Now())
		must(b, err)
		must(b, w.DB.Tx(b.Context(), func(tx *store.Tx) error { return w.invoices.Grow(tx, list[0].ID, lines) }))
		for n := 0; b.Loop(); n++ {
			v, err := w.invoices.InvoicePage(b.Context(), c, list[0].ID, []int{0, lines - 100}[n%2], 100)
			must(b, err)
			apart, err := w.invoices.EventsApart(b.Context(), c, list[0].ID)
			must(b, err)
			page, err := w.invoices.Invoices(b.Context(), c, c.Org, "")
			must(b, err)
			if len(v.Document.Lines) != 100 || v.Lines != lines || !apart || len(page.Invoices) != 1 {
				b.Fatalf("%d of %d lines", len(v.Document.Lines), v.Lines)
			}
		}
	}
	b.Run("sqlite", func(b *testing.B) { open(b, "sqlite:"+filepath.Join(b.TempDir(), "halle.db")) })
	b.Run("postgresql", func(b *testing.B) {
		url, stop, err := pgtest.StartDurable(context.Background())
		must(b, err)
		b.Cleanup(stop)
		open(b, url)
	})
}
