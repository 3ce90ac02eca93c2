package entry

import (
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/site"
)

// The links of mails only ask on GET: programs that look at mails open links, and must not use them up.

func (d *desk) joinForm(r *site.Request) site.FormView {
	return site.FormView{Action: r.URL.Path, Button: r.T("entry.join.button"),
		Fields: []form.Field{field(r, "name", form.Text, "name"), field(r, "password", form.Password, "new-password")}, Note: r.T("entry.join.note")}
}

func (d *desk) joinPage(r *site.Request) error {
	return r.OK(alone(r, r.T("entry.join"), r.T("entry.join.lead"))(d.joinForm(r)))
}

func (d *desk) join(r *site.Request) error {
	session, err := d.SignIns.AcceptInvitation(r.Context(), r.PathValue("secret"), r.Value("name"), r.PostFormValue("password"), r.Origin())
	if err != nil {
		return r.Again(err, nil, alone(r, r.T("entry.join"), r.T("entry.join.lead")), d.joinForm(r))
	}
	if session.Secret == "" {
		return r.Redirect("/sign-in", site.Done("entry.join.known"))
	}
	r.SetSession(session)
	return d.enter(r, session.Secret, "")
}

func (d *desk) confirmPage(r *site.Request) error {
	view := site.FormView{Action: r.URL.Path, Button: r.T("entry.confirm.button")}
	return r.OK(alone(r, r.T("entry.confirm"), r.T("entry.confirm.lead"))(view))
}

func (d *desk) confirm(r *site.Request) error {
	if err := d.SignIns.Confirm(r.Context(), r.PathValue("secret")); err != nil {
		return err
	}
	if !r.SignedIn() {
		return r.Redirect("/sign-in", site.Done("entry.confirmed"))
	}
	return d.enterWith(r, site.Done("entry.confirmed"))
}

func (d *desk) enterWith(r *site.Request, n site.Notice) error {
	return r.Redirect(r.Site().Home(r.Caller), n)
}

func (d *desk) askResetForm(r *site.Request) site.FormView {
	return site.FormView{Action: "/reset", Button: r.T("entry.reset.ask.button"), Fields: []form.Field{field(r, "email", form.Email, "email")},
		After: []part.Link{{Text: r.T("entry.signup.in"), URL: "/sign-in"}}}
}

func (d *desk) askResetPage(r *site.Request) error {
	return r.OK(alone(r, r.T("entry.reset"), r.T("entry.reset.ask.lead"))(d.askResetForm(r)))
}

func (d *desk) askReset(r *site.Request) error {
	if err := d.SignIns.AskReset(r.Context(), r.Value("email"), r.Origin()); err != nil {
		return r.Again(err, nil, alone(r, r.T("entry.reset"), r.T("entry.reset.ask.lead")), d.askResetForm(r))
	}
	return r.Redirect("/sign-in", site.Told("entry.reset.asked"))
}

func (d *desk) resetForm(r *site.Request) site.FormView {
	return site.FormView{Action: r.URL.Path, Button: r.T("entry.reset.button"), Fields: []form.Field{field(r, "password", form.Password, "new-password")},
		Note: r.T("entry.reset.note")}
}

func (d *desk) resetPage(r *site.Request) error {
	return r.OK(alone(r, r.T("entry.reset"), r.T("entry.reset.lead"))(d.resetForm(r)))
}

func (d *desk) reset(r *site.Request) error {
	if err := d.SignIns.Reset(r.Context(), r.PathValue("secret"), r.PostFormValue("password"), r.Origin()); err != nil {
		return r.Again(err, nil, alone(r, r.T("entry.reset"), r.T("entry.reset.lead")), d.resetForm(r))
	}
	return r.Redirect("/sign-in", site.Done("entry.reset.done"))
}
