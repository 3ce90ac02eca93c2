package design

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Page is what the frame around a page needs. Every page's view struct embeds it; make it with Renderer.Page.
type Page struct {
	Title       string // of the browser's tab; the page writes its own <h1>
	Description string
	Lang        string
	Theme       string // auto, light or dark
	Brand       string
	Path        string // this page with its query, to come back to
	Desk        string // "Operator desk"; empty on the storefront
	Search      *Search
	SignIn      string // address of the sign-in page, shown when nobody is signed in
	User        *User
	Nav         []Group // the column of nouns; none on the storefront
	Crumbs      []part.Link
	Flash       []flash.Notice
	Styles      []string // further stylesheets of this page, by asset name
	Refresh     int      // seconds; reloads the page where there is no script. 0 never
}

// Search is the search of the bar with its filter of places.
type Search struct {
	URL, Text, Hint string
	Places          []form.Option
}

// User is who is signed in.
type User struct {
	Name, Organisation string
	Links              []part.Link
	SignOut            string // receives a POST
}

// Group is some nouns of a desk under a title.
type Group struct {
	Title string
	Items []Item
}

// Item is one noun. Count is shown when above 0.
type Item struct {
	Text, URL, Icon string
	Current         bool
	Count           int64
}

// View is any struct that embeds Page.
type View interface{ base() Page }

func (p Page) base() Page { return p }

// themeCookie keeps the chosen theme.
const themeCookie = "theme"

// Page starts the page of a request: language, theme and address are filled in.
func (r *Renderer) Page(req *http.Request, title string) Page {
	theme := Themes()[0]
	if c, err := req.Cookie(themeCookie); err == nil && slices.Contains(Themes(), c.Value) {
		theme = c.Value
	}
	return Page{Title: title, Lang: locale.Negotiate(req), Theme: theme, Brand: r.brand, Path: req.URL.RequestURI()}
}

// Preferences is POST /preferences: it keeps the language or the theme that was chosen and goes back.
// Guard it with http.CrossOriginProtection as every POST.
func Preferences() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		keep(w, req, locale.Cookie, locale.Languages())
		keep(w, req, themeCookie, Themes())
		http.Redirect(w, req, localPath(req.PostFormValue("back")), http.StatusSeeOther)
	})
}

func keep(w http.ResponseWriter, req *http.Request, name string, allowed []string) {
	value := req.PostFormValue(name)
	if !slices.Contains(allowed, value) {
		return
	}
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: req.TLS != nil, SameSite: http.SameSiteLaxMode})
}

// localPath keeps a redirect on this host; "//host" and "/\host" would lead elsewhere. A language asked for in
// the query would win over the one just chosen, so it is dropped.
func localPath(back string) string {
	if !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.ContainsAny(back, "\\\r\n") {
		return "/"
	}
	u, err := url.ParseRequestURI(back)
	// An escaped second slash ("/%2fhost") comes out unescaped when the path is written again.
	if err != nil || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, "\\") {
		return "/"
	}
	q := u.Query()
	q.Del("lang")
	u.RawQuery = q.Encode()
	return u.RequestURI()
}
