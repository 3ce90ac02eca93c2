package proof

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// plainRoot is Root word for word: every field decoded, brought to its canonical form and digested by itself.
func plainRoot(t interface{ Fatal(...any) }, s Segment) [32]byte {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(s.Fields, &fields); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	var leaves [][32]byte
	for _, name := range names {
		value, err := CanonicalBytes(fields[name])
		if err != nil {
			t.Fatal(err)
		}
		d, err := FieldDigest(s.Seed, name, value)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, d)
	}
	return MerkleRoot(leaves)
}

func TestRootIsThatOfTheFieldsOneByOne(t *testing.T) {
	seed := bytes.Repeat([]byte{9}, 32)
	leaf := rapid.OneOf(rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Int32(), func(n int32) any { return n }),
		rapid.Just[any](nil), rapid.Just[any](true), rapid.Just[any](map[string]any{}), rapid.Just[any]([]any{}))
	nested := rapid.OneOf(leaf, rapid.Map(rapid.SliceOfN(leaf, 0, 4), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(rapid.String(), leaf, 0, 4), func(m map[string]any) any { return map[string]any{"in": m, `q"}`: []any{m}} }))
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(rapid.MapOfN(rapid.String(), nested, 0, 8).Draw(t, "fields"))
		if err != nil {
			t.Fatal(err)
		}
		s := Segment{Seed: seed, Fields: text}
		got, err := s.Root()
		if err != nil || got != plainRoot(t, s) {
			t.Fatalf("%s: %v", text, err)
		}
		made, root, err := NewSegment(seed, json.RawMessage(text))
		if err != nil || root != got || plainRoot(t, made) != got {
			t.Fatalf("%s: made as %s: %v", text, made.Fields, err)
		}
	})
}

func TestRootWantsAnObject(t *testing.T) {
	seed := make([]byte, 32)
	for _, bad := range []string{``, `[]`, `"a"`, `1`, `{"a":1`, `{"a":1,"a":2}`} {
		if _, err := (Segment{Seed: seed, Fields: []byte(bad)}).Root(); err == nil {
			t.Errorf("%s has a root", bad)
		}
	}
	if r, err := (Segment{Seed: seed, Fields: []byte(`null`)}).Root(); err != nil || r != MerkleRoot(nil) {
		t.Errorf("no fields: %v", err)
	}
}

func FuzzRoot(f *testing.F) {
	f.Add([]byte(`{"a\"b":"x","c":{"d":[1,{"e":"}"}]},"f":-1.5,"g":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := Segment{Seed: make([]byte, 32), Fields: b}
		got, err := s.Root()
		if err == nil && got != plainRoot(t, s) {
			t.Fatalf("%q", b)
		}
	})
}
