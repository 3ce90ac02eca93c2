package sepa

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Limits of a file that is read. A statement of 20,000 entries keeps within them.
const (
	MaxFile  = 32 << 20 // bytes
	maxNodes = 1_500_000
	maxDepth = 32
	maxText  = 4000 // of one element; the longest text of the schemas has 500
)

// node is one element. Only the attribute Ccy counts in these messages.
type node struct {
	name     string
	text     string
	currency string
	children []*node
}

// all are the children of a name.
func (n *node) all(name string) []*node {
	var out []*node
	if n != nil {
		for _, c := range n.children {
			if c.name == name {
				out = append(out, c)
			}
		}
	}
	return out
}

// at is the first element below along the names, nil when there is none.
func (n *node) at(names ...string) *node {
	for _, name := range names {
		if n == nil {
			return nil
		}
		var found *node
		for _, c := range n.children {
			if c.name == name {
				found = c
				break
			}
		}
		n = found
	}
	return n
}

// get is the text at a path, "" when there is none.
func (n *node) get(names ...string) string {
	if n = n.at(names...); n == nil {
		return ""
	}
	return n.text
}

// first is the first text that is there, of several paths written with slashes.
func (n *node) first(paths ...string) string {
	for _, p := range paths {
		if t := n.get(strings.Split(p, "/")...); t != "" {
			return t
		}
	}
	return ""
}

func unreadable(what string) *fail.Error {
	return fail.New(fail.Invalid, "sepa.file", "The file cannot be read: "+what+".", "Take it from your bank again, unchanged.").Field("file", what)
}

// parse reads a message and tells its version, such as "camt.053.001.08". A document type, entities of its own, another
// encoding than UTF-8, too deep or too large a document are refused before anything of it is used.
func parse(data []byte) (body *node, version string, err error) {
	if len(data) > MaxFile {
		return nil, "", fail.New(fail.TooLarge, "sepa.large", "The file has more than 32 MB.", "Ask your bank for a file of each day.")
	}
	root, space, err := tree(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if err != nil {
		return nil, "", err
	}
	version, known := strings.CutPrefix(space, "urn:iso:std:iso:20022:tech:xsd:")
	if !known || root.name != "Document" || len(root.children) != 1 {
		return nil, "", unreadable("it is no message of ISO 20022")
	}
	return root.children[0], version, nil
}

func tree(data []byte) (root *node, space string, err error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict = true
	var open []*node
	for count := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", unreadable("it is no well-formed XML").Wrap(err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, "", unreadable("it declares a document type, which no bank does")
		case xml.ProcInst:
			if t.Target != "xml" {
				return nil, "", unreadable("it has an instruction for a program")
			}
		case xml.StartElement:
			if count++; count > maxNodes || len(open) >= maxDepth {
				return nil, "", unreadable("it is too large or too deep")
			}
			n := &node{name: t.Name.Local, currency: attribute(t, "Ccy")}
			switch {
			case len(open) > 0:
				up := open[len(open)-1]
				up.children = append(up.children, n)
			case root != nil:
				return nil, "", unreadable("it holds two documents")
			default:
				root, space = n, t.Name.Space
			}
			open = append(open, n)
		case xml.EndElement:
			open[len(open)-1].text = strings.TrimSpace(open[len(open)-1].text)
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				if n := open[len(open)-1]; len(n.text)+len(t) > maxText {
					if strings.TrimSpace(string(t)) != "" {
						return nil, "", unreadable("a text in it is too long")
					}
				} else {
					n.text += string(t)
				}
			}
		}
	}
	if root == nil {
		return nil, "", unreadable("it is empty")
	}
	return root, space, nil
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// amountOf reads an amount with its currency. The schemas allow five decimals; more than the currency has, other than
// zeros, is refused.
func amountOf(n *node) (money.Amount, error) {
	c := money.Currency(n.currency)
	exp, known := c.Exponent()
	if !known {
		return money.Amount{}, unreadable("an amount has a currency that is unknown")
	}
	text := n.text
	if whole, rest, found := strings.Cut(text, "."); found && len(rest) > exp {
		if strings.Trim(rest[exp:], "0") != "" {
			return money.Amount{}, unreadable("an amount is finer than its currency")
		}
		if text = whole; exp > 0 {
			text += "." + rest[:exp]
		}
	}
	a, err := money.ParseAmount(strings.TrimSuffix(text, "."), c)
	if err != nil || a.Minor < 0 {
		return money.Amount{}, unreadable("an amount is no number").Wrap(err)
	}
	return a, nil
}

// dateOf reads a date or the day of an instant as the bank wrote it.
func dateOf(n *node) (d price.Date, err error) {
	text := n.first("Dt", "DtTm")
	if text == "" {
		return d, nil
	}
	if err := d.UnmarshalText([]byte(text[:min(10, len(text))])); err != nil || !d.Valid() {
		return price.Date{}, unreadable("a date is none")
	}
	return d, nil
}

// instantOf reads an instant; one without zone counts as UTC. The zero time when it is missing or none.
func instantOf(text string) time.Time {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// cut keeps a text from a file within what the schemas allow.
func cut(text string, limit int) string {
	r := []rune(text)
	return string(r[:min(len(r), limit)])
}
