// Package house is what belongs to the organisation itself: people and their roles, name and units, tokens, limits and
// budgets, where
// its data may live, what happened, and how all of it is verified.
//
// Owns: these pages.
// Does not own: people and organisations (party), tokens (signin), limits (order), budgets (rating/budget), policies (residency), facts (trace).
// Reads: these.
// Writes: nothing by itself.
package house

import (
	"slices"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

type desk struct{ site.Services }

// Desk makes the pages of the organisation.
func Desk(s site.Services) site.Desk {
	d := &desk{s}
	return site.Desk{Name: "house", Style: customer.Style(), Home: customer.Home, Title: "desk.customer", Search: "shop.search", Nav: customer.Nav, Routes: d.routes}
}

func (d *desk) routes(r *site.Router) {
	r.Get("/people", d.people)
	r.Post("/people/invite", d.invite)
	r.Post("/people/invitations/{id}/withdraw", d.withdrawInvitation)
	r.Get("/people/{id}", d.member)
	r.Post("/people/{id}/roles", d.roles)
	r.Get("/people/{id}/remove", d.askRemove)
	r.Post("/people/{id}/remove", d.remove)
	r.Get("/organisation", d.organisation)
	r.Post("/organisation", d.saveOrganisation)
	r.Post("/organisation/units", d.addUnit)
	r.Get(companyPage, d.bills)
	r.Post(companyPage, d.saveBills)
	r.Post(companyPage+"/company", d.saveCompany)
	r.Post(companyPage+"/reach", d.saveReach)
	r.Post(companyPage+"/vat", d.askVAT)
	r.Get("/tokens", d.tokens)
	r.Post("/tokens", d.addToken)
	r.Post("/tokens/{id}/revoke", d.revokeToken)
	r.Get("/limits", d.limits)
	r.Post("/limits", d.setLimit)
	r.Post("/limits/approval", d.setApproval)
	r.Get("/spending", d.spending)
	r.Post("/spending", d.setBudget)
	r.Post("/spending/{id}/remove", d.removeBudget)
	r.Get("/residency", d.policy)
	r.Post("/residency", d.setPolicy)
	r.Post("/residency/set", d.confirmPolicy)
	d.ruleChanges().Routes(r.Get, r.Post)
	r.Get("/activity", d.activity)
	r.Get("/activity/statement", d.statement)
	r.Get("/facts/{id}", d.receipt)
	r.Get("/proofs", d.proofs)
}

// given are the roles that a customer's owner may give, each said in a sentence.
func given(o party.Organisation) []access.Role {
	roles := []access.Role{access.RoleOwner, access.RoleBuyer, access.RoleBilling, access.RoleTechnical, access.RoleMember, access.RoleAuditor}
	if o.Is(party.KindPublisher) {
		roles = append(roles, access.RolePublisher)
	}
	if o.Is(party.KindOperator) || o.Is(party.KindReseller) {
		roles = append(roles, access.RoleOperator, access.RoleSupport)
	}
	return roles
}

func (d *desk) people(r *site.Request) error {
	return d.showPeople(r, 200, nil)
}

func (d *desk) showPeople(r *site.Request, status int, again *site.FormView) error {
	members, err := d.Parties.Members(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return err
	}
	t := table.Table{ID: "people", Caption: r.T("people.title"), Query: table.Parse(r.URL), Found: int64(len(members)),
		Columns: []table.Column{{Name: r.T("people.name")}, {Name: r.T("people.roles")}, {Name: r.T("people.since"), Hidden: true}}}
	for _, m := range members {
		t.Rows = append(t.Rows, table.Row{URL: "/people/" + m.Person.ID, Cells: []table.Cell{{Text: m.Person.Contact.Name, Sub: m.Person.Contact.Email}, {Text: roleNames(r, m.Roles)}, {Text: r.L.Date(m.JoinedAt)}}})
	}
	sheet := site.Sheet{Page: r.Page(r.T("people.title")), Lead: r.T("people.lead"), Main: []site.Block{{Template: "table", View: t}}}
	open, err := d.invitations(r)
	if err != nil {
		return err
	}
	sheet.Main = append(sheet.Main, open...)
	if customer.May(d.Services, r, access.MemberInvite) == nil {
		view := again
		if view == nil {
			o, err := r.Organisation()
			if err != nil {
				return err
			}
			fresh := inviteForm(r, o)
			view = &fresh
		}
		sheet.Main = append(sheet.Main, site.Block{ID: "invite", Title: r.T("people.invite"), Text: r.T("people.invite.text"), Template: "site/form", View: *view})
	}
	return r.Show(status, sheet)
}

func roleNames(r *site.Request, roles []access.Role) string {
	text := ""
	for i, role := range roles {
		if i > 0 {
			text += ", "
		}
		text += r.T("role." + string(role))
	}
	return text
}

func (d *desk) invitations(r *site.Request) ([]site.Block, error) {
	if customer.May(d.Services, r, access.MemberInvite) != nil {
		return nil, nil
	}
	list, err := d.Parties.Invitations(r.Context(), r.Caller, r.Caller.Org)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	t := table.Table{ID: "invitations", Caption: r.T("people.invitations"), Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: r.T("people.email")}, {Name: r.T("people.roles")}, {Name: r.T("people.until")}, {Name: r.T("people.withdraw")}}}
	for _, i := range list {
		html, err := r.HTML("button", button.Button{Text: r.T("people.withdraw"), URL: "/people/invitations/" + i.ID + "/withdraw", Post: true, Small: true})
		if err != nil {
			return nil, err
		}
		t.Rows = append(t.Rows, table.Row{Cells: []table.Cell{{Text: i.Email}, {Text: roleNames(r, i.Roles)}, {Text: r.L.Instant(i.ExpiresAt)}, {HTML: html}}})
	}
	return []site.Block{{ID: "open", Title: r.T("people.invitations"), Template: "table", View: t}}, nil
}

// roleFields are boxes: a person may have several roles.
func roleFields(r *site.Request, o party.Organisation, has []access.Role) []form.Field {
	var out []form.Field
	for _, role := range given(o) {
		out = append(out, form.Field{ID: "role-" + string(role), Kind: form.Checkbox, Label: r.T("role." + string(role)), Hint: r.T("rolehint." + string(role)), Checked: slices.Contains(has, role)})
	}
	return out
}

func ticked(r *site.Request, o party.Organisation) (roles []access.Role) {
	for _, role := range given(o) {
		if r.Ticked("role-" + string(role)) {
			roles = append(roles, role)
		}
	}
	return roles
}

func inviteForm(r *site.Request, o party.Organisation) site.FormView {
	fields := []form.Field{{ID: "email", Kind: form.Email, Label: r.T("people.email"), Autocomplete: "off"}}
	return site.FormView{Action: "/people/invite", Button: r.T("people.invite.button"), Fields: append(fields, roleFields(r, o, []access.Role{access.RoleMember})...)}
}

func (d *desk) invite(r *site.Request) error {
	o, err := r.Organisation()
	if err != nil {
		return err
	}
	_, err = d.Parties.InviteMember(r.Context(), r.Caller, party.Invite{Org: o.ID, Email: r.Value("email"), Roles: ticked(r, o), Language: r.Lang()})
	if err == nil {
		return r.Redirect("/people", site.Done("people.invited"))
	}
	view := inviteForm(r, o)
	view.Fields = r.Fill(view.Fields)
	fields, notice, ok := r.Refuse(err, view.Fields, map[string]string{"roles": "role-owner"})
	if !ok {
		return err
	}
	view.Fields, view.Notice = fields, notice
	return d.showPeople(r, site.Status(err), &view)
}

func (d *desk) withdrawInvitation(r *site.Request) error {
	if err := d.Parties.WithdrawInvitation(r.Context(), r.Caller, r.Caller.Org, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect("/people", site.Done("people.withdrawn"))
}

// one is the member of the request.
func (d *desk) one(r *site.Request) (party.Member, party.Organisation, error) {
	o, err := r.Organisation()
	if err != nil {
		return party.Member{}, o, err
	}
	members, err := d.Parties.Members(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return party.Member{}, o, err
	}
	i := slices.IndexFunc(members, func(m party.Member) bool { return m.Person.ID == r.PathValue("id") })
	if i < 0 {
		return party.Member{}, o, missing("member", r.PathValue("id"))
	}
	return members[i], o, nil
}

func (d *desk) member(r *site.Request) error {
	m, o, err := d.one(r)
	if err != nil {
		return err
	}
	name := m.Person.Contact.Name
	sheet := site.Sheet{Page: r.Page(name, part.Link{Text: r.T("nav.people"), URL: "/people"}, part.Link{Text: name}), Lead: m.Person.Contact.Email, Narrow: true,
		Badge: &badge.Badge{Tone: part.Good, Text: r.T("entry.address.confirmed")}}
	if !m.Person.Confirmed {
		sheet.Badge = &badge.Badge{Tone: part.Warn, Text: r.T("entry.address.unconfirmed")}
	}
	if customer.May(d.Services, r, access.RoleGrant) != nil {
		sheet.Main = []site.Block{{Title: r.T("people.roles"), Template: "site/prose", View: site.Prose{Paragraphs: []string{roleNames(r, m.Roles)}}}}
		return r.OK(sheet)
	}
	sheet.Main = []site.Block{{Title: r.T("people.roles"), Text: r.T("people.roles.text"), Template: "site/form", View: site.FormView{Action: "/people/" + m.Person.ID + "/roles", Button: r.T("people.roles.button"), Fields: roleFields(r, o, m.Roles)}},
		{Template: "site/buttons", View: site.Rows{Buttons: []button.Button{{Text: r.T("people.remove"), URL: "/people/" + m.Person.ID + "/remove"}}}}}
	return r.OK(sheet)
}

func (d *desk) roles(r *site.Request) error {
	m, o, err := d.one(r)
	if err != nil {
		return err
	}
	wanted := ticked(r, o)
	for _, role := range wanted {
		if slices.Contains(m.Roles, role) {
			continue
		}
		if err := d.Parties.GrantRole(r.Context(), r.Caller, o.ID, m.Person.ID, role); err != nil {
			return err
		}
	}
	for _, role := range m.Roles {
		if slices.Contains(wanted, role) || !slices.Contains(given(o), role) {
			continue
		}
		if err := d.Parties.RevokeRole(r.Context(), r.Caller, o.ID, m.Person.ID, role); err != nil {
			return err
		}
	}
	return r.Redirect("/people/"+m.Person.ID, site.Done("people.roles.saved"))
}

func (d *desk) askRemove(r *site.Request) error {
	m, _, err := d.one(r)
	if err != nil {
		return err
	}
	name := m.Person.Contact.Name
	return r.OK(site.Sheet{Page: r.Page(name, part.Link{Text: r.T("nav.people"), URL: "/people"}, part.Link{Text: name}), Narrow: true, Main: []site.Block{{Template: "confirm", View: confirm.Question{
		Title: r.T("people.remove.title", "name", name), Action: "/people/" + m.Person.ID + "/remove", Button: r.T("people.remove"), Danger: true, Back: part.Link{Text: r.T("people.keep"), URL: "/people/" + m.Person.ID},
		Consequences: []confirm.Consequence{{Tone: part.Bad, Text: r.T("people.remove.a")}, {Tone: part.Warn, Text: r.T("people.remove.b")}, {Tone: part.Accent, Text: r.T("people.remove.c")}}}}}})
}

func (d *desk) remove(r *site.Request) error {
	if err := d.Parties.RemoveMember(r.Context(), r.Caller, r.Caller.Org, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect("/people", site.Done("people.removed"))
}
