package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"github.com/halle-cloud/halle/proof"
)

const logEntries = 1_000_000

// verifyLog is `halle verify log` on a log of a million entries, without the time to make that log.
func verifyLog() Figure {
	return Figure{Name: "verify 1,000,000 log entries offline", Unit: "s", Less: true, Held: 3, Measure: func(ctx context.Context) (Result, error) {
		dir, err := os.MkdirTemp("", "halle-bench-")
		if err != nil {
			return Result{}, err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		n := logEntries
		if span(time.Second) < time.Second {
			n /= 10
		}
		begin := time.Now()
		key, err := writeLog(ctx, dir, n)
		if err != nil {
			return Result{}, err
		}
		made := time.Since(begin)
		l, err := proof.OpenLog(dir, key)
		if err != nil {
			return Result{}, err
		}
		start := time.Now()
		report, err := l.Verify(nil)
		if err == nil && report.Size != uint64(n) {
			err = fmt.Errorf("the log has %d entries", report.Size)
		}
		took := time.Since(start).Seconds() * logEntries / float64(n)
		return Result{Value: took, Reference: fmt.Sprintf("one core; %s leaves made in %s s", number(float64(n)), number(made.Seconds()))}, err
	}}
}

// writeLog makes a published log of n leaves and gives its verifier key.
func writeLog(ctx context.Context, dir string, n int) (key string, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // the library's own lines
	secret, key, err := note.GenerateKey(rand.Reader, "bench.halle")
	if err != nil {
		return "", err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return "", err
	}
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return "", err
	}
	const batch = 65_536
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().WithCheckpointSigner(signer).
		WithBatching(batch, time.Second).WithCheckpointInterval(time.Second).WithPushback(4*batch))
	if err != nil {
		return "", err
	}
	futures := make([]tessera.IndexFuture, 0, batch)
	for i := range n {
		var leaf proof.Leaf
		binary.BigEndian.PutUint64(leaf.ID[:], uint64(i))
		_, _ = rand.Read(leaf.Commit[:])
		futures = append(futures, appender.Add(ctx, tessera.NewEntry(leaf.Bytes())))
		if len(futures) < batch && i < n-1 {
			continue
		}
		for _, future := range futures {
			if _, err := future(); err != nil {
				return "", err
			}
		}
		futures = futures[:0]
	}
	return key, shutdown(ctx)
}
