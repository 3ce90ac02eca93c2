package licence

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
)

// marks are the days before its end at which people are told, the last first.
func marks() []int { return []int{1, 7, 30} }

// Look tells what ends soon, and ends what is over. The job; idempotent, and whatever it comes too late for is done then:
// an end waits until people were told for a day. A licence that fails does not hold up the others.
func (s *Licences) Look(ctx context.Context) error {
	const day = 24 * time.Hour
	var list []string
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = selectEnding(tx, s.Now().Add(30*day), 1000)
		return err
	})
	for _, id := range list {
		if one := s.DB.Tx(ctx, func(tx *store.Tx) error { return s.ending(tx, id) }); one != nil {
			err = errors.Join(err, fmt.Errorf("licence %s: %w", id, one))
		}
	}
	return err
}

func (s *Licences) ending(tx *store.Tx, id string) error {
	l, err := selectLicence(tx, id)
	if err != nil || l.State != Valid || l.To.IsZero() {
		return err
	}
	p, err := selectPool(tx, l.Subscription)
	if err != nil {
		return err
	}
	now := s.Now()
	if end := l.Ends(); !end.IsZero() && !now.Before(end) {
		return s.expire(tx, l, p, end)
	}
	left := l.To.Sub(now)
	for _, days := range marks() {
		if left > time.Duration(days)*24*time.Hour {
			continue
		}
		if l.Told != 0 && l.Told <= days {
			return nil
		}
		if l.Told = days; l.ToldAt.IsZero() {
			l.ToldAt = now
		}
		l.ChangedAt = now
		if err := updateLicence(tx, &l); err != nil {
			return err
		}
		f := l.fact(p)
		f.Days = days
		if err := s.record(tx, self(), FactTold, l.ID, p, f); err != nil {
			return err
		}
		if err := s.judge(tx, self(), &p, now); err != nil {
			return err
		}
		return s.tell(tx, p, "ending", s.afterwards(p, l, days))
	}
	return nil
}

// afterwards is what a mail says about the end of a licence.
func (s *Licences) afterwards(p Pool, l Licence, days int) map[string]string {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		zone = time.UTC
	}
	then := "stop" // no seat can be taken
	if l.Kind == "byol" && p.Terms.BringOwn {
		then = "price" // the licence of the plan is paid for
	}
	return map[string]string{"reference": l.Reference, "days": strconv.Itoa(days), "until": l.Ends().In(zone).Format("2006-01-02 15:04 MST"), "then": then}
}

// expire ends a licence at the instant that was told, however late the job comes.
func (s *Licences) expire(tx *store.Tx, l Licence, p Pool, at time.Time) error {
	row, err := l.move(CommandExpire)
	if err != nil {
		return err
	}
	l.ChangedAt = s.Now()
	args := s.afterwards(p, l, 0)
	if err := updateLicence(tx, &l); err != nil {
		return err
	}
	if err := s.record(tx, self(), row.Fact, l.ID, p, l.fact(p)); err != nil {
		return err
	}
	if err := s.judge(tx, self(), &p, at); err != nil {
		return err
	}
	return s.tell(tx, p, "expired", args)
}

// tell writes to the customer's owners, buyers and technical people, in the transaction that acts.
func (s *Licences) tell(tx *store.Tx, p Pool, kind string, args map[string]string) error {
	people, err := order.Nearest(tx, s.Parties, p.Path, access.RoleOwner, access.RoleBuyer, access.RoleTechnical)
	if err != nil {
		return err
	}
	return s.mail(tx, people, kind, "/services/"+p.Subscription+"/licence", p, args)
}

// tellPublisher asks the publisher to check an own licence. Which one, the page says.
func (s *Licences) tellPublisher(tx *store.Tx, p Pool, l Licence) error {
	people, err := s.Parties.Holders(tx, p.Publisher, access.RolePublisher)
	if err != nil {
		return err
	}
	return s.mail(tx, people, "declared", "/publisher/licences", p, map[string]string{"reference": l.Reference, "seats": strconv.FormatInt(l.Seats, 10)})
}

func (s *Licences) mail(tx *store.Tx, people []string, kind, page string, p Pool, args map[string]string) error {
	_, err := s.Parties.Write(tx, s.Outbox, people, "licence."+kind, func(who party.Person) (m mail.Message, err error) {
		all := map[string]string{"service": p.Name, "link": s.Site + page}
		maps.Copy(all, args)
		m.Subject, m.Text, err = s.texts.Render(kind, who.Language, all)
		return m, err
	})
	return err
}
