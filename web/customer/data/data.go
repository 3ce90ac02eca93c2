// Package data is the customer's pages of where its data is.
//
// Owns: these pages' place in the customer's desk.
// Does not own: the register (copies), how it is shown (web/desk).
// Reads: copies; names of services of subscription.
// Writes: nothing by itself.
package data

import (
	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

const home = "/data"

type pages struct{ site.Services }

// Desk makes the pages.
func Desk(s site.Services) site.Desk {
	d := &pages{s}
	return site.Desk{Name: "data", Style: customer.Style(), Home: customer.Home, Title: "desk.customer", Search: "shop.search", Nav: customer.Nav, Routes: d.routes}
}

func (d *pages) routes(r *site.Router) {
	d.data().Routes(func(path string, h site.Handler) { r.Get(home+path, h) }, func(path string, h site.Handler) { r.Post(home+path, h) })
	remedies := desk.Remedies{Drifts: d.Drifts, Base: home + "/remedies", Page: desk.Below, May: func(r *site.Request) bool { return customer.May(d.Services, r, access.RemedyAccept) == nil }}
	remedies.Routes(func(path string, h site.Handler) { r.Get(home+"/remedies"+path, h) }, func(path string, h site.Handler) { r.Post(home+"/remedies"+path, h) })
}

func (d *pages) data() desk.Data {
	return desk.Data{Copies: d.Copies, Base: home, Page: desk.Below, Names: d.names,
		May: func(r *site.Request) bool { return customer.May(d.Services, r, access.CopyRegister) == nil }}
}

// names are those of the organisation's services, by their ids.
func (d *pages) names(r *site.Request) (map[string]string, error) {
	if customer.May(d.Services, r, access.ServiceRead) != nil {
		return nil, nil
	}
	out := map[string]string{}
	page, err := d.Subscriptions.Services(r.Context(), r.Caller, subscription.Filter{Limit: 100})
	for _, s := range page.Subscriptions {
		out[s.ID] = s.Deal.Name
	}
	return out, err
}
