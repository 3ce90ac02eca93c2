package usage

import (
	"errors"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// quantity computes a period anew, keeps it, and gives what the window says about it. own tells whether it is the
// window's own period.
func (c *closing) quantity(tx *store.Tx, t touch, own bool) (sum proof.Sum, delta Quantity, err error) {
	a, k := c.terms.aggregation(t.group.meter), t.group
	source := ""
	if a == proof.AggregateWeighted {
		source = c.source
	}
	before, through, err := readPeriod(tx, c.subject, source, t)
	if err != nil {
		return sum, delta, err
	}
	points, err := readPoints(tx, "period_from = $6", c.subject, k, source, t.period)
	if err != nil {
		return sum, delta, err
	}
	interval := c.terms.periodAt(micros(t.period))
	from, to := max(interval.From.UnixMicro(), c.terms.From.UnixMicro()), interval.To.UnixMicro()
	sum = proof.Sum{Meter: k.meter, Unit: k.unit, Labels: k.labels, Aggregation: a}
	switch a {
	case proof.AggregateWeighted:
		if own {
			through = max(through, min(c.reach(to), to))
		}
		to = through
		sum.Through = micros(to).Format(time.RFC3339Nano)
		last, err := lastBefore(tx, c.subject, k, source, t.period)
		if err != nil {
			return sum, delta, err
		}
		if last != nil {
			points = append(points, *last)
			sum.Held = last.Value.String()
		}
	case proof.AggregateP95:
		if c.life != 0 {
			to = min(to, c.life)
		}
		step := proof.Sample.Microseconds()
		sum.Samples = (floor(to-1, step)-floor(from, step))/step + 1
	}
	after := a.Of(a.Compact(points), from, to)
	delta = after.Sub(before)
	sum.Quantity, sum.Period = delta.String(), after.String()
	_, err = tx.Exec(`INSERT INTO usage_period (subject, source, meter, unit, labels, period_from, quantity, through) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (subject, source, meter, unit, labels, period_from) DO UPDATE SET quantity = excluded.quantity, through = excluded.through`,
		c.subject, source, k.meter, k.unit, k.labels, t.period, after.String(), through)
	return sum, delta, err
}

// reach is up to when the window counts values that are held: to its end, and a correction to the end of the period when
// nothing of the period is to come.
func (c *closing) reach(period int64) int64 {
	if c.kind != Correction || c.complete < period {
		return c.to
	}
	if c.life != 0 {
		period = min(period, c.life)
	}
	return period
}

func readPeriod(tx *store.Tx, subject, source string, t touch) (q Quantity, through int64, err error) {
	type row struct {
		text    string
		through int64
	}
	got, err := store.One(tx, func(s store.Scanner) (r row, err error) {
		err = s.Scan(&r.text, &r.through)
		return r, err
	}, `SELECT quantity, through FROM usage_period WHERE subject = $1 AND source = $2 AND meter = $3 AND unit = $4 AND labels = $5 AND period_from = $6`,
		subject, source, t.group.meter, t.group.unit, t.group.labels, t.period)
	if errors.Is(err, store.ErrNone) {
		return q, 0, nil
	}
	if err == nil {
		q, err = proof.ParseQuantity(got.text)
	}
	return q, got.through, err
}

func readPoints(tx *store.Tx, where, subject string, k sumKey, source string, period int64) (points []proof.Point, err error) {
	err = tx.Each(func(row store.Scanner) error {
		var text []byte
		if err := row.Scan(&text); err != nil {
			return err
		}
		points, err = parsePoints(points, text)
		return err
	}, "SELECT points FROM usage_part WHERE subject = $1 AND meter = $2 AND unit = $3 AND labels = $4 AND ($5 = '' OR source = $5) AND "+where,
		subject, k.meter, k.unit, k.labels, source, period)
	return points, err
}

// lastBefore is the value that was held when a period began, nil for none.
func lastBefore(tx *store.Tx, subject string, k sumKey, source string, period int64) (*proof.Point, error) {
	points, err := readPoints(tx, `period_from = (SELECT max(period_from) FROM usage_part
		WHERE subject = $1 AND meter = $2 AND unit = $3 AND labels = $4 AND source = $5 AND period_from < $6)`, subject, k, source, period)
	if err != nil || len(points) == 0 {
		return nil, err
	}
	points = proof.AggregateWeighted.Compact(points)
	last := points[len(points)-1]
	last.At = min(last.At, period-1)
	return &last, nil
}
