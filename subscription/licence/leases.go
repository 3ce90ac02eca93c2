package licence

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// TakeInput asks for a seat.
type TakeInput struct {
	Subscription string
	Holder       string // of a named seat the person; otherwise who, as the software knows them: no name, no address
	Device       string // opaque id of the device
	Hours        int    // taken offline for so many; 0: a lease that must be renewed
	Key          string // the same key with the same wish gives the same lease
}

func (in TakeInput) check() error {
	e := fail.New(fail.Invalid, "licence.take", "The seat cannot be taken as asked.", "Correct the fields named.")
	opaque := regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	if !opaque.MatchString(in.Holder) {
		e = e.Field("holder", "must be 1 to 64 letters, digits or _ . -: an opaque id, no name and no address")
	}
	if !opaque.MatchString(in.Device) {
		e = e.Field("device", "must be 1 to 64 letters, digits or _ . -: an opaque id, no name and no address")
	}
	if in.Key == "" || len(in.Key) > 128 {
		e = e.Field("key", "must be 1 to 128 bytes")
	}
	if in.Hours < 0 {
		e = e.Field("hours", "must not be below zero")
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

// Take takes a seat. The publisher's software may, with the token of its resource or of its publisher, and the customer's
// technical people and tokens. Errors: licence.full (fail.Limit; who holds the seats is in it for those who may see
// that), licence.no_seat, licence.halted, licence.over, licence.borrow, licence.key (fail.Conflict).
func (s *Licences) Take(ctx context.Context, c access.Caller, in TakeInput) (l Lease, err error) {
	if err := in.check(); err != nil {
		return l, err
	}
	var refused error
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		refused = nil
		p, err := s.used(tx, c, in.Subscription)
		if err != nil {
			return err
		}
		was, found, err := oneLease(tx, "subscription = $1 AND key = $2", in.Subscription, in.Key)
		if err != nil {
			return err
		}
		if found {
			l = was
			return in.same(was)
		}
		now, err := s.instant(p)
		if err != nil {
			return err
		}
		if l, err = s.take(tx, p, in, now); fail.Is(err, fail.Limit) {
			refused = s.explain(tx, c, p, err, now)
			return s.count(tx, p, Month{Refused: 1}, now)
		}
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return Lease{}, err
	}
	return l, nil
}

// same refuses a key that was used for another wish.
func (in TakeInput) same(l Lease) error {
	if l.Holder == in.Holder && l.Device == in.Device && l.Hours == in.Hours {
		return nil
	}
	return fail.New(fail.Conflict, "licence.key", "The key was used for another seat.", "Use a new key for another wish.")
}

// instant is now in whole seconds; what was reported is past for every process.
func (s *Licences) instant(p Pool) (time.Time, error) {
	now := s.Now().UTC().Truncate(time.Second)
	if now.Before(p.SettledAt) {
		return now, store.Retry(fmt.Errorf("the clock of this machine is before what was reported of %s", p.Subscription))
	}
	return now, nil
}

// take takes a seat in the caller's transaction. fail.Limit: none is free.
func (s *Licences) take(tx *store.Tx, p Pool, in TakeInput, now time.Time) (l Lease, err error) {
	l = Lease{ID: s.IDs.New("lea"), Subscription: p.Subscription, Holder: in.Holder, Device: in.Device, Hours: in.Hours, From: now, key: in.Key}
	if l.Until, err = p.end(in.Hours, now); err != nil {
		return l, err
	}
	was, found, err := oneLease(tx, "subscription = $1 AND holder = $2 AND device = $3 AND until_at > $4", p.Subscription, in.Holder, in.Device, store.At(now))
	if err != nil {
		return l, err
	}
	if found { // the software started again and knows nothing of its seat
		return s.extend(tx, was, l.Until, max(was.Hours, in.Hours), now)
	}
	free := false
	if p.Terms.Kind == catalog.LicenceNamed {
		if err := hasSeat(tx, p, in.Holder); err != nil {
			return l, err
		}
		free, err = takeFreely(tx, p.Subscription, l.Until)
	} else {
		free, err = take(tx, p.Subscription, now, l.Until)
	}
	if err != nil {
		return l, err
	}
	if !free {
		return l, p.full()
	}
	if err := insertLease(tx, l); err != nil {
		return l, err
	}
	n, err := countUse(tx, p.Subscription, now)
	if err != nil {
		return l, err
	}
	if err := s.count(tx, p, Month{Taken: 1, Peak: n}, now); err != nil {
		return l, err
	}
	return l, s.inside(tx, self(), FactTaken, l.ID, p, l.fact(p))
}

func (l Lease) fact(p Pool) LeaseFact {
	return LeaseFact{Lease: l.ID, Subscription: p.Subscription, Org: p.Org, Hours: l.Hours, From: stamp(l.From), Until: stamp(l.Until)}
}

// end is until when a seat may be held that is taken now.
func (p Pool) end(hours int, now time.Time) (time.Time, error) {
	switch {
	case p.State != PoolOpen:
		return now, fail.New(fail.Conflict, "licence.halted", "The service stands still or has ended, and with it its licences.", "Let the service go on first.")
	case p.Capacity == 0 || !p.Until.IsZero() && !p.Until.After(now):
		return now, fail.New(fail.Conflict, "licence.over", "No licence of this service is valid.", "Renew the licence, or bring an own one and wait until the publisher has checked it.")
	case hours > p.Terms.BorrowHours:
		return now, fail.New(fail.Conflict, "licence.borrow", fmt.Sprintf("A seat of this plan may be taken offline for %d hours at most.", p.Terms.BorrowHours), "Ask for fewer hours.").
			Field("hours", fmt.Sprintf("must be at most %d", p.Terms.BorrowHours)).With("hours", fmt.Sprint(p.Terms.BorrowHours))
	}
	until := now.Add(time.Duration(p.Terms.Lease()) * time.Minute)
	if hours > 0 {
		until = now.Add(time.Duration(hours) * time.Hour)
	}
	if !p.Until.IsZero() && p.Until.Before(until) {
		until = p.Until.Truncate(time.Second)
	}
	return until, nil
}

func (p Pool) full() error {
	n := fmt.Sprint(p.Capacity)
	return fail.New(fail.Limit, "licence.full", "All "+n+" seats are in use.", "Wait until a seat is given back, or order a plan with more.").With("seats", n)
}

// explain adds when the next seat is free at the latest, and for those who may see it who could free one.
func (s *Licences) explain(tx *store.Tx, c access.Caller, p Pool, err error, now time.Time) error {
	e, ok := err.(*fail.Error)
	if !ok || e.Code != "licence.full" {
		return err
	}
	list, failed := selectUse(tx, p.Subscription, now, now.Add(time.Second))
	if failed != nil {
		return failed
	}
	next := time.Time{}
	for _, l := range list {
		if next.IsZero() || l.Until.Before(next) {
			next = l.Until
		}
	}
	if !next.IsZero() {
		e = e.With("next", next.Format(time.RFC3339))
	}
	if s.Policy.Check(c, access.LicenceRead, access.Resource{Type: "service", ID: p.Subscription, Org: p.Org, Path: p.Path}) != nil {
		return e
	}
	for i, l := range list {
		if i == 10 {
			break
		}
		e = e.Because(fail.Reason{Rule: "licence.holder", Text: fmt.Sprintf("%s holds a seat on %s until %s.", l.Holder, l.Device, l.Until.Format(time.RFC3339))})
	}
	return e
}

// count notes what happened in the civil month.
func (s *Licences) count(tx *store.Tx, p Pool, m Month, now time.Time) error {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return err
	}
	m.Month, m.Capacity = now.In(zone).Format("2006-01"), p.Capacity
	return addMonth(tx, p.Subscription, m)
}

// extend moves the end of a seat in use; never to an earlier one.
func (s *Licences) extend(tx *store.Tx, l Lease, until time.Time, hours int, now time.Time) (Lease, error) {
	l.Hours = hours
	if until.After(l.Until) {
		l.Until = until
	}
	if err := moveLease(tx, l, now); err != nil {
		return l, err
	}
	return l, owe(tx, l.Subscription, l.Until)
}

// Renew says that a seat is still in use; with hours it is taken offline. Who may take may. Errors: licence.lease_over
// (fail.Conflict) when its time was over: take another; those of Take.
func (s *Licences) Renew(ctx context.Context, c access.Caller, sub, lease string, hours int) (l Lease, err error) {
	err = s.leased(ctx, c, sub, lease, func(tx *store.Tx, p Pool, now time.Time) error {
		if l, err = active(tx, sub, lease, now); err != nil {
			return err
		}
		until, err := p.end(hours, now)
		if err != nil {
			return err
		}
		l, err = s.extend(tx, l, until, max(l.Hours, hours), now)
		return err
	})
	return l, err
}

func active(tx *store.Tx, sub, lease string, now time.Time) (Lease, error) {
	l, found, err := oneLease(tx, "id = $1 AND subscription = $2", lease, sub)
	switch {
	case err != nil:
		return l, err
	case !found:
		return l, fail.Missing("seat", lease)
	case !l.Until.After(now):
		return l, fail.New(fail.Conflict, "licence.lease_over", "The seat was free again at "+l.Until.Format(time.RFC3339)+".", "Take a seat anew.").With("until", l.Until.Format(time.RFC3339))
	}
	return l, nil
}

// Return gives a seat back; one that is free already stays so. Who may take may. A seat that was taken offline is given
// back by its device alone (licence.borrowed): without a line to it nobody could stop its use.
func (s *Licences) Return(ctx context.Context, c access.Caller, sub, lease, device string) (l Lease, err error) {
	err = s.leased(ctx, c, sub, lease, func(tx *store.Tx, p Pool, now time.Time) error {
		l, err = active(tx, sub, lease, now)
		if fail.CodeOf(err) == "licence.lease_over" {
			return nil
		}
		if err != nil {
			return err
		}
		if l.Hours > 0 && device != l.Device {
			return fail.New(fail.Conflict, "licence.borrowed", "The seat was taken offline until "+l.Until.Format(time.RFC3339)+".", "Give it back on its device, or wait.").With("until", l.Until.Format(time.RFC3339))
		}
		l.Until = now // within the second in which it was taken: nothing was used
		if err := moveLease(tx, l, now); err != nil {
			return err
		}
		return s.inside(tx, c.Ref(), FactReturned, l.ID, p, l.fact(p))
	})
	return l, err
}

func (s *Licences) leased(ctx context.Context, c access.Caller, sub, lease string, f func(tx *store.Tx, p Pool, now time.Time) error) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		p, err := s.used(tx, c, sub)
		if err != nil {
			return err
		}
		now, err := s.instant(p)
		if err != nil {
			return err
		}
		return f(tx, p, now)
	})
}
