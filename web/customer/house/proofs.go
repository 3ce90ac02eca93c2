package house

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/site"
)

const factsShown = 30

// activity is the timeline of facts in words, newest first.
func (d *desk) activity(r *site.Request) error {
	if err := customer.May(d.Services, r, access.FactRead); err != nil {
		return err
	}
	before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	if err != nil {
		before = 0
	}
	list, err := d.Facts.Timeline(r.Context(), r.Caller.Org, before, factsShown)
	if err != nil {
		return err
	}
	trail, err := customer.Tell(d.Services, r, list)
	if err != nil {
		return err
	}
	if len(list) == factsShown {
		trail.More = &part.Link{Text: r.T("activity.more"), URL: "/activity?before=" + strconv.FormatInt(list[len(list)-1].Position, 10)}
	}
	sheet := site.Sheet{Page: r.Page(r.T("activity.title")), Lead: r.T("activity.lead"), Main: []site.Block{{Template: "customer/trail", View: trail}}}
	if len(list) == 0 {
		sheet.Main = []site.Block{{Template: "states.empty", View: states.Empty{Icon: "clock", Title: r.T("activity.none"), Text: r.T("activity.none.text")}}}
	}
	if customer.May(d.Services, r, access.FactProve) == nil && d.Log != nil {
		sheet.Actions = []button.Button{{Text: r.T("activity.statement"), URL: "/activity/statement", Icon: "download"}}
	}
	return r.OK(sheet)
}

// statement is every fact of the organisation, with which its holder proves offline that none is missing.
func (d *desk) statement(r *site.Request) error {
	if err := customer.May(d.Services, r, access.FactProve); err != nil {
		return err
	}
	if d.Log == nil {
		return noLog()
	}
	var b bytes.Buffer
	if err := d.Facts.Statement(r.Context(), d.Log, r.Caller.Org, &b); err != nil {
		return err
	}
	return r.File("halle-facts.json", "application/json", b.Bytes())
}

func noLog() error {
	return fail.New(fail.Unavailable, "proof.no_log", "The log is not open here.", "Try again in a moment.")
}

// receipt is one fact with the proof that it stands in the log.
func (d *desk) receipt(r *site.Request) error {
	fact := r.PathValue("id")
	if err := customer.May(d.Services, r, access.FactProve); err != nil {
		return err
	}
	if d.Log == nil {
		return noLog()
	}
	if _, _, _, ok := id.Parts(fact); !ok {
		return missing("fact", fact)
	}
	receipt, err := d.Facts.Receipt(r.Context(), d.Log, r.Caller.Org, fact)
	if err != nil {
		return err
	}
	b, err := json.Marshal(receipt)
	if err != nil {
		return err
	}
	return r.File(fact+".json", "application/json", b)
}

// proofs says what the log is and how everything is verified without trusting this installation.
func (d *desk) proofs(r *site.Request) error {
	sheet := site.Sheet{Page: r.Page(r.T("proofs.title")), Lead: r.T("proofs.lead")}
	program, at := r.Site().Options().Commands.Program, r.Site().Options().LogURL
	prose := func(key string, n int) site.Prose {
		p := site.Prose{}
		for i := 1; i <= n; i++ {
			p.Paragraphs = append(p.Paragraphs, r.T(key+strconv.Itoa(i)))
		}
		return p
	}
	sheet.Main = append(sheet.Main, site.Block{Title: r.T("proofs.what"), Template: "site/prose", View: prose("proofs.what.", 3)})
	if d.Log != nil {
		size, err := d.Log.Published(r.Context())
		if err != nil {
			return err
		}
		facts := details.List{Items: []details.Item{{Name: r.T("proofs.origin"), Value: customer.Origin(d.Services)}, {Name: r.T("proofs.size"), Value: r.L.Number(int64(size))}, {Name: r.T("proofs.key"), Value: d.Log.Key}}}
		block := site.Block{Title: r.T("proofs.log"), Text: r.T("proofs.log.text"), Template: "details", View: facts}
		if at != "" {
			block.Links = []part.Link{{Text: r.T("proofs.checkpoint"), URL: at + "checkpoint"}, {Text: r.T("proofs.pub"), URL: at + "log.pub"}}
		}
		sheet.Main = append(sheet.Main, block)
	}
	sheet.Main = append(sheet.Main, site.Block{Title: r.T("proofs.how"), Text: r.T("proofs.how.text"), Template: "code", View: code.Block{ID: "how-invoice", Label: r.T("proofs.how.invoice"), Text: program + " verify invoice INV-2026-000001.proof"}},
		site.Block{Template: "code", View: code.Block{ID: "how-receipt", Label: r.T("proofs.how.receipt"), Text: program + " verify receipt fct_….json"}},
		site.Block{Template: "code", View: code.Block{ID: "how-facts", Label: r.T("proofs.how.facts"), Text: program + " verify facts halle-facts.json --log ./log"}},
		site.Block{Template: "code", View: code.Block{ID: "how-log", Label: r.T("proofs.how.log"), Text: program + " verify log ./log"}},
		site.Block{Title: r.T("proofs.limits"), Template: "site/prose", View: prose("proofs.limits.", 3)})
	sheet.Actions = []button.Button{{Text: r.T("activity.title"), URL: "/activity"}}
	return r.OK(sheet)
}
