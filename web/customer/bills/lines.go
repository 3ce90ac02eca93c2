package bills

import (
	"encoding/json"
	"strings"

	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/site"
)

// sold are the services that an invoice is about, for the words of its lines. One that the reader may not see is left
// out: the line then speaks in the invoice's own words.
func (d *desk) sold(r *site.Request, i *proof.Invoice) map[string]subscription.Detail {
	out := map[string]subscription.Detail{}
	for _, l := range i.Lines {
		if _, ok := out[l.Subscription]; ok {
			continue
		}
		if s, err := d.Subscriptions.Service(r.Context(), r.Caller, l.Subscription); err == nil {
			out[l.Subscription] = s
		}
	}
	return out
}

func lineOf(r *site.Request, l proof.InvoiceLine, s subscription.Detail) lineView {
	v := lineView{No: l.No, Item: l.Item, What: humanised(l.Component), Quantity: r.L.Number(int64(l.Quantity)), Amount: customer.Money(l.Amount), Rate: rate(r, l.BasisPoints), Correction: l.Correction}
	if key := "component." + l.Component; r.L.Has(key) {
		v.What = r.T(key)
	}
	if l.Term != "" {
		v.What, v.Quantity = r.T("component."+string(l.Term)), ""
	}
	if c := component(s, l); c != nil && l.Term == "" {
		v.What = customer.Component(r, s.Deal.Meters, *c)
		v.Price = r.L.Money(customer.UnitPrice(customer.Lowest(*c))) + " " + customer.Per(r, *c)
		if len(c.Tiers) > 1 {
			v.Price = r.T("price.from") + " " + v.Price
		}
		for _, m := range s.Deal.Meters {
			if m.Key == c.Meter && c.Meter != "" {
				v.Quantity = customer.Amount(r, m.Unit, int64(l.Quantity))
			}
		}
	}
	if !l.Period.IsZero() {
		v.Period = r.L.Date(l.Period.From)
		if to := r.L.Date(l.Period.To); to != v.Period {
			v.Period += " – " + to
		}
	}
	seen := map[string]bool{}
	for _, c := range l.Charges {
		if c.Window != "" && !seen[c.Window] && len(v.Windows) < 5 {
			seen[c.Window] = true
			v.Windows = append(v.Windows, part.Link{Text: r.T("invoice.window", "n", len(v.Windows)+1), URL: "/services/" + l.Subscription + "/windows/" + c.Window})
		}
	}
	return v
}

// component is the part of the price version by which a line was priced.
func component(s subscription.Detail, l proof.InvoiceLine) *price.Component {
	for _, span := range s.Prices {
		if span.PriceHash != l.Price {
			continue
		}
		var list price.Version
		if json.Unmarshal(span.Price, &list) != nil {
			return nil
		}
		if c, err := list.Component(l.Component); err == nil {
			return c
		}
	}
	return nil
}

func humanised(key string) string {
	if key == "" {
		return key
	}
	return strings.ToUpper(key[:1]) + strings.ReplaceAll(key[1:], "_", " ")
}
