package budget

import (
	"context"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
)

// estimate asks rating what a service costs in the month, going on from an earlier answer.
func (s *Budgets) estimate(ctx context.Context, service string, now time.Time, month price.Interval, zone *time.Location, before *rating.Estimate) (*rating.Estimate, error) {
	in, err := s.question(ctx, service, now, month, zone)
	if err != nil {
		return nil, err
	}
	in.Before = before
	var e rating.Estimate
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		e, err = s.Ratings.Estimate(tx, in)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("estimate of %s: %w", service, err)
	}
	return &e, nil
}

// question is what rating is asked about a service and a month. A suspension is taken as if it ended now: a cap must not
// free what it is about.
func (s *Budgets) question(ctx context.Context, service string, now time.Time, month price.Interval, zone *time.Location) (rating.EstimateInput, error) {
	windows, err := s.Meter.Running(ctx, service, month.From.Add(-lookBack), s.Ratings.Charged)
	if err != nil && !fail.Is(err, fail.NotFound) {
		return rating.EstimateInput{}, err
	}
	in := rating.EstimateInput{Subscription: service, Span: month, Since: sinceOf(now, month, zone), Zone: zone, Resumed: true, Windows: make([]proof.Window, len(windows))}
	for i, w := range windows {
		in.Windows[i] = w.Proof()
	}
	return in, nil
}

// estimates asks rating what each service costs in the month, with one question about all of them where one does.
func (s *Budgets) estimates(ctx context.Context, contracts []rating.Contract, out Spending, zone *time.Location) ([]rating.Estimate, error) {
	month := price.Interval{From: out.From, To: out.To}
	inputs, windows := make([]rating.EstimateInput, len(contracts)), []string{}
	for i, c := range contracts {
		in, err := s.question(ctx, c.Subscription, out.At, month, zone)
		if err != nil {
			return nil, err
		}
		for _, w := range in.Windows {
			windows = append(windows, w.ID)
		}
		inputs[i] = in
	}
	list := make([]rating.Estimate, len(contracts))
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		known, err := s.Ratings.Prefetch(tx, contracts, sinceOf(out.At, month, zone), windows)
		if err != nil {
			return err
		}
		for i := range inputs {
			inputs[i].Known = known
			if list[i], err = s.Ratings.Estimate(tx, inputs[i]); err != nil {
				return fmt.Errorf("estimate of %s: %w", inputs[i].Subscription, err)
			}
		}
		return nil
	})
	return list, err
}

// sinceOf is from when days are wanted: of the trailing days and the month.
func sinceOf(now time.Time, month price.Interval, zone *time.Location) time.Time {
	since := startOf(after(dayOf(now, zone), -trailing), zone).UTC()
	if month.From.Before(since) {
		return month.From
	}
	return since
}
