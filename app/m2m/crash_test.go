package m2m

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// feed is a device that publishes lines until each is acknowledged. mosquitto_pub gives up when its connection ends,
// so the feed starts it again with what is left, as a careful device would.
type feed struct {
	sent  int // PUBLISH packets
	acked map[string]bool
}

func (s *site) feed(password, version, name string, n int) (*feed, error) {
	f := &feed{acked: map[string]bool{}}
	var left []string
	for i := range n {
		left = append(left, fmt.Sprintf("%s-%d", name, i))
	}
	for tries := 0; len(left) > 0; tries++ {
		if tries > 50 {
			return f, fmt.Errorf("%s: %d lines are still not acknowledged", name, len(left))
		}
		// It waits for ever when the connection ends after its input, so it gets a time limit; and its report must
		// not sit in a buffer then.
		c := s.mosquitto("mosquitto_pub", "dev", password, "-V", version, "-q", "1", "-t", "crash/"+name, "-i", name, "-l", "-d")
		c.Args = append([]string{"timeout", "-s", "KILL", "3", "stdbuf", "-oL"}, c.Args...)
		c.Path, c.Err = "/usr/bin/timeout", nil
		in, err := c.StdinPipe()
		if err != nil {
			return f, err
		}
		var out bytes.Buffer
		c.Stdout = &out
		if err := c.Start(); err != nil {
			return f, err
		}
		for _, line := range left {
			if _, err := fmt.Fprintln(in, line); err != nil {
				break // it has ended
			}
			time.Sleep(4 * time.Millisecond)
		}
		_ = in.Close()
		_ = c.Wait()
		left = f.read(out.String(), left)
	}
	return f, nil
}

// read takes one run's report: message id k is its line k. It returns the lines that were not acknowledged.
func (f *feed) read(report string, lines []string) (left []string) {
	for line := range strings.Lines(report) {
		if strings.Contains(line, "sending PUBLISH") {
			f.sent++
		}
		var client string
		var mid, rc int
		if n, _ := fmt.Sscanf(line, "Client %s received PUBACK (Mid: %d, RC:%d)", &client, &mid, &rc); n == 3 && rc == 0 {
			f.acked[lines[mid-1]] = true
		}
	}
	for _, l := range lines {
		if !f.acked[l] {
			left = append(left, l)
		}
	}
	return left
}

// Devices publish through kills of the broker: everything acknowledged is billed, nothing is billed that was not
// sent, and an absent persistent subscriber gets every acknowledged message.
func TestKilledBrokerLosesNothingAcknowledged(t *testing.T) {
	s := newSite(t, func(c *Config) { c.SegmentBytes = 20000 })
	s.start()
	password := s.addDevice("dev")
	subscribe := []string{"-V", "mqttv311", "-i", "absent", "-c", "-q", "1", "-t", "crash/#"}
	if out, code := run(t, s.mosquitto("mosquitto_sub", "dev", password, append(subscribe, "-E")...)); code != 0 {
		t.Fatal(out)
	}
	const each, feeds, kills = 300, 4, 5
	var wg sync.WaitGroup
	results := make([]*feed, feeds)
	errs := make([]error, feeds)
	for i := range feeds {
		version := []string{"mqttv311", "mqttv5"}[i%2]
		wg.Go(func() { results[i], errs[i] = s.feed(password, version, fmt.Sprintf("f%d", i), each) })
	}
	for i := range kills {
		time.Sleep(time.Duration(200+90*i) * time.Millisecond)
		s.kill()
		s.start()
	}
	wg.Wait()
	s.kill()
	s.start()

	acked, sent := int64(0), int64(0)
	for i, f := range results {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		acked, sent = acked+int64(len(f.acked)), sent+int64(f.sent)
	}
	before := s.status()
	got := s.collect(password, before.Owed, append(subscribe, "-F", "%p")...)
	for i := range feeds {
		for k := range each {
			if m := fmt.Sprintf("f%d-%d", i, k); !got[m] {
				t.Errorf("%s was acknowledged and not delivered", m)
			}
		}
	}
	var after Status
	s.call("POST", "/drain", "", http.StatusOK, &after)
	billed := s.sink.billed(t, "messages")
	t.Logf("acknowledged %d, billed %d, sent %d (repetitions included), owed before %d", acked, billed, sent, before.Owed)
	if billed < acked || billed > sent || billed != after.Messages || after.Outbox != 0 {
		t.Errorf("acknowledged %d, sent %d, billed %d, in the journal %d, outbox %d", acked, sent, billed, after.Messages, after.Outbox)
	}
	if s.sink.conflicts != 0 {
		t.Errorf("%d event identifiers were used for two contents", s.sink.conflicts)
	}
}

// collect receives at least n messages as a persistent subscriber and returns the distinct payloads.
func (s *site) collect(password string, n int, args ...string) map[string]bool {
	s.t.Helper()
	c := s.mosquitto("mosquitto_sub", "dev", password, append(args, "-C", fmt.Sprint(n), "-W", "20")...)
	out, err := c.Output()
	if err != nil {
		s.t.Errorf("mosquitto_sub: %v", err)
	}
	got := map[string]bool{}
	for sc := bufio.NewScanner(io.Reader(strings.NewReader(string(out)))); sc.Scan(); {
		got[sc.Text()] = true
	}
	return got
}
