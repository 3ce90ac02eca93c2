package paper

import (
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/internal/pdf"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

const gap = pdf.Point * 4

// service is the lines of one subscription, in the order of its first.
type service struct {
	id, name string
	lines    []*proof.InvoiceLine
	count    int
	sum      money.Amount
	period   price.Interval
	same     bool // all lines are of this period
	rate     int  // basis points of all its lines, -1 when they differ
}

// services groups the lines. With many lines they are not kept.
func (s *sheet) services() (list []*service, err error) {
	i := s.Invoice
	keep, known := len(i.Lines) <= MostLines, map[string]*service{}
	for n := range i.Lines {
		l := &i.Lines[n]
		g := known[l.Subscription]
		if g == nil {
			g = &service{id: l.Subscription, name: l.Item, sum: money.Zero(i.Currency), period: l.Period, same: true, rate: l.BasisPoints}
			known[l.Subscription] = g
			list = append(list, g)
		}
		a, err := s.amount(l.Amount)
		if err != nil {
			return nil, err
		}
		if g.sum, err = g.sum.Add(a); err != nil {
			return nil, err
		}
		if g.rate != l.BasisPoints {
			g.rate = -1
		}
		g.count++
		g.same = g.same && l.Period == g.period
		g.period = joined(g.period, l.Period)
		if keep {
			g.lines = append(g.lines, l)
		}
	}
	return list, nil
}

// lines is the table of what is charged.
func (s *sheet) lines(e *pdf.Element) error {
	s.Space(8 * pdf.Millimetre)
	s.Room(30 * pdf.Millimetre)
	list, err := s.services()
	if err != nil {
		return err
	}
	s.Write(e.Add(pdf.Heading2), s.head, s.t("lines"))
	s.Space(2 * pdf.Millimetre)
	if len(s.Invoice.Lines) > MostLines {
		return s.summary(e, list)
	}
	t := s.Table(e, s.label, line, rule, gap, pdf.Column{Title: s.t("what"), Width: 55 * pdf.Millimetre},
		pdf.Column{Title: s.t("quantity"), Width: 34 * pdf.Millimetre, Right: true}, pdf.Column{Title: s.t("unitprice"), Width: 34 * pdf.Millimetre},
		pdf.Column{Title: s.t("rate"), Width: 12 * pdf.Millimetre, Right: true}, pdf.Column{Title: s.t("amount." + string(s.basis())), Width: 23 * pdf.Millimetre, Right: true})
	for _, g := range list {
		sum := ""
		if len(list) > 1 {
			sum = s.money(g.sum)
		}
		t.Row(16*pdf.Millimetre, pdf.Cell{Head: true, Span: 4, Texts: []pdf.Text{{Style: s.strong, Text: g.name}, {Style: s.fine, Text: s.about(g, g.same)}}},
			pdf.Cell{Texts: []pdf.Text{{Style: s.strong, Text: sum}}})
		for _, l := range g.lines {
			if err := s.line(t, l, g); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *sheet) basis() price.Basis {
	if s.Invoice.Basis == price.Gross {
		return price.Gross
	}
	return price.Net
}

func (s *sheet) line(t *pdf.Table, l *proof.InvoiceLine, g *service) error {
	a, err := s.amount(l.Amount)
	if err != nil {
		return err
	}
	var c *price.Component
	if v := s.Prices[l.Price]; v != nil && l.Term == "" {
		c, _ = v.Component(l.Component) //nolint:errcheck // a line of no component has no price to say
	}
	what := s.component(l, c)
	if l.Item != g.name { // what was bought was changed within the period
		what = l.Item + ", " + what
	}
	more := []string{}
	if text := s.span(l.Period, s.Zone); text != "" && !g.same {
		more = append(more, text)
	}
	if l.Credits > 0 {
		more = append(more, s.t("of.line", "n", strconv.Itoa(l.Credits)))
	}
	if l.Correction {
		more = append(more, s.t("correction"))
	}
	if l.Order != "" {
		more = append(more, s.t("order")+" "+l.Order)
	}
	if l.Accounting != "" {
		more = append(more, s.t("accounting")+" "+l.Accounting)
	}
	if l.Trial {
		more = append(more, s.t("trial"))
	}
	t.Row(0, pdf.Cell{Head: true, Texts: []pdf.Text{{Style: s.body, Text: what}, {Style: s.fine, Text: strings.Join(more, ", ")}}},
		s.cell(s.quantity(l, c)), pdf.Cell{Texts: []pdf.Text{{Style: s.fine, Text: s.unitPrice(l, c)}}}, s.cell(s.rate(l.BasisPoints)), s.cell(s.money(a)))
	return nil
}

func (s *sheet) cell(text string) pdf.Cell {
	return pdf.Cell{Texts: []pdf.Text{{Style: s.body, Text: text}}}
}

// summary is the table of an invoice with very many lines: one row for each service.
func (s *sheet) summary(e *pdf.Element, list []*service) error {
	n := money.Quantity(len(s.Invoice.Lines)).Format(s.lang)
	if len(s.XML) > 0 {
		s.Write(e.Add(pdf.Paragraph), s.body, s.t("summary.attached", "n", n, "file", FileName))
	} else {
		s.Write(e.Add(pdf.Paragraph), s.body, s.t("summary", "n", n))
	}
	s.Space(3 * pdf.Millimetre)
	t := s.Table(e, s.label, line, rule, gap, pdf.Column{Title: s.t("what"), Width: 98 * pdf.Millimetre}, pdf.Column{Title: s.t("count"), Width: 20 * pdf.Millimetre, Right: true},
		pdf.Column{Title: s.t("rate"), Width: 13 * pdf.Millimetre, Right: true}, pdf.Column{Title: s.t("amount." + string(s.basis())), Width: 30 * pdf.Millimetre, Right: true})
	rest := service{sum: money.Zero(s.Invoice.Currency), rate: -1}
	for k, g := range list {
		if k >= MostServices {
			var err error
			if rest.sum, err = rest.sum.Add(g.sum); err != nil {
				return err
			}
			rest.count += g.count
			continue
		}
		s.serviceRow(t, g)
	}
	if over := len(list) - MostServices; over > 0 {
		rest.name = s.t("further", "n", strconv.Itoa(over))
		s.serviceRow(t, &rest)
	}
	return nil
}

// about is what stands below the name of a service: its period, if it is that of all lines, and its identifier.
func (s *sheet) about(g *service, period bool) string {
	if text := s.span(g.period, s.Zone); period && text != "" {
		return strings.TrimSuffix(text+" · "+g.id, " · ")
	}
	return g.id
}

func (s *sheet) serviceRow(t *pdf.Table, g *service) {
	rate := s.t("several")
	if g.rate >= 0 {
		rate = s.rate(g.rate)
	}
	t.Row(0, pdf.Cell{Head: true, Texts: []pdf.Text{{Style: s.strong, Text: g.name}, {Style: s.fine, Text: s.about(g, true)}}},
		s.cell(money.Quantity(g.count).Format(s.lang)), s.cell(rate), s.cell(s.money(g.sum)))
}
