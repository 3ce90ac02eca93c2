package orders

import (
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/site"
)

// ask shows a question about an order on a page of its own.
func (d *desk) ask(r *site.Request, question func(o order.Order) confirm.Question) error {
	o, err := d.Orders.Order(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	q := question(o)
	q.Back = part.Link{Text: r.T("order.keep"), URL: orderURL(o.ID)}
	return r.OK(site.Sheet{Page: r.Page(q.Title, part.Link{Text: r.T("nav.orders"), URL: "/orders"}, part.Link{Text: name(r, o), URL: orderURL(o.ID)}, part.Link{Text: q.Button}),
		Heading: name(r, o), Narrow: true, Main: []site.Block{{Template: "confirm", View: q}}})
}

func reason(r *site.Request) []form.Field {
	return []form.Field{{ID: "reason", Kind: form.Area, Label: r.T("order.reason"), Hint: r.T("order.reason.hint"), Optional: true}}
}

func (d *desk) approve(r *site.Request) error {
	o, err := d.Orders.Approve(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Redirect(orderURL(o.ID), site.Done("order.approved"))
}

func (d *desk) askReject(r *site.Request) error {
	return d.ask(r, func(o order.Order) confirm.Question {
		return confirm.Question{Title: r.T("order.reject.title"), Action: orderURL(o.ID) + "/reject", Button: r.T("order.reject"), Danger: true, Fields: reason(r),
			Consequences: []confirm.Consequence{{Tone: part.Accent, Text: r.T("order.reject.a")}, {Tone: part.Good, Text: r.T("order.reject.b")}}}
	})
}

func (d *desk) reject(r *site.Request) error {
	o, err := d.Orders.Reject(r.Context(), r.Caller, r.PathValue("id"), r.Value("reason"))
	if err != nil {
		return err
	}
	return r.Redirect(orderURL(o.ID), site.Done("order.rejected"))
}

func (d *desk) askCancel(r *site.Request) error {
	return d.ask(r, func(o order.Order) confirm.Question {
		return confirm.Question{Title: r.T("order.cancel.title"), Action: orderURL(o.ID) + "/cancel", Button: r.T("order.cancel"), Danger: true, Fields: reason(r),
			Consequences: []confirm.Consequence{{Tone: part.Good, Text: r.T("order.cancel.a", "amount", customer.Money(o.Recurring))}, {Tone: part.Accent, Text: r.T("order.cancel.b")}, {Tone: part.Warn, Text: r.T("order.cancel.c")}}}
	})
}

func (d *desk) cancel(r *site.Request) error {
	o, err := d.Orders.Cancel(r.Context(), r.Caller, r.PathValue("id"), r.Value("reason"))
	if err != nil {
		return err
	}
	return r.Redirect(orderURL(o.ID), site.Done("order.cancelled"))
}

func (d *desk) askWithdraw(r *site.Request) error {
	return d.ask(r, func(o order.Order) confirm.Question {
		return confirm.Question{Title: r.T("order.withdraw.title"), Action: orderURL(o.ID) + "/withdraw", Button: r.T("order.withdraw"), Danger: true,
			Consequences: []confirm.Consequence{{Tone: part.Good, Text: r.T("order.withdraw.a")}, {Tone: part.Accent, Text: r.T("order.withdraw.b")}, {Tone: part.Bad, Text: r.T("order.withdraw.c")}}}
	})
}

func (d *desk) withdraw(r *site.Request) error {
	o, err := d.Orders.Withdraw(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Redirect(orderURL(o.ID), site.Done("order.withdrawn"))
}
