package publisher

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/publisher/priceform"
	"github.com/halle-cloud/halle/web/site"
)

// pricing is a price list of a plan that is being edited.
type pricing struct {
	r       *site.Request
	newest  catalog.Version
	content catalog.Content
	plan, n int  // places in the content; n is that of a price to come when it is fresh
	fresh   bool // a price from a date on, made from the one that is there
	base    string
	form    priceform.Form
}

func (e *pricing) address() string {
	at := address(e.newest) + "/prices/" + url.PathEscape(e.content.Plans[e.plan].Key)
	if e.fresh {
		return at + "/new?from=" + strconv.Itoa(e.n)
	}
	return at + "/" + strconv.Itoa(e.n)
}

// prices is the timeline of every plan: which price holds when.
func (d *pages) prices(r *site.Request) error {
	list, err := d.of(r, r.PathValue("key"))
	if err != nil {
		return err
	}
	newest := list[0]
	name, _ := newest.Content.Name.In(r.Lang())
	sheet := site.Sheet{Page: crumbs(r, r.T("pricing.title"), name, address(newest)), Lead: r.T("pricing.lead"), Badge: desk.State(r, string(newest.State)),
		Actions: []button.Button{{Text: r.T("pricing.do.yaml"), URL: address(newest) + "/edit", Kind: button.Quiet}}}
	if newest.State == catalog.StateReview {
		sheet.Main = append(sheet.Main, site.Block{Template: "flash", View: flash.Notice{Tone: part.Accent, Title: r.T("publisher.next.review"), Text: r.T("pricing.frozen")}})
	}
	for i := range newest.Content.Plans {
		p := &newest.Content.Plans[i]
		t, err := d.timeline(r, newest, p)
		if err != nil {
			return err
		}
		plan, _ := p.Name.In(r.Lang())
		sheet.Main = append(sheet.Main, desk.Block("plan-"+p.Key, plan, "", t))
	}
	return d.show(r, sheet)
}

// timeline is the prices of a plan by whom they are for and when they begin.
func (d *pages) timeline(r *site.Request, v catalog.Version, p *catalog.Plan) (table.Table, error) {
	now := r.Site().Options().Now()
	order := make([]int, len(p.Prices))
	for i := range order {
		order[i] = i
	}
	whom := func(i int) string {
		return strings.Join(slices.Concat([]string{string(p.Prices[i].Currency), string(p.Prices[i].Basis)}, p.Prices[i].Markets, p.Prices[i].Resellers), " ")
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(strings.Compare(whom(a), whom(b)), p.Prices[a].EffectiveFrom.Compare(p.Prices[b].EffectiveFrom))
	})
	var rows []table.Row
	for at, i := range order {
		one := &p.Prices[i]
		until := one.EffectiveTo
		if until.IsZero() && at+1 < len(order) && whom(order[at+1]) == whom(i) {
			until = p.Prices[order[at+1]].EffectiveFrom
		}
		b := &badge.Badge{Tone: part.Good, Text: r.T("pricing.now")}
		switch {
		case one.EffectiveFrom.After(now):
			b = &badge.Badge{Tone: part.Accent, Text: r.T("pricing.later")}
		case !until.IsZero() && !until.After(now):
			b = &badge.Badge{Text: r.T("pricing.past")}
		}
		open := r.T("pricing.open")
		if !until.IsZero() {
			open = date(r, until)
		}
		to := address(v) + "/prices/" + url.PathEscape(p.Key)
		do, err := desk.Buttons(r, button.Button{Text: r.T("pricing.edit"), URL: to + "/" + strconv.Itoa(i)}, button.Button{Text: r.T("pricing.new"), URL: to + "/new?from=" + strconv.Itoa(i), Kind: button.Quiet})
		if err != nil {
			return table.Table{}, err
		}
		if v.State == catalog.StateReview {
			do = table.Cell{}
		}
		rows = append(rows, table.Row{Cells: []table.Cell{{Badge: b}, desk.Text(date(r, one.EffectiveFrom)), desk.Text(open),
			desk.Two(string(one.Currency)+", "+r.T("publisher.basis."+string(one.Basis)), strings.Join(slices.Concat(one.Markets, one.Resellers), " ")), desk.Text(r.L.Number(int64(len(one.Components)))), do}})
	}
	return desk.List(r, "prices-"+p.Key, p.Key, "pricing.none", []table.Column{desk.Col(r.T("desk.state")), desk.Col(r.T("pricing.f.effectiveFrom")), desk.Col(r.T("pricing.f.effectiveTo")),
		desk.Col(r.T("pricing.whom")), {Name: r.T("pricing.parts"), Numeric: true, Hidden: true}, desk.Col(r.T("pricing.change"))}, rows), nil
}

// date is a day in UTC, with the time where it is not midnight.
func date(r *site.Request, t time.Time) string {
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return r.L.DateLong(t.Add(12 * time.Hour))
	}
	return r.L.Instant(t)
}

// pricing finds the price list that the address names.
func (d *pages) pricing(r *site.Request) (*pricing, error) {
	list, err := d.of(r, r.PathValue("key"))
	if err != nil {
		return nil, err
	}
	e := &pricing{r: r, newest: list[0], content: list[0].Content, base: list[0].Hash}
	e.plan = slices.IndexFunc(e.content.Plans, func(p catalog.Plan) bool { return p.Key == r.PathValue("plan") })
	number := r.PathValue("n")
	if e.fresh = number == "new"; e.fresh {
		number = r.URL.Query().Get("from")
	}
	if e.n, err = strconv.Atoi(number); err != nil || e.plan < 0 || e.n < 0 || e.n >= len(e.content.Plans[e.plan].Prices) {
		return nil, desk.Missing("price", r.PathValue("plan")+" "+number)
	}
	e.form = priceform.Of(e.content.Plans[e.plan].Prices[e.n])
	if e.fresh {
		now := r.Site().Options().Now().UTC()
		e.form["effectiveFrom"], e.form["effectiveTo"] = time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), ""
	}
	return e, nil
}

// draft is the whole offer with the price of the form in its place, and what is wrong with it: by the fields of the form.
func (e *pricing) draft() (catalog.Content, *fail.Error) {
	p, wrong := e.form.Price()
	c, at := e.content, e.n
	c.Plans = slices.Clone(c.Plans)
	plan := &c.Plans[e.plan]
	plan.Prices = slices.Clone(plan.Prices)
	if e.fresh {
		at = len(plan.Prices)
		plan.Prices = append(plan.Prices, p)
	} else {
		plan.Prices[at] = p
	}
	all := fail.New(fail.Invalid, "offer.content", "The offer cannot be used as it is.", "Correct the fields named.")
	all.Fields = wrong
	var bad *fail.Error
	saved := c.AsSaved(e.r.Site().Options().Now())
	if errors.As(saved.Validate(), &bad) {
		all.Fields = append(all.Fields, e.own(bad, at)...)
	}
	seen := map[string]bool{}
	all.Fields = slices.DeleteFunc(all.Fields, func(f fail.Field) bool {
		again := seen[f.Path]
		seen[f.Path] = true
		return again
	})
	if len(all.Fields) == 0 {
		return c, nil
	}
	return c, all
}

// own gives complaints about the price the names of its fields; a complaint about another says where it stands.
func (e *pricing) own(err *fail.Error, at int) (out []fail.Field) {
	prefix := "plans." + strconv.Itoa(e.plan) + ".prices." + strconv.Itoa(at) + "."
	for _, f := range err.Fields {
		path, mine := strings.CutPrefix(f.Path, prefix)
		if !mine {
			f.Message = f.Path + ": " + f.Message
		}
		out = append(out, fail.Field{Path: path, Message: f.Message})
	}
	return out
}

func (d *pages) editPrice(r *site.Request) error {
	e, err := d.pricing(r)
	if err != nil {
		return err
	}
	return d.priceSheet(e, http.StatusOK, nil, nil)
}

// savePrice does what the button says: changes the form, shows what it costs, or saves it, unless somebody else saved the
// offer since the form was opened.
func (d *pages) savePrice(r *site.Request) error {
	e, err := d.pricing(r)
	if err != nil {
		return err
	}
	e.form, e.base = priceform.Read(r.PostForm), r.Value("base")
	do, entry, _ := strings.Cut(r.Value("do"), " ")
	switch do {
	case "add":
		e.form.Add(entry)
	case "remove":
		e.form.Remove(entry)
	}
	e.form.Settle()
	if (do == "save" || do == "submit") && e.base != e.newest.Hash {
		return d.priceSheet(e, http.StatusConflict, fail.New(fail.Conflict, "offer.changed", "Somebody saved this offer since you opened the form.",
			"Open its prices again, and make your change there."), nil)
	}
	content, bad := e.draft()
	if bad != nil {
		if do == "add" || do == "remove" || do == "" { // nobody is told what is missing while it is being written
			return d.priceSheet(e, http.StatusOK, nil, nil)
		}
		status := http.StatusOK
		if do == "save" || do == "submit" || do == "simulate" {
			status = site.Status(bad)
		}
		return d.priceSheet(e, status, bad, nil)
	}
	switch do {
	case "save", "submit":
		return d.storePrice(e, content, do == "submit")
	case "simulate":
		return d.simulatePrice(e, content)
	case "yaml":
		text, err := catalog.Export(content)
		if err != nil {
			return err
		}
		name, _ := content.Name.In(r.Lang())
		return d.editor(r, http.StatusOK, crumbs(r, r.T("publisher.edit.title"), name, address(e.newest)), r.T("publisher.edit.lead"), d.yaml(r, address(e.newest)+"/edit", address(e.newest), string(text)))
	}
	return d.priceSheet(e, http.StatusOK, nil, nil)
}

// storePrice saves the draft, and submits it when that was asked.
func (d *pages) storePrice(e *pricing, content catalog.Content, submit bool) error {
	r := e.r
	v, err := d.Catalogue.SaveDraft(r.Context(), r.Caller, r.Caller.Org, content)
	if err == nil && submit && v.State == catalog.StateDraft {
		v, err = d.Catalogue.Submit(r.Context(), r.Caller, v.ID)
	}
	var bad *fail.Error
	switch {
	case errors.As(err, &bad) && (bad.Kind == fail.Conflict || bad.Kind == fail.Invalid || bad.Kind == fail.TooLarge):
		return d.priceSheet(e, site.Status(err), bad, nil)
	case err != nil:
		return err
	case submit:
		return r.Redirect(address(v)+"/prices", site.Done("publisher.submitted"))
	}
	return r.Redirect(address(v)+"/prices", site.Done("publisher.draft.saved"))
}

// priceSheet shows the form, with examples beside it; bad is marked at the fields.
func (d *pages) priceSheet(e *pricing, status int, bad *fail.Error, below []site.Block) error {
	r, view := e.r, e.fill()
	if bad != nil {
		view.mark(r, bad)
	}
	plan := &e.content.Plans[e.plan]
	name, _ := plan.Name.In(r.Lang())
	title := r.T("pricing.edit.title", "plan", name)
	lead := r.T("pricing.edit.lead")
	if e.fresh {
		title, lead = r.T("pricing.new.title", "plan", name), r.T("pricing.new.lead")
	}
	offer, _ := e.content.Name.In(r.Lang())
	examples, err := d.examples(e)
	if err != nil {
		return err
	}
	main := append(below, site.Block{Template: "publisher/price", View: view})
	return r.Show(status, site.Sheet{Page: crumbs(r, title, offer, address(e.newest), r.T("pricing.title"), address(e.newest)+"/prices"), Lead: lead, Main: main,
		Side: []site.Block{{ID: "examples", Title: r.T("pricing.examples"), Template: "publisher/examples", View: examples}}})
}
