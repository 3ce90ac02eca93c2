package chart_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/web/design/chart"
	"github.com/halle-cloud/halle/web/locale"
)

// Whatever the values, every bar stays inside the drawing, a higher value is never drawn lower, and the grid has
// few lines with the highest value below the top one.
func TestDrawingStaysInItsFrame(t *testing.T) {
	catalogue, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	l := catalogue.Locale("en", locale.Options{})
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(-1_000_000, 1<<60), 1, 400).Draw(t, "values")
		c := chart.Chart{Limit: rapid.Int64Range(0, 1<<60).Draw(t, "limit")}
		for _, v := range values {
			c.Points = append(c.Points, chart.Point{Value: v})
		}
		d := chart.Draw(l, c)
		if len(d.Grid) < 2 || len(d.Grid) > 6 {
			t.Fatalf("%d lines in the grid", len(d.Grid))
		}
		for i, b := range d.Bars {
			if b.H < 0 || b.Y < 22 || b.Y+b.H != 174 {
				t.Fatalf("bar %d of value %d stands at %d with height %d", i, b.Value, b.Y, b.H)
			}
			if i > 0 && b.Value > d.Bars[i-1].Value && b.Y > d.Bars[i-1].Y {
				t.Fatalf("%d is drawn below %d", b.Value, d.Bars[i-1].Value)
			}
		}
	})
}
