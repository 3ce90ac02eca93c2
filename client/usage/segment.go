package usage

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/internal/durable"
)

// A segment is: magic(8) salt(8) first(8) crc32c(4), then records: magic(4) length(4) number(8) synced(8) since(8) due(8)
// crc32c(4) and the event. The checksum begins with the salt of the segment, so that nothing inside an event looks like a
// record.
const (
	fileMagic   = "HALLEU1\n"
	headerBytes = 8 + 8 + 8 + 4
	recordMagic = 0x55_6d_7f_4a
	recordBytes = 4 + 4 + 8 + 8 + 8 + 8 + 4
	maxEvent    = 64 << 10 // bytes of one event as JSON
)

// DamageError says that what was durable cannot be read. Nothing was changed on disk.
type DamageError struct {
	Segment string // file
	Offset  int64  // of the first bad record
	Reason  string
}

// Error names segment and offset, and what to do.
func (e *DamageError) Error() string {
	return fmt.Sprintf("the spool is damaged: segment %s at offset %d: %s.\nMove the segment away to go on without its events, and send those again from their source", e.Segment, e.Offset, e.Reason)
}

// record is one event on disk. Instants are microseconds, 0 where there is none.
type record struct {
	number uint64
	synced uint64 // when it was written, all records before this one were durable
	since  int64  // when the server first asked to send it later
	due    int64  // not before
	event  []byte
}

func segmentName(first uint64) string { return fmt.Sprintf("%016d.seg", first) }

func checksum(salt uint64, parts ...[]byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(0, table, binary.LittleEndian.AppendUint64(nil, salt))
	for _, p := range parts {
		sum = crc32.Update(sum, table, p)
	}
	return sum
}

func appendRecord(b []byte, salt uint64, r record) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, recordMagic)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(r.event)))
	b = binary.LittleEndian.AppendUint64(b, r.number)
	b = binary.LittleEndian.AppendUint64(b, r.synced)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.since))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.due))
	b = binary.LittleEndian.AppendUint32(b, checksum(salt, b[start+4:], r.event))
	return append(b, r.event...)
}

var errTorn = errors.New("the record is cut off")

// readRecord reads the next record; io.EOF at the end, another error where there is no whole one.
func readRecord(from io.Reader, salt uint64) (r record, n int64, err error) {
	var head [recordBytes]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errTorn
		}
		return r, 0, err
	}
	length := binary.LittleEndian.Uint32(head[4:])
	if binary.LittleEndian.Uint32(head[:]) != recordMagic || length > maxEvent {
		return r, 0, errors.New("no record begins here")
	}
	r = record{number: binary.LittleEndian.Uint64(head[8:]), synced: binary.LittleEndian.Uint64(head[16:]),
		since: int64(binary.LittleEndian.Uint64(head[24:])), due: int64(binary.LittleEndian.Uint64(head[32:])), event: make([]byte, length)}
	if _, err := io.ReadFull(from, r.event); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			err = errTorn
		}
		return r, 0, err
	}
	if checksum(salt, head[4:recordBytes-4], r.event) != binary.LittleEndian.Uint32(head[recordBytes-4:]) {
		return r, 0, errors.New("the checksum is wrong")
	}
	return r, int64(recordBytes) + int64(length), nil
}

// segment is one file of a spool.
type segment struct {
	first uint64 // number of its first record; also its name
	salt  uint64
	size  int64 // to the end of the last whole record
}

// createSegment makes an empty segment that is there after a loss of power.
func createSegment(dir string, first uint64) (segment, *os.File, error) {
	var salt [8]byte
	_, _ = rand.Read(salt[:]) // never fails
	s := segment{first: first, salt: binary.LittleEndian.Uint64(salt[:]), size: headerBytes}
	b := append([]byte(fileMagic), salt[:]...)
	b = binary.LittleEndian.AppendUint64(b, first)
	b = binary.LittleEndian.AppendUint32(b, checksum(s.salt, b[16:]))
	path := filepath.Join(dir, segmentName(first))
	f, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return s, nil, fmt.Errorf("spool: %w", err)
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = durable.SyncDir(dir)
	}
	if err != nil {
		return s, nil, fmt.Errorf("spool: new segment: %w", errors.Join(err, f.Close()))
	}
	return s, f, nil
}

// scanSegment reads a whole segment and hands each record with the offset behind it to each. A torn tail, which only the
// newest may have, leaves size short of the file's.
func scanSegment(path string, first uint64, newest bool, each func(r record, end int64)) (segment, error) {
	name := filepath.Base(path)
	f, err := os.Open(path)
	if err != nil {
		return segment{}, fmt.Errorf("spool: %w", err)
	}
	defer func() { _ = f.Close() }()
	s, err := readHeader(f, name, first)
	if err != nil {
		return s, err
	}
	in := bufio.NewReaderSize(f, 256<<10)
	for number := first; ; number++ {
		r, n, err := readRecord(in, s.salt)
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err == nil && r.number != number {
			return s, &DamageError{name, s.size, fmt.Sprintf("record %d stands where %d belongs", r.number, number)}
		}
		if err != nil {
			if durable, readErr := wasDurable(f, s, number); durable || !newest || readErr != nil {
				return s, errors.Join(&DamageError{name, s.size, err.Error()}, readErr)
			}
			return s, nil
		}
		s.size += n
		each(r, s.size)
	}
}

func readHeader(f io.Reader, name string, first uint64) (segment, error) {
	var head [headerBytes]byte
	if _, err := io.ReadFull(f, head[:]); err != nil || string(head[:8]) != fileMagic {
		return segment{}, &DamageError{name, 0, "this is not a segment"}
	}
	s := segment{first: binary.LittleEndian.Uint64(head[16:]), salt: binary.LittleEndian.Uint64(head[8:]), size: headerBytes}
	if checksum(s.salt, head[16:24]) != binary.LittleEndian.Uint32(head[24:]) || s.first != first {
		return s, &DamageError{name, 0, "its head is wrong"}
	}
	return s, nil
}

// wasDurable tells whether a whole record behind the bad one says that it had been durable: then it is not just the torn
// end of what nobody was told about.
func wasDurable(f *os.File, s segment, number uint64) (bool, error) {
	if _, err := f.Seek(s.size+1, io.SeekStart); err != nil {
		return false, fmt.Errorf("spool: %w", err)
	}
	b, err := io.ReadAll(f) // at most a segment
	if err != nil {
		return false, fmt.Errorf("spool: %w", err)
	}
	magic := binary.LittleEndian.AppendUint32(nil, recordMagic)
	for {
		i := bytes.Index(b, magic)
		if i < 0 {
			return false, nil
		}
		if r, _, err := readRecord(bytes.NewReader(b[i:]), s.salt); err == nil && r.synced > number {
			return true, nil
		}
		b = b[i+1:]
	}
}

// segments lists the first numbers of a folder's segments in order; unfinished files are removed.
func segments(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	var firsts []uint64
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".new") {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return nil, fmt.Errorf("spool: %w", err)
			}
		}
		if n, err := strconv.ParseUint(strings.TrimSuffix(e.Name(), ".seg"), 10, 64); err == nil && e.Name() == segmentName(n) {
			firsts = append(firsts, n)
		}
	}
	slices.Sort(firsts)
	return firsts, nil
}
