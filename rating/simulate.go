package rating

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/subscription"
)

// SimulateInput asks what the subscribers of an offer would have paid by the prices of a draft.
type SimulateInput struct {
	Publisher string          // organisation
	Draft     catalog.Content // valid; of an offer that is there
	Plan      string          // only those who have this plan; "" for all
	Present   bool            // the present billing period of each, so far, instead of the last complete one
	Budget    time.Duration   // what is not looked at by then is left out; zero means 5 s
}

// Simulation is the use of each subscriber's last complete billing period (or the present one so far), priced as it was
// agreed and by a draft: had it been agreed from the first day. Usage counts once its window has closed.
type Simulation struct {
	Offer    string
	Period   price.Interval    // from the first of these periods to the last; zero when nobody had one
	Windows  int               // closed usage windows that were replayed
	Spreads  []price.Spread    // by currency and basis
	Unpriced int               // subscribers for whom the draft has no price in their currency and basis
	Young    int               // subscribers without a complete period, or with nothing owed
	Left     bool              // the time was up, or there are more than can be looked at: the newest subscribers were
	Holders  map[string]string // organisations of the subscriptions that are named in the spreads
}

// maxSimulated is how many subscribers are looked at: each is one number in memory until the end.
const maxSimulated = 200_000

// simulation is one run.
type simulation struct {
	*Ratings
	in      SimulateInput
	now     time.Time
	out     Simulation
	spread  map[spreadKey]*price.Spreader
	markets map[string]party.Market
	time    func() bool // whether there is time for one more
}

type spreadKey struct {
	currency money.Currency
	basis    price.Basis
}

// Simulate replays the last complete billing period of each subscriber of an offer on the prices of a draft. Of each chain of
// prices it takes the one that comes last. Who may see the publisher's subscribers may; they learn nothing of customers
// beyond identifiers and what these pay for the publisher's own offer. Nothing is written.
func (s *Ratings) Simulate(ctx context.Context, c access.Caller, in SimulateInput) (Simulation, error) {
	if in.Budget == 0 {
		in.Budget = 5 * time.Second
	}
	if in.Plan != "" && in.Draft.Plan(in.Plan) == nil {
		return Simulation{}, fail.New(fail.Invalid, "rating.plan", "The draft has no such plan.", "Name one of its plans, or none for all.").Field("plan", "is not a plan of "+in.Draft.Key)
	}
	in.Draft = in.Draft.AsSaved(s.Now())
	if err := in.Draft.Validate(); err != nil {
		return Simulation{}, err
	}
	timed, cancel := context.WithTimeout(ctx, in.Budget)
	defer cancel()
	run := simulation{Ratings: s, in: in, now: s.Now(), out: Simulation{Offer: in.Draft.Key}, spread: map[spreadKey]*price.Spreader{},
		markets: map[string]party.Market{}, time: func() bool { return timed.Err() == nil }}
	seen, cursor := 0, ""
	for !run.out.Left {
		page, err := s.Subscribers(ctx, c, in.Publisher, cursor, 100)
		if err != nil {
			return Simulation{}, err
		}
		if err := run.page(ctx, page.Subscriptions); err != nil {
			return Simulation{}, err
		}
		seen += len(page.Subscriptions)
		if cursor = page.Next; cursor == "" {
			break
		}
		run.out.Left = run.out.Left || seen >= maxSimulated
	}
	if err := ctx.Err(); err != nil {
		return Simulation{}, err
	}
	return run.done(ctx)
}

// page replays some subscribers.
func (s *simulation) page(ctx context.Context, list []subscription.Subscription) error {
	for _, sub := range list {
		if sub.Deal.Key != s.in.Draft.Key {
			continue
		}
		if !s.time() {
			s.out.Left = true
			return nil
		}
		if err := s.one(ctx, sub); err != nil {
			return err
		}
	}
	return nil
}

// one replays a subscriber.
func (s *simulation) one(ctx context.Context, sub subscription.Subscription) error {
	if sub.ActivatedAt.IsZero() {
		if s.in.Plan == "" || sub.Deal.Plan == s.in.Plan {
			s.out.Young++
		}
		return nil
	}
	agreed, err := s.agreed(ctx, sub)
	if fail.Is(err, fail.NotFound) { // activated a moment ago
		s.out.Young++
		return nil
	}
	if err != nil {
		return err
	}
	period, ok, err := s.last(agreed)
	if err != nil || !ok {
		return err
	}
	held := at(agreed.history, period.To.Add(-time.Second))
	if s.in.Plan != "" && held.Plan != s.in.Plan {
		return nil
	}
	other, ok, err := s.drafted(ctx, agreed, held)
	if err != nil {
		return err
	}
	if !ok {
		s.out.Unpriced++
		return nil
	}
	n, err := s.used(ctx, period, &agreed, &other)
	if err != nil {
		return err
	}
	before, err := agreed.cost(period, s.now)
	if err != nil {
		return err
	}
	after, err := other.cost(period, s.now)
	if err != nil {
		return err
	}
	return s.add(sub, period, n, before, after)
}

// agreed is what a subscriber has.
func (s *simulation) agreed(ctx context.Context, sub subscription.Subscription) (r replay, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		r = replay{prices: map[string]*price.Version{}, free: sub.TrialUntil}
		if r.contract, err = selectContract(tx, sub.ID); err != nil {
			return err
		}
		if r.history, err = selectHistory(tx, sub.ID); err != nil {
			return err
		}
		for _, i := range r.history {
			if r.prices[i.Price], err = s.price(tx, i.Price); err != nil {
				return err
			}
		}
		return nil
	})
	return r, err
}

// last is the billing period of a subscriber that is replayed; not ok when it had none, or nothing to pay in it.
func (s *simulation) last(r replay) (price.Interval, bool, error) {
	present, err := r.contract.month(s.now)
	if err != nil {
		return price.Interval{}, false, err
	}
	period := present
	if !s.in.Present {
		if period, err = r.contract.month(present.From.Add(-time.Second)); err != nil {
			return price.Interval{}, false, err
		}
	}
	c := r.contract
	if !c.EndedAt.IsZero() && !c.EndedAt.After(period.From) {
		return period.Interval, false, nil
	}
	if !c.ActivatedAt.Before(period.To) || c.Waived {
		s.out.Young++
		return period.Interval, false, nil
	}
	return period.Interval, true, nil
}

// drafted is a subscriber on the prices of the draft. Each stretch of its history has the price of its plan there, and where
// the draft has this plan no more, that of the plan of the period.
func (s *simulation) drafted(ctx context.Context, agreed replay, held Interval) (r replay, ok bool, err error) {
	m, known := s.markets[agreed.contract.Market]
	if !known {
		err := s.DB.Read(ctx, func(tx *store.Tx) error {
			m, err = s.Parties.Market(tx, agreed.contract.Market)
			return err
		})
		if err != nil {
			return r, false, err
		}
		s.markets[agreed.contract.Market] = m
	}
	above := strings.Split(strings.Trim(agreed.contract.Path, "/"), "/")
	above = above[:len(above)-1]
	now, was := s.offered(m, above, held.Plan), agreed.prices[held.Price]
	if now == nil || now.Currency != was.Currency || now.Basis != was.Basis {
		return r, false, nil
	}
	if r, err = agreed.on(func(i Interval) *price.Version {
		if v := s.offered(m, above, i.Plan); v != nil {
			return v
		}
		return now
	}); err != nil {
		return r, false, err
	}
	if days := s.in.Draft.Plan(held.Plan).TrialDays; days > 0 {
		r.free = agreed.contract.ActivatedAt.AddDate(0, 0, days)
	} else {
		r.free = time.Time{}
	}
	return r, true, nil
}

// offered is the price that comes last for a buyer of a plan; nil when there is none.
func (s *simulation) offered(m party.Market, above []string, plan string) *price.Version {
	p := s.in.Draft.Plan(plan)
	if p == nil {
		return nil
	}
	when := s.now
	for _, one := range p.Prices {
		if one.EffectiveFrom.After(when) {
			when = one.EffectiveFrom
		}
	}
	if found := p.PriceFor(m, above, when); found != nil {
		return found.Version()
	}
	return nil
}

func (s *simulation) add(sub subscription.Subscription, period price.Interval, windows int, before, after Cost) error {
	s.out.Windows += windows
	if s.out.Period.IsZero() || period.From.Before(s.out.Period.From) {
		s.out.Period.From = period.From
	}
	if period.To.After(s.out.Period.To) {
		s.out.Period.To = period.To
	}
	key := spreadKey{before.Total.Currency, before.Basis}
	if s.spread[key] == nil {
		s.spread[key] = price.NewSpreader(key.currency, key.basis)
	}
	return s.spread[key].Add(price.Effect{Key: sub.ID, Before: before.Total, After: after.Total})
}

// done puts the spreads in order and names the organisations of the subscriptions in them.
func (s *simulation) done(ctx context.Context) (Simulation, error) {
	keys := slices.SortedFunc(maps.Keys(s.spread), func(a, b spreadKey) int {
		return cmp.Or(cmp.Compare(a.currency, b.currency), cmp.Compare(a.basis, b.basis))
	})
	s.out.Holders, s.out.Spreads = map[string]string{}, []price.Spread{}
	for _, key := range keys {
		s.out.Spreads = append(s.out.Spreads, s.spread[key].Spread())
	}
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		for _, spread := range s.out.Spreads {
			for _, e := range spread.Rises {
				c, err := selectContract(tx, e.Key)
				if err != nil {
					return err
				}
				s.out.Holders[e.Key] = c.Org
			}
		}
		return nil
	})
	return s.out, err
}
