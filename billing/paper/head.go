package paper

import (
	"slices"
	"strings"

	"github.com/halle-cloud/halle/internal/pdf"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// begin says what this is, what is owed and until when.
func (s *sheet) begin(root *pdf.Element) {
	i := s.Invoice
	s.Next()
	s.Y = 15 * pdf.Millimetre
	seller := s.head
	seller.Color = accent
	s.Write(root.Add(pdf.Heading1), seller, strings.TrimSpace(s.kind()+" "+i.Number))
	s.Space(5 * pdf.Millimetre)
	s.Write(root.Add(pdf.Paragraph), s.title, s.owed())
	if s.credits() {
		s.Space(pdf.Millimetre)
		key := "takes.back"
		if slices.ContainsFunc(i.Lines, func(l proof.InvoiceLine) bool { return l.Credits > 0 }) {
			key = "takes.back.part"
		}
		s.Write(root.Add(pdf.Paragraph), s.body, s.t(key, "number", i.Reference.Number, "date", s.date(i.Reference.Date)))
	}
	if i.Note != "" {
		s.Write(root.Add(pdf.Paragraph), s.body, s.t("reason", "text", i.Note))
	}
	s.Space(5 * pdf.Millimetre)
	s.dates(root.Add(pdf.Division))
}

// owed is the sentence that matters.
func (s *sheet) owed() string {
	i := s.Invoice
	switch {
	case s.credits():
		given, err := s.amount(i.Totals.Gross)
		if err != nil {
			given = i.Totals.Gross
		}
		if s.self() {
			return s.t("given.self", "amount", s.money(given))
		}
		return s.t("given", "amount", s.money(given))
	case i.Type == proof.TypeProforma:
		return s.t("elsewhere", "amount", s.money(i.Totals.Gross))
	case i.Totals.Gross.Sign() <= 0:
		return s.t("nothing")
	case s.self():
		return s.t("owed.self", "amount", s.money(i.Totals.Gross), "date", s.date(i.Due), "name", i.Buyer.Name)
	}
	return s.t("owed", "amount", s.money(i.Totals.Gross), "date", s.date(i.Due))
}

// dates are the facts beside each other, four in a row.
func (s *sheet) dates(e *pdf.Element) {
	const column = 42 * pdf.Millimetre
	facts := s.facts()
	for len(facts) > 0 {
		row := facts[:min(4, len(facts))]
		facts = facts[len(row):]
		top, lowest, page := s.Y, s.Y, s.Page
		for n, f := range row {
			s.Y = top
			p := e.Add(pdf.Paragraph)
			x, room := margin+pdf.Length(n)*column, column-2*pdf.Millimetre
			if n == len(row)-1 {
				room = margin + width - x
			}
			s.WriteIn(p, s.label, x, room, f[0])
			s.WriteIn(p, s.body, x, room, f[1])
			if s.Page != page { // a reference that fills the page
				top, lowest, page = s.Top, s.Top, s.Page
			}
			lowest = max(lowest, s.Y)
		}
		s.Y = lowest + 2*pdf.Millimetre
	}
}

// facts are what the buyer files the document by.
func (s *sheet) facts() [][2]string {
	i := s.Invoice
	list := [][2]string{{s.t("number"), i.Number}, {s.t("date"), s.date(i.Date)}}
	if !s.credits() && i.Type != proof.TypeProforma {
		list = append(list, [2]string{s.t("due"), s.date(i.Due)})
	}
	var all price.Interval
	for n := range i.Lines {
		all = joined(all, i.Lines[n].Period)
	}
	period := s.span(all, s.Zone)
	if i.Period != (proof.InvoiceSpan{}) {
		period = s.days(i.Period.From, i.Period.To)
	}
	list = append(list, [][2]string{{s.t("period"), period}, {s.t("order"), i.Order}, {s.t("reference"), i.BuyerReference}, {s.t("accounting"), i.Accounting}, {s.t("contract"), i.Contract}}...)
	return slices.DeleteFunc(list, func(f [2]string) bool { return f[1] == "" })
}

// joined is the interval from the earlier beginning to the later end.
func joined(a, b price.Interval) price.Interval {
	switch {
	case a.IsZero():
		return b
	case b.IsZero():
		return a
	}
	if b.From.Before(a.From) {
		a.From = b.From
	}
	if b.To.After(a.To) {
		a.To = b.To
	}
	return a
}

// parties are seller and buyer beside each other.
func (s *sheet) parties(root *pdf.Element) {
	s.Space(5 * pdf.Millimetre)
	s.Page.Fill(nil, rule, margin, s.Y, width, pdf.Point/2)
	s.Space(4 * pdf.Millimetre)
	half := (width - 8*pdf.Millimetre) / 2
	page, top := s.Page, s.Y
	s.party(root.Add(pdf.Section), s.t("from"), s.Invoice.Seller, margin, half)
	left, after := s.Y, s.Page
	if page != after { // a name of more than a page: the other one comes below
		s.party(root.Add(pdf.Section), s.t("to"), s.Invoice.Buyer, margin, width)
		return
	}
	s.Y = top
	s.party(root.Add(pdf.Section), s.t("to"), s.Invoice.Buyer, margin+half+8*pdf.Millimetre, half)
	if s.Page == page {
		s.Y = max(s.Y, left)
	}
}

func (s *sheet) party(e *pdf.Element, label string, p proof.InvoiceParty, x, room pdf.Length) {
	s.WriteIn(e.Add(pdf.Heading2), s.label, x, room, label)
	s.WriteIn(e.Add(pdf.Paragraph), s.strong, x, room, p.Name)
	var more []string
	if p.Trading != "" && p.Trading != p.Name {
		more = append(more, p.Trading)
	}
	for part := range strings.SplitSeq(p.Address, "\n") {
		if part = strings.TrimSpace(part); part != "" {
			more = append(more, part)
		}
	}
	more = append(more, s.country(p.Country))
	if p.VATID != "" {
		more = append(more, s.t("vatid", "id", p.VATID))
	}
	if p.TaxNumber != "" {
		more = append(more, s.t("taxnumber", "id", p.TaxNumber))
	}
	if p.Registration != "" {
		more = append(more, s.t("registration", "id", p.Registration))
	}
	for _, text := range []string{p.LegalInfo, p.Contact.Name, p.Contact.Phone, p.Contact.Email} {
		if text != "" {
			more = append(more, text)
		}
	}
	s.WriteIn(e.Add(pdf.Paragraph), s.body, x, room, strings.Join(more, "\n"))
}
