package usage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/store"
)

// tallyKey is who sent about what in which hour (of receipt, in microseconds).
type tallyKey struct {
	publisher, subject, source string
	hour                       int64
}

// tally is what has come since the last commit. Watermarks are not counted: they are no usage.
type tally struct {
	accepted, duplicates, late, held int64
	lag, worst                       int64 // milliseconds, of those that count
	last                             int64
}

const hourMicros = int64(time.Hour / time.Microsecond)

// note counts what became of an event.
func (d *delta) note(r *record, it *item, v Verdict) {
	if it.kind == isWatermark {
		return
	}
	hour := r.at - r.at%hourMicros
	t := d.lastTally
	if k := &d.lastKey; t == nil || k.hour != hour || k.subject != it.subject || k.source != it.source || k.publisher != r.publisher {
		*k = tallyKey{r.publisher, it.subject, it.source, hour}
		if t = d.tallies[*k]; t == nil {
			t = &tally{}
			*k = tallyKey{strings.Clone(r.publisher), strings.Clone(it.subject), strings.Clone(it.source), hour} // the request's body need not stay
			d.tallies[*k] = t
		}
		d.lastTally = t
	}
	t.last = max(t.last, r.at)
	switch v.Status {
	case Duplicate:
		t.duplicates++
		return
	case Conflict, Rejected:
		t.held++
		return
	}
	t.accepted++
	if it.late {
		t.late++
	}
	if it.kind == isUsage {
		lag := max(0, (r.at-it.end)/1000)
		t.lag, t.worst = t.lag+lag, max(t.worst, lag)
	}
}

func (z *frozen) takeTallies(d *delta) {
	for k, t := range d.tallies {
		z.tallies = append(z.tallies, []any{k.publisher, store.At(micros(k.hour)), k.subject, k.source, t.accepted, t.duplicates, t.late, t.held, t.lag, t.worst,
			store.At(micros(t.last))})
	}
}

func (z *frozen) writeTallies(tx *store.Tx) error {
	return tx.Upsert("usage_quality (publisher, hour, subject, source, accepted, duplicates, late, held, lag, worst, last_at)",
		`ON CONFLICT (publisher, hour, subject, source) DO UPDATE SET accepted = usage_quality.accepted + excluded.accepted,
			duplicates = usage_quality.duplicates + excluded.duplicates, late = usage_quality.late + excluded.late, held = usage_quality.held + excluded.held,
			lag = usage_quality.lag + excluded.lag, worst = CASE WHEN excluded.worst > usage_quality.worst THEN excluded.worst ELSE usage_quality.worst END,
			last_at = excluded.last_at`, z.tallies)
}

// Quality is how usage came in: of a publisher in an hour (of receipt), or of one of its sources about one subscription.
// Duplicates were accepted before; Late came after their window had closed and count in a correction; Held went into the
// quarantine, and may have left it.
type Quality struct {
	Publisher, Subject, Source       string
	Hour                             time.Time
	Accepted, Duplicates, Late, Held int64
	Lag                              time.Duration // mean time from the end of an interval to its receipt
	Worst                            time.Duration // the longest
	Last                             time.Time     // received
	Through                          time.Time     // the source said that it is complete up to here; zero when it never did
	Waiting                          map[Reason]int64
}

// Sent is everything that was received.
func (q Quality) Sent() int64 { return q.Accepted + q.Duplicates + q.Held }

const qualitySums = "sum(accepted), sum(duplicates), sum(late), sum(held), sum(lag), max(worst), max(last_at)"

func scanQuality(row store.Scanner, q *Quality, more ...any) error {
	var lag, worst int64
	var last store.Time
	if err := row.Scan(append(more, &q.Accepted, &q.Duplicates, &q.Late, &q.Held, &lag, &worst, &last)...); err != nil {
		return err
	}
	if q.Accepted > 0 {
		q.Lag = time.Duration(lag/q.Accepted) * time.Millisecond
	}
	q.Worst, q.Last = time.Duration(worst)*time.Millisecond, last.Time
	return nil
}

// maxSources bounds a list of sources.
const maxSources = 500

// Sources tells how each source of a publisher sent about each subscription in the hours that begin in [from, to), the most
// first, at most 500; with what waits in the quarantine now. It is not authorised.
func (s *Store) Sources(ctx context.Context, publisher string, from, to time.Time) (list []Quality, err error) {
	err = s.cfg.DB.Read(ctx, func(tx *store.Tx) error {
		list, err = store.All(tx, func(row store.Scanner) (q Quality, err error) {
			q.Publisher = publisher
			err = scanQuality(row, &q, &q.Subject, &q.Source)
			return q, err
		}, "SELECT subject, source, "+qualitySums+` FROM usage_quality WHERE publisher = $1 AND hour >= $2 AND hour < $3
			GROUP BY subject, source ORDER BY sum(accepted) + sum(held) DESC, subject, source LIMIT $4`, publisher, store.At(from), store.At(to), maxSources)
		if err != nil {
			return err
		}
		at := map[sourceKey]*Quality{}
		for i := range list {
			at[sourceKey{list[i].Subject, list[i].Source}] = &list[i]
		}
		return s.sourcesNow(tx, publisher, at)
	})
	if err != nil {
		return nil, fmt.Errorf("sources of a publisher: %w", err)
	}
	return list, nil
}

// sourcesNow adds what waits in the quarantine, and up to where the sources are complete.
func (s *Store) sourcesNow(tx *store.Tx, publisher string, at map[sourceKey]*Quality) error {
	err := tx.Each(func(row store.Scanner) error {
		var k sourceKey
		var reason string
		var n int64
		if err := row.Scan(&k.subject, &k.source, &reason, &n); err != nil {
			return err
		}
		if q := at[k]; q != nil {
			if Reason(reason) == ForeignSubject {
				reason = string(UnknownSubject)
			}
			if q.Waiting == nil {
				q.Waiting = map[Reason]int64{}
			}
			q.Waiting[Reason(reason)] += n
		}
		return nil
	}, "SELECT subject, source, reason, count(*) FROM usage_quarantine WHERE publisher = $1 GROUP BY subject, source, reason", publisher)
	if err != nil {
		return err
	}
	return tx.Each(func(row store.Scanner) error {
		var k sourceKey
		var mark *store.Time
		if err := row.Scan(&k.subject, &k.source, &mark); err != nil {
			return err
		}
		if q := at[k]; q != nil {
			q.Through = mark.OrZero()
		}
		return nil
	}, "SELECT w.subject, w.source, w.watermark FROM usage_source w JOIN usage_subject s ON s.id = w.subject WHERE s.publisher = $1", publisher)
}

// Hours tells how usage came in, by publisher and hour that begins in [from, to), in the order of time: of one publisher, or
// of all when it is "". It is not authorised.
func (s *Store) Hours(ctx context.Context, publisher string, from, to time.Time) (list []Quality, err error) {
	err = s.cfg.DB.Read(ctx, func(tx *store.Tx) error {
		list, err = store.All(tx, func(row store.Scanner) (q Quality, err error) {
			var hour store.Time
			err = scanQuality(row, &q, &q.Publisher, &hour)
			q.Hour = hour.Time
			return q, err
		}, "SELECT publisher, hour, "+qualitySums+` FROM usage_quality WHERE ($1 = '' OR publisher = $1) AND hour >= $2 AND hour < $3
			GROUP BY publisher, hour ORDER BY hour, publisher`, publisher, store.At(from), store.At(to))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("usage by the hour: %w", err)
	}
	return list, nil
}
