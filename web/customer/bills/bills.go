// Package bills is a customer's invoices: the list, an invoice that prints well, its proof, what is not billed yet.
//
// Owns: these pages.
// Does not own: invoices and payments (billing), charges (rating), proofs (proof).
// Reads: billing, rating.
// Writes: nothing.
package bills

import (
	"embed"
	"encoding/json"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/seal"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/locale"
	"github.com/halle-cloud/halle/web/site"
)

//go:embed pages/*.html
var files embed.FS

//go:embed pages/bills.css
var style string

type desk struct{ site.Services }

// Desk makes the pages of invoices.
func Desk(s site.Services) (site.Desk, error) {
	d := &desk{s}
	pages, err := fs.Sub(files, "pages")
	return site.Desk{Name: "bills", Pages: pages, Style: style, Home: customer.Home, Title: "desk.customer", Search: "shop.search", Nav: customer.Nav, Routes: d.routes}, err
}

func (d *desk) routes(r *site.Router) {
	r.Get("/invoices", d.list)
	r.Get("/invoices/next", d.next)
	r.Get("/invoices/{id}", d.invoice)
	r.Get("/invoices/{id}/pdf", d.pdf)
	r.Get("/invoices/{id}/json", d.document)
	r.Get("/invoices/{id}/machine/{format}", d.machine)
	r.Get("/invoices/{id}/proof", d.proofFile)
	r.Get("/invoices/{id}/events", d.eventsFile)
}

func (d *desk) list(r *site.Request) error {
	page, err := d.Invoices.Invoices(r.Context(), r.Caller, r.Caller.Org, r.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	t := table.Table{ID: "invoices", Caption: r.T("invoices.title"), Query: table.Parse(r.URL), Found: -1, After: page.Next,
		Columns: []table.Column{{Name: r.T("invoice.number")}, {Name: r.T("invoice.state")}, {Name: r.T("invoice.date")}, {Name: r.T("invoice.due"), Hidden: true}, {Name: r.T("invoice.gross"), Numeric: true}, {Name: r.T("invoice.owed"), Numeric: true, Hidden: true}},
		Empty:   states.Empty{Icon: "invoice", Title: r.T("invoices.none"), Text: r.T("invoices.none.text"), Action: &button.Button{Text: r.T("invoices.next"), URL: "/invoices/next"}}}
	for _, i := range page.Invoices {
		state := status(r, i)
		sub := ""
		if i.Type == proof.TypeCreditNote {
			sub = r.T("invoice.creditnote")
		} else if i.Type == proof.TypeProforma {
			sub = r.T("invoice.proforma")
		}
		t.Rows = append(t.Rows, table.Row{URL: "/invoices/" + i.ID, Cells: []table.Cell{{Text: i.Number, Sub: sub}, {Badge: &state}, {Text: civil(r, i.Date)}, {Text: civil(r, i.Due)},
			{Text: r.L.Money(customer.Money(i.Gross))}, {Text: r.L.Money(customer.Money(i.Owed()))}}})
	}
	return r.OK(site.Sheet{Page: r.Page(r.T("invoices.title")), Lead: r.T("invoices.lead"), Main: []site.Block{{Template: "table", View: t}},
		Actions: []button.Button{{Text: r.T("invoices.next"), URL: "/invoices/next"}}})
}

// civil writes a date without zone.
func civil(r *site.Request, d price.Date) string {
	if !d.Valid() {
		return ""
	}
	return r.L.Date(d.Start(time.UTC).Add(12 * time.Hour))
}

func status(r *site.Request, s billing.Summary) badge.Badge {
	tones := map[billing.Status]part.Tone{billing.StatusOpen: part.Accent, billing.StatusPaid: part.Good}
	b := badge.Badge{Tone: tones[s.Status], Text: r.T("invoice.state." + string(s.Status))}
	if s.Status == billing.StatusOpen && s.Due.Valid() && s.Due.Before(price.DateOf(r.Site().Options().Now(), time.UTC)) {
		b = badge.Badge{Tone: part.Warn, Text: r.T("invoice.state.overdue")}
	}
	return b
}

// invoicePage is one invoice, for the screen and for paper.
type invoicePage struct {
	design.Page
	Title2, Number  string
	State           badge.Badge
	Draft           bool
	Seller, Buyer   partyView
	Dates           details.List
	Lines           []lineView
	Taxes           []taxView
	Net, VAT, Gross locale.Money
	Paid, Owed      *locale.Money
	Credited, Back  *locale.Money
	Notes           []part.Link
	Mentions        []string
	Note            string
	Seal            *seal.Seal
	Actions         []button.Button
	Command         string
	Payments        []details.Item
	Reason, Clause  string
	Hidden          bool
	Formats         *details.List // for accounting software
	Centres         []centreView
	Sentences       []string   // of the seller's law
	Pages           *pagesView // of very many lines
}

type partyView struct {
	Label, Name, VAT, Registration string
	Lines                          []string
}

type lineView struct {
	No              int
	Item, What      string
	Period          string
	Quantity, Price string
	Amount          locale.Money
	Rate            string
	Windows         []part.Link
	Correction      bool
}

// centreView is what a cost centre pays, without tax.
type centreView struct {
	Name string
	Net  locale.Money
}

type taxView struct {
	Rate      string
	Base, VAT locale.Money
}

func (d *desk) invoice(r *site.Request) error {
	v, at, err := d.open(r)
	if err != nil {
		return err
	}
	page := r.Page(v.Number, part.Link{Text: r.T("nav.invoices"), URL: "/invoices"}, part.Link{Text: v.Number})
	out := invoicePage{Page: page, Number: v.Number, State: status(r, v.Summary), Title2: title(r, v.Type), Hidden: v.Document == nil}
	program := r.Site().Options().Commands.Program
	out.Command = program + " verify invoice " + v.Number + ".proof"
	out.Actions = []button.Button{{Text: r.T("invoice.pdf"), URL: "/invoices/" + v.ID + "/pdf", Icon: "download", Kind: button.Primary}, {Text: r.T("invoice.proof"), URL: "/invoices/" + v.ID + "/proof", Icon: "seal"}, {Text: r.T("invoice.json"), URL: "/invoices/" + v.ID + "/json", Icon: "download"}}
	if v.Document != nil {
		out.fill(r, v.Document, d.sold(r, v.Document))
		if out.Pages = at.pages(r, v); out.Pages != nil {
			out.Centres = nil // of one page they would be sums of nothing
		}
		formats := r.MachineFormats("/invoices/"+v.ID+"/machine/", v.Document.Buyer.Business)
		out.Formats = &formats
		apart, err := d.Invoices.EventsApart(r.Context(), r.Caller, v.ID)
		if err != nil && !fail.Is(err, fail.Denied) {
			return err
		}
		if apart {
			out.Actions = append(out.Actions, button.Button{Text: r.T("invoice.events.file"), URL: "/invoices/" + v.ID + "/events", Icon: "download"})
		}
	}
	if v.Type == proof.TypeInvoice {
		paid, owed := customer.Money(v.Paid), customer.Money(v.Owed())
		out.Paid, out.Owed = &paid, &owed
		out.notes(v)
	}
	for _, p := range v.Payments {
		out.Payments = append(out.Payments, details.Item{Name: civil(r, p.Received), Value: said(r, p)})
	}
	if err := d.stamp(r, &out, v); err != nil {
		return err
	}
	return r.Render(200, "bills/invoice", out)
}

// notes are the credit notes that took back some of the invoice.
func (p *invoicePage) notes(v billing.View) {
	for _, n := range v.Notes {
		p.Notes = append(p.Notes, part.Link{Text: n.Number, URL: "/invoices/" + n.ID})
	}
	if !v.Credited.IsZero() {
		credited := customer.Money(v.Credited)
		p.Credited = &credited
	}
	if back := v.Back(); !back.IsZero() {
		owed := customer.Money(back)
		p.Back = &owed
	}
}

func title(r *site.Request, kind string) string {
	if kind == proof.TypeCreditNote {
		return r.T("invoice.creditnote")
	}
	if kind == proof.TypeProforma {
		return r.T("invoice.proforma")
	}
	return r.T("invoice.title")
}

// stamp is the seal of the fact that the invoice was issued.
func (d *desk) stamp(r *site.Request, out *invoicePage, v billing.View) error {
	if v.Fact == "" {
		return nil
	}
	entry, err := d.Facts.Entry(r.Context(), v.Org, v.Fact)
	if fail.Is(err, fail.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	stamp, err := customer.Stamp(d.Services, r, entry)
	if err != nil {
		return err
	}
	stamp.Hash, stamp.Command = v.Hash, out.Command
	out.Seal = &stamp
	return nil
}

func (p *invoicePage) fill(r *site.Request, i *proof.Invoice, services map[string]subscription.Detail) {
	p.Seller, p.Buyer = partyOf(r, i.Seller, "invoice.seller"), partyOf(r, i.Buyer, "invoice.buyer")
	p.Dates.Items = []details.Item{{Name: r.T("invoice.date"), Value: civil(r, i.Date)}, {Name: r.T("invoice.due"), Value: civil(r, i.Due)}}
	if i.Reference.Number != "" {
		p.Dates.Items = append(p.Dates.Items, details.Item{Name: r.T("invoice.reference"), Value: i.Reference.Number + ", " + civil(r, i.Reference.Date)})
	}
	for _, pair := range [][2]string{{"invoice.order", i.Order}, {"invoice.buyerreference", i.BuyerReference}} {
		if pair[1] != "" {
			p.Dates.Items = append(p.Dates.Items, details.Item{Name: r.T(pair[0]), Value: pair[1]})
		}
	}
	p.Centres = centres(r, i)
	for _, n := range i.Notes {
		p.Sentences = append(p.Sentences, n.Text)
	}
	for _, l := range i.Lines {
		p.Lines = append(p.Lines, lineOf(r, l, services[l.Subscription]))
	}
	for _, s := range i.Totals.Subtotals {
		p.Taxes = append(p.Taxes, taxView{Rate: rate(r, s.BasisPoints), Base: customer.Money(s.Base), VAT: customer.Money(s.VAT)})
	}
	p.Net, p.VAT, p.Gross = customer.Money(i.Totals.Net), customer.Money(i.Totals.VAT), customer.Money(i.Totals.Gross)
	p.Mentions = mentions(i, r.Lang())
	p.Note, p.Clause = i.Note, i.Decision.Clause
	p.Reason = r.T("invoice.tax." + i.Decision.Rule)
}

// centres are the sums by cost centre; none when no line has one.
func centres(r *site.Request, i *proof.Invoice) (out []centreView) {
	list, err := i.CostCentres()
	if err != nil {
		return nil // never: the lines sum to the total, which was not too large
	}
	for _, c := range list {
		name := c.Name
		if name == "" {
			name = r.T("invoice.centres.none")
		}
		out = append(out, centreView{name, customer.Money(c.Net)})
	}
	return out
}

// mentions are the sentences that the law asks for: that of the tax in the reader's language, others as they were written.
func mentions(i *proof.Invoice, lang string) []string {
	var out []string
	for _, text := range i.Mentions {
		if own := tax.Mention(i.Decision.Mention, lang); own != "" && (text == tax.Mention(i.Decision.Mention, "en") || text == tax.Mention(i.Decision.Mention, "fr")) {
			text = own
		}
		out = append(out, text)
	}
	return out
}

func partyOf(r *site.Request, p proof.InvoiceParty, key string) partyView {
	out := partyView{Label: r.T(key), Name: p.Name, VAT: p.VATID, Registration: p.Registration}
	for _, line := range strings.Split(p.Address, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out.Lines = append(out.Lines, line)
		}
	}
	out.Lines = append(out.Lines, r.L.Country(p.Country))
	return out
}

func rate(r *site.Request, bp int) string {
	if bp%100 == 0 {
		return r.L.Percent(int64(bp/100), 0)
	}
	return r.L.Percent(int64(bp), 2)
}

// next is what would be invoiced if the month ended now.
func (d *desk) next(r *site.Request) error {
	views, err := d.Invoices.Draft(r.Context(), r.Caller, r.Caller.Org, r.Site().Options().Now())
	if err != nil {
		return err
	}
	crumbs := []part.Link{{Text: r.T("nav.invoices"), URL: "/invoices"}, {Text: r.T("invoices.next")}}
	if len(views) == 0 || views[0].Document == nil {
		return r.OK(site.Sheet{Page: r.Page(r.T("invoices.next"), crumbs...), Main: []site.Block{{Template: "states.empty", View: states.Empty{Icon: "invoice", Title: r.T("invoices.next.none"), Text: r.T("invoices.next.none.text"), Action: &button.Button{Text: r.T("order.back"), URL: "/invoices"}}}}})
	}
	out := invoicePage{Page: r.Page(r.T("invoices.next"), crumbs...), Number: r.T("invoices.next.sub"), Title2: r.T("invoices.next"), Draft: true, State: badge.Badge{Text: r.T("invoice.state.draft")}}
	out.fill(r, views[0].Document, d.sold(r, views[0].Document))
	for _, more := range views[1:] {
		if more.Document != nil {
			out.Note += r.T("invoices.next.more", "seller", more.Document.Seller.Name, "amount", customer.Money(more.Document.Totals.Gross)) + " "
		}
	}
	return r.Render(200, "bills/invoice", out)
}

// pdf is the invoice for people, in the language of the page.
func (d *desk) pdf(r *site.Request) error {
	f, err := d.Invoices.Document(r.Context(), r.Caller, r.PathValue("id"), billing.FormatPDF, r.Lang())
	if err != nil {
		return err
	}
	return r.File(f.Name, f.Type, f.Bytes)
}

// enter is where a customer enters what an electronic invoice lacks.
func enter(p site.Part) string {
	return map[site.Part]string{site.PartReferences: "/organisation/bills#references", site.PartBuyer: "/organisation/bills#company", site.PartReach: "/organisation/bills#reach",
		site.PartMandate: "/payments"}[p]
}

// machine is the invoice for accounting software.
func (d *desk) machine(r *site.Request) error {
	page := "/invoices/" + r.PathValue("id")
	return r.Machine(d.Invoices, r.PathValue("format"), page, enter, part.Link{Text: r.T("nav.invoices"), URL: "/invoices"}, part.Link{Text: r.T("invoice.title"), URL: page})
}

// document is the canonical form: its SHA-256 is the hash in the log.
func (d *desk) document(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	if v.Document == nil {
		return fail.New(fail.Gone, "invoice.hidden", "The invoice can no longer be opened.", "Its legal copy was erased when its time was over.")
	}
	b, err := v.Document.Canonical()
	if err != nil {
		return err
	}
	if !json.Valid(b) {
		return fail.New(fail.Internal, "internal", "", "")
	}
	return r.File(v.Number+".json", "application/json", b)
}

func (d *desk) proofFile(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Spool(v.Number+".proof", "application/json", func(w io.Writer) error {
		return d.Invoices.ProofFile(r.Context(), r.Caller, v.ID, w)
	})
}

// eventsFile is the usage events behind an invoice, beside a proof that leaves them out.
func (d *desk) eventsFile(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Spool(v.Number+".proof.events", "application/octet-stream", func(w io.Writer) error {
		return d.Invoices.EventsFile(r.Context(), r.Caller, v.ID, w)
	})
}
