package service

import (
	"math/big"
	"net/url"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// convertPage sets what the service costs beside another plan, month by month, on what was really used.
func (d *pages) convertPage(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	plan := r.URL.Query().Get("plan")
	list, err := d.Orders.PriceOf(r.Context(), r.Caller, s.Org, s.Deal.Key, plan)
	if err != nil {
		return err
	}
	name, err := d.planName(r, s.Subscription, plan)
	if err != nil {
		return err
	}
	contract, err := d.Licences.Contract(r.Context(), r.Caller, s.ID)
	if err != nil {
		return err
	}
	sheet := d.sheet(r, s.Subscription, "licence")
	sheet.Heading, sheet.Lead = r.T("convert.title", "plan", name), r.T("convert.lead", "now", s.Deal.PlanName, "plan", name)
	c, err := d.Ratings.Convert(r.Context(), r.Caller, rating.ConvertInput{Subscription: s.ID, Price: list, Charges: contract.Charges, TermMonths: contract.TermMonths})
	if fail.Is(err, fail.NotFound) {
		sheet.Main = []site.Block{{Template: "states.empty", View: states.Empty{Icon: "clock", Title: r.T("convert.none"), Text: r.T("convert.none.text")}}}
		return r.OK(sheet)
	}
	if err != nil {
		return err
	}
	sheet.Main = []site.Block{{Title: r.T("convert.result"), Template: "details", View: convertDetails(r, s.Subscription, list, c, contract)}, convertTable(r, s.Subscription, name, c)}
	if customer.May(d.Services, r, access.ServiceChange) == nil && s.State.Runs() {
		view := site.FormView{Action: serviceURL(s.ID, "/change"), Hidden: []button.Pair{{Name: "plan", Value: plan}}, Button: r.T("convert.order", "plan", name), Note: r.T("convert.order.note"),
			Back: &part.Link{Text: r.T("convert.back"), URL: serviceURL(s.ID, "/licence")}}
		sheet.Main = append(sheet.Main, site.Block{ID: "order", Template: "site/form", View: view})
	}
	return r.OK(sheet)
}

// planName is the name of a plan of the service's offer.
func (d *pages) planName(r *site.Request, s subscription.Subscription, key string) (string, error) {
	m, err := r.Market()
	if err != nil {
		return "", err
	}
	v, err := d.Catalogue.Offer(r.Context(), r.Caller, m.ID, s.Deal.Offer)
	if err != nil {
		return "", err
	}
	plan := v.Content.Plan(key)
	if plan == nil {
		return "", fail.Missing("plan", key)
	}
	name, _ := plan.Name.In(r.Lang())
	return name, nil
}

func convertDetails(r *site.Request, s subscription.Subscription, list *price.Version, c rating.Conversion, contract licence.Contract) details.List {
	l := details.List{}
	add := func(key, value string) { l.Items = append(l.Items, details.Item{Name: r.T(key), Value: value}) }
	if c.Saving.Currency != "" {
		add("convert.saving", saved(r, c.Saving))
	}
	switch c.Even.Always {
	case rating.LicenceCheaper:
		add("convert.even", r.T("convert.even.licence"))
	case rating.OtherCheaper:
		add("convert.even", r.T("convert.even.other"))
	default:
		for _, p := range c.Even.Parts {
			add("convert.even", r.T("convert.even.value", "part", partName(r, s, list, p.Component), "at", units(r, p.At, p.Per), "now", units(r, p.Now, p.Per), "unit", customer.Unit(r, p.Unit)))
		}
		if c.Even.Percent > 0 {
			add("convert.percent", r.L.Percent(c.Even.Percent, 0))
		}
	}
	if credit := contract.Credit; credit.Unused > 0 && credit.Credit.Nanos > 0 {
		const day = 86400
		add("convert.credit", r.T("convert.credit.value", "amount", r.L.Money(customer.UnitPrice(cents(credit.Credit))), "left", credit.Unused/day, "all", credit.Term/day, "percent", credit.Percent))
	}
	return l
}

// cents is a price as money is shown: what lies below the cent is rounded on the invoice.
func cents(p money.UnitPrice) money.UnitPrice {
	p.Nanos = (p.Nanos + 5_000_000) / 10_000_000 * 10_000_000
	return p
}

func saved(r *site.Request, a money.Amount) string {
	switch {
	case a.Minor > 0:
		return r.T("convert.saving.less", "amount", r.L.Money(customer.Money(a)))
	case a.Minor < 0:
		a.Minor = -a.Minor
		return r.T("convert.saving.more", "amount", r.L.Money(customer.Money(a)))
	}
	return r.T("compare.same")
}

func partName(r *site.Request, s subscription.Subscription, list *price.Version, key string) string {
	c, err := list.Component(key)
	if err != nil {
		return key
	}
	return customer.Component(r, s.Deal.Meters, *c)
}

// units writes base units as priced ones, with one decimal.
func units(r *site.Request, base, per money.Quantity) string {
	n := new(big.Int).Mul(big.NewInt(int64(base)), big.NewInt(10))
	n.Add(n, big.NewInt(int64(per)/2))
	return r.L.Decimal(n.Div(n, big.NewInt(int64(max(per, 1)))).Int64(), 1)
}

func convertTable(r *site.Request, s subscription.Subscription, name string, c rating.Conversion) site.Block {
	t := table.Table{ID: "months", Caption: r.T("convert.months"), Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: r.T("compare.period")}, {Name: s.Deal.PlanName, Numeric: true}, {Name: name, Numeric: true}, {Name: r.T("compare.saving"), Numeric: true}}}
	now := r.Site().Options().Now()
	add := func(period string, a, b, saving money.Amount, sub string) {
		text := ""
		if saving.Currency != "" {
			text = difference(r, saving)
		}
		t.Rows = append(t.Rows, table.Row{Cells: []table.Cell{{Text: period}, {Text: r.L.Money(customer.Money(a)), Sub: sub}, {Text: r.L.Money(customer.Money(b))}, {Text: text}}})
	}
	for _, m := range c.Months {
		period := r.T("compare.so_far")
		if !now.Before(m.Period.To) {
			period = r.L.DateLong(m.Period.From.Add(noon)) + " – " + r.L.DateLong(m.Period.To.Add(-noon))
		}
		sub := ""
		if !m.Bought.IsZero() {
			sub = r.T("convert.bought", "amount", r.L.Money(customer.Money(m.Bought)))
		}
		add(period, m.Licence, m.Other, m.Saving, sub)
	}
	if len(c.Months) > 1 {
		add(r.T("convert.all", "n", len(c.Months)), c.Licence, c.Other, c.Saving, "")
	}
	return site.Block{ID: "by-month", Title: r.T("convert.months"), Text: r.T("convert.months.text"), Template: "table", View: t}
}

func difference(r *site.Request, a money.Amount) string {
	return saving(r, rating.Comparison{Saving: a})
}

// convertURL is the page for a plan.
func convertURL(service, plan string) string {
	return serviceURL(service, "/convert?plan="+url.QueryEscape(plan))
}
