package shop

import (
	"encoding/json"
	"net/url"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/steps"
	"github.com/halle-cloud/halle/web/site"
)

// orderPage asks what the offer needs to know. The price is frozen on the page after it.
func (d *desk) orderPage(r *site.Request) error {
	m, v, err := d.shown(r)
	if err != nil {
		return err
	}
	view, err := d.orderForm(r, m, v)
	if err != nil {
		return err
	}
	return r.OK(d.orderSheet(r, v)(view))
}

func (d *desk) orderSheet(r *site.Request, v catalog.Version) func(site.FormView) site.Sheet {
	name, _ := v.Content.Name.In(r.Lang())
	return func(view site.FormView) site.Sheet {
		page := r.Page(r.T("shop.order", "name", name), part.Link{Text: r.T("nav.shop"), URL: "/"}, part.Link{Text: name, URL: "/offers/" + url.PathEscape(v.Content.Key)}, part.Link{Text: r.T("order.title")})
		page.Nav = nil
		return site.Sheet{Page: page, Lead: r.T("order.lead"), Narrow: true, Main: []site.Block{
			{Template: "steps", View: way(r, 0)}, {Template: "site/form", View: view}}}
	}
}

// way is the way through an order.
func way(r *site.Request, at int) steps.Steps {
	return steps.Steps{Label: r.T("order.title"), At: at, Names: []string{r.T("order.step.settings"), r.T("order.step.check"), r.T("order.step.run")}}
}

func (d *desk) orderForm(r *site.Request, m party.Market, v catalog.Version) (site.FormView, error) {
	c := &v.Content
	s, err := parseSchema(c.Parameters)
	if err != nil {
		return site.FormView{}, err
	}
	plan := ""
	if p := chosenPlan(m, c, r.URL.Query().Get("plan")); p != nil {
		plan = p.Key
	}
	fields := []form.Field{planField(r, m, c, plan)}
	fields = append(fields, s.fields(r, parameterPrefix, nil)...)
	fields = append(fields, classField(r, c.DataClasses))
	region, err := d.regionField(r, m, v)
	if err != nil {
		return site.FormView{}, err
	}
	return site.FormView{Action: "/offers/" + url.PathEscape(c.Key) + "/order", Fields: append(fields, region), Button: r.T("order.check"),
		Note: r.T("order.check.note"), Back: &part.Link{Text: r.T("order.back"), URL: "/offers/" + url.PathEscape(c.Key)}}, nil
}

// classField asks for the class of the data, each in plain words.
func classField(r *site.Request, offered []string) form.Field {
	f := form.Field{ID: "dataClass", Kind: form.Radios, Label: r.T("order.class"), Hint: r.T("order.class.hint")}
	for _, class := range []string{residency.ClassPublic, residency.ClassInternal, residency.ClassPersonal, residency.ClassHealth} {
		hint := r.T("class." + class + ".hint")
		if len(offered) > 0 && !contains(offered, class) {
			hint += " " + r.T("class.refused") + "."
		}
		f.Options = append(f.Options, form.Option{Value: class, Label: customer.Class(r, class), Hint: hint, Chosen: class == residency.ClassPersonal})
	}
	return f
}

func (d *desk) regionField(r *site.Request, m party.Market, v catalog.Version) (form.Field, error) {
	f := form.Field{ID: "region", Kind: form.Select, Label: r.T("order.region"), Hint: r.T("order.region.hint"), Options: []form.Option{{Label: r.T("order.region.any"), Chosen: true}}}
	places, err := d.Placements.WhereMayItRun(r.Context(), r.Caller, m.ID, v.ID, "")
	if err != nil {
		return f, err
	}
	for _, p := range places {
		if elsewhere(p) {
			continue
		}
		label := p.City + ", " + r.L.Country(p.Country)
		if !p.Allowed {
			label += " (" + r.T("order.region.refused") + ")"
		}
		f.Options = append(f.Options, form.Option{Value: p.Region, Label: label})
	}
	return f, nil
}

// quote freezes the price of what was asked, and leads to it.
func (d *desk) quote(r *site.Request) error {
	m, v, err := d.shown(r)
	if err != nil {
		return err
	}
	s, err := parseSchema(v.Content.Parameters)
	if err != nil {
		return err
	}
	item := order.ItemInput{Offer: v.Offer, Version: v.ID, Plan: r.Value("plan"), Region: r.Value("region"), DataClass: r.Value("dataClass")}
	if len(s.Properties) > 0 {
		if item.Parameters, err = json.Marshal(s.read(r, parameterPrefix)); err != nil {
			return err
		}
	}
	q, err := d.Orders.Quote(r.Context(), r.Caller, order.QuoteInput{Org: r.Caller.Org, Language: r.Lang(), Items: []order.ItemInput{item}})
	if err != nil {
		view, failed := d.orderForm(r, m, v)
		if failed != nil {
			return failed
		}
		return r.Again(renamed(err, view.Fields), nil, d.orderSheet(r, v), view)
	}
	return r.Redirect("/quotes/" + q.ID)
}
