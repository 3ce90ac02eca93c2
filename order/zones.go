package order

import (
	"fmt"
	"time"
)

// zoneOf is the time zone of a country's civil dates, for billing periods and withdrawal. A country with several zones
// gets its capital's; one that is not listed gets UTC.
func zoneOf(country string) string {
	zones := map[string]string{
		"AT": "Europe/Vienna", "BE": "Europe/Brussels", "BG": "Europe/Sofia", "CH": "Europe/Zurich", "CY": "Asia/Nicosia", "CZ": "Europe/Prague",
		"DE": "Europe/Berlin", "DK": "Europe/Copenhagen", "EE": "Europe/Tallinn", "ES": "Europe/Madrid", "FI": "Europe/Helsinki", "FR": "Europe/Paris",
		"GB": "Europe/London", "GR": "Europe/Athens", "HR": "Europe/Zagreb", "HU": "Europe/Budapest", "IE": "Europe/Dublin", "IS": "Atlantic/Reykjavik",
		"IT": "Europe/Rome", "LI": "Europe/Vaduz", "LT": "Europe/Vilnius", "LU": "Europe/Luxembourg", "LV": "Europe/Riga", "MA": "Africa/Casablanca",
		"MC": "Europe/Monaco", "MT": "Europe/Malta", "NL": "Europe/Amsterdam", "NO": "Europe/Oslo", "PL": "Europe/Warsaw", "PT": "Europe/Lisbon",
		"RO": "Europe/Bucharest", "SE": "Europe/Stockholm", "SI": "Europe/Ljubljana", "SK": "Europe/Bratislava", "SN": "Africa/Dakar", "TN": "Africa/Tunis",
		"UA": "Europe/Kyiv",
	}
	if z, ok := zones[country]; ok {
		return z
	}
	return "UTC"
}

// withdrawBy is the end of the withdrawal period of a contract concluded at an instant: the last hour of the 14th day
// after it (Directive 2011/83/EU, art. 9), moved past a Saturday or Sunday (Regulation 1182/71, art. 3(4)).
func withdrawBy(concluded time.Time, zone string) (time.Time, error) {
	l, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("time zone %q: %w", zone, err)
	}
	y, m, d := concluded.In(l).Date()
	last := time.Date(y, m, d+withdrawalDays, 12, 0, 0, 0, l)
	for last.Weekday() == time.Saturday || last.Weekday() == time.Sunday {
		last = last.AddDate(0, 0, 1)
	}
	y, m, d = last.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, l).UTC(), nil
}

// lastDay is the last day of the withdrawal period, as a civil date.
func (o Order) lastDay() string {
	l, err := time.LoadLocation(o.Zone)
	if err != nil {
		l = time.UTC // the zone was loaded when the order was placed
	}
	return o.WithdrawBy.Add(-time.Second).In(l).Format(time.DateOnly)
}
