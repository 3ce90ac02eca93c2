package proof

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ParseEvents reads events as CloudEvents has them in JSON: one object, a JSON array of objects, or (lines) one object
// a line. At most limit of them. It checks the grammar only; Check and Usage judge the values. Strict: every name is
// known and stands once, text is valid UTF-8, nothing is null, nothing follows the end. Errors are fail.Invalid and
// name index and field, for example "events.3.data.value".
func ParseEvents(text string, lines bool, limit int) ([]Event, error) {
	p := &scanner{s: text}
	if !utf8.ValidString(text) {
		return nil, faulty("events", "must be UTF-8")
	}
	p.space()
	if !lines && p.peek() == '[' {
		return p.array(limit)
	}
	var events []Event
	for p.i < len(p.s) {
		if len(events) == limit || len(events) == 1 && !lines {
			return nil, p.fault(len(events), "", "is more than is allowed here")
		}
		if err := p.next(&events); err != nil {
			return nil, err
		}
		if end := p.i; lines {
			if p.space(); p.i < len(p.s) && !strings.Contains(p.s[end:p.i], "\n") {
				return nil, p.fault(len(events), "", "must stand on a line of its own")
			}
		}
		p.space()
	}
	return events, nil
}

// ParseEvent reads one event that stands alone.
func ParseEvent(text string) (e Event, err error) {
	p := &scanner{s: text}
	if !utf8.ValidString(text) {
		return e, faulty("events", "must be UTF-8")
	}
	p.space()
	if message := p.event(&e); message != "" {
		return e, p.faultAt(0, message)
	}
	if p.space(); p.i < len(p.s) {
		return e, p.fault(0, "", "is followed by more")
	}
	return e, nil
}

type scanner struct {
	s          string
	i          int
	path, name string // where the reader stands, for the fault
}

func (p *scanner) array(limit int) ([]Event, error) {
	var events []Event
	p.i++
	for p.space(); p.peek() != ']'; p.space() {
		if len(events) > 0 && !p.take(',') {
			return nil, p.fault(len(events), "", `needs "," or "]" before it`)
		}
		if len(events) == limit {
			return nil, p.fault(limit, "", "is more than is allowed here")
		}
		p.space()
		if err := p.next(&events); err != nil {
			return nil, err
		}
	}
	p.i++
	if p.space(); p.i < len(p.s) {
		return nil, p.fault(len(events), "", "follows the end")
	}
	return events, nil
}

func (p *scanner) next(events *[]Event) error {
	*events = append(*events, Event{})
	p.path, p.name = "", ""
	if message := p.event(&(*events)[len(*events)-1]); message != "" {
		return p.faultAt(len(*events)-1, message)
	}
	return nil
}

// faultAt is the fault where the reader stands; a name that somebody made up may be long.
func (p *scanner) faultAt(index int, message string) error {
	field := p.path + p.name
	return p.fault(index, strings.ToValidUTF8(field[:min(len(field), MaxWord)], ""), message)
}

func (p *scanner) fault(index int, field, message string) error {
	path := "events." + strconv.Itoa(index)
	if field != "" {
		path += "." + field
	}
	return faulty(path, message)
}

// event and the functions below return what is wrong, "" when nothing is; path and name then say where.
func (p *scanner) event(e *Event) string {
	var seen uint
	return p.object("", func(name string) string {
		var into *string
		bit := uint(0)
		switch name {
		case "specversion":
			into, bit = &e.SpecVersion, 1
		case "id":
			into, bit = &e.ID, 2
		case "source":
			into, bit = &e.Source, 4
		case "type":
			into, bit = &e.Type, 8
		case "subject":
			into, bit = &e.Subject, 16
		case "time":
			into, bit = &e.Time, 32
		case "datacontenttype":
			into, bit = &e.ContentType, 64
		case "dataschema":
			into, bit = &e.Schema, 128
		case "data":
			if seen&256 != 0 {
				return "stands twice"
			}
			seen |= 256
			return p.data(&e.Data)
		default:
			return "is not a field of a usage event"
		}
		if seen&bit != 0 {
			return "stands twice"
		}
		seen |= bit
		return p.text(into, false)
	})
}

func (p *scanner) data(d *Data) string {
	var seen uint
	return p.object("data.", func(name string) string {
		var into *string
		bit := uint(0)
		switch name {
		case "meter":
			into, bit = &d.Meter, 1
		case "value":
			into, bit = &d.Value, 2
			d.Number = p.peek() != '"'
		case "unit":
			into, bit = &d.Unit, 4
		case "start":
			into, bit = &d.Start, 8
		case "end":
			into, bit = &d.End, 16
		case "through":
			into, bit = &d.Through, 32
		case "item":
			into, bit = &d.Item, 64
		case "event":
			into, bit = &d.Event, 128
		case "dimensions":
			if d.Dimensions != nil {
				return "stands twice"
			}
			return p.dimensions(d)
		default:
			return "is not known here"
		}
		if seen&bit != 0 {
			return "stands twice"
		}
		seen |= bit
		if name == "value" && d.Number {
			return p.number(into)
		}
		return p.text(into, false)
	})
}

func (p *scanner) dimensions(d *Data) string {
	message := p.object("data.dimensions.", func(name string) string {
		dim := Dimension{Name: name}
		message := p.text(&dim.Value, true)
		d.Dimensions = append(d.Dimensions, dim)
		return message
	})
	if message != "" {
		return message
	}
	p.path, p.name = "data.", "dimensions"
	if len(d.Dimensions) == 0 {
		return "is empty: leave it out"
	}
	slices.SortFunc(d.Dimensions, func(a, b Dimension) int { return compare(a.Name, b.Name) })
	for i := range d.Dimensions[1:] {
		if d.Dimensions[i].Name == d.Dimensions[i+1].Name {
			return "has a name twice"
		}
	}
	return ""
}

// object reads {"name": value, …}; member reads the value.
func (p *scanner) object(path string, member func(name string) string) string {
	if !p.take('{') {
		return "must be an object"
	}
	for p.space(); !p.take('}'); p.space() {
		var name string
		if message := p.text(&name, true); message != "" {
			return "needs a name in quotes"
		}
		p.path, p.name = path, name
		if p.space(); !p.take(':') {
			return `needs ":" after its name`
		}
		p.space()
		if message := member(name); message != "" {
			return message
		}
		p.path, p.name = path, name
		if p.space(); p.peek() == '}' {
			continue
		}
		if !p.take(',') {
			return `needs "," or "}" after it`
		}
		if p.space(); p.peek() == '}' {
			return "has a comma and nothing after it"
		}
	}
	return ""
}

func (p *scanner) number(into *string) string {
	from := p.i
	for p.i < len(p.s) && (p.s[p.i] == '-' || p.s[p.i] >= '0' && p.s[p.i] <= '9') {
		p.i++
	}
	*into = p.s[from:p.i]
	if !integer(*into) {
		return `must be an integer, as a number or as text such as "123"`
	}
	return ""
}

// text reads a string; without escapes it is a part of the input and costs nothing.
func (p *scanner) text(into *string, empty bool) string {
	if !p.take('"') {
		return "must be text"
	}
	from := p.i
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '"':
			*into = p.s[from:p.i]
			p.i++
			if *into == "" && !empty {
				return "is empty"
			}
			return ""
		case c == '\\':
			return p.escaped(into, from)
		case c < ' ':
			return "has a control character"
		}
		p.i++
	}
	return "does not end"
}

func (p *scanner) escaped(into *string, from int) string {
	b := []byte(p.s[from:p.i])
	for p.i < len(p.s) {
		c := p.s[p.i]
		p.i++
		switch {
		case c == '"':
			*into = string(b)
			return ""
		case c < ' ':
			return "has a control character"
		case c != '\\':
			b = append(b, c)
		default:
			r, ok := p.escape()
			if !ok {
				return "has an escape that JSON does not know"
			}
			b = utf8.AppendRune(b, r)
		}
	}
	return "does not end"
}

func (p *scanner) escape() (rune, bool) {
	if p.i >= len(p.s) {
		return 0, false
	}
	c := p.s[p.i]
	p.i++
	if c != 'u' {
		at := strings.IndexByte(`"\/bfnrt`, c)
		if at < 0 {
			return 0, false
		}
		return rune("\"\\/\b\f\n\r\t"[at]), true
	}
	r, ok := p.hex4()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	if !strings.HasPrefix(p.s[p.i:], `\u`) {
		return 0, false
	}
	p.i += 2
	low, ok := p.hex4()
	r = utf16.DecodeRune(r, low)
	return r, ok && r != utf8.RuneError
}

func (p *scanner) hex4() (rune, bool) {
	if len(p.s)-p.i < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(p.s[p.i:p.i+4], 16, 16)
	p.i += 4
	return rune(n), err == nil
}

func (p *scanner) space() {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\n' || p.s[p.i] == '\t' || p.s[p.i] == '\r') {
		p.i++
	}
}

func (p *scanner) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *scanner) take(c byte) bool {
	if p.peek() != c || p.i >= len(p.s) {
		return false
	}
	p.i++
	return true
}

// before is the order of names in RFC 8785, section 3.2.3: by UTF-16 code units.
func before(a, b string) bool { return compare(a, b) < 0 }

func compare(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	for i > 0 && i < len(a) && i < len(b) && (!utf8.RuneStart(a[i]) || !utf8.RuneStart(b[i])) {
		i--
	}
	ra, _ := utf8.DecodeRuneInString(a[i:])
	rb, _ := utf8.DecodeRuneInString(b[i:])
	if i == len(a) || i == len(b) || (ra > 0xffff) == (rb > 0xffff) {
		return cmp.Compare(a, b)
	}
	return slices.Compare(utf16.Encode([]rune{ra}), utf16.Encode([]rune{rb}))
}
