package paper

import (
	"cmp"
	"strings"

	"github.com/halle-cloud/halle/internal/pdf"
	"github.com/halle-cloud/halle/proof"
)

// payment says how what is owed is paid: by the buyer, or without its doing.
func (s *sheet) payment(root *pdf.Element) {
	i := s.Invoice
	if s.credits() || s.self() || i.Totals.Gross.Sign() <= 0 || i.Number == "" {
		return
	}
	s.Space(8 * pdf.Millimetre)
	s.Room(40 * pdf.Millimetre)
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

// transfer is what a bank asks for.
func (s *sheet) transfer(e *pdf.Element, owed, due string) {
	i := s.Invoice
	holder := cmp.Or(i.Payment.Holder, i.Seller.Name)
	room := width - 40*pdf.Millimetre
	s.WriteIn(e.Add(pdf.Paragraph), s.body, margin, room, s.t("pay.transfer", "amount", owed, "date", due, "name", holder))
	s.pairs(e, room, [][2]string{{s.t("pay.name"), holder}, {s.t("pay.iban"), groups(i.Payment.IBAN)}, {s.t("pay.bic"), i.Payment.BIC},
		{s.t("pay.reference"), cmp.Or(i.Payment.Remit, i.Number)}})
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
