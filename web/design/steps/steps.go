// Package steps says where a person is in a task of a few pages.
//
// Owns: the look of the way through a task.
// Does not own: the task.
// Reads: nothing.
// Writes: nothing.
package steps

import (
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Steps is the way; At is the step the person is on, from 0.
type Steps struct {
	Label string
	Names []string
	At    int
}

func examples(l *locale.Locale) []part.Example {
	return []part.Example{{Title: l.T("example.steps"), Template: "steps", Wide: true, View: Steps{Label: l.T("example.steps.label"), At: 1,
		Names: []string{l.T("example.steps.plan"), l.T("example.steps.place"), l.T("example.steps.check")}}}}
}
