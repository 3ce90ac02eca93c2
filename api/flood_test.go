package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/api"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
)

// answered is what a publisher got over the wire.
type answered struct {
	status     int
	retryAfter string
	body       []byte
}

func send(t *testing.T, server *httptest.Server, as string, body []byte) answered {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, server.URL+"/api/v1/usage", bytes.NewReader(body))
	must(t, err)
	r.Header.Set("Content-Type", usage.TypeBatch)
	r.Header.Set("X-Test-Caller", as)
	answer, err := server.Client().Do(r)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	must(t, err)
	return answered{answer.StatusCode, answer.Header.Get("Retry-After"), b}
}

// events is a request of so many events of a source.
func (w *world) events(name, service, source string, n int) []byte {
	end := w.Clock.Now().UTC().Truncate(time.Second)
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"specversion":"1.0","id":"%s-%d","source":"%s","type":"halle.usage.v1","subject":"%s","data":{"meter":"messages","value":"1","unit":"message","start":"%s","end":"%s"}}`,
			name, i, source, service, end.Add(-time.Second).Format(time.RFC3339), end.Format(time.RFC3339))
	}
	return []byte("[" + strings.Join(list, ",") + "]")
}

func eventually(what func() bool) bool {
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if what() {
			return true
		}
	}
	return false
}

// fill sends until nothing more is counted, then until nothing more is written to the log: what comes after that waits in
// its sender's turn.
func (w *world) fill(t *testing.T, server *httptest.Server, wait *sync.WaitGroup) {
	t.Helper()
	many, one := w.events("many", w.ids["service"], "s", usage.MaxEvents), w.events("small", w.ids["service"], "s", 1)
	for range 1000 {
		done := make(chan struct{})
		wait.Go(func() {
			send(t, server, "publisher", many)
			close(done)
		})
		if !eventually(func() bool {
			select {
			case <-done:
				return true
			default:
				return false
			}
		}) {
			break
		}
	}
	stored := w.usage.Health().Stored
	for range 1000 {
		wait.Go(func() { send(t, server, "publisher", one) })
		stored++
		if !eventually(func() bool { return w.usage.Health().Stored >= stored }) {
			return
		}
	}
	t.Error("the log takes whatever comes")
}

// TestAFloodIsTurnedAwayAndAnotherIsServed stops the usage database for a moment, so that everything waits: the publisher
// that floods is told to come back, another is taken at once, and whoever comes back is counted once.
func TestAFloodIsTurnedAwayAndAnotherIsServed(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewServer(w.server)
	defer server.Close()
	flood, other := w.events("flood", w.ids["service"], strings.Repeat("s", 250), usage.MaxEvents), w.events("other", "sub_of_nobody", "s", 1)
	if r := send(t, server, "publisher", w.events("before", w.ids["service"], "s", 1)); r.status != http.StatusOK {
		t.Fatalf("before: %d %s", r.status, r.body)
	}
	stopped, gate := make(chan struct{}), make(chan struct{})
	var held sync.Once
	var wait sync.WaitGroup
	wait.Go(func() {
		_ = w.usageDB.Tx(context.Background(), func(*store.Tx) error {
			held.Do(func() { close(stopped) })
			<-gate
			return nil
		})
	})
	<-stopped
	open := sync.OnceFunc(func() { close(gate) })
	defer open()
	answers := make(chan answered, 200)
	w.fill(t, server, &wait)
	for range 100 {
		wait.Go(func() { answers <- send(t, server, "publisher", flood) })
	}
	var refused answered
	for refused.status != http.StatusTooManyRequests {
		select {
		case refused = <-answers:
		case <-time.After(20 * time.Second):
			t.Fatal("nobody was turned away")
		}
	}
	var p api.Problem
	if err := json.Unmarshal(refused.body, &p); err != nil || refused.retryAfter != "1" || p.Code != "log.share" || p.Remedy == "" {
		t.Errorf("turned away with Retry-After %q and %s", refused.retryAfter, refused.body)
	}
	taken := make(chan answered, 1)
	wait.Go(func() { taken <- send(t, server, "stranger publisher", other) })
	select {
	case a := <-taken:
		t.Fatalf("the other is answered before anything can be counted: %d %s", a.status, a.body)
	case <-time.After(200 * time.Millisecond): // it waits in its turn
	}
	open()
	if a := <-taken; a.status != http.StatusOK {
		t.Errorf("the other was not served: %d %s", a.status, a.body)
	}
	wait.Wait()
	close(answers)
	served := 0
	for a := range answers {
		if a.status == http.StatusOK {
			served++
		}
	}
	again := send(t, server, "publisher", flood)
	var out api.Verdicts
	if again.status != http.StatusOK || json.Unmarshal(again.body, &out) != nil {
		t.Fatalf("again: %d %s", again.status, again.body)
	}
	for _, v := range out.Results {
		if v.Verdict != usage.Duplicate && (served > 0 || v.Verdict != usage.Accepted) {
			t.Fatalf("counted twice: %+v", v)
		}
	}
}
