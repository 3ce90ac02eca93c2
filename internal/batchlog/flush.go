package batchlog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"
)

const (
	magic      = "HBL1"
	headSize   = 12                  // magic, length, checksum
	bodySize   = 8 + 8 + 8 + 4 + 2   // number, durable, instant, count, length of the principal
	sealNumber = 0                   // of a frame that only says what was durable
	maxLength  = maxFrame - headSize // of a body
	minLength  = bodySize            // of a body
	frameFixed = headSize + bodySize // bytes of a frame without principal and payload
)

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func frameSize(b *Batch) int { return frameFixed + len(b.Principal) + len(b.Payload) }

func appendFrame(dst []byte, b *Batch, durable uint64) []byte {
	start := len(dst)
	le := binary.LittleEndian
	dst = append(dst, magic...)
	dst = le.AppendUint32(dst, uint32(frameSize(b)-headSize))
	dst = le.AppendUint32(dst, 0)
	dst = le.AppendUint64(dst, b.Number)
	dst = le.AppendUint64(dst, durable)
	dst = le.AppendUint64(dst, uint64(b.At.UnixMicro()))
	dst = le.AppendUint32(dst, uint32(b.Count))
	dst = le.AppendUint16(dst, uint16(len(b.Principal)))
	dst = append(append(dst, b.Principal...), b.Payload...)
	le.PutUint32(dst[start+8:], crc32.Checksum(dst[start+headSize:], castagnoli()))
	return dst
}

// parseBody reads a body whose checksum was found right.
func parseBody(body []byte) (b Batch, durable uint64, ok bool) {
	le := binary.LittleEndian
	if len(body) < minLength {
		return b, 0, false
	}
	principal := int(le.Uint16(body[28:]))
	if len(body) < bodySize+principal {
		return b, 0, false
	}
	b.Number = le.Uint64(body)
	b.At = time.UnixMicro(int64(le.Uint64(body[16:]))).UTC()
	b.Count = int(le.Uint32(body[24:]))
	b.Principal = string(body[bodySize : bodySize+principal])
	b.Payload = body[bodySize+principal:]
	return b, le.Uint64(body[8:]), true
}

// flush is the one writer: it takes what waits as one group, writes and syncs it, tells Durable and wakes the waiters.
func (l *Log) flush() {
	defer close(l.done)
	for {
		group := l.take()
		if group == nil {
			return
		}
		err := l.commit(group)
		if err == nil && l.opts.Durable != nil {
			batches := make([]Batch, len(group))
			for i, p := range group {
				batches[i] = p.batch
			}
			l.opts.Durable(batches)
		}
		for _, p := range group {
			if err != nil {
				p.err = unavailable(err)
			}
			close(p.done)
		}
	}
}

// take waits for work and takes one batch of each principal in turn; nil means that the log closes.
func (l *Log) take() []*pending {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.ring) == 0 && !l.closing {
		l.changed.Wait()
	}
	var group []*pending
	bytes := 0
	for len(l.ring) > 0 && (len(group) == 0 || bytes < maxGroup) {
		q := l.ring[0]
		p := q.list[0]
		size := frameSize(&p.batch)
		q.list, q.bytes = q.list[1:], q.bytes-size
		if l.ring = l.ring[1:]; len(q.list) > 0 {
			l.ring = append(l.ring, q)
		} else {
			delete(l.queues, q.principal)
		}
		group = append(group, p)
		bytes += size
	}
	l.queued -= bytes
	l.changed.Broadcast()
	return group
}

func (l *Log) commit(group []*pending) error {
	s, last, err := l.state()
	if err != nil {
		return err
	}
	if s.size >= l.opts.SegmentBytes {
		if err := l.roll(last + 1); err != nil {
			return err // the old segment stays the one to write to
		}
		s, _, _ = l.state()
	}
	durable := last
	l.buf = l.buf[:0]
	offsets := make([]entry, 0, len(group))
	for _, p := range group {
		last++
		p.batch.Number = last
		offsets = append(offsets, entry{last, s.size + int64(len(l.buf))})
		l.buf = appendFrame(l.buf, &p.batch, durable)
	}
	if err := l.put(s); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s.size += int64(len(l.buf))
	l.last = last
	if s.whole {
		for _, e := range offsets {
			s.note(e)
		}
	}
	return nil
}

// state is what the flusher works on; only the flusher changes it.
func (l *Log) state() (*segment, uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.segments[len(l.segments)-1], l.last, l.broken
}

// put makes buf durable at the end of the segment, or leaves the segment as it was.
func (l *Log) put(s *segment) error {
	if _, err := l.write(l.file, l.buf, s.size); err != nil {
		if cut := l.file.Truncate(s.size); cut != nil {
			l.fail(fmt.Errorf("cut log segment %s after %w: %w", s.path, err, cut))
		}
		return fmt.Errorf("write log segment %s: %w", s.path, err)
	}
	if err := l.sync(l.file); err != nil {
		// The kernel may have dropped the pages and forgotten it: a later fsync would lie.
		err = fmt.Errorf("sync log segment %s: %w", s.path, err)
		_ = l.file.Truncate(s.size)
		l.fail(err)
		return err
	}
	return nil
}

func (l *Log) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = err
	l.changed.Broadcast()
}

// seal writes a frame that only says what is durable, so that damage to the last batch is told from a torn write.
func (l *Log) seal() error {
	s, last, err := l.state()
	if err != nil || last == 0 {
		return nil // broken, or nothing to seal: the next open judges what stands
	}
	l.buf = appendFrame(l.buf[:0], &Batch{Number: sealNumber, At: time.UnixMicro(0)}, last)
	if err := l.put(s); err != nil {
		return err
	}
	s.size += int64(len(l.buf))
	return nil
}

// note adds a frame to the sparse index.
func (s *segment) note(e entry) {
	if n := len(s.index); n == 0 || e.offset-s.index[n-1].offset >= indexEvery {
		s.index = append(s.index, e)
	}
}
