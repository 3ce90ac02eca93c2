package service

import (
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/site"
)

// month is how far back the bar of availability looks.
const month = 30 * 24 * time.Hour

// availability is a bar of what was observed in the last 30 days, with its twin in words.
type availability struct {
	Title, Text string
	Segments    []segment
	Rows        []outage
}

// segment is a part of the bar: X and W in hundredths of a percent.
type segment struct{ Class, X, W, Text string }

type outage struct{ When, What, Took, Detail string }

func (d *pages) availability(r *site.Request, s subscription.Subscription) ([]site.Block, error) {
	if s.Resource == "" {
		return nil, nil
	}
	_, intervals, err := d.Resources.History(r.Context(), r.Caller, s.Resource)
	if fail.Is(err, fail.Denied) {
		return nil, nil
	}
	if err != nil || len(intervals) == 0 {
		return nil, err
	}
	view := bar(r, intervals, r.Site().Options().Now())
	return []site.Block{{ID: "availability", Title: r.T("availability.title"), Template: "service/availability", View: view}}, nil
}

func bar(r *site.Request, intervals []provision.Interval, now time.Time) availability {
	from := now.Add(-month)
	if first := intervals[0].From; first.After(from) {
		from = first
	}
	total := max(now.Sub(from), time.Second)
	var up, counted time.Duration
	view := availability{Title: r.T("availability.title")}
	for _, i := range intervals {
		to := i.To
		if to.IsZero() || to.After(now) {
			to = now
		}
		start := i.From
		if start.Before(from) {
			start = from
		}
		length := to.Sub(start)
		if length <= 0 {
			continue
		}
		switch i.Condition {
		case provision.ConditionUp, provision.ConditionDegraded:
			up, counted = up+length, counted+length
		case provision.ConditionUnknown:
			if counted > 0 { // before it was first seen, it was being made
				counted += length
			}
		case provision.ConditionDown:
			counted += length
		}
		text := r.T("condition." + string(i.Condition))
		view.Segments = append(view.Segments, segment{Class: string(i.Condition), X: share(start.Sub(from), total), W: share(length, total), Text: text + ", " + r.L.Instant(start)})
		if i.Condition != provision.ConditionUp {
			view.Rows = append(view.Rows, outage{When: r.L.Instant(i.From), What: text, Took: r.L.Duration(length), Detail: i.Detail})
		}
	}
	view.Text = r.T("availability.none")
	if counted > 0 {
		view.Text = r.T("availability.text", "share", r.L.Percent(int64(up*100000/counted), 3), "from", r.L.Instant(from))
	}
	return view
}

// share is a length as percent with two decimals, for SVG.
func share(part, whole time.Duration) string {
	n := int64(part) / max(int64(whole)/10000, 1)
	return fmt.Sprintf("%d.%02d%%", n/100, n%100)
}
