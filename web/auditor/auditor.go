// Package auditor is the desk of those who check: facts with their seals, decisions that are computed again, who read
// personal data, proofs of invoices, and how to verify all of it without this portal.
//
// Owns: these pages.
// Does not own: facts (trace), decisions (placement), invoices (billing), the formats of proofs (proof).
// Reads: these; who may read whose facts stands in access.
// Writes: nothing.
package auditor

import (
	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/locale"
	"github.com/halle-cloud/halle/web/site"
)

const home = "/audit"

type pages struct{ site.Services }

// Desk makes the pages of auditors.
func Desk(s site.Services) site.Desk {
	d := &pages{s}
	return site.Desk{Name: "auditor", Title: "auditor.desk", Home: home, Style: desk.Style(), Nav: nav, For: func(c access.Caller) bool { return c.Has(access.RoleAuditor) }, Routes: d.routes}
}

// may tells whether somebody may use the desk: auditors, and the staff that they audit.
func may(c access.Caller) bool { return c.Has(access.RoleAuditor) || c.Has(access.RoleOperator) }

func nav(l *locale.Locale, c access.Caller) []design.Group {
	if !may(c) {
		return nil
	}
	groups := []design.Group{{Items: []design.Item{desk.Item(l, "auditor.facts", home, "seal"), desk.Item(l, "auditor.decisions", home+"/decisions", "place"), desk.Item(l, "auditor.access", home+"/access", "user"),
		desk.Item(l, "auditor.invoices", home+"/invoices", "invoice"), desk.Item(l, "auditor.verify", home+"/verify", "check")}}}
	if c.Has(access.RoleOperator) {
		groups = append(groups, design.Group{Items: []design.Item{desk.Item(l, "operator.desk", "/operator", "home")}})
	}
	return groups
}

func (d *pages) routes(r *site.Router) {
	get := func(path string, h site.Handler) { r.Get(home+path, desk.Only("auditor", may, h)) }
	get("", d.facts)
	get("/facts/{id}", d.fact)
	get("/facts/{id}/receipt", d.receipt)
	get("/decisions", d.orders)
	get("/decisions/{order}", d.decisions)
	r.Post(home+"/decisions/{id}/replay", desk.Only("auditor", may, d.replay))
	get("/decisions/{id}/bundle", d.bundle)
	get("/access", d.reads)
	get("/invoices", d.invoices)
	get("/invoices/{id}/proof", d.proof)
	get("/invoices/{id}/events", d.events)
	get("/verify", d.verify)
	get("/statement", d.statement)
	get("/log.tar", d.archive)
}

// asked is the organisation of the request's ?org=, the caller's own without one, when the caller may do the action there.
func (d *pages) asked(r *site.Request, a access.Action) (party.Organisation, error) {
	id := r.URL.Query().Get("org")
	if id == "" {
		id = r.Caller.Org
	}
	o, err := d.Parties.Organisation(r.Context(), r.Caller, id)
	if err != nil {
		return o, err
	}
	return o, d.Policy.Check(r.Caller, a, o.Resource("organisation", o.ID))
}

// whose is the choice of an organisation above a list.
func (d *pages) whose(r *site.Request, id string) (form.Field, error) {
	list, err := d.Parties.Branch(r.Context(), r.Caller, r.Caller.Org, "", 200)
	if err != nil {
		return form.Field{}, err
	}
	options := []string{"", r.T("auditor.own", "name", r.Caller.OrgName)}
	for _, o := range list {
		if o.ID != r.Caller.Org {
			options = append(options, o.ID, desk.Called(r, o))
		}
	}
	return desk.Filter(r, id, "org", r.T("auditor.org"), options...), nil
}

func page(r *site.Request, title string, pairs ...string) design.Page {
	return r.Page(title, desk.Crumbs(title, append([]string{r.T("auditor.desk"), home}, pairs...)...)...)
}
