package site

import (
	"html/template"
	"net/http"

	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/tabs"
)

// Sheet is a page made of components: a heading with what can be done, views of the thing, and blocks one below the
// other; Side stands beside them where there is room.
type Sheet struct {
	design.Page
	Heading string // the title when empty
	Lead    string // one sentence: what the page is for
	Badge   *badge.Badge
	Actions []button.Button
	Tabs    *tabs.Tabs
	Main    []Block
	Side    []Block
	Narrow  bool // a form alone: a column of reading width
}

// Block is one component under a heading. Title and Text may be empty.
type Block struct {
	ID       string // to lead to it
	Title    string
	Text     string
	Template string
	View     any
	Links    []part.Link // below it
	Card     bool        // on a sheet of its own

	HTML template.HTML // rendered by Show; or given instead of a template
}

// Show writes a sheet.
func (r *Request) Show(status int, s Sheet) error {
	if s.Heading == "" {
		s.Heading = s.Title
	}
	for _, blocks := range [][]Block{s.Main, s.Side} {
		for i, b := range blocks {
			if b.Template == "" {
				continue
			}
			html, err := r.HTML(b.Template, b.View)
			if err != nil {
				return err
			}
			blocks[i].HTML = html
		}
	}
	return r.Render(status, "site/sheet", s)
}

// OK writes a sheet with status 200.
func (r *Request) OK(s Sheet) error { return r.Show(http.StatusOK, s) }

// FormView is a form with its own heading of errors. Template "site/form".
type FormView struct {
	Action string
	Notice *flash.Notice // a refusal that is not about one field
	Hidden []button.Pair
	Fields []form.Field
	Button string // a verb with its object
	Danger bool
	Quiet  bool // not the main action of the page
	Back   *part.Link
	After  []part.Link // other ways, below the button
	Note   string      // beside the button
}

// Kind is the look of its button.
func (f FormView) Kind() string {
	switch {
	case f.Danger:
		return string(button.Danger)
	case f.Quiet:
		return ""
	}
	return string(button.Primary)
}

// Summary is what was refused.
func (f FormView) Summary() form.Summary { return form.Summary{Fields: f.Fields} }

// Rows are buttons side by side. Template "site/buttons".
type Rows struct{ Buttons []button.Button }

// Prose is paragraphs of plain text. Template "site/prose".
type Prose struct{ Paragraphs []string }
