package usage

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/seen"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// maxPlaces bounds the places of a record, so that number and place fit into one integer of the index.
const maxPlaces = 1 << 10

// valueOf is what the index keeps of an event: half its hash, and where it stands in the log.
func valueOf(hash [32]byte, number uint64, place int) (v seen.Value) {
	copy(v[:16], hash[:])
	binary.LittleEndian.PutUint64(v[16:], number*maxPlaces+uint64(place))
	return v
}

func sameContent(v seen.Value, hash [32]byte) bool { return [16]byte(v[:16]) == [16]byte(hash[:16]) }

func placeOf(v seen.Value) (number uint64, place int) {
	n := binary.LittleEndian.Uint64(v[16:])
	return n / maxPlaces, int(n % maxPlaces)
}

// target is the event that a correction takes back.
type target struct {
	item  item
	at    int64 // of its record
	batch uint64
	place int
	next  seen.Key // under which the correction is found as what is in force
}

// change is a correction that was counted, and what it took back.
type change struct {
	batch     uint64
	place     int
	fromBatch uint64
	fromPlace int
	fromGrid  int64
	window    *window
}

// consider looks at what refuse cannot know without the index: what a correction refers to, and how many items there
// are.
func (f *fold) consider(s *subject, r *record, it *item) (t *target, why Reason, err error) {
	if it.corrects() {
		if t, why, err = f.target(s, r, it); err != nil || why != "" {
			return nil, why, err
		}
	}
	if it.counts() && it.item {
		fresh, err := f.freshItem(s, it)
		if err != nil {
			return nil, "", err
		}
		if fresh && f.items[s.itemsKey(it)] >= MaxItems {
			return nil, TooManyItems, nil
		}
	}
	return t, "", nil
}

// target finds what is in force of the event that a correction names: the event, or its last correction.
func (f *fold) target(s *subject, r *record, it *item) (*target, Reason, error) {
	known, ok, err := f.index.Get(it.ref)
	if err != nil || !ok {
		return nil, UnknownEvent, err
	}
	t := &target{}
	for n := 1; ; n++ {
		if n > maxCorrections {
			return nil, TooManyChanges, nil
		}
		t.next = correctionKey(it.ref, n)
		v, ok, err := f.index.Get(t.next)
		if err != nil {
			return nil, "", err
		}
		if !ok {
			break
		}
		known = v
	}
	t.batch, t.place = placeOf(known)
	from := r
	if t.batch != r.number {
		if from, err = f.read(t.batch); err != nil {
			return nil, "", err
		}
	}
	if t.place >= len(from.events) {
		return nil, "", fmt.Errorf("record %d of the usage log has no event %d", t.batch, t.place)
	}
	t.item, t.at = from.events[t.place], from.at
	return t, f.misfit(s, it, &t.item), nil
}

// misfit says why a correction does not fit what it refers to.
func (f *fold) misfit(s *subject, it, o *item) Reason {
	switch {
	case o.subject != it.subject || o.kind == isWatermark:
		return UnknownEvent
	case o.kind == isVoid:
		return AlreadyVoid
	case it.kind == isAmend:
		was, _ := s.grid(s.instant(o), f.rules.window)
		if now, _ := s.grid(s.instant(it), f.rules.window); now != was {
			return OtherWindow
		}
	}
	return ""
}

func correctionKey(ref seen.Key, n int) (k seen.Key) {
	sum := sha256.Sum256(fmt.Appendf([]byte("correction"), "%x %d", ref[:], n))
	copy(k[:], sum[:])
	return k
}

// countedAt is the instant that decides which window an event counts in that came at an instant: its own, or after the
// cut-off the present one.
func (f *fold) countedAt(s *subject, it *item, came, now int64) int64 {
	at := s.instant(it)
	if at >= came-f.cutOff(s, it.meter) && at >= now-f.cutOff(s, it.meter) {
		return at
	}
	if s.ended != 0 {
		now = min(now, s.ended-1)
	}
	return max(now, s.from)
}

// gridOf is the start of the grid that a target counts in.
func (f *fold) gridOf(s *subject, t *target) int64 {
	from, _ := s.grid(f.countedAt(s, &t.item, t.at, t.at), f.rules.window)
	return from
}

// itemsKey is what different items are counted for.
type itemsKey struct {
	subject, meter, labels string
	period                 int64
}

func (s *subject) itemsKey(it *item) itemsKey {
	return itemsKey{s.ID, it.meter, it.labels, s.periodAt(s.instant(it)).From.UnixMicro()}
}

func (k itemsKey) of(item [16]byte) (key seen.Key) {
	b := appendPart(appendPart(appendPart([]byte("item"), k.subject), k.meter), k.labels)
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(b, uint64(k.period)), item[:]...))
	copy(key[:], sum[:])
	return key
}

func (f *fold) freshItem(s *subject, it *item) (bool, error) {
	_, known, err := f.index.Get(s.itemsKey(it).of(it.itemKey))
	return !known, err
}

// countItem remembers an item that was not counted in its period before. consider has asked the index a moment ago.
func (f *fold) countItem(s *subject, it *item) {
	if !it.item {
		return
	}
	key := s.itemsKey(it)
	if fresh, err := f.freshItem(s, it); err != nil || !fresh {
		return
	}
	key.meter, key.labels = strings.Clone(key.meter), strings.Clone(key.labels)
	f.index.Put(key.of(it.itemKey), seen.Value{})
	f.items[key]++
	f.delta.items[key] = f.items[key]
}

// aggregation is how a meter is counted.
func (s *Subject) aggregation(meter string) proof.Aggregation {
	if len(s.Rules) == 0 {
		return proof.AggregateSum
	}
	if a := s.Rules[meter].Aggregation; a != "" {
		return a
	}
	return proof.AggregateSum
}

// periodAt is the billing month that holds an instant. A subject of one window for its whole life has one period.
func (s *subject) periodAt(at int64) price.Interval {
	if t := micros(at); t.Before(s.period.From) || !t.Before(s.period.To) {
		s.period = s.Subject.periodAt(t)
	}
	return s.period
}

func (s *Subject) periodAt(t time.Time) price.Interval {
	if s.Window == WholeLife {
		return price.Interval{From: s.From.UTC(), To: micros(openEnd)}
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		zone = time.UTC
	}
	anchor := s.Anchor
	if anchor == (price.Date{}) {
		anchor = price.DateOf(s.From, zone)
	}
	p, err := price.Cycle{Anchor: anchor, Every: price.Month, Zone: zone}.At(t)
	if err != nil { // beyond the calendar: no event gets there
		return price.Interval{From: s.From.UTC(), To: micros(openEnd)}
	}
	return p.Interval
}

// merge says how a chart puts amounts of one bucket together.
type merge string

const (
	adds   merge = ""
	peaks  merge = "max"
	lows   merge = "min"
	levels merge = "last"
)

func mergeOf(a proof.Aggregation) merge {
	switch a {
	case proof.AggregateMax:
		return peaks
	case proof.AggregateMin:
		return lows
	case proof.AggregateLatest, proof.AggregateWeighted:
		return levels
	}
	return adds
}

// bucket adds an event to the chart, or takes it back. A peak, a low or a level that was taken back stays in its quarter
// of an hour: charts are not charged.
func (f *fold) bucket(s *subject, it *item, sign int64) {
	a := s.aggregation(it.meter)
	at := s.instant(it)
	key := bucketKey{s.ID, it.meter, it.labels, floor(at, Bucket.Microseconds())}
	b := f.delta.buckets[key]
	if b == nil {
		key.meter, key.labels = strings.Clone(it.meter), strings.Clone(it.labels)
		b = &amount{merge: mergeOf(a)}
		f.delta.buckets[key] = b
	}
	one := amount{merge: b.merge, at: at, events: sign}
	switch {
	case a == proof.AggregateCount || a == proof.AggregateUnique:
		one.quantity.Add(sign)
	case b.merge == adds:
		one.quantity.Add(sign * it.value)
	case sign < 0:
		b.events--
		return
	default:
		one.quantity.Add(it.value)
	}
	one.set = true
	b.put(one)
}

// put brings another amount of the bucket in.
func (b *amount) put(o amount) {
	first := !b.set
	b.set = b.set || o.set
	b.events += o.events
	switch {
	case b.merge == adds:
		b.quantity.AddQuantity(o.quantity)
	case !o.set:
	case first, b.merge == peaks && o.quantity.Cmp(b.quantity) > 0, b.merge == lows && o.quantity.Cmp(b.quantity) < 0,
		b.merge == levels && (o.at > b.at || o.at == b.at && o.quantity.Cmp(b.quantity) > 0):
		b.quantity, b.at = o.quantity, o.at
	}
}
