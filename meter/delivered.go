package meter

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/proof"
)

// maxDelivered bounds the windows that one question may add up.
const maxDelivered = 200_000

// Delivered is what a publisher's subscription used on one day (UTC) by its closed windows.
type Delivered struct {
	Subject, Meter, Unit string
	Day                  time.Time
	Quantity             usage.Quantity
	Events               int64
}

// Delivered adds up the closed windows of a publisher's offers that ended in [from, to), by subscription, meter and day,
// in the order of time. Who may see its subscribers may. Errors: fail.TooLarge.
func (m *Meters) Delivered(ctx context.Context, c access.Caller, publisher string, from, to time.Time) (list []Delivered, err error) {
	if _, err := m.allowed(ctx, c, access.SubscriberRead, publisher); err != nil {
		return nil, err
	}
	err = m.db.Read(ctx, func(tx *store.Tx) error {
		list = nil
		rows, at := 0, map[string]int{}
		return tx.Each(func(row store.Scanner) error {
			if rows++; rows > maxDelivered {
				return fail.New(fail.TooLarge, "usage.query", "The chart covers too much at once.", "Choose a shorter time.")
			}
			var subject string
			var events int64
			var text []byte
			var end store.Time
			if err := row.Scan(&subject, &end, &events, &text); err != nil {
				return err
			}
			day := end.Add(-time.Microsecond).UTC().Truncate(24 * time.Hour)
			list, err = addDelivered(list, at, Delivered{Subject: subject, Day: day, Events: events}, text)
			return err
		}, "SELECT subject, to_at, events, sums FROM meter_window WHERE publisher = $1 AND to_at >= $2 AND to_at < $3 ORDER BY to_at, id",
			publisher, store.At(from), store.At(to))
	})
	if err != nil {
		return nil, fmt.Errorf("usage of a publisher: %w", err)
	}
	return list, nil
}

// addDelivered adds the sums of one window; at finds the entry of a subscription, meter and day.
func addDelivered(list []Delivered, at map[string]int, d Delivered, text []byte) ([]Delivered, error) {
	var sums []proof.Sum
	if err := json.Unmarshal(text, &sums); err != nil {
		return nil, err
	}
	for _, sum := range sums {
		key := d.Subject + " " + sum.Meter + " " + d.Day.Format(time.DateOnly)
		i, ok := at[key]
		if !ok {
			d.Meter, d.Unit = sum.Meter, sum.Unit
			i, at[key] = len(list), len(list)
			list = append(list, d)
		} else {
			list[i].Events += d.Events
		}
		q, err := strconv.ParseInt(sum.Quantity, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("sum of %s: %w", sum.Meter, err)
		}
		list[i].Quantity.Add(q)
	}
	return list, nil
}
