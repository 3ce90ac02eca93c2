package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/halle-cloud/halle/internal/batchlog"
)

// flight is a message whose place in the stream is fixed and whose answer is awaited.
type flight struct {
	sequence uint64
	data     []byte
	first    uint64
	group    []*batchlog.Pending
	sent     time.Time
	stored   bool
}

// write is the one writer. It keeps a few messages under way; when an answer is lost or is a refusal, it sends what is
// under way again, one message after the other, until it knows of each.
func (l *Log) write() {
	defer close(l.done)
	tick := time.NewTicker(l.conf.ackWait / 4)
	defer tick.Stop()
	for {
		closing := l.queue.Closed()
		waiting := l.fill()
		if closing && len(l.flights) == 0 && !waiting {
			return
		}
		ready := l.queue.Ready()
		if waiting {
			ready = nil // nothing can be taken before an answer comes
		}
		doubt := false
		select {
		case <-ready:
		case m := <-l.acks:
			doubt = l.hear(m)
		case <-l.trouble:
			doubt = len(l.flights) > 0
		case <-tick.C:
			doubt = len(l.acks) == 0 && len(l.flights) > 0 && time.Since(l.flights[0].sent) > l.conf.ackWait
		}
		l.deliver()
		if doubt && !l.resolve() {
			return
		}
	}
}

// fill publishes what waits while few messages are under way; it tells whether something may still wait.
func (l *Log) fill() bool {
	for len(l.flights) < l.conf.window {
		group := l.queue.Take(l.most - messageHead)
		if len(group) == 0 {
			return false
		}
		f := &flight{sequence: l.tail + 1, first: l.next, group: group}
		size := messageHead
		for _, p := range group {
			size += batchlog.FrameSize(&p.Batch)
		}
		f.data = appendHead(make([]byte, 0, size), l.id, l.writer, l.next, len(group))
		for _, p := range group {
			p.Batch.Number = l.next
			f.data = batchlog.AppendFrame(f.data, &p.Batch, f.first-1)
			l.next++
		}
		seal(f.data)
		l.tail++
		l.flights = append(l.flights, f)
		f.sent = time.Now()
		m := l.publication(f)
		m.Reply = l.inbox + "." + strconv.FormatUint(f.sequence, 10)
		if l.nc.PublishMsg(m) != nil {
			f.sent = time.Time{} // no answer will come: the next tick sends it again
		}
	}
	return true
}

// publication is the message as it is sent each time: the stream takes it at its sequence or not at all.
func (l *Log) publication(f *flight) *nats.Msg {
	m := nats.NewMsg(l.conf.subject())
	m.Data = f.data
	m.Header.Set(jetstream.ExpectedLastSeqHeader, strconv.FormatUint(f.sequence-1, 10))
	m.Header.Set(jetstream.ExpectedStreamHeader, l.conf.Stream)
	return m
}

type answer struct {
	Error    *jetstream.APIError `json:"error"`
	Sequence uint64              `json:"seq"`
}

// hear takes an answer in; true means that something went wrong.
func (l *Log) hear(m *nats.Msg) (doubt bool) {
	sequence, err := strconv.ParseUint(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:], 10, 64)
	if err != nil || len(l.flights) == 0 || sequence < l.flights[0].sequence || sequence > l.tail {
		return false // of a message that was resolved meanwhile
	}
	var a answer
	if noResponders(m) || json.Unmarshal(m.Data, &a) != nil || a.Error != nil || a.Sequence != sequence {
		return true
	}
	l.flights[sequence-l.flights[0].sequence].stored = true
	return false
}

// deliver tells of what is stored, in order.
func (l *Log) deliver() {
	for len(l.flights) > 0 && l.flights[0].stored {
		f := l.flights[0]
		l.flights = l.flights[1:]
		l.mu.Lock()
		l.last, l.sequence = f.first+uint64(len(f.group))-1, f.sequence
		l.index.add(entry{f.first, f.sequence})
		l.mu.Unlock()
		if l.conf.Durable != nil {
			l.conf.Durable(batchlog.Batches(f.group))
		}
		batchlog.Done(f.group, nil)
	}
}

// resolve finds out what became of all that is under way; false ends the writer. While it takes long, what comes is
// refused at once.
func (l *Log) resolve() bool {
	began := time.Now()
	for wait := 20 * time.Millisecond; len(l.flights) > 0; {
		for len(l.acks) > 0 {
			l.hear(<-l.acks)
		}
		l.deliver()
		if len(l.flights) == 0 {
			break
		}
		f := l.flights[0]
		became, err := l.publishAgain(context.Background(), f)
		switch became {
		case stored:
			f.stored = true
			l.deliver()
			continue
		case taken:
			l.fenced(err)
			return false
		}
		if time.Since(began) > hold {
			// As text: who is refused must not take the end of our own wait for the end of its own.
			l.refuse(fmt.Errorf("the stream %s does not answer: %s", l.conf.Stream, err)) //nolint:errorlint // see above
		}
		if l.queue.Closed() && time.Since(began) > closeWait {
			for _, f := range l.flights {
				batchlog.DoneUnknown(f.group, err)
			}
			l.flights = nil
			return false
		}
		time.Sleep(wait)
		wait = min(2*wait, 500*time.Millisecond)
	}
	if l.queue.Broken() != nil {
		l.conf.Log.Info("usage log: the stream takes usage in again", "after", time.Since(began).Round(time.Millisecond))
		l.queue.Break(nil)
		l.problem(nil)
	}
	return true
}

// refuse turns away what waits and what comes.
func (l *Log) refuse(err error) {
	if l.queue.Broken() == nil {
		l.conf.Log.Warn("usage log: usage is refused until the stream answers", "err", err)
	}
	l.queue.Break(err)
	l.problem(err)
	for group := l.queue.Take(l.most); len(group) > 0; group = l.queue.Take(l.most) {
		batchlog.Done(group, err) // never sent
	}
}

// fenced ends this writer: the sequences of all that is under way are another's, so nothing of it stands or ever will.
func (l *Log) fenced(err error) {
	l.conf.Log.Error("usage log: another writes the stream; this one takes nothing in any more", "err", err)
	l.refuse(err)
	for _, f := range l.flights {
		batchlog.Done(f.group, err)
	}
	l.flights = nil
	for !l.queue.Closed() { // what slipped in between
		<-l.queue.Ready()
		l.refuse(err)
	}
	l.refuse(err)
}

// fate is what became of a message.
type fate int

const (
	unknown fate = iota
	stored
	taken // its sequence is another's
)

// publishAgain sends a message, maybe not for the first time, and tells what became of it. The error says why it is not
// known, or who took its sequence.
func (l *Log) publishAgain(ctx context.Context, f *flight) (fate, error) {
	ctx, cancel := context.WithTimeout(ctx, l.conf.ackWait)
	defer cancel()
	m, err := l.nc.RequestMsgWithContext(ctx, l.publication(f))
	if err != nil {
		return unknown, err
	}
	var a answer
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return unknown, err
	}
	switch {
	case a.Error == nil && a.Sequence == f.sequence:
		return stored, nil
	case a.Error == nil:
		return unknown, fmt.Errorf("the stream gave sequence %d for %d", a.Sequence, f.sequence)
	case a.Error.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequence && a.Error.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequenceConstant:
		return unknown, a.Error
	}
	data, err := l.leaders(ctx, f.sequence)
	switch {
	case errors.Is(err, errNoMessage):
		return unknown, a.Error // what took it, or came before it, is not settled yet
	case err != nil:
		return unknown, err
	case same(data, f.data):
		return stored, nil
	}
	other, err := parse(l.conf.Stream, f.sequence, data)
	if err != nil {
		return taken, fmt.Errorf("something else writes into the stream: %w", err)
	}
	return taken, fmt.Errorf("another Halle (%s) has taken over the stream %s at sequence %d, record %d: stop one of the two, then start this one again",
		short(other.writer), l.conf.Stream, f.sequence, other.first)
}
