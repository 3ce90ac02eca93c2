package settlement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
)

// TestWhatIsNeverPaidIsBorneAsTheRuleSays: 100 EUR and 20 of tax, of which a quarter was paid; the tax of the rest goes
// back, and who had 70 and 30 of the line bears the loss.
func TestWhatIsNeverPaidIsBorneAsTheRuleSays(t *testing.T) {
	for name, c := range map[string]struct {
		bearer              settlement.Bearer
		publisher, operator string
	}{
		"shared":       {"", "payable -17.50 EUR", "revenue -30.00 EUR, vat -5.00 EUR, bank 30.00 EUR, cost 22.50 EUR"},
		"by operator":  {settlement.ByOperator, "payable -70.00 EUR", "revenue -30.00 EUR, vat -5.00 EUR, bank 30.00 EUR, cost 75.00 EUR"},
		"by publisher": {settlement.ByPublisher, "payable 5.00 EUR", "revenue -30.00 EUR, vat -5.00 EUR, bank 30.00 EUR"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				terms := percent(7000, 3000)
				terms.BadDebt = c.bearer
				w.rule(t, w.pub.Org, terms)
				w.sell(t, w.acme, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
				invoice := w.bill(t, w.acme)[0]
				_, err := w.invoices.RecordPayment(ctx, w.Operator, billing.PaymentInput{Invoice: invoice.ID, Amount: money.New(3_000, money.EUR), Received: w.today(), Reference: "A1"})
				must(t, err)
				_, err = w.invoices.WriteOff(ctx, w.acme, billing.WriteOffInput{Invoice: invoice.ID, Reason: "we do not like it"})
				if !fail.Is(err, fail.Denied) {
					t.Errorf("written off by its customer: %v", err)
				}
				for range 2 { // and taken up again, and given up for good
					after, err := w.invoices.WriteOff(ctx, w.Operator, billing.WriteOffInput{Invoice: invoice.ID, Reason: "insolvent", VAT: true})
					if must(t, err); after.Owed().Sign() != 0 || after.Status != billing.StatusWrittenOff {
						t.Errorf("%+v", after)
					}
					w.drain(t)
					same(t, "customer", "", w.balances(t, w.acme.Org))
					same(t, "publisher", c.publisher, w.balances(t, w.pub.Org))
					same(t, "operator", c.operator, w.balances(t, w.Operator.Org))
					w.proved(t)
					if _, err := w.invoices.Credit(ctx, w.Operator, invoice.ID, "late"); !fail.Is(err, fail.Conflict) {
						t.Errorf("credited after it was written off: %v", err)
					}
					_, err = w.invoices.TakeUp(ctx, w.Operator, invoice.ID)
					must(t, err)
					w.drain(t)
					same(t, "customer, again", "receivable 90.00 EUR", w.balances(t, w.acme.Org))
					w.proved(t)
				}
				_, err = w.invoices.WriteOff(ctx, w.Operator, billing.WriteOffInput{Invoice: invoice.ID, Reason: "insolvent", VAT: true})
				must(t, err)
				w.drain(t)
				list, err := w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, w.today())
				must(t, err)
				same(t, "statement", c.publisher, "payable "+money.New(-list[0].Share.Minor, money.EUR).String())
				w.proved(t)
			})
		})
	}
}

func (w *world) today() price.Date { return price.DateOf(w.Clock.Now(), time.UTC) }

func TestAFeeIsSharedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.rule(t, w.pub.Org, percent(7000, 2000, 1000))
		w.sell(t, w.below, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		invoice := w.bill(t, w.below)[0]
		in := settlement.FeeInput{Invoice: invoice.ID, Amount: money.New(1_000, money.EUR), What: "returned direct debit", Reference: "RT1"}
		for range 2 {
			must(t, w.settlements.BookFee(ctx, w.Operator, in))
			w.Clock.Advance(24 * time.Hour)
		}
		same(t, "publisher", "payable -63.00 EUR", w.balances(t, w.pub.Org))
		same(t, "reseller", "commission -9.00 EUR", w.balances(t, w.reseller.Org))
		same(t, "operator", "revenue -20.00 EUR, vat -20.00 EUR, cost 2.00 EUR, bank -10.00 EUR", w.balances(t, w.Operator.Org))
		in.Amount.Minor = 999
		if err := w.settlements.BookFee(ctx, w.Operator, in); code(err) != "settlement.fee_taken" {
			t.Errorf("another fee: %v", err)
		}
		if err := w.settlements.BookFee(ctx, w.pub, in); !fail.Is(err, fail.NotFound) && !fail.Is(err, fail.Denied) {
			t.Errorf("booked by a publisher: %v", err)
		}
		w.proved(t)
	})
}

// TestCreditReachesTheBooks: what came in beyond the invoices is the customer's until it pays one.
func TestCreditReachesTheBooks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.record(t, collect.FactKept, "bke_1", collect.CreditFact{Org: w.acme.Org, Entity: w.Entity, Amount: money.New(500, money.EUR), Entry: "bke_1"})
		same(t, "kept", "credit -5.00 EUR", w.balances(t, w.acme.Org))
		same(t, "bank", "bank 5.00 EUR", w.balances(t, w.Operator.Org))
		w.sell(t, w.acme, w.Operator.Org, w.Entity, "network", money.EUR, 400)
		invoice := w.bill(t, w.acme)[0]
		_, err := w.invoices.RecordPayment(ctx, w.Operator, billing.PaymentInput{Invoice: invoice.ID, Amount: money.New(480, money.EUR), Received: w.today(), Reference: "K1"})
		must(t, err)
		w.record(t, collect.FactUsed, "crm_1", collect.CreditFact{Org: w.acme.Org, Entity: w.Entity, Amount: money.New(480, money.EUR), Invoice: invoice.ID})
		same(t, "used", "credit -0.20 EUR", w.balances(t, w.acme.Org))
		same(t, "in all", "bank 5.00 EUR, revenue -4.00 EUR, vat -0.80 EUR", w.balances(t, w.Operator.Org))
		w.proved(t)
	})
}

// TestAStatementIsPaperToo: what a publisher is told by page is the self-billed invoice that it files.
func TestAStatementIsPaperToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		terms := percent(7000, 3000)
		terms.Reserve, terms.ReserveDays = 1000, 30
		w.rule(t, w.pub.Org, terms)
		w.sell(t, w.acme, w.pub.Org, w.Entity, "broker", money.EUR, 10_000)
		invoice := w.bill(t, w.acme)[0]
		list, err := w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, w.today())
		must(t, err)
		for _, lang := range []string{"en", "fr"} {
			f, err := w.settlements.Paper(ctx, w.pub, list[0].ID, lang)
			must(t, err)
			if f.Name != list[0].Number+".pdf" || !strings.HasPrefix(string(f.Bytes), "%PDF") {
				t.Errorf("%s of %d bytes", f.Name, len(f.Bytes))
			}
		}
		if _, err := w.settlements.Paper(ctx, w.other, list[0].ID, "en"); !fail.Is(err, fail.NotFound) {
			t.Errorf("read by another publisher: %v", err)
		}
		_, err = w.invoices.Credit(ctx, w.Operator, invoice.ID, "a mistake")
		must(t, err)
		w.drain(t)
		list, err = w.settlements.CloseStatements(ctx, w.Operator, w.pub.Org, w.today())
		must(t, err)
		f, err := w.settlements.Paper(ctx, w.pub, list[0].ID, "en")
		must(t, err)
		same(t, "taken back", "SBC-2026-000001.pdf", f.Name)
	})
}
