package price

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
)

// Canonical is the one JSON text of a version: keys sorted, no spaces, quantities and money as strings, times in UTC (the
// form of RFC 8785 for the values used here, all of them ASCII). Only a version that passes Validate has one,
// because the words it allows need no escaping.
func (v *Version) Canonical() ([]byte, error) {
	if err := v.Validate(); err != nil {
		return nil, err
	}
	c := *v
	c.EffectiveFrom = c.EffectiveFrom.UTC().Truncate(time.Second)
	if !c.EffectiveTo.IsZero() {
		c.EffectiveTo = c.EffectiveTo.UTC().Truncate(time.Second)
	}
	b, err := json.Marshal(&c)
	if err != nil {
		return nil, fmt.Errorf("price: write version: %w", err)
	}
	var tree any
	if err := json.Unmarshal(b, &tree); err != nil {
		return nil, fmt.Errorf("price: reread version: %w", err)
	}
	// A decoded tree is maps, and encoding/json writes the keys of a map sorted.
	if b, err = json.Marshal(tree); err != nil {
		return nil, fmt.Errorf("price: sort version: %w", err)
	}
	return b, nil
}

// Hash names the version: SHA-256 of its canonical bytes. It is frozen with the order and printed in proofs.
func (v *Version) Hash() ([sha256.Size]byte, error) {
	b, err := v.Canonical()
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	return sha256.Sum256(b), nil
}

// ParseVersion reads canonical bytes as stored or as found in a proof. Bytes that are not exactly what Canonical
// writes are refused, so that a hash of the bytes is the hash of the version. Errors: price.bytes, price.version.
func ParseVersion(b []byte) (*Version, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	v := new(Version)
	if err := dec.Decode(v); err != nil {
		return nil, notCanonical(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, notCanonical(nil)
	}
	again, err := v.Canonical()
	if err != nil {
		return nil, err
	}
	if !slices.Equal(again, b) {
		return nil, notCanonical(nil)
	}
	return v, nil
}

func notCanonical(err error) error {
	return fail.New(fail.Invalid, "price.bytes", "The bytes are not a price list in its canonical form.",
		"Use the bytes exactly as they were published.").Wrap(err)
}
