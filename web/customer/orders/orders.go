// Package orders is a customer's orders: the list, an order with its live progress, approvals, cancelling, withdrawing.
//
// Owns: these pages.
// Does not own: orders (order), the choice of a place (placement).
// Reads: these, and the facts about an order.
// Writes: nothing by itself.
package orders

import (
	"net/url"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

type desk struct{ site.Services }

// Desk makes the pages of orders.
func Desk(s site.Services) site.Desk {
	d := &desk{s}
	return site.Desk{Name: "orders", Style: customer.Style(), Home: customer.Home, Title: "desk.customer", Search: "shop.search", Nav: customer.Nav, Routes: d.routes}
}

func (d *desk) routes(r *site.Router) {
	r.Get("/orders", d.list)
	r.Get("/orders/{id}", d.order)
	r.Get("/orders/{id}/rail", d.rail)
	r.Post("/orders/{id}/approve", d.approve)
	r.Get("/orders/{id}/reject", d.askReject)
	r.Post("/orders/{id}/reject", d.reject)
	r.Get("/orders/{id}/cancel", d.askCancel)
	r.Post("/orders/{id}/cancel", d.cancel)
	r.Get("/orders/{id}/withdraw", d.askWithdraw)
	r.Post("/orders/{id}/withdraw", d.withdraw)
}

func (d *desk) list(r *site.Request) error {
	q := table.Parse(r.URL)
	page, err := d.Orders.Orders(r.Context(), r.Caller, order.Filter{Org: r.Caller.Org, State: order.State(q.Get("state")), Cursor: q.After()})
	if err != nil {
		return err
	}
	t := table.Table{ID: "orders", Caption: r.T("orders.title"), Query: q, Found: -1, After: page.Next, Filters: []form.Field{stateFilter(r, q.Get("state"))},
		Columns: []table.Column{{Name: r.T("orders.what")}, {Name: r.T("orders.state")}, {Name: r.T("orders.when"), Hidden: true}, {Name: r.T("orders.monthly"), Numeric: true}},
		Empty:   states.Empty{Icon: "cart", Title: r.T("orders.none"), Text: r.T("orders.none.text"), Action: &button.Button{Text: r.T("services.shop"), URL: "/", Kind: button.Primary}}}
	for _, o := range page.Orders {
		state := stateBadge(r, o)
		t.Rows = append(t.Rows, table.Row{URL: "/orders/" + o.ID, Cells: []table.Cell{{Text: name(r, o), Sub: sub(r, o)}, {Badge: &state},
			{Text: r.L.Instant(o.CreatedAt)}, {Text: customer.Monthly(r, o.Recurring)}}})
	}
	lead := r.T("orders.lead")
	list := site.Block{Template: "table", View: t}
	if customer.May(d.Services, r, access.OrderQuote) == nil {
		list.Links = []part.Link{{Text: r.T("quotes.title"), URL: "/quotes"}}
	}
	return r.OK(site.Sheet{Page: r.Page(r.T("orders.title")), Lead: lead, Main: []site.Block{list}})
}

func stateFilter(r *site.Request, chosen string) form.Field {
	f := form.Field{ID: "orders-state", Name: "state", Kind: form.Select, Label: r.T("orders.state"), Options: []form.Option{{Label: r.T("orders.state.any")}}}
	for _, s := range []order.State{order.StateHeld, order.StateAcknowledged, order.StateInProgress, order.StatePending, order.StateCompleted, order.StatePartial, order.StateFailed, order.StateCancelled, order.StateRejected} {
		f.Options = append(f.Options, form.Option{Value: string(s), Label: r.T("order.state." + string(s)), Chosen: chosen == string(s)})
	}
	return f
}

// name is what an order is about.
func name(r *site.Request, o order.Order) string {
	if len(o.Items) == 0 {
		return o.ID
	}
	i := o.Items[0]
	text := i.Terms.Name
	if len(o.Items) > 1 {
		text = r.T("orders.more", "name", text, "n", len(o.Items)-1)
	}
	return text
}

func sub(r *site.Request, o order.Order) string {
	if len(o.Items) == 0 {
		return ""
	}
	i := o.Items[0]
	if i.Action == order.ActionAdd {
		return i.Terms.PlanName
	}
	return r.T("action."+string(i.Action)) + ", " + i.Terms.PlanName
}

func stateBadge(r *site.Request, o order.Order) badge.Badge {
	tones := map[order.State]part.Tone{order.StateHeld: part.Warn, order.StatePending: part.Warn, order.StateAcknowledged: part.Accent, order.StateInProgress: part.Accent,
		order.StateAssessingCancel: part.Accent, order.StatePendingCancellation: part.Accent, order.StateCompleted: part.Good, order.StatePartial: part.Warn,
		order.StateFailed: part.Bad, order.StateRejected: part.Bad}
	b := badge.Badge{Tone: tones[o.State], Text: r.T("order.state." + string(o.State))}
	if o.Withdrawn {
		b = badge.Badge{Text: r.T("order.state.withdrawn")}
	}
	return b
}

func orderURL(id string) string { return "/orders/" + url.PathEscape(id) }
