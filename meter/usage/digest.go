package usage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

const digestsAtOnce = 100

// digestAll computes the digests of closed windows from the log, in the order of closing.
func (s *Store) digestAll(ctx context.Context) {
	for {
		n, err := s.digestSome(ctx)
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("usage: a digest could not be computed", "err", err)
		}
		if n > 0 {
			wake(s.closed)
		}
		if n == digestsAtOnce && err == nil {
			continue
		}
		var again <-chan time.Time
		if err != nil {
			again = time.After(time.Second)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.pending:
		case <-again:
		}
	}
}

// digestSome does the next few and tells how many. A window whose quantities depend on those closed before is worked out
// by itself, in the order of closing.
func (s *Store) digestSome(ctx context.Context) (int, error) {
	var list []closing
	err := s.cfg.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = store.All(tx, scanClosing, selectClosings, digestsAtOnce)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("windows without a digest: %w", err)
	}
	plain := map[string][32]byte{}
	for i := range list {
		c := &list[i]
		if c.special {
			err = s.evaluate(ctx, c)
		} else {
			plain[c.id], err = s.digest(ctx, c.id)
		}
		if err != nil {
			return 0, fmt.Errorf("digest of window %s: %w", c.id, err)
		}
	}
	if len(plain) == 0 {
		return len(list), nil
	}
	err = s.cfg.DB.Tx(ctx, func(tx *store.Tx) error {
		for id, digest := range plain {
			if _, err := tx.Exec("UPDATE usage_window SET digest = $1 WHERE id = $2", digest[:], id); err != nil {
				return err
			}
		}
		return nil
	})
	return len(list), err
}

// digest hashes the events of a window that corrects nothing.
func (s *Store) digest(ctx context.Context, window string) ([32]byte, error) {
	var hashes [][32]byte
	err := s.eachOf(ctx, window, func(_ position, canonical []byte) error {
		hashes = append(hashes, proof.EventHash(canonical))
		return nil
	})
	return proof.WindowDigest(hashes), err
}

type span struct {
	batch  int64
	places []byte
}

func scanSpan(row store.Scanner) (s span, err error) {
	err = row.Scan(&s.batch, &s.places)
	return s, err
}

// position is where an event stands in the log.
type position struct {
	batch uint64
	place int
}

// entry is an event counted in a window, and the one it takes back, nil for none. The bytes are good during the call.
type entry struct {
	at                  position
	canonical, original []byte
}

// hash is what the digest counts.
func (e *entry) hash() [32]byte {
	if e.original == nil {
		return proof.EventHash(e.canonical)
	}
	return proof.CorrectionHash(proof.EventHash(e.canonical), proof.EventHash(e.original))
}

// entries calls fn with each event counted in a window, in the order of the log, with what it takes back.
func (s *Store) entries(ctx context.Context, window string, fn func(e entry) error) (err error) {
	corrects := map[position]position{}
	err = s.cfg.DB.Read(ctx, func(tx *store.Tx) error {
		clear(corrects)
		return tx.Each(func(row store.Scanner) error {
			var at, from position
			err := row.Scan(&at.batch, &at.place, &from.batch, &from.place)
			corrects[at] = from
			return err
		}, "SELECT batch, place, from_batch, from_place FROM usage_correction WHERE window_id = $1", window)
	})
	if err != nil {
		return fmt.Errorf("corrections in window %s: %w", window, err)
	}
	r := s.log.Reader()
	defer func() { err = errors.Join(err, r.Close()) }()
	var events [][]byte
	return s.eachOf(ctx, window, func(at position, canonical []byte) error {
		e := entry{at: at, canonical: canonical}
		if from, ok := corrects[at]; ok {
			var err error
			if events, err = readEvents(r, from.batch, events[:0]); err != nil {
				return err
			}
			if from.place >= len(events) {
				return fmt.Errorf("record %d of the usage log has no event %d", from.batch, from.place)
			}
			e.original = events[from.place]
		}
		return fn(e)
	})
}

// spans are the places of the events of a window.
func (s *Store) spans(ctx context.Context, window string) (spans []span, err error) {
	err = s.cfg.DB.Read(ctx, func(tx *store.Tx) (err error) {
		spans, err = store.All(tx, scanSpan, "SELECT batch, positions FROM usage_span WHERE window_id = $1 ORDER BY batch", window)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("places of window %s: %w", window, err)
	}
	return spans, nil
}

// eachOf calls fn with each event counted in a window, in the order of the log. The bytes are good during the call.
func (s *Store) eachOf(ctx context.Context, window string, fn func(at position, canonical []byte) error) (err error) {
	spans, err := s.spans(ctx, window)
	if err != nil {
		return err
	}
	r := s.log.Reader()
	defer func() { err = errors.Join(err, r.Close()) }()
	var events [][]byte
	have := uint64(0)
	for _, sp := range spans {
		err := eachPlace(uint64(sp.batch), sp.places, func(batch uint64, place int) error {
			if batch != have {
				if events, err = readEvents(r, batch, events[:0]); err != nil {
					return err
				}
				have = batch
			}
			if place >= len(events) {
				return fmt.Errorf("record %d of the usage log has no event %d", batch, place)
			}
			return fn(position{batch, place}, events[place])
		})
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func readEvents(r batchlog.Reader, number uint64, events [][]byte) ([][]byte, error) {
	b, err := r.Batch(number)
	if err != nil {
		return nil, fmt.Errorf("record %d of the usage log: %w", number, err)
	}
	err = eachEvent(b, func(_ int, canonical []byte) error {
		events = append(events, canonical)
		return nil
	})
	return events, err
}
