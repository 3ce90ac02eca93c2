// Package button is what a person presses: a verb with its object.
//
// Owns: the kinds of buttons and whether one is a link, a form of its own or part of a form.
// Does not own: what happens after.
// Reads: nothing.
// Writes: nothing.
package button

import (
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Kind is how loud a button is; a page has one Primary. The zero value is Secondary.
type Kind string

// The kinds.
const (
	Primary   Kind = "primary"
	Secondary Kind = ""
	Quiet     Kind = "quiet"
	Danger    Kind = "danger"
)

// Button leads somewhere (URL), posts (URL and Post) or sends the form around it (no URL).
type Button struct {
	Text        string
	URL         string
	Post        bool
	Kind        Kind
	Icon        string
	Name, Value string // sent with the form
	Hidden      []Pair // sent with a Post button
	Small       bool
}

// Pair is a hidden field.
type Pair struct{ Name, Value string }

func examples(l *locale.Locale) []part.Example {
	return []part.Example{
		{Title: l.T("example.button.primary"), Template: "button", View: Button{Text: l.T("example.start"), Kind: Primary, URL: "#start", Icon: "start"}},
		{Title: l.T("example.button.secondary"), Template: "button", View: Button{Text: l.T("example.download"), URL: "#download", Icon: "download"}},
		{Title: l.T("example.button.quiet"), Template: "button", View: Button{Text: l.T("example.details"), URL: "#details", Kind: Quiet}},
		{Title: l.T("example.button.danger"), Template: "button", View: Button{Text: l.T("example.withdraw"), URL: "/design", Post: true, Kind: Danger}},
	}
}
