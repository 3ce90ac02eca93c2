package billing

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/trace"
)

// Drafted is what an organisation would be invoiced, worked out on a snapshot. Err tells why it could not be.
type Drafted struct {
	Org   string
	Docs  []proof.Invoice // one for each seller, without numbers
	Waits bool            // something comes to less than nothing and waits for the next invoice
	Err   error
	ready *rating.Ready
	parts []rating.Statement // of Docs
	text  []unnumbered       // of Docs, once frozen
}

// unnumbered is an invoice in its canonical form but for its number and the hash before it, which are known last.
type unnumbered struct {
	begin, middle, end []byte
	numberFirst        bool
	seller             string // organisation
	zone               *time.Location
}

// DraftAll works out what organisations would be invoiced, each up to the instant that upTo gives for its zone. It reads
// one snapshot and writes nothing; IssueAll issues it. Operator's staff may, which each one's Err tells; no organisation at
// all is an error.
func (s *Invoices) DraftAll(ctx context.Context, c access.Caller, orgs []string, upTo func(zone *time.Location) (time.Time, error)) (out []*Drafted, err error) {
	if len(orgs) == 0 {
		return nil, fail.New(fail.Invalid, "invoice.nobody", "No organisation is named.", "Name whose invoices are meant.")
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		tx.KeepReads()
		out = make([]*Drafted, len(orgs))
		known, err := s.Parties.Lookups(tx, orgs)
		if err != nil {
			return err
		}
		ready, err := s.Ratings.Ready(tx, orgs, upTo)
		if err != nil {
			return err
		}
		for n, org := range orgs {
			d := &Drafted{Org: org, ready: ready[org], Err: ready[org].Err}
			out[n] = d
			o, ok := known[org]
			switch {
			case d.Err != nil:
			case !ok:
				d.Err = fail.Missing("organisation", org)
			default:
				d.Err = s.draft(tx, c, o, d)
			}
		}
		return ctx.Err()
	})
	return out, err
}

// draft writes the documents of one organisation.
func (s *Invoices) draft(tx *store.Tx, c access.Caller, o party.Organisation, d *Drafted) error {
	if err := s.Policy.Check(c, access.InvoiceIssue, o.Resource("organisation", o.ID)); err != nil {
		return err
	}
	st, err := d.ready.Statement()
	if err != nil {
		return err
	}
	for _, part := range st.Split() {
		doc, err := s.document(tx, o, part)
		if err != nil {
			return err
		}
		if Waits(&doc) {
			d.Waits = true
			continue
		}
		e, err := s.Parties.Entity(tx, doc.Entity)
		if err != nil {
			return err
		}
		zone, err := time.LoadLocation(part.Contracts[part.Groups[0].Subscription].Zone)
		if err != nil {
			return err
		}
		d.Docs, d.parts, d.text = append(d.Docs, doc), append(d.parts, part), append(d.text, unnumbered{seller: e.Org, zone: zone})
	}
	return nil
}

// Freeze does for IssueAll what needs no transaction: identifiers, the documents' bytes, the sealing of what goes into the
// log. It stops at the first organisation that cannot be.
func (s *Invoices) Freeze(ctx context.Context, list []*Drafted) error {
	for _, d := range list {
		if d.Err != nil {
			continue
		}
		if err := s.Ratings.SealReady(ctx, d.ready); err != nil {
			return err
		}
		for n := range d.Docs {
			if err := s.freeze(&d.Docs[n], &d.text[n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// freeze cuts the canonical form where number and hash will stand.
func (s *Invoices) freeze(doc *proof.Invoice, u *unnumbered) error {
	var nonce [32]byte
	_, _ = rand.Read(nonce[:]) // never fails (crypto/rand)
	doc.ID, doc.Nonce = s.IDs.New("inv"), hex.EncodeToString(nonce[:])
	number, previous := "number "+doc.Nonce, "previous "+doc.Nonce // nothing else in the document has the nonce behind a word
	doc.Number, doc.Previous = number, previous
	text, err := doc.Canonical()
	if err != nil {
		return err
	}
	a, b := bytes.Index(text, []byte(number)), bytes.Index(text, []byte(previous))
	if u.numberFirst = a < b; !u.numberFirst {
		a, b, number, previous = b, a, previous, number
	}
	if a < 0 {
		return fmt.Errorf("invoice %s has no place for its number", doc.ID)
	}
	u.begin, u.middle, u.end = text[:a], text[a+len(number):b], text[b+len(previous):]
	return nil
}

// with is the canonical form with the number and the hash before it, which are plain letters and digits.
func (u *unnumbered) with(number, previous string) []byte {
	if !u.numberFirst {
		number, previous = previous, number
	}
	out := make([]byte, 0, len(u.begin)+len(number)+len(u.middle)+len(previous)+len(u.end))
	out = append(append(out, u.begin...), number...)
	out = append(append(out, u.middle...), previous...)
	return append(out, u.end...)
}

// finished is an invoice on its way into its row.
type finished struct {
	doc  *proof.Invoice
	text []byte
	row  row
	fact trace.Sealed
	part rating.Statement

	seller string // organisation
}

// IssueAll issues drafts that were frozen, in the caller's transaction and in their order: as IssueIn does one by one. None
// may have an Err. Error: rating.ErrStale when something changed since they were worked out; IssueIn works it out again.
func (s *Invoices) IssueAll(tx *store.Tx, c access.Caller, list []*Drafted) ([][]Summary, error) {
	ready := make([]*rating.Ready, len(list))
	for n, d := range list {
		ready[n] = d.ready
	}
	if err := s.Ratings.WriteReady(tx, ready); err != nil {
		return nil, err
	}
	done, err := s.chain(tx, list)
	if err != nil {
		return nil, err
	}
	errs := make([]error, len(done))
	parallel(len(done), func(n int) { errs[n] = s.finish(tx.Context(), c, done[n]) })
	var rows [][]any
	var facts []trace.Sealed
	var parts []row
	var standing []rating.Standing
	for n, f := range done {
		if errs[n] != nil {
			return nil, errs[n]
		}
		rows, facts, parts = append(rows, f.row.values()), append(facts, f.fact), append(parts, f.row)
		standing = append(standing, rating.Standing{Invoice: f.doc.ID, Statement: f.part})
	}
	if err := s.Facts.Put(tx, facts); err != nil {
		return nil, err
	}
	if err := tx.Upsert("invoice ("+invoiceColumns+")", "", rows); err != nil {
		return nil, err
	}
	if err := insertParts(tx, parts...); err != nil {
		return nil, err
	}
	if err := s.Ratings.MarkAllBilled(tx, standing); err != nil {
		return nil, err
	}
	out := make([][]Summary, len(list))
	for n, d := range list {
		for range d.Docs {
			out[n], done = append(out[n], done[0].row.Summary), done[1:]
		}
	}
	return out, nil
}

// chain gives all documents their numbers and hashes: each refers to the one before it in its series.
func (s *Invoices) chain(tx *store.Tx, list []*Drafted) (done []*finished, err error) {
	type series struct{ entity, series string }
	was, now := map[series]link{}, map[series]link{}
	var order []series
	at := s.Now()
	for _, d := range list {
		for n := range d.Docs {
			doc, u := &d.Docs[n], &d.text[n]
			if price.DateOf(at, u.zone) != doc.Date {
				return nil, rating.ErrStale // midnight came between
			}
			k := series{doc.Entity, doc.Series}
			l, ok := now[k]
			if !ok {
				if l, err = selectLink(tx, k.entity, k.series, int64(doc.Date.Year)); err != nil {
					return nil, fmt.Errorf("number of the invoice: %w", err)
				}
				was[k], order = l, append(order, k)
			}
			f := &finished{doc: doc, part: d.parts[n], seller: u.seller}
			next := l.next(int64(doc.Date.Year))
			doc.Number, doc.Previous = number(doc.Series, next.year, next.last), l.hash
			f.text = u.with(doc.Number, doc.Previous)
			hash := sha256.Sum256(f.text)
			next.hash = hex.EncodeToString(hash[:])
			now[k] = next
			f.row = issuedRow(doc, next.hash)
			done = append(done, f)
		}
	}
	for _, k := range order {
		if err := updateLink(tx, k.entity, k.series, was[k], now[k]); err != nil {
			return nil, err
		}
	}
	return done, nil
}

// finish seals a document and its fact.
func (s *Invoices) finish(ctx context.Context, c access.Caller, f *finished) (err error) {
	if f.row.sealed, f.row.parts, err = s.sealed(ctx, f.doc, f.text); err != nil {
		return fmt.Errorf("invoice %s: %w", f.doc.Number, err)
	}
	if f.fact, err = s.Facts.Prepare(ctx, issuedFact(c, f.doc, f.row, f.seller)); err != nil {
		return err
	}
	f.row.Fact = f.fact.ID
	return nil
}
