// Package states is what a page shows when there is nothing, not yet, or an error: each says the one next step.
//
// Owns: the look of empty, loading and error.
// Does not own: errors (internal/fail).
// Reads: nothing.
// Writes: nothing.
package states

import (
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Empty is shown instead of a list without rows.
type Empty struct {
	Icon   string
	Title  string
	Text   string
	Action *button.Button
}

// Loading is shown while a part of a page is fetched. Rows are the grey lines that keep its place.
type Loading struct {
	Text string
	Rows int
}

// Lines is one entry for each grey line.
func (l Loading) Lines() []struct{} { return make([]struct{}, max(l.Rows, 1)) }

// Error says what, why, and what would make it pass.
type Error struct {
	Title     string
	Text      string
	Remedy    string
	Reference string // what to quote to the operator
	Action    *button.Button
}

func examples(l *locale.Locale) []part.Example {
	shop := button.Button{Text: l.T("example.empty.action"), URL: "#shop", Kind: button.Primary}
	retry := button.Button{Text: l.T("example.error.action"), URL: "#retry", Icon: "refresh"}
	return []part.Example{
		{Title: l.T("example.empty"), Template: "states.empty", View: Empty{Icon: "shop", Title: l.T("example.empty.title"), Text: l.T("example.empty.text"), Action: &shop}},
		{Title: l.T("example.loading"), Template: "states.loading", View: Loading{Text: l.T("example.loading.text"), Rows: 3}},
		{Title: l.T("example.error"), Template: "states.error", View: Error{Title: l.T("example.error.title"), Text: l.T("example.error.text"), Remedy: l.T("example.error.remedy"), Reference: "req_01k9x2m4", Action: &retry}},
	}
}
