package proof

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/tax"
)

// goldenInvoice is a file that billing's tests wrote (go test ./billing -run TestProofFile -update): three windows, a
// change of plan, a log of its own.
func goldenInvoice(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/invoice.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parsed(t testing.TB, b []byte) *InvoiceFile {
	t.Helper()
	f, err := ParseInvoiceFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestInvoiceFileOfAnEarlierDayVerifies(t *testing.T) {
	f := parsed(t, goldenInvoice(t))
	r, err := f.Verify(f.LogKey)
	if err != nil || !r.Trusted || r.Events != 6 || r.Prices != 2 {
		t.Fatalf("%+v %v", r, err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil || !bytes.Equal(b.Bytes(), goldenInvoice(t)) {
		t.Fatalf("it is written otherwise: %v", err)
	}
	own, err := f.Verify("")
	if err != nil || own.Trusted || !strings.Contains(own.Text(), "the key came from the file") || !strings.Contains(own.Text(), "does not prove") {
		t.Fatalf("%s %v", own.Text(), err)
	}
}

// TestInvoiceFileNamesWhatDoesNotAgree changes one thing at a time.
func TestInvoiceFileNamesWhatDoesNotAgree(t *testing.T) {
	fixed := func(f *InvoiceFile) string { return f.Invoice.Number }
	for name, c := range map[string]struct {
		change func(f *InvoiceFile)
		names  func(f *InvoiceFile) string
	}{
		"event": {func(f *InvoiceFile) {
			f.Windows[0].Events[0] = strings.Replace(f.Windows[0].Events[0], `"value":"`, `"value":"1`, 1)
		}, func(f *InvoiceFile) string { return "event 0 (" + name(f.Windows[0].Events[0]) + ")" }},
		"event left out": {func(f *InvoiceFile) {
			w := &f.Windows[0]
			w.Events, w.Hashes, w.Window.Events = w.Events[1:], w.Hashes[1:], w.Window.Events-1
		}, func(f *InvoiceFile) string { return "window " + f.Windows[0].Window.ID }},
		"window's sum": {func(f *InvoiceFile) { f.Windows[0].Window.Sums[0].Quantity = "1" }, func(f *InvoiceFile) string { return f.Windows[0].Window.ID }},
		"window's time": {func(f *InvoiceFile) { f.Windows[0].Window.To = f.Windows[0].Window.To.AddDate(0, 0, 1) }, func(f *InvoiceFile) string {
			return "window " + f.Windows[0].Window.ID
		}},
		"window missing": {func(f *InvoiceFile) { f.Windows = f.Windows[1:] }, func(*InvoiceFile) string { return "is not in the file" }},
		"price":          {func(f *InvoiceFile) { f.Prices[0] = strings.Replace(f.Prices[0], "10 EUR", "11 EUR", 1) }, func(*InvoiceFile) string { return "price version" }},
		"total":          {func(f *InvoiceFile) { f.Invoice.Totals.Gross.Minor++ }, fixed},
		"charge":         {func(f *InvoiceFile) { f.Invoice.Lines[0].Charges[0].Quantity++ }, fixed},
		"nonce":          {func(f *InvoiceFile) { f.Invoice.Nonce = strings.Repeat("0", 64) }, fixed},
		"buyer":          {func(f *InvoiceFile) { f.Invoice.Buyer.Name += "." }, fixed},
		"fact": {func(f *InvoiceFile) {
			s := f.Receipts[1].Fact.Segments[1].Open
			s.Fields = json.RawMessage(strings.Replace(string(s.Fields), `"price_hash":"`, `"price_hash":"0`, 1))
		}, func(f *InvoiceFile) string { return "fact " + f.Receipts[1].Fact.ID }},
		"receipt missing":        {func(f *InvoiceFile) { f.Receipts = f.Receipts[1:] }, fixed},
		"number in the sequence": {func(f *InvoiceFile) { f.Receipts[0].Fact.Seq = 7 }, func(f *InvoiceFile) string { return "fact " + f.Receipts[0].Fact.ID }},
	} {
		t.Run(name, func(t *testing.T) {
			f := parsed(t, goldenInvoice(t))
			c.change(f)
			_, err := f.Verify(f.LogKey)
			if err == nil || !strings.Contains(err.Error(), c.names(f)) {
				t.Fatalf("got %v, want it to name %q", err, c.names(f))
			}
		})
	}
}

// TestEachRuleOfALineIsChecked forges an invoice as an operator could who controls the log, so that only the arithmetic
// is left to find it.
func TestEachRuleOfALineIsChecked(t *testing.T) {
	line := func(i *Invoice, component string) *InvoiceLine {
		for n := range i.Lines {
			if i.Lines[n].Component == component {
				return &i.Lines[n]
			}
		}
		t.Fatalf("no line %s", component)
		return nil
	}
	for name, c := range map[string]struct {
		change func(i *Invoice)
		want   string
	}{
		"quantity":    {func(i *Invoice) { line(i, "messages").Charges[0].Quantity++ }, "counts"},
		"exact":       {func(i *Invoice) { ch := &line(i, "messages").Charges[0]; ch.Exact = ch.Exact.Neg() }, "its price version gives"},
		"tier offset": {func(i *Invoice) { line(i, "messages").Charges[0].From += 100 }, "its price version gives"},
		"span":        {func(i *Invoice) { ch := &line(i, "base").Charges[0]; ch.Span.To = ch.Span.To.Add(-60e9) }, "its price version gives"},
		"period": {func(i *Invoice) {
			ch := &line(i, "messages").Charges[0]
			ch.Period.From = ch.Period.To.AddDate(0, 0, -20)
		}, "is no month"},
		"other month": {func(i *Invoice) {
			ch := &line(i, "messages").Charges[0]
			ch.Period.From, ch.Period.To = ch.Period.From.AddDate(0, 1, 0), ch.Period.To.AddDate(0, 1, 0)
		}, "is no month"},
		"time twice": {func(i *Invoice) {
			l := line(i, "base")
			ch := l.Charges[0]
			ch.ID = "chg_other"
			l.Charges = append(l.Charges, ch)
			l.Exact, _ = l.Exact.Add(ch.Exact)
			l.Amount, _ = l.Exact.Round("")
		}, "was charged before"},
		"period of once": {func(i *Invoice) { line(i, "setup").Charges[0].Period = i.Lines[0].Period }, "has no period"},
		"amount":         {func(i *Invoice) { line(i, "base").Amount.Minor++ }, "rounds to"},
		"sum":            {func(i *Invoice) { l := line(i, "base"); l.Exact, _ = l.Exact.Add(l.Exact) }, "sum to"},
		"twice":          {func(i *Invoice) { l := line(i, "base"); l.Charges = append(l.Charges, l.Charges[0]) }, "stands twice"},
		"window twice": {func(i *Invoice) {
			l := line(i, "messages")
			ch := l.Charges[0]
			ch.ID = "chg_other"
			l.Charges = append(l.Charges, ch)
		}, "was charged before"},
		"once": {func(i *Invoice) {
			l := line(i, "setup")
			ch := l.Charges[0]
			ch.ID = "chg_other"
			l.Charges = append(l.Charges, ch)
		}, "once only"},
		"other price": {func(i *Invoice) {
			a, b := line(i, "setup"), ""
			for _, l := range i.Lines {
				if l.Price != a.Price {
					b = l.Price
				}
			}
			line(i, "messages").Price = map[bool]string{true: b, false: a.Price}[line(i, "messages").Price == a.Price]
		}, "had price version"},
		"net":         {func(i *Invoice) { line(i, "base").Net.Minor-- }, "net amount"},
		"vat":         {func(i *Invoice) { i.Totals.VAT.Minor++; i.Totals.Gross.Minor++ }, "the lines give"},
		"rate":        {func(i *Invoice) { line(i, "base").BasisPoints = 1000 }, "tax is not"},
		"no charge":   {func(i *Invoice) { line(i, "base").Charges = nil }, "no charge"},
		"number":      {func(i *Invoice) { i.Lines[0].No = 9 }, "its number"},
		"item's unit": {func(i *Invoice) { i.Lines[0].Unit = "hour" }, "unit"},
	} {
		t.Run(name, func(t *testing.T) {
			f := parsed(t, goldenInvoice(t))
			e := newEvidence()
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

func TestUnitsOfAPeriodAreChargedOnce(t *testing.T) {
	k := chainKey{"sub", "messages", "hash", 0}
	at := func(from, q money.Quantity) *InvoiceCharge { return &InvoiceCharge{ID: "chg", From: from, Quantity: q} }
	if err := k.check([]*InvoiceCharge{at(5, 7), at(0, 5), at(12, 1)}); err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]*InvoiceCharge{{at(0, 5), at(4, 2)}, {at(0, 5), at(6, 2)}, {at(0, 5), at(0, 5)}} {
		if err := k.check(list); err == nil {
			t.Fatal("a gap or overlap was not found")
		}
	}
}

func TestInvoiceFileIsReadInOneFormOnly(t *testing.T) {
	text := string(goldenInvoice(t))
	for name, changed := range map[string]string{
		"unknown field": strings.Replace(text, `{"version"`, `{"extra":1,"version"`, 1),
		"field twice":   strings.Replace(text, `{"version"`, `{"version":"halle-invoice/1","version"`, 1),
		"case":          strings.Replace(text, `"log_key"`, `"LOG_KEY"`, 1),
		"text after it": text + "{}",
		"escape":        strings.Replace(text, `"halle-invoice/1"`, `"halle-invoice\/1"`, 1),
		"version":       strings.Replace(text, `"halle-invoice/1"`, `"halle-invoice/3"`, 1),
		"cut":           text[:len(text)/2],
		"empty":         "",
	} {
		if _, err := ParseInvoiceFile(strings.NewReader(changed)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// TestEachChangedByteIsFound changes one bit of every seventh byte.
func TestEachChangedByteIsFound(t *testing.T) {
	text := goldenInvoice(t)
	key := parsed(t, text).LogKey
	r := rand.New(rand.NewPCG(3, 4))
	for at := r.IntN(7); at < len(text); at += 7 {
		changed := bytes.Clone(text)
		changed[at] ^= 1 << r.IntN(8)
		f, err := ParseInvoiceFile(bytes.NewReader(changed))
		if err == nil {
			_, err = f.Verify(key)
		}
		if err == nil && !bytes.Equal(bytes.TrimSpace(changed), bytes.TrimSpace(text)) {
			t.Fatalf("byte %d near %q", at, text[max(0, at-30):min(len(text), at+30)])
		}
	}
}

func FuzzInvoiceFile(f *testing.F) {
	text := goldenInvoice(f)
	f.Add(text)
	f.Add([]byte(`{"version":"halle-invoice/1"}`))
	f.Add([]byte(`{}`))
	good := parsed(f, text)
	want, err := good.Invoice.Hash()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := ParseInvoiceFile(bytes.NewReader(b))
		if err != nil {
			return
		}
		_, _ = file.Verify("")
		if r, err := file.Verify(good.LogKey); err == nil && r.Hash != want {
			t.Fatalf("another invoice passes: %s", b)
		}
	})
}

// TestLinesSumToTheInvoice sums random lines: with net prices the lines are the net total, with gross prices the gross
// total, and a credit note is the exact opposite.
func TestLinesSumToTheInvoice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := Invoice{Currency: money.EUR, Basis: rapid.SampledFrom([]price.Basis{price.Net, price.Gross}).Draw(t, "basis")}
		rate := rapid.SampledFrom([]int{550, 1000, 2000, 2100}).Draw(t, "rate")
		amounts, nets := money.Zero(money.EUR), money.Zero(money.EUR)
		for _, minor := range rapid.SliceOfN(rapid.Int64Range(0, 1e12), 1, 30).Draw(t, "lines") {
			i.Lines = append(i.Lines, InvoiceLine{Amount: money.New(minor, money.EUR), Category: tax.Standard, BasisPoints: rate})
			amounts.Minor += minor
		}
		totals, list, err := i.Sum()
		if err != nil {
			t.Fatal(err)
		}
		for n, net := range list {
			i.Lines[n].Net = net
			nets.Minor += net.Minor
		}
		whole := map[price.Basis]money.Amount{price.Net: totals.Net, price.Gross: totals.Gross}[i.Basis]
		if nets != totals.Net || amounts != whole || totals.Net.Minor+totals.VAT.Minor != totals.Gross.Minor {
			t.Fatalf("lines %s, nets %s, totals %+v", amounts, nets, totals)
		}
		i.Totals = totals
		c, err := i.Credit()
		if err != nil || c.Totals.Net.Minor != -totals.Net.Minor || c.Totals.VAT.Minor != -totals.VAT.Minor || c.Totals.Gross.Minor != -totals.Gross.Minor {
			t.Fatalf("%+v %v", c.Totals, err)
		}
		for n := range c.Lines {
			if c.Lines[n].Net.Minor != -i.Lines[n].Net.Minor || c.Lines[n].Amount.Minor != -i.Lines[n].Amount.Minor {
				t.Fatalf("line %d", n)
			}
		}
	})
}
