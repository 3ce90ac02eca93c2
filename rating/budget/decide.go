package budget

import (
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/subscription"
)

// settle writes what services came to, sums up, and does what follows, in one transaction: figures, facts, mails, caps.
func (s *Budgets) settle(tx *store.Tx, id string, now time.Time, costs []cost, days Days, all bool) error {
	b, err := selectOne(tx, id)
	if err != nil || b.State == Removed {
		return err
	}
	zone, err := time.LoadLocation(b.Zone)
	if err != nil {
		return err
	}
	period, month := monthOf(now, zone)
	turned := b.Period != period
	was := b
	b.Period, b.Until = period, month.To
	costs, free, err := s.tagged(tx, b, costs, all)
	if err != nil {
		return err
	}
	for _, c := range costs {
		if err := putCost(tx, b, c); err != nil {
			return err
		}
	}
	used, fixed, err := sumCost(tx, b)
	if err != nil {
		return err
	}
	b.Used = minor(used+fixed, b.Amount.Currency)
	b.Reserved = money.Zero(b.Amount.Currency)
	if b.Service == "" && b.Tag == "" {
		if b.Reserved.Minor, err = s.Orders.ReservedIn(tx, b.Org, b.Amount.Currency); err != nil {
			return err
		}
	}
	if err := s.wentOn(tx, b, free); err != nil {
		return err
	}
	if err := s.days(tx, b, dayOf(now, zone), used, days, all); err != nil {
		return err
	}
	if err := s.act(tx, &b, now); err != nil {
		return err
	}
	if err := s.unusual(tx, b, dayOf(now, zone)); err != nil {
		return err
	}
	if err := s.tellRoom(tx, b, all); err != nil {
		return err
	}
	if !turned && b.Used == was.Used && b.Reserved == was.Reserved && b.State == was.State && b.CappedIn == was.CappedIn && b.CappedAt.Equal(was.CappedAt) {
		return nil
	}
	return update(tx, &b)
}

// tellRoom tells order what is left: also when the figures are the same, because an order that came and went has taken.
func (s *Budgets) tellRoom(tx *store.Tx, b Budget, always bool) error {
	if b.Action != Notify {
		scope := b.Service
		if b.Tag != "" {
			scope = order.Tagged
		}
		return s.Orders.SetRoom(tx, order.Room{Budget: b.ID, Org: b.Org, Subscription: scope, Currency: b.Amount.Currency, Max: b.Amount.Minor,
			Left: b.Amount.Minor - b.Used.Minor - b.Reserved.Minor, Until: b.Until})
	}
	if always { // it may have had another action before
		return s.Orders.DropRoom(tx, b.ID)
	}
	return nil
}

// act does what the figures ask for.
func (s *Budgets) act(tx *store.Tx, b *Budget, now time.Time) error {
	full := b.Used.Minor >= b.Amount.Minor
	hard := b.Action != Notify
	switch {
	case b.State == Capped && full && hard && b.CappedIn != b.Period:
		if err := s.cap(tx, b, CommandRenew, now); err != nil {
			return err
		}
	case b.State == Capped && (!hard || !full && (b.CappedIn != b.Period || b.CappedAt.IsZero())):
		if err := s.lift(tx, b); err != nil {
			return err
		}
	case b.State == Watching && full && hard:
		if err := s.cap(tx, b, CommandCap, now); err != nil {
			return err
		}
	case b.State == Capped:
		if b.CappedAt.IsZero() { // set anew, and still used up
			b.CappedAt = now
		}
		if err := s.hold(tx, b); err != nil {
			return err
		}
	}
	return s.thresholds(tx, *b, now)
}

// cap refuses from here on, and stops what is to be stopped.
func (s *Budgets) cap(tx *store.Tx, b *Budget, c Command, now time.Time) error {
	row, err := b.move(c)
	if err != nil {
		return err
	}
	b.CappedIn, b.CappedAt = b.Period, now
	f := b.fact()
	if f.Services, err = s.stop(tx, b); err != nil {
		return err
	}
	if err := s.record(tx, self(), row.Fact, *b, f); err != nil {
		return err
	}
	return s.tell(tx, *b, "capped", map[string]string{"action": string(b.Action), "stopped": fmt.Sprint(len(f.Services))})
}

// hold stops what began since the cap fell, and what stands still no more than the action asks for.
func (s *Budgets) hold(tx *store.Tx, b *Budget) error {
	if b.Action != Suspend {
		free, err := s.release(tx, *b)
		if err != nil {
			return err
		}
		return s.wentOn(tx, *b, free)
	}
	f := b.fact()
	var err error
	if f.Services, err = s.stop(tx, b); err != nil || len(f.Services) == 0 {
		return err
	}
	return s.record(tx, self(), FactStopped, *b, f)
}

// stop suspends the services of a budget that can be.
func (s *Budgets) stop(tx *store.Tx, b *Budget) (stopped []string, err error) {
	if b.Action != Suspend {
		return nil, nil
	}
	list, err := unstopped(tx, *b)
	if err != nil {
		return nil, err
	}
	for _, id := range list {
		sub, err := s.Subscriptions.SubscriptionIn(tx, id)
		if err != nil {
			return nil, err
		}
		if !sub.State.Runs() && sub.State != subscription.StateSuspended {
			continue
		}
		if fresh, err := insertStop(tx, b.ID, id); err != nil || !fresh {
			if err != nil {
				return nil, err
			}
			continue
		}
		if err := s.Subscriptions.Suspend(tx, self(), id, subscription.ReasonBudget); err != nil {
			return nil, err
		}
		stopped = append(stopped, id)
	}
	return stopped, nil
}

// release lets services go on that no other budget stops.
func (s *Budgets) release(tx *store.Tx, b Budget) ([]string, error) {
	free, err := dropStops(tx, b.ID, "")
	if err != nil {
		return nil, err
	}
	return s.goOn(tx, free)
}

// wentOn says which services go on although the budget's state stays.
func (s *Budgets) wentOn(tx *store.Tx, b Budget, services []string) error {
	if len(services) == 0 {
		return nil
	}
	f := b.fact()
	f.Services = services
	return s.record(tx, self(), FactLifted, b, f)
}

// goOn resumes services that no budget stops any more.
func (s *Budgets) goOn(tx *store.Tx, free []string) (out []string, err error) {
	for _, id := range free {
		sub, err := s.Subscriptions.SubscriptionIn(tx, id)
		if err != nil {
			return nil, err
		}
		if sub.State != subscription.StateSuspended || !slices.Contains(sub.Reasons, subscription.ReasonBudget) {
			continue // it was ended meanwhile
		}
		if err := s.Subscriptions.Resume(tx, self(), id, subscription.ReasonBudget); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

// lift ends the cap.
func (s *Budgets) lift(tx *store.Tx, b *Budget) error {
	row, err := b.move(CommandLift)
	if err != nil {
		return err
	}
	f := b.fact()
	if f.Services, err = s.release(tx, *b); err != nil {
		return err
	}
	b.CappedIn, b.CappedAt = "", time.Time{}
	if err := s.record(tx, self(), row.Fact, *b, f); err != nil {
		return err
	}
	return s.tell(tx, *b, "lifted", map[string]string{"resumed": fmt.Sprint(len(f.Services))})
}

// thresholds says each threshold once a month. Of several that are reached at once, people are told the highest; at 100 %
// of a budget with a cap, the cap was said.
func (s *Budgets) thresholds(tx *store.Tx, b Budget, now time.Time) error {
	highest, reached := 0, b.Percent()
	for _, t := range b.Thresholds {
		if reached < int64(t) {
			continue
		}
		fresh, err := notice(tx, b.ID, b.Period, t, now)
		if err != nil {
			return err
		}
		if !fresh {
			continue
		}
		f := b.fact()
		f.Percent = t
		if err := s.record(tx, self(), FactReached, b, f); err != nil {
			return err
		}
		highest = t
	}
	if highest == 0 || highest == 100 && b.State == Capped {
		return nil
	}
	return s.tell(tx, b, "reached", map[string]string{"percent": fmt.Sprint(highest)})
}

// days keeps the usage of each day: all of the last weeks when every service was looked at, else that of today, which is
// what the month has beyond the days before.
func (s *Budgets) days(tx *store.Tx, b Budget, today price.Date, used int64, all Days, whole bool) error {
	if whole {
		for day, v := range all {
			if err := putDay(tx, b.ID, day, v); err != nil {
				return err
			}
		}
		return nil
	}
	before, err := selectDays(tx, b.ID, price.Date{Year: today.Year, Month: today.Month, Day: 1})
	if err != nil {
		return err
	}
	for day, v := range before {
		if day.Before(today) {
			used -= v
		}
	}
	if used <= 0 || before[today] == used {
		return nil
	}
	return putDay(tx, b.ID, today, used)
}

// unusual says once a day that it costs far more than usual.
func (s *Budgets) unusual(tx *store.Tx, b Budget, today price.Date) error {
	days, err := selectDays(tx, b.ID, after(today, -trailing))
	if err != nil {
		return err
	}
	usual, strange := Unusual(today, days)
	if !strange {
		return nil
	}
	fresh, err := notice(tx, b.ID, today.String(), 0, s.Now())
	if err != nil || !fresh {
		return err
	}
	f := b.fact()
	f.Day, f.Usual, f.Cost = today.String(), minor(usual, b.Amount.Currency), minor(days[today], b.Amount.Currency)
	if err := s.record(tx, self(), FactUnusual, b, f); err != nil {
		return err
	}
	return s.tell(tx, b, "unusual", map[string]string{"usual": f.Usual.String(), "cost": f.Cost.String()})
}
