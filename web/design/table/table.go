// Package table is every list: search, filter in the URL, sort, export, keyboard; it scrolls inside itself.
//
// Owns: how rows are shown and moved through, and the URLs of a list.
// Does not own: the rows or their order.
// Reads: nothing.
// Writes: nothing.
package table

import (
	"html/template"

	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
)

// Table is one list. Texts are localised by the page.
type Table struct {
	ID      string // unique on the page
	Caption string // what the rows are: "Your services"
	Query   Query
	Search  string       // hint in the search box; empty without search
	Filters []form.Field // Select fields; their names are parameters of the URL
	Columns []Column
	Rows    []Row
	Found   int64 // rows that match; shown above. -1 when it was not counted
	After   string
	Before  string       // cursors of the next and the previous page; empty at the ends
	Export  []part.Link  // "CSV", "JSON"
	Empty   states.Empty // when there is nothing at all
}

// Column is one column. Sort is the word in the URL; empty when it cannot be sorted.
type Column struct {
	Name    string
	Sort    string
	Numeric bool
	Hidden  bool // dropped on a phone
}

// Row is one thing; URL is its page. Total is the sum of the others.
type Row struct {
	URL   string
	Cells []Cell
	Total bool
}

// Cell shows one of Badge, HTML or Text, with a second line Sub. Text leads to URL where there is one; the first cell
// leads to the page of its row.
type Cell struct {
	Text, Sub string
	URL       string
	Badge     *badge.Badge
	HTML      template.HTML
}

// Filtered says whether the list was narrowed, which is another kind of empty.
func (t Table) Filtered() bool {
	if t.Query.Text() != "" {
		return true
	}
	for _, f := range t.Filters {
		if t.Query.Get(f.Input()) != "" {
			return true
		}
	}
	return false
}

// ShowBar says whether there is anything to put above the rows.
func (t Table) ShowBar() bool { return t.Search != "" || len(t.Filters) > 0 || len(t.Export) > 0 }
