package proof

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// ReceiptPart is the first field of a receipt that keeps fields back.
const ReceiptPart = "halle-receipt/2"

// OpenField is a field of a segment: shown with its salt, or kept back as its digest. A digest is salted by itself, so that
// nobody can guess at what is kept back.
type OpenField struct {
	Name   string          `json:"name,omitempty"`
	Salt   []byte          `json:"salt,omitempty"` // 32 bytes
	Value  json.RawMessage `json:"value,omitempty"`
	Digest []byte          `json:"digest,omitempty"` // 32 bytes, of a field that is kept back
}

// digest is what the field contributes to the segment's root.
func (f OpenField) digest() ([32]byte, error) {
	if f.Name == "" {
		if len(f.Digest) != 32 {
			return [32]byte{}, errors.New("a field has neither name nor digest")
		}
		return [32]byte(f.Digest), nil
	}
	value, err := CanonicalBytes(f.Value)
	if err != nil || len(f.Salt) != 32 || f.Digest != nil {
		return [32]byte{}, errors.Join(fmt.Errorf("field %s: it has no salt of 32 bytes, or no value", f.Name), err)
	}
	return saltedDigest(f.Salt, f.Name, value), nil
}

func fieldSalt(seed []byte, name string) ([]byte, error) {
	salt, err := hkdf.Key(sha256.New, seed, nil, "halle/field/1|"+name, 32)
	if err != nil {
		return nil, fmt.Errorf("salt of field %s: %w", name, err)
	}
	return salt, nil
}

func saltedDigest(salt []byte, name string, value []byte) [32]byte {
	h := sha256.New()
	h.Write(salt)
	writeSized(h.Write, []byte(name))
	h.Write(value)
	return [32]byte(h.Sum(nil))
}

// rootOf is the root of a segment of which some fields are shown, each once.
func rootOf(fields []OpenField) ([32]byte, error) {
	leaves, seen := make([][32]byte, len(fields)), map[string]bool{"": false}
	for i, f := range fields {
		if seen[f.Name] {
			return [32]byte{}, fmt.Errorf("field %s is shown twice", f.Name)
		}
		seen[f.Name] = f.Name != ""
		var err error
		if leaves[i], err = f.digest(); err != nil {
			return [32]byte{}, err
		}
	}
	return MerkleRoot(leaves), nil
}

// Show makes a receipt that shows only some fields, each named as class.field: head.at, machine.amount. The result
// verifies as the whole one does, and whoever has it learns nothing of the others but how many they are. A name that the
// fact does not have is an error.
func (r Receipt) Show(names ...string) (Receipt, error) {
	all := r.fields()
	r.Version, r.Fact.Segments = ReceiptPart, slices.Clone(r.Fact.Segments)
	left := slices.Clone(names)
	for i, s := range r.Fact.Segments {
		if s.Open == nil {
			continue
		}
		fields, err := s.Open.show(func(name string) bool {
			full := s.Class + "." + name
			left = slices.DeleteFunc(left, func(n string) bool { return n == full })
			return slices.Contains(names, full)
		})
		if err != nil {
			return r, err
		}
		r.Fact.Segments[i] = OpenSegment{Class: s.Class, Fields: fields}
	}
	if len(left) > 0 {
		return r, fmt.Errorf("the receipt shows no field %s: fields are %s", strings.Join(left, ", "), strings.Join(all, ", "))
	}
	return r, nil
}

// show opens some fields of a segment and keeps the others back.
func (s Segment) show(keep func(name string) bool) ([]OpenField, error) {
	canonical, err := CanonicalBytes(s.Fields)
	if err != nil {
		return nil, fmt.Errorf("segment: %w", err)
	}
	fields, err := topFields(canonical)
	if err != nil {
		return nil, err
	}
	out := make([]OpenField, len(fields))
	for i, f := range fields {
		salt, err := fieldSalt(s.Seed, f.name)
		if err != nil {
			return nil, err
		}
		out[i] = OpenField{Name: f.name, Salt: salt, Value: f.value}
		if !keep(f.name) {
			digest := saltedDigest(salt, f.name, f.value)
			out[i] = OpenField{Digest: digest[:]}
		}
	}
	return out, nil
}

// fields names what the receipt shows, as class.field.
func (r Receipt) fields() (names []string) {
	for name := range r.Fact.shown() {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// shown are the fields that can be read, by class.field.
func (d Disclosed) shown() map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for _, s := range d.Segments {
		fields := map[string]json.RawMessage{}
		if s.Open != nil {
			_ = json.NewDecoder(bytes.NewReader(s.Open.Fields)).Decode(&fields) // Check has read it
		}
		for _, f := range s.Fields {
			if f.Name != "" {
				fields[f.Name] = f.Value
			}
		}
		for name, value := range fields {
			out[s.Class+"."+name] = value
		}
	}
	return out
}

// kept counts the fields that are kept back.
func (d Disclosed) kept() (n int) {
	for _, s := range d.Segments {
		for _, f := range s.Fields {
			if f.Name == "" {
				n++
			}
		}
	}
	return n
}
