package usage

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/seen"
	"github.com/halle-cloud/halle/proof"
)

// The first byte of a batch says what it holds.
const (
	holdsEvents   = 'E'
	holdsRegister = 'R'
	holdsEnd      = 'X'
	holdsTick     = 'T'
	holdsRelease  = 'L' // one event out of the quarantine, which the cut-off does not hold back
	holdsReject   = 'J'
)

// record is a batch read out: events, or one control.
type record struct {
	number    uint64
	at        int64 // microseconds
	publisher string
	events    []item
	release   bool
	control   control
	verdicts  []Verdict
	err       error
	done      chan struct{} // closed once folded; nil in a replay
}

// control is what the fold learns besides events. Exactly one is set; none in a batch of events.
type control struct {
	Register *Subject `json:"register,omitempty"`
	End      *ending  `json:"end,omitempty"`
	Tick     bool     `json:"tick,omitempty"`
	Reject   *heldKey `json:"reject,omitempty"`
}

// heldKey names an event in the quarantine.
type heldKey struct {
	Key  []byte `json:"key"`
	Hash []byte `json:"hash"`
}

type ending struct {
	Subject  string    `json:"subject"`
	At       time.Time `json:"at"`
	Complete bool      `json:"complete"`
}

// item is an event read out, instants in microseconds.
type item struct {
	key                 seen.Key
	hash                [32]byte
	id, source, subject string
	kind                kind
	through             int64
	meter, unit, labels string
	value               int64
	overflow            bool
	late                bool     // it came after its window had closed; the fold says so
	item                bool     // it names an item instead of a value
	itemKey             [16]byte // of the item
	start, end          int64
	ref                 seen.Key // of the earlier event
}

type kind byte

const (
	isUsage kind = iota
	isWatermark
	isAmend
	isVoid
)

// corrects tells whether the event takes an earlier one back, counts whether it adds an amount.
func (it *item) corrects() bool { return it.kind == isAmend || it.kind == isVoid }
func (it *item) counts() bool   { return it.kind == isUsage || it.kind == isAmend }

// prepare checks the events of a request and brings them into the form of the log. Errors are fail.Invalid and name
// index and field.
func prepare(p Publisher, events []Event) (*record, []byte, error) {
	r := &record{publisher: p.Org, events: make([]item, len(events)), verdicts: make([]Verdict, len(events)), done: make(chan struct{})}
	payload := append(make([]byte, 0, 64+len(events)*320), holdsEvents)
	var canonical, scratch []byte
	for i := range events {
		e := &events[i]
		err := e.Check()
		if err == nil {
			canonical = e.AppendCanonical(canonical[:0])
			payload = binary.AppendUvarint(payload, uint64(len(canonical)))
			payload = append(payload, canonical...)
			scratch, err = r.events[i].fill(p.Org, e, canonical, scratch)
		}
		if err != nil {
			return nil, nil, atIndex(i, err)
		}
	}
	return r, payload, nil
}

// atIndex puts the index of the event before the fields of the error.
func atIndex(i int, err error) error {
	var f *fail.Error
	if !errors.As(err, &f) {
		return err
	}
	c := *f
	c.Fields = make([]fail.Field, len(f.Fields))
	for n, field := range f.Fields {
		c.Fields[n] = fail.Field{Path: "events." + strconv.Itoa(i) + "." + field.Path, Message: field.Message}
	}
	return &c
}

func (it *item) fill(publisher string, e *Event, canonical, scratch []byte) ([]byte, error) {
	it.key, scratch = eventKey(publisher, e.Source, e.ID, scratch)
	it.hash = proof.EventHash(canonical)
	it.id, it.source, it.subject = e.ID, e.Source, e.Subject
	if e.Corrects() {
		it.ref, scratch = eventKey(publisher, e.Source, e.Data.Event, scratch)
	}
	switch e.Type {
	case proof.TypeWatermark:
		through, err := e.Through()
		it.kind, it.through = isWatermark, through.UnixMicro()
		return scratch, err
	case proof.TypeVoid:
		it.kind = isVoid
		return scratch, nil
	case proof.TypeAmend:
		it.kind = isAmend
	}
	if e.Data.Item != "" {
		it.item = true
		sum := sha256.Sum256([]byte(e.Data.Item))
		copy(it.itemKey[:], sum[:])
	}
	u, err := e.Usage()
	it.meter, it.unit, it.labels = e.Data.Meter, e.Data.Unit, e.Data.Labels()
	it.value, it.overflow = u.Value, u.Overflow
	it.start, it.end = u.Start.UnixMicro(), u.End.UnixMicro()
	return scratch, err
}

// eventKey is what an event is known by: publisher, source and id.
func eventKey(publisher, source, id string, scratch []byte) (k seen.Key, _ []byte) {
	scratch = appendPart(appendPart(appendPart(scratch[:0], publisher), source), id)
	sum := sha256.Sum256(scratch)
	copy(k[:], sum[:])
	return k, scratch
}

func appendPart(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func controlPayload(c control) ([]byte, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	kind := byte(holdsTick)
	switch {
	case c.Register != nil:
		kind = holdsRegister
	case c.End != nil:
		kind = holdsEnd
	case c.Reject != nil:
		kind = holdsReject
	}
	return append([]byte{kind}, b...), nil
}

// readRecord reads a batch of the log again. What Ingest wrote was checked, so an error means that somebody else
// wrote the log.
func readRecord(b batchlog.Batch) (*record, error) {
	r := &record{number: b.Number, at: b.At.UnixMicro(), publisher: b.Principal}
	if len(b.Payload) == 0 {
		return nil, fmt.Errorf("record %d of the usage log is empty", b.Number)
	}
	if r.release = b.Payload[0] == holdsRelease; !r.release && b.Payload[0] != holdsEvents {
		if err := json.Unmarshal(b.Payload[1:], &r.control); err != nil {
			return nil, fmt.Errorf("record %d of the usage log: %w", b.Number, err)
		}
		return r, nil
	}
	var scratch []byte
	err := eachEvent(b, func(i int, canonical []byte) error {
		e, err := proof.ParseEvent(string(canonical))
		if err != nil {
			return err
		}
		r.events = append(r.events, item{})
		scratch, err = r.events[i].fill(b.Principal, &e, canonical, scratch)
		return err
	})
	r.verdicts = make([]Verdict, len(r.events))
	return r, err
}

// eachEvent calls fn with each event of a batch in canonical form.
func eachEvent(b batchlog.Batch, fn func(i int, canonical []byte) error) error {
	if len(b.Payload) == 0 || b.Payload[0] != holdsEvents && b.Payload[0] != holdsRelease {
		return fmt.Errorf("record %d of the usage log holds no events", b.Number)
	}
	rest := b.Payload[1:]
	for i := 0; len(rest) > 0; i++ {
		length, n := binary.Uvarint(rest)
		if n <= 0 || length > uint64(len(rest)-n) {
			return fmt.Errorf("record %d of the usage log: event %d does not end", b.Number, i)
		}
		if err := fn(i, rest[n:n+int(length)]); err != nil {
			return fmt.Errorf("record %d of the usage log, event %d: %w", b.Number, i, err)
		}
		rest = rest[n+int(length):]
	}
	return nil
}
