package usage

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/proof"
)

// window is an open window, or one that closed since the last commit.
type window struct {
	id       string
	subject  *subject
	source   string
	kind     Kind
	corrects string
	from, to int64 // of the grid
	opened   int64
	events   int64
	sums     map[sumKey]*Quantity
	special  bool  // its digest or its quantities take more than its events one by one
	closed   int64 // 0: open
	closing  int64 // the number of its closing
	life     int64 // when it closed: the end of the subscription, 0 for none yet
	complete int64 // when it closed: through where its source was complete

	// Places of events counted since the last commit: pairs of varints, the step from the batch before and the index.
	places     []byte
	firstBatch uint64
	lastBatch  uint64
}

type sumKey struct{ meter, unit, labels string }

// openEnd is the end of a window without one: WholeLife before the subscription has ended. Both databases keep it.
const openEnd = 253402300799999999 // 9999-12-31T23:59:59.999999Z

// instant is the microsecond that decides which window an event belongs to.
func (s *subject) instant(it *item) int64 {
	at := it.end - 1
	if s.ended != 0 {
		at = min(at, s.ended-1)
	}
	return at
}

// grid is the window that holds an instant, before the subscription's life cuts it.
func (s *subject) grid(at, length int64) (from, to int64) {
	if s.Window == WholeLife {
		return s.from, openEnd
	}
	if s.Window > 0 {
		length = s.Window.Microseconds()
	}
	from = floor(at, length)
	return from, from + length
}

// due is the instant through which its source must be complete for a window to close. What was accepted beyond the
// end before the end was known closes with the end.
func (s *subject) due(w *window) int64 {
	if s.ended != 0 {
		return min(w.to, s.ended)
	}
	return w.to
}

// bounds are the window's instants, cut to the subscription's life.
func (w *window) bounds() (from, to int64) {
	s := w.subject
	from, to = max(w.from, s.from), w.to
	if s.ended > from {
		to = min(to, s.ended)
	}
	return from, to
}

// window finds or opens the window of an event; a correction when the regular one has closed.
func (f *fold) window(s *subject, name string, src *source, at int64, r *record, place int) *window {
	from, to := s.grid(at, f.rules.window)
	if w := src.open[from]; w != nil {
		return w
	}
	if w := src.late[from]; w != nil {
		return w
	}
	w := &window{subject: s, source: strings.Clone(name), kind: Regular, from: from, to: to, opened: r.at, sums: map[sumKey]*Quantity{}}
	w.id = f.windowID(s.ID, name, "regular", from)
	if s.due(w) > f.complete(s, src) {
		src.open[from] = w
		return w
	}
	// Named by the place of its first event: there may be several for one hour.
	w.kind, w.corrects = Correction, w.id
	w.id = f.windowID(s.ID, name, fmt.Sprintf("correction %d", place), int64(r.number))
	src.late[from] = w
	return w
}

// add adds an amount, or with the sign -1 takes it back. What does not add up is worked out when the window closes.
func (w *window) add(it *item, sign int64) {
	a := w.subject.aggregation(it.meter)
	if !a.Adds() {
		w.special = true
		return
	}
	q := w.sums[sumKey{it.meter, it.unit, it.labels}]
	if q == nil {
		q = &Quantity{}
		w.sums[sumKey{strings.Clone(it.meter), strings.Clone(it.unit), strings.Clone(it.labels)}] = q
	}
	if a == proof.AggregateCount {
		q.Add(sign)
		return
	}
	q.Add(sign * it.value)
}

// enter notes where the event stands in the log.
func (w *window) enter(batch uint64, place int) {
	w.events++
	if len(w.places) == 0 {
		w.firstBatch, w.lastBatch = batch, batch
	}
	w.places = binary.AppendUvarint(w.places, batch-w.lastBatch)
	w.places = binary.AppendUvarint(w.places, uint64(place))
	w.lastBatch = batch
}

// closeDue closes the windows of a source that are due. A correction closes at the next watermark whatever it says,
// or after the grace.
func (f *fold) closeDue(s *subject, name string, src *source, at int64, watermark bool) {
	through := f.complete(s, src)
	f.carry(s, name, src, through, at)
	var due []*window
	for _, w := range src.open {
		if s.due(w) <= through {
			due = append(due, w)
		}
	}
	for _, w := range src.late {
		if watermark || f.tick != 0 && w.opened <= f.tick-f.graceOf(s) {
			due = append(due, w)
		}
	}
	slices.SortFunc(due, func(a, b *window) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.id, b.id)) })
	for _, w := range due {
		if w.kind == Correction {
			delete(src.late, w.from)
		} else {
			delete(src.open, w.from)
		}
		w.complete = through
		f.close(w, at)
	}
}

func (f *fold) close(w *window, at int64) {
	f.closings++
	w.closed, w.closing, w.life = at, f.closings, w.subject.ended
	f.delta.windows[w] = true
}

// list gives the sums sorted by meter, then labels.
func (w *window) list() []proof.Sum {
	keys := slices.SortedFunc(maps.Keys(w.sums), func(a, b sumKey) int {
		return cmp.Or(cmp.Compare(a.meter, b.meter), cmp.Compare(a.labels, b.labels), cmp.Compare(a.unit, b.unit))
	})
	out := make([]proof.Sum, len(keys))
	for i, k := range keys {
		out[i] = proof.Sum{Meter: k.meter, Unit: k.unit, Labels: k.labels, Quantity: w.sums[k].String()}
		if w.subject.aggregation(k.meter) == proof.AggregateCount {
			out[i].Aggregation = proof.AggregateCount
		}
	}
	return out
}

// eachPlace reads places again.
func eachPlace(first uint64, places []byte, fn func(batch uint64, place int) error) error {
	batch := first
	for len(places) > 0 {
		step, n := binary.Uvarint(places)
		if n <= 0 {
			return fmt.Errorf("places of events: %x", places)
		}
		place, m := binary.Uvarint(places[n:])
		if m <= 0 {
			return fmt.Errorf("places of events: %x", places)
		}
		batch += step
		if err := fn(batch, int(place)); err != nil {
			return err
		}
		places = places[n+m:]
	}
	return nil
}
