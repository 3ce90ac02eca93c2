package pdf

import (
	"fmt"
	"strconv"
)

// Role is what an element is (ISO 32000-1, 14.8.4).
type Role string

// The roles.
const (
	Whole     Role = "Document"
	Section   Role = "Sect"
	Division  Role = "Div"
	Heading1  Role = "H1"
	Heading2  Role = "H2"
	Paragraph Role = "P"
	TableRole Role = "Table"
	TableHead Role = "THead"
	TableBody Role = "TBody"
	TableRow  Role = "TR"
	HeadCell  Role = "TH"
	DataCell  Role = "TD"
	Figure    Role = "Figure"
)

// Element is a part of what is read.
type Element struct {
	doc    *Document
	parent *Element
	role   Role
	at     ref
	kids   []*Element
	marks  []mark
	order  []byte // of kids (k) and marks (m), as they came
	page   *Page  // of the first mark
	attrs  string
	alt    string
}

// mark is a run of a page's content.
type mark struct {
	page *Page
	id   int
}

// Add makes an element below, after those that are there.
func (e *Element) Add(role Role) *Element {
	kid := &Element{doc: e.doc, parent: e, role: role, at: e.doc.reserve()}
	e.kids, e.order = append(e.kids, kid), append(e.order, 'k')
	return kid
}

// Heads says that a cell is the head of its column ("Column") or row ("Row"), over so many columns.
func (e *Element) Heads(scope string, columns int) *Element {
	e.attrs = "/O/Table"
	if scope != "" {
		e.attrs += "/Scope/" + scope
	}
	if columns > 1 {
		e.attrs += "/ColSpan " + strconv.Itoa(columns)
	}
	if e.attrs == "/O/Table" {
		e.attrs = ""
	}
	return e
}

// Shows says in words what a figure shows, and where on its page it stands.
func (e *Element) Shows(words string, x, y, width, height Length) *Element {
	e.alt = Clean(words)
	e.attrs = fmt.Sprintf("/O/Layout/Placement/Block/BBox[%s %s %s %s]", number(x), number(PageHeight-y-height), number(x+width), number(PageHeight-y))
	return e
}

// writeTree writes the elements, and for each page which element its runs belong to.
func (d *Document) writeTree() {
	d.write(d.root)
	out := []byte("<</Type/StructTreeRoot/K ")
	out = append(d.root.at.append(out), "/ParentTree<</Nums["...)
	for _, p := range d.pages {
		out = append(strconv.AppendInt(out, int64(p.index), 10), '[')
		for _, e := range p.owners {
			out = append(e.at.append(out), ' ')
		}
		out = append(out, ']')
	}
	d.put(d.tree, fmt.Appendf(out, "]>>/ParentTreeNextKey %d>>", len(d.pages)))
}

func (d *Document) write(e *Element) {
	out := append(append(make([]byte, 0, 96+8*len(e.order)), "<</S/"...), e.role...)
	out = append(out, "/P "...)
	if e.parent == nil {
		out = d.tree.append(out)
	} else {
		out = e.parent.at.append(out)
	}
	if e.page != nil {
		out = e.page.at.append(append(out, "/Pg "...))
	}
	if e.attrs != "" {
		out = append(append(append(out, "/A<<"...), e.attrs...), ">>"...)
	}
	if e.alt != "" {
		out = quoted(append(out, "/Alt"...), e.alt)
	}
	out = append(out, "/K["...)
	kids, marks := e.kids, e.marks
	for _, k := range e.order {
		if k == 'k' {
			out, kids = append(kids[0].at.append(out), ' '), kids[1:]
			continue
		}
		out, marks = append(marks[0].append(out, e.page), ' '), marks[1:]
	}
	d.put(e.at, append(out, "]>>"...))
	for _, kid := range e.kids {
		d.write(kid)
	}
}

func (m mark) append(out []byte, page *Page) []byte {
	if m.page == page {
		return strconv.AppendInt(out, int64(m.id), 10)
	}
	out = m.page.at.append(append(out, "<</Type/MCR/Pg "...))
	return append(strconv.AppendInt(append(out, "/MCID "...), int64(m.id), 10), ">>"...)
}
