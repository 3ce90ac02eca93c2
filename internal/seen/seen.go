// Package seen remembers keys for ever, with a short value each: recent ones in memory, older ones in immutable
// sorted runs on disk with filters.
//
// Owns: the journal of recent keys, runs and their merging, the manifest that says which files count.
// Does not own: what a key means, or the truth: the index is derived from a log and can be made again from it.
// Reads: the files of its folder.
// Writes: the files of its folder.
//
// The index goes with a log whose consumed offset stands in a database. A checkpoint makes what was put so far durable
// under that offset before the database commits it; Open(dir, offset) gives exactly what belongs to the offset that was
// committed and drops what is beyond, which the log will bring again. Runs hold confirmed keys only. Everything that
// waits for a disk happens in Checkpoint.Write and in the background, so that Get and Put go on meanwhile.
package seen

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"

	"github.com/halle-cloud/halle/internal/durable"
)

// Key is a cryptographic hash cut to 16 bytes: the filters rely on its evenness.
type Key [16]byte

// compare orders keys as bytes.Compare does.
func (k *Key) compare(b *Key) int {
	if c := cmp.Compare(binary.BigEndian.Uint64(k[:8]), binary.BigEndian.Uint64(b[:8])); c != 0 {
		return c
	}
	return cmp.Compare(binary.BigEndian.Uint64(k[8:]), binary.BigEndian.Uint64(b[8:]))
}

// Value is what is kept beside a key.
type Value [24]byte

// ErrDamaged means that the files do not give what belongs to the offset: remove the folder and replay the log.
var ErrDamaged = errors.New("the index of seen keys does not fit its log")

// Index is an open index. Not safe for concurrent use, except that a Checkpoint's Write may run beside everything else.
type Index struct {
	dir       string
	limit     int
	recent    map[Key]Value // everything that is in no run, without frozen
	frozen    map[Key]Value // of the journal that becomes a run, nil for none
	pending   []pair        // put since the last checkpoint began
	offset    uint64        // of the last checkpoint
	confirmed uint64
	runs      []*run // oldest first
	writing   bool   // a checkpoint has begun and not ended

	disk disk // of whoever writes the checkpoint under way, else of the index
}

// disk is what stands in the folder.
type disk struct {
	manifest manifest
	names    uint64
	journal  *os.File
	size     int64 // of the journal
	written  int   // keys in the journal
	spilling chan spilled
	merging  chan merged
}

type pair struct {
	key   Key
	value Value
}

const pairSize = len(Key{}) + len(Value{})

type manifest struct {
	Names   uint64   `json:"names"` // how many file names were given away
	Journal string   `json:"journal"`
	Frozen  string   `json:"frozen,omitempty"` // the journal before, which becomes a run
	Until   uint64   `json:"until,omitempty"`  // what the frozen journal holds
	Offset  uint64   `json:"offset"`           // what the runs hold
	Runs    []string `json:"runs"`
}

// DefaultRecent is how many keys stay in memory before they become a run: some 25 MB, twice that while the run is written.
const DefaultRecent = 1 << 18

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
		err = x.disk.commit(dir, manifest{Journal: "journal"})
	case errors.Is(err, os.ErrNotExist):
		err = fmt.Errorf("%w: there is no manifest", ErrDamaged)
	case err == nil:
		if err = json.Unmarshal(text, &x.disk.manifest); err != nil {
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
	d := &x.disk
	if d.manifest.Offset > x.offset || d.manifest.Until > x.offset {
		return fmt.Errorf("%w: runs hold offset %d, the database %d", ErrDamaged, max(d.manifest.Offset, d.manifest.Until), x.offset)
	}
	for _, name := range d.manifest.Runs {
		r, err := openRun(filepath.Join(x.dir, name))
		if err != nil {
			return err
		}
		x.runs = append(x.runs, r)
	}
	if err := x.loadJournals(); err != nil {
		return err
	}
	return x.sweep()
}

// newName gives a file name that no file has that counts: a leftover of a kill may have it.
func (d *disk) newName(kind string) string {
	d.names++
	return fmt.Sprintf("%s-%d", kind, d.names)
}

// loadJournals reads the records up to the offset and cuts the rest. A frozen journal is on its way to become a run.
func (x *Index) loadJournals() error {
	d := &x.disk
	d.names = d.manifest.Names
	reached := d.manifest.Offset
	if d.manifest.Frozen != "" {
		pairs, until, _, err := readJournal(filepath.Join(x.dir, d.manifest.Frozen), reached, d.manifest.Until)
		if err == nil && until != d.manifest.Until {
			err = fmt.Errorf("%w: the frozen journal reaches offset %d instead of %d", ErrDamaged, until, d.manifest.Until)
		}
		if err != nil {
			return err
		}
		x.frozen, reached = mapOf(pairs), until
		d.spill(x.dir, x.frozen)
	}
	name := filepath.Join(x.dir, d.manifest.Journal)
	pairs, reached, size, err := readJournal(name, reached, x.offset)
	if err == nil && reached != x.offset {
		err = fmt.Errorf("%w: the journal reaches offset %d, the database %d", ErrDamaged, reached, x.offset)
	}
	if err != nil {
		return err
	}
	x.recent, d.written, d.size = mapOf(pairs), len(pairs), size
	d.journal, err = os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = d.journal.Truncate(d.size)
	}
	if err != nil {
		return fmt.Errorf("index journal: %w", err)
	}
	return nil
}

func mapOf(pairs []pair) map[Key]Value {
	m := make(map[Key]Value, len(pairs))
	for _, p := range pairs {
		m[p.key] = p.value
	}
	return m
}

// readJournal reads the records up to an offset: where they end, the offset they reach and the size. A file that is
// missing has none.
func readJournal(name string, from, until uint64) (all []pair, reached uint64, size int64, err error) {
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, 0, 0, fmt.Errorf("index journal: %w", err)
	}
	reached = from
	for at := 0; ; {
		offset, pairs, n := parseRecord(text[at:])
		if n == 0 || offset > until {
			return all, reached, int64(at), nil
		}
		all = append(all, pairs...)
		reached = offset
		at += n
	}
}

// sweep removes files that no manifest names: leftovers of a kill. A run that is being made is none.
func (x *Index) sweep() error {
	names, err := os.ReadDir(x.dir)
	if err != nil {
		return err
	}
	m := x.disk.manifest
	for _, n := range names {
		if slices.Contains(append([]string{"manifest", m.Journal, m.Frozen, x.disk.making()}, m.Runs...), n.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(x.dir, n.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Get looks a key up. Errors: ErrDamaged, or the disk's.
func (x *Index) Get(k Key) (Value, bool, error) {
	if v, ok := x.recent[k]; ok {
		return v, true, nil
	}
	if v, ok := x.frozen[k]; ok {
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

// commit replaces the manifest.
func (d *disk) commit(dir string, m manifest) error {
	m.Names = d.names
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := durable.Write(filepath.Join(dir, "manifest"), text); err != nil {
		return fmt.Errorf("index manifest: %w", err)
	}
	d.manifest = m
	return nil
}

// Close waits for what is made in the background and closes the files. What was put after the last checkpoint is
// forgotten. No checkpoint may be under way.
func (x *Index) Close() error {
	var errs []error
	if d := &x.disk; d.spilling != nil {
		if done := <-d.spilling; done.run != nil {
			errs = append(errs, done.run.file.Close()) // no manifest names it
		}
	}
	if d := &x.disk; d.merging != nil {
		if done := <-d.merging; done.into != nil {
			errs = append(errs, done.into.file.Close())
		}
	}
	for _, r := range x.runs {
		errs = append(errs, r.file.Close())
	}
	if x.disk.journal != nil {
		errs = append(errs, x.disk.journal.Close())
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
