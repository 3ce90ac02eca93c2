package subscription

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/trace"
)

// jobTrial ends a trial; its key is the subscription.
const jobTrial = "subscription.trial"

// Config is what the service stands on.
type Config struct {
	DB      *store.DB
	Now     clock.Clock
	Facts   *trace.Facts
	Policy  *access.Policy
	Parties *party.Parties
	Orders  *order.Orders
	Queue   *job.Queue
	// SetDesired is provision's command: what is wanted of the resource of a subscription.
	SetDesired func(tx *store.Tx, subscription string, c provision.Change) error
}

// Subscriptions is the service. Safe for concurrent use.
type Subscriptions struct{ Config }

// New makes the service and registers its job.
func New(c Config) *Subscriptions {
	u := &Subscriptions{c}
	c.Queue.Handle(jobTrial, u.endTrial)
	return u
}

func self() string { return access.System("subscription").Ref() }

// move takes the row of the table that leads to the state, with its interval.
func (u *Subscriptions) move(tx *store.Tx, s *Subscription, command Command, to State, at time.Time) (Transition, error) {
	row, err := next(s.State, command, to)
	if err != nil {
		return row, err
	}
	s.State = row.To
	if err := update(tx, s); err != nil {
		return row, err
	}
	return row, openSpan(tx, *s, at)
}

// moveAndSay is move with a fact that only says the state.
func (u *Subscriptions) moveAndSay(tx *store.Tx, actor string, s *Subscription, command Command, to State, at time.Time) error {
	row, err := u.move(tx, s, command, to, at)
	if err != nil {
		return err
	}
	return u.record(tx, actor, row.Fact, *s, s.fact(at))
}

// Activate starts the commercial life when the resource is up, in the caller's transaction; a second time it only
// takes over where to reach it.
func (u *Subscriptions) Activate(tx *store.Tx, id string, r provision.ResourceFact, at time.Time) error {
	s, err := selectOne(tx, id)
	if err != nil {
		return err
	}
	s.Resource, s.Region, s.Outputs = r.Resource, r.Region, r.Outputs
	if s.State != StatePending {
		return update(tx, &s)
	}
	s.ActivatedAt, s.Condition = at, string(provision.ConditionUp)
	to := StateActive
	if s.Deal.TrialDays > 0 {
		to, s.TrialUntil = StateTrial, at.AddDate(0, 0, s.Deal.TrialDays)
		if err := u.Queue.Enqueue(tx, job.Job{Kind: jobTrial, Key: s.ID, RunAt: s.TrialUntil}); err != nil {
			return err
		}
	}
	if s.Deal.TermMonths > 0 {
		s.TermUntil = at.AddDate(0, s.Deal.TermMonths, 0)
	}
	row, err := u.move(tx, &s, CommandActivate, to, at)
	if err != nil {
		return err
	}
	if err := openPrice(tx, s, at); err != nil {
		return err
	}
	f, err := s.activated()
	if err != nil {
		return err
	}
	return u.record(tx, self(), row.Fact, s, f)
}

// endTrial is the job at the end of a trial.
func (u *Subscriptions) endTrial(ctx context.Context, j job.Job) error {
	return u.DB.Tx(ctx, func(tx *store.Tx) error {
		s, err := selectOne(tx, j.Key)
		if err != nil || s.State != StateTrial || u.Now().Before(s.TrialUntil) {
			return err
		}
		return u.moveAndSay(tx, self(), &s, CommandTrialEnd, StateActive, s.TrialUntil)
	})
}

// Suspend stops a subscription for a reason, in the caller's transaction: rating calls it for payment. A reason that
// stands already changes nothing.
func (u *Subscriptions) Suspend(tx *store.Tx, actor, id string, reason Reason) error {
	return u.suspend(tx, actor, id, reason, "")
}

func (u *Subscriptions) suspend(tx *store.Tx, actor, id string, reason Reason, item string) error {
	s, err := selectOne(tx, id)
	if err != nil {
		return err
	}
	if s.State == StateSuspended && slices.Contains(s.Reasons, reason) {
		return u.done(tx, item)
	}
	ran := s.State.Runs()
	s.Reasons = sorted(append(slices.Clone(s.Reasons), reason))
	if err := u.moveAndSay(tx, actor, &s, CommandSuspend, StateSuspended, u.Now()); err != nil {
		return err
	}
	if !ran {
		return u.done(tx, item)
	}
	return u.SetDesired(tx, s.ID, provision.Change{Item: item, Desired: provision.DesiredSuspended})
}

// Resume takes a reason of a suspension away, in the caller's transaction; with the last one the subscription goes on.
// A reason that does not stand changes nothing.
func (u *Subscriptions) Resume(tx *store.Tx, actor, id string, reason Reason) error {
	return u.resume(tx, actor, id, reason, "")
}

func (u *Subscriptions) resume(tx *store.Tx, actor, id string, reason Reason, item string) error {
	s, err := selectOne(tx, id)
	if err != nil {
		return err
	}
	if s.State.Runs() || s.State == StateSuspended && !slices.Contains(s.Reasons, reason) {
		return u.done(tx, item)
	}
	left := slices.DeleteFunc(slices.Clone(s.Reasons), func(r Reason) bool { return r == reason })
	to := StateSuspended
	switch {
	case len(left) > 0:
	case u.Now().Before(s.TrialUntil):
		to = StateTrial
	default:
		to = StateActive
	}
	s.Reasons = left
	if err := u.moveAndSay(tx, actor, &s, CommandResume, to, u.Now()); err != nil {
		return err
	}
	if to == StateSuspended {
		return u.done(tx, item)
	}
	if to == StateTrial { // the job that ends the trial may have run while it stood still
		if err := u.Queue.Enqueue(tx, job.Job{Kind: jobTrial, Key: s.ID, RunAt: s.TrialUntil}); err != nil {
			return err
		}
	}
	return u.SetDesired(tx, s.ID, provision.Change{Item: item, Desired: provision.DesiredUp})
}

func sorted(reasons []Reason) []Reason {
	slices.Sort(reasons)
	return slices.Compact(reasons)
}

// done tells the order that an item needs nothing more; "" is no item.
func (u *Subscriptions) done(tx *store.Tx, item string) error {
	if item == "" {
		return nil
	}
	return u.Orders.ItemDone(tx, item)
}

// Cancel begins the end of a subscription, in the caller's transaction: the resource takes no more work, hands over
// its last usage and is removed. A customer is bound by the term. Cancelling twice changes nothing.
func (u *Subscriptions) Cancel(tx *store.Tx, actor, id string, reason Reason) error {
	s, err := selectOne(tx, id)
	if err != nil {
		return err
	}
	return u.cancel(tx, actor, s, reason, "")
}

func (u *Subscriptions) cancel(tx *store.Tx, actor string, s Subscription, reason Reason, item string) error {
	if s.State == StateCancelling || s.State == StateEnded {
		return u.done(tx, item)
	}
	now := u.Now()
	if reason == ReasonCustomer && now.Before(s.TermUntil) && !now.Before(s.TrialUntil) {
		return fail.New(fail.Conflict, "service.term", "The contract runs until "+s.TermUntil.Format(time.DateOnly)+".", "Cancel on or after that day.").With("until", s.TermUntil.Format(time.DateOnly))
	}
	s.Reasons, s.CancelledAt = []Reason{reason}, now
	if err := u.moveAndSay(tx, actor, &s, CommandCancel, StateCancelling, now); err != nil {
		return err
	}
	return u.SetDesired(tx, s.ID, provision.Change{Item: item, Desired: provision.DesiredAbsent})
}

// end closes the commercial life: nothing is charged from here.
func (u *Subscriptions) end(tx *store.Tx, s *Subscription, complete bool, at time.Time) error {
	if s.State != StateCancelling {
		return nil
	}
	s.EndedAt = at
	row, err := u.move(tx, s, CommandEnd, StateEnded, at)
	if err != nil {
		return err
	}
	if err := closeLast(tx, "subscription_price", s.ID, at); err != nil {
		return err
	}
	if err := u.record(tx, self(), row.Fact, *s, EndedFact{StateFact: s.fact(at), Complete: complete, Owed: s.Owed}); err != nil {
		return err
	}
	return u.Orders.Ended(tx, s.ID)
}

// byPerson runs a command that a person or token gave.
func (u *Subscriptions) byPerson(ctx context.Context, c access.Caller, a access.Action, id string, f func(tx *store.Tx, s Subscription, reason Reason) error) (s Subscription, err error) {
	err = u.DB.Tx(ctx, func(tx *store.Tx) error {
		if s, err = u.read(tx, c, a, id); err != nil {
			return err
		}
		reason := ReasonCustomer
		if c.Outside(s.Path) {
			reason = ReasonOperator
		}
		if err := f(tx, s, reason); err != nil {
			return err
		}
		s, err = selectOne(tx, id)
		return err
	})
	if err != nil {
		s = Subscription{}
	}
	return s, err
}

// SuspendService stops a service. Its owners, buyers and technical people may, for the reason customer; the operator's
// staff may, for the reason operator.
func (u *Subscriptions) SuspendService(ctx context.Context, c access.Caller, id string) (Subscription, error) {
	return u.byPerson(ctx, c, access.ServiceSuspend, id, func(tx *store.Tx, s Subscription, reason Reason) error {
		return u.Suspend(tx, c.Ref(), id, reason)
	})
}

// ResumeService lets a service go on. Each side takes away its own reason only; staff also those of policy.
func (u *Subscriptions) ResumeService(ctx context.Context, c access.Caller, id string) (Subscription, error) {
	return u.byPerson(ctx, c, access.ServiceResume, id, func(tx *store.Tx, s Subscription, reason Reason) error {
		if s.State == StateSuspended && reason == ReasonOperator && !slices.Contains(s.Reasons, reason) {
			reason = ReasonPolicy
		}
		if s.State == StateSuspended && !slices.Contains(s.Reasons, reason) {
			return fail.New(fail.Conflict, "service.other_reason", fmt.Sprintf("The service stands still for another reason: %s.", strings.Join(words(s.Reasons), ", ")), "Remove that reason: pay what is open, raise the budget, or ask the operator.")
		}
		return u.Resume(tx, c.Ref(), id, reason)
	})
}

func words(reasons []Reason) []string {
	var out []string
	for _, r := range reasons {
		out = append(out, string(r))
	}
	return out
}

// CancelService ends a service without an order. Owners and buyers may, bound by the term; the operator's staff may.
func (u *Subscriptions) CancelService(ctx context.Context, c access.Caller, id string) (Subscription, error) {
	return u.byPerson(ctx, c, access.ServiceCancel, id, func(tx *store.Tx, s Subscription, reason Reason) error {
		return u.cancel(tx, c.Ref(), s, reason, "")
	})
}
