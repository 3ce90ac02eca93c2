// Package entry is the pages through which people come in: signing in and up, invitations, passwords, the account.
//
// Owns: these pages.
// Does not own: credentials and sessions (signin), people and memberships (party).
// Reads: signin, party.
// Writes: nothing by itself; the session cookie through site.
package entry

import (
	"embed"
	"io/fs"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/locale"
	"github.com/halle-cloud/halle/web/site"
)

//go:embed pages/*.html
var files embed.FS

//go:embed pages/entry.css
var style string

type desk struct{ site.Services }

// Desk makes the pages of coming in.
func Desk(s site.Services) site.Desk {
	d := &desk{s}
	pages, err := fs.Sub(files, "pages")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return site.Desk{Name: "entry", Pages: pages, Style: style, Routes: d.routes, Nav: nav}
}

func (d *desk) routes(r *site.Router) {
	r.OpenGet("/sign-in", d.signInPage)
	r.OpenPost("/sign-in", d.signIn)
	r.OpenPost("/sign-out", d.signOut)
	r.OpenGet("/sign-up", d.signUpPage)
	r.OpenPost("/sign-up", d.signUp)
	r.OpenGet("/join/{secret}", d.joinPage)
	r.OpenPost("/join/{secret}", d.join)
	r.OpenGet("/confirm/{secret}", d.confirmPage)
	r.OpenPost("/confirm/{secret}", d.confirm)
	r.OpenGet("/reset", d.askResetPage)
	r.OpenPost("/reset", d.askReset)
	r.OpenGet("/reset/{secret}", d.resetPage)
	r.OpenPost("/reset/{secret}", d.reset)
	r.OpenGet("/demo", d.demoPage)
	r.OpenPost("/demo/sign-in", d.demoSignIn)
	r.Get("/account", d.account)
	r.Post("/account", d.saveAccount)
	r.Post("/account/password", d.savePassword)
	r.Post("/account/confirm", d.askConfirm)
	r.Post("/account/sessions/end", d.endSessions)
	r.Post("/account/sessions/{id}/end", d.endSession)
	r.Get("/switch", d.switchPage)
	r.Post("/switch", d.doSwitch)
}

func nav(l *locale.Locale, _ access.Caller) []design.Group {
	return []design.Group{{Items: []design.Item{
		{Text: l.T("entry.account"), URL: "/account", Icon: "user"},
		{Text: l.T("entry.switch"), URL: "/switch", Icon: "building"},
	}}}
}

func field(r *site.Request, id string, kind form.Kind, complete string) form.Field {
	f := form.Field{ID: id, Kind: kind, Label: r.T("entry.field." + id), Autocomplete: complete}
	// A password that is only asked for again needs no advice on how to choose one.
	if key := "entry.field." + id + ".hint"; r.L.Has(key) && complete != "current-password" {
		f.Hint = r.T(key)
	}
	return f
}

// alone is a page with one form.
func alone(r *site.Request, title, lead string) func(site.FormView) site.Sheet {
	return func(view site.FormView) site.Sheet {
		s := site.Sheet{Page: r.Page(title), Lead: lead, Narrow: true, Main: []site.Block{{Template: "site/form", View: view}}}
		s.Nav = nil
		return s
	}
}
