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

// events is a request of about so many bytes, about a subscription or nothing that is known.
func (w *world) events(name, service string, size int) []byte {
	end := w.Clock.Now().UTC().Truncate(time.Second)
	var list []string
	for i, n := 0, 0; n < size || i == 0; i++ {
		list = append(list, fmt.Sprintf(`{"specversion":"1.0","id":"%s-%d","source":"%s","type":"halle.usage.v1","subject":"%s","data":{"meter":"messages","value":"1","unit":"message","start":"%s","end":"%s"}}`,
			name, i, strings.Repeat("s", min(250, 1+size)), service, end.Add(-time.Second).Format(time.RFC3339), end.Format(time.RFC3339)))
		n += len(list[i]) + 1
	}
	return []byte("[" + strings.Join(list[:min(len(list), usage.MaxEvents)], ",") + "]")
}

func eventually(what func() bool) bool {
	for range 300 {
		if what() {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

// TestAFloodIsTurnedAwayAndAnotherIsServed stops the usage database for a moment, so that everything waits: the publisher
// that floods is told to come back, another is taken at once, and whoever comes back is counted once.
func TestAFloodIsTurnedAwayAndAnotherIsServed(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewServer(w.server)
	defer server.Close()
	flood, other := w.events("flood", w.ids["service"], 1_000_000), w.events("other", "sub_of_nobody", 1)
	if r := send(t, server, "publisher", w.events("before", w.ids["service"], 1)); r.status != http.StatusOK {
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
	for stored := w.usage.Health().Stored; ; stored++ { // small ones, until what is counted next has no more room
		wait.Go(func() { send(t, server, "publisher", w.events("small", w.ids["service"], 1)) })
		if !eventually(func() bool { return w.usage.Health().Stored > stored }) {
			break
		}
	}
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
