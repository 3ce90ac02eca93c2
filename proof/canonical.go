package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxExact is the largest integer that every JSON reader keeps exactly (RFC 8785, section 3.2.2.3; RFC 7493, 2.2).
const maxExact = 1 << 53

// Canonical marshals v and brings it to the one form that is hashed: RFC 8785 (JSON Canonicalization Scheme). A
// number above 2^53 is refused, for readers would round it: write it as text.
func Canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canonical form: %w", err)
	}
	return CanonicalBytes(b)
}

// CanonicalBytes brings JSON text to RFC 8785 form. Duplicate names, invalid UTF-8, trailing text and numbers above
// 2^53 are errors. The input is left as it is.
func CanonicalBytes(text []byte) ([]byte, error) {
	out := jsontext.Value(bytes.Clone(text))
	if err := out.Canonicalize(); err != nil {
		return nil, fmt.Errorf("canonical form: %w", err)
	}
	if err := exactNumbers(text); err != nil {
		return nil, err
	}
	return out, nil
}

// exactNumbers looks at each number of a text that is valid JSON, without decoding it: every fact comes by here.
func exactNumbers(text []byte) error {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case c == '-' || c >= '0' && c <= '9':
			from := i
			for i < len(text) && bytes.IndexByte([]byte("+-.0123456789Ee"), text[i]) >= 0 {
				i++
			}
			if err := exactNumber(string(text[from:i])); err != nil {
				return err
			}
			i--
		}
	}
	return nil
}

func exactNumber(n string) error {
	if i, err := strconv.ParseInt(n, 10, 64); err == nil {
		if i > maxExact || i < -maxExact {
			return fmt.Errorf("canonical form: %s is above 2^53: write it as text", n)
		}
		return nil
	}
	if _, err := strconv.ParseFloat(n, 64); err != nil || !strings.ContainsAny(n, ".eE") {
		return errors.New("canonical form: " + n + " is no number that every reader keeps: write it as text")
	}
	return nil
}
