package operator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
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

func splitSheet(r *site.Request, above ...site.Block) func(site.FormView) (site.Sheet, error) {
	return desk.Ask(bookPage(r, r.T("books.split.new"), r.T("books.tab.splits"), books+"/splits"), r.T("books.split.lead"), above...)
}

func (d *pages) newSplit(r *site.Request) error {
	if _, err := d.Settlements.Rules(r.Context(), r.Caller, ""); err != nil {
		return err
	}
	view, err := d.splitForm(r)
	if err != nil {
		return err
	}
	return desk.Shown(r, view, splitSheet(r))
}

// saveSplit shows what a rule does to some lines, and writes it once its author saw that: the form says of which fields the
// examples were.
func (d *pages) saveSplit(r *site.Request) error {
	if _, err := d.Settlements.Rules(r.Context(), r.Caller, ""); err != nil {
		return err
	}
	view, err := d.splitForm(r)
	if err != nil {
		return err
	}
	paths := map[string]string{"clauses.0.parts": "share", "clauses.0.tiers": "tiers", "clauses.0.each": "each", "clauses.0.per": "per", "clauses.0.kind": "kind"}
	in, err := (&splitReader{r: r}).rule()
	if err == nil {
		err = d.Settlements.CheckRule(r.Context(), r.Caller, in)
	}
	if err != nil {
		return desk.Refused(r, err, paths, view, splitSheet(r))
	}
	if seen := fingerprint(r, view.Fields); r.Value("seen") != seen {
		examples, err := splitExamples(r, in.Terms)
		if err != nil {
			return desk.Refused(r, err, paths, view, splitSheet(r))
		}
		view.Fields, view.Button, view.Hidden = r.Fill(view.Fields), r.T("books.split.button"), []button.Pair{{Name: "seen", Value: seen}}
		return desk.Shown(r, view, splitSheet(r, examples))
	}
	rule, err := d.Settlements.SetRule(r.Context(), r.Caller, in)
	if err != nil {
		return desk.Refused(r, err, paths, view, splitSheet(r))
	}
	return r.Redirect(books+"/splits", site.Done("books.split.done", "n", strconv.FormatInt(rule.Number, 10)))
}

// fingerprint is of what a form sent.
func fingerprint(r *site.Request, fields []form.Field) string {
	h := sha256.New()
	for _, f := range fields {
		fmt.Fprintf(h, "%q=%q;", f.Input(), r.Value(f.Input()))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
