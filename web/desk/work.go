package desk

import (
	"bytes"
	"encoding/json"

	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// Work is the pages of work orders: what a person is to do, asked by the schema of its need.
type Work struct {
	Base   string // address of the list, "/operator/work"
	Title  string // key
	List   func(r *site.Request) ([]provision.WorkOrder, error)
	Answer func(r *site.Request, operation string, input json.RawMessage) error
	Names  func() *Names
}

// Page is the list.
func (w Work) Page(r *site.Request) error {
	list, err := w.List(r)
	if err != nil {
		return err
	}
	names := w.Names()
	var rows []table.Row
	for _, o := range list {
		who := ""
		if o.Run.Need != nil {
			who = r.T("desk.who." + o.Run.Need.Who)
		}
		rows = append(rows, table.Row{URL: w.Base + "/" + o.Run.ID, Cells: []table.Cell{
			Named(prompt(o), o.Run.ID), Text(who), Text(names.Of(r, o.Resource.Org)), Since(r, o.Run.StartedAt), Text(r.L.Date(o.Run.Deadline))}})
	}
	t := List(r, "work", r.T(w.Title), "desk.work.none", []table.Column{Col(r.T("desk.work.what")), Col(r.T("desk.work.who")), Col(r.T("desk.client")),
		Wide(r.T("desk.since")), Col(r.T("desk.work.deadline"))}, rows)
	return r.OK(site.Sheet{Page: r.Page(r.T(w.Title), Crumbs(r.T(w.Title))...), Lead: r.T("desk.work.lead"), Main: []site.Block{Block("", "", "", t)}})
}

func prompt(o provision.WorkOrder) string {
	if o.Run.Need != nil && o.Run.Need.Prompt != "" {
		return o.Run.Need.Prompt
	}
	return string(o.Run.Action)
}

func (w Work) find(r *site.Request) (provision.WorkOrder, error) {
	list, err := w.List(r)
	if err != nil {
		return provision.WorkOrder{}, err
	}
	for _, o := range list {
		if o.Run.ID == r.PathValue("id") {
			return o, nil
		}
	}
	return provision.WorkOrder{}, Missing("work order", r.PathValue("id"))
}

// One is the page of one work order with the form that does it.
func (w Work) One(r *site.Request) error {
	o, err := w.find(r)
	if err != nil {
		return err
	}
	view, _, err := w.form(r, o)
	if err != nil {
		return err
	}
	return Shown(r, view, w.sheet(r, o))
}

func (w Work) form(r *site.Request, o provision.WorkOrder) (site.FormView, Schema, error) {
	var text json.RawMessage
	if o.Run.Need != nil {
		text = o.Run.Need.Schema
	}
	s, err := ReadSchema(text)
	return site.FormView{Action: w.Base + "/" + o.Run.ID, Fields: s.Fields(r), Button: r.T("desk.work.send"),
		Hidden: []button.Pair{{Name: "generation", Value: r.L.Number(o.Run.Generation)}}}, s, err
}

func (w Work) sheet(r *site.Request, o provision.WorkOrder) func(site.FormView) (site.Sheet, error) {
	return func(view site.FormView) (site.Sheet, error) {
		title := r.T("desk.work.one")
		sheet := site.Sheet{Page: r.Page(title, Crumbs(title, r.T(w.Title), w.Base)...), Lead: prompt(o), Main: []site.Block{{Template: "site/form", View: view}},
			Side: []site.Block{{Title: r.T("desk.work.about"), Card: true, Template: "details", View: Pairs(
				Pair(r.T("desk.client"), w.Names().Of(r, o.Resource.Org)), Pair(r.T("desk.plan"), o.Resource.Plan), Pair(r.T("desk.place"), o.Resource.Region),
				Pair(r.T("desk.work.deadline"), r.L.Instant(o.Run.Deadline)), Pair(r.T("desk.resource"), o.Resource.ID), Pair(r.T("desk.subscription"), o.Resource.Subscription))}}}
		var spec bytes.Buffer
		if err := json.Indent(&spec, o.Run.Spec, "", "  "); err == nil && spec.Len() > 2 {
			sheet.Main = append(sheet.Main, site.Block{Title: r.T("desk.work.spec"), Template: "code", View: code.Block{ID: "spec", Label: r.T("desk.work.spec.label"), Text: spec.String()}})
		}
		return sheet, nil
	}
}

// Do takes the answer.
func (w Work) Do(r *site.Request) error {
	o, err := w.find(r)
	if err != nil {
		return err
	}
	view, schema, err := w.form(r, o)
	if err != nil {
		return err
	}
	input, err := schema.Read(r)
	if err != nil {
		return err
	}
	if err := w.Answer(r, o.Run.ID, input); err != nil {
		return Refused(r, err, nil, view, w.sheet(r, o))
	}
	return r.Redirect(w.Base, site.Done("desk.work.sent"))
}
