package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math/big"
	"slices"
	"testing"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/client/usage"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// rerated makes an invoice again from its prices and quantities alone: every amount is computed anew.
func (w *settled) rerated(t *testing.T, was *proof.Invoice) *proof.Invoice {
	t.Helper()
	doc := copied(t, was)
	for n := range doc.Lines {
		l := &doc.Lines[n]
		l.Amount, l.Net, l.Exact = money.Zero(doc.Currency), money.Zero(doc.Currency), money.ZeroExact(doc.Currency)
		if l.Shares = nil; l.Term == "" {
			w.rate(t, l)
		}
	}
	for n := range doc.Closings {
		w.close(t, doc, &doc.Closings[n])
	}
	totals, nets, err := doc.Sum()
	w.must(t, err)
	doc.Totals = totals
	for n := range nets {
		doc.Lines[n].Net = nets[n]
	}
	return doc
}

func copied(t *testing.T, was *proof.Invoice) *proof.Invoice {
	t.Helper()
	text, err := was.Canonical()
	doc := new(proof.Invoice)
	if err == nil {
		err = json.Unmarshal(text, doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// rate computes a line from its charges, and these from their quantities.
func (w *settled) rate(t *testing.T, l *proof.InvoiceLine) {
	t.Helper()
	v := w.prices[l.Price]
	part, err := v.Component(l.Component)
	w.must(t, err)
	for n := range l.Charges {
		c := &l.Charges[n]
		line, err := price.Rate(v, l.Component, c.Input(part.Kind))
		w.must(t, err)
		c.Exact = line.Exact
		l.Exact, err = l.Exact.Add(line.Exact)
		w.must(t, err)
	}
	l.Amount, err = l.Exact.Round(v.Rounding)
	w.must(t, err)
	l.Shares, err = part.Split(l.Amount)
	w.must(t, err)
}

// close settles the terms of one price for one period again and fills in their lines.
func (w *settled) close(t *testing.T, doc *proof.Invoice, c *proof.InvoiceClosing) {
	t.Helper()
	v := w.prices[c.Price]
	var totals []price.Total
	for n := range doc.Lines {
		l := &doc.Lines[n]
		if l.Subscription != c.Subscription || l.Price != c.Price {
			continue
		}
		at := l.Period.From
		if l.Term == "" && len(l.Charges) > 0 && !l.Charges[0].Period.IsZero() {
			part, err := v.Component(l.Component)
			w.must(t, err)
			if at = l.Charges[0].Period.From; part.Kind == price.PerPeriod {
				at = l.Charges[0].Span.From
			}
		}
		if at.Before(c.Period.From) || !at.Before(c.Period.To) {
			continue
		}
		if l.Term == "" {
			one := price.Total{Key: l.Component, Amount: l.Amount}
			if l.Trial {
				one.Trial = l.Amount
			}
			totals = append(totals, one)
		} else if term := v.Term(l.Component); c.Every == price.Year && term.Every != price.Year {
			for _, s := range l.Shares {
				totals = append(totals, price.Total{Key: s.Key, Amount: s.Amount})
			}
		}
	}
	now, err := c.Before.Add(v, totals...)
	w.must(t, err)
	now.Held, now.Over = c.Now.Held, c.Now.Over
	c.Now = now
	list, err := price.Close(v, c.Closing)
	w.must(t, err)
	for _, a := range list {
		n := slices.IndexFunc(doc.Lines, func(l proof.InvoiceLine) bool {
			return l.Term != "" && l.Component == a.Term && l.Subscription == c.Subscription && l.Price == c.Price && l.Period == c.Period
		})
		if n < 0 {
			t.Fatalf("%s has no line for %s over %s", doc.Number, a.Term, a.Amount)
		}
		l := &doc.Lines[n]
		l.Amount, l.Shares = a.Amount, a.Shares
		l.Exact, err = a.Amount.Exact()
		w.must(t, err)
	}
}

// noted makes a credit note again from its invoice and the notes before it.
func (w *settled) noted(t *testing.T, of *proof.Invoice, before []proof.Invoice, was *proof.Invoice) *proof.Invoice {
	t.Helper()
	var parts []proof.CreditLine
	for _, l := range was.Lines {
		if l.Credits > 0 {
			back, err := l.Amount.Neg()
			w.must(t, err)
			parts = append(parts, proof.CreditLine{Line: l.Credits, Amount: back})
		}
	}
	var note proof.Invoice
	var err error
	if len(parts) == 0 {
		note, err = of.Credit()
	} else {
		var credited []money.Amount
		credited, err = of.Credited(before)
		w.must(t, err)
		note, _, err = of.CreditPart(credited, parts)
	}
	w.must(t, err)
	doc := copied(t, was)
	doc.Lines, doc.Totals, doc.Decision, doc.Mentions, doc.Closings = note.Lines, note.Totals, note.Decision, note.Mentions, note.Closings
	return doc
}

// focus writes a document as FOCUS and compares what its rows bill with what is payable.
func (w *settled) focus(t *testing.T, doc *proof.Invoice) {
	t.Helper()
	text, err := doc.Canonical()
	w.must(t, err)
	in := client.Invoice{ID: doc.ID, Document: new(client.ProofInvoice)}
	w.must(t, json.Unmarshal(text, in.Document))
	services := map[string]client.ServiceDetail{}
	for _, l := range doc.Lines {
		s := services[l.Subscription]
		list, err := w.prices[l.Price].Canonical()
		w.must(t, err)
		s.Prices = append(s.Prices, client.PriceSpan{PriceHash: l.Price, Price: list})
		services[l.Subscription] = s
	}
	var file bytes.Buffer
	out, err := usage.NewFOCUSWriter(&file)
	w.must(t, err)
	w.must(t, out.Write(in, services))
	w.must(t, out.Flush())
	rows, err := csv.NewReader(&file).ReadAll()
	w.must(t, err)
	total := new(big.Rat)
	for _, row := range rows[1:] {
		if row[slices.Index(rows[0], "InvoiceId")] != doc.Number || row[slices.Index(rows[0], "BillingCurrency")] != string(doc.Currency) {
			t.Errorf("%s: a row of another invoice: %v", doc.Number, row)
		}
		cost, ok := new(big.Rat).SetString(row[slices.Index(rows[0], "BilledCost")])
		if !ok {
			t.Fatalf("%s: %v", doc.Number, row)
		}
		total.Add(total, cost)
	}
	if want := doc.Totals.Gross.String(); total.FloatString(exponent(doc.Currency))+" "+string(doc.Currency) != want {
		t.Errorf("%s: BilledCost comes to %s, payable are %s", doc.Number, total.FloatString(4), want)
	}
}

func exponent(c money.Currency) int {
	n, _ := c.Exponent()
	return int(n)
}
