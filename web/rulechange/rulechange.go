// Package rulechange shows what a change of where data may live would do, and lets a second person agree to it.
//
// Owns: these parts of pages, for customers and the operator alike.
// Does not own: the rules and who may change them (residency).
// Reads: proposals and effects of residency, colleagues of party.
// Writes: nothing but what residency does when somebody decides.
package rulechange

import (
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// Pages are those of one desk. Home is the page that changes belong to, and Crumbs the way to it.
type Pages struct {
	site.Services
	Home   string
	Crumbs func(r *site.Request, title string) []part.Link
}

// Routes registers the page of a proposal and its two answers below Home, guarded as the desk is.
func (p Pages) Routes(get, post func(path string, h site.Handler)) {
	get(p.Home+"/proposals/{proposal}", p.look)
	post(p.Home+"/proposals/{proposal}/approve", p.approve)
	post(p.Home+"/proposals/{proposal}/reject", p.reject)
}

// Consequences say what a change would do, as a person weighs it.
func Consequences(r *site.Request, e residency.Effect) []confirm.Consequence {
	var out []confirm.Consequence
	add := func(t part.Tone, text string) { out = append(out, confirm.Consequence{Tone: t, Text: text}) }
	for _, l := range e.Loosens {
		add(part.Warn, Loosening(r, l))
	}
	if e.Allowed > 0 {
		add(part.Warn, r.T("rulechange.opened", "n", e.Allowed, "all", e.Looked))
	}
	if e.Refused > 0 {
		add(part.Accent, r.T("rulechange.closed", "n", e.Refused, "all", e.Looked))
	}
	if e.Allowed+e.Refused == 0 {
		add(part.Good, r.T("rulechange.nothing", "all", e.Looked))
	}
	return append(out, confirm.Consequence{Tone: part.Good, Text: r.T("rulechange.running")})
}

// Loosening says one demand that is no longer made.
func Loosening(r *site.Request, l residency.Loosening) string {
	class, values := r.T("policy.class.all"), make([]string, len(l.Values))
	if l.Class != "" {
		class = Class(r, l.Class)
	}
	for i, v := range l.Values {
		switch l.Demand {
		case residency.DemandClass, residency.DemandDefault:
			values[i] = Class(r, v)
		case residency.DemandCertificates:
			values[i] = v
		default:
			values[i] = r.L.Country(v)
		}
	}
	key := "rulechange.loosens." + string(l.Demand)
	if len(values) == 0 && r.L.Has(key+".all") {
		key += ".all"
	}
	return r.T(key, "class", class, "values", strings.Join(values, ", "))
}

// Class names a class of data.
func Class(r *site.Request, class string) string {
	if key := "class." + class; r.L.Has(key) {
		return r.T(key)
	}
	return class
}

// shown is how many cells a page lists.
const shown = 60

// Table lists what becomes possible, and what no longer is.
func Table(r *site.Request, s site.Services, e residency.Effect) site.Block {
	regions := map[string]string{}
	if facts, _, err := s.Residency.FactsNow(r.Context(), r.Caller); err == nil {
		for _, g := range facts.Regions {
			regions[g.Key] = g.City + ", " + r.L.Country(g.Country)
		}
	}
	var rows []table.Row
	add := func(list []residency.Cell, tone part.Tone, word string) {
		for _, c := range list {
			if len(rows) == shown {
				return
			}
			place, offer := regions[c.Region], c.Offer
			if place == "" {
				place = c.Region
			}
			if offer == "" {
				offer = r.T("rulechange.offer.own")
			}
			why := ""
			if len(c.Reasons) > 0 {
				why = r.Reason(c.Reasons[0].Fail())
			}
			rows = append(rows, table.Row{Cells: []table.Cell{{Badge: &badge.Badge{Tone: tone, Text: r.T(word)}}, {Text: Class(r, c.Class)}, {Text: place, Sub: c.Region}, {Text: offer}, {Text: why}}})
		}
	}
	add(e.Opened, part.Warn, "rulechange.allowed")
	add(e.Closed, part.Accent, "rulechange.refused")
	t := table.Table{ID: "effect", Caption: r.T("rulechange.table"), Query: table.Parse(r.URL), Found: int64(e.Allowed + e.Refused), Empty: states.Empty{Icon: "place", Title: r.T("rulechange.none")},
		Columns: []table.Column{{Name: r.T("rulechange.column.now")}, {Name: r.T("rulechange.column.data")}, {Name: r.T("rulechange.column.place")}, {Name: r.T("rulechange.column.offer"), Hidden: true}, {Name: r.T("rulechange.column.why"), Hidden: true}}, Rows: rows}
	return site.Block{ID: "effect", Title: r.T("rulechange.table"), Text: r.T("rulechange.table.text"), Template: "table", View: t}
}

// Waiting lists the changes of an organisation that wait for a second person; none when there are none, or for somebody who
// may not see them.
func (p Pages) Waiting(r *site.Request, org string) ([]site.Block, error) {
	list, _, err := p.Residency.Proposals(r.Context(), r.Caller, org, "")
	if fail.Is(err, fail.Denied) || fail.Is(err, fail.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rows []table.Row
	for _, one := range list {
		if one.State == residency.ProposalWaiting {
			rows = append(rows, table.Row{URL: p.Home + "/proposals/" + one.ID, Cells: []table.Cell{{Text: r.T("rulechange.kind." + string(one.Kind))}, {Text: p.person(r, one.Requester)}, {Text: r.L.Ago(one.CreatedAt)}, {Badge: state(r, one.State)}}})
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	t := table.Table{ID: "waiting", Caption: r.T("rulechange.waiting"), Query: table.Parse(r.URL), Found: int64(len(rows)), Rows: rows,
		Columns: []table.Column{{Name: r.T("rulechange.what")}, {Name: r.T("rulechange.asked")}, {Name: r.T("rulechange.when"), Hidden: true}, {Name: r.T("rulechange.state")}}}
	return []site.Block{{ID: "waiting", Title: r.T("rulechange.waiting"), Text: r.T("rulechange.waiting.text"), Template: "table", View: t}}, nil
}

func state(r *site.Request, s residency.ProposalState) *badge.Badge {
	tones := map[residency.ProposalState]part.Tone{residency.ProposalWaiting: part.Warn, residency.ProposalApproved: part.Good, residency.ProposalRejected: part.Bad, residency.ProposalWithdrawn: part.Neutral}
	return &badge.Badge{Tone: tones[s], Text: r.T("rulechange.state." + string(s))}
}

// person is a colleague by name, or as facts call who it was.
func (p Pages) person(r *site.Request, ref string) string {
	id, ok := strings.CutPrefix(ref, "person:")
	if !ok {
		return ref
	}
	if id == r.Caller.Person {
		return r.T("rulechange.you")
	}
	list, err := p.Parties.Members(r.Context(), r.Caller, r.Caller.Org)
	for _, m := range list {
		if err == nil && m.Person.ID == id && m.Person.Contact.Name != "" {
			return m.Person.Contact.Name
		}
	}
	return ref
}

func (p Pages) look(r *site.Request) error {
	v, err := p.Residency.Proposal(r.Context(), r.Caller, r.PathValue("proposal"))
	if err != nil {
		return err
	}
	title := r.T("rulechange.title")
	sheet := site.Sheet{Page: r.Page(title, p.Crumbs(r, title)...), Badge: state(r, v.State), Lead: r.T("rulechange.lead." + string(v.Kind))}
	items := []details.Item{{Name: r.T("rulechange.asked"), Value: p.person(r, v.Requester)}, {Name: r.T("rulechange.when"), Value: r.L.Ago(v.CreatedAt)}}
	if v.Decider != "" {
		items = append(items, details.Item{Name: r.T("rulechange.decided"), Value: p.person(r, v.Decider)})
	}
	if v.Reason != "" {
		items = append(items, details.Item{Name: r.T("rulechange.reason"), Value: v.Reason})
	}
	sheet.Main = []site.Block{{Template: "details", View: details.List{Items: items}}}
	if v.State == residency.ProposalWaiting {
		sheet.Main = append(sheet.Main, p.question(r, v)...)
		sheet.Main = append(sheet.Main, Table(r, p.Services, v.Effect))
	}
	sheet.Main = append(sheet.Main, site.Block{ID: "text", Title: r.T("rulechange.text"), Template: "code", View: code.Block{ID: "proposed", Label: r.T("rulechange.text"), Text: v.Text}})
	return r.OK(sheet)
}

// question asks the second person; whoever proposed it may withdraw it.
func (p Pages) question(r *site.Request, v residency.ProposalView) []site.Block {
	base := p.Home + "/proposals/" + v.ID
	no := site.FormView{Action: base + "/reject", Button: r.T("rulechange.reject"), Quiet: true, Fields: []form.Field{{ID: "reason", Label: r.T("rulechange.reason"), Optional: true}}}
	if v.Requester == r.Caller.Ref() {
		no.Button, no.Fields = r.T("rulechange.withdraw"), nil
		return []site.Block{{Title: r.T("rulechange.yours"), Text: r.T("rulechange.yours.text"), Template: "site/form", View: no}}
	}
	q := confirm.Question{Title: r.T("rulechange.question"), Action: base + "/approve", Button: r.T("rulechange.approve"), Hidden: []button.Pair{{Name: "base", Value: v.Base}},
		Back: part.Link{Text: r.T("rulechange.back"), URL: p.Home}, Consequences: Consequences(r, v.Effect)}
	if v.Broken != "" {
		return []site.Block{{Title: r.T("rulechange.broken"), Text: v.Broken, Template: "site/form", View: no}}
	}
	return []site.Block{{Template: "confirm", View: q}, {Title: r.T("rulechange.otherwise"), Template: "site/form", View: no}}
}

func (p Pages) approve(r *site.Request) error {
	id := r.PathValue("proposal")
	_, err := p.Residency.Approve(r.Context(), r.Caller, id, r.Value("base"))
	if fail.CodeOf(err) == "residency.base" {
		return r.Redirect(p.Home+"/proposals/"+id, site.Warned("rulechange.moved"))
	}
	if err != nil {
		return err
	}
	return r.Redirect(p.Home, site.Done("rulechange.approved"))
}

func (p Pages) reject(r *site.Request) error {
	v, err := p.Residency.Reject(r.Context(), r.Caller, r.PathValue("proposal"), r.Value("reason"))
	if err != nil {
		return err
	}
	return r.Redirect(p.Home, site.Done("rulechange.ended."+string(v.State)))
}
