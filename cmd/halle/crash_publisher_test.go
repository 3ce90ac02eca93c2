package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/client/usage"
	"github.com/halle-cloud/halle/client/usage/usagetest"
)

// publisherChild as first argument makes the test binary a publisher's program.
const publisherChild = "publisher-child"

// reported is an event of the publisher's program.
func reported(id, service, start string) usage.Event {
	at, _ := time.Parse(time.RFC3339, start)
	return usage.Event{ID: id, Source: "/publisher", Subject: service, Meter: metered, Unit: "message", Value: 1, Start: at, End: at.Add(time.Second)}
}

// publisherMain reports until it is killed, and tells what it tries and what was acknowledged to it.
func publisherMain() {
	s, err := usage.Open(client.New(os.Getenv("PUBLISHER_URL"), os.Getenv("PUBLISHER_TOKEN")), usage.Options{Dir: os.Getenv("PUBLISHER_DIR"),
		Batch: 50, Delay: time.Millisecond, Longest: 50 * time.Millisecond})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	usagetest.Report(s, os.Getenv("PUBLISHER_ROUND"), 3, func(id string) usage.Event {
		return reported(id, os.Getenv("PUBLISHER_SERVICE"), os.Getenv("PUBLISHER_START"))
	})
}

// TestPublisherCrash kills a publisher's program and the server while the one reports to the other: what was acknowledged
// to the program is billed once, and nothing else but what was on its way.
func TestPublisherCrash(t *testing.T) {
	c := newChaos(newWorld(t, buildHalle(t), t.TempDir()), nil)
	c.seed()
	c.start()
	c.order()
	b := c.brokers[0]
	c.running(b)
	p := &program{chaos: c, service: b.service, start: time.Now().UTC().Format(time.RFC3339), spool: t.TempDir(), heard: usagetest.NewHeard()}
	rounds := 10
	if os.Getenv("HALLE_CHAOS") != "" {
		rounds = 60
	}
	for round := range rounds {
		p.crash(round)
	}
	p.drain()
	cancels := c.cancel()
	c.ended(cancels)
	c.checkInvoices(map[string]int64{b.service: int64(len(p.heard.Tried))})
	c.checkNothingLeft()
}

// program is a publisher's program over its crashes.
type program struct {
	*chaos
	service, start, spool string
	heard                 usagetest.Heard
}

// crash runs the program and kills it, and now and then the server before it.
func (p *program) crash(round int) {
	p.t.Helper()
	token, err := p.session(alpes)
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], publisherChild)
	cmd.Env = append(os.Environ(), "PUBLISHER_URL="+p.url, "PUBLISHER_TOKEN="+token, "PUBLISHER_DIR="+p.spool, "PUBLISHER_SERVICE="+p.service,
		"PUBLISHER_START="+p.start, "PUBLISHER_ROUND="+strconv.Itoa(round))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	var killed sync.WaitGroup
	other := p.heard.Listen(out, func(id string, acked bool) {
		if acked && strings.HasSuffix(id, "/0/0") {
			killed.Go(func() { p.end(cmd, round) })
		}
	})
	for _, line := range other {
		p.t.Errorf("round %d: %s", round, line)
	}
	killed.Wait()
	_ = cmd.Wait() // killed
}

// end lets the program work for a moment.
func (p *program) end(cmd *exec.Cmd, round int) {
	p.pause(0, 150*time.Millisecond)
	if round%3 == 1 {
		p.killServer()
	}
	_ = cmd.Process.Kill()
}

// drain sends what the last kill left. Then it sends everything once more: what was acknowledged must be there, and the
// rest that was on its way comes to count too, so that the invoice must be exactly what was tried.
func (p *program) drain() {
	p.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	left := p.sender(p.spool)
	p.settle(ctx, left)
	again := p.sender(p.t.TempDir())
	var acked, flying []string
	for id := range p.heard.Tried {
		if p.heard.Acked[id] {
			acked = append(acked, id)
		} else {
			flying = append(flying, id)
		}
	}
	p.add(again, acked)
	if err := again.Flush(ctx); err != nil {
		p.t.Fatal(err)
	}
	if st := again.Stats(); st.Duplicate != int64(len(acked)) || st.Accepted != 0 || st.Refused != 0 || len(acked) == 0 {
		p.t.Errorf("of %d acknowledged events the server had not %d: %+v", len(acked), st.Accepted, st)
	}
	p.add(again, flying)
	p.t.Logf("%d events tried, %d acknowledged, killed %v", len(p.heard.Tried), len(acked), p.done)
	p.settle(ctx, again)
}

func (p *program) sender(dir string) *usage.Sender {
	p.t.Helper()
	token, err := p.session(alpes)
	if err != nil {
		p.t.Fatal(err)
	}
	s, err := usage.Open(client.New(p.url, token), usage.Options{Dir: dir})
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *program) add(s *usage.Sender, ids []string) {
	p.t.Helper()
	for chunk := range slices.Chunk(ids, 400) {
		var events []usage.Event
		for _, id := range chunk {
			events = append(events, reported(id, p.service, p.start))
		}
		if err := s.Add(events...); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *program) settle(ctx context.Context, s *usage.Sender) {
	p.t.Helper()
	if err := s.Settle(ctx); err != nil {
		p.t.Fatal(err)
	}
	if st := s.Stats(); st.Refused != 0 {
		p.t.Errorf("the server refused events: %+v", st)
	}
	if err := s.Close(ctx); err != nil {
		p.t.Fatal(err)
	}
}
