// Package seen remembers keys for ever, with a short value each: recent ones in memory, older ones in immutable
// sorted runs on disk with filters.
//
// Owns: the journal of recent keys, runs and their merging, the manifest that says which files count.
// Does not own: what a key means, or the truth: the index is derived from a log and can be made again from it.
// Reads: the files of its folder.
// Writes: the files of its folder.
//
// The index goes with a log whose consumed offset stands in a database. Checkpoint(offset) makes what was put so far
// durable under that offset before the database commits it; Open(dir, offset) gives exactly what belongs to the
// offset that was committed and drops what is beyond, which the log will bring again. Runs hold confirmed keys only.
package seen

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
)

// Key is a cryptographic hash cut to 16 bytes: the filters rely on its evenness.
type Key [16]byte

// Value is what is kept beside a key.
type Value [24]byte

// ErrDamaged means that the files do not give what belongs to the offset: remove the folder and replay the log.
var ErrDamaged = errors.New("the index of seen keys does not fit its log")

// Index is an open index. Not safe for concurrent use.
type Index struct {
	dir       string
	limit     int
	recent    map[Key]Value // everything that is in no run
	pending   []pair        // put since the last checkpoint
	written   []pair        // in the journal
	offset    uint64        // of the last checkpoint
	confirmed uint64
	manifest  manifest
	names     uint64
	runs      []*run // oldest first
	journal   *os.File
	size      int64 // of the journal
	merging   chan merged
}

type pair struct {
	key   Key
	value Value
}

const pairSize = len(Key{}) + len(Value{})

type manifest struct {
	Names   uint64   `json:"names"` // how many file names were given away
	Journal string   `json:"journal"`
	Offset  uint64   `json:"offset"` // what the runs hold
	Runs    []string `json:"runs"`
}

// DefaultRecent is how many keys stay in memory before they become a run: about 100 MB at most.
const DefaultRecent = 1 << 19

// Open opens the index as of a committed offset, or makes an empty one when dir is empty and the offset 0. recent is
// how many keys stay in memory (0 means DefaultRecent). ErrDamaged when the files do not hold that state.
func Open(dir string, offset uint64, recent int) (*Index, error) {
	if recent == 0 {
		recent = DefaultRecent
	}
	x := &Index{dir: dir, limit: recent, recent: map[Key]Value{}, offset: offset, confirmed: offset}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("index folder: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "manifest"))
	switch {
	case errors.Is(err, os.ErrNotExist) && offset == 0:
		err = x.commit(manifest{Journal: "journal"})
	case errors.Is(err, os.ErrNotExist):
		err = fmt.Errorf("%w: there is no manifest", ErrDamaged)
	case err == nil:
		if err = json.Unmarshal(text, &x.manifest); err != nil {
			err = fmt.Errorf("%w: manifest: %w", ErrDamaged, err)
		}
	}
	if err == nil {
		err = x.load()
	}
	if err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

func (x *Index) load() error {
	if x.manifest.Offset > x.offset {
		return fmt.Errorf("%w: runs hold offset %d, the database %d", ErrDamaged, x.manifest.Offset, x.offset)
	}
	for _, name := range x.manifest.Runs {
		r, err := openRun(filepath.Join(x.dir, name))
		if err != nil {
			return err
		}
		x.runs = append(x.runs, r)
	}
	if err := x.loadJournal(); err != nil {
		return err
	}
	return x.sweep()
}

// newName gives a file name that no file has that counts: a leftover of a kill may have it.
func (x *Index) newName(kind string) string {
	x.names++
	return fmt.Sprintf("%s-%d", kind, x.names)
}

// loadJournal reads the records up to the offset and cuts the rest.
func (x *Index) loadJournal() error {
	x.names = x.manifest.Names
	name := filepath.Join(x.dir, x.manifest.Journal)
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("index journal: %w", err)
	}
	reached := x.manifest.Offset
	for at := 0; ; {
		offset, pairs, n := parseRecord(text[at:])
		if n == 0 || offset > x.offset {
			break
		}
		for _, p := range pairs {
			x.recent[p.key] = p.value
		}
		x.written = append(x.written, pairs...)
		reached = offset
		at += n
		x.size = int64(at)
	}
	if reached != x.offset {
		return fmt.Errorf("%w: the journal reaches offset %d, the database %d", ErrDamaged, reached, x.offset)
	}
	x.journal, err = os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = x.journal.Truncate(x.size)
	}
	if err != nil {
		return fmt.Errorf("index journal: %w", err)
	}
	return nil
}

// sweep removes files that no manifest names: leftovers of a kill.
func (x *Index) sweep() error {
	names, err := os.ReadDir(x.dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if n.Name() != "manifest" && !slices.Contains(x.manifest.Runs, n.Name()) && n.Name() != filepath.Base(x.journal.Name()) {
			if err := os.Remove(filepath.Join(x.dir, n.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Get looks a key up. Errors: ErrDamaged, or the disk's.
func (x *Index) Get(k Key) (Value, bool, error) {
	if v, ok := x.recent[k]; ok {
		return v, true, nil
	}
	for _, r := range slices.Backward(x.runs) {
		if !r.filter.maybe(k) {
			continue
		}
		if v, ok, err := r.get(k); ok || err != nil {
			return v, ok, err
		}
	}
	return Value{}, false, nil
}

// Put adds a key that is not there yet.
func (x *Index) Put(k Key, v Value) {
	x.recent[k] = v
	x.pending = append(x.pending, pair{k, v})
}

// Confirm says that the database has committed the offset.
func (x *Index) Confirm(offset uint64) { x.confirmed = offset }

// Checkpoint makes everything put so far durable under the offset, which only grows.
func (x *Index) Checkpoint(offset uint64) error {
	if err := x.adopt(false); err != nil {
		return err
	}
	if len(x.written) >= x.limit && x.confirmed == x.offset {
		if err := x.spill(); err != nil {
			return err
		}
	}
	record := appendRecord(nil, offset, x.pending)
	if _, err := x.journal.WriteAt(record, x.size); err != nil {
		return fmt.Errorf("index journal: %w", err)
	}
	if err := x.journal.Sync(); err != nil {
		return fmt.Errorf("index journal: %w", err)
	}
	x.size += int64(len(record))
	x.written = append(x.written, x.pending...)
	x.pending = x.pending[:0]
	x.offset = offset
	return nil
}

// spill writes the journalled keys as a run and begins a new journal.
func (x *Index) spill() error {
	slices.SortFunc(x.written, func(a, b pair) int { return bytes.Compare(a.key[:], b.key[:]) })
	name := x.newName("run")
	next := manifest{Journal: x.newName("journal"), Offset: x.offset, Runs: append(slices.Clone(x.manifest.Runs), name)}
	w, err := newRunWriter(filepath.Join(x.dir, name), len(x.written))
	if err != nil {
		return err
	}
	for _, p := range x.written {
		if err := w.add(p); err != nil {
			return errors.Join(err, w.abort())
		}
	}
	r, err := w.finish()
	if err != nil {
		return err
	}
	journal, err := os.OpenFile(filepath.Join(x.dir, next.Journal), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return errors.Join(err, r.file.Close())
	}
	if err := x.commit(next); err != nil {
		return errors.Join(err, r.file.Close(), journal.Close())
	}
	old := x.journal
	x.runs, x.journal, x.size = append(x.runs, r), journal, 0
	x.written = x.written[:0]
	x.recent = make(map[Key]Value, x.limit+x.limit/4)
	for _, p := range x.pending {
		x.recent[p.key] = p.value
	}
	x.merge()
	return errors.Join(old.Close(), os.Remove(old.Name()))
}

// commit replaces the manifest.
func (x *Index) commit(m manifest) error {
	m.Names = x.names
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	tmp := filepath.Join(x.dir, "manifest.tmp")
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("index manifest: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, filepath.Join(x.dir, "manifest"))
	}
	if err == nil {
		err = syncDir(x.dir)
	}
	if err != nil {
		return fmt.Errorf("index manifest: %w", err)
	}
	x.manifest = m
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Close waits for a merge and closes the files. What was put after the last checkpoint is forgotten.
func (x *Index) Close() error {
	errs := []error{x.adopt(true)}
	for _, r := range x.runs {
		errs = append(errs, r.file.Close())
	}
	if x.journal != nil {
		errs = append(errs, x.journal.Close())
	}
	return errors.Join(errs...)
}

// A record of the journal: checksum of the rest, offset, count, pairs.
const recordHead = 4 + 8 + 4

func appendRecord(b []byte, offset uint64, pairs []pair) []byte {
	start := len(b)
	b = slices.Grow(b, recordHead+len(pairs)*pairSize)
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, offset)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(pairs)))
	for i := range pairs {
		b = append(append(b, pairs[i].key[:]...), pairs[i].value[:]...)
	}
	binary.LittleEndian.PutUint32(b[start:], checksum(b[start+4:]))
	return b
}

// parseRecord reads the first record of b; n is its length, 0 when none stands there whole.
func parseRecord(b []byte) (offset uint64, pairs []pair, n int) {
	if len(b) < recordHead {
		return 0, nil, 0
	}
	count := int(binary.LittleEndian.Uint32(b[12:]))
	if count > (len(b)-recordHead)/pairSize {
		return 0, nil, 0
	}
	n = recordHead + count*pairSize
	if checksum(b[4:n]) != binary.LittleEndian.Uint32(b) {
		return 0, nil, 0
	}
	pairs = make([]pair, count)
	for i := range pairs {
		pairs[i] = pairAt(b[recordHead:], i)
	}
	return binary.LittleEndian.Uint64(b[4:]), pairs, n
}

func pairAt(b []byte, i int) (p pair) {
	copy(p.key[:], b[i*pairSize:])
	copy(p.value[:], b[i*pairSize+len(p.key):])
	return p
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
