package usage

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// nowSpan is what "now" means for events per second.
const nowSpan = 10

// flow is what comes in at this moment, by publisher. It is of this process and begins with it.
type flow struct {
	mu      sync.Mutex
	streams map[string]*inflow
}

type inflow struct {
	seconds [nowSpan + 1]slot
	refused [24]slot
}

// slot counts in one second or hour of time.
type slot struct{ at, n int64 }

func addTo(slots []slot, at, n int64) {
	s := &slots[at%int64(len(slots))]
	if s.at != at {
		*s = slot{at: at}
	}
	s.n += n
}

func (f *flow) of(publisher string) *inflow {
	s := f.streams[publisher]
	if s == nil {
		if s = (&inflow{}); f.streams == nil {
			f.streams = map[string]*inflow{}
		}
		f.streams[publisher] = s
	}
	return s
}

// came counts events that were given a verdict.
func (f *flow) came(publisher string, n int, at time.Time) {
	if n == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	addTo(f.of(publisher).seconds[:], at.Unix(), int64(n))
}

// refuse counts a request that was turned away because too much of its publisher waits.
func (f *flow) refuse(publisher string, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	addTo(f.of(publisher).refused[:], at.Unix()/3600, 1)
}

// Flow is what comes in from a publisher at this moment.
type Flow struct {
	Publisher string
	PerSecond int64 // events, over the last ten whole seconds
	Refused   int64 // requests turned away in the last 24 hours because too much of it waited, since the process started
}

// Flows tells what comes in at this moment, by publisher, as far as this process saw it.
func (s *Store) Flows() []Flow {
	now := s.cfg.Now().Unix()
	s.flow.mu.Lock()
	defer s.flow.mu.Unlock()
	var out []Flow
	for _, publisher := range slices.Sorted(maps.Keys(s.flow.streams)) {
		st, one := s.flow.streams[publisher], Flow{Publisher: publisher}
		for _, c := range st.seconds {
			if c.at < now && c.at >= now-nowSpan {
				one.PerSecond += c.n
			}
		}
		one.PerSecond = (one.PerSecond + nowSpan/2) / nowSpan
		for _, c := range st.refused {
			if c.at > now/3600-24 {
				one.Refused += c.n
			}
		}
		out = append(out, one)
	}
	return out
}
