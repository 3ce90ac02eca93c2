package proof_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/log"
	tlog "github.com/transparency-dev/formats/proof"
	public "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/halle-cloud/halle/proof"
)

// inLog puts the receipt's leaf beside another into a log of two entries, and returns the receipt with its proof.
func inLog(t *testing.T, r proof.Receipt) proof.Receipt {
	t.Helper()
	secret, key, err := note.GenerateKey(rand.Reader, "log.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	h := rfc6962.DefaultHasher
	other := h.HashLeaf([]byte("another"))
	root := h.HashChildren(other, h.HashLeaf(r.Fact.Leaf))
	text := fmt.Sprintf("log.example\n2\n%s\n", base64.StdEncoding.EncodeToString(root))
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	r.LogKey, r.Proof = key, string(tlog.TLogProof{Index: 1, Hashes: [][32]byte{[32]byte(other)}, Checkpoint: signed}.Marshal())
	return r
}

func TestABareProofIsCheckedByPublicToolsAlone(t *testing.T) {
	r := inLog(t, disclosed(t))
	bare, err := r.Bare()
	if err != nil {
		t.Fatal(err)
	}
	var p tlog.TLogProof
	if err := p.Unmarshal(bare); err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(r.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	c, _, _, err := log.ParseCheckpoint(p.Checkpoint, v.Name(), v)
	if err != nil {
		t.Fatal(err)
	}
	h := rfc6962.DefaultHasher
	if err := public.VerifyInclusion(h, p.Index, c.Size, h.HashLeaf(p.ExtraData), [][]byte{p.Hashes[0][:]}, c.Hash); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(bare), r.Fact.ID) {
		t.Error("the bare proof says what it is about")
	}
}

func TestABareProofVerifiesOrSaysWhyNot(t *testing.T) {
	r := inLog(t, disclosed(t))
	bare, err := r.Bare()
	if err != nil {
		t.Fatal(err)
	}
	if report, err := proof.VerifyBare(bare, r.LogKey); err != nil || report.Index != 1 || report.Size != 2 {
		t.Fatalf("%+v: %v", report, err)
	}
	leaf := func(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
	changed := append([]byte{}, r.Fact.Leaf...)
	changed[len(changed)-1] ^= 1
	for why, c := range map[string]struct{ text, key string }{
		"no key of the log":        {string(bare), ""},
		"no leaf":                  {r.Proof, r.LogKey},
		"not in the log":           {strings.Replace(string(bare), leaf(r.Fact.Leaf), leaf(changed), 1), r.LogKey},
		"beyond":                   {strings.Replace(string(bare), "index 1\n", "index 2\n", 1), r.LogKey},
		"missing expected":         {"anything", r.LogKey},
		"no verifiable signatures": {string(bare), inLog(t, disclosed(t)).LogKey},
	} {
		if _, err := proof.VerifyBare([]byte(c.text), c.key); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
	}
}
