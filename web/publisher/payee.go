package publisher

import (
	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/settlement/payout"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// pays tells whether somebody answers for the money of those who sell here.
func pays(c access.Caller) bool {
	return may(c) || c.Has(access.RoleOwner) || c.Has(access.RoleBilling)
}

// payeeRoutes are the pages about the account that payouts go to. People of billing come here by a mail.
func (d *pages) payeeRoutes(r *site.Router) {
	r.Get(home+"/account", desk.Only("publisher", pays, d.payee))
	r.Post(home+"/account", desk.Only("publisher", pays, d.setPayee))
	r.Post(home+"/account/{id}/approve", desk.Only("publisher", pays, d.approvePayee))
	r.Post(home+"/account/{id}/drop", desk.Only("publisher", pays, d.dropPayee))
}

// payee is where the payouts go, where they are to go, and how to change it.
func (d *pages) payee(r *site.Request) error { return desk.Shown(r, d.payeeForm(r), d.payeeSheet(r)) }

func (d *pages) payeeForm(r *site.Request) site.FormView {
	name, iban, bic := desk.Field(r, "name", "payout.account.name", form.Text), desk.Field(r, "iban", "payout.account.iban", form.Text), desk.Field(r, "bic", "payout.account.bic", form.Text)
	bic.Optional = true
	return site.FormView{Action: home + "/account", Fields: []form.Field{name, iban, bic}, Button: r.T("payout.account.button"), Note: r.T("payout.account.note")}
}

func (d *pages) payeeSheet(r *site.Request) func(site.FormView) (site.Sheet, error) {
	return func(view site.FormView) (site.Sheet, error) {
		used, waiting, err := d.Payouts.Payees(r.Context(), r.Caller, r.Caller.Org)
		if err != nil {
			return site.Sheet{}, err
		}
		sheet := site.Sheet{Page: crumbs(r, r.T("payout.account")), Lead: r.T("payout.account.lead"), Narrow: true}
		if used == nil && waiting == nil {
			sheet.Main = append(sheet.Main, site.Block{ID: "used", Title: r.T("payout.account.used"), Text: r.T("payout.account.none"), Template: "details", View: desk.Pairs()})
		}
		if used != nil {
			sheet.Main = append(sheet.Main, payeeBlock(r, "used", "", *used))
		}
		if waiting != nil {
			block := payeeBlock(r, "waiting", r.T("payout.account.waiting.text", "day", r.L.Instant(waiting.From)), *waiting)
			base := home + "/account/" + waiting.ID
			buttons := []button.Button{{Text: r.T("payout.account.drop"), URL: base + "/drop", Post: true}}
			if waiting.CreatedBy != r.Caller.Ref() {
				buttons = append([]button.Button{{Text: r.T("payout.account.approve"), URL: base + "/approve", Post: true, Kind: button.Primary}}, buttons...)
			}
			sheet.Main = append(sheet.Main, block, site.Block{Template: "site/buttons", View: site.Rows{Buttons: buttons}})
		}
		view.Quiet = waiting != nil
		sheet.Main = append(sheet.Main, desk.FormBlock("change", r.T("payout.account.change"), r.T("payout.account.change.text"), view))
		return sheet, nil
	}
}

func payeeBlock(r *site.Request, id, text string, p payout.Payee) site.Block {
	number := p.Masked
	if p.IBAN != "" {
		number = p.IBAN.Paper()
	}
	if p.Erased {
		number = r.T("payout.account.erased")
	}
	return site.Block{ID: id, Title: r.T("payout.account." + id), Text: text, Template: "details", View: desk.Pairs(desk.Pair(r.T("payout.account.iban"), number), desk.Pair(r.T("payout.account.name"), p.Name),
		desk.Pair(r.T("payout.account.bic"), string(p.BIC)), desk.Pair(r.T("payout.account.since"), r.L.Instant(p.CreatedAt)))}
}

func (d *pages) setPayee(r *site.Request) error {
	_, err := d.Payouts.SetPayee(r.Context(), r.Caller, payout.PayeeInput{Publisher: r.Caller.Org, Name: r.Value("name"), IBAN: r.Value("iban"), BIC: r.Value("bic")})
	if err != nil {
		return desk.Refused(r, err, nil, d.payeeForm(r), d.payeeSheet(r))
	}
	return r.Redirect(home+"/account", site.Done("payout.account.saved"))
}

func (d *pages) approvePayee(r *site.Request) error {
	if _, err := d.Payouts.ApprovePayee(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home+"/account", site.Done("payout.account.approved"))
}

func (d *pages) dropPayee(r *site.Request) error {
	if _, err := d.Payouts.DropPayee(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home+"/account", site.Told("payout.account.dropped"))
}
