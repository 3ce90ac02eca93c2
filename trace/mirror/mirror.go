// Package mirror keeps a copy of a log on another machine, and tells when the log stops being what it was.
//
// Owns: the copy; the finding that a log was rolled back, forked or altered, and its evidence.
// Does not own: the log (trace), what its leaves say (proof), cosignatures (witness).
// Reads: the log's public address (C2SP tlog-tiles), or its folder.
// Writes: the folder of the copy, which any web server may serve as the log.
//
// Nothing of a log is believed: tiles are computed anew from the entries and must give the root that the log signed, on
// from the root of the copy. The checkpoint is written last, so that the copy is whole at every instant.
package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	merkle "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/sys/unix"

	"github.com/halle-cloud/halle/proof"
)

// Source is a log to copy: client.HTTPFetcher or client.FileFetcher of tessera.
type Source interface {
	ReadCheckpoint(ctx context.Context) ([]byte, error)
	ReadTile(ctx context.Context, level, index uint64, width uint8) ([]byte, error)
	ReadEntryBundle(ctx context.Context, index uint64, width uint8) ([]byte, error)
}

// Config is what a mirror is made of.
type Config struct {
	Dir    string
	From   Source
	Trust  proof.Policy // its first log is the one that is copied
	Now    func() time.Time
	Report *slog.Logger
}

// Mirror is the copy in its folder. One goroutine uses it.
type Mirror struct {
	Config
	tree *compact.Range
	last *log.Checkpoint // of the copy; nil before the first
	raw  []byte
	lock *os.File
}

// AlarmFile is the name of the file in the copy's folder with the evidence of an alarm. While it is there the mirror
// copies nothing.
const AlarmFile = "ALARM"

// Alarm says that the log is no longer what it was. The copy stays as it is.
type Alarm struct {
	Kind string    // "rolled back", "forked" or "altered"
	What string    // in words, with sizes
	At   time.Time // when it was found
}

// Error is for error.
func (a *Alarm) Error() string { return a.What }

// Open takes up the copy where it was left, also after a kill. The right edge of the copy is checked against its
// checkpoint; all of it, halle verify log does.
func Open(ctx context.Context, c Config) (m *Mirror, err error) {
	m = &Mirror{Config: c, tree: factory().NewEmptyRange(0)}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder of the copy: %w", err)
	}
	if m.lock, err = os.OpenFile(filepath.Join(c.Dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("folder of the copy: %w", err)
	}
	if err := unix.Flock(int(m.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another mirror uses the folder %s", c.Dir), m.lock.Close())
	}
	if err := m.resume(ctx); err != nil {
		return nil, errors.Join(err, m.lock.Close())
	}
	return m, nil
}

// Close gives the folder free.
func (m *Mirror) Close() error { return m.lock.Close() }

// Size is the number of entries of the copy.
func (m *Mirror) Size() uint64 {
	if m.last == nil {
		return 0
	}
	return m.last.Size
}

func factory() *compact.RangeFactory {
	return &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
}

func (m *Mirror) resume(ctx context.Context) error {
	if b, err := os.ReadFile(filepath.Join(m.Dir, AlarmFile)); err == nil {
		kind, rest, _ := strings.Cut(string(b), "\n")
		what, _, _ := strings.Cut(rest, "\n")
		return &Alarm{Kind: kind, What: what + " The alarm stands in " + filepath.Join(m.Dir, AlarmFile) + "; the mirror goes on when a person has read it and moved it away."}
	}
	raw, err := os.ReadFile(filepath.Join(m.Dir, layout.CheckpointPath))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c, _, err := m.Trust.Signed(raw)
	if err != nil {
		return fmt.Errorf("the copy in %s: %w", m.Dir, err)
	}
	tree, err := m.treeOf(ctx, c.Size)
	if err != nil {
		return err
	}
	root, err := rootOf(tree)
	if err != nil {
		return err
	}
	if !bytes.Equal(root, c.Hash) {
		return fmt.Errorf("the copy in %s was altered: its tiles do not give the root of its checkpoint; halle verify log names the entry. Move the folder away and let the mirror copy anew", m.Dir)
	}
	m.tree, m.last, m.raw = tree, c, raw
	return nil
}

// treeOf makes the tree of the copy's first entries from its own tiles.
func (m *Mirror) treeOf(ctx context.Context, size uint64) (*compact.Range, error) {
	if size == 0 {
		return factory().NewEmptyRange(0), nil
	}
	own := client.FileFetcher{Root: m.Dir}
	nodes, err := client.FetchRangeNodes(ctx, size, func(ctx context.Context, level, index uint64, width uint8) ([]byte, error) {
		b, err := own.ReadTile(ctx, level, index, width)
		if errors.Is(err, os.ErrNotExist) { // of an earlier size: the tile has grown since
			b, err = own.ReadTile(ctx, level, index, layout.PartialTileSize(level, index, m.Size()))
		}
		return b, err
	})
	if err != nil {
		return nil, fmt.Errorf("the copy in %s lacks tiles: %w. Move the folder away and let the mirror copy anew", m.Dir, err)
	}
	return factory().NewRange(0, size, nodes)
}

func rootOf(tree *compact.Range) ([]byte, error) {
	if tree.End() == 0 {
		return rfc6962.DefaultHasher.EmptyRoot(), nil
	}
	return tree.GetRootHash(nil)
}

// Round is what one look at the log gave.
type Round struct {
	Size      uint64              // of the log, and of the copy now
	Copied    uint64              // entries that were new
	Witnesses []proof.Cosignature // of the policy, on the log's checkpoint
}

// Look reads the log's checkpoint and copies what is new. An *Alarm ends the work for good: its evidence is kept, the
// copy is not touched. Any other error may pass.
func (m *Mirror) Look(ctx context.Context) (Round, error) {
	raw, err := m.From.ReadCheckpoint(ctx)
	if err != nil {
		return Round{}, fmt.Errorf("checkpoint of the log: %w", err)
	}
	c, signed, err := m.Trust.Signed(raw)
	if err != nil {
		return Round{}, err
	}
	round := Round{Size: c.Size, Witnesses: signed}
	switch {
	case m.last != nil && c.Size < m.last.Size:
		return round, m.alarm("rolled back", raw, fmt.Sprintf("The log was rolled back: it publishes %d entries, and published %d before.%s", c.Size, m.last.Size, m.sameHistory(ctx, c)))
	case m.last != nil && c.Size == m.last.Size:
		if !bytes.Equal(c.Hash, m.last.Hash) {
			return round, m.alarm("forked", raw, fmt.Sprintf("The log was forked: it publishes another root for the same %d entries.", c.Size))
		}
		if bytes.Equal(raw, m.raw) {
			return round, nil
		}
	default:
		if err := m.follow(ctx, c, raw); err != nil {
			return round, err
		}
		round.Copied = c.Size - m.Size()
	}
	return round, m.publish(c, raw)
}

func (m *Mirror) sameHistory(ctx context.Context, c *log.Checkpoint) string {
	tree, err := m.treeOf(ctx, c.Size)
	if err != nil {
		return ""
	}
	if root, err := rootOf(tree); err == nil && bytes.Equal(root, c.Hash) {
		return " What it publishes is an earlier state of this same history: it was brought back from an older copy, or an old page is shown."
	}
	return " And what it publishes is another history."
}

// follow copies the entries up to the checkpoint and checks that they give its root.
func (m *Mirror) follow(ctx context.Context, c *log.Checkpoint, raw []byte) error {
	err := m.copyTo(ctx, c, true)
	if errors.Is(err, errRoot) { // an entry that an interrupted copy left behind may be at fault: once more, from the log alone
		err = m.copyTo(ctx, c, false)
	}
	if !errors.Is(err, errRoot) {
		return err
	}
	forked, err := m.forked(ctx, c)
	if err != nil {
		return err
	}
	if forked {
		return m.alarm("forked", raw, fmt.Sprintf("The log was forked: its %d entries do not go on from the %d that it published before.", c.Size, m.Size()))
	}
	return m.alarm("altered", raw, fmt.Sprintf("The log was altered: the entries that it serves do not give the root that it signed for %d entries.", c.Size))
}

// forked tells a log that signed another history from one whose entries were altered where they lie: the first cannot
// prove that its checkpoint goes on from ours.
func (m *Mirror) forked(ctx context.Context, c *log.Checkpoint) (bool, error) {
	if m.Size() == 0 {
		return false, nil
	}
	builder, err := client.NewProofBuilder(ctx, c.Size, m.From.ReadTile)
	if err != nil {
		return false, fmt.Errorf("consistency of the log: %w", err)
	}
	path, err := builder.ConsistencyProof(ctx, m.last.Size, c.Size)
	if err != nil {
		return false, fmt.Errorf("consistency of the log: %w", err)
	}
	return merkle.VerifyConsistency(rfc6962.DefaultHasher, m.last.Size, c.Size, path, m.last.Hash, c.Hash) != nil, nil
}

// alarm keeps both checkpoints: each bears the log's signature, which it cannot take back.
func (m *Mirror) alarm(kind string, raw []byte, what string) error {
	a := &Alarm{Kind: kind, What: what, At: m.Now().UTC()}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n%s\n%s\n\nThe checkpoint of the copy:\n\n%s\nThe checkpoint that the log shows now:\n\n%s", a.Kind, a.What, a.At.Format(time.RFC3339), m.raw, raw)
	if err := write(filepath.Join(m.Dir, AlarmFile), b.Bytes()); err != nil {
		return errors.Join(a, err)
	}
	return a
}
