package house

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/chart"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

func (d *desk) spending(r *site.Request) error {
	return d.showSpending(r, nil)
}

// showSpending is the month: what it costs so far and will, by day and by service, and the budgets.
// refusal is why a budget was not set; nil: nothing was tried.
func (d *desk) showSpending(r *site.Request, refusal error) error {
	s, err := d.Budgets.Spending(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return err
	}
	if err := chosen(r, s); err != nil {
		return err
	}
	regions := d.regions(r)
	sheet := site.Sheet{Page: r.Page(r.T("spending.title")), Lead: r.T("spending.lead")}
	for _, m := range s.Months {
		sheet.Main = append(sheet.Main, site.Block{Title: r.L.Month(s.At), Template: "details", View: monthDetails(r, m)},
			site.Block{Text: r.T("spending.method"), Template: "chart", View: dayChart(r, m)}, serviceTable(r, m))
		for _, by := range m.Ways() {
			if block, some := d.splitTable(r, m, by, regions); some {
				sheet.Main = append(sheet.Main, block)
			}
		}
	}
	budgets, err := d.budgets(r, s)
	if err != nil {
		return err
	}
	sheet.Main = append(sheet.Main, budgets...)
	status := 200
	if customer.May(d.Services, r, access.BudgetSet) == nil {
		view, err := d.budgetForm(r, s, refusal)
		if err != nil {
			return err
		}
		if refusal != nil {
			status = site.Status(refusal)
		}
		sheet.Main = append(sheet.Main, site.Block{ID: "set", Title: r.T("spending.set"), Text: r.T("spending.set.text"), Template: "site/form", View: view})
	} else if refusal != nil {
		return refusal
	}
	return r.Show(status, sheet)
}

// chosen refuses a unit, person or place that has no service here.
func chosen(r *site.Request, s budget.Spending) error {
	by, of := budget.By(r.URL.Query().Get("by")), r.URL.Query().Get("of")
	if of == "" {
		return nil
	}
	for _, m := range s.Months {
		if !slices.Contains(m.Ways(), by) {
			continue
		}
		if slices.ContainsFunc(m.Services, func(one budget.Service) bool { return one.Key(by) == of }) {
			return nil
		}
	}
	return missing(string(by), of)
}

// splitTable is the month by unit, person or place; each leads to its services. It says nothing new of a single one.
func (d *desk) splitTable(r *site.Request, m budget.Month, by budget.By, regions regions) (site.Block, bool) {
	shares := m.Split(by)
	if len(shares) == 0 || len(shares) == 1 && by == budget.ByUnit {
		return site.Block{}, false
	}
	id, title, text, head := string(by)+"-"+string(m.Used.Currency), r.T("spending.by."+string(by)), r.T("spending.by."+string(by)+".text"), r.T("spending.of."+string(by))
	if tag := by.Tag(); tag != "" {
		id, title, text, head = "tag-"+tag+"-"+string(m.Used.Currency), r.T("spending.by.tag", "tag", tag), r.T("spending.by.tag.text"), tag
	}
	t := table.Table{ID: id, Caption: title, Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: head}, {Name: r.T("spending.count"), Numeric: true, Hidden: true}, {Name: r.T("spending.usage"), Numeric: true, Hidden: true}, {Name: r.T("spending.used"), Numeric: true}, {Name: r.T("spending.forecast"), Numeric: true}}}
	for _, s := range shares {
		t.Rows = append(t.Rows, table.Row{URL: "/spending?by=" + url.QueryEscape(string(by)) + "&of=" + url.QueryEscape(s.Key) + "#by-service-" + string(m.Used.Currency), Cells: []table.Cell{{Text: d.called(r, by, s.Key, regions)},
			{Text: r.L.Number(int64(s.Services))}, {Text: write(r, s.Usage)}, {Text: write(r, s.Used)}, {Text: write(r, s.Forecast)}}})
	}
	return site.Block{ID: "by-" + id, Title: title, Text: text, Template: "table", View: t}, true
}

// regions are those of the page by their key, read when the first is asked for; none when they cannot be read.
type regions func() map[string]residency.Region

func (d *desk) regions(r *site.Request) regions {
	return sync.OnceValue(func() map[string]residency.Region {
		all, err := customer.Regions(d.Services, r)
		if err != nil {
			return nil // the keys stand on the page instead
		}
		return all
	})
}

// called is the name of a unit, person or place.
func (d *desk) called(r *site.Request, by budget.By, key string, regions regions) string {
	switch by {
	case budget.ByUnit:
		if o, err := d.Parties.Organisation(r.Context(), r.Caller, key); err == nil {
			return o.Name
		}
	case budget.ByPerson:
		id, is := strings.CutPrefix(key, "person:")
		if p, err := d.Parties.Person(r.Context(), r.Caller, r.Caller.Org, id); is && err == nil && p.Contact.Name != "" {
			return p.Contact.Name
		}
		if strings.HasPrefix(key, "token:") {
			return r.T("spending.token")
		}
		return r.T("spending.somebody")
	case budget.ByPlace:
		if region := regions()[key]; region.Key != "" {
			return region.City + ", " + r.L.Country(region.Country)
		}
	}
	if key == "" && by.Tag() != "" {
		return r.T("spending.untagged")
	}
	if key == "" {
		return r.T("spending.nowhere")
	}
	return key
}

func write(r *site.Request, a money.Amount) string { return r.L.Money(customer.Money(a)) }

func monthDetails(r *site.Request, m budget.Month) details.List {
	items := []details.Item{{Name: r.T("spending.used"), Value: write(r, m.Used)}, {Name: r.T("spending.usage"), Value: r.T("spending.usage.value", "usage", write(r, m.Usage), "running", write(r, m.Running))},
		{Name: r.T("spending.fixed"), Value: write(r, m.Fixed)}, {Name: r.T("spending.reserved"), Value: write(r, m.Reserved)}, {Name: r.T("spending.forecast"), Value: write(r, m.Forecast)}}
	if m.Unusual {
		items = append(items, details.Item{Name: r.T("spending.unusual"), Value: r.T("spending.unusual.value", "usual", write(r, m.Usual))})
	}
	return details.List{Items: items}
}

func dayChart(r *site.Request, m budget.Month) chart.Chart {
	places, _ := m.Used.Currency.Exponent()
	c := chart.Chart{ID: "days-" + string(m.Used.Currency), Title: r.T("spending.days"), Unit: string(m.Used.Currency), Places: places, First: r.T("usage.first.day"),
		Desc: r.T("spending.days.desc", "used", write(r, m.Usage), "forecast", write(r, m.Forecast))}
	some := false
	for _, d := range m.Days {
		c.Points = append(c.Points, chart.Point{Label: d.Date.String(), Short: strconv.Itoa(d.Date.Day), Value: max(0, d.Usage.Minor)})
		some = some || d.Usage.Minor > 0
	}
	if !some {
		c.Points = nil
	}
	return c
}

// shownServices is how many services stand on one page.
const shownServices = 50

func serviceTable(r *site.Request, m budget.Month) site.Block {
	t := table.Table{ID: "services-" + string(m.Used.Currency), Caption: r.T("spending.services"), Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: r.T("spending.service")}, {Name: r.T("spending.usage"), Numeric: true}, {Name: r.T("spending.fixed"), Numeric: true, Hidden: true}, {Name: r.T("spending.forecast"), Numeric: true}},
		Empty:   states.Empty{Icon: "chart", Title: r.T("spending.none"), Text: r.T("spending.none.text")}}
	q := r.URL.Query()
	from, err := strconv.Atoi(t.Query.After())
	if err != nil {
		from = 0
	}
	n, by := 0, budget.By(q.Get("by"))
	some := slices.Contains(m.Ways(), by)
	for _, s := range m.Services {
		if some && s.Key(by) != q.Get("of") {
			continue
		}
		if n++; n <= from || n > from+shownServices {
			continue
		}
		t.Rows = append(t.Rows, table.Row{URL: "/services/" + s.ID + "/usage", Cells: []table.Cell{{Text: s.Name}, {Text: write(r, s.Usage)}, {Text: write(r, s.Fixed)}, {Text: write(r, s.Forecast)}}})
	}
	if n > from+shownServices {
		t.After = strconv.Itoa(from + shownServices)
	}
	return site.Block{ID: "by-service-" + string(m.Used.Currency), Title: r.T("spending.services"), Text: r.T("spending.services.text"), Template: "table", View: t}
}

// budgets are drawn as shares of themselves, with the line at which they are used up; the table says the rest.
func (d *desk) budgets(r *site.Request, s budget.Spending) ([]site.Block, error) {
	names := map[string]string{}
	for _, m := range s.Months {
		for _, one := range m.Services {
			names[one.ID] = one.Name
		}
	}
	may := customer.May(d.Services, r, access.BudgetSet) == nil
	bars := chart.Chart{ID: "budget-bars", Title: r.T("spending.bars"), Desc: r.T("spending.bars.desc"), Unit: "%", Limit: 100, Cap: r.T("spending.bars.cap"), First: r.T("spending.scope")}
	t := table.Table{ID: "budgets", Caption: r.T("spending.budgets"), Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: r.T("spending.scope")}, {Name: r.T("spending.amount"), Numeric: true}, {Name: r.T("spending.used"), Numeric: true}, {Name: r.T("spending.action")}, {Name: r.T("spending.remove")}},
		Empty:   states.Empty{Icon: "chart", Title: r.T("spending.nobudget"), Text: r.T("spending.nobudget.text")}}
	for _, b := range s.Budgets {
		scope := r.T("spending.all")
		if b.Service != "" {
			scope = names[b.Service]
		}
		if b.Tag != "" {
			scope = r.T("spending.tag", "tag", b.Tag)
		}
		bars.Points = append(bars.Points, chart.Point{Label: scope + ", " + write(r, b.Amount), Short: write(r, b.Amount), Value: b.Percent()})
		cell := table.Cell{}
		if may {
			html, err := r.HTML("button", button.Button{Text: r.T("spending.remove"), URL: "/spending/" + b.ID + "/remove", Post: true, Small: true})
			if err != nil {
				return nil, err
			}
			cell.HTML = html
		}
		t.Rows = append(t.Rows, table.Row{Cells: []table.Cell{{Text: scope, Sub: r.T("spending.state." + string(b.State))}, {Text: write(r, b.Amount)},
			{Text: write(r, b.Used), Sub: r.L.Percent(b.Percent(), 0)}, {Text: r.T("spending.action." + string(b.Action))}, cell}})
	}
	blocks := []site.Block{{ID: "budget-list", Title: r.T("spending.budgets"), Text: r.T("spending.budgets.text"), Template: "table", View: t}}
	if len(s.Budgets) > 0 {
		blocks = append([]site.Block{{Template: "chart", View: bars}}, blocks...)
	}
	return blocks, nil
}

func (d *desk) removeBudget(r *site.Request) error {
	if err := d.Budgets.Remove(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect("/spending", site.Done("spending.removed"))
}
