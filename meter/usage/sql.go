package usage

import (
	"encoding/json"
	"errors"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// shard is the row of this log; there is one today.
const shard = 0

type head struct {
	consumed int64
	ticked   *store.Time
	closings int64
	writer   string
	log      string // batchlog.Log.ID
}

// readHead reads the offset; the row is made when it is missing.
func readHead(tx *store.Tx) (h head, err error) {
	if _, err := tx.Exec("INSERT INTO usage_offset (shard, consumed, closings) VALUES ($1, 0, 0) ON CONFLICT (shard) DO NOTHING", shard); err != nil {
		return h, err
	}
	err = tx.QueryRow("SELECT consumed, ticked_at, closings, writer, log FROM usage_offset WHERE shard = $1", shard).Scan(&h.consumed, &h.ticked, &h.closings, &h.writer, &h.log)
	return h, err
}

// takeHead makes somebody the one who writes what a log is folded into.
func takeHead(tx *store.Tx, writer, log string) error {
	_, err := tx.Exec("UPDATE usage_offset SET writer = $1, log = $2 WHERE shard = $3", writer, log, shard)
	return err
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
		"usage_correction", "usage_part", "usage_period", "usage_items", "usage_quality"}
}

func wipe(tx *store.Tx) error {
	for _, t := range tables() {
		if _, err := tx.Exec("DELETE FROM " + t); err != nil {
			return err
		}
	}
	return nil
}
