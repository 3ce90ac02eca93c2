package usage

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/halle-cloud/halle/internal/store"
)

// Move is a subject whose usage changed.
type Move struct{ Tenant, Subject string }

// moves collects the subjects whose usage was committed since somebody last asked.
type moves struct {
	mu    sync.Mutex
	moved map[Move]struct{}
	wake  chan struct{}
}

func (m *moves) take(list []Move) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.wake == nil || len(list) == 0 { // nobody asks
		return
	}
	for _, one := range list {
		m.moved[one] = struct{}{}
	}
	wake(m.wake)
}

// Moved receives when Moves has more. Wake-ups are coalesced; there is one receiver. What changed before the first call
// is not told.
func (s *Store) Moved() <-chan struct{} {
	s.moves.mu.Lock()
	defer s.moves.mu.Unlock()
	if s.moves.wake == nil {
		s.moves.wake, s.moves.moved = make(chan struct{}, 1), map[Move]struct{}{}
	}
	return s.moves.wake
}

// Moves gives each subject once whose usage was committed since it was asked last, in no order. What a process had not
// asked for when it died is not told again: whoever asks looks at everything once at its start.
func (s *Store) Moves() []Move {
	s.moves.mu.Lock()
	defer s.moves.mu.Unlock()
	list := make([]Move, 0, len(s.moves.moved))
	for m := range s.moves.moved {
		list = append(list, m)
	}
	clear(s.moves.moved)
	return list
}

// RunningOf gives the windows of each subject that begin at an instant or later, open ones with what they have counted so
// far (no digest, no ClosedAt) and those that closed after its cursor, in the order of time. What does not add up is in
// one more window without id, as an estimate, until they have closed. It is not scoped by tenant: for packages that
// estimate what is not charged yet, each subject once.
func (s *Store) RunningOf(ctx context.Context, subjects []string, from time.Time, after []int64) ([][]Window, error) {
	out := make([][]Window, len(subjects))
	err := s.cfg.DB.Read(ctx, func(tx *store.Tx) error {
		clear(out)
		for low := 0; low < len(subjects); low += askedAtOnce {
			high := min(low+askedAtOnce, len(subjects))
			if err := s.running(tx, subjects[low:high], from, after[low:high], out[low:high]); err != nil {
				return fmt.Errorf("running usage: %w", err)
			}
		}
		return nil
	})
	return out, err
}

// askedAtOnce is how many subjects are in one question.
const askedAtOnce = 200

// running adds the windows of some subjects to out.
func (s *Store) running(tx *store.Tx, subjects []string, from time.Time, after []int64, out [][]Window) error {
	places, args := make([]string, len(subjects)), []any{store.At(from)}
	at := make(map[string]int, len(subjects))
	for i, subject := range subjects {
		places[i] = fmt.Sprintf("($%d, CAST($%d AS BIGINT))", len(args)+1, len(args)+2)
		args = append(args, subject, after[i])
		at[subject] = i
	}
	err := tx.Each(func(row store.Scanner) error {
		w, err := scanWindow(row)
		i := at[w.Subject]
		out[i] = append(out[i], w)
		return err
	}, "WITH asked (about, past) AS (VALUES "+strings.Join(places, ", ")+") SELECT "+windowColumns+` FROM asked JOIN usage_window ON subject = about
		WHERE from_at >= $1 AND (closing IS NULL OR closing > past) ORDER BY from_at, id`, args...)
	if err != nil {
		return err
	}
	terms, err := termsOf(tx, subjects)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	for subject, t := range terms {
		more, err := s.levels(tx, subject, t, now)
		if err != nil {
			return err
		}
		if more != nil {
			out[at[subject]] = append(out[at[subject]], *more)
		}
	}
	return nil
}
