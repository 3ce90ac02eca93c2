package licence

import (
	"fmt"
	"math/big"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

// Readers are what this package reads: a pool follows its subscription.
func (s *Licences) Readers() []trace.Reader {
	return []trace.Reader{{Name: "licence", Handle: s.on, Types: []string{subscription.FactActivated, subscription.FactPlanChanged, subscription.FactSuspended,
		subscription.FactResumed, subscription.FactCancelled, subscription.FactEnded}}}
}

// on does one fact. An erased one changes nothing: whatever it led to was done when it was read first.
func (s *Licences) on(tx *store.Tx, e trace.Entry) error {
	if e.Erased {
		return nil
	}
	switch e.Type {
	case subscription.FactActivated:
		var f subscription.ActivatedFact
		if err := e.Into(&f); err != nil {
			return err
		}
		return s.begin(tx, f.Subscription, f.Item, f.At)
	case subscription.FactPlanChanged:
		var f subscription.PlanChangedFact
		if err := e.Into(&f); err != nil || f.Item == "" {
			return err // what this package agreed itself
		}
		return s.changed(tx, f)
	}
	var f subscription.StateFact
	if err := e.Into(&f); err != nil {
		return err
	}
	p, err := selectPool(tx, f.Subscription)
	if fail.Is(err, fail.NotFound) {
		return nil
	}
	at, failed := instant(f.At)
	if err != nil || failed != nil {
		return firstOf(err, failed)
	}
	if p.State == PoolClosed {
		return s.complete(tx, p, e.Type, at)
	}
	switch e.Type {
	case subscription.FactSuspended:
		return s.shut(tx, &p, PoolHalted, at)
	case subscription.FactResumed:
		if f.State == subscription.StateSuspended {
			return nil
		}
		return s.turn(tx, &p, PoolOpen, at)
	}
	return s.close(tx, &p, at)
}

// complete says that no use comes up to the end of the service: its last window need not wait for more.
func (s *Licences) complete(tx *store.Tx, p Pool, kind string, at time.Time) error {
	if kind != subscription.FactEnded || p.Terms.Meter == "" || !p.SettledAt.Before(at) {
		return nil
	}
	from := p.SettledAt
	p.SettledAt = at
	if err := s.save(tx, &p); err != nil {
		return err
	}
	return s.record(tx, self(), FactUsed, p.Subscription, p, UsedFact{Subscription: p.Subscription, Org: p.Org, Publisher: p.Publisher,
		Meter: p.Terms.Meter, Unit: p.Terms.Unit, From: stamp(from), To: stamp(at)})
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func instant(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, fmt.Errorf("instant %q: %w", text, err)
	}
	return t.UTC(), nil
}

// begin opens the pool of a subscription whose plan has a licence, and grants it. Idempotent.
func (s *Licences) begin(tx *store.Tx, sub, item, when string) error {
	at, err := instant(when)
	if err != nil {
		return err
	}
	u, err := s.Subscriptions.SubscriptionIn(tx, sub)
	if err != nil {
		return err
	}
	i, err := s.Orders.ItemIn(tx, item)
	if err != nil {
		return err
	}
	t, err := s.terms(tx, i.Terms.Version, i.Terms.Plan, i.Terms.TermMonths)
	if err != nil || t == nil {
		return err
	}
	was, err := selectPool(tx, sub)
	switch {
	case fail.Is(err, fail.NotFound):
		was = Pool{}
	case err != nil:
		return err
	case was.State != PoolClosed:
		return nil
	}
	p := Pool{Subscription: sub, Org: u.Org, Path: u.Path, Publisher: i.Terms.Publisher, Name: i.Terms.Name + ", " + i.Terms.PlanName, Plan: i.Terms.Plan, Zone: u.Deal.Zone, Terms: *t,
		State: was.State, StartedAt: at, SettledAt: at.Truncate(time.Second), ETag: was.ETag, item: item}
	if was.SettledAt.After(p.SettledAt) {
		p.SettledAt = was.SettledAt
	}
	if err := s.turn(tx, &p, PoolOpen, at); err != nil {
		return err
	}
	if t.Kind != catalog.LicenceOwn {
		if err := s.grant(tx, p, at); err != nil {
			return err
		}
	}
	return s.judge(tx, self(), &p, at)
}

// grant is the licence that the plan brings.
func (s *Licences) grant(tx *store.Tx, p Pool, at time.Time) error {
	l := Licence{ID: s.IDs.New("lic"), Subscription: p.Subscription, Kind: p.Terms.Kind, Reference: p.Terms.Reference, Seats: p.Terms.Seats, From: at,
		DeclaredBy: self(), DecidedBy: self(), CreatedAt: s.Now(), ChangedAt: s.Now(), ETag: 1}
	if p.Terms.Kind == catalog.LicenceTerm {
		l.To = at.AddDate(0, p.Terms.Months, 0)
	}
	row, err := l.move(CommandGrant)
	if err != nil {
		return err
	}
	if err := insertLicence(tx, l); err != nil {
		return err
	}
	return s.record(tx, self(), row.Fact, l.ID, p, l.fact(p))
}

// turn moves the state of a pool by its table; the same state again changes nothing.
func (s *Licences) turn(tx *store.Tx, p *Pool, to PoolState, at time.Time) error {
	if p.State == to {
		return nil
	}
	for _, t := range PoolTransitions() {
		if t.From == p.State && t.To == to {
			p.State = to
			if err := s.save(tx, p); err != nil {
				return err
			}
			return s.record(tx, self(), t.Fact, p.Subscription, *p, p.fact(at))
		}
	}
	return fmt.Errorf("a pool that is %q cannot become %q", p.State, to)
}

// shut frees every seat, reports what was used, and moves the pool. A seat that was taken after the instant of the fact
// was in use until now.
func (s *Licences) shut(tx *store.Tx, p *Pool, to PoolState, at time.Time) error {
	now := s.Now().UTC().Truncate(time.Second)
	if now.Before(p.SettledAt) {
		now = p.SettledAt
	}
	if err := endLeases(tx, p.Subscription, "", now); err != nil {
		return err
	}
	if err := s.report(tx, p, now, to == PoolClosed); err != nil {
		return err
	}
	return s.turn(tx, p, to, at)
}

// close ends the pool and all its licences.
func (s *Licences) close(tx *store.Tx, p *Pool, at time.Time) error {
	if err := s.shut(tx, p, PoolClosed, at); err != nil {
		return err
	}
	list, err := selectLicences(tx, p.Subscription)
	if err != nil {
		return err
	}
	for _, l := range list {
		if l.State != Declared && l.State != Valid {
			continue
		}
		row, err := l.move(CommandEnd)
		if err != nil {
			return err
		}
		l.ChangedAt = s.Now()
		if err := updateLicence(tx, &l); err != nil {
			return err
		}
		if err := s.record(tx, self(), row.Fact, l.ID, *p, l.fact(*p)); err != nil {
			return err
		}
	}
	return nil
}

// changed follows an order that changed the service. Other settings of the same plan keep the licences; another plan ends
// them, gives back what its term leaves unused, and begins its own.
func (s *Licences) changed(tx *store.Tx, f subscription.PlanChangedFact) error {
	at, err := instant(f.At)
	if err != nil {
		return err
	}
	p, err := selectPool(tx, f.Subscription)
	switch {
	case fail.Is(err, fail.NotFound):
		return s.begin(tx, f.Subscription, f.Item, f.At)
	case err != nil:
		return err
	case p.State != PoolClosed && p.Plan == f.Plan:
		return s.judge(tx, self(), &p, at) // the order brought the price of the plan back
	case p.State != PoolClosed:
		if err := s.convert(tx, p, f, at); err != nil {
			return err
		}
		if err := s.close(tx, &p, at); err != nil {
			return err
		}
	}
	return s.begin(tx, f.Subscription, f.Item, f.At)
}

// convert gives back what was paid once for a term that ends early, by the rule of the plan: on the next invoices.
func (s *Licences) convert(tx *store.Tx, p Pool, f subscription.PlanChangedFact, at time.Time) error {
	credit, err := s.unused(tx, p, at)
	if err != nil || credit.Credit.Nanos <= 0 {
		return err
	}
	v, err := price.ParseVersion(f.Price)
	if err != nil {
		return err
	}
	if v, err = v.WithCredit(v.ID+".credit", price.Component{Key: "licence-credit", Kind: price.Credit, Price: credit.Credit}); err != nil {
		return fmt.Errorf("credit of %s: %w", p.Subscription, err)
	}
	credit.At = stamp(at)
	if err := s.record(tx, self(), FactCredited, p.Subscription, p, credit); err != nil {
		return err
	}
	return s.Subscriptions.Agree(tx, self(), p.Subscription, v, at)
}

// unused is what would be given back for the rest of the term at an instant: the share of what was paid once for the
// licence, by seconds, times the percentage of the plan.
func (s *Licences) unused(tx *store.Tx, p Pool, at time.Time) (CreditedFact, error) {
	out := CreditedFact{Subscription: p.Subscription, Org: p.Org, Publisher: p.Publisher, Plan: p.Plan, Percent: p.Terms.Credit}
	v, err := s.base(tx, p)
	if err != nil {
		return out, err
	}
	months := max(p.Terms.Months, p.Terms.TermMonths)
	if out.Percent == 0 || months == 0 {
		return out, nil
	}
	out.Paid, out.Credit = money.NewUnitPrice(0, v.Currency), money.NewUnitPrice(0, v.Currency)
	for _, key := range p.Terms.Charges {
		if c, err := v.Component(key); err == nil && c.Kind == price.OneOff {
			out.Paid.Nanos += c.Price.Nanos
		}
	}
	end := p.StartedAt.AddDate(0, months, 0)
	out.Term = end.Unix() - p.StartedAt.Unix()
	out.Unused = min(max(end.Unix()-at.Unix(), 0), out.Term)
	n := new(big.Int).Mul(big.NewInt(out.Paid.Nanos), big.NewInt(out.Unused))
	n.Mul(n, big.NewInt(int64(out.Percent)))
	out.Credit.Nanos = n.Div(n, new(big.Int).Mul(big.NewInt(out.Term), big.NewInt(100))).Int64() // below Paid; less than 1e-9 is cut
	return out, nil
}
