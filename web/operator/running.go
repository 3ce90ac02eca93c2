package operator

import (
	"time"

	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/rail"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// orders is the watch over what customers ordered.
func (d *pages) orders(r *site.Request) error {
	q := table.Parse(r.URL)
	p, err := d.Orders.Orders(r.Context(), r.Caller, order.Filter{Branch: true, State: order.State(q.Get("state")), Cursor: q.After(), Limit: 50})
	if err != nil {
		return err
	}
	names := d.names()
	var rows []table.Row
	for _, o := range p.Orders {
		what := ""
		if len(o.Items) > 0 {
			what = o.Items[0].Terms.Name
		}
		rows = append(rows, table.Row{URL: home + "/orders/" + o.ID, Cells: []table.Cell{desk.Named(what, o.ID), desk.Stated(r, string(o.State)), desk.Text(names.Of(r, o.Org)), desk.Since(r, o.CreatedAt), desk.Text(desk.Money(r, o.Recurring))}})
	}
	t := desk.List(r, "orders", r.T("operator.orders"), "operator.orders.none", []table.Column{desk.Col(r.T("operator.order")), desk.Col(r.T("desk.state")), desk.Col(r.T("desk.client")), desk.Wide(r.T("desk.since")),
		{Name: r.T("operator.monthly"), Numeric: true, Hidden: true}}, rows)
	t.After = p.Next
	choice := []string{"", r.T("desk.state.any")}
	for _, s := range []order.State{"inProgress", "pending", "held", "partial", "failed", "completed", "cancelled", "rejected"} {
		choice = append(choice, string(s), desk.StateText(r, string(s)))
	}
	t.Filters = []form.Field{desk.Filter(r, "orders-state", "state", r.T("desk.state"), choice...)}
	return r.OK(site.Sheet{Page: page(r, r.T("operator.orders")), Lead: r.T("operator.orders.lead"), Main: []site.Block{desk.Block("", "", "", t)}})
}

func (d *pages) order(r *site.Request) error {
	o, err := d.Orders.Order(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	decisions, err := d.Placements.Decisions(r.Context(), r.Caller, o.ID)
	if err != nil {
		return err
	}
	track := rail.Rail{ID: "progress", Label: r.T("operator.order.progress", "order", o.ID)}
	names := map[string]string{}
	for _, i := range o.Items {
		names[i.ID] = i.Terms.Name
	}
	for i, s := range o.Steps() {
		state := rail.Waiting
		switch {
		case s.Done && (s.Name == "failed" || s.Name == "rejected"):
			state = rail.Failed
		case s.Done:
			state = rail.Done
		case i > 0 && track.Steps[i-1].State == rail.Done:
			state = rail.Current
		}
		track.Steps = append(track.Steps, rail.Step{State: state, Name: r.T("desk.step." + s.Name), Detail: names[s.Item], At: s.At})
	}
	title := o.ID
	if len(o.Items) > 0 {
		title = o.Items[0].Terms.Name
	}
	sheet := site.Sheet{Page: page(r, title, r.T("operator.orders"), home+"/orders"), Badge: desk.State(r, string(o.State)), Lead: d.names().Of(r, o.Org) + ", " + o.ID,
		Main: []site.Block{{Template: "rail", View: track}, desk.Block("items", r.T("operator.items"), "", d.items(r, o))}}
	places := desk.Places(r, d.Residency)
	for _, one := range decisions {
		sheet.Main = append(sheet.Main, site.Block{Template: "why", View: desk.Why(r, one, places)})
	}
	return r.OK(sheet)
}

func (d *pages) items(r *site.Request, o order.Order) table.Table {
	var rows []table.Row
	for _, i := range o.Items {
		problem := ""
		if i.Failure != nil {
			problem = i.Failure.Text
		}
		if len(i.Reasons) > 0 {
			problem = r.Reason(i.Reasons[0])
		}
		url := ""
		if res, err := d.Resources.Of(r.Context(), r.Caller, i.Subscription); err == nil {
			url = home + "/resources/" + res.ID
		}
		rows = append(rows, table.Row{URL: url, Cells: []table.Cell{desk.Two(i.Terms.Name, i.Terms.PlanName), desk.Stated(r, string(i.State)), desk.Text(r.T("desk.action." + string(i.Action))), desk.Text(problem), desk.Text(desk.Money(r, i.Terms.Recurring))}})
	}
	return desk.List(r, "items-list", r.T("operator.items"), "operator.orders.none", []table.Column{desk.Col(r.T("operator.order")), desk.Col(r.T("desk.state")), desk.Wide(r.T("operator.action")), desk.Wide(r.T("operator.problem")),
		desk.Num(r.T("operator.monthly"))}, rows)
}

// resources is everything that stands on an engine, or what of it needs somebody.
func (d *pages) resources(r *site.Request) error {
	q := table.Parse(r.URL)
	ask := d.Resources.All
	if q.Get("state") == "troubled" {
		ask = d.Resources.Troubled
	}
	list, err := ask(r.Context(), r.Caller, q.After(), 51)
	if err != nil {
		return err
	}
	next := ""
	if len(list) > 50 {
		list, next = list[:50], list[49].ID
	}
	names := d.names()
	var rows []table.Row
	for _, s := range list {
		rows = append(rows, table.Row{URL: home + "/resources/" + s.ID, Cells: []table.Cell{desk.Named(s.Kind+", "+s.Plan, s.ID), desk.Stated(r, string(s.State)), desk.Stated(r, string(s.Condition)), desk.Text(names.Of(r, s.Org)), desk.Two(s.Region, s.Driver),
			desk.Since(r, s.Since)}})
	}
	t := desk.List(r, "resources", r.T("operator.resources"), "operator.resources.none", []table.Column{desk.Col(r.T("desk.resource")), desk.Col(r.T("desk.state")), desk.Wide(r.T("operator.condition")), desk.Col(r.T("desk.client")),
		desk.Wide(r.T("desk.place")), desk.Wide(r.T("desk.since"))}, rows)
	t.After = next
	t.Filters = []form.Field{desk.Filter(r, "resources-state", "state", r.T("desk.state"), "", r.T("operator.resources.all"), "troubled", r.T("operator.resources.troubled"))}
	return r.OK(site.Sheet{Page: page(r, r.T("operator.resources")), Lead: r.T("operator.resources.lead"), Main: []site.Block{desk.Block("", "", "", t)}})
}

func (d *pages) resource(r *site.Request) error {
	s, err := d.Resources.Resource(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	operations, intervals, err := d.Resources.History(r.Context(), r.Caller, s.ID)
	if err != nil {
		return err
	}
	sheet := site.Sheet{Page: page(r, s.Kind+", "+s.Plan, r.T("operator.resources"), home+"/resources"), Badge: desk.State(r, string(s.State)), Lead: d.names().Of(r, s.Org), Main: []site.Block{
		{Template: "details", View: desk.Pairs(desk.Pair(r.T("operator.condition"), desk.StateText(r, string(s.Condition))), desk.Pair(r.T("desk.place"), s.Region), desk.Pair(r.T("operator.driver"), s.Driver),
			desk.Pair(r.T("operator.desired"), desk.StateText(r, string(s.Desired))), desk.Pair(r.T("operator.generation"), r.T("operator.generation.of", "applied", s.Applied, "wanted", s.Generation)),
			desk.Pair(r.T("desk.subscription"), s.Subscription), desk.Pair(r.T("desk.resource"), s.ID))},
		desk.Block("operations", r.T("operator.operations"), "", runTable(r, operations)), desk.Block("availability", r.T("operator.availability"), r.T("operator.availability.text"), spans(r, intervals))}}
	if s.State == provision.StateFailed && s.Applied > 0 {
		sheet.Actions = []button.Button{{Text: r.T("operator.resource.retry"), URL: home + "/resources/" + s.ID + "/retry", Post: true, Kind: button.Primary, Icon: "refresh"}}
	}
	return r.OK(sheet)
}

func runTable(r *site.Request, list []provision.Run) table.Table {
	var rows []table.Row
	for i := len(list) - 1; i >= 0; i-- {
		o := list[i]
		text := o.Message
		if o.Failure != nil {
			text = o.Failure.Text
		}
		for _, left := range o.Leftovers {
			text += " " + left
		}
		took := ""
		if !o.EndedAt.IsZero() {
			took = r.L.Duration(o.EndedAt.Sub(o.StartedAt).Round(time.Millisecond))
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Named(r.T("desk.action."+string(o.Action)), o.ID), desk.Stated(r, string(o.Phase)), desk.Text(text), desk.Since(r, o.StartedAt), desk.Text(took), desk.Text(r.L.Number(int64(o.Attempt)))}})
	}
	return desk.List(r, "operations-list", r.T("operator.operations"), "operator.operations.none", []table.Column{desk.Col(r.T("operator.operation")), desk.Col(r.T("desk.state")), desk.Col(r.T("operator.message")), desk.Wide(r.T("desk.since")),
		{Name: r.T("operator.took"), Numeric: true, Hidden: true}, {Name: r.T("operator.attempt"), Numeric: true, Hidden: true}}, rows)
}

func spans(r *site.Request, list []provision.Interval) table.Table {
	var rows []table.Row
	for i := len(list) - 1; i >= 0; i-- {
		s := list[i]
		to := r.T("operator.until.now")
		if !s.To.IsZero() {
			to = r.L.Instant(s.To)
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Stated(r, string(s.Condition)), desk.Text(r.L.Instant(s.From)), desk.Text(to), desk.Text(s.Detail)}})
	}
	return desk.List(r, "spans", r.T("operator.availability"), "operator.availability.none", []table.Column{desk.Col(r.T("operator.condition")), desk.Col(r.T("operator.from")), desk.Col(r.T("operator.until")), desk.Wide(r.T("operator.message"))}, rows)
}

func (d *pages) retryResource(r *site.Request) error {
	if err := d.Resources.Retry(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home+"/resources/"+r.PathValue("id"), site.Done("operator.resource.retried"))
}

func prompt(n *provision.Need) string {
	if n == nil {
		return ""
	}
	return n.Prompt
}
