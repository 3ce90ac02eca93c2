package pdf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Font is a TrueType font that was read once. Documents share it: what many of them need, the characters of its base, is
// cut out and compressed one time only. Safe for concurrent use.
type Font struct {
	name             string
	perEm            int64
	ascent, descent  int // of the em in thousandths; descent is negative
	capHeight        int
	box              [4]int // of all glyphs, in thousandths of the em
	head, hhea, maxp []byte
	widths           []uint16 // by glyph, in units of the font
	loca             []uint32
	glyf             []byte
	glyphs           map[rune]uint16
	blank            uint16   // glyph of what the font lacks: a white square, else that for unknown characters
	advances         []uint16 // of the characters of the basic plane, in thousandths of the em
	codes            []uint16 // of the characters of the basic plane in the base, 0 for none
	base             []rune
	shared           program // of the base alone
}

// plane is how many characters the basic plane of Unicode has.
const plane = 0x10000

// Style is how text looks.
type Style struct {
	Font    *Font
	Size    Length
	Leading Length // from line to line; 0 is 1.4 times the size
	Color   Color
}

func (s Style) leading() Length {
	if s.Leading > 0 {
		return s.Leading
	}
	return s.Size * 7 / 5
}

// Width is how long a text is, set in this style.
func (s Style) Width(text string) Length {
	return s.Font.width(Clean(text)) * s.Size / 1000
}

// ParseFont reads a TrueType font of simple glyphs without hints, and prepares the characters of base, which every
// document with this font embeds; others are added to those that need them. name is what readers list it by, without spaces.
// Error: the font is damaged, or one that this package does not read.
func ParseFont(name string, ttf []byte, base string) (*Font, error) {
	f := &Font{name: name, glyphs: map[rune]uint16{}, advances: make([]uint16, plane), codes: make([]uint16, plane)}
	tables, err := tablesOf(ttf)
	if err != nil {
		return nil, err
	}
	if err := f.measures(tables); err != nil {
		return nil, err
	}
	if err := f.outlines(tables); err != nil {
		return nil, err
	}
	if err := f.characters(tables["cmap"]); err != nil {
		return nil, err
	}
	for _, r := range Clean(base) {
		if f.code(r) != 0 || r >= plane {
			continue
		}
		f.base = append(f.base, r)
		f.codes[r] = uint16(len(f.base))
	}
	f.shared, err = f.cut(f.base)
	return f, err
}

var errFont = errors.New("the font is damaged or not of a kind that is read here: TrueType, simple glyphs, a Unicode character map")

func tablesOf(ttf []byte) (map[string][]byte, error) {
	if len(ttf) < 12 || binary.BigEndian.Uint32(ttf) != 0x00010000 {
		return nil, errFont
	}
	tables := map[string][]byte{}
	for i := range int(binary.BigEndian.Uint16(ttf[4:])) {
		at := 12 + 16*i
		if at+16 > len(ttf) {
			return nil, errFont
		}
		off, n := uint64(binary.BigEndian.Uint32(ttf[at+8:])), uint64(binary.BigEndian.Uint32(ttf[at+12:]))
		if off+n > uint64(len(ttf)) {
			return nil, errFont
		}
		tables[string(ttf[at:at+4])] = ttf[off : off+n]
	}
	return tables, nil
}

func (f *Font) measures(t map[string][]byte) error {
	f.head, f.hhea, f.maxp = t["head"], t["hhea"], t["maxp"]
	if len(f.head) < 54 || len(f.hhea) < 36 || len(f.maxp) < 32 {
		return errFont
	}
	f.perEm = int64(binary.BigEndian.Uint16(f.head[18:]))
	if f.perEm == 0 {
		return errFont
	}
	for i := range f.box {
		f.box[i] = f.thousandths(signed(f.head[36+2*i:]))
	}
	f.ascent, f.descent = f.thousandths(signed(f.hhea[4:])), f.thousandths(signed(f.hhea[6:]))
	f.capHeight = f.ascent * 3 / 4
	if os2 := t["OS/2"]; len(os2) >= 90 {
		f.capHeight = f.thousandths(signed(os2[88:]))
	}
	n, metrics := int(binary.BigEndian.Uint16(f.maxp[4:])), int(binary.BigEndian.Uint16(f.hhea[34:]))
	if metrics == 0 || metrics > n || len(t["hmtx"]) < 4*metrics {
		return errFont
	}
	f.widths = make([]uint16, n)
	for i := range f.widths {
		f.widths[i] = binary.BigEndian.Uint16(t["hmtx"][4*min(i, metrics-1):])
	}
	return nil
}

func signed(b []byte) int64 { return int64(int16(binary.BigEndian.Uint16(b))) } //nolint:gosec // the font's own two's complement

// thousandths of the em, rounded to the nearest.
func (f *Font) thousandths(v int64) int {
	if v < 0 {
		return -f.thousandths(-v)
	}
	return int((v*1000 + f.perEm/2) / f.perEm)
}

func (f *Font) outlines(t map[string][]byte) error {
	f.glyf = t["glyf"]
	loca, long := t["loca"], binary.BigEndian.Uint16(f.head[50:]) == 1
	f.loca = make([]uint32, len(f.widths)+1)
	for i := range f.loca {
		switch {
		case long && len(loca) >= 4*i+4:
			f.loca[i] = binary.BigEndian.Uint32(loca[4*i:])
		case !long && len(loca) >= 2*i+2:
			f.loca[i] = 2 * uint32(binary.BigEndian.Uint16(loca[2*i:]))
		default:
			return errFont
		}
		if int(f.loca[i]) > len(f.glyf) || i > 0 && f.loca[i] < f.loca[i-1] {
			return errFont
		}
	}
	for g := range f.widths {
		if o := f.outline(uint16(g)); len(o) > 0 && (len(o) < 10 || signed(o) < 0) {
			return fmt.Errorf("glyph %d is made of others: %w", g, errFont)
		}
	}
	return nil
}

// outline is the drawing of a glyph; empty for a space.
func (f *Font) outline(glyph uint16) []byte { return f.glyf[f.loca[glyph]:f.loca[glyph+1]] }

// characters reads the map of format 4, which holds all of the basic plane.
func (f *Font) characters(cmap []byte) error {
	if len(cmap) < 4 {
		return errFont
	}
	for i := range int(binary.BigEndian.Uint16(cmap[2:])) {
		at := 4 + 8*i
		if at+8 > len(cmap) {
			return errFont
		}
		off := int(binary.BigEndian.Uint32(cmap[at+4:]))
		if off+14 > len(cmap) || binary.BigEndian.Uint16(cmap[off:]) != 4 {
			continue
		}
		if err := f.segments(cmap[off:]); err != nil {
			return err
		}
		f.blank = f.glyphs['\u25a1']
		for r := range f.advances {
			f.advances[r] = uint16(f.thousandths(int64(f.widths[f.glyph(rune(r))])))
		}
		return nil
	}
	return errFont
}

func (f *Font) segments(t []byte) error {
	n := int(binary.BigEndian.Uint16(t[6:])) / 2
	if len(t) < 16+8*n {
		return errFont
	}
	word := func(at int) int {
		if at+2 > len(t) {
			return 0
		}
		return int(binary.BigEndian.Uint16(t[at:]))
	}
	for s := range n {
		end, start, delta, offset := word(14+2*s), word(16+2*n+2*s), word(16+4*n+2*s), word(16+6*n+2*s)
		for c := start; c <= end && c < 0xffff; c++ {
			g := c
			if offset != 0 {
				if g = word(16 + 6*n + 2*s + offset + 2*(c-start)); g == 0 {
					continue
				}
			}
			if g = (g + delta) & 0xffff; g != 0 && g < len(f.widths) {
				f.glyphs[rune(c)] = uint16(g)
			}
		}
	}
	return nil
}

// code is the character's place in the base, 0 when it is not there.
func (f *Font) code(r rune) uint16 {
	if r < 0 || r >= plane {
		return 0
	}
	return f.codes[r]
}

// glyph is how a character is drawn; one that the font lacks as a box.
func (f *Font) glyph(r rune) uint16 {
	if g := f.glyphs[r]; g != 0 {
		return g
	}
	return f.blank
}

// advance is the width of a character in thousandths of the em; of one that the font lacks, that of the box.
func (f *Font) advance(r rune) int {
	if r < 0 || r >= plane {
		return f.thousandths(int64(f.widths[f.blank]))
	}
	return int(f.advances[r])
}

func (f *Font) width(text string) Length {
	n := 0
	for _, r := range text {
		n += f.advance(r)
	}
	return Length(n)
}

// Clean makes of any text one that can stand on a page: composed, without characters that are invisible or steer the
// direction of others, and U+FFFD for those that mean nothing outside one system (controls, private use, no characters).
func Clean(text string) string {
	plain := true
	for i := 0; i < len(text) && plain; i++ {
		plain = text[i] >= ' ' && text[i] < 0x7f
	}
	if plain {
		return text
	}
	out := make([]rune, 0, len(text))
	for _, r := range norm.NFC.String(text) {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			out = append(out, ' ')
		case unicode.Is(unicode.Cf, r):
		case unicode.IsControl(r), unicode.Is(unicode.Co, r), r&0xfffe == 0xfffe, r >= 0xfdd0 && r <= 0xfdef:
			out = append(out, unicode.ReplacementChar)
		default:
			out = append(out, r)
		}
	}
	return string(out)
}
