package price

import (
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// Input is what is charged with one component.
//
// OneOff, Credit and PerPeriod: Quantity is the number of items. PerPeriod: Span is the part of Period in which they were
// held; both absent means one whole period. Usage: Quantity is base units of the meter, and From how many base
// units of this period were charged before (0 when the period is charged at once), so that a later window goes on
// in the tier where the one before stopped. A Quantity below zero takes units back: what they had cost is the charge,
// with its sign turned; units below zero cost nothing. Seats: Quantity is items × seconds, of Period; without Period it
// is items held for a whole one.
type Input struct {
	Quantity money.Quantity
	From     money.Quantity
	Span     Interval
	Period   Interval
}

// Line is one priced component. It repeats its input, so that anyone who holds the version can redo it.
type Line struct {
	Version   string         `json:"version"` // Version.ID
	Component string         `json:"component"`
	Kind      Kind           `json:"kind"`
	Quantity  money.Quantity `json:"quantity"`
	From      money.Quantity `json:"from,omitzero"`
	Span      Interval       `json:"span,omitzero"`
	Period    Interval       `json:"period,omitzero"`
	Exact     money.Exact    `json:"exact"`  // before rounding; below zero when a volume price fell for what was charged before
	Amount    money.Amount   `json:"amount"` // Exact rounded once, in the basis (net or gross) of the version
}

// Input is what the line was rated from.
func (l *Line) Input() Input { return Input{l.Quantity, l.From, l.Span, l.Period} }

// Rate prices one input with one component of a valid version. It builds no trace and does not allocate.
// Who adds up several charges for one invoice line adds their Exact values and rounds once.
// Errors: price.component, price.input, money.overflow.
func Rate(v *Version, component string, in Input) (Line, error) {
	return rate(v, component, in, sum{total: money.ZeroExact(v.Currency)})
}

// RateApart prices as versions of Halle before the first terms did: a window whose units go on inside a tier is cut
// below 1e-18 of the currency on its own, so windows may sum to less than the whole. Proofs of that time are checked
// by it. Errors: those of Rate.
func RateApart(v *Version, component string, in Input) (Line, error) {
	return rate(v, component, in, sum{total: money.ZeroExact(v.Currency), apart: true})
}

func rate(v *Version, component string, in Input, s sum) (Line, error) {
	c, err := v.Component(component)
	if err != nil {
		return Line{}, err
	}
	if err := s.component(c, &in); err != nil {
		return Line{}, err
	}
	amount, err := s.total.Round(v.Rounding)
	if err != nil {
		return Line{}, err
	}
	return Line{
		Version: v.ID, Component: c.Key, Kind: c.Kind, Quantity: in.Quantity, From: in.From,
		Span: in.Span, Period: in.Period, Exact: s.total, Amount: amount,
	}, nil
}

// sum adds up the steps of a line, and keeps them when it is asked to.
type sum struct {
	total money.Exact
	steps []Step
	keep  bool
	apart bool
	less  bool // each step is taken off
}

func (s *sum) component(c *Component, in *Input) error {
	if !c.Kind.Usage() && in.Quantity < 0 {
		return badInput("quantity", "must not be below zero")
	}
	if !c.Kind.Timed() && !in.Period.IsZero() || c.Kind != PerPeriod && !in.Span.IsZero() {
		return badInput("period", "belongs to a price per period only")
	}
	if !c.Kind.Usage() && in.From != 0 {
		return badInput("from", "belongs to usage only")
	}
	switch c.Kind {
	case OneOff:
		return s.add(RuleOneOff, 0, 0, in.Quantity, 1, &c.Price)
	case Credit:
		return s.signed(RuleCredit, 0, 0, in.Quantity, 1, &c.Price, true)
	case PerPeriod:
		return s.period(c, in)
	case PerUnit, Graduated, Volume, Package, Seats:
		return s.usage(c, in)
	}
	return badInput("kind", "is not a kind of price")
}

// period charges items × seconds held ÷ seconds of the period. Parts of a period sum to the whole but for the cut
// below 1e-18 of the currency in each part.
func (s *sum) period(c *Component, in *Input) error {
	if in.Span.IsZero() && in.Period.IsZero() {
		return s.add(RulePeriod, 0, 0, in.Quantity, 1, &c.Price)
	}
	held, whole := in.Span.Seconds(), in.Period.Seconds()
	if whole <= 0 || held < 0 || in.Span.From.Before(in.Period.From) || in.Span.To.After(in.Period.To) {
		return badInput("span", "must lie within a period that is longer than nothing")
	}
	if held == whole { // the usual case stays free of a division
		return s.add(RulePeriod, 0, 0, in.Quantity, 1, &c.Price)
	}
	q, err := in.Quantity.Mul(money.Quantity(held))
	if err != nil {
		return err
	}
	return s.add(RulePart, 0, 0, q, money.Quantity(whole), &c.Price)
}

// usage charges the units from in.From to in.From+in.Quantity.
func (s *sum) usage(c *Component, in *Input) error {
	end, err := in.From.Add(in.Quantity)
	if err != nil {
		return err
	}
	at := max(in.From, 0)
	if s.less = in.Quantity < 0; s.less {
		at, end = end, at
	}
	at, end = max(at, 0), max(end, 0)
	if at < c.Free && at < end {
		stop := min(c.Free, end)
		if s.keep {
			s.steps = append(s.steps, Step{Rule: RuleFree, To: c.Free, Quantity: stop - at, Per: c.per(),
				Price: money.NewUnitPrice(0, s.total.Currency()), Partial: money.ZeroExact(s.total.Currency())})
		}
		at = stop
	}
	if at == end {
		return nil
	}
	switch c.Kind {
	case Graduated:
		return s.graduated(c, at, end)
	case Volume:
		return s.volume(c, at, end)
	case Package:
		return s.slice(RulePackage, c.Free, 0, at, end, c.Per, c.Per, &c.Price)
	case Seats:
		whole := money.Quantity(1)
		if !in.Period.IsZero() {
			whole = money.Quantity(in.Period.Seconds())
		}
		return s.slice(RuleSeats, c.Free, 0, at, end, whole, 1, &c.Price)
	}
	return s.slice(RuleUnit, c.Free, 0, at, end, c.Per, 1, &c.Price)
}

// graduated walks the tiers.
func (s *sum) graduated(c *Component, at, end money.Quantity) error {
	low := c.Free
	for i := range c.Tiers {
		if at == end {
			return nil
		}
		t := &c.Tiers[i]
		stop := end
		if t.UpTo != 0 {
			stop = min(t.UpTo, end)
		}
		if at < stop {
			if at == low && t.Flat.Nanos != 0 {
				if err := s.add(RuleFlat, low, t.UpTo, 1, 1, &t.Flat); err != nil {
					return err
				}
			}
			if err := s.slice(RuleTier, low, t.UpTo, at, stop, c.Per, max(t.Step, 1), &t.Price); err != nil {
				return err
			}
			at = stop
		}
		low = t.UpTo
	}
	return nil
}

// slice charges the units from at to stop of a price that began at low: what it costs up to stop less what it cost up
// to at, each cut on its own, so that slices of one price sum exactly.
func (s *sum) slice(rule Rule, low, high, at, stop, per, step money.Quantity, price *money.UnitPrice) error {
	if step == 1 && (at == low || per == 1 || s.apart) { // the usual case: nothing to round, nothing cut before
		return s.add(rule, low, high, stop-at, per, price)
	}
	before, err := started(at-low, step)
	if err != nil {
		return err
	}
	after, err := started(stop-low, step)
	if err != nil {
		return err
	}
	if before == 0 || per == 1 || s.apart {
		return s.add(rule, low, high, after-before, per, price)
	}
	a, err := price.Times(before, per)
	if err != nil {
		return err
	}
	b, err := price.Times(after, per)
	if err != nil {
		return err
	}
	part, err := b.Add(a.Neg())
	if err != nil {
		return err
	}
	return s.take(rule, low, high, after-before, per, price, part)
}

// volume charges all units up to end at the price of their tier, less what the units before cost at theirs.
func (s *sum) volume(c *Component, from, end money.Quantity) error {
	if err := s.whole(c, end, RuleVolume, false); err != nil || from <= c.Free {
		return err
	}
	return s.whole(c, from, RuleBefore, true)
}

func (s *sum) whole(c *Component, units money.Quantity, rule Rule, less bool) error {
	i := 0
	for c.Tiers[i].UpTo != 0 && c.Tiers[i].UpTo < units {
		i++
	}
	t := &c.Tiers[i]
	q, err := started(units-c.Free, max(t.Step, 1))
	if err != nil {
		return err
	}
	low := c.Free
	if i > 0 {
		low = c.Tiers[i-1].UpTo
	}
	if err := s.signed(rule, low, t.UpTo, q, c.Per, &t.Price, less); err != nil || t.Flat.Nanos == 0 {
		return err
	}
	return s.signed(RuleFlat, low, t.UpTo, 1, 1, &t.Flat, less)
}

func (s *sum) signed(rule Rule, low, high, q, per money.Quantity, price *money.UnitPrice, less bool) error {
	part, err := price.Times(q, per)
	if err != nil {
		return err
	}
	if less {
		part = part.Neg()
	}
	return s.take(rule, low, high, q, per, price, part)
}

// started rounds units up to whole steps.
func started(units, step money.Quantity) (money.Quantity, error) {
	if step == 1 || units%step == 0 {
		return units, nil
	}
	return (units - units%step).Add(step)
}

// add is one step: price × q ÷ per, for the units from low to high. It takes the fields of a Step one by one,
// because building a Step that nobody keeps would cost as much as the product.
func (s *sum) add(rule Rule, low, high, q, per money.Quantity, price *money.UnitPrice) error {
	part, err := price.Times(q, per)
	if err != nil {
		return err
	}
	return s.take(rule, low, high, q, per, price, part)
}

func (s *sum) take(rule Rule, low, high, q, per money.Quantity, price *money.UnitPrice, part money.Exact) (err error) {
	if s.less {
		part = part.Neg()
	}
	if s.total, err = s.total.Add(part); err != nil {
		return err
	}
	if s.keep {
		s.steps = append(s.steps, Step{rule, low, high, q, per, *price, part})
	}
	return nil
}

// per is what the units of a usage step are divided by, for the trace.
func (c *Component) per() money.Quantity { return max(c.Per, 1) }

func badInput(field, message string) error {
	return fail.New(fail.Invalid, "price.input", "The quantity or the time given cannot be charged.",
		"Correct the field named.").Field(field, message)
}
