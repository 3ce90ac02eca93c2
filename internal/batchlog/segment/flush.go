package segment

import (
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
)

const sealNumber = 0 // of a frame that only says what was durable

// flush is the one writer: it takes what waits as one group, writes and syncs it, tells Durable and wakes the waiters.
func (l *Log) flush() {
	defer close(l.done)
	for {
		closing := l.queue.Closed() // before the look: what was put in until then is written
		group := l.queue.Take(maxGroup)
		if len(group) == 0 {
			if closing {
				return
			}
			<-l.queue.Ready()
			continue
		}
		err := l.commit(group)
		if err == nil && l.opts.Durable != nil {
			l.opts.Durable(batchlog.Batches(group))
		}
		batchlog.Done(group, err)
	}
}

func (l *Log) commit(group []*batchlog.Pending) error {
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
		p.Batch.Number = last
		offsets = append(offsets, entry{last, s.size + int64(len(l.buf))})
		l.buf = batchlog.AppendFrame(l.buf, &p.Batch, durable)
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
	l.broken, l.since = err, time.Now()
	l.queue.Break(err)
}

// seal writes a frame that only says what is durable, so that damage to the last batch is told from a torn write.
func (l *Log) seal() error {
	s, last, err := l.state()
	if err != nil || last == 0 {
		return nil // broken, or nothing to seal: the next open judges what stands
	}
	l.buf = batchlog.AppendFrame(l.buf[:0], &batchlog.Batch{Number: sealNumber, At: time.UnixMicro(0)}, last)
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
