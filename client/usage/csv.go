package usage

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxLine is the longest line of a file, in bytes: a quotation mark that is missing must not read a file into memory.
const maxLine = 64 << 10

// maxColumns is how many columns a file may have.
const maxColumns = 1000

// RowError says where a file is wrong, and how.
type RowError struct {
	Line   int    // from 1, the head included
	Column int    // from 1; 0 when it is the whole line
	Name   string // of the column, when it has one
	Text   string
}

// Error names line and column.
func (e *RowError) Error() string {
	switch {
	case e.Column == 0:
		return fmt.Sprintf("line %d: %s", e.Line, e.Text)
	case e.Name == "":
		return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Text)
	}
	return fmt.Sprintf("line %d, column %d (%s): %s", e.Line, e.Column, e.Name, e.Text)
}

// rows reads CSV as RFC 4180 has it, but one record a line and UTF-8 only. Stricter than encoding/csv, so that a file that
// some program would read otherwise is refused rather than billed.
type rows struct {
	in        *bufio.Reader
	separator byte
	head      []string
	line      int
	cells     []string
}

func newRows(r io.Reader, separator byte) (*rows, error) {
	t := &rows{in: bufio.NewReaderSize(r, maxLine), separator: or(separator, ',')}
	start, err := t.in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.Equal(start, []byte("\xef\xbb\xbf")):
		return nil, &RowError{Line: 1, Text: "the file begins with a byte order mark: save it as UTF-8 without one"}
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		return nil, &RowError{Line: 1, Text: "the file is UTF-16: save it as UTF-8"}
	}
	if t.head, err = t.next(); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, &RowError{Line: 1, Text: "the file is empty: the first line must name the columns"}
		}
		return nil, err
	}
	t.head = append([]string(nil), t.head...)
	return t, t.checkHead()
}

func (t *rows) checkHead() error {
	seen := map[string]bool{}
	for i, name := range t.head {
		switch {
		case len(t.head) == 1 && strings.ContainsAny(name, ",;\t|"):
			at := name[strings.IndexAny(name, ",;\t|")]
			return &RowError{Line: 1, Text: fmt.Sprintf("the columns are not separated by %q, but by %q as it seems: name that as the separator", t.separator, at)}
		case name == "":
			return &RowError{Line: 1, Column: i + 1, Text: "the column has no name"}
		case seen[name]:
			return &RowError{Line: 1, Column: i + 1, Name: name, Text: "another column has the same name"}
		}
		seen[name] = true
	}
	return nil
}

// next gives the cells of the next record, valid until the next call; io.EOF at the end. Empty lines are none.
func (t *rows) next() ([]string, error) {
	for {
		line, err := t.in.ReadSlice('\n')
		t.line++
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, &RowError{Line: t.line, Text: fmt.Sprintf("it is longer than %s: does a quotation mark have no end?", size(maxLine))}
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			return nil, err
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(line) == 0 {
			continue
		}
		if err := t.split(line); err != nil {
			return nil, err
		}
		if t.head != nil && len(t.cells) != len(t.head) {
			return nil, &RowError{Line: t.line, Text: fmt.Sprintf("it has %s, the first line %d", plural(int64(len(t.cells)), "column", "columns"), len(t.head))}
		}
		return t.cells, nil
	}
}

// split cuts a line into cells.
func (t *rows) split(line []byte) error {
	t.cells = t.cells[:0]
	for {
		column := len(t.cells) + 1
		if column > maxColumns {
			return t.wrong(column, fmt.Sprintf("more than %d columns", maxColumns))
		}
		cell, rest, fault := cutCell(line, t.separator)
		if fault == "" {
			fault = unreadable(cell)
		}
		if fault != "" {
			return t.wrong(column, fault)
		}
		t.cells = append(t.cells, cell)
		if rest == nil {
			return nil
		}
		line = rest
	}
}

// wrong is an error in a column of the present line.
func (t *rows) wrong(column int, text string) error {
	e := &RowError{Line: t.line, Column: column, Text: text}
	if column <= len(t.head) {
		e.Name = t.head[column-1]
	}
	return e
}

// cutCell gives the first cell and what follows its separator, nil at the end of the line.
func cutCell(line []byte, separator byte) (cell string, rest []byte, fault string) {
	if len(line) == 0 || line[0] != '"' {
		end := bytes.IndexByte(line, separator)
		text := line
		if end >= 0 {
			text, rest = line[:end], line[end+1:]
		}
		if bytes.IndexByte(text, '"') >= 0 {
			return "", nil, "a quotation mark stands inside a value that does not begin with one"
		}
		return string(text), rest, ""
	}
	var b strings.Builder
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] != '"':
			b.WriteByte(line[i])
		case i+1 < len(line) && line[i+1] == '"':
			b.WriteByte('"')
			i++
		case i+1 == len(line):
			return b.String(), nil, ""
		case line[i+1] == separator:
			return b.String(), line[i+2:], ""
		default:
			return "", nil, "something follows the closing quotation mark"
		}
	}
	return "", nil, "the quoted value does not end on its line: a line's end inside a value is not taken"
}

// unreadable says why the bytes of a cell are no plain text, "" when they are.
func unreadable(cell string) string {
	if !utf8.ValidString(cell) {
		return "it is not UTF-8: save the file as UTF-8"
	}
	for _, r := range cell {
		if r < ' ' && r != '\t' || r == 0x7f || r == '\ufeff' {
			return fmt.Sprintf("it holds the control character U+%04X", r)
		}
	}
	return ""
}
