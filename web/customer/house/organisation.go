package house

import (
	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

func missing(noun, id string) error { return fail.Missing(noun, id) }

func (d *desk) organisation(r *site.Request) error {
	o, err := r.Organisation()
	if err != nil {
		return err
	}
	if o.ID == "" {
		return missing("organisation", r.Caller.Org)
	}
	return d.showOrganisation(r, 200, o, nil, nil)
}

func (d *desk) showOrganisation(r *site.Request, status int, o party.Organisation, change, unit *site.FormView) error {
	sheet := site.Sheet{Page: r.Page(r.T("organisation.title")), Heading: o.Name, Lead: r.T("organisation.lead")}
	facts := details.List{Items: []details.Item{{Name: r.T("organisation.number"), Value: o.ID}, {Name: r.T("organisation.form"), Value: r.T("form." + string(o.Form))}, {Name: r.T("organisation.since"), Value: r.L.Date(o.CreatedAt)}}}
	if o.Entity != "" {
		e, err := d.Parties.Imprint(r.Context(), o.Entity)
		if err != nil {
			return err
		}
		facts.Items = append(facts.Items, details.Item{Name: r.T("organisation.entity"), Value: e.Name + ", " + r.L.Country(e.Country)})
		if e.VATID != "" {
			facts.Items = append(facts.Items, details.Item{Name: r.T("invoice.vatid"), Value: e.VATID})
		}
	}
	sheet.Main = []site.Block{{Template: "details", View: facts}}
	if o.Form == party.FormBusiness {
		sheet.Actions = []button.Button{{Text: r.T("bills.title"), URL: companyPage, Icon: "invoice"}}
	}
	if customer.May(d.Services, r, access.OrgUpdate) == nil && o.Form == party.FormBusiness {
		if change == nil {
			view := organisationForm(r, o)
			change = &view
		}
		sheet.Main = append(sheet.Main, site.Block{ID: "change", Title: r.T("organisation.change"), Template: "site/form", View: *change})
	}
	if o.Form == party.FormBusiness {
		blocks, err := d.units(r, o, unit)
		if err != nil {
			return err
		}
		sheet.Main = append(sheet.Main, blocks...)
	}
	return r.Show(status, sheet)
}

func organisationForm(r *site.Request, o party.Organisation) site.FormView {
	lang := form.Field{ID: "language", Kind: form.Select, Label: r.T("entry.field.language")}
	for _, code := range []string{"en", "fr"} {
		lang.Options = append(lang.Options, form.Option{Value: code, Label: r.T("lang." + code), Chosen: o.Language == code})
	}
	return site.FormView{Action: "/organisation", Button: r.T("entry.person.button"), Fields: []form.Field{{ID: "name", Label: r.T("organisation.name"), Value: o.Name, Autocomplete: "organization"}, lang}}
}

func (d *desk) saveOrganisation(r *site.Request) error {
	o, err := r.Organisation()
	if err != nil {
		return err
	}
	_, err = d.Parties.UpdateOrganisation(r.Context(), r.Caller, party.Change{Org: o.ID, Name: r.Value("name"), Language: r.Value("language")})
	if err == nil {
		return r.Redirect("/organisation", site.Done("entry.person.saved"))
	}
	view, ok := refused(r, err, organisationForm(r, o), nil)
	if !ok {
		return err
	}
	return d.showOrganisation(r, site.Status(err), o, &view, nil)
}

// refused is a form as it was sent, with what was wrong.
func refused(r *site.Request, err error, view site.FormView, paths map[string]string) (site.FormView, bool) {
	view.Fields = r.Fill(view.Fields)
	fields, notice, ok := r.Refuse(err, view.Fields, paths)
	view.Fields, view.Notice = fields, notice
	return view, ok
}

// units are the parts of a company, each with its own people and limits.
func (d *desk) units(r *site.Request, o party.Organisation, again *site.FormView) ([]site.Block, error) {
	list, err := d.Parties.Branch(r.Context(), r.Caller, o.ID, "", 200)
	if err != nil {
		return nil, err
	}
	t := table.Table{ID: "units", Caption: r.T("units.title"), Query: table.Parse(r.URL), Found: -1, Columns: []table.Column{{Name: r.T("organisation.name")}, {Name: r.T("organisation.since")}, {Name: r.T("organisation.number"), Hidden: true}},
		Empty: states.Empty{Icon: "building", Title: r.T("units.none"), Text: r.T("units.none.text")}}
	for _, u := range list {
		if u.ID != o.ID && u.Is(party.KindUnit) {
			t.Rows = append(t.Rows, table.Row{Cells: []table.Cell{{Text: u.Name}, {Text: r.L.Date(u.CreatedAt)}, {Text: u.ID}}})
		}
	}
	out := []site.Block{{ID: "parts", Title: r.T("units.title"), Template: "table", View: t}}
	if customer.May(d.Services, r, access.OrgCreate) == nil && !o.Is(party.KindUnit) {
		view := unitForm(r)
		if again != nil {
			view = *again
		}
		out = append(out, site.Block{ID: "unit", Title: r.T("units.add"), Template: "site/form", View: view})
	}
	return out, nil
}

func unitForm(r *site.Request) site.FormView {
	return site.FormView{Action: "/organisation/units", Button: r.T("units.add"), Quiet: true, Fields: []form.Field{{ID: "unit-name", Name: "unit", Label: r.T("units.name")}}}
}

func (d *desk) addUnit(r *site.Request) error {
	o, err := r.Organisation()
	if err != nil {
		return err
	}
	_, err = d.Parties.CreateOrganisation(r.Context(), r.Caller, party.NewOrganisation{Parent: o.ID, Name: r.Value("unit"), Kinds: []party.Kind{party.KindUnit}, Country: o.Country, Language: o.Language})
	if err == nil {
		return r.Redirect("/organisation", site.Done("units.added"))
	}
	view, ok := refused(r, err, unitForm(r), map[string]string{"name": "unit"})
	if !ok {
		return err
	}
	return d.showOrganisation(r, site.Status(err), o, nil, &view)
}
