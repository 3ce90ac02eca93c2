package proof

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// goldenTerms is an invoice of a price with terms that billing's tests wrote (go test ./billing -run TestTerms -update).
func goldenTerms(t testing.TB) *InvoiceFile {
	t.Helper()
	b, err := os.ReadFile("testdata/invoice-terms.json")
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, b)
}

func TestInvoiceWithTermsOfAnEarlierDayVerifies(t *testing.T) {
	f := goldenTerms(t)
	r, err := f.Verify(f.LogKey)
	if err != nil || r.Lines < 6 || len(f.Invoice.Closings) != 2 {
		t.Fatalf("%+v %v", r, err)
	}
	c, err := f.Invoice.Credit()
	if err != nil || len(c.Closings) != 0 {
		t.Fatal(err)
	}
	for n, l := range c.Lines {
		for m, s := range l.Shares {
			if s.Amount.Minor != -f.Invoice.Lines[n].Shares[m].Amount.Minor {
				t.Fatalf("share %d of line %d", m, n)
			}
		}
	}
}

// TestEachRuleOfATermIsChecked forges an invoice as an operator could who controls the log.
func TestEachRuleOfATermIsChecked(t *testing.T) {
	find := func(i *Invoice, key string) *InvoiceLine {
		for n := range i.Lines {
			if i.Lines[n].Component == key {
				return &i.Lines[n]
			}
		}
		t.Fatalf("no line %s", key)
		return nil
	}
	without := func(i *Invoice, key string) {
		for n := range i.Lines {
			if i.Lines[n].Component == key {
				i.Lines = append(i.Lines[:n], i.Lines[n+1:]...)
				break
			}
		}
		for n := range i.Lines {
			i.Lines[n].No = n + 1
		}
	}
	for name, c := range map[string]struct {
		change func(i *Invoice)
		want   string
	}{
		"discount smaller": {func(i *Invoice) { l := find(i, "loyal"); l.Amount.Minor++; l.Exact, _ = l.Amount.Exact() }, "loyal gives"},
		"exact":            {func(i *Invoice) { l := find(i, "loyal"); l.Exact = l.Exact.Neg() }, "exact value"},
		"discount gone":    {func(i *Invoice) { without(i, "loyal") }, "is missing"},
		"closings gone":    {func(i *Invoice) { i.Closings = nil }, "were settled 0 times"},
		"one closing gone": {func(i *Invoice) { i.Closings = i.Closings[1:] }, "were settled"},
		"closing twice":    {func(i *Invoice) { i.Closings = append(i.Closings, i.Closings[0]) }, "stands twice"},
		"total":            {func(i *Invoice) { i.Closings[0].Now.Totals[0].Amount.Minor++ }, "do not sum"},
		"before":           {func(i *Invoice) { i.Closings[0].Before = i.Closings[0].Now }, "do not sum"},
		"held":             {func(i *Invoice) { i.Closings[0].Now.Held++ }, "time in force"},
		"number":           {func(i *Invoice) { i.Closings[0].Number = 5 }, "time in force"},
		"period": {func(i *Invoice) {
			p := &i.Closings[0].Period
			p.From, p.To = p.From.Add(24*time.Hour), p.To.Add(24*time.Hour)
		}, "time in force"},
		"not over":   {func(i *Invoice) { i.Closings[1].Now.Over = false }, "settled 0 times"},
		"over early": {func(i *Invoice) { i.Issued = i.Issued.Add(-time.Minute) }, "time in force"},
		"kind":       {func(i *Invoice) { find(i, "loyal").Term = price.Coupon }, "no such term"},
		"quantity":   {func(i *Invoice) { find(i, "loyal").Quantity = 1 }, "its number"},
		"trial":      {func(i *Invoice) { find(i, "messages").Trial = true }, "of the trial"},
		"shares":     {func(i *Invoice) { find(i, "loyal").Shares[0].Key = "base" }, "shares differ"},
		"bundle":     {func(i *Invoice) { find(i, "base").Shares[0].Amount.Minor++ }, "parts of the bundle"},
	} {
		t.Run(name, func(t *testing.T) {
			f := goldenTerms(t)
			e := newEvidence()
			if err := e.open(false, nil); err != nil {
				t.Fatal(err)
			}
			if err := e.collect(f, f.LogKey); err != nil {
				t.Fatal(err)
			}
			c.change(&f.Invoice)
			if err := e.lines(&f.Invoice); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestCorrectionsGoDownAndUp(t *testing.T) {
	k := chainKey{"sub", "messages", "hash", 0}
	at := func(from, q money.Quantity) *InvoiceCharge { return &InvoiceCharge{ID: "chg", From: from, Quantity: q} }
	if err := k.check([]*InvoiceCharge{at(0, 9), at(9, -4), at(5, 4), at(9, -9), at(0, 3)}); err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]*InvoiceCharge{{at(0, 9), at(9, -4), at(9, 2)}, {at(0, 5), at(20, -4)}, {at(0, 3), at(7, -2), at(5, 2)}} {
		if err := k.check(list); err == nil {
			t.Fatal("a gap or overlap was not found")
		}
	}
}
