package house

import (
	"net/url"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/tabs"
	"github.com/halle-cloud/halle/web/design/why"
	"github.com/halle-cloud/halle/web/site"
)

// policy is where the organisation's data may live: what holds, layer by layer, and what it adds itself.
func (d *desk) policy(r *site.Request) error {
	return d.showPolicy(r, 200, nil)
}

func (d *desk) showPolicy(r *site.Request, status int, again *site.FormView) error {
	p, err := d.Residency.PolicyOf(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return err
	}
	sheet := site.Sheet{Page: r.Page(r.T("policy.title")), Lead: r.T("policy.lead")}
	var own residency.Layer
	chosen := r.URL.Query().Get("class")
	for _, l := range p.Layers {
		if l.From == r.Caller.Org {
			own = l
		}
		sheet.Main = append(sheet.Main, site.Block{Template: "why", View: layerPanel(r, l)})
	}
	waiting, err := d.ruleChanges().Waiting(r, r.Caller.Org)
	if err != nil {
		return err
	}
	sheet.Main = append(waiting, sheet.Main...)
	if customer.May(d.Services, r, access.PolicySet) == nil {
		if again == nil {
			view, err := d.policyForm(r, own, chosen)
			if err != nil {
				return err
			}
			again = &view
		}
		sheet.Main = append(sheet.Main, site.Block{ID: "own", Title: r.T("policy.own"), Text: r.T("policy.own.text"), Template: "tabs", View: classTabs(r, p, chosen)},
			site.Block{Template: "site/form", View: *again})
	}
	return r.Show(status, sheet)
}

// layerPanel says a layer in sentences.
func layerPanel(r *site.Request, l residency.Layer) why.Panel {
	p := why.Panel{Question: r.T("policy.layer.market"), Answer: r.T("policy.layer.market.text")}
	switch {
	case l.From == r.Caller.Org:
		p.Question, p.Answer, p.Open = r.T("policy.layer.own"), r.T("policy.layer.own.text"), true
	case strings.HasPrefix(l.From, "org_"):
		p.Question, p.Answer = r.T("policy.layer.above"), r.T("policy.layer.above.text")
	}
	for _, text := range ruleWords(r, l.All) {
		p.Rules = append(p.Rules, why.Rule{Outcome: why.Note, Text: r.T("policy.all") + " " + text})
	}
	for _, class := range classKeys(l) {
		texts := ruleWords(r, l.Classes[class])
		if len(texts) == 0 {
			texts = []string{r.T("policy.nothing")}
		}
		for _, text := range texts {
			p.Rules = append(p.Rules, why.Rule{Outcome: why.Note, Text: customer.Class(r, class) + ": " + text})
		}
	}
	if len(p.Rules) == 0 {
		p.Rules = []why.Rule{{Outcome: why.Note, Text: r.T("policy.nothing")}}
	}
	return p
}

func classKeys(l residency.Layer) []string {
	order := []string{residency.ClassPublic, residency.ClassInternal, residency.ClassPersonal, residency.ClassHealth}
	var out []string
	for _, class := range order {
		if _, ok := l.Classes[class]; ok {
			out = append(out, class)
		}
	}
	for class := range l.Classes {
		if !slices.Contains(out, class) {
			out = append(out, class)
		}
	}
	return out
}

func ruleWords(r *site.Request, rule residency.Rule) (out []string) {
	if len(rule.Countries) > 0 {
		out = append(out, r.T("policy.countries", "countries", places(r, rule.Countries)))
	}
	if len(rule.RefusedLaws) > 0 {
		out = append(out, r.T("policy.laws", "countries", places(r, rule.RefusedLaws)))
	}
	if len(rule.Support) > 0 {
		out = append(out, r.T("policy.support", "countries", places(r, rule.Support)))
	}
	for _, need := range rule.Certificates {
		out = append(out, r.T("policy.certificate", "type", need.Type))
	}
	if c := rule.Capital; c != nil {
		out = append(out, r.T("policy.capital", "countries", places(r, c.Within), "single", percent(r, c.Single), "together", percent(r, c.Together)))
	}
	if rule.MinEvidence != "" {
		out = append(out, r.T("policy.evidence", "level", r.T("place.evidence."+string(rule.MinEvidence))))
	}
	if rule.OwnKey {
		out = append(out, r.T("policy.ownkey"))
	}
	return out
}

func percent(r *site.Request, p residency.Percent) string {
	if p%100 == 0 {
		return r.L.Number(int64(p / 100))
	}
	return r.L.Decimal(int64(p), 2)
}

// places names countries, and groups of them.
func places(r *site.Request, codes []string) string {
	names := make([]string, len(codes))
	for i, code := range codes {
		names[i] = r.L.Country(code)
		if key := "group." + strings.ToLower(code); r.L.Has(key) {
			names[i] = r.T(key)
		}
	}
	return strings.Join(names, ", ")
}

// policyForm asks, in boxes, for what can only tighten: countries in which anything runs, and laws that are refused.
func (d *desk) policyForm(r *site.Request, own residency.Layer, class string) (site.FormView, error) {
	facts, _, err := d.Residency.FactsNow(r.Context(), r.Caller)
	if err != nil {
		return site.FormView{}, err
	}
	rule := own.All
	if class != "" {
		rule = own.Classes[class]
	}
	var fields []form.Field
	for _, code := range countriesOf(facts) {
		fields = append(fields, form.Field{ID: "in-" + code, Kind: form.Checkbox, Label: r.T("policy.allow", "country", r.L.Country(code)), Checked: len(rule.Countries) == 0 || slices.Contains(rule.Countries, code)})
	}
	for _, code := range lawsOf(facts) {
		fields = append(fields, form.Field{ID: "law-" + code, Kind: form.Checkbox, Label: r.T("policy.refuse", "country", r.L.Country(code)), Checked: slices.Contains(rule.RefusedLaws, code)})
	}
	fields = append(fields, form.Field{ID: "capital", Kind: form.Checkbox, Label: r.T("policy.capital.box"), Hint: r.T("policy.capital.hint"), Checked: rule.Capital != nil})
	return site.FormView{Action: "/residency", Hidden: []button.Pair{{Name: "class", Value: class}}, Button: r.T("policy.button"), Fields: fields, Note: r.T("policy.note")}, nil
}

// classTabs lead to the rules for all data and for each class that the market knows.
func classTabs(r *site.Request, p residency.Policy, chosen string) tabs.Tabs {
	t := tabs.Tabs{Label: r.T("policy.class"), Items: []tabs.Item{{Text: r.T("policy.class.all"), URL: "/residency#own", Current: chosen == ""}}}
	if len(p.Layers) > 0 {
		for _, key := range classKeys(p.Layers[0]) {
			t.Items = append(t.Items, tabs.Item{Text: customer.Class(r, key), URL: "/residency?class=" + url.QueryEscape(key) + "#own", Current: key == chosen})
		}
	}
	return t
}

func countriesOf(f *residency.Facts) (out []string) {
	for _, region := range f.Regions {
		if !region.Retired && !slices.Contains(out, region.Country) {
			out = append(out, region.Country)
		}
	}
	slices.Sort(out)
	return out
}

// lawsOf are the countries whose law reaches somebody in the market.
func lawsOf(f *residency.Facts) (out []string) {
	for _, e := range f.Entities {
		if !slices.Contains(out, e.Country) {
			out = append(out, e.Country)
		}
	}
	slices.Sort(out)
	return out
}

// capitalOf is the limit of the box: SecNumCloud's numbers where none was set otherwise.
func capitalOf(r *site.Request, was *residency.Capital) *residency.Capital {
	switch {
	case !r.Ticked("capital"):
		return nil
	case was != nil:
		return was
	}
	return &residency.Capital{Within: []string{"EU"}, Single: 24_00, Together: 39_00}
}

// setPolicy changes the organisation's own layer for all data, or for one class; the rest of it stays.
func (d *desk) setPolicy(r *site.Request) error {
	p, err := d.Residency.PolicyOf(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return err
	}
	facts, _, err := d.Residency.FactsNow(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	own := residency.Layer{}
	for _, l := range p.Layers {
		if l.From == r.Caller.Org {
			own = l
		}
	}
	class := r.Value("class")
	rule := own.All
	if class != "" {
		rule = own.Classes[class]
	}
	rule.Countries, rule.RefusedLaws = nil, nil
	all := countriesOf(facts)
	for _, code := range all {
		if r.Ticked("in-" + code) {
			rule.Countries = append(rule.Countries, code)
		}
	}
	if len(rule.Countries) == len(all) {
		rule.Countries = nil // all of them is no restriction, also when a new one comes
	}
	for _, code := range lawsOf(facts) {
		if r.Ticked("law-" + code) {
			rule.RefusedLaws = append(rule.RefusedLaws, code)
		}
	}
	rule.Capital = capitalOf(r, rule.Capital)
	own.From = ""
	if class == "" {
		own.All = rule
	} else {
		classes := map[string]residency.Rule{class: rule}
		for key, other := range own.Classes {
			if key != class {
				classes[key] = other
			}
		}
		own.Classes = classes
	}
	e, err := d.Residency.Preview(r.Context(), r.Caller, residency.KindPolicy, r.Caller.Org, own)
	if err == nil {
		return d.weigh(r, own, e)
	}
	view, failed := d.policyForm(r, own, class)
	if failed != nil {
		return failed
	}
	view, ok := refused(r, err, view, nil)
	if !ok {
		return err
	}
	return d.showPolicy(r, site.Status(err), &view)
}
