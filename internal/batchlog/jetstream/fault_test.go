package jetstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/batchlog/logtest"
	"github.com/halle-cloud/halle/internal/batchlog/natstest"
	"github.com/halle-cloud/halle/internal/fail"
)

// proxy is a bad network between a log and its server.
type proxy struct {
	net.Listener
	to   string
	mu   sync.Mutex
	open []net.Conn
	deaf atomic.Bool // answers of the server are swallowed
}

func behindProxy(t testing.TB, url string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, to: strings.TrimPrefix(url, "nats://")}
	t.Cleanup(func() { _ = l.Close(); p.cut() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", p.to)
			if err != nil {
				_ = from.Close()
				continue
			}
			p.mu.Lock()
			p.open = append(p.open, from, to)
			p.mu.Unlock()
			go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
			go func() { p.answers(from, to) }()
		}
	}()
	return p
}

func (p *proxy) answers(to, from net.Conn) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			_ = to.Close()
			return
		}
		if !p.deaf.Load() {
			_, _ = to.Write(buffer[:n])
		}
	}
}

// cut ends every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		_ = c.Close()
	}
	p.open = nil
}

// crowd appends from several senders until it is told to stop, and remembers what was acknowledged under which number.
type crowd struct {
	log   *Log
	stop  chan struct{}
	wait  sync.WaitGroup
	mu    sync.Mutex
	acked map[uint64]string
	maybe map[string]bool // may stand or not
	never map[string]bool // may not stand
	lost  []string
}

func gather(l *Log, senders int) *crowd {
	c := &crowd{log: l, stop: make(chan struct{}), acked: map[uint64]string{}, maybe: map[string]bool{}, never: map[string]bool{}}
	for s := range senders {
		c.wait.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-c.stop:
					return
				default:
				}
				c.send(fmt.Sprintf("%d/%d", s, n))
			}
		})
	}
	return c
}

func (c *crowd) send(text string) {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	number, err := c.log.Append(ctx, batchlog.Batch{Principal: "p" + text[:1], Count: 1, Payload: []byte(text)})
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		c.acked[number] = text
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, batchlog.ErrUnknown):
		c.maybe[text] = true
	default:
		c.never[text] = true
		time.Sleep(time.Millisecond)
	}
}

// settle ends the senders and checks the log: what was acknowledged stands once under its number, nothing stands twice,
// and what was refused does not stand.
func (c *crowd) settle(t *testing.T, l batchlog.Log, least int) {
	t.Helper()
	seen := map[string]uint64{}
	err := batchlog.Read(l, 1, func(b batchlog.Batch) error {
		text := string(b.Payload)
		if first, ok := seen[text]; ok {
			return fmt.Errorf("%s stands at %d and at %d", text, first, b.Number)
		}
		seen[text] = b.Number
		want, ok := c.acked[b.Number]
		if ok && want != text || !ok && !c.maybe[text] {
			return fmt.Errorf("record %d is %s, acknowledged was %q, may stand %v, was refused %v", b.Number, text, want, c.maybe[text], c.never[text])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for number, text := range c.acked {
		if seen[text] != number {
			t.Fatalf("the acknowledged %s of number %d stands at %d", text, number, seen[text])
		}
	}
	if len(c.acked) < least {
		t.Errorf("%d batches were acknowledged, too few to say anything", len(c.acked))
	}
	t.Logf("%d acknowledged, %d unknown, %d refused, %d in the log", len(c.acked), len(c.maybe), len(c.never), len(seen))
}

// TestLostAnswers: connections break, and answers get lost, at any moment while eight send.
func TestLostAnswers(t *testing.T) {
	conf := alone(t)
	direct := conf.URL
	p := behindProxy(t, direct)
	conf.URL, conf.ackWait = "nats://"+p.Addr().String(), 150*time.Millisecond
	var order []uint64
	conf.Durable = func(list []batchlog.Batch) {
		for _, b := range list {
			order = append(order, b.Number)
		}
	}
	l := start(t, conf)
	c := gather(l, 8)
	for range 25 {
		time.Sleep(time.Duration(10+rand.IntN(90)) * time.Millisecond)
		p.deaf.Store(rand.IntN(2) == 0)
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
		p.cut()
		p.deaf.Store(false)
	}
	time.Sleep(time.Second)
	close(c.stop)
	c.wait.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	conf.URL, conf.Durable = direct, nil
	again := start(t, conf)
	c.settle(t, again, 100)
	for i, n := range order {
		if n != uint64(i+1) {
			t.Fatalf("the fold was told of %d at place %d", n, i+1)
		}
	}
}

// TestAwayAndBack: without its server the log refuses soon, says so to the operator, and goes on by itself.
func TestAwayAndBack(t *testing.T) {
	ctx := context.Background()
	s, err := natstest.Start(ctx, natstest.Config{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { natstest.Stop([]*natstest.Server{s}) })
	conf := alone(t)
	conf.URL, conf.Monitor, conf.ackWait = s.URL, s.Monitor, 200*time.Millisecond
	l := start(t, conf)
	if got := l.State(); got.Synced != batchlog.SyncedAlways {
		t.Errorf("state %+v", got)
	}
	logtest.Fill(t, l, 1, 20)
	s.Kill()
	began := time.Now()
	first := make(chan error)
	go func() {
		_, err := l.Append(ctx, batchlog.Batch{Principal: "p21", Count: 21, At: time.UnixMicro(21), Payload: make([]byte, 0)})
		first <- err
	}()
	for l.State().Problem == nil {
		if time.Since(began) > 10*time.Second {
			t.Fatal("nobody is told that the server is away")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := l.Append(ctx, batchlog.Batch{}); !fail.Is(err, fail.Unavailable) {
		t.Errorf("without a server: %v", err)
	}
	if err := s.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-first; err != nil { // it was under way and is not given up
		t.Error(err)
	}
	for l.State().Problem != nil {
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := l.Append(ctx, batchlog.Batch{Principal: "p22"}); err != nil || l.Last() != 22 {
		t.Errorf("after the restart: %v, the last is %d", err, l.Last())
	}
}

// TestTheFirstWriterIsFenced: a second that cannot ask the first, as over a broken network, takes over; the first takes
// nothing in any more and says why.
func TestTheFirstWriterIsFenced(t *testing.T) {
	conf := alone(t)
	conf.ackWait = 200 * time.Millisecond
	first := start(t, conf)
	logtest.Fill(t, first, 1, 5)
	if _, err := Open(context.Background(), conf); err == nil || !strings.Contains(err.Error(), "another Halle (test, process") {
		t.Errorf("a second writer: %v", err)
	}
	if err := first.present.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
	if err := first.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	second := start(t, conf)
	logtest.Fill(t, second, 6, 8)
	for range 2 {
		if _, err := first.Append(context.Background(), batchlog.Batch{}); !fail.Is(err, fail.Unavailable) || !strings.Contains(fmt.Sprint(errors.Unwrap(err)), "another Halle") {
			t.Errorf("the first writes on: %v", err)
		}
	}
	if s := first.State(); s.Problem == nil || s.Since.IsZero() {
		t.Errorf("the first says nothing: %+v", s)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	logtest.Fill(t, second, 9, 10)
	logtest.Check(t, second, 10)
}

// TestKilledNodesCrash: of three servers one is killed with SIGKILL again and again, the leader of the stream and others,
// while eight send; nothing acknowledged is lost, nothing stands twice.
func TestKilledNodesCrash(t *testing.T) {
	ctx := context.Background()
	servers, err := natstest.Cluster(ctx, 3, natstest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { natstest.Stop(servers) })
	conf := Config{URL: natstest.URLs(servers), Stream: "CRASH", Home: "test", Replicas: 3, Log: quiet(t), Wait: time.Minute, Monitor: natstest.Monitors(servers)}
	l := start(t, conf)
	if s := l.State(); s.Copies != 3 || s.Synced != batchlog.SyncedLater {
		t.Errorf("state %+v", s)
	}
	c := gather(l, 8)
	for round := range 4 {
		time.Sleep(500 * time.Millisecond)
		victim := servers[round%3]
		if info, err := l.stream.Info(ctx); err == nil && info.Cluster != nil {
			for _, s := range servers { // the leader in even rounds, a follower in odd ones
				if (s.Name == info.Cluster.Leader) == (round%2 == 0) {
					victim = s
				}
			}
			t.Logf("killing %s, the leader is %s", victim.Name, info.Cluster.Leader)
		}
		victim.Kill()
		before := l.Last()
		for began := time.Now(); l.Last() < before+20; time.Sleep(10 * time.Millisecond) {
			if time.Since(began) > time.Minute {
				t.Fatal("two of three servers take nothing in")
			}
		}
		if err := victim.Restart(ctx); err != nil {
			t.Fatal(err)
		}
	}
	close(c.stop)
	c.wait.Wait()
	c.settle(t, l, 100)
	for began := time.Now(); l.State().CopiesUp < 3; time.Sleep(100 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("a copy does not come back: %+v", l.State())
		}
	}
}
