package operator

import (
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/rulechange"
	"github.com/halle-cloud/halle/web/site"
)

func (d *pages) ruleChanges() rulechange.Pages {
	return rulechange.Pages{Services: d.Services, Home: home + "/regions", Crumbs: func(r *site.Request, title string) []part.Link {
		return desk.Crumbs(title, r.T("operator.today"), home, r.T("operator.regions"), home+"/regions")
	}}
}

// factsEffect says what a file of facts would newly allow and refuse.
func (d *pages) factsEffect(r *site.Request, text string) ([]site.Block, error) {
	e, err := d.Residency.PreviewFacts(r.Context(), r.Caller, []byte(text))
	if err != nil {
		return nil, err
	}
	if e.Allowed+e.Refused == 0 {
		return []site.Block{{Title: r.T("rulechange.table"), Text: r.T("rulechange.nothing", "all", e.Looked)}}, nil
	}
	return []site.Block{rulechange.Table(r, d.Services, e)}, nil
}

// ruleTasks are changes of where data may live that a colleague proposed.
func (d *pages) ruleTasks(r *site.Request) ([]desk.Task, error) {
	list, _, err := d.Residency.Proposals(r.Context(), r.Caller, r.Caller.Org, "")
	if fail.Is(err, fail.Denied) {
		return nil, nil
	}
	for _, p := range list {
		if p.State == residency.ProposalWaiting && p.Requester != r.Caller.Ref() {
			return one(part.Warn, r.T("rulechange.task."+string(p.Kind)), r.L.Ago(p.CreatedAt), "/regions/proposals/"+p.ID), nil
		}
	}
	return nil, err
}
