package operator

import (
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// months leads to the month before this one.
func (d *pages) months(r *site.Request) error {
	now := r.Site().Options().Now()
	return r.Redirect(books + "/months/" + time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC).Format("2006-01"))
}

// month is the month on one page: each cent of its invoices once where it came from and once where it went.
func (d *pages) month(r *site.Request) error {
	at, err := time.Parse("2006-01", r.PathValue("month"))
	if err != nil {
		return fail.Missing("month", r.PathValue("month"))
	}
	defer r.Patient(checkFor)()
	list, err := d.Settlements.MonthOf(r.Context(), r.Caller, price.DateOf(at, time.UTC))
	if err != nil {
		return err
	}
	name := r.L.Month(at.AddDate(0, 0, 14))
	sheet := site.Sheet{Page: bookPage(r, r.T("books.month.title", "month", name)), Lead: r.T("books.month.lead"), Tabs: bookTabs(r, "months"),
		Actions: []button.Button{{Text: r.T("books.month.before"), URL: monthURL(at, -1)}, {Text: r.T("books.month.after"), URL: monthURL(at, 1)}}}
	if len(list) == 0 {
		sheet.Main = []site.Block{desk.Block("", "", "", desk.List(r, "documents", r.T("books.month.documents"), "books.month.none", nil, nil))}
		return r.OK(sheet)
	}
	for _, m := range list {
		sheet.Main = append(sheet.Main, d.monthBlocks(r, m, len(list) > 1)...)
	}
	return r.OK(sheet)
}

func monthURL(at time.Time, by int) string {
	return books + "/months/" + at.AddDate(0, by, 0).Format("2006-01")
}

func (d *pages) monthBlocks(r *site.Request, m settlement.Month, many bool) []site.Block {
	suffix, in := "", ""
	if many {
		suffix, in = "-"+string(m.Currency), " ("+string(m.Currency)+")"
	}
	notice := flash.Notice{Tone: part.Good, Title: r.T("books.month.right", "currency", in), Text: r.T("books.month.right.text")}
	if !m.Right() {
		notice = flash.Notice{Tone: part.Bad, Title: r.T("books.month.wrong", "currency", in), Text: r.T("books.month.wrong.text")}
	}
	names := d.names()
	return []site.Block{{Template: "flash", View: notice},
		desk.Block("whose"+suffix, r.T("books.month.whose"), r.T("books.month.whose.text"), monthWhose(r, m, names, suffix)),
		desk.Block("paid"+suffix, r.T("books.month.paid"), r.T("books.month.paid.text"), monthPaid(r, m, names, suffix)),
		desk.Block("publishers"+suffix, r.T("books.month.publishers"), r.T("books.month.publishers.text"), monthPublishers(r, m, names, suffix)),
		desk.Block("resellers"+suffix, r.T("books.month.resellers"), "", monthResellers(r, m, names, suffix)),
		desk.Block("checks"+suffix, r.T("books.month.checks"), r.T("books.month.checks.text"), monthChecks(r, m, suffix))}
}

// zero is a difference: a tick when there is none.
func zero(r *site.Request, a money.Amount) table.Cell {
	if a.IsZero() {
		return table.Cell{Badge: &badge.Badge{Tone: part.Good, Text: desk.Money(r, a)}}
	}
	return table.Cell{Badge: &badge.Badge{Tone: part.Bad, Text: desk.Money(r, a)}}
}

// shown is how many documents a month shows; its sums are of all.
const shown = 200

func amounts(r *site.Request, list ...money.Amount) (out []table.Cell) {
	for _, a := range list {
		out = append(out, desk.Text(desk.Money(r, a)))
	}
	return out
}

// proved is a cell that leads to the proof of a document.
func proved(r *site.Request, id string) table.Cell {
	return table.Cell{Text: r.T("books.month.proof"), URL: home + "/invoices/" + id + "/proof"}
}

func moneyColumns(r *site.Request, keys ...string) (out []table.Column) {
	for _, k := range keys {
		out = append(out, desk.Num(r.T("books.month."+k)))
	}
	return out
}

func monthWhose(r *site.Request, m settlement.Month, names *desk.Names, suffix string) table.Table {
	var rows []table.Row
	for n, doc := range m.Documents {
		if n == shown {
			rows = append(rows, table.Row{Cells: []table.Cell{desk.Text(r.T("books.month.more", "n", len(m.Documents)-shown)), {}, {}, {}, {}, {}, {}, {}}})
			break
		}
		what := names.Of(r, doc.Customer)
		if doc.Type == proof.TypeCreditNote {
			what += " · " + r.T("books.month.note")
		}
		cells := append([]table.Cell{desk.Two(doc.Number, what)}, amounts(r, doc.Publishers, doc.Resellers, doc.Operator, doc.VAT, doc.Gross)...)
		rows = append(rows, table.Row{URL: home + "/invoices/" + doc.ID, Cells: append(cells, zero(r, doc.Difference), proved(r, doc.ID))})
	}
	t := m.Total
	rows = append(rows, table.Row{Total: true, Cells: append(append([]table.Cell{desk.Text(r.T("revenue.total"))}, amounts(r, t.Publishers, t.Resellers, t.Operator, t.VAT, t.Gross)...), zero(r, t.Difference), table.Cell{})})
	columns := append([]table.Column{desk.Col(r.T("books.month.document"))}, moneyColumns(r, "c.publishers", "c.resellers", "c.operator", "c.vat", "c.gross", "c.difference")...)
	return desk.List(r, "whose-list"+suffix, r.T("books.month.whose"), "books.month.none", append(columns, desk.Col(r.T("books.month.c.proof"))), rows)
}

func monthPaid(r *site.Request, m settlement.Month, names *desk.Names, suffix string) table.Table {
	var rows []table.Row
	var gross money.Amount
	gross.Currency = m.Currency
	left := 0
	for _, doc := range m.Documents {
		if doc.Type == proof.TypeCreditNote {
			continue
		}
		gross.Minor += doc.Gross.Minor
		if len(rows) == shown {
			left++
			continue
		}
		rows = append(rows, table.Row{URL: home + "/invoices/" + doc.ID, Cells: append([]table.Cell{desk.Two(doc.Number, names.Of(r, doc.Customer))}, amounts(r, doc.Gross, doc.TakenBack, doc.Paid, doc.SentBack, doc.GivenUp, doc.Unpaid, doc.Held)...)})
	}
	if left > 0 {
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Text(r.T("books.month.more", "n", left)), {}, {}, {}, {}, {}, {}, {}}})
	}
	t := m.Total
	rows = append(rows, table.Row{Total: true, Cells: append([]table.Cell{desk.Text(r.T("revenue.total"))}, amounts(r, gross, t.TakenBack, t.Paid, t.SentBack, t.GivenUp, t.Unpaid, t.Held)...)})
	return desk.List(r, "paid-list"+suffix, r.T("books.month.paid"), "books.month.none", append([]table.Column{desk.Col(r.T("books.month.invoice"))}, moneyColumns(r, "c.charged", "c.taken", "c.paid", "c.sent", "c.given", "c.unpaid", "c.held")...), rows)
}

func monthPublishers(r *site.Request, m settlement.Month, names *desk.Names, suffix string) table.Table {
	var rows []table.Row
	sum := make([]money.Amount, 7)
	for i := range sum {
		sum[i] = money.Zero(m.Currency)
	}
	for _, p := range m.Publishers {
		url, what := books+"/publishers/"+p.Publisher, r.T("books.month.unstated")
		if p.Statement != "" {
			url, what = url+"/statements/"+p.Statement, p.Number
		}
		figures := []money.Amount{p.Share, p.OtherMonths, p.VAT, p.Collected, p.Held, p.Released, p.Payable}
		for i, a := range figures {
			sum[i].Minor += a.Minor
		}
		cells := amounts(r, figures...)
		if p.Held.Sign() > 0 {
			cells[4].URL = publisherURL(p.Publisher) + "#held"
		}
		rows = append(rows, table.Row{URL: url, Cells: append(append([]table.Cell{desk.Two(names.Of(r, p.Publisher), what)}, cells...), zero(r, p.Difference))})
	}
	rows = append(rows, table.Row{Total: true, Cells: append(append([]table.Cell{desk.Text(r.T("revenue.total"))}, amounts(r, sum...)...), table.Cell{})})
	columns := append([]table.Column{desk.Col(r.T("books.month.publisher"))}, moneyColumns(r, "c.share", "c.other", "c.vat", "c.collected", "c.held", "c.released", "c.payable", "c.difference")...)
	return desk.List(r, "publisher-list"+suffix, r.T("books.month.publishers"), "books.month.nobody", columns, rows)
}

func monthResellers(r *site.Request, m settlement.Month, names *desk.Names, suffix string) table.Table {
	var rows []table.Row
	for _, one := range m.Resellers {
		rows = append(rows, table.Row{URL: books + "/accounts?owner=" + one.Reseller, Cells: append(append([]table.Cell{desk.Text(names.Of(r, one.Reseller)), desk.Text(r.L.Number(int64(one.Lines)))}, amounts(r, one.Net, one.Margin)...), zero(r, one.Difference))})
	}
	return desk.List(r, "reseller-list"+suffix, r.T("books.month.resellers"), "books.month.nobody", append([]table.Column{desk.Col(r.T("books.month.reseller")), {Name: r.T("revenue.lines"), Numeric: true, Hidden: true}}, moneyColumns(r, "c.net", "c.margin", "c.difference")...), rows)
}

func monthChecks(r *site.Request, m settlement.Month, suffix string) table.Table {
	var rows []table.Row
	for _, c := range m.Checks {
		rows = append(rows, table.Row{Cells: append(append([]table.Cell{desk.Two(r.T("books.month.check."+c.Name), r.T("books.month.against."+c.Name))}, amounts(r, c.Left, c.Right)...), zero(r, c.Difference))})
	}
	return desk.List(r, "check-list"+suffix, r.T("books.month.checks"), "books.month.none", append([]table.Column{desk.Col(r.T("books.month.sum"))}, moneyColumns(r, "c.left", "c.right", "c.difference")...), rows)
}
