package shop

import (
	"net/http"
	"net/url"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/place"
	tag "github.com/halle-cloud/halle/web/design/price"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/steps"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/locale"
	"github.com/halle-cloud/halle/web/site"
)

// quotePage is the last look before an order: everything it freezes, and one button.
type quotePage struct {
	design.Page
	Steps      steps.Steps
	Lines      []quoteLine
	Total      locale.Money
	First      bool // something is paid once
	Monthly    string
	Tax        tag.Tax
	Rate       string
	Until      string
	Form       site.FormView
	Taken      *button.Button // it was ordered already
	Withdrawal string
}

type quoteLine struct {
	Name, Plan string
	Parts      []tag.Line
	Terms      details.List
	Places     []place.Badge
	Nowhere    bool
	Contract   []string
}

func (d *desk) quotePage(r *site.Request) error {
	q, err := d.Orders.Quoted(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return d.showQuote(r, http.StatusOK, q, placeForm(r, q))
}

func (d *desk) showQuote(r *site.Request, status int, q order.Quote, view site.FormView) error {
	m, err := r.Market()
	if err != nil {
		return err
	}
	page := r.Page(r.T("quote.title"), part.Link{Text: r.T("nav.shop"), URL: "/"}, part.Link{Text: r.T("quote.title")})
	page.Nav = nil
	out := quotePage{Page: page, Steps: way(r, 1), Total: customer.Money(q.Total), Monthly: customer.Monthly(r, q.Recurring), First: q.Total != q.Recurring,
		Until: r.T("quote.until", "at", r.L.Instant(q.ExpiresAt)), Form: view}
	out.Tax, out.Rate = customer.Tax(r, d.rates, m.Country, q.Basis)
	for _, l := range q.Lines {
		line, err := d.quoteLine(r, q, l)
		if err != nil {
			return err
		}
		out.Lines = append(out.Lines, line)
	}
	if q.Order != "" {
		out.Taken = &button.Button{Text: r.T("quote.taken"), URL: "/orders/" + q.Order, Kind: button.Primary}
	}
	if r.Consumer() {
		out.Withdrawal = r.T("quote.withdrawal")
	}
	return r.Render(status, "shop/quote", out)
}

func (d *desk) quoteLine(r *site.Request, q order.Quote, l order.Line) (quoteLine, error) {
	out := quoteLine{Name: l.Terms.Name, Plan: l.Terms.PlanName}
	if l.Action != order.ActionAdd {
		out.Plan = r.T("action."+string(l.Action)) + ", " + out.Plan
	}
	for i, c := range l.Terms.Price.Components {
		if i < len(l.Terms.First.Lines) {
			out.Parts = append(out.Parts, tag.Line{Name: customer.Component(r, l.Terms.Meters, c), Amount: customer.UnitPrice(customer.Lowest(c)), Per: lineOf(r, c)})
		}
	}
	seller, err := d.Parties.Imprint(r.Context(), l.Terms.Seller)
	if err != nil && !fail.Is(err, fail.NotFound) {
		return out, err
	}
	out.Terms.Items = []details.Item{{Name: r.T("shop.seller"), Value: seller.Name}, {Name: r.T("class.label"), Value: customer.Class(r, l.Terms.DataClass)}}
	if len(l.Terms.Parameters) > 2 {
		out.Terms.Items = append(out.Terms.Items, details.Item{Name: r.T("order.step.settings"), Value: string(l.Terms.Parameters)})
	}
	if text := customer.Licence(r, l.Terms.Licence); text != "" {
		out.Terms.Items = append(out.Terms.Items, details.Item{Name: r.T("quote.licence"), Value: text})
	}
	if l.Terms.TermMonths > 0 {
		out.Terms.Items = append(out.Terms.Items, details.Item{Name: r.T("quote.term"), Value: r.T("shop.term", "n", l.Terms.TermMonths)})
	}
	if l.Action != order.ActionAdd {
		return out, nil
	}
	if v, err := d.Catalogue.Version(r.Context(), r.Caller, l.Terms.Version); err == nil {
		out.Contract = paragraphs(v.Content.Contract, q.Language)
	}
	return out, d.quotePlaces(r, q, l, &out)
}

// quotePlaces shows where it will run: the wish, or the cheapest place that is allowed; or that it may run nowhere.
func (d *desk) quotePlaces(r *site.Request, q order.Quote, l order.Line, out *quoteLine) error {
	places, err := d.Placements.WhereMayItRun(r.Context(), r.Caller, q.Market, l.Terms.Version, l.Terms.DataClass)
	if err != nil {
		return err
	}
	out.Nowhere = true
	for _, p := range places {
		if elsewhere(p) || l.Terms.Region != "" && p.Region != l.Terms.Region {
			continue
		}
		if p.Allowed {
			out.Places, out.Nowhere = append(out.Places, customer.Badge(r, p)), false
			return nil
		}
		out.Places = append(out.Places, customer.Badge(r, p))
	}
	return nil
}

// placeForm is the last button. Its words say what is paid; a consumer's must (Directive 2011/83/EU, art. 8(2)).
func placeForm(r *site.Request, q order.Quote) site.FormView {
	view := site.FormView{Action: "/quotes/" + q.ID, Button: orderWords(r, q), Hidden: []button.Pair{{Name: "total", Value: q.Total.String()}}}
	if r.Consumer() {
		view.Fields = []form.Field{
			{ID: "read", Kind: form.Checkbox, Label: r.T("quote.read"), Hint: r.T("quote.read.hint")},
			{ID: "start", Kind: form.Checkbox, Label: r.T("quote.start"), Hint: r.T("quote.start.hint")}}
	} else {
		view.Note = r.T("quote.business")
		view.Fields = []form.Field{{ID: "purchase_order", Label: r.T("quote.purchase_order"), Hint: r.T("quote.purchase_order.hint"), Optional: true}}
	}
	if len(q.Lines) > 0 && q.Lines[0].Action == order.ActionAdd {
		view.Back = &part.Link{Text: r.T("order.back"), URL: "/offers/" + url.PathEscape(q.Lines[0].Terms.Key)}
	} else {
		view.Back = &part.Link{Text: r.T("order.back"), URL: "/services"}
	}
	return view
}

func orderWords(r *site.Request, q order.Quote) string {
	switch {
	case q.Recurring.Sign() > 0:
		return r.T("quote.order.monthly", "amount", customer.Money(q.Recurring))
	case q.Total.Sign() > 0:
		return r.T("quote.order.once", "amount", customer.Money(q.Total))
	}
	return r.T("quote.order.use")
}

// place makes the order. The quote is its idempotency key: it can be ordered once, however often the button is pressed.
func (d *desk) place(r *site.Request) error {
	q, err := d.Orders.Quoted(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	if q.Order != "" {
		return r.Redirect("/orders/" + q.Order)
	}
	var total money.Amount
	if err := total.UnmarshalText([]byte(r.Value("total"))); err != nil {
		return fail.New(fail.Invalid, "order.total", "The price that was shown cannot be read.", "Look at the quote again, then order.").Wrap(err)
	}
	view := placeForm(r, q)
	if r.Consumer() && !r.Ticked("read") {
		refused := fail.New(fail.Invalid, "quote.read", "", "").Field("read", r.T("quote.read.error"))
		return d.quoteAgain(r, q, view, refused)
	}
	o, err := d.Orders.Place(r.Context(), r.Caller, order.PlaceInput{Key: q.ID, Org: q.Org, Quote: q.ID, Language: q.Language, Total: total, ConsentToStart: r.Ticked("start"), PurchaseOrder: r.Value("purchase_order")})
	if err != nil {
		return d.quoteAgain(r, q, view, err)
	}
	return r.Redirect("/orders/" + o.ID)
}

func (d *desk) quoteAgain(r *site.Request, q order.Quote, view site.FormView, err error) error {
	view.Fields = r.Fill(view.Fields)
	fields, notice, ok := r.Refuse(err, view.Fields, map[string]string{"consentToStart": "start", "purchaseOrder": "purchase_order"})
	if !ok {
		return err
	}
	view.Fields, view.Notice = fields, notice
	return d.showQuote(r, site.Status(err), q, view)
}

// quotes are the prices that were asked and hold, or held.
func (d *desk) quotes(r *site.Request) error {
	list, next, err := d.Orders.Quotes(r.Context(), r.Caller, r.Caller.Org, r.URL.Query().Get("after"), 25)
	if err != nil {
		return err
	}
	t := table.Table{ID: "quotes", Caption: r.T("quotes.title"), Query: table.Parse(r.URL), Found: -1, After: next,
		Columns: []table.Column{{Name: r.T("quotes.what")}, {Name: r.T("quotes.until")}, {Name: r.T("quotes.total"), Numeric: true}},
		Empty:   states.Empty{Icon: "tag", Title: r.T("quotes.none"), Text: r.T("quotes.none.text"), Action: &button.Button{Text: r.T("services.shop"), URL: "/", Kind: button.Primary}}}
	for _, q := range list {
		name := ""
		if len(q.Lines) > 0 {
			name = q.Lines[0].Terms.Name + ", " + q.Lines[0].Terms.PlanName
		}
		sub := ""
		if q.Order != "" {
			sub = r.T("quotes.ordered")
		}
		t.Rows = append(t.Rows, table.Row{URL: "/quotes/" + q.ID, Cells: []table.Cell{{Text: name, Sub: sub}, {Text: r.L.Instant(q.ExpiresAt)}, {Text: r.L.Money(customer.Money(q.Total))}}})
	}
	return r.OK(site.Sheet{Page: r.Page(r.T("quotes.title")), Lead: r.T("quotes.lead"), Main: []site.Block{{Template: "table", View: t}}})
}
