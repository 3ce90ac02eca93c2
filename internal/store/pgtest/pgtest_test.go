package pgtest

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var out string
	if err := conn.QueryRow(t.Context(), sql).Scan(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestACrashedDurableClusterKeepsWhatWasCommitted(t *testing.T) {
	c, err := Launch(t.Context(), Config{Durable: true, Settings: []string{"max_connections=20"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	if got := query(t, c.URL, "SELECT current_setting('fsync') || current_setting('max_connections')"); got != "on20" {
		t.Fatalf("settings %q, want on20", got)
	}
	conn, err := pgx.Connect(t.Context(), c.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "CREATE TABLE kept (word TEXT); INSERT INTO kept VALUES ('still here')"); err != nil {
		t.Fatal(err)
	}
	url := c.URL
	c.Crash()
	if err := conn.Ping(t.Context()); err == nil {
		t.Fatal("the connection outlived the crash")
	}
	if err := c.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.URL != url {
		t.Fatalf("restarted at %s, was at %s", c.URL, url)
	}
	if got := query(t, c.URL, "SELECT word FROM kept"); got != "still here" {
		t.Fatalf("read %q", got)
	}
	c.Stop()
	if _, err := os.Stat(c.Dir); !os.IsNotExist(err) {
		t.Fatalf("the folder is still there: %v", err)
	}
}

func TestStartUsesTheClusterThatTheEnvironmentNames(t *testing.T) {
	t.Setenv(EnvURL, "postgres://somewhere")
	url, stop, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if url != "postgres://somewhere" {
		t.Fatalf("got %s", url)
	}
}

func TestParseStat(t *testing.T) {
	pid, parent, ok := parseStat("42 (post) gres) S 7 42 42 0 -1")
	if !ok || pid != 42 || parent != 7 {
		t.Fatalf("got %d, %d, %v", pid, parent, ok)
	}
	if _, _, ok := parseStat("42 no brackets"); ok {
		t.Fatal("accepted a line without a name")
	}
}
