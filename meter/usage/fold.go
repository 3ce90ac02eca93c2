package usage

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/seen"
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
}

type sourceKey struct{ subject, source string }

type bucketKey struct {
	subject, meter, labels string
	start                  int64
}

type amount struct {
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
	ended    int64 // 0: not
	finished bool  // the final window was made
	sources  map[string]*source
}

type source struct {
	watermark int64
	open      map[int64]*window // by the start of the grid
	late      map[int64]*window // corrections, by the start of the grid
}

func newFold(r rules, ids *id.Source) *fold {
	f := &fold{rules: r, ids: ids, subjects: map[string]*subject{}}
	f.delta.reset()
	return f
}

func (d *delta) reset() {
	*d = delta{subjects: map[*subject]bool{}, sources: map[sourceKey]*source{}, windows: map[*window]bool{},
		buckets: map[bucketKey]*amount{}, quarantine: map[quarantineKey]*quarantined{}}
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
	}
	for i := range r.events {
		v, err := f.judge(r, i, &r.events[i])
		if err != nil {
			return err
		}
		r.verdicts[i] = v
	}
	f.consumed = r.number
	f.delta.records++
	f.delta.events += len(r.events)
	return nil
}

// judge gives an event its verdict and counts it when it is accepted.
func (f *fold) judge(r *record, place int, it *item) (Verdict, error) {
	var short seen.Value
	copy(short[:], it.hash[:])
	known, ok, err := f.index.Get(it.key)
	if err != nil {
		return Verdict{}, err
	}
	if ok && known == short {
		return Verdict{Status: Duplicate}, nil
	}
	s := f.subjects[it.subject]
	v := Verdict{Status: Conflict, Reason: OtherContent}
	if !ok {
		v = Verdict{Status: Rejected, Reason: f.refuse(s, r, it)}
		if v.Reason == "" {
			f.index.Put(it.key, short)
			f.count(s, r, place, it)
			return Verdict{Status: Accepted}, nil
		}
	}
	f.hold(s, r, place, it, v.Reason)
	if v.Reason == ForeignSubject {
		v.Reason = UnknownSubject
	}
	v.Retry = v.Reason == UnknownSubject || v.Reason == Future
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
	case it.watermark:
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
	case it.end > latest:
		return Future
	case it.end <= s.from:
		return BeforeStart
	case s.ended != 0 && it.start >= s.ended:
		return Ended
	case s.instant(it) < r.at-f.rules.cutOff:
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
}

func (f *fold) count(s *subject, r *record, place int, it *item) {
	src := f.source(s, it.source)
	if it.watermark {
		if it.through > src.watermark {
			src.watermark = it.through
			f.delta.sources[sourceKey{s.ID, it.source}] = src
		}
		f.closeDue(s, src, r.at, true)
		f.finish(s, r.at)
		return
	}
	at := s.instant(it)
	w := f.window(s, it.source, src, at, r, place)
	w.add(it, r.number, place)
	f.delta.windows[w] = true
	key := bucketKey{s.ID, it.meter, it.labels, floor(at, Bucket.Microseconds())}
	b := f.delta.buckets[key]
	if b == nil {
		key.meter, key.labels = strings.Clone(it.meter), strings.Clone(it.labels)
		b = &amount{}
		f.delta.buckets[key] = b
	}
	b.quantity.Add(it.value)
	b.events++
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

// register makes a subject or changes its terms; tenant, publisher and start never change, and an ended one stays.
func (f *fold) register(in Subject) {
	s := f.subjects[in.ID]
	if s == nil {
		s = newSubject(in)
		f.subjects[in.ID] = s
	} else if s.CheckChange(in) != nil || s.ended != 0 {
		return
	} else {
		s.Meters, s.Zone = in.Meters, in.Zone
	}
	f.delta.subjects[s] = true
}

func newSubject(in Subject) *subject {
	return &subject{Subject: in, from: in.From.UnixMicro(), sources: map[string]*source{}}
}

func (f *fold) end(r *record, e ending) {
	s := f.subjects[e.Subject]
	if s == nil || s.ended != 0 {
		return
	}
	s.ended = max(e.At.UnixMicro(), s.from+1)
	f.delta.subjects[s] = true
	for _, name := range slices.Sorted(maps.Keys(s.sources)) {
		src := s.sources[name]
		if e.Complete && src.watermark < s.ended {
			src.watermark = s.ended
			f.delta.sources[sourceKey{s.ID, name}] = src
		}
		f.closeDue(s, src, r.at, e.Complete)
	}
	if e.Complete {
		f.makeFinal(s, r.at)
		return
	}
	f.finish(s, r.at)
}

// advance closes, in one fixed order, what is due by grace.
func (f *fold) advance(r *record) {
	f.tick = max(f.tick, r.at)
	for _, s := range f.pending() {
		for _, name := range slices.Sorted(maps.Keys(s.sources)) {
			f.closeDue(s, s.sources[name], r.at, false)
		}
		f.finish(s, r.at)
	}
}

// pending lists the subjects with open windows or an unfinished end.
func (f *fold) pending() []*subject {
	var list []*subject
	for _, s := range f.subjects {
		if s.ended != 0 && !s.finished {
			list = append(list, s)
			continue
		}
		for _, src := range s.sources {
			if len(src.open) > 0 || len(src.late) > 0 {
				list = append(list, s)
				break
			}
		}
	}
	slices.SortFunc(list, func(a, b *subject) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// tickDue tells whether a tick now would close anything.
func (f *fold) tickDue(now int64) bool {
	through := now - f.rules.grace
	for _, s := range f.subjects {
		if s.ended != 0 && !s.finished && s.ended <= through {
			return true
		}
		for _, src := range s.sources {
			for _, w := range src.open {
				if s.due(w) <= through {
					return true
				}
			}
			for _, w := range src.late {
				if w.opened <= through {
					return true
				}
			}
		}
	}
	return false
}

// complete is the instant through which a source is closed: by watermark or by grace.
func (f *fold) complete(src *source) int64 {
	through := src.watermark
	if f.tick != 0 {
		through = max(through, f.tick-f.rules.grace)
	}
	return through
}

// finish makes the final window of an ended subject once every source is complete; one that never sent anything is
// complete by grace.
func (f *fold) finish(s *subject, at int64) {
	if s.ended == 0 || s.finished {
		return
	}
	if len(s.sources) == 0 && f.complete(&source{}) < s.ended {
		return
	}
	for _, src := range s.sources {
		if f.complete(src) < s.ended {
			return
		}
	}
	f.makeFinal(s, at)
}

func (f *fold) makeFinal(s *subject, at int64) {
	s.finished = true
	f.delta.subjects[s] = true
	w := &window{id: f.windowID(s.ID, "", "final", 0), subject: s, kind: Final, from: s.ended, to: s.ended, opened: at}
	f.close(w, at)
}

func (f *fold) windowID(subject, source, form string, n int64) string {
	b := appendPart(appendPart(appendPart(nil, subject), source), form)
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(b, uint64(n)))
	return f.ids.From("win", [16]byte(sum[:16]))
}

// floor is the start of the step that holds t; instants before 1970 too.
func floor(t, step int64) int64 {
	d := t % step
	if d < 0 {
		d += step
	}
	return t - d
}

func micros(t int64) time.Time { return time.UnixMicro(t).UTC() }
