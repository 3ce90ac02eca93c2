package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

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
	if err := exactNumbers(text); err != nil {
		return nil, err
	}
	out := jsontext.Value(bytes.Clone(text))
	if err := out.Canonicalize(); err != nil {
		return nil, fmt.Errorf("canonical form: %w", err)
	}
	return out, nil
}

func exactNumbers(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		tok, err := d.Token()
		if err != nil {
			break // the end, or a fault that Canonicalize names better
		}
		n, ok := tok.(json.Number)
		if !ok {
			continue
		}
		if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
			if i > maxExact || i < -maxExact {
				return fmt.Errorf("canonical form: %s is above 2^53: write it as text", n)
			}
			continue
		}
		if _, err := n.Float64(); err != nil || !bytes.ContainsAny([]byte(n), ".eE") {
			return errors.New("canonical form: " + n.String() + " is no number that every reader keeps: write it as text")
		}
	}
	return nil
}
