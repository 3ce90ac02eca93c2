package operator

import (
	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// copies are the pages of every copy below the operator, the platform's own too.
func (d *pages) copies() desk.Data {
	return desk.Data{Copies: d.Copies, Base: home + "/copies", Page: page, May: func(r *site.Request) bool { return may(r.Caller) }, Above: d.askEngines}
}

func (d *pages) copyRoutes(get, post func(string, site.Handler)) {
	d.copies().Routes(below(get, "/copies"), below(post, "/copies"))
	post("/copies/look", d.lookNow)
	remedies := desk.Remedies{Drifts: d.Drifts, Base: home + "/remedies", Page: page, Any: true, May: func(r *site.Request) bool { return may(r.Caller) }}
	remedies.Routes(below(get, "/remedies"), below(post, "/remedies"))
}

// askEngines is the form that asks every engine at once.
func (d *pages) askEngines(r *site.Request) ([]site.Block, []button.Button, error) {
	if d.Policy.Check(r.Caller, access.CopyLook, whole(r.Caller, "copies")) != nil {
		return nil, nil, nil
	}
	view := site.FormView{Action: home + "/copies/look", Button: r.T("data.look.now"), Quiet: true, Note: r.T("data.look.now.text")}
	return []site.Block{{Template: "site/form", View: view}}, nil, nil
}

func (d *pages) lookNow(r *site.Request) error {
	c, err := d.Copies.LookNow(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	return r.Redirect(home+"/copies", site.Done("data.looked", "regions", r.L.Number(int64(c.Regions)), "copies", r.L.Number(int64(c.Copies)), "opened", r.L.Number(int64(c.Opened)),
		"closed", r.L.Number(int64(c.Closed))))
}
