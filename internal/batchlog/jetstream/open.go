package jetstream

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/halle-cloud/halle/internal/batchlog"
)

// alive is what a writer answers when it is asked whether it lives.
type alive struct {
	Home    string
	Host    string
	Process int
	Since   time.Time
}

func (c *Config) presence() string { return c.subject() + ".writer" }

// askWriter refuses to be the second: a writer that lives is not fenced off.
func (l *Log) askWriter(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	m, err := l.nc.RequestWithContext(ctx, l.conf.presence(), nil)
	if err != nil {
		return nil // nobody answers
	}
	var a alive
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return fmt.Errorf("what answers on %s is no Halle: %w", l.conf.presence(), err)
	}
	return fmt.Errorf("another Halle (%s, process %d on %s, since %s) is writing the stream %s: stop it, or name a stream of its own with usage_log.stream",
		a.Home, a.Process, a.Host, a.Since.Format(time.RFC3339), l.conf.Stream)
}

// listen answers the next one that asks, and receives what the stream acknowledges.
func (l *Log) listen(context.Context) error {
	host, _ := os.Hostname() // empty tells enough
	text, err := json.Marshal(alive{Home: l.conf.Home, Host: host, Process: os.Getpid(), Since: time.Now().UTC()})
	if err != nil {
		return err
	}
	if l.present, err = l.nc.Subscribe(l.conf.presence(), func(m *nats.Msg) { _ = m.Respond(text) }); err != nil { // who asks in vain asks again
		return err
	}
	_, err = l.nc.ChanSubscribe(l.inbox+".*", l.acks)
	return err
}

// takeOver writes the message with which a writer begins, behind all that stands in the stream. Whatever an earlier
// writer has still under way comes before it, or not at all.
func (l *Log) takeOver(ctx context.Context) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		tail, err := l.readTail(ctx)
		if err != nil {
			return err
		}
		opening := seal(append(appendHead(nil, l.id, l.writer, l.next, 0), l.conf.Home...))
		became, err := l.publishAgain(ctx, &flight{sequence: tail + 1, data: opening})
		switch {
		case became == stored:
			l.tail, l.sequence, l.last = tail+1, tail+1, l.next-1
			l.index.add(entry{l.next, tail + 1})
			return nil
		case became == taken: // somebody was quicker, or something of an earlier writer came in
			if !rest(ctx, time.Second) {
				return err
			}
			if err := l.askWriter(ctx); err != nil {
				return err
			}
		case !rest(ctx, wait):
			return fmt.Errorf("the stream %s does not take this writer in: %w", l.conf.Stream, err)
		}
	}
}

// readTail reads the end of the stream: its last sequence, who it belongs to, the number of the next batch.
func (l *Log) readTail(ctx context.Context) (uint64, error) {
	info, err := l.stream.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("stream %s: %w", l.conf.Stream, err)
	}
	tail := info.State.LastSeq
	if tail == 0 {
		_, _ = rand.Read(l.id[:]) // never fails
		l.next = 1
		return 0, nil
	}
	if info.State.FirstSeq != 1 {
		return 0, l.missing(1, 1)
	}
	first, err := l.load(1)
	if err != nil {
		return 0, err
	}
	if first.count != 0 || first.home != l.conf.Home {
		return 0, fmt.Errorf("the stream %s is the usage log of the installation %q, this one is %q: name another with usage_log.stream", l.conf.Stream, first.home, l.conf.Home)
	}
	l.id = first.log
	if err := l.whole(ctx, info); err != nil {
		return 0, err
	}
	last, err := l.load(tail)
	if err != nil {
		return 0, err
	}
	l.next = last.end()
	return tail, nil
}

// load reads one message by the stream's leader.
func (l *Log) load(sequence uint64) (*message, error) {
	var last error
	for wait, until := 50*time.Millisecond, time.Now().Add(readWait); ; wait = min(2*wait, time.Second) {
		data, err := l.leaders(l.run, sequence)
		if err == nil {
			return l.parse(sequence, data)
		}
		if errors.Is(err, errNoMessage) && errors.Is(last, errNoMessage) {
			return nil, l.missing(sequence, 0)
		}
		if last = err; time.Now().After(until) || !rest(l.run, wait) {
			return nil, fmt.Errorf("stream %s, sequence %d: %w", l.conf.Stream, sequence, err)
		}
	}
}

func (l *Log) parse(sequence uint64, data []byte) (*message, error) {
	m, err := parse(l.conf.Stream, sequence, data)
	if err == nil && sequence > 1 && m.log != l.id {
		return nil, &batchlog.Damaged{Segment: l.conf.Stream, Sequence: sequence, Record: m.first, Why: "it is of another log"}
	}
	return m, err
}
