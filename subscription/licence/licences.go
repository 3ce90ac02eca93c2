package licence

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/trace"
)

// Config is what the service stands on.
type Config struct {
	DB            *store.DB
	IDs           *id.Source
	Now           clock.Clock
	Ring          *keys.Ring
	Facts         *trace.Facts
	Policy        *access.Policy
	Parties       *party.Parties
	Catalogue     *catalog.Catalogue
	Orders        *order.Orders
	Subscriptions *subscription.Subscriptions
	Outbox        *mail.Outbox
	Queue         *job.Queue
	Site          string // address of the portal, for links in mails
}

// Licences is the service. Safe for concurrent use.
type Licences struct {
	Config
	texts *mail.Texts
}

// The jobs: what ends is told and ended, and seats in use are reported.
const (
	jobEnding = "licence.ending"
	jobSettle = "licence.settle"
)

// New makes the service and registers its jobs; it errors when a mail text is missing.
func New(c Config) (*Licences, error) {
	texts, err := mail.LoadTexts(mailTexts, "mails", "en", "fr")
	if err != nil {
		return nil, err
	}
	c.Site = strings.TrimRight(c.Site, "/")
	s := &Licences{Config: c, texts: texts}
	c.Queue.Handle(jobEnding, func(ctx context.Context, _ job.Job) error { return s.Look(ctx) })
	c.Queue.Every(jobEnding, 10*time.Minute)
	c.Queue.Handle(jobSettle, func(ctx context.Context, _ job.Job) error { return s.Settle(ctx) })
	c.Queue.Every(jobSettle, time.Minute)
	return s, nil
}

// pool reads a pool and authorises a customer's people and tokens, or the operator's staff.
func (s *Licences) pool(tx *store.Tx, c access.Caller, a access.Action, sub string) (Pool, error) {
	p, err := selectPool(tx, sub)
	if fail.Is(err, fail.NotFound) {
		err = fail.Missing("service", sub)
	}
	if err != nil {
		return p, err
	}
	return p, s.Policy.Check(c, a, access.Resource{Type: "service", ID: p.Subscription, Org: p.Org, Path: p.Path})
}

// used reads a pool and authorises whoever takes seats: the customer's technical people and tokens, or the publisher's
// software. The token of a resource takes seats of its own subscription alone.
func (s *Licences) used(tx *store.Tx, c access.Caller, sub string) (Pool, error) {
	p, err := selectPool(tx, sub)
	if fail.Is(err, fail.NotFound) {
		err = fail.Missing("service", sub)
	}
	if err != nil {
		return p, err
	}
	if c.Subject != "" && c.Subject != sub {
		return p, fail.Missing("service", sub)
	}
	r := access.Resource{Type: "service", ID: p.Subscription, Org: p.Org, Path: p.Path}
	if c.Org == p.Publisher {
		r.Org, r.Path = c.Org, c.Path
	}
	return p, s.Policy.Check(c, access.LicenceUse, r)
}

// held reads a licence with its pool and authorises its customer, in the words of the licence.
func (s *Licences) held(tx *store.Tx, c access.Caller, a access.Action, id string) (l Licence, p Pool, err error) {
	if l, err = selectLicence(tx, id); err != nil {
		return l, p, err
	}
	if p, err = selectPool(tx, l.Subscription); err != nil {
		return l, p, err
	}
	return l, p, s.Policy.Check(c, a, access.Resource{Type: "licence", ID: id, Org: p.Org, Path: p.Path})
}

// published reads a licence with its pool and authorises its publisher.
func (s *Licences) published(tx *store.Tx, c access.Caller, a access.Action, id string) (l Licence, p Pool, err error) {
	if l, err = selectLicence(tx, id); err != nil {
		return l, p, err
	}
	if p, err = selectPool(tx, l.Subscription); err != nil {
		return l, p, err
	}
	o, err := s.Parties.Lookup(tx, p.Publisher)
	if err != nil {
		return l, p, err
	}
	return l, p, s.Policy.Check(c, a, o.Resource("licence", id))
}

// terms reads what a plan of an offer version says; nil for a plan without licence.
func (s *Licences) terms(tx *store.Tx, version, plan string, months int) (*Terms, error) {
	v, err := s.Catalogue.VersionIn(tx, version)
	if err != nil {
		return nil, err
	}
	found := v.Content.Plan(plan)
	if found == nil || found.Licence == nil {
		return nil, nil
	}
	t := &Terms{Licence: *found.Licence, TermMonths: months}
	i := slices.IndexFunc(v.Content.Meters, func(m catalog.Meter) bool { return m.Key == t.Meter })
	if i >= 0 {
		t.Unit, t.Aggregation = v.Content.Meters[i].Unit, aggregation(v.Content.Meters[i])
	}
	return t, nil
}

// judge works out what a pool may use and what is paid for it at an instant, and agrees that: the price without the
// licence while an own one is valid or a term is over.
func (s *Licences) judge(tx *store.Tx, actor string, p *Pool, at time.Time) error {
	list, err := selectLicences(tx, p.Subscription)
	if err != nil {
		return err
	}
	r := p.rights(list)
	if p.Capacity != r.capacity || !p.Until.Equal(r.until) {
		p.Capacity, p.Until = r.capacity, r.until
		if err := s.save(tx, p); err != nil {
			return err
		}
	}
	if len(p.Terms.Charges) == 0 {
		return nil
	}
	v, err := s.base(tx, *p)
	if err != nil {
		return err
	}
	if !r.charged {
		if v, err = v.Without(v.ID+".own", p.Terms.Charges); err != nil {
			return fmt.Errorf("price of %s without its licence: %w", p.Subscription, err)
		}
	}
	return s.Subscriptions.Agree(tx, actor, p.Subscription, v, at)
}

func (s *Licences) save(tx *store.Tx, p *Pool) error {
	err := putPool(tx, p)
	p.ETag++
	return err
}

// base is the price list that was ordered.
func (s *Licences) base(tx *store.Tx, p Pool) (*price.Version, error) {
	i, err := s.Orders.ItemIn(tx, p.item)
	if err != nil {
		return nil, err
	}
	return &i.Terms.Price, nil
}

// rights are what the licences of a pool come to.
type rights struct {
	capacity int64
	until    time.Time // zero: no end known
	charged  bool      // the licence of the plan is paid for
}

func (p Pool) rights(list []Licence) rights {
	var own, term int64
	r, granted, brought := rights{charged: true}, false, false
	ends, endless := time.Time{}, false
	for _, l := range list {
		if l.State != Valid {
			continue
		}
		if end := l.Ends(); end.IsZero() {
			endless = true
		} else if end.After(ends) {
			ends = end
		}
		if l.Kind == catalog.LicenceOwn {
			brought, own = true, own+l.Seats
			continue
		}
		granted, term = true, l.Seats
	}
	if !endless {
		r.until = ends
	}
	switch {
	case p.Terms.Kind == catalog.LicenceOwn:
		r.capacity = own
	case !granted && !brought:
		r.capacity = 0
	case p.Terms.Seats == 0 && (granted || brought):
		r.capacity = Unlimited
	default:
		r.capacity = max(term, p.Terms.Seats)
	}
	r.charged = granted && !brought
	return r
}

// organisation authorises on an organisation.
func (s *Licences) organisation(tx *store.Tx, c access.Caller, a access.Action, org string) (party.Organisation, error) {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return o, err
	}
	return o, s.Policy.Check(c, a, o.Resource("organisation", o.ID))
}
