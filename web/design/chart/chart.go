// Package chart draws usage: bars and lines as SVG made on the server, readable in print, with a table twin.
//
// Owns: the drawing.
// Does not own: usage (meter) or its units.
// Reads: nothing.
// Writes: nothing.
package chart

import (
	"github.com/halle-cloud/halle/web/locale"
)

// Kind is how values are drawn. The zero value is Bars.
type Kind string

// The kinds.
const (
	Bars Kind = "bars"
	Line Kind = "line"
)

// Chart is one series over time.
type Chart struct {
	ID     string // unique on the page
	Title  string // "Messages in November"
	Desc   string // one sentence for those who do not see it: total, peak, trend
	Kind   Kind
	Unit   string // "messages"
	Places int    // decimal places of the values
	Points []Point
	Limit  int64  // a line across, such as a cap; 0 is none
	Cap    string // what the line is: "Cap, €50"
	First  string // heading of the first column of the twin: "Day"
	Open   bool   // the table twin is unfolded
}

// Point is one bar: Value × 10^-Places. URL leads down to its events.
type Point struct {
	Label string // "Thursday 5 November"
	Short string // "5"
	Value int64
	URL   string
}

// geometry of the drawing, in pixels of height; widths are shares of the whole so that text never shrinks.
const (
	height = 200
	top    = 22
	bottom = 26
	floor  = height - bottom
	room   = floor - top
)

// Bar is one point placed: X and W in hundredths of a percent.
type Bar struct {
	Point
	X, W, Middle string
	Y, H         int64
	Text         string
	Minor        bool // its label is dropped on a narrow screen
	Labelled     bool
}

// Grid is one horizontal line with its value.
type Grid struct {
	Y    int64
	Text string
}

// Drawing is a chart laid out in a language, ready for the template.
type Drawing struct {
	Chart
	Bars   []Bar
	Grid   []Grid
	Path   string // points of the line in a box of 10000 × height
	LimitY int64
	Total  string
}

// Draw lays the chart out. It is called by the template with the page's language.
func Draw(l *locale.Locale, c Chart) Drawing {
	d := Drawing{Chart: c}
	most := c.Limit
	var total int64
	for _, p := range c.Points {
		most, total = max(most, p.Value), total+p.Value
	}
	step := niceStep(most)
	ceiling := max(step, (most+step-1)/step*step)
	for v := int64(0); v <= ceiling; v += step {
		d.Grid = append(d.Grid, Grid{Y: y(v, ceiling), Text: l.Decimal(v, c.Places)})
	}
	d.Bars, d.Path = bars(l, c, ceiling), ""
	for _, b := range d.Bars {
		d.Path += b.pathPoint()
	}
	if c.Limit > 0 {
		d.LimitY = y(c.Limit, ceiling)
	}
	d.Total = l.Decimal(total, c.Places)
	return d
}
