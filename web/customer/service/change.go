package service

import (
	"net/http"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/site"
)

func notHere(id string) error { return fail.Missing("window", id) }

// changePage offers the other plans of the shelf. Another plan is quoted before it is ordered.
func (d *pages) changePage(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	view, err := d.changeForm(r, s.Subscription)
	if err != nil {
		return err
	}
	var options []form.Option
	for _, f := range view.Fields {
		options = append(options, f.Options...)
	}
	compared, err := d.compared(r, s.Subscription, options)
	if err != nil {
		return err
	}
	return d.showChange(r, http.StatusOK, s.Subscription, view, compared)
}

func (d *pages) showChange(r *site.Request, status int, s subscription.Subscription, view site.FormView, more *site.Block) error {
	sheet := d.sheet(r, s, "change")
	sheet.Narrow = true
	sheet.Main = []site.Block{{Title: r.T("change.title"), Text: r.T("change.text"), Template: "site/form", View: view}}
	if len(view.Fields) == 0 {
		sheet.Main = []site.Block{{Template: "states.empty", View: states.Empty{Icon: "tag", Title: r.T("change.none"), Text: r.T("change.none.text"), Action: &button.Button{Text: r.T("order.back"), URL: serviceURL(s.ID, "")}}}}
	}
	if more != nil {
		sheet.Main, sheet.Narrow = append(sheet.Main, *more), false
	}
	return r.Show(status, sheet)
}

func (d *pages) changeForm(r *site.Request, s subscription.Subscription) (site.FormView, error) {
	view := site.FormView{Action: serviceURL(s.ID, "/change"), Button: r.T("order.check"), Note: r.T("change.note"), Back: &part.Link{Text: r.T("order.back"), URL: serviceURL(s.ID, "")}}
	m, err := r.Market()
	if err != nil {
		return view, err
	}
	v, err := d.Catalogue.Offer(r.Context(), r.Caller, m.ID, s.Deal.Offer)
	if fail.Is(err, fail.Gone) || fail.Is(err, fail.NotFound) {
		return view, nil
	}
	if err != nil {
		return view, err
	}
	f := form.Field{ID: "plan", Kind: form.Radios, Label: r.T("shop.plan")}
	for i := range v.Content.Plans {
		p := &v.Content.Plans[i]
		list := p.Price(m)
		if list == nil || p.Withdrawn || p.Key == s.Deal.Plan {
			continue
		}
		name, _ := p.Name.In(r.Lang())
		text, _ := p.Summary.In(r.Lang())
		for _, c := range list.Components {
			if text != "" {
				text += "; "
			}
			text += customer.Component(r, v.Content.Meters, c) + " " + r.L.Money(customer.UnitPrice(customer.Lowest(c))) + " " + customer.Per(r, c)
		}
		f.Options = append(f.Options, form.Option{Value: p.Key, Label: name, Hint: text, Chosen: len(f.Options) == 0})
	}
	if len(f.Options) > 0 {
		view.Fields = []form.Field{f}
	}
	return view, nil
}

func (d *pages) change(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	q, err := d.Orders.Quote(r.Context(), r.Caller, order.QuoteInput{Org: s.Org, Language: r.Lang(), Items: []order.ItemInput{{Action: order.ActionChange, Subscription: s.ID, Plan: r.Value("plan")}}})
	if err == nil {
		return r.Redirect("/quotes/" + q.ID)
	}
	view, failed := d.changeForm(r, s.Subscription)
	if failed != nil {
		return failed
	}
	view.Fields = r.Fill(view.Fields)
	fields, notice, ok := r.Refuse(err, view.Fields, map[string]string{"items.0.plan": "plan"})
	if !ok {
		return err
	}
	view.Fields, view.Notice = fields, notice
	return d.showChange(r, site.Status(err), s.Subscription, view, nil)
}

// ask shows a question about a service on a page of its own.
func (d *pages) ask(r *site.Request, question func(s subscription.Subscription) confirm.Question) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	q := question(s.Subscription)
	q.Back = part.Link{Text: r.T("service.keep"), URL: serviceURL(s.ID, "")}
	sheet := d.sheet(r, s.Subscription, "")
	sheet.Narrow, sheet.Main = true, []site.Block{{Template: "confirm", View: q}}
	return r.OK(sheet)
}

func (d *pages) askSuspend(r *site.Request) error {
	return d.ask(r, func(s subscription.Subscription) confirm.Question {
		return confirm.Question{Title: r.T("service.suspend.title"), Action: serviceURL(s.ID, "/suspend"), Button: r.T("service.suspend"), Consequences: []confirm.Consequence{
			{Tone: part.Warn, Text: r.T("service.suspend.a")}, {Tone: part.Good, Text: r.T("service.suspend.b", "amount", customer.Money(s.Deal.Recurring))}, {Tone: part.Accent, Text: r.T("service.suspend.c")}}}
	})
}

func (d *pages) suspend(r *site.Request) error {
	s, err := d.Subscriptions.SuspendService(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Redirect(serviceURL(s.ID, ""), site.Done("service.suspended"))
}

func (d *pages) resume(r *site.Request) error {
	s, err := d.Subscriptions.ResumeService(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Redirect(serviceURL(s.ID, ""), site.Done("service.resumed"))
}

func (d *pages) askCancel(r *site.Request) error {
	return d.ask(r, func(s subscription.Subscription) confirm.Question {
		q := confirm.Question{Title: r.T("service.cancel.title"), Action: serviceURL(s.ID, "/cancel"), Button: r.T("service.cancel"), Danger: true, Consequences: []confirm.Consequence{
			{Tone: part.Good, Text: r.T("service.cancel.a", "amount", customer.Money(s.Deal.Recurring))}, {Tone: part.Accent, Text: r.T("service.cancel.b")}, {Tone: part.Bad, Text: r.T("service.cancel.c")}}}
		if !s.TermUntil.IsZero() && r.Site().Options().Now().Before(s.TermUntil) {
			q.Consequences = append(q.Consequences, confirm.Consequence{Tone: part.Warn, Text: r.T("service.cancel.term", "date", s.TermUntil)})
		}
		return q
	})
}

func (d *pages) cancel(r *site.Request) error {
	s, err := d.Subscriptions.CancelService(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Redirect(serviceURL(s.ID, ""), site.Done("service.cancelled"))
}

// history is everything that was recorded about the service and its resource, newest first.
func (d *pages) history(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	if err := customer.May(d.Services, r, access.FactRead); err != nil {
		return err
	}
	sheet := d.sheet(r, s.Subscription, "history")
	for _, thing := range []struct{ key, id string }{{"history.contract", s.ID}, {"history.resource", s.Resource}} {
		if thing.id == "" {
			continue
		}
		trail, err := customer.About(d.Services, r, thing.id)
		if err != nil {
			return err
		}
		if len(trail.Entries) > 0 {
			sheet.Main = append(sheet.Main, site.Block{Title: r.T(thing.key), Template: "customer/trail", View: trail})
		}
	}
	if len(sheet.Main) == 0 {
		sheet.Main = []site.Block{{Template: "states.empty", View: states.Empty{Icon: "clock", Title: r.T("history.none"), Text: r.T("history.none.text")}}}
	}
	return r.OK(sheet)
}
