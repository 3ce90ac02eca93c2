package operator

import (
	"io"
	"strings"
	"time"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

func overdue(i billing.Summary, now time.Time) bool {
	return i.Status == billing.StatusOpen && i.Due.Valid() && !i.Due.Start(time.UTC).AddDate(0, 0, 1).After(now)
}

func invoiceState(i billing.Summary, now time.Time) string {
	if overdue(i, now) {
		return "overdue"
	}
	return string(i.Status)
}

func (d *pages) invoiceTable(r *site.Request, id, empty string, list []billing.Summary) table.Table {
	names, now := d.names(), r.Site().Options().Now()
	var rows []table.Row
	for _, i := range list {
		rows = append(rows, table.Row{URL: home + "/invoices/" + i.ID, Cells: []table.Cell{desk.Two(i.Number, desk.Day(r, i.Date)), desk.Stated(r, invoiceState(i, now)), desk.Text(names.Of(r, i.Org)), desk.Text(desk.Day(r, i.Due)),
			desk.Text(desk.Money(r, i.Gross)), desk.Text(desk.Money(r, i.Owed()))}})
	}
	return desk.List(r, id, r.T("operator.invoices"), empty, []table.Column{desk.Col(r.T("operator.invoice")), desk.Col(r.T("desk.state")), desk.Col(r.T("desk.client")), desk.Wide(r.T("operator.due")),
		{Name: r.T("operator.gross"), Numeric: true, Hidden: true}, desk.Num(r.T("operator.owed"))}, rows)
}

// invoices are those on which something is owed.
func (d *pages) invoices(r *site.Request) error {
	p, err := d.Invoices.Unpaid(r.Context(), r.Caller, table.Parse(r.URL).After())
	if err != nil {
		return err
	}
	t := d.invoiceTable(r, "invoices", "operator.invoices.none", p.Invoices)
	t.After = p.Next
	return r.OK(site.Sheet{Page: page(r, r.T("operator.invoices")), Lead: r.T("operator.invoices.lead"), Main: []site.Block{desk.Block("", "", "", t)}})
}

// billing is what an organisation owes and would be invoiced today.
func (d *pages) billing(r *site.Request) error {
	o, err := d.Parties.Organisation(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	drafts, err := d.Invoices.Draft(r.Context(), r.Caller, o.ID, r.Site().Options().Now())
	if err != nil {
		return err
	}
	p, err := d.Invoices.Invoices(r.Context(), r.Caller, o.ID, table.Parse(r.URL).After())
	if err != nil {
		return err
	}
	name := desk.Called(r, o)
	var rows []table.Row
	for _, v := range drafts {
		if v.Document == nil {
			continue
		}
		for _, l := range v.Document.Lines {
			rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(l.Item, l.Component), desk.Text(quantity(r, l)), desk.Text(desk.Money(r, l.Net))}})
		}
	}
	t := desk.List(r, "draft", r.T("operator.draft"), "operator.draft.none", []table.Column{desk.Col(r.T("operator.line")), desk.Num(r.T("operator.quantity")), desk.Num(r.T("operator.net"))}, rows)
	list := d.invoiceTable(r, "invoices", "operator.invoices.none", p.Invoices)
	list.After = p.Next
	title := r.T("operator.billing.title", "name", name)
	sheet := site.Sheet{Page: page(r, title, r.T("operator.organisations"), home+"/organisations", name, home+"/organisations/"+o.ID),
		Main: []site.Block{desk.Block("today", r.T("operator.draft"), r.T("operator.draft.text"), t), desk.Block("issued", r.T("operator.issued"), "", list)}}
	if len(rows) > 0 {
		sheet.Actions = []button.Button{{Text: r.T("operator.issue"), URL: home + "/organisations/" + o.ID + "/billing", Post: true, Kind: button.Primary}}
	}
	return r.OK(sheet)
}

func (d *pages) issue(r *site.Request) error {
	id := r.PathValue("id")
	out, err := d.Invoices.Issue(r.Context(), r.Caller, id, r.Site().Options().Now())
	switch {
	case err != nil:
		return err
	case len(out) == 0:
		return r.Redirect(home+"/organisations/"+id+"/billing", site.Told("operator.issued.none"))
	}
	return r.Redirect(home+"/invoices/"+out[0].ID, site.Done("operator.issued.done", "number", out[0].Number))
}

func (d *pages) paymentForm(r *site.Request, v billing.View) site.FormView {
	amount, received, reference := desk.Field(r, "amount", "operator.payment.amount", form.Text), desk.Field(r, "received", "operator.payment.received", form.Date), desk.Field(r, "reference", "operator.payment.reference", form.Text)
	amount.Value, amount.Suffix = v.Owed().Decimal(), string(v.Gross.Currency)
	received.Value = price.DateOf(r.Site().Options().Now(), time.UTC).String()
	return site.FormView{Action: home + "/invoices/" + v.ID + "/payment", Fields: []form.Field{amount, received, reference}, Button: r.T("operator.payment.button")}
}

func (d *pages) invoice(r *site.Request) error {
	v, err := d.Invoices.InvoicePage(r.Context(), r.Caller, r.PathValue("id"), 0, billing.MostWhole)
	if err != nil {
		return err
	}
	return desk.Shown(r, d.paymentForm(r, v), d.invoiceSheet(r, v))
}

func (d *pages) invoiceSheet(r *site.Request, v billing.View) func(site.FormView) (site.Sheet, error) {
	return func(view site.FormView) (site.Sheet, error) {
		title := v.Number
		name := d.names().Of(r, v.Org)
		sheet := site.Sheet{Page: page(r, title, r.T("operator.invoices"), home+"/invoices"), Badge: desk.State(r, invoiceState(v.Summary, r.Site().Options().Now())), Lead: name,
			Main: []site.Block{{Template: "details", View: desk.Pairs(desk.Pair(r.T("operator.net"), desk.Money(r, v.Net)), desk.Pair(r.T("operator.vat.amount"), desk.Money(r, v.VAT)), desk.Pair(r.T("operator.gross"), desk.Money(r, v.Gross)),
				desk.Pair(r.T("operator.taken_back"), desk.Money(r, v.Credited)), desk.Pair(r.T("operator.owed"), desk.Money(r, v.Owed())), desk.Pair(r.T("operator.pay_back"), desk.Money(r, v.Back())), desk.Pair(r.T("operator.due"), desk.Day(r, v.Due)), desk.Pair(r.T("operator.hash"), v.Hash))},
				desk.Block("lines", r.T("operator.lines"), firstLines(r, v), invoiceLines(r, v)), desk.Block("payments", r.T("operator.payments"), "", payments(r, v.Payments))}}
		if len(v.Notes) > 0 {
			sheet.Main = append(sheet.Main, desk.Block("notes", r.T("operator.notes"), r.T("operator.notes.text"), d.invoiceTable(r, "notes-list", "operator.invoices.none", v.Notes)))
		}
		if v.Type == proof.TypeInvoice && v.Status == billing.StatusOpen {
			sheet.Main = append(sheet.Main, desk.FormBlock("pay", r.T("operator.payment"), "", view))
		}
		if v.Type == proof.TypeInvoice && v.CreditedBy == "" {
			sheet.Actions = []button.Button{{Text: r.T("operator.credit"), URL: home + "/invoices/" + v.ID + "/credit"}}
		}
		sheet.Actions = append(sheet.Actions, givingUp(r, v)...)
		if v.Document != nil && !v.Hidden {
			sheet.Actions = append(sheet.Actions, button.Button{Text: r.T("invoice.pdf"), URL: home + "/invoices/" + v.ID + "/pdf", Icon: "download"}, button.Button{Text: r.T("invoice.proof"), URL: home + "/invoices/" + v.ID + "/proof", Icon: "seal"})
			sheet.Main = append(sheet.Main, site.Block{ID: "formats", Title: r.T("einvoice.title"), Text: r.T("einvoice.text"), Template: "details", View: r.MachineFormats(home+"/invoices/"+v.ID+"/machine/", v.Document.Buyer.Business)})
		}
		return sheet, nil
	}
}

// invoiceMachine is the document for accounting software.
func (d *pages) invoiceMachine(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	page := home + "/invoices/" + v.ID
	enter := func(p site.Part) string {
		return map[site.Part]string{site.PartSeller: home + "/entities/" + v.Entity, site.PartAccount: home + "/payments"}[p]
	}
	return r.Machine(d.Invoices, r.PathValue("format"), page, enter, part.Link{Text: r.T("operator.invoices"), URL: home + "/invoices"}, part.Link{Text: r.T("invoice.title"), URL: page})
}

// invoiceProof is everything that is needed to redo the document offline.
func (d *pages) invoiceProof(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Spool(v.Number+".proof", "application/json", func(w io.Writer) error {
		return d.Invoices.ProofFile(r.Context(), r.Caller, v.ID, w)
	})
}

// invoicePDF is the document for people, in the language of its buyer: it is what the customer was sent.
func (d *pages) invoicePDF(r *site.Request) error {
	f, err := d.Invoices.Document(r.Context(), r.Caller, r.PathValue("id"), billing.FormatPDF, "")
	if err != nil {
		return err
	}
	return r.File(f.Name, f.Type, f.Bytes)
}

// firstLines says so when there are more lines than are shown.
func firstLines(r *site.Request, v billing.View) string {
	if v.Lines <= billing.MostWhole {
		return ""
	}
	return r.T("invoice.pages", "from", "1", "to", r.L.Number(billing.MostWhole), "all", r.L.Number(int64(v.Lines)))
}

func invoiceLines(r *site.Request, v billing.View) table.Table {
	var rows []table.Row
	if v.Document != nil {
		for _, l := range v.Document.Lines {
			rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(l.Item, l.Component), desk.Text(quantity(r, l)), desk.Text(desk.Money(r, l.Net)), desk.Text(desk.Rate(r, int64(l.BasisPoints)))}})
		}
	}
	return desk.List(r, "lines-list", r.T("operator.lines"), "operator.lines.none", []table.Column{desk.Col(r.T("operator.line")), desk.Num(r.T("operator.quantity")), desk.Num(r.T("operator.net")), {Name: r.T("operator.vat.amount"), Numeric: true, Hidden: true}}, rows)
}

func payments(r *site.Request, list []billing.Payment) table.Table {
	var rows []table.Row
	for _, p := range list {
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Text(desk.Day(r, p.Received)), desk.Text(p.Reference), desk.Text(desk.Money(r, p.Amount))}})
	}
	return desk.List(r, "payments-list", r.T("operator.payments"), "operator.payments.none", []table.Column{desk.Col(r.T("operator.payment.received")), desk.Col(r.T("operator.payment.reference")), desk.Num(r.T("operator.payment.amount"))}, rows)
}

func (d *pages) pay(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	in := billing.PaymentInput{Invoice: v.ID, Reference: r.Value("reference")}
	e := fail.New(fail.Invalid, "operator.payment", "The payment cannot be recorded as it is.", "Correct the fields named.")
	if in.Amount, err = money.ParseAmount(strings.ReplaceAll(r.Value("amount"), ",", "."), v.Gross.Currency); err != nil {
		e = e.Field("amount", r.T("operator.amount.form"))
	}
	if in.Received, err = price.ParseDate(r.Value("received")); err != nil {
		e = e.Field("received", r.T("operator.date.form"))
	}
	if err = e; len(e.Fields) == 0 {
		_, err = d.Invoices.RecordPayment(r.Context(), r.Caller, in)
	}
	if err != nil {
		return desk.Refused(r, err, nil, d.paymentForm(r, v), d.invoiceSheet(r, v))
	}
	return r.Redirect(home+"/invoices/"+v.ID, site.Done("operator.paid"))
}

// quantity is what a line counts, in base units of its meter or in items; a term counts nothing. The unit of the line is that of
// its price, such as a thousand, and is left out.
func quantity(r *site.Request, l proof.InvoiceLine) string {
	if l.Term != "" {
		return r.T("component." + string(l.Term))
	}
	return l.Quantity.Format(r.Lang())
}
