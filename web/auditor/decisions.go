package auditor

import (
	"encoding/json"
	"net/url"

	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// orders is where decisions were made.
func (d *pages) orders(r *site.Request) error {
	p, err := d.Orders.Orders(r.Context(), r.Caller, order.Filter{Branch: true, Cursor: table.Parse(r.URL).After(), Limit: 50})
	if err != nil {
		return err
	}
	names := &desk.Names{Parties: d.Parties}
	var rows []table.Row
	for _, o := range p.Orders {
		what := o.ID
		if len(o.Items) > 0 {
			what = o.Items[0].Terms.Name
		}
		rows = append(rows, table.Row{URL: home + "/decisions/" + o.ID, Cells: []table.Cell{desk.Named(what, o.ID), desk.Stated(r, string(o.State)), desk.Text(names.Of(r, o.Org)), desk.Since(r, o.CreatedAt)}})
	}
	t := desk.List(r, "orders", r.T("auditor.decisions"), "auditor.decisions.none", []table.Column{desk.Col(r.T("auditor.order")), desk.Col(r.T("desk.state")), desk.Col(r.T("desk.client")), desk.Wide(r.T("auditor.at"))}, rows)
	t.After = p.Next
	return r.OK(site.Sheet{Page: page(r, r.T("auditor.decisions")), Lead: r.T("auditor.decisions.lead"), Main: []site.Block{desk.Block("", "", "", t)}})
}

func (d *pages) decisions(r *site.Request) error {
	o, err := d.Orders.Order(r.Context(), r.Caller, r.PathValue("order"))
	if err != nil {
		return err
	}
	list, err := d.Placements.Decisions(r.Context(), r.Caller, o.ID)
	if err != nil {
		return err
	}
	title := o.ID
	if len(o.Items) > 0 {
		title = o.Items[0].Terms.Name
	}
	sheet := site.Sheet{Page: page(r, title, r.T("auditor.decisions"), home+"/decisions"), Lead: o.ID + ". " + r.T("auditor.decision.lead")}
	if done := r.URL.Query().Get("same"); done != "" {
		for _, one := range list {
			if one.ID == done {
				sheet.Main = append(sheet.Main, site.Block{Template: "flash", View: flash.Notice{Tone: part.Good, Title: r.T("auditor.replayed"), Text: r.T("auditor.replayed.text", "decision", one.ID)}})
			}
		}
	}
	places := desk.Places(r, d.Residency)
	for _, one := range list {
		sheet.Main = append(sheet.Main, decision(r, one, places)...)
	}
	if len(list) == 0 {
		sheet.Main = append(sheet.Main, site.Block{Template: "site/prose", View: site.Prose{Paragraphs: []string{r.T("auditor.decision.none")}}})
	}
	return r.OK(sheet)
}

// decision is one with all its reasons, and the ways to check it: here, and offline.
func decision(r *site.Request, one placement.Decision, places map[string]string) []site.Block {
	panel := desk.Why(r, one, places)
	panel.Open = true
	return []site.Block{{Template: "why", View: panel}, {Template: "site/buttons", View: site.Rows{Buttons: []button.Button{
		{Text: r.T("auditor.replay"), URL: home + "/decisions/" + url.PathEscape(one.ID) + "/replay", Post: true, Icon: "refresh"},
		{Text: r.T("auditor.bundle"), URL: home + "/decisions/" + url.PathEscape(one.ID) + "/bundle", Icon: "download", Kind: button.Quiet}}}}}
}

// replay computes a decision again from what is stored. Another outcome than the stored one is an error with the difference.
func (d *pages) replay(r *site.Request) error {
	one, err := d.Placements.Decision(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := d.Placements.Replay(r.Context(), r.Caller, one.ID); err != nil {
		return err
	}
	return r.Redirect(home + "/decisions/" + one.Order + "?same=" + url.QueryEscape(one.ID))
}

func (d *pages) bundle(r *site.Request) error {
	b, err := d.Placements.Bundle(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return r.File(b.Decision+".bundle.json", "application/json", text)
}

func command(id, label, text string) site.Block {
	return site.Block{Template: "code", View: code.Block{ID: id, Label: label, Text: text}}
}
