package house

import (
	"encoding/json"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/rulechange"
	"github.com/halle-cloud/halle/web/site"
)

func (d *desk) ruleChanges() rulechange.Pages {
	return rulechange.Pages{Services: d.Services, Home: "/residency", Crumbs: func(r *site.Request, title string) []part.Link {
		return []part.Link{{Text: r.T("policy.title"), URL: "/residency"}, {Text: title}}
	}}
}

// weigh shows what new rules would do, before they hold.
func (d *desk) weigh(r *site.Request, own residency.Layer, e residency.Effect) error {
	text, err := json.Marshal(own)
	if err != nil {
		return err
	}
	title := r.T("policy.weigh")
	q := confirm.Question{Title: title, Action: "/residency/set", Button: r.T("policy.button"), Hidden: []button.Pair{{Name: "layer", Value: string(text)}},
		Back: part.Link{Text: r.T("policy.weigh.back"), URL: "/residency#own"}, Consequences: rulechange.Consequences(r, e)}
	sheet := site.Sheet{Page: r.Page(title, d.ruleChanges().Crumbs(r, title)...), Main: []site.Block{{Template: "confirm", View: q}}}
	if e.Allowed+e.Refused > 0 {
		sheet.Main = append(sheet.Main, rulechange.Table(r, d.Services, e))
	}
	return r.OK(sheet)
}

// confirmPolicy sets the rules that were weighed.
func (d *desk) confirmPolicy(r *site.Request) error {
	var own residency.Layer
	if err := json.Unmarshal([]byte(r.Value("layer")), &own); err != nil {
		return fail.New(fail.Invalid, "residency.policy", "These rules cannot be read.", "Go back and tick them once more.").Wrap(err)
	}
	v, err := d.Residency.SetPolicy(r.Context(), r.Caller, r.Caller.Org, own)
	if err != nil {
		return err
	}
	if v.Proposal != "" {
		return r.Redirect("/residency", site.Told("rulechange.waits"))
	}
	return r.Redirect("/residency", site.Done("policy.saved"))
}
