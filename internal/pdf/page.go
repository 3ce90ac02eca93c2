package pdf

import "strconv"

// Page is one page. What is drawn later lies above.
type Page struct {
	doc     *Document
	at      ref
	index   int
	content []byte
	owners  []*Element // by number of the marked run
	drawn   bool       // something was: the colour is then that of ink
	ink     Color
	font    *face // and size of the last text
	size    Length
}

// Page adds an empty page.
func (d *Document) Page() *Page {
	p := &Page{doc: d, at: d.reserve(), index: len(d.pages), content: make([]byte, 0, 24<<10), owners: make([]*Element, 0, 128)}
	d.pages = append(d.pages, p)
	return p
}

// Number is the place of the page in its document, from 1.
func (p *Page) Number() int { return p.index + 1 }

// open begins a run that belongs to an element; nil is an artifact.
func (p *Page) open(e *Element) {
	if e == nil {
		p.content = append(p.content, "/Artifact BMC\n"...)
		return
	}
	if e.page == nil {
		e.page = p
	}
	id := len(p.owners)
	p.owners = append(p.owners, e)
	e.marks, e.order = append(e.marks, mark{p, id}), append(e.order, 'm')
	p.content = append(append(append(p.content, '/'), e.role...), "<</MCID "...)
	p.content = append(strconv.AppendInt(p.content, int64(id), 10), ">>BDC\n"...)
}

func (p *Page) close() { p.content = append(p.content, "EMC\n"...) }

// Text draws one line with its base line at y, beginning at x. e is the element that it belongs to, nil an artifact.
func (p *Page) Text(e *Element, s Style, x, y Length, text string) {
	p.open(e)
	p.line(s, x, y, Clean(text))
	p.close()
}

// TextRight draws one line that ends at x.
func (p *Page) TextRight(e *Element, s Style, x, y Length, text string) {
	p.Text(e, s, x-s.Width(text), y, text)
}

// line draws text that was cleaned.
func (p *Page) line(s Style, x, y Length, text string) {
	u := p.doc.face(s.Font)
	p.color(s.Color)
	p.content = append(p.content, "BT "...)
	if p.font != u || p.size != s.Size {
		p.content = append(append(append(p.content, '/'), u.name...), ' ')
		p.content = append(points(p.content, s.Size), " Tf "...)
		p.font, p.size = u, s.Size
	}
	p.point(x, PageHeight-y)
	p.content = append(u.encode(append(p.content, "Td "...), text), " Tj ET\n"...)
}

// Fill draws a filled rectangle from its upper left corner.
func (p *Page) Fill(e *Element, c Color, x, y, width, height Length) {
	p.Boxes(e, c, func() { p.Box(x, y, width, height) })
}

// Boxes fills in one colour what draw adds with Box.
func (p *Page) Boxes(e *Element, c Color, draw func()) {
	p.open(e)
	p.color(c)
	draw()
	p.content = append(p.content, "f\n"...)
	p.close()
}

// Box is a rectangle of Boxes, from its upper left corner.
func (p *Page) Box(x, y, width, height Length) {
	p.point(x, PageHeight-y-height)
	p.point(width, height)
	p.content = append(p.content, "re\n"...)
}

func (p *Page) point(x, y Length) {
	p.content = append(points(p.content, x), ' ')
	p.content = append(points(p.content, y), ' ')
}

func (p *Page) color(c Color) {
	if p.drawn && p.ink == c {
		return
	}
	p.drawn, p.ink = true, c
	for _, part := range []Color{c >> 16 & 255, c >> 8 & 255, c & 255} {
		p.content = append(points(p.content, Length(part)*Point/255), ' ')
	}
	p.content = append(p.content, "rg\n"...)
}
