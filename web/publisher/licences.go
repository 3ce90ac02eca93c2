package publisher

import (
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// licences is what the offers grant and what customers bring: to be checked first, then the use of all.
func (d *pages) licences(r *site.Request) error {
	list, err := d.Licences.Sold(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return err
	}
	var check, granted []table.Row
	for _, v := range list {
		for _, l := range v.Licences {
			if l.State != licence.Declared {
				continue
			}
			row, err := checkRow(r, v, l)
			if err != nil {
				return err
			}
			check = append(check, row)
		}
		granted = append(granted, grantedRow(r, v))
	}
	t := desk.List(r, "check", r.T("publisher.licences.check"), "publisher.licences.check.none", []table.Column{desk.Col(r.T("publisher.offer")), desk.Col(r.T("publisher.licences.number")),
		desk.Num(r.T("publisher.licences.seats")), desk.Wide(r.T("publisher.licences.valid")), desk.Col(r.T("publisher.licences.decide"))}, check)
	all := desk.List(r, "granted", r.T("publisher.licences.sold"), "publisher.licences.none", []table.Column{desk.Col(r.T("publisher.offer")), desk.Wide(r.T("publisher.subscriber")), desk.Num(r.T("publisher.licences.use")),
		desk.Num(r.T("publisher.licences.refusals")), desk.Num(r.T("publisher.licences.peak")), desk.Wide(r.T("publisher.licences.own"))}, granted)
	return d.show(r, site.Sheet{Page: crumbs(r, r.T("publisher.licences")), Lead: r.T("publisher.licences.lead"), Main: []site.Block{
		desk.Block("to-check", r.T("publisher.licences.check"), r.T("publisher.licences.check.text"), t), desk.Block("all", r.T("publisher.licences.sold"), "", all)}})
}

func checkRow(r *site.Request, v licence.View, l licence.Licence) (table.Row, error) {
	sub := l.Reference
	if l.Twice {
		sub = r.T("publisher.licences.twice")
	}
	if sub == "" && l.Document != "" {
		sub = r.T("publisher.licences.document", "hash", l.Document[:12]+"…")
	}
	act, err := desk.Buttons(r, button.Button{Text: r.T("publisher.licences.accept"), URL: home + "/licences/" + l.ID + "/accept", Post: true},
		button.Button{Text: r.T("publisher.licences.refuse"), URL: home + "/licences/" + l.ID + "/refuse"})
	return table.Row{Cells: []table.Cell{desk.Two(v.Name, desk.Short(v.Org)), desk.Two(l.Number, sub), desk.Text(r.L.Number(l.Seats)), desk.Text(r.L.Date(l.To)), act}}, err
}

func grantedRow(r *site.Request, v licence.View) table.Row {
	capacity := r.T("licence.unlimited")
	if v.Capacity >= 0 {
		capacity = r.L.Number(v.Capacity)
	}
	own := ""
	for _, l := range v.Licences {
		if l.Kind == "byol" && (l.State == licence.Valid || l.State == licence.Declared && own == "") {
			own = r.T("licence.state." + string(l.State))
		}
	}
	return table.Row{Cells: []table.Cell{desk.Two(v.Name, r.T("licence.kind."+string(v.Terms.Kind))), desk.Two(v.Org, v.Subscription), desk.Two(r.L.Number(v.InUse), "/ "+capacity),
		desk.Text(r.L.Number(v.Month.Refused)), desk.Text(r.L.Number(v.Month.Peak)), desk.Text(own)}}
}

func (d *pages) acceptLicence(r *site.Request) error {
	if _, err := d.Licences.Accept(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home+"/licences", site.Done("publisher.licences.accepted"))
}

// refusing is the page that asks why.
func (d *pages) refusing(r *site.Request) (site.FormView, func(site.FormView) (site.Sheet, error)) {
	view := site.FormView{Action: home + "/licences/" + r.PathValue("id") + "/refuse", Fields: []form.Field{desk.Field(r, "reason", "publisher.licences.reason", form.Area)},
		Button: r.T("publisher.licences.refuse.button"), Danger: true, Back: &part.Link{Text: r.T("publisher.licences"), URL: home + "/licences"}}
	title := r.T("publisher.licences.refuse.title")
	return view, desk.Ask(crumbs(r, title, r.T("publisher.licences"), home+"/licences"), r.T("publisher.licences.refuse.lead"))
}

func (d *pages) askRefuse(r *site.Request) error {
	view, page := d.refusing(r)
	return desk.Shown(r, view, page)
}

func (d *pages) refuseLicence(r *site.Request) error {
	_, err := d.Licences.Refuse(r.Context(), r.Caller, r.PathValue("id"), r.Value("reason"))
	if err != nil {
		view, page := d.refusing(r)
		return desk.Refused(r, err, nil, view, page)
	}
	return r.Redirect(home+"/licences", site.Done("publisher.licences.refused"))
}
