package usage

import (
	"context"
	"fmt"
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
// estimate what is not charged yet.
func (s *Store) RunningOf(ctx context.Context, subjects []string, from time.Time, after []int64) ([][]Window, error) {
	out := make([][]Window, len(subjects))
	err := s.cfg.DB.Read(ctx, func(tx *store.Tx) (err error) {
		for i, subject := range subjects {
			if out[i], err = s.running(tx, subject, from, after[i]); err != nil {
				return fmt.Errorf("running usage of %s: %w", subject, err)
			}
		}
		return nil
	})
	return out, err
}

func (s *Store) running(tx *store.Tx, subject string, from time.Time, after int64) ([]Window, error) {
	list, err := store.All(tx, scanWindow, "SELECT "+windowColumns+` FROM usage_window
		WHERE subject = $1 AND from_at >= $2 AND (closing IS NULL OR closing > $3) ORDER BY from_at, id`, subject, store.At(from), after)
	if err != nil {
		return nil, err
	}
	more, err := s.levels(tx, subject, s.cfg.Now())
	if more != nil {
		list = append(list, *more)
	}
	return list, err
}
