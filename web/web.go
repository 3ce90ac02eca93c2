// Package web is the portal: server-rendered pages that work without script.
//
// Owns: which desks there are.
// Does not own: the frame and its guards (web/site), the pages (web/customer and its siblings), the look (web/design),
// any rule.
// Reads: nothing by itself.
// Writes: nothing by itself.
package web

import (
	"net/http"

	"github.com/halle-cloud/halle/web/customer/shop"
	"github.com/halle-cloud/halle/web/entry"
	"github.com/halle-cloud/halle/web/site"
)

// Services are the use cases that the pages call.
type Services = site.Services

// Options of the portal.
type Options = site.Options

// New registers every page on the mux. A person's home is the first desk that is for them, so the narrow ones come first.
func New(mux *http.ServeMux, s Services, o Options) error {
	hall, err := shop.Desk(s)
	if err != nil {
		return err
	}
	_, err = site.New(mux, o, s, hall, entry.Desk(s))
	return err
}
