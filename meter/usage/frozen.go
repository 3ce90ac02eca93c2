package usage

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/halle-cloud/halle/internal/store"
)

// frozen is what one commit writes: rows made of the changes since the commit before, so that the fold goes on while they
// are written.
type frozen struct {
	from, to uint64 // the offset moves
	tick     int64
	closings int64
	events   int

	subjects, sources, buckets, windows, spans, changes, items, quarantine, tallies [][]any

	levels  map[bucketKey]*amount
	cleared []quarantineKey
	moved   []Move
	closed  bool // a window closed
}

// freeze takes the changes since the last commit out of the fold.
func (f *fold) freeze(committed uint64) (*frozen, error) {
	d := &f.delta
	z := &frozen{from: committed, to: f.consumed, tick: f.tick, closings: f.closings, events: d.events, levels: map[bucketKey]*amount{}}
	if err := errors.Join(z.takeSubjects(d), z.takeWindows(d)); err != nil {
		return nil, err
	}
	z.takeSources(d)
	z.takeBuckets(d)
	for _, c := range d.changes {
		z.changes = append(z.changes, []any{int64(c.batch), c.place, int64(c.fromBatch), c.fromPlace, c.fromGrid, c.window.id})
	}
	for k := range d.items {
		z.items = append(z.items, []any{k.subject, k.meter, k.labels, k.period, d.items[k]})
	}
	for k, q := range d.quarantine {
		z.quarantine = append(z.quarantine, []any{k.key[:], k.hash[:], int64(q.batch), q.place, q.publisher, q.tenant, q.source, q.id, q.subject,
			string(q.reason), store.At(micros(q.at)), q.times})
	}
	z.takeTallies(d)
	for k := range d.cleared {
		z.cleared = append(z.cleared, k)
	}
	for w := range d.windows { // their memory is kept for what comes
		w.places = w.places[:0]
	}
	d.reset()
	return z, nil
}

func (z *frozen) takeSubjects(d *delta) error {
	for s := range d.subjects {
		terms, err := json.Marshal(s.Subject)
		if err != nil {
			return err
		}
		ended := store.AtOrNull(micros(s.ended))
		if s.ended == 0 {
			ended = nil
		}
		z.subjects = append(z.subjects, []any{s.ID, s.Tenant, s.Publisher, terms, ended, s.finished})
	}
	return nil
}

func (z *frozen) takeSources(d *delta) {
	for k, src := range d.sources {
		var mark *store.Time
		if src.watermark != 0 {
			mark = store.AtOrNull(micros(src.watermark))
		}
		z.sources = append(z.sources, []any{k.subject, k.source, mark, src.carried})
	}
}

func (z *frozen) takeBuckets(d *delta) {
	for k, a := range d.buckets {
		if a.merge != adds {
			z.levels[k] = a
			continue
		}
		z.buckets = append(z.buckets, []any{k.subject, k.meter, k.labels, store.At(micros(k.start)), a.quantity.High, a.quantity.Low, a.events})
	}
}

func (z *frozen) takeWindows(d *delta) error {
	moved := map[Move]bool{}
	for w := range d.windows {
		sums, err := json.Marshal(w.list())
		if err != nil {
			return err
		}
		from, to := w.bounds()
		var closedAt *store.Time
		var closing *int64
		if w.closing != 0 {
			number := w.closing
			closedAt, closing, z.closed = store.AtOrNull(micros(w.closed)), &number, true
		}
		z.windows = append(z.windows, []any{w.id, w.subject.Tenant, w.subject.ID, w.source, string(w.kind), w.corrects, w.from, w.to,
			store.At(micros(from)), store.At(micros(to)), store.At(micros(w.opened)), w.events, sums, closedAt, closing, w.special, w.life, w.complete})
		if len(w.places) > 0 {
			z.spans = append(z.spans, []any{w.id, int64(w.firstBatch), slices.Clone(w.places)})
		}
		if m := (Move{w.subject.Tenant, w.subject.ID}); !moved[m] {
			moved[m] = true
			z.moved = append(z.moved, m)
		}
	}
	return nil
}

// write writes the rows and moves the offset. What an earlier attempt wrote, although its answer was lost, is not written
// again. Error: errFenced.
func (z *frozen) write(tx *store.Tx, writer string) error {
	h, err := readHead(tx)
	if err == nil && h.writer != writer {
		err = errFenced
	}
	if err != nil || uint64(h.consumed) == z.to {
		return err
	}
	moved, err := z.moveHead(tx)
	if err == nil && !moved {
		err = errFenced
	}
	if err != nil {
		return err
	}
	for _, write := range []func(*store.Tx) error{z.writeTerms, z.writeBuckets, z.writeLevels, z.writeWindows, z.writeItems, z.writeQuarantine, z.writeTallies} {
		if err := write(tx); err != nil {
			return err
		}
	}
	return nil
}

// moveHead moves the offset; false when it stands elsewhere.
func (z *frozen) moveHead(tx *store.Tx) (bool, error) {
	ticked := store.AtOrNull(micros(z.tick))
	if z.tick == 0 {
		ticked = nil
	}
	n, err := tx.Exec("UPDATE usage_offset SET consumed = $1, ticked_at = $2, closings = $3 WHERE shard = $4 AND consumed = $5",
		int64(z.to), ticked, z.closings, shard, int64(z.from))
	return n == 1, err
}

func (z *frozen) writeTerms(tx *store.Tx) error {
	err := tx.Upsert("usage_subject (id, tenant, publisher, terms, ended_at, finished)",
		"ON CONFLICT (id) DO UPDATE SET terms = excluded.terms, ended_at = excluded.ended_at, finished = excluded.finished", z.subjects)
	if err != nil {
		return err
	}
	return tx.Upsert("usage_source (subject, source, watermark, carried)",
		"ON CONFLICT (subject, source) DO UPDATE SET watermark = excluded.watermark, carried = excluded.carried", z.sources)
}

func (z *frozen) writeBuckets(tx *store.Tx) error {
	return tx.Upsert("usage_bucket (subject, meter, labels, start, high, low, events)",
		`ON CONFLICT (subject, start, meter, labels) DO UPDATE SET
			high = usage_bucket.high + excluded.high + (usage_bucket.low + excluded.low) / 1000000000000000000,
			low = (usage_bucket.low + excluded.low) % 1000000000000000000, events = usage_bucket.events + excluded.events`, z.buckets)
}

// writeLevels writes the buckets whose amounts do not add up, one by one: they are few.
func (z *frozen) writeLevels(tx *store.Tx) error {
	for k, a := range z.levels {
		was := amount{merge: a.merge, set: true}
		err := tx.QueryRow("SELECT high, low, events, at FROM usage_bucket WHERE subject = $1 AND start = $2 AND meter = $3 AND labels = $4",
			k.subject, store.At(micros(k.start)), k.meter, k.labels).Scan(&was.quantity.High, &was.quantity.Low, &was.events, &was.at)
		if errors.Is(err, store.ErrNone) {
			was.set, err = false, nil
		}
		if err != nil {
			return err
		}
		was.put(*a)
		_, err = tx.Exec(`INSERT INTO usage_bucket (subject, meter, labels, start, high, low, events, merge, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (subject, start, meter, labels) DO UPDATE SET high = excluded.high, low = excluded.low, events = excluded.events, at = excluded.at`,
			k.subject, k.meter, k.labels, store.At(micros(k.start)), was.quantity.High, was.quantity.Low, was.events, string(a.merge), was.at)
		if err != nil {
			return err
		}
	}
	return nil
}

func (z *frozen) writeWindows(tx *store.Tx) error {
	err := tx.Upsert(`usage_window (id, tenant, subject, source, kind, corrects, grid_from, grid_to, from_at, to_at,
			opened_at, events, sums, closed_at, closing, special, life, complete)`,
		`ON CONFLICT (id) DO UPDATE SET to_at = excluded.to_at, events = excluded.events, sums = excluded.sums,
			closed_at = excluded.closed_at, closing = excluded.closing, special = excluded.special, life = excluded.life,
			complete = excluded.complete`, z.windows)
	if err != nil {
		return err
	}
	if err := tx.Upsert("usage_span (window_id, batch, positions)", "", z.spans); err != nil {
		return err
	}
	return tx.Upsert("usage_correction (batch, place, from_batch, from_place, from_grid, window_id)", "", z.changes)
}

func (z *frozen) writeItems(tx *store.Tx) error {
	return tx.Upsert("usage_items (subject, meter, labels, period_from, items)",
		"ON CONFLICT (subject, meter, labels, period_from) DO UPDATE SET items = excluded.items", z.items)
}

func (z *frozen) writeQuarantine(tx *store.Tx) error {
	for _, k := range z.cleared {
		if _, err := tx.Exec("DELETE FROM usage_quarantine WHERE event_key = $1 AND event_hash = $2", k.key[:], k.hash[:]); err != nil {
			return err
		}
	}
	return tx.Upsert(`usage_quarantine (event_key, event_hash, batch, place, publisher, tenant, source, event_id,
			subject, reason, received_at, times)`,
		`ON CONFLICT (event_key, event_hash) DO UPDATE SET tenant = excluded.tenant, reason = excluded.reason,
			received_at = excluded.received_at, times = usage_quarantine.times + excluded.times`, z.quarantine)
}
