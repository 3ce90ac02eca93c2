package proof

import (
	"errors"
	"fmt"
	"strings"

	tlog "github.com/transparency-dev/formats/proof"
)

// bareHeader is the first line of a C2SP tlog-proof.
const bareHeader = "c2sp.org/tlog-proof@v1\n"

// BareReport is the outcome of verifying a bare proof.
type BareReport struct {
	Origin    string        `json:"origin"`
	Index     uint64        `json:"index"`
	Size      uint64        `json:"size"`
	Leaf      []byte        `json:"leaf"`
	Witnesses []Cosignature `json:"witnesses,omitempty"`
}

// Bare is the receipt's proof alone, as C2SP tlog-proof with the leaf as its extra data: any program that knows the format
// checks it, and it says nothing about anyone. The receipt is verified first, as Verify with an empty key does.
func (r Receipt) Bare() ([]byte, error) {
	if _, err := r.Verify(""); err != nil {
		return nil, err
	}
	var p tlog.TLogProof
	if err := p.Unmarshal([]byte(r.Proof)); err != nil {
		return nil, fmt.Errorf("inclusion proof: %w", err)
	}
	p.ExtraData = r.Fact.Leaf
	return p.Marshal(), nil
}

// IsBare says whether b begins as a C2SP tlog-proof does.
func IsBare(b []byte) bool { return strings.HasPrefix(string(b), bareHeader) }

// VerifyBare checks that the leaf in a bare proof stands in the log whose checkpoint it has. It has no key of its own: key,
// a verifier key or a policy (ParsePolicy), must be given. What the leaf is about, only the receipt says.
func VerifyBare(b []byte, key string) (BareReport, error) {
	var p tlog.TLogProof
	if key == "" {
		return BareReport{}, errors.New("a bare proof has no key of the log in it: give the key of the log that you trust, or a policy")
	}
	if err := p.Unmarshal(b); err != nil {
		return BareReport{}, fmt.Errorf("bare proof: %w", err)
	}
	if len(p.ExtraData) == 0 {
		return BareReport{}, errors.New("bare proof: it has no leaf as its extra data, and without one there is nothing to look for in the log")
	}
	if _, err := ParseLeaf(p.ExtraData); err != nil {
		return BareReport{}, fmt.Errorf("bare proof: %w", err)
	}
	c, index, signed, err := checkInclusion(key, string(b), p.ExtraData)
	if err != nil {
		return BareReport{}, fmt.Errorf("bare proof: %w", err)
	}
	return BareReport{Origin: c.Origin, Index: index, Size: c.Size, Leaf: p.ExtraData, Witnesses: signed}, nil
}
