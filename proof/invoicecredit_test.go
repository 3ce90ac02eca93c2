package proof

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/tax"
)

// anyInvoice draws an invoice with some lines at some rates.
func anyInvoice(t *rapid.T) Invoice {
	i := Invoice{Currency: money.EUR, Basis: rapid.SampledFrom([]price.Basis{price.Net, price.Gross}).Draw(t, "basis")}
	for n := range rapid.IntRange(1, 6).Draw(t, "lines") {
		a := money.New(rapid.Int64Range(1, 100_000).Draw(t, "amount"), money.EUR)
		exact, err := a.Exact()
		if err != nil {
			t.Fatal(err)
		}
		i.Lines = append(i.Lines, InvoiceLine{No: n + 1, Amount: a, Exact: exact, Category: tax.Standard, BasisPoints: rapid.SampledFrom([]int{2000, 550, 1000}).Draw(t, "rate"),
			Charges: []InvoiceCharge{}})
	}
	if err := i.Total(); err != nil {
		t.Fatal(err)
	}
	return i
}

// TestPartialNotesComeToTheInvoice: however an invoice is taken back in parts, each note adds up, never more is taken back
// than the invoice comes to, in the end exactly that, and one cent more is refused.
func TestPartialNotesComeToTheInvoice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := anyInvoice(t)
		var credited []money.Amount
		var notes []Invoice
		sum := tax.Totals{Net: money.Zero(money.EUR), VAT: money.Zero(money.EUR), Gross: money.Zero(money.EUR)}
		for round := 0; ; round++ {
			var parts []CreditLine
			for n := range i.Lines {
				left := i.Lines[n].Amount
				if credited != nil {
					left = money.New(left.Minor-credited[n].Minor, money.EUR)
				}
				a := rapid.Int64Range(0, left.Minor).Draw(t, "part")
				if round > 4 {
					a = left.Minor
				}
				if a > 0 {
					parts = append(parts, CreditLine{Line: n + 1, Amount: money.New(a, money.EUR)})
				}
			}
			if len(parts) == 0 {
				if round > 4 {
					break
				}
				continue
			}
			note, after, err := i.CreditPart(credited, parts)
			if err != nil {
				t.Fatal(err)
			}
			nets := int64(0)
			for _, l := range note.Lines {
				nets += l.Net.Minor
			}
			if nets != note.Totals.Net.Minor || note.Totals.Net.Minor+note.Totals.VAT.Minor != note.Totals.Gross.Minor {
				t.Fatalf("%+v does not add up", note.Totals)
			}
			sum.Net.Minor, sum.VAT.Minor, sum.Gross.Minor = sum.Net.Minor-note.Totals.Net.Minor, sum.VAT.Minor-note.Totals.VAT.Minor, sum.Gross.Minor-note.Totals.Gross.Minor
			if sum.Gross.Minor > i.Totals.Gross.Minor {
				t.Fatalf("%s of %s is taken back", sum.Gross, i.Totals.Gross)
			}
			credited, notes = after, append(notes, note)
		}
		if sum.Net != i.Totals.Net || sum.VAT != i.Totals.VAT || sum.Gross != i.Totals.Gross {
			t.Fatalf("all is taken back, %+v of %+v", sum, i.Totals)
		}
		if _, _, err := i.CreditPart(credited, []CreditLine{{Line: 1, Amount: money.New(1, money.EUR)}}); err == nil || !strings.Contains(err.Error(), "more than what is left") {
			t.Fatalf("a cent more: %v", err)
		}
		if got, err := i.Credited(notes); err != nil || len(got) != len(credited) {
			t.Fatalf("%v %v", got, err)
		}
		notes[0].Totals.VAT.Minor--
		if _, err := i.Credited(notes); err == nil {
			t.Fatal("a note that was changed goes through")
		}
	})
}

func TestWhatANoteMayNotTakeBack(t *testing.T) {
	eur := func(n int64) money.Amount { return money.New(n, money.EUR) }
	i := Invoice{Currency: money.EUR, Basis: price.Net, Lines: []InvoiceLine{{No: 1, Amount: eur(1000), Exact: money.ZeroExact(money.EUR), Category: tax.Standard, BasisPoints: 2000},
		{No: 2, Amount: eur(-400), Exact: money.ZeroExact(money.EUR), Category: tax.Standard, BasisPoints: 2000}}}
	var err error
	if i.Totals, _, err = i.Sum(); err != nil {
		t.Fatal(err)
	}
	for name, parts := range map[string][]CreditLine{
		"nothing":              nil,
		"a line of zero":       {{Line: 1, Amount: eur(0)}},
		"a line that is not":   {{Line: 3, Amount: eur(1)}},
		"line twice":           {{Line: 1, Amount: eur(1)}, {Line: 1, Amount: eur(1)}},
		"more than the line":   {{Line: 1, Amount: eur(1001)}},
		"the other sign":       {{Line: 1, Amount: eur(-1)}},
		"a discount alone":     {{Line: 2, Amount: eur(-1)}},
		"more than the total":  {{Line: 1, Amount: eur(601)}},
		"in another currency":  {{Line: 1, Amount: money.New(1, "CHF")}},
		"below the first line": {{Line: 0, Amount: eur(1)}},
	} {
		if _, _, err := i.CreditPart(nil, parts); err == nil {
			t.Errorf("%s goes through", name)
		}
	}
	if note, _, err := i.CreditPart(nil, []CreditLine{{Line: 1, Amount: eur(1000)}, {Line: 2, Amount: eur(-400)}}); err != nil || note.Totals.Gross != eur(-720) {
		t.Errorf("%+v %v", note.Totals, err)
	}
}
