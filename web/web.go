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

	"github.com/halle-cloud/halle/web/auditor"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/customer/bills"
	"github.com/halle-cloud/halle/web/customer/data"
	"github.com/halle-cloud/halle/web/customer/house"
	"github.com/halle-cloud/halle/web/customer/orders"
	"github.com/halle-cloud/halle/web/customer/payments"
	"github.com/halle-cloud/halle/web/customer/service"
	"github.com/halle-cloud/halle/web/customer/shop"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/entry"
	"github.com/halle-cloud/halle/web/operator"
	"github.com/halle-cloud/halle/web/publisher"
	"github.com/halle-cloud/halle/web/site"
)

// Services are the use cases that the pages call.
type Services = site.Services

// Options of the portal.
type Options = site.Options

// DemoRole is one button of the demo's sign-in page.
type DemoRole = site.DemoRole

// New registers every page on the mux. A person's home is the first desk that is for them, so the narrow ones come first.
func New(mux *http.ServeMux, s Services, o Options) error {
	desks, err := desks(s)
	if err != nil {
		return err
	}
	_, err = site.New(mux, o, s, desks...)
	return err
}

func desks(s Services) ([]site.Desk, error) {
	shared, err := customer.Shared()
	if err != nil {
		return nil, err
	}
	hall, err := shop.Desk(s)
	if err != nil {
		return nil, err
	}
	services, err := service.Desk(s)
	if err != nil {
		return nil, err
	}
	invoices, err := bills.Desk(s)
	if err != nil {
		return nil, err
	}
	return []site.Desk{desk.Views(), operator.Desk(s), publisher.Desk(s), auditor.Desk(s), shared, hall, services, orders.Desk(s), invoices, payments.Desk(s), data.Desk(s), house.Desk(s), entry.Desk(s)}, nil
}
