package settlement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/settlement"
)

// monthOf is the one month of the world's day.
func (w *world) monthOf(t *testing.T) settlement.Month {
	t.Helper()
	list, err := w.settlements.MonthOf(ctx, w.Operator, price.DateOf(w.Clock.Now(), time.UTC))
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("%d months", len(list))
	}
	return list[0]
}

// TestTheMonthReconciles: customers of the operator and of a reseller, a credit note, a payment that went back, a part held
// and a statement; each sum said twice is the same, and whatever is altered shows.
func TestTheMonthReconciles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.rule(t, w.pub.Org, settlement.Terms{Clauses: percent(7000, 2000, 1000).Clauses, Reserve: 1000, ReserveDays: 30})
		w.sell(t, w.below, w.pub.Org, w.Entity, "broker", money.EUR, 10_001)
		w.sell(t, w.below, w.Operator.Org, w.Entity, "network", money.EUR, 5_000)
		w.sell(t, w.acme, w.other.Org, w.Entity, "archive", money.EUR, 3_333)
		first := w.bill(t, w.below)[0]
		second := w.bill(t, w.acme)[0]
		today := price.DateOf(w.Clock.Now(), time.UTC)
		_, err := w.invoices.CreditLines(ctx, w.Operator, second.ID, "slow", []proof.CreditLine{{Line: 1, Amount: money.New(333, money.EUR)}})
		must(t, err)
		_, err = w.invoices.RecordPayment(ctx, w.Operator, billing.PaymentInput{Invoice: first.ID, Amount: first.Gross, Received: today, Reference: "A1"})
		must(t, err)
		must(t, w.DB.Tx(ctx, func(tx *store.Tx) error {
			_, err := w.invoices.ReturnIn(tx, w.Operator, billing.ReturnInput{Invoice: first.ID, Amount: first.Gross, On: today, Reference: "R1", Code: "AM04"})
			return err
		}))
		w.drain(t)
		statements, err := w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, today)
		must(t, err)
		m := w.monthOf(t)
		if !m.Right() {
			t.Fatalf("it does not reconcile: %+v", m)
		}
		same(t, "charged", "216.01 EUR", m.Total.Gross.String())
		same(t, "taken back", "4.00 EUR", m.Total.TakenBack.String())
		same(t, "paid and sent back", "180.01 EUR 180.01 EUR", m.Total.Paid.String()+" "+m.Total.SentBack.String())
		same(t, "unpaid", "216.01 EUR", m.Total.Unpaid.String())
		same(t, "held", "7.00 EUR", m.Total.Held.String())
		if len(m.Documents) != 3 || len(m.Publishers) != 2 || len(m.Resellers) != 1 || len(m.Checks) != 8 {
			t.Fatalf("%d documents, %d publishers, %d resellers, %d checks", len(m.Documents), len(m.Publishers), len(m.Resellers), len(m.Checks))
		}
		for _, p := range m.Publishers {
			if p.Publisher == w.pub.Org && p.Statement != statements[0].ID || p.Publisher == w.other.Org && p.Statement != "" {
				t.Errorf("%+v", p)
			}
		}
		_, err = w.invoices.WriteOff(ctx, w.Operator, billing.WriteOffInput{Invoice: second.ID, Reason: "gone"})
		must(t, err)
		w.drain(t)
		if m = w.monthOf(t); !m.Right() {
			t.Fatalf("it does not reconcile once something was given up: %+v", m)
		}
		same(t, "given up", "36.00 EUR", m.Total.GivenUp.String())
		same(t, "unpaid after it", "180.01 EUR", m.Total.Unpaid.String())
		for name, spoil := range map[string]string{
			"a share":     "UPDATE settlement_line SET share = share + 1, kept = kept - 1 WHERE document = $1 AND line = 1",
			"a tax":       "UPDATE settlement_line SET tax = tax + 1 WHERE document = $1 AND line = 0",
			"an invoice":  "UPDATE invoice SET gross = gross + 1 WHERE id = $1",
			"a payment":   "UPDATE payment SET amount = amount + 1 WHERE invoice = $1 AND amount > 0",
			"a statement": "UPDATE settlement_statement SET payable = payable + 1 WHERE '' <> $1",
		} {
			w.tx(t, func(tx *store.Tx) error { _, err := tx.Exec(spoil, first.ID); return err })
			if m := w.monthOf(t); m.Right() {
				t.Errorf("%s was altered, and the month is right", name)
			}
			w.tx(t, func(tx *store.Tx) error {
				_, err := tx.Exec(strings.NewReplacer("+ 1", "- 1", "- 1", "+ 1").Replace(spoil), first.ID)
				return err
			})
		}
		if m := w.monthOf(t); !m.Right() {
			t.Error("it does not reconcile after all was put back")
		}
		if _, err := w.settlements.MonthOf(ctx, w.reseller, today); code(err) == "" {
			t.Error("a reseller reads the books")
		}
	})
}

// TestStrangersLook: what is read for pages is nobody else's either.
func TestStrangersLook(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.sell(t, w.below, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		w.bill(t, w.below)
		today := price.DateOf(w.Clock.Now(), time.UTC)
		_, err := w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, today)
		must(t, err)
		p, err := w.settlements.PayOut(ctx, w.Operator, w.pub.Org, money.EUR)
		must(t, err)
		s := w.settlements
		for name, do := range map[string]func() error{
			"lines": func() error {
				_, _, err := s.SharedLines(ctx, w.other, w.pub.Org, settlement.LineFilter{}, "", 10)
				return err
			},
			"a reseller's":   func() error { _, err := s.Resold(ctx, w.pub, w.reseller.Org, price.Date{}); return err },
			"its position":   func() error { _, err := s.ResellerPositions(ctx, w.below, w.reseller.Org); return err },
			"a payout":       func() error { _, err := s.OnePayout(ctx, w.other, p.ID); return err },
			"all payouts":    func() error { _, err := s.PayoutsOnTheWay(ctx, w.pub, 10); return err },
			"an entry":       func() error { _, err := s.OneEntry(ctx, w.reseller, 1); return err },
			"trial balance":  func() error { _, err := s.Trial(ctx, w.pub); return err },
			"nobody's entry": func() error { _, err := s.OneEntry(ctx, w.Operator, 999); return err },
			"nobody's money": func() error { _, err := s.OnePayout(ctx, w.Operator, "pyo_none"); return err },
		} {
			if err := do(); !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied) {
				t.Errorf("%s: %v", name, err)
			}
		}
		lines, next, err := s.SharedLines(ctx, w.pub, w.pub.Org, settlement.LineFilter{Month: today, Offer: "broker"}, "", 1)
		if err != nil || len(lines) != 1 || next == "" {
			t.Fatalf("%d lines, next %q: %v", len(lines), next, err)
		}
		if rest, end, err := s.SharedLines(ctx, w.pub, w.pub.Org, settlement.LineFilter{}, next, 1); err != nil || len(rest) != 0 || end != "" {
			t.Errorf("%d lines follow, %q: %v", len(rest), end, err)
		}
		if _, _, err := s.SharedLines(ctx, w.pub, w.pub.Org, settlement.LineFilter{}, "x.y", 1); !fail.Is(err, fail.Invalid) {
			t.Errorf("a cursor that is none: %v", err)
		}
	})
}
