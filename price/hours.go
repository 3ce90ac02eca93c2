package price

import (
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
)

// Hours are hours of the civil week in a zone. A component that has them charges only the usage of windows that end
// in them: a window belongs as a whole to the hours of its last microsecond, so hours that begin on the quarter are as
// exact as windows of a quarter of an hour. Of the components with hours that charge the same meter, exactly one
// applies at each instant; write a price of 0 for hours that are free.
type Hours struct {
	Zone  string     `json:"zone"` // IANA name, "Europe/Paris"
	Spans []WeekSpan `json:"spans"`
}

// WeekSpan is the same hours on some days. To is the first minute that no longer belongs to it; "24:00" is the end of
// the day. A span does not pass midnight: write two.
type WeekSpan struct {
	Days []Weekday `json:"days,omitempty"` // empty: every day
	From Clock     `json:"from"`
	To   Clock     `json:"to"`
}

// Weekday is a day of the week: "mon", "tue", "wed", "thu", "fri", "sat", "sun".
type Weekday string

// Clock is a minute of the day: "00:00" to "24:00".
type Clock string

const maxSpans = 50

// In tells whether an instant lies in the hours. zone is the one that Hours names, loaded by the caller.
func (h *Hours) In(at time.Time, zone *time.Location) bool {
	if h == nil {
		return true
	}
	at = at.In(zone)
	minute := at.Hour()*60 + at.Minute()
	for _, s := range h.Spans {
		from, _ := s.From.minute()
		to, _ := s.To.minute()
		if s.on(at.Weekday()) && minute >= from && minute < to {
			return true
		}
	}
	return false
}

// Applies is In with the zone loaded. Error: price.zone for a zone that this machine does not know.
func (c *Component) Applies(at time.Time) (bool, error) {
	if c.Hours == nil {
		return true, nil
	}
	zone, err := time.LoadLocation(c.Hours.Zone)
	if err != nil {
		return false, fail.New(fail.Invalid, "price.zone", "The time zone of a price is not known here.", "Use a zone of the IANA list, such as Europe/Paris.").
			With("zone", c.Hours.Zone).Wrap(err)
	}
	return c.Hours.In(at, zone), nil
}

func (s WeekSpan) on(d time.Weekday) bool {
	if len(s.Days) == 0 {
		return true
	}
	for _, day := range s.Days {
		if n, ok := day.number(); ok && n == d {
			return true
		}
	}
	return false
}

func (d Weekday) number() (time.Weekday, bool) {
	for n := time.Sunday; n <= time.Saturday; n++ {
		if name := n.String(); len(d) == 3 && name[0]|0x20 == d[0] && name[1:3] == string(d[1:]) {
			return n, true
		}
	}
	return 0, false
}

// minute reads "HH:MM".
func (c Clock) minute() (int, bool) {
	if len(c) != 5 || c[2] != ':' {
		return 0, false
	}
	n := [4]int{}
	for i, at := range [4]int{0, 1, 3, 4} {
		if c[at] < '0' || c[at] > '9' {
			return 0, false
		}
		n[i] = int(c[at] - '0')
	}
	hour, minute := n[0]*10+n[1], n[2]*10+n[3]
	ok := hour < 24 && minute < 60 || hour == 24 && minute == 0
	return hour*60 + minute, ok
}

// hours checks the hours of one component.
func (p *problems) hours(at string, h *Hours) {
	if h == nil {
		return
	}
	p.when(!zoneName(h.Zone), at+"zone", "must be the IANA name of a time zone, such as Europe/Paris")
	p.when(len(h.Spans) == 0, at+"spans", "must name at least one")
	p.when(len(h.Spans) > maxSpans, at+"spans", "has too many")
	for i, s := range h.Spans {
		here := fmt.Sprintf("%sspans.%d.", at, i)
		from, ok := s.From.minute()
		p.when(!ok, here+"from", `must be a time of day such as "07:30"`)
		to, valid := s.To.minute()
		p.when(!valid, here+"to", `must be a time of day such as "22:00", at most "24:00"`)
		p.when(ok && valid && to <= from, here+"to", "must be after from; write two spans for hours that pass midnight")
		for j, d := range s.Days {
			_, ok := d.number()
			p.when(!ok, fmt.Sprintf("%sdays.%d", here, j), `must be "mon", "tue", "wed", "thu", "fri", "sat" or "sun"`)
		}
	}
}

// zoneName wants the form of an IANA name; whether there is such a zone, the machine that rates knows.
func zoneName(s string) bool {
	ok := s != "" && s != "Local" && len(s) <= maxWord && s[0] != '/' && s[0] != '.'
	for i, r := range []byte(s) {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '+' || r == '/' && s[i-1] != '/')
	}
	return ok
}

// week wants each minute of the week to have one price for each meter that is priced by hours. It looks at minutes,
// because spans begin and end on them.
func (p *problems) week(v *Version) {
	first := map[string]int{}
	for i := range v.Components {
		c := &v.Components[i]
		if c.Hours == nil {
			continue
		}
		at := fmt.Sprintf("components.%d.hours", i)
		if n, ok := first[c.Meter]; ok {
			p.when(v.Components[n].Hours.Zone != c.Hours.Zone, at+".zone", "must be the zone of the other hours of the meter")
			continue
		}
		first[c.Meter] = i
		p.cover(at, v, c.Meter)
	}
}

func (p *problems) cover(at string, v *Version, meter string) {
	var prices [7 * 1440]uint8
	for i := range v.Components {
		c := &v.Components[i]
		if c.Hours == nil || c.Meter != meter || len(c.Hours.Spans) > maxSpans {
			continue
		}
		for day := range 7 {
			var mine [1440]bool // two spans of one component may meet
			for _, s := range c.Hours.Spans {
				from, ok := s.From.minute()
				to, valid := s.To.minute()
				for m := from; ok && valid && m < to && s.on(time.Weekday(day)); m++ {
					mine[m] = true
				}
			}
			for m, yes := range mine {
				if yes && prices[day*1440+m] < 2 {
					prices[day*1440+m]++
				}
			}
		}
	}
	for m, n := range prices {
		if n == 1 {
			continue
		}
		text := "no price applies on %s at %02d:%02d: the hours of the meter have a gap"
		if n > 1 {
			text = "more than one price applies on %s at %02d:%02d: the hours of the meter overlap"
		}
		p.when(true, at, fmt.Sprintf(text, time.Weekday(m/1440), m%1440/60, m%60))
		return
	}
}
