// Package details is a list of names and values: what one sees of one thing.
//
// Owns: the look of such lists.
// Does not own: the values.
// Reads: nothing.
// Writes: nothing.
package details

import (
	"html/template"

	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// List is names and values.
type List struct{ Items []Item }

// Item is one pair. HTML is shown instead of Value when it is set; Change leads to where it can be changed.
type Item struct {
	Name   string
	Value  string
	HTML   template.HTML
	Change *part.Link
}

func examples(l *locale.Locale) []part.Example {
	return []part.Example{{Title: l.T("example.details"), Template: "details", Wide: true, View: List{Items: []Item{
		{Name: l.T("example.details.offer"), Value: "M2M broker, Flex", Change: &part.Link{Text: l.T("example.details.change"), URL: "#plan"}},
		{Name: l.T("example.details.address"), Value: "capteurs-bloc-a.acme.halle:8883"},
		{Name: l.T("example.details.since"), Value: l.T("example.details.since.value")},
		{Name: l.T("example.details.budget"), Value: l.Money(locale.Money{Minor: 5000, Exponent: 2, Currency: "EUR"}), Change: &part.Link{Text: l.T("example.details.change"), URL: "#budget"}},
	}}}}
}
