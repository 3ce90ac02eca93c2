// Package design is the design system of the portal: tokens, components, and the renderer of its pages.
//
// Owns: the frame around every page, the components and their assets, the rules a page must keep (no inline
// script or style, both languages, both themes).
// Does not own: the pages of the desks (web/customer and its siblings) or any business word.
// Reads: nothing; pages hand in plain view structs.
// Writes: two cookies, the chosen language and the chosen theme.
package design

import (
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/chart"
	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/exitmark"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/form"

	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/place"
	"github.com/halle-cloud/halle/web/design/price"
	"github.com/halle-cloud/halle/web/design/rail"
	"github.com/halle-cloud/halle/web/design/seal"
	"github.com/halle-cloud/halle/web/design/stall"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/steps"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/design/tabs"
	"github.com/halle-cloud/halle/web/design/tilemap"
	"github.com/halle-cloud/halle/web/design/why"
	"github.com/halle-cloud/halle/web/locale"
)

// Parts lists the components in the order of the gallery and of the stylesheet.
func Parts() []part.Part {
	return []part.Part{
		price.Part(), place.Part(), why.Part(), seal.Part(), rail.Part(), chart.Part(), exitmark.Part(), states.Part(),
		button.Part(), badge.Part(), form.Part(), table.Part(), stall.Part(), flash.Part(), tabs.Part(), details.Part(), tilemap.Part(),
		steps.Part(), confirm.Part(), code.Part(),
	}
}

// Options of a Renderer. The zero value serves the components alone under the name "Halle", with times in UTC.
type Options struct {
	// Pages holds the templates of the pages by area: {"customer": files} makes customer/services.html
	// the page "customer/services".
	Pages map[string]fs.FS
	// Sheets holds further stylesheets by name ("customer.css"); a page asks for them with Page.Styles.
	Sheets map[string]string
	Brand  string // the operator's or reseller's name in the bar
	Zone   *time.Location
	Now    func() time.Time
}

// Renderer renders pages. Everything is parsed once; it is safe for concurrent use.
type Renderer struct {
	brand   string
	assets  *assets
	locales map[string]*locale.Locale
	sets    map[string]*template.Template // by language
}

// New parses every component and page in every language. It fails on the first template that is wrong.
func New(o Options) (*Renderer, error) {
	catalogue, err := locale.Load()
	if err != nil {
		return nil, fmt.Errorf("read the catalogues: %w", err)
	}
	assets, err := newAssets(o.Sheets)
	if err != nil {
		return nil, fmt.Errorf("build the assets: %w", err)
	}
	if o.Brand == "" {
		o.Brand = "Halle"
	}
	r := &Renderer{brand: o.Brand, assets: assets, locales: map[string]*locale.Locale{}, sets: map[string]*template.Template{}}
	for _, lang := range locale.Languages() {
		l := catalogue.Locale(lang, locale.Options{Zone: o.Zone, Now: o.Now})
		set, err := parse(funcs(l, assets), o.Pages)
		if err != nil {
			return nil, fmt.Errorf("parse the templates in %s: %w", lang, err)
		}
		r.locales[lang], r.sets[lang] = l, set
	}
	return r, nil
}

// Locale gives the texts of one language.
func (r *Renderer) Locale(lang string) *locale.Locale {
	if l, ok := r.locales[lang]; ok {
		return l
	}
	return r.locales[locale.Languages()[0]]
}

func parse(f template.FuncMap, pages map[string]fs.FS) (*template.Template, error) {
	set := template.New("").Funcs(f)
	for _, p := range Parts() {
		if err := addFiles(set, p.Files, ""); err != nil {
			return nil, err
		}
	}
	if err := addFiles(set, frame, ""); err != nil {
		return nil, err
	}
	for _, area := range slices.Sorted(maps.Keys(pages)) {
		if err := addFiles(set, pages[area], area+"/"); err != nil {
			return nil, fmt.Errorf("area %s: %w", area, err)
		}
	}
	return set, nil
}

// addFiles parses every *.html of a file system; a template is named by its path without ".html".
// A component's file stands in its folder's root, the frame's in page/ and gallery/.
func addFiles(set *template.Template, files fs.FS, prefix string) error {
	return fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".html") {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		name := prefix + strings.TrimSuffix(path, ".html")
		if _, err := set.New(name).Parse(string(text)); err != nil {
			return fmt.Errorf("template %s: %w", name, err)
		}
		return nil
	})
}
