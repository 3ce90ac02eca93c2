package settlement

import (
	"slices"

	"github.com/halle-cloud/halle/money"
)

// Share is what becomes of one net amount: its parts sum to it exactly.
type Share struct {
	Publisher money.Amount
	Operator  money.Amount   // below zero when a fixed share or a floor is more than there is
	Resellers []money.Amount // the nearest first
}

// Item is a line of an invoice as a rule sees it.
type Item struct {
	Component string
	Term      bool // the line is what a term of the price made: a discount when its net is below zero
	Net       money.Amount
	Quantity  money.Quantity // base units
	Resellers int            // above the customer
	Sold      money.Amount   // net, under this rule in the calendar month before this line: for tiers
}

// Split shares one line. Errors: those of money.
func (t Terms) Split(in Item) (Share, error) {
	none := money.Zero(in.Net.Currency)
	out := Share{Publisher: none, Operator: none, Resellers: slices.Repeat([]money.Amount{none}, in.Resellers)}
	if in.Term {
		in.Quantity = 0
		if in.Net.Sign() < 0 && t.Discount == ByOperator {
			out.Operator = in.Net
			return out, nil
		}
		if in.Net.Sign() < 0 && t.Discount == ByPublisher {
			out.Publisher = in.Net
			return out, nil
		}
	}
	c := t.clause(in.Component)
	amounts := make([]money.Amount, 2+in.Resellers)
	for i := range amounts {
		amounts[i] = none
	}
	if c.Kind == Tiers {
		if err := c.tiers(in, amounts); err != nil {
			return out, err
		}
	} else {
		parts, err := money.Split(in.Net, c.Parts.weights(in.Resellers))
		if err != nil {
			return out, err
		}
		copy(amounts, parts)
	}
	if err := c.least(in, amounts); err != nil {
		return out, err
	}
	out.Publisher, out.Operator = amounts[0], amounts[1]
	copy(out.Resellers, amounts[2:])
	return out, nil
}

// clause is the one of the component, or the one for all others.
func (t Terms) clause(component string) Clause {
	var rest Clause
	for _, c := range t.Clauses {
		switch c.Component {
		case component:
			return c
		case "":
			rest = c
		}
	}
	return rest
}

// tiers shares the stretch from what was sold before to what is sold with the line, tier by tier.
func (c Clause) tiers(in Item, amounts []money.Amount) error {
	end, err := in.Sold.Add(in.Net)
	if err != nil {
		return err
	}
	low, high := min(in.Sold.Minor, end.Minor), max(in.Sold.Minor, end.Minor)
	for i, t := range c.Tiers {
		piece := high - low
		if i < len(c.Tiers)-1 {
			piece = max(0, min(high, t.UpTo)-low)
		}
		low += piece
		if in.Net.Sign() < 0 {
			piece = -piece
		}
		parts, err := money.Split(money.New(piece, in.Net.Currency), t.weights(in.Resellers))
		if err != nil {
			return err
		}
		for n, p := range parts {
			amounts[n].Minor += p.Minor
		}
	}
	return nil
}

// least gives the publisher its amount for each unit: all of a fixed share, or the floor when its part is less. What is
// left is shared by the others.
func (c Clause) least(in Item, amounts []money.Amount) error {
	if (c.Each == money.UnitPrice{}) || c.Each.Currency != in.Net.Currency || in.Quantity == 0 && c.Kind != Fixed {
		return nil
	}
	exact, err := c.Each.Times(in.Quantity, c.Per)
	if err != nil {
		return err
	}
	least, err := exact.Round("")
	if err != nil {
		return err
	}
	have := amounts[0].Minor
	if c.Kind != Fixed && (least.Minor >= 0 && have >= least.Minor || least.Minor < 0 && have <= least.Minor) {
		return nil
	}
	rest, err := in.Net.Sub(least)
	if err != nil {
		return err
	}
	weights := c.Parts.weights(in.Resellers)
	if c.Kind == Tiers {
		weights = c.Tiers[0].weights(in.Resellers)
	}
	weights[0] = 0
	if !slices.ContainsFunc(weights, func(w int64) bool { return w > 0 }) {
		weights[1] = 1
	}
	parts, err := money.Split(rest, weights)
	if err != nil {
		return err
	}
	copy(amounts, parts)
	amounts[0] = least
	return nil
}

// takeBack is the part of a share that a credit note takes back: credited is what was taken back before and is now, of a
// line of net. What is taken back in parts comes to the whole at the end, to the cent. The operator has the rest of the
// rounding.
func takeBack(share Share, net, before, now money.Amount) (Share, error) {
	if net.IsZero() { // nothing was paid and yet something shared: all of that goes back
		before, net = money.Zero(net.Currency), money.New(1, net.Currency)
		now = money.New(-1, net.Currency)
		share.Operator.Minor++
		out, err := takeBack(share, net, before, now)
		out.Operator.Minor++
		return out, err
	}
	upTo := func(credited int64) (Share, error) {
		out := Share{Publisher: share.Publisher, Operator: money.New(credited, net.Currency), Resellers: slices.Clone(share.Resellers)}
		for _, a := range append([]*money.Amount{&out.Publisher}, pointers(out.Resellers)...) {
			var err error
			switch credited {
			case -net.Minor:
				*a, err = a.Neg()
			case 0:
				a.Minor = 0
			default:
				*a, err = scale(*a, credited, net.Minor)
			}
			if err != nil {
				return out, err
			}
			out.Operator.Minor -= a.Minor
		}
		return out, nil
	}
	first, err := upTo(before.Minor)
	if err != nil {
		return first, err
	}
	out, err := upTo(before.Minor + now.Minor)
	if err != nil {
		return out, err
	}
	out.Publisher.Minor -= first.Publisher.Minor
	out.Operator.Minor -= first.Operator.Minor
	for i := range out.Resellers {
		out.Resellers[i].Minor -= first.Resellers[i].Minor
	}
	return out, nil
}

// scale is a × num / den for signed den.
func scale(a money.Amount, num, den int64) (money.Amount, error) {
	if den < 0 {
		num, den = -num, -den
	}
	return a.Scale(num, den, "")
}

func pointers(list []money.Amount) []*money.Amount {
	out := make([]*money.Amount, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}
