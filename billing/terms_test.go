package billing_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// contract is a price list with what a negotiated contract has: a bundle, a volume price, packages, hours, a trial, a
// discount, a minimum by month and a commitment by year.
func contract() *price.Version {
	eur := func(nanos int64) money.UnitPrice { return money.NewUnitPrice(nanos, money.EUR) }
	day := &price.Hours{Zone: "Europe/Paris", Spans: []price.WeekSpan{{From: "08:00", To: "20:00"}}}
	night := &price.Hours{Zone: "Europe/Paris", Spans: []price.WeekSpan{{From: "00:00", To: "08:00"}, {From: "20:00", To: "24:00"}}}
	return &price.Version{ID: "prv-9", Currency: money.EUR, Basis: price.Net, EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Components: []price.Component{
		{Key: "setup", Kind: price.OneOff, Price: eur(5_000_000_000)},
		{Key: "base", Kind: price.PerPeriod, Every: price.Month, Price: eur(30_000_000_000), Parts: []price.Part{{Key: "broker", Weight: 2}, {Key: "console", Weight: 1}}},
		{Key: "messages", Kind: price.Volume, Meter: "messages", Unit: "message", Per: 1,
			Tiers: []price.Tier{{UpTo: 100, Price: eur(100_000_000)}, {Price: eur(60_000_000), Flat: eur(1_000_000_000)}}},
		{Key: "bytes", Kind: price.Package, Meter: "bytes", Unit: "MB", Per: 1_000_000, Price: eur(250_000_000)},
		{Key: "day", Kind: price.PerUnit, Meter: "energy", Unit: "kWh", Per: 1000, Price: eur(300_000_000), Hours: day},
		{Key: "night", Kind: price.PerUnit, Meter: "energy", Unit: "kWh", Per: 1000, Price: eur(100_000_000), Hours: night},
	}, Terms: []price.Term{
		{Key: "first-days", Kind: price.Trial, Days: 2},
		{Key: "loyal", Kind: price.Discount, Percent: 10_000, Components: []string{"messages", "bytes"}, Periods: 2},
		{Key: "least", Kind: price.Minimum, Amount: money.New(60_00, money.EUR), Prorate: true},
		{Key: "year", Kind: price.Commitment, Amount: money.New(500_00, money.EUR), Every: price.Year},
	}}
}

// verified opens an invoice and verifies its proof, once with the key of the log.
func (w *world) verified(t *testing.T, c access.Caller, id string) *proof.Invoice {
	t.Helper()
	text := w.proofFile(t, c, id)
	f, err := proof.ParseInvoiceFile(bytes.NewReader(text))
	must(t, err)
	if _, err = f.Verify(w.log.Key); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return &f.Invoice
}

func amounts(i *proof.Invoice) map[string]string {
	out := map[string]string{}
	for _, l := range i.Lines {
		key := l.Component
		if l.Trial {
			key += " in the trial"
		}
		if l.Correction {
			key += " late"
		}
		if l.Term != "" {
			key += " from " + price.DateOf(l.Period.From, time.FixedZone("", 7200)).String()
		}
		if _, twice := out[key]; twice {
			key += " again"
		}
		out[key] = l.Amount.Decimal()
	}
	return out
}

// TestAContractIsInvoicedExactly lets a contract run over three periods with usage that comes late, invoices it month by
// month, and verifies each invoice offline.
func TestAContractIsInvoicedExactly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.business(t, "Acme")
		sub := w.subscribe(t, c, contract()) // Monday 2 March 2026, 9:00 UTC
		w.use(t, c, sub, "messages", "message", 90)
		w.Clock.Advance(50 * time.Hour) // the trial is over
		w.use(t, c, sub, "messages", "message", 20)
		w.use(t, c, sub, "bytes", "byte", 1_000_001)
		w.use(t, c, sub, "energy", "watthour", 5000) // 11:00 UTC
		w.Clock.Advance(12 * time.Hour)
		w.use(t, c, sub, "energy", "watthour", 5000)
		w.Clock.Advance(28 * 24 * time.Hour) // 1 April, 23:00 UTC: the first hour of the second period
		list, err := w.invoices.Issue(ctx, w.Operator, c.Org, w.Clock.Now())
		must(t, err)
		if len(list) != 1 {
			t.Fatalf("%d invoices", len(list))
		}
		v, err := w.invoices.Invoice(ctx, c, list[0].ID)
		must(t, err)
		first := v.Document
		// 90 messages at 0.10 in the trial; with 20 more all 110 cost 0.06 and 1 flat: 7.60, so the 20 give 1.40 back.
		want := map[string]string{"setup": "5.00", "base in the trial": "1.94", "base": "27.66", "base again": "0.04", "messages in the trial": "9.00", "messages": "-1.40", "bytes": "0.50",
			"day": "1.50", "night": "0.50", "first-days from 2026-03-02": "-10.94",
			"least from 2026-03-02": "25.43"}
		got := amounts(first)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		if len(first.Lines[1].Shares)+len(first.Lines[2].Shares) == 0 {
			t.Fatal("the bundle is not split")
		}
		// Late usage of the first period, then the second without any, invoiced after both are over.
		w.Clock.Advance(-28 * 24 * time.Hour)
		w.Clock.Advance(time.Hour)
		w.use(t, c, sub, "messages", "message", 100)
		w.Clock.Advance(28*24*time.Hour + 40*24*time.Hour)
		_, err = w.invoices.Issue(ctx, w.Operator, c.Org, w.Clock.Now())
		must(t, err)
		w.final(t, c, sub)
		w.publish(t)
		total := map[string]int64{}
		all := w.list(t, c)
		for _, s := range all {
			for _, l := range w.verified(t, c, s.ID).Lines {
				key := "late"
				for n, from := range []string{"2026-03-02", "2026-04-02", "2026-05-02"} {
					at := l.Period.From
					if len(l.Charges) > 0 && !l.Charges[0].Period.IsZero() {
						at = l.Charges[0].Period.From
					}
					if l.Term != "" && l.Component == "year" {
						key = "year"
					} else if price.DateOf(at, time.FixedZone("", 7200)).String() >= from {
						key = []string{"march", "april", "may"}[n]
					}
				}
				total[key] += l.Amount.Minor
			}
		}
		// March is at its minimum of 60 for all but the ten hours before the activation; April is exactly 60; May is cut.
		if total["march"] != 5919 || total["april"] != 6000 {
			t.Errorf("%v", total)
		}
		if total["march"]+total["april"]+total["may"]+total["year"] != 500_00 {
			t.Errorf("the commitment of the year is not reached: %v", total)
		}
	})
}

// TestTermsAreExplained asks how each line of such an invoice came about.
func TestTermsAreExplained(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.business(t, "Acme")
		sub := w.subscribe(t, c, contract())
		w.Clock.Advance(50 * time.Hour)
		w.use(t, c, sub, "messages", "message", 120)
		w.Clock.Advance(time.Hour)
		w.final(t, c, sub)
		one := w.list(t, c)[0]
		w.publish(t)
		doc := w.verified(t, c, one.ID)
		if *update && w.DB.Engine() == "sqlite" {
			must(t, os.WriteFile("../proof/testdata/invoice-terms.json", w.proofFile(t, c, one.ID), 0o644))
		}
		var all string
		for n := range doc.Lines {
			for _, locale := range []string{"en", "fr"} {
				text, err := w.invoices.ExplainLine(ctx, c, one.ID, n+1, locale)
				if err != nil || strings.Contains(text, "%!") {
					t.Fatalf("line %d: %q %v", n+1, text, err)
				}
				all += text
			}
		}
		for _, want := range []string{"the period so far, from 100 to any: 120 × €0.06 per message = 7.2", "10 % off €8.20 for messages + bytes = −€0.82", "of it messages −€0.82",
			"€500.00 committed, drawn down by", "the first 2 days of everything cost nothing", "dont console"} {
			if !strings.Contains(all, want) {
				t.Errorf("%q is not explained in\n%s", want, all)
			}
		}
		if _, err := w.invoices.ExplainLine(ctx, c, one.ID, len(doc.Lines)+1, "en"); err == nil {
			t.Error("a line that is not there was explained")
		}
		cost, err := w.ratings.CostNow(ctx, c, c.Org)
		if err != nil || len(cost) != 0 {
			t.Errorf("after the last invoice %+v %v", cost, err)
		}
	})
}

// TestALifeOfAnInstantIsSettledToo ends a subscription in the instant in which it began.
func TestALifeOfAnInstantIsSettledToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.business(t, "Acme")
		v := contract()
		v.Terms = v.Terms[2:]
		w.final(t, c, w.subscribe(t, c, v))
		w.publish(t)
		doc := w.verified(t, c, w.list(t, c)[0].ID)
		if d := cmp.Diff(map[string]string{"setup": "5.00", "year from 2026-03-02": "495.00"}, amounts(doc)); d != "" {
			t.Fatal(d)
		}
	})
}

// TestWhatIsTakenBackWaitsForTheNextInvoice takes usage back after it was invoiced: less than nothing is not invoiced, but
// counted on the next invoice, and both verify.
func TestWhatIsTakenBackWaitsForTheNextInvoice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		c := w.business(t, "Acme")
		v := contract()
		v.Components, v.Terms = v.Components[2:3], nil
		sub := w.subscribe(t, c, v)
		issue := func() int {
			list, err := w.invoices.Issue(ctx, w.Operator, c.Org, w.Clock.Now())
			must(t, err)
			return len(list)
		}
		w.use(t, c, sub, "messages", "message", 90)
		w.Clock.Advance(time.Hour)
		if issue() != 1 {
			t.Fatal("no invoice")
		}
		w.use(t, c, sub, "messages", "message", -40)
		w.Clock.Advance(time.Hour)
		if issue() != 0 {
			t.Fatal("less than nothing was invoiced")
		}
		w.use(t, c, sub, "messages", "message", 60) // 110 now: 7.60, of which 9.00 were paid
		w.Clock.Advance(time.Hour)
		if issue() != 0 {
			t.Fatal("less than nothing was invoiced")
		}
		w.use(t, c, sub, "messages", "message", 100)
		w.final(t, c, sub)
		w.publish(t)
		total := int64(0)
		for _, one := range w.list(t, c) {
			total += one.Net.Minor
			w.verified(t, c, one.ID)
		}
		if total != 1360 { // 210 messages at 0.06, and 1 flat
			t.Fatalf("%d", total)
		}
	})
}

// TestAMinimumIsOwedOnce lets eight issue at once for a contract without any charge: its minimum and the commitment are
// invoiced once.
func TestAMinimumIsOwedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.business(t, "Acme")
		v := contract()
		v.Components = v.Components[2:3]
		v.Terms = []price.Term{{Key: "least", Kind: price.Minimum, Amount: money.New(60_00, money.EUR)}, {Key: "year", Kind: price.Commitment, Amount: money.New(500_00, money.EUR), Every: price.Year, Prepaid: true}}
		w.subscribe(t, c, v)
		w.Clock.Advance(32 * 24 * time.Hour)
		upTo := w.Clock.Now()
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for n := range errs {
			wg.Go(func() { _, errs[n] = w.invoices.Issue(context.Background(), w.Operator, c.Org, upTo) })
		}
		wg.Wait()
		must(t, errors.Join(errs...))
		list := w.list(t, c)
		if len(list) != 1 || list[0].Net.Minor != 500_00 || list[0].Lines != 2 {
			t.Fatalf("%d invoices: %+v", len(list), list)
		}
	})
}
