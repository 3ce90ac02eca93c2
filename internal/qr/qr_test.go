package qr

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file")

func picture(c *Code) string {
	var b strings.Builder
	for y := range c.Size {
		for x := range c.Size {
			if c.Dark(x, y) {
				b.WriteString("##")
			} else {
				b.WriteString("  ")
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestCodeIsTheOneThatWasScanned: the golden file was read by a scanner (zbarimg) when it was written.
func TestCodeIsTheOneThatWasScanned(t *testing.T) {
	got := picture(Encode([]byte("BCD\n002\n1\nSCT\nAGRIFRPP\nHalle Nord SAS\nFR7630006000011234567890189\nEUR618.58\n\n\nINV-2026-000042")))
	if *update {
		if err := os.WriteFile("testdata/code.txt", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile("testdata/code.txt"); err != nil || string(want) != got {
		t.Errorf("%v\n%s", err, got)
	}
}

// read takes a code apart again: mask and codewords by its own walk, the correction checked by its roots.
func read(t *testing.T, c *Code) []byte {
	t.Helper()
	format := 0
	for i := range 8 {
		if c.Dark(c.Size-1-i, 8) {
			format |= 1 << i
		}
	}
	for i := 8; i < 15; i++ {
		if c.Dark(8, c.Size-15+i) {
			format |= 1 << i
		}
	}
	format ^= 0x5412
	if format>>13 != 0 {
		t.Fatalf("level %d", format>>13)
	}
	plain := &Code{Size: c.Size, version: c.version, taken: c.taken, dark: bytes2(c.dark)}
	plain.mask(format >> 10 & 7)
	words := make([]byte, codewords(c.version))
	n, up := 0, true
	for right := c.Size - 1; right > 0; right -= 2 {
		if right == 6 {
			right--
		}
		for k := range c.Size {
			y := k
			if up {
				y = c.Size - 1 - k
			}
			for _, x := range []int{right, right - 1} {
				if !c.taken[y*c.Size+x] && n < 8*len(words) {
					if plain.Dark(x, y) {
						words[n/8] |= 0x80 >> (n % 8)
					}
					n++
				}
			}
		}
		up = !up
	}
	return unwoven(t, c.version, words)
}

func bytes2(in []bool) []bool { return append([]bool(nil), in...) }

func unwoven(t *testing.T, version int, words []byte) []byte {
	t.Helper()
	n, ecc := blocks[version], corrections[version]
	parts := make([][]byte, n)
	long := codewords(version) % n
	for k, i := 0, 0; k < codewords(version)/n-ecc+1; k++ {
		for b := range n {
			if k == codewords(version)/n-ecc && b < n-long {
				continue
			}
			parts[b], i = append(parts[b], words[i]), i+1
			if i == capacity(version) && b == n-1 {
				break
			}
		}
	}
	var out []byte
	for b := range parts {
		out = append(out, parts[b]...)
		block := bytes.Clone(parts[b])
		for k := range ecc {
			block = append(block, words[capacity(version)+k*n+b])
		}
		for root, i := byte(1), 0; i < ecc; i, root = i+1, times(root, 2) {
			sum := byte(0)
			for _, w := range block {
				sum = times(sum, root) ^ w
			}
			if sum != 0 {
				t.Fatalf("version %d block %d does not correct", version, b)
			}
		}
	}
	head := 12
	length := int(out[0]&15)<<4 | int(out[1]>>4)
	if version >= 10 {
		length, head = int(out[0]&15)<<12|int(out[1])<<4|int(out[2]>>4), 20
	}
	text := make([]byte, length)
	for i := range text {
		at := (head + 8*i) / 8
		text[i] = out[at]<<4 | out[at+1]>>4
	}
	return text
}

func TestEveryVersionReadsBack(t *testing.T) {
	seen := map[int]bool{}
	for n := 0; n <= 331; n++ {
		text := bytes.Repeat([]byte("0aé"), 120)[:n]
		c := Encode(text)
		if c == nil || !bytes.Equal(read(t, c), text) {
			t.Fatalf("%d bytes", n)
		}
		seen[c.version] = true
	}
	if len(seen) != maxVersion {
		t.Errorf("versions %v", seen)
	}
	if Encode(make([]byte, 400)) != nil {
		t.Error("more than fits was encoded")
	}
}
