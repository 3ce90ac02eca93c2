package m2m

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUsageGoesToASocketOfTheFolder(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), strings.Repeat("long/", 30))} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Chdir(dir) // a socket is bound by its short name, however long the folder's is
		l, err := net.Listen("unix", "usage.sock")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })}
		go func() { _ = server.Serve(l) }()
		address, client := usageClient(Config{Dir: dir, UsageURL: "unix:usage.sock"})
		resp, err := client.Post(address, "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		client.CloseIdleConnections()
		_ = server.Close()
		if resp.StatusCode != http.StatusAccepted {
			t.Errorf("status %d", resp.StatusCode)
		}
	}
}

func TestOnlyAVerdictThatMayChangeIsSentAgain(t *testing.T) {
	for _, c := range []struct {
		verdict
		taken, quarantined bool
	}{
		{verdict{Verdict: "accepted"}, true, false},
		{verdict{Verdict: "duplicate"}, true, false},
		{verdict{Verdict: "conflict"}, true, true},
		{verdict{Verdict: "rejected", Reason: "subscription_ended"}, true, true},
		{verdict{Verdict: "rejected", Reason: "unknown_subject", Retry: true}, false, false},
		{verdict{}, false, false},
		{verdict{Verdict: "perhaps"}, false, false},
	} {
		if c.verdict.taken() != c.taken || c.verdict.quarantined() != c.quarantined {
			t.Errorf("%+v: taken %v, quarantined %v", c.verdict, c.verdict.taken(), c.verdict.quarantined())
		}
	}
}
