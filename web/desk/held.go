package desk

import (
	"net/http"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// Held is the pages of the quarantine: what was taken and cannot be counted, and what is decided about it.
type Held struct {
	Meters *meter.Meters
	Base   string // address of the list, "/publisher/quarantine"
	Side   meter.Side
	Page   func(r *site.Request, title string, pairs ...string) design.Page
	Org    func(r *site.Request) string
	Names  func(r *site.Request) func(org string) string // of publishers; nil where there is one
}

// Routes are its pages.
func (h Held) Routes(get, post func(path string, handler site.Handler)) {
	get("", h.list)
	get("/{id}", h.one)
	get("/{id}/release", h.ask(decisions()[0]))
	post("/{id}/release", h.do(decisions()[0]))
	get("/{id}/reject", h.ask(decisions()[1]))
	post("/{id}/reject", h.do(decisions()[1]))
}

// HeldReason says why an event is held, and what to do about it.
func HeldReason(r *site.Request, reason string) string {
	if key := "desk.held." + reason; r.L.Has(key) {
		return r.T(key)
	}
	return usage.Reason(reason).Text()
}

func (h Held) list(r *site.Request) error {
	q := table.Parse(r.URL)
	f := usage.HeldFilter{Reason: usage.Reason(q.Get("reason")), Publisher: q.Get("publisher"), Source: q.Get("source")}
	held, err := h.Meters.Quarantine(r.Context(), r.Caller, h.Org(r), f, q.After(), listed)
	if err != nil {
		return err
	}
	columns := []table.Column{Col(r.T("desk.event")), Col(r.T("desk.event.why"))}
	var name func(string) string
	if h.Names != nil {
		name, columns = h.Names(r), append(columns, Col(r.T("operator.publisher")))
	}
	columns = append(columns, Wide(r.T("desk.subscription")), Wide(r.T("desk.event.at")), Num(r.T("desk.event.times")))
	var rows []table.Row
	for _, e := range held {
		cells := []table.Cell{Two(e.ID, e.Source), Text(HeldReason(r, string(e.Reason)))}
		if name != nil {
			cells = append(cells, Text(name(e.Publisher)))
		}
		rows = append(rows, table.Row{URL: h.Base + "/" + e.Cursor, Cells: append(cells, Text(Short(e.Subject)), Since(r, e.ReceivedAt), Text(r.L.Number(e.Times)))})
	}
	t := List(r, "quarantine", r.T("desk.quarantine"), "desk.quarantine.none."+string(h.Side), columns, rows)
	if len(held) == listed {
		t.After = held[listed-1].Cursor
	}
	choice := []string{"", r.T("desk.held.any")}
	for _, reason := range usage.Reasons() {
		if reason == usage.ForeignSubject && h.Side == meter.SidePublisher {
			continue
		}
		choice = append(choice, string(reason), r.T("desk.reason."+string(reason)))
	}
	t.Filters = []form.Field{Filter(r, "quarantine-reason", "reason", r.T("desk.held.why"), choice...)}
	return r.OK(site.Sheet{Page: h.Page(r, r.T("desk.quarantine")), Lead: r.T("desk.quarantine.lead." + string(h.Side)), Main: []site.Block{Block("", "", "", t)}})
}

// mayRelease tells whether a release can do anything on these pages: past the cut-off only the operator lets usage count.
func (h Held) mayRelease(e usage.Held) bool {
	return h.Side == meter.SideOperator || e.Reason != usage.TooLate
}

func (h Held) one(r *site.Request) error {
	e, err := h.Meters.HeldEvent(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	said := Said(r, e.Event)
	publisher := ""
	if h.Names != nil {
		publisher = h.Names(r)(e.Publisher)
	}
	sheet := site.Sheet{Page: h.Page(r, r.T("desk.held.one"), r.T("desk.quarantine"), h.Base), Lead: HeldReason(r, string(e.Reason))}
	if h.mayRelease(e) {
		sheet.Actions = append(sheet.Actions, button.Button{Text: r.T("desk.held.release"), URL: h.Base + "/" + e.Cursor + "/release", Kind: button.Primary})
	}
	sheet.Actions = append(sheet.Actions, button.Button{Text: r.T("desk.held.reject"), URL: h.Base + "/" + e.Cursor + "/reject"})
	sheet.Main = []site.Block{
		{Title: r.T("desk.held.says"), Template: "details", View: Pairs(Pair(r.T("desk.held.what"), said.What), Pair(r.T("desk.held.amount"), said.Amount), Pair(r.T("desk.held.when"), said.When),
			Pair(r.T("operator.publisher"), publisher), Pair(r.T("desk.subscription"), e.Subject), Pair(r.T("dispute.source"), e.Source), Pair(r.T("desk.held.id"), e.ID),
			Pair(r.T("desk.event.at"), r.L.Instant(e.ReceivedAt)), Pair(r.T("desk.event.times"), r.L.Number(e.Times)))},
		{Title: r.T("desk.held.record"), Template: "code", View: code.Block{ID: "record", Label: r.T("desk.held.record.label"), Text: Indented(e.Event)}}}
	return r.OK(sheet)
}

type heldDecision struct {
	word   string
	danger bool
	run    func(m *meter.Meters, r *site.Request, held, reason string) error
}

func decisions() []heldDecision {
	return []heldDecision{
		{"release", false, func(m *meter.Meters, r *site.Request, held, reason string) error {
			return m.Release(r.Context(), r.Caller, held, reason)
		}},
		{"reject", true, func(m *meter.Meters, r *site.Request, held, reason string) error {
			return m.Reject(r.Context(), r.Caller, held, reason)
		}},
	}
}

func (h Held) question(r *site.Request, e usage.Held, d heldDecision) confirm.Question {
	key := "desk.held.ask." + d.word
	return confirm.Question{Title: r.T(key), Action: h.Base + "/" + e.Cursor + "/" + d.word, Button: r.T("desk.held." + d.word), Danger: d.danger,
		Fields: []form.Field{Field(r, "reason", "desk.held.reason", form.Area)}, Back: part.Link{Text: r.T("desk.held.back"), URL: h.Base + "/" + e.Cursor},
		Consequences: []confirm.Consequence{{Tone: part.Accent, Text: r.T(key + "." + string(h.Side))}, {Tone: part.Accent, Text: r.T(key + ".b")}}}
}

func (h Held) sheet(r *site.Request, e usage.Held, q confirm.Question) site.Sheet {
	return site.Sheet{Page: h.Page(r, q.Title, r.T("desk.quarantine"), h.Base, r.T("desk.held.one"), h.Base+"/"+e.Cursor), Narrow: true, Main: []site.Block{{Template: "confirm", View: q}}}
}

func (h Held) ask(d heldDecision) site.Handler {
	return func(r *site.Request) error {
		e, err := h.Meters.HeldEvent(r.Context(), r.Caller, r.PathValue("id"))
		if err != nil {
			return err
		}
		return r.OK(h.sheet(r, e, h.question(r, e, d)))
	}
}

func (h Held) do(d heldDecision) site.Handler {
	return func(r *site.Request) error {
		e, err := h.Meters.HeldEvent(r.Context(), r.Caller, r.PathValue("id"))
		if err != nil {
			return err
		}
		if err := d.run(h.Meters, r, e.Cursor, r.Value("reason")); fail.Is(err, fail.Invalid) {
			q := h.question(r, e, d)
			q.Fields = r.Fill(q.Fields)
			if fields, _, ok := r.Refuse(err, q.Fields, nil); ok {
				q.Fields = fields
				return r.Show(http.StatusUnprocessableEntity, h.sheet(r, e, q))
			}
			return err
		} else if err != nil {
			return err
		}
		return r.Redirect(h.Base, site.Done("desk.held.done."+d.word))
	}
}
