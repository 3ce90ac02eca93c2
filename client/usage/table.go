package usage

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/proof"
)

// Format is what the columns of a file are called.
type Format string

// The formats. A CSV file without a mapping has columns named as the fields are.
const (
	FormatCSV   Format = "csv"
	FormatFOCUS Format = "focus" // FOCUS 1.x: rows of the category Usage count
)

// labelField begins the field of a label: "label.zone".
const labelField = "label."

// Mapping says where the fields of an event stand in a file. The fields are subject, meter, unit, value, item, start,
// end, and label.NAME for a label.
type Mapping struct {
	Format    Format            // "" means FormatCSV
	Separator byte              // 0 means a comma
	Columns   map[string]string // field → name of its column, before what the format says
	Fixed     map[string]string // field → what every event has there
}

// needed are the fields that an event must get from somewhere; value or item besides.
func needed() []string { return []string{"subject", "meter", "unit", "start", "end"} }

func known(field string) bool {
	label, ok := strings.CutPrefix(field, labelField)
	return ok && label != "" || field == "value" || field == "item" || slices.Contains(needed(), field)
}

// byFormat is what the columns of a format mean. FOCUS: https://focus.finops.org, columns of 1.0 to 1.2.
func byFormat(f Format, head []string) (map[string]string, error) {
	out := map[string]string{}
	switch f {
	case "", FormatCSV:
		for _, name := range head {
			if known(name) {
				out[name] = name
			}
		}
	case FormatFOCUS:
		out = map[string]string{"subject": "ResourceId", "meter": "SkuMeter", "unit": "ConsumedUnit", "value": "ConsumedQuantity",
			"start": "ChargePeriodStart", "end": "ChargePeriodEnd"}
	default:
		return nil, fmt.Errorf("there is no format %q: use %s or %s", f, FormatCSV, FormatFOCUS)
	}
	return out, nil
}

// Table reads the events of a file, one a row, in bounded memory.
type Table struct {
	rows     *rows
	focus    bool
	category int            // columns of FOCUS, -1 for none
	class    int            //
	columns  map[string]int // field → column
	order    []string       // of the fields, so that the same file gives the same error
	fixed    map[string]string
}

// Row is one line of a file. Its event has neither id nor source.
type Row struct {
	Line    int
	Event   Event
	LeftOut bool // FOCUS: it is no usage
}

// NewTable reads the head. Errors: *RowError; a mapping that does not fit.
func NewTable(r io.Reader, m Mapping) (*Table, error) {
	in, err := newRows(r, m.Separator)
	if err != nil {
		return nil, err
	}
	names, err := byFormat(m.Format, in.head)
	if err != nil {
		return nil, err
	}
	maps.Copy(names, m.Columns)
	t := &Table{rows: in, focus: m.Format == FormatFOCUS, category: slices.Index(in.head, "ChargeCategory"), class: slices.Index(in.head, "ChargeClass"),
		columns: map[string]int{}, fixed: m.Fixed}
	if t.focus && t.category < 0 {
		return nil, &RowError{Line: 1, Text: "a FOCUS file has a column ChargeCategory, and this one has not"}
	}
	if err := t.place(names); err != nil {
		return nil, err
	}
	return t, t.complete()
}

// place finds the column of each field.
func (t *Table) place(names map[string]string) error {
	for _, field := range slices.Sorted(maps.Keys(names)) {
		if _, ok := t.fixed[field]; ok {
			continue
		}
		if !known(field) {
			return fmt.Errorf("an event has no field %q: there are subject, meter, unit, value, item, start, end and %sNAME", field, labelField)
		}
		at := slices.Index(t.rows.head, names[field])
		if at < 0 {
			return &RowError{Line: 1, Text: fmt.Sprintf("there is no column %q for %s: map another one, or set a value for all rows", names[field], field)}
		}
		t.columns[field] = at
		t.order = append(t.order, field)
	}
	return nil
}

func (t *Table) has(field string) bool {
	_, column := t.columns[field]
	_, fixed := t.fixed[field]
	return column || fixed
}

func (t *Table) complete() error {
	for field, text := range t.fixed {
		if !known(field) {
			return fmt.Errorf("an event has no field %q", field)
		}
		if fault := unreadable(text); fault != "" {
			return fmt.Errorf("%s: %s", field, fault)
		}
	}
	for _, field := range needed() {
		if !t.has(field) {
			return &RowError{Line: 1, Text: "no column gives the " + field + ": map one, or set it for all rows"}
		}
	}
	if t.has("value") == t.has("item") {
		return &RowError{Line: 1, Text: "either a value or an item must be given, and not both"}
	}
	return nil
}

// Next gives the next row; io.EOF at the end, otherwise a *RowError.
func (t *Table) Next() (Row, error) {
	cells, err := t.rows.next()
	if err != nil {
		return Row{}, err
	}
	row := Row{Line: t.rows.line}
	if t.focus {
		if t.class >= 0 && cells[t.class] == "Correction" {
			return row, t.rows.wrong(t.class+1, "a correction of a bill is not usage: send an amendment or a void")
		}
		if row.LeftOut = cells[t.category] != "Usage"; row.LeftOut {
			return row, nil
		}
	}
	for field, text := range t.fixed {
		if fault := t.fill(&row.Event, field, text); fault != "" {
			return row, &RowError{Line: row.Line, Text: field + ": " + fault}
		}
	}
	for _, field := range t.order {
		at := t.columns[field]
		if fault := t.fill(&row.Event, field, cells[at]); fault != "" {
			return row, t.rows.wrong(at+1, fault)
		}
	}
	row.Event.ID, row.Event.Source = "x", "x" // Import gives it its own
	if err := row.Event.Check(); err != nil {
		return row, t.blame(err)
	}
	row.Event.ID, row.Event.Source = "", ""
	return row, nil
}

// blame names the column that a field came from.
func (t *Table) blame(err error) error {
	var f *FieldError
	if errors.As(err, &f) {
		if at, ok := t.columns[f.Field]; ok {
			return t.rows.wrong(at+1, f.Message)
		}
	}
	return &RowError{Line: t.rows.line, Text: err.Error()}
}

// fill puts a text into a field, and says what is wrong with it.
func (t *Table) fill(e *Event, field, text string) (fault string) {
	switch field {
	case "subject":
		e.Subject = text
	case "meter":
		e.Meter = text
	case "unit":
		e.Unit = text
	case "item":
		if e.Item = text; text == "" {
			return "it is empty"
		}
	case "value":
		e.Value, fault = t.amount(text)
	case "start":
		e.Start, fault = instant(text)
	case "end":
		e.End, fault = instant(text)
	default:
		if text != "" {
			if e.Dimensions == nil {
				e.Dimensions = map[string]string{}
			}
			e.Dimensions[strings.TrimPrefix(field, labelField)] = text
		}
	}
	return fault
}

// amount reads a whole number of digits alone. FOCUS writes decimals: there a fraction of zeros is one too.
func (t *Table) amount(text string) (int64, string) {
	number := text
	if whole, fraction, ok := strings.Cut(text, "."); ok && t.focus && fraction != "" && strings.Trim(fraction, "0") == "" {
		number = whole
	}
	if rest, ok := strings.CutPrefix(number, "-"); ok && digits(rest) {
		return 0, fmt.Sprintf("%.40q is negative: usage that was too much is amended or voided", text)
	}
	if !digits(number) || number[0] == '0' && number != "0" {
		return 0, fmt.Sprintf("%.40q is no whole number: write digits alone, in a unit that needs no fraction", text)
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, fmt.Sprintf("%.40q does not fit into 64 bits: spread it over several rows", text)
	}
	return n, ""
}

func instant(text string) (time.Time, string) {
	var t time.Time
	if len(text) > proof.MaxWord || t.UnmarshalText([]byte(text)) != nil { // stricter than time.Parse
		return t, fmt.Sprintf("%.40q is no instant: write it as 2027-01-31T15:04:05Z", text)
	}
	if t.IsZero() {
		return t, fmt.Sprintf("%.40q is no instant of a bill", text)
	}
	return t, ""
}
