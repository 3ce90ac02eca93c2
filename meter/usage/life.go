package usage

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/halle-cloud/halle/price"
)

// register makes a subject or changes its terms; tenant, publisher and start never change, and an ended one stays.
func (f *fold) register(in Subject) {
	s := f.subjects[in.ID]
	if s == nil {
		s = newSubject(in)
		f.subjects[in.ID] = s
	} else if s.CheckChange(in) != nil || s.ended != 0 {
		return
	} else {
		s.Meters, s.Zone, s.Rules = in.Meters, in.Zone, in.Rules
		s.terms()
	}
	f.delta.subjects[s] = true
}

func newSubject(in Subject) *subject {
	s := &subject{Subject: in, from: in.From.UnixMicro(), sources: map[string]*source{}}
	s.terms()
	return s
}

// terms works out what follows from meters and zone.
func (s *subject) terms() {
	s.grace, s.period = 0, price.Interval{}
	for _, r := range s.Rules {
		s.grace = max(s.grace, r.Grace.Microseconds())
	}
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
		f.closeDue(s, name, src, r.at, e.Complete)
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
			f.closeDue(s, name, s.sources[name], r.at, false)
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
			if len(src.open) > 0 || len(src.late) > 0 || src.carried != 0 && !s.finished {
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
	for _, s := range f.subjects {
		through := now - f.graceOf(s)
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
			if end, ok := f.carryEnd(s, src); ok && end <= through {
				return true
			}
		}
	}
	return false
}

// graceOf is how long windows of a subject wait for events without a watermark.
func (f *fold) graceOf(s *subject) int64 {
	if s.grace != 0 {
		return s.grace
	}
	return f.rules.grace
}

// cutOff is how late an event of a meter may come.
func (f *fold) cutOff(s *subject, meter string) int64 {
	if r := s.Rules[meter]; r.CutOff != 0 {
		return r.CutOff.Microseconds()
	}
	return f.rules.cutOff
}

// complete is the instant through which a source is closed: by watermark or by grace.
func (f *fold) complete(s *subject, src *source) int64 {
	through := src.watermark
	if f.tick != 0 {
		through = max(through, f.tick-f.graceOf(s))
	}
	return through
}

// finish makes the final window of an ended subject once every source is complete; one that never sent anything is
// complete by grace.
func (f *fold) finish(s *subject, at int64) {
	if s.ended == 0 || s.finished {
		return
	}
	if len(s.sources) == 0 && f.complete(s, &source{}) < s.ended {
		return
	}
	for _, src := range s.sources {
		if f.complete(s, src) < s.ended {
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
