package operator

import (
	"slices"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

func (d *pages) review(r *site.Request) error {
	q := table.Parse(r.URL)
	p, err := d.Catalogue.InReview(r.Context(), r.Caller, q.After(), 50)
	if err != nil {
		return err
	}
	names := d.names()
	var rows []table.Row
	for _, v := range p.Versions {
		name, _ := v.Content.Name.In(r.Lang())
		rows = append(rows, table.Row{URL: home + "/review/" + v.ID, Cells: []table.Cell{desk.Two(name, v.Content.Key), desk.Text(names.Of(r, v.Publisher)),
			desk.Text(r.T("operator.version", "number", v.Number)), desk.Since(r, v.SubmittedAt)}})
	}
	t := desk.List(r, "review", r.T("operator.review"), "operator.review.none", []table.Column{desk.Col(r.T("operator.offer")), desk.Col(r.T("operator.publisher")), desk.Wide(r.T("operator.version.column")),
		desk.Col(r.T("operator.submitted"))}, rows)
	t.After = p.Next
	return r.OK(site.Sheet{Page: page(r, r.T("operator.review")), Lead: r.T("operator.review.lead"), Main: []site.Block{desk.Block("", "", "", t)}})
}

// last is the version that was on the shelf before this one; nil when the offer is new.
func (d *pages) last(r *site.Request, v catalog.Version) (*catalog.Version, error) {
	cursor := ""
	for range 20 {
		p, err := d.Catalogue.Versions(r.Context(), r.Caller, v.Publisher, cursor, many)
		if err != nil {
			return nil, err
		}
		for i, old := range p.Versions {
			if old.Offer == v.Offer && old.Number < v.Number && !old.PublishedAt.IsZero() {
				return &p.Versions[i], nil
			}
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	return nil, nil
}

// unstamped is the content without the dates that saving gave its prices: they differ in every version and say nothing.
func unstamped(v catalog.Version) catalog.Content {
	c := v.Content
	c.Plans = slices.Clone(c.Plans)
	for i := range c.Plans {
		c.Plans[i].Prices = slices.Clone(c.Plans[i].Prices)
		for j, p := range c.Plans[i].Prices {
			if !p.EffectiveFrom.After(v.CreatedAt) {
				c.Plans[i].Prices[j].EffectiveFrom = time.Time{}
			}
		}
	}
	return c
}

func returnForm(r *site.Request) site.FormView {
	return site.FormView{Action: home + "/review/" + r.PathValue("id") + "/return", Fields: []form.Field{desk.Field(r, "note", "operator.return.note", form.Area)}, Button: r.T("operator.return.button"), Quiet: true}
}

func (d *pages) reviewed(r *site.Request) error {
	sheet, err := d.reviewSheet(r, returnForm(r))
	if err != nil {
		return err
	}
	return r.OK(sheet)
}

// reviewSheet shows what changes on the shelf, line by line, and the two answers.
func (d *pages) reviewSheet(r *site.Request, view site.FormView) (site.Sheet, error) {
	v, err := d.Catalogue.Version(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return site.Sheet{}, err
	}
	now, err := catalog.Export(unstamped(v))
	if err != nil {
		return site.Sheet{}, err
	}
	old, err := d.last(r, v)
	if err != nil {
		return site.Sheet{}, err
	}
	label, was := r.T("operator.diff.new"), []byte(nil)
	if old != nil {
		label = r.T("operator.diff.changed", "number", old.Number)
		if was, err = catalog.Export(unstamped(*old)); err != nil {
			return site.Sheet{}, err
		}
	}
	name, _ := v.Content.Name.In(r.Lang())
	summary, _ := v.Content.Summary.In(r.Lang())
	sheet := site.Sheet{Page: page(r, name, r.T("operator.review"), home+"/review"), Lead: summary, Badge: desk.State(r, string(v.State)), Main: []site.Block{
		{Template: "details", View: desk.Pairs(desk.Pair(r.T("operator.publisher"), d.names().Of(r, v.Publisher)), desk.Pair(r.T("operator.version.column"), r.L.Number(v.Number)),
			desk.Pair(r.T("operator.seller"), r.T("operator.seller."+string(v.Content.Seller))), desk.Pair(r.T("operator.driver"), v.Content.Driver.Name+" / "+v.Content.Driver.Kind),
			desk.Pair(r.T("operator.isolation"), v.Content.Driver.Isolation), desk.Pair(r.T("operator.hash"), v.Hash))},
		{ID: "changes", Title: r.T("operator.diff"), Template: "desk/diff", View: desk.Compare(label, string(was), string(now))}}}
	if v.State == catalog.StateReview {
		sheet.Actions = []button.Button{{Text: r.T("operator.publish"), URL: home + "/review/" + v.ID + "/publish", Post: true, Kind: button.Primary}}
		sheet.Main = append(sheet.Main, desk.FormBlock("return", r.T("operator.return"), r.T("operator.return.text"), view))
	}
	return sheet, nil
}

func (d *pages) publish(r *site.Request) error {
	v, err := d.Catalogue.Publish(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	name, _ := v.Content.Name.In(r.Lang())
	return r.Redirect(home+"/review", site.Done("operator.published", "name", name))
}

func (d *pages) giveBack(r *site.Request) error {
	v, err := d.Catalogue.Return(r.Context(), r.Caller, r.PathValue("id"), r.Value("note"))
	if err != nil {
		return desk.Refused(r, err, nil, returnForm(r), func(f site.FormView) (site.Sheet, error) { return d.reviewSheet(r, f) })
	}
	name, _ := v.Content.Name.In(r.Lang())
	return r.Redirect(home+"/review", site.Done("operator.returned", "name", name))
}
