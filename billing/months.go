package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
)

// CloseMonths invoices every organisation for the months of its zone that are over, but for markets whose months are
// closed by people (package monthclose). It may run at any time and again;
// an organisation that fails does not hold up the others. The job that cmd repeats.
func (s *Invoices) CloseMonths(ctx context.Context) error {
	zone, err := time.LoadLocation(s.Ratings.Zone)
	if err != nil {
		return err
	}
	markets, err := s.Parties.Markets(ctx)
	if err != nil {
		return err
	}
	var automatic []string
	for _, m := range markets {
		if m.MonthClose != party.CloseApproved {
			automatic = append(automatic, m.ID)
		}
	}
	var due []string
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = s.Ratings.Due(tx, monthStart(s.Now(), zone), automatic)
		return err
	})
	for _, org := range due {
		if one := s.closeMonth(ctx, org); one != nil {
			err = errors.Join(err, fmt.Errorf("invoice of %s: %w", org, one))
		}
	}
	return err
}

func (s *Invoices) closeMonth(ctx context.Context, org string) error {
	var zone *time.Location
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		zone, err = s.Ratings.ZoneOf(tx, org)
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.Issue(ctx, access.System("billing"), org, monthStart(s.Now(), zone))
	return err
}

// Invoiced tells what legal entities invoiced from one date up to before another, by organisation and in each currency,
// without credit notes. For packages downstream, it does not authorise.
func (s *Invoices) Invoiced(tx *store.Tx, entities []string, from, to price.Date) (map[string][]money.Amount, error) {
	out := map[string][]money.Amount{}
	for places, args := range store.In(entities, from.String(), to.String()) {
		err := tx.Each(func(row store.Scanner) error {
			var org, currency string
			var gross int64
			err := row.Scan(&org, &currency, &gross)
			out[org] = append(out[org], money.New(gross, money.Currency(currency)))
			return err
		}, "SELECT org, currency, CAST(sum(gross) AS BIGINT) FROM invoice WHERE date >= $1 AND date < $2 AND type IN ('380', '325') AND entity IN "+places+
			" GROUP BY org, currency ORDER BY org, currency", args...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
