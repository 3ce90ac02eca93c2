package house

import (
	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/site"
)

// vatBlocks is what was last said about the VAT number on file, and the button to ask again.
func (d *desk) vatBlocks(r *site.Request, o party.Organisation, e party.Entity) ([]site.Block, error) {
	if e.VATID == "" {
		return nil, nil
	}
	list, err := d.Parties.VATChecks(r.Context(), r.Caller, o.ID, e.ID)
	if err != nil {
		return nil, err
	}
	items := details.List{Items: []details.Item{{Name: r.T("company.vat_id"), Value: e.VATID}}}
	said := r.T("vat.never")
	if len(list) > 0 && list[0].VATID == e.VATID {
		k := list[0]
		said = r.T("vat." + string(k.Outcome))
		items.Items = append(items.Items, details.Item{Name: r.T("vat.asked"), Value: r.L.Instant(k.At)})
		if k.Consultation != "" {
			items.Items = append(items.Items, details.Item{Name: r.T("vat.consultation"), Value: k.Consultation})
		}
		if k.Code != "" {
			items.Items = append(items.Items, details.Item{Name: r.T("vat.code"), Value: k.Code})
		}
	}
	items.Items = append(items.Items, details.Item{Name: r.T("vat.answer"), Value: said})
	out := []site.Block{{ID: "vat", Title: r.T("vat.title"), Text: r.T("vat.text"), Template: "details", View: items}}
	if customer.May(d.Services, r, access.BillsSet) == nil {
		out = append(out, site.Block{Template: "button", View: button.Button{Text: r.T("vat.ask"), URL: companyPage + "/vat", Post: true}})
	}
	return out, nil
}

// askVAT asks now.
func (d *desk) askVAT(r *site.Request) error {
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
	if _, err := d.Parties.CheckVAT(r.Context(), r.Caller, o.ID, e.ID); err != nil {
		return err
	}
	return r.Redirect(companyPage+"#vat", site.Done("vat.done"))
}
