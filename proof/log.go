package proof

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
)

// LogKeyFile is the name of the file in a log's folder that holds its verifier key (a signed-note key, C2SP). Whoever
// got the key by another way passes it, rather than trusting the folder.
const LogKeyFile = "log.pub"

// Log is the folder of a log (C2SP tlog-tiles) and whom its reader trusts. Read only.
type Log struct {
	dir   string
	trust Policy
}

// OpenLog opens a log's folder. trusted is its verifier key or a policy (ParsePolicy); when empty the key in the folder
// is used, which proves only that the folder agrees with itself.
func OpenLog(dir, trusted string) (*Log, error) {
	if trusted == "" {
		b, err := os.ReadFile(filepath.Join(dir, LogKeyFile))
		if err != nil {
			return nil, fmt.Errorf("no key was given and the log's folder has none: %w", err)
		}
		trusted = string(b)
	}
	p, err := verifierPolicy(trusted)
	return &Log{dir: dir, trust: p}, err
}

// Origin is the name of the log.
func (l *Log) Origin() string { return l.trust.Origin() }

// Checkpoint reads the published checkpoint, and checks its signature and that enough witnesses cosigned it. raw is the
// signed note.
func (l *Log) Checkpoint() (c *log.Checkpoint, raw []byte, err error) {
	c, raw, _, err = l.checkpoint()
	return c, raw, err
}

func (l *Log) checkpoint() (c *log.Checkpoint, raw []byte, signed []Cosignature, err error) {
	raw, err = os.ReadFile(filepath.Join(l.dir, layout.CheckpointPath))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("checkpoint: %w", err)
	}
	c, signed, err = l.trust.Open(raw)
	return c, raw, signed, err
}

// Seen reads a checkpoint that was seen before, elsewhere: a witness's last one, one in a receipt. It must bear the
// log's signature; whether the published log goes on from it, Verify tells.
func (l *Log) Seen(raw []byte) (*log.Checkpoint, []Cosignature, error) { return l.trust.Signed(raw) }

// LogReport is the outcome of verifying a log.
type LogReport struct {
	Origin    string        `json:"origin"`
	Size      uint64        `json:"size"`
	Root      []byte        `json:"root"`
	Witnesses []Cosignature `json:"witnesses,omitempty"` // of the policy, that cosigned the published checkpoint
}

// Verify rebuilds the tree of the published checkpoint from the entries and calls visit on each leaf, in order. It
// errors with the index of the first entry that is malformed or was altered. A doubled leaf is an error too. It
// proves that the operator published these entries in this order; only a witness or an earlier checkpoint tells
// whether others were shown another log. earlier are checkpoints seen before, which must lie on the way to the
// published one.
func (l *Log) Verify(visit func(index uint64, leaf Leaf) error, earlier ...*log.Checkpoint) (LogReport, error) {
	c, _, signed, err := l.checkpoint()
	if err != nil {
		return LogReport{}, err
	}
	for _, e := range earlier {
		if e.Size > c.Size {
			return LogReport{}, fmt.Errorf("the log was rolled back: an earlier checkpoint has %d entries, the published one %d", e.Size, c.Size)
		}
	}
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	ids := make(map[[16]byte]uint64, c.Size)
	for info := range layout.Range(0, c.Size, c.Size) {
		if c.Size == 0 {
			break
		}
		entries, err := l.bundle(info.Index, c.Size)
		if err != nil {
			return LogReport{}, err
		}
		for i, entry := range entries {
			index := info.Index*layout.EntryBundleWidth + uint64(i)
			if err := checkEntry(ids, index, entry, visit); err != nil {
				return LogReport{}, err
			}
			if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(entry), nil); err != nil {
				return LogReport{}, err
			}
			if err := passes(tree, earlier); err != nil {
				return LogReport{}, err
			}
		}
	}
	root, err := tree.GetRootHash(nil)
	if err != nil {
		return LogReport{}, err
	}
	if c.Size == 0 {
		root = rfc6962.DefaultHasher.EmptyRoot()
	}
	if !bytes.Equal(root, c.Hash) {
		return LogReport{}, l.blame(c.Size)
	}
	return LogReport{Origin: c.Origin, Size: c.Size, Root: root, Witnesses: signed}, nil
}

func passes(tree *compact.Range, earlier []*log.Checkpoint) error {
	for _, e := range earlier {
		if e.Size != tree.End() {
			continue
		}
		root, err := tree.GetRootHash(nil)
		if err != nil {
			return err
		}
		if !bytes.Equal(root, e.Hash) {
			return fmt.Errorf("the log was forked: its first %d entries are not those of an earlier checkpoint", e.Size)
		}
	}
	return nil
}

func checkEntry(ids map[[16]byte]uint64, index uint64, entry []byte, visit func(uint64, Leaf) error) error {
	leaf, err := ParseLeaf(entry)
	if err != nil {
		return fmt.Errorf("entry %d: %w", index, err)
	}
	if first, ok := ids[leaf.ID]; ok {
		return fmt.Errorf("entry %d is entry %d once more", index, first)
	}
	ids[leaf.ID] = index
	if visit == nil {
		return nil
	}
	return visit(index, leaf)
}

// bundle reads the entries of a bundle as they were at the size. A log that has grown since may have kept only the
// larger form of a partial bundle.
func (l *Log) bundle(index, size uint64) ([][]byte, error) {
	width := layout.PartialTileSize(0, index, size)
	raw, err := l.readTile(layout.EntriesPath(index, width), layout.EntriesPath(index, 0))
	if err != nil {
		return nil, fmt.Errorf("entries %d and on: %w", index*layout.EntryBundleWidth, err)
	}
	var b api.EntryBundle
	if err := b.UnmarshalText(raw); err != nil {
		return nil, fmt.Errorf("entries %d and on: %w", index*layout.EntryBundleWidth, err)
	}
	want := int(width)
	if want == 0 {
		want = layout.EntryBundleWidth
	}
	if len(b.Entries) < want {
		return nil, fmt.Errorf("entries %d and on: %d instead of %d", index*layout.EntryBundleWidth, len(b.Entries), want)
	}
	return b.Entries[:want], nil
}

func (l *Log) readTile(paths ...string) (raw []byte, err error) {
	for _, p := range paths {
		raw, err = os.ReadFile(filepath.Join(l.dir, filepath.FromSlash(p)))
		if !errors.Is(err, os.ErrNotExist) {
			return raw, err
		}
	}
	return nil, err
}

// blame finds the first entry that does not hash to what the log's own tile of leaf hashes says.
func (l *Log) blame(size uint64) error {
	for info := range layout.Range(0, size, size) {
		entries, err := l.bundle(info.Index, size)
		if err != nil {
			return err
		}
		width := layout.PartialTileSize(0, info.Index, size)
		raw, err := l.readTile(layout.TilePath(0, info.Index, width), layout.TilePath(0, info.Index, 0))
		if err != nil {
			return fmt.Errorf("hashes of entries %d and on: %w", info.Index*layout.EntryBundleWidth, err)
		}
		for i, entry := range entries {
			at := i * rfc6962.DefaultHasher.Size()
			hash := rfc6962.DefaultHasher.HashLeaf(entry)
			if len(raw) < at+len(hash) || !bytes.Equal(raw[at:at+len(hash)], hash) {
				return fmt.Errorf("entry %d was altered: it does not hash to what the log committed to", info.Index*layout.EntryBundleWidth+uint64(i))
			}
		}
	}
	return errors.New("the entries do not give the root of the checkpoint, though each fits its tile: the tree or the checkpoint was rewritten")
}
