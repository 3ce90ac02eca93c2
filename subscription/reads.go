package subscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

func (u *Subscriptions) read(tx *store.Tx, c access.Caller, a access.Action, id string) (Subscription, error) {
	s, err := selectOne(tx, id)
	if err != nil {
		return s, err
	}
	return s, u.Policy.Check(c, a, access.Resource{Type: "service", ID: s.ID, Org: s.Org, Path: s.Path})
}

// Filter says which services to list.
type Filter struct {
	Org    string // empty: the caller's
	Branch bool   // also of all organisations below it
	State  State  // empty: all but dropped
	Tag    string // "key=value": only those that bear it
	Cursor string // Page.Next of the page before
	Limit  int    // 0: 25, at most 100
}

// Page is a part of a list, newest first. Next is "" on the last one.
type Page struct {
	Subscriptions []Subscription
	Next          string
}

func (p *Page) cut(limit int) {
	if len(p.Subscriptions) > limit {
		p.Subscriptions = p.Subscriptions[:limit]
		p.Next = p.Subscriptions[limit-1].ID
	}
}

// Services lists what an organisation has, newest first. Its people may; the operator's staff for those below.
func (u *Subscriptions) Services(ctx context.Context, c access.Caller, f Filter) (p Page, err error) {
	if f.Org == "" {
		f.Org = c.Org
	}
	limit := pageSize(f.Limit)
	err = u.DB.Read(ctx, func(tx *store.Tx) error {
		p = Page{}
		o, err := u.Parties.Lookup(tx, f.Org)
		if err != nil {
			return err
		}
		if err := u.Policy.Check(c, access.ServiceRead, o.Resource("organisation", o.ID)); err != nil {
			return err
		}
		column, value := "org = $3", o.ID
		if f.Branch {
			column, value = `path LIKE $3 ESCAPE '\'`, escapeLike(o.Path)+"%"
		}
		if p.Subscriptions, err = list(tx, column, value, f, limit+1); err != nil {
			return err
		}
		return u.withTags(tx, p.Subscriptions)
	})
	if err != nil {
		return Page{}, err
	}
	p.cut(limit)
	if !f.Branch {
		return p, nil
	}
	seen := p.Subscriptions[:0]
	for _, s := range p.Subscriptions { // below a customer's border the role decides, service by service
		if u.Policy.Check(c, access.ServiceRead, access.Resource{Type: "service", ID: s.ID, Org: s.Org, Path: s.Path}) == nil {
			seen = append(seen, s)
		}
	}
	p.Subscriptions = seen
	return p, nil
}

// Subscribers lists who has a publisher's offers, newest first: organisations by id, no people. The publisher's people
// and the operator's may.
func (u *Subscriptions) Subscribers(ctx context.Context, c access.Caller, publisher, cursor string, limit int) (p Page, err error) {
	limit = pageSize(limit)
	err = u.DB.Read(ctx, func(tx *store.Tx) error {
		p = Page{}
		o, err := u.Parties.Lookup(tx, publisher)
		if err != nil {
			return err
		}
		if err := u.Policy.Check(c, access.SubscriberRead, o.Resource("organisation", o.ID)); err != nil {
			return err
		}
		p.Subscriptions, err = list(tx, "publisher = $3", o.ID, Filter{Cursor: cursor}, limit+1)
		return err
	})
	if err != nil {
		return Page{}, err
	}
	for i := range p.Subscriptions {
		p.Subscriptions[i].Outputs = nil // where to reach it is the customer's affair
	}
	p.cut(limit)
	return p, nil
}

// list takes its condition from the program's own words only.
func list(tx *store.Tx, column, value string, f Filter, limit int) ([]Subscription, error) {
	if f.Cursor == "" {
		f.Cursor = "zzzzz" // after every identifier, in every collation
	}
	args := []any{f.Cursor, limit, value}
	where := " AND state <> 'dropped'"
	if f.State != "" {
		args, where = append(args, f.State), " AND state = $4"
	}
	if f.Tag != "" {
		k, v, err := ParseTag(f.Tag)
		if err != nil {
			return nil, err
		}
		where += fmt.Sprintf(" AND EXISTS (SELECT 1 FROM subscription_tag t WHERE t.subscription = id AND t.tag_key = $%d AND t.tag_value = $%d)", len(args)+1, len(args)+2)
		args = append(args, k, v)
	}
	l, err := store.All(tx, scan, "SELECT "+columns+" FROM subscription WHERE id < $1 AND "+column+where+" ORDER BY id DESC LIMIT $2", args...)
	if err != nil {
		err = fmt.Errorf("list of subscriptions: %w", err)
	}
	return l, err
}

func pageSize(limit int) int {
	if limit <= 0 {
		return 25
	}
	return min(limit, 100)
}

// Detail is a service with its history.
type Detail struct {
	Subscription
	Prices []PriceSpan
	Spans  []Span
}

// Service gives one that the caller may see, with its history.
func (u *Subscriptions) Service(ctx context.Context, c access.Caller, id string) (d Detail, err error) {
	err = u.DB.Read(ctx, func(tx *store.Tx) error {
		if d.Subscription, err = u.read(tx, c, access.ServiceRead, id); err != nil {
			return err
		}
		tags, err := u.TagsIn(tx, id)
		if err != nil {
			return err
		}
		d.Tags = tags[id]
		if d.Prices, err = selectPrices(tx, id, time.Time{}, time.Time{}); err != nil {
			return err
		}
		d.Spans, err = selectSpans(tx, id, time.Time{}, time.Time{})
		return err
	})
	if err != nil {
		d = Detail{}
	}
	return d, err
}

// SubscriptionIn gives a subscription to another package inside its transaction. It does not authorise.
func (u *Subscriptions) SubscriptionIn(tx *store.Tx, id string) (Subscription, error) {
	return selectOne(tx, id)
}

// OffersIn names the offers that subscriptions are of, to another package inside its transaction; one that is not there is
// left out.
func (u *Subscriptions) OffersIn(tx *store.Tx, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for places, args := range store.In(ids) {
		list, err := store.All(tx, scan, "SELECT "+columns+" FROM subscription WHERE id IN "+places, args...)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			out[s.ID] = s.Deal.Key
		}
	}
	return out, nil
}

// TrialIn gives to another package inside its transaction until when a subscription's prices per period are free; zero when
// it has no trial.
func (u *Subscriptions) TrialIn(tx *store.Tx, id string) (time.Time, error) {
	s, err := selectOne(tx, id)
	return s.TrialUntil, err
}

// PricesIn gives which price version holds between two instants (from ≤ t < to; a zero to is without end), to another
// package inside its transaction.
func (u *Subscriptions) PricesIn(tx *store.Tx, id string, from, to time.Time) ([]PriceSpan, error) {
	return selectPrices(tx, id, from, to)
}

// SpansIn gives which state it was in between two instants, to another package inside its transaction.
func (u *Subscriptions) SpansIn(tx *store.Tx, id string, from, to time.Time) ([]Span, error) {
	return selectSpans(tx, id, from, to)
}

func asFail(err error, e **fail.Error) bool { return errors.As(err, e) }
