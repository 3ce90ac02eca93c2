package service

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// labels is the usage of the span by what the application says about it (device, topic), the most first. Nothing is shown
// where it says nothing.
func (d *pages) labels(r *site.Request, s subscription.Subscription, sp span) ([]site.Block, error) {
	points, err := d.Meters.Usage(r.Context(), r.Caller, s.Org, usage.Query{Subject: s.ID, From: sp.from, To: sp.from.Add(time.Duration(sp.n) * sp.step), Step: sp.step})
	if err != nil {
		if fail.Is(err, fail.NotFound) {
			err = nil
		}
		return nil, err
	}
	type part struct {
		labels string
		n      int64
	}
	var blocks []site.Block
	for _, m := range s.Deal.Meters {
		sums, total, said := map[string]int64{}, int64(0), false
		for _, p := range points {
			if n, ok := p.Quantity.Int64(); ok && p.Meter == m.Key && (m.Aggregation == "" || m.Aggregation == "sum") {
				sums[p.Labels], total, said = sums[p.Labels]+n, total+n, said || p.Labels != ""
			}
		}
		if !said || total <= 0 {
			continue
		}
		var parts []part
		for _, labels := range slices.Sorted(maps.Keys(sums)) {
			parts = append(parts, part{labels, sums[labels]})
		}
		slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.n, a.n) })
		name, _ := m.Name.In(r.Lang())
		t := table.Table{ID: "labels-" + m.Key, Caption: r.T("usage.labels", "meter", name), Query: table.Parse(r.URL), Found: int64(len(parts)),
			Columns: []table.Column{{Name: r.T("usage.label")}, {Name: r.T("usage.event.amount"), Numeric: true}, {Name: r.T("usage.label.share"), Numeric: true}}}
		for _, p := range parts[:min(len(parts), shownEvents)] {
			t.Rows = append(t.Rows, table.Row{URL: "#windows", Cells: []table.Cell{{Text: labelled(r, p.labels)}, {Text: customer.Amount(r, m.Unit, p.n)}, {Text: r.L.Percent(tenths(p.n, total), 1)}}})
		}
		blocks = append(blocks, site.Block{ID: "by-" + m.Key, Title: r.T("usage.labels", "meter", name), Text: r.T("usage.labels.text"), Template: "table", View: t})
	}
	return blocks, nil
}

// tenths is a part of a total in tenths of a percent.
func tenths(n, total int64) int64 {
	if n > (1<<62)/1000 {
		return n / (total / 1000)
	}
	return n * 1000 / total
}

// labelled writes dimensions, canonical JSON, as a person reads them.
func labelled(r *site.Request, labels string) string {
	var by map[string]string
	if labels == "" || json.Unmarshal([]byte(labels), &by) != nil || len(by) == 0 {
		return r.T("usage.label.none")
	}
	var words []string
	for _, k := range slices.Sorted(maps.Keys(by)) {
		words = append(words, k+": "+by[k])
	}
	return strings.Join(words, ", ")
}
