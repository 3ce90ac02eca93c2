package operator

import (
	"strconv"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/design/tabs"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

const books = home + "/books"

func (d *pages) bookRoutes(get, post func(string, site.Handler)) {
	get("/books", d.books)
	get("/books/check", d.checkBooks)
	get("/books/lock", d.askLock)
	post("/books/lock", d.lockBooks)
	get("/books/accounts", d.accounts)
	get("/books/accounts/{id}", d.oneAccount)
	get("/books/entries", d.entries)
	get("/books/entries/{id}", d.entry)
	get("/books/months", d.months)
	get("/books/months/{month}", d.month)
	get("/books/publishers", d.margins)
	d.revenue().Routes(below(get, "/books/publishers/{org}"))
	get("/books/publishers/{org}/close", d.askStatement)
	post("/books/publishers/{org}/close", d.closeStatement)
	get("/books/publishers/{org}/pay", d.askPayout)
	post("/books/publishers/{org}/pay", d.orderPayout)
	get("/books/payouts", d.payouts)
	get("/books/payouts/{org}/{id}", d.payout)
	post("/books/payouts/{org}/{id}", d.endPayout)
	get("/books/splits", d.splits)
	get("/books/splits/new", d.newSplit)
	post("/books/splits/new", d.saveSplit)
	get("/margin", d.resold)
}

// bookTabs are the views of the books.
func bookTabs(r *site.Request, now string) *tabs.Tabs {
	out := &tabs.Tabs{Label: r.T("books.title")}
	for _, one := range []string{"", "months", "publishers", "payouts", "splits", "accounts", "entries"} {
		url, key := books, "books.tab.overview"
		if one != "" {
			url, key = books+"/"+one, "books.tab."+one
		}
		out.Items = append(out.Items, tabs.Item{Text: r.T(key), URL: url, Current: one == now})
	}
	return out
}

// bookPage starts a page of the books; pairs of text and address lead to it.
func bookPage(r *site.Request, title string, pairs ...string) design.Page {
	if title == r.T("books.title") {
		return page(r, title)
	}
	return page(r, title, append([]string{r.T("books.title"), books}, pairs...)...)
}

// codeText is what an account is for.
func codeText(r *site.Request, c ledger.Code) string {
	if key := "books.code." + string(c); r.L.Has(key) {
		return r.T(key)
	}
	return string(c)
}

// side is what somebody has or owes: the books' sign in words.
func side(r *site.Request, a money.Amount) string {
	switch a.Sign() {
	case 1:
		return r.T("books.has", "amount", desk.Money(r, a))
	case -1:
		return r.T("books.owes", "amount", desk.Money(r, money.New(-a.Minor, a.Currency)))
	}
	return desk.Money(r, a)
}

// books is the trial balance and where the books end.
func (d *pages) books(r *site.Request) error {
	list, err := d.Settlements.Trial(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	head, err := d.Settlements.Head(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	locked := r.T("books.open")
	if head.Locked.Valid() {
		locked = r.T("books.locked", "day", desk.Day(r, head.Locked))
	}
	main := []site.Block{desk.Block("trial", r.T("books.trial"), r.T("books.trial.text"), trialTable(r, list)),
		{ID: "end", Title: r.T("books.end"), Template: "details", View: desk.Pairs(desk.Pair(r.T("books.entries"), r.L.Number(head.Entries)), desk.Pair(r.T("books.transfers"), r.L.Number(head.Transfers)),
			desk.Pair(r.T("books.lock"), locked), desk.Pair(r.T("books.hash"), head.Hash)), Links: []part.Link{{Text: r.T("books.lock.link"), URL: books + "/lock"}, {Text: r.T("operator.aged"), URL: home + "/payments/aged"}}}}
	return r.OK(site.Sheet{Page: bookPage(r, r.T("books.title")), Lead: r.T("books.lead"), Tabs: bookTabs(r, ""), Main: main,
		Actions: []button.Button{{Text: r.T("books.check"), URL: books + "/check", Kind: button.Primary, Icon: "seal"}}})
}

func trialTable(r *site.Request, list []ledger.TrialLine) table.Table {
	var rows []table.Row
	var debits, credits int64
	for n, t := range list {
		debits, credits = debits+t.Debits, credits+t.Credits
		rows = append(rows, table.Row{URL: books + "/accounts?code=" + string(t.Code), Cells: []table.Cell{desk.Two(codeText(r, t.Code), r.T("books.accounts.n", "n", t.Accounts)), desk.Text(desk.Money(r, money.New(t.Debits, t.Currency))),
			desk.Text(desk.Money(r, money.New(t.Credits, t.Currency))), desk.Text(side(r, t.Balance()))}})
		if n == len(list)-1 || list[n+1].Currency != t.Currency {
			rows = append(rows, table.Row{Total: true, Cells: []table.Cell{desk.Text(r.T("books.total", "currency", string(t.Currency))), desk.Text(desk.Money(r, money.New(debits, t.Currency))), desk.Text(desk.Money(r, money.New(credits, t.Currency))),
				desk.Text(r.T("books.difference", "amount", desk.Money(r, money.New(debits-credits, t.Currency))))}})
			debits, credits = 0, 0
		}
	}
	return desk.List(r, "trial-list", r.T("books.trial"), "books.none", []table.Column{desk.Col(r.T("books.account")), {Name: r.T("books.debits"), Numeric: true, Hidden: true}, {Name: r.T("books.credits"), Numeric: true, Hidden: true}, desk.Num(r.T("books.balance"))}, rows)
}

// checkFor is how long proving the books may take.
const checkFor = 5 * time.Minute

// checkBooks reads everything again.
func (d *pages) checkBooks(r *site.Request) error {
	defer r.Patient(checkFor)()
	report, err := d.Settlements.Check(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	notice := flash.Notice{Tone: part.Good, Title: r.T("books.right"), Text: r.T("books.right.text", "entries", r.L.Number(report.Entries), "transfers", r.L.Number(report.Transfers), "accounts", r.L.Number(report.Accounts))}
	if n := len(report.Differences) + report.Omitted; n > 0 {
		notice = flash.Notice{Tone: part.Bad, Title: r.T("books.wrong", "n", n), Text: r.T("books.wrong.text")}
	}
	sheet := site.Sheet{Page: bookPage(r, r.T("books.check.title")), Lead: r.T("books.check.lead"), Main: []site.Block{{Template: "flash", View: notice}}}
	if len(report.Differences) > 0 {
		var rows []table.Row
		for _, text := range report.Differences {
			rows = append(rows, table.Row{Cells: []table.Cell{desk.Text(text)}})
		}
		sheet.Main = append(sheet.Main, desk.Block("differences", r.T("books.differences"), "", desk.List(r, "difference-list", r.T("books.differences"), "books.none", []table.Column{desk.Col(r.T("books.differs"))}, rows)))
	}
	var sums []string
	for _, t := range report.Totals {
		sums = append(sums, desk.Money(r, money.New(t.Debits, t.Currency)))
	}
	list := desk.Pairs(desk.Pair(r.T("books.hash"), report.Head.Hash))
	for _, text := range sums {
		list.Items = append(list.Items, desk.Pair(r.T("books.moved"), text))
	}
	sheet.Main = append(sheet.Main, site.Block{Template: "details", View: list, Links: []part.Link{{Text: r.T("books.back"), URL: books}}})
	return r.OK(sheet)
}

func (d *pages) lockForm(r *site.Request) site.FormView {
	day := desk.Field(r, "through", "books.lock.day", form.Date)
	now := r.Site().Options().Now()
	day.Value = time.Date(now.Year(), now.Month(), 0, 0, 0, 0, 0, time.UTC).Format("2006-01-02")
	return site.FormView{Action: books + "/lock", Fields: []form.Field{day}, Button: r.T("books.lock.button"), Back: &part.Link{Text: r.T("books.lock.back"), URL: books}, Note: r.T("books.lock.note")}
}

func lockSheet(r *site.Request) func(site.FormView) (site.Sheet, error) {
	return desk.Ask(bookPage(r, r.T("books.lock.title")), r.T("books.lock.lead"))
}

func (d *pages) askLock(r *site.Request) error {
	if _, err := d.Settlements.Head(r.Context(), r.Caller); err != nil { // whoever may not read the books is not asked
		return err
	}
	return desk.Shown(r, d.lockForm(r), lockSheet(r))
}

func (d *pages) lockBooks(r *site.Request) error {
	day, err := dayOf(r, "through")
	if err == nil {
		_, err = d.Settlements.LockBooks(r.Context(), r.Caller, day)
	}
	if err != nil {
		return desk.Refused(r, err, nil, d.lockForm(r), lockSheet(r))
	}
	return r.Redirect(books, site.Done("books.lock.done", "day", desk.Day(r, day)))
}

// dayOf is the day of a field.
func dayOf(r *site.Request, field string) (price.Date, error) {
	day, err := price.ParseDate(r.Value(field))
	if err != nil {
		err = fail.New(fail.Invalid, "operator.day", "The day cannot be read.", "Choose a day, or write it like 2026-03-31.").Field(field, "is no day")
	}
	return day, err
}

// accounts lists the accounts of the books, of one organisation or purpose.
func (d *pages) accounts(r *site.Request) error {
	q := table.Parse(r.URL)
	after, _ := strconv.ParseInt(q.After(), 10, 64)
	list, err := d.Settlements.Accounts(r.Context(), r.Caller, q.Get("owner"), ledger.Code(q.Get("code")), after, listed)
	if err != nil {
		return err
	}
	names := d.names()
	var rows []table.Row
	for _, a := range list {
		rows = append(rows, table.Row{URL: books + "/accounts/" + strconv.FormatInt(a.ID, 10), Cells: []table.Cell{desk.Two(names.Of(r, a.Key.Owner), codeText(r, a.Key.Code)), desk.Text(desk.Money(r, money.New(a.Debits, a.Key.Currency))),
			desk.Text(desk.Money(r, money.New(a.Credits, a.Key.Currency))), desk.Text(side(r, a.Balance()))}})
	}
	t := desk.List(r, "accounts", r.T("books.tab.accounts"), "books.none", []table.Column{desk.Col(r.T("books.account")), {Name: r.T("books.debits"), Numeric: true, Hidden: true}, {Name: r.T("books.credits"), Numeric: true, Hidden: true}, desk.Num(r.T("books.balance"))}, rows)
	if len(list) == listed {
		t.After = strconv.FormatInt(list[listed-1].ID, 10)
	}
	choice := []string{"", r.T("books.code.any")}
	for _, c := range settlement.Codes() {
		choice = append(choice, string(c), codeText(r, c))
	}
	t.Filters = []form.Field{desk.Filter(r, "account-code", "code", r.T("books.account"), choice...)}
	return r.OK(site.Sheet{Page: bookPage(r, r.T("books.tab.accounts")), Lead: r.T("books.accounts.lead"), Tabs: bookTabs(r, "accounts"), Main: []site.Block{desk.Block("", "", "", t)}})
}

const listed = 50
