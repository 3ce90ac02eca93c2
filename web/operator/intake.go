package operator

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/web/design/chart"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// intake is how usage comes in from all publishers.
func (d *pages) intake(r *site.Request) error {
	in, err := d.Meters.Intake(r.Context(), r.Caller, root(r.Caller))
	if err != nil {
		return err
	}
	h := in.Health
	state := r.T("operator.ingest.runs")
	if h.Stopped != nil {
		state = r.T("operator.ingest.stopped", "why", h.Stopped.Error())
	}
	count := func(n uint64) string { return r.L.Number(int64(n)) }
	now := int64(0)
	for _, f := range in.Flows {
		now += f.PerSecond
	}
	pairs := desk.Pairs(desk.Pair(r.T("desk.state"), state), desk.Pair(r.T("operator.intake.now"), r.T("operator.intake.persecond", "n", now)), desk.Pair(r.T("operator.ingest.stored"), count(h.Stored)),
		desk.Pair(r.T("operator.ingest.behind"), count(h.Stored-h.Folded)), desk.Pair(r.T("operator.ingest.uncommitted"), count(h.Folded-min(h.Committed, h.Folded))),
		desk.Pair(r.T("operator.intake.keys"), r.L.Number(int64(h.Keys))), desk.Pair(r.T("operator.ingest.open"), r.L.Number(int64(h.Open))), desk.Pair(r.T("operator.ingest.closed"), r.L.Number(h.Closings)))
	return r.OK(site.Sheet{Page: page(r, r.T("operator.intake")), Lead: r.T("operator.intake.lead"), Main: []site.Block{
		{ID: "ingest", Template: "details", View: pairs}, {Template: "chart", View: intakeChart(r, in.Hours)}, d.intakeTable(r, in)}})
}

func intakeChart(r *site.Request, hours []usage.Quality) chart.Chart {
	from := r.Site().Options().Now().UTC().Truncate(time.Hour).Add(-23 * time.Hour)
	var values [24]int64
	total := int64(0)
	for _, h := range hours {
		if i := int(h.Hour.Sub(from) / time.Hour); i >= 0 && i < len(values) {
			values[i], total = values[i]+h.Sent(), total+h.Sent()
		}
	}
	c := chart.Chart{ID: "chart-intake", Title: r.T("operator.intake.hours"), Unit: r.T("publisher.quality.events"), First: r.T("publisher.quality.received"), Desc: r.T("publisher.quality.desc", "n", total)}
	for i, v := range values {
		at := from.Add(time.Duration(i) * time.Hour)
		c.Points = append(c.Points, chart.Point{Label: r.L.Instant(at), Short: strconv.Itoa(at.Hour()), Value: v})
	}
	if total == 0 {
		c.Points = nil
	}
	return c
}

// came is what came from one publisher in the last 24 hours.
type came struct {
	usage.Quality
	usage.Flow
	lag int64 // milliseconds times events
}

func byPublisher(in meter.Intake) []*came {
	var list []*came
	of := func(publisher string) *came {
		i := slices.IndexFunc(list, func(c *came) bool { return c.Quality.Publisher == publisher })
		if i < 0 {
			i = len(list)
			list = append(list, &came{Quality: usage.Quality{Publisher: publisher}})
		}
		return list[i]
	}
	for _, h := range in.Hours {
		c := of(h.Publisher)
		c.Accepted, c.Duplicates, c.Late, c.Held = c.Accepted+h.Accepted, c.Duplicates+h.Duplicates, c.Late+h.Late, c.Held+h.Held
		c.lag, c.Worst = c.lag+h.Lag.Milliseconds()*h.Accepted, max(c.Worst, h.Worst)
		c.Lag = time.Duration(c.lag/max(1, c.Accepted)) * time.Millisecond
		if h.Last.After(c.Last) {
			c.Last = h.Last
		}
	}
	for _, f := range in.Flows {
		of(f.Publisher).Flow = f
	}
	slices.SortStableFunc(list, func(a, b *came) int { return cmp.Compare(b.Sent(), a.Sent()) })
	return list
}

func (d *pages) intakeTable(r *site.Request, in meter.Intake) site.Block {
	names := d.names()
	var rows []table.Row
	for _, c := range byPublisher(in) {
		refused := desk.Text(r.L.Number(c.Refused))
		rows = append(rows, table.Row{URL: home + "/quarantine?publisher=" + c.Quality.Publisher, Cells: []table.Cell{desk.Text(names.Of(r, c.Quality.Publisher)), desk.Text(r.L.Number(c.PerSecond)),
			desk.Two(r.L.Number(c.Accepted), r.T("operator.intake.rest", "twice", c.Duplicates, "late", c.Late)), desk.Text(r.L.Number(c.Held)),
			desk.Two(r.L.Duration(c.Lag.Round(time.Second)), r.T("publisher.quality.worst", "lag", r.L.Duration(c.Worst.Round(time.Second)))), refused, desk.Since(r, c.Last)}})
	}
	t := desk.List(r, "publishers", r.T("operator.intake.publishers"), "operator.intake.none", []table.Column{desk.Col(r.T("operator.publisher")), desk.Num(r.T("operator.intake.rate")), desk.Num(r.T("operator.intake.day")),
		desk.Num(r.T("publisher.quality.held")), {Name: r.T("publisher.quality.lag"), Numeric: true, Hidden: true}, desk.Num(r.T("operator.intake.refused")), desk.Wide(r.T("publisher.quality.last"))}, rows)
	return desk.Block("by-publisher", r.T("operator.intake.publishers"), r.T("operator.intake.publishers.text"), t)
}
