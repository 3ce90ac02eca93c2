package seen

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"sort"
)

// A run is: the pairs sorted by key in blocks, then one fence a block (first key, checksum of the block), then the
// filter, then the foot (count, checksum of fences and filter, magic).
const (
	blockPairs = 128
	fenceSize  = len(Key{}) + 4
	footSize   = 8 + 4 + 4
	runMagic   = "HSR3" // earlier ones are made again from the log
	lineBits   = 512    // one cache line: a question costs one miss
	keyBits    = 12     // of the filter for each key: about 1 % of false answers
	keyProbes  = 6
)

type run struct {
	file   *os.File
	name   string
	count  int
	fences []fence
	filter filter
}

type fence struct {
	first Key
	sum   uint32
}

// filter is a blocked Bloom filter.
type filter []uint64

func newFilter(keys int) filter {
	lines := (keys*keyBits + lineBits - 1) / lineBits
	return make(filter, max(lines, 1)*lineBits/64)
}

// line is where a key has its bits. Lines stand in the order of keys, so that a run, which is written in that order, fills
// its filter from the beginning to the end.
func (f filter) line(k Key) (filter, uint64) {
	n, _ := bits.Mul64(binary.BigEndian.Uint64(k[:8]), uint64(len(f)/(lineBits/64)))
	return f[n*lineBits/64:][:lineBits/64], binary.LittleEndian.Uint64(k[8:])
}

func (f filter) add(k Key) {
	line, rest := f.line(k)
	for range keyProbes {
		line[rest>>6&7] |= 1 << (rest & 63)
		rest >>= 9
	}
}

func (f filter) maybe(k Key) bool {
	line, rest := f.line(k)
	for range keyProbes {
		if line[rest>>6&7]&(1<<(rest&63)) == 0 {
			return false
		}
		rest >>= 9
	}
	return true
}

func (r *run) get(k Key) (Value, bool, error) {
	at := sort.Search(len(r.fences), func(i int) bool { return bytes.Compare(r.fences[i].first[:], k[:]) > 0 }) - 1
	if at < 0 {
		return Value{}, false, nil
	}
	var block [blockPairs * pairSize]byte
	b, err := r.read(at, block[:])
	if err != nil {
		return Value{}, false, err
	}
	i, found := sort.Find(len(b)/pairSize, func(i int) int { return bytes.Compare(k[:], b[i*pairSize:i*pairSize+len(k)]) })
	if !found {
		return Value{}, false, nil
	}
	return pairAt(b, i).value, true, nil
}

// read reads block number at into b when that is large enough, and checks it.
func (r *run) read(at int, b []byte) ([]byte, error) {
	n := min(blockPairs, r.count-at*blockPairs) * pairSize
	b = slices.Grow(b[:0], n)[:n]
	if _, err := r.file.ReadAt(b, int64(at*blockPairs*pairSize)); err != nil {
		return nil, fmt.Errorf("index run %s: %w", r.name, err)
	}
	if checksum(b) != r.fences[at].sum {
		return nil, fmt.Errorf("%w: run %s, block %d: its checksum is wrong", ErrDamaged, r.name, at)
	}
	return b, nil
}

func openRun(path string) (*run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	r := &run{file: f, name: filepath.Base(path)}
	if err := r.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: run %s: %w", ErrDamaged, r.name, err), f.Close())
	}
	return r, nil
}

func (r *run) load() error {
	info, err := r.file.Stat()
	if err != nil || info.Size() < footSize {
		return errors.Join(err, errors.New("it is too short"))
	}
	foot := make([]byte, footSize)
	if _, err := r.file.ReadAt(foot, info.Size()-footSize); err != nil {
		return err
	}
	count := binary.LittleEndian.Uint64(foot)
	if string(foot[12:]) != runMagic || count > uint64(info.Size())/uint64(pairSize) {
		return errors.New("it has no foot")
	}
	r.count = int(count)
	blocks := (r.count + blockPairs - 1) / blockPairs
	r.filter = newFilter(r.count)
	if want := r.count*pairSize + blocks*fenceSize + len(r.filter)*8 + footSize; int64(want) != info.Size() {
		return fmt.Errorf("it has %d bytes instead of %d", info.Size(), want)
	}
	tail := make([]byte, blocks*fenceSize+len(r.filter)*8)
	if _, err := r.file.ReadAt(tail, int64(r.count*pairSize)); err != nil {
		return err
	}
	if checksum(tail) != binary.LittleEndian.Uint32(foot[8:]) {
		return errors.New("the checksum of its fences is wrong")
	}
	r.fences = make([]fence, blocks)
	for i := range r.fences {
		copy(r.fences[i].first[:], tail[i*fenceSize:])
		r.fences[i].sum = binary.LittleEndian.Uint32(tail[i*fenceSize+16:])
	}
	for i := range r.filter {
		r.filter[i] = binary.LittleEndian.Uint64(tail[blocks*fenceSize+i*8:])
	}
	return nil
}

// runWriter writes pairs that come sorted by key.
type runWriter struct {
	r     *run
	w     *bufio.Writer
	block []byte
}

func newRunWriter(path string, count int) (*runWriter, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("index run: %w", err)
	}
	r := &run{file: f, name: filepath.Base(path), filter: newFilter(count)}
	return &runWriter{r: r, w: bufio.NewWriterSize(f, 1<<18)}, nil
}

func (w *runWriter) add(p pair) error {
	w.block = append(append(w.block, p.key[:]...), p.value[:]...)
	w.r.filter.add(p.key)
	w.r.count++
	if len(w.block) == blockPairs*pairSize {
		return w.flush()
	}
	return nil
}

func (w *runWriter) flush() error {
	if len(w.block) == 0 {
		return nil
	}
	w.r.fences = append(w.r.fences, fence{pairAt(w.block, 0).key, checksum(w.block)})
	_, err := w.w.Write(w.block)
	w.block = w.block[:0]
	return err
}

func (w *runWriter) finish() (*run, error) {
	err := w.flush()
	var tail []byte
	for _, f := range w.r.fences {
		tail = binary.LittleEndian.AppendUint32(append(tail, f.first[:]...), f.sum)
	}
	for _, word := range w.r.filter {
		tail = binary.LittleEndian.AppendUint64(tail, word)
	}
	foot := binary.LittleEndian.AppendUint64(nil, uint64(w.r.count))
	foot = append(binary.LittleEndian.AppendUint32(foot, checksum(tail)), runMagic...)
	_, err2 := w.w.Write(append(tail, foot...))
	if err := errors.Join(err, err2, w.w.Flush(), w.r.file.Sync()); err != nil {
		return nil, errors.Join(fmt.Errorf("index run: %w", err), w.abort())
	}
	return w.r, nil
}

// abort removes what was written.
func (w *runWriter) abort() error {
	return errors.Join(w.r.file.Close(), os.Remove(w.r.file.Name()))
}

// cursor walks a run in the order of keys, checking each block.
type cursor struct {
	run   *run
	block int // the next to read
	b     []byte
	at    int
	pair  pair
}

// next tells whether there is one more.
func (c *cursor) next() (bool, error) {
	if c.at == len(c.b) {
		if c.block == len(c.run.fences) {
			return false, nil
		}
		b, err := c.run.read(c.block, c.b)
		if err != nil {
			return false, err
		}
		c.b, c.at = b, 0
		c.block++
	}
	c.pair = pairAt(c.b[c.at:], 0)
	c.at += pairSize
	return true, nil
}
