package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/transparency-dev/formats/log"
	tlog "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// ReceiptVersion is the first field of every receipt.
const ReceiptVersion = "halle-receipt/1"

// Disclosed is a fact opened for one concerned party: enough to recompute the leaf, nothing of other parties.
type Disclosed struct {
	ID       string        `json:"id"`
	Type     string        `json:"type"`
	Seq      int64         `json:"seq"` // number in the party's own sequence
	Leaf     []byte        `json:"leaf"`
	Salt     []byte        `json:"salt"`
	Segments []OpenSegment `json:"segments"`
}

// OpenSegment is a segment with its fields, with some of them (Receipt.Show), or with its root alone when they were erased or
// are not for this party.
type OpenSegment struct {
	Class  string      `json:"class"` // head, machine, person or legal
	Root   []byte      `json:"root,omitempty"`
	Open   *Segment    `json:"open,omitempty"`
	Fields []OpenField `json:"fields,omitempty"`
}

// Check recomputes the commitment of the leaf and returns the leaf.
func (d Disclosed) Check() (Leaf, error) {
	leaf, err := ParseLeaf(d.Leaf)
	if err != nil {
		return leaf, fmt.Errorf("fact %s: %w", d.ID, err)
	}
	if len(d.Salt) != 32 {
		return leaf, fmt.Errorf("fact %s: the salt must be 32 bytes", d.ID)
	}
	roots := make([][32]byte, len(d.Segments))
	for i, s := range d.Segments {
		if s.Open == nil && len(s.Fields) > 0 {
			if roots[i], err = rootOf(s.Fields); err != nil {
				return leaf, fmt.Errorf("fact %s: %w", d.ID, err)
			}
			continue
		}
		if s.Open == nil {
			if len(s.Root) != 32 {
				return leaf, fmt.Errorf("fact %s: segment %d has neither fields nor a root", d.ID, i)
			}
			roots[i] = [32]byte(s.Root)
			continue
		}
		if roots[i], err = s.Open.Root(); err != nil {
			return leaf, fmt.Errorf("fact %s: %w", d.ID, err)
		}
	}
	if Commitment(d.Type, [32]byte(d.Salt), ContentRoot(roots)) != leaf.Commit {
		return leaf, fmt.Errorf("fact %s (%s): what it says is not what the log committed to", d.ID, d.Type)
	}
	return leaf, nil
}

// Receipt is one fact with the proof that it stands in the log.
type Receipt struct {
	Version string    `json:"version"`
	LogKey  string    `json:"log_key"` // a convenience: whoever does not trust the file passes the key
	Fact    Disclosed `json:"fact"`
	Proof   string    `json:"proof"` // C2SP tlog-proof@v1
}

// ReceiptReport is the outcome of verifying a receipt.
type ReceiptReport struct {
	Origin string          `json:"origin"`
	Fact   string          `json:"fact"`
	Type   string          `json:"type"`
	Index  uint64          `json:"index"`
	Size   uint64          `json:"size"`
	Fields json.RawMessage `json:"fields,omitempty"`
	// Shown are the single fields of a receipt that keeps others back, by class.field; Kept counts the others.
	Shown map[string]json.RawMessage `json:"shown,omitempty"`
	Kept  int                        `json:"kept,omitempty"`
	// Witnesses of the policy, that cosigned the checkpoint.
	Witnesses []Cosignature `json:"witnesses,omitempty"`
}

// ParseReceipt reads a receipt; unknown fields and versions are errors.
func ParseReceipt(b []byte) (Receipt, error) {
	var r Receipt
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("receipt: %w", err)
	}
	if r.Version != ReceiptVersion && r.Version != ReceiptPart {
		return r, fmt.Errorf("receipt: version %q is not known", r.Version)
	}
	for _, s := range r.Fact.Segments {
		if len(s.Fields) > 0 && (r.Version != ReceiptPart || s.Open != nil || s.Root != nil) {
			return r, fmt.Errorf("receipt: a segment shows single fields in a receipt of version %q, or is given in two ways", r.Version)
		}
	}
	return r, nil
}

// Verify checks the fact against its leaf, the leaf against the checkpoint and the checkpoint against key, a verifier
// key or a policy (ParsePolicy); with an empty key, against the receipt's own, which proves only that the receipt agrees
// with itself.
func (r Receipt) Verify(key string) (ReceiptReport, error) {
	leaf, err := r.Fact.Check()
	if err != nil {
		return ReceiptReport{}, err
	}
	if key == "" {
		key = r.LogKey
	}
	c, index, signed, err := checkInclusion(key, r.Proof, leaf.Bytes())
	if err != nil {
		return ReceiptReport{}, fmt.Errorf("fact %s: %w", r.Fact.ID, err)
	}
	report := ReceiptReport{Origin: c.Origin, Fact: r.Fact.ID, Type: r.Fact.Type, Index: index, Size: c.Size, Witnesses: signed}
	if r.Version == ReceiptPart {
		report.Shown, report.Kept = r.Fact.shown(), r.Fact.kept()
	}
	if len(r.Fact.Segments) > 0 && r.Fact.Segments[0].Open != nil {
		report.Fields = r.Fact.Segments[0].Open.Fields
	}
	return report, nil
}

func checkInclusion(key, text string, entry []byte) (*log.Checkpoint, uint64, []Cosignature, error) {
	trust, err := verifierPolicy(key)
	if err != nil {
		return nil, 0, nil, err
	}
	var p tlog.TLogProof
	if err := p.Unmarshal([]byte(text)); err != nil {
		return nil, 0, nil, fmt.Errorf("inclusion proof: %w", err)
	}
	c, signed, err := trust.Open(p.Checkpoint)
	if err != nil {
		return nil, 0, nil, err
	}
	hashes := make([][]byte, len(p.Hashes))
	for i, h := range p.Hashes {
		hashes[i] = h[:]
	}
	if p.Index >= c.Size {
		return nil, 0, nil, errors.New("inclusion proof: the index is beyond the checkpoint")
	}
	err = proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, c.Size, rfc6962.DefaultHasher.HashLeaf(entry), hashes, c.Hash)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("the leaf is not in the log at %d: %w", p.Index, err)
	}
	return c, p.Index, signed, nil
}
