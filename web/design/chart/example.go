package chart

import (
	"fmt"
	"time"

	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

func examples(l *locale.Locale) []part.Example {
	month := Chart{ID: "chart-month", Title: l.T("example.chart.title"), Unit: l.T("example.chart.unit"), First: l.T("example.chart.day"), Limit: 4500, Cap: l.T("example.chart.cap")}
	for i := range 30 {
		day := time.Date(2026, 11, i+1, 0, 0, 0, 0, time.UTC)
		value := int64(900 + (i*7919)%2300 + 60*i)
		if day.Weekday() == time.Sunday || day.Weekday() == time.Saturday {
			value /= 3
		}
		month.Points = append(month.Points, Point{Label: l.DateLong(day), Short: l.Number(int64(day.Day())), Value: value, URL: fmt.Sprintf("#events-%d", i+1)})
	}
	var total int64
	for _, p := range month.Points {
		total += p.Value
	}
	month.Desc = l.T("example.chart.desc", "n", total)
	hours := Chart{ID: "chart-line", Kind: Line, Title: l.T("example.chart.devices"), Desc: l.T("example.chart.devices.desc"), Unit: l.T("example.chart.devices.unit"), First: l.T("example.chart.hour"), Open: true}
	for i, v := range []int64{12, 12, 14, 18, 20, 20, 19, 20} {
		hours.Points = append(hours.Points, Point{Label: fmt.Sprintf("%02d:00", 8+i), Short: fmt.Sprintf("%02d", 8+i), Value: v})
	}
	empty := Chart{ID: "chart-empty", Title: l.T("example.chart.title"), Desc: l.T("chart.empty"), Unit: l.T("example.chart.unit"), First: l.T("example.chart.day")}
	return []part.Example{
		{Title: l.T("example.chart.bars"), Template: "chart", View: month, Wide: true},
		{Title: l.T("example.chart.line"), Template: "chart", View: hours},
		{Title: l.T("example.chart.none"), Template: "chart", View: empty},
	}
}
