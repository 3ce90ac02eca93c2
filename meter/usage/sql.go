package usage

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// shard is the row of this log; there is one today.
const shard = 0

// bulkRows is how many rows go into one statement: it is prepared anew each time, which costs more than a row.
const bulkRows = 50

// bulk inserts rows with as few statements as may be.
func bulk(tx *store.Tx, insert, conflict string, rows [][]any) error {
	for chunk := range slices.Chunk(rows, bulkRows) {
		var b strings.Builder
		b.WriteString(insert + " VALUES ")
		var args []any
		for i, row := range chunk {
			if i > 0 {
				b.WriteByte(',')
			}
			for j := range row {
				sep := ","
				if j == 0 {
					sep = "("
				}
				fmt.Fprintf(&b, "%s$%d", sep, len(args)+j+1)
			}
			b.WriteByte(')')
			args = append(args, row...)
		}
		if _, err := tx.Exec(b.String()+" "+conflict, args...); err != nil {
			return err
		}
	}
	return nil
}

type head struct {
	consumed int64
	ticked   *store.Time
	closings int64
	writer   string
}

// readHead reads the offset; the row is made when it is missing.
func readHead(tx *store.Tx) (h head, err error) {
	if _, err := tx.Exec("INSERT INTO usage_offset (shard, consumed, closings) VALUES ($1, 0, 0) ON CONFLICT (shard) DO NOTHING", shard); err != nil {
		return h, err
	}
	err = tx.QueryRow("SELECT consumed, ticked_at, closings, writer FROM usage_offset WHERE shard = $1", shard).Scan(&h.consumed, &h.ticked, &h.closings, &h.writer)
	return h, err
}

// takeHead makes somebody the one who writes.
func takeHead(tx *store.Tx, writer string) error {
	_, err := tx.Exec("UPDATE usage_offset SET writer = $1 WHERE shard = $2", writer, shard)
	return err
}

// moveHead moves the offset from one value to another; false when it stands elsewhere.
func moveHead(tx *store.Tx, from, to uint64, f *fold) (bool, error) {
	ticked := store.AtOrNull(micros(f.tick))
	if f.tick == 0 {
		ticked = nil
	}
	n, err := tx.Exec("UPDATE usage_offset SET consumed = $1, ticked_at = $2, closings = $3 WHERE shard = $4 AND consumed = $5",
		int64(to), ticked, f.closings, shard, int64(from))
	return n == 1, err
}

func writeDelta(tx *store.Tx, d *delta) error {
	for _, write := range []func(*store.Tx, *delta) error{writeSubjects, writeSources, writeBuckets, writeLevels, writeWindows, writeChanges, writeItems, writeQuarantine} {
		if err := write(tx, d); err != nil {
			return err
		}
	}
	return nil
}

func writeSubjects(tx *store.Tx, d *delta) error {
	var rows [][]any
	for s := range d.subjects {
		terms, err := json.Marshal(s.Subject)
		if err != nil {
			return err
		}
		ended := store.AtOrNull(micros(s.ended))
		if s.ended == 0 {
			ended = nil
		}
		rows = append(rows, []any{s.ID, s.Tenant, s.Publisher, terms, ended, s.finished})
	}
	return bulk(tx, "INSERT INTO usage_subject (id, tenant, publisher, terms, ended_at, finished)",
		"ON CONFLICT (id) DO UPDATE SET terms = excluded.terms, ended_at = excluded.ended_at, finished = excluded.finished", rows)
}

func writeSources(tx *store.Tx, d *delta) error {
	var rows [][]any
	for k, src := range d.sources {
		var mark *store.Time
		if src.watermark != 0 {
			mark = store.AtOrNull(micros(src.watermark))
		}
		rows = append(rows, []any{k.subject, k.source, mark, src.carried})
	}
	return bulk(tx, "INSERT INTO usage_source (subject, source, watermark, carried)",
		"ON CONFLICT (subject, source) DO UPDATE SET watermark = excluded.watermark, carried = excluded.carried", rows)
}

func writeBuckets(tx *store.Tx, d *delta) error {
	var rows [][]any
	for k, a := range d.buckets {
		if a.merge != adds {
			continue
		}
		rows = append(rows, []any{k.subject, k.meter, k.labels, store.At(micros(k.start)), a.quantity.High, a.quantity.Low, a.events})
	}
	return bulk(tx, "INSERT INTO usage_bucket (subject, meter, labels, start, high, low, events)",
		`ON CONFLICT (subject, start, meter, labels) DO UPDATE SET
			high = usage_bucket.high + excluded.high + (usage_bucket.low + excluded.low) / 1000000000000000000,
			low = (usage_bucket.low + excluded.low) % 1000000000000000000, events = usage_bucket.events + excluded.events`, rows)
}

// writeLevels writes the buckets whose amounts do not add up, one by one: they are few.
func writeLevels(tx *store.Tx, d *delta) error {
	for k, a := range d.buckets {
		if a.merge == adds {
			continue
		}
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

func writeChanges(tx *store.Tx, d *delta) error {
	rows := make([][]any, len(d.changes))
	for i, c := range d.changes {
		rows[i] = []any{int64(c.batch), c.place, int64(c.fromBatch), c.fromPlace, c.fromGrid, c.window.id}
	}
	return bulk(tx, "INSERT INTO usage_correction (batch, place, from_batch, from_place, from_grid, window_id)", "", rows)
}

func writeItems(tx *store.Tx, d *delta) error {
	var rows [][]any
	for k := range d.items {
		rows = append(rows, []any{k.subject, k.meter, k.labels, k.period, d.items[k]})
	}
	return bulk(tx, "INSERT INTO usage_items (subject, meter, labels, period_from, items)",
		"ON CONFLICT (subject, meter, labels, period_from) DO UPDATE SET items = excluded.items", rows)
}

func writeWindows(tx *store.Tx, d *delta) error {
	var rows, spans [][]any
	for w := range d.windows {
		sums, err := json.Marshal(w.list())
		if err != nil {
			return err
		}
		from, to := w.bounds()
		var closedAt *store.Time
		var closing *int64
		if w.closing != 0 {
			closedAt, closing = store.AtOrNull(micros(w.closed)), &w.closing
		}
		rows = append(rows, []any{w.id, w.subject.Tenant, w.subject.ID, w.source, string(w.kind), w.corrects, w.from, w.to,
			store.At(micros(from)), store.At(micros(to)), store.At(micros(w.opened)), w.events, sums, closedAt, closing, w.special, w.life, w.complete})
		if len(w.places) > 0 {
			spans = append(spans, []any{w.id, int64(w.firstBatch), slices.Clone(w.places)})
		}
	}
	err := bulk(tx, `INSERT INTO usage_window (id, tenant, subject, source, kind, corrects, grid_from, grid_to, from_at, to_at,
			opened_at, events, sums, closed_at, closing, special, life, complete)`,
		`ON CONFLICT (id) DO UPDATE SET to_at = excluded.to_at, events = excluded.events, sums = excluded.sums,
			closed_at = excluded.closed_at, closing = excluded.closing, special = excluded.special, life = excluded.life,
			complete = excluded.complete`, rows)
	return errors.Join(err, bulk(tx, "INSERT INTO usage_span (window_id, batch, positions)", "", spans))
}

func writeQuarantine(tx *store.Tx, d *delta) error {
	var rows [][]any
	for k, q := range d.quarantine {
		rows = append(rows, []any{k.key[:], k.hash[:], int64(q.batch), q.place, q.publisher, q.tenant, q.source, q.id, q.subject,
			string(q.reason), store.At(micros(q.at)), q.times})
	}
	for k := range d.cleared {
		if _, err := tx.Exec("DELETE FROM usage_quarantine WHERE event_key = $1 AND event_hash = $2", k.key[:], k.hash[:]); err != nil {
			return err
		}
	}
	return bulk(tx, `INSERT INTO usage_quarantine (event_key, event_hash, batch, place, publisher, tenant, source, event_id,
			subject, reason, received_at, times)`,
		`ON CONFLICT (event_key, event_hash) DO UPDATE SET tenant = excluded.tenant, reason = excluded.reason,
			received_at = excluded.received_at, times = usage_quarantine.times + excluded.times`, rows)
}

// load reads the committed state into an empty fold.
func (f *fold) load(tx *store.Tx) error {
	h, err := readHead(tx)
	if err != nil {
		return err
	}
	f.consumed, f.closings = uint64(h.consumed), h.closings
	if h.ticked != nil {
		f.tick = h.ticked.UnixMicro()
	}
	err = tx.Each(func(row store.Scanner) error {
		var terms []byte
		var ended *store.Time
		var finished bool
		var in Subject
		if err := row.Scan(&terms, &ended, &finished); err != nil {
			return err
		}
		if err := json.Unmarshal(terms, &in); err != nil {
			return err
		}
		s := newSubject(in)
		s.finished = finished
		if ended != nil {
			s.ended = ended.UnixMicro()
		}
		f.subjects[s.ID] = s
		return nil
	}, "SELECT terms, ended_at, finished FROM usage_subject")
	if err != nil {
		return err
	}
	return errors.Join(f.loadSources(tx), f.loadWindows(tx), f.loadHeld(tx), f.loadItems(tx))
}

func (f *fold) loadHeld(tx *store.Tx) error {
	return tx.Each(func(row store.Scanner) error {
		var key, hash []byte
		if err := row.Scan(&key, &hash); err != nil {
			return err
		}
		var k quarantineKey
		copy(k.key[:], key)
		copy(k.hash[:], hash)
		f.held[k] = true
		return nil
	}, "SELECT event_key, event_hash FROM usage_quarantine")
}

func (f *fold) loadItems(tx *store.Tx) error {
	return tx.Each(func(row store.Scanner) error {
		var k itemsKey
		var n int64
		if err := row.Scan(&k.subject, &k.meter, &k.labels, &k.period, &n); err != nil {
			return err
		}
		f.items[k] = n
		return nil
	}, "SELECT subject, meter, labels, period_from, items FROM usage_items")
}

func (f *fold) loadSources(tx *store.Tx) error {
	return tx.Each(func(row store.Scanner) error {
		var subject, name string
		var mark *store.Time
		src := newSource()
		if err := row.Scan(&subject, &name, &mark, &src.carried); err != nil {
			return err
		}
		if mark != nil {
			src.watermark = mark.UnixMicro()
		}
		f.subjects[subject].sources[name] = src
		return nil
	}, "SELECT subject, source, watermark, carried FROM usage_source")
}

func (f *fold) loadWindows(tx *store.Tx) error {
	return tx.Each(func(row store.Scanner) error {
		w := &window{sums: map[sumKey]*Quantity{}}
		var subject, kind string
		var opened store.Time
		var text []byte
		if err := row.Scan(&w.id, &subject, &w.source, &kind, &w.corrects, &w.from, &w.to, &opened, &w.events, &text, &w.special); err != nil {
			return err
		}
		var sums []proof.Sum
		if err := json.Unmarshal(text, &sums); err != nil {
			return err
		}
		for _, s := range sums {
			q, err := proof.ParseQuantity(s.Quantity)
			if err != nil {
				return err
			}
			w.sums[sumKey{s.Meter, s.Unit, s.Labels}] = &q
		}
		w.subject, w.kind, w.opened = f.subjects[subject], Kind(kind), opened.UnixMicro()
		if src := w.subject.sources[w.source]; w.kind == Correction {
			src.late[w.from] = w
		} else {
			src.open[w.from] = w
		}
		return nil
	}, `SELECT id, subject, source, kind, corrects, grid_from, grid_to, opened_at, events, sums, special FROM usage_window WHERE closing IS NULL`)
}

// tables of the folded state, for a rebuild.
func tables() []string {
	return []string{"usage_offset", "usage_subject", "usage_source", "usage_bucket", "usage_window", "usage_span", "usage_quarantine",
		"usage_correction", "usage_part", "usage_period", "usage_items"}
}

func wipe(tx *store.Tx) error {
	for _, t := range tables() {
		if _, err := tx.Exec("DELETE FROM " + t); err != nil {
			return err
		}
	}
	return nil
}

// clearDelta forgets what was committed; the memory of windows that go on is kept.
func (f *fold) clearDelta() {
	for w := range f.delta.windows {
		w.places = w.places[:0]
	}
	f.delta.reset()
}
