package billing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/price"
)

// TestNumbersHaveNoGapAndNoDouble lets sixteen issue for the same customers at once: each customer gets one invoice, the
// numbers are 1…n, and each hash refers to the one before.
func TestNumbersHaveNoGapAndNoDouble(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		const customers, issuers = 6, 16
		var list []access.Caller
		for n := range customers {
			c := w.business(t, fmt.Sprintf("Firm %d", n))
			w.subscribe(t, c, prices(price.Net))
			list = append(list, c)
		}
		w.Clock.Advance(time.Hour)
		upTo := w.Clock.Now()
		var wg sync.WaitGroup
		errs := make([]error, issuers)
		for n := range issuers {
			wg.Go(func() {
				for k := range customers {
					_, err := w.invoices.Issue(ctx, w.Operator, list[(k+n)%customers].Org, upTo)
					errs[n] = errors.Join(errs[n], err)
				}
			})
		}
		wg.Wait()
		must(t, errors.Join(errs...))
		var all []billing.Summary
		for _, c := range list {
			one := w.list(t, c)
			if len(one) != 1 || one[0].Lines != 2 {
				t.Fatalf("%s has %d invoices", c.Org, len(one))
			}
			all = append(all, one[0])
		}
		slices.SortFunc(all, func(a, b billing.Summary) int { return compare(a.Number, b.Number) })
		previous := ""
		for n, i := range all {
			if i.Number != fmt.Sprintf("INV-2026-%06d", n+1) || i.Previous != previous {
				t.Fatalf("number %s after %s", i.Number, previous)
			}
			previous = i.Hash
		}
	})
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

func TestMonthsCloseByThemselves(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.business(t, "Acme")
		sub := w.subscribe(t, c, prices(price.Net)) // 2 March 9:00 UTC
		w.use(t, c, sub, "messages", "message", 5)
		must(t, w.invoices.CloseMonths(ctx))
		if n := len(w.list(t, c)); n != 0 {
			t.Fatalf("%d invoices before the month is over", n)
		}
		w.Clock.Advance(30*24*time.Hour - 2*time.Hour) // 1 April, 9:00 in Paris
		late := w.use(t, c, sub, "messages", "message", 1)
		w.Clock.Advance(time.Hour)
		must(t, w.invoices.CloseMonths(ctx))
		must(t, w.invoices.CloseMonths(ctx))
		list := w.list(t, c)
		if len(list) != 1 || list[0].Lines != 3 {
			t.Fatalf("%+v", list)
		}
		cost, err := w.ratings.CostNow(ctx, c, c.Org)
		if err != nil || len(cost) != 1 || len(cost[0].Parts) != 2 || cost[0].Parts[1].Quantity != 1 {
			t.Fatalf("window %s is for April: %+v %v", late, cost, err)
		}
		draft, err := w.invoices.Draft(ctx, c, c.Org, w.Clock.Now())
		if err != nil || len(draft) != 1 || draft[0].Number != "" || draft[0].Net != cost[0].Total {
			t.Fatalf("%+v %v", draft, err)
		}
		w.final(t, c, sub)
		if list = w.list(t, c); len(list) != 2 || list[0].Previous != list[1].Hash {
			t.Fatalf("%+v", list)
		}
		next := w.Clock.Now().AddDate(1, 0, 0)
		w.Clock.Advance(next.Sub(w.Clock.Now()))
		w.final(t, c, w.subscribe(t, c, prices(price.Net)))
		if list = w.list(t, c); list[0].Number != "INV-2027-000001" || list[0].Previous != list[1].Hash {
			t.Fatalf("%+v", list[0])
		}
	})
}
