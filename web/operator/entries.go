package operator

import (
	"strconv"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// number reads a number of an address.
func number(r *site.Request, noun string) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || n < 1 {
		return 0, fail.Missing(noun, r.PathValue("id"))
	}
	return n, nil
}

// oneAccount is an account with what happened on it, newest first.
func (d *pages) oneAccount(r *site.Request) error {
	id, err := number(r, "account")
	if err != nil {
		return err
	}
	a, err := d.Settlements.OneAccount(r.Context(), r.Caller, id)
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(table.Parse(r.URL).After(), 10, 64)
	list, err := d.Settlements.Entries(r.Context(), r.Caller, id, before, listed)
	if err != nil {
		return err
	}
	var rows []table.Row
	for _, p := range list {
		moved := int64(0)
		for _, t := range p.Transfers {
			if t.Debit == a.Key {
				moved += t.Amount.Minor
			}
			if t.Credit == a.Key {
				moved -= t.Amount.Minor
			}
		}
		rows = append(rows, table.Row{URL: entryURL(p.Seq), Cells: []table.Cell{desk.Two(kindText(r, p.Ref.Kind), r.T("books.entry.no", "n", r.L.Number(p.Seq))+" · "+desk.Short(p.Ref.ID)), desk.Text(desk.Day(r, p.Date)), desk.Text(desk.Money(r, money.New(moved, a.Key.Currency)))}})
	}
	t := desk.List(r, "account-entries", r.T("books.tab.entries"), "books.none", []table.Column{desk.Col(r.T("books.entry")), desk.Wide(r.T("books.date")), desk.Num(r.T("books.amount"))}, rows)
	if len(list) == listed {
		t.After = strconv.FormatInt(list[listed-1].Seq, 10)
	}
	name := d.names().Of(r, a.Key.Owner)
	title := r.T("books.account.title", "code", codeText(r, a.Key.Code), "name", name)
	return r.OK(site.Sheet{Page: bookPage(r, title, r.T("books.tab.accounts"), books+"/accounts"), Lead: r.T("books.account.lead"), Main: []site.Block{
		{Template: "details", View: desk.Pairs(desk.Pair(r.T("books.balance"), side(r, a.Balance())), desk.Pair(r.T("books.debits"), desk.Money(r, money.New(a.Debits, a.Key.Currency))), desk.Pair(r.T("books.credits"), desk.Money(r, money.New(a.Credits, a.Key.Currency)))),
			Links: []part.Link{{Text: r.T("books.account.owner"), URL: books + "/accounts?owner=" + a.Key.Owner}}},
		desk.Block("entries", r.T("books.tab.entries"), "", t)}})
}

func entryURL(n int64) string { return books + "/entries/" + strconv.FormatInt(n, 10) }

// kindText is what kind of event an entry is about.
func kindText(r *site.Request, kind string) string {
	if key := "books.kind." + kind; r.L.Has(key) {
		return r.T(key)
	}
	return kind
}

// entries lists all entries, newest first.
func (d *pages) entries(r *site.Request) error {
	before, _ := strconv.ParseInt(table.Parse(r.URL).After(), 10, 64)
	list, err := d.Settlements.Entries(r.Context(), r.Caller, 0, before, listed)
	if err != nil {
		return err
	}
	var rows []table.Row
	for _, p := range list {
		moved := map[money.Currency]int64{}
		var order []money.Amount
		for _, t := range p.Transfers {
			if _, ok := moved[t.Amount.Currency]; !ok {
				order = append(order, money.Zero(t.Amount.Currency))
			}
			moved[t.Amount.Currency] += t.Amount.Minor
		}
		for n := range order {
			order[n].Minor = moved[order[n].Currency]
		}
		rows = append(rows, table.Row{URL: entryURL(p.Seq), Cells: []table.Cell{desk.Two(kindText(r, p.Ref.Kind), r.T("books.entry.no", "n", r.L.Number(p.Seq))+" · "+desk.Short(p.Ref.ID)), desk.Text(desk.Day(r, p.Date)), desk.Since(r, p.At),
			desk.Text(r.L.Number(int64(len(p.Transfers)))), desk.Text(sums(r, order))}})
	}
	t := desk.List(r, "entries", r.T("books.tab.entries"), "books.none", []table.Column{desk.Col(r.T("books.entry")), desk.Col(r.T("books.date")), desk.Wide(r.T("books.posted")), {Name: r.T("books.transfers"), Numeric: true, Hidden: true}, desk.Num(r.T("books.moved"))}, rows)
	if len(list) == listed {
		t.After = strconv.FormatInt(list[listed-1].Seq, 10)
	}
	return r.OK(site.Sheet{Page: bookPage(r, r.T("books.tab.entries")), Lead: r.T("books.entries.lead"), Tabs: bookTabs(r, "entries"), Main: []site.Block{desk.Block("", "", "", t)}})
}

// entry is one entry with its transfers and what it is about.
func (d *pages) entry(r *site.Request) error {
	n, err := number(r, "entry")
	if err != nil {
		return err
	}
	p, err := d.Settlements.OneEntry(r.Context(), r.Caller, n)
	if err != nil {
		return err
	}
	names := d.names()
	owner := func(k ledger.Key) table.Cell {
		return table.Cell{Text: names.Of(r, k.Owner), Sub: codeText(r, k.Code), URL: books + "/accounts?owner=" + k.Owner + "&code=" + string(k.Code)}
	}
	var rows []table.Row
	for _, t := range p.Transfers {
		line := ""
		if t.Line > 0 {
			line = r.T("books.line", "no", t.Line)
		}
		from := owner(t.Credit)
		if line != "" {
			from.Sub += " · " + line
		}
		rows = append(rows, table.Row{Cells: []table.Cell{owner(t.Debit), from, desk.Text(desk.Money(r, t.Amount))}})
	}
	t := desk.List(r, "transfers", r.T("books.transfers"), "books.none", []table.Column{desk.Col(r.T("books.to")), desk.Col(r.T("books.from")), desk.Num(r.T("books.amount"))}, rows)
	about := details.Item{Name: r.T("books.about"), Value: kindText(r, p.Ref.Kind) + " " + p.Ref.ID}
	if p.Ref.Kind == "invoice" {
		about.Change = &part.Link{Text: r.T("books.about.open"), URL: home + "/invoices/" + p.Ref.ID}
	}
	list := details.List{Items: []details.Item{about, desk.Pair(r.T("books.date"), desk.Day(r, p.Date)), desk.Pair(r.T("books.posted"), r.L.Instant(p.At)), desk.Pair(r.T("books.hash"), p.Hash)}}
	return r.OK(site.Sheet{Page: bookPage(r, r.T("books.entry.no", "n", r.L.Number(p.Seq)), r.T("books.tab.entries"), books+"/entries"), Lead: r.T("books.entry.lead"), Main: []site.Block{desk.Block("", "", "", t), {Template: "details", View: list}}})
}
