package m2m

import (
	"fmt"
	"sync"
)

// counts is use in an interval or in all.
type counts struct {
	Messages int64 `json:"messages"`
	Bytes    int64 `json:"bytes"`
}

// closedInterval is a metering interval that ended at a mark and has no event bytes yet.
type closedInterval struct {
	Epoch   int64 `json:"epoch"`
	N       int64 `json:"n"`
	Start   int64 `json:"start"` // Unix milliseconds
	End     int64 `json:"end"`
	Seconds int64 `json:"device_seconds"`
	counts
}

// sealed is an interval with the exact bytes of its events, which are sent and resent as they are.
type sealed struct {
	Epoch     int64    `json:"epoch"`
	N         int64    `json:"n"`
	End       int64    `json:"end"`
	Events    []string `json:"events,omitempty"`
	Watermark string   `json:"watermark"`
	accepted  []bool   // live: verdict per event
}

// state is the fold of the journal: replaying the records gives it again, whatever the moment of a kill.
type state struct {
	mu sync.Mutex

	lastID   int64 // of the newest message
	epoch    int64 // of the newest process
	interval int64 // number of the open interval
	start    int64 // of the open interval, Unix milliseconds
	last     int64 // time of the newest record
	upSince  int64 // connection time is counted up to here
	up       int64 // open connections
	upMS     int64 // connection time of the open interval, milliseconds
	open     counts
	total    counts

	closed        []closedInterval
	outbox        []*sealed
	sealedThrough int64
	sentThrough   int64

	sessions map[string]*session
	retained map[string]*message
	loading  map[int64]*message // messages of a snapshot or an import that is being read

	enqueued func(*session) // live: something new is owed
}

func newState() *state {
	return &state{sessions: map[string]*session{}, retained: map[string]*message{}, loading: map[int64]*message{}}
}

// apply is the journal's Apply.
func (s *state) apply(b []byte) error {
	r, err := decodeRecord(b)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last, r.At)
	switch r.Kind {
	case kindPub:
		s.publish(r)
	case kindOwe:
		if m := s.retained[r.Topic]; m != nil {
			s.owe(m, r.Owed)
		}
	case kindAck:
		if ses := s.sessions[r.Client]; ses != nil {
			ses.confirm(r.N)
		}
	case kindRec:
		if ses := s.sessions[r.Client]; ses != nil && ses.at(r.N) != nil {
			ses.at(r.N).released = true
		}
	case kindRel:
		if ses := s.sessions[r.Client]; ses != nil {
			delete(ses.inbound, r.Pid)
		}
	case kindSession, kindEnd, kindSub, kindUnsub:
		s.applySession(r)
	case kindUnretain:
		delete(s.retained, r.Topic)
	case kindEpoch, kindUp, kindMark, kindSeal, kindSent:
		s.applyMeter(r)
	case kindMessage:
		if r.Msg != nil {
			s.loading[r.Msg.ID] = r.Msg
		}
	case kindState:
		return s.restore(r.State)
	case kindImport:
		return s.absorb(r.State)
	default:
		return fmt.Errorf("m2m: the journal holds a record of the unknown kind %q", r.Kind)
	}
	return nil
}

// publish counts a message and owes it to its receivers.
func (s *state) publish(r *record) {
	if r.Msg == nil {
		return
	}
	s.lastID++
	r.Msg.ID = s.lastID
	if !r.Free {
		s.open.Messages++
		s.open.Bytes += r.Msg.Bytes
		s.total.Messages++
		s.total.Bytes += r.Msg.Bytes
	}
	if r.Msg.Retain {
		if r.Msg.Bytes == 0 {
			delete(s.retained, r.Msg.Topic)
		} else {
			s.retained[r.Msg.Topic] = r.Msg
		}
	}
	if r.Pid != 0 {
		if ses := s.sessions[r.Msg.Client]; ses != nil && ses.durable {
			ses.inbound[r.Pid] = true
		}
	}
	s.owe(r.Msg, r.Owed)
}

// owe appends a message to the sessions that are to receive it.
func (s *state) owe(m *message, to []debt) {
	for _, d := range to {
		ses := s.sessions[d.Client]
		if ses == nil {
			continue
		}
		ses.unreserve()
		ses.push(m, d)
		if s.enqueued != nil {
			s.enqueued(ses)
		}
	}
}

func (s *state) applySession(r *record) {
	switch r.Kind {
	case kindSession:
		if r.Session == nil {
			return
		}
		ses := s.sessions[r.Session.Client]
		if ses == nil {
			ses = newSession(*r.Session, true)
			s.sessions[r.Session.Client] = ses
		}
		ses.info, ses.durable = *r.Session, true
	case kindEnd:
		delete(s.sessions, r.Client)
	case kindSub:
		if ses := s.sessions[r.Client]; ses != nil {
			for _, sub := range r.Subs {
				ses.subs[sub.Filter] = sub
			}
		}
	case kindUnsub:
		if ses := s.sessions[r.Client]; ses != nil {
			for _, f := range r.Filters {
				delete(ses.subs, f)
			}
		}
	}
}

func (s *state) applyMeter(r *record) {
	switch r.Kind {
	case kindEpoch:
		s.epoch, s.interval = r.Epoch, 1
		s.start, s.upSince, s.up = r.At, r.At, 0
	case kindUp:
		s.tick(r.At)
		s.up = max(0, s.up+r.Delta)
	case kindMark:
		s.tick(r.At)
		c := closedInterval{Epoch: s.epoch, N: s.interval, Start: s.start, End: r.At, Seconds: s.upMS / 1000, counts: s.open}
		s.closed = append(s.closed, c)
		s.upMS %= 1000
		s.open = counts{}
		s.interval++
		s.start = r.At
	case kindSeal:
		if r.Sealed == nil {
			return
		}
		r.Sealed.accepted = make([]bool, len(r.Sealed.Events))
		s.outbox = append(s.outbox, r.Sealed)
		s.sealedThrough = max(s.sealedThrough, r.Sealed.End)
		if len(s.closed) > 0 && s.closed[0].Epoch == r.Sealed.Epoch && s.closed[0].N == r.Sealed.N {
			s.closed = s.closed[1:]
		}
	case kindSent:
		for len(s.outbox) > 0 {
			o := s.outbox[0]
			if o.Epoch > r.Epoch || o.Epoch == r.Epoch && o.N > r.N {
				break
			}
			s.sentThrough = max(s.sentThrough, o.End)
			s.outbox = s.outbox[1:]
		}
	}
}

// tick adds connection time up to an instant; a clock that went backwards adds nothing.
func (s *state) tick(at int64) {
	if at > s.upSince {
		s.upMS += s.up * (at - s.upSince)
		s.upSince = at
	}
}
