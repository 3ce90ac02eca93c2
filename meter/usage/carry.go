package usage

import (
	"strings"

	"github.com/halle-cloud/halle/proof"
)

// carryFrom begins to make windows without events for a source that has a value which is held, or samples that are
// missing, until the subscription ends.
func (f *fold) carryFrom(s *subject, src *source, it *item, at int64) {
	a := s.aggregation(it.meter)
	if a != proof.AggregateWeighted && a != proof.AggregateP95 {
		return
	}
	complete := f.complete(s, src)
	if s.ended != 0 && complete >= s.ended {
		return // every window was made: the correction states what changed to the end
	}
	from, to := s.grid(at, f.rules.window)
	// What is complete has had its window, or none: the next window that closes brings it in.
	for to <= complete && to < openEnd {
		from, to = s.grid(max(to, complete), f.rules.window)
	}
	if src.carried != 0 && from >= src.carried {
		return // in time for a level that is late too, for the next window must not be one of another billing period
	}
	src.carried = from
	f.delta.sources[sourceKey{s.ID, strings.Clone(it.source)}] = src
}

// carryEnd is the instant through which the source must be complete for its next window to be made.
func (f *fold) carryEnd(s *subject, src *source) (int64, bool) {
	if src.carried == 0 || s.ended != 0 && src.carried >= s.ended {
		return 0, false
	}
	_, to := s.grid(src.carried, f.rules.window)
	if s.ended != 0 {
		to = min(to, s.ended)
	}
	return to, true
}

// carry makes the windows through an instant that no event opened.
func (f *fold) carry(s *subject, name string, src *source, through, at int64) {
	for {
		end, ok := f.carryEnd(s, src)
		if !ok || end > through {
			return
		}
		from, to := s.grid(src.carried, f.rules.window)
		if w := src.open[from]; w != nil {
			w.special = true
			f.delta.windows[w] = true
		} else {
			name := strings.Clone(name)
			w := &window{id: f.windowID(s.ID, name, "regular", from), subject: s, source: name, kind: Regular, from: from, to: to, opened: at,
				special: true, sums: map[sumKey]*Quantity{}}
			src.open[from] = w
			f.delta.windows[w] = true
		}
		src.carried = to
		f.delta.sources[sourceKey{s.ID, strings.Clone(name)}] = src
	}
}
