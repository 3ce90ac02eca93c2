package trace

import (
	"context"
	"fmt"
	"strings"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// Sealed is a fact with everything done that needs no transaction: where many are recorded at once, the sealing takes
// longer than the writing, and has several processors.
type Sealed struct {
	ID       string
	fact     Fact
	parties  string
	segments []sealedSegment
}

// Prepare seals a fact for Put, before the transaction. The keys of Owner and of every segment must exist.
func (f *Facts) Prepare(ctx context.Context, fact Fact) (Sealed, error) {
	if err := fact.check(); err != nil {
		return Sealed{}, err
	}
	s := Sealed{ID: f.ids.New("fct"), fact: fact, parties: strings.Join(fact.concerned(), " ")}
	var err error
	if s.segments, err = f.seal(ctx, s.ID, fact); err != nil {
		return s, fmt.Errorf("fact %s: %w", fact.Type, err)
	}
	return s, nil
}

// Put is Record for facts that were sealed before, in few statements. No two of them may be about the same aggregate.
func (f *Facts) Put(tx *store.Tx, list []Sealed) error {
	if len(list) == 0 {
		return nil
	}
	var first, later, facts, segments, pending [][]any
	var known []string
	for _, s := range list {
		row := []any{s.fact.Aggregate, int64(1)}
		if s.fact.First {
			first = append(first, row)
		} else {
			later, known = append(later, row), append(known, s.fact.Aggregate)
		}
	}
	const into = "fact_version (aggregate, version)"
	if err := tx.Upsert(into, "", first); err != nil {
		return err
	}
	if err := tx.Upsert(into, "ON CONFLICT (aggregate) DO UPDATE SET version = fact_version.version + 1", later); err != nil {
		return err
	}
	versions, err := selectVersions(tx, known)
	if err != nil {
		return err
	}
	for _, s := range list {
		version := int64(1)
		if !s.fact.First {
			version = versions[s.fact.Aggregate]
		}
		roots := make([][32]byte, len(s.segments))
		for n, seg := range s.segments {
			roots[n] = seg.root
		}
		root := proof.ContentRoot(roots)
		facts = append(facts, []any{s.ID, s.fact.Aggregate, version, s.fact.Type, s.fact.Owner, s.parties, s.fact.Actor, store.At(s.fact.At), root[:], roots[0][:], roots[1][:],
			s.segments[1].sealed})
		for n, seg := range s.segments[2:] {
			segments = append(segments, []any{s.ID, int64(n + 1), seg.class, seg.owner, seg.until, seg.root[:], seg.sealed})
		}
		pending = append(pending, []any{s.ID})
	}
	for _, t := range []struct {
		into string
		rows [][]any
	}{
		{"fact (id, aggregate, version, type, owner, parties, actor, at, root, head_root, machine_root, machine)", facts},
		{"fact_segment (fact, no, class, owner, until_at, root, sealed)", segments},
		{"fact_pending (fact)", pending},
	} {
		if err := tx.Upsert(t.into, "", t.rows); err != nil {
			return err
		}
	}
	tx.AfterCommit(func() { f.db.WakeLocal(topicPending) })
	return nil
}

// selectVersions gives the newest version of each aggregate.
func selectVersions(tx *store.Tx, aggregates []string) (map[string]int64, error) {
	out := map[string]int64{}
	for places, args := range store.In(aggregates) {
		err := tx.Each(func(row store.Scanner) error {
			var aggregate string
			var version int64
			err := row.Scan(&aggregate, &version)
			out[aggregate] = version
			return err
		}, "SELECT aggregate, version FROM fact_version WHERE aggregate IN "+places, args...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
