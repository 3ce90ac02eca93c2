package licence

import (
	"context"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// View is the licences of one service.
type View struct {
	Pool
	InUse    int64
	Free     int64 // Unlimited for no bound
	Licences []Licence
	Seats    []Seat  // named ones that were given
	Leases   []Lease // in use
	Month    Month   // the present one
	Months   []Month // newest first, at most twelve
	Credit   CreditedFact
}

// Of gives the licences of a service: who holds seats, how many are free, how often one was refused. Owners, buyers,
// technical people and auditors may; the operator's staff for customers below. fail.NotFound for a service without.
func (s *Licences) Of(ctx context.Context, c access.Caller, sub string) (v View, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		p, err := s.pool(tx, c, access.LicenceRead, sub)
		if err != nil {
			return err
		}
		v, err = s.view(tx, p)
		return err
	})
	if err != nil {
		return View{}, err
	}
	for i := range v.Licences {
		if !c.Outside(v.Path) {
			s.open(ctx, v.Org, &v.Licences[i])
		}
	}
	return v, nil
}

func (s *Licences) view(tx *store.Tx, p Pool) (v View, err error) {
	now := s.Now().UTC()
	v.Pool = p
	if v.Licences, err = selectLicences(tx, p.Subscription); err != nil {
		return v, err
	}
	list, err := selectSeats(tx, p.Subscription)
	if err != nil {
		return v, err
	}
	for _, seat := range list {
		if seat.Free = p.free(seat); seat.Person != "" {
			v.Seats = append(v.Seats, seat)
		}
	}
	if v.Leases, err = selectUse(tx, p.Subscription, now, now.Add(time.Second)); err != nil {
		return v, err
	}
	v.InUse, v.Free = int64(len(v.Leases)), Unlimited
	switch {
	case p.Terms.Kind == "named":
		v.InUse = int64(len(v.Seats))
		v.Free = max(0, p.Capacity-v.InUse)
	case p.Capacity != Unlimited:
		v.Free = max(0, p.Capacity-v.InUse)
	}
	if v.Months, err = selectMonths(tx, p.Subscription, 12); err != nil {
		return v, err
	}
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return v, err
	}
	v.Month = Month{Month: now.In(zone).Format("2006-01"), Capacity: p.Capacity}
	if len(v.Months) > 0 && v.Months[0].Month == v.Month.Month {
		v.Month = v.Months[0]
	}
	if p.State != PoolClosed {
		v.Credit, err = s.unused(tx, p, now)
	}
	return v, err
}

// Licensed refuses who may not see the licences of a service, and with fail.NotFound a service without: for its pages.
func (s *Licences) Licensed(ctx context.Context, c access.Caller, sub string) error {
	return s.DB.Read(ctx, func(tx *store.Tx) error {
		_, err := s.pool(tx, c, access.LicenceRead, sub)
		return err
	})
}

// Sold lists what a publisher granted and what customers brought, newest service first, at most 200: how many seats are
// in use, not by whom. The numbers of own licences are in it, to check them. The publisher's people may.
func (s *Licences) Sold(ctx context.Context, c access.Caller, org string) (list []View, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list = nil
		o, err := s.organisation(tx, c, access.SubscriberRead, org)
		if err != nil {
			return err
		}
		pools, err := selectSold(tx, o.ID, 200)
		if err != nil {
			return err
		}
		for _, p := range pools {
			v, err := s.view(tx, p)
			if err != nil {
				return err
			}
			v.Seats, v.Leases = nil, nil
			for i := range v.Licences {
				if v.Licences[i].Twice, err = declaredElsewhere(tx, v.Licences[i], p.Org); err != nil {
					return err
				}
			}
			list = append(list, v)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		for j := range list[i].Licences {
			if s.Policy.Check(c, access.LicenceCheck, access.Resource{Type: "organisation", ID: org, Org: org, Path: c.Path}) == nil {
				s.open(ctx, list[i].Org, &list[i].Licences[j])
			}
		}
	}
	return list, nil
}

// Contract is what a service's licence is paid by, for comparisons with a plan that is paid by use.
type Contract struct {
	Charges    []string     // components of the agreed price that are the licence
	TermMonths int          // for which what was paid once was paid; 0: for no term
	Credit     CreditedFact // what would be owed back if it were converted now
}

// Contract gives it to those who may read invoices; empty for a service without licence.
func (s *Licences) Contract(ctx context.Context, c access.Caller, sub string) (out Contract, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		u, err := s.Subscriptions.SubscriptionIn(tx, sub)
		if err != nil {
			return err
		}
		if err := s.Policy.Check(c, access.InvoiceRead, access.Resource{Type: "service", ID: u.ID, Org: u.Org, Path: u.Path}); err != nil {
			return err
		}
		p, err := selectPool(tx, sub)
		if fail.Is(err, fail.NotFound) || err == nil && p.State == PoolClosed {
			return nil
		}
		if err != nil {
			return err
		}
		out = Contract{Charges: p.Terms.Charges, TermMonths: max(p.Terms.Months, p.Terms.TermMonths)}
		out.Credit, err = s.unused(tx, p, s.Now())
		return err
	})
	return out, err
}
