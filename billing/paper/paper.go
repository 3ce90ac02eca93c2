// Package paper makes of an issued invoice the document for people: a PDF that looks well on screen and paper, is read aloud in
// order, is fit for archives (PDF/A-3) and carries the same invoice for machines (Factur-X, ZUGFeRD 2).
//
// Owns: how an invoice or credit note looks, its words in English and French, what of a very long one is summed up.
// Does not own: the invoice (proof), the machines' form of it (einvoice), who may read it (billing), the file format (pdf).
// Reads: nothing.
// Writes: nothing.
package paper

import (
	"cmp"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/internal/pdf"
	"github.com/halle-cloud/halle/internal/pdf/inter"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// MostLines is how many lines are written out; an invoice of more is summed up by service, so that it can be opened.
const MostLines = 500

// MostServices is how many services are then listed.
const MostServices = 500

// FileName is the name of the attached invoice for machines (Factur-X 1.0, 6.2.2; it may be no other).
const FileName = "factur-x.xml"

// Printer has the fonts and the words ready. Safe for concurrent use.
type Printer struct {
	fonts     inter.Fonts
	languages map[string]words
}

// New reads fonts and words.
func New() (*Printer, error) {
	p := &Printer{languages: map[string]words{}}
	for _, lang := range []string{"en", "fr"} {
		w, err := loadWords(lang)
		if err != nil {
			return nil, err
		}
		p.languages[lang] = w
	}
	var err error
	p.fonts, err = inter.Load()
	return p, err
}

// Input is what a document is made of.
type Input struct {
	Invoice  *proof.Invoice
	Hash     string                    // of the document, hex
	Language string                    // "fr…", else English
	Zone     *time.Location            // in which days are counted; nil is UTC
	Prices   map[string]*price.Version // by hash, for the words of prices; a line whose price is missing has none
	XML      []byte                    // the invoice as CII by EN 16931; none makes a document without attached file
	Program  string                    // of the command line, "halle"
}

// The colours: ink, what is said quietly, the seller's accent, rules between rows.
const (
	ink    pdf.Color = 0x17211c
	quiet  pdf.Color = 0x545d57
	accent pdf.Color = 0x17573f
	rule   pdf.Color = 0xdedcd2
	line   pdf.Color = 0x82877f
)

// The page.
const (
	margin = 20 * pdf.Millimetre
	width  = pdf.PageWidth - 2*margin
	bottom = pdf.PageHeight - 24*pdf.Millimetre
)

// sheet is one document being made.
type sheet struct {
	Input
	words
	*pdf.Flow
	doc                                    *pdf.Document
	body, fine, strong, label, title, head pdf.Style
}

// PDF writes the document. Equal input gives equal bytes. Error: amounts that do not fit, damaged fonts.
func (p *Printer) PDF(in Input) ([]byte, error) {
	in.Program, in.Zone = cmp.Or(in.Program, "halle"), cmp.Or(in.Zone, time.UTC)
	w := p.languages["en"]
	if len(in.Language) >= 2 && in.Language[:2] == "fr" {
		w = p.languages["fr"]
	}
	s := &sheet{Input: in, words: w}
	regular, bold := p.fonts.Regular, p.fonts.SemiBold
	s.body = pdf.Style{Font: regular, Size: 9 * pdf.Point, Color: ink}
	s.fine = pdf.Style{Font: regular, Size: 8 * pdf.Point, Color: quiet}
	s.strong = pdf.Style{Font: bold, Size: 9 * pdf.Point, Color: ink}
	s.label = pdf.Style{Font: bold, Size: 8 * pdf.Point, Color: quiet}
	s.head = pdf.Style{Font: bold, Size: 11 * pdf.Point, Color: ink}
	s.title = pdf.Style{Font: bold, Size: 20 * pdf.Point, Leading: 25 * pdf.Point, Color: ink}
	s.doc = pdf.New(s.info())
	s.Flow = &pdf.Flow{Doc: s.doc, Left: margin, Width: width, Top: 26 * pdf.Millimetre, Bottom: bottom, NewPage: s.newPage}
	if err := s.all(); err != nil {
		return nil, err
	}
	s.doc.Each(s.foot)
	return s.doc.Bytes()
}

// all writes everything in the order in which it is read.
func (s *sheet) all() error {
	root := s.doc.Root()
	s.begin(root)
	s.parties(root)
	if err := s.lines(root.Add(pdf.Section)); err != nil {
		return err
	}
	if err := s.totals(root.Add(pdf.Section)); err != nil {
		return err
	}
	s.payment(root)
	s.check(root)
	return nil
}

// credits tells whether the document gives back, self whether the buyer issued it.
func (s *sheet) credits() bool {
	return s.Invoice.Type == proof.TypeCreditNote || s.Invoice.Type == proof.TypeSelfBilledNote
}

func (s *sheet) self() bool {
	return s.Invoice.Type == proof.TypeSelfBilled || s.Invoice.Type == proof.TypeSelfBilledNote
}

// kind is what the document is called.
func (s *sheet) kind() string {
	who := ""
	if s.self() {
		who = ".self"
	}
	switch {
	case s.credits():
		return s.t("creditnote" + who)
	case s.Invoice.Type == proof.TypeProforma:
		return s.t("proforma")
	case s.Invoice.Number == "":
		return s.t("draft")
	}
	return s.t("invoice" + who)
}

// amount is money as it stands on the document: a credit note is issued with turned signs, so that documents add up, and says
// what is given back as what it is.
func (s *sheet) amount(a money.Amount) (money.Amount, error) {
	if s.credits() {
		return a.Neg()
	}
	return a, nil
}

func (s *sheet) info() pdf.Info {
	i := s.Invoice
	name := s.kind() + " " + i.Number
	info := pdf.Info{Title: name + ", " + i.Seller.Name, Author: i.Seller.Name, Subject: name, Creator: "Halle", Language: s.lang, Created: i.Issued}
	if len(s.XML) == 0 {
		return info
	}
	info.Files = []pdf.File{{Name: FileName, Type: "text/xml", Description: s.t("file"), Relation: "Alternative", Bytes: s.XML}}
	info.Schemas = []pdf.Schema{{Name: "Factur-X PDFA Extension Schema", URI: "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#", Prefix: "fx",
		Properties: []pdf.Property{{Name: "DocumentFileName", Description: "The name of the embedded XML document", Value: FileName},
			{Name: "DocumentType", Description: "The type of the hybrid document in capital letters, e.g. INVOICE or ORDER", Value: "INVOICE"},
			{Name: "Version", Description: "The actual version of the standard applying to the embedded XML document", Value: "1.0"},
			{Name: "ConformanceLevel", Description: "The conformance level of the embedded XML document", Value: "EN 16931"}}}}
	return info
}

// newPage says on each page after the first which document it belongs to.
func (s *sheet) newPage(p *pdf.Page) {
	p.Fill(nil, accent, 0, 0, pdf.PageWidth, 2*pdf.Millimetre)
	if p.Number() == 1 {
		return
	}
	y := 16 * pdf.Millimetre
	p.Text(nil, s.label, margin, y, short(s.label, s.Invoice.Seller.Name, width/2))
	p.TextRight(nil, s.fine, margin+width, y, s.kind()+" "+s.Invoice.Number)
}

// foot is drawn when the number of pages is known.
func (s *sheet) foot(p *pdf.Page) {
	y := pdf.PageHeight - 13*pdf.Millimetre
	seller := s.Invoice.Seller
	text := seller.Name
	if seller.Registration != "" {
		text += " · " + s.t("registration", "id", seller.Registration)
	}
	if seller.LegalInfo != "" {
		text += " · " + seller.LegalInfo
	}
	if seller.VATID != "" {
		text += " · " + s.t("vatid", "id", seller.VATID)
	}
	p.Fill(nil, rule, margin, y-4*pdf.Millimetre, width, pdf.Point/2)
	p.Text(nil, s.fine, margin, y, short(s.fine, text, width*4/5))
	p.TextRight(nil, s.fine, margin+width, y, s.t("page", "page", strconv.Itoa(p.Number()), "pages", strconv.Itoa(s.doc.Pages())))
}

// short cuts what repeats something at the edge of a page to one line.
func short(style pdf.Style, text string, room pdf.Length) string {
	lines := style.Wrap(text, room)
	if len(lines) == 1 {
		return lines[0]
	}
	return lines[0] + "…"
}
