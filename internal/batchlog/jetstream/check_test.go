package jetstream

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/batchlog/logtest"
)

// admin is somebody else at the server.
func admin(t testing.TB, url string) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return nc, js
}

func TestAStreamThatForgetsIsRefused(t *testing.T) {
	for name, change := range map[string]func(*jetstream.StreamConfig){
		"memory":         func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"forgets":        func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour },
		"other subjects": func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, c.Subjects[0]+".x") },
		"acknowledges":   func(c *jetstream.StreamConfig) { c.NoAck = true },
		"direct reads":   func(c *jetstream.StreamConfig) { c.AllowDirect = false },
	} {
		t.Run(name, func(t *testing.T) {
			conf := alone(t)
			_, js := admin(t, conf.URL)
			made := conf.wanted()
			change(&made)
			if _, err := js.CreateStream(context.Background(), made); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(context.Background(), conf); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%v, want a word about %s", err, name)
			}
		})
	}
	t.Run("copies", func(t *testing.T) {
		conf := alone(t)
		if err := start(t, conf).Close(); err != nil {
			t.Fatal(err)
		}
		conf.Replicas = 3
		if _, err := Open(context.Background(), conf); err == nil || !strings.Contains(err.Error(), "has 1 copies, usage_log.replicas asks for 3") {
			t.Error(err)
		}
	})
	t.Run("another installation", func(t *testing.T) {
		conf := alone(t)
		if err := start(t, conf).Close(); err != nil {
			t.Fatal(err)
		}
		conf.Home = "other"
		if _, err := Open(context.Background(), conf); err == nil || !strings.Contains(err.Error(), `of the installation "test"`) {
			t.Error(err)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		conf := alone(t)
		conf.URL, conf.Wait = "nats://127.0.0.1:1", 300*time.Millisecond
		if _, err := Open(context.Background(), conf); err == nil || !strings.Contains(err.Error(), "usage_log.url") {
			t.Error(err)
		}
	})
	t.Run("one copy not synced", func(t *testing.T) {
		conf := alone(t)
		s, err := one.Get(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		conf.Monitor = s.Monitor
		if _, err := Open(context.Background(), conf); err == nil || !strings.Contains(err.Error(), "sync_interval: always") {
			t.Error(err)
		}
	})
}

// TestAGapIsNamed: a message that an administrator took out of the stream is missed at the next start, by its position.
func TestAGapIsNamed(t *testing.T) {
	ctx := context.Background()
	conf := alone(t)
	_, js := admin(t, conf.URL)
	made := conf.wanted()
	made.DenyDelete = false
	stream, err := js.CreateStream(ctx, made)
	if err != nil {
		t.Fatal(err)
	}
	l := start(t, conf)
	logtest.Fill(t, l, 1, 9)
	if err := stream.DeleteMsg(ctx, 5); err != nil {
		t.Fatal(err)
	}
	var d *batchlog.Damaged
	err = batchlog.Read(l, 1, func(batchlog.Batch) error { return nil })
	if !errors.As(err, &d) || d.Sequence != 5 {
		t.Errorf("reading over a gap: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Open(ctx, conf)
	if !errors.As(err, &d) || d.Sequence != 5 || d.Record != 4 || d.Segment != conf.Stream { // the opening is sequence 1
		t.Errorf("opening over a gap: %v", err)
	}
}

// TestWhatIsNoMessageIsNamed: what somebody else published into the stream ends the reading at its position.
func TestWhatIsNoMessageIsNamed(t *testing.T) {
	conf := alone(t)
	l := start(t, conf)
	logtest.Fill(t, l, 1, 3)
	_, js := admin(t, conf.URL)
	if _, err := js.Publish(context.Background(), conf.subject(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	_, err := l.Append(context.Background(), batchlog.Batch{})
	if err == nil || !strings.Contains(l.State().Problem.Error(), "something else writes into the stream") {
		t.Errorf("%v, %+v", err, l.State())
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var d *batchlog.Damaged
	if _, err := Open(context.Background(), conf); !errors.As(err, &d) || d.Sequence != 5 {
		t.Errorf("opening over a stranger's message: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	if got := Place("nats://user:secret@a:1,tls://b"); got != "a:1, b:4222" {
		t.Error(got)
	}
	for urls, want := range map[string]bool{"nats://127.0.0.1:1,nats://localhost": true, "nats://[::1]:4": true, "nats://127.0.0.1,nats://10.0.0.1": false, "nats://nats.example": false} {
		c := Config{URL: urls}
		if got := here(urls); got != want {
			t.Errorf("%s is here: %v", urls, got)
		}
		if encrypted, err := c.tls(); err != nil || (encrypted == nil) != want {
			t.Errorf("%s is encrypted: %v, %v", urls, encrypted != nil, err)
		}
	}
}

// TestTheIndexFindsTheNearest: whatever was added and thinned out, around never skips a message.
func TestTheIndexFindsTheNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x index
		numbers := []uint64{1}
		for range rapid.IntRange(1, 40).Draw(t, "messages") {
			numbers = append(numbers, numbers[len(numbers)-1]+rapid.Uint64Range(0, 4).Draw(t, "count"))
		}
		for range rapid.IntRange(0, 60).Draw(t, "adds") {
			i := rapid.IntRange(0, len(numbers)-1).Draw(t, "message")
			x.add(entry{numbers[i], uint64(i + 1)})
		}
		if !slices.IsSortedFunc(x.list, func(a, b entry) int { return int(a.sequence) - int(b.sequence) }) {
			t.Fatal(x.list)
		}
		number := rapid.Uint64Range(1, numbers[len(numbers)-1]).Draw(t, "number")
		low, high := x.around(number)
		if low.number > number || high.sequence != 0 && (high.number <= number || high.sequence <= low.sequence) {
			t.Fatalf("number %d is looked for from %v to %v in %v", number, low, high, x.list)
		}
	})
	var x index
	for n := range uint64(maxEntries + 10) {
		x.add(entry{n + 1, n + 1})
	}
	if low, high := x.around(1001); len(x.list) > maxEntries || low.sequence > 1001 || low.sequence < 1000 || high.sequence > 1003 {
		t.Errorf("%d entries, %v, %v", len(x.list), low, high)
	}
}

func FuzzParse(f *testing.F) {
	id := [16]byte{1, 2, 3}
	b := batchlog.Batch{Number: 7, At: time.UnixMicro(5), Principal: "org_p", Count: 2, Payload: []byte("payload")}
	c := b
	c.Number = 8
	good := seal(batchlog.AppendFrame(batchlog.AppendFrame(appendHead(nil, id, id, 7, 2), &b, 6), &c, 6))
	f.Add(good, 9, byte(1))
	f.Add(seal(append(appendHead(nil, id, id, 7, 0), "home"...)), 0, byte(0))
	f.Add(good[:len(good)-5], 0, byte(0))
	f.Fuzz(func(t *testing.T, data []byte, at int, flip byte) {
		check := func(data []byte, sure bool) {
			m, err := parse("S", 3, data)
			var d *batchlog.Damaged
			if err != nil && (!errors.As(err, &d) || d.Sequence != 3 || d.Segment != "S") {
				t.Fatalf("an error without its position: %v", err)
			}
			if err == nil && sure {
				t.Fatal("altered bytes were taken")
			}
			if err != nil {
				return
			}
			for n := m.first; n < m.end(); n++ {
				if b := m.batch(n); b.Number != n {
					t.Fatalf("batch %d reads as %d", n, b.Number)
				}
			}
		}
		check(data, false)
		if len(data) >= messageHead { // a frame may end anywhere, and the sum of the message be right
			check(seal(slices.Clone(data)), false)
		}
		if len(data) > 0 && flip != 0 {
			if _, err := parse("S", 3, data); err == nil {
				altered := slices.Clone(data)
				altered[(at%len(data)+len(data))%len(data)] ^= flip
				check(altered, true)
			}
			if _, err := parse("S", 3, data); err == nil {
				check(data[:(at%len(data)+len(data))%len(data)], true)
			}
		}
	})
}

// TestTheServersAreAsked is what TestAwayAndBack sees of a server that syncs; one that does not answer leaves it open.
func TestTheServersAreAsked(t *testing.T) {
	conf := alone(t)
	conf.Monitor = "http://127.0.0.1:1"
	if s := start(t, conf).State(); s.Synced != batchlog.SyncedUnknown || s.Copies != 1 || s.CopiesUp != 1 || !strings.Contains(s.Place, conf.Stream) {
		t.Errorf("%+v", s)
	}
}
