package order_test

import (
	"context"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

// TestAMinimumIsReservedAndAResellersPriceIsFrozen orders by a price with a minimum, then by one that is for the customers
// of an organisation above the buyer.
func TestAMinimumIsReservedAndAResellersPriceIsFrozen(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		h := newHouse(t, db)
		const gross = "            price: 6.00 EUR\n"
		with := func(more string) {
			h.publish(t, func(text string) string {
				if !strings.Contains(text, gross) {
					t.Fatal("the sample is not as expected")
				}
				return strings.Replace(text, gross, gross+more, 1)
			})
		}
		with("        terms:\n          - {key: least, kind: minimum, amount: 40 EUR}\n          - {key: loyal, kind: discount, percent: 10, components: [base]}\n")
		o := h.placed(t, add())
		if o.Total.String() != "39.40 EUR" || o.Recurring.String() != "39.40 EUR" || o.Items[0].Terms.First.Terms.String() != "33.40 EUR" {
			t.Fatalf("%s, %s a month, terms %s", o.Total, o.Recurring, o.Items[0].Terms.First.Terms)
		}
		with("      - currency: EUR\n        basis: gross\n        resellers: [" + h.Operator.Org + "]\n        components:\n          - {key: base, kind: perPeriod, every: month, price: 4 EUR}\n")
		if o = h.placed(t, add()); o.Total.String() != "4.00 EUR" {
			t.Fatalf("%s, not the price of the organisation above", o.Total)
		}
		v, err := h.orders.PriceOf(ctx, h.buyer, "", "relay-m2m", "start")
		if err != nil || v.Components[0].Price.Decimal() != "4" {
			t.Fatalf("%+v %v", v, err)
		}
		if _, err := h.orders.PriceOf(ctx, h.buyer, "", "relay-m2m", "none"); fail.CodeOf(err) != "order.plan" {
			t.Fatal(err)
		}
	})
}
