package operator

import (
	"strings"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

func (d *pages) writeOffRoutes(get, post func(string, site.Handler)) {
	get("/invoices/{id}/write-off", d.askWriteOff)
	post("/invoices/{id}/write-off", d.writeOff)
	post("/invoices/{id}/take-up", d.takeUp)
	get("/invoices/{id}/fee", d.askFee)
	post("/invoices/{id}/fee", d.bookFee)
}

// givingUp are what can be done about an invoice that is not paid.
func givingUp(r *site.Request, v billing.View) (out []button.Button) {
	base := home + "/invoices/" + v.ID
	if v.Type != proof.TypeInvoice {
		return nil
	}
	switch v.Status {
	case billing.StatusOpen:
		out = append(out, button.Button{Text: r.T("writeoff.button"), URL: base + "/write-off"})
	case billing.StatusWrittenOff:
		out = append(out, button.Button{Text: r.T("writeoff.up"), URL: base + "/take-up", Post: true})
	}
	return append(out, button.Button{Text: r.T("fee.button"), URL: base + "/fee", Kind: button.Quiet})
}

// about is the form page of one invoice.
func about(r *site.Request, v billing.View, title, lead string) func(site.FormView) (site.Sheet, error) {
	return desk.Ask(page(r, title, r.T("operator.invoices"), home+"/invoices", v.Number, home+"/invoices/"+v.ID), lead)
}

func writeOffForm(r *site.Request, v billing.View) site.FormView {
	return site.FormView{Action: home + "/invoices/" + v.ID + "/write-off", Fields: []form.Field{desk.Field(r, "reason", "writeoff.reason", form.Text), desk.Field(r, "vat", "writeoff.vat", form.Checkbox)},
		Button: r.T("writeoff.do", "amount", desk.Money(r, v.Owed())), Danger: true, Back: &part.Link{Text: r.T("operator.credit.back"), URL: home + "/invoices/" + v.ID}}
}

func (d *pages) askWriteOff(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return desk.Shown(r, writeOffForm(r, v), about(r, v, r.T("writeoff.title", "number", v.Number), r.T("writeoff.lead")))
}

func (d *pages) writeOff(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	if _, err := d.Invoices.WriteOff(r.Context(), r.Caller, billing.WriteOffInput{Invoice: v.ID, Reason: r.Value("reason"), VAT: r.Ticked("vat")}); err != nil {
		return desk.Refused(r, err, nil, writeOffForm(r, v), about(r, v, r.T("writeoff.title", "number", v.Number), r.T("writeoff.lead")))
	}
	return r.Redirect(home+"/invoices/"+v.ID, site.Told("writeoff.done"))
}

func (d *pages) takeUp(r *site.Request) error {
	if _, err := d.Invoices.TakeUp(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home+"/invoices/"+r.PathValue("id"), site.Done("writeoff.up.done"))
}

func feeForm(r *site.Request, v billing.View) site.FormView {
	amount := desk.Field(r, "amount", "fee.amount", form.Text)
	amount.Suffix = string(v.Gross.Currency)
	return site.FormView{Action: home + "/invoices/" + v.ID + "/fee", Fields: []form.Field{amount, desk.Field(r, "what", "fee.what", form.Text), desk.Field(r, "reference", "fee.reference", form.Text)},
		Button: r.T("fee.do"), Back: &part.Link{Text: r.T("operator.credit.back"), URL: home + "/invoices/" + v.ID}}
}

func (d *pages) askFee(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return desk.Shown(r, feeForm(r, v), about(r, v, r.T("fee.title", "number", v.Number), r.T("fee.lead")))
}

func (d *pages) bookFee(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	amount, err := money.ParseAmount(strings.ReplaceAll(r.Value("amount"), ",", "."), v.Gross.Currency)
	if err != nil {
		err = fail.New(fail.Invalid, "settlement.fee", "The fee cannot be booked as it is.", "Correct the fields named.").Field("amount", r.T("operator.amount.form"))
	} else {
		err = d.Settlements.BookFee(r.Context(), r.Caller, settlement.FeeInput{Invoice: v.ID, Amount: amount, What: r.Value("what"), Reference: r.Value("reference")})
	}
	if err != nil {
		return desk.Refused(r, err, nil, feeForm(r, v), about(r, v, r.T("fee.title", "number", v.Number), r.T("fee.lead")))
	}
	return r.Redirect(home+"/invoices/"+v.ID, site.Done("fee.done"))
}
