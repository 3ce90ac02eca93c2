package usage

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// closing is a closed window to be digested.
type closing struct {
	id, subject, source string
	kind                Kind
	from, to            int64
	life, complete      int64
	number              int64
	special             bool
	sums                []proof.Sum
	terms               Subject
}

const selectClosings = `SELECT w.id, w.subject, w.source, w.kind, w.from_at, w.to_at, w.life, w.complete, w.closing, w.special, w.sums, s.terms
	FROM usage_window w JOIN usage_subject s ON s.id = w.subject WHERE w.digest IS NULL AND w.closing IS NOT NULL ORDER BY w.closing LIMIT $1`

func scanClosing(row store.Scanner) (c closing, err error) {
	var from, to store.Time
	var kind string
	var sums, terms []byte
	if err := row.Scan(&c.id, &c.subject, &c.source, &kind, &from, &to, &c.life, &c.complete, &c.number, &c.special, &sums, &terms); err != nil {
		return c, err
	}
	c.kind, c.from, c.to = Kind(kind), from.UnixMicro(), to.UnixMicro()
	return c, errors.Join(json.Unmarshal(sums, &c.sums), json.Unmarshal(terms, &c.terms))
}

// period is the beginning of the billing period that a window belongs to.
func (s *Subject) period(to int64) int64 { return s.periodAt(micros(to - 1)).From.UnixMicro() }

// contribution is what one window adds to its period where amounts do not add up.
type contribution struct {
	window string
	source string
	period int64
	groups map[sumKey][]proof.Point
}

// touch is a period of a group that a closing window changes.
type touch struct {
	group  sumKey
	period int64
}

// evaluate works out a window whose digest or quantities take more than its events one by one. Each window contributes
// to its period what counts of its own events; what is taken back is left out of the contribution of the window that had
// counted it. The quantity of the period is computed from all contributions, and the window states the difference.
func (s *Store) evaluate(ctx context.Context, c *closing) error {
	taken, err := s.taken(ctx, c)
	if err != nil {
		return err
	}
	var hashes [][32]byte
	touched := map[touch]bool{}
	others := map[position]int64{} // taken back from other windows, with the start of their grid
	period := c.terms.period(c.to)
	own := contribution{c.id, c.source, period, map[sumKey][]proof.Point{}}
	err = s.entries(ctx, c.id, func(e entry) error {
		hashes = append(hashes, e.hash())
		if e.original != nil {
			from := taken[e.at]
			others[from.from] = from.grid
			if err := c.note(touched, e.original, period); err != nil {
				return err
			}
		}
		delete(others, e.at) // it is of this window
		if err := c.note(touched, e.canonical, period); err != nil {
			return err
		}
		if taken.has(e.at) {
			return nil
		}
		return own.add(&c.terms, c.from, e.canonical)
	})
	if err != nil {
		return err
	}
	parts := []contribution{own}
	if parts, err = s.recount(ctx, c, parts, others, taken, touched); err != nil {
		return err
	}
	digest := proof.WindowDigest(hashes)
	return s.cfg.DB.Tx(ctx, func(tx *store.Tx) error { return c.settle(tx, parts, touched, digest) })
}

// note adds the group of an event that does not add up.
func (c *closing) note(touched map[touch]bool, canonical []byte, period int64) error {
	e, err := proof.ParseEvent(string(canonical))
	if err == nil && e.Counts() && !c.terms.aggregation(e.Data.Meter).Adds() {
		touched[touch{sumKey{e.Data.Meter, e.Data.Unit, e.Data.Labels()}, period}] = true
	}
	return err
}

// add adds what an event contributes.
func (p *contribution) add(terms *Subject, from int64, canonical []byte) error {
	e, err := proof.ParseEvent(string(canonical))
	if err != nil || !e.Counts() {
		return err
	}
	a := terms.aggregation(e.Data.Meter)
	if a.Adds() {
		return nil
	}
	u, err := e.Usage()
	if err != nil {
		return err
	}
	key := sumKey{e.Data.Meter, e.Data.Unit, e.Data.Labels()}
	p.groups[key] = append(p.groups[key], a.PointOf(&e, u, proof.EventHash(canonical), micros(from)))
	if n := len(p.groups[key]); n&(n-1) == 0 {
		p.groups[key] = a.Compact(p.groups[key])
	}
	return nil
}

// origin is what a correction takes back.
type origin struct {
	from position
	grid int64
}

// takings are the corrections of a source in windows closed so far, by where they stand.
type takings map[position]origin

func (t takings) has(at position) bool {
	for _, o := range t {
		if o.from == at {
			return true
		}
	}
	return false
}

func (s *Store) taken(ctx context.Context, c *closing) (takings, error) {
	out := takings{}
	err := s.cfg.DB.Read(ctx, func(tx *store.Tx) error {
		clear(out)
		return tx.Each(func(row store.Scanner) error {
			var at position
			var o origin
			err := row.Scan(&at.batch, &at.place, &o.from.batch, &o.from.place, &o.grid)
			out[at] = o
			return err
		}, `SELECT c.batch, c.place, c.from_batch, c.from_place, c.from_grid FROM usage_window w JOIN usage_correction c ON c.window_id = w.id
			WHERE w.subject = $1 AND w.source = $2 AND w.closing <= $3`, c.subject, c.source, c.number)
	})
	if err != nil {
		return nil, fmt.Errorf("what was taken back: %w", err)
	}
	return out, nil
}

// recount makes the contributions of the windows anew from which something was taken back.
func (s *Store) recount(ctx context.Context, c *closing, parts []contribution, others map[position]int64, taken takings, touched map[touch]bool) ([]contribution, error) {
	done := map[string]bool{c.id: true}
	for at, grid := range others {
		w, err := s.holder(ctx, c, at, grid)
		if err != nil {
			return nil, err
		}
		period := c.terms.period(w.to)
		p := contribution{w.id, c.source, period, map[sumKey][]proof.Point{}}
		err = s.entries(ctx, w.id, func(e entry) error {
			if e.at == at {
				return c.note(touched, e.canonical, period)
			}
			if done[w.id] || taken.has(e.at) {
				return nil
			}
			return p.add(&c.terms, w.from, e.canonical)
		})
		if err != nil {
			return nil, err
		}
		if !done[w.id] {
			parts = append(parts, p)
			done[w.id] = true
		}
	}
	return parts, nil
}

type bounded struct {
	id       string
	from, to int64
}

func scanBounded(row store.Scanner) (b bounded, err error) {
	var from, to store.Time
	err = row.Scan(&b.id, &from, &to)
	b.from, b.to = from.UnixMicro(), to.UnixMicro()
	return b, err
}

// holder finds the closed window that counted an event: one of its grid, or else any of the source.
func (s *Store) holder(ctx context.Context, c *closing, at position, grid int64) (bounded, error) {
	const of = "SELECT id, from_at, to_at FROM usage_window WHERE subject = $1 AND source = $2 AND closing <= $3"
	for _, q := range []struct {
		sql  string
		args []any
	}{{of + " AND grid_from = $4", []any{c.subject, c.source, c.number, grid}}, {of + " ORDER BY closing DESC", []any{c.subject, c.source, c.number}}} {
		var list []bounded
		err := s.cfg.DB.Read(ctx, func(tx *store.Tx) (err error) {
			list, err = store.All(tx, scanBounded, q.sql, q.args...)
			return err
		})
		if err != nil {
			return bounded{}, err
		}
		for _, w := range list {
			spans, err := s.spans(ctx, w.id)
			if err != nil {
				return bounded{}, err
			}
			found := false
			for _, sp := range spans {
				if uint64(sp.batch) > at.batch {
					break
				}
				if err := eachPlace(uint64(sp.batch), sp.places, func(batch uint64, place int) error {
					found = found || position{batch, place} == at
					return nil
				}); err != nil {
					return bounded{}, err
				}
			}
			if found {
				return w, nil
			}
		}
	}
	return bounded{}, fmt.Errorf("no window of %s counted event %d of record %d", c.subject, at.place, at.batch)
}

// settle writes contributions, the new quantities of their periods, and the window with its differences.
func (c *closing) settle(tx *store.Tx, parts []contribution, touched map[touch]bool, digest [32]byte) error {
	for _, p := range parts {
		if err := c.write(tx, p); err != nil {
			return err
		}
	}
	all := maps.Clone(touched)
	if err := errors.Join(c.waiting(tx, all), c.following(tx, all)); err != nil {
		return err
	}
	period := c.terms.period(c.to)
	sums := map[sumKey]proof.Sum{}
	for _, t := range slices.SortedFunc(maps.Keys(all), compareTouch) {
		sum, delta, err := c.quantity(tx, t, t.period == period)
		if err != nil {
			return err
		}
		if !touched[t] && delta == (Quantity{}) {
			continue
		}
		if was, ok := sums[t.group]; ok { // another period of the same group: the window says its own
			other, err := proof.ParseQuantity(was.Quantity)
			if err != nil {
				return err
			}
			if delta.AddQuantity(other); t.period != period {
				sum = was
			}
			sum.Quantity = delta.String()
		}
		sums[t.group] = sum
	}
	list := append([]proof.Sum{}, c.sums...)
	list = append(list, slices.Collect(maps.Values(sums))...)
	slices.SortFunc(list, func(a, b proof.Sum) int {
		return cmp.Or(cmp.Compare(a.Meter, b.Meter), cmp.Compare(a.Labels, b.Labels), cmp.Compare(a.Unit, b.Unit))
	})
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE usage_window SET sums = $1, digest = $2 WHERE id = $3", text, digest[:], c.id)
	return err
}

func compareTouch(a, b touch) int {
	return cmp.Or(cmp.Compare(a.period, b.period), cmp.Compare(a.group.meter, b.group.meter), cmp.Compare(a.group.labels, b.group.labels),
		cmp.Compare(a.group.unit, b.group.unit))
}

// waiting adds the groups that change without an event: values that are held, and percentiles when the end is known.
func (c *closing) waiting(tx *store.Tx, all map[touch]bool) error {
	period := c.terms.period(c.to)
	for meter, rule := range c.terms.Rules {
		query, args := "", []any{c.subject, meter}
		switch {
		case rule.Aggregation == proof.AggregateWeighted && c.kind == Regular:
			query, args = " AND source = $3 AND period_from <= $4", append(args, c.source, period)
		case rule.Aggregation == proof.AggregateP95 && c.life != 0:
			query, args = " AND period_from = $3", append(args, period)
		default:
			continue
		}
		err := tx.Each(func(row store.Scanner) error {
			var k sumKey
			err := row.Scan(&k.meter, &k.unit, &k.labels)
			all[touch{k, period}] = true
			return err
		}, "SELECT DISTINCT meter, unit, labels FROM usage_part WHERE subject = $1 AND meter = $2"+query, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// following adds the later periods into which a value is held that was corrected.
func (c *closing) following(tx *store.Tx, all map[touch]bool) error {
	if c.kind == Regular {
		return nil // later periods have not begun, or their next window brings it in
	}
	for _, t := range slices.Collect(maps.Keys(all)) {
		if c.terms.aggregation(t.group.meter) != proof.AggregateWeighted {
			continue
		}
		err := tx.Each(func(row store.Scanner) error {
			later := touch{group: t.group}
			err := row.Scan(&later.period)
			all[later] = true
			return err
		}, `SELECT period_from FROM usage_period WHERE subject = $1 AND source = $2 AND meter = $3 AND unit = $4 AND labels = $5 AND period_from > $6`,
			c.subject, c.source, t.group.meter, t.group.unit, t.group.labels, t.period)
		if err != nil {
			return err
		}
	}
	return nil
}

// write replaces the contribution of a window.
func (c *closing) write(tx *store.Tx, p contribution) error {
	if _, err := tx.Exec("DELETE FROM usage_part WHERE window_id = $1", p.window); err != nil {
		return err
	}
	for k, points := range p.groups {
		text := appendPoints(nil, c.terms.aggregation(k.meter).Compact(points))
		_, err := tx.Exec(`INSERT INTO usage_part (window_id, subject, source, meter, unit, labels, period_from, points)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, p.window, c.subject, p.source, k.meter, k.unit, k.labels, p.period, text)
		if err != nil {
			return err
		}
	}
	return nil
}
