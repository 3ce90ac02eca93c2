package usage

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// waiting is how many records are not settled.
func (s *spool) waiting() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.next - s.settled)
}

// unread is how many were not handed out, and the number of the first of them.
func (s *spool) unread() (n int64, first uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.next - s.read), s.read
}

// end is the number of the record to come, done of the first that is not settled.
func (s *spool) end() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

func (s *spool) done() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settled
}

// used is what it takes on disk.
func (s *spool) used() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes()
}

// take reads the next records: at most n, and at most so many bytes of events, but one at least when there is one.
func (s *spool) take(n, bytes int) (out []record, err error) {
	for total := 0; len(out) < n; {
		salt, err := s.stand()
		if salt == nil || err != nil {
			return out, err
		}
		r, length, err := readRecord(s.in, *salt)
		if err == nil && r.number != s.stands {
			err = fmt.Errorf("record %d stands where %d belongs", r.number, s.stands)
		}
		if err != nil {
			return out, fmt.Errorf("the spool cannot be read: %w", err)
		}
		if total += len(r.event); total > bytes && len(out) > 0 {
			s.limit = 0 // it comes first next time
			return out, nil
		}
		s.offset += length
		s.stands++
		if s.stands > s.read { // else it was settled before this start
			out = append(out, r)
			s.mu.Lock()
			s.read = s.stands
			s.mu.Unlock()
		} else {
			total -= len(r.event)
		}
	}
	return out, nil
}

// stand makes the reader stand before the next record; the salt is nil when there is none. The file is read no further
// than it was committed: what is behind may be cut back.
func (s *spool) stand() (*uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read >= s.next {
		return nil, nil
	}
	i := len(s.segs) - 1
	for s.segs[i].first > s.read {
		i--
	}
	seg := s.segs[i]
	if s.from == nil || s.reads != seg.first {
		if s.from != nil {
			_ = s.from.Close() // it was read only
		}
		f, err := os.Open(filepath.Join(s.dir, segmentName(seg.first)))
		if err != nil {
			s.from = nil
			return nil, fmt.Errorf("the spool cannot be read: %w", err)
		}
		s.from, s.reads, s.stands, s.offset, s.limit = f, seg.first, seg.first, headerBytes, 0
	}
	if s.offset >= s.limit {
		s.limit = seg.size
		s.in.Reset(io.NewSectionReader(s.from, s.offset, s.limit-s.offset))
	}
	return &seg.salt, nil
}

// settle says that the records before a number are done, and removes what holds no others.
func (s *spool) settle(before uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before > s.settled {
		if err := s.saveCursor(before); err != nil {
			return err
		}
		s.settled = before
	}
	return s.release()
}

// release removes the segments whose records are all settled. The caller holds mu.
func (s *spool) release() error {
	for len(s.segs) > 1 && s.segs[1].first <= s.settled {
		if err := os.Remove(filepath.Join(s.dir, segmentName(s.segs[0].first))); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		s.segs = s.segs[1:]
	}
	return nil
}

// The cursor is the number of the first record that is not settled. It is replaced whole but not synced: when a loss of
// power takes it back, what is sent again is a duplicate to the server.
func (s *spool) saveCursor(settled uint64) error {
	b := binary.LittleEndian.AppendUint64(nil, settled)
	b = binary.LittleEndian.AppendUint32(b, checksum(0, b))
	path := filepath.Join(s.dir, "cursor")
	err := os.WriteFile(path+".new", []byte(hex.EncodeToString(b)), 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// loadCursor reads the cursor; without a whole one everything that is there goes out again.
func (s *spool) loadCursor() uint64 {
	text, err := os.ReadFile(filepath.Join(s.dir, "cursor"))
	if err != nil {
		return 1
	}
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != 12 || checksum(0, b[:8]) != binary.LittleEndian.Uint32(b[8:]) {
		return 1
	}
	return max(1, binary.LittleEndian.Uint64(b))
}
