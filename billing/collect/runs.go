package collect

import (
	"context"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// maxDebits is how many debits one collection holds; the next run takes the others.
const maxDebits = 1000

// horizon is how far ahead a run looks for invoices that fall due.
const horizon = 30 * 24 * time.Hour

// Run makes a collection of the open invoices of a legal entity that fall due within 30 days and whose customers gave a
// mandate: what is kept for a customer is used first, then each is told amount and day, at least the days of notice ahead.
// An invoice that is under way already is left alone, and so is one whose debit failed three times. made is false when
// there is nothing to collect. Staff that collects may.
func (s *Collects) Run(ctx context.Context, c access.Caller, entity string) (k Collection, made bool, err error) {
	id := s.IDs.New("col")
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		k, made = Collection{}, false
		if _, err := s.entity(tx, c, access.CollectionRun, entity); err != nil {
			return err
		}
		a, found, err := selectAccount(tx, entity)
		if err != nil {
			return err
		}
		if !found || a.CreditorID == "" {
			return fail.New(fail.Conflict, "collect.account_missing", "This legal entity has no account with a creditor identifier yet.", "Set both, then collect.")
		}
		now := s.Now()
		k = Collection{ID: id, Entity: entity, Org: a.Org, State: Made, Edition: 1, Total: money.Zero(money.EUR), CreatedAt: now, Actor: c.Ref(), Message: message(id, 1)}
		for after := ""; k.Count < maxDebits; {
			open, err := s.Invoices.OpenIn(tx, entity, after, 200)
			if err != nil {
				return err
			}
			for _, i := range open {
				if after = i.ID; k.Count == maxDebits {
					break
				}
				d, ok, err := s.debit(tx, c, a, i, id)
				if err != nil {
					return err
				}
				if ok {
					k.Count, k.Total.Minor = k.Count+1, k.Total.Minor+d.Amount.Minor
				}
			}
			if len(open) < 200 {
				break
			}
		}
		if made = k.Count > 0; !made {
			return nil
		}
		if err := insertCollection(tx, k); err != nil {
			return err
		}
		return s.recordCollection(tx, c, FactMade, k)
	})
	if err != nil {
		return Collection{}, false, err
	}
	return k, made, nil
}

// message names an edition of a collection for the bank.
func message(collection string, edition int64) string {
	return sepa.MessageID("DD", collection, strconv.FormatInt(edition, 10))
}

// debit announces the debit of an invoice; ok is false when it is not to be collected now.
func (s *Collects) debit(tx *store.Tx, c access.Caller, a Account, i billing.Summary, collection string) (d Debit, ok bool, err error) {
	now := s.Now()
	if i.Gross.Currency != money.EUR || i.Due.Start(time.UTC).After(now.Add(horizon)) {
		return d, false, nil
	}
	m, found, err := s.standing(tx, i.Org, a.Entity)
	if err != nil || !found {
		return d, false, err
	}
	before, err := selectDebits(tx, "invoice", i.ID, 10)
	if err != nil || !again(before, m) {
		return d, false, err
	}
	if i, err = s.useCredit(tx, c, i, a.Org); err != nil || i.Owed().Sign() <= 0 {
		return d, false, err
	}
	day := price.DateOf(now.AddDate(0, 0, a.NoticeDays), time.UTC)
	if day.Before(i.Due) {
		day = i.Due
	}
	id := s.IDs.New("dbt")
	d = Debit{ID: id, Collection: collection, Entity: a.Entity, Invoice: i.ID, Mandate: m.ID, Org: i.Org, EndToEnd: sepa.MessageID("E", id), Amount: i.Owed(), Due: sepa.BankDay(day),
		Sequence: sepa.Recurrent, State: Announced, CreatedAt: now, ChangedAt: now}
	if m.Used == 0 {
		d.Sequence = sepa.First
	}
	if err := s.open(tx.Context(), &m); err != nil || m.Erased {
		return d, false, err
	}
	if err := insertDebit(tx, d); err != nil {
		return d, false, err
	}
	if err := s.tell(tx, "notice", d, m, i, a); err != nil {
		return d, false, err
	}
	return d, true, s.recordDebit(tx, c, FactAnnounced, d, a.Org)
}

// again tells whether an invoice may be presented with these debits behind it: none is under way, not too many failed, and
// the last failure was not the mandate's unless there is another one now.
func again(before []Debit, m Mandate) bool {
	failed := 0
	for n, d := range before { // newest first
		switch d.State {
		case Announced, AtBank, Collected:
			return false
		case Failed:
			failed++
			if n == 0 && d.Mandate == m.ID && (sepa.Reason{Code: d.Code}).Effect() != sepa.MayRetry {
				return false
			}
		}
	}
	return failed < maxTries
}

// File is the file of a collection for the bank, and its name. While the collection is made, what stopped being right is
// left out first. Staff that collects may. Error: fail.Conflict when nothing is left of it, fail.Gone once a payer in it
// was erased after it had been handed over.
func (s *Collects) File(ctx context.Context, c access.Caller, collection string) (file []byte, name string, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		k, err := s.collection(tx, c, access.CollectionRun, collection)
		if err != nil {
			return err
		}
		if k.State == Dropped {
			return fail.New(fail.Gone, "collect.dropped", "This collection was dropped.", "Make a new one.")
		}
		was := k
		if k.State == Made {
			if k, err = s.refresh(tx, c, k); err != nil {
				return err
			}
			if k.Count == 0 {
				return fail.New(fail.Conflict, "collect.empty", "Nothing is left to collect: each debit stopped being right.", "Drop this collection and make a new one.")
			}
			if k.Taken = k.Edition; k.Taken != was.Taken {
				if err := updateCollection(tx, was, k); err != nil {
					return err
				}
			}
		}
		name = k.Message + ".xml"
		file, err = s.write(tx, k)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return file, name, nil
}

// refresh leaves out what stopped being right since the collection was made; a change gives it another edition. It writes
// the debits, the caller writes the collection.
func (s *Collects) refresh(tx *store.Tx, c access.Caller, k Collection) (Collection, error) {
	list, err := selectDebits(tx, "collection", k.ID, maxDebits)
	if err != nil {
		return k, err
	}
	changed := false
	for _, d := range list {
		if d.State != Announced {
			continue
		}
		why, err := s.wrong(tx, d)
		if err != nil {
			return k, err
		}
		if why == "" {
			continue
		}
		if err := s.leaveOut(tx, c, d, why, k.Org); err != nil {
			return k, err
		}
		k.Count, k.Total.Minor, changed = k.Count-1, k.Total.Minor-d.Amount.Minor, true
	}
	if !changed {
		return k, nil
	}
	k.Edition++
	k.Message = message(k.ID, k.Edition)
	return k, s.recordCollection(tx, c, FactChanged, k)
}

// wrong says why a debit must not go to the bank, "" when it may.
func (s *Collects) wrong(tx *store.Tx, d Debit) (string, error) {
	m, err := selectMandate(tx, d.Mandate)
	if err != nil {
		return "", err
	}
	if m.State != Active {
		return OutMandate, nil
	}
	i, err := s.Invoices.InvoiceIn(tx, d.Invoice)
	if err != nil {
		return "", err
	}
	if i.Owed() != d.Amount {
		return OutPaid, nil
	}
	if err := s.open(tx.Context(), &m); err != nil || !m.Erased {
		return "", err
	}
	return OutErased, nil
}

func (s *Collects) leaveOut(tx *store.Tx, c access.Caller, d Debit, why, seller string) error {
	d.State, d.Code, d.ChangedAt = LeftOut, why, s.Now()
	if err := updateDebit(tx, Announced, d); err != nil {
		return err
	}
	return s.recordDebit(tx, c, FactLeftOut, d, seller)
}

// write makes the bytes: the same edition always gives the same.
func (s *Collects) write(tx *store.Tx, k Collection) ([]byte, error) {
	a, found, err := selectAccount(tx, k.Entity)
	if err != nil {
		return nil, err
	}
	e, err := s.Parties.Entity(tx, k.Entity)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fail.Missing("account", k.Entity)
	}
	out := sepa.Collection{Header: sepa.Header{ID: k.Message, Created: k.CreatedAt, Initiator: e.Name}, CreditorID: a.CreditorID, Creditor: sepa.Account{Name: e.Name, IBAN: a.IBAN, BIC: a.BIC}}
	list, err := selectDebits(tx, "collection", k.ID, maxDebits)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if d.State == LeftOut {
			continue
		}
		m, err := selectMandate(tx, d.Mandate)
		if err != nil {
			return nil, err
		}
		if err := s.open(tx.Context(), &m); err != nil {
			return nil, err
		}
		if m.Erased {
			return nil, fail.New(fail.Gone, "collect.erased", "A payer in this file was erased, so that it cannot be written again.", "Keep to the copy that the bank has.")
		}
		i, err := s.Invoices.InvoiceIn(tx, d.Invoice)
		if err != nil {
			return nil, err
		}
		out.Debits = append(out.Debits, sepa.Debit{EndToEnd: d.EndToEnd, Amount: d.Amount, Due: d.Due, Sequence: d.Sequence, Mandate: sepa.Mandate{ID: m.Reference, Signed: m.Signed},
			Debtor: sepa.Account{Name: m.Name, IBAN: m.IBAN, BIC: m.BIC}, Remittance: i.Number})
	}
	return out.File(a.Version)
}

// HandOver says that the file downloaded last is at the bank. Refused when it is not the present one any more. Staff that
// collects may.
func (s *Collects) HandOver(ctx context.Context, c access.Caller, collection string) (k Collection, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if k, err = s.collection(tx, c, access.CollectionRun, collection); err != nil {
			return err
		}
		if err := k.mustBeMade(); err != nil {
			return err
		}
		was := k
		// What stopped being right is not left out here: the bank has the file as it was taken. It is refused instead, so that
		// the operator takes the file again.
		list, err := selectDebits(tx, "collection", k.ID, maxDebits)
		if err != nil {
			return err
		}
		stale := k.Taken != k.Edition
		for _, d := range list {
			if d.State != Announced {
				continue
			}
			why, err := s.wrong(tx, d)
			if err != nil {
				return err
			}
			stale = stale || why != ""
		}
		if stale {
			return fail.New(fail.Conflict, "collect.stale", "The file is not the present one: it was never downloaded, or a mandate, an invoice or a payment changed since.", "Download the file again and give that one to the bank.")
		}
		for _, d := range list {
			if d.State != Announced {
				continue
			}
			if err := s.hand(tx, d); err != nil {
				return err
			}
		}
		k.State, k.HandedAt, k.HandedBy = Handed, s.Now(), c.Ref()
		if err := updateCollection(tx, was, k); err != nil {
			return err
		}
		return s.recordCollection(tx, c, FactHanded, k)
	})
	if err != nil {
		return Collection{}, err
	}
	return k, nil
}

func (s *Collects) hand(tx *store.Tx, d Debit) error {
	d.State, d.ChangedAt = AtBank, s.Now()
	if err := updateDebit(tx, Announced, d); err != nil {
		return err
	}
	m, err := selectMandate(tx, d.Mandate)
	if err != nil {
		return err
	}
	m.Used, m.UsedAt = m.Used+1, s.Now()
	return updateMandate(tx, m)
}

// Drop gives a collection up that is not at the bank: its invoices are free for the next one. Staff that collects may.
func (s *Collects) Drop(ctx context.Context, c access.Caller, collection string) (k Collection, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if k, err = s.collection(tx, c, access.CollectionRun, collection); err != nil {
			return err
		}
		if err := k.mustBeMade(); err != nil {
			return err
		}
		list, err := selectDebits(tx, "collection", k.ID, maxDebits)
		if err != nil {
			return err
		}
		for _, d := range list {
			if d.State == Announced {
				if err := s.leaveOut(tx, c, d, OutDropped, k.Org); err != nil {
					return err
				}
			}
		}
		was := k
		k.State = Dropped
		if err := updateCollection(tx, was, k); err != nil {
			return err
		}
		return s.recordCollection(tx, c, FactDropped, k)
	})
	if err != nil {
		return Collection{}, err
	}
	return k, nil
}

func (k Collection) mustBeMade() error {
	if k.State == Made {
		return nil
	}
	return fail.New(fail.Conflict, "collect.collection_state", "This collection is "+string(k.State)+": it does not change any more.", "Make a new one.").With("state", string(k.State))
}

// collection reads one and authorises.
func (s *Collects) collection(tx *store.Tx, c access.Caller, a access.Action, id string) (Collection, error) {
	k, err := selectCollection(tx, id)
	if err != nil {
		return k, err
	}
	_, err = s.allowed(tx, c, a, k.Org, "collection", id)
	return k, err
}
