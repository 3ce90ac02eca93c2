// Package publisher is the desk of those who sell here: their offers, who uses them, how much, and what was not counted, and
// what they earned with it.
//
// Owns: these pages.
// Does not own: offers (catalog), subscriptions (subscription), usage (meter), tokens (signin), work orders (provision), shares and statements
// (settlement).
// Reads: these.
// Writes: nothing by itself; calls their use cases.
package publisher

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/locale"
	"github.com/halle-cloud/halle/web/site"
)

const home = "/publisher"

//go:embed pages/*.html
var files embed.FS

//go:embed pages/pricing.css
var style string

type pages struct{ site.Services }

// Desk makes the pages of publishers.
func Desk(s site.Services) site.Desk {
	d := &pages{s}
	templates, err := fs.Sub(files, "pages")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return site.Desk{Name: "publisher", Title: "publisher.desk", Home: home, Pages: templates, Style: desk.Style() + style, Nav: nav, For: may, Routes: d.routes}
}

// may tells whether somebody sells here.
func may(c access.Caller) bool { return c.Has(access.RolePublisher) }

func nav(l *locale.Locale, c access.Caller) []design.Group {
	if !may(c) {
		return nil
	}
	return []design.Group{
		{Items: []design.Item{desk.Item(l, "publisher.offers", home, "tag"), desk.Item(l, "publisher.subscribers", home+"/subscribers", "people"),
			desk.Item(l, "publisher.licences", home+"/licences", "key"), desk.Item(l, "publisher.revenue", home+"/revenue", "bank"),
			desk.Item(l, "payout.account", home+"/account", "bank"),
			desk.Item(l, "publisher.work", home+"/work", "clock")}},
		{Title: l.T("publisher.nav.usage"), Items: []design.Item{desk.Item(l, "publisher.usage", home+"/usage", "chart"), desk.Item(l, "publisher.quality", home+"/quality", "check"),
			desk.Item(l, "desk.quarantine", home+"/quarantine", "warning"),
			desk.Item(l, "dispute.list", home+"/disputes", "law"), desk.Item(l, "publisher.tokens", home+"/tokens", "key")}},
	}
}

func (d *pages) routes(r *site.Router) {
	get := func(path string, h site.Handler) { r.Get(home+path, desk.Only("publisher", may, h)) }
	post := func(path string, h site.Handler) { r.Post(home+path, desk.Only("publisher", may, h)) }
	d.payeeRoutes(r)
	get("", d.offers)
	get("/offers/new", d.newOffer)
	post("/offers/new", d.importOffer)
	get("/offers/{key}", d.offer)
	get("/offers/{key}/edit", d.editOffer)
	post("/offers/{key}/edit", d.saveOffer)
	get("/offers/{key}/prices", d.prices)
	get("/offers/{key}/prices/{plan}/{n}", d.editPrice)
	post("/offers/{key}/prices/{plan}/{n}", d.savePrice)
	get("/versions/{id}", d.preview)
	get("/versions/{id}/yaml", d.export)
	post("/versions/{id}/submit", d.submit)
	get("/versions/{id}/withdraw", d.askWithdraw)
	post("/versions/{id}/withdraw", d.withdraw)
	get("/subscribers", d.subscribers)
	get("/licences", d.licences)
	post("/licences/{id}/accept", d.acceptLicence)
	get("/licences/{id}/refuse", d.askRefuse)
	post("/licences/{id}/refuse", d.refuseLicence)
	get("/usage", d.usage)
	get("/usage.csv", d.usageCSV)
	get("/quality", d.quality)
	d.held().Routes(below(get, "/quarantine"), below(post, "/quarantine"))
	d.disputes().Routes(below(get, "/disputes"), below(post, "/disputes"))
	get("/tokens", d.tokens)
	post("/tokens", d.createToken)
	post("/tokens/{id}/revoke", d.revokeToken)
	d.revenue().Routes(below(get, "/revenue"))
	get("/work", d.work().Page)
	get("/work/{id}", d.work().One)
	post("/work/{id}", d.work().Do)
}

// below registers pages below an address.
func below(add func(string, site.Handler), base string) func(string, site.Handler) {
	return func(path string, h site.Handler) { add(base+path, h) }
}

func (d *pages) work() desk.Work {
	return desk.Work{Base: home + "/work", Title: "publisher.work",
		List: func(r *site.Request) ([]provision.WorkOrder, error) {
			return d.Resources.WorkOrdersFor(r.Context(), r.Caller)
		},
		Answer: func(r *site.Request, operation string, input json.RawMessage) error {
			return d.Resources.Answer(r.Context(), r.Caller, operation, input)
		},
		Names: func() *desk.Names { return &desk.Names{Parties: d.Parties} }}
}

func crumbs(r *site.Request, title string, page ...string) design.Page {
	return r.Page(title, desk.Crumbs(title, append([]string{r.T("publisher.desk"), home}, page...)...)...)
}

func (d *pages) show(r *site.Request, s site.Sheet) error { return r.Show(http.StatusOK, s) }
