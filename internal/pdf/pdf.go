// Package pdf writes documents for people and for archives: PDF 1.7 by the rules of PDF/A-3 level A (ISO 19005-3), which the
// file declares, with files attached. The structure follows PDF/UA-1 (ISO 14289-1), which it does not declare. The tests
// hold what can be read from the file and ask qpdf and poppler; a validator (veraPDF) has not judged it yet.
//
// Owns: the file format, pages with text, lines and fills, cutting and embedding fonts, the structure by which the
// document is read aloud, metadata, the colour profile, attached files, flowing text and tables over pages.
// Does not own: what the document says, which fonts there are (inter), pictures, links, forms, scripts that run from right to
// left.
// Reads: nothing.
// Writes: nothing.
//
// A document is one tree of elements (ISO 32000-1, 14.8) in the order in which it is read. Whatever is drawn belongs to an
// element or is an artifact, which a screen reader leaves out. Equal calls give equal bytes: nothing here asks the time or
// draws lots.
//
// Lengths are thousandths of a point; a page begins at its upper left corner. There is no floating point.
package pdf

import (
	"crypto/md5" //nolint:gosec // the checksum of an attached file is MD5 by the standard (ISO 32000-1, table 46) and protects nothing
	"fmt"
	"strconv"
	"time"
)

// Length is a measure on paper: thousandths of a point.
type Length int64

// The units.
const (
	Point      Length = 1000
	Millimetre Length = 2835
)

// The size of every page: A4.
const (
	PageWidth  = 210 * Millimetre
	PageHeight = 297 * Millimetre
)

// Color is an sRGB colour, 0xRRGGBB.
type Color uint32

// Info is what a document says about itself.
type Info struct {
	Title    string // shown as the name of the window
	Author   string
	Subject  string
	Creator  string // the program that wrote the content
	Language string // BCP 47, "fr"
	Created  time.Time
	Schemas  []Schema
	Files    []File
}

// Schema is further metadata in a namespace of its own, with the description that PDF/A asks for (ISO 19005-3, 6.6.2.3).
type Schema struct {
	Name, URI, Prefix string
	Properties        []Property
}

// Property is one text of a schema.
type Property struct{ Name, Description, Value string }

// File is something attached. Relation says what it is to the document: "Alternative", "Source", "Data", "Supplement".
type File struct {
	Name, Type, Description, Relation string // Type is a media type
	Bytes                             []byte
}

// Document is one being written. Not safe for concurrent use.
type Document struct {
	file
	info  Info
	pages []*Page
	faces []*face
	root  *Element
	tree  ref // StructTreeRoot
	list  ref // Pages
	err   error
}

// New begins a document.
func New(info Info) *Document {
	d := &Document{info: info}
	d.info.Title, d.info.Author, d.info.Subject = Clean(info.Title), Clean(info.Author), Clean(info.Subject)
	d.tree, d.list = d.reserve(), d.reserve()
	d.root = &Element{doc: d, role: Whole, at: d.reserve()}
	return d
}

// Pages is how many there are so far.
func (d *Document) Pages() int { return len(d.pages) }

// Each calls do for every page there is, in order.
func (d *Document) Each(do func(*Page)) {
	for _, p := range d.pages {
		do(p)
	}
}

// Root is the element that holds all others.
func (d *Document) Root() *Element { return d.root }

// face gives the font as this document uses it.
func (d *Document) face(f *Font) *face {
	for _, u := range d.faces {
		if u.font == f {
			return u
		}
	}
	u := &face{font: f, name: "F" + strconv.Itoa(len(d.faces))}
	d.faces = append(d.faces, u)
	return u
}

// Bytes ends the document and gives the file.
func (d *Document) Bytes() ([]byte, error) {
	fonts, err := d.fonts()
	if err != nil {
		return nil, err
	}
	kids := []byte("<</Type/Pages/Kids[")
	for _, p := range d.pages {
		content, err := deflate(p.content)
		if err != nil {
			return nil, err
		}
		stream := d.addStream("", content, true)
		d.put(p.at, fmt.Appendf(nil, "<</Type/Page/Parent %s/MediaBox[0 0 %s %s]/Resources<</Font<<%s>>>>/Contents %s/StructParents %d/Tabs/S>>",
			d.list, number(PageWidth), number(PageHeight), fonts, stream, p.index))
		kids = append(p.at.append(kids), ' ')
	}
	d.put(d.list, fmt.Appendf(kids, "]/Count %d>>", len(d.pages)))
	d.writeTree()
	intent := d.add(fmt.Appendf(nil, "<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB IEC61966-2.1)/Info(sRGB IEC61966-2.1)/DestOutputProfile %s>>",
		d.addStream("/N 3", colorProfile(), false)))
	files, names := d.attach()
	metadata := d.addStream("/Type/Metadata/Subtype/XML", d.metadata(), false)
	root := []byte("<</Type/Catalog/Pages " + d.list.String() + "/StructTreeRoot " + d.tree.String() + "/MarkInfo<</Marked true>>/ViewerPreferences<</DisplayDocTitle true>>/Lang")
	root = quoted(root, d.info.Language)
	root = fmt.Appendf(root, "/Metadata %s/OutputIntents[%s]%s%s>>", metadata, intent, files, names)
	return d.bytes(d.add(root), d.add(d.dictionary()))
}

// dictionary repeats the metadata for readers that know no XMP; both say the same (ISO 19005-3, 6.6.2.2).
func (d *Document) dictionary() []byte {
	out := quoted([]byte("<</Title"), d.info.Title)
	for _, one := range []struct{ key, text string }{{"/Author", d.info.Author}, {"/Subject", d.info.Subject}, {"/Creator", d.info.Creator}} {
		if one.text != "" {
			out = quoted(append(out, one.key...), one.text)
		}
	}
	return fmt.Appendf(out, "/Producer(%s)/CreationDate%s/ModDate%s>>", producer, instant(d.info.Created), instant(d.info.Created))
}

func (d *Document) attach() (associated, names []byte) {
	if len(d.info.Files) == 0 {
		return nil, nil
	}
	associated, names = []byte("/AF["), []byte("/Names<</EmbeddedFiles<</Names[")
	for _, f := range d.info.Files {
		packed, err := deflate(f.Bytes)
		if err != nil {
			d.err = err
		}
		sum := md5.Sum(f.Bytes) //nolint:gosec // see the import
		body := d.addStream(fmt.Sprintf("/Type/EmbeddedFile/Subtype/%s/Params<</Size %d/ModDate%s/CheckSum<%x>>>", name(f.Type), len(f.Bytes), instant(d.info.Created), sum), packed, true)
		spec := quoted([]byte("<</Type/Filespec/F"), f.Name)
		spec = quoted(append(spec, "/UF"...), f.Name)
		spec = quoted(append(spec, "/Desc"...), f.Description)
		at := d.add(fmt.Appendf(spec, "/AFRelationship/%s/EF<</F %s/UF %s>>>>", f.Relation, body, body))
		associated = append(at.append(associated), ' ')
		names = at.append(append(quoted(names, f.Name), ' '))
	}
	return append(associated, ']'), append(names, "]>>>>"...)
}

// name writes a name, with what is not plain in it by number.
func name(text string) string {
	var out []byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '+' {
			out = append(out, c)
			continue
		}
		out = fmt.Appendf(out, "#%02X", c)
	}
	return string(out)
}

// number writes a length in points.
func number(l Length) string { return string(points(nil, l)) }

func points(out []byte, l Length) []byte {
	if l < 0 {
		out, l = append(out, '-'), -l
	}
	out = strconv.AppendInt(out, int64(l/Point), 10)
	rest := l % Point
	if rest == 0 {
		return out
	}
	out = append(out, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	for out[len(out)-1] == '0' {
		out = out[:len(out)-1]
	}
	return out
}

// fonts writes the fonts that were used and gives the entries for resources.
func (d *Document) fonts() ([]byte, error) {
	var out []byte
	for _, u := range d.faces {
		p, err := u.program()
		if err != nil {
			return nil, err
		}
		f := u.font
		tag := "HALLE" + string(rune('A'+len(out)%26)) + "+" + f.name
		program := d.addStream(fmt.Sprintf("/Length1 %d", p.size), p.file, true)
		descriptor := d.add(fmt.Appendf(nil, "<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d/CapHeight %d/StemV 80/FontFile2 %s>>",
			tag, f.box[0], f.box[1], f.box[2], f.box[3], f.ascent, f.descent, f.capHeight, program))
		descendant := d.add(fmt.Appendf(nil, "<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %s/CIDToGIDMap/Identity/DW %d/W[1[%s]]>>",
			tag, descriptor, f.thousandths(int64(f.widths[0])), p.widths))
		font := d.add(fmt.Appendf(nil, "<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%s]/ToUnicode %s>>", tag, descendant, d.addStream("", p.text, true)))
		out = font.append(append(append(append(out, '/'), u.name...), ' '))
	}
	return out, nil
}
