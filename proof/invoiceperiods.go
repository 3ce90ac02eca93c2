package proof

import (
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/price"
)

// periodKey is what an aggregation that does not add up is computed for. The source is empty but for AggregateWeighted,
// whose sources are added.
type periodKey struct {
	subject, source string
	group           groupKey
	from            int64
}

// periodOf is what one window says about a period.
type periodOf struct {
	file   *WindowFile
	sum    Sum
	period price.Interval
}

// gather notes what a window says about the periods of a meter that does not add up.
func (e *evidence) gather(w *WindowFile, meter string, period price.Interval) {
	for _, s := range w.Window.Sums {
		if s.Meter != meter || s.Aggregation.Adds() {
			continue
		}
		key := periodKey{w.Window.Subject, "", groupKey{s.Meter, s.Unit, s.Labels}, period.From.UnixMicro()}
		if s.Aggregation == AggregateWeighted {
			key.source = w.Window.Source
		}
		e.periods[key] = append(e.periods[key], periodOf{w, s, period})
	}
}

// aggregates computes each period anew whose windows are all here: the quantities of its windows come to what the last
// of them says it came to. Of the others an earlier invoice has a part; and what was taken back from a window that is
// not here cannot be told.
func (e *evidence) aggregates() error {
	for key, list := range e.periods {
		var total Quantity
		last, points, whole := -1, []Point(nil), true
		for i, p := range list {
			q, err := ParseQuantity(p.sum.Quantity)
			if err != nil {
				return err
			}
			total.AddQuantity(q)
			g := p.file.found.groups[key.group]
			points = append(points, g.points...)
			whole = whole && !g.taken
			if last < 0 || later(p, list[last]) {
				last = i
			}
		}
		if !whole || !slices.ContainsFunc(list, func(p periodOf) bool { return p.sum.Period == total.String() }) {
			continue
		}
		a := list[last].sum.Aggregation
		from, to, err := list[last].bounds()
		if err != nil {
			return err
		}
		if h := list[last].sum.Held; h != "" {
			level, err := ParseQuantity(h)
			if err != nil {
				return err
			}
			points = append(points, Point{At: from, Value: level})
		}
		if got := a.Of(a.Compact(points), from, to); got != total {
			return fmt.Errorf("the events of %s give %s of %s by %s in the period from %s, the windows say %s", key.subject, got, key.group.meter, a,
				list[last].period.From.Format(time.RFC3339), total)
		}
	}
	return nil
}

// later tells whether p has seen more of the period than o: time for values that are held, samples for percentiles.
func later(p, o periodOf) bool {
	if p.sum.Samples != o.sum.Samples {
		return p.sum.Samples > o.sum.Samples
	}
	a, errA := time.Parse(time.RFC3339Nano, p.sum.Through)
	b, errB := time.Parse(time.RFC3339Nano, o.sum.Through)
	return errA == nil && errB == nil && a.After(b)
}

// bounds are the instants between which the period counts.
func (p periodOf) bounds() (from, to int64, err error) {
	from, to = p.period.From.UnixMicro(), p.period.To.UnixMicro()
	switch p.sum.Aggregation {
	case AggregateWeighted:
		through, err := time.Parse(time.RFC3339Nano, p.sum.Through)
		if err != nil {
			return 0, 0, fmt.Errorf("window %s: %w", p.file.Window.ID, err)
		}
		to = min(to, through.UnixMicro())
	case AggregateP95:
		if p.sum.Samples < 1 || p.sum.Samples > (to-from)/Sample.Microseconds()+1 {
			return 0, 0, fmt.Errorf("window %s: %d samples do not fit into its period", p.file.Window.ID, p.sum.Samples)
		}
		to = floorTo(from, Sample.Microseconds()) + p.sum.Samples*Sample.Microseconds()
		from = floorTo(from, Sample.Microseconds())
	}
	return from, to, nil
}
