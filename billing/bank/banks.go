package bank

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/trace"
)

// Config is what the service stands on.
type Config struct {
	DB       *store.DB
	Ring     *keys.Ring
	IDs      *id.Source
	Now      clock.Clock
	Facts    *trace.Facts
	Policy   *access.Policy
	Parties  *party.Parties
	Invoices *billing.Invoices
	Collects *collect.Collects
	// Payout takes a movement about money that was paid out, and Payouts the bank's word on a file of such: the commands
	// Moved and Reported of settlement/payout, which knows what it sent. Nil where nothing is paid out.
	Payout  func(tx *store.Tx, c access.Caller, m Entry) (found bool, why string, err error)
	Payouts func(tx *store.Tx, c access.Caller, entity string, r sepa.Report) (found bool, answered, refused int64, err error)
}

// Banks is the service. Safe for concurrent use.
type Banks struct{ Config }

// New makes the service.
func New(c Config) *Banks { return &Banks{c} }

const (
	pageSize = 50
	maxName  = 100
)

// Import reads a file of the bank of a legal entity: a statement (camt.053) or a report (pain.002). A file that was
// imported before changes nothing (Again), and so does a movement that another file told. Killed in between, the same file
// goes on where it was. Staff that records payments may.
func (s *Banks) Import(ctx context.Context, c access.Caller, entity, name string, data []byte) (f File, err error) {
	sum := sha256.Sum256(data)
	f = File{ID: s.IDs.From("bnk", [16]byte(sum[:16])), Entity: entity, Digest: hex.EncodeToString(sum[:]), Name: label(name), Actor: c.Ref()}
	var account collect.Account
	known := false
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		e, err := s.entity(tx, c, access.PaymentRecord, entity)
		if err != nil {
			return err
		}
		f.Org = e.Org
		old, found, err := selectFile(tx, entity, f.Digest)
		if found {
			f, f.Again = old, true
		}
		if err != nil || found {
			return err
		}
		account, known, err = s.Collects.AccountIn(tx, entity)
		return err
	})
	if err != nil || f.Again {
		return f, err
	}
	list, err := sepa.ReadStatements(data)
	switch {
	case fail.CodeOf(err) == "sepa.kind":
		err = s.report(ctx, c, &f, data)
	case err == nil:
		err = s.statements(ctx, c, &f, list, account, known)
	}
	if err != nil {
		return File{}, err
	}
	return f, s.finish(ctx, c, &f)
}

// label is the name of a file without what could be personal in its path or harm a page.
func label(name string) string {
	t := sepa.Text(name, maxName)
	if t == "" {
		return "file"
	}
	return t
}

// finish writes that the file is done.
func (s *Banks) finish(ctx context.Context, c access.Caller, f *File) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		f.ImportedAt = s.Now()
		fresh, err := insertFile(tx, *f)
		if err != nil || !fresh {
			return err
		}
		_, err = s.Facts.Record(tx, trace.Fact{Type: FactImported, Aggregate: f.ID, Owner: f.Org, Actor: c.Ref(), At: f.ImportedAt, Machine: FileFact{File: f.ID, Entity: f.Entity, Digest: f.Digest, Kind: f.Kind,
			Entries: f.Entries, Fresh: f.Fresh, Matched: f.Matched, Desk: f.Desk, Failed: f.Failed}})
		return err
	})
}

func (s *Banks) statements(ctx context.Context, c access.Caller, f *File, list []sepa.Statement, account collect.Account, known bool) error {
	f.Kind = Statement
	for _, st := range list {
		if known && st.Account != "" && st.Account != account.IBAN {
			return fail.New(fail.Invalid, "bank.account", "The statement is of another account than that of this legal entity.", "Import it for the legal entity whose account it is.").Field("file", "is of another account")
		}
	}
	for _, st := range list {
		for _, e := range st.Entries {
			if !e.Booked {
				continue
			}
			for _, t := range e.Transactions {
				if t.Amount.Minor == 0 {
					continue
				}
				if err := s.take(ctx, c, f, e, t); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// take writes one movement and finds its invoice, in one transaction.
func (s *Banks) take(ctx context.Context, c access.Caller, f *File, in sepa.Entry, t sepa.Transaction) error {
	var e Entry
	fresh := false
	entry := s.IDs.New("bke")
	err := s.DB.Tx(ctx, func(tx *store.Tx) (err error) {
		e = Entry{ID: entry, File: f.ID, Entity: f.Entity, Org: f.Org, Key: t.Key, Reference: t.Reference, EndToEnd: t.EndToEnd, Amount: t.Amount, Credit: t.Credit, Date: in.Date,
			Payer: t.Payer, IBAN: t.Account, Text: join(t.Structured, t.Remittance), State: Desk, CreatedAt: s.Now(), batch: t.Batch, mail: t.Message, sign: in.Reversal}
		e.Kept.Currency = e.Amount.Currency
		if e.Reference == "" {
			e.Reference = in.Reference
		}
		if t.Return != nil {
			e.Code, e.ret = t.Return.Code, true
		}
		if e.sealed, err = s.seal(ctx, e); err != nil {
			return err
		}
		if fresh, err = claimEntry(tx, e); err != nil || !fresh {
			return err
		}
		if err := s.match(tx, c, &e); err != nil {
			return err
		}
		if err := updateEntry(tx, Desk, e); err != nil {
			return err
		}
		if e.State != Desk {
			return nil
		}
		return s.record(tx, c, FactDesk, e)
	})
	if err != nil {
		return err
	}
	f.Entries++
	if !fresh {
		return nil
	}
	f.Fresh++
	switch {
	case e.State == Desk:
		f.Desk++
	case e.State == Matched && !e.Credit:
		f.Failed++
	case e.State == Matched:
		f.Matched++
	}
	return nil
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}

func entryAAD(entry string) []byte { return []byte("bank|" + entry + "|payer") }

func (s *Banks) seal(ctx context.Context, e Entry) ([]byte, error) {
	plain, err := json.Marshal(personal{Payer: e.Payer, IBAN: e.IBAN, Text: e.Text})
	if err != nil {
		return nil, err
	}
	return s.Ring.Seal(ctx, keys.Entity(e.Entity), plain, entryAAD(e.ID))
}

func (s *Banks) open(ctx context.Context, e *Entry) error {
	plain, err := s.Ring.Open(ctx, keys.Entity(e.Entity), e.sealed, entryAAD(e.ID))
	if errors.Is(err, keys.ErrDestroyed) {
		return nil
	}
	var p personal
	if err == nil {
		err = json.Unmarshal(plain, &p)
	}
	if err != nil {
		return fmt.Errorf("movement %s: %w", e.ID, err)
	}
	e.Payer, e.IBAN, e.Text = p.Payer, p.IBAN, p.Text
	return nil
}

// report applies the bank's word on a file of debits or payouts.
func (s *Banks) report(ctx context.Context, c access.Caller, f *File, data []byte) error {
	f.Kind = Report
	r, err := sepa.ReadReport(data)
	if err != nil {
		return err
	}
	if s.Payouts != nil {
		found := false
		err := s.DB.Tx(ctx, func(tx *store.Tx) (err error) {
			var refused int64
			found, f.Entries, refused, err = s.Payouts(tx, c, f.Entity, r)
			f.Fresh, f.Failed = refused, refused
			return err
		})
		if err != nil || found {
			return err
		}
	}
	var k collect.Collection
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		found := false
		if k, found, err = s.Collects.BatchIn(tx, r.Original); err != nil {
			return err
		}
		if found = found && k.Entity == f.Entity; !found {
			return fail.New(fail.Invalid, "bank.original", "The report is about a file that this legal entity did not make: "+r.Original+".", "Import it where the file was made.").Field("file", "is about another file")
		}
		return nil
	})
	if err != nil {
		return err
	}
	batches := batchesOf(k)
	for _, d := range k.Debits {
		status, reason := r.Of(batches[d.EndToEnd], d.EndToEnd)
		if status == "" {
			continue
		}
		if f.Entries++; !status.Refused() || d.State != collect.AtBank && d.State != collect.Collected {
			continue
		}
		f.Fresh, f.Failed = f.Fresh+1, f.Failed+1
		if err := s.DB.Tx(ctx, func(tx *store.Tx) error { return s.refused(tx, c, d.EndToEnd, reason, r) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Banks) refused(tx *store.Tx, c access.Caller, endToEnd string, reason sepa.Reason, r sepa.Report) error {
	d, found, err := s.Collects.Found(tx, endToEnd)
	if err != nil || !found || d.State != collect.AtBank && d.State != collect.Collected {
		return err
	}
	return s.Collects.Fail(tx, c, d, reason, day(s.Now()), sepa.MessageID("RJ", r.ID, endToEnd))
}

// batchesOf tells in which batch of the file each debit stands.
func batchesOf(k collect.Collection) map[string]string {
	c := sepa.Collection{Header: sepa.Header{ID: k.Message}}
	for _, d := range k.Debits {
		if d.State != collect.LeftOut {
			c.Debits = append(c.Debits, sepa.Debit{EndToEnd: d.EndToEnd, Due: d.Due, Sequence: d.Sequence, Amount: d.Amount})
		}
	}
	out := map[string]string{}
	for _, b := range c.Batches() {
		for _, d := range b.Debits {
			out[d.EndToEnd] = b.ID
		}
	}
	return out
}

// entity reads a legal entity and authorises the caller on what belongs to it.
func (s *Banks) entity(tx *store.Tx, c access.Caller, a access.Action, entity string) (party.Entity, error) {
	e, err := s.Parties.Entity(tx, entity)
	if err != nil {
		return e, err
	}
	_, err = s.allowed(tx, c, a, e.Org, "legal entity", entity)
	return e, err
}

func (s *Banks) allowed(tx *store.Tx, c access.Caller, a access.Action, org, noun, thing string) (party.Organisation, error) {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return o, err
	}
	return o, s.Policy.Check(c, a, o.Resource(noun, thing))
}

func (s *Banks) record(tx *store.Tx, c access.Caller, kind string, e Entry) error {
	f := EntryFact{Entry: e.ID, Entity: e.Entity, Amount: e.Amount, Credit: e.Credit, State: e.State, Why: e.Why, Kept: e.Kept}
	for _, p := range e.Parts {
		f.Parts = append(f.Parts, PartFact{Invoice: p.Invoice, Amount: p.Amount})
	}
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: e.ID, Owner: e.Org, Actor: c.Ref(), At: s.Now(), Machine: f})
	return err
}
