package operator

import (
	"time"

	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// choices is how many names a select offers; where there are more, the identifier is typed.
const choices = 200

// splitForm asks for a rule in groups: for what, how it is shared, at whose cost the rest is, when it is paid.
func (d *pages) splitForm(r *site.Request) (site.FormView, error) {
	fields, err := d.splitScope(r)
	if err != nil {
		return site.FormView{}, err
	}
	fields = append(fields, splitShares(r)...)
	fields = append(fields, splitCosts(r)...)
	return site.FormView{Action: books + "/splits/new", Fields: fields, Button: r.T("books.split.look"), Back: &part.Link{Text: r.T("books.split.back"), URL: books + "/splits"}, Note: r.T("books.split.note")}, nil
}

func splitField(r *site.Request, id string, kind form.Kind, optional bool) form.Field {
	f := desk.Field(r, id, "books.split."+id, kind)
	f.Optional = optional
	return f
}

// splitScope are the fields for what a rule is about, and from when.
func (d *pages) splitScope(r *site.Request) ([]form.Field, error) {
	publishers, err := d.publisherOptions(r)
	if err != nil {
		return nil, err
	}
	markets, offers, err := d.marketOptions(r)
	if err != nil {
		return nil, err
	}
	from := splitField(r, "from", form.Date, true)
	from.Value = price.DateOf(r.Site().Options().Now(), time.UTC).String()
	return []form.Field{pick(r, "publisher", publishers), pick(r, "offer", offers), pick(r, "market", markets), from}, nil
}

// pick is a select with an entry for all of them, or a text where there are too many to choose from.
func pick(r *site.Request, id string, list []form.Option) form.Field {
	asked := r.URL.Query().Get(id)
	if len(list) > choices {
		f := splitField(r, id, form.Text, true)
		f.Value = asked
		return f
	}
	f := form.Field{ID: id, Kind: form.Select, Label: r.T("books.split." + id), Options: []form.Option{{Label: r.T("books.split." + id + ".all")}}}
	for _, o := range list {
		o.Chosen = o.Value == asked
		f.Options = append(f.Options, o)
	}
	return f
}

func (d *pages) publisherOptions(r *site.Request) (out []form.Option, err error) {
	after := ""
	for len(out) <= choices {
		list, err := d.Parties.Branch(r.Context(), r.Caller, r.Caller.Org, after, 2*many)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			if after = o.Path; o.Is(party.KindPublisher) {
				out = append(out, form.Option{Value: o.ID, Label: desk.Called(r, o)})
			}
		}
		if len(list) < 2*many {
			break
		}
	}
	return out, nil
}

// marketOptions are the markets, and the offers on their shelves.
func (d *pages) marketOptions(r *site.Request) (markets, offers []form.Option, err error) {
	all, err := d.Parties.Markets(r.Context())
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for _, m := range all {
		markets = append(markets, form.Option{Value: m.ID, Label: m.Name})
		for q := (catalog.Query{Market: m.ID, Limit: many}); len(offers) <= choices; {
			p, err := d.Catalogue.Offers(r.Context(), r.Caller, q)
			if err != nil {
				return nil, nil, err
			}
			for _, v := range p.Versions {
				if name, _ := v.Content.Name.In(r.Lang()); !seen[v.Content.Key] {
					seen[v.Content.Key] = true
					offers = append(offers, form.Option{Value: v.Content.Key, Label: name})
				}
			}
			if q.Cursor = p.Next; q.Cursor == "" {
				break
			}
		}
	}
	return markets, offers, nil
}

// splitShares are the fields of how a line is shared.
func splitShares(r *site.Request) []form.Field {
	kind := splitField(r, "kind", form.Radios, false)
	for _, k := range []settlement.ClauseKind{settlement.Percent, settlement.Tiers, settlement.Fixed} {
		kind.Options = append(kind.Options, form.Option{Value: string(k), Label: r.T("books.split.kind." + string(k)), Hint: r.T("books.split.kind." + string(k) + ".hint"), Chosen: k == settlement.Percent})
	}
	out := []form.Field{kind}
	for _, one := range [][2]string{{"share", "80"}, {"kept", "20"}, {"reseller", ""}} {
		f := splitField(r, one[0], form.Text, true)
		f.Suffix, f.Value = "%", one[1]
		out = append(out, f)
	}
	return append(out, splitField(r, "tiers", form.Area, true), splitField(r, "each", form.Text, true), splitField(r, "per", form.Integer, true))
}

// bearers are what may be at somebody's cost, by the name of the field.
var bearers = [...]string{"discount", "creditNote", "badDebt", "fees"}

// splitCosts are the fields of who bears what, and of what is paid out when.
func splitCosts(r *site.Request) (out []form.Field) {
	for _, id := range bearers {
		f := form.Field{ID: id, Kind: form.Select, Label: r.T("books.split." + id)}
		for _, b := range []settlement.Bearer{settlement.Shared, settlement.ByOperator, settlement.ByPublisher} {
			f.Options = append(f.Options, form.Option{Value: string(b), Label: r.T("books.split.bearer." + string(b))})
		}
		out = append(out, f)
	}
	reserve := splitField(r, "reserve", form.Text, true)
	reserve.Suffix = "%"
	return append(out, reserve, splitField(r, "days", form.Integer, true), splitField(r, "threshold", form.Text, true))
}
