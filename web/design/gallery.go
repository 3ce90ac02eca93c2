package design

import (
	"html/template"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/icon"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// galleryPage shows every component in every state.
type galleryPage struct {
	Page
	Colours, Icons []string
	Amount         locale.Money
	At             time.Time
	Took           time.Duration
	Size           int64
	Sections       []gallerySection
}

type gallerySection struct {
	ID, Title, Text string
	Samples         []gallerySample
}

type gallerySample struct {
	Title string
	Wide  bool
	HTML  template.HTML
}

// Gallery is GET /design: the components together, in the language and theme of the request.
func Gallery(r *Renderer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		view, err := r.gallery(req)
		if err == nil {
			err = r.Render(w, req, http.StatusOK, "gallery/gallery", view)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
}

func (r *Renderer) gallery(req *http.Request) (galleryPage, error) {
	p := galleryPage{Page: r.Page(req, ""), Icons: icon.Names(),
		Colours: []string{"ink", "quiet", "paper", "sheet", "line", "accent", "copper", "good", "warn", "bad", "focus"},
		Amount:  locale.Money{Minor: 123456789, Exponent: 2, Currency: "EUR"}, At: time.Date(2026, 11, 5, 14, 5, 0, 0, time.UTC),
		Took: 3*time.Hour + 10*time.Minute, Size: 1_240_000}
	l := r.Locale(p.Lang)
	r.galleryFrame(&p.Page, l)
	for _, c := range Parts() {
		section := gallerySection{ID: c.Name, Title: l.T("gallery." + c.Name), Text: l.T("gallery." + c.Name + ".text")}
		for _, e := range c.Examples(l) {
			html, err := r.Fragment(p.Lang, e.Template, e.View)
			if err != nil {
				return galleryPage{}, err
			}
			section.Samples = append(section.Samples, gallerySample{e.Title, e.Wide, html})
		}
		p.Sections = append(p.Sections, section)
	}
	return p, nil
}

func (r *Renderer) galleryFrame(p *Page, l *locale.Locale) {
	p.Styles = []string{"gallery.css"}
	p.Title, p.Desk = l.T("gallery.tab"), l.T("gallery.desk")
	p.Search = &Search{URL: "/design", Hint: l.T("example.search"), Places: []form.Option{{Value: "", Label: l.T("example.search.anywhere")}, {Value: "fr", Label: l.T("example.france")}}}
	p.User = &User{Name: "Camille Morel", Organisation: "Acme Santé", SignOut: "/design", Links: []part.Link{{Text: l.T("example.account"), URL: "#account"}}}
	p.Crumbs = []part.Link{{Text: p.Brand, URL: "/"}, {Text: l.T("gallery.tab")}}
	p.Flash = []flash.Notice{{Tone: part.Good, Title: l.T("example.flash.good.title")}}
	own, basic := Group{Title: l.T("gallery.own")}, Group{Title: l.T("gallery.basic")}
	for i, c := range Parts() {
		item := Item{Text: l.T("gallery." + c.Name), URL: "#" + c.Name}
		if i < 8 {
			own.Items = append(own.Items, item)
		} else {
			basic.Items = append(basic.Items, item)
		}
	}
	base := Group{Items: []Item{{Text: l.T("gallery.colours"), URL: "#colours", Icon: "sun"}, {Text: l.T("gallery.type"), URL: "#type", Icon: "book"}, {Text: l.T("gallery.signs"), URL: "#signs", Icon: "seal", Count: int64(len(icon.Names()))}}}
	p.Nav = []Group{base, own, basic}
}
