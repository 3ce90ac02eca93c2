package settlement_test

import (
	"context"
	"github.com/halle-cloud/halle/proof"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
)

var ctx = context.Background()

func same(t *testing.T, what, want, got string) {
	t.Helper()
	if want != got {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// 100 EUR of a publisher and 50 of the operator's own, to a customer of a reseller and VAT on both.
func TestAnInvoiceIsShared(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.rule(t, w.pub.Org, percent(7000, 2000, 1000))
		w.sell(t, w.below, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		w.sell(t, w.below, w.Operator.Org, w.Entity, "network", money.EUR, 5_000)
		w.sell(t, w.acme, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		invoice := w.bill(t, w.below)[0]
		w.bill(t, w.acme)
		same(t, "customer", "receivable 180.00 EUR", w.balances(t, w.below.Org))
		same(t, "publisher", "payable -140.00 EUR", w.balances(t, w.pub.Org))
		same(t, "reseller", "commission -10.00 EUR", w.balances(t, w.reseller.Org))
		same(t, "operator", "revenue -100.00 EUR, vat -50.00 EUR", w.balances(t, w.Operator.Org))
		_, err := w.invoices.RecordPayment(ctx, w.Operator, billing.PaymentInput{Invoice: invoice.ID, Amount: money.New(18_000, money.EUR), Received: price.DateOf(w.Clock.Now(), time.UTC), Reference: "A1"})
		must(t, err)
		w.drain(t)
		w.drain(t)
		same(t, "customer, after", "", w.balances(t, w.below.Org))
		same(t, "operator, after", "revenue -100.00 EUR, vat -50.00 EUR, bank 180.00 EUR", w.balances(t, w.Operator.Org))
		w.proved(t)
		must(t, w.DB.Tx(ctx, func(tx *store.Tx) error {
			_, err := w.invoices.ReturnIn(tx, w.Operator, billing.ReturnInput{Invoice: invoice.ID, Amount: money.New(18_000, money.EUR), On: price.DateOf(w.Clock.Now(), time.UTC), Reference: "R1", Code: "AM04"})
			return err
		}))
		w.drain(t)
		same(t, "customer, whose bank took it back", "receivable 180.00 EUR", w.balances(t, w.below.Org))
		same(t, "operator, without the money", "revenue -100.00 EUR, vat -50.00 EUR", w.balances(t, w.Operator.Org))
		w.proved(t)
	})
}

// TestAPartIsTakenBackFromItsLine: a note about a part of each line takes from the shares of that line.
func TestAPartIsTakenBackFromItsLine(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.rule(t, w.pub.Org, percent(7000, 3000))
		w.sell(t, w.acme, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		w.sell(t, w.acme, w.Operator.Org, w.Entity, "network", money.EUR, 5_000)
		invoice := w.bill(t, w.acme)[0]
		doc, err := w.invoices.Invoice(ctx, w.Operator, invoice.ID)
		must(t, err)
		for _, l := range doc.Document.Lines {
			_, err := w.invoices.CreditLines(ctx, w.Operator, invoice.ID, "a part", []proof.CreditLine{{Line: l.No, Amount: money.New(1_000, money.EUR)}})
			must(t, err)
		}
		w.drain(t)
		same(t, "publisher", "payable -63.00 EUR", w.balances(t, w.pub.Org))
		same(t, "customer", "receivable 156.00 EUR", w.balances(t, w.acme.Org))
		w.proved(t)
	})
}

func TestACreditNoteTakesBackByTheRuleOfItsInvoice(t *testing.T) {
	for name, c := range map[string]struct {
		bearer          settlement.Bearer
		publisher, rest string
	}{
		"shared":       {"", "", ""},
		"by operator":  {settlement.ByOperator, "payable -70.00 EUR", "revenue 70.00 EUR"},
		"by publisher": {settlement.ByPublisher, "payable 30.00 EUR", "revenue -30.00 EUR"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				terms := percent(7000, 3000)
				terms.CreditNote = c.bearer
				w.rule(t, w.pub.Org, terms)
				w.sell(t, w.acme, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
				invoice := w.bill(t, w.acme)[0]
				w.rule(t, w.pub.Org, percent(1000, 9000))
				_, err := w.invoices.Credit(ctx, w.Operator, invoice.ID, "a mistake")
				must(t, err)
				w.drain(t)
				same(t, "customer", "", w.balances(t, w.acme.Org))
				same(t, "publisher", c.publisher, w.balances(t, w.pub.Org))
				same(t, "operator", c.rest, w.balances(t, w.Operator.Org))
				w.proved(t)
			})
		})
	}
}

// What the publisher sells itself to a business is agency; towards a household the operator is presumed to sell.
func TestWhoSellsOwesTheTax(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, err := w.Parties.Organisation(ctx, w.pub, w.pub.Org)
		must(t, err)
		w.sell(t, w.acme, w.pub.Org, o.Entity, "broker", money.EUR, 10_000)
		w.bill(t, w.acme)
		same(t, "publisher", "payable -100.00 EUR", w.balances(t, w.pub.Org)) // 80 and its VAT
		same(t, "operator", "revenue -20.00 EUR", w.balances(t, w.Operator.Org))
		home := w.Household(t, "Moreau")
		w.sell(t, home, w.pub.Org, o.Entity, "broker", money.EUR, 10_000)
		w.bill(t, home)
		same(t, "publisher, household", "payable -180.00 EUR", w.balances(t, w.pub.Org))
		same(t, "operator, household", "revenue -40.00 EUR, vat -20.00 EUR", w.balances(t, w.Operator.Org))
		list, err := w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, price.DateOf(w.Clock.Now(), time.UTC))
		must(t, err)
		st, _, err := w.settlements.Statement(ctx, w.pub, list[0].ID)
		must(t, err)
		same(t, "billed by the publisher", "80.00 EUR", st.Billed.String())
		same(t, "tax collected for it", "20.00 EUR", st.Collected.String())
		same(t, "payable", "180.00 EUR", st.Payable.String())
		w.proved(t)
	})
}

func TestFromStatementToPayout(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		terms := percent(7000, 3000)
		terms.Reserve, terms.ReserveDays, terms.Threshold = 1000, 30, 5000
		w.rule(t, w.pub.Org, terms)
		w.sell(t, w.acme, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		w.bill(t, w.acme)
		today := price.DateOf(w.Clock.Now(), time.UTC)
		list, err := w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, today)
		must(t, err)
		if len(list) != 1 {
			t.Fatalf("%+v", list)
		}
		same(t, "number", "SB-2026-000001", list[0].Number)
		same(t, "payable", "63.00 EUR", list[0].Payable.String())
		again, err := w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, today)
		if must(t, err); len(again) != 0 {
			t.Errorf("closed twice: %+v", again)
		}
		same(t, "publisher", "held -7.00 EUR, due -63.00 EUR", w.balances(t, w.pub.Org))
		p, err := w.settlements.PayOut(ctx, w.Operator, w.pub.Org, money.EUR)
		must(t, err)
		if _, err := w.settlements.PayOut(ctx, w.Operator, w.pub.Org, money.EUR); code(err) != "settlement.threshold" {
			t.Errorf("paid twice: %v", err)
		}
		same(t, "in transit", "held -7.00 EUR, transit -63.00 EUR", w.balances(t, w.pub.Org))
		_, err = w.settlements.EndPayout(ctx, w.Operator, settlement.PayoutInput{Payout: p.ID, State: settlement.PayoutReturned})
		must(t, err)
		same(t, "returned", "held -7.00 EUR, due -63.00 EUR", w.balances(t, w.pub.Org))
		p, err = w.settlements.PayOut(ctx, w.Operator, w.pub.Org, money.EUR)
		must(t, err)
		for range 2 {
			p, err = w.settlements.EndPayout(ctx, w.Operator, settlement.PayoutInput{Payout: p.ID, State: settlement.PayoutPaid, Reference: "SEPA 7"})
			must(t, err)
		}
		if _, err := w.settlements.EndPayout(ctx, w.Operator, settlement.PayoutInput{Payout: p.ID, State: settlement.PayoutReturned}); !fail.Is(err, fail.Conflict) {
			t.Errorf("a paid payout came back: %v", err)
		}
		same(t, "paid", "held -7.00 EUR", w.balances(t, w.pub.Org))
		w.Clock.Advance(31 * 24 * time.Hour)
		must(t, w.settlements.ReleaseReserves(ctx))
		must(t, w.settlements.ReleaseReserves(ctx))
		same(t, "released", "payable -7.00 EUR", w.balances(t, w.pub.Org))
		list, err = w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, price.DateOf(w.Clock.Now(), time.UTC))
		must(t, err)
		st, hash, err := w.settlements.Statement(ctx, w.pub, list[0].ID)
		must(t, err)
		same(t, "second", "SB-2026-000002 7.00 EUR", st.Number+" "+st.Payable.String())
		if st.Previous == "" || hash == st.Previous {
			t.Errorf("no chain: %q after %q", hash, st.Previous)
		}
		if _, err := w.settlements.PayOut(ctx, w.Operator, w.pub.Org, money.EUR); code(err) != "settlement.threshold" {
			t.Errorf("below the threshold: %v", err)
		}
		w.proved(t)
	})
}

// More is taken back than came in: the statement is a credit note in its own series.
func TestAStatementBelowZero(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.sell(t, w.acme, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		invoice := w.bill(t, w.acme)[0]
		today := price.DateOf(w.Clock.Now(), time.UTC)
		_, err := w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, today)
		must(t, err)
		_, err = w.invoices.Credit(ctx, w.Operator, invoice.ID, "a mistake")
		must(t, err)
		w.drain(t)
		list, err := w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, today)
		must(t, err)
		same(t, "credit", "261 SBC-2026-000001 -80.00 EUR", list[0].Type+" "+list[0].Number+" "+list[0].Payable.String())
		same(t, "publisher", "", w.balances(t, w.pub.Org))
		w.proved(t)
	})
}

func TestWhatIsInDisputeIsHeld(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sub := w.sell(t, w.acme, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		before := w.use(t, sub, 1000) // 10.00
		fact := func(dispute, window string, state meter.DisputeState) meter.DisputeFact {
			return meter.DisputeFact{Dispute: dispute, Tenant: w.acme.Org, Publisher: w.pub.Org, Subject: sub, Window: window, State: state}
		}
		w.record(t, meter.FactDisputed, "dsp_1", fact("dsp_1", before, meter.DisputeOpen))
		w.bill(t, w.acme)
		same(t, "disputed before the invoice", "payable -80.00 EUR, held -8.00 EUR", w.balances(t, w.pub.Org))
		w.Clock.Advance(time.Hour)
		after := w.use(t, sub, 2000)
		w.bill(t, w.acme)
		w.record(t, meter.FactDisputed, "dsp_2", fact("dsp_2", after, meter.DisputeOpen))
		same(t, "disputed after it", "payable -80.00 EUR, held -24.00 EUR", w.balances(t, w.pub.Org))
		holds, err := w.settlements.Holds(ctx, w.pub, w.pub.Org)
		if must(t, err); len(holds) != 2 {
			t.Errorf("%+v", holds)
		}
		w.record(t, meter.FactDisputeRefused, "dsp_2", fact("dsp_2", after, meter.DisputeRefused))
		same(t, "refused, not over", "payable -80.00 EUR, held -24.00 EUR", w.balances(t, w.pub.Org))
		w.record(t, meter.FactDisputeWithdrawn, "dsp_2", fact("dsp_2", after, meter.DisputeWithdrawn))
		w.record(t, meter.FactDisputeSettled, "dsp_1", fact("dsp_1", before, meter.DisputeSettled))
		same(t, "over", "payable -104.00 EUR", w.balances(t, w.pub.Org))
		w.proved(t)
	})
}

func TestRulesByExactnessAndDay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		set := func(in settlement.RuleInput, publisher int) {
			t.Helper()
			in.Terms = percent(publisher, 10_000-publisher)
			_, err := w.settlements.SetRule(ctx, w.Operator, in)
			must(t, err)
		}
		later := price.DateOf(w.Clock.Now().Add(48*time.Hour), time.UTC)
		set(settlement.RuleInput{Market: w.Market.ID}, 1000)
		set(settlement.RuleInput{Publisher: w.pub.Org}, 2000)
		set(settlement.RuleInput{Offer: "broker"}, 3000)
		set(settlement.RuleInput{Offer: "broker"}, 4000)
		set(settlement.RuleInput{Offer: "broker", From: later}, 5000)
		for _, offer := range []string{"broker", "other"} {
			w.sell(t, w.acme, w.pub.Org, w.Entity, offer, money.EUR, 10_000)
		}
		w.sell(t, w.acme, w.other.Org, w.Entity, "third", money.EUR, 10_000)
		w.bill(t, w.acme)
		same(t, "offer and publisher", "payable -60.00 EUR", w.balances(t, w.pub.Org))
		same(t, "market", "payable -10.00 EUR", w.balances(t, w.other.Org))
		w.Clock.Advance(49 * time.Hour)
		w.sell(t, w.acme, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		w.bill(t, w.acme)
		same(t, "a later version", "payable -110.00 EUR", w.balances(t, w.pub.Org))
		_, err := w.settlements.SetRule(ctx, w.Operator, settlement.RuleInput{From: price.Date{Year: 2026, Month: 1, Day: 1}, Terms: percent(1, 9999)})
		if !fail.Is(err, fail.Invalid) {
			t.Errorf("a rule for the past: %v", err)
		}
		list, err := w.settlements.Rules(ctx, w.pub, w.pub.Org)
		if must(t, err); len(list) != 6 {
			t.Errorf("%d rules", len(list))
		}
	})
}

func TestClosedBooks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.sell(t, w.acme, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		list, err := w.invoices.Issue(ctx, w.Operator, w.acme.Org, w.Clock.Now())
		must(t, err)
		day := list[0].Date
		w.Clock.Advance(24 * time.Hour)
		if _, err := w.settlements.LockBooks(ctx, w.Operator, price.DateOf(w.Clock.Now(), time.UTC)); !fail.Is(err, fail.Invalid) {
			t.Errorf("today was closed: %v", err)
		}
		h, err := w.settlements.LockBooks(ctx, w.Operator, day)
		must(t, err)
		same(t, "closed", day.String(), h.Locked.String())
		w.drain(t) // of the closed day: it goes to the next one
		entries, err := w.settlements.Entries(ctx, w.Operator, 0, 0, 10)
		must(t, err)
		if len(entries) != 1 || !day.Before(entries[0].Date) {
			t.Errorf("%+v", entries)
		}
		w.proved(t)
	})
}

// Nobody sees or moves what is another's, whatever the role.
func TestStrangers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.sell(t, w.acme, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		w.bill(t, w.acme)
		today := price.DateOf(w.Clock.Now(), time.UTC)
		list, err := w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, today)
		must(t, err)
		p, err := w.settlements.PayOut(ctx, w.Operator, w.pub.Org, money.EUR)
		must(t, err)
		s := w.settlements
		for name, do := range map[string]func() error{
			"statement":   func() error { _, _, err := s.Statement(ctx, w.other, list[0].ID); return err },
			"statements":  func() error { _, err := s.Statements(ctx, w.other, w.pub.Org, "", 10); return err },
			"payouts":     func() error { _, err := s.Payouts(ctx, w.acme, w.pub.Org, "", 10); return err },
			"earnings":    func() error { _, err := s.Earnings(ctx, w.other, w.pub.Org, price.Date{}); return err },
			"positions":   func() error { _, err := s.Positions(ctx, w.reseller, w.pub.Org); return err },
			"holds":       func() error { _, err := s.Holds(ctx, w.other, w.pub.Org); return err },
			"rules":       func() error { _, err := s.Rules(ctx, w.other, w.pub.Org); return err },
			"all rules":   func() error { _, err := s.Rules(ctx, w.pub, ""); return err },
			"accounts":    func() error { _, err := s.Accounts(ctx, w.pub, "", "", 0, 10); return err },
			"own account": func() error { _, err := s.Accounts(ctx, w.pub, w.pub.Org, "", 0, 10); return err },
			"an account":  func() error { _, err := s.OneAccount(ctx, w.reseller, 1); return err },
			"entries":     func() error { _, err := s.Entries(ctx, w.acme, 0, 0, 10); return err },
			"owed":        func() error { _, err := s.Owed(ctx, w.reseller); return err },
			"head":        func() error { _, err := s.Head(ctx, w.reseller); return err },
			"margins":     func() error { _, err := s.Margins(ctx, w.reseller, price.Date{}, price.Date{}); return err },
			"check":       func() error { _, err := s.Check(ctx, w.pub); return err },
			"lock":        func() error { _, err := s.LockBooks(ctx, w.reseller, list[0].Date); return err },
			"close":       func() error { _, err := s.CloseStatements(ctx, w.other, w.pub.Org, today); return err },
			"pay":         func() error { _, err := s.PayOut(ctx, w.other, w.pub.Org, money.EUR); return err },
			"end": func() error {
				_, err := s.EndPayout(ctx, w.other, settlement.PayoutInput{Payout: p.ID, State: settlement.PayoutPaid})
				return err
			},
			"rule": func() error {
				_, err := s.SetRule(ctx, w.reseller, settlement.RuleInput{Terms: percent(10_000, 0)})
				return err
			},
		} {
			if err := do(); name != "lock" && !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, do := range map[string]func() error{ // in the own organisation
			"close": func() error { _, err := s.CloseStatements(ctx, w.pub, w.pub.Org, today); return err },
			"pay":   func() error { _, err := s.PayOut(ctx, w.pub, w.pub.Org, money.EUR); return err },
			"end": func() error {
				_, err := s.EndPayout(ctx, w.pub, settlement.PayoutInput{Payout: p.ID, State: settlement.PayoutPaid})
				return err
			},
			"rule": func() error {
				_, err := s.SetRule(ctx, w.pub, settlement.RuleInput{Publisher: w.pub.Org, Terms: percent(10_000, 0)})
				return err
			},
		} {
			if err := do(); !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied) {
				t.Errorf("own %s: %v", name, err)
			}
		}
		if _, _, err := s.Statement(ctx, w.pub, "stm_none"); !fail.Is(err, fail.NotFound) {
			t.Errorf("no statement: %v", err)
		}
	})
}

func TestAnAlteredShareOrStatementShows(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.sell(t, w.acme, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		invoice := w.bill(t, w.acme)[0]
		list, err := w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, invoice.Date)
		must(t, err)
		w.tx(t, func(tx *store.Tx) error {
			if _, err := tx.Exec("UPDATE settlement_line SET net = net + 1, kept = kept + 1 WHERE line = 1"); err != nil {
				return err
			}
			_, err := tx.Exec("UPDATE settlement_statement SET document = $1", []byte("{}"))
			return err
		})
		r, err := w.settlements.Check(ctx, w.Operator)
		must(t, err)
		if diff := cmp.Diff([]string{invoice.Number + " says 120.00 EUR, and its shares come to 120.01 EUR"}, r.Differences); diff != "" {
			t.Error(diff)
		}
		if _, _, err := w.settlements.Statement(ctx, w.pub, list[0].ID); err == nil {
			t.Error("an altered statement was shown")
		}
	})
}
