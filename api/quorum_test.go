package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/halle-cloud/halle/api"
	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/batchlog/jetstream"
	"github.com/halle-cloud/halle/internal/batchlog/natstest"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

// TestUsageWithoutAQuorum keeps usage in three copies, each synced before it is acknowledged, and takes two of the three
// servers away: who sends is told to come back, with Retry-After. When they are there again, all goes on, and what is sent
// again counts once.
func TestUsageWithoutAQuorum(t *testing.T) {
	ctx := context.Background()
	servers, err := natstest.Cluster(ctx, 3, natstest.Config{Durable: true})
	must(t, err)
	t.Cleanup(func() { natstest.Stop(servers) })
	w := newWorldOn(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()), func(ctx context.Context, durable batchlog.Durable) (batchlog.Log, error) {
		return jetstream.Open(ctx, jetstream.Config{URL: natstest.URLs(servers), Monitor: natstest.Monitors(servers), Stream: "USAGE", Home: "test", Replicas: 3, Durable: durable})
	})
	if got := w.usage.Health().Log; got.Copies != 3 || got.Synced != batchlog.SyncedAlways {
		t.Errorf("the log: %+v", got)
	}
	server := httptest.NewServer(w.server)
	defer server.Close()
	counted := func(name string) (status int, verdict string) {
		a := send(t, server, "publisher", w.events(name, w.ids["service"], "s", 3))
		var got struct {
			Results []struct{ Verdict string }
		}
		if a.status != http.StatusOK {
			return a.status, ""
		}
		if must(t, json.Unmarshal(a.body, &got)); len(got.Results) != 3 {
			t.Fatalf("%s: %s", name, a.body)
		}
		return a.status, got.Results[2].Verdict
	}
	if status, verdict := counted("before"); verdict != "accepted" {
		t.Fatalf("before: %d %s", status, verdict)
	}
	servers[1].Kill()
	servers[2].Kill()
	var refused answered
	for end := time.Now().Add(60 * time.Second); refused.status != http.StatusServiceUnavailable && time.Now().Before(end); {
		refused = send(t, server, "publisher", w.events("without", w.ids["service"], "s", 3))
	}
	var p api.Problem
	if err := json.Unmarshal(refused.body, &p); err != nil || refused.status != http.StatusServiceUnavailable || refused.retryAfter != "1" || p.Remedy == "" {
		t.Errorf("without a quorum: %d, Retry-After %q, %s", refused.status, refused.retryAfter, refused.body)
	}
	must(t, servers[1].Restart(ctx))
	must(t, servers[2].Restart(ctx))
	status := 0
	for end := time.Now().Add(60 * time.Second); status != http.StatusOK && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		status, _ = counted("without")
	}
	if status != http.StatusOK {
		t.Fatalf("after the cluster came back: %d", status)
	}
	for name, want := range map[string]string{"before": "duplicate", "without": "duplicate", "after": "accepted"} {
		if status, verdict := counted(name); verdict != want {
			t.Errorf("%s, in the end: %d %s, want %s", name, status, verdict, want)
		}
	}
}
