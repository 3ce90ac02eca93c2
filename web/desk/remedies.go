package desk

import (
	"cmp"
	"time"

	"github.com/halle-cloud/halle/copies/drift"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/design/why"
	"github.com/halle-cloud/halle/web/site"
)

// Remedies are the pages of places that are no longer allowed for what lies there.
type Remedies struct {
	Drifts *drift.Drifts
	Base   string // address of the list, "/data/remedies"
	Page   func(r *site.Request, title string, pairs ...string) design.Page
	May    func(r *site.Request) bool // may accept, where it is theirs
	Any    bool                       // may accept also what more than the customer's own policy refuses: the operator's staff
}

// Routes are its pages.
func (d Remedies) Routes(get, post func(path string, handler site.Handler)) {
	get("", d.list)
	get("/{id}", func(r *site.Request) error { return d.show(r, 200, nil) })
	post("/{id}/accept", d.accept)
}

func (d Remedies) list(r *site.Request) error {
	list, err := d.Drifts.Remedies(r.Context(), r.Caller, drift.Filter{Closed: true})
	if err != nil {
		return err
	}
	var rows []table.Row
	for _, one := range list {
		rows = append(rows, table.Row{URL: d.Base + "/" + one.ID, Cells: []table.Cell{Two(one.Region, Class(r, one.Class)), Text(r.L.Number(one.Copies)), {Text: firstReason(r, one)},
			Text(r.L.Date(one.Deadline)), {Badge: remedyState(r, one)}}})
	}
	t := List(r, "remedies", r.T("remedy.title"), "remedy.none", []table.Column{Col(r.T("data.where")), Num(r.T("remedy.copies")), Col(r.T("data.matter")), Wide(r.T("remedy.deadline")), Col(r.T("desk.state"))}, rows)
	return r.OK(site.Sheet{Page: d.Page(r, r.T("remedy.title")), Lead: r.T("remedy.lead"), Main: []site.Block{Block("", "", "", t)}})
}

func firstReason(r *site.Request, one drift.Remedy) string {
	if len(one.Reasons) == 0 {
		return ""
	}
	return r.Reason(one.Reasons[0].Fail())
}

func remedyState(r *site.Request, one drift.Remedy) *badge.Badge {
	switch {
	case one.Overdue(r.Site().Options().Now()):
		return &badge.Badge{Tone: part.Bad, Text: r.T("remedy.state.overdue")}
	case one.State == drift.StateOpen:
		return &badge.Badge{Tone: part.Warn, Text: r.T("remedy.state.open")}
	case one.State == drift.StateAccepted:
		return &badge.Badge{Tone: part.Accent, Text: r.T("remedy.state.accepted")}
	}
	return &badge.Badge{Tone: part.Good, Text: r.T("remedy.state.closed")}
}

func (d Remedies) show(r *site.Request, status int, again *site.FormView) error {
	one, err := d.Drifts.Remedy(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	ways, err := d.Drifts.Ways(r.Context(), r.Caller, one.ID)
	if err != nil {
		return err
	}
	p := why.Panel{Question: r.T("remedy.why"), Answer: r.T("data.why.no"), Open: true}
	for _, reason := range one.Reasons {
		p.Rules = append(p.Rules, why.Rule{Outcome: why.No, Text: r.Reason(reason.Fail()) + " " + r.Remedy(reason.Rule, reason.Remedy), Clause: reason.Clause})
	}
	until := "–"
	if !one.Until.IsZero() {
		until = r.L.Date(one.Until)
	}
	title := r.T("remedy.one", "region", one.Region)
	sheet := site.Sheet{Page: d.Page(r, title, r.T("remedy.title"), d.Base), Lead: r.T("remedy.one.lead"), Badge: remedyState(r, one)}
	sheet.Main = []site.Block{{Template: "why", View: p}, {Template: "details", View: Pairs(Pair(r.T("data.class"), Class(r, one.Class)), Pair(r.T("remedy.copies"), r.L.Number(one.Copies)),
		Pair(r.T("remedy.deadline"), r.L.Date(one.Deadline)), Pair(r.T("remedy.until"), until), Pair(r.T("data.reason"), cmp.Or(one.Note, "–")))},
		Block("ways", r.T("remedy.ways"), r.T("remedy.ways.text"), d.ways(r, ways))}
	if d.May(r) && one.State != drift.StateClosed && (one.ByOwn || d.Any) {
		view := d.form(one)(r)
		if again != nil {
			view = *again
		}
		sheet.Main = append(sheet.Main, FormBlock("accept", r.T("remedy.accept"), r.T("remedy.accept.text"), view))
	}
	return r.Show(status, sheet)
}

func (d Remedies) ways(r *site.Request, list []drift.Way) table.Table {
	var rows []table.Row
	for _, w := range list {
		rows = append(rows, table.Row{Cells: []table.Cell{Two(w.Region.City+", "+r.L.Country(w.Region.Country), w.Region.Key), Text(w.Dearer), Text(r.L.Number(w.Free))}})
	}
	return List(r, "ways-out", r.T("remedy.ways"), "remedy.ways.none", []table.Column{Col(r.T("data.where")), Col(r.T("remedy.dearer")), Num(r.T("remedy.room"))}, rows)
}

func (d Remedies) form(one drift.Remedy) func(r *site.Request) site.FormView {
	return func(r *site.Request) site.FormView {
		return site.FormView{Action: d.Base + "/" + one.ID + "/accept", Button: r.T("remedy.accept.button"), Quiet: true, Fields: []form.Field{
			{ID: "until", Kind: form.Date, Label: r.T("remedy.until"), Hint: r.T("remedy.until.hint")}, {ID: "reason", Label: r.T("data.reason"), Hint: r.T("data.reason.hint")}}}
	}
}

func (d Remedies) accept(r *site.Request) error {
	id := r.PathValue("id")
	one, err := d.Drifts.Remedy(r.Context(), r.Caller, id)
	if err != nil {
		return err
	}
	until, err := time.Parse(time.DateOnly, r.Value("until"))
	if err != nil {
		until = time.Time{}
	}
	_, err = d.Drifts.Accept(r.Context(), r.Caller, id, r.Value("reason"), until)
	if err == nil {
		return r.Redirect(d.Base+"/"+id, site.Done("remedy.accepted"))
	}
	view := d.form(one)(r)
	marked, notice, ok := r.Refuse(err, view.Fields, nil)
	if !ok {
		return err
	}
	view.Fields, view.Notice = marked, notice
	return d.show(r, site.Status(err), &view)
}
