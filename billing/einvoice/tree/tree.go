// Package tree writes and reads small XML documents as trees of elements.
//
// Owns: elements with attributes and text, their one written form, reading with limits.
// Does not own: what the elements mean (einvoice).
// Reads: nothing.
// Writes: nothing.
//
// Reading refuses a document type declaration, whatever it says, so no entity is ever expanded and nothing outside the
// document is ever looked at.
package tree

import (
	"bytes"
	"encoding/xml"
	"strings"
)

// Node is an element. Its name carries the prefix that is agreed for its namespace: "cbc:ID".
type Node struct {
	Name  string
	Attrs []Attr
	Text  string // of an element without elements, without white space around it
	Kids  []*Node
}

// Attr is an attribute.
type Attr struct{ Name, Value string }

// El is an element of others; nil where all of them are.
func El(name string, kids ...*Node) *Node {
	n := &Node{Name: name}
	for _, k := range kids {
		if k != nil {
			n.Kids = append(n.Kids, k)
		}
	}
	if len(n.Kids) == 0 {
		return nil
	}
	return n
}

// Leaf is an element of text, without white space around it; nil where there is none. Attributes are pairs of name and value; empty ones are left out.
func Leaf(name, text string, attrs ...string) *Node {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	n := &Node{Name: name, Text: text}
	for i := 0; i+1 < len(attrs); i += 2 {
		if attrs[i+1] != "" {
			n.Attrs = append(n.Attrs, Attr{attrs[i], attrs[i+1]})
		}
	}
	return n
}

// Add puts elements at the end; nil ones are left out. It gives the node back.
func (n *Node) Add(kids ...*Node) *Node {
	for _, k := range kids {
		if k != nil {
			n.Kids = append(n.Kids, k)
		}
	}
	return n
}

// Bytes is the document with its declaration, two spaces a level, and a line break at its end. The same tree gives the
// same bytes. A character that XML does not know becomes U+FFFD.
func (n *Node) Bytes() []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	n.write(&b, 0)
	return b.Bytes()
}

func (n *Node) write(b *bytes.Buffer, depth int) {
	indent := strings.Repeat("  ", depth)
	b.WriteString(indent + "<" + n.Name)
	for _, a := range n.Attrs {
		b.WriteString(" " + a.Name + `="`)
		escape(b, a.Value)
		b.WriteByte('"')
	}
	if len(n.Kids) == 0 && n.Text == "" {
		b.WriteString("/>\n")
		return
	}
	b.WriteByte('>')
	if len(n.Kids) == 0 {
		escape(b, n.Text)
		b.WriteString("</" + n.Name + ">\n")
		return
	}
	b.WriteByte('\n')
	for _, k := range n.Kids {
		k.write(b, depth+1)
	}
	b.WriteString(indent + "</" + n.Name + ">\n")
}

// escape writes text; a bytes.Buffer never refuses.
func escape(b *bytes.Buffer, text string) { _ = xml.EscapeText(b, []byte(text)) }

// All are the elements at a path of names from here, "cac:Party/cbc:ID", in order. No node has none.
func (n *Node) All(path string) []*Node {
	if n == nil {
		return nil
	}
	first, rest, deeper := strings.Cut(path, "/")
	var out []*Node
	for _, k := range n.Kids {
		switch {
		case k.Name != first:
		case deeper:
			out = append(out, k.All(rest)...)
		default:
			out = append(out, k)
		}
	}
	return out
}

// First is the first element at a path, nil when there is none.
func (n *Node) First(path string) *Node {
	if all := n.All(path); len(all) > 0 {
		return all[0]
	}
	return nil
}

// Of is the text of the first element at a path, "" when there is none.
func (n *Node) Of(path string) string {
	if f := n.First(path); f != nil {
		return f.Text
	}
	return ""
}

// Attr is an attribute, "" when there is none. No node has none.
func (n *Node) Attr(name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}
