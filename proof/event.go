package proof

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
)

// The types of usage events. Events of any other type are refused.
const (
	TypeUsage     = "halle.usage.v1"           // an amount of one meter in an interval
	TypeWatermark = "halle.usage.watermark.v1" // the source has sent everything through an instant
	TypeAmend     = "halle.usage.amend.v1"     // another amount instead of an earlier event's
	TypeVoid      = "halle.usage.void.v1"      // an earlier event counts no more
)

// Limits of one event: of its texts (id, source, subject, item, values of dimensions) and words (meter, unit, names of
// dimensions) in bytes, and of the number of its dimensions.
const (
	MaxText       = 256
	MaxWord       = 64
	MaxDimensions = 8
	maxDigits     = 40
)

// Event is a CloudEvents 1.0 event of usage: the nine fields that Halle accepts, as they were sent. An extension
// attribute is refused, so that nothing that is hashed goes unread.
type Event struct {
	SpecVersion string // always 1.0
	ID          string // unique for the source
	Source      string // who measured, for example the resource
	Type        string // TypeUsage, TypeWatermark, TypeAmend or TypeVoid
	Subject     string // the subscription
	Time        string // RFC 3339, when it was sealed; "" when not sent; no rule looks at it
	ContentType string // "application/json" or ""
	Schema      string // "" when not sent
	Data        Data
}

// Data is what the event says. A usage event has Meter, Value or Item, Unit, Start and End; a watermark has Through. An
// amendment has Event and what a usage event has; a void has Event alone.
type Data struct {
	Meter, Value, Unit string
	Item               string // what a meter of different items counts once; personal data does not belong here
	Event              string // id of the earlier event of the same source
	Start, End         string // RFC 3339; the interval is [Start, End)
	Through            string // RFC 3339
	Number             bool   // Value was sent as a JSON number, not as text
	Dimensions         []Dimension
}

// Dimension is one label of an amount. In Data they stand sorted by name.
type Dimension struct{ Name, Value string }

// Usage is a usage event read out. Overflow tells that the value is an integer beyond 64 bits.
type Usage struct {
	Start, End time.Time
	Value      int64
	Overflow   bool
}

// Corrects tells whether the event takes an earlier one back.
func (e *Event) Corrects() bool { return e.Type == TypeAmend || e.Type == TypeVoid }

// Counts tells whether the event adds an amount.
func (e *Event) Counts() bool { return e.Type == TypeUsage || e.Type == TypeAmend }

// CorrectionHash is what the digest of a window counts for an event that takes another back: it commits to both.
func CorrectionHash(event, original [32]byte) [32]byte {
	const domain = "halle correction 1\n"
	b := append(make([]byte, 0, len(domain)+64), domain...)
	return sha256.Sum256(append(append(b, event[:]...), original[:]...))
}

// EventHash is the SHA-256 of an event's canonical bytes: what deduplication compares and the digest counts.
func EventHash(canonical []byte) [32]byte { return sha256.Sum256(canonical) }

// Canonical is the RFC 8785 form of the event.
func (e *Event) Canonical() []byte { return e.AppendCanonical(nil) }

// AppendCanonical appends the RFC 8785 form of the event. It is written out, not derived, because it runs for every
// event; names stand in the order that RFC 8785 wants.
func (e *Event) AppendCanonical(b []byte) []byte {
	b = append(b, `{"data":`...)
	b = e.Data.appendCanonical(b, e.Type)
	b = appendMember(b, "datacontenttype", e.ContentType)
	b = appendMember(b, "dataschema", e.Schema)
	b = appendMember(b, "id", e.ID)
	b = appendMember(b, "source", e.Source)
	b = appendMember(b, "specversion", e.SpecVersion)
	b = appendMember(b, "subject", e.Subject)
	b = appendMember(b, "time", e.Time)
	b = appendMember(b, "type", e.Type)
	return append(b, '}')
}

func (d *Data) appendCanonical(b []byte, kind string) []byte {
	if kind == TypeWatermark {
		b = append(b, `{"through":`...)
		return append(appendText(b, d.Through), '}')
	}
	if kind == TypeVoid {
		b = append(b, `{"event":`...)
		return append(appendText(b, d.Event), '}')
	}
	b = append(b, '{')
	if len(d.Dimensions) > 0 {
		b = append(append(b, `"dimensions":`...), d.Labels()...)
		b = append(b, ',')
	}
	b = appendText(append(b, `"end":`...), d.End)
	b = appendMember(b, "event", d.Event)
	b = appendMember(b, "item", d.Item)
	b = appendMember(b, "meter", d.Meter)
	b = appendMember(b, "start", d.Start)
	b = appendMember(b, "unit", d.Unit)
	if d.Value == "" {
		return append(b, '}')
	}
	b = append(b, `,"value":`...)
	if d.Number {
		b = append(b, d.Value...)
	} else {
		b = appendText(b, d.Value)
	}
	return append(b, '}')
}

// Labels are the dimensions as canonical JSON, "" when there is none: a key to group by.
func (d *Data) Labels() string {
	if len(d.Dimensions) == 0 {
		return ""
	}
	b := []byte{'{'}
	for i, dim := range d.Dimensions {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, dim.Name), ':')
		b = appendText(b, dim.Value)
	}
	return string(append(b, '}'))
}

func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return appendText(b, value)
}

// appendText writes a string as RFC 8785, section 3.2.2.2 says.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(append(b, s[from:i]...), '\\')
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, c)
		case '\b':
			b = append(b, 'b')
		case '\t':
			b = append(b, 't')
		case '\n':
			b = append(b, 'n')
		case '\f':
			b = append(b, 'f')
		case '\r':
			b = append(b, 'r')
		default:
			b = append(b, 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(b, s[from:]...), '"')
}

// Usage reads a usage event out. The error names the field.
func (e *Event) Usage() (Usage, error) {
	var u Usage
	var err error
	if u.Start, err = instant("data.start", e.Data.Start); err != nil {
		return u, err
	}
	if u.End, err = instant("data.end", e.Data.End); err != nil {
		return u, err
	}
	if !u.Start.Before(u.End) {
		return u, faulty("data.end", "must be after data.start")
	}
	if e.Data.Value == "" {
		return u, nil // it names an item
	}
	u.Value, err = strconv.ParseInt(e.Data.Value, 10, 64)
	u.Overflow = err != nil // Check saw that it is an integer: only its size can be wrong
	return u, nil
}

// Through reads a watermark out. The error names the field.
func (e *Event) Through() (time.Time, error) { return instant("data.through", e.Data.Through) }

// Check tells whether the fields are of their form. Errors are fail.Invalid and name the field, for example
// "data.value".
func (e *Event) Check() error {
	if e.SpecVersion != "1.0" {
		return faulty("specversion", `must be "1.0"`)
	}
	for _, f := range []struct {
		name, value string
		max         int
		needed      bool
	}{
		{"id", e.ID, MaxText, true}, {"source", e.Source, MaxText, true}, {"subject", e.Subject, MaxText, true},
		{"time", e.Time, MaxWord, false}, {"dataschema", e.Schema, MaxText, false},
	} {
		if f.needed && f.value == "" {
			return faulty(f.name, "is needed and may not be empty")
		}
		if len(f.value) > f.max {
			return faulty(f.name, fmt.Sprintf("may have at most %d bytes", f.max))
		}
	}
	if e.ContentType != "" && e.ContentType != "application/json" {
		return faulty("datacontenttype", "must be application/json")
	}
	if e.Time != "" {
		if _, err := instant("time", e.Time); err != nil {
			return err
		}
	}
	switch e.Type {
	case TypeUsage:
		return e.Data.checkUsage()
	case TypeAmend:
		if err := e.checkReference(); err != nil {
			return err
		}
		return e.Data.checkAmount()
	case TypeVoid:
		return e.checkVoid()
	case TypeWatermark:
		return e.Data.checkWatermark()
	}
	return faulty("type", "must be "+TypeUsage+", "+TypeWatermark+", "+TypeAmend+" or "+TypeVoid)
}

func (e *Event) checkReference() error {
	switch {
	case e.Data.Event == "" || len(e.Data.Event) > MaxText:
		return faulty("data.event", "must be the id of an earlier event, of 1 to 256 bytes")
	case e.Data.Event == e.ID:
		return faulty("data.event", "is the event itself: a correction has an id of its own")
	}
	return nil
}

func (e *Event) checkVoid() error {
	d := &e.Data
	if d.Meter != "" || d.Value != "" || d.Item != "" || d.Unit != "" || d.Start != "" || d.End != "" || d.Through != "" || len(d.Dimensions) > 0 {
		return faulty("data", "of a void holds event and nothing else")
	}
	return e.checkReference()
}

func (d *Data) checkUsage() error {
	if d.Event != "" {
		return faulty("data.event", "belongs to an amendment or a void")
	}
	return d.checkAmount()
}

func (d *Data) checkAmount() error {
	if d.Through != "" {
		return faulty("data.through", "belongs to a watermark")
	}
	if d.Meter == "" || len(d.Meter) > MaxWord {
		return faulty("data.meter", "must have 1 to 64 bytes")
	}
	if d.Unit == "" || len(d.Unit) > MaxWord {
		return faulty("data.unit", "must have 1 to 64 bytes")
	}
	if d.Start == "" {
		return faulty("data.start", "is needed")
	}
	if d.End == "" {
		return faulty("data.end", "is needed")
	}
	if d.Item != "" {
		if d.Value != "" || len(d.Item) > MaxText {
			return faulty("data.item", "stands instead of a value and may have at most 256 bytes")
		}
	} else if !integer(d.Value) || len(d.Value) > maxDigits {
		return faulty("data.value", `must be an integer, for example "123", without plus sign, exponent or leading zeros`)
	}
	if n, err := strconv.ParseInt(d.Value, 10, 64); d.Number && d.Item == "" && (err != nil || n > maxExact-1 || n < 1-maxExact) {
		return faulty("data.value", "is above 2^53: write it as text")
	}
	if len(d.Dimensions) > MaxDimensions {
		return faulty("data.dimensions", "may have at most 8 entries")
	}
	for i, dim := range d.Dimensions {
		if dim.Name == "" || len(dim.Name) > MaxWord || len(dim.Value) > MaxText {
			return faulty("data.dimensions", "needs names of 1 to 64 bytes and values of at most 256")
		}
		if i > 0 && !before(d.Dimensions[i-1].Name, dim.Name) {
			return faulty("data.dimensions", "must be sorted, each name once")
		}
	}
	return nil
}

func (d *Data) checkWatermark() error {
	if d.Through == "" {
		return faulty("data.through", "is needed")
	}
	if d.Meter != "" || d.Value != "" || d.Item != "" || d.Event != "" || d.Unit != "" || d.Start != "" || d.End != "" || len(d.Dimensions) > 0 {
		return faulty("data", "of a watermark holds through and nothing else")
	}
	return nil
}

// integer is the grammar of a JSON integer, without a negative zero.
func integer(s string) bool {
	digits := s
	if s != "" && s[0] == '-' {
		digits = s[1:]
	}
	if digits == "" || digits[0] == '0' && s != "0" {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

func instant(field, s string) (time.Time, error) {
	var t time.Time
	if len(s) > MaxWord || t.UnmarshalText([]byte(s)) != nil { // stricter than time.Parse
		return t, faulty(field, "must be an instant as RFC 3339 has it, for example 2027-01-31T15:04:05Z")
	}
	return t.UTC(), nil
}

func faulty(field, message string) error {
	return fail.New(fail.Invalid, "usage.event", "A usage event is not of the form.",
		"Correct the field and send the event again; nothing was taken.").Field(field, message)
}
