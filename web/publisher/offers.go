package publisher

import (
	"net/url"
	"strings"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

const (
	pageSize = 100
	maxPages = 20
)

func address(v catalog.Version) string { return home + "/offers/" + url.PathEscape(v.Content.Key) }

// versions are those of the publisher's offers, newest first.
func (d *pages) versions(r *site.Request) (all []catalog.Version, err error) {
	cursor := ""
	for range maxPages {
		page, err := d.Catalogue.Versions(r.Context(), r.Caller, r.Caller.Org, cursor, pageSize)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Versions...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	return all, nil
}

// of keeps the versions of one offer.
func (d *pages) of(r *site.Request, key string) ([]catalog.Version, error) {
	all, err := d.versions(r)
	if err != nil {
		return nil, err
	}
	var out []catalog.Version
	for _, v := range all {
		if v.Content.Key == key {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return nil, desk.Missing("offer", key)
	}
	return out, nil
}

func (d *pages) offers(r *site.Request) error {
	all, err := d.versions(r)
	if err != nil {
		return err
	}
	var rows []table.Row
	seen := map[string]bool{}
	sold := map[string]int64{}
	for _, v := range all {
		if v.State == catalog.StatePublished {
			sold[v.Content.Key] = v.Number
		}
	}
	q := table.Parse(r.URL)
	for _, v := range all {
		key := v.Content.Key
		name, _ := v.Content.Name.In(r.Lang())
		if seen[key] || (q.Get("state") != "" && q.Get("state") != string(v.State)) || !strings.Contains(strings.ToLower(name+" "+key), strings.ToLower(q.Text())) {
			seen[key] = true
			continue
		}
		seen[key] = true
		shelf := r.T("publisher.offers.unsold")
		if n := sold[key]; n > 0 {
			shelf = r.T("publisher.offers.sold", "number", n)
		}
		rows = append(rows, table.Row{URL: address(v), Cells: []table.Cell{desk.Two(name, key), desk.Stated(r, string(v.State)), desk.Text(shelf), desk.Text(r.L.Number(int64(len(v.Content.Plans)))), desk.Since(r, v.CreatedAt)}})
	}
	t := desk.List(r, "offers", r.T("publisher.offers"), "publisher.offers.none", []table.Column{desk.Col(r.T("publisher.offer")), desk.Col(r.T("publisher.newest")),
		desk.Col(r.T("publisher.shelf")), {Name: r.T("publisher.plans"), Numeric: true, Hidden: true}, desk.Wide(r.T("publisher.changed"))}, rows)
	t.Empty = states.Empty{Icon: "tag", Title: r.T("publisher.offers.none"), Text: r.T("publisher.offers.none.text"), Action: &button.Button{Text: r.T("publisher.import"), URL: home + "/offers/new"}}
	if len(all) > 0 {
		t.Search, t.Found = r.T("publisher.offers.search"), int64(len(rows))
		t.Filters = []form.Field{desk.Filter(r, "offers-state", "state", r.T("desk.state"), "", r.T("desk.state.any"), "draft", desk.StateText(r, "draft"), "review", desk.StateText(r, "review"),
			"published", desk.StateText(r, "published"), "withdrawn", desk.StateText(r, "withdrawn"))}
	}
	return d.show(r, site.Sheet{Page: r.Page(r.T("publisher.offers")), Lead: r.T("publisher.offers.lead"), Main: []site.Block{desk.Block("", "", "", t)},
		Actions: []button.Button{{Text: r.T("publisher.import"), URL: home + "/offers/new", Kind: button.Primary, Icon: "plus"}}})
}

// offer is one offer with all its versions.
func (d *pages) offer(r *site.Request) error {
	list, err := d.of(r, r.PathValue("key"))
	if err != nil {
		return err
	}
	newest := list[0]
	name, _ := newest.Content.Name.In(r.Lang())
	summary, _ := newest.Content.Summary.In(r.Lang())
	sheet := site.Sheet{Page: crumbs(r, name), Lead: summary, Badge: desk.State(r, string(newest.State)), Actions: actions(r, list)}
	if next := r.T("publisher.next." + string(newest.State)); newest.State != catalog.StateSuperseded {
		n := flash.Notice{Tone: part.Accent, Title: next}
		if newest.Note != "" {
			n = flash.Notice{Tone: part.Warn, Title: r.T("publisher.returned"), Text: newest.Note}
			if newest.State == catalog.StateWithdrawn {
				n.Title = next
			}
		}
		sheet.Main = append(sheet.Main, site.Block{Template: "flash", View: n})
	}
	var rows []table.Row
	for _, v := range list {
		rows = append(rows, table.Row{URL: home + "/versions/" + v.ID, Cells: []table.Cell{desk.Named(r.T("publisher.version", "number", v.Number), v.ID), desk.Stated(r, string(v.State)),
			desk.Since(r, v.CreatedAt), desk.Since(r, v.PublishedAt), desk.Text(v.Note)}})
	}
	t := desk.List(r, "versions", r.T("publisher.versions"), "publisher.offers.none", []table.Column{desk.Col(r.T("publisher.version.column")), desk.Col(r.T("desk.state")), desk.Col(r.T("publisher.saved")),
		desk.Wide(r.T("publisher.published")), desk.Wide(r.T("publisher.note"))}, rows)
	sheet.Main = append(sheet.Main, desk.Block("versions-of", r.T("publisher.versions"), r.T("publisher.versions.text"), t))
	return d.show(r, sheet)
}

// actions are what can be done to an offer now; list is its versions, newest first.
func actions(r *site.Request, list []catalog.Version) []button.Button {
	newest := list[0]
	var out []button.Button
	if newest.State == catalog.StateDraft {
		out = append(out, button.Button{Text: r.T("publisher.submit"), URL: home + "/versions/" + newest.ID + "/submit", Post: true, Kind: button.Primary})
	}
	if newest.State != catalog.StateReview {
		out = append(out, button.Button{Text: r.T("publisher.edit"), URL: address(newest) + "/edit"})
	}
	out = append(out, button.Button{Text: r.T("pricing.title"), URL: address(newest) + "/prices"})
	out = append(out, button.Button{Text: r.T("publisher.preview"), URL: home + "/versions/" + newest.ID, Kind: button.Quiet})
	for _, v := range list {
		if v.State == catalog.StatePublished {
			out = append(out, button.Button{Text: r.T("publisher.withdraw"), URL: home + "/versions/" + v.ID + "/withdraw", Kind: button.Quiet})
		}
	}
	return out
}

func (d *pages) submit(r *site.Request) error {
	v, err := d.Catalogue.Submit(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Redirect(address(v), site.Done("publisher.submitted"))
}

func (d *pages) askWithdraw(r *site.Request) error {
	v, err := d.Catalogue.Version(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	name, _ := v.Content.Name.In(r.Lang())
	title := r.T("publisher.withdraw.title", "name", name)
	return d.show(r, site.Sheet{Page: crumbs(r, title, name, address(v)), Narrow: true, Main: []site.Block{{Template: "confirm", View: confirm.Question{Title: r.T("publisher.withdraw.question"),
		Action: home + "/versions/" + v.ID + "/withdraw", Button: r.T("publisher.withdraw.button"), Danger: true, Back: part.Link{Text: r.T("publisher.withdraw.back"), URL: address(v)},
		Fields:       []form.Field{desk.Field(r, "note", "publisher.withdraw.note", form.Text)},
		Consequences: []confirm.Consequence{{Tone: part.Bad, Text: r.T("publisher.withdraw.a")}, {Tone: part.Good, Text: r.T("publisher.withdraw.b")}}}}}})
}

func (d *pages) withdraw(r *site.Request) error {
	v, err := d.Catalogue.Withdraw(r.Context(), r.Caller, r.PathValue("id"), r.Value("note"))
	if err != nil {
		return err
	}
	return r.Redirect(address(v), site.Done("publisher.withdrawn"))
}
