package payout

import (
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/bank"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
)

// Moved takes a movement of the bank about a payout, in the transaction that imports it. found is false when its
// identifier is none of ours; why says why it does not fit, one of bank's reasons, "" when it was booked. billing/bank
// calls it and has authorised its caller.
func (s *Payouts) Moved(tx *store.Tx, c access.Caller, m bank.Entry) (found bool, why string, err error) {
	if m.EndToEnd == "" && !m.Credit {
		return s.batch(tx, c, m)
	}
	i, k, found, err := s.item(tx, m.EndToEnd)
	if err != nil || !found || k.Entity != m.Entity {
		return false, "", err
	}
	p, err := s.Settlements.PayoutIn(tx, i.Payout.ID)
	switch {
	case err != nil:
		return true, "", err
	case k.State != Handed:
		return true, bank.WhyUntold, nil
	case p.Amount != m.Amount:
		return true, bank.WhyAmount, nil
	case m.Credit && p.State == settlement.PayoutReturned || !m.Credit && p.State != settlement.PayoutOrdered:
		return true, bank.WhyTwice, nil
	case m.Credit:
		return true, "", s.back(tx, c, i, p, sepa.Reason{Code: m.Code}, m.Date, m.Reference)
	}
	_, err = s.Settlements.EndIn(tx, c, settlement.PayoutInput{Payout: p.ID, State: settlement.PayoutPaid, Reference: short(m.Reference), Date: m.Date})
	return true, "", err
}

// batch is the sum of a whole run, which most banks book without saying what is in it.
func (s *Payouts) batch(tx *store.Tx, c access.Caller, m bank.Entry) (found bool, why string, err error) {
	k, found, err := selectMessage(tx, m.Ours())
	if err != nil || !found || k.Entity != m.Entity {
		return false, "", err
	}
	if k.State != Handed {
		return true, bank.WhyUntold, nil
	}
	items, err := s.items(tx, k.ID)
	if err != nil {
		return true, "", err
	}
	sum := int64(0)
	for _, i := range items {
		if i.Payout.State == settlement.PayoutOrdered {
			sum += i.Payout.Amount.Minor
		}
	}
	if m.Amount != money.New(sum, money.EUR) {
		return true, bank.WhyBatch, nil
	}
	for _, i := range items {
		if i.Payout.State != settlement.PayoutOrdered {
			continue
		}
		in := settlement.PayoutInput{Payout: i.Payout.ID, State: settlement.PayoutPaid, Reference: short(m.Reference), Date: m.Date}
		if _, err := s.Settlements.EndIn(tx, c, in); err != nil {
			return true, "", err
		}
	}
	return true, "", nil
}

// Reported takes the bank's word on a file of payouts (pain.002), in the transaction that imports it. found is false when
// the file is none of ours; answered is how many payouts it speaks of, refused how many of them were booked back.
// billing/bank calls it and has authorised its caller.
func (s *Payouts) Reported(tx *store.Tx, c access.Caller, entity string, r sepa.Report) (found bool, answered, refused int64, err error) {
	k, found, err := selectMessage(tx, r.Original)
	if err != nil || !found || k.Entity != entity {
		return false, 0, 0, err
	}
	if k.State != Handed {
		return true, 0, 0, fail.New(fail.Conflict, "payout.untold", "The report is about payouts that nobody said to be at the bank.", "Say that the bank has their file, then import the report again.").With("run", k.ID)
	}
	items, err := s.items(tx, k.ID)
	if err != nil {
		return true, 0, 0, err
	}
	batch := ""
	out := sepa.Payments{Header: sepa.Header{ID: k.Message}, Payments: []sepa.Payment{{On: k.On}}}
	for _, b := range out.Batches() { // one, because all of a run is paid on one day
		batch = b.ID
	}
	for _, i := range items {
		status, reason := r.Of(batch, i.EndToEnd)
		if status == "" {
			continue
		}
		if answered++; !status.Refused() || i.Payout.State == settlement.PayoutReturned {
			continue
		}
		refused++
		if err := s.back(tx, c, i, i.Payout, reason, price.DateOf(s.Now(), time.UTC), r.ID); err != nil {
			return true, answered, refused, err
		}
	}
	return true, answered, refused, nil
}

// back books a payout back and tells the publisher why.
func (s *Payouts) back(tx *store.Tx, c access.Caller, i Item, p settlement.Payout, reason sepa.Reason, on price.Date, reference string) error {
	_, err := s.Settlements.EndIn(tx, c, settlement.PayoutInput{Payout: i.Payout.ID, State: settlement.PayoutReturned, Reference: short(reference), Date: on, Code: reason.Code})
	if err != nil {
		return err
	}
	o, err := s.Parties.Lookup(tx, p.Publisher)
	if err != nil {
		return err
	}
	return s.tell(tx, "failed", o, func(lang string) map[string]string {
		return map[string]string{"amount": p.Amount.Format(lang), "publisher": o.Name, "reason": reason.Say(lang), "link": s.Site + "/publisher/account"}
	})
}

// item finds what a run pays by the identifier that went out with it.
func (s *Payouts) item(tx *store.Tx, endToEnd string) (i Item, k Run, found bool, err error) {
	if endToEnd == "" {
		return i, k, false, nil
	}
	list, err := selectItems(tx, "end_to_end", endToEnd)
	if err != nil || len(list) == 0 {
		return i, k, false, err
	}
	k, err = selectRun(tx, list[0].Run)
	return list[0], k, err == nil, err
}

// short keeps a bank's reference within what is stored.
func short(reference string) string { return reference[:min(len(reference), sepa.MaxID)] }
