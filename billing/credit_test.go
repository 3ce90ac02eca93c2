package billing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// largest is the line of an invoice that comes to most.
func largest(doc *proof.Invoice) proof.InvoiceLine {
	out := doc.Lines[0]
	for _, l := range doc.Lines {
		if l.Amount.Minor > out.Amount.Minor {
			out = l
		}
	}
	return out
}

func cents(n int64) money.Amount { return money.New(n, money.EUR) }

// TestNotesTakeAnInvoiceBackInParts: by line and amount, until nothing is left; each note verifies offline with those
// before it, more than is left is refused, and what was paid beyond the rest is told.
func TestNotesTakeAnInvoiceBackInParts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		i, _ := story(t, w)
		v, err := w.invoices.Invoice(ctx, w.Operator, i.ID)
		must(t, err)
		big := largest(v.Document)
		first := big.Amount
		one, err := w.invoices.CreditLines(ctx, w.Operator, i.ID, "Slow for a day", []proof.CreditLine{{Line: big.No, Amount: cents(10)}})
		must(t, err)
		_, err = w.invoices.CreditLines(ctx, w.Operator, i.ID, "Too much", []proof.CreditLine{{Line: big.No, Amount: first}})
		wantCode(t, err, "billing.credit")
		v, err = w.invoices.Invoice(ctx, w.Operator, i.ID)
		must(t, err)
		if v.Status != billing.StatusOpen || v.Credited.Minor != -one.Gross.Minor || v.Owed().Minor != i.Gross.Minor+one.Gross.Minor || v.CreditedBy != "" {
			t.Fatalf("%+v", v.Summary)
		}
		_, err = w.invoices.RecordPayment(ctx, w.Operator, billing.PaymentInput{Invoice: i.ID, Amount: v.Gross, Received: price.Date{Year: 2026, Month: 3, Day: 9}, Reference: "all of it"})
		wantCode(t, err, "billing.overpaid")
		paid, err := w.invoices.RecordPayment(ctx, w.Operator, billing.PaymentInput{Invoice: i.ID, Amount: v.Owed(), Received: price.Date{Year: 2026, Month: 3, Day: 9}, Reference: "rest"})
		if err != nil || paid.Status != billing.StatusPaid || paid.Owed().Minor != 0 {
			t.Fatalf("%+v %v", paid, err)
		}
		two, err := w.invoices.CreditLines(ctx, w.Operator, i.ID, "And again", []proof.CreditLine{{Line: big.No, Amount: cents(first.Minor - 10)}})
		must(t, err)
		rest, err := w.invoices.Credit(ctx, w.Operator, i.ID, "The rest")
		must(t, err)
		if one.Gross.Minor+two.Gross.Minor+rest.Gross.Minor != -i.Gross.Minor || one.VAT.Minor+two.VAT.Minor+rest.VAT.Minor != -i.VAT.Minor {
			t.Fatalf("%s, %s and %s for %s", one.Gross, two.Gross, rest.Gross, i.Gross)
		}
		v, err = w.invoices.Invoice(ctx, w.Operator, i.ID)
		if err != nil || v.Status != billing.StatusCredited || v.CreditedBy != rest.ID || v.Back() != v.Paid {
			t.Fatalf("%+v %v", v.Summary, err)
		}
		_, err = w.invoices.Credit(ctx, w.Operator, i.ID, "Once more")
		wantCode(t, err, "billing.credited")
		w.publish(t)
		for n, note := range []billing.Summary{one, two, rest} {
			f, err := proof.ParseInvoiceFile(bytes.NewReader(w.proofFile(t, w.Operator, note.ID)))
			must(t, err)
			if _, err := f.Verify(w.log.Key); err != nil || len(f.Notes) != n {
				t.Fatalf("note %d with %d before it: %v", n, len(f.Notes), err)
			}
			if n > 0 {
				f.Notes = f.Notes[1:]
				if _, err := f.Verify(w.log.Key); err == nil {
					t.Errorf("note %d verifies although one before it is missing", n)
				}
			}
		}
	})
}

// TestManyCreditAtOnce: of sixteen who take back a third each, three get through.
func TestManyCreditAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, _ := story(t, w)
		v, err := w.invoices.Invoice(context.Background(), w.Operator, i.ID)
		must(t, err)
		big := largest(v.Document)
		third := cents(big.Amount.Minor / 3)
		errs := make([]error, 16)
		var wg sync.WaitGroup
		for n := range errs {
			wg.Go(func() {
				_, errs[n] = w.invoices.CreditLines(context.Background(), w.Operator, i.ID, fmt.Sprint("note ", n), []proof.CreditLine{{Line: big.No, Amount: third}})
			})
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			var f *fail.Error
			if err == nil {
				done++
			} else if !errors.As(err, &f) || f.Code != "billing.credit" {
				t.Error(err)
			}
		}
		if v, err = w.invoices.Invoice(context.Background(), w.Operator, i.ID); err != nil || done != 3 || v.Credited.Minor <= 0 || v.Credited.Minor > v.Gross.Minor {
			t.Errorf("%d notes, %+v %v", done, v.Summary, err)
		}
	})
}

// TestStrangersCreditNothing: neither the customer itself nor another one.
func TestStrangersCreditNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, other := w.business(t, "Acme"), w.business(t, "Other")
		w.final(t, c, w.subscribe(t, c, prices(price.Net)))
		i := w.list(t, c)[0]
		line := []proof.CreditLine{{Line: 1, Amount: cents(1)}}
		for who, kind := range map[*access.Caller]fail.Kind{&c: fail.Denied, &other: fail.NotFound} {
			if _, err := w.invoices.CreditLines(context.Background(), *who, i.ID, "x", line); !fail.Is(err, kind) {
				t.Errorf("%v, want %v", err, kind)
			}
		}
	})
}
