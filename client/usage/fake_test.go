package usage_test

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/halle-cloud/halle/client"
)

// network is the way to a server and a server that counts each event once. It stands for what may go wrong between the
// two; what the real one does is tested with the real one.
type network struct {
	t      *testing.T
	server *httptest.Server

	mu       sync.Mutex
	seen     map[string]string // id → event
	sizes    []int
	requests int
	answer   func(n int, w http.ResponseWriter, events []string) bool // true: it has answered request n
	verdict  func(id string, times int) client.Verdict
	times    map[string]int
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{t: t, seen: map[string]string{}, times: map[string]int{}}
	n.server = httptest.NewServer(n)
	t.Cleanup(n.server.Close)
	return n
}

func (n *network) client() *client.Client { return client.New(n.server.URL, "hal_test") }

func (n *network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender was killed while it sent
	}
	events := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
	n.mu.Lock()
	defer n.mu.Unlock()
	n.requests++
	if n.answer != nil && n.answer(n.requests, w, events) {
		return
	}
	_ = json.NewEncoder(w).Encode(n.take(events))
}

// take counts the events.
func (n *network) take(events []string) client.Verdicts {
	n.sizes = append(n.sizes, len(events))
	out := client.Verdicts{}
	for i, text := range events {
		id := idOf(text)
		n.times[id]++
		v := client.Verdict{Verdict: "accepted"}
		if n.verdict != nil {
			v = n.verdict(id, n.times[id])
		}
		if was, ok := n.seen[id]; ok && v.Verdict == "accepted" {
			v.Verdict = "duplicate"
			if was != text {
				v.Verdict = "conflict"
			}
		}
		if v.Verdict == "accepted" {
			n.seen[id] = text
		}
		v.Index = int64(i)
		out.Results = append(out.Results, v)
	}
	return out
}

func idOf(event string) string {
	var e struct{ ID string }
	if json.Unmarshal([]byte(event), &e) != nil {
		return ""
	}
	return e.ID
}

func (n *network) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.seen)
}

func (n *network) has(id string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, ok := n.seen[id]
	return ok
}

// problem answers as the server refuses.
func problem(w http.ResponseWriter, status int, code, field string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	p := client.Problem{Type: "urn:halle:problem:x", Title: "x", Status: int64(status), Code: code, Detail: "No."}
	if field != "" {
		p.Fields = []client.FailField{{Path: field, Message: "is wrong"}}
	}
	_ = json.NewEncoder(w).Encode(p)
}

// flaky fails at random: before it counts, after it counted, busy, or in the middle of the answer.
func (n *network) flaky(share int) {
	n.mu.Lock() // requests may come from another process
	defer n.mu.Unlock()
	n.answer = func(_ int, w http.ResponseWriter, events []string) bool {
		if rand.IntN(100) >= share {
			return false
		}
		switch rand.IntN(5) {
		case 0:
			w.Header().Set("Retry-After", "0")
			problem(w, http.StatusTooManyRequests, "x.busy", "")
		case 1:
			problem(w, http.StatusServiceUnavailable, "x.away", "")
		case 2:
			n.take(events)
			panic(http.ErrAbortHandler) // counted, and the answer is lost
		case 3:
			n.take(events)
			_, _ = io.WriteString(w, `{"results":[`) // torn
		case 4:
			http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway)
		}
		return true
	}
}
