package desk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/design/tilemap"
	"github.com/halle-cloud/halle/web/design/why"
	"github.com/halle-cloud/halle/web/site"
)

// Data is the pages of where data is: every copy, how well that is known, and what is wrong with one.
type Data struct {
	Copies *copies.Register
	Base   string // address of the list, "/data"
	Page   func(r *site.Request, title string, pairs ...string) design.Page
	Names  func(r *site.Request) (map[string]string, error)             // of services, by subscription; nil where they are not named
	May    func(r *site.Request) bool                                   // may say that a copy is right, or need not be there
	Above  func(r *site.Request) ([]site.Block, []button.Button, error) // before the list; nil for nothing
}

// shownCopies is how many a page of the list shows.
const shownCopies = 100

// Routes are its pages.
func (d Data) Routes(get, post func(path string, handler site.Handler)) {
	get("", d.list)
	get("/export", d.export)
	get("/{id}", d.one)
	post("/{id}/adopt", d.change("adopt", d.Copies.Adopt))
	post("/{id}/retire", d.change("retire", d.Copies.Retire))
}

func (d Data) list(r *site.Request) error {
	q := table.Parse(r.URL)
	state := copies.State(q.Get("state"))
	list, err := d.Copies.List(r.Context(), r.Caller, copies.Query{State: state, Subscription: q.Get("service"), After: q.After(), Limit: shownCopies})
	if err != nil {
		return err
	}
	sheet := site.Sheet{Page: d.Page(r, r.T("data.title")), Lead: r.T("data.lead")}
	if d.Above != nil {
		if sheet.Main, sheet.Actions, err = d.Above(r); err != nil {
			return err
		}
	}
	var names map[string]string
	if d.Names != nil {
		if names, err = d.Names(r); err != nil {
			return err
		}
	}
	if wrong := d.wrong(r, list); len(wrong.Rows) > 0 {
		sheet.Main = append(sheet.Main, Block("wrong", r.T("data.wrong"), r.T("data.wrong.text"), wrong))
	}
	if len(list) > 0 {
		sheet.Main = append(sheet.Main, site.Block{ID: "map", Title: r.T("data.map"), Template: "tilemap", View: mapOf(r, list)})
	}
	sheet.Main = append(sheet.Main, Block("all", r.T("data.copies"), r.T("data.copies.text"), d.table(r, list, names)))
	looks, err := d.looks(r)
	if err != nil {
		return err
	}
	sheet.Main = append(sheet.Main, looks, site.Block{ID: "known", Template: "why", View: ladder(r)})
	return r.OK(sheet)
}

// wrong are the copies with an incident, and those whose place is not allowed.
func (d Data) wrong(r *site.Request, list []copies.Placed) table.Table {
	var rows []table.Row
	for _, c := range list {
		text := ""
		switch {
		case c.Incident != nil:
			text = r.T("data.incident."+string(c.Incident.Kind), "since", r.L.Ago(c.Incident.OpenedAt))
		case !c.Verdict.Allowed:
			text = r.T("data.refused")
		default:
			continue
		}
		rows = append(rows, table.Row{URL: d.Base + "/" + c.ID, Cells: []table.Cell{Two(What(r, c.Copy), c.Object), Text(Where(r, c)), Text(text)}})
	}
	return List(r, "wrong-copies", r.T("data.wrong"), "data.none", []table.Column{Col(r.T("data.what")), Col(r.T("data.where")), Col(r.T("data.matter"))}, rows)
}

func (d Data) table(r *site.Request, list []copies.Placed, names map[string]string) table.Table {
	var rows []table.Row
	for _, c := range list {
		rows = append(rows, table.Row{URL: d.Base + "/" + c.ID, Cells: []table.Cell{Two(What(r, c.Copy), cmp.Or(names[c.Subscription], Short(c.Subscription), c.Object)), Two(Where(r, c), c.Keeper),
			Text(r.T("place.evidence." + string(c.Evidence))), Text(Class(r, c.Class)), {Badge: CopyState(r, c)}}})
	}
	t := List(r, "copies", r.T("data.copies"), "data.none", []table.Column{Col(r.T("data.what")), Col(r.T("data.where")), Col(r.T("data.evidence")), Wide(r.T("data.class")), Col(r.T("desk.state"))}, rows)
	if len(list) == shownCopies {
		t.After = list[len(list)-1].ID
	}
	choice := []string{"", r.T("data.state.any")}
	for _, s := range []copies.State{copies.StatePresent, copies.StateExpected, copies.StateMissing, copies.StateUnregistered, copies.StateLeaving, copies.StateGone} {
		choice = append(choice, string(s), r.T("data.state."+string(s)))
	}
	t.Filters = []form.Field{Filter(r, "copies-state", "state", r.T("desk.state"), choice...)}
	t.Export = []part.Link{{Text: "CSV", URL: d.Base + "/export?format=csv"}, {Text: "JSON", URL: d.Base + "/export?format=json"}}
	return t
}

// What says what a copy is.
func What(r *site.Request, c copies.Copy) string {
	if c.Kind == provision.CopyTechnical {
		return r.T("data.technical." + c.Name)
	}
	return r.T("data.kind." + string(c.Kind))
}

// Where says the place of a copy: city and country.
func Where(r *site.Request, c copies.Placed) string {
	if c.Country == "" {
		return r.T("data.where.unknown")
	}
	return strings.TrimPrefix(c.City+", "+r.L.Country(c.Country), ", ")
}

// Class names a class of data.
func Class(r *site.Request, class string) string {
	if key := "class." + class; r.L.Has(key) {
		return r.T(key)
	}
	return class
}

// CopyState is a copy's state as a badge; one in a place that is not allowed says that.
func CopyState(r *site.Request, c copies.Placed) *badge.Badge {
	tones := map[copies.State]part.Tone{copies.StatePresent: part.Good, copies.StateExpected: part.Accent, copies.StateMissing: part.Bad, copies.StateUnregistered: part.Bad, copies.StateLeaving: part.Warn}
	if c.Lies() && !c.Verdict.Allowed && c.State != copies.StateUnregistered {
		return &badge.Badge{Tone: part.Bad, Text: r.T("data.state.refused")}
	}
	tone, ok := tones[c.State]
	if !ok {
		tone = part.Neutral
	}
	return &badge.Badge{Tone: tone, Text: r.T("data.state." + string(c.State))}
}

// mapOf counts copies by country; a country with one that is not allowed, or that nobody registered, stands out.
func mapOf(r *site.Request, list []copies.Placed) tilemap.Map {
	m := tilemap.Map{Title: r.T("data.map.title"), Text: r.T("data.map.text"), Legend: []tilemap.Legend{{Tone: part.Good, Text: r.T("data.map.good")}, {Tone: part.Bad, Text: r.T("data.map.bad")}}}
	count, bad := map[string]int64{}, map[string]bool{}
	for _, c := range list {
		if c.Country == "" || !c.Lies() {
			continue
		}
		count[c.Country]++
		bad[c.Country] = bad[c.Country] || !c.Verdict.Allowed || c.State == copies.StateUnregistered
	}
	for code, n := range count {
		p := tilemap.Place{Code: code, Name: r.L.Country(code), Text: r.L.Number(n), Tone: part.Good}
		if bad[code] {
			p.Tone, p.Text = part.Bad, r.L.Number(n)+" !"
		}
		m.Places = append(m.Places, p)
	}
	slices.SortFunc(m.Places, func(a, b tilemap.Place) int { return strings.Compare(a.Code, b.Code) })
	return m
}

// looks says when each engine was last asked, so that "nothing else is there" has a date.
func (d Data) looks(r *site.Request) (site.Block, error) {
	looks, err := d.Copies.Looks(r.Context(), r.Caller)
	if err != nil {
		return site.Block{}, err
	}
	var rows []table.Row
	for _, l := range looks {
		what := r.T("data.look.services")
		if l.Complete {
			what = r.T("data.look.all")
		}
		state := badge.Badge{Tone: part.Good, Text: r.T("data.look.answers")}
		if !l.FailedAt.IsZero() {
			state = badge.Badge{Tone: part.Warn, Text: r.T("data.look.silent")}
		}
		at := Text(r.T("data.look.never"))
		if !l.At.IsZero() {
			at = Since(r, l.At)
		}
		rows = append(rows, table.Row{Cells: []table.Cell{Text(l.Region), at, Text(what), {Badge: &state}}})
	}
	t := List(r, "looks", r.T("data.looks"), "data.looks.none", []table.Column{Col(r.T("desk.place")), Col(r.T("data.look.at")), Wide(r.T("data.look.what")), Col(r.T("desk.state"))}, rows)
	return Block("asked", r.T("data.looks"), r.T("data.looks.text"), t), nil
}

// ladder explains the levels of evidence, weakest first.
func ladder(r *site.Request) why.Panel {
	p := why.Panel{Question: r.T("data.known"), Answer: r.T("data.known.text")}
	for _, level := range []string{"declared", "certified", "listed", "measured", "own_key"} {
		p.Rules = append(p.Rules, why.Rule{Outcome: why.Note, Text: r.T("place.evidence."+level) + ": " + r.T("data.known."+level)})
	}
	return p
}

func (d Data) one(r *site.Request) error { return d.show(r, 200, nil) }

func (d Data) show(r *site.Request, status int, again *site.FormView) error {
	c, err := d.Copies.One(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	title := What(r, c.Copy)
	sheet := site.Sheet{Page: d.Page(r, title, r.T("data.title"), d.Base), Lead: Where(r, c), Badge: CopyState(r, c)}
	sheet.Main = []site.Block{{Template: "details", View: d.details(r, c)}, {Template: "why", View: Verdict(r, c)}}
	if d.May != nil && d.May(r) && c.Lies() {
		if again != nil {
			sheet.Main = append(sheet.Main, FormBlock("act", r.T("data.act"), "", *again))
		} else if view, text, ok := d.form(r, c); ok {
			sheet.Main = append(sheet.Main, FormBlock("act", r.T("data.act"), text, view))
		}
	}
	return r.Show(status, sheet)
}

func (d Data) details(r *site.Request, c copies.Placed) any {
	seen := r.T("data.look.never")
	if !c.SeenAt.IsZero() {
		seen = r.L.Ago(c.SeenAt)
	}
	laws := make([]string, 0, len(c.Laws))
	for _, l := range c.Laws {
		if l == "?" {
			laws = append(laws, r.T("data.law.unknown"))
			continue
		}
		laws = append(laws, r.L.Country(l))
	}
	list := Pairs(Pair(r.T("data.where"), Where(r, c)), Pair(r.T("data.keeper"), cmp.Or(c.Keeper, "?")), Pair(r.T("data.laws"), cmp.Or(strings.Join(laws, ", "), "–")),
		Pair(r.T("data.evidence"), r.T("place.evidence."+string(c.Evidence))), Pair(r.T("data.class"), Class(r, c.Class)), Pair(r.T("data.size"), r.L.Bytes(c.Bytes)),
		Pair(r.T("data.object"), cmp.Or(c.Object, "–")), Pair(r.T("data.since"), r.L.Date(c.FirstAt)), Pair(r.T("data.seen"), seen))
	if c.Subscription != "" {
		list.Items = append(list.Items, Pair(r.T("data.service"), c.Subscription))
	}
	return list
}

// Verdict says why a copy may lie where it does, or why not.
func Verdict(r *site.Request, c copies.Placed) why.Panel {
	p := why.Panel{Question: r.T("data.why"), Answer: r.T("data.why.yes"), Open: true}
	if c.Kind == provision.CopyTechnical {
		p.Answer = r.T("data.why.technical")
	}
	if !c.Verdict.Allowed {
		p.Answer = r.T("data.why.no")
	}
	for _, reason := range c.Verdict.Reasons {
		p.Rules = append(p.Rules, why.Rule{Outcome: why.No, Text: r.Reason(reason.Fail()) + " " + r.Remedy(reason.Rule, reason.Remedy), Clause: reason.Clause})
	}
	if len(p.Rules) == 0 {
		p.Rules = []why.Rule{{Outcome: why.Yes, Text: r.T("data.why.rules")}}
	}
	return p
}

// form asks for the one thing that can be done about a copy now.
func (d Data) form(r *site.Request, c copies.Placed) (view site.FormView, text string, ok bool) {
	act := "retire"
	switch {
	case c.State == copies.StateUnregistered && c.Verdict.Allowed:
		act = "adopt"
	case c.State == copies.StateUnregistered || c.Part || c.Kind == provision.CopyTechnical || c.State == copies.StateLeaving:
		return view, "", false
	case c.Kind == provision.CopyPrimary && c.State != copies.StateMissing:
		return view, "", false
	}
	return site.FormView{Action: d.Base + "/" + c.ID + "/" + act, Button: r.T("data." + act), Quiet: act == "retire",
		Fields: []form.Field{{ID: "reason", Label: r.T("data.reason"), Hint: r.T("data.reason.hint")}}}, r.T("data." + act + ".text"), true
}

func (d Data) change(act string, do func(ctx context.Context, c access.Caller, id, note string) (copies.Copy, error)) site.Handler {
	return func(r *site.Request) error {
		id := r.PathValue("id")
		_, err := do(r.Context(), r.Caller, id, r.Value("reason"))
		if err == nil {
			return r.Redirect(d.Base+"/"+id, site.Done("data."+act+".done"))
		}
		c, failed := d.Copies.One(r.Context(), r.Caller, id)
		if failed != nil {
			return failed
		}
		view, _, ok := d.form(r, c)
		if !ok {
			return err
		}
		marked, notice, ok := r.Refuse(err, view.Fields, map[string]string{"note": "reason"})
		if !ok {
			return err
		}
		view.Fields, view.Notice = marked, notice
		return d.show(r, site.Status(err), &view)
	}
}

// export is every copy as a file, for people (CSV) or machines (JSON).
func (d Data) export(r *site.Request) error {
	if r.URL.Query().Get("format") != "json" {
		var out bytes.Buffer
		if err := d.Copies.WriteCSV(r.Context(), r.Caller, copies.Query{}, &out); err != nil {
			return err
		}
		return r.File("halle-data.csv", "text/csv; charset=utf-8", out.Bytes())
	}
	var all []copies.Placed
	for q := (copies.Query{Limit: 1000}); ; {
		list, err := d.Copies.List(r.Context(), r.Caller, q)
		if err != nil {
			return err
		}
		all = append(all, list...)
		if len(list) < q.Limit {
			break
		}
		q.After = list[len(list)-1].ID
	}
	out, err := json.MarshalIndent(copies.Export(all), "", " ")
	if err != nil {
		return err
	}
	return r.File("halle-data.json", "application/json", out)
}
