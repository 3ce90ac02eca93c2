package proof

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/price"
)

// timely wants a charge to lie in the hours that its price is for, and its line to say whether it is of the trial.
func (e *evidence) timely(l *InvoiceLine, v *price.Version, c *price.Component, ch *InvoiceCharge, at time.Time) error {
	if yes, err := c.Applies(at); err != nil || !yes {
		return errors.Join(err, fmt.Errorf("%s lies outside the hours of its price", at.Format(time.RFC3339)))
	}
	days, list := v.TrialDays(c), e.agreed[l.Subscription]
	trial := false
	if days > 0 {
		end := list[0].from.Add(time.Duration(days) * 24 * time.Hour)
		trial = at.Before(end)
		if trial && ch.Span.To.After(end) {
			return errors.New("a part of its time lies after the trial")
		}
	}
	if trial != l.Trial {
		return errors.New("its line does not say truly whether it is of the trial")
	}
	return nil
}

// termLine checks what can be told of a term's line alone; closings redoes it.
func (e *evidence) termLine(i *Invoice, l *InvoiceLine, v *price.Version, no int) error {
	t := v.Term(l.Component)
	if t == nil || t.Kind != l.Term {
		return fmt.Errorf("price version %s has no such term", l.Price)
	}
	if l.No != no || l.Unit != "" || l.Quantity != 0 || l.Correction || l.Trial || len(l.Charges) != 0 || v.Currency != i.Currency || v.Basis != i.Basis ||
		l.Category != i.Decision.Category || l.BasisPoints != i.Decision.BasisPoints {
		return errors.New("its number, unit, currency, basis or tax is not the invoice's")
	}
	if exact, err := l.Amount.Exact(); err != nil || exact != l.Exact {
		return errors.Join(err, errors.New("its exact value is not its amount"))
	}
	return nil
}

// closings redoes the terms of the prices: each closing from the lines of its period, and each term's line from its
// closing. What had been closed before is taken from the document; an earlier invoice proves it.
func (e *evidence) closings(i *Invoice) error {
	seen := map[string]bool{}
	settled := map[int]int{} // how often a line was used
	for n := range i.Closings {
		c := &i.Closings[n]
		key := fmt.Sprint(c.Subscription, c.Price, c.Every, c.Period.From.Unix())
		if seen[key] {
			return fmt.Errorf("closing of %s: it stands twice", c.Subscription)
		}
		seen[key] = true
		if err := e.closing(i, c, settled); err != nil {
			return fmt.Errorf("closing of %s from %s: %w", c.Subscription, c.Period.From.Format(time.RFC3339), err)
		}
	}
	for n := range i.Lines {
		l, v := &i.Lines[n], e.prices[i.Lines[n].Price]
		want := 1
		if l.Term == "" {
			want = 0
			for _, every := range []price.Every{price.Month, price.Year} {
				if v.Closes(every) {
					want++
				}
			}
		}
		if settled[n] != want {
			return fmt.Errorf("line %d (%s): the terms of its price were settled %d times for it, not %d", n+1, l.Component, settled[n], want)
		}
	}
	return nil
}

func (e *evidence) closing(i *Invoice, c *InvoiceClosing, settled map[int]int) error {
	v := e.prices[c.Price]
	if v == nil {
		return fmt.Errorf("price version %s is not in the file, or was changed", c.Price)
	}
	e.used[c.Price] = true
	if err := e.frame(i, c); err != nil {
		return err
	}
	totals, err := i.totals(c, v, settled)
	if err != nil {
		return err
	}
	now, err := c.Before.Add(v, totals...)
	if err != nil {
		return err
	}
	if !slices.Equal(now.Totals, c.Now.Totals) {
		return errors.New("its lines do not sum to what it says")
	}
	list, err := price.Close(v, c.Closing)
	if err != nil {
		return err
	}
	for _, a := range list {
		n := slices.IndexFunc(i.Lines, func(l InvoiceLine) bool {
			return l.Term != "" && l.Component == a.Term && l.of(c) && l.Period == c.Period
		})
		if n < 0 {
			return fmt.Errorf("the line of %s over %s is missing", a.Term, a.Amount)
		}
		if l := i.Lines[n]; l.Amount != a.Amount || !slices.Equal(l.Shares, a.Shares) {
			return fmt.Errorf("line %d: %s gives %s, it says %s, or the shares differ", n+1, a.Term, a.Amount, l.Amount)
		}
		settled[n]++
	}
	return nil
}

func (l *InvoiceLine) of(c *InvoiceClosing) bool {
	return l.Subscription == c.Subscription && l.Price == c.Price
}

// totals are what the lines of the invoice come to in the period of a closing; for one by year also what the terms by
// month changed.
func (i *Invoice) totals(c *InvoiceClosing, v *price.Version, settled map[int]int) (out []price.Total, err error) {
	for n := range i.Lines {
		l := &i.Lines[n]
		if !l.of(c) {
			continue
		}
		if l.Term != "" {
			t := v.Term(l.Component)
			if c.Every != price.Year || t.Every == price.Year || !c.holds(l.Period.From) {
				continue
			}
			for _, s := range l.Shares {
				out = append(out, price.Total{Key: s.Key, Amount: s.Amount})
			}
			continue
		}
		in, err := c.line(l, v)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		if in {
			settled[n]++
			t := price.Total{Key: l.Component, Amount: l.Amount}
			if l.Trial {
				t.Trial = l.Amount
			}
			out = append(out, t)
		}
	}
	return out, nil
}

func (c *InvoiceClosing) holds(at time.Time) bool {
	return !at.Before(c.Period.From) && at.Before(c.Period.To)
}

// line tells whether a line counts in the period: as a whole, or not at all.
func (c *InvoiceClosing) line(l *InvoiceLine, v *price.Version) (bool, error) {
	part, err := v.Component(l.Component)
	if err != nil {
		return false, err
	}
	in := 0
	for _, ch := range l.Charges {
		at, end := l.Period.From, time.Time{}
		switch {
		case part.Kind == price.PerPeriod:
			at, end = ch.Span.From, ch.Span.To
		case part.Kind.Usage():
			at, end = ch.Period.From, ch.Period.To
		}
		if !c.holds(at) {
			continue
		}
		if in++; end.After(c.Period.To) {
			return false, errors.New("a charge reaches beyond the period")
		}
	}
	if in != 0 && in != len(l.Charges) {
		return false, errors.New("its charges are of several periods")
	}
	return in > 0, nil
}

// frame checks the period of a closing, its number, and what is said of the time in which the price was in force.
// Whoever issued the invoice may not have heard yet of what was agreed in the hour before.
func (e *evidence) frame(i *Invoice, c *InvoiceClosing) error {
	of, ok := e.cycles[c.Subscription]
	if !ok {
		return errors.New("the receipt of the fact that the subscription was activated is missing")
	}
	zone, err := time.LoadLocation(of.zone)
	if err != nil {
		return fmt.Errorf("zone of the subscription: %w", err)
	}
	for _, known := range []time.Time{i.Issued, i.Issued.Add(-time.Hour)} {
		force := e.force(c, known)
		want, ok, err := force.Closing(price.Cycle{Anchor: of.anchor, Every: c.Every, Zone: zone}, c.Period.From)
		if err != nil {
			return err
		}
		if !ok || !want.Period.From.Equal(c.Period.From) || !want.Period.To.Equal(c.Period.To) || want.Number != c.Number || force.Held(want.Period) != c.Now.Held {
			continue
		}
		if c.Now.Over && !force.Over(want.Period, i.Issued) {
			return errors.New("it says that the period is over")
		}
		return nil
	}
	return errors.New("its period, number or time in force is not what was agreed")
}

// force is when the price was in force, as known at an instant.
func (e *evidence) force(c *InvoiceClosing, known time.Time) price.Force {
	var list []price.Agreed
	for n, a := range e.agreed[c.Subscription] {
		if n == 0 || !a.from.After(known) {
			list = append(list, price.Agreed{From: a.from, Price: a.price})
		}
	}
	ended, ok := e.ended[c.Subscription]
	if e.used["ended "+c.Subscription] = ok; ended.After(known) {
		ended = time.Time{}
	}
	return price.NewForce(list, c.Price, ended)
}

// ExplainTerm writes how a term's line of the invoice came about; see price.ExplainTerm.
func (i *Invoice) ExplainTerm(v *price.Version, l *InvoiceLine, locale string) (string, error) {
	for n := range i.Closings {
		if c := &i.Closings[n]; l.of(c) && l.Period == c.Period {
			if t := v.Term(l.Component); t != nil && (t.Every == price.Year) == (c.Every == price.Year) {
				return price.ExplainTerm(v, c.Closing, l.Component, locale)
			}
		}
	}
	return "", fmt.Errorf("invoice %s, line %d: it is of no term", i.Number, l.No)
}

// ExplainLine writes how each line came about: the steps of each charge and the rounding, or those of a term. Errors:
// those of price.Explain.
func (i *Invoice) ExplainLine(v *price.Version, l *InvoiceLine, locale string) (string, error) {
	if l.Term != "" {
		return i.ExplainTerm(v, l, locale)
	}
	part, err := v.Component(l.Component)
	if err != nil {
		return "", err
	}
	text := ""
	for n := range l.Charges {
		ch := &l.Charges[n]
		line, err := price.Rate(v, l.Component, ch.Input(part.Kind))
		if err == nil && line.Exact != ch.Exact {
			line, err = price.RateApart(v, l.Component, ch.Input(part.Kind))
		}
		if err != nil {
			return "", err
		}
		steps, err := price.Explain(v, &line, locale)
		if err != nil {
			return "", err
		}
		text += ch.name() + "\n" + steps + "\n"
	}
	return text + l.Exact.String() + " → " + l.Amount.Format(locale), nil
}

func (c *InvoiceCharge) name() string {
	switch {
	case c.Window != "":
		return c.Window
	case !c.Span.IsZero():
		return c.Span.From.Format(time.RFC3339) + " – " + c.Span.To.Format(time.RFC3339)
	}
	return c.ID
}

// Explain writes how a line of the invoice came about, with the prices in the file alone; see ExplainLine. It checks
// nothing: Verify does. Error: for a line that is not there, or of a credit note, which repeats those of its invoice.
func (f *InvoiceFile) Explain(line int, locale string) (string, error) {
	if line < 1 || line > len(f.Invoice.Lines) || f.Original != nil {
		return "", fmt.Errorf("invoice %s: there is no line %d of its own", f.Invoice.Number, line)
	}
	l := &f.Invoice.Lines[line-1]
	for _, text := range f.Prices {
		if hexHash([]byte(text)) != l.Price {
			continue
		}
		v, err := price.ParseVersion([]byte(text))
		if err != nil {
			return "", fmt.Errorf("price version of line %d: %w", line, err)
		}
		return f.Invoice.ExplainLine(v, l, locale)
	}
	return "", fmt.Errorf("price version %s is not in the file, or was changed", l.Price)
}
