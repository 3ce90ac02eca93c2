package licence

import (
	"context"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// hasSeat refuses a person without a named seat.
func hasSeat(tx *store.Tx, p Pool, person string) error {
	list, err := selectSeats(tx, p.Subscription)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Person == person {
			return nil
		}
	}
	return fail.New(fail.Limit, "licence.no_seat", "This person has no seat.", "Ask an owner or technical person to give it one.")
}

// Assign gives a named seat to a member of the customer; one who has a seat keeps it. Owners and technical people may.
// Errors: licence.not_named, licence.seats_given (fail.Limit), licence.reassign (fail.Conflict): every free seat was given
// to somebody else too short a time ago.
func (s *Licences) Assign(ctx context.Context, c access.Caller, sub, person string) (seat Seat, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		p, err := s.pool(tx, c, access.LicenceAssign, sub)
		if err != nil {
			return err
		}
		if p.Terms.Kind != catalog.LicenceNamed || p.State == PoolClosed {
			return fail.New(fail.Conflict, "licence.not_named", "The seats of this service belong to nobody: whoever comes first takes one.", "Choose a plan with named seats to give them to people.")
		}
		if _, err := s.Parties.Standing(tx, person, p.Org); fail.Is(err, fail.NotFound) {
			return fail.Missing("person", person)
		} else if err != nil {
			return err
		}
		seat, err = s.assign(tx, c, p, person)
		return err
	})
	if err != nil {
		return Seat{}, err
	}
	return seat, nil
}

func (s *Licences) assign(tx *store.Tx, c access.Caller, p Pool, person string) (Seat, error) {
	list, err := selectSeats(tx, p.Subscription)
	if err != nil {
		return Seat{}, err
	}
	now := s.Now().UTC().Truncate(time.Second)
	seat, has, err := p.choose(list, person, now)
	if err != nil || has {
		return seat, err
	}
	if err := putSeat(tx, p.Subscription, seat, ""); err != nil {
		return seat, err
	}
	return seat, s.inside(tx, c.Ref(), FactAssigned, p.Subscription, p, SeatFact{Subscription: p.Subscription, Org: p.Org, Seat: seat.No, Person: person, At: stamp(now)})
}

// choose finds the seat of a person: the one it has, the one it had, a new one, or the one that was taken back longest ago
// and may go to somebody else.
func (p Pool) choose(list []Seat, person string, now time.Time) (seat Seat, has bool, err error) {
	given, soonest := int64(0), time.Time{}
	var had, old *Seat
	for i := range list {
		one := &list[i]
		switch free := p.free(*one); {
		case one.Person == person:
			return *one, true, nil
		case one.Person != "":
			given++
		case one.was == person:
			had = one
		case !free.After(now) && (old == nil || one.Since.Before(old.Since)):
			old = one
		case soonest.IsZero() || free.Before(soonest):
			soonest = free
		}
	}
	switch {
	case had != nil: // the time since it was given goes on
		return Seat{No: had.No, Person: person, was: person, Since: had.Since}, false, nil
	case int64(len(list)) < p.Terms.Seats:
		return Seat{No: int64(len(list)) + 1, Person: person, was: person, Since: now}, false, nil
	case old != nil:
		return Seat{No: old.No, Person: person, was: person, Since: now}, false, nil
	case !soonest.IsZero():
		at := soonest.Format(time.DateOnly)
		return seat, false, fail.New(fail.Conflict, "licence.reassign", fmt.Sprintf("A seat goes to another person %d days after it was given, at the earliest.", p.Terms.ReassignDays),
			"The next one may on "+at+"; or order a plan with more seats.").With("days", fmt.Sprint(p.Terms.ReassignDays)).With("date", at)
	}
	n := fmt.Sprint(given)
	return seat, false, fail.New(fail.Limit, "licence.seats_given", "All "+n+" seats are given.", "Take a seat back first, or order a plan with more.").With("seats", n)
}

// free is when a seat may go to another person.
func (p Pool) free(s Seat) time.Time { return s.Since.AddDate(0, 0, p.Terms.ReassignDays) }

// Release takes a named seat back; what its person has in use is free at once, but for what was taken offline. Owners and
// technical people may.
func (s *Licences) Release(ctx context.Context, c access.Caller, sub string, no int64) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		p, err := s.pool(tx, c, access.LicenceAssign, sub)
		if err != nil {
			return err
		}
		list, err := selectSeats(tx, sub)
		if err != nil {
			return err
		}
		for _, seat := range list {
			if seat.No != no || seat.Person == "" {
				continue
			}
			person := seat.Person
			seat.Person, seat.was = "", person
			if err := putSeat(tx, sub, seat, person); err != nil {
				return err
			}
			now, err := s.instant(p)
			if err != nil {
				return err
			}
			if err := endLeases(tx, sub, person, now); err != nil {
				return err
			}
			return s.inside(tx, c.Ref(), FactReleased, sub, p, SeatFact{Subscription: sub, Org: p.Org, Seat: no, Person: person, At: stamp(now)})
		}
		return fail.Missing("seat", fmt.Sprint(no))
	})
}
