package shop

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/exitmark"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/place"
	tag "github.com/halle-cloud/halle/web/design/price"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// offerPage is one offer. Everything that decides stands on it, before the order.
type offerPage struct {
	design.Page
	Name, Summary, Publisher string
	Description              []string
	Plans                    []planView
	Calculator               calculator
	Class                    form.Field // for which data the places are judged
	Places, Refused          []place.Badge
	PlacesText               string
	Levels                   *table.Table
	Parties                  *table.Table
	Facts                    details.List
	Exit                     exitmark.Mark
	Order                    button.Button
	ContractURL              string
}

// planView is one plan with its price list.
type planView struct {
	Key, Name, Summary string
	Price              tag.Tag
	Limits             []string
	URL                string // chooses it in the calculator
	Chosen             bool
}

// shown reads the offer of the request as the person's market sells it.
func (d *desk) shown(r *site.Request) (party.Market, catalog.Version, error) {
	m, err := r.Market()
	if err != nil {
		return m, catalog.Version{}, err
	}
	v, err := d.Catalogue.Offer(r.Context(), r.Caller, m.ID, r.PathValue("key"))
	return m, v, err
}

func (d *desk) offer(r *site.Request) error {
	m, v, err := d.shown(r)
	if err != nil {
		return err
	}
	c := v.Content
	name, _ := c.Name.In(r.Lang())
	view := offerPage{Page: r.Page(name, part.Link{Text: r.T("nav.shop"), URL: "/"}, part.Link{Text: name}), Name: name}
	view.Nav = nil
	view.Summary, _ = c.Summary.In(r.Lang())
	view.Page.Description = view.Summary
	view.Description = paragraphs(c.Description, r.Lang())
	view.Calculator = d.calculate(r, m, &c)
	view.Plans = d.plans(r, m, &c, view.Calculator.Plan)
	view.Exit = exitMark(c.Exit)
	view.Order = button.Button{Text: r.T("shop.order", "name", name), Kind: button.Primary, URL: "/offers/" + url.PathEscape(c.Key) + "/order?plan=" + url.QueryEscape(view.Calculator.Plan)}
	view.ContractURL = "/offers/" + url.PathEscape(c.Key) + "/contract"
	if err := d.where(r, &view, m, v); err != nil {
		return err
	}
	if err := d.parties(r, &view, m, &c); err != nil {
		return err
	}
	view.Levels = levels(r, c.ServiceLevels)
	view.Search = search(r, nil)
	return r.Render(http.StatusOK, "shop/offer", view)
}

// clause begins a numbered clause of a contract: "2. ".
var clause = regexp.MustCompile(`\n(\d+\. )`)

// paragraphs are the parts of a text between empty lines; a numbered clause is one too.
func paragraphs(t catalog.Text, lang string) (out []string) {
	text, _ := t.In(lang)
	text = clause.ReplaceAllString(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n$1")
	for _, p := range strings.Split(text, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

func exitMark(e catalog.Exit) exitmark.Mark {
	m := exitmark.Mark{Formats: e.Formats}
	if e.Rehearsed.Valid() {
		m.Rehearsed = e.Rehearsed.Start(time.UTC)
	}
	return m
}

func (d *desk) plans(r *site.Request, m party.Market, c *catalog.Content, chosen string) []planView {
	var out []planView
	for i := range c.Plans {
		p := &c.Plans[i]
		list := p.Price(m)
		if list == nil || p.Withdrawn {
			continue
		}
		view := planView{Key: p.Key, Chosen: p.Key == chosen, URL: "/offers/" + url.PathEscape(c.Key) + "?plan=" + url.QueryEscape(p.Key) + "#price"}
		view.Name, _ = p.Name.In(r.Lang())
		view.Summary, _ = p.Summary.In(r.Lang())
		view.Price = d.tag(r, m, c, list)
		for _, key := range []string{"connections", "message_bytes", "sessions", "storage_bytes"} {
			if n, ok := p.Limits[key]; ok {
				view.Limits = append(view.Limits, limitText(r, key, n))
			}
		}
		if text := customer.Licence(r, p.Licence); text != "" {
			view.Limits = append(view.Limits, text)
		}
		if p.TrialDays > 0 {
			view.Limits = append(view.Limits, r.T("shop.trial", "n", p.TrialDays))
		}
		if p.TermMonths > 0 {
			view.Limits = append(view.Limits, r.T("shop.term", "n", p.TermMonths))
		}
		out = append(out, view)
	}
	return out
}

func limitText(r *site.Request, key string, n int64) string {
	if strings.HasSuffix(key, "_bytes") {
		return r.T("limit."+key, "size", r.L.Bytes(n))
	}
	return r.T("limit."+key, "n", n)
}

// tag is the price list of a plan: what is paid each period, and the parts of it.
func (d *desk) tag(r *site.Request, m party.Market, c *catalog.Content, list *catalog.Price) tag.Tag {
	t := least(r, list)
	t.Tax, t.Rate = customer.Tax(r, d.rates, m.Country, list.Basis)
	t.Starts, t.Stops = r.T("shop.starts"), r.T("shop.stops")
	if t.Free {
		return t
	}
	for _, part := range list.Components {
		t.Lines = append(t.Lines, tag.Line{Name: customer.Component(r, c.Meters, part), Amount: customer.UnitPrice(customer.Lowest(part)), Per: lineOf(r, part)})
	}
	if len(t.Lines) == 1 && list.Components[0].Kind == price.PerPeriod {
		t.Lines = nil
	}
	return t
}

// lineOf says the unit of a line, what is free, and that more costs less.
func lineOf(r *site.Request, c price.Component) string {
	text := customer.Per(r, c)
	if c.Free > 0 && c.Per > 0 {
		text += ", " + r.T("shop.free", "n", int64(c.Free)/int64(c.Per), "unit", unitWord(r, c.Unit))
	}
	if len(c.Tiers) > 1 {
		text += ", " + r.T("shop.tiers", "price", customer.UnitPrice(c.Tiers[0].Price))
	}
	return text
}

func unitWord(r *site.Request, unit string) string {
	if key := "unit.word." + unit; r.L.Has(key) {
		return r.T(key)
	}
	return unit
}

// where fills in the places, allowed first, with every reason why not elsewhere.
func (d *desk) where(r *site.Request, view *offerPage, m party.Market, v catalog.Version) error {
	class := r.URL.Query().Get("class")
	places, err := d.Placements.WhereMayItRun(r.Context(), r.Caller, m.ID, v.ID, class)
	if err != nil {
		return err
	}
	view.Class = form.Field{ID: "class", Kind: form.Select, Label: r.T("shop.class"), Hint: r.T("shop.class.hint"), Options: classes(r, v.Content.DataClasses, class)}
	for _, p := range places {
		if elsewhere(p) {
			continue
		}
		badge := customer.Badge(r, p)
		if p.Allowed {
			view.Places = append(view.Places, badge)
		} else {
			view.Refused = append(view.Refused, badge)
		}
	}
	view.PlacesText = r.T("shop.where.none")
	if n := len(view.Places); n > 0 {
		view.PlacesText = r.T("shop.where", "n", n)
	}
	return nil
}

// classes are the classes of data in plain words; the first is what a customer's policy takes when nothing is said.
func classes(r *site.Request, offered []string, chosen string) []form.Option {
	out := []form.Option{{Label: r.T("class.default"), Chosen: chosen == ""}}
	for _, class := range []string{residency.ClassPublic, residency.ClassInternal, residency.ClassPersonal, residency.ClassHealth} {
		hint := ""
		if len(offered) > 0 && !contains(offered, class) {
			hint = " (" + r.T("class.refused") + ")"
		}
		out = append(out, form.Option{Value: class, Label: customer.Class(r, class) + hint, Chosen: chosen == class})
	}
	return out
}

func contains(list []string, text string) bool {
	for _, s := range list {
		if s == text {
			return true
		}
	}
	return false
}

// elsewhere tells whether a place is of another kind of engine: then it says nothing about the rules for the data.
func elsewhere(p placement.Place) bool {
	for _, reason := range p.Reasons {
		if reason.Rule == "residency.offer_region" {
			return true
		}
	}
	return false
}

// parties fills in who sells, who makes it, and who else has a hand in the data.
func (d *desk) parties(r *site.Request, view *offerPage, m party.Market, c *catalog.Content) error {
	maker, err := d.Parties.Imprint(r.Context(), c.Entity)
	if err != nil {
		return err
	}
	seller, err := d.Parties.Imprint(r.Context(), c.SellerEntity(m))
	if err != nil {
		return err
	}
	view.Publisher = maker.Name
	view.Facts.Items = []details.Item{{Name: r.T("shop.maker"), Value: maker.Name + ", " + r.L.Country(maker.Country)}, {Name: r.T("shop.seller"), Value: seller.Name + ", " + r.L.Country(seller.Country)}}
	if len(c.Support) > 0 {
		view.Facts.Items = append(view.Facts.Items, details.Item{Name: r.T("shop.support"), Value: customer.Countries(r, c.Support)})
	}
	if c.Driver.Isolation != "" {
		view.Facts.Items = append(view.Facts.Items, details.Item{Name: r.T("shop.isolation"), Value: r.T("isolation." + c.Driver.Isolation)})
	}
	if len(c.SubProcessors) == 0 {
		return nil
	}
	t := table.Table{ID: "subprocessors", Caption: r.T("shop.parties"), Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: r.T("shop.parties.who")}, {Name: r.T("shop.parties.purpose")}, {Name: r.T("shop.parties.country")}, {Name: r.T("shop.parties.control")}}}
	for _, p := range c.SubProcessors {
		purpose, _ := p.Purpose.In(r.Lang())
		control := p.ControlledFrom
		if control == "" {
			control = p.Country
		}
		t.Rows = append(t.Rows, table.Row{Cells: []table.Cell{{Text: p.Name}, {Text: purpose}, {Text: r.L.Country(p.Country)}, {Text: r.L.Country(control)}}})
	}
	view.Parties = &t
	return nil
}

func levels(r *site.Request, list []catalog.ServiceLevel) *table.Table {
	if len(list) == 0 {
		return nil
	}
	t := table.Table{ID: "levels", Caption: r.T("shop.levels"), Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: r.T("shop.levels.measure")}, {Name: r.T("shop.levels.target")}, {Name: r.T("shop.levels.credit")}, {Name: r.T("shop.levels.support")}}}
	for _, l := range list {
		var credits []string
		for _, c := range l.Credits {
			credits = append(credits, r.T("shop.levels.below", "below", decimal(r, c.Below), "share", c.Share))
		}
		hours, _ := l.Hours.In(r.Lang())
		t.Rows = append(t.Rows, table.Row{Cells: []table.Cell{{Text: r.T("measure." + l.Measure), Sub: r.T("window." + l.Window)}, {Text: decimal(r, l.Target) + "\u00a0%"},
			{Text: strings.Join(credits, "; ")}, {Text: hours, Sub: l.Contact}}})
	}
	return &t
}

// decimal writes a number of the catalogue, "99.9", in the language of the page.
func decimal(r *site.Request, text string) string {
	if r.Lang() == "fr" {
		return strings.Replace(text, ".", ",", 1)
	}
	return text
}

// contract is the full text that an order freezes by its hash.
func (d *desk) contract(r *site.Request) error {
	_, v, err := d.shown(r)
	if err != nil {
		return err
	}
	name, _ := v.Content.Name.In(r.Lang())
	_, lang := v.Content.Contract.In(r.Lang())
	page := r.Page(r.T("shop.contract"), part.Link{Text: r.T("nav.shop"), URL: "/"}, part.Link{Text: name, URL: "/offers/" + url.PathEscape(v.Content.Key)}, part.Link{Text: r.T("shop.contract")})
	page.Nav = nil
	return r.OK(site.Sheet{Page: page, Heading: r.T("shop.contract.of", "name", name), Lead: r.T("shop.contract.lead"), Main: []site.Block{
		{Template: "site/prose", View: site.Prose{Paragraphs: paragraphs(v.Content.Contract, r.Lang())}, Card: true},
		{Template: "details", View: details.List{Items: []details.Item{
			{Name: r.T("shop.contract.version"), Value: r.L.Number(v.Number)}, {Name: r.T("shop.contract.language"), Value: r.T("lang." + lang)},
			{Name: r.T("shop.contract.hash"), Value: v.Content.ContractHash(lang)}}}}}})
}
