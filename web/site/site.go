// Package site is what every desk of the portal stands on: who is signed in, the frame, forms, refusals.
//
// Owns: routes and their guards (cross-origin, time limit, panic), the session cookie, the frame's content, the pages
// of errors, notices after an action, the reading of forms.
// Does not own: the look (web/design), the pages of a desk (web/customer and its siblings), any rule.
// Reads: the request; who calls (signin), names of organisations and people (party).
// Writes: cookies: the session, the notice after an action.
package site

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/bank"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/dunning"
	"github.com/halle-cloud/halle/billing/handover"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/copies/drift"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/export"
	"github.com/halle-cloud/halle/settlement/payout"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/trace"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/locale"
)

//go:embed pages/*.html
var pages embed.FS

//go:embed pages/site.css
var style string

// Services are the use cases that the pages call. A desk takes those it needs.
type Services struct {
	SignIns   *signin.SignIns
	Parties   *party.Parties
	Catalogue *catalog.Catalogue
	Residency *residency.Residency
	Facts     *trace.Facts
	Log       *trace.Log

	Orders        *order.Orders
	Placements    *placement.Placements
	Subscriptions *subscription.Subscriptions
	Resources     *provision.Resources
	Copies        *copies.Register
	Drifts        *drift.Drifts
	Licences      *licence.Licences
	Meters        *meter.Meters
	Ratings       *rating.Ratings
	Budgets       *budget.Budgets
	Invoices      *billing.Invoices
	Closes        *monthclose.Closes
	Collects      *collect.Collects
	Banks         *bank.Banks
	Dunnings      *dunning.Dunnings
	Payouts       *payout.Payouts
	Exports       *export.Exports
	Handovers     *handover.Handovers
	Settlements   *settlement.Settlements

	Policy *access.Policy // for what has no use case of its own: the timeline, readers, jobs
	Queue  *job.Queue
}

// Options of a portal.
type Options struct {
	Brand    string // the operator's name in the bar; "Halle" when empty
	Market   string // id of the market that a visitor sees when no market has the request's domain; "" for the first
	Secure   bool   // the portal is reached over TLS; false only for the demo
	Zone     *time.Location
	Now      func() time.Time
	Timeout  time.Duration // of a request; zero means 15 s
	MaxBody  int64         // bytes of a form; zero means 1 MiB
	Log      *slog.Logger
	Demo     []DemoRole // one-click sign-in; empty in production
	Gallery  bool       // shows the design system at /design
	LogURL   string     // where the public log is served, "/log/"
	Commands Commands
}

// Commands are what the portal tells a person to type; the zero value names the program "halle".
type Commands struct {
	Program string // "halle"
	CAFile  string // where a person saves the certificate of the applications, "halle-ca.pem"
}

// DemoRole is one button of the demo's sign-in page.
type DemoRole struct {
	Name   string // "Acme Santé"
	Role   string // company, household, publisher, operator or auditor
	Person string
	Org    string
	Home   string // where it leads, "/services"
}

// Desk is the pages of one kind of user. One function of its package makes it, and web.New mounts it.
type Desk struct {
	Name   string // area of its templates: customer/services.html is "customer/services"
	Title  string // key of its name in the bar; "" for none
	Home   string // first page
	Pages  fs.FS  // *.html
	Search string // key of the hint of the search in the bar, which looks through the offers; "" for none
	Style  string // further style of its pages, "" for none
	Nav    func(l *locale.Locale, c access.Caller) []design.Group
	For    func(c access.Caller) bool // whether the menu offers it
	Routes func(*Router)
}

// Site is the portal. Safe for concurrent use.
type Site struct {
	o      Options
	render *design.Renderer
	Services
	desks []Desk
	mux   *http.ServeMux
	cross *http.CrossOriginProtection
}

// New makes the portal and registers the pages of every desk on the mux, with the assets, the pages of signing in and
// an answer for every other address.
func New(mux *http.ServeMux, o Options, services Services, desks ...Desk) (*Site, error) {
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.MaxBody == 0 {
		o.MaxBody = 1 << 20
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Commands.Program == "" {
		o.Commands.Program = "halle"
	}
	if o.Commands.CAFile == "" {
		o.Commands.CAFile = "halle-ca.pem"
	}
	own, err := fs.Sub(pages, "pages")
	if err != nil {
		return nil, fmt.Errorf("pages of the frame: %w", err)
	}
	areas, sheets := map[string]fs.FS{"site": own}, map[string]string{"site.css": style}
	for _, d := range desks {
		if d.Pages != nil {
			areas[d.Name] = d.Pages
		}
		if d.Style != "" {
			sheets[d.Name+".css"] = d.Style
		}
	}
	render, err := design.New(design.Options{Pages: areas, Sheets: sheets, Brand: o.Brand, Zone: o.Zone, Now: o.Now})
	if err != nil {
		return nil, err
	}
	s := &Site{o: o, render: render, Services: services, desks: desks, mux: mux, cross: http.NewCrossOriginProtection()}
	s.routes()
	return s, nil
}

func (s *Site) routes() {
	s.mux.Handle("GET "+design.StaticPath, s.render.Static())
	s.mux.Handle("POST /preferences", s.guard(Desk{}, true, func(r *Request) error {
		design.Preferences().ServeHTTP(r.W, r.Request)
		return nil
	}))
	if s.o.Gallery {
		s.mux.Handle("GET /design", design.Secure(design.Gallery(s.render)))
	}
	for _, d := range s.desks {
		d.Routes(&Router{site: s, desk: d})
	}
	s.mux.Handle("/", s.guard(Desk{}, true, func(r *Request) error { return missing() }))
}

// Options are those of the portal, with defaults filled in.
func (s *Site) Options() Options { return s.o }

// Handler answers a request. An error becomes a page that says what, why, and what would make it pass.
type Handler func(r *Request) error

// Router registers the pages of one desk.
type Router struct {
	site *Site
	desk Desk
}

// Get registers a page for people who are signed in; others are led to the sign-in page and back.
func (r *Router) Get(path string, h Handler) {
	r.site.mux.Handle("GET "+path, r.site.guard(r.desk, false, h))
}

// Post registers what a form of such a page does.
func (r *Router) Post(path string, h Handler) {
	r.site.mux.Handle("POST "+path, r.site.guard(r.desk, false, h))
}

// OpenGet registers a page for everybody.
func (r *Router) OpenGet(path string, h Handler) {
	r.site.mux.Handle("GET "+path, r.site.guard(r.desk, true, h))
}

// OpenPost registers what a form of such a page does.
func (r *Router) OpenPost(path string, h Handler) {
	r.site.mux.Handle("POST "+path, r.site.guard(r.desk, true, h))
}

// Home is the first page of somebody: that of the first desk that is for them.
func (s *Site) Home(c access.Caller) string {
	for _, d := range s.desks {
		if d.Home != "" && d.For != nil && d.For(c) {
			return d.Home
		}
	}
	return "/"
}

// Market is the market of a request: that of the organisation acted for, else the one asked for (?market=), else the one
// of the domain, else the portal's.
func (s *Site) Market(ctx context.Context, r *Request) (party.Market, []party.Market, error) {
	all, err := s.Parties.Markets(ctx)
	if err != nil || len(all) == 0 {
		return party.Market{}, nil, err
	}
	own, err := r.ownMarket(ctx)
	if err != nil {
		return party.Market{}, nil, err
	}
	chosen, best := all[0], 0
	for _, m := range all {
		rank := 0
		switch {
		case own != "" && m.ID == own:
			rank = 4
		case m.ID == r.URL.Query().Get("market"):
			rank = 3
		case m.Domain != "" && m.Domain == r.host():
			rank = 2
		case m.ID == s.o.Market:
			rank = 1
		}
		if rank > best {
			chosen, best = m, rank
		}
	}
	if own != "" {
		all = []party.Market{chosen}
	}
	return chosen, all, nil
}
