package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strconv"
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

// Sum is the amount of one meter in a window; Labels are the dimensions as canonical JSON, "" for none. Quantity is a
// decimal integer in text, because it may pass 64 bits.
type Sum struct {
	Meter    string `json:"meter"`
	Unit     string `json:"unit"`
	Labels   string `json:"labels,omitempty"`
	Quantity string `json:"quantity"`
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

// WindowFile is a window with what it was made of: the sorted event hashes (hexadecimal), and the events in canonical
// form in the order of the hashes.
type WindowFile struct {
	Window Window   `json:"window"`
	Hashes []string `json:"hashes"`
	Events []string `json:"events"`
}

// Verify recomputes the digest and every sum from the events and tells the first thing that does not agree, naming
// the event. It needs nothing but the file; whoever calls it compares the window with the fact in the log.
func (f *WindowFile) Verify() error {
	if int64(len(f.Hashes)) != f.Window.Events || len(f.Events) != len(f.Hashes) {
		return fmt.Errorf("window %s: counts %d events, the file has %d hashes and %d events",
			f.Window.ID, f.Window.Events, len(f.Hashes), len(f.Events))
	}
	hashes := make([][32]byte, len(f.Hashes))
	sums := map[Sum]*tally{}
	var buf []byte
	for i, text := range f.Events {
		buf = append(buf[:0], text...)
		hashes[i] = EventHash(buf)
		if buf = hex.AppendEncode(buf[:0], hashes[i][:]); string(buf) != f.Hashes[i] {
			return fmt.Errorf("window %s: event %d (%s) was changed: its hash is %s, the window counted %s", f.Window.ID, i, name(text), buf, f.Hashes[i])
		}
		if i > 0 && f.Hashes[i-1] >= f.Hashes[i] {
			return fmt.Errorf("window %s: event %d (%s) is not in the order of hashes, or stands twice", f.Window.ID, i, name(text))
		}
		if err := f.Window.count(sums, text); err != nil {
			return fmt.Errorf("window %s: event %d (%s): %w", f.Window.ID, i, name(text), err)
		}
	}
	if got := WindowDigest(hashes); hex.EncodeToString(got[:]) != f.Window.Digest {
		return fmt.Errorf("window %s: the digest of its events is %x, it says %s", f.Window.ID, got, f.Window.Digest)
	}
	return f.Window.compare(sums)
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

func (w *Window) count(sums map[Sum]*tally, text string) error {
	e, err := ParseEvent(text)
	if err != nil {
		return err
	}
	if e.Type != TypeUsage || e.Subject != w.Subject || e.Source != w.Source {
		return fmt.Errorf("belongs to %s of %s, not to this window", e.Subject, e.Source)
	}
	key := Sum{Meter: e.Data.Meter, Unit: e.Data.Unit, Labels: e.Data.Labels()} // Quantity stays empty
	if sums[key] == nil {
		sums[key] = &tally{}
	}
	n, err := strconv.ParseInt(e.Data.Value, 10, 64)
	if err != nil {
		return fmt.Errorf("has the value %q, which is no integer of 64 bits", e.Data.Value)
	}
	sums[key].add(n)
	return nil
}

func (w *Window) compare(sums map[Sum]*tally) error {
	if len(sums) != len(w.Sums) {
		return fmt.Errorf("window %s: has %d sums, its events give %d", w.ID, len(w.Sums), len(sums))
	}
	for _, s := range w.Sums {
		got := sums[Sum{Meter: s.Meter, Unit: s.Unit, Labels: s.Labels}]
		if got == nil {
			return fmt.Errorf("window %s: no event gives %s %s in %s", w.ID, s.Meter, s.Labels, s.Unit)
		}
		if got.String() != s.Quantity {
			return fmt.Errorf("window %s: the events give %s %s of %s, it says %s", w.ID, got, s.Unit, s.Meter, s.Quantity)
		}
	}
	return nil
}
