package price

import (
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// Input is what is charged with one component.
//
// OneOff and PerPeriod: Quantity is the number of items. PerPeriod: Span is the part of Period in which they were
// held; both absent means one whole period. Usage: Quantity is base units of the meter, and From how many base
// units of this period were charged before (0 when the period is charged at once), so that a later window goes on
// in the tier where the one before stopped.
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
	Exact     money.Exact    `json:"exact"`  // before rounding
	Amount    money.Amount   `json:"amount"` // Exact rounded once, in the basis (net or gross) of the version
}

// Input is what the line was rated from.
func (l *Line) Input() Input { return Input{l.Quantity, l.From, l.Span, l.Period} }

// Rate prices one input with one component of a valid version. It builds no trace and does not allocate.
// Who adds up several charges for one invoice line adds their Exact values and rounds once.
// Errors: price.component, price.input, money.overflow.
func Rate(v *Version, component string, in Input) (Line, error) {
	c, err := v.Component(component)
	if err != nil {
		return Line{}, err
	}
	s := sum{total: money.ZeroExact(v.Currency)}
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
}

func (s *sum) component(c *Component, in *Input) error {
	if in.Quantity < 0 || in.From < 0 {
		return badInput("quantity", "must not be below zero")
	}
	if c.Kind != PerPeriod && !(in.Span.IsZero() && in.Period.IsZero()) {
		return badInput("period", "belongs to a price per period only")
	}
	if !c.Kind.Usage() && in.From != 0 {
		return badInput("from", "belongs to usage only")
	}
	switch c.Kind {
	case OneOff:
		return s.add(RuleOneOff, 0, 0, in.Quantity, 1, &c.Price)
	case PerPeriod:
		return s.period(c, in)
	case PerUnit:
		return s.usage(c, in, nil)
	case Graduated:
		return s.usage(c, in, c.Tiers)
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

// usage walks the free quantity and the tiers over the units from in.From to in.From+in.Quantity; without tiers
// there is one price.
func (s *sum) usage(c *Component, in *Input, tiers []Tier) error {
	end, err := in.From.Add(in.Quantity)
	if err != nil {
		return err
	}
	at := in.From
	if at < c.Free && at < end {
		stop := min(c.Free, end)
		if s.keep {
			s.steps = append(s.steps, Step{Rule: RuleFree, To: c.Free, Quantity: stop - at, Per: c.Per,
				Price: money.NewUnitPrice(0, s.total.Currency()), Partial: money.ZeroExact(s.total.Currency())})
		}
		at = stop
	}
	if tiers == nil {
		if at == end {
			return nil
		}
		return s.add(RuleUnit, c.Free, 0, end-at, c.Per, &c.Price)
	}
	low := c.Free
	for i := range tiers {
		if at == end {
			return nil
		}
		t := &tiers[i]
		stop := end
		if t.UpTo != 0 {
			stop = min(t.UpTo, end)
		}
		if at < stop {
			if err := s.add(RuleTier, low, t.UpTo, stop-at, c.Per, &t.Price); err != nil {
				return err
			}
			at = stop
		}
		low = t.UpTo
	}
	return nil
}

// add is one step: price × q ÷ per, for the units from low to high. It takes the fields of a Step one by one,
// because building a Step that nobody keeps would cost as much as the product.
func (s *sum) add(rule Rule, low, high, q, per money.Quantity, price *money.UnitPrice) error {
	part, err := price.Times(q, per)
	if err != nil {
		return err
	}
	if s.total, err = s.total.Add(part); err != nil {
		return err
	}
	if s.keep {
		s.steps = append(s.steps, Step{rule, low, high, q, per, *price, part})
	}
	return nil
}

func badInput(field, message string) error {
	return fail.New(fail.Invalid, "price.input", "The quantity or the time given cannot be charged.",
		"Correct the field named.").Field(field, message)
}
