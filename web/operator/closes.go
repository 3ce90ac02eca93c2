package operator

import (
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/rail"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

func monthName(r *site.Request, m monthclose.Month) string {
	return r.L.Month(time.Date(m.Year, m.Month, 15, 12, 0, 0, 0, time.UTC))
}

func closeState(r *site.Request, s monthclose.State) *badge.Badge {
	tones := map[monthclose.State]part.Tone{monthclose.StatePrepared: part.Warn, monthclose.StateSent: part.Good, monthclose.StateDiscarded: part.Neutral}
	tone, ok := tones[s]
	if !ok {
		tone = part.Accent
	}
	return &badge.Badge{Tone: tone, Text: r.T("operator.close.state." + string(s))}
}

func (d *pages) closeForm(r *site.Request) site.FormView {
	month := desk.Field(r, "month", "operator.close.month", form.Text)
	now := r.Site().Options().Now()
	month.Value = time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
	return site.FormView{Action: home + "/closes", Fields: []form.Field{month}, Button: r.T("operator.close.prepare")}
}

func (d *pages) closesSheet(r *site.Request) func(site.FormView) (site.Sheet, error) {
	return func(view site.FormView) (site.Sheet, error) {
		list, next, err := d.Closes.Closes(r.Context(), r.Caller, table.Parse(r.URL).After())
		if err != nil {
			return site.Sheet{}, err
		}
		var rows []table.Row
		for _, one := range list {
			rows = append(rows, table.Row{URL: home + "/closes/" + one.ID, Cells: []table.Cell{desk.Text(monthName(r, one.Month)), {Badge: closeState(r, one.State)},
				desk.Text(r.L.Number(one.Due())), desk.Text(r.L.Number(one.Failed)), desk.Text(sums(r, one.Totals))}})
		}
		t := desk.List(r, "closes", r.T("operator.closes"), "operator.closes.none", []table.Column{desk.Col(r.T("operator.close.month")), desk.Col(r.T("desk.state")), desk.Num(r.T("operator.close.customers")),
			{Name: r.T("operator.close.failed"), Numeric: true, Hidden: true}, desk.Num(r.T("operator.close.total"))}, rows)
		t.After = next
		return site.Sheet{Page: page(r, r.T("operator.closes")), Lead: r.T("operator.closes.lead"), Main: []site.Block{desk.FormBlock("new", "", "", view), desk.Block("all", r.T("operator.closes.all"), "", t)}}, nil
	}
}

func (d *pages) closes(r *site.Request) error {
	return desk.Shown(r, d.closeForm(r), d.closesSheet(r))
}

func (d *pages) prepareClose(r *site.Request) error {
	month, err := monthclose.ParseMonth(strings.TrimSpace(r.Value("month")))
	if err == nil {
		var one monthclose.Close
		if one, err = d.Closes.Prepare(r.Context(), r.Caller, month); err == nil {
			return r.Redirect(home + "/closes/" + one.ID)
		}
	}
	return desk.Refused(r, err, nil, d.closeForm(r), d.closesSheet(r))
}

func sums(r *site.Request, list []money.Amount) string {
	var texts []string
	for _, a := range list {
		texts = append(texts, desk.Money(r, a))
	}
	return strings.Join(texts, " + ")
}

// orDash shows that there is nothing.
func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// closeRail is how far a close is, live while the job works.
func (d *pages) closeRail(r *site.Request, one monthclose.Close) rail.Rail {
	n := r.L.Number
	steps := []rail.Step{
		{State: rail.Waiting, Name: r.T("operator.close.step.prepare"), Detail: r.T("operator.close.step.prepare.detail", "n", one.Due(), "none", one.Nothing), At: one.PreparedAt},
		{State: rail.Waiting, Name: r.T("operator.close.step.approve"), At: one.ApprovedAt},
		{State: rail.Waiting, Name: r.T("operator.close.step.issue"), Detail: r.T("operator.close.step.count", "done", n(one.Issued+one.Sent), "all", n(one.Due()))},
		{State: rail.Waiting, Name: r.T("operator.close.step.send"), Detail: r.T("operator.close.step.count", "done", n(one.Sent), "all", n(one.Due()-one.Failed)), At: one.EndedAt},
	}
	if one.Due() == 0 {
		steps[2].Detail, steps[3].Detail = "", ""
	}
	at := map[monthclose.State]int{monthclose.StatePreparing: 0, monthclose.StatePrepared: 1, monthclose.StateIssuing: 2, monthclose.StateSending: 3, monthclose.StateSent: 4, monthclose.StateDiscarded: 1}[one.State]
	for i := range steps {
		switch {
		case i < at:
			steps[i].State = rail.Done
		case one.State == monthclose.StateDiscarded:
			steps[i].State = rail.Skipped
		case i == at:
			steps[i].State = rail.Current
		}
	}
	steps[1].Detail = r.T("operator.close.step.approve.detail", "name", d.person(r, one.Preparer))
	if one.Approver != "" {
		steps[1].Detail = r.T("operator.close.step.approved", "name", d.person(r, one.Preparer), "other", d.person(r, one.Approver))
	}
	out := rail.Rail{ID: "close-progress", Label: r.T("operator.close.progress"), Steps: steps}
	if works(one.State) {
		out.URL = home + "/closes/" + one.ID
	}
	return out
}

// works tells whether the job has the turn.
func works(s monthclose.State) bool {
	return s == monthclose.StatePreparing || s == monthclose.StateIssuing || s == monthclose.StateSending
}

// person is a colleague by name, or as facts call who it was.
func (d *pages) person(r *site.Request, ref string) string {
	id, ok := strings.CutPrefix(ref, "person:")
	if !ok {
		return ref
	}
	if id == r.Caller.Person {
		return r.T("operator.close.you")
	}
	list, err := d.Parties.Members(r.Context(), r.Caller, r.Caller.Org)
	for _, m := range list {
		if err == nil && m.Person.ID == id && m.Person.Contact.Name != "" {
			return m.Person.Contact.Name
		}
	}
	return desk.Short(id)
}

func (d *pages) closing(r *site.Request) error {
	one, err := d.Closes.Close(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	list, err := d.closedTable(r, one)
	if err != nil {
		return err
	}
	title := r.T("operator.close.title", "month", monthName(r, one.Month))
	sheet := site.Sheet{Page: page(r, title, r.T("operator.closes"), home+"/closes"), Badge: closeState(r, one.State), Lead: closeLead(r, one),
		Main: []site.Block{{Template: "rail", View: d.closeRail(r, one)}, {Template: "details", View: desk.Pairs(desk.Pair(r.T("operator.close.total"), sums(r, one.Totals)), desk.Pair(r.T("operator.close.before"), sums(r, one.Before)),
			desk.Pair(r.T("operator.close.due"), r.L.Number(one.Due())), desk.Pair(r.T("operator.close.standing"), r.L.Number(one.Standing)), desk.Pair(r.T("operator.close.failed"), r.L.Number(one.Failed)))},
			desk.Block("list", r.T("operator.close.customers"), r.T("operator.close.customers.text"), list)}}
	if works(one.State) {
		sheet.Refresh = 3
	}
	if one.Failed > 0 {
		sheet.Main[2].Links = []part.Link{{Text: r.T("operator.close.only_failed"), URL: home + "/closes/" + one.ID + "?state=" + string(monthclose.ItemFailed)}}
	}
	if one.State == monthclose.StatePreparing && len(list.Rows) == 0 && !list.Filtered() {
		sheet.Main = sheet.Main[:1] // it fills while one looks
	}
	sheet.Actions = d.closeActions(r, one)
	return r.OK(sheet)
}

func closeLead(r *site.Request, one monthclose.Close) string {
	if one.State == monthclose.StateSent && one.Failed > 0 {
		return r.T("operator.close.lead.failed", "n", one.Failed)
	}
	if one.State == monthclose.StatePrepared && one.Due() == 0 {
		return r.T("operator.close.lead.nothing")
	}
	return r.T("operator.close.lead." + string(one.State))
}

// closeTasks are the closes that wait for a person: for an approval, or for what failed to be mended.
func (d *pages) closeTasks(r *site.Request) ([]desk.Task, error) {
	list, _, err := d.Closes.Closes(r.Context(), r.Caller, "")
	if err != nil || len(list) == 0 {
		return nil, err
	}
	last := list[0]
	switch {
	case last.State == monthclose.StatePrepared && last.Due() > 0:
		return one(part.Warn, r.T("operator.task.close", "month", monthName(r, last.Month)), r.T("operator.task.close.sub", "n", last.Ready, "total", sums(r, last.Totals)), "/closes/"+last.ID), nil
	case last.State == monthclose.StateSent && last.Failed > 0:
		return one(part.Bad, r.T("operator.task.close.failed", "n", last.Failed, "month", monthName(r, last.Month)), "", "/closes/"+last.ID), nil
	}
	return nil, nil
}

func (d *pages) closeActions(r *site.Request, one monthclose.Close) (out []button.Button) {
	base := home + "/closes/" + one.ID
	if one.State == monthclose.StatePrepared && one.Ready > 0 && one.Preparer != r.Caller.Ref() {
		out = append(out, button.Button{Text: r.T("operator.close.approve"), URL: base + "/approve", Kind: button.Primary})
	}
	if one.State == monthclose.StatePrepared || one.State == monthclose.StateSent && one.Failed > 0 {
		out = append(out, button.Button{Text: r.T("operator.close.again"), URL: base + "/again", Post: true})
	}
	if (one.State == monthclose.StatePrepared || one.State == monthclose.StatePreparing) && one.Issued+one.Sent == 0 {
		out = append(out, button.Button{Text: r.T("operator.close.discard"), URL: base + "/discard", Post: true, Kind: button.Quiet})
	}
	return out
}

func (d *pages) approvalPage(r *site.Request, one monthclose.Close) site.Sheet {
	base := home + "/closes/" + one.ID
	q := confirm.Question{Title: r.T("operator.close.approve.title", "month", monthName(r, one.Month)), Action: base + "/approve", Button: r.T("operator.close.approve.button", "total", sums(r, one.Totals)),
		Back: part.Link{Text: r.T("operator.close.approve.back"), URL: base}, Hidden: []button.Pair{{Name: "round", Value: strconv.FormatInt(one.Round, 10)}},
		Consequences: []confirm.Consequence{{Tone: part.Warn, Text: r.T("operator.close.approve.a", "n", one.Ready, "total", sums(r, one.Totals))}, {Tone: part.Accent, Text: r.T("operator.close.approve.b")},
			{Tone: part.Good, Text: r.T("operator.close.approve.c")}}}
	if one.Failed > 0 {
		q.Consequences = append(q.Consequences, confirm.Consequence{Tone: part.Bad, Text: r.T("operator.close.approve.d", "n", one.Failed)})
	}
	return site.Sheet{Page: page(r, q.Title, r.T("operator.closes"), home+"/closes", monthName(r, one.Month), base), Narrow: true, Main: []site.Block{{Template: "confirm", View: q}}}
}

func (d *pages) askApproval(r *site.Request) error {
	one, err := d.Closes.Close(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	if one.State != monthclose.StatePrepared {
		return r.Redirect(home + "/closes/" + one.ID)
	}
	return r.OK(d.approvalPage(r, one))
}

// closeCommand is one step that a person takes.
func (d *pages) closeCommand(do func(r *site.Request, id string) (monthclose.Close, error)) site.Handler {
	return func(r *site.Request) error {
		one, err := do(r, r.PathValue("id"))
		if err != nil {
			return err
		}
		return r.Redirect(home + "/closes/" + one.ID)
	}
}

func (d *pages) closeRoutes(get, post func(string, site.Handler)) {
	get("/closes", d.closes)
	post("/closes", d.prepareClose)
	get("/closes/{id}", d.closing)
	get("/closes/{id}/approve", d.askApproval)
	post("/closes/{id}/approve", d.closeCommand(func(r *site.Request, id string) (monthclose.Close, error) {
		round, _ := strconv.ParseInt(r.Value("round"), 10, 64) // another round than the one looked at is refused
		return d.Closes.Approve(r.Context(), r.Caller, id, round)
	}))
	post("/closes/{id}/again", d.closeCommand(func(r *site.Request, id string) (monthclose.Close, error) {
		return d.Closes.Again(r.Context(), r.Caller, id)
	}))
	post("/closes/{id}/discard", d.closeCommand(func(r *site.Request, id string) (monthclose.Close, error) {
		return d.Closes.Discard(r.Context(), r.Caller, id)
	}))
}

func itemTone(s monthclose.ItemState) part.Tone {
	switch s {
	case monthclose.ItemFailed:
		return part.Bad
	case monthclose.ItemSent:
		return part.Good
	case monthclose.ItemIssued, monthclose.ItemReady:
		return part.Accent
	}
	return part.Neutral
}

func (d *pages) closedTable(r *site.Request, one monthclose.Close) (table.Table, error) {
	q := table.Parse(r.URL)
	items, next, err := d.Closes.Customers(r.Context(), r.Caller, one.ID, monthclose.Filter{State: monthclose.ItemState(q.Get("state")), Standing: q.Get("standing") != ""}, q.After())
	if err != nil {
		return table.Table{}, err
	}
	names := d.names()
	var rows []table.Row
	for _, i := range items {
		total, err := i.Total()
		if err != nil {
			return table.Table{}, err
		}
		why, invoice := d.whyItem(r, i), home+"/organisations/"+i.Org+"/billing"
		if len(i.Invoices) == 1 {
			invoice = home + "/invoices/" + i.Invoices[0].ID
		}
		rows = append(rows, table.Row{URL: invoice, Cells: []table.Cell{desk.Two(names.Of(r, i.Org), numbers(i)), {Badge: &badge.Badge{Tone: itemTone(i.State), Text: r.T("operator.close.item." + string(i.State))}},
			desk.Text(why), desk.Text(orDash(sums(r, i.Before))), desk.Text(orDash(sums(r, total)))}})
	}
	t := desk.List(r, "customers", r.T("operator.close.customers"), "operator.close.customers.none", []table.Column{desk.Col(r.T("desk.client")), desk.Col(r.T("desk.state")), desk.Wide(r.T("operator.close.why")),
		{Name: r.T("operator.close.before"), Numeric: true, Hidden: true}, desk.Num(r.T("operator.close.total"))}, rows)
	t.After = next
	states := []string{"", r.T("desk.state.any")}
	for _, s := range []monthclose.ItemState{monthclose.ItemReady, monthclose.ItemIssued, monthclose.ItemSent, monthclose.ItemFailed, monthclose.ItemNothing} {
		states = append(states, string(s), r.T("operator.close.item."+string(s)))
	}
	t.Filters = []form.Field{desk.Filter(r, "close-state", "state", r.T("desk.state"), states...),
		desk.Filter(r, "close-standing", "standing", r.T("operator.close.show"), "", r.T("operator.close.everybody"), "yes", r.T("operator.close.standing"))}
	return t, nil
}

func numbers(i monthclose.Item) string {
	var out []string
	for _, one := range i.Invoices {
		out = append(out, one.Number)
	}
	return strings.Join(out, ", ")
}

// whyItem says in words why a customer stands out or failed.
func (d *pages) whyItem(r *site.Request, i monthclose.Item) string {
	if i.Failure.Text != "" {
		return i.Failure.Text + " " + i.Failure.Remedy
	}
	var out []string
	for _, f := range i.Flags {
		out = append(out, r.T("operator.close.flag."+string(f)))
	}
	return strings.Join(out, " ")
}
