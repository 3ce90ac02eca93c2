package usage

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// maxPending is how many bytes may wait for the disk before another append waits too.
const maxPending = 4 << 20

var errClosed = errors.New("the sender is closed")

// errBroken is a disk of which nothing is known any more.
var errBroken = errors.New("check the disk and start again")

// spool is a queue on disk: records go in at the end, are read forward once, and settled from the front. Appends come from
// many goroutines; reading and settling from one.
type spool struct {
	dir     string
	segment int64         // bytes after which a segment ends
	every   time.Duration // between two fsyncs; 0 means one before each append returns
	write   func(*os.File, []byte) (int, error)
	sync    func(*os.File) error

	mu      sync.Mutex
	change  *sync.Cond // anything below
	segs    []segment  // oldest first; the last one is appended to
	file    *os.File   // of the last one
	next    uint64     // number of the next record
	pending *commit
	busy    bool   // the disk works for a commit or a sync
	writing int64  // bytes of the commit under way
	synced  uint64 // records before this are durable
	settled uint64 // records before this are done
	closed  bool
	broken  error
	ended   chan struct{}

	// Of the reader.
	in     *bufio.Reader
	from   *os.File
	reads  uint64 // first number of the segment that from is
	stands uint64 // number of the record at offset
	offset int64
	limit  int64  // in ends there
	read   uint64 // number of the next record to hand out; under mu
}

// commit is what one write takes; those who wait for it share its outcome.
type commit struct {
	records []record
	bytes   int64
	done    bool
	err     error
}

func openSpool(dir string, segmentBytes int64, every time.Duration) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	s := &spool{dir: dir, segment: segmentBytes, every: every, write: (*os.File).Write, sync: (*os.File).Sync, ended: make(chan struct{}), in: bufio.NewReaderSize(nil, 64<<10)}
	s.change = sync.NewCond(&s.mu)
	if err := s.load(); err != nil {
		return nil, err
	}
	go s.commitAll()
	if every > 0 {
		go s.syncAll()
	}
	return s, nil
}

// load finds what is there, cuts a torn tail off and stands where settling stopped.
func (s *spool) load() error {
	firsts, err := segments(s.dir)
	if err != nil {
		return err
	}
	s.next, s.settled = 1, s.loadCursor()
	for i, first := range firsts {
		path := filepath.Join(s.dir, segmentName(first))
		if i > 0 && first != s.next {
			return &DamageError{segmentName(first), 0, fmt.Sprintf("the segment before it ends at record %d", s.next-1)}
		}
		s.next = first
		seg, err := scanSegment(path, first, i == len(firsts)-1, func(r record, _ int64) { s.next = r.number + 1 })
		if err != nil {
			return err
		}
		s.segs = append(s.segs, seg)
	}
	if len(s.segs) == 0 {
		s.next = max(s.next, s.settled)
		seg, f, err := createSegment(s.dir, s.next)
		if err != nil {
			return err
		}
		s.segs, s.file = []segment{seg}, f
	} else if err := s.reopen(); err != nil {
		return err
	}
	s.settled = min(max(s.settled, s.segs[0].first), s.next) // after a loss of power it may name what was never durable
	s.synced, s.read = s.next, s.settled
	return s.release()
}

// reopen opens the newest segment behind its last whole record.
func (s *spool) reopen() error {
	last := s.segs[len(s.segs)-1]
	f, err := os.OpenFile(filepath.Join(s.dir, segmentName(last.first)), os.O_RDWR, 0o600)
	if err == nil {
		s.file = f
		err = errors.Join(s.cut(), f.Sync())
	}
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// cut removes what a failed write left, or a killed process.
func (s *spool) cut() error {
	size := s.segs[len(s.segs)-1].size
	if err := s.file.Truncate(size); err != nil {
		return err
	}
	_, err := s.file.Seek(size, io.SeekStart)
	return err
}

// bytes is what it takes on disk, with what is about to be written. The caller holds mu.
func (s *spool) bytes() int64 {
	n := s.writing
	for _, seg := range s.segs {
		n += seg.size
	}
	if s.pending != nil {
		n += s.pending.bytes
	}
	return n
}

// append returns once the events are as durable as the spool's mode says: all of them or, with an error, none that a
// caller may rely on. room says whether so many bytes more may be there.
func (s *spool) append(records []record, room func(total int64) error) error {
	n := int64(0)
	for _, r := range records {
		n += int64(recordBytes + len(r.event))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.pending != nil && s.pending.bytes > maxPending && !s.closed && s.broken == nil {
		s.change.Wait()
	}
	if s.broken != nil {
		return s.broken
	}
	if s.closed {
		return errClosed
	}
	if err := room(s.bytes() + n); err != nil {
		return err
	}
	if s.pending == nil {
		s.pending = &commit{}
	}
	c := s.pending
	c.records, c.bytes = append(c.records, records...), c.bytes+n
	s.change.Broadcast()
	for !c.done {
		s.change.Wait()
	}
	return c.err
}

// commitAll is the one goroutine that writes.
func (s *spool) commitAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(s.ended)
	for {
		for s.pending == nil && !s.closed {
			s.change.Wait()
		}
		c := s.pending
		if c == nil {
			return
		}
		c.err = s.persist(c)
		c.done = true
		s.change.Broadcast()
	}
}

// persist writes a commit. The caller holds mu, which is free while the disk works.
func (s *spool) persist(c *commit) error {
	for s.busy {
		s.change.Wait()
	}
	s.pending = nil // whoever comes now is in the next one
	if s.broken != nil {
		return s.broken
	}
	s.busy, s.writing = true, c.bytes
	wroteErr := s.rotate()
	salt, number, synced := s.segs[len(s.segs)-1].salt, s.next, s.synced
	s.mu.Unlock()
	b := make([]byte, 0, c.bytes)
	for _, r := range c.records {
		r.number, r.synced = number, synced
		b = appendRecord(b, salt, r)
		number++
	}
	var syncErr error
	if wroteErr == nil {
		_, wroteErr = s.write(s.file, b)
	}
	if wroteErr == nil && s.every == 0 {
		syncErr = s.sync(s.file)
	}
	s.mu.Lock()
	s.busy, s.writing = false, 0
	s.change.Broadcast()
	switch {
	case wroteErr != nil:
		err := fmt.Errorf("the spool cannot be written: %w.\nMake room on its disk; nothing of this was taken", wroteErr)
		if cutErr := s.cut(); cutErr != nil {
			s.broken = errors.Join(err, cutErr, errBroken)
		}
		return err
	case syncErr != nil: // nothing is known about the disk now
		s.broken = fmt.Errorf("the spool cannot be synced: %w; %w", syncErr, errBroken)
		return s.broken
	}
	s.next = number
	s.segs[len(s.segs)-1].size += int64(len(b))
	if s.every == 0 {
		s.synced = number
	}
	return nil
}

// rotate begins the next segment when the last one is long enough; the old one is durable first. The caller holds mu and
// is busy.
func (s *spool) rotate() error {
	last := s.segs[len(s.segs)-1]
	if last.size < s.segment || last.first == s.next {
		return nil
	}
	if err := s.sync(s.file); err != nil {
		s.broken = fmt.Errorf("the spool cannot be synced: %w; %w", err, errBroken)
		return s.broken
	}
	seg, f, err := createSegment(s.dir, s.next)
	if err != nil {
		return err
	}
	_ = s.file.Close() // synced
	s.segs, s.file, s.synced = append(s.segs, seg), f, s.next
	return nil
}

// syncAll syncs at the interval.
func (s *spool) syncAll() {
	timer := time.NewTicker(s.every)
	defer timer.Stop()
	for {
		select {
		case <-s.ended:
			return
		case <-timer.C:
			s.syncNow()
		}
	}
}

func (s *spool) syncNow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.busy {
		s.change.Wait()
	}
	if s.synced == s.next || s.broken != nil || s.file == nil {
		return
	}
	s.busy = true
	through := s.next
	s.mu.Unlock()
	err := s.sync(s.file)
	s.mu.Lock()
	s.busy = false
	if s.synced = through; err != nil {
		s.broken = fmt.Errorf("the spool cannot be synced: %w; %w", err, errBroken)
	}
	s.change.Broadcast()
}

// close writes what is pending and closes the files.
func (s *spool) close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.change.Broadcast()
	s.mu.Unlock()
	<-s.ended
	s.syncNow()
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.file.Close()
	s.file = nil
	if s.from != nil {
		err = errors.Join(err, s.from.Close())
	}
	return err
}
