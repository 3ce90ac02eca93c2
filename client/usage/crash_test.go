package usage_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/client/usage"
	"github.com/halle-cloud/halle/client/usage/usagetest"
)

func TestMain(m *testing.M) {
	if os.Getenv("USAGE_CHILD") != "" {
		publisher()
		return
	}
	os.Exit(m.Run())
}

// publisher is a program of a publisher: four of its parts report until it is killed. It tells what it tries and what was
// acknowledged to it.
func publisher() {
	interval, _ := time.ParseDuration(os.Getenv("USAGE_SYNC"))
	s, err := usage.Open(client.New(os.Getenv("USAGE_URL"), "hal_test"), usage.Options{Dir: os.Getenv("USAGE_DIR"), Sync: interval, MaxBytes: 4 << 20,
		Batch: 20, Delay: time.Millisecond, Longest: 5 * time.Millisecond, Later: 3 * time.Millisecond})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	usagetest.Report(s, os.Getenv("USAGE_CHILD"), 4, event)
}

// crash runs the publisher once and kills it some time after its first acknowledgement, or before.
func crash(t *testing.T, n *network, dir, interval string, round int, heard usagetest.Heard) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "USAGE_CHILD="+strconv.Itoa(round), "USAGE_URL="+n.server.URL, "USAGE_DIR="+dir, "USAGE_SYNC="+interval)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	begun := false
	other := heard.Listen(out, func(_ string, acked bool) {
		if !begun && (acked || round%5 == 4) {
			begun = true
			time.AfterFunc(time.Duration(rand.Int64N(int64(40*time.Millisecond))), func() { _ = cmd.Process.Kill() })
		}
	})
	for _, line := range other {
		t.Errorf("round %d: %s", round, line)
	}
	_ = cmd.Wait() // killed
}

// TestCrash kills the publisher at random points while the network fails at random: what was acknowledged arrives, and
// nothing else but what was on its way. HALLE_CHAOS=1 kills many more times.
func TestCrash(t *testing.T) {
	rounds := 10
	if os.Getenv("HALLE_CHAOS") != "" {
		rounds = 200
	}
	for _, interval := range []string{"0s", "5ms"} {
		t.Run(interval, func(t *testing.T) {
			n, dir := newNetwork(t), t.TempDir()
			n.flaky(30)
			n.mu.Lock()
			n.verdict = func(_ string, times int) client.Verdict { // each event's verdict comes late now and then
				if times == 1 && rand.IntN(20) == 0 {
					return client.Verdict{Verdict: "rejected", Reason: "in_the_future", Retry: true}
				}
				return client.Verdict{Verdict: "accepted"}
			}
			n.mu.Unlock()
			heard := usagetest.NewHeard()
			for round := range rounds {
				crash(t, n, dir, interval, round, heard)
			}
			s := open(t, n, usage.Options{Dir: dir, Later: time.Millisecond})
			must(t, s.Settle(soon(t)))
			must(t, s.Close(context.Background()))
			n.server.Close() // a request of a killed program may still be on its way
			t.Logf("%d tried, %d acknowledged, %d arrived in %d requests", len(heard.Tried), len(heard.Acked), n.count(), n.requests)
			for id := range heard.Acked {
				if !n.has(id) {
					t.Errorf("%s was acknowledged and did not arrive", id)
				}
			}
			for id := range n.seen {
				if !heard.Tried[id] {
					t.Errorf("%s arrived and nobody sent it", id)
				}
			}
			if list := refusals(t, dir); list != nil || len(heard.Acked) < rounds/2 {
				t.Errorf("%d acknowledged, refused: %+v", len(heard.Acked), list)
			}
		})
	}
}
