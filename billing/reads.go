package billing

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
)

const pageSize = 50

// Invoices lists an organisation's invoices and credit notes, newest first, after a cursor ("" for the first page).
func (s *Invoices) Invoices(ctx context.Context, c access.Caller, org, cursor string) (page Page, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		page = Page{}
		if _, err := s.allowed(tx, c, access.InvoiceRead, org, "organisation", org); err != nil {
			return err
		}
		rows, err := selectInvoices(tx, org, cursor, pageSize+1)
		for n, r := range rows {
			if n == pageSize {
				page.Next = rows[n-1].ID
				break
			}
			page.Invoices = append(page.Invoices, r.Summary)
		}
		return err
	})
	return page, err
}

// Invoice opens one. From outside the customer, the name and address of a household are shown for a stated purpose
// only, and that is a fact.
func (s *Invoices) Invoice(ctx context.Context, c access.Caller, invoice string) (View, error) {
	v, _, err := s.view(ctx, c, invoice)
	return v, err
}

func (s *Invoices) view(ctx context.Context, c access.Caller, invoice string) (v View, o party.Organisation, err error) {
	return s.viewOf(ctx, c, invoice, s.open)
}

// viewOf is view of what open gives of the document.
func (s *Invoices) viewOf(ctx context.Context, c access.Caller, invoice string, open func(tx *store.Tx, i row) (*proof.Invoice, error)) (v View, o party.Organisation, err error) {
	read := func(tx *store.Tx) error {
		i, err := selectInvoice(tx, invoice)
		if err != nil {
			return err
		}
		if o, err = s.allowed(tx, c, access.InvoiceRead, i.Org, "invoice", invoice); err != nil {
			return err
		}
		v = View{Summary: i.Summary}
		if v.Document, err = open(tx, i); err != nil {
			return err
		}
		if v.Payments, err = selectPayments(tx, invoice); err != nil {
			return err
		}
		notes, err := selectNotes(tx, invoice, "")
		if err != nil {
			return err
		}
		for _, n := range notes {
			v.Notes = append(v.Notes, n.Summary)
		}
		if hide(&v, c, o); v.Document == nil || v.Hidden || !outsideHousehold(v.Document, c, o) {
			return nil
		}
		return s.recordRead(tx, c, o)
	}
	if c.System == "" && c.Purpose != "" { // the read may have to be recorded
		err = s.DB.Tx(ctx, read)
	} else {
		err = s.DB.Read(ctx, read)
	}
	if err != nil {
		return View{}, o, err
	}
	return v, o, nil
}

// recordRead writes the fact that staff read a household's name and address. The key of a household that was erased is
// gone, so the fact about its legal copy is kept by the organisation that read it.
func (s *Invoices) recordRead(tx *store.Tx, c access.Caller, o party.Organisation) error {
	err := s.Parties.RecordRead(tx, c, o, access.InvoiceRead, o.Head)
	if !errors.Is(err, keys.ErrDestroyed) {
		return err
	}
	_, err = s.Facts.Record(tx, trace.Fact{Type: party.FactPersonRead, Aggregate: o.ID, Owner: c.Org, Actor: c.Ref(), At: s.Now(),
		Machine: party.ReadFact{Org: o.ID, Persons: []string{o.Head}, By: c.Ref(), From: c.Org, Purpose: c.Purpose, Country: c.Country, What: string(access.InvoiceRead)}})
	return err
}

func outsideHousehold(doc *proof.Invoice, c access.Caller, o party.Organisation) bool {
	return !doc.Buyer.Business && c.Outside(o.Path)
}

// hide takes what says who a household is and where its account from readers outside it who state no purpose.
func hide(v *View, c access.Caller, o party.Organisation) {
	if v.Document == nil {
		v.Hidden = true
		return
	}
	if !outsideHousehold(v.Document, c, o) || c.Purpose != "" {
		return
	}
	v.Hidden = true
	// What is not named here goes: fields that are added to a party later are hidden from their first day.
	v.Document.Buyer = proof.InvoiceParty{Name: party.Hidden, Country: v.Document.Buyer.Country}
	v.Document.Payment.Debited, v.Document.Payment.Mandate = "", ""
	v.Document.BuyerReference, v.Document.Order, v.Document.Accounting = "", "", ""
	if o.Name == party.Erased {
		v.Document.Buyer.Name = party.Erased
	}
}

// DefaultSmall is the number of usage events up to which an invoice is proved by one file: some five megabytes.
const DefaultSmall = 10_000

// ProofFile writes everything that is needed to redo an invoice offline; see proof.InvoiceFile. Of an invoice with very many
// usage events it is ProofFileApart. Those who may read the invoice may. While a fact is on its way into the log the
// answer is fail.Unavailable for some seconds; once the customer's key was destroyed it is fail.Gone.
func (s *Invoices) ProofFile(ctx context.Context, c access.Caller, invoice string, w io.Writer) error {
	return s.proofFile(ctx, c, invoice, "", w)
}

// EventsApart tells whether ProofFile leaves the usage events of an invoice to EventsFile, because they are many. Who may
// have the proof may.
func (s *Invoices) EventsApart(ctx context.Context, c access.Caller, invoice string) (bool, error) {
	v, o, err := s.provableOf(ctx, c, invoice, func(tx *store.Tx, i row) (*proof.Invoice, error) { return s.openPage(tx, i, 0, 0) })
	if err != nil {
		return false, err
	}
	return s.apart(ctx, v, o)
}

func (s *Invoices) apart(ctx context.Context, v View, o party.Organisation) (bool, error) {
	if v.Lines > MostWhole && v.Credits == "" { // nobody counts the events of so many lines to look at one page of them
		return true, nil
	}
	windows, err := s.windowsOf(ctx, v, o)
	if err != nil || len(windows) == 0 {
		return false, err
	}
	n, err := s.CountEvents(ctx, windows)
	return n > cmp.Or(s.Small, DefaultSmall), err
}

// windowsOf are the usage windows behind an invoice, sorted; none of a credit note.
func (s *Invoices) windowsOf(ctx context.Context, v View, o party.Organisation) ([]string, error) {
	if v.Credits != "" {
		return nil, nil
	}
	windows := map[string]bool{}
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		clear(windows)
		bill, err := s.Ratings.Billed(tx, o.ID, v.ID)
		for _, charge := range bill.Charges {
			if charge.Window != "" {
				windows[charge.Window] = true
			}
		}
		return err
	})
	return slices.Sorted(maps.Keys(windows)), err
}

// ProofFileApart is ProofFile without the usage events, which EventsFile writes: for invoices of very many.
func (s *Invoices) ProofFileApart(ctx context.Context, c access.Caller, invoice string, w io.Writer) error {
	return s.proofFile(ctx, c, invoice, proof.InvoiceFileApart, w)
}

// EventsFile writes the usage events that stand behind an invoice, streaming them from the log, in the order of the
// windows of ProofFileApart. Who may have the proof may.
func (s *Invoices) EventsFile(ctx context.Context, c access.Caller, invoice string, w io.Writer) error {
	v, o, err := s.provable(ctx, c, invoice)
	if err != nil {
		return err
	}
	windows, err := s.windowsOf(ctx, v, o)
	if err != nil {
		return err
	}
	out := proof.NewEventsWriter(w)
	for _, id := range windows {
		if err := s.WindowEvents(ctx, id, out); err != nil {
			return err
		}
	}
	return out.Close()
}

// provable reads an invoice for those who may have its proof.
func (s *Invoices) provable(ctx context.Context, c access.Caller, invoice string) (View, party.Organisation, error) {
	return s.provableOf(ctx, c, invoice, s.open)
}

func (s *Invoices) provableOf(ctx context.Context, c access.Caller, invoice string, open func(tx *store.Tx, i row) (*proof.Invoice, error)) (View, party.Organisation, error) {
	v, o, err := s.viewOf(ctx, c, invoice, open)
	if err != nil {
		return v, o, err
	}
	if err := s.Policy.Check(c, access.FactProve, o.Resource("invoice", invoice)); err != nil {
		return v, o, err
	}
	if v.Hidden {
		return v, o, fail.New(fail.Denied, "billing.proof_hidden", "The proof shows the buyer's name and address, which you do not see.",
			"State the purpose for which you need it; the customer will read it.")
	}
	return v, o, nil
}

func (s *Invoices) proofFile(ctx context.Context, c access.Caller, invoice, version string, w io.Writer) error {
	v, o, err := s.provable(ctx, c, invoice)
	if err != nil {
		return err
	}
	if version == "" {
		version = proof.InvoiceFileVersion
		if apart, err := s.apart(ctx, v, o); err != nil {
			return err
		} else if apart {
			version = proof.InvoiceFileApart
		}
	}
	f := proof.InvoiceFile{Version: version, LogKey: s.LogKey, Invoice: *v.Document, Prices: []string{}, Windows: []proof.WindowFile{}}
	facts := []string{v.Fact}
	if v.Credits != "" {
		original, _, err := s.view(ctx, c, v.Credits)
		if err != nil {
			return err
		}
		f.Original = original.Document
		facts = append(facts, original.Fact)
		if facts, err = s.notesBefore(ctx, v, &f, facts); err != nil {
			return err
		}
	} else if facts, err = s.evidence(ctx, o, v, &f, facts); err != nil {
		return err
	}
	for _, fact := range facts {
		r, err := s.Receipt(ctx, o.ID, fact)
		if err != nil {
			return err
		}
		if len(r.Fact.Segments) < 2 || r.Fact.Segments[1].Open == nil {
			return fail.New(fail.Gone, "billing.proof_erased", "What the log committed to was erased with the customer's key.", "The invoice itself can still be read.")
		}
		f.Receipts = append(f.Receipts, r)
	}
	return f.Write(w)
}

// notesBefore adds the notes that took back parts of the invoice before this one, and the facts that prove them.
func (s *Invoices) notesBefore(ctx context.Context, v View, f *proof.InvoiceFile, facts []string) ([]string, error) {
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		rows, notes, err := s.notes(tx, v.Credits, v.ID)
		f.Notes = notes
		for _, r := range rows {
			facts = append(facts, r.Fact)
		}
		return err
	})
	return facts, err
}

// evidence adds the price versions and windows of an invoice, and names the facts that prove them.
func (s *Invoices) evidence(ctx context.Context, o party.Organisation, v View, f *proof.InvoiceFile, facts []string) ([]string, error) {
	prices, agreed, windows := map[string]bool{}, map[string]bool{}, map[string]string{}
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		bill, err := s.Ratings.Billed(tx, o.ID, v.ID)
		if err != nil {
			return err
		}
		f.Prices = f.Prices[:0]
		for _, c := range bill.Charges {
			if c.Window != "" {
				windows[c.Window] = c.Fact
			}
		}
		for _, l := range v.Document.Lines {
			for _, i := range bill.History[l.Subscription] {
				agreed[i.Fact] = true
			}
			if prices[l.Price] {
				continue
			}
			prices[l.Price] = true
			text, err := s.Ratings.PriceBytes(tx, l.Price)
			if err != nil {
				return err
			}
			f.Prices = append(f.Prices, string(text))
		}
		for _, c := range v.Document.Closings { // the end decides for how long a term's price was in force
			if k := bill.Contracts[c.Subscription]; k.EndedFact != "" {
				agreed[k.EndedFact] = true
			}
		}
		clear(prices)
		return nil
	})
	if err != nil {
		return nil, err
	}
	facts = append(facts, slices.Sorted(maps.Keys(agreed))...)
	for _, id := range slices.Sorted(maps.Keys(windows)) {
		file, err := s.windowFile(ctx, id, f.Version == proof.InvoiceFileApart)
		if err != nil {
			return nil, err
		}
		f.Windows = append(f.Windows, *file)
		facts = append(facts, windows[id])
	}
	return facts, nil
}

// windowFile is a window with its events, or without.
func (s *Invoices) windowFile(ctx context.Context, id string, apart bool) (*proof.WindowFile, error) {
	if !apart {
		return s.WindowFile(ctx, id)
	}
	w, err := s.Window(ctx, id)
	return &proof.WindowFile{Window: w}, err
}

// ExplainLine writes how a line of an invoice came about, step by step, in French for a locale that begins with "fr" and
// in English otherwise. Those who may read the invoice may. Error: fail.NotFound.
func (s *Invoices) ExplainLine(ctx context.Context, c access.Caller, invoice string, no int, locale string) (text string, err error) {
	doc, l, err := s.line(ctx, c, invoice, no)
	if err != nil {
		return "", err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		body, err := s.Ratings.PriceBytes(tx, l.Price)
		if err != nil {
			return err
		}
		list, err := price.ParseVersion(body)
		if err != nil {
			return err
		}
		text, err = doc.ExplainLine(list, l, locale)
		return err
	})
	return text, err
}

// line opens one line of an invoice; of a credit note the line of its invoice, which it repeats. What a term changes is
// explained by the other lines, so all are then read.
func (s *Invoices) line(ctx context.Context, c access.Caller, invoice string, no int) (*proof.Invoice, *proof.InvoiceLine, error) {
	none := fail.New(fail.NotFound, "billing.line", "The invoice has no such line.", "Use a number that stands on the invoice.")
	if no < 1 {
		return nil, nil, none
	}
	v, err := s.InvoicePage(ctx, c, invoice, no-1, 1)
	if err != nil {
		return nil, nil, err
	}
	if v.Document == nil || len(v.Document.Lines) == 0 {
		return nil, nil, none
	}
	l := &v.Document.Lines[0]
	if v.Credits != "" {
		if l.Credits > 0 {
			no = l.Credits
		}
		return s.line(ctx, c, v.Credits, no)
	}
	if l.Term == "" {
		return v.Document, l, nil
	}
	if v, err = s.Invoice(ctx, c, invoice); err != nil {
		return nil, nil, err
	}
	return v.Document, &v.Document.Lines[no-1], nil
}
