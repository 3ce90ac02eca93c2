package customer

import "github.com/halle-cloud/halle/web/site"

// Scale shows base units of a meter in a unit that can be read, with Places decimals.
type Scale struct {
	Unit      string
	Places    int
	times, by int64
}

// Of is a number of base units as Decimal takes it.
func (s Scale) Of(n int64) int64 {
	if n > (1<<62)/s.times {
		return n / s.by * s.times
	}
	return n * s.times / s.by
}

// ScaleOf chooses the unit for numbers up to most.
func ScaleOf(r *site.Request, unit string, most int64) Scale {
	switch {
	case unit == "second" && most < 3600:
		return Scale{Unit: r.T("usage.unit.second"), times: 1, by: 1}
	case unit == "second":
		return Scale{Unit: r.T("usage.unit.hour"), times: 100, by: 3600, Places: 2}
	case unit == "byte" && most >= 10_000_000:
		return Scale{Unit: r.T("unit.mb"), times: 10, by: 1_000_000, Places: 1}
	case unit == "byte" && most >= 10_000:
		return Scale{Unit: r.T("unit.kb"), times: 10, by: 1000, Places: 1}
	case r.L.Has("usage.unit." + unit):
		return Scale{Unit: r.T("usage.unit." + unit), times: 1, by: 1}
	}
	return Scale{Unit: unit, times: 1, by: 1}
}

// Amount writes a number of base units with its unit.
func Amount(r *site.Request, unit string, n int64) string {
	s := ScaleOf(r, unit, n)
	return r.L.Decimal(s.Of(n), s.Places) + "\u00a0" + s.Unit
}
