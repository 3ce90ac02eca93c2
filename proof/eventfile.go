package proof

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// eventsMagic begins a file of events.
const eventsMagic = "halle-events/1\n"

// Limits of a file of events: what a hostile one can make a reader allocate.
const (
	maxEventBytes = 64 << 10
	maxWindowID   = 256
)

// EventsWriter writes the events of windows into a binary file, so that a line of a million events is verified in
// seconds: after eventsMagic, for each window the length and text of its id and the number of its events; for each event
// twice its length, plus one when it takes another back, its canonical form, and then the length and canonical form of
// what it takes back. Numbers are unsigned varints. Events stand in any order; who reads sorts their hashes.
type EventsWriter struct {
	w    *bufio.Writer
	left int64
	err  error
}

// NewEventsWriter begins a file.
func NewEventsWriter(w io.Writer) *EventsWriter {
	e := &EventsWriter{w: bufio.NewWriterSize(w, 1<<16)}
	_, e.err = e.w.WriteString(eventsMagic)
	return e
}

// Window begins a window of that many events.
func (e *EventsWriter) Window(id string, events int64) error {
	if e.err == nil && e.left != 0 {
		e.err = fmt.Errorf("events of a window: %d are missing", e.left)
	}
	e.number(uint64(len(id)))
	e.text(id)
	e.number(uint64(events))
	e.left = events
	return e.err
}

// Event adds an event of the window and what it takes back, nil for none.
func (e *EventsWriter) Event(canonical, original []byte) error {
	n := uint64(len(canonical)) << 1
	if original != nil {
		n |= 1
	}
	e.number(n)
	e.bytes(canonical)
	if original != nil {
		e.number(uint64(len(original)))
		e.bytes(original)
	}
	e.left--
	return e.err
}

// Close ends the file. It does not close what the file is written to.
func (e *EventsWriter) Close() error {
	if e.err == nil && e.left != 0 {
		e.err = fmt.Errorf("events of a window: %d are missing", e.left)
	}
	return errors.Join(e.err, e.w.Flush())
}

func (e *EventsWriter) number(n uint64) {
	if e.err == nil {
		_, e.err = e.w.Write(binary.AppendUvarint(e.w.AvailableBuffer(), n))
	}
}

func (e *EventsWriter) text(s string) {
	if e.err == nil {
		_, e.err = e.w.WriteString(s)
	}
}

func (e *EventsWriter) bytes(b []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(b)
	}
}

// EventsReader reads what an EventsWriter wrote, window by window, and never more into memory than one event and a hash
// of each.
type EventsReader struct {
	r *bufio.Reader
}

// NewEventsReader begins to read.
func NewEventsReader(r io.Reader) (*EventsReader, error) {
	b := bufio.NewReaderSize(r, 1<<18)
	head := make([]byte, len(eventsMagic))
	if _, err := io.ReadFull(b, head); err != nil || string(head) != eventsMagic {
		return nil, errors.New("events file: it does not begin as one")
	}
	return &EventsReader{b}, nil
}

// Verify reads the next window, which must be this one, and verifies it as WindowFile.Verify does.
func (r *EventsReader) Verify(w *Window) error {
	_, err := r.check(w)
	return err
}

func (r *EventsReader) check(w *Window) (*windowCheck, error) {
	id, err := r.blob(maxWindowID)
	if err != nil {
		return nil, fmt.Errorf("events of window %s: %w", w.ID, err)
	}
	n, err := binary.ReadUvarint(r.r)
	if err != nil {
		return nil, fmt.Errorf("events of window %s: %w", w.ID, cut(err))
	}
	if id != w.ID || n != uint64(w.Events) {
		return nil, fmt.Errorf("window %s with %d events: the events file has window %q with %d", w.ID, w.Events, id, n)
	}
	c := newWindowCheck(w)
	for i := range n {
		text, original, err := r.event()
		if err != nil {
			return nil, fmt.Errorf("window %s: event %d: %w", w.ID, i, err)
		}
		if err := c.add(text, original); err != nil {
			return nil, fmt.Errorf("window %s: event %d (%s): %w", w.ID, i, name(text), err)
		}
	}
	return c, c.close()
}

// End wants nothing to follow.
func (r *EventsReader) End() error {
	if _, err := r.r.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.New("events file: it goes on after the last window")
	}
	return nil
}

func (r *EventsReader) event() (text, original string, err error) {
	n, err := binary.ReadUvarint(r.r)
	if err != nil {
		return "", "", cut(err)
	}
	if text, err = r.take(n>>1, maxEventBytes); err != nil || n&1 == 0 {
		return text, "", err
	}
	original, err = r.blob(maxEventBytes)
	if err == nil && original == "" {
		err = errors.New("what it takes back is empty")
	}
	return text, original, err
}

func (r *EventsReader) blob(limit uint64) (string, error) {
	n, err := binary.ReadUvarint(r.r)
	if err != nil {
		return "", cut(err)
	}
	return r.take(n, limit)
}

func (r *EventsReader) take(n, limit uint64) (string, error) {
	if n > limit {
		return "", fmt.Errorf("it has %d bytes, more than %d", n, limit)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.r, b); err != nil {
		return "", cut(err)
	}
	return string(b), nil
}

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the events file was cut short")
	}
	return err
}
