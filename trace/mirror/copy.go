package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/sync/errgroup"

	"github.com/halle-cloud/halle/internal/durable"
	"github.com/halle-cloud/halle/proof"
)

const (
	fetches   = 8  // questions to the log at once
	fetchSpan = 64 // bundles held in memory
)

// errRoot says that the entries do not give the root of the checkpoint.
var errRoot = errors.New("the entries do not give the root of the checkpoint")

// growing is a copy on its way to a checkpoint.
type growing struct {
	*Mirror
	tree    *compact.Range
	size    uint64
	tiles   map[[2]uint64][]byte // that are not full, by level and index
	folders map[string]bool      // with new names, to be made durable
	kept    bool                 // full bundles of an interrupted copy are taken from the folder
}

func (m *Mirror) copyTo(ctx context.Context, c *log.Checkpoint, kept bool) error {
	tree, err := m.treeOf(ctx, m.Size())
	if err != nil {
		return err
	}
	g := &growing{Mirror: m, tree: tree, size: c.Size, tiles: map[[2]uint64][]byte{}, folders: map[string]bool{}, kept: kept}
	var span []layout.RangeInfo
	for info := range layout.Range(m.Size(), c.Size-m.Size(), c.Size) {
		if span = append(span, info); len(span) == fetchSpan {
			if err := g.take(ctx, span); err != nil {
				return err
			}
			span = span[:0]
		}
	}
	if err := g.take(ctx, span); err != nil {
		return err
	}
	return g.finish(c)
}

// take fetches bundles, several at once, and appends them in order.
func (g *growing) take(ctx context.Context, span []layout.RangeInfo) error {
	raw := make([][]byte, len(span))
	fetch, ctx := errgroup.WithContext(ctx)
	fetch.SetLimit(fetches)
	for i, info := range span {
		fetch.Go(func() (err error) {
			raw[i], err = g.bundle(ctx, info)
			return err
		})
	}
	if err := fetch.Wait(); err != nil {
		return err
	}
	for i, info := range span {
		if err := g.append(info, raw[i]); err != nil {
			return err
		}
	}
	return nil
}

func (g *growing) bundle(ctx context.Context, info layout.RangeInfo) ([]byte, error) {
	if g.kept && info.Partial == 0 {
		if b, err := os.ReadFile(g.path(layout.EntriesPath(info.Index, 0))); err == nil {
			return b, nil
		}
	}
	b, err := g.From.ReadEntryBundle(ctx, info.Index, info.Partial)
	if err != nil {
		return nil, fmt.Errorf("entries %d and on: %w", info.Index*layout.EntryBundleWidth, err)
	}
	return b, nil
}

func (g *growing) path(name string) string { return filepath.Join(g.Dir, filepath.FromSlash(name)) }

// append takes a bundle's new entries into the tree, and writes the bundle. Entries that the copy has already are part
// of its root: when they differ now, the roots will.
func (g *growing) append(info layout.RangeInfo, raw []byte) error {
	var b api.EntryBundle
	if err := b.UnmarshalText(raw); err != nil {
		return fmt.Errorf("entries %d and on: %w", info.Index*layout.EntryBundleWidth, err)
	}
	if want := int(info.First + info.N); len(b.Entries) < want {
		return fmt.Errorf("entries %d and on: the log serves %d of %d", info.Index*layout.EntryBundleWidth, len(b.Entries), want)
	}
	var out bytes.Buffer
	for i, entry := range b.Entries[:info.First+info.N] {
		index := info.Index*layout.EntryBundleWidth + uint64(i)
		if _, err := proof.ParseLeaf(entry); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		out.Write([]byte{byte(len(entry) >> 8), byte(len(entry))})
		out.Write(entry)
		if index < g.tree.End() {
			continue
		}
		hash := rfc6962.DefaultHasher.HashLeaf(entry)
		if err := g.node(0, index, hash); err != nil {
			return err
		}
		var failed error
		err := g.tree.Append(hash, func(id compact.NodeID, hash []byte) {
			if id.Level > 0 && id.Level%layout.TileHeight == 0 {
				failed = errors.Join(failed, g.node(uint64(id.Level/layout.TileHeight), id.Index, hash))
			}
		})
		if err := errors.Join(err, failed); err != nil {
			return err
		}
	}
	return g.put(layout.EntriesPath(info.Index, info.Partial), out.Bytes())
}

// node takes a hash into its tile, which is written when it is full.
func (g *growing) node(level, index uint64, hash []byte) error {
	at := [2]uint64{level, index / layout.TileWidth}
	tile, ok := g.tiles[at]
	if have := index % layout.TileWidth; !ok && have > 0 { // the copy has a part of this tile
		part, err := os.ReadFile(g.path(layout.TilePath(level, at[1], uint8(have))))
		if err != nil {
			return fmt.Errorf("the copy in %s lacks a tile: %w", g.Dir, err)
		}
		tile = part
	}
	tile = append(tile, hash...)
	g.tiles[at] = tile
	if len(tile) < layout.TileWidth*len(hash) {
		return nil
	}
	delete(g.tiles, at)
	return g.put(layout.TilePath(level, at[1], 0), tile)
}

// finish checks the root and makes all durable but the checkpoint.
func (g *growing) finish(c *log.Checkpoint) error {
	root, err := rootOf(g.tree)
	if err != nil {
		return err
	}
	if !bytes.Equal(root, c.Hash) {
		return errRoot
	}
	for at, tile := range g.tiles {
		if err := g.put(layout.TilePath(at[0], at[1], uint8(len(tile)/rfc6962.DefaultHasher.Size())), tile); err != nil {
			return err
		}
	}
	for dir := range g.folders {
		if err := durable.SyncDir(dir); err != nil {
			return err
		}
	}
	g.Mirror.tree = g.tree
	return nil
}

func (g *growing) put(name string, b []byte) error {
	path := g.path(name)
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, b) {
		return nil
	}
	for dir := filepath.Dir(path); len(dir) >= len(g.Dir) && !g.folders[dir]; dir = filepath.Dir(dir) {
		g.folders[dir] = true
	}
	return write(path, b)
}

// write replaces a file that a web server may read. The name becomes durable with its folder.
func write(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// publish writes the checkpoint, after which the copy is at it, and removes the parts of tiles that are full now.
func (m *Mirror) publish(c *log.Checkpoint, raw []byte) error {
	before := m.Size()
	if err := write(filepath.Join(m.Dir, layout.CheckpointPath), raw); err != nil {
		return err
	}
	if err := durable.SyncDir(m.Dir); err != nil {
		return err
	}
	m.last, m.raw = c, raw
	for level, n, old := uint64(0), c.Size, before; n > 0; level, n, old = level+1, n>>layout.TileHeight, old>>layout.TileHeight {
		index, had := old/layout.TileWidth, old%layout.TileWidth
		if had == 0 || n == old {
			continue
		}
		names := []string{layout.TilePath(level, index, uint8(had))}
		if level == 0 {
			names = append(names, layout.EntriesPath(index, uint8(had)))
		}
		for _, name := range names {
			// A part that stays is only disk space.
			if os.Remove(filepath.Join(m.Dir, filepath.FromSlash(name))) == nil {
				_ = os.Remove(filepath.Dir(filepath.Join(m.Dir, filepath.FromSlash(name)))) // when it is empty
			}
		}
	}
	return nil
}

// Key writes the keys that the copy is verified with where halle verify log finds them.
func (m *Mirror) Key(key string) error {
	return write(filepath.Join(m.Dir, proof.LogKeyFile), []byte(key+"\n"))
}
