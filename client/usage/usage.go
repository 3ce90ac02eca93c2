// Package usage sends usage from a publisher's program, and brings files of usage and of cost into and out of Halle.
//
// Owns: the spool on the publisher's disk; when a batch goes out and again; the reading of CSV and FOCUS files of usage,
// and the writing of invoices as FOCUS.
// Does not own: the form of an event and the verdict on it (the server; proof has the reference), the way over the wire
// (client).
// Reads: the answers of a server; the files that it is given; its own folder.
// Writes: requests through client; the spool and refused.ndjson in its own folder.
//
// # Sending
//
// Open a Sender over a folder that belongs to this program alone, and Add an event for each amount that was used:
//
//	s, err := usage.Open(client.New("https://cloud.example.org", token), usage.Options{Dir: "/var/lib/pumps/usage"})
//	...
//	err = s.Add(usage.Event{ID: "pump-7/2027-01-31T10", Source: "/pumps/7", Subject: "sub_…", Meter: "litres", Unit: "l",
//		Value: 120, Start: ten, End: eleven})
//
// When Add returns nil the event is on disk: it reaches the server though the program is killed, the network is away or
// the server is busy for days. Everything else happens in the background. Three things are the program's part:
//
//  1. Choose ids that are a function of what was measured, not of when it is sent. After a kill a program may not know
//     whether Add returned, and may simply add again: one source and id is one event, however often it comes.
//  2. Look at refused.ndjson, or pass Options.Refused. An event stands there when the server can never count it, with
//     the reason in words. What was refused needs a new id once it is corrected.
//  3. Close the Sender in the end. What could not be sent by then stays in the spool and goes out after the next Open.
//
// # What is on disk
//
// Each Add appends its events to a segment, with a checksum each. With Options.Sync at 0 it returns after an fsync that
// it shares with whoever adds at that moment, and events survive a loss of power. With an interval Add does not wait for
// the disk: a kill of the program loses nothing, a loss of power at most that interval.
//
// A tail that was torn by a kill was never acknowledged and is cut off. A record that is bad although later ones are
// whole is damage: Open changes nothing and returns a *DamageError that names segment and offset.
//
// Add takes nothing once the folder has Options.MaxBytes: it returns ErrFull, and Room waits until there is space again.
// What was taken before may still move from one file to another, and a refused event carries its reason with it; so the
// folder may pass the limit by an eighth and those reasons, and by no more.
//
// # What the server says
//
// Accepted and duplicate events are done. Those that may pass later (a subscription that was just made, a clock that is
// ahead) are sent again for as long as Options.Patience. The others go to refused.ndjson. When a request as a whole is
// refused because one event is not of the form, that one is refused and the rest goes out. A server that is busy is asked
// again after the pause that it names, any other failure after a pause that doubles, both with jitter. One batch is on
// its way at a time, so that watermarks do not overtake the events before them.
package usage

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/halle-cloud/halle/proof"
)

// The types of events.
const (
	TypeUsage     = proof.TypeUsage
	TypeWatermark = proof.TypeWatermark
	TypeAmend     = proof.TypeAmend
	TypeVoid      = proof.TypeVoid
)

// Event is one report of a meter. An amount has Meter, Unit, Start, End and Value or Item; an amendment Event besides; a
// void Event alone; a watermark Through alone.
type Event struct {
	ID      string // unique for the source, at most 256 bytes
	Source  string // who measured, such as a machine
	Subject string // the subscription, sub_…
	Type    string // "" means TypeUsage
	Time    time.Time

	Meter, Unit string            // as the plan has them, at most 64 bytes
	Value       int64             // not negative
	Item        string            // what a meter of different items counts, instead of Value; no personal data
	Start, End  time.Time         // the interval is [Start, End)
	Dimensions  map[string]string // at most 8 labels of the amount
	Event       string            // id of the earlier event of the same source
	Through     time.Time
}

// wire is an event as CloudEvents 1.0 has it in JSON.
type wire struct {
	SpecVersion string   `json:"specversion"`
	ID          string   `json:"id"`
	Source      string   `json:"source"`
	Type        string   `json:"type"`
	Subject     string   `json:"subject"`
	Time        string   `json:"time,omitempty"`
	Data        wireData `json:"data"`
}

type wireData struct {
	Meter      string            `json:"meter,omitempty"`
	Value      string            `json:"value,omitempty"`
	Item       string            `json:"item,omitempty"`
	Event      string            `json:"event,omitempty"`
	Unit       string            `json:"unit,omitempty"`
	Start      string            `json:"start,omitempty"`
	End        string            `json:"end,omitempty"`
	Through    string            `json:"through,omitempty"`
	Dimensions map[string]string `json:"dimensions,omitempty"`
}

// FieldError names the field of an event that is not of its form.
type FieldError struct{ Field, Message string }

// Error names field and fault.
func (e *FieldError) Error() string { return e.Field + " " + e.Message }

func faulty(field, format string, args ...any) error {
	return &FieldError{field, fmt.Sprintf(format, args...)}
}

// Check tells whether the server would take the event as being of the form. The error is a *FieldError.
func (e *Event) Check() error {
	for _, f := range []struct{ name, text string }{{"id", e.ID}, {"source", e.Source}, {"subject", e.Subject}} {
		if f.text == "" || len(f.text) > proof.MaxText || !utf8.ValidString(f.text) {
			return faulty(f.name, "must be UTF-8 text of 1 to %d bytes", proof.MaxText)
		}
	}
	if !writable(e.Time) {
		return faulty("time", "must be in a year of four digits")
	}
	d := e.data()
	switch e.Type {
	case "", TypeUsage:
		if e.Event != "" {
			return faulty("event", "belongs to an amendment or a void")
		}
		return e.checkAmount()
	case TypeAmend:
		if err := e.checkReference(); err != nil {
			return err
		}
		return e.checkAmount()
	case TypeVoid:
		d.Event = ""
		if d.any() || e.Value != 0 {
			return faulty("type", "void goes with Event and no other data")
		}
		return e.checkReference()
	case TypeWatermark:
		d.Through = ""
		if d.any() || e.Value != 0 {
			return faulty("type", "watermark goes with Through and no other data")
		}
		if e.Through.IsZero() || !writable(e.Through) {
			return faulty("through", "is needed")
		}
		return nil
	}
	return faulty("type", "must be %s, %s, %s or %s", TypeUsage, TypeWatermark, TypeAmend, TypeVoid)
}

func writable(t time.Time) bool { y := t.UTC().Year(); return y >= 0 && y <= 9999 }

func (e *Event) checkReference() error {
	if e.Event == "" || len(e.Event) > proof.MaxText || !utf8.ValidString(e.Event) || e.Event == e.ID {
		return faulty("event", "must be the id of an earlier event, of 1 to %d bytes", proof.MaxText)
	}
	return nil
}

func (e *Event) checkAmount() error {
	for _, f := range []struct{ name, text string }{{"meter", e.Meter}, {"unit", e.Unit}} {
		if f.text == "" || len(f.text) > proof.MaxWord || !utf8.ValidString(f.text) {
			return faulty(f.name, "must be UTF-8 text of 1 to %d bytes", proof.MaxWord)
		}
	}
	switch {
	case !e.Through.IsZero():
		return faulty("through", "belongs to a watermark")
	case e.Start.IsZero() || !writable(e.Start):
		return faulty("start", "is needed")
	case e.End.IsZero() || !writable(e.End):
		return faulty("end", "is needed")
	case !e.Start.Before(e.End):
		return faulty("end", "must be after start")
	case e.Value < 0:
		return faulty("value", "is negative: amend or void the event that counted too much")
	case e.Item != "" && e.Value != 0:
		return faulty("item", "stands instead of a value")
	case len(e.Item) > proof.MaxText || !utf8.ValidString(e.Item):
		return faulty("item", "must be UTF-8 text of at most %d bytes", proof.MaxText)
	case len(e.Dimensions) > proof.MaxDimensions:
		return faulty("dimensions", "may have at most %d entries", proof.MaxDimensions)
	}
	for name, value := range e.Dimensions {
		if name == "" || len(name) > proof.MaxWord || len(value) > proof.MaxText || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return faulty("dimensions", "needs names of 1 to %d bytes and values of at most %d, in UTF-8", proof.MaxWord, proof.MaxText)
		}
	}
	return nil
}

func (d *wireData) any() bool {
	return d.Meter != "" || d.Item != "" || d.Event != "" || d.Unit != "" || d.Start != "" || d.End != "" || d.Through != "" || len(d.Dimensions) > 0
}

func (e *Event) data() wireData {
	return wireData{Meter: e.Meter, Item: e.Item, Event: e.Event, Unit: e.Unit, Start: stamp(e.Start), End: stamp(e.End), Through: stamp(e.Through),
		Dimensions: e.Dimensions}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// AppendJSON appends the event as one line of JSON, without the line's end. Check first: it does not judge.
func (e *Event) AppendJSON(b []byte) ([]byte, error) {
	w := wire{SpecVersion: "1.0", ID: e.ID, Source: e.Source, Type: or(e.Type, TypeUsage), Subject: e.Subject, Time: stamp(e.Time), Data: e.data()}
	if e.Item == "" && (w.Type == TypeUsage || w.Type == TypeAmend) {
		w.Data.Value = strconv.FormatInt(e.Value, 10)
	}
	text, err := json.Marshal(w)
	if err != nil {
		return b, fmt.Errorf("event: %w", err)
	}
	return append(b, text...), nil
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// plural writes a number of things.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

// size writes bytes for people.
func size(n int64) string {
	for _, u := range []struct {
		at   int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.at {
			return strconv.FormatInt(int64(math.Round(float64(n)/float64(u.at))), 10) + " " + u.name
		}
	}
	return plural(n, "byte", "bytes")
}
