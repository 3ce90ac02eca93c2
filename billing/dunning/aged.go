package dunning

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Buckets are how long ago debts fell due: not yet, and up to 30, 60 and 90 days, and more.
const Buckets = 5

// Debt is what one customer owes in a currency, by age.
type Debt struct {
	Org      string
	Currency money.Currency
	ByAge    [Buckets]int64 // minor units: not due, 0 to 30 days, 31 to 60, 61 to 90, more
	Total    int64
	Invoices int64
	Oldest   price.Date // due
	Step     Kind       // the furthest of its cases, "" for none
}

// Aged is what is owed to the legal entities of an organisation, the largest overdue debt first.
type Aged struct {
	At     price.Date
	Debts  []Debt
	Totals []Debt // one for each currency
}

// bucket is the place of a debt by the days since it was due.
func bucket(due, today price.Date) int {
	days := int(today.Start(time.UTC).Sub(due.Start(time.UTC)).Hours()) / 24
	switch {
	case days <= 0:
		return 0
	case days <= 30:
		return 1
	case days <= 60:
		return 2
	case days <= 90:
		return 3
	}
	return 4
}

// Aged gives the debts to the caller's organisation by age. Staff that collects may, and its auditors.
func (s *Dunnings) Aged(ctx context.Context, c access.Caller) (a Aged, err error) {
	entities := map[string]bool{}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.Parties.Lookup(tx, c.Org)
		if err != nil {
			return err
		}
		return s.Policy.Check(c, access.CollectionRead, o.Resource("organisation", o.ID))
	})
	if err != nil {
		return a, err
	}
	list, err := s.Parties.Entities(ctx, c, c.Org)
	if err != nil {
		return a, err
	}
	for _, e := range list {
		entities[e.ID] = true
	}
	a.At = price.DateOf(s.Now(), time.UTC)
	debts, totals := map[string]*Debt{}, map[string]*Debt{}
	for entity := range entities {
		for after := ""; ; {
			n := 0
			err := s.DB.Read(ctx, func(tx *store.Tx) error {
				open, err := s.Invoices.OpenIn(tx, entity, after, 500)
				n = len(open)
				for _, i := range open {
					after = i.ID
					k, found, err := selectCase(tx, i.ID)
					if err != nil {
						return err
					}
					if !found || k.State != Open {
						k.Kind = ""
					}
					currency := i.Gross.Currency
					for _, d := range []*Debt{at(debts, i.Org+"|"+string(currency)), at(totals, string(currency))} {
						d.Org, d.Currency = i.Org, currency
						d.add(bucket(i.Due, a.At), i.Owed().Minor, i.Due, k.Kind)
					}
				}
				return err
			})
			if err != nil {
				return Aged{}, err
			}
			if n < 500 {
				break
			}
		}
	}
	for _, d := range debts {
		a.Debts = append(a.Debts, *d)
	}
	for _, d := range totals {
		d.Org, d.Step = "", ""
		a.Totals = append(a.Totals, *d)
	}
	slices.SortFunc(a.Debts, func(x, y Debt) int {
		return cmp.Or(cmp.Compare(y.Total-y.ByAge[0], x.Total-x.ByAge[0]), cmp.Compare(y.Total, x.Total), cmp.Compare(x.Org, y.Org))
	})
	slices.SortFunc(a.Totals, func(x, y Debt) int { return cmp.Compare(x.Currency, y.Currency) })
	return a, nil
}

func at(all map[string]*Debt, key string) *Debt {
	if all[key] == nil {
		all[key] = &Debt{}
	}
	return all[key]
}

func (d *Debt) add(bucket int, minor int64, due price.Date, step Kind) {
	d.ByAge[bucket] += minor
	d.Total, d.Invoices = d.Total+minor, d.Invoices+1
	if !d.Oldest.Valid() || due.Before(d.Oldest) {
		d.Oldest = due
	}
	if slices.Index(order, step) > slices.Index(order, d.Step) {
		d.Step = step
	}
}

// Cases gives where the invoices of an organisation stand, newest first. Who may see its payments may.
func (s *Dunnings) Cases(ctx context.Context, c access.Caller, org string) (list []Case, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := s.Parties.Lookup(tx, org)
		if err != nil {
			return err
		}
		if err := s.Policy.Check(c, access.MandateRead, o.Resource("organisation", o.ID)); err != nil {
			return err
		}
		list, err = selectCases(tx, org)
		return err
	})
	return list, err
}
