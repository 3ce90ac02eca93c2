package einvoice

import (
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/billing/einvoice/tree"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// The prefixes that names get when a document is read, whatever they are in it.
var spaces = map[string]string{nsInvoice: "Invoice:", nsCredit: "CreditNote:", nsCAC: "cac:", nsCBC: "cbc:", nsRSM: "rsm:", nsRAM: "ram:", nsUDT: "udt:", nsQDT: "qdt:"}

// Read reads a document in either syntax, ours or another's. What the model has no field for is left out: payees,
// representatives, attached files, a second means of payment, item attributes. It says nothing about the rules: Check
// does. Errors: einvoice.xml for what is not such a document, or is hostile; einvoice.value for a number, amount or date
// that cannot be kept, with the element's name.
func Read(text []byte) (*Document, error) {
	root, err := tree.Read(text, spaces)
	if err != nil {
		return nil, fail.New(fail.Invalid, "einvoice.xml", "The file cannot be read as an electronic invoice: "+err.Error()+".",
			"Give a UBL 2.1 Invoice or CreditNote, or a Cross Industry Invoice D16B, in UTF-8.")
	}
	r := &reading{d: new(Document)}
	switch root.Name {
	case "Invoice:Invoice":
		r.ubl(root, "Invoice")
	case "CreditNote:CreditNote":
		r.ubl(root, "CreditNote")
	case "rsm:CrossIndustryInvoice":
		r.cii(root)
	default:
		return nil, fail.New(fail.Invalid, "einvoice.xml", "The file is XML, and no electronic invoice.", "Give a UBL 2.1 Invoice or CreditNote, or a Cross Industry Invoice D16B.")
	}
	return r.d, r.err
}

// reading is a document being read and the first thing that could not be.
type reading struct {
	d   *Document
	err error
}

func (r *reading) bad(n *tree.Node) {
	if r.err == nil {
		r.err = fail.New(fail.Invalid, "einvoice.value", "“"+n.Text+"” in "+n.Name+" cannot be kept.", "Correct the value.").Field(n.Name, "cannot be kept")
	}
}

// amount is one in the currency of its attribute, or else of the document; none where there is no element.
func (r *reading) amount(n *tree.Node, path string) money.Amount {
	e := n.First(path)
	if e == nil {
		return money.Amount{}
	}
	c := r.d.Currency
	if own := e.Attr("currencyID"); own != "" {
		c = money.Currency(own)
	}
	text := e.Text
	if whole, part, ok := strings.Cut(text, "."); ok { // zeros at the end say nothing, and some currencies have no place for them
		text = whole
		if part = strings.TrimRight(part, "0"); part != "" {
			text += "." + part
		}
	}
	a, err := money.ParseAmount(text, c)
	if err != nil {
		r.bad(e)
	}
	return a
}

// decimal is a number without needless zeros and signs.
func (r *reading) decimal(n *tree.Node, path string) Decimal {
	e := n.First(path)
	if e == nil {
		return ""
	}
	d := Decimal(strings.TrimPrefix(e.Text, "+"))
	if !d.Valid() {
		r.bad(e)
		return ""
	}
	d, _ = short(d.rat(), 12)
	return d
}

// basisPoints is a rate of at most two decimals.
func (r *reading) basisPoints(n *tree.Node, path string) int {
	d := r.decimal(n, path)
	if d == "" {
		return 0
	}
	whole, part, _ := strings.Cut(string(d), ".")
	points, err := strconv.Atoi(whole + (part + "00")[:2])
	if err != nil || len(part) > 2 || points < 0 || points > 1_000_000 {
		r.bad(n.First(path))
		return 0
	}
	return points
}

// date is a civil date, as 2026-03-31 or 20260331.
func (r *reading) date(n *tree.Node, path string) price.Date {
	e := n.First(path)
	if e == nil {
		return price.Date{}
	}
	text := e.Text
	if len(text) == 8 {
		text = text[:4] + "-" + text[4:6] + "-" + text[6:]
	}
	d, err := price.ParseDate(text)
	if err != nil {
		r.bad(e)
	}
	return d
}

// id is an identifier with its scheme.
func id(n *tree.Node) Identifier {
	if n == nil {
		return Identifier{}
	}
	return Identifier{n.Attr("schemeID"), n.Text}
}
