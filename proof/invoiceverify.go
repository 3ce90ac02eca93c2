package proof

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// The facts, besides FactInvoiceIssued, whose receipts an invoice file holds.
const (
	factActivated   = "subscription.activated.v1"
	factPlanChanged = "subscription.plan_changed.v1"
	factEnded       = "subscription.ended.v1"
	factClosed      = "window.closed.v1"
)

// Verify recomputes everything in the file from the customer's own events: the hash of the invoice against the log, each
// price version against what was agreed when the subscription began or changed its plan, each window against its
// events and the log, each charge, each line with its one rounding, the tax and the totals. key is the log's verifier
// key; with an empty key the file's own is taken, which proves only that the file agrees with itself. The error names
// what does not agree: the event, the price version, the charge or the fact.
func (f *InvoiceFile) Verify(key string) (InvoiceReport, error) { return f.VerifyApart(key, nil) }

// VerifyApart verifies a file of the version InvoiceFileApart with its events file, which is read once from its beginning
// to its end; a file of the other version takes none.
func (f *InvoiceFile) VerifyApart(key string, events io.Reader) (InvoiceReport, error) {
	report := InvoiceReport{Trusted: key != "", Number: f.Invoice.Number, Type: f.Invoice.Type, Date: f.Invoice.Date, Gross: f.Invoice.Totals.Gross}
	if key == "" {
		key = f.LogKey
	}
	if f.Version != InvoiceFileVersion && f.Version != InvoiceFileApart || f.LogKey != key {
		return report, errors.New("invoice file: it is for another log, or of another version")
	}
	e := newEvidence()
	if err := e.open(f.Version == InvoiceFileApart, events); err != nil {
		return report, err
	}
	if err := e.collect(f, key); err != nil {
		return report, err
	}
	if err := e.document(&f.Invoice); err != nil {
		return report, err
	}
	if err := f.content(&e); err != nil {
		return report, err
	}
	return f.report(report, &e), nil
}

func (f *InvoiceFile) content(e *evidence) error {
	if f.Invoice.Type == TypeCreditNote {
		return f.credit(e)
	}
	if f.Original != nil || len(f.Notes) > 0 || f.Invoice.Reference != (InvoiceReference{}) {
		return fmt.Errorf("invoice %s: only a credit note refers to an invoice", f.Invoice.Number)
	}
	if err := e.lines(&f.Invoice); err != nil {
		return err
	}
	return e.spent(f)
}

// collect verifies and files receipts, prices and windows.
func (e *evidence) collect(f *InvoiceFile, key string) error {
	closed := map[string]*fact{}
	seen := map[string]bool{}
	for i := range f.Receipts {
		fact, report, err := f.Receipts[i].open(key)
		if err != nil {
			return err
		}
		if seen[fact.id] {
			return fmt.Errorf("fact %s stands twice", fact.id)
		}
		seen[fact.id], e.origin = true, report.Origin
		e.size = max(e.size, report.Size)
		if err := e.file(fact, closed); err != nil {
			return err
		}
	}
	for i, text := range f.Prices {
		v, err := price.ParseVersion([]byte(text))
		if err != nil {
			return fmt.Errorf("price version %d: %w", i, err)
		}
		e.prices[hexHash([]byte(text))] = v
	}
	if len(e.prices) != len(f.Prices) {
		return errors.New("a price version stands twice")
	}
	for i := range f.Windows {
		if err := e.window(&f.Windows[i], closed); err != nil {
			return err
		}
	}
	for id, fact := range closed {
		if !fact.used {
			return fmt.Errorf("fact %s: window %s is not in the file", fact.id, id)
		}
	}
	if e.apart != nil {
		return e.apart.End()
	}
	return nil
}

// open begins to read the events that stand apart.
func (e *evidence) open(apart bool, events io.Reader) (err error) {
	switch {
	case apart && events == nil:
		return errors.New("invoice file: its events stand in a file beside it: give that too")
	case apart:
		e.apart, err = NewEventsReader(events)
	case events != nil:
		return errors.New("invoice file: it holds its events: no other file belongs to it")
	}
	return err
}

// verify verifies a window from its events, wherever they stand.
func (e *evidence) verify(w *WindowFile) (err error) {
	if e.apart == nil {
		return w.Verify()
	}
	if w.Hashes != nil || w.Events != nil || w.Originals != nil {
		return fmt.Errorf("window %s: its events stand twice", w.Window.ID)
	}
	w.found, err = e.apart.check(&w.Window)
	return err
}

// file puts a fact where it belongs.
func (e *evidence) file(fact *fact, closed map[string]*fact) error {
	switch fact.kind {
	case FactInvoiceIssued:
		e.issued[fact.aggregate] = fact
	case factClosed:
		closed[fact.aggregate] = fact
	case factActivated, factPlanChanged, factEnded:
		var p struct {
			Subscription string     `json:"subscription"`
			PriceHash    string     `json:"price_hash"`
			At           string     `json:"at"`
			Zone         string     `json:"zone"`
			Anchor       price.Date `json:"anchor"`
		}
		if err := json.Unmarshal(fact.machine, &p); err != nil {
			return fmt.Errorf("fact %s: %w", fact.id, err)
		}
		from := fact.at
		if p.At != "" {
			var err error
			if from, err = time.Parse(time.RFC3339Nano, p.At); err != nil {
				return fmt.Errorf("fact %s: %w", fact.id, err)
			}
		}
		switch fact.kind {
		case factEnded:
			e.ended[p.Subscription] = from
			return nil
		case factActivated:
			e.cycles[p.Subscription] = cycle{p.Zone, p.Anchor}
		}
		list := append(e.agreed[p.Subscription], agreed{from, p.PriceHash})
		slices.SortStableFunc(list, func(a, b agreed) int { return a.from.Compare(b.from) })
		e.agreed[p.Subscription] = list
	default:
		return fmt.Errorf("fact %s (%s) has no place in an invoice file", fact.id, fact.kind)
	}
	return nil
}

// window verifies one from its events and compares it with its fact.
func (e *evidence) window(w *WindowFile, closed map[string]*fact) error {
	id := w.Window.ID
	if e.windows[id] != nil {
		return fmt.Errorf("window %s stands twice", id)
	}
	if err := e.verify(w); err != nil {
		return err
	}
	fact := closed[id]
	if fact == nil {
		return fmt.Errorf("window %s: the receipt of the fact that it closed is missing", id)
	}
	var said struct {
		Window
		Name string `json:"window"` // the fact calls it so
	}
	if err := json.Unmarshal(fact.machine, &said); err != nil {
		return fmt.Errorf("fact %s: %w", fact.id, err)
	}
	if said.ID = said.Name; !said.same(&w.Window) {
		return fmt.Errorf("window %s: it is not the one of fact %s, whose digest is %s", id, fact.id, said.Digest)
	}
	fact.used = true
	e.windows[id] = w
	e.events += w.Window.Events
	return nil
}

func (w *Window) same(o *Window) bool {
	return w.ID == o.ID && w.Subject == o.Subject && w.Source == o.Source && w.From.Equal(o.From) && w.To.Equal(o.To) &&
		w.Corrects == o.Corrects && w.Events == o.Events && w.Digest == o.Digest && slices.Equal(w.Sums, o.Sums)
}

// document compares a document with the fact that it was issued.
func (e *evidence) document(i *Invoice) error {
	if i.Version != InvoiceVersion || i.Type != TypeInvoice && i.Type != TypeCreditNote && i.Type != TypeProforma {
		return fmt.Errorf("invoice %s: version %q or type %q is not known", i.Number, i.Version, i.Type)
	}
	fact := e.issued[i.ID]
	if fact == nil {
		return fmt.Errorf("invoice %s: the receipt of the fact that it was issued is missing", i.Number)
	}
	var said InvoiceIssued
	if err := json.Unmarshal(fact.machine, &said); err != nil {
		return fmt.Errorf("fact %s: %w", fact.id, err)
	}
	hash, err := i.Hash()
	if err != nil {
		return fmt.Errorf("invoice %s: %w", i.Number, err)
	}
	if hash != said.Hash {
		return fmt.Errorf("invoice %s: it was changed: its hash is %s, fact %s says %s", i.Number, hash, fact.id, said.Hash)
	}
	if said != i.Fact(hash) {
		return fmt.Errorf("invoice %s: fact %s says other totals, number or parties than the invoice", i.Number, fact.id)
	}
	if !fact.at.Equal(i.Issued) {
		return fmt.Errorf("invoice %s: fact %s is of %s, the invoice of %s", i.Number, fact.id, fact.at.Format(time.RFC3339), i.Issued.Format(time.RFC3339))
	}
	fact.used = true
	return nil
}

// spent wants everything in the file to have been needed.
func (e *evidence) spent(f *InvoiceFile) error {
	for hash := range e.prices {
		if !e.used[hash] {
			return fmt.Errorf("price version %s: no line has this price, or the version was changed", hash)
		}
	}
	for id := range e.windows {
		if !e.used["window "+id] {
			return fmt.Errorf("window %s: no charge is for it", id)
		}
	}
	for subscription := range e.ended {
		if !e.used["ended "+subscription] {
			return fmt.Errorf("subscription %s: nothing needs the fact that it ended", subscription)
		}
	}
	for id, fact := range e.issued {
		if !fact.used {
			return fmt.Errorf("fact %s: it is about another invoice, %s", fact.id, id)
		}
	}
	return nil
}

// credit wants a credit note to be its invoice with the signs turned.
func (f *InvoiceFile) credit(e *evidence) error {
	i, o := &f.Invoice, f.Original
	if o == nil || o.Type != TypeInvoice {
		return fmt.Errorf("credit note %s: its invoice is not in the file", i.Number)
	}
	if err := e.document(o); err != nil {
		return err
	}
	hash, err := o.Hash()
	if err != nil {
		return err
	}
	about := InvoiceReference{ID: o.ID, Number: o.Number, Hash: hash, Date: o.Date}
	for n := range f.Notes {
		note := &f.Notes[n]
		if err := e.note(note, o, about); err != nil {
			return err
		}
		if err := e.document(note); err != nil {
			return err
		}
		if about.Note, err = note.Hash(); err != nil {
			return err
		}
	}
	if err := e.note(i, o, about); err != nil {
		return err
	}
	parts, err := i.parts()
	if err != nil {
		return err
	}
	if len(parts) > 0 {
		if _, err := o.Credited(append(slices.Clone(f.Notes), *i)); err != nil {
			return err
		}
		return e.spent(f)
	}
	if len(f.Notes) > 0 {
		return fmt.Errorf("credit note %s: it takes back all of invoice %s, of which other notes took back parts", i.Number, o.Number)
	}
	want, err := o.Credit()
	if err != nil {
		return err
	}
	if err := i.says(want); err != nil {
		return err
	}
	return e.spent(f)
}

// note wants a credit note to be about an invoice, and about the note before it.
func (e *evidence) note(i, o *Invoice, about InvoiceReference) error {
	if i.Type != TypeCreditNote || i.Reference != about || i.Org != o.Org || i.Entity != o.Entity {
		return fmt.Errorf("credit note %s: it refers to another invoice than %s, or to another note before it", i.Number, o.Number)
	}
	return nil
}

// Credit is what a credit note says about the whole invoice: its lines and totals with the signs turned, and the buyer's
// references. The caller fills in the rest. Error: money.overflow.
func (i *Invoice) Credit() (Invoice, error) {
	c := Invoice{Currency: i.Currency, Basis: i.Basis, Decision: i.Decision, Mentions: i.Mentions, Lines: slices.Clone(i.Lines), InvoiceTrade: i.InvoiceTrade}
	c.Payment, c.Terms = InvoicePayment{}, "" // nothing of it is to be paid
	c.Totals = i.Totals
	c.Totals.Subtotals = slices.Clone(i.Totals.Subtotals)
	turn := []*money.Amount{&c.Totals.Net, &c.Totals.VAT, &c.Totals.Gross, &c.VATBooked}
	for n := range c.Lines {
		l := &c.Lines[n]
		l.Exact = l.Exact.Neg()
		turn = append(turn, &l.Amount, &l.Net)
		l.Shares = slices.Clone(l.Shares)
		for m := range l.Shares {
			turn = append(turn, &l.Shares[m].Amount)
		}
	}
	for n := range c.Totals.Subtotals {
		turn = append(turn, &c.Totals.Subtotals[n].Base, &c.Totals.Subtotals[n].VAT)
	}
	for _, a := range turn {
		n, err := a.Neg()
		if err != nil {
			return Invoice{}, err
		}
		*a = n
	}
	return c, nil
}
