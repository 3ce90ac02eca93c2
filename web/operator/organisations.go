package operator

import (
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

func kinds(r *site.Request, o party.Organisation) string {
	if o.Form == party.FormHousehold {
		return r.T("operator.kind.household")
	}
	var words []string
	for _, k := range o.Kinds {
		words = append(words, r.T("operator.kind."+string(k)))
	}
	return strings.Join(words, ", ")
}

// branch are organisations below the caller's in the order of the tree: one page of those that are asked for, and the
// cursor of the next. A search goes through many before it stops.
func (d *pages) branch(r *site.Request, q table.Query) (out []party.Organisation, next string, err error) {
	kind, text := party.Kind(q.Get("kind")), strings.ToLower(q.Text())
	after := q.After()
	for range 40 {
		list, err := d.Parties.Branch(r.Context(), r.Caller, r.Caller.Org, after, 2*many)
		if err != nil {
			return nil, "", err
		}
		for _, o := range list {
			after = o.Path
			if strings.Contains(strings.ToLower(o.Name+" "+o.ID), text) && (kind == "" || o.Is(kind)) {
				out = append(out, o)
			}
			if len(out) == many {
				return out, after, nil
			}
		}
		if len(list) < 2*many {
			return out, "", nil
		}
	}
	return out, after, nil
}

// organisations is the tree below the caller's organisation.
func (d *pages) organisations(r *site.Request) error {
	list, next, err := d.branch(r, table.Parse(r.URL))
	if err != nil {
		return err
	}
	var rows []table.Row
	for _, o := range list {
		deep := strings.Repeat("\u2003", max(0, strings.Count(strings.TrimPrefix(o.Path, r.Caller.Path), "/")))
		rows = append(rows, table.Row{URL: home + "/organisations/" + o.ID, Cells: []table.Cell{desk.Two(deep+desk.Called(r, o), deep+desk.Short(o.ID)), desk.Text(kinds(r, o)), desk.Text(r.L.Country(o.Country)), desk.Since(r, o.CreatedAt)}})
	}
	t := desk.List(r, "organisations", r.T("operator.organisations"), "operator.organisations.none", []table.Column{desk.Col(r.T("operator.organisation")), desk.Col(r.T("operator.kind")),
		desk.Wide(r.T("desk.country")), desk.Wide(r.T("desk.since"))}, rows)
	t.After, t.Search = next, r.T("operator.organisations.search")
	t.Filters = []form.Field{desk.Filter(r, "organisations-kind", "kind", r.T("operator.kind"), "", r.T("operator.kind.any"), "customer", r.T("operator.kind.customer"), "publisher", r.T("operator.kind.publisher"),
		"reseller", r.T("operator.kind.reseller"), "unit", r.T("operator.kind.unit"))}
	return r.OK(site.Sheet{Page: page(r, r.T("operator.organisations")), Lead: r.T("operator.organisations.lead"), Main: []site.Block{desk.Block("", "", "", t)},
		Actions: []button.Button{{Text: r.T("operator.organisation.new"), URL: home + "/organisations/new", Kind: button.Primary, Icon: "plus"}, vatButton(r)}})
}

func (d *pages) organisationForm(r *site.Request) (site.FormView, error) {
	markets, err := d.Parties.Markets(r.Context())
	if err != nil {
		return site.FormView{}, err
	}
	kind, market := desk.Field(r, "kind", "operator.organisation.kind", form.Radios), desk.Field(r, "market", "operator.organisation.market", form.Select)
	for i, k := range []party.Kind{party.KindCustomer, party.KindPublisher, party.KindReseller} {
		kind.Options = append(kind.Options, form.Option{Value: string(k), Label: r.T("operator.kind." + string(k)), Hint: r.T("operator.kind." + string(k) + ".hint"), Chosen: i == 0})
	}
	for _, m := range markets {
		market.Options = append(market.Options, form.Option{Value: m.ID, Label: m.Name})
	}
	country, language := desk.Field(r, "country", "operator.field.country", form.Text), desk.Field(r, "language", "operator.field.language", form.Select)
	country.Autocomplete = "country"
	for _, code := range []string{"en", "fr"} {
		language.Options = append(language.Options, form.Option{Value: code, Label: r.T("lang." + code), Chosen: code == r.Lang()})
	}
	name := desk.Field(r, "name", "operator.organisation.name", form.Text)
	name.Autocomplete = "organization"
	return site.FormView{Action: home + "/organisations/new", Fields: []form.Field{name, kind, country, language, market}, Button: r.T("operator.organisation.create")}, nil
}

func (d *pages) newSheet(r *site.Request) func(site.FormView) (site.Sheet, error) {
	title := r.T("operator.organisation.new")
	return desk.Ask(page(r, title, r.T("operator.organisations"), home+"/organisations"), r.T("operator.organisation.new.lead"))
}

func (d *pages) newOrganisation(r *site.Request) error {
	view, err := d.organisationForm(r)
	if err != nil {
		return err
	}
	return desk.Shown(r, view, d.newSheet(r))
}

func (d *pages) createOrganisation(r *site.Request) error {
	in := party.NewOrganisation{Parent: r.Caller.Org, Name: r.Value("name"), Kinds: []party.Kind{party.Kind(r.Value("kind"))}, Country: strings.ToUpper(r.Value("country")),
		Language: r.Value("language"), Market: r.Value("market")}
	o, err := d.Parties.CreateOrganisation(r.Context(), r.Caller, in)
	if err != nil {
		view, failed := d.organisationForm(r)
		if failed != nil {
			return failed
		}
		return desk.Refused(r, err, map[string]string{"kinds": "kind"}, view, d.newSheet(r))
	}
	return r.Redirect(home+"/organisations/"+o.ID+"#invite", site.Done("operator.organisation.created"))
}

func (d *pages) organisation(r *site.Request) error {
	sheet, err := d.organisationSheet(r, nil, nil)
	if err != nil {
		return err
	}
	return r.OK(sheet)
}

func inviteForm(r *site.Request) site.FormView {
	email := desk.Field(r, "email", "operator.invite.email", form.Email)
	return site.FormView{Action: home + "/organisations/" + r.PathValue("id") + "/invite", Fields: []form.Field{email}, Button: r.T("operator.invite.button"), Quiet: true}
}

func actForm(r *site.Request) site.FormView {
	return site.FormView{Action: home + "/organisations/" + r.PathValue("id") + "/act", Fields: []form.Field{desk.Field(r, "purpose", "operator.act.purpose", form.Text)}, Button: r.T("operator.act.button"), Quiet: true}
}

// organisationSheet is the page of one; invite and act are forms that were refused, nil as new.
func (d *pages) organisationSheet(r *site.Request, invite, act *site.FormView) (site.Sheet, error) {
	o, err := d.Parties.Organisation(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return site.Sheet{}, err
	}
	if invite == nil {
		view := inviteForm(r)
		invite = &view
	}
	if act == nil {
		view := actForm(r)
		act = &view
	}
	name := desk.Called(r, o)
	entity := o.Entity
	if list, err := d.Parties.Entities(r.Context(), r.Caller, o.ID); err == nil && len(list) > 0 {
		entity = list[0].Name + ", " + r.L.Country(list[0].Country)
	}
	sheet := site.Sheet{Page: page(r, name, r.T("operator.organisations"), home+"/organisations"), Lead: kinds(r, o)}
	sheet.Actions = []button.Button{{Text: r.T("operator.organisation.billing"), URL: home + "/organisations/" + o.ID + "/billing", Icon: "invoice"},
		{Text: r.T("operator.organisation.facts"), URL: "/audit?org=" + o.ID, Icon: "seal"}}
	parent := ""
	if o.Parent != "" && o.ID != r.Caller.Org {
		parent = d.names().Of(r, o.Parent)
	}
	sheet.Main = []site.Block{{Template: "details", View: desk.Pairs(desk.Pair(r.T("operator.organisation.id"), o.ID), desk.Pair(r.T("operator.organisation.parent"), parent),
		desk.Pair(r.T("operator.entity"), entity), desk.Pair(r.T("desk.country"), r.L.Country(o.Country)), desk.Pair(r.T("desk.since"), r.L.Date(o.CreatedAt)))}}
	if o.ID == r.Caller.Org {
		return sheet, nil
	}
	if o.Form == party.FormBusiness && !o.Is(party.KindUnit) {
		sheet.Main = append(sheet.Main, desk.FormBlock("invite", r.T("operator.invite"), r.T("operator.invite.text"), *invite))
	}
	sheet.Main = append(sheet.Main, desk.FormBlock("act", r.T("operator.act"), r.T("operator.act.text"), *act))
	return sheet, nil
}

// invite asks the first owner of an organisation, who may also do what the organisation is for.
func (d *pages) invite(r *site.Request) error {
	o, err := d.Parties.Organisation(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	roles := []access.Role{access.RoleOwner}
	if o.Is(party.KindPublisher) {
		roles = append(roles, access.RolePublisher)
	}
	if o.Is(party.KindReseller) {
		roles = append(roles, access.RoleOperator)
	}
	if _, err = d.Parties.InviteMember(r.Context(), r.Caller, party.Invite{Org: o.ID, Email: r.Value("email"), Roles: roles}); err != nil {
		return desk.Refused(r, err, nil, inviteForm(r), func(v site.FormView) (site.Sheet, error) { return d.organisationSheet(r, &v, nil) })
	}
	return r.Redirect(home+"/organisations/"+o.ID, site.Done("operator.invited"))
}

// act makes the session act on behalf of a customer: never without a purpose, which the customer can read.
func (d *pages) act(r *site.Request) error {
	id := r.PathValue("id")
	err := fail.New(fail.Invalid, "operator.purpose", "A purpose is needed before you act for a customer.", "Say it in words that the customer will read.").Field("purpose", r.T("operator.act.needed"))
	if purpose := r.Value("purpose"); purpose != "" {
		if failed := d.SignIns.Act(r.Context(), r.Credential, signin.Acting{Org: r.Caller.Org, OnBehalfOf: id, Purpose: purpose}); failed == nil {
			return r.Redirect(home+"/organisations/"+id, site.Warned("operator.acting"))
		} else if !fail.Is(failed, fail.Invalid) {
			return failed
		} else {
			err = site.AsFail(failed)
		}
	}
	return desk.Refused(r, err, nil, actForm(r), func(v site.FormView) (site.Sheet, error) { return d.organisationSheet(r, nil, &v) })
}
