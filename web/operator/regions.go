package operator

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// certified tells how a certificate stands: valid, ends_soon, expired.
func certified(c residency.Certificate, now time.Time) string {
	end := c.To.Start(time.UTC).AddDate(0, 0, 1)
	switch {
	case !end.After(now):
		return "expired"
	case end.Sub(now) < early:
		return "ends_soon"
	}
	return "valid"
}

func (d *pages) regions(r *site.Request) error {
	facts, hash, err := d.Residency.FactsNow(r.Context(), r.Caller)
	sheet := site.Sheet{Page: page(r, r.T("operator.regions")), Lead: r.T("operator.regions.lead")}
	load := button.Button{Text: r.T("operator.regions.import"), URL: home + "/regions/import", Kind: button.Primary}
	if runs(r.Caller) {
		sheet.Actions = []button.Button{load}
	}
	if fail.Is(err, fail.Unavailable) {
		sheet.Main = []site.Block{{Template: "states.empty", View: states.Empty{Icon: "place", Title: r.T("operator.regions.none"), Text: r.T("operator.regions.none.text")}}}
		return r.OK(sheet)
	}
	if err != nil {
		return err
	}
	free := map[string]int64{}
	if runs(r.Caller) {
		if free, err = d.Residency.Free(r.Context(), r.Caller); err != nil {
			return err
		}
	}
	if sheet.Main, err = d.ruleChanges().Waiting(r, r.Caller.Org); err != nil {
		return err
	}
	sheet.Main = append(sheet.Main, desk.Block("", "", "", d.regionTable(r, facts, free)), desk.Block("certificates", r.T("operator.certificates"), r.T("operator.certificates.text"), certificates(r, facts)),
		site.Block{Template: "details", View: desk.Pairs(desk.Pair(r.T("operator.regions.hash"), hash))})
	return r.OK(sheet)
}

func (d *pages) regionTable(r *site.Request, facts *residency.Facts, free map[string]int64) table.Table {
	clouds, laws, names := map[string]residency.Cloud{}, facts.AllLaws(), map[string]string{}
	for _, c := range facts.Clouds {
		clouds[c.Key] = c
	}
	for _, e := range facts.Entities {
		names[e.Key] = e.Name
	}
	var rows []table.Row
	for _, g := range facts.Regions {
		cloud := clouds[g.Cloud]
		units := r.L.Number(g.Capacity)
		if n, known := free[g.Key]; known {
			units = r.T("operator.regions.free", "free", n, "all", g.Capacity)
		}
		state := desk.Text(r.T("operator.regions.open"))
		if g.Retired {
			state = desk.Text(r.T("operator.regions.retired"))
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(g.City+", "+r.L.Country(g.Country), g.Key), desk.Two(cloud.Name, names[cloud.Operator]), desk.Text(lawText(r, laws[cloud.Operator])),
			desk.Text(r.T("place.evidence." + string(g.Evidence))), desk.Text(units), desk.Text(r.L.Money(desk.UnitPrice(g.Price))), state}})
	}
	t := desk.List(r, "regions", r.T("operator.regions"), "operator.regions.none", []table.Column{desk.Col(r.T("desk.place")), desk.Col(r.T("operator.cloud")), desk.Col(r.T("operator.law")), desk.Wide(r.T("operator.evidence")),
		desk.Num(r.T("operator.capacity")), {Name: r.T("operator.price"), Numeric: true, Hidden: true}, desk.Wide(r.T("desk.state"))}, rows)
	t.Found = int64(len(rows))
	return t
}

// lawText names the countries whose law reaches somebody; "?" is what nobody knows.
func lawText(r *site.Request, codes []string) string {
	var words []string
	for _, code := range codes {
		if code == "?" {
			words = append(words, r.T("operator.law.unknown"))
			continue
		}
		words = append(words, r.L.Country(code))
	}
	return strings.Join(words, ", ")
}

func certificates(r *site.Request, facts *residency.Facts) table.Table {
	names, now := map[string]string{}, r.Site().Options().Now()
	for _, e := range facts.Entities {
		names[e.Key] = e.Name
	}
	var rows []table.Row
	for _, c := range facts.Certificates {
		scope := c.Region
		if scope == "" {
			scope = r.T("operator.certificate.everywhere")
		}
		state, until := certified(c, now), desk.Text(desk.Day(r, c.To))
		if state != "valid" {
			until.Sub = r.L.Ago(c.To.Start(time.UTC))
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(c.Type, c.Key), desk.Text(names[c.Holder]), desk.Text(scope), until, desk.Stated(r, state)}})
	}
	return desk.List(r, "certificates-list", r.T("operator.certificates"), "operator.certificates.none", []table.Column{desk.Col(r.T("operator.certificate")), desk.Col(r.T("operator.holder")), desk.Wide(r.T("operator.scope")),
		desk.Col(r.T("operator.until")), desk.Col(r.T("desk.state"))}, rows)
}

func (d *pages) importView(r *site.Request, text string) desk.YAML {
	return desk.YAML{Action: home + "/regions/import", Label: r.T("operator.import.label"), Hint: r.T("operator.import.hint"), Text: text, Button: r.T("operator.import.preview"),
		Back: part.Link{Text: r.T("operator.import.back"), URL: home + "/regions"}}
}

func (d *pages) importSheet(r *site.Request, status int, y desk.YAML) error {
	title := r.T("operator.regions.import")
	return r.Show(status, site.Sheet{Page: page(r, title, r.T("operator.regions"), home+"/regions"), Lead: r.T("operator.import.lead"), Main: []site.Block{{Template: "desk/yaml", View: y}}})
}

func (d *pages) importPage(r *site.Request) error { return d.importSheet(r, 200, d.importView(r, "")) }

// preview says what a file would change, before anything changes.
func (d *pages) preview(r *site.Request) error {
	text, err := desk.Sent(r)
	if err != nil {
		return err
	}
	file, err := residency.Read([]byte(text))
	if err != nil {
		return d.importAgain(r, err, text)
	}
	now, _, err := d.Residency.FactsNow(r.Context(), r.Caller)
	if fail.Is(err, fail.Unavailable) {
		now, err = &residency.Facts{}, nil
	}
	if err != nil {
		return err
	}
	rows := changes(r, now, file.Facts)
	t := desk.List(r, "changes", r.T("operator.import.changes"), "operator.import.same", []table.Column{desk.Col(r.T("operator.import.entry")), desk.Col(r.T("operator.import.kind")), desk.Col(r.T("operator.import.change"))}, rows)
	title := r.T("operator.import.changes")
	sheet := site.Sheet{Page: page(r, title, r.T("operator.regions"), home+"/regions"), Lead: r.T("operator.import.changes.lead"), Main: []site.Block{desk.Block("", "", "", t)}}
	view := site.FormView{Action: home + "/regions/import/do", Button: r.T("operator.import.button"), Hidden: []button.Pair{{Name: "yaml", Value: text}}, Back: &part.Link{Text: r.T("operator.import.back"), URL: home + "/regions"}}
	if len(rows) > 0 {
		effect, err := d.factsEffect(r, text)
		if err != nil {
			return d.importAgain(r, err, text)
		}
		sheet.Main = append(sheet.Main, site.Block{Template: "site/form", View: view})
		sheet.Main = append(sheet.Main, effect...)
	}
	return r.OK(sheet)
}

func (d *pages) importAgain(r *site.Request, err error, text string) error {
	y := d.importView(r, text)
	if !y.Complain(r, err) {
		return err
	}
	return d.importSheet(r, site.Status(err), y)
}

func (d *pages) doImport(r *site.Request) error {
	text := r.PostFormValue("yaml")
	out, err := d.Residency.Import(r.Context(), r.Caller, []byte(text))
	if err != nil {
		return d.importAgain(r, err, text)
	}
	if out.Proposal != "" {
		return r.Redirect(home+"/regions", site.Told("rulechange.waits"))
	}
	return r.Redirect(home+"/regions", site.Done("operator.imported", "n", r.L.Number(int64(out.Regions)), "version", r.L.Number(out.Version)))
}

// changes are the entries of a file that are new or differ from what is known.
func changes(r *site.Request, now, file *residency.Facts) (rows []table.Row) {
	add := func(kind, key, name, state string) {
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(name, key), desk.Text(r.T("operator.import." + kind)), desk.Text(r.T("operator.import." + state))}})
	}
	compare(now.Entities, file.Entities, func(e residency.Entity) (string, string) { return e.Key, e.Name }, func(key, name, state string) { add("entity", key, name, state) })
	compare(now.Clouds, file.Clouds, func(c residency.Cloud) (string, string) { return c.Key, c.Name }, func(key, name, state string) { add("cloud", key, name, state) })
	compare(now.Regions, file.Regions, func(g residency.Region) (string, string) { return g.Key, g.Name }, func(key, name, state string) { add("region", key, name, state) })
	compare(now.Certificates, file.Certificates, func(c residency.Certificate) (string, string) { return c.Key, c.Type }, func(key, name, state string) { add("certificate", key, name, state) })
	return rows
}

func compare[T any](now, file []T, named func(T) (key, name string), tell func(key, name, state string)) {
	known := map[string]T{}
	for _, t := range now {
		key, _ := named(t)
		known[key] = t
	}
	for _, t := range file {
		key, name := named(t)
		switch old, is := known[key]; {
		case !is:
			tell(key, name, "new")
		case !same(old, t):
			tell(key, name, "changed")
		}
	}
}

// same compares by the form in which both are stored.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
