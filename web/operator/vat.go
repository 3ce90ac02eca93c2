package operator

import (
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

const vatPage = home + "/vat"

// vatDesk are VAT numbers that were valid and are no longer.
func (d *pages) vatDesk(r *site.Request) error {
	list, err := d.Parties.VATDesk(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	names := d.names()
	var rows []table.Row
	for _, k := range list {
		rows = append(rows, table.Row{URL: vatPage + "/" + k.ID, Cells: []table.Cell{desk.Two(k.VATID, names.Of(r, k.Org)), desk.Since(r, k.At), desk.Text(k.Consultation)}})
	}
	t := desk.List(r, "vat", r.T("operator.vatdesk"), "operator.vatdesk.none", []table.Column{desk.Col(r.T("operator.vatdesk.number")), desk.Col(r.T("desk.since")), desk.Wide(r.T("vat.consultation"))}, rows)
	return r.OK(site.Sheet{Page: page(r, r.T("operator.vatdesk"), r.T("operator.organisations"), home+"/organisations"), Lead: r.T("operator.vatdesk.lead"), Main: []site.Block{desk.Block("", "", "", t)}})
}

func (d *pages) findVAT(r *site.Request) (party.VATCheck, error) {
	list, err := d.Parties.VATDesk(r.Context(), r.Caller)
	if err != nil {
		return party.VATCheck{}, err
	}
	for _, k := range list {
		if k.ID == r.PathValue("id") {
			return k, nil
		}
	}
	return party.VATCheck{}, desk.Missing("check", r.PathValue("id"))
}

func vatForm(r *site.Request, k party.VATCheck) site.FormView {
	what := desk.Field(r, "decision", "operator.vatdesk.decision", form.Radios)
	for _, d := range []party.VATDecision{party.VATKeep, party.VATWithdraw} {
		what.Options = append(what.Options, form.Option{Value: string(d), Label: r.T("operator.vatdesk." + string(d)), Hint: r.T("operator.vatdesk." + string(d) + ".hint"), Chosen: d == party.VATKeep})
	}
	note := desk.Field(r, "note", "operator.vatdesk.note", form.Area)
	note.Optional = true
	return site.FormView{Action: vatPage + "/" + k.ID, Fields: []form.Field{what, note}, Button: r.T("operator.vatdesk.decide"), Back: &part.Link{Text: r.T("operator.vatdesk.back"), URL: vatPage}}
}

func (d *pages) vatSheet(r *site.Request, k party.VATCheck) func(site.FormView) (site.Sheet, error) {
	name := d.names().Of(r, k.Org)
	return desk.Ask(page(r, k.VATID, r.T("operator.vatdesk"), vatPage), r.T("operator.vatdesk.text", "name", name),
		site.Block{Template: "details", View: desk.Pairs(desk.Pair(r.T("desk.client"), name), desk.Pair(r.T("operator.vatdesk.asked"), r.L.Instant(k.At)), desk.Pair(r.T("vat.consultation"), k.Consultation))})
}

func (d *pages) vatEntry(r *site.Request) error {
	k, err := d.findVAT(r)
	if err != nil {
		return err
	}
	return desk.Shown(r, vatForm(r, k), d.vatSheet(r, k))
}

func (d *pages) decideVAT(r *site.Request) error {
	k, err := d.findVAT(r)
	if err != nil {
		return err
	}
	if _, err = d.Parties.DecideVAT(r.Context(), r.Caller, k.ID, party.VATDecision(r.Value("decision")), r.Value("note")); err != nil {
		return desk.Refused(r, err, nil, vatForm(r, k), d.vatSheet(r, k))
	}
	return r.Redirect(vatPage, site.Done("operator.vatdesk.decided"))
}

// vatTasks are numbers to decide about.
func (d *pages) vatTasks(r *site.Request) ([]desk.Task, error) {
	list, err := d.Parties.VATDesk(r.Context(), r.Caller)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return one(part.Warn, r.T("operator.task.vat", "n", len(list)), list[0].VATID, "/vat"), nil
}

// vatButton leads to the desk from the organisations.
func vatButton(r *site.Request) button.Button {
	return button.Button{Text: r.T("operator.vatdesk"), URL: vatPage}
}
