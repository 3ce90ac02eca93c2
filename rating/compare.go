package rating

import (
	"context"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// CompareInput asks what a subscription would have cost in a billing period by another price.
type CompareInput struct {
	Subscription string
	At           time.Time      // an instant of the period; zero: the present one, so far
	Price        *price.Version // valid
}

// Comparison is the real usage of one billing period, priced as it was agreed and by another price list. Usage counts once
// its window has closed. What is owed once is in it when the subscription began in the period.
type Comparison struct {
	Period  price.Interval
	Windows int
	Agreed  Cost
	Other   Cost
	Saving  money.Amount // Agreed less Other; none when they are in two currencies or only one of them carries tax
}

// Compare replays a billing period of a subscription on another price: what would have been paid, had it been agreed from
// the first day. Of terms by year it is what the period changes: what the year came to at its end, less what it came to at
// its beginning. Time that was free by the plan stays free. Those who may read invoices may.
func (s *Ratings) Compare(ctx context.Context, c access.Caller, in CompareInput) (out Comparison, err error) {
	var contract Contract
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		contract, err = selectContract(tx, in.Subscription)
		return err
	})
	if err != nil {
		return out, err
	}
	var b Bill
	var free time.Time
	err = s.allowed(ctx, c, contract.Org, "subscription", in.Subscription, func(tx *store.Tx) error {
		if b, err = s.bill(tx, contract.Org, nil); err == nil && s.Trial != nil {
			free, err = s.Trial(tx, in.Subscription)
		}
		return err
	})
	if err != nil {
		return out, err
	}
	if in.At.IsZero() {
		in.At = s.Now()
	}
	period, err := contract.month(in.At)
	if err != nil {
		return out, err
	}
	agreed := replay{contract: contract, history: b.History[in.Subscription], prices: b.Prices, free: free}
	other, err := agreed.on(func(Interval) *price.Version { return in.Price })
	if err != nil {
		return out, err
	}
	if out.Windows, err = s.used(ctx, period.Interval, &agreed, &other); err != nil {
		return out, err
	}
	out.Period = period.Interval
	if out.Agreed, err = agreed.cost(period.Interval, s.Now()); err != nil {
		return out, err
	}
	if out.Other, err = other.cost(period.Interval, s.Now()); err != nil {
		return out, err
	}
	if out.Agreed.Basis == out.Other.Basis && out.Agreed.Total.Currency == out.Other.Total.Currency {
		out.Saving, err = out.Agreed.Total.Sub(out.Other.Total)
	}
	return out, err
}
