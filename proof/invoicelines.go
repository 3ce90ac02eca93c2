package proof

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// lines redoes each line and the totals.
func (e *evidence) lines(i *Invoice) error {
	chains := map[chainKey][]*InvoiceCharge{}
	for n := range i.Lines {
		l := &i.Lines[n]
		if err := e.line(i, l, n+1, chains); err != nil {
			return fmt.Errorf("invoice %s, line %d (%s): %w", i.Number, n+1, l.Component, err)
		}
	}
	for key, list := range chains {
		if err := key.check(list); err != nil {
			return fmt.Errorf("invoice %s: %w", i.Number, err)
		}
	}
	if err := e.closings(i); err != nil {
		return fmt.Errorf("invoice %s: %w", i.Number, err)
	}
	if err := e.aggregates(); err != nil {
		return fmt.Errorf("invoice %s: %w", i.Number, err)
	}
	totals, nets, err := i.Sum()
	if err != nil {
		return fmt.Errorf("invoice %s: %w", i.Number, err)
	}
	for n, l := range i.Lines {
		if l.Net != nets[n] {
			return fmt.Errorf("invoice %s, line %d (%s): its net amount is %s, it says %s", i.Number, n+1, l.Component, nets[n], l.Net)
		}
	}
	if !slices.Equal(totals.Subtotals, i.Totals.Subtotals) || totals.Net != i.Totals.Net || totals.VAT != i.Totals.VAT || totals.Gross != i.Totals.Gross {
		return fmt.Errorf("invoice %s: the lines give %s, the invoice says %s", i.Number, totals.Gross, i.Totals.Gross)
	}
	return nil
}

// line redoes one line from its charges.
func (e *evidence) line(i *Invoice, l *InvoiceLine, no int, chains map[chainKey][]*InvoiceCharge) error {
	v := e.prices[l.Price]
	if v == nil {
		return fmt.Errorf("price version %s is not in the file, or was changed", l.Price)
	}
	e.used[l.Price] = true
	if l.Term != "" {
		return e.termLine(i, l, v, no)
	}
	c, err := v.Component(l.Component)
	if err != nil {
		return fmt.Errorf("price version %s: %w", l.Price, err)
	}
	unit := c.Unit
	if c.Kind == price.PerPeriod {
		unit = string(c.Every)
	}
	if l.No != no || l.Unit != unit || l.Per != 0 && l.Per != c.Per || v.Currency != i.Currency || v.Basis != i.Basis || l.Category != i.Decision.Category || l.BasisPoints != i.Decision.BasisPoints {
		return errors.New("its number, unit, currency, basis or tax is not the invoice's")
	}
	exact, err := e.charges(l, v, c, chains)
	if err != nil {
		return err
	}
	amount, err := exact.Round(v.Rounding)
	if err != nil {
		return err
	}
	if amount != l.Amount {
		return fmt.Errorf("%s rounds to %s, it says %s", exact, amount, l.Amount)
	}
	shares, err := c.Split(amount)
	if err != nil {
		return err
	}
	if !slices.Equal(shares, l.Shares) {
		return errors.New("its shares are not those of the parts of the bundle")
	}
	return nil
}

// charges redoes the charges of a line and their sum, before rounding.
func (e *evidence) charges(l *InvoiceLine, v *price.Version, c *price.Component, chains map[chainKey][]*InvoiceCharge) (money.Exact, error) {
	exact, quantity := money.ZeroExact(v.Currency), money.Quantity(0)
	for n := range l.Charges {
		ch := &l.Charges[n]
		err := e.charge(l, v, c, ch)
		if err != nil {
			return exact, fmt.Errorf("charge %s: %w", ch.ID, err)
		}
		if exact, err = exact.Add(ch.Exact); err != nil {
			return exact, err
		}
		if quantity, err = quantity.Add(ch.Quantity); err != nil {
			return exact, err
		}
		if c.Kind == price.PerPeriod {
			quantity = l.Charges[0].Quantity // items, each held for many periods
		}
		if key := (chainKey{l.Subscription, l.Component, l.Price, ch.Period.From.UnixMicro()}); c.Kind.Usage() {
			chains[key] = append(chains[key], ch)
		} else if c.Kind == price.PerPeriod {
			key.price, key.period = "", 0 // spans must not overlap, whatever their price
			chains[key] = append(chains[key], ch)
		}
	}
	if len(l.Charges) == 0 {
		return exact, errors.New("it has no charge")
	}
	if exact != l.Exact {
		return exact, fmt.Errorf("its charges sum to %s, it says %s", exact, l.Exact)
	}
	if quantity != l.Quantity {
		return exact, fmt.Errorf("its charges are for %s, it says %s", quantity, l.Quantity)
	}
	return exact, nil
}

// charge redoes one charge: its quantity from the window, its price from what was agreed, its amount from both.
func (e *evidence) charge(l *InvoiceLine, v *price.Version, c *price.Component, ch *InvoiceCharge) error {
	if e.used["charge "+ch.ID] {
		return errors.New("it stands twice")
	}
	e.used["charge "+ch.ID] = true
	at := ch.Span.From
	switch {
	case c.Kind.Usage():
		w, err := e.metered(l, c, ch)
		if err != nil {
			return err
		}
		at = w.Window.Decides()
	case ch.Window != "":
		return fmt.Errorf("window %s has no place here", ch.Window)
	case c.Kind == price.Credit:
		key := "credit " + l.Subscription + " " + l.Price + " " + c.Key
		if e.used[key] {
			return errors.New("it is owed back once only")
		}
		e.used[key] = true
		for _, a := range e.agreed[l.Subscription] { // it belongs to the agreement that brought it
			if a.price == l.Price {
				at = a.from
			}
		}
	case c.Kind == price.OneOff:
		if e.used["once "+l.Subscription+" "+c.Key] {
			return errors.New("it is owed once only")
		}
		e.used["once "+l.Subscription+" "+c.Key] = true
	}
	if err := e.inForce(l, at); err != nil {
		return err
	}
	if err := ch.whole(c, at); err != nil {
		return err
	}
	if err := e.timely(l, v, c, ch, at); err != nil {
		return err
	}
	line, err := price.Rate(v, c.Key, ch.Input(c.Kind))
	if err != nil {
		return err
	}
	if line.Exact != ch.Exact { // a charge of the days when each window was cut on its own
		if apart, err := price.RateApart(v, c.Key, ch.Input(c.Kind)); err == nil {
			line = apart
		}
	}
	if line.Exact != ch.Exact {
		return fmt.Errorf("its price version gives %s, it says %s", line.Exact, ch.Exact)
	}
	return nil
}

// metered finds the window of a usage charge, which it may use once for a component, and compares the quantity.
func (e *evidence) metered(l *InvoiceLine, c *price.Component, ch *InvoiceCharge) (*WindowFile, error) {
	w := e.windows[ch.Window]
	if w == nil {
		return nil, fmt.Errorf("window %s is not in the file", ch.Window)
	}
	key := "window " + ch.Window + " " + c.Key
	if e.used[key] {
		return nil, fmt.Errorf("window %s was charged before", ch.Window)
	}
	e.used[key], e.used["window "+ch.Window] = true, true
	if w.Window.Subject != l.Subscription {
		return nil, fmt.Errorf("window %s is of %s", ch.Window, w.Window.Subject)
	}
	if got := w.Window.Sum(c.Meter); got != ch.Quantity.String() {
		return nil, fmt.Errorf("window %s counts %s of %s, it says %s", ch.Window, got, c.Meter, ch.Quantity)
	}
	e.gather(w, c.Meter, ch.Period)
	return w, nil
}

// Sum is the amount of a meter over all its labels by which the window changes its billing period, as a decimal integer.
// It is below zero when more was taken back.
func (w *Window) Sum(meter string) string {
	total := new(big.Int)
	for _, s := range w.Sums {
		if n, ok := new(big.Int).SetString(s.Quantity, 10); ok && s.Meter == meter {
			total.Add(total, n)
		}
	}
	return total.String()
}

// Decides is the instant whose price applies to the whole window: its last microsecond.
func (w *Window) Decides() time.Time { return w.To.Add(-time.Microsecond) }

// inForce tells whether the price of the line is the one that was agreed last before the instant; what lies before the
// first agreement has the first price. The zero instant is the activation.
func (e *evidence) inForce(l *InvoiceLine, at time.Time) error {
	list := e.agreed[l.Subscription]
	if len(list) == 0 {
		return fmt.Errorf("the receipt of the fact that subscription %s was activated is missing", l.Subscription)
	}
	now := list[0]
	for _, a := range list[1:] {
		if !a.from.After(at) {
			now = a
		}
	}
	if now.price != l.Price {
		return fmt.Errorf("subscription %s had price version %s then, not %s", l.Subscription, now.price, l.Price)
	}
	return nil
}

// whole wants the billing period of a charge to be a civil month or year that holds the instant, so that no tier begins
// anew early and no part of a period counts as more than it is. Clock changes may move its ends by two hours.
func (c *InvoiceCharge) whole(part *price.Component, at time.Time) error {
	if part.Kind == price.OneOff || part.Kind == price.Credit {
		if !c.Period.IsZero() || !c.Span.IsZero() {
			return errors.New("what is owed once has no period")
		}
		return nil
	}
	const day, slack = 86400, 7200
	short, long := int64(28*day), int64(31*day)
	if part.Every == price.Year {
		short, long = 365*day, 366*day
	}
	if n := c.Period.Seconds(); n < short-slack || n > long+slack || at.Before(c.Period.From) || !at.Before(c.Period.To) {
		return fmt.Errorf("its billing period, %s to %s, is no month or year that holds it", c.Period.From.Format(time.RFC3339), c.Period.To.Format(time.RFC3339))
	}
	return nil
}

// chainKey is what the tiers of one billing period are counted by, or (without price and period) the time held.
type chainKey struct {
	subscription, component, price string
	period                         int64
}

// check wants the charges of one period to go on where the one before stopped: no unit twice, none left out between.
// Of prices per period (the key has no price) it wants spans that do not overlap.
func (k chainKey) check(list []*InvoiceCharge) error {
	if k.price == "" {
		slices.SortStableFunc(list, func(a, b *InvoiceCharge) int { return a.Span.From.Compare(b.Span.From) })
		for n := 1; n < len(list); n++ {
			if list[n].Span.From.Before(list[n-1].Span.To) {
				return fmt.Errorf("charge %s (%s of %s): its time was charged before", list[n].ID, k.component, k.subscription)
			}
		}
		return nil
	}
	return k.path(list)
}

// path wants the charges of one period to be one way from a number of units to another, each step beginning where
// another stopped. Corrections step down, so the way may pass a number more than once.
func (k chainKey) path(list []*InvoiceCharge) error {
	steps := map[money.Quantity]int{} // that begin there, less those that stop there
	next := map[money.Quantity][]money.Quantity{}
	for _, c := range list {
		to := c.From + c.Quantity
		steps[c.From]++
		steps[to]--
		next[c.From], next[to] = append(next[c.From], to), append(next[to], c.From)
	}
	seen, todo := map[money.Quantity]bool{list[0].From: true}, []money.Quantity{list[0].From}
	for len(todo) > 0 {
		for _, n := range next[todo[0]] {
			if !seen[n] {
				seen[n], todo = true, append(todo, n)
			}
		}
		todo = todo[1:]
	}
	begins := 0
	for at, n := range steps {
		begins += max(n, 0)
		if n > 1 || n < -1 || begins > 1 || !seen[at] {
			i := slices.IndexFunc(list, func(c *InvoiceCharge) bool { return c.From == at || c.From+c.Quantity == at })
			return fmt.Errorf("charge %s (%s of %s) begins at %s units and stops at %s: another does not go on there, or goes over the same units",
				list[i].ID, k.component, k.subscription, list[i].From, list[i].From+list[i].Quantity)
		}
	}
	return nil
}
