package publisher

import (
	"bytes"
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/design/chart"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

func (d *pages) subscribers(r *site.Request) error {
	q := table.Parse(r.URL)
	page, err := d.Subscriptions.Subscribers(r.Context(), r.Caller, r.Caller.Org, q.After(), 50)
	if err != nil {
		return err
	}
	var rows []table.Row
	for _, s := range page.Subscriptions {
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(s.Deal.Name, s.Deal.PlanName), desk.Stated(r, string(s.State)), desk.Two(s.Org, s.ID), desk.Text(s.Region), desk.Since(r, s.ActivatedAt)}})
	}
	t := desk.List(r, "subscribers", r.T("publisher.subscribers"), "publisher.subscribers.none", []table.Column{desk.Col(r.T("publisher.offer")), desk.Col(r.T("desk.state")), desk.Col(r.T("publisher.subscriber")),
		desk.Wide(r.T("desk.place")), desk.Wide(r.T("publisher.runs"))}, rows)
	t.After = page.Next
	return d.show(r, site.Sheet{Page: crumbs(r, r.T("publisher.subscribers")), Lead: r.T("publisher.subscribers.lead"), Main: []site.Block{desk.Block("", "", "", t)}})
}

// sold is what the offers of the publisher were used for in some days.
type sold struct {
	days  int
	from  time.Time
	to    time.Time
	offer string
	subs  map[string]subscription.Subscription
	list  []meter.Delivered
}

func (d *pages) sold(r *site.Request) (s sold, err error) {
	s = sold{days: 30, offer: r.URL.Query().Get("offer"), subs: map[string]subscription.Subscription{}}
	if n, err := strconv.Atoi(r.URL.Query().Get("days")); err == nil && (n == 7 || n == 90) {
		s.days = n
	}
	s.to = r.Site().Options().Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	s.from = s.to.AddDate(0, 0, -s.days)
	cursor := ""
	for range maxPages {
		page, err := d.Subscriptions.Subscribers(r.Context(), r.Caller, r.Caller.Org, cursor, pageSize)
		if err != nil {
			return s, err
		}
		for _, sub := range page.Subscriptions {
			s.subs[sub.ID] = sub
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	all, err := d.Meters.Delivered(r.Context(), r.Caller, r.Caller.Org, s.from, s.to)
	for _, one := range all {
		if s.offer == "" || s.subs[one.Subject].Deal.Key == s.offer {
			s.list = append(s.list, one)
		}
	}
	return s, err
}

// meters are the words of what was counted, each once.
func (s sold) meters() []string {
	units := map[string]string{}
	for _, one := range s.list {
		units[one.Meter] = one.Unit
	}
	return slices.Sorted(maps.Keys(units))
}

func (s sold) name(r *site.Request, key string) string {
	for _, sub := range s.subs {
		for _, m := range sub.Deal.Meters {
			if m.Key == key {
				name, _ := m.Name.In(r.Lang())
				return name
			}
		}
	}
	return key
}

func (d *pages) usage(r *site.Request) error {
	s, err := d.sold(r)
	if err != nil {
		return err
	}
	sheet := site.Sheet{Page: crumbs(r, r.T("publisher.usage")), Lead: r.T("publisher.usage.lead"), Main: []site.Block{s.choice(r)}}
	for _, m := range s.meters() {
		sheet.Main = append(sheet.Main, site.Block{Template: "chart", View: s.chart(r, m)})
	}
	return d.show(r, sheet)
}

// choice is the bar above the charts: a list without rows of its own would be empty, so that it carries the totals by offer.
func (s sold) choice(r *site.Request) site.Block {
	totals := map[string]map[string]*usage.Quantity{}
	for _, one := range s.list {
		key := s.subs[one.Subject].Deal.Key
		if totals[key] == nil {
			totals[key] = map[string]*usage.Quantity{}
		}
		if totals[key][one.Meter] == nil {
			totals[key][one.Meter] = &usage.Quantity{}
		}
		totals[key][one.Meter].AddQuantity(one.Quantity)
	}
	var rows []table.Row
	for _, key := range slices.Sorted(maps.Keys(totals)) {
		for _, m := range slices.Sorted(maps.Keys(totals[key])) {
			rows = append(rows, table.Row{URL: home + "/usage?offer=" + key, Cells: []table.Cell{desk.Text(key), desk.Text(s.name(r, m)), desk.Text(amount(r, *totals[key][m]))}})
		}
	}
	offers := []string{"", r.T("publisher.usage.all")}
	known := map[string]bool{}
	for _, sub := range s.subs {
		known[sub.Deal.Key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(known)) {
		offers = append(offers, key, key)
	}
	t := desk.List(r, "totals", r.T("publisher.usage.totals"), "publisher.usage.none", []table.Column{desk.Col(r.T("publisher.offer")), desk.Col(r.T("publisher.meter")), desk.Num(r.T("publisher.amount"))}, rows)
	t.Filters = []form.Field{desk.Filter(r, "usage-offer", "offer", r.T("publisher.offer"), offers...),
		desk.Filter(r, "usage-days", "days", r.T("publisher.days"), "", r.T("publisher.days.n", "n", 30), "7", r.T("publisher.days.n", "n", 7), "90", r.T("publisher.days.n", "n", 90))}
	t.Export = []part.Link{{Text: "CSV", URL: home + "/usage.csv?" + r.URL.RawQuery}}
	return desk.Block("", "", "", t)
}

func amount(r *site.Request, q usage.Quantity) string {
	if n, ok := q.Int64(); ok {
		return r.L.Number(n)
	}
	return q.String()
}

func (s sold) chart(r *site.Request, key string) chart.Chart {
	byDay := make([]usage.Quantity, s.days)
	unit := key
	var total usage.Quantity
	for _, one := range s.list {
		if i := int(one.Day.Sub(s.from) / (24 * time.Hour)); one.Meter == key && i >= 0 && i < s.days {
			byDay[i].AddQuantity(one.Quantity)
			total.AddQuantity(one.Quantity)
			unit = one.Unit
		}
	}
	c := chart.Chart{ID: "chart-" + key, Title: s.name(r, key), Unit: unit, First: r.T("publisher.day"), Desc: r.T("publisher.usage.desc", "total", amount(r, total), "n", s.days)}
	for i, q := range byDay {
		day := s.from.AddDate(0, 0, i)
		n, _ := q.Int64()
		c.Points = append(c.Points, chart.Point{Label: r.L.DateLong(day), Short: strconv.Itoa(day.Day()), Value: n})
	}
	return c
}

// usageCSV is the same by subscription and day, for one's own books.
func (d *pages) usageCSV(r *site.Request) error {
	s, err := d.sold(r)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	records := [][]string{{"day", "offer", "plan", "subscription", "customer", "meter", "unit", "quantity", "events"}}
	for _, one := range s.list {
		sub := s.subs[one.Subject]
		records = append(records, []string{one.Day.Format(time.DateOnly), sub.Deal.Key, sub.Deal.Plan, one.Subject, sub.Org, one.Meter, one.Unit, one.Quantity.String(), strconv.FormatInt(one.Events, 10)})
	}
	if err := w.WriteAll(records); err != nil {
		return err
	}
	return r.File("usage.csv", "text/csv; charset=utf-8", b.Bytes())
}
