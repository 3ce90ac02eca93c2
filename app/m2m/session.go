package m2m

// idSpan is how many MQTT packet identifiers there are. Delivery n of a session uses identifier n mod idSpan + 1, so
// that a redelivery after a crash carries the identifier it had before without journalling each sending.
const idSpan = 65535

// maxSpan keeps the oldest and the newest unconfirmed delivery of a session from sharing an identifier.
const maxSpan = 65000

// session is one MQTT session: what it subscribes to and what it is still owed at QoS 1 and 2. A persistent session
// is rebuilt from the journal; another lives as long as its connection. Guarded by state.mu.
type session struct {
	info    sessionInfo
	durable bool
	subs    map[string]subInfo
	inbound map[uint16]bool // QoS 2 packets received and not yet released

	items []*delivery // from number first on; nil where confirmed
	first int64
	owed  int // items that are not nil

	reserved int   // live: messages on their way through the journal to this session
	conn     *conn // live: the connection that serves it
}

// delivery is one message owed to one session.
type delivery struct {
	n        int64
	msg      *message
	qos      byte
	retain   bool
	subIDs   []int
	released bool // QoS 2: the first half is confirmed, the release is owed
	sent     bool // live: was sent at least once, or may have been before a restart
	acked    bool // live: confirmed, and the confirmation is on its way through the journal
}

func newSession(info sessionInfo, durable bool) *session {
	return &session{info: info, durable: durable, subs: map[string]subInfo{}, inbound: map[uint16]bool{}}
}

func packetID(n int64) uint16 { return uint16(n%idSpan) + 1 }

// push appends a delivery.
func (s *session) push(m *message, d debt) {
	n := s.first + int64(len(s.items))
	s.items = append(s.items, &delivery{n: n, msg: m, qos: d.QoS, retain: d.Retain, subIDs: d.SubIDs})
	s.owed++
}

// full says that nothing more can be owed to the session now.
func (s *session) full(limit int) bool {
	return s.owed+s.reserved >= limit || len(s.items)+s.reserved >= maxSpan
}

// unreserve says that a message on its way has arrived or will not.
func (s *session) unreserve() { s.reserved = max(0, s.reserved-1) }

// byPacket finds the delivery that uses a packet identifier now; nil when none does.
func (s *session) byPacket(pid uint16) *delivery {
	off := (int64(pid) - 1 - s.first%idSpan + idSpan) % idSpan
	return s.at(s.first + off)
}

func (s *session) at(n int64) *delivery {
	if i := n - s.first; i >= 0 && i < int64(len(s.items)) {
		return s.items[i]
	}
	return nil
}

// confirm removes a delivery; false when it was not owed.
func (s *session) confirm(n int64) bool {
	d := s.at(n)
	if d == nil {
		return false
	}
	s.items[n-s.first] = nil
	s.owed--
	for len(s.items) > 0 && s.items[0] == nil {
		s.items = s.items[1:]
		s.first++
	}
	if len(s.items) == 0 {
		s.items = nil // let go of the array
	}
	return true
}
