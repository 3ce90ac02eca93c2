package publisher

import (
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// revenue is what the publisher earned, what is kept back and what was paid.
func (d *pages) revenue() desk.Revenue {
	return desk.Revenue{Services: d.Services, Side: "publisher", Base: func(*site.Request) string { return home + "/revenue" }, Org: func(r *site.Request) string { return r.Caller.Org },
		Title: func(r *site.Request) string { return r.T("publisher.revenue") },
		Page: func(r *site.Request, title string, pairs ...string) design.Page {
			return crumbs(r, title, pairs...)
		}}
}
