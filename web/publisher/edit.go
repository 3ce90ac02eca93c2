package publisher

import (
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/web/design"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

func (d *pages) yaml(r *site.Request, action, back, text string) desk.YAML {
	return desk.YAML{Action: action, Label: r.T("publisher.yaml"), Hint: r.T("publisher.yaml.hint"), Text: text, Button: r.T("publisher.save"), Second: r.T("publisher.save.submit"),
		Back: part.Link{Text: r.T("publisher.cancel"), URL: back}}
}

func (d *pages) editor(r *site.Request, status int, page design.Page, lead string, y desk.YAML) error {
	return r.Show(status, site.Sheet{Page: page, Lead: lead, Main: []site.Block{{Template: "desk/yaml", View: y}}})
}

func (d *pages) newOffer(r *site.Request) error {
	return d.editor(r, 200, crumbs(r, r.T("publisher.import")), r.T("publisher.import.lead"), d.yaml(r, home+"/offers/new", home, ""))
}

func (d *pages) importOffer(r *site.Request) error {
	return d.store(r, crumbs(r, r.T("publisher.import")), r.T("publisher.import.lead"), d.yaml(r, home+"/offers/new", home, ""), "")
}

func (d *pages) editOffer(r *site.Request) error {
	page, y, err := d.editing(r)
	if err != nil {
		return err
	}
	return d.editor(r, 200, page, r.T("publisher.edit.lead"), y)
}

func (d *pages) editing(r *site.Request) (page design.Page, y desk.YAML, err error) {
	list, err := d.of(r, r.PathValue("key"))
	if err != nil {
		return page, y, err
	}
	text, err := catalog.Export(list[0].Content)
	if err != nil {
		return page, y, err
	}
	name, _ := list[0].Content.Name.In(r.Lang())
	return crumbs(r, r.T("publisher.edit.title"), name, address(list[0])), d.yaml(r, address(list[0])+"/edit", address(list[0]), string(text)), nil
}

func (d *pages) saveOffer(r *site.Request) error {
	page, y, err := d.editing(r)
	if err != nil {
		return err
	}
	return d.store(r, page, r.T("publisher.edit.lead"), y, r.PathValue("key"))
}

// store saves what was sent as a draft, and submits it when that was asked. key is the offer that is edited, "" for any.
func (d *pages) store(r *site.Request, page design.Page, lead string, y desk.YAML, key string) error {
	text, err := desk.Sent(r)
	if err != nil {
		return err
	}
	y.Text = text
	v, err := d.save(r, text, key)
	submit := r.Ticked("then")
	if err == nil && submit && v.State == catalog.StateDraft {
		v, err = d.Catalogue.Submit(r.Context(), r.Caller, v.ID)
	}
	switch {
	case err == nil && submit:
		return r.Redirect(address(v), site.Done("publisher.submitted"))
	case err == nil:
		return r.Redirect(address(v), site.Done("publisher.draft.saved"))
	case !y.Complain(r, err):
		return err
	}
	return d.editor(r, site.Status(err), page, lead, y)
}

func (d *pages) save(r *site.Request, text, key string) (catalog.Version, error) {
	if key != "" {
		c, err := catalog.Parse([]byte(text))
		if err != nil {
			return catalog.Version{}, err
		}
		if c.Key != key {
			return catalog.Version{}, fail.New(fail.Invalid, "desk.other_key", "The key of an offer cannot change: it stands in addresses.", "Put the key back, or import the text as a new offer.").
				Field("key", c.Key)
		}
	}
	return d.Catalogue.ImportOffer(r.Context(), r.Caller, r.Caller.Org, []byte(text))
}

func (d *pages) export(r *site.Request) error {
	v, err := d.Catalogue.Version(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	text, err := catalog.Export(v.Content)
	if err != nil {
		return err
	}
	return r.File(v.Content.Key+".yaml", "application/yaml; charset=utf-8", text)
}
