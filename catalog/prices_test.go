package catalog_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/catalog/catalogtest"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
)

// wholeContract is a price list with all that prices can say, as a publisher writes it.
const wholeContract = `      - currency: EUR
        basis: net
        components:
          - key: suite
            kind: perPeriod
            every: month
            price: 30 EUR
            parts:
              - {key: broker, weight: 2}
              - {key: console, weight: 1}
          - key: messages
            kind: volume
            meter: messages
            unit: message
            per: 1
            tiers:
              - {upTo: 100, price: 0.10 EUR}
              - {price: 0.06 EUR, flat: 1 EUR, step: 10}
          - key: boxes
            kind: package
            meter: messages
            unit: box
            per: 1000
            free: 1000
            price: 5 EUR
          - key: seats
            kind: seats
            meter: device_seconds
            unit: seat
            every: month
            price: 9.99 EUR
          - key: day
            kind: perUnit
            meter: messages
            unit: message
            per: 1
            price: 0.30 EUR
            hours:
              zone: Europe/Paris
              spans:
                - {days: [mon, tue, wed, thu, fri, sat, sun], from: "07:00", to: "22:00"}
          - key: night
            kind: perUnit
            meter: messages
            unit: message
            per: 1
            price: 0.10 EUR
            hours:
              zone: Europe/Paris
              spans:
                - {from: "00:00", to: "07:00"}
                - {from: "22:00", to: "24:00"}
        terms:
          - {key: first-days, kind: trial, days: 14}
          - {key: loyal, kind: discount, percent: 12.5, periods: 3, components: [messages]}
          - {key: welcome, kind: coupon, amount: 10 EUR, periods: 1}
          - {key: most, kind: cap, amount: 1000 EUR}
          - {key: least, kind: minimum, amount: 50 EUR, prorate: true}
          - {key: year, kind: commitment, amount: 1200 EUR, every: year, prepaid: true}
`

// withPrices puts price lists in the place of those of the first plan.
func withPrices(t testing.TB, lists string) string {
	t.Helper()
	text := string(catalogtest.Sample(t))
	a := strings.Index(text, "      - currency: EUR\n        basis: net\n")
	b := strings.Index(text, "      - currency: EUR\n        basis: gross\n")
	if a < 0 || b < a {
		t.Fatal("the sample is not as expected")
	}
	return text[:a] + lists + text[b:]
}

func TestYAMLHoldsWholeContracts(t *testing.T) {
	c, err := catalog.Parse([]byte(withPrices(t, wholeContract)))
	if err != nil {
		t.Fatal(err)
	}
	list := c.Plans[0].Prices[0]
	if list.Terms[1].Percent != 12_500 || list.Terms[5].Amount != money.New(120_000, money.EUR) || list.Components[1].Tiers[1].Flat.Nanos != 1e9 ||
		list.Components[4].Hours.Spans[0].From != "07:00" || list.Components[0].Parts[0].Weight != 2 {
		t.Fatalf("%+v", list)
	}
	roundTrip(t, c)
}

func TestPricesNeitherGapNorOverlap(t *testing.T) {
	base := func(from, to, more string) string {
		text := "      - currency: EUR\n        basis: net\n" + more
		if from != "" {
			text += "        effectiveFrom: \"" + from + "\"\n"
		}
		if to != "" {
			text += "        effectiveTo: \"" + to + "\"\n"
		}
		return text + "        components:\n          - {key: base, kind: perPeriod, every: month, price: 5 EUR}\n"
	}
	const jan, feb, mar = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"
	for name, tc := range map[string]struct{ lists, want string }{
		"chain":             {base(jan, feb, "") + base(feb, "", ""), ""},
		"open ends":         {base(feb, "", "") + base(jan, "", ""), ""},
		"for a reseller":    {base(jan, "", "") + base(jan, "", "        resellers: [org_1]\n"), ""},
		"for a market":      {base(jan, "", "") + base(jan, "", "        markets: [acme.example]\n"), ""},
		"gap":               {base(jan, feb, "") + base(mar, "", ""), "plans.0.prices.0.effectiveTo"},
		"overlap":           {base(jan, mar, "") + base(feb, "", ""), "plans.0.prices.0.effectiveTo"},
		"same instant":      {base(jan, "", "") + base(jan, "", ""), "plans.0.prices.1.effectiveFrom"},
		"no instant at all": {base("", "", "") + base("", "", ""), "plans.0.prices.1.effectiveFrom"},
		"ends first":        {base(feb, jan, ""), "plans.0.prices.0.effectiveTo"},
	} {
		_, err := catalog.Parse([]byte(withPrices(t, tc.lists)))
		e, _ := err.(*fail.Error)
		if (err == nil) != (tc.want == "") || e != nil && (len(e.Fields) == 0 || e.Fields[0].Path != tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// TestTheShelfHasThePriceOfTheDay publishes a chain, and lets its time come.
func TestTheShelfHasThePriceOfTheDay(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		h := newHouse(t, db)
		now := h.Clock.Now()
		list := func(days int, euros string, more string) string {
			return fmt.Sprintf("      - currency: EUR\n        basis: net\n        effectiveFrom: %q\n%s        components:\n          - {key: base, kind: perPeriod, every: month, price: %s EUR}\n",
				now.AddDate(0, 0, days).UTC().Format(time.RFC3339), more, euros)
		}
		far := "        resellers: [" + h.customer.Org + "]\n"
		text := withPrices(t, list(-10, "5", "")+list(10, "7", "")+list(0, "4", far))
		v := h.published(t, func(string) string { return text })
		if len(v.Content.Plans[0].Prices) != 4 {
			t.Fatalf("%+v", v.Content.Plans[0].Prices)
		}
		for days, want := range []string{"5 EUR", "7 EUR"} {
			if days > 0 {
				h.Clock.Advance(11 * 24 * time.Hour)
			}
			shelf, err := h.cat.Offer(ctx, h.customer, h.Market.ID, v.Content.Key)
			if err != nil {
				t.Fatal(err)
			}
			plan, m := &shelf.Content.Plans[0], h.Market
			m.VATMode = party.VATNet
			if got := plan.Price(m).Components[0].Price.String(); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if got := plan.PriceFor(m, []string{h.Operator.Org, h.customer.Org}, h.Clock.Now()); got == nil || got.Components[0].Price.String() != "4 EUR" {
				t.Errorf("the reseller's price is %+v", got)
			}
			if got := plan.PriceFor(m, []string{h.Operator.Org}, h.Clock.Now()); got == nil || got.Components[0].Price.String() != want || got.Basis != price.Net {
				t.Errorf("everybody's price is %+v", got)
			}
		}
		same, err := h.cat.ImportOffer(ctx, h.relay, h.relay.Org, []byte(text))
		if err != nil || same.ID != v.ID {
			t.Errorf("the same file made version %s of %s: %v", same.ID, v.ID, err)
		}
		later, err := h.cat.ImportOffer(ctx, h.relay, h.relay.Org, []byte(strings.Replace(text, now.AddDate(0, 0, 10).UTC().Format(time.RFC3339), now.AddDate(0, 0, 12).UTC().Format(time.RFC3339), 1)))
		if err != nil || later.ID == v.ID {
			t.Errorf("another date is no change: %v", err)
		}
	})
}
