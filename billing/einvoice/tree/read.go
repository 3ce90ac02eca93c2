package tree

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// What is read at most.
const (
	MaxBytes    = 64 << 20
	MaxDepth    = 32
	MaxElements = 4 << 20
	maxAttrs    = 16
)

// Read reads a document in UTF-8. spaces gives each namespace the prefix that its names get; elements of other
// namespaces are left out with all that is in them. Errors, in words for a person: what is not well-formed XML, a
// document type declaration, another encoding, more than the limits above.
func Read(text []byte, spaces map[string]string) (*Node, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("it has %d bytes, more than %d", len(text), MaxBytes)
	}
	r := &reader{d: xml.NewDecoder(bytes.NewReader(text)), spaces: spaces}
	r.d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("its encoding is %q; only UTF-8 is read", charset)
	}
	for {
		t, err := r.d.Token()
		if errors.Is(err, io.EOF) {
			return r.done()
		}
		if err != nil {
			return nil, fmt.Errorf("it is not well-formed XML: %w", err)
		}
		if err := r.token(t); err != nil {
			return nil, err
		}
	}
}

// reader is what was read so far. open are the elements that were begun and not ended, nil for those left out.
type reader struct {
	d      *xml.Decoder
	spaces map[string]string
	root   *Node
	open   []*Node
	text   [][]byte
	count  int
}

func (r *reader) token(t xml.Token) error {
	switch t := t.(type) {
	case xml.Directive:
		return errors.New("it has a document type declaration or another directive, which are never followed")
	case xml.StartElement:
		return r.start(t)
	case xml.EndElement:
		last := len(r.open) - 1
		if n := r.open[last]; n != nil && len(n.Kids) == 0 {
			n.Text = string(bytes.TrimSpace(r.text[last]))
		}
		r.open, r.text = r.open[:last], r.text[:last]
	case xml.CharData:
		if last := len(r.open) - 1; last >= 0 && r.open[last] != nil {
			r.text[last] = append(r.text[last], t...)
		}
	}
	return nil
}

func (r *reader) start(t xml.StartElement) error {
	r.count++
	switch {
	case len(r.open) >= MaxDepth:
		return fmt.Errorf("its elements lie deeper than %d levels", MaxDepth)
	case r.count > MaxElements:
		return fmt.Errorf("it has more than %d elements", MaxElements)
	case len(t.Attr) > maxAttrs:
		return fmt.Errorf("an element has more than %d attributes", maxAttrs)
	case len(r.open) == 0 && r.root != nil:
		return errors.New("it has more than one outermost element")
	}
	prefix, known := r.spaces[t.Name.Space]
	known = known && (len(r.open) == 0 || r.open[len(r.open)-1] != nil)
	var n *Node
	if known {
		n = &Node{Name: prefix + t.Name.Local}
		for _, a := range t.Attr {
			if a.Name.Space == "" && a.Name.Local != "xmlns" {
				n.Attrs = append(n.Attrs, Attr{a.Name.Local, a.Value})
			}
		}
		if len(r.open) > 0 {
			up := r.open[len(r.open)-1]
			up.Kids = append(up.Kids, n)
		} else {
			r.root = n
		}
	}
	r.open, r.text = append(r.open, n), append(r.text, nil)
	return nil
}

func (r *reader) done() (*Node, error) {
	if r.root == nil {
		return nil, errors.New("it has no element of the kind that is looked for")
	}
	return r.root, nil
}
