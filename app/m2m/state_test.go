package m2m

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// image is the content of a state as snapshot records, for comparison.
func image(t testing.TB, s *state) []string {
	t.Helper()
	records, err := s.snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range records {
		out = append(out, string(r))
	}
	return out
}

func draw(rt *rapid.T, at int64) *record {
	client := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "client")
	r := &record{At: at, Client: client, N: rapid.Int64Range(0, 9).Draw(rt, "n"), Pid: uint16(rapid.IntRange(0, 3).Draw(rt, "pid"))}
	r.Kind = rapid.SampledFrom([]string{kindPub, kindPub, kindPub, kindOwe, kindAck, kindAck, kindRec, kindRel, kindSession, kindSession,
		kindEnd, kindSub, kindUnsub, kindUp, kindMark, kindMark, kindSeal, kindSent, kindUnretain, kindEpoch}).Draw(rt, "kind")
	r.Topic = rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "topic")
	switch r.Kind {
	case kindPub:
		r.payload = []byte(rapid.StringN(0, 5, 5).Draw(rt, "payload"))
		r.Msg = &message{Client: client, Topic: r.Topic, Retain: rapid.Bool().Draw(rt, "retain"), Bytes: int64(len(r.payload))}
		r.Owed = []debt{{Client: "a", QoS: 1}, {Client: "b", QoS: 2}}[:rapid.IntRange(0, 2).Draw(rt, "owed")]
	case kindOwe:
		r.Owed = []debt{{Client: client, QoS: 1, Retain: true}}
	case kindSession:
		r.Session = &sessionInfo{Client: client, Device: "d", Version: 4}
	case kindSub:
		r.Subs = []subInfo{{Filter: r.Topic, QoS: 1}}
	case kindUnsub:
		r.Filters = []string{r.Topic}
	case kindUp:
		r.Delta = int64(rapid.IntRange(-1, 1).Draw(rt, "delta"))
	case kindSeal:
		r.Sealed = &sealed{Epoch: 1, N: r.N, Events: []string{"{}"}, Watermark: "{}"}
	case kindEpoch:
		r.Epoch = r.N
	}
	return r
}

// The state that a snapshot gives goes on exactly as the state it was taken from, whatever happened and happens.
func TestSnapshotGoesOnAlike(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, copied := newState(), (*state)(nil)
		n := rapid.IntRange(1, 60).Draw(rt, "records")
		cut := rapid.IntRange(0, n).Draw(rt, "snapshot")
		var published, closed counts
		for i := range n {
			if i == cut {
				copied = newState()
				for _, r := range image(t, s) {
					if err := copied.apply([]byte(r)); err != nil {
						rt.Fatal(err)
					}
				}
			}
			r := draw(rt, int64(1000*i))
			b, err := r.encode()
			if err != nil {
				rt.Fatal(err)
			}
			if r.Kind == kindMark {
				closed.Messages, closed.Bytes = closed.Messages+s.open.Messages, closed.Bytes+s.open.Bytes
			}
			if r.Kind == kindPub {
				published.Messages, published.Bytes = published.Messages+1, published.Bytes+r.Msg.Bytes
			}
			for _, st := range []*state{s, copied} {
				if st == nil {
					continue
				}
				if err := st.apply(bytes.Clone(b)); err != nil {
					rt.Fatal(err)
				}
			}
		}
		if copied != nil {
			if d := cmp.Diff(image(t, s), image(t, copied)); d != "" {
				rt.Fatal(d)
			}
		}
		if s.total != published || closed.Messages+s.open.Messages != published.Messages || closed.Bytes+s.open.Bytes != published.Bytes {
			rt.Fatalf("published %+v, counted %+v, in intervals %+v and %+v", published, s.total, closed, s.open)
		}
	})
}

// A packet identifier always names the delivery that uses it now, also after the numbers have wrapped.
func TestPacketIdentifiersWrap(t *testing.T) {
	s := newSession(sessionInfo{}, true)
	s.first = idSpan - 3
	for range 10 {
		s.push(&message{}, debt{QoS: 1})
	}
	for _, d := range s.items {
		if got := s.byPacket(packetID(d.n)); got != d || packetID(d.n) == 0 {
			t.Errorf("delivery %d with identifier %d is found as %+v", d.n, packetID(d.n), got)
		}
	}
	if !s.confirm(idSpan-3) || s.confirm(idSpan-3) || s.first != idSpan-2 || s.owed != 9 {
		t.Errorf("after confirming the oldest: %+v", s)
	}
}

func TestFilters(t *testing.T) {
	for _, c := range []struct {
		filter, topic string
		want          bool
	}{
		{"#", "a/b", true}, {"a/#", "a", true}, {"a/#", "a/b/c", true}, {"a/+", "a/b", true}, {"a/+", "a/b/c", false},
		{"a/+/c", "a/b/c", true}, {"+", "a", true}, {"+", "/a", false}, {"+/+", "/a", true}, {"a", "a/b", false},
		{"a/b", "a", false}, {"a/b", "a/b", true}, {"a/+", "a", false},
	} {
		if got := matches(c.filter, c.topic); got != c.want {
			t.Errorf("%s %s: %t", c.filter, c.topic, got)
		}
	}
}

func FuzzRecord(f *testing.F) {
	b, err := (&record{Kind: kindPub, Msg: &message{Topic: "a"}, Owed: []debt{{Client: "c"}}, payload: []byte("p")}).encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{5, '{'})
	f.Add([]byte(fmt.Sprintf("%c%s", 33, `{"k":"state","state":{"sessions":[{"client":"a","size":-1}]}}`)))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = newState().apply(b) // an error or none, but no panic
	})
}
