package shop

import (
	"net/url"
	"strings"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/form"
	tag "github.com/halle-cloud/halle/web/design/price"
	"github.com/halle-cloud/halle/web/locale"
	"github.com/halle-cloud/halle/web/site"
)

// calculator is the price for my quantities: a form that is sent by GET, so that a price can be shared.
type calculator struct {
	Action string
	Plan   string
	Fields []form.Field
	Lines  []tag.Line
	Total  locale.Money
	First  bool // the total holds one-off charges too
	Later  locale.Money
	Tax    tag.Tax
	Rate   string
	Error  string
}

// assumedName is the input of a component's quantity.
func assumedName(key string) string { return "q." + key }

// calculate reads plan and quantities from the address; what is missing starts at 100 units of each meter.
func (d *desk) calculate(r *site.Request, m party.Market, c *catalog.Content) calculator {
	q := r.URL.Query()
	plan := chosenPlan(m, c, q.Get("plan"))
	out := calculator{Action: "/offers/" + url.PathEscape(c.Key) + "#price"}
	if plan == nil {
		return out
	}
	out.Plan = plan.Key
	list := plan.Price(m)
	out.Tax, out.Rate = customer.Tax(r, d.rates, m.Country, list.Basis)
	out.Fields = append(out.Fields, planField(r, m, c, plan.Key))
	assumed := map[string]money.Quantity{}
	for _, part := range list.Components {
		if !part.Kind.Usage() {
			continue
		}
		f := form.Field{ID: assumedName(part.Key), Kind: form.Integer, Label: customer.Component(r, c.Meters, part), Hint: r.T("shop.quantity.in", "unit", unitWord(r, part.Unit)), Value: "100"}
		if q.Has(f.ID) {
			f.Value = strings.TrimSpace(q.Get(f.ID))
		}
		n, err := quantity(f.Value, part.Per)
		if err != nil {
			f.Error = r.T("shop.quantity.error")
		}
		assumed[part.Key] = n
		out.Fields = append(out.Fields, f)
	}
	quote, err := price.NewQuote(list.Version(), assumed)
	if err != nil {
		out.Error = r.T("shop.quote.error")
		return out
	}
	out.fill(r, list, c, quote)
	return out
}

func (o *calculator) fill(r *site.Request, list *catalog.Price, c *catalog.Content, quote price.Quote) {
	for i, line := range quote.Lines {
		part := list.Components[i]
		if line.Amount.IsZero() && part.Kind != price.PerPeriod {
			continue
		}
		o.Lines = append(o.Lines, tag.Line{Name: customer.Component(r, c.Meters, part), Amount: customer.Money(line.Amount), Per: quantityText(r, part, line.Quantity)})
	}
	if !quote.Terms.IsZero() {
		o.Lines = append(o.Lines, tag.Line{Name: r.T("component.terms"), Amount: customer.Money(quote.Terms)})
	}
	o.Total, o.First = customer.Money(quote.Total), quote.OneOff.Sign() > 0
	if later, err := quote.Total.Sub(quote.OneOff); err == nil && o.First {
		o.Later = customer.Money(later)
	}
}

func quantityText(r *site.Request, c price.Component, n money.Quantity) string {
	switch {
	case c.Kind == price.OneOff:
		return r.T("per.once")
	case c.Kind == price.PerPeriod:
		return r.T("per." + string(c.Every))
	case c.Per > 1:
		return r.T("shop.quantity", "n", int64(n)/int64(c.Per), "unit", unitWord(r, c.Unit))
	}
	return r.T("shop.quantity", "n", int64(n), "unit", unitWord(r, c.Unit))
}

// quantity reads priced units and gives base units of the meter.
func quantity(text string, per money.Quantity) (money.Quantity, error) {
	n, err := money.ParseQuantity(strings.NewReplacer(" ", "", "\u00a0", "", ",", "").Replace(text))
	if err != nil {
		return 0, err
	}
	if per > 1 {
		return n.Mul(per)
	}
	return n, nil
}

// chosenPlan is the plan asked for, or the first that the market sells.
func chosenPlan(m party.Market, c *catalog.Content, key string) *catalog.Plan {
	if p := c.Plan(key); p != nil && !p.Withdrawn && p.Price(m) != nil {
		return p
	}
	for i := range c.Plans {
		if p := &c.Plans[i]; !p.Withdrawn && p.Price(m) != nil {
			return p
		}
	}
	return nil
}

func planField(r *site.Request, m party.Market, c *catalog.Content, chosen string) form.Field {
	f := form.Field{ID: "plan", Kind: form.Select, Label: r.T("shop.plan")}
	for i := range c.Plans {
		p := &c.Plans[i]
		if p.Withdrawn || p.Price(m) == nil {
			continue
		}
		name, _ := p.Name.In(r.Lang())
		f.Options = append(f.Options, form.Option{Value: p.Key, Label: name, Chosen: p.Key == chosen})
	}
	return f
}
