package price

import (
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// Quote is what a first period would cost: one-off charges, one whole period of each price per period (a month of
// the monthly, a year of the yearly ones), and the usage that was assumed. Amounts are in the basis of the
// version.
type Quote struct {
	Lines   []Line       `json:"lines"` // in the order of the components
	OneOff  money.Amount `json:"oneOff"`
	Monthly money.Amount `json:"monthly"`
	Yearly  money.Amount `json:"yearly"`
	Usage   money.Amount `json:"usage"`
	Terms   money.Amount `json:"terms,omitzero"` // what the terms by month change, were the period as assumed; none without terms
	Total   money.Amount `json:"total"`
}

// NewQuote prices assumed quantities by component key. Where none is assumed, one item is taken for one-off and
// per-period components and no usage for the others. A key that the version does not have is refused.
// Errors: price.component, price.input, money.overflow.
func NewQuote(v *Version, assumed map[string]money.Quantity) (Quote, error) {
	zero := money.Zero(v.Currency)
	q := Quote{OneOff: zero, Monthly: zero, Yearly: zero, Usage: zero, Total: zero}
	var unknown *fail.Error
	for key := range assumed {
		if _, err := v.Component(key); err != nil {
			if unknown == nil {
				unknown = fail.New(fail.Invalid, "price.component", "The price list has no such part.",
					"Use only keys that the price list names.")
			}
			unknown = unknown.Field(key, "is not in the price list")
		}
	}
	if unknown != nil {
		return Quote{}, unknown
	}
	for i := range v.Components {
		c := &v.Components[i]
		n, given := assumed[c.Key]
		if n < 0 {
			return Quote{}, badInput(c.Key, "must not be below zero")
		}
		if !given && !c.Kind.Usage() && c.Kind != Credit {
			n = 1
		}
		in, err := assumedInput(c, n)
		if err != nil {
			return Quote{}, err
		}
		l, err := Rate(v, c.Key, in)
		if err != nil {
			return Quote{}, err
		}
		part := q.part(c)
		if *part, err = part.Add(l.Amount); err != nil {
			return Quote{}, err
		}
		if q.Total, err = q.Total.Add(l.Amount); err != nil {
			return Quote{}, err
		}
		q.Lines = append(q.Lines, l)
	}
	if v.Closes(Month) {
		return q, q.close(v)
	}
	return q, nil
}

// month is the length of a month that is assumed, in seconds.
const month = 30 * 86400

// assumedInput is n items or units of a whole period. What is free of seats counts in seconds, so that these need a length.
func assumedInput(c *Component, n money.Quantity) (in Input, err error) {
	in.Quantity = n
	if c.Kind == Seats && c.Free > 0 {
		in.Quantity, err = n.Mul(month)
		in.Period = Interval{From: time.Unix(0, 0).UTC(), To: time.Unix(month, 0).UTC()}
	}
	return in, err
}

// close settles the terms by month for a first period that is over, after any trial.
func (q *Quote) close(v *Version) error {
	state := State{Held: month, Over: true}
	for _, l := range q.Lines {
		var err error
		if state, err = state.Add(v, Total{Key: l.Component, Amount: l.Amount}); err != nil {
			return err
		}
	}
	list, err := Close(v, Closing{Every: Month, Period: Interval{To: time.Time{}.Add(month * time.Second)}, Now: state})
	q.Terms = money.Zero(v.Currency)
	for _, a := range list {
		if q.Terms, err = q.Terms.Add(a.Amount); err != nil {
			return err
		}
	}
	if err == nil {
		q.Total, err = q.Total.Add(q.Terms)
	}
	return err
}

func (q *Quote) part(c *Component) *money.Amount {
	switch {
	case c.Kind == OneOff || c.Kind == Credit:
		return &q.OneOff
	case c.Kind == PerPeriod && c.Every == Year:
		return &q.Yearly
	case c.Kind == PerPeriod:
		return &q.Monthly
	}
	return &q.Usage
}
