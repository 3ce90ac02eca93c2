// Package desk is what the desks of publishers, operators and auditors share: who may enter, lists, states, forms made of a
// schema, files of YAML.
//
// Owns: these views.
// Does not own: the pages (web/publisher, web/operator, web/auditor), the frame (web/site), the look (web/design).
// Reads: names of organisations (party).
// Writes: nothing.
package desk

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/locale"
	"github.com/halle-cloud/halle/web/site"
)

//go:embed pages/*.html
var files embed.FS

//go:embed pages/desk.css
var style string

// Style is the sheet of a desk's pages.
func Style() string { return style }

// Views are the templates that the desks share. They are mounted once, beside the desks.
func Views() site.Desk {
	pages, err := fs.Sub(files, "pages")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return site.Desk{Name: "desk", Pages: pages, Routes: func(*site.Router) {}}
}

// Only lets nobody to a page but those for whom may is true. The use cases authorise by themselves; this keeps a page that
// is empty for others from being shown to them. name is that of the desk.
func Only(name string, may func(access.Caller) bool, h site.Handler) site.Handler {
	return func(r *site.Request) error {
		if !may(r.Caller) {
			return fail.New(fail.Denied, "desk."+name, "This desk is not for the role you have here.", "Act for an organisation where you have the role.")
		}
		return h(r)
	}
}

// Item is one noun of the column.
func Item(l *locale.Locale, key, url, icon string) design.Item {
	return design.Item{Text: l.T(key), URL: url, Icon: icon}
}

// Below starts a customer's page below the first one of its kind; pairs of text and address lead to it.
func Below(r *site.Request, title string, pairs ...string) design.Page {
	if len(pairs) == 0 {
		return r.Page(title)
	}
	return r.Page(title, Crumbs(title, pairs...)...)
}

// Crumbs lead to a page: pairs of text and address, then the page itself.
func Crumbs(self string, pairs ...string) []part.Link {
	var out []part.Link
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, part.Link{Text: pairs[i], URL: pairs[i+1]})
	}
	return append(out, part.Link{Text: self})
}

// tones of states; what is not here is neutral.
func tone(state string) part.Tone {
	switch state {
	case "published", "up", "active", "paid", "debit.collected", "mandate.active", "movement.matched", "completed", "done", "resumed", "valid", "dispute.settled":
		return part.Good
	case "review", "creating", "changing", "resuming", "draining", "deleting", "trial", "running", "inProgress", "acknowledged", "pending", "waiting", "debit.announced", "debit.handed", "collection.handed", "issued", "dispute.accepted":
		return part.Accent
	case "degraded", "held", "open", "movement.desk", "collection.made", "mandate.pending", "movement.sent_back", "suspended", "suspending", "needs_input", "planned", "partial", "returned", "ends_soon", "assessingCancellation", "pendingCancellation", "dispute.open", "dispute.escalated":
		return part.Warn
	case "failed", "debit.failed", "down", "rejected", "dead", "overdue", "ended_early", "expired":
		return part.Bad
	}
	return part.Neutral
}

// State is a state as a badge.
func State(r *site.Request, state string) *badge.Badge {
	text := state
	if key := "desk.state." + state; r.L.Has(key) {
		text = r.T(key)
	}
	if state == "" {
		text = r.T("desk.state.unknown")
	}
	return &badge.Badge{Tone: tone(state), Text: text}
}

// StateText is a state in a word.
func StateText(r *site.Request, state string) string { return State(r, state).Text }

// Money is an amount as the pages write it.
func Money(r *site.Request, a money.Amount) string {
	exponent, _ := a.Currency.Exponent()
	return r.L.Money(locale.Money{Minor: a.Minor, Exponent: exponent, Currency: string(a.Currency)})
}

// Rate is a share in hundredths of a percent, with as many decimals as it needs.
func Rate(r *site.Request, basisPoints int64) string {
	places := 2
	for places > 0 && basisPoints%10 == 0 {
		basisPoints, places = basisPoints/10, places-1
	}
	return r.L.Percent(basisPoints, places)
}

// UnitPrice is the price of a unit with as many decimals as it needs.
func UnitPrice(p money.UnitPrice) locale.Money {
	least, _ := p.Currency.Exponent()
	nanos, places := p.Nanos, 9
	for places > least && nanos%10 == 0 {
		nanos, places = nanos/10, places-1
	}
	return locale.Money{Minor: nanos, Exponent: places, Currency: string(p.Currency)}
}

// Day is a civil date; empty when there is none.
func Day(r *site.Request, d price.Date) string {
	if !d.Valid() {
		return ""
	}
	return r.L.Date(d.Start(time.UTC))
}

// Text is a cell of text.
func Text(text string) table.Cell { return table.Cell{Text: text} }

// Two is a cell of two lines.
func Two(text, sub string) table.Cell { return table.Cell{Text: text, Sub: sub} }

// Named is a cell of a name over an identifier, which is shortened: the page of the thing has all of it.
func Named(name, id string) table.Cell { return Two(name, Short(id)) }

// Short is an identifier that fits into a list: its kind and its last signs, which differ.
func Short(id string) string {
	kind, rest, ok := strings.Cut(id, "_")
	if !ok || len(rest) < 12 {
		return id
	}
	return kind + "_…" + rest[len(rest)-6:]
}

// Stated is a cell with a state.
func Stated(r *site.Request, state string) table.Cell { return table.Cell{Badge: State(r, state)} }

// Since is a cell with an instant: how long ago, and when.
func Since(r *site.Request, t time.Time) table.Cell {
	if t.IsZero() {
		return table.Cell{}
	}
	return table.Cell{Text: r.L.Ago(t), Sub: r.L.Instant(t)}
}

// Buttons is a cell with things to do.
func Buttons(r *site.Request, buttons ...button.Button) (table.Cell, error) {
	for i := range buttons {
		buttons[i].Small = true
	}
	html, err := r.HTML("site/buttons", site.Rows{Buttons: buttons})
	return table.Cell{HTML: html}, err
}

// List is a table whose state stands in the URL of the request. empty is its texts when there is nothing: key and
// key+".text".
func List(r *site.Request, id, caption, empty string, columns []table.Column, rows []table.Row) table.Table {
	return table.Table{ID: id, Caption: caption, Query: table.Parse(r.URL), Found: -1, Columns: columns, Rows: rows,
		Empty: states.Empty{Icon: "check", Title: r.T(empty), Text: r.T(empty + ".text")}}
}

// Col, Num and Wide are columns: of text, of numbers, and one that a phone drops.
func Col(name string) table.Column { return table.Column{Name: name} }

// Num is a column of numbers.
func Num(name string) table.Column { return table.Column{Name: name, Numeric: true} }

// Wide is a column that a phone drops.
func Wide(name string) table.Column { return table.Column{Name: name, Hidden: true} }

// Block is a table under a heading.
func Block(id, title, text string, t table.Table) site.Block {
	return site.Block{ID: id, Title: title, Text: text, Template: "table", View: t}
}

// Filter is a choice above a list; options are pairs of value and label. The first stands for everything.
func Filter(r *site.Request, id, name, label string, options ...string) form.Field {
	f := form.Field{ID: id, Name: name, Kind: form.Select, Label: label}
	now := r.URL.Query().Get(name)
	for i := 0; i+1 < len(options); i += 2 {
		f.Options = append(f.Options, form.Option{Value: options[i], Label: options[i+1], Chosen: options[i] == now})
	}
	return f
}

// Pair is a name and a value of a list of details; an empty value is left out by Pairs.
func Pair(name, value string) details.Item { return details.Item{Name: name, Value: value} }

// Pairs is a list of details without those that are empty.
func Pairs(items ...details.Item) details.List {
	var out details.List
	for _, i := range items {
		if i.Value != "" || i.HTML != "" {
			out.Items = append(out.Items, i)
		}
	}
	return out
}

// Names finds the names of organisations, once a request.
type Names struct {
	Parties *party.Parties
	known   map[string]string
}

// Of is the name of an organisation that the caller may see, else its identifier.
func (n *Names) Of(r *site.Request, org string) string {
	if name, ok := n.known[org]; ok {
		return name
	}
	name := org
	if o, err := n.Parties.Organisation(r.Context(), r.Caller, org); err == nil {
		name = Called(r, o)
	}
	if n.known == nil {
		n.known = map[string]string{}
	}
	n.known[org] = name
	return name
}

// Called is the name of an organisation in the words of the page: those of households stay hidden, and what was erased says
// so.
func Called(r *site.Request, o party.Organisation) string {
	switch o.Name {
	case party.Hidden:
		return r.T("desk.household")
	case party.Erased:
		return r.T("desk.erased")
	}
	return o.Name
}

// Field is a question whose texts are those of a key: key and, for a hint, key+".hint".
func Field(r *site.Request, id, key string, kind form.Kind) form.Field {
	f := form.Field{ID: id, Kind: kind, Label: r.T(key)}
	if hint := key + ".hint"; r.L.Has(hint) {
		f.Hint = r.T(hint)
	}
	return f
}

// FormBlock is a form under a heading.
func FormBlock(id, title, text string, view site.FormView) site.Block {
	return site.Block{ID: id, Title: title, Text: text, Template: "site/form", View: view}
}

// Refused shows a page again with the form that was refused in it.
func Refused(r *site.Request, err error, paths map[string]string, view site.FormView, page func(site.FormView) (site.Sheet, error)) error {
	view.Fields = r.Fill(view.Fields)
	fields, notice, ok := r.Refuse(err, view.Fields, paths)
	if !ok {
		return err
	}
	view.Fields, view.Notice = fields, notice
	sheet, failed := page(view)
	if failed != nil {
		return failed
	}
	return r.Show(site.Status(err), sheet)
}

// Ask is a page with one form.
func Ask(page design.Page, lead string, above ...site.Block) func(site.FormView) (site.Sheet, error) {
	return func(view site.FormView) (site.Sheet, error) {
		return site.Sheet{Page: page, Lead: lead, Narrow: true, Main: append(above[:len(above):len(above)], site.Block{Template: "site/form", View: view})}, nil
	}
}

// Shown writes the page of a form that was not sent yet.
func Shown(r *site.Request, view site.FormView, page func(site.FormView) (site.Sheet, error)) error {
	sheet, err := page(view)
	if err != nil {
		return err
	}
	return r.Show(http.StatusOK, sheet)
}

// Missing is the answer for what is not there.
func Missing(noun, id string) error { return fail.Missing(noun, id) }
