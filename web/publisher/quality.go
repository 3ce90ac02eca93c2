package publisher

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/web/design/chart"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// arrival is the time that the page about what was sent covers: a day by the hour, or more days by the day.
type arrival struct {
	from time.Time
	step time.Duration
	n    int
}

func arrivalOf(r *site.Request) arrival {
	now := r.Site().Options().Now().UTC()
	if n, err := strconv.Atoi(r.URL.Query().Get("days")); err == nil && (n == 7 || n == 30) {
		return arrival{now.Truncate(24*time.Hour).AddDate(0, 0, 1-n), 24 * time.Hour, n}
	}
	return arrival{now.Truncate(time.Hour).Add(-23 * time.Hour), time.Hour, 24}
}

// quality is how the usage of the publisher came in.
func (d *pages) quality(r *site.Request) error {
	a := arrivalOf(r)
	q, err := d.Meters.Quality(r.Context(), r.Caller, r.Caller.Org, a.from, a.from.Add(time.Duration(a.n)*a.step))
	if err != nil {
		return err
	}
	sheet := site.Sheet{Page: crumbs(r, r.T("publisher.quality")), Lead: r.T("publisher.quality.lead"), Main: []site.Block{sources(r, q)}}
	if len(q.Hours) > 0 {
		charts := []chart.Chart{a.chart(r, q.Hours, "twice", func(q usage.Quality) int64 { return q.Duplicates }),
			a.chart(r, q.Hours, "late", func(q usage.Quality) int64 { return q.Late }), a.chart(r, q.Hours, "held", func(q usage.Quality) int64 { return q.Held })}
		charts = slices.DeleteFunc(charts, func(c chart.Chart) bool { return c.Points == nil }) // the list above says that there was none
		charts = append([]chart.Chart{a.chart(r, q.Hours, "counted", func(q usage.Quality) int64 { return q.Accepted })}, append(charts, a.lag(r, q.Hours))...)
		for _, c := range charts {
			sheet.Main = append(sheet.Main, site.Block{Template: "chart", View: c})
		}
	}
	return d.show(r, sheet)
}

// sources is the list of what each source sent about each service.
func sources(r *site.Request, q meter.Quality) site.Block {
	var rows []table.Row
	for _, s := range q.Sources {
		held, through := desk.Text(r.L.Number(s.Held)), ""
		held.Sub = waiting(r, s.Waiting)
		if !s.Through.IsZero() {
			through = r.T("publisher.quality.through", "at", r.L.Instant(s.Through))
		}
		last := desk.Since(r, s.Last)
		last.Sub = through
		rows = append(rows, table.Row{URL: home + "/quarantine?source=" + s.Source, Cells: []table.Cell{desk.Two(s.Source, desk.Short(s.Subject)), desk.Text(r.L.Number(s.Accepted)), desk.Text(r.L.Number(s.Duplicates)), desk.Text(r.L.Number(s.Late)), held,
			desk.Two(r.L.Duration(s.Lag.Round(time.Second)), r.T("publisher.quality.worst", "lag", r.L.Duration(s.Worst.Round(time.Second)))), last}})
	}
	t := desk.List(r, "sources", r.T("publisher.quality.sources"), "publisher.quality.none", []table.Column{desk.Col(r.T("publisher.quality.source")), desk.Num(r.T("publisher.quality.counted")), {Name: r.T("publisher.quality.twice"), Numeric: true, Hidden: true},
		desk.Num(r.T("publisher.quality.late")), desk.Num(r.T("publisher.quality.held")), {Name: r.T("publisher.quality.lag"), Numeric: true, Hidden: true}, desk.Wide(r.T("publisher.quality.last"))}, rows)
	t.Filters = []form.Field{desk.Filter(r, "quality-days", "days", r.T("publisher.days"), "", r.T("publisher.quality.day"), "7", r.T("publisher.days.n", "n", 7), "30", r.T("publisher.days.n", "n", 30))}
	return desk.Block("by-source", "", r.T("publisher.quality.text"), t)
}

// waiting says what is in the quarantine now, by reason.
func waiting(r *site.Request, by map[usage.Reason]int64) string {
	var out []string
	for _, reason := range slices.Sorted(maps.Keys(by)) {
		out = append(out, r.T("desk.reason."+string(reason))+": "+r.L.Number(by[reason]))
	}
	return strings.Join(out, ", ")
}

func (a arrival) label(r *site.Request, i int) (label, short string) {
	at := a.from.Add(time.Duration(i) * a.step)
	if a.step == time.Hour {
		return r.L.Instant(at), strconv.Itoa(at.Hour())
	}
	return r.L.DateLong(at), strconv.Itoa(at.Day())
}

func (a arrival) chart(r *site.Request, hours []usage.Quality, key string, of func(usage.Quality) int64) chart.Chart {
	values, total := make([]int64, a.n), int64(0)
	for _, h := range hours {
		if i := int(h.Hour.Sub(a.from) / a.step); i >= 0 && i < a.n {
			values[i], total = values[i]+of(h), total+of(h)
		}
	}
	c := chart.Chart{ID: "chart-" + key, Title: r.T("publisher.quality." + key), Unit: r.T("publisher.quality.events"), First: r.T("publisher.quality.received"),
		Desc: r.T("publisher.quality.desc", "n", total)}
	for i, v := range values {
		label, short := a.label(r, i)
		c.Points = append(c.Points, chart.Point{Label: label, Short: short, Value: v})
	}
	if total == 0 {
		c.Points = nil
	}
	return c
}

// lag is the mean time from the end of an interval to its receipt.
func (a arrival) lag(r *site.Request, hours []usage.Quality) chart.Chart {
	sum, n := make([]int64, a.n), make([]int64, a.n)
	var worst time.Duration
	for _, h := range hours {
		if i := int(h.Hour.Sub(a.from) / a.step); i >= 0 && i < a.n {
			sum[i], n[i], worst = sum[i]+h.Lag.Milliseconds()/100*h.Accepted, n[i]+h.Accepted, max(worst, h.Worst)
		}
	}
	c := chart.Chart{ID: "chart-lag", Title: r.T("publisher.quality.lag.title"), Unit: "s", Places: 1, Kind: chart.Line, First: r.T("publisher.quality.received"),
		Desc: r.T("publisher.quality.worst", "lag", r.L.Duration(worst.Round(time.Second)))}
	for i := range sum {
		label, short := a.label(r, i)
		c.Points = append(c.Points, chart.Point{Label: label, Short: short, Value: sum[i] / max(1, n[i])})
	}
	return c
}
