package publisher

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/site"
)

// priceView is the form of a price. Template "publisher/price".
type priceView struct {
	Action, Show, Base string
	Notice             *flash.Notice
	Groups             []priceGroup
	More, Do           []button.Pair
	Back               part.Link
}

// Summary is what was refused.
func (v priceView) Summary() form.Summary {
	var all []form.Field
	for _, f := range v.fields() {
		all = append(all, *f)
	}
	return form.Summary{Fields: all}
}

// fields are all of them, in the order of the page.
func (v priceView) fields() (all []*form.Field) {
	for g := range v.Groups {
		group := &v.Groups[g]
		for i := range group.Fields {
			all = append(all, &group.Fields[i])
		}
		for l := range group.Lists {
			for _, row := range group.Lists[l].Rows {
				for i := range row.Fields {
					all = append(all, &row.Fields[i])
				}
			}
		}
	}
	return all
}

// priceGroup is when and for whom a price holds, one component, or one term.
type priceGroup struct {
	ID, Title     string
	Fields        []form.Field
	Lists         []priceList
	Entry, Remove string
}

// priceList is what a component may have several of.
type priceList struct {
	Path, Title, Hint, Add string
	Rows                   []priceRow
}

type priceRow struct {
	Entry, Remove string
	Fields        []form.Field
}

// fill makes the view of the form.
func (e *pricing) fill() priceView {
	v := priceView{Action: e.address(), Show: e.r.T("pricing.show"), Base: e.base, Back: part.Link{Text: e.r.T("publisher.cancel"), URL: address(e.newest) + "/prices"}}
	v.Groups = append(v.Groups, e.frame())
	for i := range e.form.Count("components") {
		v.Groups = append(v.Groups, e.component(i))
	}
	for i := range e.form.Count("terms") {
		v.Groups = append(v.Groups, e.term(i))
	}
	v.More = []button.Pair{{Name: e.r.T("pricing.add.component"), Value: "add components"}, {Name: e.r.T("pricing.add.term"), Value: "add terms"}}
	for _, do := range []string{"show", "simulate", "save", "submit", "yaml"} {
		v.Do = append(v.Do, button.Pair{Name: e.r.T("pricing.do." + do), Value: do})
	}
	return v
}

func (e *pricing) text(name, word string) form.Field {
	f := form.Field{ID: name, Label: e.r.T("pricing.f." + word), Value: e.form[name]}
	if key := "pricing.hint." + word; e.r.L.Has(key) {
		f.Hint = e.r.T(key)
	}
	return f
}

func (e *pricing) maybe(name, word string) form.Field {
	f := e.text(name, word)
	f.Optional = true
	return f
}

func (e *pricing) money(name, word string) form.Field {
	f := e.text(name, word)
	f.Suffix = e.form["currency"]
	return f
}

// choice offers values by the texts of a group of keys; a value that is none of them stays, so that nothing is lost.
func (e *pricing) choice(name, word, texts string, values ...string) form.Field {
	f := e.text(name, word)
	f.Kind = form.Select
	if !slices.Contains(values, f.Value) {
		values = append(values, f.Value)
	}
	for _, v := range values {
		label := v
		if key := texts + v; e.r.L.Has(key) {
			label = e.r.T(key)
		} else if v == "" {
			label = e.r.T("pricing.usual")
		}
		f.Options = append(f.Options, form.Option{Value: v, Label: label, Chosen: v == f.Value})
	}
	return f
}

func (e *pricing) frame() priceGroup {
	return priceGroup{ID: "frame", Title: e.r.T("pricing.frame"), Fields: []form.Field{
		e.maybe("effectiveFrom", "effectiveFrom"), e.maybe("effectiveTo", "effectiveTo"), e.text("currency", "currency"),
		e.choice("basis", "basis", "publisher.basis.", string(price.Net), string(price.Gross)),
		e.choice("rounding", "rounding", "pricing.rounding.", "", string(money.HalfAwayFromZero), string(money.HalfEven)),
		e.maybe("markets", "markets"), e.maybe("resellers", "resellers")}}
}

func (e *pricing) component(i int) priceGroup {
	entry := "components." + strconv.Itoa(i)
	at, kind := entry+".", price.Kind(e.form[entry+".kind"])
	g := priceGroup{ID: entry, Title: e.r.T("pricing.component", "n", i+1, "key", e.form[at+"key"]), Entry: entry, Remove: e.r.T("pricing.remove.component")}
	g.Fields = []form.Field{e.text(at+"key", "key"), e.choice(at+"kind", "kind", "pricing.kind.", string(price.OneOff), string(price.PerPeriod), string(price.PerUnit), string(price.Graduated),
		string(price.Volume), string(price.Package), string(price.Seats))}
	tiered := kind == price.Graduated || kind == price.Volume
	if !tiered {
		g.Fields = append(g.Fields, e.money(at+"price", "price."+group(kind)))
	}
	if kind == price.PerPeriod {
		g.Fields = append(g.Fields, e.choice(at+"every", "every", "publisher.per.", string(price.Month), string(price.Year)))
	}
	if kind.Usage() {
		var meters []string
		for _, m := range e.content.Meters {
			meters = append(meters, m.Key)
		}
		g.Fields = append(g.Fields, e.choice(at+"meter", "meter", "pricing.meter.", meters...), e.text(at+"unit", "unit"))
		if kind != price.Seats {
			g.Fields = append(g.Fields, e.text(at+"per", "per"))
		}
		g.Fields = append(g.Fields, e.maybe(at+"free", "free"))
	}
	if tiered {
		g.Lists = append(g.Lists, e.list(at+"tiers", "tiers", func(at string) []form.Field {
			flat := e.money(at+"flat", "flat")
			flat.Optional = true
			return []form.Field{e.maybe(at+"upTo", "upTo"), e.money(at+"price", "price.usage"), flat, e.maybe(at+"step", "step")}
		}))
	}
	if kind.Usage() {
		if e.form.Count(at+"hours.spans") > 0 {
			g.Fields = append(g.Fields, e.text(at+"hours.zone", "zone"))
		}
		g.Lists = append(g.Lists, e.list(at+"hours.spans", "spans", func(at string) []form.Field {
			return []form.Field{e.maybe(at+"days", "weekdays"), e.text(at+"from", "from"), e.text(at+"to", "to")}
		}))
		return g
	}
	g.Lists = append(g.Lists, e.list(at+"parts", "parts", func(at string) []form.Field {
		return []form.Field{e.text(at+"key", "part"), e.text(at+"weight", "weight")}
	}))
	return g
}

func group(kind price.Kind) string {
	if kind.Usage() && kind != price.Package && kind != price.Seats {
		return "usage"
	}
	if kind == price.Package || kind == price.Seats {
		return string(kind)
	}
	return "flat"
}

func (e *pricing) list(path, word string, fields func(at string) []form.Field) priceList {
	l := priceList{Path: path, Title: e.r.T("pricing.list." + word), Add: e.r.T("pricing.add." + word)}
	if key := "pricing.list." + word + ".hint"; e.r.L.Has(key) {
		l.Hint = e.r.T(key)
	}
	for i := range e.form.Count(path) {
		entry := path + "." + strconv.Itoa(i)
		row := priceRow{Entry: entry, Remove: e.r.T("pricing.remove." + word), Fields: fields(entry + ".")}
		for n := range row.Fields {
			row.Fields[n].Label = fmt.Sprintf("%s %d", row.Fields[n].Label, i+1)
		}
		l.Rows = append(l.Rows, row)
	}
	return l
}

func (e *pricing) term(i int) priceGroup {
	entry := "terms." + strconv.Itoa(i)
	at, kind := entry+".", price.TermKind(e.form[entry+".kind"])
	g := priceGroup{ID: entry, Title: e.r.T("pricing.agreement", "n", i+1, "key", e.form[at+"key"]), Entry: entry, Remove: e.r.T("pricing.remove.term")}
	g.Fields = []form.Field{e.text(at+"key", "key"), e.choice(at+"kind", "termkind", "pricing.term.", string(price.Trial), string(price.Discount), string(price.Coupon), string(price.Cap),
		string(price.Minimum), string(price.Commitment))}
	switch kind {
	case price.Trial:
		g.Fields = append(g.Fields, e.text(at+"days", "days"))
	case price.Discount:
		f := e.text(at+"percent", "percent")
		f.Suffix = "%"
		g.Fields = append(g.Fields, f, e.maybe(at+"periods", "periods"))
	case price.Coupon:
		g.Fields = append(g.Fields, e.money(at+"amount", "amount"), e.maybe(at+"periods", "periods"))
	case price.Cap, price.Minimum, price.Commitment:
		g.Fields = append(g.Fields, e.money(at+"amount", "amount"), e.choice(at+"every", "every", "publisher.per.", "", string(price.Month), string(price.Year)), e.tick(at+"prorate", "prorate"))
		if kind == price.Commitment {
			g.Fields = append(g.Fields, e.tick(at+"prepaid", "prepaid"))
		}
	}
	g.Fields = append(g.Fields, e.maybe(at+"components", "covers"))
	return g
}

func (e *pricing) tick(name, word string) form.Field {
	f := e.text(name, word)
	f.Kind, f.Checked = form.Checkbox, f.Value == "yes"
	return f
}

// mark puts complaints at their fields: at the field itself, or at the one that the path leads through. What has none stands
// above.
func (v *priceView) mark(r *site.Request, e *fail.Error) {
	fields := v.fields()
	flat := make([]form.Field, len(fields))
	known := map[string]bool{}
	for i, f := range fields {
		flat[i] = *f
		known[f.ID] = true
	}
	placed := *e
	placed.Fields = nil
	for _, f := range e.Fields {
		for path := f.Path; path != ""; path = path[:max(strings.LastIndexByte(path, '.'), 0)] {
			for _, name := range []string{path, path + ".zone", path + ".0.price", path + ".0.key", path + ".kind"} {
				if known[name] {
					f.Path, path = name, ""
					break
				}
			}
			if path == "" {
				break
			}
		}
		placed.Fields = append(placed.Fields, f)
	}
	marked, notice, ok := r.Refuse(&placed, flat, nil)
	if !ok {
		return
	}
	v.Notice = notice
	for i := range fields {
		fields[i].Error = marked[i].Error
	}
}
