// Package shop is the hall and its stalls: offers, prices for my quantity, where they may run, and ordering.
//
// Owns: the storefront, the page of an offer, the form of an order, the page of a quote.
// Does not own: offers (catalog), prices (price), where something may run (residency, placement), orders (order).
// Reads: these.
// Writes: nothing by itself; places quotes and orders.
package shop

import (
	"embed"
	"io/fs"

	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/site"
)

//go:embed pages/*.html
var files embed.FS

//go:embed pages/shop.css
var style string

type desk struct {
	site.Services
	rates *tax.Table
}

// Desk makes the pages of the shop.
func Desk(s site.Services) (site.Desk, error) {
	rates, err := tax.Builtin()
	if err != nil {
		return site.Desk{}, err
	}
	pages, err := fs.Sub(files, "pages")
	if err != nil {
		return site.Desk{}, err
	}
	d := &desk{Services: s, rates: rates}
	return site.Desk{Name: "shop", Pages: pages, Style: style, Home: "/", Title: "nav.shop", Nav: customer.Nav, Routes: d.routes}, nil
}

func (d *desk) routes(r *site.Router) {
	r.OpenGet("/{$}", d.hall)
	r.OpenGet("/offers/{key}", d.offer)
	r.OpenGet("/offers/{key}/contract", d.contract)
	r.Get("/offers/{key}/order", d.orderPage)
	r.Post("/offers/{key}/order", d.quote)
	r.Get("/quotes", d.quotes)
	r.Get("/quotes/{id}", d.quotePage)
	r.Post("/quotes/{id}", d.place)
}
