package rating

import (
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// EstimateInput asks what a subscription costs in a stretch of time.
type EstimateInput struct {
	Subscription string
	Span         price.Interval // a calendar month
	Since        time.Time      // from when Days are wanted, at or before the start of the span
	Zone         *time.Location // of Days
	Resumed      bool           // a suspension that is in force is taken as if it ended now
	Windows      []proof.Window // that may not be charged yet, in the order in which they will be
	Before       *Estimate      // an earlier answer; what was charged is read again only when it has changed
	Known        *Prefetched    // of the same transaction, from Since on; nil reads for this subscription alone
}

// Estimate is what a subscription costs in a stretch of time by the prices frozen with it, charged or not. Usage counts at
// the last microsecond of its window, as on invoices; prices per period count for every second of the span, those to come
// as well. Discounts, minimums and commitments are settled on invoices and are not in it; a trial is.
type Estimate struct {
	Contract Contract
	Usage    money.Exact                // of the span
	Running  money.Exact                // of Usage, what is in no charge yet
	Fixed    money.Exact                // prices per period, to the end of the span
	Once     money.Exact                // owed once
	Days     map[price.Date]money.Exact // usage by civil day

	charged *estimate // without what runs
	stamp   money.Exact
	asked   price.Interval
	since   time.Time
}

// Total is all of it. Error: money.overflow.
func (e *Estimate) Total() (money.Exact, error) {
	sum, err := e.Usage.Add(e.Fixed)
	if err != nil {
		return sum, err
	}
	return sum.Add(e.Once)
}

// estimate adds up.
type estimate struct {
	c      *Contract
	in     *EstimateInput
	usage  money.Exact
	fixed  money.Exact // that was charged
	once   money.Exact
	days   map[price.Date]money.Exact
	prices map[string]*price.Version
}

// Estimate works out what a subscription costs. For packages downstream, it does not authorise.
func (s *Ratings) Estimate(tx *store.Tx, in EstimateInput) (out Estimate, err error) {
	c, err := s.contractOf(tx, &in)
	if err != nil {
		return out, err
	}
	nothing := money.ZeroExact(c.Currency)
	out = Estimate{Contract: c, Usage: nothing, Running: nothing, Fixed: nothing, Once: nothing, Days: map[price.Date]money.Exact{}, stamp: c.exact, asked: in.Span, since: in.Since}
	if c.Waived {
		return out, nil
	}
	history, err := s.historyOf(tx, &in)
	if err != nil {
		return out, err
	}
	if b := in.Before; b != nil && b.charged != nil && b.stamp == c.exact && b.asked == in.Span && b.since.Equal(in.Since) {
		out.charged = b.charged
	} else if out.charged, err = s.chargedIn(tx, &c, &in); err != nil {
		return out, err
	}
	e := out.charged.fork(&c, &in)
	running, err := s.runningIn(tx, e, history)
	if err != nil {
		return out, err
	}
	due, err := s.dueIn(tx, e, history)
	if err != nil {
		return out, err
	}
	out.Usage, out.Running, out.Once, out.Days = e.usage, running, e.once, e.days
	out.Fixed, err = e.fixed.Add(due)
	return out, err
}

func (e *estimate) fork(c *Contract, in *EstimateInput) *estimate {
	f := *e
	f.c, f.in, f.days = c, in, make(map[price.Date]money.Exact, len(e.days))
	for d, v := range e.days {
		f.days[d] = v
	}
	return &f
}

// chargedIn adds up the charges that touch the time.
func (s *Ratings) chargedIn(tx *store.Tx, c *Contract, in *EstimateInput) (*estimate, error) {
	nothing := money.ZeroExact(c.Currency)
	e := &estimate{c: c, in: in, usage: nothing, fixed: nothing, once: nothing, days: map[price.Date]money.Exact{}, prices: map[string]*price.Version{}}
	since := in.Since
	if since.IsZero() || in.Span.From.Before(since) {
		since = in.Span.From
	}
	list, err := s.chargesOf(tx, in, since)
	if err != nil {
		return nil, err
	}
	if in.Known != nil { // versions are the same for all
		e.prices = in.Known.prices
	}
	for _, one := range list {
		v, part, err := s.partOf(tx, e, one.Price, one.Component)
		if err != nil {
			return nil, err
		}
		if one.decides().Before(c.trial(v, part)) {
			continue
		}
		switch {
		case part.Kind.Usage():
			err = e.use(one.decides(), one.Exact)
		case part.Kind == price.PerPeriod:
			err = e.hold(v, one)
		case inside(in.Span, one.At.From):
			e.once, err = e.once.Add(one.Exact)
		}
		if err != nil {
			return nil, fmt.Errorf("charge %s: %w", one.ID, err)
		}
	}
	return e, nil
}

func (s *Ratings) versionOf(tx *store.Tx, e *estimate, hash string) (v *price.Version, err error) {
	if v = e.prices[hash]; v == nil {
		if v, err = s.price(tx, hash); err == nil {
			e.prices[hash] = v
		}
	}
	return v, err
}

func (s *Ratings) partOf(tx *store.Tx, e *estimate, hash, component string) (*price.Version, *price.Component, error) {
	v, err := s.versionOf(tx, e, hash)
	if err != nil {
		return nil, nil, err
	}
	part, err := v.Component(component)
	return v, part, err
}

func inside(i price.Interval, t time.Time) bool { return !t.Before(i.From) && t.Before(i.To) }

// use counts usage.
func (e *estimate) use(at time.Time, exact money.Exact) (err error) {
	if inside(e.in.Span, at) {
		if e.usage, err = e.usage.Add(exact); err != nil {
			return err
		}
	}
	day := price.DateOf(at, e.in.Zone)
	if was, ok := e.days[day]; ok {
		exact, err = exact.Add(was)
	}
	e.days[day] = exact
	return err
}

// hold counts the part of a price per period that lies in the span.
func (e *estimate) hold(v *price.Version, one Charge) error {
	one.At = one.At.Overlap(e.in.Span)
	if one.At.Seconds() <= 0 {
		return nil
	}
	line, err := price.Rate(v, one.Component, one.Proof(price.PerPeriod).Input(price.PerPeriod))
	if err != nil {
		return err
	}
	e.fixed, err = e.fixed.Add(line.Exact)
	return err
}

// dueIn is what prices per period will come to in the span beyond what was charged.
func (s *Ratings) dueIn(tx *store.Tx, e *estimate, history []Interval) (money.Exact, error) {
	c := *e.c
	if e.in.Span.From.After(c.ChargedTo) {
		c.ChargedTo = e.in.Span.From
	}
	if last := history[len(history)-1]; e.in.Resumed && !last.Held {
		last.Held = true
		if now := s.Now(); now.After(last.From) {
			last.From = now
		}
		history = append(history[:len(history):len(history)], last)
	}
	before := e.fixed
	e.fixed = money.ZeroExact(c.Currency)
	defer func() { e.fixed = before }()
	due, err := c.accrued(history, e.in.Span.To, func(hash string) (*price.Version, error) { return s.versionOf(tx, e, hash) })
	if err != nil {
		return e.fixed, err
	}
	for _, one := range due {
		v, part, err := s.partOf(tx, e, one.Price, one.Component)
		if err != nil {
			return e.fixed, err
		}
		if one.decides().Before(c.trial(v, part)) {
			continue
		}
		if err := e.hold(v, one); err != nil {
			return e.fixed, err
		}
	}
	return e.fixed, nil
}

// totalKey is where units are counted on.
type totalKey struct {
	component, price string
	period           int64
}

// runningIn rates what is not charged yet, going on from the units that were.
func (s *Ratings) runningIn(tx *store.Tx, e *estimate, history []Interval) (money.Exact, error) {
	running := money.ZeroExact(e.c.Currency)
	units := map[totalKey]money.Quantity{}
	for _, w := range e.in.Windows {
		if done, err := s.chargedYet(tx, e.in, w.ID); err != nil || done {
			if err != nil {
				return running, err
			}
			continue
		}
		instant := w.Decides()
		hash := at(history, instant).Price
		v, err := s.versionOf(tx, e, hash)
		if err != nil {
			return running, err
		}
		charges, err := e.c.usage(v, w, instant)
		if err != nil {
			return running, err
		}
		for _, one := range charges {
			one.Subscription, one.Price = e.c.Subscription, hash
			exact, err := e.rateOn(tx, v, one, instant, units)
			if err != nil {
				return running, fmt.Errorf("running window %s: %w", w.ID, err)
			}
			if inside(e.in.Span, instant) {
				if running, err = running.Add(exact); err != nil {
					return running, err
				}
			}
			if err := e.use(instant, exact); err != nil {
				return running, err
			}
		}
	}
	return running, nil
}

// rateOn prices a charge that is not written, after those before it; in a trial it costs nothing.
func (e *estimate) rateOn(tx *store.Tx, v *price.Version, one Charge, instant time.Time, units map[totalKey]money.Quantity) (money.Exact, error) {
	key := totalKey{one.Component, one.Price, one.Period.From.Unix()}
	before, known := units[key]
	if !known {
		var n int64
		err := tx.QueryRow("SELECT coalesce(sum(charged), 0) FROM rating_total WHERE subscription = $1 AND component = $2 AND price_hash = $3 AND period_from = $4",
			one.Subscription, one.Component, one.Price, store.At(one.Period.From)).Scan(&n)
		if err != nil {
			return money.Exact{}, err
		}
		before = money.Quantity(n)
	}
	one.From = before
	after, err := before.Add(one.Quantity)
	if err != nil {
		return money.Exact{}, err
	}
	units[key] = after
	part, err := v.Component(one.Component)
	if err != nil {
		return money.Exact{}, err
	}
	if instant.Before(e.c.trial(v, part)) {
		return money.ZeroExact(v.Currency), nil
	}
	line, err := price.Rate(v, one.Component, one.Proof(part.Kind).Input(part.Kind))
	return line.Exact, err
}

// Charged tells whether a window was rated, in a caller's transaction.
func (s *Ratings) Charged(tx *store.Tx, window string) (bool, error) {
	var n int64
	err := tx.QueryRow("SELECT count(*) FROM rating_window WHERE id = $1", window).Scan(&n)
	return n > 0, err
}

// ContractIn gives what rating knows of a subscription to another package inside its transaction. It does not authorise.
func (s *Ratings) ContractIn(tx *store.Tx, subscription string) (Contract, error) {
	return selectContract(tx, subscription)
}

// ContractsBelow lists the contracts of every organisation whose path begins so, that had not ended before an instant, to
// another package inside its transaction. It does not authorise.
func (s *Ratings) ContractsBelow(tx *store.Tx, path string, from time.Time) ([]Contract, error) {
	like := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(path) + "%"
	return store.All(tx, scanContract, "SELECT "+contractColumns+` FROM rating_contract WHERE path LIKE $1 ESCAPE '\' AND (ended_at IS NULL OR ended_at > $2)
		ORDER BY subscription`, like, store.At(from))
}
