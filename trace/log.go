package trace

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/proof"
)

// Log is the Merkle log in its folder, open for appending by this process alone.
type Log struct {
	Dir string
	Key string // verifier key, also in the file proof.LogKeyFile of the folder
	// Witnesses are those that cosign; nil: none are asked.
	Witnesses *Witnesses
	appender  *tessera.Appender
	reader    tessera.LogReader
	shutdown  func(context.Context) error
	once      sync.Once
	stop      context.CancelFunc // of what the log does by itself
}

// OpenLog opens or creates the log of the installation. origin is its name for ever (C2SP: a schema-less URL such as
// "demo.halle"); its signing key comes from the key ring. every is how often a checkpoint is published, at least
// 100 ms. At most one Witnesses may be given.
func OpenLog(ctx context.Context, dir, origin string, ring *keys.Ring, every time.Duration, witnesses ...*Witnesses) (*Log, error) {
	signer, key, err := logSigner(ctx, origin, ring)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("log folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, proof.LogKeyFile), []byte(key+"\n"), 0o644); err != nil {
		return nil, fmt.Errorf("log folder: %w", err)
	}
	if err := notFromTheFuture(dir); err != nil {
		return nil, err
	}
	l := &Log{Dir: dir, Key: key}
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(pumpBatch, batchAge).WithCheckpointInterval(every).
		WithGarbageCollectionInterval(time.Minute).WithPushback(4 * pumpBatch)
	config := posix.Config{Path: dir}
	for _, w := range witnesses {
		l.Witnesses, config.HTTPClient = w, &http.Client{Transport: w}
		options.WithWitnesses(w.all, &tessera.WitnessOptions{Timeout: cosignWithin, FailOpen: true}).WithCheckpointRepublishInterval(republish)
	}
	driver, err := posix.New(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	// The log's life ends with Close, not with the start-up context.
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	if l.appender, l.shutdown, l.reader, err = tessera.NewAppender(life, driver, options); err != nil {
		stop()
		return nil, fmt.Errorf("log: %w", err)
	}
	l.stop = stop
	return l, nil
}

// Close publishes what was appended and gives the folder free. A second call does nothing.
func (l *Log) Close(ctx context.Context) (err error) {
	l.once.Do(func() {
		defer l.stop() // the library's own rounds over the folder go on until then
		err = l.shutdown(ctx)
	})
	return err
}

// logSigner makes the signed-note keys (C2SP signed-note, Ed25519) from a secret of the ring.
func logSigner(ctx context.Context, origin string, ring *keys.Ring) (note.Signer, string, error) {
	ref := keys.Install("log")
	if err := ring.Ensure(ctx, ref); err != nil {
		return nil, "", err
	}
	seed, err := ring.Secret(ctx, ref, "signing/ed25519/1")
	if err != nil {
		return nil, "", err
	}
	private := ed25519.NewKeyFromSeed(seed[:])
	key, err := note.NewEd25519VerifierKey(origin, private.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, "", fmt.Errorf("log name %q: %w", origin, err)
	}
	hash := strings.Split(key, "+")[1]
	const algEd25519 = 1
	secret := base64.StdEncoding.EncodeToString(append([]byte{algEd25519}, seed[:]...))
	signer, err := note.NewSigner("PRIVATE+KEY+" + origin + "+" + hash + "+" + secret)
	return signer, key, err
}

func (l *Log) size(ctx context.Context) (int64, error) {
	n, err := l.reader.NextIndex(ctx)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	return int64(n), err
}

func (l *Log) entry(ctx context.Context, index uint64) ([]byte, error) {
	size, err := l.reader.IntegratedSize(ctx)
	if err != nil {
		return nil, err
	}
	b, err := client.GetEntryBundle(ctx, l.reader.ReadEntryBundle, index/layout.EntryBundleWidth, size)
	if err != nil {
		return nil, err
	}
	at := index % layout.EntryBundleWidth
	if at >= uint64(len(b.Entries)) {
		return nil, fmt.Errorf("entry %d is not there", index)
	}
	return b.Entries[at], nil
}

// notFromTheFuture mends the age of the published checkpoint after the machine's clock was set back: the library publishes
// by that age, and would wait until the clock has caught up. The contents have no time, so that nothing else changes.
func notFromTheFuture(dir string) error {
	path := filepath.Join(dir, layout.CheckpointPath)
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if now := time.Now(); err == nil && info.ModTime().After(now) {
		err = os.Chtimes(path, now, now)
	}
	if err != nil {
		return fmt.Errorf("published checkpoint: %w", err)
	}
	return nil
}
