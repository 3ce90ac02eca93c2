// Package tabs leads between the views of one thing; each tab is a page with its own address.
//
// Owns: the look of the row of views.
// Does not own: the views.
// Reads: nothing.
// Writes: nothing.
package tabs

import (
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Tabs is a row of views.
type Tabs struct {
	Label string // what the views are of
	Items []Item
}

// Item is one view. Count is shown when it is above 0.
type Item struct {
	Text, URL string
	Current   bool
	Count     int64
}

func examples(l *locale.Locale) []part.Example {
	return []part.Example{{Title: l.T("example.tabs"), Template: "tabs", Wide: true, View: Tabs{Label: "capteurs-bloc-a", Items: []Item{
		{Text: l.T("example.tabs.overview"), URL: "#overview", Current: true}, {Text: l.T("example.tabs.usage"), URL: "#usage"},
		{Text: l.T("example.tabs.invoices"), URL: "#invoices", Count: 3}, {Text: l.T("example.tabs.exit"), URL: "#exit"},
	}}}}
}
