// Package price is the price tag: what I pay for my quantity, what starts it and what stops it, tax said.
//
// Owns: how a price is shown.
// Does not own: amounts and rules of prices (package price at the root).
// Reads: nothing.
// Writes: nothing.
package price

import (
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Tax says whether the amounts contain tax. Consumers must be shown Included.
type Tax string

// The ways tax is said.
const (
	Included Tax = "included"
	Excluded Tax = "excluded"
	Exempt   Tax = "exempt"
)

// Tag is a price as a person sees it. Texts are localised by the page.
type Tag struct {
	Free   bool
	From   bool         // the amount is the least one pays
	Amount locale.Money // of one unit
	Per    string       // "per hour", "per device and month"

	Quantity string // "for 20 devices, all month"; empty without a quantity
	Total    locale.Money
	TotalPer string // "a month"

	Lines  []Line // the parts of the price, where there are several
	Starts string // "when the broker runs"
	Stops  string // "when you stop it; the disk goes on at €0.08 a day"
	Tax    Tax
	Rate   string // "20 %"
}

// Line is one part of a price.
type Line struct {
	Name   string
	Amount locale.Money
	Per    string
}

func examples(l *locale.Locale) []part.Example {
	eur := func(minor int64, exponent int) locale.Money {
		return locale.Money{Minor: minor, Exponent: exponent, Currency: "EUR"}
	}
	hour := Tag{Amount: eur(11, 3), Per: l.T("example.per.hour"), Quantity: l.T("example.quantity"), Total: eur(803, 2), TotalPer: l.T("example.per.month"),
		Starts: l.T("example.price.starts"), Stops: l.T("example.price.stops"), Tax: Excluded, Rate: l.Percent(20, 0)}
	parts := Tag{From: true, Amount: eur(990, 2), Per: l.T("example.per.month"), Tax: Included, Rate: l.Percent(20, 0), Starts: l.T("example.price.starts.order"), Stops: l.T("example.price.stops.cancel"),
		Lines: []Line{{l.T("example.price.line.base"), eur(990, 2), l.T("example.per.month")}, {l.T("example.price.line.messages"), eur(95, 5), l.T("example.per.message")}, {l.T("example.price.line.disk"), eur(8, 2), l.T("example.per.gb")}}}
	return []part.Example{
		{Title: l.T("example.price.metered"), Template: "price", View: hour},
		{Title: l.T("example.price.parts"), Template: "price", View: parts},
		{Title: l.T("example.price.free"), Template: "price", View: Tag{Free: true, Starts: l.T("example.price.starts.order"), Stops: l.T("example.price.stops.cancel")}},
		{Title: l.T("example.price.small"), Template: "price.small", View: hour},
	}
}
