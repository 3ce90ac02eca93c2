package budget

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/rating"
)

// How often Run looks without being told: for the turn of a month, and for what another process was told.
const idlePoll = 5 * time.Second

// Passes rest between them so many times as long as they took, at the most so long: usage of a thousand services moves many
// times a second, and each pass asks for all that moved. A budget that nothing was worked out for lately does not wait.
const (
	restTimes = 3
	restMost  = 250 * time.Millisecond
)

// lookBack is how long before the month windows that may not be charged yet are read: tiers count from the billing period.
const lookBack = 32 * 24 * time.Hour

// dirt is what is to be looked at.
type dirt struct {
	everything bool
	subjects   map[string]string // subscriptions, with their organisation where it is known
	orgs       map[string]bool   // whose orders reserved something or gave it back
	budgets    map[string]bool   // that were set: with all of their services
}

func add(set map[string]bool, id string) map[string]bool {
	if set == nil {
		set = map[string]bool{}
	}
	set[id] = true
	return set
}

func (d *dirt) subject(id, org string) {
	if d.subjects == nil {
		d.subjects = map[string]string{}
	}
	d.subjects[id] = org
}

func (s *Budgets) mark(f func(d *dirt)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.dirty)
}

// take gives what is to be looked at, with what usage moved.
func (s *Budgets) take() dirt {
	moves := s.Meter.Moves()
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.dirty
	s.dirty = dirt{}
	for _, m := range moves {
		d.subject(m.Subject, m.Tenant)
	}
	return d
}

// putBack has everything of a pass that failed looked at again.
func (s *Budgets) putBack(d dirt) {
	s.mark(func(now *dirt) {
		now.everything = now.everything || d.everything
		for id, org := range d.subjects {
			now.subject(id, org)
		}
		for id := range d.orgs {
			now.orgs = add(now.orgs, id)
		}
		for id := range d.budgets {
			now.budgets = add(now.budgets, id)
		}
	})
}

// Run counts what is spent until ctx ends. It is woken by the meter, by facts, and when a budget was set, and looks at what
// moved since. Any number of processes may run it: each cap, notice and end of a cap happens once.
func (s *Budgets) Run(ctx context.Context) error {
	ctx = store.Prompt(ctx)
	moved, wake := s.Meter.Moved(), s.DB.Listen(topic)
	for ctx.Err() == nil {
		start := time.Now()
		err := s.Look(ctx)
		rest := min(restTimes*time.Since(start), restMost)
		if err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "budgets could not be looked at", "error", err)
			rest = time.Second
		}
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
		if err != nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-moved:
		case <-wake:
		case <-time.After(idlePoll):
		}
	}
	return nil
}

// Look does one pass: it works out what moved since the last one and acts on it. What fails is looked at again.
func (s *Budgets) Look(ctx context.Context) error {
	s.look.Lock()
	defer s.look.Unlock()
	d := s.take()
	if err := s.pass(ctx, &d); err != nil {
		s.putBack(d)
		return err
	}
	return nil
}

func (s *Budgets) pass(ctx context.Context, d *dirt) error {
	whole, err := s.whole(ctx, d)
	if err != nil {
		return err
	}
	work, err := s.plan(ctx, d, whole)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(work)) {
		if err := s.evaluate(ctx, id, work[id], whole[id]); err != nil {
			return fmt.Errorf("budget %s: %w", id, err)
		}
	}
	return nil
}

// whole is the budgets of which every service is looked at: those that were set, and those whose month turned.
func (s *Budgets) whole(ctx context.Context, d *dirt) (map[string]bool, error) {
	whole := maps.Clone(d.budgets)
	now := s.Now()
	if d.everything {
		now = time.Time{}
	}
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		turned, err := selectTurned(tx, now)
		if err != nil {
			return err
		}
		changed, err := store.All(tx, scanText, "SELECT id FROM budget WHERE changed_at > $1 ORDER BY id", store.At(s.seen)) // also by other processes
		if err != nil {
			return err
		}
		if len(changed) > 0 {
			var last store.Time
			if err := tx.QueryRow("SELECT max(changed_at) FROM budget").Scan(&last); err != nil {
				return err
			}
			s.seen = last.Time
		}
		for _, id := range append(turned, changed...) {
			whole = add(whole, id)
		}
		return nil
	})
	if whole == nil {
		whole = map[string]bool{}
	}
	if len(whole) > 0 || d.everything {
		s.covering = nil
	}
	return whole, err
}

// plan says which services of which budgets are looked at.
func (s *Budgets) plan(ctx context.Context, d *dirt, whole map[string]bool) (work map[string][]string, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		work = map[string][]string{}
		for id := range whole {
			b, err := selectOne(tx, id)
			if err != nil || b.State == Removed {
				if fail.Is(err, fail.NotFound) {
					err = nil
				}
				if err != nil {
					return err
				}
				continue
			}
			if work[id], err = s.services(tx, b); err != nil {
				return err
			}
		}
		if err := s.planOrgs(tx, d, work); err != nil {
			return err
		}
		return s.planSubjects(tx, d, whole, work)
	})
	return work, err
}

// services lists what counts in a budget.
func (s *Budgets) services(tx *store.Tx, b Budget) ([]string, error) {
	zone, err := time.LoadLocation(b.Zone)
	if err != nil {
		return nil, err
	}
	_, month := monthOf(s.Now(), zone)
	list, err := s.Ratings.ContractsBelow(tx, b.Path, month.From)
	out := []string{}
	for _, c := range list {
		if b.counts(c) {
			out = append(out, c.Subscription)
		}
	}
	if err != nil {
		return nil, err
	}
	return s.bearing(tx, b, out)
}

// counts tells whether a contract counts in the budget: of the same house, in the same currency.
func (b Budget) counts(c rating.Contract) bool {
	return c.Currency == b.Amount.Currency && (b.Service == "" || b.Service == c.Subscription) && slices.Contains(order.House(c.Path), b.Org)
}

func (s *Budgets) planOrgs(tx *store.Tx, d *dirt, work map[string][]string) error {
	for org := range d.orgs {
		o, err := s.Parties.Lookup(tx, org)
		if err != nil {
			return err
		}
		budgets, err := selectOf(tx, order.House(o.Path)...)
		if err != nil {
			return err
		}
		for _, b := range budgets {
			if _, ok := work[b.ID]; !ok {
				work[b.ID] = nil
			}
		}
	}
	return nil
}

func (s *Budgets) planSubjects(tx *store.Tx, d *dirt, whole map[string]bool, work map[string][]string) error {
	if s.covering == nil {
		s.covering = map[string]bool{}
	}
	for _, subject := range slices.Sorted(maps.Keys(d.subjects)) {
		if covered, known := s.covering[d.subjects[subject]]; known && !covered {
			continue // without a look into the database: usage of many moves many times a second
		}
		c, err := s.Ratings.ContractIn(tx, subject)
		if fail.Is(err, fail.NotFound) {
			s.mark(func(d *dirt) { d.subject(subject, d.subjects[subject]) }) // rating has not begun it yet
			continue
		}
		if err != nil {
			return err
		}
		if covered, known := s.covering[c.Org]; known && !covered {
			continue
		}
		budgets, err := selectOf(tx, order.House(c.Path)...)
		if err != nil {
			return err
		}
		s.covering[c.Org] = len(budgets) > 0
		for _, b := range budgets {
			if !b.counts(c) || whole[b.ID] {
				continue
			}
			if ok, err := s.bears(tx, b, subject); err != nil {
				return err
			} else if ok {
				work[b.ID] = append(work[b.ID], subject)
			}
		}
	}
	return nil
}

// evaluate works out the services of a budget and acts on the sum.
func (s *Budgets) evaluate(ctx context.Context, id string, services []string, all bool) error {
	var b Budget
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		b, err = selectOne(tx, id)
		return err
	})
	if err != nil || b.State == Removed {
		return err
	}
	zone, err := time.LoadLocation(b.Zone)
	if err != nil {
		return err
	}
	now := s.Now()
	costs := make([]cost, 0, len(services))
	days := Days{}
	for some := range slices.Chunk(services, servicesAtOnce) {
		list, err := s.estimate(ctx, some, now, zone)
		if err != nil {
			return err
		}
		for i, e := range list {
			c, err := costOf(some[i], e)
			if err != nil {
				return err
			}
			costs = append(costs, c)
			if all {
				if err := days.addAll(e); err != nil {
					return err
				}
			}
		}
	}
	return s.DB.Tx(ctx, func(tx *store.Tx) error { return s.settle(tx, id, now, costs, days, all) })
}

const (
	servicesAtOnce = 200    // that are asked about in one transaction
	maxKnown       = 10_000 // estimates that are remembered between passes
)

// micros is the scale of sums: millionths of the currency.
const micros = 1_000_000

// costOf is an estimate in millionths, each part cut.
func costOf(service string, e *rating.Estimate) (c cost, err error) {
	once, err := e.Fixed.Add(e.Once)
	if err != nil {
		return c, err
	}
	c.subscription = service
	if c.usage, err = rating.Millionths(e.Usage); err != nil {
		return c, err
	}
	c.fixed, err = rating.Millionths(once)
	return c, err
}

// minor rounds millionths to minor units, half up.
func minor(n int64, c money.Currency) money.Amount {
	exp, _ := c.Exponent()
	unit := int64(micros)
	for range exp {
		unit /= 10
	}
	half := unit / 2
	if n < 0 {
		half = -half
	}
	return money.New((n+half)/unit, c)
}

func (d Days) addAll(e *rating.Estimate) error {
	for day, v := range e.Days {
		n, err := rating.Millionths(v)
		if err != nil {
			return err
		}
		d[day] += n
	}
	return nil
}
