package usage

import (
	"fmt"
	"strings"

	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/seen"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// rules are the parameters of the fold, in microseconds. They are part of what makes a replay give the same.
type rules struct {
	window, grace, cutOff int64
}

// fold is the state that the log has been folded into. Its owner serialises all calls; nothing in it waits or looks
// at a clock.
type fold struct {
	rules    rules
	ids      *id.Source
	index    *seen.Index
	consumed uint64
	tick     int64 // the last, 0 for none
	closings int64
	subjects map[string]*subject
	items    map[itemsKey]int64 // different items counted so far
	held     map[quarantineKey]bool
	read     func(number uint64) (*record, error) // an earlier record of the log
	delta    delta
}

// delta is what has changed since the last commit.
type delta struct {
	events     int
	records    int
	subjects   map[*subject]bool
	sources    map[sourceKey]*source
	windows    map[*window]bool
	buckets    map[bucketKey]*amount
	quarantine map[quarantineKey]*quarantined
	cleared    map[quarantineKey]bool
	items      map[itemsKey]int64
	changes    []change
	tallies    map[tallyKey]*tally
	lastKey    tallyKey // of lastTally: events of one source come together
	lastTally  *tally
}

type sourceKey struct{ subject, source string }

type bucketKey struct {
	subject, meter, labels string
	start                  int64
}

// amount is what a bucket has got since the last commit.
type amount struct {
	merge    merge
	set      bool  // it has a quantity
	at       int64 // of a bucket that shows the latest value
	quantity Quantity
	events   int64
}

type quarantineKey struct {
	key  seen.Key
	hash [32]byte
}

type quarantined struct {
	batch                                  uint64
	place                                  int
	publisher, tenant, source, id, subject string
	reason                                 Reason
	at, times                              int64
}

type subject struct {
	Subject
	from     int64
	ended    int64          // 0: not
	finished bool           // the final window was made
	grace    int64          // 0: the store's
	period   price.Interval // the last that was asked for
	sources  map[string]*source
}

type source struct {
	watermark int64
	open      map[int64]*window // by the start of the grid
	late      map[int64]*window // corrections, by the start of the grid
	carried   int64             // windows without events were made up to here; 0 while it has no meter that needs them
}

func newFold(r rules, ids *id.Source) *fold {
	f := &fold{rules: r, ids: ids, subjects: map[string]*subject{}, items: map[itemsKey]int64{}, held: map[quarantineKey]bool{}}
	f.delta.reset()
	return f
}

func (d *delta) reset() {
	*d = delta{subjects: map[*subject]bool{}, sources: map[sourceKey]*source{}, windows: map[*window]bool{},
		buckets: map[bucketKey]*amount{}, quarantine: map[quarantineKey]*quarantined{}, cleared: map[quarantineKey]bool{},
		items: map[itemsKey]int64{}, tallies: map[tallyKey]*tally{}}
}

// apply folds the next record in. An error leaves the fold unusable: it must be loaded again.
func (f *fold) apply(r *record) error {
	if r.number != f.consumed+1 {
		return fmt.Errorf("usage record %d follows %d", r.number, f.consumed)
	}
	switch c := r.control; {
	case c.Register != nil:
		f.register(*c.Register)
	case c.End != nil:
		f.end(r, *c.End)
	case c.Tick:
		f.advance(r)
	case c.Reject != nil:
		f.reject(*c.Reject)
	}
	for i := range r.events {
		v, err := f.judge(r, i, &r.events[i])
		if err != nil {
			return err
		}
		r.verdicts[i] = v
		f.delta.note(r, &r.events[i], v)
	}
	f.consumed = r.number
	f.delta.records++
	f.delta.events += len(r.events)
	return nil
}

// judge gives an event its verdict and counts it when it is accepted.
func (f *fold) judge(r *record, place int, it *item) (Verdict, error) {
	known, ok, err := f.index.Get(it.key)
	if err != nil {
		return Verdict{}, err
	}
	if ok && sameContent(known, it.hash) {
		return Verdict{Status: Duplicate}, nil
	}
	s := f.subjects[it.subject]
	v := Verdict{Status: Conflict, Reason: OtherContent}
	if !ok {
		v = Verdict{Status: Rejected, Reason: f.refuse(s, r, it)}
		var t *target
		if v.Reason == "" {
			if t, v.Reason, err = f.consider(s, r, it); err != nil {
				return Verdict{}, err
			}
		}
		if v.Reason == "" {
			f.index.Put(it.key, valueOf(it.hash, r.number, place))
			f.unhold(quarantineKey{it.key, it.hash})
			f.count(s, r, place, it, t)
			return Verdict{Status: Accepted}, nil
		}
	}
	f.hold(s, r, place, it, v.Reason)
	if v.Reason == ForeignSubject {
		v.Reason = UnknownSubject
	}
	v.Retry = v.Reason == UnknownSubject || v.Reason == Future || v.Reason == UnknownEvent
	return v, nil
}

// refuse says why an event does not count, "" when it does. It looks at the log's own instants only.
func (f *fold) refuse(s *subject, r *record, it *item) Reason {
	latest := r.at + MaxSkew.Microseconds()
	switch {
	case s == nil:
		return UnknownSubject
	case s.Publisher != r.publisher:
		return ForeignSubject
	case it.kind == isVoid:
		return ""
	case it.kind == isWatermark:
		if it.through > latest {
			return Future
		}
		return ""
	}
	unit, known := s.Meters[it.meter]
	switch {
	case !known:
		return UnknownMeter
	case unit != it.unit:
		return WrongUnit
	case it.overflow:
		return Overflow
	case it.value < 0:
		return Negative
	case it.item && s.aggregation(it.meter) != proof.AggregateUnique:
		return NeedsValue
	case !it.item && s.aggregation(it.meter) == proof.AggregateUnique:
		return NeedsItem
	case it.end > latest:
		return Future
	case it.end <= s.from:
		return BeforeStart
	case s.ended != 0 && it.start >= s.ended:
		return Ended
	case it.kind == isUsage && !r.release && s.instant(it) < r.at-f.cutOff(s, it.meter):
		return TooLate
	}
	return ""
}

// hold keeps an event in the quarantine; one that comes again is counted, not kept twice.
func (f *fold) hold(s *subject, r *record, place int, it *item, why Reason) {
	key := quarantineKey{it.key, it.hash}
	if q := f.delta.quarantine[key]; q != nil {
		q.times++
		q.at, q.reason = r.at, why
		return
	}
	q := &quarantined{batch: r.number, place: place, publisher: r.publisher, source: it.source, id: it.id,
		subject: it.subject, reason: why, at: r.at, times: 1}
	if s != nil && s.Publisher == r.publisher {
		q.tenant = s.Tenant // a stranger's event is not shown to the customer
	}
	f.delta.quarantine[key] = q
	f.held[key] = true
}

// unhold takes an event out of the quarantine when it is there.
func (f *fold) unhold(key quarantineKey) {
	if f.held[key] {
		delete(f.held, key)
		delete(f.delta.quarantine, key)
		f.delta.cleared[key] = true
	}
}

func (f *fold) reject(h heldKey) {
	var key quarantineKey
	copy(key.key[:], h.Key)
	copy(key.hash[:], h.Hash)
	f.unhold(key)
}

// count enters an accepted event; t is what a correction takes back.
func (f *fold) count(s *subject, r *record, place int, it *item, t *target) {
	src := f.source(s, it.source)
	if it.kind == isWatermark {
		if it.through > src.watermark {
			src.watermark = it.through
			f.delta.sources[sourceKey{s.ID, it.source}] = src
		}
		f.closeDue(s, it.source, src, r.at, true)
		f.finish(s, r.at)
		return
	}
	var at int64
	if t != nil {
		at = f.countedAt(s, &t.item, t.at, r.at)
	} else {
		at = f.countedAt(s, it, r.at, r.at)
	}
	w := f.window(s, it.source, src, at, r, place)
	it.late = w.kind == Correction && it.kind == isUsage
	if t != nil {
		w.add(&t.item, -1)
		f.bucket(s, &t.item, -1)
		f.index.Put(t.next, valueOf(it.hash, r.number, place))
		f.delta.changes = append(f.delta.changes, change{r.number, place, t.batch, t.place, f.gridOf(s, t), w})
		w.special = true
	}
	if it.counts() {
		w.add(it, 1)
		f.bucket(s, it, 1)
		f.countItem(s, it)
		f.carryFrom(s, src, it, at)
	}
	w.enter(r.number, place)
	f.delta.windows[w] = true
}

func (f *fold) source(s *subject, name string) *source {
	src := s.sources[name]
	if src == nil {
		name = strings.Clone(name)
		src = newSource()
		s.sources[name] = src
		f.delta.sources[sourceKey{s.ID, name}] = src
	}
	return src
}

func newSource() *source {
	return &source{open: map[int64]*window{}, late: map[int64]*window{}}
}
