package service

import (
	"strconv"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/site"
)

func ownForm(r *site.Request, v licence.View) site.FormView {
	seats := form.Field{ID: "seats", Kind: form.Integer, Label: r.T("licence.own.seats"), Hint: r.T("licence.own.seats.hint")}
	if v.Terms.Seats > 0 {
		seats.Value = strconv.FormatInt(v.Terms.Seats, 10)
	}
	return site.FormView{Action: serviceURL(v.Subscription, "/licence/own"), Button: r.T("licence.own.button"), Fields: []form.Field{
		{ID: "number", Label: r.T("licence.own.number"), Hint: r.T("licence.own.number.hint")}, seats,
		{ID: "to", Kind: form.Date, Label: r.T("licence.own.to")},
		{ID: "reference", Label: r.T("licence.own.reference"), Optional: true},
		{ID: "document", Label: r.T("licence.own.document"), Hint: r.T("licence.own.document.hint"), Optional: true},
		{ID: "attested", Kind: form.Checkbox, Label: r.T("licence.own.attested")}}}
}

func (d *pages) declareLicence(r *site.Request) error {
	id := r.PathValue("id")
	seats, _ := strconv.ParseInt(r.Value("seats"), 10, 64) // refused with its reason
	to, _ := time.Parse(time.DateOnly, r.Value("to"))
	_, err := d.Licences.Declare(r.Context(), r.Caller, licence.DeclareInput{Subscription: id, Number: r.Value("number"), Reference: r.Value("reference"), Seats: seats, To: to,
		Document: r.Value("document"), Attested: r.Ticked("attested")})
	if err == nil {
		return r.Redirect(serviceURL(id, "/licence"), site.Done("licence.declared"))
	}
	v, failed := d.Licences.Of(r.Context(), r.Caller, id)
	if failed != nil {
		return err
	}
	view := ownForm(r, v)
	view.Fields = r.Fill(view.Fields)
	fields, notice, ok := r.Refuse(err, view.Fields, nil)
	if !ok {
		return err
	}
	view.Fields, view.Notice = fields, notice
	return d.showLicence(r, site.Status(err), &view, nil)
}

func (d *pages) withdrawLicence(r *site.Request) error {
	l, err := d.Licences.Withdraw(r.Context(), r.Caller, r.PathValue("licence"))
	if err != nil {
		return err
	}
	return r.Redirect(serviceURL(l.Subscription, "/licence"), site.Done("licence.withdrawn"))
}

func (d *pages) renewLicence(r *site.Request) error {
	l, err := d.Licences.RenewTerm(r.Context(), r.Caller, r.PathValue("licence"))
	if err != nil {
		return err
	}
	return r.Redirect(serviceURL(l.Subscription, "/licence"), site.Done("licence.renewed"))
}

func (d *pages) assignSeat(r *site.Request) error {
	id := r.PathValue("id")
	_, err := d.Licences.Assign(r.Context(), r.Caller, id, r.Value("person"))
	if err == nil {
		return r.Redirect(serviceURL(id, "/licence"), site.Done("licence.assigned"))
	}
	s, failed := d.read(r)
	if failed != nil {
		return failed
	}
	v, failed := d.Licences.Of(r.Context(), r.Caller, id)
	if failed != nil {
		return failed
	}
	people, failed := d.people(r, s.Subscription)
	if failed != nil {
		return failed
	}
	view := assignForm(r, v, people)
	view.Fields = r.Fill(view.Fields)
	fields, notice, ok := r.Refuse(err, view.Fields, nil)
	if !ok {
		return err
	}
	view.Fields, view.Notice = fields, notice
	return d.showLicence(r, site.Status(err), nil, &view)
}

func (d *pages) releaseSeat(r *site.Request) error {
	no, err := strconv.ParseInt(r.PathValue("no"), 10, 64)
	if err != nil {
		return fail.Missing("seat", r.PathValue("no"))
	}
	if err := d.Licences.Release(r.Context(), r.Caller, r.PathValue("id"), no); err != nil {
		return err
	}
	return r.Redirect(serviceURL(r.PathValue("id"), "/licence"), site.Done("licence.released"))
}

func (d *pages) returnSeat(r *site.Request) error {
	if _, err := d.Licences.Return(r.Context(), r.Caller, r.PathValue("id"), r.PathValue("lease"), ""); err != nil {
		return err
	}
	return r.Redirect(serviceURL(r.PathValue("id"), "/licence"), site.Done("licence.returned"))
}
