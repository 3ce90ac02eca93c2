package billing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/paper"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/trace"
)

// Config is what the service needs.
type Config struct {
	DB      *store.DB
	Ring    *keys.Ring
	IDs     *id.Source
	Now     clock.Clock
	Facts   *trace.Facts
	Policy  *access.Policy
	Parties *party.Parties
	Ratings *rating.Ratings
	Tax     *tax.Table
	Log     *slog.Logger
	LogKey  string // of the transparency log, for proof files
	// Receipt proves a fact for a party: trace's Receipt with the open log.
	Receipt func(ctx context.Context, party, fact string) (proof.Receipt, error)
	// WindowFile is a closed usage window with its events: meter's WindowFile as the system.
	WindowFile func(ctx context.Context, window string) (*proof.WindowFile, error)
	// Window is it without its events, WindowEvents adds them to an events file: meter's Window and WriteEvents as the system.
	Window       func(ctx context.Context, window string) (proof.Window, error)
	WindowEvents func(ctx context.Context, window string, out *proof.EventsWriter) error
	// CountEvents tells how many events closed windows have together: meter's CountEvents.
	CountEvents func(ctx context.Context, windows []string) (int64, error)
	Small       int64 // an invoice with at most so many events is proved by one file; 0 means DefaultSmall
	// Payment tells how an invoice is paid: collect's PaymentIn. Nil when nothing is agreed.
	Payment func(tx *store.Tx, org, entity string, c money.Currency) (proof.InvoicePayment, error)
	// Bearings tells how a customer finds services in its own books: subscription's BearingsIn. Nil when nobody knows.
	Bearings func(tx *store.Tx, subscriptions ...string) (map[string]subscription.Bearing, error)
	// Paid tells the limits upstream that an account has paid once: order's Paid.
	Paid func(tx *store.Tx, org string) error
}

// Invoices is the service. Safe for concurrent use.
type Invoices struct {
	Config
	printer func() (*paper.Printer, error) // reads its fonts when the first document is asked for
}

// New makes the service.
func New(c Config) *Invoices { return &Invoices{c, sync.OnceValues(paper.New)} }

// Draft computes what would be invoiced up to an instant, one document for each seller, without numbers. Those who may
// read invoices may.
func (s *Invoices) Draft(ctx context.Context, c access.Caller, org string, upTo time.Time) (out []View, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.InvoiceRead, org, "organisation", org)
		if err != nil {
			return err
		}
		bill, err := s.Ratings.Draft(tx, org, upTo)
		if err != nil {
			return err
		}
		out = nil
		st, err := bill.Statement()
		if err != nil {
			return err
		}
		for _, part := range st.Split() {
			doc, err := s.document(tx, o, part)
			if err != nil {
				return err
			}
			v := View{Summary: Summary{Org: org, Entity: doc.Entity, Type: doc.Type, Date: doc.Date, Due: doc.Due, Net: doc.Totals.Net, VAT: doc.Totals.VAT,
				Gross: doc.Totals.Gross, Paid: money.Zero(doc.Currency), Credited: money.Zero(doc.Currency), Lines: len(doc.Lines)}, Document: &doc}
			hide(&v, c, o)
			out = append(out, v)
		}
		return nil
	})
	return out, err
}

// Issue invoices an organisation's charges up to an instant, one invoice for each seller; none when nothing is to be
// invoiced, so a second call changes nothing. The future is refused. Operator's staff may.
func (s *Invoices) Issue(ctx context.Context, c access.Caller, org string, upTo time.Time) (out []Summary, err error) {
	if upTo.After(s.Now()) {
		return nil, fail.New(fail.Invalid, "billing.future", "Time that is still to come cannot be invoiced.", "Give an instant that is past.").
			Field("upTo", "lies in the future")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		out, err = s.IssueIn(tx, c, org, upTo, nil)
		return err
	})
	return out, err
}

// IssueIn is Issue in the caller's transaction, for packages downstream. agreed, when it is not nil, sees what would be
// issued, without numbers, before anything is numbered; its error ends the transaction.
func (s *Invoices) IssueIn(tx *store.Tx, c access.Caller, org string, upTo time.Time, agreed func(docs []proof.Invoice) error) ([]Summary, error) {
	o, err := s.allowed(tx, c, access.InvoiceIssue, org, "organisation", org)
	if err != nil {
		return nil, err
	}
	if err := s.Ratings.ChargePeriods(tx, org, upTo); err != nil {
		return nil, err
	}
	bill, err := s.Ratings.Unbilled(tx, org, upTo)
	if err != nil {
		return nil, err
	}
	return s.issueAll(tx, c, o, bill, false, agreed)
}

// issueAll issues the invoices of a bill in the caller's transaction. What comes to less than nothing, because usage was
// taken back, waits for the next invoice; the last one of a subscription does not wait.
func (s *Invoices) issueAll(tx *store.Tx, c access.Caller, o party.Organisation, bill rating.Bill, last bool, agreed func([]proof.Invoice) error) ([]Summary, error) {
	st, err := bill.Statement()
	if err != nil {
		return nil, err
	}
	var parts []rating.Statement
	var docs []proof.Invoice
	for _, part := range st.Split() {
		doc, err := s.document(tx, o, part)
		if err != nil {
			return nil, err
		}
		if Waits(&doc) && !last {
			continue
		}
		parts, docs = append(parts, part), append(docs, doc)
	}
	if agreed != nil {
		if err := agreed(docs); err != nil {
			return nil, err
		}
	}
	var out []Summary
	for n, doc := range docs {
		done, err := s.finalise(tx, c, doc)
		if err != nil {
			return nil, err
		}
		if err := s.Ratings.MarkBilled(tx, done.ID, parts[n]); err != nil {
			return nil, err
		}
		out = append(out, done)
	}
	return out, nil
}

// Waits tells whether what a draft comes to is kept for the next invoice: it is less than nothing.
func Waits(doc *proof.Invoice) bool { return doc.Totals.Gross.Sign() < 0 }

// document writes everything of an invoice that does not depend on its place in the series.
func (s *Invoices) document(tx *store.Tx, o party.Organisation, b rating.Statement) (doc proof.Invoice, err error) {
	contract := b.Contracts[b.Groups[0].Subscription]
	v := b.Prices[b.Groups[0].Price]
	zone, err := time.LoadLocation(contract.Zone)
	if err != nil {
		return doc, err
	}
	now := s.Now()
	date := price.DateOf(now, zone)
	doc = proof.Invoice{Version: proof.InvoiceVersion, Type: proof.TypeInvoice, Series: SeriesInvoice, Issued: now.UTC(), Date: date, Due: later(date, dueDays),
		Currency: v.Currency, Basis: v.Basis, Org: o.ID, Entity: contract.Seller}
	if doc.Seller, err = s.seller(tx, contract.Seller); err != nil {
		return doc, err
	}
	if doc.Buyer, err = s.buyer(tx, o); err != nil {
		return doc, err
	}
	doc.Decision, err = s.Tax.Decide(tax.Seller{Country: doc.Seller.Country},
		tax.Buyer{Country: doc.Buyer.Country, Business: doc.Buyer.Business, VATID: doc.Buyer.VATID}, date)
	if err != nil {
		return doc, err
	}
	if m := tax.Mention(doc.Decision.Mention, o.Language); m != "" {
		doc.Mentions = []string{m}
	}
	if err := s.handOver(tx, contract.Market, &doc); err != nil {
		return doc, err
	}
	lines(&doc, b)
	if err := s.trade(tx, o, &doc); err != nil {
		return doc, err
	}
	if err := doc.Total(); err != nil {
		return doc, err
	}
	if s.Payment != nil && doc.Type == proof.TypeInvoice && doc.Totals.Gross.Sign() > 0 {
		doc.Payment, err = s.Payment(tx, o.ID, doc.Entity, doc.Currency)
	}
	return doc, err
}

func lines(doc *proof.Invoice, b rating.Statement) {
	for n, g := range b.Groups {
		l := proof.InvoiceLine{No: n + 1, Subscription: g.Subscription, Item: b.Contracts[g.Subscription].Name, Component: g.Key(), Unit: g.Unit(),
			Quantity: g.Quantity, Correction: g.Correction, Trial: g.Trial, Period: g.Span, Price: g.Price, Exact: g.Exact, Amount: g.Amount, Shares: g.Shares,
			Category: doc.Decision.Category, BasisPoints: doc.Decision.BasisPoints, Charges: []proof.InvoiceCharge{}}
		for _, i := range b.History[g.Subscription] {
			if i.Price == g.Price {
				l.Item = i.Name
			}
		}
		if g.Term != nil {
			l.Term = g.Term.Kind
		} else if g.Part.Kind.Usage() {
			l.Per = g.Part.Per
		}
		for _, c := range g.Charges {
			l.Charges = append(l.Charges, c.Proof(g.Part.Kind))
		}
		doc.Lines = append(doc.Lines, l)
	}
	for _, c := range b.Closings {
		doc.Closings = append(doc.Closings, proof.InvoiceClosing{Subscription: c.Subscription, Price: c.Price, Closing: c.Closing})
	}
}

func (s *Invoices) seller(tx *store.Tx, entity string) (proof.InvoiceParty, error) {
	e, err := s.Parties.Entity(tx, entity)
	if err != nil {
		return proof.InvoiceParty{}, fmt.Errorf("seller of the invoice: %w", err)
	}
	return partyOf(e), nil
}

// buyer is the legal entity of the organisation or of the house it is a unit of, or the household.
func (s *Invoices) buyer(tx *store.Tx, o party.Organisation) (proof.InvoiceParty, error) {
	if o.Form == party.FormHousehold {
		p := proof.InvoiceParty{Name: o.Name, Country: o.Country}
		head, err := s.Parties.Reach(tx, o.Head)
		p.Address = head.Contact.Address
		return p, err
	}
	for o.Entity == "" && o.Parent != "" {
		up, err := s.Parties.Lookup(tx, o.Parent)
		if err != nil {
			return proof.InvoiceParty{}, err
		}
		o = up
	}
	e, err := s.Parties.Entity(tx, o.Entity)
	return partyOf(e), err
}

// finalise gives the document its number and place in the chain, seals it and records the fact.
func (s *Invoices) finalise(tx *store.Tx, c access.Caller, doc proof.Invoice) (Summary, error) {
	was, err := selectLink(tx, doc.Entity, doc.Series, int64(doc.Date.Year))
	if err != nil {
		return Summary{}, fmt.Errorf("number of the invoice: %w", err)
	}
	now := was.next(int64(doc.Date.Year))
	doc.ID, doc.Number, doc.Previous = s.IDs.New("inv"), number(doc.Series, now.year, now.last), was.hash
	var nonce [32]byte
	_, _ = rand.Read(nonce[:]) // never fails (crypto/rand)
	doc.Nonce = hex.EncodeToString(nonce[:])
	text, err := doc.Canonical()
	if err != nil {
		return Summary{}, err
	}
	hash := sha256.Sum256(text)
	now.hash = hex.EncodeToString(hash[:])
	if err := updateLink(tx, doc.Entity, doc.Series, was, now); err != nil {
		return Summary{}, err
	}
	i := issuedRow(&doc, now.hash)
	if i.sealed, i.parts, err = s.sealed(tx.Context(), &doc, text); err != nil {
		return Summary{}, fmt.Errorf("invoice %s: %w", doc.Number, err)
	}
	if i.Fact, err = s.recordIssued(tx, c, &doc, i); err != nil {
		return Summary{}, err
	}
	if err := insertInvoice(tx, i); err != nil {
		return Summary{}, err
	}
	return i.Summary, insertParts(tx, i)
}

func documentAAD(invoice string) []byte { return []byte("invoice|" + invoice + "|document") }

// issuedRow is the row of a document that was just issued, without its fact and its sealed text.
func issuedRow(doc *proof.Invoice, hash string) row {
	i := row{series: doc.Series, keep: time.Date(doc.Date.Year+keepYears+1, time.January, 1, 0, 0, 0, 0, time.UTC), Summary: Summary{ID: doc.ID, Org: doc.Org,
		Entity: doc.Entity, Type: doc.Type, Number: doc.Number, IssuedAt: doc.Issued, Date: doc.Date, Due: doc.Due, Net: doc.Totals.Net, VAT: doc.Totals.VAT,
		Gross: doc.Totals.Gross, Paid: money.Zero(doc.Currency), Credited: money.Zero(doc.Currency), Status: StatusOpen, Lines: len(doc.Lines), Hash: hash, Previous: doc.Previous, Credits: doc.Reference.ID}}
	switch {
	case doc.Type == proof.TypeCreditNote, doc.Type == proof.TypeProforma:
		i.Status = StatusIssued
	case i.Gross.Sign() <= 0:
		i.Status = StatusPaid
	}
	return i
}

func (s *Invoices) recordIssued(tx *store.Tx, c access.Caller, doc *proof.Invoice, i row) (string, error) {
	seller, err := s.Parties.Entity(tx, doc.Entity)
	if err != nil {
		return "", err
	}
	return s.Facts.Record(tx, issuedFact(c, doc, i, seller.Org))
}

// issuedFact is what is recorded of a document, which its seller's organisation reads too.
func issuedFact(c access.Caller, doc *proof.Invoice, i row, seller string) trace.Fact {
	return trace.Fact{Type: FactIssued, Aggregate: doc.ID, First: true, Owner: doc.Org, Parties: []string{seller}, Actor: c.Ref(), At: doc.Issued,
		Machine: doc.Fact(i.Hash), Legal: []trace.Segment{{Owner: doc.Entity, Until: i.keep, Fields: map[string]any{"buyer": doc.Buyer, "number": doc.Number}}}}
}

// allowed reads an organisation and authorises the caller on a thing of it.
func (s *Invoices) allowed(tx *store.Tx, c access.Caller, a access.Action, org, noun, thing string) (party.Organisation, error) {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return o, err
	}
	return o, s.Policy.Check(c, a, o.Resource(noun, thing))
}
