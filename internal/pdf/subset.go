package pdf

import (
	"encoding/binary"
	"strconv"
	"unicode/utf16"
)

// program is a cut of a font with some characters: in glyph i+1 stands the i-th of them, and code and glyph are one. A
// character that the font lacks has a glyph of its own that looks like the box: so its text can be copied, and no text
// refers to glyph 0, which PDF/A forbids (ISO 19005-3, 6.2.11.8).
type program struct {
	file   []byte // compressed TrueType
	size   int    // of the file before compression
	widths []byte // the inside of W
	text   []byte // compressed ToUnicode map
}

func (f *Font) cut(chars []rune) (program, error) {
	ttf := f.build(chars)
	p := program{size: len(ttf)}
	for _, r := range chars {
		p.widths = append(strconv.AppendInt(p.widths, int64(f.advance(r)), 10), ' ')
	}
	var err error
	if p.file, err = deflate(ttf); err != nil {
		return p, err
	}
	p.text, err = deflate(unicodeMap(chars))
	return p, err
}

// build writes a TrueType file with the tables that ISO 32000-1, 9.9 asks for.
func (f *Font) build(chars []rune) []byte {
	n := len(chars) + 1
	var glyf []byte
	loca, hmtx := make([]byte, 0, 4*(n+1)), make([]byte, 0, 4*n)
	add := func(glyph uint16) {
		o := f.outline(glyph)
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		hmtx = binary.BigEndian.AppendUint16(hmtx, f.widths[glyph])
		bearing := uint16(0)
		if len(o) >= 4 {
			bearing = binary.BigEndian.Uint16(o[2:]) // the left edge of the outline
		}
		hmtx = binary.BigEndian.AppendUint16(hmtx, bearing)
		glyf = append(glyf, o...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
	}
	add(0)
	for _, r := range chars {
		add(f.glyph(r))
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	head, hhea, maxp := append([]byte(nil), f.head...), append([]byte(nil), f.hhea...), append([]byte(nil), f.maxp...)
	binary.BigEndian.PutUint32(head[8:], 0)
	binary.BigEndian.PutUint16(head[50:], 1)
	binary.BigEndian.PutUint16(hhea[34:], uint16(n))
	binary.BigEndian.PutUint16(maxp[4:], uint16(n))
	return assemble([]string{"glyf", "head", "hhea", "hmtx", "loca", "maxp"}, [][]byte{glyf, head, hhea, hmtx, loca, maxp})
}

func assemble(names []string, tables [][]byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, 0x00010000)
	out = binary.BigEndian.AppendUint16(out, uint16(len(names)))
	for _, v := range []uint16{64, 2, 32} { // search range, selector and shift of six tables
		out = binary.BigEndian.AppendUint16(out, v)
	}
	off, headAt := uint32(12+16*len(names)), 0
	for i, t := range tables {
		if names[i] == "head" {
			headAt = int(off)
		}
		out = append(out, names[i]...)
		out = binary.BigEndian.AppendUint32(out, checksum(t))
		out = binary.BigEndian.AppendUint32(out, off)
		out = binary.BigEndian.AppendUint32(out, uint32(len(t)))
		off += uint32(len(t)+3) &^ 3
	}
	for _, t := range tables {
		out = append(out, t...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	binary.BigEndian.PutUint32(out[headAt+8:], 0xB1B0AFBA-checksum(out))
	return out
}

func checksum(b []byte) (sum uint32) {
	for len(b) >= 4 {
		sum += binary.BigEndian.Uint32(b)
		b = b[4:]
	}
	var last [4]byte
	copy(last[:], b)
	return sum + binary.BigEndian.Uint32(last[:])
}

// unicodeMap is the CMap by which a reader copies and speaks the text (ISO 32000-1, 9.10.3).
func unicodeMap(chars []rune) []byte {
	out := []byte("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for i := 0; i < len(chars); i += 100 {
		block := chars[i:min(i+100, len(chars))]
		out = append(strconv.AppendInt(out, int64(len(block)), 10), " beginbfchar\n"...)
		for j, r := range block {
			out = append(hex16(append(out, '<'), uint16(i+j+1)), "> <"...)
			for _, unit := range utf16.AppendRune(nil, r) {
				out = hex16(out, unit)
			}
			out = append(out, ">\n"...)
		}
		out = append(out, "endbfchar\n"...)
	}
	return append(out, "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"...)
}

func hex16(out []byte, v uint16) []byte {
	const digits = "0123456789ABCDEF"
	return append(out, digits[v>>12], digits[v>>8&15], digits[v>>4&15], digits[v&15])
}

// face is a font as one document uses it: the base, and what its texts need beyond.
type face struct {
	font  *Font
	name  string // of the resource, "F0"
	extra []rune
	codes map[rune]uint16
}

// maxExtra keeps codes within two bytes; further characters are shown and copied as U+FFFD.
const maxExtra = 50_000

func (u *face) code(r rune) uint16 {
	if c := u.font.code(r); c != 0 {
		return c
	}
	if c := u.codes[r]; c != 0 {
		return c
	}
	if len(u.extra) >= maxExtra && r != '\uFFFD' {
		return u.code('\uFFFD')
	}
	if u.codes == nil {
		u.codes = map[rune]uint16{}
	}
	u.extra = append(u.extra, r)
	c := uint16(len(u.font.base) + len(u.extra))
	u.codes[r] = c
	return c
}

// encode appends the codes of a cleaned text as a string of a content stream.
func (u *face) encode(out []byte, text string) []byte {
	out = append(out, '(')
	for _, r := range text {
		c := u.code(r)
		out = escaped(escaped(out, byte(c>>8)), byte(c))
	}
	return append(out, ')')
}

// escaped appends a byte of a string so that it is read back as it is, and no line ends inside.
func escaped(out []byte, b byte) []byte {
	switch b {
	case '(', ')', '\\':
		return append(out, '\\', b)
	case '\r':
		return append(out, '\\', 'r')
	case '\n':
		return append(out, '\\', 'n')
	}
	return append(out, b)
}

func (u *face) program() (program, error) {
	if len(u.extra) == 0 {
		return u.font.shared, nil
	}
	return u.font.cut(append(append(make([]rune, 0, len(u.font.base)+len(u.extra)), u.font.base...), u.extra...))
}
