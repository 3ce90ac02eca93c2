package paper

import (
	"cmp"

	"github.com/halle-cloud/halle/internal/pdf"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/tax"
)

// totals are the sums with the tax of each rate, and the sentences that the law asks for.
func (s *sheet) totals(e *pdf.Element) error {
	rows, err := s.sums()
	if err != nil {
		return err
	}
	s.Space(6 * pdf.Millimetre)
	s.Room(pdf.Length(len(rows))*9*pdf.Millimetre + 12*pdf.Millimetre)
	left, room := s.Left, s.Width
	s.Left, s.Width = margin+width-100*pdf.Millimetre, 100*pdf.Millimetre
	t := s.Table(e, s.label, line, rule, gap, pdf.Column{Title: s.t("totals"), Width: 67 * pdf.Millimetre}, pdf.Column{Title: string(s.Invoice.Currency), Width: 30 * pdf.Millimetre, Right: true})
	for n, r := range rows {
		style := s.body
		if n == len(rows)-1 {
			style = s.head
		}
		t.Row(0, pdf.Cell{Head: true, Texts: []pdf.Text{{Style: style, Text: r[0]}}}, pdf.Cell{Texts: []pdf.Text{{Style: style, Text: r[1]}}})
	}
	s.Left, s.Width = left, room
	s.mentions(e)
	return nil
}

// sums are what the table of totals says, the amount owed last.
func (s *sheet) sums() (rows [][2]string, err error) {
	i := s.Invoice
	net, err := s.amount(i.Totals.Net)
	if err != nil {
		return nil, err
	}
	gross, err := s.amount(i.Totals.Gross)
	if err != nil {
		return nil, err
	}
	last := s.t("topay")
	if i.Type == proof.TypeProforma {
		last = s.t("toelsewhere")
	}
	if s.credits() {
		last = s.t("credited")
	}
	rows = append(rows, [2]string{s.t("net"), s.money(net)})
	for _, t := range i.Totals.Subtotals {
		base, err := s.amount(t.Base)
		if err != nil {
			return nil, err
		}
		vat, err := s.amount(t.VAT)
		if err != nil {
			return nil, err
		}
		rows = append(rows, [2]string{s.t("vat."+string(t.Category), "rate", s.rate(t.BasisPoints), "base", s.money(base)), s.money(vat)})
	}
	rows = append(rows, [2]string{s.t("gross"), s.money(gross)})
	return append(rows, [2]string{last, s.money(gross)}), nil
}

// mentions are the sentences of the invoice, said in the language of the document where they are known by a code.
func (s *sheet) mentions(e *pdf.Element) {
	i := s.Invoice
	var list []string
	known := tax.Mention(i.Decision.Mention, s.lang)
	if known != "" {
		list = append(list, known)
	}
	for _, m := range i.Mentions {
		if known == "" || m != tax.Mention(i.Decision.Mention, "en") && m != tax.Mention(i.Decision.Mention, "fr") {
			list = append(list, m)
		}
	}
	if !i.VATBooked.IsZero() {
		if booked, err := s.amount(i.VATBooked); err == nil {
			list = append(list, s.t("booked", "amount", s.money(booked)))
		}
	}
	if centres, err := i.CostCentres(); err == nil && len(centres) > 0 {
		s.Space(4 * pdf.Millimetre)
		s.Write(e.Add(pdf.Heading2), s.strong, s.t("centres"))
		var rows [][2]string
		for _, c := range centres {
			net, err := s.amount(c.Net)
			if err != nil {
				continue // an amount that cannot be turned: the total says so
			}
			rows = append(rows, [2]string{cmp.Or(c.Name, s.t("centres.none")), s.money(net)})
		}
		s.pairs(e, width, rows)
	}
	if len(list)+len(i.Notes) > 0 {
		s.Space(4 * pdf.Millimetre)
	}
	for _, m := range list {
		s.Write(e.Add(pdf.Paragraph), s.body, m)
	}
	for _, n := range i.Notes {
		s.Write(e.Add(pdf.Paragraph), s.fine, n.Text)
	}
}

// check says how every line can be verified.
func (s *sheet) check(root *pdf.Element) {
	i := s.Invoice
	if i.Number == "" || s.self() {
		return
	}
	s.Space(8 * pdf.Millimetre)
	s.Room(34 * pdf.Millimetre)
	e := root.Add(pdf.Section)
	s.Write(e.Add(pdf.Heading2), s.head, s.t("check"))
	s.Space(pdf.Millimetre)
	s.Write(e.Add(pdf.Paragraph), s.body, s.t("check.text"))
	for _, key := range []string{"check.fetch", "check.verify"} {
		s.Write(e.Add(pdf.Paragraph), s.strong, s.t(key, "program", s.Program, "id", i.ID, "number", i.Number))
	}
	if s.Hash != "" {
		s.Space(pdf.Millimetre)
		s.Write(e.Add(pdf.Paragraph), s.fine, s.t("check.hash")+" "+s.Hash)
	}
	if len(s.XML) > 0 {
		s.Write(e.Add(pdf.Paragraph), s.fine, s.t("attached", "file", FileName))
	}
}
