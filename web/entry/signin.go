package entry

import (
	"net/url"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/site"
)

func (d *desk) signInForm(r *site.Request, to string) site.FormView {
	view := site.FormView{Action: "/sign-in", Button: r.T("entry.signin.button"),
		Hidden: []button.Pair{{Name: "to", Value: to}},
		Fields: []form.Field{field(r, "email", form.Email, "username"), field(r, "password", form.Password, "current-password")},
		After:  []part.Link{{Text: r.T("entry.signin.forgot"), URL: "/reset"}, {Text: r.T("entry.signin.up"), URL: "/sign-up?to=" + url.QueryEscape(to)}}}
	if len(r.Site().Options().Demo) > 0 {
		view.After = append(view.After, part.Link{Text: r.T("entry.demo.link"), URL: "/demo"})
	}
	return view
}

func (d *desk) signInPage(r *site.Request) error {
	to := site.LocalPath(r.URL.Query().Get("to"), "")
	if r.SignedIn() {
		return d.enter(r, r.Credential, to)
	}
	return r.OK(alone(r, r.T("entry.signin"), r.T("entry.signin.lead"))(d.signInForm(r, to)))
}

func (d *desk) signIn(r *site.Request) error {
	to := site.LocalPath(r.Value("to"), "")
	session, err := d.SignIns.SignIn(r.Context(), r.Value("email"), r.PostFormValue("password"), r.Origin())
	if err != nil {
		return r.Again(err, nil, alone(r, r.T("entry.signin"), r.T("entry.signin.lead")), d.signInForm(r, to))
	}
	r.SetSession(session)
	return d.enter(r, session.Secret, to)
}

// enter leads somebody who has just signed in to where they wanted to go, or home.
func (d *desk) enter(r *site.Request, credential, to string) error {
	if to == "" {
		c, err := d.SignIns.Authenticate(r.Context(), credential)
		if err != nil {
			return err
		}
		to = r.Site().Home(c)
	}
	return r.Redirect(to)
}

func (d *desk) signOut(r *site.Request) error {
	if err := d.SignIns.SignOut(r.Context(), r.Credential); err != nil && !fail.Is(err, fail.Unauthenticated) {
		return err
	}
	r.SetSession(signin.Session{})
	return r.Redirect("/", site.Done("entry.signedout"))
}

func (d *desk) signUpForm(r *site.Request, to string) site.FormView {
	country := field(r, "country", form.Select, "country")
	for _, code := range homes() {
		country.Options = append(country.Options, form.Option{Value: code, Label: r.L.Country(code), Chosen: code == "FR"})
	}
	return site.FormView{Action: "/sign-up", Button: r.T("entry.signup.button"), Note: r.T("entry.signup.note"),
		Hidden: []button.Pair{{Name: "to", Value: to}},
		Fields: []form.Field{field(r, "name", form.Text, "name"), field(r, "email", form.Email, "email"), field(r, "password", form.Password, "new-password"), country},
		After:  []part.Link{{Text: r.T("entry.signup.in"), URL: "/sign-in"}}}
}

// homes are the countries in which a household may live: those whose tax is known.
func homes() []string {
	return []string{"AT", "BE", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "LU", "NL", "NO", "PL", "PT", "SE"}
}

func (d *desk) signUpPage(r *site.Request) error {
	to := site.LocalPath(r.URL.Query().Get("to"), "")
	return r.OK(alone(r, r.T("entry.signup"), r.T("entry.signup.lead"))(d.signUpForm(r, to)))
}

func (d *desk) signUp(r *site.Request) error {
	to := site.LocalPath(r.Value("to"), "/")
	market, err := d.consumerMarket(r)
	if err != nil {
		return err
	}
	session, err := d.SignIns.SignUp(r.Context(), party.SignUp{Name: r.Value("name"), Email: r.Value("email"), Language: r.Lang(),
		Country: r.Value("country"), Market: market}, r.PostFormValue("password"), r.Origin())
	if err != nil {
		return r.Again(err, nil, alone(r, r.T("entry.signup"), r.T("entry.signup.lead")), d.signUpForm(r, to))
	}
	if session.Secret == "" {
		return r.Redirect("/sign-in", site.Told("entry.signup.known"))
	}
	r.SetSession(session)
	return r.Redirect(to, site.Done("entry.signup.done"))
}

// consumerMarket is the visitor's market, or the first that sells to households.
func (d *desk) consumerMarket(r *site.Request) (string, error) {
	m, all, err := r.Site().Market(r.Context(), r)
	if err != nil || m.SellsTo.Accepts(party.FormHousehold) {
		return m.ID, err
	}
	for _, other := range all {
		if other.SellsTo.Accepts(party.FormHousehold) {
			return other.ID, nil
		}
	}
	return m.ID, nil
}

// demoPage lists the people of the demo.
type demoPage struct {
	design.Page
	Roles []demoRole
}

type demoRole struct {
	Name, What, Icon string
	Index            int
	Button           string
}

func (d *desk) demoPage(r *site.Request) error {
	if len(r.Site().Options().Demo) == 0 {
		return fail.New(fail.NotFound, "site.no_page", "There is no page at this address.", "Check the address.")
	}
	icons := map[string]string{"company": "building", "household": "home", "publisher": "shop", "operator": "settings", "auditor": "law", "reseller": "people"}
	view := demoPage{Page: r.Page(r.T("entry.demo"))}
	view.Nav = nil
	for i, role := range r.Site().Options().Demo {
		view.Roles = append(view.Roles, demoRole{Name: role.Name, What: r.T("entry.demo." + role.Role), Icon: icons[role.Role], Index: i, Button: r.T("entry.demo.as", "name", role.Name)})
	}
	return r.Render(200, "entry/demo", view)
}

func (d *desk) demoSignIn(r *site.Request) error {
	for i, role := range r.Site().Options().Demo {
		if r.Value("role") != string(rune('0'+i)) {
			continue
		}
		session, err := d.SignIns.SignInAs(r.Context(), role.Person, role.Org, r.Origin())
		if err != nil {
			return err
		}
		r.SetSession(session)
		return d.enter(r, session.Secret, site.LocalPath(role.Home, ""))
	}
	return fail.New(fail.NotFound, "site.no_page", "There is no such role in this demo.", "Choose one of the page /demo.")
}
