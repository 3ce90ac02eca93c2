package design_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing/fstest"

	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/rail"
	"github.com/halle-cloud/halle/web/design/table"
)

// servicesPage is the view of one page: the frame's fields and its own.
type servicesPage struct {
	design.Page
	Services table.Table
}

// A page is a template beside its handler. Files named services.html in the area "customer" are the page
// "customer/services"; components are called by their folder's name.
func ExampleRenderer_Render() {
	files := fstest.MapFS{"services.html": {Data: []byte(
		`<div class="page-head"><h1>{{.Title}}</h1>{{template "button" (button (t "example.start") "/offers" "primary")}}</div>` +
			`{{template "table" .Services}}`)}}
	r, err := design.New(design.Options{Pages: map[string]fs.FS{"customer": files}})
	if err != nil {
		fmt.Println(err)
		return
	}
	services := func(w http.ResponseWriter, req *http.Request) {
		p := servicesPage{Page: r.Page(req, "")}
		l := r.Locale(p.Lang)
		p.Title = l.T("example.table.caption")
		p.Services = table.Table{ID: "services", Caption: p.Title, Query: table.Parse(req.URL), Search: l.T("example.table.search"),
			Columns: []table.Column{{Name: l.T("example.table.name"), Sort: "name"}, {Name: l.T("example.table.state")}},
			Rows:    []table.Row{{URL: "/services/1", Cells: []table.Cell{{Text: "capteurs"}, {Badge: &badge.Badge{Tone: part.Good, Text: l.T("example.state.running")}}}}},
			Found:   1}
		if err := r.Render(w, req, http.StatusOK, "customer/services", p); err != nil {
			http.Error(w, "the error page", http.StatusInternalServerError)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /services", services)
	mux.Handle("GET "+design.StaticPath, r.Static())
	mux.Handle("POST /preferences", design.Preferences())
	portal := design.Secure(http.NewCrossOriginProtection().Handler(mux))

	w := httptest.NewRecorder()
	portal.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/services?lang=fr&sort=-name", nil))
	page := w.Body.String()
	fmt.Println(regexp.MustCompile(`<h1>.*?</h1>`).FindString(page))
	fmt.Println(regexp.MustCompile(`aria-sort="[a-z]+"`).FindString(page), strings.Contains(page, "En marche"))
	// Output:
	// <h1>Vos services</h1>
	// aria-sort="descending" true
}

// Live progress: the page shows the rail, the rail asks its own address, the answer is the rail alone.
func ExampleRenderer_RenderPart() {
	r, err := design.New(design.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	progress := func(w http.ResponseWriter, req *http.Request) {
		view := rail.Rail{ID: "progress", Label: "ord_1", URL: "/orders/ord_1/progress", Steps: []rail.Step{{State: rail.Current, Name: "Starting"}}}
		if err := r.RenderPart(w, http.StatusOK, r.Page(req, "").Lang, "rail", view); err != nil {
			http.Error(w, "the error page", http.StatusInternalServerError)
		}
	}
	w := httptest.NewRecorder()
	progress(w, httptest.NewRequest(http.MethodGet, "/orders/ord_1/progress", nil))
	fmt.Println(strings.Contains(w.Body.String(), `hx-trigger="every 1s"`), strings.Contains(w.Body.String(), "<html"))
	// Output: true false
}
