package segment

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"

	"github.com/halle-cloud/halle/internal/batchlog"
)

// frames reads the frames of one segment from an offset on.
type frames struct {
	path   string
	r      *bufio.Reader
	offset int64 // of the next frame
	number uint64
	body   []byte
}

func newFrames(path string, r io.Reader, at entry) *frames {
	return &frames{path: path, r: bufio.NewReaderSize(r, indexEvery), offset: at.offset, number: at.number}
}

// next gives the next batch, whose payload is good until the following call, and what was durable when it was written.
// io.EOF is a clean end; *Damaged a faulty frame, at which the reader stays.
func (f *frames) next() (batchlog.Batch, uint64, error) {
	for {
		body, err := f.frame()
		if err != nil {
			return batchlog.Batch{}, 0, err
		}
		b, durable, ok := batchlog.ParseBody(body)
		switch {
		case !ok:
			return b, 0, f.damaged("its body is too short")
		case b.Number == sealNumber:
			f.offset += int64(batchlog.HeadSize + len(body))
			continue
		case b.Number != f.number:
			return b, 0, f.damaged(fmt.Sprintf("record %d stands there", b.Number))
		}
		f.offset += int64(batchlog.HeadSize + len(body))
		f.number++
		return b, durable, nil
	}
}

func (f *frames) frame() ([]byte, error) {
	var head [batchlog.HeadSize]byte
	switch n, err := io.ReadFull(f.r, head[:]); {
	case n == 0 && errors.Is(err, io.EOF):
		return nil, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, f.damaged("the file ends within a head")
	case err != nil:
		return nil, fmt.Errorf("read log segment %s: %w", f.path, err)
	}
	length, ok := batchlog.FrameLength(head[:])
	if !ok {
		return nil, f.damaged("no frame begins there")
	}
	f.body = slices.Grow(f.body[:0], length)[:length]
	switch _, err := io.ReadFull(f.r, f.body); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, f.damaged("the file ends within a frame")
	case err != nil:
		return nil, fmt.Errorf("read log segment %s: %w", f.path, err)
	}
	if !batchlog.FrameWhole(head[:], f.body) {
		return nil, f.damaged("its checksum is wrong")
	}
	return f.body, nil
}

func (f *frames) damaged(why string) error {
	return &batchlog.Damaged{Segment: f.path, Offset: f.offset, Record: f.number, Why: why}
}

// recover reads the last segment whole, sets its size to the end of the last good frame and returns the last number.
func (s *segment) recover() (uint64, error) {
	file, err := os.Open(s.path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	f := newFrames(s.path, file, entry{s.first, 0})
	proven := uint64(0)
	for {
		at := f.offset
		_, durable, err := f.next()
		var damaged *batchlog.Damaged
		switch {
		case err == nil:
			s.note(entry{f.number - 1, at})
			proven = max(proven, durable)
			continue
		case errors.Is(err, io.EOF):
		case errors.As(err, &damaged):
			rest := make([]byte, max(s.size-f.offset, 0))
			if _, err := file.ReadAt(rest, f.offset); err != nil && !errors.Is(err, io.EOF) {
				return 0, fmt.Errorf("read log segment %s: %w", s.path, err)
			}
			if max(proven, durableIn(rest)) >= f.number {
				return 0, damaged
			}
		default:
			return 0, err
		}
		s.size, s.whole = f.offset, true
		return f.number - 1, nil
	}
}

// durableIn is the highest number that any good frame within b says to have been durable.
func durableIn(b []byte) uint64 {
	best := uint64(0)
	for {
		at := bytes.Index(b, []byte(batchlog.Magic))
		if at < 0 || len(b)-at < batchlog.FixedSize {
			return best
		}
		b = b[at:]
		length, ok := batchlog.FrameLength(b)
		if ok && length <= len(b)-batchlog.HeadSize {
			body := b[batchlog.HeadSize : batchlog.HeadSize+length]
			if _, durable, ok := batchlog.ParseBody(body); ok && batchlog.FrameWhole(b, body) {
				best = max(best, durable)
			}
		}
		b = b[len(batchlog.Magic):]
	}
}

// Reader reads batches by number; fastest when the numbers rise. Not safe for concurrent use.
type Reader struct {
	log  *Log
	file *os.File
	seg  *segment
	f    *frames
	last uint64 // the last number that was durable when f was opened: nothing beyond is read
}

// Reader opens a reader; close it.
func (l *Log) Reader() batchlog.Reader { return &Reader{log: l} }

// Close gives the file back.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// Batch reads the batch with the number; the payload is good until the next call. io.EOF when the log has no such
// batch; *Damaged when it cannot be read.
func (r *Reader) Batch(number uint64) (batchlog.Batch, error) {
	if number == 0 || number > r.log.Last() {
		return batchlog.Batch{}, io.EOF
	}
	if err := r.seek(number); err != nil {
		return batchlog.Batch{}, err
	}
	for {
		b, _, err := r.f.next()
		if errors.Is(err, io.EOF) {
			err = r.f.damaged("the segment ends before it")
		}
		if err != nil || b.Number == number {
			if err != nil {
				r.f = nil
			}
			return b, err
		}
	}
}

// seek puts the frames at or a little before the number.
func (r *Reader) seek(number uint64) error {
	p, err := r.log.locate(number)
	if err != nil {
		return err
	}
	s, at := p.segment, p.entry
	if r.seg == s && r.f != nil && r.f.number <= number && r.f.number >= at.number && number <= r.last {
		return nil
	}
	if r.seg != s {
		if err := r.Close(); err != nil {
			return err
		}
		if r.file, err = os.Open(s.path); err != nil {
			r.seg, r.file = nil, nil
			return fmt.Errorf("log segment: %w", err)
		}
		r.seg = s
	}
	r.f = newFrames(s.path, io.NewSectionReader(r.file, at.offset, p.size-at.offset), at)
	r.last = p.last
	return nil
}

type place struct {
	segment *segment
	entry   entry
	size    int64 // durable bytes of the segment
	last    uint64
}

// locate finds the segment of a number and the index entry at or before it.
func (l *Log) locate(number uint64) (place, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := sort.Search(len(l.segments), func(i int) bool { return l.segments[i].first > number }) - 1
	if i < 0 {
		return place{}, &batchlog.Damaged{Segment: l.dir, Record: number, Why: "no segment holds it"}
	}
	s := l.segments[i]
	if !s.whole {
		// A sealed segment from an earlier run: its index is made once, when first needed.
		if err := s.reindex(); err != nil {
			return place{}, err
		}
	}
	j := sort.Search(len(s.index), func(j int) bool { return s.index[j].number > number }) - 1
	if j < 0 {
		return place{}, &batchlog.Damaged{Segment: s.path, Record: number, Why: "the segment does not hold it"}
	}
	return place{s, s.index[j], s.size, l.last}, nil
}

func (s *segment) reindex() error {
	file, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("log segment: %w", err)
	}
	defer func() { _ = file.Close() }()
	f := newFrames(s.path, file, entry{s.first, 0})
	s.index = s.index[:0]
	for {
		at := f.offset
		_, _, err := f.next()
		if errors.Is(err, io.EOF) {
			s.whole = true
			return nil
		}
		if err != nil {
			return err
		}
		s.note(entry{f.number - 1, at})
	}
}
