// Package logtest writes logs for tests, honest ones and others, without a database.
//
// Owns: a key and the files of a log (C2SP tlog-tiles) made of leaves that a test chooses.
// Does not own: the log of an installation (trace).
// Reads: nothing.
// Writes: the folder it is told to.
package logtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"

	"github.com/halle-cloud/halle/proof"
)

// Log is a log whose holder may do with it whatever a test wants.
type Log struct {
	Dir    string
	Key    string // verifier key
	Signer note.Signer
	Leaves [][]byte
}

// New makes an empty log of the origin in a folder of the test.
func New(t testing.TB, origin string) *Log {
	t.Helper()
	secret, key, err := note.GenerateKey(rand.Reader, origin)
	must(t, err)
	signer, err := note.NewSigner(secret)
	must(t, err)
	return &Log{Dir: t.TempDir(), Key: key, Signer: signer}
}

// Verifier is that of Key.
func (l *Log) Verifier(t testing.TB) note.Verifier {
	t.Helper()
	v, err := note.NewVerifier(l.Key)
	must(t, err)
	return v
}

// Leaf is a well-formed leaf that differs by history and number.
func Leaf(history string, n int) []byte {
	var leaf proof.Leaf
	leaf.Commit = sha256.Sum256([]byte(history))
	binary.BigEndian.PutUint64(leaf.ID[:], uint64(n))
	leaf.ID[15] = leaf.Commit[0]
	return leaf.Bytes()
}

// Grow appends leaves of a history up to size n, and publishes.
func (l *Log) Grow(t testing.TB, history string, n int) {
	t.Helper()
	for i := len(l.Leaves); i < n; i++ {
		l.Leaves = append(l.Leaves, Leaf(history, i))
	}
	l.Publish(t)
}

// Publish writes the tiles and signs a checkpoint of what Leaves holds.
func (l *Log) Publish(t testing.TB) {
	t.Helper()
	must(t, os.RemoveAll(filepath.Join(l.Dir, "tile")))
	size := uint64(len(l.Leaves))
	tree, tiles := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0), map[string][]byte{}
	put := func(level, index uint64, hash []byte) {
		name := layout.TilePath(level, index/layout.TileWidth, layout.PartialTileSize(level, index/layout.TileWidth, size))
		tiles[name] = append(tiles[name], hash...)
	}
	for i, leaf := range l.Leaves {
		bundle := uint64(i) / layout.EntryBundleWidth
		name := layout.EntriesPath(bundle, layout.PartialTileSize(0, bundle, size))
		tiles[name] = append(append(tiles[name], byte(len(leaf)>>8), byte(len(leaf))), leaf...)
		hash := rfc6962.DefaultHasher.HashLeaf(leaf)
		put(0, uint64(i), hash)
		must(t, tree.Append(hash, func(id compact.NodeID, hash []byte) {
			if id.Level > 0 && id.Level%layout.TileHeight == 0 {
				put(uint64(id.Level/layout.TileHeight), id.Index, hash)
			}
		}))
	}
	for name, b := range tiles {
		path := filepath.Join(l.Dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, b, 0o644))
	}
	root := rfc6962.DefaultHasher.EmptyRoot()
	if size > 0 {
		var err error
		root, err = tree.GetRootHash(nil)
		must(t, err)
	}
	must(t, os.WriteFile(filepath.Join(l.Dir, layout.CheckpointPath), l.Sign(t, size, root), 0o644))
	must(t, os.WriteFile(filepath.Join(l.Dir, proof.LogKeyFile), []byte(l.Key+"\n"), 0o644))
}

// Sign signs a checkpoint, whatever it says.
func (l *Log) Sign(t testing.TB, size uint64, root []byte) []byte {
	t.Helper()
	raw, err := note.Sign(&note.Note{Text: string(log.Checkpoint{Origin: l.Signer.Name(), Size: size, Hash: root}.Marshal())}, l.Signer)
	must(t, err)
	return raw
}

// Checkpoint is the published one.
func (l *Log) Checkpoint(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(l.Dir, layout.CheckpointPath))
	must(t, err)
	return raw
}

// Consistency proves that the first old entries are those of the published checkpoint.
func (l *Log) Consistency(t testing.TB, old uint64) [][]byte {
	t.Helper()
	if old == 0 || old == uint64(len(l.Leaves)) {
		return nil
	}
	b, err := client.NewProofBuilder(context.Background(), uint64(len(l.Leaves)), client.FileFetcher{Root: l.Dir}.ReadTile)
	must(t, err)
	path, err := b.ConsistencyProof(context.Background(), old, uint64(len(l.Leaves)))
	must(t, err)
	return path
}

// Fork is another log of the same name and key, in a folder of its own, whose entries are the same below n.
func (l *Log) Fork(t testing.TB, n int) *Log {
	t.Helper()
	return &Log{Dir: t.TempDir(), Key: l.Key, Signer: l.Signer, Leaves: append([][]byte{}, l.Leaves[:n]...)}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
