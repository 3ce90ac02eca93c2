package rating

import (
	"context"
	"encoding/hex"
	"math/big"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// ConvertInput asks what a service that is paid by a licence costs beside a plan that is paid by use.
type ConvertInput struct {
	Subscription string
	Price        *price.Version // of the other plan; valid
	Charges      []string       // components of the agreed price that are the licence
	TermMonths   int            // what is paid once for the licence is spread over so many months; 0: it stands in its month
	Months       int            // how many billing months to look back at; 0: 12, at most 36
}

// Conversion sets a licence beside use, month by month, on the real usage.
type Conversion struct {
	Months  []ConvertedMonth // oldest first; the present one so far
	Licence money.Amount     // all months by the contract that stands
	Other   money.Amount     // by the other plan
	Saving  money.Amount     // Licence less Other; none where they cannot be set against each other
	Even    Even
}

// ConvertedMonth is one billing month.
type ConvertedMonth struct {
	Period  price.Interval
	Licence money.Amount // by the contract that stands, its part of what was paid once included
	Bought  money.Amount // that part
	Other   money.Amount
	Saving  money.Amount
}

// Even is how much use makes both cost the same, in a month of thirty days. Terms of prices do not count in it.
type Even struct {
	Always Cheaper // who is cheaper whatever is used; "" when there is a break-even
	Parts  []EvenPart
	// Percent is the break-even in percent of the usage so far; 0 when nothing was used.
	Percent int64
}

// Cheaper says which of the two.
type Cheaper string

// The two.
const (
	LicenceCheaper Cheaper = "licence"
	OtherCheaper   Cheaper = "other"
)

// EvenPart is the quantity of one component of the other plan, in base units of its meter in thirty days.
type EvenPart struct {
	Component string
	Unit      string
	Per       money.Quantity // base units in one Unit
	Now       money.Quantity // on average so far
	At        money.Quantity // where both cost the same
}

const (
	thirtyDays = 30 * 24 * time.Hour
	maxConvert = 36
	most       = 1 << 40 // of the scale, in thousandths of the usage so far
)

// Convert compares. Those who may read invoices may. Errors: those of Compare.
func (s *Ratings) Convert(ctx context.Context, c access.Caller, in ConvertInput) (out Conversion, err error) {
	if in.Months <= 0 {
		in.Months = 12
	}
	agreed, used, seconds := (*price.Version)(nil), map[string]money.Quantity{}, int64(0)
	now := s.Now()
	for at := now; len(out.Months) < min(in.Months, maxConvert); {
		r, err := s.Compare(ctx, c, CompareInput{Subscription: in.Subscription, At: at, Price: in.Price})
		if fail.Is(err, fail.NotFound) && len(out.Months) > 0 {
			break
		}
		if err != nil {
			return Conversion{}, err
		}
		contract, v, err := s.agreedAt(ctx, in.Subscription, at)
		if err != nil {
			return Conversion{}, err
		}
		if agreed == nil {
			agreed = v
		}
		m, err := in.month(contract, v, r, now)
		if err != nil {
			return Conversion{}, err
		}
		out.Months = append(out.Months, m)
		seconds += lived(contract, r.Period, now)
		for _, part := range slices.Concat(r.Agreed.Parts, r.Other.Parts) {
			if part.Kind.Usage() {
				key := part.Price + " " + part.Component
				if used[key], err = used[key].Add(part.Quantity); err != nil {
					return Conversion{}, err
				}
			}
		}
		if at = r.Period.From.Add(-time.Second); !at.After(contract.ActivatedAt) {
			break
		}
	}
	slices.Reverse(out.Months)
	if err := out.sum(); err != nil {
		return Conversion{}, err
	}
	out.Even, err = in.even(agreed, used, seconds)
	return out, err
}

// lived is for how many seconds of a period the service was there.
func lived(c Contract, p price.Interval, now time.Time) int64 {
	return p.Overlap(price.Interval{From: c.ActivatedAt, To: now}).Seconds()
}

func (s *Ratings) agreedAt(ctx context.Context, subscription string, when time.Time) (c Contract, v *price.Version, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if c, err = selectContract(tx, subscription); err != nil {
			return err
		}
		history, err := selectHistory(tx, subscription)
		if err != nil {
			return err
		}
		v, err = s.price(tx, at(history, when).Price)
		return err
	})
	return c, v, err
}

// month takes what was paid once for the licence out of its month and puts the share of this one in.
func (in ConvertInput) month(c Contract, v *price.Version, r Comparison, now time.Time) (m ConvertedMonth, err error) {
	m = ConvertedMonth{Period: r.Period, Licence: r.Agreed.Total, Other: r.Other.Total, Bought: money.Zero(v.Currency)}
	if in.TermMonths > 0 {
		for _, part := range r.Agreed.Parts {
			if part.Kind == price.OneOff && slices.Contains(in.Charges, part.Component) {
				if m.Licence, err = m.Licence.Sub(part.Amount); err != nil {
					return m, err
				}
			}
		}
		if m.Bought, err = in.share(c, v, r.Period, now); err != nil {
			return m, err
		}
		if m.Licence, err = m.Licence.Add(m.Bought); err != nil {
			return m, err
		}
	}
	if r.Agreed.Basis == r.Other.Basis && m.Licence.Currency == m.Other.Currency {
		m.Saving, err = m.Licence.Sub(m.Other)
	}
	return m, err
}

// share is the part of what was paid once that falls on a period, by seconds of the term.
func (in ConvertInput) share(c Contract, v *price.Version, p price.Interval, now time.Time) (money.Amount, error) {
	term := price.Interval{From: c.ActivatedAt, To: c.ActivatedAt.AddDate(0, in.TermMonths, 0)}
	part := p.Overlap(term).Overlap(price.Interval{From: c.ActivatedAt, To: now}).Seconds()
	sum := money.ZeroExact(v.Currency)
	for _, key := range in.Charges {
		one, err := v.Component(key)
		if err != nil || one.Kind != price.OneOff {
			continue // the plan changed since
		}
		x, err := one.Price.Times(money.Quantity(part), money.Quantity(term.Seconds()))
		if err != nil {
			return money.Amount{}, err
		}
		if sum, err = sum.Add(x); err != nil {
			return money.Amount{}, err
		}
	}
	return sum.Round(v.Rounding)
}

func (out *Conversion) sum() (err error) {
	for i, m := range out.Months {
		if i == 0 {
			out.Licence, out.Other, out.Saving = m.Licence, m.Other, m.Saving
			continue
		}
		if out.Licence, err = out.Licence.Add(m.Licence); err != nil {
			return err
		}
		if out.Other, err = out.Other.Add(m.Other); err != nil {
			return err
		}
		if m.Saving.Currency != "" {
			if out.Saving, err = out.Saving.Add(m.Saving); err != nil {
				return err
			}
		}
	}
	return nil
}

// even finds the usage at which both cost the same, by halving: the usage so far, scaled.
func (in ConvertInput) even(agreed *price.Version, used map[string]money.Quantity, seconds int64) (out Even, err error) {
	if agreed == nil || agreed.Currency != in.Price.Currency || agreed.Basis != in.Price.Basis {
		return out, nil
	}
	hash := map[*price.Version]string{}
	for _, v := range []*price.Version{agreed, in.Price} {
		if hash[v], err = hashOf(v); err != nil {
			return out, err
		}
	}
	some := false
	now := func(v *price.Version, c price.Component) money.Quantity {
		return monthly(used[hash[v]+" "+c.Key], seconds)
	}
	for _, c := range in.Price.Components {
		some = some || c.Kind.Usage() && now(in.Price, c) > 0
	}
	at := func(v *price.Version, c price.Component, scale int64) money.Quantity {
		q := now(v, c)
		if !some { // nothing was used: one unit of each stands for it
			q = max(c.Per, 1)
		}
		return scaled(q, scale)
	}
	cheaper := func(scale int64) (bool, error) { // whether the other costs less
		a, err := in.cost(agreed, scale, at)
		if err != nil {
			return false, err
		}
		b, err := in.cost(in.Price, scale, at)
		if err != nil {
			return false, err
		}
		return b.Cmp(a) < 0, nil
	}
	low, high := int64(0), int64(most)
	if first, err := cheaper(low); err != nil || !first {
		out.Always = LicenceCheaper
		return out, err
	}
	for high > low+1 {
		mid := low + (high-low)/2
		less, err := cheaper(mid)
		switch {
		case err != nil && mid > 1000: // beyond what can be computed
			high = mid
		case err != nil:
			return out, err
		case less:
			low = mid
		default:
			high = mid
		}
	}
	if high >= most {
		out.Always = OtherCheaper
		return out, nil
	}
	if some {
		out.Percent = (high + 5) / 10
	}
	for _, c := range in.Price.Components {
		if c.Kind.Usage() {
			out.Parts = append(out.Parts, EvenPart{Component: c.Key, Unit: c.Unit, Per: max(c.Per, 1), Now: now(in.Price, c), At: at(in.Price, c, high)})
		}
	}
	return out, nil
}

// monthly is a quantity of so many seconds in thirty days.
func monthly(q money.Quantity, seconds int64) money.Quantity {
	if seconds <= 0 {
		return 0
	}
	n := new(big.Int).Mul(big.NewInt(int64(q)), big.NewInt(int64(thirtyDays/time.Second)))
	return money.Quantity(n.Div(n, big.NewInt(seconds)).Int64())
}

func scaled(q money.Quantity, scale int64) money.Quantity {
	n := new(big.Int).Mul(big.NewInt(int64(q)), big.NewInt(scale))
	if n.Div(n, big.NewInt(1000)); !n.IsInt64() {
		return 1<<63 - 1
	}
	return money.Quantity(n.Int64())
}

// cost is what thirty days cost by a price list, with its part of what was paid once for a term.
func (in ConvertInput) cost(v *price.Version, scale int64, at func(*price.Version, price.Component, int64) money.Quantity) (*big.Rat, error) {
	from := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC) // a month of thirty days
	month := price.Interval{From: from, To: from.Add(thirtyDays)}
	sum := new(big.Rat)
	for _, c := range v.Components {
		input, part := price.Input{Quantity: 1}, big.NewRat(1, 1)
		switch {
		case c.Kind.Usage():
			input.Quantity = at(v, c, scale)
			if c.Kind == price.Seats {
				input.Period = month
			}
		case c.Kind == price.PerPeriod && c.Every == price.Year:
			part.SetFrac64(30, 365)
		case c.Kind == price.PerPeriod:
		case c.Kind == price.OneOff && in.TermMonths > 0 && slices.Contains(in.Charges, c.Key):
			part.SetFrac64(12*30, int64(in.TermMonths)*365)
		default:
			continue
		}
		line, err := price.Rate(v, c.Key, input)
		if err != nil {
			return nil, err
		}
		x, ok := new(big.Rat).SetString(line.Exact.Decimal())
		if !ok {
			return nil, fail.New(fail.Invalid, "rating.exact", "An amount cannot be read.", "Tell the operator.")
		}
		sum.Add(sum, x.Mul(x, part))
	}
	return sum, nil
}

// hashOf names a price list as charges do.
func hashOf(v *price.Version) (string, error) {
	h, err := v.Hash()
	return hex.EncodeToString(h[:]), err
}
