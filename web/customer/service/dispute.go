package service

import (
	"errors"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// disputes are the pages of what the customer disputes.
func (d *pages) disputes() desk.Disputes {
	return desk.Disputes{Meters: d.Meters, Base: "/disputes", Side: meter.SideCustomer, Org: func(r *site.Request) string { return r.Caller.Org },
		May: func(r *site.Request) bool { return desk.MayDispute(d.Policy, r.Caller) },
		Page: func(r *site.Request, title string, pairs ...string) design.Page {
			return r.Page(title, desk.Crumbs(title, pairs...)...)
		},
		Service: func(r *site.Request, subject string) (string, string) {
			s, err := d.Subscriptions.Service(r.Context(), r.Caller, subject)
			if err != nil {
				return desk.Short(subject), ""
			}
			return s.Deal.Name, serviceURL(s.ID, "")
		}}
}

// doubted is the record that a dispute is opened about, as the window counted it.
func (d *pages) doubted(r *site.Request) (s subscription.Detail, w usage.Window, e desk.Event, err error) {
	if s, w, err = d.readWindow(r); err != nil {
		return s, w, e, err
	}
	id, found := r.FormValue("event"), false
	err = d.Meters.WindowEvents(r.Context(), r.Caller, w.ID, func(canonical []byte) error {
		if one := desk.Said(r, string(canonical)); one.ID == id {
			e, found = one, true
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil && !found {
		err = fail.Missing("event", id)
	}
	for _, m := range s.Deal.Meters {
		if m.Key == e.What {
			e.What, _ = m.Name.In(r.Lang())
		}
	}
	return s, w, e, err
}

func disputeForm(r *site.Request, s subscription.Detail, w usage.Window, e desk.Event) site.FormView {
	amount := form.Field{ID: "claim", Kind: form.Integer, Label: r.T("usage.dispute.amount"), Hint: r.T("usage.dispute.amount.hint", "unit", e.Unit), Optional: true, Suffix: e.Unit}
	reason := form.Field{ID: "reason", Kind: form.Area, Label: r.T("usage.dispute.reason"), Hint: r.T("usage.dispute.reason.hint")}
	return site.FormView{Action: serviceURL(s.ID, "/windows/"+w.ID+"/dispute"), Hidden: []button.Pair{{Name: "event", Value: e.ID}}, Fields: []form.Field{amount, reason},
		Button: r.T("usage.dispute.button"), Back: &part.Link{Text: r.T("usage.dispute.back"), URL: serviceURL(s.ID, "/windows/"+w.ID)}}
}

func (d *pages) disputeSheet(r *site.Request, s subscription.Detail, w usage.Window, e desk.Event) func(site.FormView) (site.Sheet, error) {
	return func(view site.FormView) (site.Sheet, error) {
		title := r.T("usage.dispute.title")
		return site.Sheet{Page: r.Page(title, part.Link{Text: r.T("nav.services"), URL: "/services"}, part.Link{Text: s.Deal.Name, URL: serviceURL(s.ID, "/usage")},
			part.Link{Text: r.T("usage.window"), URL: serviceURL(s.ID, "/windows/"+w.ID)}, part.Link{Text: title}), Lead: r.T("usage.dispute.lead"), Narrow: true,
			Main: []site.Block{{Title: r.T("dispute.record"), Template: "details", View: details.List{Items: []details.Item{{Name: r.T("desk.held.what"), Value: e.What},
				{Name: r.T("dispute.counted"), Value: e.Amount}, {Name: r.T("desk.held.when"), Value: e.When}, {Name: r.T("dispute.source"), Value: e.Source}, {Name: r.T("desk.held.id"), Value: e.ID}}}},
				{Template: "site/form", View: view}}}, nil
	}
}

func (d *pages) askDispute(r *site.Request) error {
	s, w, e, err := d.doubted(r)
	if err != nil {
		return err
	}
	return desk.Shown(r, disputeForm(r, s, w, e), d.disputeSheet(r, s, w, e))
}

func (d *pages) openDispute(r *site.Request) error {
	s, w, e, err := d.doubted(r)
	if err != nil {
		return err
	}
	claim := strings.Map(func(c rune) rune {
		if c == ' ' || c == '\u00a0' || c == '\u202f' {
			return -1
		}
		return c
	}, r.Value("claim"))
	opened, err := d.Meters.Dispute(r.Context(), r.Caller, meter.DisputeInput{Window: w.ID, Reason: r.Value("reason"), Events: []meter.DisputedEvent{{ID: e.ID, Claim: claim}}})
	if err != nil {
		return desk.Refused(r, err, map[string]string{"events.0.claim": "claim"}, disputeForm(r, s, w, e), d.disputeSheet(r, s, w, e))
	}
	return r.Redirect("/disputes/"+opened.ID, site.Done("usage.disputed"))
}
