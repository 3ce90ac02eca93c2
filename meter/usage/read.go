package usage

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

const windowColumns = `id, coalesce(closing, 0), tenant, subject, source, kind, corrects, from_at, to_at, events, sums, digest, closed_at`

func scanWindow(row store.Scanner) (w Window, err error) {
	var from, to store.Time
	var closed *store.Time
	var sums, digest []byte
	var kind string
	err = row.Scan(&w.ID, &w.Cursor, &w.Tenant, &w.Subject, &w.Source, &kind, &w.Corrects, &from, &to, &w.Events, &sums, &digest, &closed)
	if err != nil {
		return w, err
	}
	w.Kind, w.From, w.To, w.ClosedAt = Kind(kind), from.Time, to.Time, closed.OrZero()
	copy(w.Digest[:], digest)
	return w, json.Unmarshal(sums, &w.Sums)
}

// Closed lists closed windows with their digests in the order of closing, after a cursor (0 for the first). The
// order, the ids and the digests are the same after a rebuild. One that has no event and changes nothing is left out. For
// the package that makes facts of them; it is not scoped by tenant.
func (s *Store) Closed(ctx context.Context, after int64, limit int) (list []Window, err error) {
	err = s.cfg.DB.Read(ctx, func(tx *store.Tx) (err error) {
		// A window without its digest holds back those behind it, so that no cursor passes it.
		list, err = store.All(tx, scanWindow, "SELECT "+windowColumns+` FROM usage_window WHERE closing > $1 AND closing <
			coalesce((SELECT min(closing) FROM usage_window WHERE digest IS NULL AND closing IS NOT NULL), $2)
			AND (events > 0 OR kind <> 'regular' OR sums <> $4) ORDER BY closing LIMIT $3`,
			after, int64(1)<<62, limit, []byte("[]"))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("closed windows: %w", err)
	}
	return list, nil
}

// Changed receives when Closed may have more. Wake-ups are coalesced; there is one receiver.
func (s *Store) Changed() <-chan struct{} { return s.closed }

// Window is one closed window of a tenant. Error: fail.NotFound.
func (s *Store) Window(ctx context.Context, tenant, id string) (w Window, err error) {
	err = s.cfg.DB.Read(ctx, func(tx *store.Tx) (err error) {
		w, err = store.One(tx, scanWindow, "SELECT "+windowColumns+` FROM usage_window
			WHERE id = $1 AND tenant = $2 AND digest IS NOT NULL`, id, tenant)
		return err
	})
	if errors.Is(err, store.ErrNone) {
		return w, fail.Missing("usage window", id)
	}
	if err != nil {
		return w, fmt.Errorf("usage window %s: %w", id, err)
	}
	return w, nil
}

// WindowEvents calls fn with each event of a tenant's closed window in canonical form, streaming from the log in its
// order. Errors: fail.NotFound, those of fn, *batchlog.Damaged.
func (s *Store) WindowEvents(ctx context.Context, tenant, id string, fn func(canonical []byte) error) error {
	if _, err := s.Window(ctx, tenant, id); err != nil {
		return err
	}
	return s.eachOf(ctx, id, func(_ position, canonical []byte) error { return fn(canonical) })
}

// WindowFile is a tenant's closed window with all that it was made of, to be verified offline.
func (s *Store) WindowFile(ctx context.Context, tenant, id string) (*proof.WindowFile, error) {
	w, err := s.Window(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	type event struct {
		hash           [32]byte
		text, original string
	}
	events := make([]event, 0, w.Events)
	corrects := false
	err = s.entries(ctx, id, func(e entry) error {
		events = append(events, event{e.hash(), string(e.canonical), string(e.original)})
		corrects = corrects || e.original != nil
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(events, func(a, b event) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	f := &proof.WindowFile{Window: w.Proof(), Hashes: make([]string, len(events)), Events: make([]string, len(events))}
	if corrects {
		f.Originals = make([]string, len(events))
	}
	for i, e := range events {
		f.Hashes[i], f.Events[i] = hex.EncodeToString(e.hash[:]), e.text
		if corrects {
			f.Originals[i] = e.original
		}
	}
	return f, nil
}

// WriteEvents adds a tenant's closed window to an events file, streaming from the log. Errors: fail.NotFound,
// *batchlog.Damaged.
func (s *Store) WriteEvents(ctx context.Context, tenant, id string, out *proof.EventsWriter) error {
	w, err := s.Window(ctx, tenant, id)
	if err != nil {
		return err
	}
	if err := out.Window(id, w.Events); err != nil {
		return err
	}
	return s.entries(ctx, id, func(e entry) error { return out.Event(e.canonical, e.original) })
}

// Query asks for the amounts of a chart: of one subject, or of all of the tenant's when it is empty, in [From, To).
type Query struct {
	Subject, Meter string // "" for all
	From, To       time.Time
	Step           time.Duration // a multiple of Bucket; 0 means an hour
	Offset         time.Duration // of the zone from UTC, so that a step may be a civil day
}

// Point is the amount of one meter in one step.
type Point struct {
	Subject, Meter, Labels string
	Start                  time.Time
	Quantity               Quantity
	Events                 int64
}

// maxPoints is how many quarters of an hour a chart may read.
const maxPoints = 100_000

// Usage gives a tenant's amounts by step (of a meter that does not add up its peak, low or last value in the step; of one
// that counts items its events), sorted by subject, meter, labels and time; steps without usage are left
// out. It includes what is in no closed window yet. Errors: fail.Invalid, fail.TooLarge.
func (s *Store) Usage(ctx context.Context, tenant string, q Query) (points []Point, err error) {
	if q.Step == 0 {
		q.Step = time.Hour
	}
	if q.Step < Bucket || q.Step%Bucket != 0 || q.Offset%Bucket != 0 || !q.From.Before(q.To) {
		return nil, fail.New(fail.Invalid, "usage.query", "A chart needs a time range and steps of whole quarters of an hour.",
			"Correct from, to, step or offset.")
	}
	n, at, step := 0, int64(0), amount{} // step is the last point
	err = s.cfg.DB.Read(ctx, func(tx *store.Tx) error {
		points, n = nil, 0
		return tx.Each(func(row store.Scanner) error {
			var p Point
			var start store.Time
			var how string
			if err := row.Scan(&p.Subject, &p.Meter, &p.Labels, &start, &p.Quantity.High, &p.Quantity.Low, &p.Events, &how, &at); err != nil {
				return err
			}
			if n++; n > maxPoints {
				return fail.New(fail.TooLarge, "usage.query", "The chart covers too much at once.", "Choose a shorter time or one subscription.")
			}
			offset := q.Offset.Microseconds()
			p.Start = micros(floor(start.UnixMicro()+offset, q.Step.Microseconds()) - offset)
			one := amount{merge: merge(how), set: true, at: at, quantity: p.Quantity, events: p.Events}
			if last := len(points) - 1; last >= 0 && points[last].same(p) {
				step.put(one)
				points[last].Quantity, points[last].Events = step.quantity, step.events
				return nil
			}
			step = one
			points = append(points, p)
			return nil
		}, `SELECT b.subject, b.meter, b.labels, b.start, b.high, b.low, b.events, b.merge, b.at FROM usage_bucket b
			JOIN usage_subject s ON s.id = b.subject
			WHERE s.tenant = $1 AND ($2 = '' OR b.subject = $2) AND ($3 = '' OR b.meter = $3) AND b.start >= $4 AND b.start < $5
			ORDER BY b.subject, b.meter, b.labels, b.start`, tenant, q.Subject, q.Meter, store.At(q.From), store.At(q.To))
	})
	if err != nil {
		return nil, fmt.Errorf("usage: %w", err)
	}
	return points, nil
}

func (p Point) same(o Point) bool {
	return p.Subject == o.Subject && p.Meter == o.Meter && p.Labels == o.Labels && p.Start.Equal(o.Start)
}

// Health is how the store is doing, for the operator's desk and metrics.
type Health struct {
	Stored    uint64 // records in the log
	Folded    uint64
	Committed uint64
	Keys      int // events that the index remembers, as of the last commit
	Subjects  int
	Open      int   // windows
	Closings  int64 // windows closed ever
	Stopped   error // nil while it folds
	Log       batchlog.State
}

// Health tells offsets and sizes at this moment.
func (s *Store) Health() Health {
	h := Health{Stored: s.log.Last(), Log: s.log.State()}
	s.mu.RLock()
	defer s.mu.RUnlock()
	h.Folded, h.Committed, h.Subjects, h.Closings, h.Stopped, h.Keys = s.fold.consumed, s.committed, len(s.fold.subjects), s.fold.closings, s.broken, s.keys
	for _, sub := range s.fold.subjects {
		for _, src := range sub.sources {
			h.Open += len(src.open) + len(src.late)
		}
	}
	return h
}
