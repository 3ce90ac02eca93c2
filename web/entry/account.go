package entry

import (
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// forms are the forms of the account page as they stand after a refusal; nil is as stored.
type forms struct{ person, password *site.FormView }

func (d *desk) account(r *site.Request) error {
	sheet, err := d.accountSheet(r, forms{})
	if err != nil {
		return err
	}
	return r.OK(sheet)
}

func (d *desk) accountSheet(r *site.Request, f forms) (site.Sheet, error) {
	me, err := d.Parties.Person(r.Context(), r.Caller, "", r.Caller.Person)
	if err != nil {
		return site.Sheet{}, err
	}
	sessions, err := d.SignIns.Sessions(r.Context(), r.Caller)
	if err != nil {
		return site.Sheet{}, err
	}
	if f.person == nil {
		view := personForm(r, me)
		f.person = &view
	}
	if f.password == nil {
		view := passwordForm(r)
		f.password = &view
	}
	rows, err := sessionRows(r, sessions)
	if err != nil {
		return site.Sheet{}, err
	}
	address, err := addressBlock(r, me)
	if err != nil {
		return site.Sheet{}, err
	}
	return site.Sheet{Page: r.Page(r.T("entry.account")), Lead: r.T("entry.account.lead"), Main: []site.Block{
		address,
		{ID: "about", Title: r.T("entry.person"), Text: r.T("entry.person.text"), Template: "site/form", View: *f.person},
		{ID: "secret", Title: r.T("entry.password"), Template: "site/form", View: *f.password},
		{ID: "sessions", Title: r.T("entry.sessions"), Text: r.T("entry.sessions.text"), Template: "table", View: table.Table{ID: "sessions-list", Caption: r.T("entry.sessions"),
			Query: table.Parse(r.URL), Found: -1, Rows: rows,
			Columns: []table.Column{{Name: r.T("entry.session.browser")}, {Name: r.T("entry.session.seen")}, {Name: r.T("entry.session.end")}}}},
		{Template: "button", View: button.Button{Text: r.T("entry.sessions.end"), URL: "/account/sessions/end", Post: true}},
	}}, nil
}

func addressBlock(r *site.Request, me party.Person) (site.Block, error) {
	state := badge.Badge{Tone: part.Good, Text: r.T("entry.address.confirmed")}
	if !me.Confirmed {
		state = badge.Badge{Tone: part.Warn, Text: r.T("entry.address.unconfirmed")}
	}
	html, err := r.HTML("badge", state)
	if err != nil {
		return site.Block{}, err
	}
	items := []details.Item{{Name: r.T("entry.field.email"), Value: me.Contact.Email}, {Name: r.T("entry.address.state"), HTML: html}}
	if !me.Confirmed {
		again, err := r.HTML("button", button.Button{Text: r.T("entry.address.again"), URL: "/account/confirm", Post: true, Small: true, Icon: "mail"})
		if err != nil {
			return site.Block{}, err
		}
		items = append(items, details.Item{Name: r.T("entry.address.link"), HTML: again})
	}
	return site.Block{ID: "reach", Template: "details", View: details.List{Items: items}}, nil
}

func personForm(r *site.Request, me party.Person) site.FormView {
	name, phone, post := field(r, "name", form.Text, "name"), field(r, "phone", form.Tel, "tel"), field(r, "address", form.Area, "street-address")
	name.Value, phone.Value, post.Value = me.Contact.Name, me.Contact.Phone, me.Contact.Address
	phone.Optional, post.Optional = true, true
	lang := field(r, "language", form.Select, "language")
	for _, code := range []string{"en", "fr"} {
		lang.Options = append(lang.Options, form.Option{Value: code, Label: r.T("lang." + code), Chosen: me.Language == code})
	}
	return site.FormView{Action: "/account", Button: r.T("entry.person.button"), Fields: []form.Field{name, phone, post, lang}}
}

func passwordForm(r *site.Request) site.FormView {
	return site.FormView{Action: "/account/password", Button: r.T("entry.password.button"), Quiet: true, Note: r.T("entry.password.note"),
		Fields: []form.Field{field(r, "old", form.Password, "current-password"), field(r, "password", form.Password, "new-password")}}
}

func sessionRows(r *site.Request, sessions []signin.Session) ([]table.Row, error) {
	var rows []table.Row
	for _, s := range sessions {
		html, err := r.HTML("button", button.Button{Text: r.T("entry.session.end.button"), URL: "/account/sessions/" + s.ID + "/end", Post: true, Small: true})
		if err != nil {
			return nil, err
		}
		rows = append(rows, table.Row{Cells: []table.Cell{{Text: s.Origin.Agent, Sub: s.Origin.Address}, {Text: r.L.Ago(s.SeenAt), Sub: r.T("entry.session.since", "date", s.CreatedAt)}, {HTML: html}}})
	}
	return rows, nil
}

func emptied(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func (d *desk) saveAccount(r *site.Request) error {
	_, err := d.Parties.UpdatePerson(r.Context(), r.Caller, party.PersonChange{Person: r.Caller.Person, Name: r.Value("name"),
		Phone: emptied(r.Value("phone")), Address: emptied(r.Value("address")), Language: r.Value("language")})
	if err == nil {
		return r.Redirect("/account", site.Done("entry.person.saved"))
	}
	return d.accountAgain(r, err, personForm(r, party.Person{}), func(v site.FormView) forms { return forms{person: &v} })
}

func (d *desk) savePassword(r *site.Request) error {
	err := d.SignIns.ChangePassword(r.Context(), r.Caller, r.Credential, r.PostFormValue("old"), r.PostFormValue("password"), r.Origin())
	if err == nil {
		return r.Redirect("/account", site.Done("entry.password.saved"))
	}
	return d.accountAgain(r, err, passwordForm(r), func(v site.FormView) forms { return forms{password: &v} })
}

func (d *desk) accountAgain(r *site.Request, err error, view site.FormView, with func(site.FormView) forms) error {
	view.Fields = r.Fill(view.Fields)
	fields, notice, ok := r.Refuse(err, view.Fields, nil)
	if !ok {
		return err
	}
	view.Fields, view.Notice = fields, notice
	sheet, failed := d.accountSheet(r, with(view))
	if failed != nil {
		return failed
	}
	return r.Show(site.Status(err), sheet)
}

func (d *desk) askConfirm(r *site.Request) error {
	if err := d.SignIns.AskConfirm(r.Context(), r.Caller, r.Origin()); err != nil {
		return err
	}
	return r.Redirect("/account", site.Done("entry.address.sent"))
}

func (d *desk) endSession(r *site.Request) error {
	if err := d.SignIns.EndSession(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect("/account", site.Done("entry.session.ended"))
}

func (d *desk) endSessions(r *site.Request) error {
	if err := d.SignIns.SignOutEverywhere(r.Context(), r.Caller); err != nil {
		return err
	}
	r.SetSession(signin.Session{})
	return r.Redirect("/sign-in", site.Done("entry.sessions.ended"))
}

// choose is the page of organisations one may act for.
func (d *desk) switchPage(r *site.Request) error {
	list, err := d.Parties.Organisations(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	var rows []table.Row
	for _, st := range list {
		act := table.Cell{Badge: &badge.Badge{Tone: part.Accent, Text: r.T("entry.switch.now")}}
		if st.Org.ID != r.Caller.Org || r.Caller.OnBehalfOf != "" || r.Caller.Purpose != "" {
			html, err := r.HTML("button", button.Button{Text: r.T("entry.switch.button"), URL: "/switch", Post: true, Small: true, Hidden: []button.Pair{{Name: "org", Value: st.Org.ID}}})
			if err != nil {
				return err
			}
			act = table.Cell{HTML: html}
		}
		var roles string
		for i, role := range st.Roles {
			if i > 0 {
				roles += ", "
			}
			roles += r.T("role." + string(role))
		}
		rows = append(rows, table.Row{Cells: []table.Cell{{Text: st.Org.Name}, {Text: roles}, act}})
	}
	sheet := site.Sheet{Page: r.Page(r.T("entry.switch")), Lead: r.T("entry.switch.lead"), Main: []site.Block{{Template: "table", View: table.Table{
		ID: "organisations", Caption: r.T("entry.switch"), Query: table.Parse(r.URL), Found: -1, Rows: rows,
		Columns: []table.Column{{Name: r.T("entry.switch.org")}, {Name: r.T("entry.switch.roles")}, {Name: r.T("entry.switch.act")}}}}}}
	if site.IsStaff(r.Caller) {
		sheet.Main = append(sheet.Main, site.Block{ID: "behalf", Title: r.T("entry.behalf"), Text: r.T("entry.behalf.text"), Template: "site/form", View: behalfForm(r)})
	}
	return r.OK(sheet)
}

func behalfForm(r *site.Request) site.FormView {
	behalf := field(r, "behalf", form.Text, "")
	behalf.Optional = true
	return site.FormView{Action: "/switch", Button: r.T("entry.behalf.button"), Quiet: true, Hidden: []button.Pair{{Name: "org", Value: r.Caller.Org}},
		Fields: []form.Field{behalf, field(r, "purpose", form.Text, "")}}
}

func (d *desk) doSwitch(r *site.Request) error {
	as := signin.Acting{Org: r.Value("org"), OnBehalfOf: r.Value("behalf"), Purpose: r.Value("purpose")}
	if err := d.SignIns.Act(r.Context(), r.Credential, as); err != nil {
		return err
	}
	c, err := d.SignIns.Authenticate(r.Context(), r.Credential)
	if err != nil {
		return err
	}
	return r.Redirect(r.Site().Home(c), site.Done("entry.switched"))
}
