package chart

import (
	"fmt"
	"strconv"

	"github.com/halle-cloud/halle/web/locale"
)

// y is the height at which a value stands; ceiling is the value at the top. A correction below nothing stands on
// the floor: the table twin tells its figure.
func y(value, ceiling int64) int64 {
	if ceiling <= 0 || value <= 0 {
		return floor
	}
	return floor - int64(float64(value)/float64(ceiling)*room+0.5)
}

// niceStep is the distance between grid lines: 1, 2, 2.5 or 5 times a power of ten, at most four lines.
func niceStep(most int64) int64 {
	for power := int64(1); power < 1e18; power *= 10 {
		for _, tenths := range []int64{10, 20, 25, 50} {
			step := power * tenths / 10
			if power*tenths%10 == 0 && step*4 >= most {
				return step
			}
		}
	}
	return most
}

// bars places the points. Labels are thinned so that at most twelve show, and half of them on a phone.
func bars(l *locale.Locale, c Chart, ceiling int64) []Bar {
	n := len(c.Points)
	every := max(1, (n+11)/12)
	out := make([]Bar, 0, n)
	for i, p := range c.Points {
		slot := 10000 / float64(n)
		at := slot * (float64(i) + 0.18)
		top := y(p.Value, ceiling)
		if p.Value > 0 {
			top = min(top, floor-2)
		}
		out = append(out, Bar{
			Point: p, X: share(at), W: share(slot * 0.64), Middle: share(slot * (float64(i) + 0.5)),
			Y: top, H: floor - top, Text: l.Decimal(p.Value, c.Places),
			Labelled: i%every == 0, Minor: n > 6 && i/every%2 == 1,
		})
	}
	return out
}

// share writes hundredths of a percent as a percentage.
func share(v float64) string { return strconv.FormatFloat(v/100, 'f', 2, 64) + "%" }

func (b Bar) pathPoint() string {
	x, _ := strconv.ParseFloat(b.Middle[:len(b.Middle)-1], 64)
	return fmt.Sprintf("%d,%d ", int64(x*100), b.Y)
}
