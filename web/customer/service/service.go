// Package service is what a customer has: the list of services, and for each where to reach it, who may use it, what it
// uses and costs, and how it changes and ends.
//
// Owns: these pages.
// Does not own: the commercial life (subscription), the running thing (provision), usage (meter), charges (rating).
// Reads: these, and the facts about a service.
// Writes: nothing by itself.
package service

import (
	"embed"
	"io/fs"
	"net/url"

	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/tabs"
	"github.com/halle-cloud/halle/web/site"
)

//go:embed pages/*.html
var files embed.FS

//go:embed pages/service.css
var style string

type pages struct{ site.Services }

// Desk makes the pages of services. It is the customer's home.
func Desk(s site.Services) (site.Desk, error) {
	d := &pages{s}
	views, err := fs.Sub(files, "pages")
	return site.Desk{Name: "service", Pages: views, Style: style + customer.Style(), Home: customer.Home, Title: "desk.customer", Search: "shop.search", Nav: customer.Nav, For: customer.For, Routes: d.routes}, err
}

func (d *pages) routes(r *site.Router) {
	r.Get("/services", d.list)
	r.Get("/services.csv", d.csv)
	r.Get("/services/{id}", d.overview)
	r.Get("/services/{id}/ca.pem", d.authority)
	r.Get("/services/{id}/devices", d.devices)
	r.Post("/services/{id}/devices", d.addDevice)
	r.Get("/services/{id}/devices/{name}/remove", d.askRemoveDevice)
	r.Post("/services/{id}/devices/{name}/remove", d.removeDevice)
	r.Get("/services/{id}/licence", d.licencePage)
	r.Post("/services/{id}/licence/own", d.declareLicence)
	r.Post("/services/{id}/licence/{licence}/withdraw", d.withdrawLicence)
	r.Post("/services/{id}/licence/{licence}/renew", d.renewLicence)
	r.Post("/services/{id}/licence/named", d.assignSeat)
	r.Post("/services/{id}/licence/named/{no}/release", d.releaseSeat)
	r.Post("/services/{id}/licence/seats/{lease}/return", d.returnSeat)
	r.Get("/services/{id}/convert", d.convertPage)
	r.Get("/services/{id}/tags", d.tagsPage)
	r.Post("/services/{id}/tags", d.tag)
	r.Get("/services/{id}/usage", d.usage)
	r.Get("/services/{id}/windows/{window}", d.window)
	r.Get("/services/{id}/windows/{window}/file", d.windowFile)
	r.Get("/services/{id}/windows/{window}/dispute", d.askDispute)
	r.Post("/services/{id}/windows/{window}/dispute", d.openDispute)
	d.disputes().Routes(func(path string, h site.Handler) { r.Get("/disputes"+path, h) }, func(path string, h site.Handler) { r.Post("/disputes"+path, h) })
	r.Get("/services/{id}/change", d.changePage)
	r.Post("/services/{id}/change", d.change)
	r.Get("/services/{id}/suspend", d.askSuspend)
	r.Post("/services/{id}/suspend", d.suspend)
	r.Post("/services/{id}/resume", d.resume)
	r.Get("/services/{id}/cancel", d.askCancel)
	r.Post("/services/{id}/cancel", d.cancel)
	r.Get("/services/{id}/history", d.history)
}

// read is the service of the request.
func (d *pages) read(r *site.Request) (subscription.Detail, error) {
	return d.Subscriptions.Service(r.Context(), r.Caller, r.PathValue("id"))
}

func serviceURL(id, rest string) string { return "/services/" + url.PathEscape(id) + rest }

// sheet starts a page about a service: its name, state and views.
func (d *pages) sheet(r *site.Request, s subscription.Subscription, view string) site.Sheet {
	state := stateBadge(r, s)
	crumbs := []part.Link{{Text: r.T("nav.services"), URL: "/services"}, {Text: s.Deal.Name}}
	if view != "" {
		crumbs[1].URL = serviceURL(s.ID, "")
		crumbs = append(crumbs, part.Link{Text: r.T("service.tab." + view)})
	}
	return site.Sheet{Page: r.Page(s.Deal.Name, crumbs...), Lead: s.Deal.PlanName, Badge: &state, Tabs: d.tabs(r, s, view)}
}

func (d *pages) tabs(r *site.Request, s subscription.Subscription, view string) *tabs.Tabs {
	t := &tabs.Tabs{Label: s.Deal.Name}
	add := func(key, rest string) {
		t.Items = append(t.Items, tabs.Item{Text: r.T("service.tab." + key), URL: serviceURL(s.ID, rest), Current: key == view || view == "" && key == "overview"})
	}
	add("overview", "")
	if s.Deal.Kind == "m2m" && !s.State.Final() {
		add("devices", "/devices")
	}
	if d.hasLicences(r, s) {
		add("licence", "/licence")
	}
	add("usage", "/usage")
	if s.State.Runs() {
		add("change", "/change")
	}
	add("history", "/history")
	return t
}

// stateBadge is the commercial state, and the observed one where they differ.
func stateBadge(r *site.Request, s subscription.Subscription) badge.Badge {
	if s.State.Runs() && (s.Condition == "down" || s.Condition == "degraded" || s.Condition == "unknown") {
		tone := part.Warn
		if s.Condition == "down" {
			tone = part.Bad
		}
		return badge.Badge{Tone: tone, Text: r.T("condition." + s.Condition)}
	}
	tones := map[subscription.State]part.Tone{subscription.StatePending: part.Accent, subscription.StateTrial: part.Good, subscription.StateActive: part.Good,
		subscription.StateSuspended: part.Warn, subscription.StateCancelling: part.Accent}
	return badge.Badge{Tone: tones[s.State], Text: r.T("service.state." + string(s.State))}
}
