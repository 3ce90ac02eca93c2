package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// emitter writes JSON as block YAML, in the order of the fields. Texts are written plainly where nothing can be
// misread and quoted as in JSON everywhere else, so that every text comes back as it was.
type emitter struct {
	out   bytes.Buffer
	dec   *json.Decoder
	plain *regexp.Regexp
	words *regexp.Regexp
}

func emitYAML(text []byte) ([]byte, error) {
	e := emitter{dec: json.NewDecoder(bytes.NewReader(text)),
		plain: regexp.MustCompile(`^[\pL][\pL\pM0-9 _.,;/()'@+-]*[\pL0-9.)]$`),
		words: regexp.MustCompile(`(?i)^(true|false|null|yes|no|on|off|y|n)$`)}
	e.dec.UseNumber()
	if err := e.value(0, false); err != nil {
		return nil, err
	}
	return e.out.Bytes(), nil
}

// value writes the next value. inline says that the line has been begun by "- " and goes on with the first key.
func (e *emitter) value(depth int, inline bool) error {
	t, err := e.dec.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		return e.mapping(depth, inline)
	case json.Delim('['):
		return e.sequence(depth)
	}
	if s, ok := t.(string); ok {
		return e.text(s, depth)
	}
	if t == nil {
		t = "null"
	}
	_, err = fmt.Fprintf(&e.out, " %v\n", t)
	return err
}

func (e *emitter) mapping(depth int, inline bool) error {
	if !e.dec.More() {
		e.out.WriteString(" {}\n")
		_, err := e.dec.Token()
		return err
	}
	if depth > 0 && !inline {
		e.out.WriteByte('\n')
	}
	for first := true; e.dec.More(); first = false {
		key, err := e.dec.Token()
		if err != nil {
			return err
		}
		switch {
		case inline && first:
			e.out.WriteByte(' ')
		default:
			e.out.WriteString(strings.Repeat("  ", depth))
		}
		if err := e.scalar(key.(string)); err != nil { // a key of JSON is always a string
			return err
		}
		e.out.WriteByte(':')
		if err := e.value(depth+1, false); err != nil {
			return err
		}
	}
	_, err := e.dec.Token()
	return err
}

func (e *emitter) sequence(depth int) error {
	if !e.dec.More() {
		e.out.WriteString(" []\n")
		_, err := e.dec.Token()
		return err
	}
	e.out.WriteByte('\n')
	for e.dec.More() {
		e.out.WriteString(strings.Repeat("  ", depth) + "-")
		if err := e.value(depth+1, true); err != nil {
			return err
		}
	}
	_, err := e.dec.Token()
	return err
}

func (e *emitter) text(s string, depth int) error {
	if block, ok := paragraphs(s); ok {
		header := " |-\n"
		if strings.HasSuffix(s, "\n") {
			header = " |\n"
		}
		e.out.WriteString(header)
		for _, line := range block {
			if line != "" {
				e.out.WriteString(strings.Repeat("  ", depth) + line)
			}
			e.out.WriteByte('\n')
		}
		return nil
	}
	e.out.WriteByte(' ')
	err := e.scalar(s)
	e.out.WriteByte('\n')
	return err
}

// scalar writes a text on one line.
func (e *emitter) scalar(s string) error {
	if e.plain.MatchString(s) && !e.words.MatchString(s) {
		e.out.WriteString(s)
		return nil
	}
	b, err := json.Marshal(s)
	e.out.Write(b)
	return err
}

// paragraphs are the lines of a text that can stand as a block: several of them, each beginning with a letter or
// digit and ending without space.
func paragraphs(s string) ([]string, bool) {
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	if len(lines) == 1 || lines[0] == "" || lines[len(lines)-1] == "" {
		return nil, false
	}
	for _, l := range lines {
		if l == "" {
			continue
		}
		first := []rune(l)[0]
		if !unicode.IsLetter(first) && !unicode.IsDigit(first) || strings.HasSuffix(l, " ") {
			return nil, false
		}
		if strings.ContainsFunc(l, func(r rune) bool { return r != ' ' && !unicode.IsGraphic(r) || unicode.IsSpace(r) && r != ' ' }) {
			return nil, false
		}
	}
	return lines, true
}
