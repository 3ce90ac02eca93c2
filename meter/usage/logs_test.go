package usage

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/batchlog/jetstream"
	"github.com/halle-cloud/halle/internal/batchlog/natstest"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
)

// made says what the log of a test is made of: files beside the index when it is empty, else a stream on these servers.
type made struct {
	servers  []*natstest.Server
	urls     string
	replicas int
}

// server is the NATS server of all tests that need one and not a cluster.
var server natstest.Shared

func onNATS(t testing.TB) made {
	t.Helper()
	s, err := server.Get(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return made{[]*natstest.Server{s}, s.URL, 1}
}

// each runs fn on each engine of the database with each make of log.
func each(t *testing.T, fn func(t *testing.T, db *store.DB, log made)) {
	t.Helper()
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		t.Run("files", func(t *testing.T) { fn(t, db, made{}) })
	})
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		t.Run("jetstream", func(t *testing.T) { fn(t, db, onNATS(t)) })
	})
}

// in is what Config.OpenLog becomes for a store in the folder.
func (m made) in(dir string) func(context.Context, batchlog.Durable) (batchlog.Log, error) {
	if m.urls == "" {
		return nil
	}
	return func(ctx context.Context, durable batchlog.Durable) (batchlog.Log, error) {
		return jetstream.Open(ctx, jetstream.Config{URL: m.urls, Stream: stream(dir), Home: "test", Replicas: m.replicas, Durable: durable, Wait: time.Minute})
	}
}

func stream(dir string) string { return fmt.Sprintf("U%x", sha256.Sum256([]byte(dir)))[:17] }

// env hands it to a child, fromEnv takes it there.
func (m made) env() string { return fmt.Sprintf("HALLE_USAGE_NATS=%s %d", m.urls, m.replicas) }

func fromEnv() (m made) {
	if urls, replicas, ok := strings.Cut(os.Getenv("HALLE_USAGE_NATS"), " "); ok {
		m.urls = urls
		_, _ = fmt.Sscan(replicas, &m.replicas) // the parent wrote a number
	}
	return m
}

// shake kills the servers, one after the other, and starts them again.
func (m made) shake() error {
	for _, s := range m.servers {
		s.Kill()
		if err := s.Restart(context.Background()); err != nil {
			return err
		}
	}
	return nil
}
