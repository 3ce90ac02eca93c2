// Package confirm asks before something that cannot be taken back: a page of its own, never a dialog.
//
// Owns: the question, its consequences and its two answers.
// Does not own: the act.
// Reads: nothing.
// Writes: nothing.
package confirm

import (
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Question is asked with all its consequences. Action is the address that receives the POST.
type Question struct {
	Title        string
	Consequences []Consequence
	Action       string
	Hidden       []button.Pair
	Fields       []form.Field // a reason, a purchase order
	Button       string       // a verb with its object
	Danger       bool
	Back         part.Link // the other answer, as visible as the first
}

// Consequence is one thing that will happen, or will not.
type Consequence struct {
	Tone part.Tone
	Text string
}

// Kind is the look of the first answer.
func (q Question) Kind() string {
	if q.Danger {
		return string(button.Danger)
	}
	return string(button.Primary)
}

func examples(l *locale.Locale) []part.Example {
	return []part.Example{
		{Title: l.T("example.confirm.order"), Template: "confirm", View: Question{Title: l.T("example.confirm.order.title"), Action: "/design", Button: l.T("example.confirm.order.button"),
			Consequences: []Consequence{{part.Good, l.T("example.confirm.order.a")}, {part.Accent, l.T("example.confirm.order.b")}}, Back: part.Link{Text: l.T("example.confirm.back"), URL: "#back"}}},
		{Title: l.T("example.confirm.stop"), Template: "confirm", View: Question{Title: l.T("example.confirm.stop.title"), Action: "/design", Button: l.T("example.confirm.stop.button"), Danger: true,
			Consequences: []Consequence{{part.Good, l.T("example.confirm.stop.a")}, {part.Warn, l.T("example.confirm.stop.b")}, {part.Bad, l.T("example.confirm.stop.c")}}, Back: part.Link{Text: l.T("example.confirm.keep"), URL: "#keep"}}},
	}
}
