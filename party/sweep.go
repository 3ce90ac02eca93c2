package party

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
)

// OrphansAfter is how old a key without data must be to be swept. It is longer than any backup that an operator might
// still bring back: under a database restored from one, the keys of what came later look like orphans too.
const OrphansAfter = 90 * 24 * time.Hour

const sweepPage = 500

// SweepKeys destroys the keys of people, organisations and legal entities that were made before the instant and under
// which nothing was ever sealed, and tells how many: a crash, or a refusal after the key was made, left them. A job of
// the server calls it.
func (s *Parties) SweepKeys(ctx context.Context, before time.Time) (swept int, err error) {
	after := keys.Ref("")
	for {
		page, err := s.ring.Refs(ctx, after, sweepPage)
		if err != nil || len(page) == 0 {
			return swept, err
		}
		for _, key := range page {
			after = key.Ref
			if !key.DestroyedAt.IsZero() || !key.CreatedAt.Before(before) {
				continue
			}
			orphan, err := s.orphan(ctx, key.Ref)
			if err != nil {
				return swept, fmt.Errorf("sweep keys: %w", err)
			}
			if !orphan {
				continue
			}
			if err := s.ring.Destroy(ctx, key.Ref); err != nil {
				return swept, fmt.Errorf("sweep keys: %w", err)
			}
			swept++
		}
	}
}

// orphan tells whether no row of anybody names the key's owner. Keys of the installation itself never are.
func (s *Parties) orphan(ctx context.Context, ref keys.Ref) (bool, error) {
	kind, name, _ := strings.Cut(string(ref), ":")
	own, ok := map[string]string{
		"person": "SELECT (SELECT count(*) FROM person WHERE id = $1) + (SELECT count(*) FROM invitation WHERE person = $1)",
		"tenant": "SELECT count(*) FROM organisation WHERE id = $1",
		"entity": "SELECT count(*) FROM legal_entity WHERE id = $1",
	}[kind]
	if !ok {
		return false, nil
	}
	named := 0
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		if err := tx.QueryRow(own, name).Scan(&named); err != nil || named > 0 {
			return err
		}
		sealed, err := s.facts.Sealed(tx, name)
		if sealed {
			named++
		}
		return err
	})
	return err == nil && named == 0, err
}
