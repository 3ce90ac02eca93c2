package orders

import (
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/rail"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/why"
	"github.com/halle-cloud/halle/web/site"
)

func (d *desk) order(r *site.Request) error {
	o, err := d.Orders.Order(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	state := stateBadge(r, o)
	sheet := site.Sheet{Page: r.Page(name(r, o), part.Link{Text: r.T("nav.orders"), URL: "/orders"}, part.Link{Text: name(r, o)}), Lead: sub(r, o), Badge: &state, Actions: d.actions(r, o)}
	if !o.State.Final() {
		sheet.Refresh = 3
	}
	sheet.Main = append(sheet.Main, site.Block{ID: "progress", Title: r.T("order.progress"), Template: "rail", View: progress(r, o)})
	sheet.Main = append(sheet.Main, troubles(r, o)...)
	panels, err := d.places(r, o)
	if err != nil {
		return err
	}
	sheet.Main = append(sheet.Main, panels...)
	trail, err := customer.About(d.Services, r, o.ID)
	if err != nil {
		return err
	}
	if len(trail.Entries) > 0 {
		sheet.Main = append(sheet.Main, site.Block{ID: "facts", Title: r.T("order.facts"), Text: r.T("order.facts.text"), Template: "customer/trail", View: trail})
	}
	sheet.Side = []site.Block{{Title: r.T("order.terms"), Template: "details", View: termsOf(r, o), Card: true}}
	return r.OK(sheet)
}

// actions are what can be done with an order now, by somebody of the role; the use cases refuse all others.
func (d *desk) actions(r *site.Request, o order.Order) (out []button.Button) {
	may := func(a access.Action) bool {
		return d.Policy.Check(r.Caller, a, access.Resource{Type: "order", ID: o.ID, Org: o.Org, Path: o.Path}) == nil
	}
	at := orderURL(o.ID)
	if o.State == order.StateHeld && may(access.OrderApprove) {
		out = append(out, button.Button{Text: r.T("order.approve"), URL: at + "/approve", Post: true, Kind: button.Primary}, button.Button{Text: r.T("order.reject"), URL: at + "/reject"})
	}
	if !o.State.Final() && may(access.OrderCancel) {
		out = append(out, button.Button{Text: r.T("order.cancel"), URL: at + "/cancel"})
	}
	if withdrawable(r, o) && may(access.ServiceWithdraw) {
		out = append(out, button.Button{Text: r.T("order.withdraw"), URL: at + "/withdraw"})
	}
	for _, i := range o.Items {
		if i.State == order.ItemCompleted && i.Action != order.ActionCancel && !o.Withdrawn {
			out = append(out, button.Button{Text: r.T("order.toservice"), URL: "/services/" + i.Subscription, Kind: button.Primary})
			break
		}
	}
	return out
}

func withdrawable(r *site.Request, o order.Order) bool {
	return o.Consumer && !o.Withdrawn && !o.WithdrawBy.IsZero() && r.Site().Options().Now().Before(o.WithdrawBy) &&
		o.State != order.StateFailed && o.State != order.StateCancelled && o.State != order.StateRejected
}

// rail is the progress alone. When the order has ended the whole page is asked for once more.
func (d *desk) rail(r *site.Request) error {
	o, err := d.Orders.Order(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	if o.State.Final() {
		r.W.Header().Set("HX-Refresh", "true")
	}
	return r.Part("rail", progress(r, o))
}

func progress(r *site.Request, o order.Order) rail.Rail {
	out := rail.Rail{ID: "rail", Label: r.T("order.progress")}
	if !o.State.Final() {
		out.URL = orderURL(o.ID) + "/rail"
	}
	names := map[string]order.Item{}
	for _, i := range o.Items {
		names[i.ID] = i
	}
	var before time.Time
	current := true
	for _, s := range o.Steps() {
		step := rail.Step{State: rail.Waiting, Name: r.T("step." + s.Name), At: s.At}
		switch {
		case s.Done && slices.Contains([]string{"rejected", "failed", "cancelled"}, s.Name):
			step.State = rail.Failed
		case s.Done:
			step.State = rail.Done
		case current:
			step.State, current = rail.Current, false
		}
		if n := len(out.Steps); n > 0 && step.State == rail.Failed && out.Steps[n-1].Name == step.Name {
			continue // the order ends as its only item did
		}
		if !before.IsZero() && s.Done && s.At.Sub(before) >= time.Millisecond {
			step.Took = s.At.Sub(before)
		}
		if !s.At.IsZero() {
			before = s.At
		}
		if i, ok := names[s.Item]; ok {
			step.Detail = stepDetail(r, o, i, s.Name)
		}
		if s.Name == "approved" && !s.Done {
			step.Detail = r.T("step.approved.waits")
		}
		out.Steps = append(out.Steps, step)
	}
	return out
}

func stepDetail(r *site.Request, o order.Order, i order.Item, step string) string {
	switch {
	case i.Failure != nil:
		return i.Failure.Text
	case i.State == order.ItemPending && step == "ready":
		return r.T("step.waits")
	case len(o.Items) > 1:
		return i.Terms.Name
	}
	return ""
}

// troubles are refusals and failures: what, why, and what would make it pass.
func troubles(r *site.Request, o order.Order) (out []site.Block) {
	for _, i := range o.Items {
		switch {
		case i.Failure != nil:
			out = append(out, site.Block{Template: "states.error", View: states.Error{Title: r.T("order.failed"), Text: i.Failure.Text, Remedy: r.T("order.failed.remedy"), Reference: o.ID,
				Action: &button.Button{Text: r.T("order.again"), URL: "/offers/" + i.Terms.Key}}})
		case i.State == order.ItemRejected && len(i.Reasons) > 0:
			out = append(out, site.Block{Template: "states.error", View: states.Error{Title: r.T("order.refused"), Text: r.T("order.refused.text", "class", customer.Class(r, i.Terms.DataClass)),
				Remedy: r.T("order.refused.remedy"), Action: &button.Button{Text: r.T("order.again"), URL: "/offers/" + i.Terms.Key + "?class=" + i.Terms.DataClass + "#where"}}})
		}
	}
	if o.Reason != "" {
		out = append(out, site.Block{Template: "states.error", View: states.Error{Title: r.T("order.state." + string(o.State)), Text: o.Reason}})
	}
	return out
}

// places unfolds each decision about where it runs: every region looked at, with every reason.
func (d *desk) places(r *site.Request, o order.Order) ([]site.Block, error) {
	decisions, err := d.Placements.Decisions(r.Context(), r.Caller, o.ID)
	if fail.Is(err, fail.Denied) {
		return refusals(r, o), nil
	}
	if err != nil {
		return nil, err
	}
	regions, err := customer.Regions(d.Services, r)
	if err != nil {
		return nil, err
	}
	var out []site.Block
	for _, dec := range decisions {
		out = append(out, site.Block{ID: "why-" + dec.ID, Template: "why", View: Decision(r, dec, regions)})
	}
	return out, nil
}

// refusals are the reasons kept with the items, for somebody who may not read the decision itself.
func refusals(r *site.Request, o order.Order) (out []site.Block) {
	for _, i := range o.Items {
		if len(i.Reasons) == 0 {
			continue
		}
		p := why.Panel{Question: r.T("order.why.nowhere"), Open: true}
		for _, reason := range i.Reasons {
			p.Rules = append(p.Rules, why.Rule{Outcome: why.No, Text: r.Reason(reason), Clause: reason.Clause})
		}
		out = append(out, site.Block{Template: "why", View: p})
	}
	return out
}

// Decision is the panel of a placement.
func Decision(r *site.Request, d placement.Decision, regions map[string]residency.Region) why.Panel {
	p := why.Panel{Question: r.T("order.why.nowhere"), Answer: r.T("order.why.nowhere.answer", "n", len(d.Result.Candidates)), Decided: d.At, Open: d.Region == "",
		Command: r.Site().Options().Commands.Program + " why " + d.Order}
	if d.Region != "" {
		p.Question = r.T("order.why", "city", city(regions, d.Region))
		p.Answer = r.T("order.why.answer", "n", len(d.Result.Candidates))
	}
	remedies := []string{}
	for _, c := range d.Result.Candidates {
		place := city(regions, c.Region)
		switch {
		case c.Region == d.Region:
			p.Rules = slices.Insert(p.Rules, 0, why.Rule{Outcome: why.Yes, Text: r.T("order.why.chosen", "city", place, "price", priceOf(r, regions[c.Region]))})
		case len(c.Reasons) == 0:
			p.Rules = append(p.Rules, why.Rule{Outcome: why.Note, Text: r.T("order.why.also", "city", place, "price", priceOf(r, regions[c.Region]))})
		}
		for _, reason := range c.Reasons {
			p.Rules = append(p.Rules, why.Rule{Outcome: why.No, Text: r.T("order.why.at", "place", place, "reason", r.Reason(reason.Fail())), Clause: reason.Clause})
			if remedy := r.Remedy(reason.Rule, reason.Remedy); d.Region == "" && !slices.Contains(remedies, remedy) {
				remedies = append(remedies, remedy)
			}
		}
	}
	for _, remedy := range remedies {
		p.Rules = append(p.Rules, why.Rule{Outcome: why.Note, Text: r.T("order.why.remedy", "remedy", remedy)})
	}
	p.Facts = []why.Fact{{Name: r.T("class.label"), Value: customer.Class(r, d.Request.Class)}, {Name: r.T("order.why.facts"), Value: fmt.Sprintf("%.12s…", d.FactsHash)}, {Name: r.T("order.why.policy"), Value: fmt.Sprintf("%.12s…", d.PolicyHash)}}
	return p
}

func city(regions map[string]residency.Region, key string) string {
	if r, ok := regions[key]; ok && r.Name != "" {
		return r.Name
	}
	return key
}

func priceOf(r *site.Request, region residency.Region) string {
	return r.L.Money(customer.UnitPrice(region.Price)) + " " + customer.Unit(r, "hour")
}

func termsOf(r *site.Request, o order.Order) details.List {
	items := []details.Item{{Name: r.T("orders.when"), Value: r.L.Instant(o.CreatedAt)}, {Name: r.T("quote.monthly"), Value: customer.Monthly(r, o.Recurring)}}
	if o.Total != o.Recurring {
		items = append(items, details.Item{Name: r.T("shop.total.first"), Value: r.L.Money(customer.Money(o.Total))})
	}
	for _, i := range o.Items {
		if i.Terms.DataClass != "" {
			items = append(items, details.Item{Name: r.T("class.label"), Value: customer.Class(r, i.Terms.DataClass)})
		}
		if i.Terms.Contract != "" {
			items = append(items, details.Item{Name: r.T("order.contract"), Value: fmt.Sprintf("%.12s…", i.Terms.Contract), Change: &part.Link{Text: r.T("shop.contract.read"), URL: "/offers/" + i.Terms.Key + "/contract"}})
		}
	}
	if !o.WithdrawBy.IsZero() {
		items = append(items, details.Item{Name: r.T("order.withdrawby"), Value: r.L.Instant(o.WithdrawBy)})
	}
	return details.List{Items: append(items, details.Item{Name: r.T("order.number"), Value: o.ID})}
}
