package paper

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"github.com/halle-cloud/halle/internal/pdf"
	"github.com/halle-cloud/halle/internal/qr"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
)

// payment says how what is owed is paid: by the buyer, or without its doing.
func (s *sheet) payment(root *pdf.Element) {
	i := s.Invoice
	if s.credits() || s.self() || i.Totals.Gross.Sign() <= 0 || i.Number == "" {
		return
	}
	s.Space(8 * pdf.Millimetre)
	s.Room(56 * pdf.Millimetre)
	e := root.Add(pdf.Section)
	s.Write(e.Add(pdf.Heading2), s.head, s.t("pay"))
	s.Space(pdf.Millimetre)
	p, owed, due := i.Payment, s.money(i.Totals.Gross), s.date(i.Due)
	switch {
	case p.Means == proof.PaySEPADebit:
		s.Write(e.Add(pdf.Paragraph), s.body, s.t("pay.debit", "amount", owed, "date", due))
		s.pairs(e, width, [][2]string{{s.t("pay.debit.from"), groups(p.Debited)}, {s.t("pay.mandate"), p.Mandate}, {s.t("pay.creditor"), p.Creditor}})
	case p.Means == proof.PayCard:
		s.Write(e.Add(pdf.Paragraph), s.body, cmp.Or(p.Text, s.t("pay.card", "amount", owed)))
	case p.IBAN != "":
		s.transfer(e, owed, due)
	default:
		s.Write(e.Add(pdf.Paragraph), s.body, cmp.Or(p.Text, s.t("pay.agreed", "amount", owed, "date", due, "name", i.Seller.Name)))
	}
	if i.Terms != "" {
		s.Space(pdf.Millimetre)
		s.Write(e.Add(pdf.Paragraph), s.body, i.Terms)
	}
}

// transfer is what a bank asks for, in words and as a code for its app.
func (s *sheet) transfer(e *pdf.Element, owed, due string) {
	i, page, top := s.Invoice, s.Page, s.Y
	holder := cmp.Or(i.Payment.Holder, i.Seller.Name)
	room := width - codeSize - 8*pdf.Millimetre
	s.WriteIn(e.Add(pdf.Paragraph), s.body, margin, room, s.t("pay.transfer", "amount", owed, "date", due, "name", holder))
	s.pairs(e, room, [][2]string{{s.t("pay.name"), holder}, {s.t("pay.iban"), groups(i.Payment.IBAN)}, {s.t("pay.bic"), i.Payment.BIC},
		{s.t("pay.reference"), s.remit()}})
	if s.Page != page { // a name that fills the page
		return
	}
	if code := qr.Encode(s.girocode(holder)); code != nil {
		after := s.Y
		s.Y = top
		s.code(e, code, s.t("pay.code", "amount", owed, "name", holder, "iban", groups(i.Payment.IBAN), "number", s.remit()))
		s.Y = max(s.Y, after)
	}
}

// remit is what the payer writes on the payment.
func (s *sheet) remit() string { return cmp.Or(s.Invoice.Payment.Remit, s.Invoice.Number) }

// girocode is the text of a code for a SEPA credit transfer (EPC069-12, version 002); nil when the transfer is not one, or
// its texts do not fit: a code that asks for something else than the words beside it would be worse than none.
func (s *sheet) girocode(holder string) []byte {
	i := s.Invoice
	gross := i.Totals.Gross
	if i.Currency != money.EUR || gross.Minor < 1 || gross.Minor > 999_999_999_99 || utf8.RuneCountInString(holder) > 70 || utf8.RuneCountInString(s.remit()) > 140 {
		return nil
	}
	fields := []string{"BCD", "002", "1", "SCT", i.Payment.BIC, holder, i.Payment.IBAN, "EUR" + gross.Decimal(), "", "", s.remit()}
	for _, f := range fields {
		if strings.ContainsAny(f, "\r\n") {
			return nil
		}
	}
	if text := strings.Join(fields, "\n"); len(text) <= 331 {
		return []byte(text)
	}
	return nil
}

// codeSize is the side of a code: modules of more than half a millimetre, for the cameras of old telephones.
const codeSize = 30 * pdf.Millimetre

// code draws a code at the right edge.
func (s *sheet) code(e *pdf.Element, c *qr.Code, words string) {
	module := codeSize / pdf.Length(c.Size)
	x, y := margin+width-module*pdf.Length(c.Size), s.Y
	s.Page.Boxes(e.Add(pdf.Figure).Shows(words, x, y, codeSize, codeSize), 0, func() {
		for row := range c.Size {
			for from := 0; from < c.Size; from++ {
				to := from
				for to < c.Size && c.Dark(to, row) {
					to++
				}
				if to > from {
					s.Page.Box(x+module*pdf.Length(from), y+module*pdf.Length(row), module*pdf.Length(to-from), module)
					from = to
				}
			}
		}
	})
	s.Y += codeSize + 2*pdf.Millimetre
	s.WriteIn(e.Add(pdf.Paragraph), s.fine, x, codeSize, s.t("pay.scan"))
}

// pairs are words and what they stand for, below each other.
func (s *sheet) pairs(e *pdf.Element, room pdf.Length, list [][2]string) {
	const words = 38 * pdf.Millimetre
	s.Space(2 * pdf.Millimetre)
	for _, pair := range list {
		if pair[1] == "" {
			continue
		}
		s.Room(6 * pdf.Millimetre)
		p, top := e.Add(pdf.Paragraph), s.Y
		s.WriteIn(p, s.fine, margin, words-2*pdf.Millimetre, pair[0]+" ")
		s.Y = top
		s.WriteIn(p, s.strong, margin+words, room-words, pair[1])
	}
}

// groups writes a long number in groups of four, as people read it.
func groups(text string) string {
	var b strings.Builder
	for n, c := range strings.ReplaceAll(text, " ", "") {
		if n > 0 && n%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}
