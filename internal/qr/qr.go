// Package qr draws QR codes (ISO/IEC 18004) of short texts.
//
// Owns: the code of a text of bytes at error correction level M, versions 1 to 13.
// Does not own: what the text says, how the code is drawn (pdf), other modes, levels and sizes.
// Reads: nothing.
// Writes: nothing.
package qr

// Code is a square of dark and light modules, without the quiet zone of four modules that belongs around it.
type Code struct {
	Size    int // modules of a side
	dark    []bool
	taken   []bool // of patterns that carry no data
	version int
}

// Dark tells whether a module is dark. x goes to the right, y down, from 0.
func (c *Code) Dark(x, y int) bool { return c.dark[y*c.Size+x] }

const maxVersion = 13

// Level M by version: codewords for correction in each block, and the number of blocks (table 9 of the standard).
var (
	corrections = [maxVersion + 1]int{0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22}
	blocks      = [maxVersion + 1]int{0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9}
)

// codewords is how many bytes the modules of a version hold, data and correction.
func codewords(version int) int {
	n := (16*version+128)*version + 64
	if version >= 2 {
		a := version/7 + 2
		n -= (25*a-10)*a - 55
		if version >= 7 {
			n -= 36
		}
	}
	return n / 8
}

func capacity(version int) int { return codewords(version) - corrections[version]*blocks[version] }

// Encode makes the smallest code of a text; nil when it has more than 331 bytes or so, which no version here holds.
func Encode(text []byte) *Code {
	for v := 1; v <= maxVersion; v++ {
		bits := 4 + 8 + 8*len(text)
		if v >= 10 {
			bits += 8
		}
		if bits <= 8*capacity(v) {
			return draw(v, corrected(v, data(v, text)))
		}
	}
	return nil
}

// data is the text as codewords: mode, length, bytes, end and padding.
func data(version int, text []byte) []byte {
	var out []byte
	free := 0
	put := func(v, n int) {
		for i := n - 1; i >= 0; i-- {
			if free == 0 {
				out, free = append(out, 0), 8
			}
			free--
			out[len(out)-1] |= byte(v>>i&1) << free
		}
	}
	put(4, 4)
	if version < 10 {
		put(len(text), 8)
	} else {
		put(len(text), 16)
	}
	for _, b := range text {
		put(int(b), 8)
	}
	room := capacity(version)
	put(0, min(4, 8*room-8*len(out)+free))
	for pad := byte(0xEC); len(out) < room; pad ^= 0xEC ^ 0x11 {
		out = append(out, pad)
	}
	return out
}

// corrected splits the data into blocks, adds the correction of each and weaves them.
func corrected(version int, data []byte) []byte {
	n, ecc, all := blocks[version], corrections[version], codewords(version)
	short, shorter := all/n-ecc, n-all%n // data of a short block, and how many are short
	divisor := generator(ecc)
	var parts, checks [][]byte
	for i := range n {
		size := short
		if i >= shorter {
			size++
		}
		parts, checks = append(parts, data[:size]), append(checks, remainder(data[:size], divisor))
		data = data[size:]
	}
	var out []byte
	for k := range short + 1 {
		for _, p := range parts {
			if k < len(p) {
				out = append(out, p[k])
			}
		}
	}
	for k := range ecc {
		for _, c := range checks {
			out = append(out, c[k])
		}
	}
	return out
}

// times multiplies in the field of 256 elements over x^8 + x^4 + x^3 + x^2 + 1.
func times(a, b byte) byte {
	p := 0
	for i := 7; i >= 0; i-- {
		p = p<<1 ^ p>>7*0x11D
		p ^= int(b>>i&1) * int(a)
	}
	return byte(p)
}

func generator(degree int) []byte {
	g := make([]byte, degree)
	g[degree-1] = 1
	root := byte(1)
	for range degree {
		for j := range g {
			g[j] = times(g[j], root)
			if j+1 < degree {
				g[j] ^= g[j+1]
			}
		}
		root = times(root, 2)
	}
	return g
}

func remainder(data, divisor []byte) []byte {
	r := make([]byte, len(divisor))
	for _, b := range data {
		factor := b ^ r[0]
		copy(r, r[1:])
		r[len(r)-1] = 0
		for i, d := range divisor {
			r[i] ^= times(d, factor)
		}
	}
	return r
}
