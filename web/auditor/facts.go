package auditor

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/trace"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/seal"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

const (
	rowsAPage = 50
	batch     = 200
	batches   = 10 // a filter that finds little stops looking here and goes on with the next page
)

// nouns are the beginnings of fact types that one can look for.
func nouns() []string {
	return []string{"org", "person", "member", "session", "token", "offer", "order", "placement", "resource", "subscription", "window", "charges", "invoice", "payment", "residency", "trace"}
}

// matching gives facts of a party, newest first, that keep says yes to, and the cursor of the next page.
func (d *pages) matching(r *site.Request, org string, keep func(trace.Entry) bool) (out []trace.Entry, next string, err error) {
	before, _ := strconv.ParseInt(table.Parse(r.URL).After(), 10, 64) // anything else is the first page
	for range batches {
		list, err := d.Facts.Timeline(r.Context(), org, before, batch)
		if err != nil {
			return nil, "", err
		}
		for _, e := range list {
			before = e.Position
			if keep(e) {
				out = append(out, e)
			}
			if len(out) == rowsAPage {
				return out, strconv.FormatInt(before, 10), nil
			}
		}
		if len(list) < batch {
			return out, "", nil
		}
	}
	return out, strconv.FormatInt(before, 10), nil
}

func factURL(e trace.Entry, org string, own string) string {
	u := home + "/facts/" + e.ID
	if org != own {
		u += "?org=" + url.QueryEscape(org)
	}
	return u
}

// facts is the timeline of an organisation.
func (d *pages) facts(r *site.Request) error {
	o, err := d.asked(r, access.FactRead)
	if err != nil {
		return err
	}
	q := table.Parse(r.URL)
	noun, text := q.Get("about"), strings.ToLower(q.Text())
	list, next, err := d.matching(r, o.ID, func(e trace.Entry) bool {
		return (noun == "" || strings.HasPrefix(e.Type, noun+".")) && (text == "" || strings.Contains(strings.ToLower(e.Type+" "+e.Aggregate+" "+e.ID+" "+e.Actor), text))
	})
	if err != nil {
		return err
	}
	t, err := d.timeline(r, "facts", "auditor.facts.none", o.ID, list)
	if err != nil {
		return err
	}
	t.After, t.Search = next, r.T("auditor.facts.search")
	choice := []string{"", r.T("auditor.about.any")}
	for _, n := range nouns() {
		choice = append(choice, n, r.T("auditor.about."+n))
	}
	t.Filters = append(t.Filters, desk.Filter(r, "facts-about", "about", r.T("auditor.about"), choice...))
	return r.OK(site.Sheet{Page: r.Page(r.T("auditor.facts")), Heading: r.T("auditor.facts.of", "name", desk.Called(r, o)), Lead: r.T("auditor.facts.lead"), Main: []site.Block{desk.Block("", "", "", t)}})
}

func (d *pages) timeline(r *site.Request, id, empty, org string, list []trace.Entry) (table.Table, error) {
	var rows []table.Row
	for _, e := range list {
		rows = append(rows, table.Row{URL: factURL(e, org, r.Caller.Org), Cells: []table.Cell{desk.Two(says(r, e.Type), e.Type), desk.Text(desk.Short(e.Aggregate)), desk.Text(desk.Short(e.Actor)), desk.Since(r, e.At), desk.Text(r.L.Number(e.Position))}})
	}
	t := desk.List(r, id, r.T("auditor.facts"), empty, []table.Column{desk.Col(r.T("auditor.fact")), desk.Wide(r.T("auditor.aggregate")), desk.Wide(r.T("auditor.actor")), desk.Col(r.T("auditor.at")),
		{Name: r.T("auditor.position"), Numeric: true, Hidden: true}}, rows)
	whose, err := d.whose(r, id+"-org")
	t.Filters = []form.Field{whose}
	return t, err
}

// says is a fact type in words, where the catalogue has them: "order.placed.v1" is "auditor.says.order.placed".
func says(r *site.Request, kind string) string {
	short := kind
	if i := strings.LastIndex(kind, ".v"); i > 0 {
		short = kind[:i]
	}
	if key := "auditor.says." + short; r.L.Has(key) {
		return r.T(key)
	}
	noun, _, _ := strings.Cut(short, ".")
	if key := "auditor.about." + noun; r.L.Has(key) {
		return r.T(key)
	}
	return short
}

func (d *pages) entry(r *site.Request, a access.Action) (trace.Entry, string, error) {
	o, err := d.asked(r, a)
	if err != nil {
		return trace.Entry{}, "", err
	}
	e, err := d.Facts.Entry(r.Context(), o.ID, r.PathValue("id"))
	return e, o.ID, err
}

// fact is one fact with its seal.
func (d *pages) fact(r *site.Request) error {
	e, org, err := d.entry(r, access.FactRead)
	if err != nil {
		return err
	}
	stamp, err := d.seal(r, e, org)
	if err != nil {
		return err
	}
	about, err := d.Facts.About(r.Context(), org, e.Aggregate)
	if err != nil {
		return err
	}
	text := r.T("auditor.fact.erased")
	if !e.Erased {
		var b bytes.Buffer
		if err := json.Indent(&b, e.Machine, "", "  "); err != nil {
			return err
		}
		text = b.String()
	}
	names := &desk.Names{Parties: d.Parties}
	var parties []string
	for _, p := range e.Parties {
		parties = append(parties, names.Of(r, p))
	}
	title := says(r, e.Type)
	sheet := site.Sheet{Page: page(r, title), Lead: e.Type, Main: []site.Block{{Template: "seal", View: stamp},
		{Template: "details", View: desk.Pairs(desk.Pair(r.T("auditor.at"), r.L.Instant(e.At)), desk.Pair(r.T("auditor.actor"), e.Actor), desk.Pair(r.T("auditor.aggregate"), e.Aggregate),
			desk.Pair(r.T("auditor.version"), r.L.Number(e.Version)), desk.Pair(r.T("auditor.position"), r.L.Number(e.Position)), desk.Pair(r.T("auditor.parties"), strings.Join(parties, ", ")), desk.Pair(r.T("auditor.fact.id"), e.ID))},
		{Title: r.T("auditor.content"), Text: r.T("auditor.content.text"), Template: "code", View: code.Block{ID: "content", Label: r.T("auditor.content.label"), Text: text}}}}
	if stamp.Download != "" {
		sheet.Actions = []button.Button{{Text: r.T("auditor.receipt"), URL: stamp.Download, Icon: "download", Kind: button.Primary}}
	}
	if len(about) > 1 {
		var rows []table.Row
		for _, one := range about {
			rows = append(rows, table.Row{URL: factURL(one, org, r.Caller.Org), Cells: []table.Cell{desk.Two(says(r, one.Type), one.Type), desk.Since(r, one.At), desk.Text(r.L.Number(one.Version))}})
		}
		sheet.Main = append(sheet.Main, desk.Block("about", r.T("auditor.same"), "", desk.List(r, "same", r.T("auditor.same"), "auditor.facts.none", []table.Column{desk.Col(r.T("auditor.fact")), desk.Col(r.T("auditor.at")), desk.Num(r.T("auditor.version"))}, rows)))
	}
	return r.OK(sheet)
}

func (d *pages) seal(r *site.Request, e trace.Entry, org string) (seal.Seal, error) {
	stamp := seal.Seal{State: seal.Pending, Open: true, At: e.At}
	if d.Log == nil {
		return stamp, nil
	}
	s, err := d.Facts.Seal(r.Context(), d.Log, org, e.ID)
	if fail.Is(err, fail.Unavailable) || err == nil && !s.Published {
		return stamp, nil // it is on its way
	}
	if err != nil {
		return stamp, err
	}
	origin, _, _ := strings.Cut(d.Log.Key, "+")
	stamp.State, stamp.Index, stamp.Checkpoint, stamp.Origin = seal.Verified, int64(s.Index), int64(s.Size), origin
	stamp.Download = home + "/facts/" + e.ID + "/receipt?org=" + url.QueryEscape(org)
	stamp.Command = r.Site().Options().Commands.Program + " verify receipt " + e.ID + ".receipt.json --key log.pub"
	return stamp, nil
}

// receipt is a fact with the proof that it stands in the log.
func (d *pages) receipt(r *site.Request) error {
	e, org, err := d.entry(r, access.FactProve)
	if err != nil {
		return err
	}
	if d.Log == nil {
		return fail.New(fail.Unavailable, "auditor.no_log", "The log is not open here.", "Ask the operator.")
	}
	receipt, err := d.Facts.Receipt(r.Context(), d.Log, org, e.ID)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(receipt, "", "  ")
	if err != nil {
		return err
	}
	return r.File(e.ID+".receipt.json", "application/json", b)
}
