package house

import (
	"slices"
	"strings"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/site"
)

// What a budget can be for, before the tag or the service in the answer of the form.
const (
	ofTag     = "tag:"
	ofService = "service:"
)

// scopes are what a budget can be for: everything, what bears a tag, one of the services that cost most. The tag whose
// services are looked at is chosen.
func scopes(r *site.Request, s budget.Spending) []form.Option {
	out := []form.Option{{Label: r.T("spending.all")}}
	seen := map[string]bool{}
	var tags []string
	note := func(tag string) {
		if !seen[tag] {
			seen[tag] = true
			tags = append(tags, tag)
		}
	}
	services := 0
	var named []form.Option
	for _, m := range s.Months {
		for _, one := range m.Services {
			for _, line := range one.Tags.Lines() {
				key, _, _ := strings.Cut(line, "=")
				note(key)
				note(line)
			}
			if services++; services <= shownServices {
				named = append(named, form.Option{Value: ofService + one.ID, Label: r.T("spending.one", "service", one.Name, "cost", write(r, one.Used))})
			}
		}
	}
	slices.Sort(tags)
	q := r.URL.Query()
	here := budget.By(q.Get("by")).Tag()
	for _, tag := range tags {
		out = append(out, form.Option{Value: ofTag + tag, Label: r.T("spending.tag", "tag", tag), Chosen: here != "" && tag == here+"="+q.Get("of")})
	}
	return append(out, named...)
}

// budgetForm asks for what, how much, and what then; refusal is why the last answer was not taken, nil for none.
func (d *desk) budgetForm(r *site.Request, s budget.Spending, refusal error) (site.FormView, error) {
	m, err := r.Market()
	if err != nil {
		return site.FormView{}, err
	}
	var actions []form.Option
	for _, a := range budget.Actions() {
		actions = append(actions, form.Option{Value: string(a), Label: r.T("spending.action." + string(a)), Hint: r.T("spending.actionhint." + string(a)), Chosen: a == budget.Notify})
	}
	view := site.FormView{Action: "/spending", Button: r.T("spending.button"), Fields: []form.Field{
		{ID: "scope", Kind: form.Select, Label: r.T("spending.forwhat"), Hint: r.T("spending.forwhat.hint"), Options: scopes(r, s)},
		{ID: "amount", Label: r.T("spending.month"), Hint: r.T("spending.month.hint"), Suffix: m.Currency},
		{ID: "action", Kind: form.Radios, Label: r.T("spending.when"), Options: actions}}}
	if refusal == nil {
		return view, nil
	}
	view, ok := refused(r, refusal, view, map[string]string{"tag": "scope", "service": "scope"})
	if !ok {
		return view, refusal
	}
	return view, nil
}

func (d *desk) setBudget(r *site.Request) error {
	m, err := r.Market()
	if err != nil {
		return err
	}
	a, given, err := amount(r, "amount", m)
	if err == nil {
		if !given {
			a = money.New(-1, money.Currency(m.Currency)) // refused with its reason
		}
		in := budget.SetInput{Amount: a, Action: budget.Action(r.Value("action"))}
		if tag, is := strings.CutPrefix(r.Value("scope"), ofTag); is {
			in.Tag = tag
		}
		if service, is := strings.CutPrefix(r.Value("scope"), ofService); is {
			in.Service = service
		}
		_, err = d.Budgets.Set(r.Context(), r.Caller, in)
	}
	if err == nil {
		return r.Redirect("/spending", site.Done("spending.saved"))
	}
	return d.showSpending(r, err)
}
