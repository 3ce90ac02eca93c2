package service

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// sortable is how many services are read to be searched or sorted; longer lists are paged by time only.
const sortable = 1000

func (d *pages) list(r *site.Request) error {
	q := table.Parse(r.URL)
	services, next, err := d.find(r, q)
	if err != nil {
		return err
	}
	regions, err := customer.Regions(d.Services, r)
	if err != nil {
		return err
	}
	t := table.Table{ID: "services", Caption: r.T("services.title"), Query: q, Search: r.T("services.search"), Found: -1, After: next,
		Filters: []form.Field{stateFilter(r, q.Get("state"))}, Export: []part.Link{{Text: "CSV", URL: "/services.csv"}},
		Columns: []table.Column{{Name: r.T("services.name"), Sort: "name"}, {Name: r.T("services.state"), Sort: "state"}, {Name: r.T("services.place"), Hidden: true},
			{Name: r.T("services.since"), Sort: "since", Hidden: true}, {Name: r.T("services.monthly"), Sort: "monthly", Numeric: true}},
		Empty: states.Empty{Icon: "shop", Title: r.T("services.none"), Text: r.T("services.none.text"), Action: &button.Button{Text: r.T("services.shop"), URL: "/", Kind: button.Primary}}}
	if next == "" && q.After() == "" {
		t.Found = int64(len(services))
	}
	for _, s := range services {
		state := stateBadge(r, s)
		t.Rows = append(t.Rows, table.Row{URL: serviceURL(s.ID, ""), Cells: []table.Cell{{Text: s.Deal.Name, Sub: s.Deal.PlanName}, {Badge: &state}, {Text: placeName(r, regions, s.Region)},
			{Text: r.L.Date(s.CreatedAt)}, monthly(r, s)}})
	}
	return r.OK(site.Sheet{Page: r.Page(r.T("services.title")), Lead: r.T("services.lead"), Main: []site.Block{{Template: "table", View: t}},
		Actions: []button.Button{{Text: r.T("services.add"), URL: "/", Icon: "plus", Kind: button.Primary}}})
}

func placeName(r *site.Request, regions map[string]residency.Region, key string) string {
	region, ok := regions[key]
	if !ok {
		return key
	}
	return region.City + ", " + r.L.Country(region.Country)
}

func monthly(r *site.Request, s subscription.Subscription) table.Cell {
	c := table.Cell{Text: customer.Monthly(r, s.Deal.Recurring)}
	if !s.Deal.Recurring.IsZero() && len(s.Deal.Meters) > 0 {
		c.Sub = r.T("services.use")
	}
	return c
}

func stateFilter(r *site.Request, chosen string) form.Field {
	f := form.Field{ID: "services-state", Name: "state", Kind: form.Select, Label: r.T("services.state"), Options: []form.Option{{Label: r.T("services.state.any")}}}
	for _, s := range []subscription.State{subscription.StatePending, subscription.StateTrial, subscription.StateActive, subscription.StateSuspended, subscription.StateCancelling, subscription.StateEnded} {
		f.Options = append(f.Options, form.Option{Value: string(s), Label: r.T("service.state." + string(s)), Chosen: chosen == string(s)})
	}
	return f
}

// find reads one page; with a search or a sort it reads all (up to a bound) and narrows them down here.
func (d *pages) find(r *site.Request, q table.Query) ([]subscription.Subscription, string, error) {
	f := subscription.Filter{Org: r.Caller.Org, State: subscription.State(q.Get("state")), Cursor: q.After(), Limit: 50}
	column, down := q.Sort("")
	if q.Text() == "" && column == "" {
		page, err := d.Subscriptions.Services(r.Context(), r.Caller, f)
		return page.Subscriptions, page.Next, err
	}
	all, err := d.all(r, f)
	if err != nil {
		return nil, "", err
	}
	words := strings.Fields(strings.ToLower(q.Text()))
	all = slices.DeleteFunc(all, func(s subscription.Subscription) bool {
		text := strings.ToLower(s.Deal.Name + " " + s.Deal.PlanName + " " + s.Region + " " + s.ID + " " + s.Outputs["endpoint"])
		return slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	})
	slices.SortStableFunc(all, func(a, b subscription.Subscription) int {
		c := compare(column, a, b)
		if down {
			return -c
		}
		return c
	})
	return all, "", nil
}

func compare(column string, a, b subscription.Subscription) int {
	switch column {
	case "name":
		return strings.Compare(strings.ToLower(a.Deal.Name), strings.ToLower(b.Deal.Name))
	case "state":
		return strings.Compare(string(a.State), string(b.State))
	case "since":
		return a.CreatedAt.Compare(b.CreatedAt)
	case "monthly":
		if c, err := a.Deal.Recurring.Cmp(b.Deal.Recurring); err == nil {
			return c
		}
	}
	return 0
}

func (d *pages) all(r *site.Request, f subscription.Filter) (all []subscription.Subscription, err error) {
	f.Cursor, f.Limit = "", 100
	for len(all) < sortable {
		page, err := d.Subscriptions.Services(r.Context(), r.Caller, f)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Subscriptions...)
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	return all, nil
}

// csv exports the list. A cell that a spreadsheet could take for a formula is quoted (OWASP).
func (d *pages) csv(r *site.Request) error {
	all, err := d.all(r, subscription.Filter{Org: r.Caller.Org})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"id", "name", "plan", "state", "condition", "region", "endpoint", "recurring", "created", "activated", "ended"}}
	for _, s := range all {
		rows = append(rows, []string{s.ID, plain(s.Deal.Name), plain(s.Deal.PlanName), string(s.State), s.Condition, s.Region, plain(s.Outputs["endpoint"]), s.Deal.Recurring.String(),
			r.L.ISO(s.CreatedAt), r.L.ISO(s.ActivatedAt), r.L.ISO(s.EndedAt)})
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	return r.File("services.csv", "text/csv; charset=utf-8", b.Bytes())
}

func plain(text string) string {
	if strings.IndexAny(text, "=+-@\t\r") == 0 {
		return "'" + text
	}
	return text
}
