package licence

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// step is how often use is reported: the grid of usage, so that no report crosses a window.
const step = 15 * time.Minute

// keepLeases is how long a seat that was given back is remembered.
const keepLeases = 90 * 24 * time.Hour

func aggregation(m catalog.Meter) proof.Aggregation {
	if m.Aggregation == "" {
		return proof.AggregateSum
	}
	return proof.Aggregation(m.Aggregation)
}

// Settle reports the seats in use of every pool up to the last quarter of an hour. The job; idempotent.
func (s *Licences) Settle(ctx context.Context) error {
	through := s.Now().UTC().Truncate(step)
	for {
		var list []string
		err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
			list, err = selectUnsettled(tx, through, 100)
			return err
		})
		if err != nil || len(list) == 0 {
			return s.forget(ctx, err)
		}
		for _, sub := range list {
			err := s.DB.Tx(ctx, func(tx *store.Tx) error {
				p, err := selectPool(tx, sub)
				if err != nil || !p.SettledAt.Before(through) {
					return err
				}
				return s.report(tx, &p, through, false)
			})
			if err != nil {
				return err
			}
		}
	}
}

func (s *Licences) forget(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *store.Tx) error { return dropLeases(tx, s.Now().Add(-keepLeases)) })
}

// report says what was used since the last report, in the transaction that moves it on: what lies before is never reported
// again and cannot change any more, because a seat whose time is over cannot be renewed. last says that nothing more comes.
func (s *Licences) report(tx *store.Tx, p *Pool, to time.Time, last bool) error {
	from := p.SettledAt
	if !from.Before(to) && !last {
		return nil
	}
	list, err := selectUse(tx, p.Subscription, from.Add(-time.Second), to)
	if err != nil {
		return err
	}
	p.SettledAt = to
	if err := s.save(tx, p); err != nil || p.Terms.Meter == "" {
		return err
	}
	f := UsedFact{Subscription: p.Subscription, Org: p.Org, Publisher: p.Publisher, Meter: p.Terms.Meter, Unit: p.Terms.Unit, From: stamp(from), To: stamp(to),
		Uses: Uses(p.Terms.Aggregation, list, from, to)}
	return s.record(tx, self(), FactUsed, p.Subscription, *p, f)
}

// Slice is a stretch of time in which the number of seats in use stays the same.
type Slice struct {
	From, To time.Time
	Seats    int64
}

// Slices cuts from ≤ t < to where the number of seats in use changes, and at each quarter of an hour.
func Slices(list []Lease, from, to time.Time) []Slice {
	cuts := []time.Time{from, to}
	for t := from.Truncate(step).Add(step); t.Before(to); t = t.Add(step) {
		cuts = append(cuts, t)
	}
	for _, l := range list {
		for _, t := range []time.Time{l.From, l.Until} {
			if t.After(from) && t.Before(to) {
				cuts = append(cuts, t)
			}
		}
	}
	slices.SortFunc(cuts, time.Time.Compare)
	cuts = slices.CompactFunc(cuts, time.Time.Equal)
	var out []Slice
	for i := 1; i < len(cuts); i++ {
		out = append(out, Slice{From: cuts[i-1], To: cuts[i], Seats: inUse(list, cuts[i-1])})
	}
	return out
}

func inUse(list []Lease, at time.Time) (n int64) {
	for _, l := range list {
		if l.Active(at) {
			n++
		}
	}
	return n
}

// Uses are the events that a meter of an aggregation needs, none for time without seats in use: seconds of seats and
// peaks by the quarter of an hour, each change of a value that is held, each holder once a quarter.
func Uses(a proof.Aggregation, list []Lease, from, to time.Time) (out []Use) {
	add := func(s Slice, value int64) { out = append(out, Use{From: stamp(s.From), To: stamp(s.To), Value: value}) }
	switch a {
	case proof.AggregateUnique:
		return holders(list, from, to)
	case proof.AggregateWeighted:
		before := inUse(list, from.Add(-time.Second))
		for _, s := range Slices(list, from, to) {
			if s.Seats != before {
				add(s, s.Seats)
			}
			before = s.Seats
		}
		return out
	}
	quarter, value := Slice{}, int64(0)
	flush := func() {
		if value > 0 {
			add(quarter, value)
		}
		value = 0
	}
	for _, s := range Slices(list, from, to) {
		if s.From.Truncate(step) != quarter.From.Truncate(step) {
			flush()
			quarter = s
		}
		quarter.To = s.To
		if a == proof.AggregateMax {
			value = max(value, s.Seats)
		} else {
			value += s.Seats * int64(s.To.Sub(s.From)/time.Second)
		}
	}
	flush()
	return out
}

// holders are who had a seat in each quarter of an hour, by a hash: an item of usage names nobody.
func holders(list []Lease, from, to time.Time) (out []Use) {
	for t := from; t.Before(to); {
		end := t.Truncate(step).Add(step)
		if end.After(to) {
			end = to
		}
		var items []string
		for _, l := range list {
			if l.From.Before(end) && l.Until.After(t) && l.From.Before(l.Until) {
				sum := sha256.Sum256([]byte(l.Subscription + "/" + l.Holder))
				items = append(items, hex.EncodeToString(sum[:16]))
			}
		}
		slices.SortFunc(items, cmp.Compare[string])
		for _, item := range slices.Compact(items) {
			out = append(out, Use{From: stamp(t), To: stamp(end), Item: item})
		}
		t = end
	}
	return out
}
