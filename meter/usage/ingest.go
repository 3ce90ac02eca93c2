package usage

import (
	"context"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/fail"
)

// Ingest stores the events of one request and returns the verdict on each, in their order. It returns once they are
// durable and folded. Events go in together or not at all. Sending them again is always safe: what was accepted is a
// duplicate then. Who calls it has authenticated the publisher.
// Errors: fail.Invalid (index and field), fail.TooLarge, fail.Unavailable (disk full, or the verdict takes too long:
// send again).
func (s *Store) Ingest(ctx context.Context, p Publisher, events []Event) ([]Verdict, error) {
	switch {
	case p.Org == "":
		return nil, fmt.Errorf("usage: no publisher")
	case len(events) == 0:
		return nil, malformed("has no event")
	case len(events) > MaxEvents:
		return nil, tooLarge()
	}
	r, payload, err := prepare(p, events)
	if err != nil {
		return nil, err
	}
	err = s.append(ctx, r, batchlog.Batch{Principal: p.Org, Count: len(events), Payload: payload})
	return r.verdicts, err
}

// append stores a record and waits until it is folded.
func (s *Store) append(ctx context.Context, r *record, b batchlog.Batch) error {
	if err := s.stopped(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Patience)
	defer cancel()
	b.At, b.Tag = s.cfg.Now(), r
	if _, err := s.log.Append(ctx, b); err != nil {
		if fail.Is(err, fail.TooMany) {
			s.flow.refuse(b.Principal, b.At)
		}
		return orLate(ctx, err)
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return orLate(ctx, ctx.Err())
	}
}

func orLate(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return fail.New(fail.Unavailable, "usage.late", "The verdict on the events takes too long.",
		"Send the same events again in a moment: nothing counts twice.").Wrap(err)
}

func (s *Store) control(ctx context.Context, c control) error {
	payload, err := controlPayload(c)
	if err != nil {
		return fmt.Errorf("usage: %w", err)
	}
	r := &record{control: c, done: make(chan struct{})}
	return s.append(ctx, r, batchlog.Batch{Payload: payload})
}

// Register makes a subject known, or changes its meters and zone. Idempotent. Errors: fail.Invalid; fail.Conflict
// when it exists with another tenant, publisher, start or window.
func (s *Store) Register(ctx context.Context, in Subject) error {
	in.From = in.From.UTC().Truncate(time.Microsecond)
	if err := in.Check(); err != nil {
		return err
	}
	s.mu.RLock()
	var was Subject
	known := s.fold.subjects[in.ID]
	if known != nil {
		was = known.Subject
	}
	s.mu.RUnlock()
	switch {
	case known == nil:
	case was.Equal(in):
		return nil
	default:
		if err := was.CheckChange(in); err != nil {
			return err
		}
	}
	return s.control(ctx, control{Register: &in})
}

// End ends a subject at an instant: intervals that begin later are refused, the window that holds the instant ends
// there, and once every source is complete through it a Final window follows. complete says that all usage was handed
// over: then it follows at once, without waiting for watermarks. Idempotent. Errors: fail.NotFound;
// fail.Conflict when it has ended at another instant.
func (s *Store) End(ctx context.Context, subject string, at time.Time, complete bool) error {
	at = at.UTC().Truncate(time.Microsecond)
	s.mu.RLock()
	known := s.fold.subjects[subject]
	ended := int64(0)
	if known != nil {
		ended = known.ended
	}
	s.mu.RUnlock()
	switch {
	case known == nil:
		return fail.Missing("usage subject", subject)
	case ended == 0:
		return s.control(ctx, control{End: &ending{Subject: subject, At: at, Complete: complete}})
	case ended != max(at.UnixMicro(), known.from+1):
		return fail.New(fail.Conflict, "usage.ended", "The subscription's usage has ended at another instant.",
			"An end cannot be moved.").With("id", subject)
	}
	return nil
}

// Tick closes the windows whose grace has passed by the injected clock. The store does it once a minute by itself.
func (s *Store) Tick(ctx context.Context) error {
	s.mu.RLock()
	due := s.fold.tickDue(s.cfg.Now().UnixMicro())
	s.mu.RUnlock()
	if !due {
		return nil
	}
	return s.control(ctx, control{Tick: true})
}

func (s *Store) tickAll(ctx context.Context) {
	timer := time.NewTicker(tickEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if err := s.Tick(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("usage: windows past their grace could not be closed yet", "err", err)
		}
	}
}
