package m2m

import (
	"fmt"
	"slices"
	"strings"
)

// stateImage is state as a record: messages are referred to by number and stand in records of their own before it.
type stateImage struct {
	LastID        int64            `json:"last_id,omitempty"`
	Epoch         int64            `json:"epoch,omitempty"`
	Interval      int64            `json:"interval,omitempty"`
	Start         int64            `json:"start,omitempty"`
	Last          int64            `json:"last,omitempty"`
	UpSince       int64            `json:"up_since,omitempty"`
	Up            int64            `json:"up,omitempty"`
	UpMS          int64            `json:"up_ms,omitempty"`
	Open          counts           `json:"open"`
	Total         counts           `json:"total"`
	Closed        []closedInterval `json:"closed,omitempty"`
	Outbox        []*sealed        `json:"outbox,omitempty"`
	SealedThrough int64            `json:"sealed_through,omitempty"`
	SentThrough   int64            `json:"sent_through,omitempty"`
	Sessions      []sessionImage   `json:"sessions,omitempty"`
	Retained      []int64          `json:"retained,omitempty"`
}

type sessionImage struct {
	sessionInfo
	First   int64           `json:"first,omitempty"`
	Size    int64           `json:"size,omitempty"` // numbers in use, confirmed ones included
	Subs    []subInfo       `json:"subs,omitempty"`
	Inbound []uint16        `json:"inbound,omitempty"`
	Owed    []deliveryImage `json:"owed,omitempty"`
}

type deliveryImage struct {
	N        int64 `json:"n"`
	Message  int64 `json:"m"`
	QoS      byte  `json:"q"`
	Retain   bool  `json:"r,omitempty"`
	SubIDs   []int `json:"i,omitempty"`
	Released bool  `json:"released,omitempty"`
}

// snapshot is the journal's Snapshot.
func (s *state) snapshot() ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	img, messages := s.content()
	img.LastID, img.Epoch, img.Interval, img.Start, img.Last = s.lastID, s.epoch, s.interval, s.start, s.last
	img.UpSince, img.Up, img.UpMS, img.Open, img.Total = s.upSince, s.up, s.upMS, s.open, s.total
	img.Closed, img.Outbox, img.SealedThrough, img.SentThrough = s.closed, s.outbox, s.sealedThrough, s.sentThrough
	return encodeImage(kindState, img, messages)
}

// content is the part of an image that an export carries: persistent sessions with what they are owed, and retained
// messages. The caller holds the lock.
func (s *state) content() (*stateImage, []*message) {
	img := new(stateImage)
	seen := map[int64]*message{}
	for _, m := range s.retained {
		seen[m.ID] = m
		img.Retained = append(img.Retained, m.ID)
	}
	slices.Sort(img.Retained)
	for _, ses := range s.sessions {
		if !ses.durable {
			continue
		}
		si := sessionImage{sessionInfo: ses.info, First: ses.first, Size: int64(len(ses.items))}
		for _, sub := range ses.subs {
			si.Subs = append(si.Subs, sub)
		}
		for pid := range ses.inbound {
			si.Inbound = append(si.Inbound, pid)
		}
		for _, d := range ses.items {
			if d != nil {
				seen[d.msg.ID] = d.msg
				si.Owed = append(si.Owed, deliveryImage{d.n, d.msg.ID, d.qos, d.retain, d.subIDs, d.released})
			}
		}
		slices.SortFunc(si.Subs, func(a, b subInfo) int { return strings.Compare(a.Filter, b.Filter) })
		slices.Sort(si.Inbound)
		img.Sessions = append(img.Sessions, si)
	}
	slices.SortFunc(img.Sessions, func(a, b sessionImage) int { return strings.Compare(a.Client, b.Client) })
	messages := make([]*message, 0, len(seen))
	for _, m := range seen {
		messages = append(messages, m)
	}
	slices.SortFunc(messages, func(a, b *message) int { return int(a.ID - b.ID) })
	return img, messages
}

// encodeImage gives the records: the messages, then what refers to them.
func encodeImage(kind string, img *stateImage, messages []*message) ([][]byte, error) {
	var out [][]byte
	for _, m := range messages {
		b, err := (&record{Kind: kindMessage, Msg: m, payload: m.payload}).encode()
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	b, err := (&record{Kind: kind, State: img}).encode()
	if err != nil {
		return nil, err
	}
	return append(out, b), nil
}

// restore makes an empty state equal to an image.
func (s *state) restore(img *stateImage) error {
	if img == nil {
		return fmt.Errorf("m2m: a snapshot without content")
	}
	s.lastID, s.epoch, s.interval, s.start, s.last = img.LastID, img.Epoch, img.Interval, img.Start, max(s.last, img.Last)
	s.upSince, s.up, s.upMS, s.open, s.total = img.UpSince, img.Up, img.UpMS, img.Open, img.Total
	s.closed, s.outbox, s.sealedThrough, s.sentThrough = img.Closed, img.Outbox, img.SealedThrough, img.SentThrough
	for _, o := range s.outbox {
		o.accepted = make([]bool, len(o.Events))
	}
	return s.take(img)
}

// absorb adds the sessions and retained messages of another installation; their messages get numbers of this one
// and are not counted again.
func (s *state) absorb(img *stateImage) error {
	if img == nil {
		return fmt.Errorf("m2m: an import without content")
	}
	for _, m := range s.loading {
		s.lastID = max(s.lastID, m.ID)
	}
	return s.take(img)
}

func (s *state) take(img *stateImage) error {
	defer func() { s.loading = map[int64]*message{} }()
	for _, id := range img.Retained {
		m := s.loading[id]
		if m == nil {
			return fmt.Errorf("m2m: retained message %d is missing", id)
		}
		s.retained[m.Topic] = m
	}
	for _, si := range img.Sessions {
		ses := newSession(si.sessionInfo, true)
		if si.Size < 0 || si.Size > idSpan || si.First < 0 {
			return fmt.Errorf("m2m: session %q has an impossible size", si.Client)
		}
		ses.first, ses.items = si.First, make([]*delivery, si.Size)
		for _, sub := range si.Subs {
			ses.subs[sub.Filter] = sub
		}
		for _, pid := range si.Inbound {
			ses.inbound[pid] = true
		}
		for _, d := range si.Owed {
			m := s.loading[d.Message]
			if i := d.N - si.First; m == nil || i < 0 || i >= si.Size || ses.items[i] != nil {
				return fmt.Errorf("m2m: delivery %d of session %q is wrong or its message is missing", d.N, si.Client)
			}
			ses.items[d.N-si.First] = &delivery{n: d.N, msg: m, qos: d.QoS, retain: d.Retain, subIDs: d.SubIDs, released: d.Released}
			ses.owed++
		}
		s.sessions[si.Client] = ses
	}
	return nil
}
