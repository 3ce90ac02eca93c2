package operator

import (
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// creditQuestion asks what is taken back: everything that is left, or an amount of one line.
func (d *pages) creditQuestion(r *site.Request, v billing.View) (confirm.Question, error) {
	left, err := d.Invoices.Left(r.Context(), r.Caller, v.ID)
	if err != nil {
		return confirm.Question{}, err
	}
	line, amount := desk.Field(r, "line", "operator.credit.line", form.Select), desk.Field(r, "amount", "operator.credit.amount", form.Text)
	line.Options = []form.Option{{Value: "", Label: r.T("operator.credit.all")}}
	for n, a := range left {
		if l := v.Document.Lines[n]; !a.IsZero() {
			line.Options = append(line.Options, form.Option{Value: strconv.Itoa(n + 1), Label: r.T("operator.credit.of", "no", n+1, "item", l.Item, "component", l.Component, "left", desk.Money(r, a))})
		}
	}
	amount.Optional, amount.Suffix = true, string(v.Gross.Currency)
	return confirm.Question{Title: r.T("operator.credit.question"), Action: home + "/invoices/" + v.ID + "/credit", Button: r.T("operator.credit.button"), Danger: true,
		Back: part.Link{Text: r.T("operator.credit.back"), URL: home + "/invoices/" + v.ID}, Fields: []form.Field{line, amount, desk.Field(r, "reason", "operator.credit.reason", form.Text)},
		Consequences: []confirm.Consequence{{Tone: part.Bad, Text: r.T("operator.credit.a")}, {Tone: part.Good, Text: r.T("operator.credit.b")}}}, nil
}

func (d *pages) creditSheet(r *site.Request, v billing.View, q confirm.Question) site.Sheet {
	title := r.T("operator.credit.title", "number", v.Number)
	return site.Sheet{Page: page(r, title, r.T("operator.invoices"), home+"/invoices", v.Number, home+"/invoices/"+v.ID), Narrow: true, Main: []site.Block{{Template: "confirm", View: q}}}
}

func (d *pages) askCredit(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	q, err := d.creditQuestion(r, v)
	if err != nil {
		return err
	}
	return r.OK(d.creditSheet(r, v, q))
}

func (d *pages) credit(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	out, err := d.takeBack(r, v)
	if err == nil {
		return r.Redirect(home+"/invoices/"+out.ID, site.Done("operator.credited", "number", out.Number))
	}
	q, failed := d.creditQuestion(r, v)
	if failed != nil {
		return err
	}
	fields, notice, ok := r.Refuse(err, r.Fill(q.Fields), map[string]string{"lines": "amount", "lines.0": "amount"})
	if !ok {
		return err
	}
	q.Fields = fields
	sheet := d.creditSheet(r, v, q)
	if notice != nil {
		sheet.Main = append([]site.Block{{Template: "flash", View: *notice}}, sheet.Main...)
	}
	return r.Show(site.Status(err), sheet)
}

// takeBack issues the note that the form asks for.
func (d *pages) takeBack(r *site.Request, v billing.View) (billing.Summary, error) {
	if r.Value("line") == "" && r.Value("amount") == "" {
		return d.Invoices.Credit(r.Context(), r.Caller, v.ID, r.Value("reason"))
	}
	no, err := strconv.Atoi(r.Value("line"))
	amount, unread := money.ParseAmount(strings.ReplaceAll(r.Value("amount"), ",", "."), v.Gross.Currency)
	e := fail.New(fail.Invalid, "billing.credit", "The credit note cannot be issued as it is.", "Correct the fields named.")
	if err != nil {
		e = e.Field("line", r.T("operator.credit.line.which"))
	}
	if unread != nil {
		e = e.Field("amount", r.T("operator.amount.form"))
	}
	if len(e.Fields) > 0 {
		return billing.Summary{}, e
	}
	return d.Invoices.CreditLines(r.Context(), r.Caller, v.ID, r.Value("reason"), []proof.CreditLine{{Line: no, Amount: amount}})
}
