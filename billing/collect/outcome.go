package collect

import (
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Found gives the debit that a bank speaks of, by the identifier that went with it. For billing/bank, in its transaction.
func (s *Collects) Found(tx *store.Tx, endToEnd string) (Debit, bool, error) {
	if endToEnd == "" {
		return Debit{}, false, nil
	}
	return selectDebit(tx, "end_to_end", endToEnd)
}

// MandateIn gives the state of the mandate of a debit. For billing/bank.
func (s *Collects) MandateIn(tx *store.Tx, mandate string) (State, error) {
	m, err := selectMandate(tx, mandate)
	return m.State, err
}

// BatchIn gives the collection of a message that a bank speaks of, with its debits. For billing/bank.
func (s *Collects) BatchIn(tx *store.Tx, message string) (k Collection, found bool, err error) {
	list, err := store.All(tx, scanCollection, "SELECT "+collectionColumns+" FROM collection WHERE message = $1", message)
	if err != nil || len(list) == 0 {
		return k, false, err
	}
	k = list[0]
	k.Debits, err = selectDebits(tx, "collection", k.ID, maxDebits)
	return k, err == nil, err
}

// Collected says that the money of a debit came: it is a payment of its invoice. reference is unique for the invoice. For
// billing/bank, which has authorised its caller.
func (s *Collects) Collected(tx *store.Tx, c access.Caller, d Debit, on price.Date, reference string) error {
	if _, err := s.Invoices.PayIn(tx, c, billing.PaymentInput{Invoice: d.Invoice, Amount: d.Amount, Received: on, Reference: reference}); err != nil {
		return err
	}
	was := d.State
	d.State, d.Code, d.ChangedAt = Collected, "", s.Now()
	if err := updateDebit(tx, was, d); err != nil {
		return err
	}
	e, err := s.Parties.Entity(tx, d.Entity)
	if err != nil {
		return err
	}
	return s.recordDebit(tx, c, FactCollected, d, e.Org)
}

// Fail says that a debit was refused or came back: what was paid by it is open again, a mandate that the bank calls void
// ends, and the customer is told why. For billing/bank, which has authorised its caller.
func (s *Collects) Fail(tx *store.Tx, c access.Caller, d Debit, reason sepa.Reason, on price.Date, reference string) error {
	e, err := s.Parties.Entity(tx, d.Entity)
	if err != nil {
		return err
	}
	if d.State == Collected {
		if _, err := s.Invoices.ReturnIn(tx, c, billing.ReturnInput{Invoice: d.Invoice, Amount: d.Amount, On: on, Reference: reference, Code: reason.Code}); err != nil {
			return err
		}
	}
	was := d.State
	d.State, d.Code, d.ChangedAt = Failed, reason.Code, s.Now()
	if err := updateDebit(tx, was, d); err != nil {
		return err
	}
	if err := s.recordDebit(tx, c, FactFailed, d, e.Org); err != nil {
		return err
	}
	m, err := selectMandate(tx, d.Mandate)
	if err != nil {
		return err
	}
	if reason.Effect() != sepa.MayRetry && m.State == Active {
		if err := s.end(tx, c, m, CommandRevoke, WhyBank, e.Org); err != nil {
			return err
		}
	}
	i, err := s.Invoices.InvoiceIn(tx, d.Invoice)
	if err != nil {
		return err
	}
	a, _, err := selectAccount(tx, d.Entity)
	if err != nil {
		return err
	}
	return s.tell(tx, "failed", d, m, i, a)
}

// Keep puts money to the credit of a customer, for its next invoices. entry is the bank's movement that it came by. For
// billing/bank, which has authorised its caller.
func (s *Collects) Keep(tx *store.Tx, c access.Caller, org, entity string, amount money.Amount, entry string) error {
	if _, err := addCredit(tx, Credit{Org: org, Entity: entity, Amount: amount}, s.IDs.New("crm"), entry, "", c.Ref(), s.Now()); err != nil {
		return err
	}
	e, err := s.Parties.Entity(tx, entity)
	if err != nil {
		return err
	}
	return s.record(tx, c, FactKept, entry, org, e.Org, CreditFact{Org: org, Entity: entity, Amount: amount, Entry: entry})
}

// useCredit pays an invoice from what is kept for its customer, as far as that goes.
func (s *Collects) useCredit(tx *store.Tx, c access.Caller, i billing.Summary, seller string) (billing.Summary, error) {
	have, err := selectCredit(tx, i.Org, i.Entity, string(i.Gross.Currency))
	if err != nil || have <= 0 {
		return i, err
	}
	amount := money.New(min(have, i.Owed().Minor), i.Gross.Currency)
	move := s.IDs.New("crm")
	if ok, err := addCredit(tx, Credit{Org: i.Org, Entity: i.Entity, Amount: money.New(-amount.Minor, amount.Currency)}, move, "", i.ID, c.Ref(), s.Now()); err != nil || !ok {
		return i, err
	}
	after, err := s.Invoices.PayIn(tx, c, billing.PaymentInput{Invoice: i.ID, Amount: amount, Received: price.DateOf(s.Now(), time.UTC), Reference: sepa.MessageID("K", move)})
	if err != nil {
		return i, err
	}
	return after, s.record(tx, c, FactUsed, move, i.Org, seller, CreditFact{Org: i.Org, Entity: i.Entity, Amount: amount, Invoice: i.ID})
}

// UnderWay tells whether a debit of an invoice is announced or at the bank. For billing/dunning.
func (s *Collects) UnderWay(tx *store.Tx, invoice string) (bool, error) {
	list, err := selectDebits(tx, "invoice", invoice, 1)
	return len(list) > 0 && (list[0].State == Announced || list[0].State == AtBank), err
}
