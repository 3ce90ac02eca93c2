package price

import (
	"fmt"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// ExplainTerm writes for a person how a closing came to what it settles by one term, in French for a locale that
// begins with "fr" and in English otherwise. Errors: those of Close, price.closing when the term settles nothing there.
func ExplainTerm(v *Version, c Closing, term, locale string) (string, error) {
	list, err := Close(v, c)
	if err != nil {
		return "", err
	}
	t := v.Term(term)
	for i := range list {
		if a := &list[i]; a.Term == term && t != nil {
			return a.text(t, &c, locale), nil
		}
	}
	return "", fail.New(fail.NotFound, "price.closing", "The term settles nothing there.", "Use a term that the invoice names.").With("term", term)
}

func (a *Adjustment) text(t *Term, c *Closing, locale string) string {
	w := english
	if strings.HasPrefix(locale, "fr") {
		w = french
	}
	var b strings.Builder
	what := w("everything")
	if len(t.Components) > 0 {
		what = strings.Join(t.Components, " + ")
	}
	fmt.Fprintf(&b, w("period of")+"\n", c.Number+1, w(string(c.Every)), c.Period.From.UTC().Format("2006-01-02 15:04"), c.Period.To.UTC().Format("2006-01-02 15:04"))
	left := a.Now.Total
	for _, one := range t.covered(&c.Now) {
		fmt.Fprintf(&b, "%s: %s\n", one.Key, one.Amount.Format(locale))
		left.Minor -= one.Amount.Minor
	}
	if left.Minor != 0 {
		fmt.Fprintf(&b, w("terms before")+"\n", left.Format(locale))
	}
	if t.Prorate {
		fmt.Fprintf(&b, w("prorated")+"\n", t.Amount.Format(locale), c.Now.Held.Format(locale), money.Quantity(c.Period.Seconds()).Format(locale), a.Now.Limit.Format(locale))
	}
	b.WriteString(a.Now.text(t, what, c.Now.Over, locale, w) + "\n")
	if c.Before.Held > 0 {
		fmt.Fprintf(&b, w("settled")+"\n", a.Before.Result.Format(locale))
	}
	fmt.Fprintf(&b, w("closing"), a.Amount.Format(locale))
	writeShares(&b, a.Shares, locale, w)
	return b.String()
}

// covered are the totals of a state that the term looks at, before any term.
func (t *Term) covered(s *State) []Total {
	var out []Total
	for _, one := range s.Totals {
		if t.Covers(one.Key) {
			out = append(out, one)
		}
	}
	return out
}

// text is the sentence of one term in one state.
func (r *Reckoning) text(t *Term, what string, over bool, locale string, w func(string) string) string {
	total, limit, result := r.Total.Format(locale), r.Limit.Format(locale), r.Result.Format(locale)
	switch t.Kind {
	case Trial:
		return fmt.Sprintf(w("trial"), t.Days, what, result)
	case Discount:
		return fmt.Sprintf(w("discount"), t.Percent, total, what, result)
	case Coupon:
		return fmt.Sprintf(w("coupon"), t.Amount.Format(locale), total, what, result)
	case Cap:
		return fmt.Sprintf(w("cap"), limit, total, what, result)
	}
	key := string(t.Kind)
	if t.Prepaid {
		key = "prepaid"
	}
	text := fmt.Sprintf(w(key), limit, total, what, result)
	if !over && !t.Prepaid {
		text += w("not over")
	}
	return text
}
