package m2m

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkPublishQoS1 is acknowledged, journalled messages per second over TLS into a child process, load generator
// on the same machine; each client keeps some messages on the way.
func BenchmarkPublishQoS1(b *testing.B) {
	for _, c := range []struct{ clients, window int }{{1, 1}, {1, 64}, {8, 64}, {64, 8}} {
		b.Run(fmt.Sprintf("clients=%d/window=%d", c.clients, c.window), func(b *testing.B) {
			s := newSite(b, func(c *Config) { c.Limits.MessagesPerSec, c.IntervalMS = 1e9, 1000 })
			s.start()
			pw := s.addDevice("dev")
			var left atomic.Int64
			left.Store(int64(b.N))
			payload := strings.Repeat("x", 100)
			var wg sync.WaitGroup
			start := make(chan struct{})
			for i := range c.clients {
				p := s.mustDial(fmt.Sprint("bench", i), "dev", pw, true, nil)
				for range c.window {
					wg.Go(func() {
						<-start
						for left.Add(-1) >= 0 {
							if code, err := publish(p, fmt.Sprint("bench/", i), payload, 1, false); err != nil || code != 0 {
								b.Errorf("%#x %v", code, err)
								return
							}
						}
					})
				}
			}
			b.ResetTimer()
			close(start)
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
			if st := s.status(); st.Messages != int64(b.N) {
				b.Errorf("%d of %d in the journal", st.Messages, b.N)
			}
			child := s.child
			s.kill()
			spent := child.ProcessState.UserTime() + child.ProcessState.SystemTime()
			b.ReportMetric(float64(spent.Microseconds())/float64(b.N), "broker-cpu-µs/message")
		})
	}
}
