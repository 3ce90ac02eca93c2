package budget

import (
	"context"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
)

// estimate asks rating what services cost in the month of an instant, going on from earlier answers.
func (s *Budgets) estimate(ctx context.Context, services []string, now time.Time, zone *time.Location) ([]*rating.Estimate, error) {
	_, month := monthOf(now, zone)
	questions, err := s.questions(ctx, services, now, month, zone)
	if err != nil {
		return nil, err
	}
	if len(s.known) > maxKnown {
		clear(s.known)
	}
	list := make([]*rating.Estimate, len(services))
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		for i, in := range questions {
			in.Before = s.known[in.Subscription+" "+zone.String()]
			e, err := s.Ratings.Estimate(tx, in)
			if err != nil {
				return fmt.Errorf("estimate of %s: %w", in.Subscription, err)
			}
			list[i] = &e
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, service := range services {
		s.known[service+" "+zone.String()] = list[i]
	}
	return list, nil
}

// questions is what rating is asked about services and a month. A suspension is taken as if it ended now: a cap must not
// free what it is about.
func (s *Budgets) questions(ctx context.Context, services []string, now time.Time, month price.Interval, zone *time.Location) ([]rating.EstimateInput, error) {
	running, err := s.Meter.RunningOf(ctx, services, month.From.Add(-lookBack), s.Ratings.Charged)
	if err != nil {
		return nil, err
	}
	list := make([]rating.EstimateInput, len(services))
	for i, service := range services {
		list[i] = rating.EstimateInput{Subscription: service, Span: month, Since: sinceOf(now, month, zone), Zone: zone, Resumed: true, Windows: make([]proof.Window, len(running[i]))}
		for n, w := range running[i] {
			list[i].Windows[n] = w.Proof()
		}
	}
	return list, nil
}

// estimates asks rating what each service costs in the month, with one question about all of them where one does.
func (s *Budgets) estimates(ctx context.Context, contracts []rating.Contract, out Spending, zone *time.Location) ([]rating.Estimate, error) {
	month := price.Interval{From: out.From, To: out.To}
	services, windows := make([]string, len(contracts)), []string{}
	for i, c := range contracts {
		services[i] = c.Subscription
	}
	inputs, err := s.questions(ctx, services, out.At, month, zone)
	if err != nil {
		return nil, err
	}
	for _, in := range inputs {
		for _, w := range in.Windows {
			windows = append(windows, w.ID)
		}
	}
	list := make([]rating.Estimate, len(contracts))
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
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
