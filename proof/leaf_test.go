package proof

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/transparency-dev/merkle/rfc6962"
	"pgregory.net/rapid"
)

func TestLeafRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l Leaf
		copy(l.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		copy(l.Tag[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "tag"))
		copy(l.Commit[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "commit"))
		b := l.Bytes()
		got, err := ParseLeaf(b)
		if err != nil || got != l || len(b) != LeafSize {
			t.Fatalf("%v %v", got, err)
		}
	})
}

func FuzzParseLeaf(f *testing.F) {
	f.Add(Leaf{}.Bytes())
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLeaf(b)
		if err == nil && !bytes.Equal(l.Bytes(), b) {
			t.Fatal("not canonical")
		}
	})
}

// naiveRoot is RFC 6962 section 2.1 word for word.
func naiveRoot(items [][32]byte) []byte {
	switch len(items) {
	case 0:
		s := sha256.Sum256(nil)
		return s[:]
	case 1:
		return rfc6962.DefaultHasher.HashLeaf(items[0][:])
	}
	k := 1
	for k*2 < len(items) {
		k *= 2
	}
	return rfc6962.DefaultHasher.HashChildren(naiveRoot(items[:k]), naiveRoot(items[k:]))
}

func TestMerkleRootIsRFC6962(t *testing.T) {
	var items [][32]byte
	for n := range 70 {
		got := MerkleRoot(items)
		if !bytes.Equal(got[:], naiveRoot(items)) {
			t.Fatalf("%d items differ", n)
		}
		items = append(items, sha256.Sum256([]byte{byte(n)}))
	}
}

func TestSegmentRootChangesWithEveryByte(t *testing.T) {
	seed := bytes.Repeat([]byte{7}, 32)
	base, err := Segment{Seed: seed, Fields: []byte(`{"a":"1","b":{"y":2,"x":1}}`)}.Root()
	if err != nil {
		t.Fatal(err)
	}
	same, _ := Segment{Seed: seed, Fields: []byte(` {"b":{"x":1,"y":2},"a":"1"}`)}.Root()
	if same != base {
		t.Error("order and space changed the root")
	}
	for _, other := range []string{`{"a":"2","b":{"y":2,"x":1}}`, `{"a":"1"}`, `{"c":"1","b":{"y":2,"x":1}}`} {
		if r, _ := (Segment{Seed: seed, Fields: []byte(other)}).Root(); r == base {
			t.Errorf("%s has the same root", other)
		}
	}
	if _, err := (Segment{Seed: seed[:5], Fields: []byte(`{}`)}).Root(); err == nil {
		t.Error("a short seed was accepted")
	}
}

func TestCanonicalRefusesWhatReadersRound(t *testing.T) {
	for _, bad := range []string{`9007199254740993`, `{"a":1,"a":2}`, `{"a":1} x`, `12345678901234567890`, "\"\xff\""} {
		if b, err := CanonicalBytes([]byte(bad)); err == nil {
			t.Errorf("%s became %s", bad, b)
		}
	}
	got, err := CanonicalBytes([]byte(`{ "b":1.50, "a":[true,null,"é"] }`))
	if err != nil || string(got) != `{"a":[true,null,"é"],"b":1.5}` {
		t.Errorf("%s %v", got, err)
	}
}

func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"b":1,"a":"x"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		once, err := CanonicalBytes(b)
		if err != nil {
			return
		}
		twice, err := CanonicalBytes(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s becomes %s (%v)", once, twice, err)
		}
	})
}
