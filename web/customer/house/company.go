package house

import (
	"strconv"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/web/company"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/site"
)

const companyPage = "/organisation/bills"

// billForms are the forms of the page about bills as they stand after a refusal; nil is as stored.
type billForms struct{ company, reach, bills *site.FormView }

// own is the legal entity of the organisation; its ID is empty for a unit, which has none.
func (d *desk) own(r *site.Request, o party.Organisation) (party.Entity, error) {
	list, err := d.Parties.Entities(r.Context(), r.Caller, o.ID)
	if err != nil {
		return party.Entity{}, err
	}
	for _, e := range list {
		if e.ID == o.Entity {
			return e, nil
		}
	}
	return party.Entity{}, nil
}

// business is the organisation of the caller when it is one that is billed as a business.
func business(r *site.Request) (party.Organisation, error) {
	o, err := r.Organisation()
	if err == nil && (o.ID == "" || o.Form != party.FormBusiness) {
		err = missing("organisation", r.Caller.Org)
	}
	return o, err
}

func (d *desk) bills(r *site.Request) error {
	o, err := business(r)
	if err != nil {
		return err
	}
	return d.showBills(r, 200, o, billForms{})
}

func (d *desk) showBills(r *site.Request, status int, o party.Organisation, f billForms) error {
	e, err := d.own(r, o)
	if err != nil {
		return err
	}
	b, err := d.Parties.BillData(r.Context(), r.Caller, o.ID)
	if err != nil {
		return err
	}
	title := r.T("bills.title")
	sheet := site.Sheet{Page: r.Page(title, part.Link{Text: r.T("organisation.title"), URL: "/organisation"}, part.Link{Text: title}), Lead: r.T("bills.lead"), Narrow: true}
	if customer.May(d.Services, r, access.BillsSet) == nil {
		sheet.Main = append(sheet.Main, site.Block{ID: "references", Title: r.T("bills.references"), Text: r.T("bills.references.text"), Template: "site/form", View: orForm(f.bills, billsForm(r, b))})
	} else {
		sheet.Main = append(sheet.Main, site.Block{ID: "references", Title: r.T("bills.references"), Template: "details", View: billsRead(r, b)})
	}
	vat, err := d.vatBlocks(r, o, e)
	if err != nil {
		return err
	}
	switch {
	case e.ID == "": // a unit: its house is on its bills
	case customer.May(d.Services, r, access.OrgUpdate) == nil:
		sheet.Main = append(sheet.Main, site.Block{ID: "company", Title: r.T("bills.company"), Text: r.T("bills.company.text", "name", e.Name), Template: "site/form", View: orForm(f.company, companyForm(r, e))},
			site.Block{ID: "reach", Title: r.T("bills.reach"), Text: r.T("bills.reach.text"), Template: "site/form", View: orForm(f.reach, reachForm(r, e))})
	default:
		sheet.Main = append(sheet.Main, site.Block{ID: "company", Title: r.T("bills.company"), Text: r.T("bills.owner"), Template: "details", View: companyRead(r, e)})
	}
	sheet.Main = append(sheet.Main, vat...)
	return r.Show(status, sheet)
}

func orForm(again *site.FormView, view site.FormView) site.FormView {
	if again != nil {
		return *again
	}
	return view
}

func seen(version int64) []button.Pair {
	return []button.Pair{{Name: "version", Value: strconv.FormatInt(version, 10)}}
}

func companyForm(r *site.Request, e party.Entity) site.FormView {
	name := form.Field{ID: "name", Label: r.T("company.name"), Value: e.Name, Autocomplete: "organization"}
	fields := append([]form.Field{name}, company.Register(r, e)...)
	return site.FormView{Action: companyPage + "/company", Hidden: seen(e.Version), Button: r.T("bills.company.save"), Quiet: true, Fields: append(fields, company.Postal(r, e)...)}
}

func reachForm(r *site.Request, e party.Entity) site.FormView {
	return site.FormView{Action: companyPage + "/reach", Hidden: seen(e.Version), Button: r.T("bills.reach.save"), Quiet: true, Fields: company.Reach(r, e)}
}

// billQuestions are the fields of BillData: name and value.
func billQuestions(b party.BillData) [][2]string {
	return [][2]string{{"buyer_reference", b.BuyerReference}, {"purchase_order", b.PurchaseOrder}, {"cost_centre", b.CostCentre}, {"cost_tag", b.CostTag}}
}

func billsForm(r *site.Request, b party.BillData) site.FormView {
	view := site.FormView{Action: companyPage, Hidden: seen(b.Version), Button: r.T("bills.save")}
	for _, q := range billQuestions(b) {
		view.Fields = append(view.Fields, form.Field{ID: q[0], Label: r.T("bills." + q[0]), Hint: r.T("bills." + q[0] + ".hint"), Value: q[1], Optional: true})
	}
	return view
}

func billsRead(r *site.Request, b party.BillData) (list details.List) {
	for _, q := range billQuestions(b) {
		list.Items = append(list.Items, details.Item{Name: r.T("bills." + q[0]), Value: q[1]})
	}
	return filled(r, list)
}

func companyRead(r *site.Request, e party.Entity) (list details.List) {
	for _, f := range append(append(company.Register(r, e), company.Postal(r, e)...), company.Reach(r, e)...) {
		if f.Kind != form.Select {
			list.Items = append(list.Items, details.Item{Name: f.Label, Value: f.Value})
		}
	}
	return filled(r, list)
}

// filled says of what is empty that it is.
func filled(r *site.Request, list details.List) details.List {
	for i := range list.Items {
		if list.Items[i].Value == "" {
			list.Items[i].Value = r.T("bills.empty")
		}
	}
	return list
}

func (d *desk) saveBills(r *site.Request) error {
	o, err := business(r)
	if err != nil {
		return err
	}
	version, _ := strconv.ParseInt(r.Value("version"), 10, 64)
	in := party.BillData{BuyerReference: r.Value("buyer_reference"), PurchaseOrder: r.Value("purchase_order"), CostCentre: r.Value("cost_centre"), CostTag: r.Value("cost_tag"), Version: version}
	if _, err = d.Parties.SetBillData(r.Context(), r.Caller, o.ID, in); err == nil {
		return r.Redirect(companyPage, site.Done("bills.saved"))
	}
	view, ok := refused(r, err, billsForm(r, in), nil)
	if !ok {
		return err
	}
	return d.showBills(r, site.Status(err), o, billForms{bills: &view})
}

// saveCompany takes the form about the company, saveReach that about its electronic address.
func (d *desk) saveCompany(r *site.Request) error {
	return d.saveEntity(r, companyForm, func(v *site.FormView) billForms { return billForms{company: v} })
}

func (d *desk) saveReach(r *site.Request) error {
	return d.saveEntity(r, reachForm, func(v *site.FormView) billForms { return billForms{reach: v} })
}

func (d *desk) saveEntity(r *site.Request, ask func(*site.Request, party.Entity) site.FormView, with func(*site.FormView) billForms) error {
	o, err := business(r)
	if err != nil {
		return err
	}
	e, err := d.own(r, o)
	if err != nil {
		return err
	}
	if e.ID == "" {
		return missing("legal entity", o.ID)
	}
	e = company.Read(r, e)
	if r.PostForm.Has("name") {
		e.Name = r.Value("name")
	}
	if e.Version, err = strconv.ParseInt(r.Value("version"), 10, 64); err != nil {
		e.Version = 0
	}
	if _, err = d.Parties.SetEntity(r.Context(), r.Caller, e); err == nil {
		return r.Redirect(companyPage, site.Done("bills.saved"))
	}
	view, ok := refused(r, err, ask(r, e), nil)
	if !ok {
		return err
	}
	return d.showBills(r, site.Status(err), o, with(&view))
}
