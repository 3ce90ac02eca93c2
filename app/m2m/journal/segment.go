package journal

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	fileMagic   = "HALLEJ1\n"
	headerBytes = 8 + 8 + 8 + 4 + 4 // magic, segment, salt, frames of the snapshot, checksum
	frameMagic  = 0x48_6d_7f_4a
	frameBytes  = 4 + 4 + 8 + 4
	frameTarget = 8 << 20 // a snapshot is cut into frames of about this size
)

// DamageError says that a durable part of the journal cannot be read. Nothing was changed on disk.
type DamageError struct {
	Segment string // file
	Offset  int64  // of the first bad byte range
	Reason  string
}

// Error names segment and offset.
func (e *DamageError) Error() string {
	return fmt.Sprintf("journal: segment %s is damaged at offset %d: %s", e.Segment, e.Offset, e.Reason)
}

func segmentName(n uint64) string { return fmt.Sprintf("%016d.seg", n) }

// table is built by value where it is needed: crc32.MakeTable returns the shared Castagnoli table.
func checksum(salt uint64, head, body []byte) uint32 {
	t := crc32.MakeTable(crc32.Castagnoli)
	var s [8]byte
	binary.LittleEndian.PutUint64(s[:], salt)
	return crc32.Update(crc32.Update(crc32.Update(0, t, s[:]), t, head), t, body)
}

// encodeFrame appends one frame to b.
func encodeFrame(b []byte, salt, number uint64, records [][]byte) []byte {
	n := 0
	for _, r := range records {
		n += len(r) + binary.MaxVarintLen32
	}
	start := len(b)
	b = slices.Grow(b, frameBytes+n)
	b = append(b, make([]byte, frameBytes)...)
	for _, r := range records {
		b = binary.AppendUvarint(b, uint64(len(r)))
		b = append(b, r...)
	}
	h, body := b[start:start+frameBytes], b[start+frameBytes:]
	binary.LittleEndian.PutUint32(h[0:], frameMagic)
	binary.LittleEndian.PutUint32(h[4:], uint32(len(body)))
	binary.LittleEndian.PutUint64(h[8:], number)
	binary.LittleEndian.PutUint32(h[16:], checksum(salt, h[4:16], body))
	return b
}

// decodeFrame reads the frame at the start of b: its number, its body and its length in all; reason is not empty
// when there is none.
func decodeFrame(b []byte, salt uint64) (number uint64, body []byte, n int, reason string) {
	if len(b) < frameBytes {
		return 0, nil, 0, "the frame is cut off in its header"
	}
	if binary.LittleEndian.Uint32(b) != frameMagic {
		return 0, nil, 0, "no frame begins here"
	}
	size := int(binary.LittleEndian.Uint32(b[4:]))
	if size > len(b)-frameBytes {
		return 0, nil, 0, "the frame is cut off"
	}
	body = b[frameBytes : frameBytes+size]
	if checksum(salt, b[4:16], body) != binary.LittleEndian.Uint32(b[16:]) {
		return 0, nil, 0, "the checksum of the frame is wrong"
	}
	return binary.LittleEndian.Uint64(b[8:]), body, frameBytes + size, ""
}

// eachRecord walks the records of a body.
func eachRecord(body []byte, f func([]byte) error) error {
	for len(body) > 0 {
		size, n := binary.Uvarint(body)
		if n <= 0 || size > uint64(len(body)-n) {
			return fmt.Errorf("journal: a record is longer than its frame")
		}
		if err := f(body[n : n+int(size)]); err != nil {
			return err
		}
		body = body[n+int(size):]
	}
	return nil
}

// contents is what a segment file says.
type contents struct {
	segment, salt uint64
	base          uint32 // frames of the snapshot
	frames        uint64 // whole frames
	good          int64  // end of the last whole frame
	baseEnd       int64  // end of the snapshot
}

// parse reads a whole segment and hands every record to apply. A torn tail is reported by good < len(b).
func parse(name string, b []byte, apply func([]byte) error) (contents, error) {
	c, err := parseHeader(name, b)
	if err != nil {
		return c, err
	}
	at := int64(headerBytes)
	c.baseEnd = at
	for at < int64(len(b)) {
		number, body, n, reason := decodeFrame(b[at:], c.salt)
		if reason == "" && number != c.frames+1 {
			return c, &DamageError{name, at, fmt.Sprintf("frame %d follows frame %d", number, c.frames)}
		}
		if reason != "" {
			if c.frames < uint64(c.base) || laterFrame(b[at+1:], c) {
				return c, &DamageError{name, at, reason}
			}
			break
		}
		if err := eachRecord(body, apply); err != nil {
			return c, &DamageError{name, at, err.Error()}
		}
		at += int64(n)
		if c.frames++; c.frames == uint64(c.base) {
			c.baseEnd = at
		}
	}
	if c.frames < uint64(c.base) {
		return c, &DamageError{name, at, "the snapshot is cut off"}
	}
	c.good = at
	return c, nil
}

func parseHeader(name string, b []byte) (contents, error) {
	var c contents
	if len(b) < headerBytes || string(b[:8]) != fileMagic {
		return c, &DamageError{name, 0, "this is not a journal segment"}
	}
	c.segment = binary.LittleEndian.Uint64(b[8:])
	c.salt = binary.LittleEndian.Uint64(b[16:])
	c.base = binary.LittleEndian.Uint32(b[24:])
	if checksum(c.salt, b[:28], nil) != binary.LittleEndian.Uint32(b[28:]) {
		return c, &DamageError{name, 0, "the checksum of the header is wrong"}
	}
	return c, nil
}

// laterFrame says whether a whole frame with a higher number stands anywhere in b: then what came before it had
// been synced, and is damaged rather than torn.
func laterFrame(b []byte, c contents) bool {
	var magic [4]byte
	binary.LittleEndian.PutUint32(magic[:], frameMagic)
	for {
		i := bytes.Index(b, magic[:])
		if i < 0 {
			return false
		}
		if number, _, _, reason := decodeFrame(b[i:], c.salt); reason == "" && number > c.frames {
			return true
		}
		b = b[i+1:]
	}
}

// load finds the newest segment, replays it and cuts its torn tail; without one it makes the first.
func (j *Journal) load() error {
	newest, err := j.segments()
	if err != nil {
		return err
	}
	if newest == 0 {
		return j.create(1, nil)
	}
	path := filepath.Join(j.opt.Dir, segmentName(newest))
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("journal: read segment: %w", err)
	}
	c, err := parse(segmentName(newest), b, func(r []byte) error { return j.opt.Apply(bytes.Clone(r)) })
	if err != nil {
		return err
	}
	if c.segment != newest {
		return &DamageError{segmentName(newest), 8, fmt.Sprintf("the header says segment %d", c.segment)}
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("journal: open segment: %w", err)
	}
	j.file, j.seg, j.salt, j.frame, j.size, j.base = f, newest, c.salt, c.frames+1, c.good, c.baseEnd
	if err := j.cut(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("journal: sync segment: %w", err)
	}
	return nil
}

// segments returns the highest number there is and removes older segments and unfinished ones.
func (j *Journal) segments() (newest uint64, err error) {
	entries, err := os.ReadDir(j.opt.Dir)
	if err != nil {
		return 0, fmt.Errorf("journal: list segments: %w", err)
	}
	var found []uint64
	for _, e := range entries {
		if base, ok := strings.CutSuffix(e.Name(), ".seg"); ok {
			if n, err := strconv.ParseUint(base, 10, 64); err == nil && segmentName(n) == e.Name() {
				found = append(found, n)
			}
			continue
		}
		if strings.HasSuffix(e.Name(), ".new") {
			_ = os.Remove(filepath.Join(j.opt.Dir, e.Name()))
		}
	}
	if len(found) == 0 {
		return 0, nil
	}
	newest = slices.Max(found)
	for _, n := range found {
		if n != newest {
			_ = os.Remove(filepath.Join(j.opt.Dir, segmentName(n)))
		}
	}
	return newest, nil
}

// create writes segment n with a snapshot at its head and makes it the present one.
func (j *Journal) create(n uint64, snapshot [][]byte) error {
	var s [8]byte
	if _, err := rand.Read(s[:]); err != nil {
		return fmt.Errorf("journal: random salt: %w", err)
	}
	salt := binary.LittleEndian.Uint64(s[:])
	frames, body := snapshotFrames(salt, snapshot)
	head := make([]byte, headerBytes)
	copy(head, fileMagic)
	binary.LittleEndian.PutUint64(head[8:], n)
	binary.LittleEndian.PutUint64(head[16:], salt)
	binary.LittleEndian.PutUint32(head[24:], frames)
	binary.LittleEndian.PutUint32(head[28:], checksum(salt, head[:28], nil))

	path := filepath.Join(j.opt.Dir, segmentName(n))
	f, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("journal: make segment: %w", err)
	}
	if err := j.publish(f, path, append(head, body...)); err != nil {
		_ = f.Close()
		_ = os.Remove(path + ".new")
		_ = os.Remove(path) // named but not certain to stay: the old segment must remain the newest
		return err
	}
	j.file, j.seg, j.salt, j.frame = f, n, salt, uint64(frames)+1
	j.size = int64(headerBytes + len(body))
	j.base = j.size
	return nil
}

// publish makes a whole segment appear under its name, durably.
func (j *Journal) publish(f *os.File, path string, b []byte) error {
	if _, err := j.write(f, b); err != nil {
		return fmt.Errorf("journal: write segment: %w", err)
	}
	if err := j.sync(f); err != nil {
		return fmt.Errorf("journal: sync segment: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("journal: name segment: %w", err)
	}
	d, err := os.Open(j.opt.Dir)
	if err != nil {
		return fmt.Errorf("journal: open folder: %w", err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("journal: sync folder: %w", err)
	}
	return nil
}

func snapshotFrames(salt uint64, records [][]byte) (frames uint32, body []byte) {
	for len(records) > 0 {
		n, size := 0, 0
		for n < len(records) && (n == 0 || size+len(records[n]) <= frameTarget) {
			size += len(records[n])
			n++
		}
		frames++
		body = encodeFrame(body, salt, uint64(frames), records[:n])
		records = records[n:]
	}
	return frames, body
}
