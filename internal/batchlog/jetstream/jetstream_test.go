package jetstream

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/batchlog/logtest"
	"github.com/halle-cloud/halle/internal/batchlog/natstest"
)

// one is the server of all tests that do not kill theirs; it dies with the test binary.
var one natstest.Shared

func TestMain(m *testing.M) {
	code := m.Run()
	one.Stop()
	os.Exit(code)
}

// alone is the configuration of a log of one copy on the shared server, with a stream of its own.
func alone(t testing.TB) Config {
	t.Helper()
	s, err := one.Get(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return Config{URL: s.URL, Stream: fmt.Sprintf("T%d", time.Now().UnixNano()), Home: "test", Replicas: 1, Log: quiet(t)}
}

type writer struct{ t testing.TB }

func (w writer) Write(b []byte) (int, error) { w.t.Logf("%s", b); return len(b), nil }

func quiet(t testing.TB) *slog.Logger { return slog.New(slog.NewTextHandler(writer{t}, nil)) }

func start(t testing.TB, conf Config) *Log {
	t.Helper()
	l, err := Open(context.Background(), conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestContract(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Opener {
		conf := alone(t)
		return func(durable batchlog.Durable) (batchlog.Log, error) {
			c := conf
			c.Durable = durable
			return Open(context.Background(), c)
		}
	})
}
