package operator

import (
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// splits are the rules by which lines are shared, with all their versions.
func (d *pages) splits(r *site.Request) error {
	rules, err := d.Settlements.Rules(r.Context(), r.Caller, "")
	if err != nil {
		return err
	}
	names := d.names()
	t := desk.RuleTable(r, rules, func(one settlement.Rule) string {
		var out []string
		if one.Offer != "" {
			out = append(out, r.T("books.split.about", "offer", one.Offer))
		}
		if one.Publisher != "" {
			out = append(out, names.Of(r, one.Publisher))
		}
		switch {
		case one.ID == "default":
			return r.T("revenue.rule.default")
		case len(out) == 0:
			return r.T("books.split.all")
		}
		return strings.Join(out, " · ")
	})
	return r.OK(site.Sheet{Page: bookPage(r, r.T("books.tab.splits")), Lead: r.T("books.splits.lead"), Tabs: bookTabs(r, "splits"), Main: []site.Block{desk.Block("", "", r.T("books.splits.text"), t)},
		Actions: []button.Button{{Text: r.T("books.split.new"), URL: books + "/splits/new", Kind: button.Primary}}})
}

func (d *pages) splitForm(r *site.Request) site.FormView {
	field := func(id string, kind form.Kind, optional bool) form.Field {
		f := desk.Field(r, id, "books.split."+id, kind)
		f.Optional = optional
		return f
	}
	percent := func(id string, optional bool) form.Field {
		f := field(id, form.Text, optional)
		f.Suffix = "%"
		return f
	}
	publisher, from := field("publisher", form.Text, true), field("from", form.Date, true)
	publisher.Value = r.URL.Query().Get("publisher")
	from.Value = price.DateOf(r.Site().Options().Now(), time.UTC).String()
	share, kept := percent("share", false), percent("kept", false)
	share.Value, kept.Value = "80", "20"
	days := field("days", form.Integer, true)
	return site.FormView{Action: books + "/splits/new", Fields: []form.Field{publisher, field("offer", form.Text, true), field("market", form.Text, true), from, share, kept, percent("reseller", true), percent("reserve", true), days},
		Button: r.T("books.split.button"), Back: &part.Link{Text: r.T("books.split.back"), URL: books + "/splits"}, Note: r.T("books.split.note")}
}

func splitSheet(r *site.Request) func(site.FormView) (site.Sheet, error) {
	return desk.Ask(bookPage(r, r.T("books.split.new"), r.T("books.tab.splits"), books+"/splits"), r.T("books.split.lead"))
}

func (d *pages) newSplit(r *site.Request) error {
	if _, err := d.Settlements.Rules(r.Context(), r.Caller, ""); err != nil {
		return err
	}
	return desk.Shown(r, d.splitForm(r), splitSheet(r))
}

// points reads a percentage with up to two decimals as basis points; "" is none.
func points(r *site.Request, field string, e **fail.Error) int {
	text := strings.ReplaceAll(strings.TrimSpace(r.Value(field)), ",", ".")
	if text == "" {
		return 0
	}
	whole, part, _ := strings.Cut(text, ".")
	n, err := strconv.Atoi(whole + (part + "00")[:2])
	if err != nil || len(part) > 2 || n < 0 || n > settlement.Whole {
		*e = fail.New(fail.Invalid, "operator.percent", "A part cannot be read.", "Write it in percent, with at most two decimals.").Field(field, r.T("books.split.percent"))
	}
	return n
}

func (d *pages) saveSplit(r *site.Request) error {
	var e *fail.Error
	clause := settlement.Clause{Kind: settlement.Percent, Parts: settlement.Parts{Publisher: points(r, "share", &e), Operator: points(r, "kept", &e)}}
	if n := points(r, "reseller", &e); n > 0 {
		clause.Parts.Resellers = []int{n}
	}
	in := settlement.RuleInput{Publisher: strings.TrimSpace(r.Value("publisher")), Offer: strings.TrimSpace(r.Value("offer")), Market: strings.TrimSpace(r.Value("market")), Terms: settlement.Terms{Clauses: []settlement.Clause{clause}, Reserve: points(r, "reserve", &e)}}
	if days := r.Value("days"); days != "" && e == nil {
		n, err := strconv.Atoi(days)
		if err != nil {
			e = fail.New(fail.Invalid, "operator.days", "The number of days cannot be read.", "Write a whole number.").Field("days", r.T("books.split.number"))
		}
		in.Terms.ReserveDays = n
	}
	var err error
	if r.Value("from") != "" {
		in.From, err = dayOf(r, "from")
	}
	if e != nil {
		err = e
	}
	var rule settlement.Rule
	if err == nil {
		rule, err = d.Settlements.SetRule(r.Context(), r.Caller, in)
	}
	if err != nil {
		return desk.Refused(r, err, map[string]string{"clauses.0.parts": "share"}, d.splitForm(r), splitSheet(r))
	}
	return r.Redirect(books+"/splits", site.Done("books.split.done", "n", strconv.FormatInt(rule.Number, 10)))
}
