package proof

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// field is a top-level field of a canonical JSON object.
type field struct {
	name  string
	value []byte
}

var errNoObject = errors.New("segment: the fields must be one JSON object")

// topFields splits a canonical object into its fields, sorted by name as bytes; null has none. It relies on the
// canonical form: valid, without space and without names that stand twice.
func topFields(text []byte) ([]field, error) {
	if string(text) == "null" {
		return nil, nil
	}
	if len(text) < 2 || text[0] != '{' {
		return nil, errNoObject
	}
	var out []field
	for at := 1; text[at] != '}'; {
		if text[at] == ',' {
			at++
		}
		end := valueEnd(text, at)
		f := field{name: string(text[at+1 : end-1])}
		if strings.Contains(f.name, `\`) {
			if err := json.Unmarshal(text[at:end], &f.name); err != nil {
				return nil, fmt.Errorf("segment: %w", err)
			}
		}
		at = end + 1 // the colon
		end = valueEnd(text, at)
		f.value, at = text[at:end], end
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b field) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

// valueEnd is where the value that begins at an index of canonical JSON text ends.
func valueEnd(text []byte, at int) int {
	depth := 0
	for i := at; ; i++ {
		switch text[i] {
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // of the object around a number or a word
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
}
