package desk

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// Disputes is the pages of disputes about usage, as one side sees them.
type Disputes struct {
	Meters *meter.Meters
	Base   string     // address of the list, "/publisher/disputes"
	Side   meter.Side // whose pages they are
	May    func(r *site.Request) bool
	Page   func(r *site.Request, title string, pairs ...string) design.Page // pairs of text and address that lead to it
	Org    func(r *site.Request) string                                     // whose disputes are listed
	Names  func(r *site.Request) func(org string) string                    // of customers and publishers
	// Service is a service in the words of the side and where it is; the address of a window is Service's and its id.
	Service func(r *site.Request, subject string) (name, url string)
}

// Routes are its pages.
func (d Disputes) Routes(get, post func(path string, h site.Handler)) {
	get("", d.list)
	get("/{id}", d.one)
	get("/{id}/{command}", d.ask)
	post("/{id}/{command}", d.do)
}

func disputeStates() []meter.DisputeState {
	return []meter.DisputeState{meter.DisputeOpen, meter.DisputeRefused, meter.DisputeEscalated, meter.DisputeAccepted, meter.DisputeSettled, meter.DisputeUpheld, meter.DisputeWithdrawn}
}

const listed = 50

func (d Disputes) list(r *site.Request) error {
	q := table.Parse(r.URL)
	list, err := d.Meters.Disputes(r.Context(), r.Caller, d.Org(r), meter.DisputeFilter{State: meter.DisputeState(q.Get("state"))}, q.After(), listed)
	if err != nil {
		return err
	}
	if d.Names != nil { // once for all rows
		name := d.Names(r)
		d.Names = func(*site.Request) func(string) string { return name }
	}
	var rows []table.Row
	for _, one := range list {
		name, _ := d.Service(r, one.Subject)
		rows = append(rows, table.Row{URL: d.Base + "/" + one.ID, Cells: []table.Cell{Two(one.Reason, d.between(r, one)), Stated(r, disputeState(one.State)), Text(name), Since(r, one.OpenedAt)}})
	}
	t := List(r, "disputes", r.T("dispute.list"), "dispute.none."+string(d.Side), []table.Column{Col(r.T("dispute.reason")), Col(r.T("desk.state")), Wide(r.T("desk.service")), Wide(r.T("dispute.opened"))}, rows)
	if len(list) == listed {
		t.After = list[listed-1].ID
	}
	choice := []string{"", r.T("desk.state.any")}
	for _, s := range disputeStates() {
		choice = append(choice, string(s), StateText(r, disputeState(s)))
	}
	t.Filters = []form.Field{Filter(r, "disputes-state", "state", r.T("desk.state"), choice...)}
	return r.OK(site.Sheet{Page: d.Page(r, r.T("dispute.list")), Lead: r.T("dispute.lead." + string(d.Side)), Main: []site.Block{Block("", "", "", t)}})
}

// disputeState is the word of the catalogue of states: an open dispute is not an open invoice.
func disputeState(s meter.DisputeState) string { return "dispute." + string(s) }

// between names the other side, or for the operator both.
func (d Disputes) between(r *site.Request, one meter.Dispute) string {
	if d.Names == nil {
		return ""
	}
	name := d.Names(r)
	if d.Side == meter.SidePublisher {
		return name(one.Tenant)
	}
	return name(one.Tenant) + " – " + name(one.Publisher)
}

// commands are what the side can do about a dispute now.
func (d Disputes) commands(r *site.Request, state meter.DisputeState) (out []meter.DisputeCommand) {
	if !d.May(r) {
		return nil
	}
	for _, t := range meter.DisputeTransitions() {
		if t.From == state && t.By == d.Side {
			out = append(out, t.Command)
		}
	}
	return out
}

func (d Disputes) one(r *site.Request) error {
	one, err := d.Meters.OneDispute(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	fixed, err := d.Meters.Corrections(r.Context(), r.Caller, one.ID)
	if err != nil {
		return err
	}
	name, url := d.Service(r, one.Subject)
	items := []table.Row{}
	sheet := site.Sheet{Page: d.Page(r, r.T("dispute.one"), r.T("dispute.list"), d.Base), Lead: one.Reason, Badge: State(r, disputeState(one.State))}
	for i, c := range d.commands(r, one.State) {
		b := button.Button{Text: r.T("dispute.do." + string(c)), URL: d.Base + "/" + one.ID + "/" + string(c)}
		if i == 0 && c != meter.DisputeWithdraw {
			b.Kind = button.Primary
		}
		sheet.Actions = append(sheet.Actions, b)
	}
	pairs := Pairs(Pair(r.T("desk.service"), name), Pair(r.T("dispute.between"), d.between(r, one)), Pair(r.T("dispute.opened"), r.L.Instant(one.OpenedAt)),
		Pair(r.T("dispute.moved"), r.L.Instant(one.ChangedAt)), Pair(r.T("dispute.answer"), one.Answer), Pair(r.T("dispute.source"), one.Source))
	for _, e := range one.Events {
		items = append(items, table.Row{Cells: d.event(r, e)})
	}
	records := List(r, "records", r.T("dispute.records"), "dispute.records", []table.Column{Col(r.T("dispute.record")), Num(r.T("dispute.counted")), Num(r.T("dispute.claim")), Col(r.T("dispute.outcome"))}, items)
	window := site.Block{ID: "window", Title: r.T("dispute.then"), Text: r.T("dispute.then." + string(one.State))}
	if url != "" {
		window.Links = append(window.Links, part.Link{Text: r.T("dispute.window"), URL: url + "/windows/" + one.Window})
		for i, w := range fixed {
			window.Links = append(window.Links, part.Link{Text: r.T("dispute.correction", "n", i+1, "at", r.L.Instant(w.ClosedAt)), URL: url + "/windows/" + w.ID})
		}
	}
	sheet.Main = []site.Block{window, Block("doubts", r.T("dispute.records"), r.T("dispute.records.text"), records), {Title: r.T("dispute.about"), Template: "details", View: pairs}}
	return r.OK(sheet)
}

// event is one disputed record in words.
func (d Disputes) event(r *site.Request, e meter.DisputedEvent) []table.Cell {
	said := Said(r, e.Event)
	claim := r.T("dispute.none.counts")
	if e.Claim != "" {
		claim = said.amount(r, e.Claim)
	}
	outcome := ""
	switch e.Outcome {
	case "":
	case "accepted":
		outcome = r.T("dispute.corrected")
	default:
		outcome = HeldReason(r, e.Outcome)
	}
	return []table.Cell{Two(said.What, said.When+", "+e.ID), Text(said.Amount), Text(claim), Text(outcome)}
}

// Event is a usage event in words.
type Event struct {
	What, When, Amount string
	Meter, Unit        string
	Type, ID, Source   string
	Labels             string
}

// Said reads an event in canonical form.
func Said(r *site.Request, canonical string) Event {
	e, err := proof.ParseEvent(canonical)
	if err != nil {
		return Event{What: canonical}
	}
	out := Event{What: e.Data.Meter, Meter: e.Data.Meter, Unit: e.Data.Unit, Type: e.Type, ID: e.ID, Source: e.Source, Labels: e.Data.Labels()}
	switch e.Type {
	case proof.TypeVoid:
		out.What = r.T("desk.event.void", "event", e.Data.Event)
	case proof.TypeAmend:
		out.What = r.T("desk.event.amend", "event", e.Data.Event)
	case proof.TypeWatermark:
		out.What = r.T("desk.event.watermark")
		if at, err := e.Through(); err == nil {
			out.When = r.L.Instant(at)
		}
		return out
	}
	if u, err := e.Usage(); err == nil && e.Type != proof.TypeVoid {
		out.When = r.L.Instant(u.Start) + " – " + r.L.Clock(u.End)
		out.Amount = out.amount(r, e.Data.Value)
	}
	if e.Data.Item != "" {
		out.Amount = e.Data.Item
	}
	return out
}

func (e Event) amount(r *site.Request, value string) string {
	q, err := proof.ParseQuantity(value)
	if err != nil {
		return value
	}
	unit := e.Unit
	if key := "usage.unit." + unit; r.L.Has(key) && unit != "second" && unit != "byte" {
		unit = r.T(key)
	}
	if n, ok := q.Int64(); ok {
		value = r.L.Number(n)
	}
	return strings.TrimSpace(value + "\u00a0" + unit)
}

// Indented is an event as it stands in the log, for people.
func Indented(canonical string) string {
	var v any
	if err := json.Unmarshal([]byte(canonical), &v); err != nil {
		return canonical
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return canonical
	}
	return string(b)
}

// question asks before a command, with what follows from it.
func (d Disputes) question(r *site.Request, one meter.Dispute, c meter.DisputeCommand) confirm.Question {
	key := "dispute.ask." + string(c)
	q := confirm.Question{Title: r.T(key), Action: d.Base + "/" + one.ID + "/" + string(c), Button: r.T("dispute.do." + string(c)), Back: part.Link{Text: r.T("dispute.back"), URL: d.Base + "/" + one.ID},
		Consequences: []confirm.Consequence{{Tone: part.Accent, Text: r.T(key + "." + string(d.Side) + ".a")}, {Tone: part.Accent, Text: r.T(key + ".b")}}}
	if c != meter.DisputeWithdraw {
		f := Field(r, "reason", "dispute.why."+string(c), form.Area)
		f.Optional = c == meter.DisputeAccept
		q.Fields = []form.Field{f}
	}
	return q
}

// asked is the dispute and the command of the request; a command that is not the side's now is not there.
func (d Disputes) asked(r *site.Request) (meter.Dispute, meter.DisputeCommand, error) {
	one, err := d.Meters.OneDispute(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return one, "", err
	}
	for _, t := range meter.DisputeTransitions() {
		if t.By == d.Side && string(t.Command) == r.PathValue("command") {
			return one, t.Command, nil
		}
	}
	return one, "", Missing("command", r.PathValue("command"))
}

func (d Disputes) sheet(r *site.Request, one meter.Dispute, q confirm.Question) site.Sheet {
	return site.Sheet{Page: d.Page(r, q.Title, r.T("dispute.list"), d.Base, r.T("dispute.one"), d.Base+"/"+one.ID), Narrow: true, Main: []site.Block{{Template: "confirm", View: q}}}
}

func (d Disputes) ask(r *site.Request) error {
	one, c, err := d.asked(r)
	if err != nil {
		return err
	}
	return r.OK(d.sheet(r, one, d.question(r, one, c)))
}

func (d Disputes) do(r *site.Request) error {
	one, c, err := d.asked(r)
	if err != nil {
		return err
	}
	reason := r.Value("reason")
	switch c {
	case meter.DisputeAccept:
		_, err = d.Meters.AcceptDispute(r.Context(), r.Caller, one.ID, reason)
	case meter.DisputeRefuse:
		_, err = d.Meters.RefuseDispute(r.Context(), r.Caller, one.ID, reason)
	case meter.DisputeEscalate:
		_, err = d.Meters.EscalateDispute(r.Context(), r.Caller, one.ID, reason)
	default:
		_, err = d.Meters.WithdrawDispute(r.Context(), r.Caller, one.ID)
	}
	if fail.Is(err, fail.Invalid) {
		q := d.question(r, one, c)
		q.Fields = r.Fill(q.Fields)
		if fields, _, ok := r.Refuse(err, q.Fields, nil); ok {
			q.Fields = fields
			return r.Show(http.StatusUnprocessableEntity, d.sheet(r, one, q))
		}
	}
	if err != nil {
		return err
	}
	return r.Redirect(d.Base+"/"+one.ID, site.Done("dispute.done."+string(c)))
}

// MayDispute tells whether somebody may open disputes for the organisation acted for, which shapes what a page offers.
func MayDispute(policy *access.Policy, c access.Caller) bool {
	return policy.Check(c, access.DisputeOpen, access.Resource{Type: "organisation", Org: c.Org, OrgName: c.OrgName, Path: c.Path}) == nil
}
