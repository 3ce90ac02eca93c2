// Package payments is a customer's page of what it owes: how each invoice gets paid, mandates, what was taken from its
// account and why something was not.
//
// Owns: these pages.
// Does not own: mandates and debits (billing/collect), invoices (billing).
// Reads: billing/collect.
// Writes: mandates, by its use cases.
package payments

import (
	"errors"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

type pages struct{ site.Services }

// Desk makes the pages of payments.
func Desk(s site.Services) site.Desk {
	d := &pages{s}
	return site.Desk{Name: "payments", Style: customer.Style(), Home: customer.Home, Title: "desk.customer", Search: "shop.search", Nav: customer.Nav, Routes: d.routes}
}

func (d *pages) routes(r *site.Router) {
	r.Get("/payments", d.page)
	r.Post("/payments/mandates/{entity}", d.give)
	r.Get("/payments/mandates/{id}/revoke", d.askRevoke)
	r.Post("/payments/mandates/{id}/revoke", d.revoke)
}

func (d *pages) page(r *site.Request) error { return d.show(r, nil, "") }

// show writes the page; refused is a mandate for an entity that was not taken.
func (d *pages) show(r *site.Request, refused error, entity string) error {
	v, err := d.Collects.Overview(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return errors.Join(refused, err)
	}
	names := map[string]string{}
	sheet := site.Sheet{Page: r.Page(r.T("payments.title")), Lead: r.T("payments.lead"), Main: []site.Block{desk.Block("owed", r.T("payments.owed"), total(r, v), d.owed(r, v))}}
	if len(v.Mandates) > 0 {
		t, err := d.mandates(r, v)
		if err != nil {
			return err
		}
		sheet.Main = append(sheet.Main, desk.Block("mandates", r.T("payments.mandates"), r.T("payments.mandates.text"), t))
	}
	status := 200
	if customer.May(d.Services, r, access.MandateGive) == nil {
		for _, s := range v.Sellers {
			if active(v, s.Entity) && s.Entity != entity {
				continue
			}
			names[s.Entity] = s.Name
			view := d.form(r, s)
			if s.Entity == entity {
				view.Fields = r.Fill(view.Fields)
				fields, notice, ok := r.Refuse(refused, view.Fields, nil)
				if !ok {
					return refused
				}
				view.Fields, view.Notice, status = fields, notice, site.Status(refused)
			}
			sheet.Main = append(sheet.Main, site.Block{ID: "give", Title: r.T("payments.give", "seller", s.Name), Text: r.T("payments.give.text"), Template: "site/form", View: view, Card: true})
		}
	}
	if entity != "" && names[entity] == "" {
		return refused
	}
	if len(v.Debits) > 0 {
		sheet.Main = append(sheet.Main, desk.Block("debits", r.T("payments.debits"), r.T("payments.debits.text"), d.debits(r, v)))
	}
	return r.Show(status, sheet)
}

func active(v collect.Overview, entity string) bool {
	for _, m := range v.Mandates {
		if m.Entity == entity && m.State == collect.Active {
			return true
		}
	}
	return false
}

func total(r *site.Request, v collect.Overview) string {
	text := ""
	for _, t := range v.Totals {
		text += r.T("payments.total", "amount", desk.Money(r, t)) + " "
	}
	for _, c := range v.Credits {
		text += r.T("payments.credit", "amount", desk.Money(r, c.Amount)) + " "
	}
	return text
}

func (d *pages) owed(r *site.Request, v collect.Overview) table.Table {
	today := price.DateOf(r.Site().Options().Now(), time.UTC)
	var rows []table.Row
	for _, o := range v.Owed {
		state := "open"
		switch {
		case o.Failed != nil:
			state = "debit.failed"
		case o.Invoice.Due.Before(today):
			state = "overdue"
		}
		way := table.Cell{Text: r.T("payments.way.none")}
		if len(o.Ways) > 0 {
			way = d.way(r, v, o.Ways[0])
		}
		if o.Failed != nil {
			way.Sub = r.T("payments.failed", "why", (sepa.Reason{Code: o.Failed.Code}).Say(r.Lang())) + " " + way.Sub
		}
		rows = append(rows, table.Row{URL: "/invoices/" + o.Invoice.ID, Cells: []table.Cell{desk.Two(o.Invoice.Number, r.T("payments.due", "day", desk.Day(r, o.Invoice.Due))), desk.Stated(r, state), desk.Text(desk.Money(r, o.Invoice.Owed())), way}})
	}
	return desk.List(r, "owed-list", r.T("payments.owed"), "payments.owed.none", []table.Column{desk.Col(r.T("payments.invoice")), desk.Wide(r.T("desk.state")), desk.Num(r.T("payments.amount")), desk.Col(r.T("payments.way"))}, rows)
}

// way says what is to be done to pay an invoice.
func (d *pages) way(r *site.Request, v collect.Overview, w collect.Instruction) table.Cell {
	if w.Way == "transfer" {
		return desk.Two(r.T("payments.transfer", "name", w.Seller, "iban", w.IBAN.Paper()), r.T("payments.reference", "reference", w.Reference))
	}
	account := ""
	for _, m := range v.Mandates {
		if m.ID == w.Mandate {
			account = m.IBAN.Masked()
		}
	}
	if w.State == "" {
		return desk.Two(r.T("payments.automatic"), account)
	}
	return desk.Two(r.T("payments.taken", "day", desk.Day(r, w.Day)), account)
}

func (d *pages) mandates(r *site.Request, v collect.Overview) (table.Table, error) {
	names := map[string]string{}
	for _, s := range v.Sellers {
		names[s.Entity] = s.Name
	}
	var rows []table.Row
	for _, m := range v.Mandates {
		act := table.Cell{}
		if (m.State == collect.Active || m.State == collect.Pending) && customer.May(d.Services, r, access.MandateRevoke) == nil {
			var err error
			if act, err = desk.Buttons(r, button.Button{Text: r.T("payments.revoke"), URL: "/payments/mandates/" + m.ID + "/revoke"}); err != nil {
				return table.Table{}, err
			}
		}
		state := desk.Stated(r, "mandate."+string(m.State))
		if m.Why != "" {
			state = desk.Two(desk.StateText(r, "mandate."+string(m.State)), r.T("payments.why."+m.Why))
		}
		account := m.IBAN.Masked()
		if m.Erased {
			account = r.T("payments.erased")
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(account, m.Name), state, desk.Two(names[m.Entity], m.Reference), desk.Text(desk.Day(r, m.Signed)), act}})
	}
	return desk.List(r, "mandate-list", r.T("payments.mandates"), "payments.mandates.none", []table.Column{desk.Col(r.T("payments.account")), desk.Col(r.T("desk.state")), desk.Wide(r.T("payments.mandate")), desk.Wide(r.T("payments.signed")),
		desk.Col(r.T("payments.act"))}, rows), nil
}

func (d *pages) debits(r *site.Request, v collect.Overview) table.Table {
	var rows []table.Row
	for _, one := range v.Debits {
		why := ""
		switch {
		case one.State == collect.Failed:
			why = (sepa.Reason{Code: one.Code}).Say(r.Lang())
		case one.State == collect.LeftOut:
			why = r.T("payments.out." + one.Code)
		}
		rows = append(rows, table.Row{URL: "/invoices/" + one.Invoice, Cells: []table.Cell{desk.Text(desk.Day(r, one.Due)), desk.Stated(r, "debit."+string(one.State)), desk.Text(why), desk.Text(desk.Money(r, one.Amount))}})
	}
	return desk.List(r, "debit-list", r.T("payments.debits"), "payments.debits.none", []table.Column{desk.Col(r.T("payments.day")), desk.Col(r.T("desk.state")), desk.Wide(r.T("payments.why")), desk.Num(r.T("payments.amount"))}, rows)
}

func (d *pages) form(r *site.Request, s collect.Seller) site.FormView {
	name, iban, bic := desk.Field(r, "name", "payments.holder", form.Text), desk.Field(r, "iban", "payments.iban", form.Text), desk.Field(r, "bic", "payments.bic", form.Text)
	name.Autocomplete, bic.Optional = "name", true
	agree := form.Field{ID: "agree", Kind: form.Checkbox, Label: r.T("payments.agree"), Hint: collect.MandateText(r.Lang(), s.Name, s.CreditorID, s.NoticeDays)}
	return site.FormView{Action: "/payments/mandates/" + s.Entity, Fields: []form.Field{name, iban, bic, agree}, Button: r.T("payments.give.button")}
}

func (d *pages) give(r *site.Request) error {
	entity := r.PathValue("entity")
	var err error
	if !r.Ticked("agree") {
		err = fail.New(fail.Invalid, "payments.agree", "The mandate counts only if you agree to it.", "Tick the box, or pay by transfer.").Field("agree", r.T("payments.agree.needed"))
	} else {
		_, err = d.Collects.Give(r.Context(), r.Caller, collect.MandateInput{Org: r.Caller.Org, Entity: entity, Name: r.Value("name"), IBAN: r.Value("iban"), BIC: r.Value("bic"), Signed: true,
			Channel: collect.ChannelPortal, Lang: r.Lang()})
	}
	if err != nil {
		return d.show(r, err, entity)
	}
	return r.Redirect("/payments", site.Done("payments.given"))
}

func (d *pages) askRevoke(r *site.Request) error {
	m, err := d.Collects.Mandate(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	title := r.T("payments.revoke.title")
	q := confirm.Question{Title: r.T("payments.revoke.question", "account", m.IBAN.Masked()), Action: "/payments/mandates/" + m.ID + "/revoke", Button: r.T("payments.revoke.button"), Danger: true,
		Back: part.Link{Text: r.T("payments.revoke.back"), URL: "/payments"}, Consequences: []confirm.Consequence{{Tone: part.Good, Text: r.T("payments.revoke.a")}, {Tone: part.Warn, Text: r.T("payments.revoke.b")},
			{Tone: part.Warn, Text: r.T("payments.revoke.c")}}}
	return r.OK(site.Sheet{Page: r.Page(title, part.Link{Text: r.T("payments.title"), URL: "/payments"}, part.Link{Text: title}), Narrow: true, Main: []site.Block{{Template: "confirm", View: q}}})
}

func (d *pages) revoke(r *site.Request) error {
	if _, err := d.Collects.Revoke(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect("/payments", site.Done("payments.revoked"))
}
