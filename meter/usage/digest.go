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

// digestSome does the next few and tells how many.
func (s *Store) digestSome(ctx context.Context) (int, error) {
	var ids []string
	err := s.cfg.DB.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = store.All(tx, scanText, `SELECT id FROM usage_window WHERE digest IS NULL AND closing IS NOT NULL ORDER BY closing LIMIT $1`, digestsAtOnce)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("windows without a digest: %w", err)
	}
	digests := make([][32]byte, len(ids))
	for i, id := range ids {
		var hashes [][32]byte
		err := s.eachOf(ctx, id, func(_ int, canonical []byte) error {
			hashes = append(hashes, proof.EventHash(canonical))
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("digest of window %s: %w", id, err)
		}
		digests[i] = proof.WindowDigest(hashes)
	}
	err = s.cfg.DB.Tx(ctx, func(tx *store.Tx) error {
		for i, id := range ids {
			if _, err := tx.Exec("UPDATE usage_window SET digest = $1 WHERE id = $2", digests[i][:], id); err != nil {
				return err
			}
		}
		return nil
	})
	return len(ids), err
}

func scanText(row store.Scanner) (text string, err error) {
	err = row.Scan(&text)
	return text, err
}

type span struct {
	batch  int64
	places []byte
}

func scanSpan(row store.Scanner) (s span, err error) {
	err = row.Scan(&s.batch, &s.places)
	return s, err
}

// eachOf calls fn with each event counted in a window, in the order of the log. The bytes are good during the call.
func (s *Store) eachOf(ctx context.Context, window string, fn func(n int, canonical []byte) error) (err error) {
	var spans []span
	err = s.cfg.DB.Read(ctx, func(tx *store.Tx) (err error) {
		spans, err = store.All(tx, scanSpan, "SELECT batch, positions FROM usage_span WHERE window_id = $1 ORDER BY batch", window)
		return err
	})
	if err != nil {
		return fmt.Errorf("places of window %s: %w", window, err)
	}
	r := s.log.Reader()
	defer func() { err = errors.Join(err, r.Close()) }()
	n := 0
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
			n++
			return fn(n-1, events[place])
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

func readEvents(r *batchlog.Reader, number uint64, events [][]byte) ([][]byte, error) {
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
