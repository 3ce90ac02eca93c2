package proof_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/proof"
)

// disclosed is a fact of two segments, as its party sees it.
func disclosed(t *testing.T) proof.Receipt {
	t.Helper()
	head := proof.Segment{Seed: bytes.Repeat([]byte{1}, 32), Fields: json.RawMessage(`{"actor":"person:per_1","at":"2026-11-23T10:00:00Z"}`)}
	machine := proof.Segment{Seed: bytes.Repeat([]byte{2}, 32), Fields: json.RawMessage(`{"amount":1250,"plan":"flex","region":"lyon"}`)}
	roots := make([][32]byte, 2)
	for i, s := range []proof.Segment{head, machine} {
		var err error
		if roots[i], err = s.Root(); err != nil {
			t.Fatal(err)
		}
	}
	salt := [32]byte{7}
	leaf := proof.Leaf{Commit: proof.Commitment("order.placed.v1", salt, proof.ContentRoot(roots))}
	return proof.Receipt{Version: proof.ReceiptVersion, Fact: proof.Disclosed{ID: "fct_1", Type: "order.placed.v1", Seq: 1, Leaf: leaf.Bytes(), Salt: salt[:],
		Segments: []proof.OpenSegment{{Class: "head", Open: &head}, {Class: "machine", Open: &machine}}}}
}

func TestSingleFieldsAreShown(t *testing.T) {
	whole := disclosed(t)
	if _, err := whole.Fact.Check(); err != nil {
		t.Fatal(err)
	}
	part, err := whole.Show("machine.region", "head.at")
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(part)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"1250", "flex", "per_1", "seed", "AQEBAQEB", "AgICAgIC"} {
		if strings.Contains(string(b), secret) {
			t.Errorf("%s is in what was kept back: %s", secret, b)
		}
	}
	read, err := proof.ParseReceipt(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read.Fact.Check(); err != nil {
		t.Fatalf("a part does not verify: %v", err)
	}
	if got := slices.Sorted(maps.Keys(shownOf(t, read))); !slices.Equal(got, []string{"head.at", "machine.region"}) {
		t.Errorf("shown: %v", got)
	}
	if _, err := whole.Show("machine.price"); err == nil || !strings.Contains(err.Error(), "machine.amount") {
		t.Errorf("a field that is not there: %v", err)
	}
	for name, change := range map[string][2]string{
		"another value":                    {`"lyon"`, `"nice"`},
		"another name":                     {`"name":"region"`, `"name":"place"`},
		"a part that says that it is none": {proof.ReceiptPart, proof.ReceiptVersion},
	} {
		forged := strings.Replace(string(b), change[0], change[1], 1)
		if forged == string(b) {
			t.Fatalf("%s: the case changes nothing", name)
		}
		r, err := proof.ParseReceipt([]byte(forged))
		if err == nil {
			_, err = r.Fact.Check()
		}
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	// A field may not be shown twice.
	twice := read
	fields := append([]proof.OpenField{}, read.Fact.Segments[1].Fields...)
	fields[0] = fields[2]
	twice.Fact.Segments = []proof.OpenSegment{read.Fact.Segments[0], {Class: "machine", Fields: fields}}
	if _, err := twice.Fact.Check(); err == nil {
		t.Error("a field with two values was taken")
	}
}

// shownOf are the fields of a receipt that can be read.
func shownOf(t *testing.T, r proof.Receipt) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, s := range r.Fact.Segments {
		for _, f := range s.Fields {
			if f.Name != "" {
				out[s.Class+"."+f.Name] = true
			}
		}
	}
	return out
}
