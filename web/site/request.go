package site

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Request is one request for a page.
type Request struct {
	*http.Request
	W          http.ResponseWriter
	Caller     access.Caller
	Credential string // session or token, for what signin asks
	L          *locale.Locale

	site  *Site
	desk  Desk
	org   *party.Organisation
	whole context.Context // of the connection, without the page's limit
}

// Patient gives what follows more time than a page has; the connection's end still ends it. The result ends it too.
func (r *Request) Patient(limit time.Duration) (done func()) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), limit)
	stop := context.AfterFunc(r.whole, cancel)
	r.Request = r.WithContext(ctx)
	return func() {
		stop()
		cancel()
	}
}

// Site is the portal that the request reached.
func (r *Request) Site() *Site { return r.site }

// T is the text of a key in the language of the request.
func (r *Request) T(key string, args ...any) string { return r.L.T(key, args...) }

// Lang is the language of the request.
func (r *Request) Lang() string { return r.L.Lang() }

// SignedIn tells whether somebody is signed in.
func (r *Request) SignedIn() bool { return r.Caller.Ref() != "nobody" }

// Organisation is the one acted for, read once a request; zero when there is none.
func (r *Request) Organisation() (party.Organisation, error) {
	if r.org == nil {
		r.org = &party.Organisation{}
		if r.Caller.Org != "" && len(r.Caller.Roles) > 0 {
			o, err := r.site.Parties.Organisation(r.Context(), r.Caller, r.Caller.Org)
			if err != nil {
				r.org = nil
				return party.Organisation{}, err
			}
			*r.org = o
		}
	}
	return *r.org, nil
}

// Consumer tells whether the organisation acted for is a household.
func (r *Request) Consumer() bool {
	o, err := r.Organisation()
	return err == nil && o.Form == party.FormHousehold
}

func (r *Request) ownMarket(context.Context) (string, error) {
	if !r.SignedIn() {
		return "", nil
	}
	o, err := r.Organisation()
	return o.Market, err
}

// Market is where the person buys, or looks; see Site.Market.
func (r *Request) Market() (party.Market, error) {
	m, _, err := r.site.Market(r.Context(), r)
	return m, err
}

// Page starts a page: frame, column of nouns, who is signed in, notices. crumbs lead to it, the last being itself.
func (r *Request) Page(title string, crumbs ...part.Link) design.Page {
	p := r.site.render.Page(r.Request, title)
	p.Styles = []string{"site.css"}
	if r.desk.Style != "" {
		p.Styles = append(p.Styles, r.desk.Name+".css")
	}
	p.Crumbs = crumbs
	p.Flash = append(r.standing(), r.flashes()...)
	if r.desk.Title != "" {
		p.Desk = r.T(r.desk.Title)
	}
	if r.desk.Search != "" {
		p.Search = &design.Search{URL: "/", Hint: r.T(r.desk.Search)}
	}
	if !r.SignedIn() {
		p.SignIn = "/sign-in"
		if r.Method == http.MethodGet && r.URL.Path != "/" && !strings.HasPrefix(r.URL.Path, "/sign") {
			p.SignIn += "?to=" + url.QueryEscape(r.URL.RequestURI())
		}
		return p
	}
	if r.desk.Nav != nil {
		p.Nav = current(r.desk.Nav(r.L, r.Caller), r.URL.Path)
	}
	p.User = r.user()
	return p
}

// standing are notices that stay while their cause stays: acting for others, an address that is not confirmed.
func (r *Request) standing() []flash.Notice {
	var out []flash.Notice
	switch {
	case r.Caller.OnBehalfOf != "" || r.Caller.Purpose != "":
		out = append(out, flash.Notice{Tone: part.Warn, Title: r.T("site.acting"), Text: r.T("site.acting.text", "purpose", r.Caller.Purpose), Link: &part.Link{Text: r.T("site.acting.end"), URL: "/switch"}})
	case r.Caller.Person != "" && r.Caller.Token == "" && !r.Caller.Confirmed && r.URL.Path != "/account":
		out = append(out, flash.Notice{Tone: part.Warn, Title: r.T("site.unconfirmed"), Text: r.T("site.unconfirmed.text"), Link: &part.Link{Text: r.T("site.unconfirmed.link"), URL: "/account"}})
	}
	return out
}

func (r *Request) user() *design.User {
	u := &design.User{Name: r.T("site.user"), Organisation: r.Caller.OrgName, SignOut: "/sign-out"}
	if r.Caller.Person != "" && r.Caller.Token == "" {
		if p, err := r.site.Parties.Person(r.Context(), r.Caller, "", r.Caller.Person); err == nil && p.Contact.Name != "" {
			u.Name = p.Contact.Name
		}
	}
	if u.Organisation == u.Name || r.Consumer() {
		u.Organisation = ""
	}
	for _, d := range r.site.desks {
		if d.Home != "" && d.Name != r.desk.Name && d.For != nil && d.For(r.Caller) {
			u.Links = append(u.Links, part.Link{Text: r.T(d.Title), URL: d.Home})
		}
	}
	u.Links = append(u.Links, part.Link{Text: r.T("site.account"), URL: "/account"}, part.Link{Text: r.T("site.switch"), URL: "/switch"})
	return u
}

// current marks the noun whose page is shown: the one with the longest address that the path is at or below.
func current(groups []design.Group, path string) []design.Group {
	best := ""
	for _, g := range groups {
		for _, i := range g.Items {
			if (path == i.URL || strings.HasPrefix(path, i.URL+"/")) && len(i.URL) > len(best) {
				best = i.URL
			}
		}
	}
	for _, g := range groups {
		for i := range g.Items {
			g.Items[i].Current = best != "" && g.Items[i].URL == best
		}
	}
	return groups
}

// Render writes a page: the template of that name inside the frame.
func (r *Request) Render(status int, name string, view design.View) error {
	return r.site.render.Render(r.W, r.Request, status, name, view)
}

// Part writes one component alone, for htmx.
func (r *Request) Part(name string, view any) error {
	return r.site.render.RenderPart(r.W, http.StatusOK, r.L.Lang(), name, view)
}

// HTML renders a template to be placed into another view.
func (r *Request) HTML(name string, view any) (template.HTML, error) {
	return r.site.render.Fragment(r.L.Lang(), name, view)
}

// File sends a file to be saved. name is ASCII without quotes.
func (r *Request) File(name, kind string, content []byte) error {
	h := r.W.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	_, err := r.W.Write(content)
	return err
}

// AsFail gives the typed error in a chain; an error of another type becomes an internal one whose text stays in the log.
func AsFail(err error) *fail.Error {
	var e *fail.Error
	if errors.As(err, &e) {
		return e
	}
	return fail.New(fail.Internal, "internal", "Something went wrong on our side.", "Try again in a moment.").Wrap(err)
}
