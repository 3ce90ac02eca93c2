package operator

import (
	"strconv"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/handover"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

func (d *pages) handOverRoutes(get, post func(string, site.Handler)) {
	get("/markets/{id}/billing", d.marketBilling)
	post("/markets/{id}/billing", d.saveBilling)
	post("/markets/{id}/handover", d.makeHandOver)
	get("/handovers/{batch}", d.handOverPage)
	get("/handovers/{batch}/file/{format}", d.handOverFile)
	post("/handovers/{batch}/again", d.handOverAgain)
}

func (d *pages) billingForm(r *site.Request, m party.Market, b billing.Billed) site.FormView {
	mode, system := desk.Field(r, "mode", "operator.billing.mode", form.Radios), desk.Field(r, "system", "operator.billing.system", form.Text)
	for _, one := range []billing.Mode{billing.ModeOwn, billing.ModeHandOver} {
		mode.Options = append(mode.Options, form.Option{Value: string(one), Label: r.T("operator.billing.mode." + string(one)), Hint: r.T("operator.billing.mode." + string(one) + ".hint"), Chosen: one == b.Mode})
	}
	system.Value, system.Optional = b.System, true
	return site.FormView{Action: home + "/markets/" + m.ID + "/billing", Fields: []form.Field{mode, system}, Button: r.T("operator.billing.save"), Back: &part.Link{Text: r.T("operator.billing.back"), URL: home + "/markets/" + m.ID}}
}

// billingSheet is who bills a market, what became of what was handed over, and the batches.
func (d *pages) billingSheet(r *site.Request, m party.Market, rec handover.Reconciliation) func(site.FormView) (site.Sheet, error) {
	return func(view site.FormView) (site.Sheet, error) {
		list, err := d.Handovers.Batches(r.Context(), r.Caller, m.ID, 0, 100)
		if err != nil {
			return site.Sheet{}, err
		}
		sheet := site.Sheet{Page: page(r, r.T("operator.billing.of", "name", m.Name), r.T("operator.markets"), home+"/markets", m.Name, home+"/markets/"+m.ID), Lead: r.T("operator.billing.lead"),
			Main: []site.Block{desk.FormBlock("mode-form", "", "", view)}}
		if rec.Billed.Mode != billing.ModeHandOver && len(list) == 0 {
			return sheet, nil
		}
		sheet.Actions = []button.Button{{Text: r.T("operator.handover.make"), URL: home + "/markets/" + m.ID + "/handover", Post: true, Kind: button.Primary}}
		var rows, batches []table.Row
		for _, s := range rec.Sums {
			rows = append(rows, table.Row{Cells: []table.Cell{desk.Text(r.T("operator.handover.state." + string(s.State))), desk.Text(r.L.Number(s.Lines)), desk.Text(desk.Money(r, s.Net))}})
		}
		for _, s := range rec.Stated {
			rows = append(rows, table.Row{Cells: []table.Cell{desk.Text(r.T("operator.handover.stated")), desk.Text(r.L.Number(s.Lines)), desk.Text(desk.Money(r, s.Net))}})
		}
		for _, b := range list {
			batches = append(batches, table.Row{URL: home + "/handovers/" + b.ID, Cells: []table.Cell{desk.Text(r.T("operator.handover.batch", "n", r.L.Number(b.Number))), desk.Text(r.L.Number(b.Lines)), desk.Since(r, b.MadeAt)}})
		}
		lines := table.Column{Name: r.T("operator.handover.lines"), Numeric: true}
		sheet.Main = append(sheet.Main, desk.Block("sums", r.T("operator.handover.sums"), r.T("operator.handover.sums.text"),
			desk.List(r, "sum-list", r.T("operator.handover.sums"), "operator.handover.none", []table.Column{desk.Col(r.T("desk.state")), lines, desk.Num(r.T("operator.net"))}, rows)))
		if len(rec.Differs) > 0 {
			sheet.Main = append(sheet.Main, desk.Block("differs", r.T("operator.handover.differs"), r.T("operator.handover.differs.text"), d.handOverLines(r, "differ-list", rec.Differs)))
		}
		sheet.Main = append(sheet.Main, desk.Block("batches", r.T("operator.handover.batches"), "",
			desk.List(r, "batch-list", r.T("operator.handover.batches"), "operator.handover.none", []table.Column{desk.Col(r.T("operator.handover")), lines, desk.Col(r.T("operator.handover.made"))}, batches)))
		return sheet, nil
	}
}

func (d *pages) handOverLines(r *site.Request, id string, list []handover.Line) table.Table {
	names := d.names()
	var rows []table.Row
	for _, l := range list {
		state := r.T("operator.handover.state." + string(l.State))
		if l.State == handover.BilledThere {
			state = r.T("operator.handover.on", "bill", l.Bill, "amount", desk.Money(r, l.Billed))
		}
		rows = append(rows, table.Row{URL: home + "/invoices/" + l.Document, Cells: []table.Cell{desk.Two(names.Of(r, l.Org), r.T("operator.handover.line", "n", strconv.Itoa(l.No))), desk.Two(state, l.Reason), desk.Text(desk.Money(r, l.Net))}})
	}
	return desk.List(r, id, r.T("operator.handover.lines"), "operator.handover.none", []table.Column{desk.Col(r.T("desk.client")), desk.Col(r.T("desk.state")), desk.Num(r.T("operator.net"))}, rows)
}

func (d *pages) marketBilling(r *site.Request) error {
	m, err := d.findMarket(r)
	if err != nil {
		return err
	}
	rec, err := d.Handovers.Reconcile(r.Context(), r.Caller, m.ID)
	if err != nil {
		return err
	}
	return desk.Shown(r, d.billingForm(r, m, rec.Billed), d.billingSheet(r, m, rec))
}

func (d *pages) saveBilling(r *site.Request) error {
	m, err := d.findMarket(r)
	if err != nil {
		return err
	}
	rec, err := d.Handovers.Reconcile(r.Context(), r.Caller, m.ID)
	if err != nil {
		return err
	}
	if err := d.Invoices.SetBilled(r.Context(), r.Caller, billing.Billed{Market: m.ID, Mode: billing.Mode(r.Value("mode")), System: r.Value("system")}); err != nil {
		return desk.Refused(r, err, nil, d.billingForm(r, m, rec.Billed), d.billingSheet(r, m, rec))
	}
	return r.Redirect(home+"/markets/"+m.ID+"/billing", site.Done("operator.billing.saved"))
}

func (d *pages) makeHandOver(r *site.Request) error {
	b, made, err := d.Handovers.Make(r.Context(), r.Caller, r.PathValue("id"))
	switch {
	case err != nil:
		return err
	case !made:
		return r.Redirect(home+"/markets/"+r.PathValue("id")+"/billing", site.Told("operator.handover.nothing"))
	}
	return r.Redirect(home+"/handovers/"+b.ID, site.Done("operator.handover.done"))
}

func (d *pages) handOverPage(r *site.Request) error {
	b, err := d.Handovers.Batch(r.Context(), r.Caller, r.PathValue("batch"))
	if err != nil {
		return err
	}
	t := table.Parse(r.URL)
	list, err := d.Handovers.Lines(r.Context(), r.Caller, b.ID, "", t.After(), 100)
	if err != nil {
		return err
	}
	refused, err := d.Handovers.Lines(r.Context(), r.Caller, b.ID, handover.Refused, "", 1)
	if err != nil {
		return err
	}
	lines := d.handOverLines(r, "line-list", list)
	if len(list) == 100 {
		lines.After = list[len(list)-1].ID
	}
	base := home + "/handovers/" + b.ID
	title := r.T("operator.handover.batch", "n", r.L.Number(b.Number))
	sheet := site.Sheet{Page: page(r, title, r.T("operator.markets"), home+"/markets", r.T("operator.billing"), home+"/markets/"+b.Market+"/billing"), Lead: r.T("operator.handover.lead"),
		Main: []site.Block{desk.Block("lines", r.T("operator.handover.lines"), "", lines)}}
	if len(refused) > 0 {
		sheet.Actions = append(sheet.Actions, button.Button{Text: r.T("operator.handover.again"), URL: base + "/again", Post: true, Kind: button.Primary})
	}
	for _, f := range handover.Formats() {
		sheet.Actions = append(sheet.Actions, button.Button{Text: r.T("operator.handover.format." + string(f)), URL: base + "/file/" + string(f), Icon: "download"})
	}
	return r.OK(sheet)
}

func (d *pages) handOverFile(r *site.Request) error {
	f, err := d.Handovers.File(r.Context(), r.Caller, r.PathValue("batch"), handover.Format(r.PathValue("format")))
	if err != nil {
		return err
	}
	return r.Spool(f.Name, f.Type, f.Write)
}

func (d *pages) handOverAgain(r *site.Request) error {
	if _, err := d.Handovers.Again(r.Context(), r.Caller, r.PathValue("batch")); err != nil {
		return err
	}
	return r.Redirect(home+"/handovers/"+r.PathValue("batch"), site.Done("operator.handover.returned"))
}
