package rating

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/trace"
)

// ErrStale says that what was worked out before a transaction is no longer so: it is to be worked out again.
var ErrStale = errors.New("what is owed changed since it was worked out")

// Ready is what an organisation owes, worked out on a snapshot before the transaction that bills it: the bill, what that
// transaction has to write, and what it has to find unchanged. Err tells why it could not be.
type Ready struct {
	Org string
	Bill
	Err  error
	was  []Contract
	due  []accrual
	seal []trace.Sealed
}

// accrual is what the prices per period of one contract come to that are not charged yet.
type accrual struct {
	contract Contract // as it is afterwards
	charges  []Charge
	raises   []money.Amount // what the limits upstream are told
}

// Ready works out what many organisations owe, each up to the instant that upTo gives for its zone, with one question of
// each kind. Billing calls it, authorised.
func (s *Ratings) Ready(tx *store.Tx, orgs []string, upTo func(zone *time.Location) (time.Time, error)) (map[string]*Ready, error) {
	out := map[string]*Ready{}
	for _, org := range orgs {
		out[org] = &Ready{Org: org, Bill: Bill{Contracts: map[string]Contract{}, History: map[string][]Interval{}, Prices: map[string]*price.Version{}, States: map[closingKey]closed{}}}
	}
	contracts, err := selectContractsOf(tx, orgs)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, c := range contracts {
		r := out[c.Org]
		r.was, r.Contracts[c.Subscription] = append(r.was, c), c
		ids = append(ids, c.Subscription)
	}
	var last time.Time
	for _, r := range out {
		if r.UpTo, r.Err = s.end(r, upTo); r.UpTo.After(last) {
			last = r.UpTo
		}
	}
	p := &Prefetched{history: map[string][]Interval{}}
	if err := p.readHistory(tx, ids); err != nil {
		return nil, err
	}
	charges, err := selectUnbilledOf(tx, orgs, last)
	if err != nil {
		return nil, err
	}
	for _, c := range charges {
		if r := out[c.Org]; !c.At.To.After(r.UpTo) && !r.Contracts[c.Subscription].Waived {
			r.Charges = append(r.Charges, c)
		}
	}
	if err := selectStatesOf(tx, orgs, func(org string, k closingKey, c closed) { out[org].States[k] = c }); err != nil {
		return nil, err
	}
	for _, r := range out {
		if r.Err == nil {
			r.Err = s.accrue(tx, r, p.history)
		}
	}
	return out, nil
}

// end is up to when an organisation is billed.
func (s *Ratings) end(r *Ready, upTo func(zone *time.Location) (time.Time, error)) (time.Time, error) {
	name := s.Zone
	if len(r.was) > 0 {
		name = r.was[0].Zone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.Time{}, err
	}
	return upTo(zone)
}

// accrue adds the prices per period that are due to the bill.
func (s *Ratings) accrue(tx *store.Tx, r *Ready, history map[string][]Interval) error {
	for _, c := range r.was {
		r.History[c.Subscription] = history[c.Subscription]
		for _, i := range r.History[c.Subscription] {
			if _, err := r.price(s, tx, i.Price); err != nil {
				return err
			}
		}
		due, err := c.accrued(r.History[c.Subscription], r.UpTo, r.known)
		if err != nil {
			return err
		}
		a := accrual{contract: c}
		for _, one := range due {
			if err := s.addTo(&a, r.Prices[one.Price], one); err != nil {
				return err
			}
		}
		to := r.UpTo
		if !c.EndedAt.IsZero() && c.EndedAt.Before(to) {
			to = c.EndedAt
		}
		if to.After(a.contract.ChargedTo) {
			a.contract.ChargedTo = to.UTC()
		}
		r.Charges = append(r.Charges, a.charges...)
		r.due = append(r.due, a)
	}
	slices.SortStableFunc(r.Charges, func(x, y Charge) int {
		return cmp.Or(cmp.Compare(x.Subscription, y.Subscription), cmp.Compare(x.Component, y.Component), x.At.From.Compare(y.At.From), cmp.Compare(x.ID, y.ID))
	})
	return nil
}

// addTo rates one charge per period and adds it to the contract.
func (s *Ratings) addTo(a *accrual, v *price.Version, one Charge) error {
	line, err := price.Rate(v, one.Component, one.Proof(price.PerPeriod).Input(price.PerPeriod))
	if err != nil {
		return fmt.Errorf("charge %s of %s: %w", one.Component, one.Subscription, err)
	}
	one.ID, one.CreatedAt, one.Exact = s.IDs.New("chg"), s.Now(), line.Exact
	raise, err := a.contract.raise(one.Exact, v.Rounding)
	if err != nil {
		return err
	}
	if !raise.IsZero() {
		a.raises = append(a.raises, raise)
	}
	a.charges = append(a.charges, one)
	return nil
}

// SealReady prepares the facts of what is due, before the transaction of WriteReady.
func (s *Ratings) SealReady(ctx context.Context, r *Ready) error {
	for _, a := range r.due {
		if len(a.charges) == 0 {
			continue
		}
		fact := RatedFact{}
		for _, one := range a.charges {
			fact.Charges = append(fact.Charges, RatedCharge{Charge: one.ID, Component: one.Component, Price: one.Price, Quantity: one.Quantity, From: one.From, Exact: one.Exact})
		}
		sealed, err := s.Facts.Prepare(ctx, s.fact(a.contract, fact))
		if err != nil {
			return err
		}
		r.seal = append(r.seal, sealed)
	}
	return nil
}

// WriteReady writes the charges per period of bills that were worked out and sealed before, in the transaction that bills
// them. Error: ErrStale when a contract changed meanwhile, by a charge, a change of plan or its end.
func (s *Ratings) WriteReady(tx *store.Tx, list []*Ready) error {
	if err := unchanged(tx, list); err != nil {
		return err
	}
	var charges [][]any
	var sealed []trace.Sealed
	notes := newChanges()
	for _, r := range list {
		sealed = append(sealed, r.seal...)
		for n, a := range r.due {
			for _, one := range a.charges {
				charges = append(charges, append(chargeValues(one), nil))
				if err := notes.add(&a.contract, r.Prices[one.Price], []Charge{one}); err != nil {
					return err
				}
			}
			if reflect.DeepEqual(a.contract, r.was[n]) {
				continue
			}
			if err := sendContract(tx, a.contract); err != nil {
				return err
			}
		}
	}
	if err := tx.Upsert("charge ("+chargeColumns+")", "", charges); err != nil {
		return err
	}
	if err := notes.write(tx); err != nil {
		return err
	}
	if err := s.Facts.Put(tx, sealed); err != nil || s.Spend == nil {
		return err
	}
	for _, r := range list {
		for _, a := range r.due {
			for _, amount := range a.raises {
				if err := s.Spend(tx, r.Org, amount); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// unchanged refuses bills whose contracts are not as they were read: each charge, and each end, changes them, and a new
// plan or a suspension begins a new stretch of their history.
func unchanged(tx *store.Tx, list []*Ready) error {
	was, orgs, ids := map[string][]Contract{}, []string{}, []string{}
	for _, r := range list {
		was[r.Org], orgs = r.was, append(orgs, r.Org)
		for _, c := range r.was {
			ids = append(ids, c.Subscription)
		}
	}
	contracts, err := selectContractsOf(tx, orgs)
	if err != nil {
		return err
	}
	now := map[string][]Contract{}
	for _, c := range contracts {
		now[c.Org] = append(now[c.Org], c)
	}
	for _, org := range orgs {
		if !reflect.DeepEqual(was[org], now[org]) {
			return ErrStale
		}
	}
	lengths, err := selectLengths(tx, ids)
	if err != nil {
		return err
	}
	for _, r := range list {
		for _, c := range r.was {
			if lengths[c.Subscription] != len(r.History[c.Subscription]) {
				return ErrStale
			}
		}
	}
	return nil
}

// Standing is what stands on an invoice.
type Standing struct {
	Invoice string
	Statement
}

// MarkAllBilled is MarkBilled for many invoices. Error: ErrStale when a charge stands on another one.
func (s *Ratings) MarkAllBilled(tx *store.Tx, list []Standing) error {
	charges, ids := 0, make([]string, len(list))
	for n, st := range list {
		ids[n] = st.Invoice
		charges += len(st.Charges)
		for some := range slices.Chunk(st.Charges, markedAtOnce) {
			if err := sendBilled(tx, st.Invoice, some); err != nil {
				return err
			}
		}
	}
	marked, err := countBilled(tx, ids)
	if err != nil {
		return err
	}
	if marked != charges {
		return ErrStale
	}
	for _, st := range list {
		st.Statement.Charges = nil
		if err := s.MarkBilled(tx, st.Invoice, st.Statement); err != nil {
			return err
		}
	}
	return nil
}
