package proof

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/rfc6962"
)

// LeafSize is the length of a leaf of the log in bytes.
const LeafSize = 65

const leafVersion = 1

// Leaf is one entry of the log. It carries no data: who is concerned is an unlinkable tag, what happened is a salted
// commitment (EDPB Guidelines 02/2025: keep personal data out of what cannot be erased).
type Leaf struct {
	ID     [16]byte // UUIDv7 of this leaf, not of the fact: two parties' leaves of one fact cannot be linked
	Tag    [16]byte // Tag(view key, seq)
	Commit [32]byte // Commitment(type, salt, content root)
}

// Bytes is the fixed binary form: version, id, tag, commitment.
func (l Leaf) Bytes() []byte {
	b := make([]byte, 0, LeafSize)
	b = append(b, leafVersion)
	b = append(b, l.ID[:]...)
	b = append(b, l.Tag[:]...)
	return append(b, l.Commit[:]...)
}

// ParseLeaf reads the fixed form; any other length or version is an error.
func ParseLeaf(b []byte) (Leaf, error) {
	var l Leaf
	if len(b) != LeafSize {
		return l, fmt.Errorf("leaf: %d bytes instead of %d", len(b), LeafSize)
	}
	if b[0] != leafVersion {
		return l, fmt.Errorf("leaf: version %d is not known", b[0])
	}
	copy(l.ID[:], b[1:])
	copy(l.Tag[:], b[17:])
	copy(l.Commit[:], b[33:])
	return l, nil
}

// Tag marks a party's leaf number seq (from 1, without gaps). Whoever holds the view key finds each of 1…N exactly
// once in the log, and so proves that nothing was hidden or doubled; nobody else can tell whose leaf it is.
func Tag(viewKey [32]byte, seq int64) [16]byte {
	m := hmac.New(sha256.New, viewKey[:])
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(seq))
	m.Write([]byte("halle/tag/1"))
	m.Write(n[:])
	return [16]byte(m.Sum(nil)[:16])
}

// LeafSalt is the salt of a party's leaf number seq: each party commits to the same fact in another way.
func LeafSalt(viewKey [32]byte, seq int64) [32]byte {
	m := hmac.New(sha256.New, viewKey[:])
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(seq))
	m.Write([]byte("halle/salt/1"))
	m.Write(n[:])
	return [32]byte(m.Sum(nil))
}

// Commitment is what a leaf commits to.
func Commitment(factType string, salt, contentRoot [32]byte) [32]byte {
	h := sha256.New()
	h.Write([]byte("halle/leaf/1"))
	writeSized(h.Write, []byte(factType))
	h.Write(salt[:])
	h.Write(contentRoot[:])
	return [32]byte(h.Sum(nil))
}

func writeSized(write func([]byte) (int, error), b []byte) {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(b)))
	_, _ = write(n[:])
	_, _ = write(b)
}

// Segment is a group of fields under one key: erase the key and the values, their salts and so every guess at them
// are gone, while the root stays and the commitment still verifies.
type Segment struct {
	Seed   []byte          `json:"seed"`   // 32 random bytes
	Fields json.RawMessage `json:"fields"` // one canonical JSON object
}

// FieldDigest is the salted digest of one field, whose value is canonical JSON.
func FieldDigest(seed []byte, name string, value []byte) ([32]byte, error) {
	salts, err := hkdf.Extract(sha256.New, seed, nil)
	if err != nil {
		return [32]byte{}, fmt.Errorf("salt of field %s: %w", name, err)
	}
	return fieldDigest(salts, name, value)
}

// fieldDigest is FieldDigest with what was extracted from the seed, the same for all fields.
func fieldDigest(salts []byte, name string, value []byte) ([32]byte, error) {
	salt, err := hkdf.Expand(sha256.New, salts, "halle/field/1|"+name, 32)
	if err != nil {
		return [32]byte{}, fmt.Errorf("salt of field %s: %w", name, err)
	}
	return saltedDigest(salt, name, value), nil
}

// NewSegment brings the fields to their canonical form and gives the segment with its root.
func NewSegment(seed []byte, fields any) (s Segment, root [32]byte, err error) {
	s.Seed = seed
	if s.Fields, err = Canonical(fields); err != nil {
		return s, root, err
	}
	root, err = s.canonicalRoot()
	return s, root, err
}

// Root is the Merkle root (RFC 6962) over the digests of the segment's top-level fields, sorted by name.
func (s Segment) Root() ([32]byte, error) {
	canonical, err := CanonicalBytes(s.Fields)
	if err != nil {
		return [32]byte{}, fmt.Errorf("segment: %w", err)
	}
	return Segment{Seed: s.Seed, Fields: canonical}.canonicalRoot()
}

func (s Segment) canonicalRoot() ([32]byte, error) {
	if len(s.Seed) != 32 {
		return [32]byte{}, errors.New("segment: the seed must be 32 bytes")
	}
	fields, err := topFields(s.Fields)
	if err != nil {
		return [32]byte{}, err
	}
	salts, err := hkdf.Extract(sha256.New, s.Seed, nil)
	if err != nil {
		return [32]byte{}, fmt.Errorf("segment: %w", err)
	}
	leaves := make([][32]byte, len(fields))
	for i, f := range fields {
		if leaves[i], err = fieldDigest(salts, f.name, f.value); err != nil {
			return [32]byte{}, err
		}
	}
	return MerkleRoot(leaves), nil
}

// ContentRoot joins the roots of a fact's segments, machine first, then person and legal ones in the order written.
func ContentRoot(segmentRoots [][32]byte) [32]byte { return MerkleRoot(segmentRoots) }

// MerkleRoot is the RFC 6962 tree hash over 32-byte items in the order given; of no items, SHA-256 of nothing.
func MerkleRoot(items [][32]byte) [32]byte {
	if len(items) == 0 {
		return [32]byte(rfc6962.DefaultHasher.EmptyRoot())
	}
	level := make([][]byte, len(items))
	for i := range items {
		level[i] = rfc6962.DefaultHasher.HashLeaf(items[i][:])
	}
	for len(level) > 1 {
		next := level[:0:len(level)]
		for i := 0; i+1 < len(level); i += 2 {
			next = append(next, rfc6962.DefaultHasher.HashChildren(level[i], level[i+1]))
		}
		if len(level)%2 == 1 {
			// RFC 6962 splits at the largest power of two: a lone last node moves up unchanged.
			next = append(next, level[len(level)-1])
		}
		level = next
	}
	return [32]byte(level[0])
}
