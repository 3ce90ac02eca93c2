// Package operator is the desk of those who run the market: what needs somebody today, and all that they onboard, watch,
// decide and bill.
//
// Owns: these pages.
// Does not own: any rule; each page calls the use cases of the packages whose things it shows.
// Reads: party, catalog, residency, order, placement, provision, meter, billing, settlement, trace, the queue of jobs.
// Writes: nothing by itself; calls their use cases.
package operator

import (
	"encoding/json"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/locale"
	"github.com/halle-cloud/halle/web/site"
)

const home = "/operator"

type pages struct{ site.Services }

// Desk makes the pages of the operator's and resellers' staff.
func Desk(s site.Services) site.Desk {
	d := &pages{s}
	return site.Desk{Name: "operator", Title: "operator.desk", Home: home, Style: desk.Style(), Nav: nav, For: may, Routes: d.routes}
}

// may tells whether somebody runs the market, or a branch of it.
func may(c access.Caller) bool { return c.Has(access.RoleOperator) }

// root is the organisation at the root of the tree.
func root(c access.Caller) string {
	first, _, _ := strings.Cut(strings.Trim(c.Path, "/"), "/")
	return first
}

// runs tells whether somebody runs the whole installation: its readers, jobs, log, clouds.
func runs(c access.Caller) bool { return may(c) && c.Org == root(c) }

// whole is the installation as something to act on.
func whole(c access.Caller, noun string) access.Resource {
	return access.Resource{Type: noun, Org: root(c), Path: "/" + root(c) + "/"}
}

func nav(l *locale.Locale, c access.Caller) []design.Group {
	if !may(c) {
		return nil
	}
	item := func(name, icon string) design.Item { return desk.Item(l, "operator."+name, home+"/"+name, icon) }
	groups := []design.Group{
		{Items: []design.Item{desk.Item(l, "operator.today", home, "home"), item("organisations", "building"), item("markets", "shop"), item("review", "tag"), item("orders", "cart"),
			item("invoices", "invoice"), desk.Item(l, "operator.payments.title", home+"/payments", "bank"), item("closes", "check")}},
		{Title: l.T("operator.nav.running"), Items: []design.Item{item("resources", "device"), item("work", "people"), item("regions", "place"), desk.Item(l, "data.nav", home+"/copies", "place"), desk.Item(l, "nav.remedies", home+"/remedies", "warning"), item("changes", "chart"), desk.Item(l, "dispute.list", home+"/disputes", "law")}},
	}
	if !runs(c) {
		groups[0].Items = append(groups[0].Items, item("margin", "book"))
	}
	if runs(c) {
		groups[0].Items = append(groups[0].Items, item("books", "book"), item("exports", "download"))
		groups = append(groups, design.Group{Title: l.T("operator.nav.machine"), Items: []design.Item{item("readers", "refresh"), item("jobs", "clock"), item("intake", "chart"), desk.Item(l, "desk.quarantine", home+"/quarantine", "warning"), item("log", "seal")}})
	}
	return groups
}

func (d *pages) routes(r *site.Router) {
	get := func(path string, h site.Handler) { r.Get(home+path, desk.Only("operator", may, h)) }
	post := func(path string, h site.Handler) { r.Post(home+path, desk.Only("operator", may, h)) }
	get("", d.today)
	get("/organisations", d.organisations)
	get("/organisations/new", d.newOrganisation)
	post("/organisations/new", d.createOrganisation)
	get("/organisations/{id}", d.organisation)
	post("/organisations/{id}/invite", d.invite)
	post("/organisations/{id}/act", d.act)
	get("/organisations/{id}/billing", d.billing)
	post("/organisations/{id}/billing", d.issue)
	get("/markets", d.markets)
	get("/markets/new", d.newMarket)
	post("/markets/new", d.saveMarket)
	get("/markets/{id}", d.editMarket)
	post("/markets/{id}", d.saveMarket)
	get("/entities/new", d.newEntity)
	post("/entities/new", d.saveEntity)
	get("/entities/{id}", d.editEntity)
	post("/entities/{id}", d.saveEntity)
	get("/review", d.review)
	get("/review/{id}", d.reviewed)
	post("/review/{id}/publish", d.publish)
	post("/review/{id}/return", d.giveBack)
	get("/regions", d.regions)
	get("/regions/import", d.importPage)
	post("/regions/import", d.preview)
	post("/regions/import/do", d.doImport)
	d.ruleChanges().Routes(func(path string, h site.Handler) { r.Get(path, desk.Only("operator", may, h)) }, func(path string, h site.Handler) { r.Post(path, desk.Only("operator", may, h)) })
	d.runningRoutes(get, post)
	d.paymentRoutes(get, post)
	d.bookRoutes(get, post)
	d.copyRoutes(get, post)
}

func (d *pages) runningRoutes(get, post func(string, site.Handler)) {
	get("/orders", d.orders)
	get("/orders/{id}", d.order)
	get("/resources", d.resources)
	get("/resources/{id}", d.resource)
	post("/resources/{id}/retry", d.retryResource)
	get("/work", d.work().Page)
	get("/work/{id}", d.work().One)
	post("/work/{id}", d.work().Do)
	get("/invoices", d.invoices)
	get("/invoices/{id}", d.invoice)
	get("/invoices/{id}/pdf", d.invoicePDF)
	get("/invoices/{id}/proof", d.invoiceProof)
	get("/invoices/{id}/machine/{format}", d.invoiceMachine)
	post("/invoices/{id}/payment", d.pay)
	d.writeOffRoutes(get, post)
	get("/invoices/{id}/credit", d.askCredit)
	post("/invoices/{id}/credit", d.credit)
	d.closeRoutes(get, post)
	d.exportRoutes(get, post)
	d.handOverRoutes(get, post)
	get("/readers", d.readers)
	post("/readers/retry", d.retryReader)
	get("/readers/skip", d.askSkip)
	post("/readers/skip", d.skip)
	get("/jobs", d.jobs)
	post("/jobs/{id}/revive", d.revive)
	d.held().Routes(below(get, "/quarantine"), below(post, "/quarantine"))
	d.disputes().Routes(below(get, "/disputes"), below(post, "/disputes"))
	get("/log", d.log)
	get("/intake", d.intake)
	get("/changes", d.changes)
}

// below registers pages below an address.
func below(add func(string, site.Handler), base string) func(string, site.Handler) {
	return func(path string, h site.Handler) { add(base+path, h) }
}

func (d *pages) work() desk.Work {
	return desk.Work{Base: home + "/work", Title: "operator.work",
		List: func(r *site.Request) ([]provision.WorkOrder, error) {
			return d.Resources.WorkOrders(r.Context(), r.Caller)
		},
		Answer: func(r *site.Request, operation string, input json.RawMessage) error {
			return d.Resources.Answer(r.Context(), r.Caller, operation, input)
		},
		Names: d.names}
}

func (d *pages) names() *desk.Names { return &desk.Names{Parties: d.Parties} }

// page starts a page below the first one; pairs of text and address lead to it.
func page(r *site.Request, title string, pairs ...string) design.Page {
	return r.Page(title, desk.Crumbs(title, append([]string{r.T("operator.today"), home}, pairs...)...)...)
}
