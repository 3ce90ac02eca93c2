package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/fail"
)

const (
	readWait   = 5 * time.Second // so long a read waits for the servers
	readAtOnce = 256             // messages, at most
	readBytes  = 4 << 20         // at one request
	maxEntries = 1 << 16
)

// entry says that the first batch of the message with the sequence has the number.
type entry struct{ number, sequence uint64 }

// index is a sparse list of messages, by sequence; what lies between is looked for in the stream.
type index struct{ list []entry }

func (x *index) add(e entry) {
	n := len(x.list)
	at := sort.Search(n, func(i int) bool { return x.list[i].sequence >= e.sequence })
	if at < n && x.list[at].sequence == e.sequence {
		return
	}
	if x.list = slices.Insert(x.list, at, e); len(x.list) > maxEntries {
		for i := range len(x.list) / 2 {
			x.list[i] = x.list[2*i]
		}
		x.list = x.list[:len(x.list)/2]
	}
}

// around gives the last entry at or before the number, and the first after it; the second is zero when there is none.
func (x *index) around(number uint64) (low, high entry) {
	i := sort.Search(len(x.list), func(i int) bool { return x.list[i].number > number })
	if low = (entry{1, 1}); i > 0 {
		low = x.list[i-1]
	}
	if i < len(x.list) {
		high = x.list[i]
	}
	return low, high
}

// Reader reads batches by number; fastest when the numbers rise. Not safe for concurrent use.
type Reader struct {
	log   *Log
	at    *message
	ahead []raw // what follows it in the stream, as far as it was read
}

// raw is a message as it was read.
type raw struct {
	sequence uint64
	data     []byte
}

// Reader opens a reader.
func (l *Log) Reader() batchlog.Reader { return &Reader{log: l} }

// Close has nothing to give back.
func (r *Reader) Close() error { return nil }

// Batch reads the batch with the number. Errors: those of batchlog.Reader.
func (r *Reader) Batch(number uint64) (batchlog.Batch, error) {
	if number == 0 || number > r.log.Last() {
		return batchlog.Batch{}, io.EOF
	}
	if r.at == nil || !r.at.holds(number) {
		var err error
		if r.at != nil && number == r.at.end() {
			err = r.follow(number)
		} else {
			err = r.seek(number)
		}
		if err != nil {
			r.at, r.ahead = nil, nil
			return batchlog.Batch{}, err
		}
	}
	return r.at.batch(number), nil
}

// follow goes on to the message that holds the number, which is the next in the log.
func (r *Reader) follow(number uint64) error {
	for {
		if len(r.ahead) == 0 {
			var err error
			if r.ahead, err = r.log.fetch(r.at.sequence+1, readAtOnce); err != nil {
				return err
			}
		}
		m, err := r.log.parse(r.ahead[0].sequence, r.ahead[0].data)
		if err != nil {
			return err
		}
		if r.ahead = r.ahead[1:]; m.first != number {
			return &batchlog.Damaged{Segment: r.log.conf.Stream, Sequence: m.sequence, Record: number, Why: fmt.Sprintf("record %d stands there", m.first)}
		}
		if r.at = m; m.holds(number) { // not an opening
			return nil
		}
	}
}

// seek looks for the message that holds the number: by guess and by halves in turn, between what is known.
func (r *Reader) seek(number uint64) error {
	l := r.log
	r.ahead = nil
	l.mu.Lock()
	low, high := l.index.around(number)
	end := entry{l.last + 1, l.sequence + 1}
	l.mu.Unlock()
	if high.sequence == 0 {
		high = end
	}
	next := low.sequence
	for try := 0; low.sequence < high.sequence; try++ {
		list, err := l.fetch(next, 1)
		if err != nil {
			return err
		}
		m, err := l.parse(next, list[0].data)
		if err != nil {
			return err
		}
		l.mu.Lock()
		l.index.add(entry{m.first, m.sequence})
		l.mu.Unlock()
		switch {
		case m.holds(number):
			r.at = m
			return nil
		case m.first > number:
			high = entry{m.first, m.sequence}
		default:
			low = entry{m.end(), m.sequence + 1}
		}
		if next = low.sequence + (high.sequence-low.sequence)/2; try%2 == 0 && high.number > low.number && number >= low.number {
			guess := float64(number-low.number) / float64(high.number-low.number) * float64(high.sequence-low.sequence)
			next = min(low.sequence+uint64(guess), high.sequence-1)
		}
	}
	return &batchlog.Damaged{Segment: l.conf.Stream, Sequence: low.sequence, Record: number, Why: "no message holds it"}
}

// fetch reads up to so many messages from a sequence on, at least one. It waits a little for the servers.
// Errors: *batchlog.Damaged when the message is missing, fail.Unavailable, batchlog.ErrClosed.
func (l *Log) fetch(sequence uint64, most int) ([]raw, error) {
	until := time.Now().Add(readWait)
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		list, err := l.direct(sequence, most)
		if err == nil && len(list) > 0 && list[0].sequence == sequence {
			return list, nil
		}
		if err == nil { // a copy that is behind, or a message that is gone: the leader knows
			var data []byte
			if data, err = l.leaders(l.run, sequence); err == nil {
				return []raw{{sequence, data}}, nil
			}
			if errors.Is(err, errNoMessage) && len(list) > 0 {
				return nil, l.missing(sequence, 0)
			}
		}
		if l.run.Err() != nil {
			return nil, batchlog.ErrClosed
		}
		if time.Now().After(until) {
			if errors.Is(err, errNoMessage) {
				return nil, l.missing(sequence, 0)
			}
			return nil, fail.New(fail.Unavailable, "log.unread", "The usage log cannot be read now.", "Try again in a moment.").
				Wrap(fmt.Errorf("stream %s, sequence %d: %w", l.conf.Stream, sequence, err))
		}
		rest(l.run, wait)
	}
}

// direct asks any copy for messages in a row. None means that the copy has none from the sequence on.
func (l *Log) direct(sequence uint64, most int) ([]raw, error) {
	question, err := json.Marshal(map[string]any{"seq": sequence, "batch": most, "max_bytes": readBytes})
	if err != nil {
		return nil, err
	}
	inbox := nats.NewInbox()
	sub, err := l.nc.SubscribeSync(inbox)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := l.nc.PublishRequest("$JS.API.DIRECT.GET."+l.conf.Stream, inbox, question); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(l.run, 2*time.Second)
	defer cancel()
	var list []raw
	for {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			if len(list) > 0 {
				return list, nil // what came in order is good
			}
			return nil, err
		}
		switch status := m.Header.Get("Status"); status {
		case "":
		case "204", "404":
			return list, nil
		default:
			return nil, fmt.Errorf("status %s %s", status, m.Header.Get("Description"))
		}
		got, err := strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("a message without its sequence: %w", err)
		}
		if n := len(list); n > 0 && got != list[n-1].sequence+1 {
			return list, nil // a gap: the next read names it
		}
		list = append(list, raw{got, m.Data})
	}
}
