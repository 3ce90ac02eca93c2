package service

import (
	"fmt"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/chart"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

const day = 24 * time.Hour

// span is what the chart shows: 30 days by the day, or one day by the hour.
type span struct {
	from time.Time
	step time.Duration
	n    int
}

// spanOf reads ?day=2026-11-05. Days are those of UTC, as windows are.
func spanOf(r *site.Request) span {
	if at, err := time.Parse(time.DateOnly, r.URL.Query().Get("day")); err == nil {
		return span{from: at, step: time.Hour, n: 24}
	}
	today := r.Site().Options().Now().UTC().Truncate(day)
	return span{from: today.Add(-29 * day), step: day, n: 30}
}

func (d *pages) usage(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	sp := spanOf(r)
	sheet := d.sheet(r, s.Subscription, "usage")
	if sp.step == time.Hour {
		sheet.Actions = append(sheet.Actions, button.Button{Text: r.T("usage.month"), URL: serviceURL(s.ID, "/usage")})
	}
	for _, m := range s.Deal.Meters {
		view, err := d.chart(r, s.Subscription, m, sp)
		if err != nil {
			return err
		}
		sheet.Main = append(sheet.Main, site.Block{Template: "chart", View: view})
	}
	labels, err := d.labels(r, s.Subscription, sp)
	if err != nil {
		return err
	}
	sheet.Main = append(sheet.Main, labels...)
	windows, err := d.windows(r, s.Subscription, sp)
	if err != nil {
		return err
	}
	sheet.Main = append(sheet.Main, windows)
	return r.OK(sheet)
}

func (d *pages) chart(r *site.Request, s subscription.Subscription, m catalog.Meter, sp span) (chart.Chart, error) {
	name, _ := m.Name.In(r.Lang())
	points, err := d.Meters.Usage(r.Context(), r.Caller, s.Org, usage.Query{Subject: s.ID, Meter: m.Key, From: sp.from, To: sp.from.Add(time.Duration(sp.n) * sp.step), Step: sp.step})
	if err != nil && !fail.Is(err, fail.NotFound) { // what was never made has used nothing
		return chart.Chart{}, err
	}
	values := make([]int64, sp.n)
	var total, most int64
	for _, p := range points {
		n, ok := p.Quantity.Int64()
		i := int(p.Start.Sub(sp.from) / sp.step)
		if !ok || i < 0 || i >= sp.n {
			continue
		}
		values[i] += n
		total, most = total+n, max(most, values[i])
	}
	scale := customer.ScaleOf(r, m.Unit, most)
	c := chart.Chart{ID: "chart-" + m.Key, Title: name, Unit: scale.Unit, Places: scale.Places, First: r.T("usage.first." + stepName(sp)),
		Desc: r.T("usage.desc", "total", r.L.Decimal(scale.Of(total), scale.Places)+" "+scale.Unit, "most", r.L.Decimal(scale.Of(most), scale.Places)+" "+scale.Unit)}
	for i, v := range values {
		at := sp.from.Add(time.Duration(i) * sp.step)
		p := chart.Point{Label: r.L.DateLong(at), Short: strconv.Itoa(at.Day()), Value: scale.Of(v)}
		if sp.step == time.Hour {
			p.Label, p.Short = r.L.Instant(at), strconv.Itoa(at.Hour())
		}
		if v > 0 {
			p.URL = serviceURL(s.ID, "/usage?day="+at.Format(time.DateOnly))
			if sp.step == time.Hour {
				p.URL += "#windows"
			}
		}
		c.Points = append(c.Points, p)
	}
	if total == 0 {
		c.Points = nil
	}
	return c, nil
}

func stepName(sp span) string {
	if sp.step == time.Hour {
		return "hour"
	}
	return "day"
}

// windows are the closed windows that touch the span, each of which leads to its events.
func (d *pages) windows(r *site.Request, s subscription.Subscription, sp span) (site.Block, error) {
	t := table.Table{ID: "windows-list", Caption: r.T("usage.windows"), Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: r.T("usage.window.span")}, {Name: r.T("usage.window.sums")}, {Name: r.T("usage.window.events"), Numeric: true}, {Name: r.T("usage.window.digest"), Hidden: true}},
		Empty:   states.Empty{Icon: "clock", Title: r.T("usage.windows.none"), Text: r.T("usage.windows.none.text")}}
	to := sp.from.Add(time.Duration(sp.n) * sp.step)
	for after := int64(0); ; {
		page, err := d.Meters.Windows(r.Context(), r.Caller, s.ID, after, 200)
		if err != nil && !fail.Is(err, fail.NotFound) {
			return site.Block{}, err
		}
		for _, w := range page.Windows {
			if w.To.Before(sp.from) || !w.From.Before(to) {
				continue
			}
			t.Rows = append(t.Rows, table.Row{URL: serviceURL(s.ID, "/windows/"+w.ID), Cells: []table.Cell{{Text: r.L.Instant(w.From), Sub: r.T("usage.kind." + string(w.Kind))},
				{Text: sums(r, s, w)}, {Text: r.L.Number(w.Events)}, {Text: fmt.Sprintf("%x…", w.Digest[:6])}}})
		}
		if after = page.Next; after == 0 || len(t.Rows) >= 200 {
			break
		}
	}
	return site.Block{ID: "windows", Title: r.T("usage.windows"), Text: r.T("usage.windows.text"), Template: "table", View: t}, nil
}

func sums(r *site.Request, s subscription.Subscription, w usage.Window) string {
	text := ""
	for _, sum := range w.Sums {
		name := sum.Meter
		for _, m := range s.Deal.Meters {
			if m.Key == sum.Meter {
				name, _ = m.Name.In(r.Lang())
			}
		}
		if text != "" {
			text += "; "
		}
		value := sum.Quantity
		if n, err := strconv.ParseInt(sum.Quantity, 10, 64); err == nil {
			value = customer.Amount(r, sum.Unit, n)
		}
		text += name + ": " + value
	}
	return text
}
