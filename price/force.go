package price

import (
	"time"

	"github.com/halle-cloud/halle/money"
)

// Agreed is a price that a subscription has from an instant on, until the next one.
type Agreed struct {
	From  time.Time
	Price string // hash
}

// Force is the time in which a subscription has one price. The price may leave and come back.
type Force struct {
	spans []Interval
}

// NewForce looks one price up in what was agreed, in ascending order. ended is the end of the subscription, zero while
// it runs.
func NewForce(list []Agreed, price string, ended time.Time) Force {
	var f Force
	if ended.IsZero() {
		ended = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	for i, a := range list {
		to := ended
		if i+1 < len(list) && list[i+1].From.Before(to) {
			to = list[i+1].From
		}
		if a.Price == price && !to.Before(a.From) { // what ended at once was in force too
			f.spans = append(f.spans, Interval{a.From, to})
		}
	}
	return f
}

// Held is for how many seconds of a period the price is in force: at least 1 when it is at all, else 0.
func (f Force) Held(period Interval) money.Quantity {
	n, some := int64(0), false
	for _, s := range f.spans {
		n += s.Overlap(period).Seconds()
		some = some || !s.From.Before(period.From) && s.From.Before(period.To)
	}
	if some {
		n = max(n, 1)
	}
	return money.Quantity(n)
}

// Over tells whether at an instant the period is over, or the price in force no more.
func (f Force) Over(period Interval, at time.Time) bool {
	end := period.To
	if n := len(f.spans); n > 0 && f.spans[n-1].To.Before(end) {
		end = f.spans[n-1].To
	}
	return !at.Before(end)
}

// Closing is the frame of a closing: the period that begins an instant falls in, and its number. ok is false when the
// price is not in force in it. Error: price.cycle.
func (f Force) Closing(cycle Cycle, at time.Time) (c Closing, ok bool, err error) {
	if len(f.spans) == 0 {
		return c, false, nil
	}
	p, err := cycle.At(at)
	if err != nil {
		return c, false, err
	}
	first, err := cycle.At(f.spans[0].From)
	if err != nil {
		return c, false, err
	}
	c = Closing{Every: cycle.Every, Period: p.Interval, Number: p.Number - first.Number}
	return c, f.Held(p.Interval) > 0, nil
}

// Closings are the frames of the period in which the price came into force, unless that is still to come, and of all
// later ones that have begun before an instant and in which it is in force.
// Error: price.cycle.
func (f Force) Closings(cycle Cycle, upTo time.Time) (out []Closing, err error) {
	if len(f.spans) == 0 || f.spans[0].From.After(upTo) {
		return nil, nil
	}
	end := f.spans[len(f.spans)-1].To
	for at := f.spans[0].From; len(out) == 0 || at.Before(upTo) && at.Before(end); {
		c, ok, err := f.Closing(cycle, at)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, c)
		}
		at = c.Period.To
	}
	return out, nil
}
