package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// WindowDigest is the RFC 6962 Merkle root over the sorted event hashes of a usage window; of none it is the SHA-256
// of nothing. It does not depend on the order of arrival. hashes are sorted in place.
func WindowDigest(hashes [][32]byte) [32]byte {
	SortHashes(hashes)
	// stack holds the roots of complete subtrees from left to right; the bits of n tell their sizes.
	var stack [][32]byte
	for n, h := range hashes {
		node := leafHash(h)
		for ; n&1 == 1; n >>= 1 {
			node = nodeHash(stack[len(stack)-1], node)
			stack = stack[:len(stack)-1]
		}
		stack = append(stack, node)
	}
	if len(stack) == 0 {
		return sha256.Sum256(nil)
	}
	root := stack[len(stack)-1]
	for _, left := range slices.Backward(stack[:len(stack)-1]) {
		root = nodeHash(left, root)
	}
	return root
}

// SortHashes sorts them as bytes, in place.
func SortHashes(hashes [][32]byte) {
	slices.SortFunc(hashes, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
}

func leafHash(h [32]byte) [32]byte {
	var b [33]byte
	copy(b[1:], h[:])
	return sha256.Sum256(b[:])
}

func nodeHash(left, right [32]byte) [32]byte {
	var b [65]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[33:], right[:])
	return sha256.Sum256(b[:])
}

// Sum is the amount of one meter in a window; Labels are the dimensions as canonical JSON, "" for none. Quantity is by
// how much the window changes the quantity of its billing period, so that the windows of a period always add up to it:
// the amount itself where amounts add up, the difference to what the windows closed before came to elsewhere. It is
// below zero when more was taken back. A decimal integer in text, because it may pass 64 bits.
type Sum struct {
	Meter       string      `json:"meter"`
	Unit        string      `json:"unit"`
	Labels      string      `json:"labels,omitempty"`
	Quantity    string      `json:"quantity"`
	Aggregation Aggregation `json:"aggregation,omitempty"` // "" for AggregateSum
	// Of an aggregation that does not add up only: what the period has come to.
	Period string `json:"period,omitempty"`
	// Of AggregateP95: from how many samples. Of AggregateWeighted: the value that was held when the period began, and up to
	// when the period was counted.
	Samples int64  `json:"samples,omitempty"`
	Held    string `json:"held,omitempty"`
	Through string `json:"through,omitempty"` // RFC 3339
}

// Window is a closed usage window as it stands in proof files. Sums are sorted by meter, then labels. Digest is
// WindowDigest in hexadecimal. Corrects names the window whose time it shares when its events came too late for that.
type Window struct {
	ID       string    `json:"id"`
	Subject  string    `json:"subject"`
	Source   string    `json:"source"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Corrects string    `json:"corrects,omitempty"`
	Events   int64     `json:"events"`
	Sums     []Sum     `json:"sums"`
	Digest   string    `json:"digest"`
}

// WindowFile is a window with what it was made of: the sorted hashes that its digest counts (hexadecimal), and the events
// in canonical form in the order of the hashes. Originals stands beside Events when one of them takes an earlier event
// back: that event, "" for the others.
type WindowFile struct {
	Window    Window   `json:"window"`
	Hashes    []string `json:"hashes"`
	Events    []string `json:"events"`
	Originals []string `json:"originals,omitempty"`

	found *windowCheck // by Verify
}

// Verify recomputes the digest and every sum from the events and tells the first thing that does not agree, naming
// the event. It needs nothing but the file; whoever calls it compares the window with the fact in the log. What a period
// comes to that does not add up takes all its windows: InvoiceFile.Verify does that.
func (f *WindowFile) Verify() error {
	id := f.Window.ID
	if int64(len(f.Hashes)) != f.Window.Events || len(f.Events) != len(f.Hashes) || f.Originals != nil && len(f.Originals) != len(f.Events) {
		return fmt.Errorf("window %s: counts %d events, the file has %d hashes and %d events", id, f.Window.Events, len(f.Hashes), len(f.Events))
	}
	c := newWindowCheck(&f.Window)
	var buf []byte
	for i, text := range f.Events {
		original := ""
		if f.Originals != nil {
			original = f.Originals[i]
		}
		if err := c.add(text, original); err != nil {
			return fmt.Errorf("window %s: event %d (%s): %w", id, i, name(text), err)
		}
		if buf = hex.AppendEncode(buf[:0], c.hashes[i][:]); string(buf) != f.Hashes[i] {
			return fmt.Errorf("window %s: event %d (%s) was changed: its hash is %s, the window counted %s", id, i, name(text), buf, f.Hashes[i])
		}
		if i > 0 && f.Hashes[i-1] >= f.Hashes[i] {
			return fmt.Errorf("window %s: event %d (%s) is not in the order of hashes, or stands twice", id, i, name(text))
		}
	}
	if err := c.close(); err != nil {
		return err
	}
	f.found = c
	return nil
}

// tally adds integers of 64 bits without overflow: what does not fit into near goes into far.
type tally struct {
	near int64
	far  big.Int
}

func (t *tally) add(n int64) {
	sum := t.near + n
	if (sum > t.near) != (n > 0) && n != 0 {
		t.far.Add(&t.far, big.NewInt(t.near))
		sum = n
	}
	t.near = sum
}

// String is the sum as a decimal integer.
func (t *tally) String() string { return new(big.Int).Add(&t.far, big.NewInt(t.near)).String() }

// name is the id of the event in the text, as far as it can be read.
func name(text string) string {
	e, err := ParseEvent(text)
	if err != nil {
		return "unreadable"
	}
	return e.ID
}
