package payout

import (
	"context"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/trace"
)

// maxItems is how many publishers one run pays; the next run takes the others.
const maxItems = 1000

// Candidates lists the publishers to whom something is due in euros, and why the next run leaves some out. The operator's
// staff may.
func (s *Payouts) Candidates(ctx context.Context, c access.Caller) (list []Candidate, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.LedgerRead, s.Settlements.Operator, "organisation", s.Settlements.Operator, ""); err != nil {
			return err
		}
		list = nil
		return s.each(tx, func(one Candidate, _ *Payee) error {
			list = append(list, one)
			return nil
		})
	})
	return list, err
}

// each looks at every publisher to whom something is due.
func (s *Payouts) each(tx *store.Tx, f func(one Candidate, to *Payee) error) error {
	publishers, err := s.Settlements.DueTo(tx, money.EUR, maxItems)
	if err != nil {
		return err
	}
	for _, publisher := range publishers {
		amount, least, err := s.Settlements.DueIn(tx, publisher, money.EUR)
		if err != nil {
			return err
		}
		one := Candidate{Publisher: publisher, Amount: amount}
		used, waiting, err := s.standing(tx, publisher)
		if err != nil {
			return err
		}
		if used != nil {
			if err := s.open(tx, used); err != nil {
				return err
			}
			one.Masked = used.Masked
		}
		switch {
		case amount.Minor < least.Minor:
			one.Why = WhyThreshold
		case used == nil && waiting != nil:
			one.Why = WhyWaiting
		case used == nil:
			one.Why = WhyAccount
		case used.Erased:
			one.Why = WhyErased
		}
		if err := f(one, used); err != nil {
			return err
		}
	}
	return nil
}

// Prepare makes a run of all that is due in euros to publishers with a usable account, and books it as ordered; another
// person approves it. Staff of the operator that pays publishers may. Error: fail.Conflict when there is nothing to pay, or
// the operator's legal entity has no account.
func (s *Payouts) Prepare(ctx context.Context, c access.Caller) (k Run, err error) {
	run := s.IDs.New("prn")
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.PayoutMake, s.Settlements.Operator, "organisation", s.Settlements.Operator, "")
		if err != nil {
			return err
		}
		if _, found, err := s.Collects.AccountIn(tx, o.Entity); err != nil {
			return err
		} else if !found {
			return fail.New(fail.Conflict, "payout.no_account", "Your legal entity has no bank account yet, so nothing can be paid from it.", "Set its account under Payments, then prepare the payouts.")
		}
		now := s.Now()
		k = Run{ID: run, Org: o.ID, Entity: o.Entity, State: Prepared, Message: sepa.MessageID("PO", run), On: sepa.BankDay(price.DateOf(now.AddDate(0, 0, 1), time.UTC)),
			Total: money.Zero(money.EUR), CreatedAt: now, CreatedBy: c.Ref()}
		err = s.each(tx, func(one Candidate, to *Payee) error {
			if one.Why != "" {
				return nil
			}
			item := Item{Run: k.ID, Account: to.ID, Payout: settlement.Payout{ID: s.IDs.New("pyo"), Publisher: one.Publisher, Amount: one.Amount, Run: k.ID}}
			item.EndToEnd = sepa.MessageID("PO", item.Payout.ID)
			if _, err := s.Settlements.OrderIn(tx, c, item.Payout); err != nil {
				return err
			}
			k.Count, k.Total.Minor = k.Count+1, k.Total.Minor+one.Amount.Minor
			return insertItem(tx, item)
		})
		if err != nil {
			return err
		}
		if k.Count == 0 {
			return fail.New(fail.Conflict, "payout.nothing", "Nothing is to be paid out now.", "Close statements first, or look why publishers are left out.")
		}
		if err := insertRun(tx, k); err != nil {
			return err
		}
		return s.record(tx, c, FactPrepared, k)
	})
	if err != nil {
		return Run{}, err
	}
	return k, nil
}

// Approve lets a run's file be taken. Another person of the operator than the one who prepared it may. Refused when a
// publisher's account is another one by now.
func (s *Payouts) Approve(ctx context.Context, c access.Caller, run string) (Run, error) {
	return s.step(ctx, c, access.PayoutApprove, run, FactApproved, func(tx *store.Tx, k *Run) error {
		if k.State != Prepared {
			return k.not("approved")
		}
		if err := s.current(tx, *k); err != nil {
			return err
		}
		k.State, k.ApprovedAt, k.ApprovedBy = Approved, s.Now(), c.Ref()
		return nil
	})
}

// current refuses a run that would pay to an account which is not in use any more.
func (s *Payouts) current(tx *store.Tx, k Run) error {
	items, err := selectItems(tx, "run", k.ID)
	if err != nil {
		return err
	}
	for _, i := range items {
		p, err := s.Settlements.PayoutIn(tx, i.Payout.ID)
		if err != nil {
			return err
		}
		used, _, err := s.standing(tx, p.Publisher)
		if err != nil {
			return err
		}
		if used == nil || used.ID != i.Account {
			return fail.New(fail.Conflict, "payout.stale", "A publisher in this run has another account by now.", "Drop this run and prepare a new one.").With("publisher", p.Publisher)
		}
	}
	return nil
}

// HandOver says that the bank has the file. Staff of the operator that pays publishers may.
func (s *Payouts) HandOver(ctx context.Context, c access.Caller, run string) (Run, error) {
	return s.step(ctx, c, access.PayoutMake, run, FactHanded, func(_ *store.Tx, k *Run) error {
		if k.State != Approved {
			return k.not("handed over")
		}
		k.State, k.HandedAt, k.HandedBy = Handed, s.Now(), c.Ref()
		return nil
	})
}

// Drop gives a run up that is not at the bank: all of it is due again. Staff of the operator that pays publishers may.
func (s *Payouts) Drop(ctx context.Context, c access.Caller, run string) (Run, error) {
	return s.step(ctx, c, access.PayoutMake, run, FactDropped, func(tx *store.Tx, k *Run) error {
		if k.State != Prepared && k.State != Approved {
			return k.not("dropped")
		}
		items, err := selectItems(tx, "run", k.ID)
		if err != nil {
			return err
		}
		for _, i := range items {
			if _, err := s.Settlements.EndIn(tx, c, settlement.PayoutInput{Payout: i.Payout.ID, State: settlement.PayoutReturned, Date: price.DateOf(s.Now(), time.UTC)}); err != nil {
				return err
			}
		}
		k.State = Dropped
		return nil
	})
}

func (k Run) not(done string) error {
	return fail.New(fail.Conflict, "payout.run_state", "This run is "+string(k.State)+": it cannot be "+done+" now.", "Look at it, or prepare a new one.").With("state", string(k.State))
}

// step authorises and moves one run in a transaction.
func (s *Payouts) step(ctx context.Context, c access.Caller, a access.Action, run, fact string, do func(tx *store.Tx, k *Run) error) (k Run, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		was, err := s.find(tx, c, a, run)
		if err != nil {
			return err
		}
		k = was
		if err := do(tx, &k); err != nil {
			return err
		}
		if err := updateRun(tx, was, k); err != nil {
			return err
		}
		return s.record(tx, c, fact, k)
	})
	if err != nil {
		return Run{}, err
	}
	return k, nil
}

func (s *Payouts) find(tx *store.Tx, c access.Caller, a access.Action, run string) (Run, error) {
	k, err := selectRun(tx, run)
	if err != nil {
		return k, err
	}
	if _, err := s.allowed(tx, c, a, k.Org, "payout run", k.ID, k.CreatedBy); err != nil {
		return Run{}, err
	}
	return k, nil
}

func (s *Payouts) record(tx *store.Tx, c access.Caller, kind string, k Run) error {
	_, err := s.Facts.Record(tx, trace.Fact{Type: kind, Aggregate: k.ID, Owner: k.Org, Actor: c.Ref(), At: s.Now(),
		Machine: RunFact{Run: k.ID, Entity: k.Entity, State: k.State, Message: k.Message, Count: k.Count, Total: k.Total}})
	return err
}

// Run gives a run with what became of each payout. The operator's staff and auditors may.
func (s *Payouts) Run(ctx context.Context, c access.Caller, run string) (k Run, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if k, err = s.find(tx, c, access.LedgerRead, run); err != nil {
			return err
		}
		k.Items, err = s.items(tx, run)
		return err
	})
	if err != nil {
		return Run{}, err
	}
	return k, nil
}

func (s *Payouts) items(tx *store.Tx, run string) ([]Item, error) {
	list, err := selectItems(tx, "run", run)
	if err != nil {
		return nil, err
	}
	for n := range list {
		i := &list[n]
		if i.Payout, err = s.Settlements.PayoutIn(tx, i.Payout.ID); err != nil {
			return nil, err
		}
		p, err := selectPayee(tx, i.Account)
		if err != nil {
			return nil, err
		}
		if err := s.open(tx, &p); err != nil {
			return nil, err
		}
		i.Masked = p.Masked
	}
	return list, nil
}

const pageSize = 50

// Runs lists the operator's runs, newest first, after a cursor. The operator's staff and auditors may.
func (s *Payouts) Runs(ctx context.Context, c access.Caller, cursor string) (list []Run, next string, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.LedgerRead, s.Settlements.Operator, "organisation", s.Settlements.Operator, ""); err != nil {
			return err
		}
		if list, err = selectRuns(tx, s.Settlements.Operator, cursor, pageSize+1); err != nil {
			return err
		}
		if next = ""; len(list) > pageSize {
			list, next = list[:pageSize], list[pageSize-1].ID
		}
		return nil
	})
	return list, next, err
}

// File is the run as a file of credit transfers (pain.001.001.09) and its name: the same bytes each time. Staff of the
// operator that pays publishers may. Error: fail.Conflict before another person approved it, fail.Gone once a publisher's
// account in it was erased.
func (s *Payouts) File(ctx context.Context, c access.Caller, run string) (file []byte, name string, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		k, err := s.find(tx, c, access.PayoutMake, run)
		if err != nil {
			return err
		}
		if k.State != Approved && k.State != Handed {
			return fail.New(fail.Conflict, "payout.not_approved", "This run is "+string(k.State)+", so it has no file for the bank.", "Have another person approve it.").With("state", string(k.State))
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

func (s *Payouts) write(tx *store.Tx, k Run) ([]byte, error) {
	e, err := s.Parties.Entity(tx, k.Entity)
	if err != nil {
		return nil, err
	}
	var a collect.Account
	a, found, err := s.Collects.AccountIn(tx, k.Entity)
	if err == nil && !found {
		err = fail.Missing("account", k.Entity)
	}
	if err != nil {
		return nil, err
	}
	out := sepa.Payments{Header: sepa.Header{ID: k.Message, Created: k.CreatedAt, Initiator: e.Name}, Debtor: sepa.Account{Name: e.Name, IBAN: a.IBAN, BIC: a.BIC}}
	items, err := selectItems(tx, "run", k.ID)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		one, err := s.Settlements.PayoutIn(tx, i.Payout.ID)
		if err != nil {
			return nil, err
		}
		p, err := selectPayee(tx, i.Account)
		if err == nil {
			err = s.open(tx, &p)
		}
		if err != nil {
			return nil, err
		}
		if p.Erased {
			return nil, fail.New(fail.Gone, "payout.erased", "An account in this file was erased, so that it cannot be written again.", "Keep to the copy that the bank has.")
		}
		out.Payments = append(out.Payments, sepa.Payment{EndToEnd: i.EndToEnd, Amount: one.Amount, On: k.On, Creditor: sepa.Account{Name: p.Name, IBAN: p.IBAN, BIC: p.BIC},
			Remittance: "Payout " + one.ID})
	}
	return out.File(sepa.Transfer)
}
