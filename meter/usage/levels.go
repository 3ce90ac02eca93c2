package usage

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// levels estimates what the present billing period has come to, beyond what its closed windows said, for the meters whose
// amounts do not add up: peak, low and last value from the chart, different items from their count, a value held as it
// stood in each quarter of an hour until now. A 95th percentile is not estimated. nil when there is nothing.
func (s *Store) levels(tx *store.Tx, subject string, terms Subject, now time.Time) (*Window, error) {
	period := terms.periodAt(now)
	w := &Window{Tenant: terms.Tenant, Subject: subject, Kind: Regular, From: period.From, To: now}
	if !w.From.Before(w.To) {
		return nil, nil
	}
	for _, meter := range slices.Sorted(maps.Keys(terms.Rules)) {
		a := terms.aggregation(meter)
		if a.Adds() || a == proof.AggregateP95 {
			continue
		}
		said, through, err := saidOf(tx, subject, meter, w.From.UnixMicro())
		if err != nil {
			return nil, err
		}
		from := w.From.UnixMicro()
		if a == proof.AggregateWeighted { // it adds up over time: only what came since is estimated
			from, said = max(from, through), Quantity{}
		}
		q, err := levelOf(tx, a, subject, meter, from, now.UnixMicro())
		if err != nil {
			return nil, err
		}
		if q = q.Sub(said); q != (Quantity{}) {
			w.Sums = append(w.Sums, proof.Sum{Meter: meter, Unit: terms.Meters[meter], Aggregation: a, Quantity: q.String()})
		}
	}
	if len(w.Sums) == 0 {
		return nil, nil
	}
	return w, nil
}

// levelOf is what a meter has come to from the beginning of a period to an instant, over all labels.
func levelOf(tx *store.Tx, a proof.Aggregation, subject, meter string, from, to int64) (total Quantity, err error) {
	if a == proof.AggregateUnique {
		var items int64
		err := tx.QueryRow("SELECT coalesce(sum(items), 0) FROM usage_items WHERE subject = $1 AND meter = $2 AND period_from = $3", subject, meter, from).Scan(&items)
		total.Add(items)
		return total, err
	}
	since := micros(from)
	if a == proof.AggregateWeighted {
		since = since.Add(-35 * 24 * time.Hour) // for the value that was held when the period began
	}
	points := map[string][]proof.Point{}
	err = tx.Each(func(row store.Scanner) error {
		var labels string
		var p proof.Point
		err := row.Scan(&labels, &p.Value.High, &p.Value.Low, &p.At)
		if a == proof.AggregateWeighted {
			p.At = floor(p.At, Bucket.Microseconds())
		}
		points[labels] = append(points[labels], p)
		return err
	}, "SELECT labels, high, low, at FROM usage_bucket WHERE subject = $1 AND meter = $2 AND start >= $3 AND start < $4 ORDER BY start", subject, meter, store.At(since), store.At(micros(to)))
	for _, list := range points {
		total.AddQuantity(a.Of(a.Compact(list), from, to))
	}
	return total, err
}

// saidOf is what the closed windows of a period have said of a meter, and up to when.
func saidOf(tx *store.Tx, subject, meter string, from int64) (total Quantity, through int64, err error) {
	err = tx.Each(func(row store.Scanner) error {
		var text string
		var to int64
		if err := row.Scan(&text, &to); err != nil {
			return err
		}
		through = max(through, to)
		q, err := proof.ParseQuantity(text)
		total.AddQuantity(q)
		return err
	}, "SELECT quantity, through FROM usage_period WHERE subject = $1 AND meter = $2 AND period_from = $3", subject, meter, from)
	return total, through, err
}

// termsOf are the terms of subjects, of those that are known.
func termsOf(tx *store.Tx, subjects []string) (map[string]Subject, error) {
	out := make(map[string]Subject, len(subjects))
	for places, args := range store.In(subjects) {
		err := tx.Each(func(row store.Scanner) error {
			var id string
			var text []byte
			if err := row.Scan(&id, &text); err != nil {
				return err
			}
			var s Subject
			if err := json.Unmarshal(text, &s); err != nil {
				return err
			}
			out[id] = s
			return nil
		}, "SELECT id, terms FROM usage_subject WHERE id IN "+places, args...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
