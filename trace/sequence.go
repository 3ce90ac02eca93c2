package trace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

const (
	// sequenceBatch is more than the facts that two machines' clocks can disagree over at the rates we hold, so that
	// an aggregate's versions are never cut apart in the wrong order.
	sequenceBatch = 4096
	leaseTTL      = 2 * time.Second
	leaseSequence = "trace.sequencer"

	counterPosition = "position"
	counterLeaf     = "leaf"
)

// sequence gives positions and leaves to what is pending, and tells how many facts it did. Zero when there is nothing
// or another process holds the lease.
func (f *Facts) sequence(ctx context.Context) (int, error) {
	var pending []pendingRow
	err := f.db.Read(ctx, func(tx *store.Tx) (err error) {
		pending, err = selectPending(tx, sequenceBatch)
		return err
	})
	if err != nil || len(pending) == 0 {
		return 0, err
	}
	inOrder(pending)
	views, err := f.viewKeys(ctx, pending)
	if err != nil {
		return 0, err
	}
	held := false
	err = f.db.Claim(ctx, func(tx *store.Tx) (err error) {
		if held, err = tx.HoldLease(leaseSequence, f.holder, f.now(), leaseTTL); err != nil || !held {
			return err
		}
		return number(tx, pending, views)
	})
	if err != nil || !held {
		return 0, err
	}
	kinds := make([]string, len(pending))
	for i, p := range pending {
		kinds[i] = p.kind
	}
	slices.Sort(kinds)
	f.db.Wake(append(topics(slices.Compact(kinds)), topicSequenced)...)
	return len(pending), nil
}

// topics are those of facts of some types, so that a reader is woken by what it wants alone.
func topics(types []string) []string {
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = topicSequenced + "/" + t
	}
	return out
}

// inOrder keeps the order of the ids, which is the order of time, and puts the versions of each aggregate in order in
// the places that they hold: processes' clocks may disagree, versions do not.
func inOrder(pending []pendingRow) {
	places := map[string][]int{}
	for i, p := range pending {
		places[p.aggregate] = append(places[p.aggregate], i)
	}
	for _, at := range places {
		rows := make([]pendingRow, len(at))
		for i, place := range at {
			rows[i] = pending[place]
		}
		sort.Slice(rows, func(i, j int) bool { return rows[i].version < rows[j].version })
		for i, place := range at {
			pending[place] = rows[i]
		}
	}
}

// viewKeys fetches the view key of each (party, year) before the transaction. A party whose key was destroyed is
// represented by the installation, so that no fact stays without a leaf.
func (f *Facts) viewKeys(ctx context.Context, pending []pendingRow) (map[string][32]byte, error) {
	views := map[string][32]byte{}
	for _, p := range pending {
		for _, party := range p.parties {
			name := viewName(party, p.at)
			if _, ok := views[name]; ok {
				continue
			}
			key, err := f.viewKey(ctx, party, p.at)
			if err != nil {
				return nil, err
			}
			views[name] = key
		}
	}
	return views, nil
}

func viewName(party string, at time.Time) string { return party + "/" + at.UTC().Format("2006") }

func (f *Facts) viewKey(ctx context.Context, party string, at time.Time) ([32]byte, error) {
	purpose := "view/" + at.UTC().Format("2006")
	key, err := f.ring.Secret(ctx, keys.Tenant(party), purpose)
	if errors.Is(err, keys.ErrDestroyed) {
		ref := keys.Install("trace-erased")
		if err := f.ring.Ensure(ctx, ref); err != nil {
			return key, err
		}
		return f.ring.Secret(ctx, ref, purpose+"/"+party)
	}
	if err != nil {
		return key, fmt.Errorf("view key of %s: %w", party, err)
	}
	return key, nil
}

func number(tx *store.Tx, pending []pendingRow, views map[string][32]byte) error {
	if err := removePending(tx, pending); err != nil {
		return err
	}
	seqs, leaves := map[string]int64{}, 0
	for _, p := range pending {
		for _, party := range p.parties {
			seqs[party]++
			leaves++
		}
	}
	for party, n := range seqs {
		before, err := take(tx, "seq:"+party, int(n))
		if err != nil {
			return err
		}
		seqs[party] = before
	}
	position, err := take(tx, counterPosition, len(pending))
	if err != nil {
		return err
	}
	leafNo, err := take(tx, counterLeaf, leaves)
	if err != nil {
		return err
	}
	var positionRows, leafRows [][]any
	for _, p := range pending {
		position++
		positionRows = append(positionRows, []any{position, p.fact})
		for _, party := range p.parties {
			seqs[party]++
			leaf := makeLeaf(p, views[viewName(party, p.at)], seqs[party])
			leafRows = append(leafRows, []any{leafNo, position, party, seqs[party], leaf})
			leafNo++
		}
	}
	if err := tx.Insert("fact_position", []string{"position", "fact"}, positionRows); err != nil {
		return err
	}
	return tx.Insert("fact_leaf", []string{"leaf_no", "position", "party", "seq", "leaf"}, leafRows)
}

func makeLeaf(p pendingRow, view [32]byte, seq int64) []byte {
	return proof.Leaf{
		ID:     id.NewUUID(),
		Tag:    proof.Tag(view, seq),
		Commit: proof.Commitment(p.kind, proof.LeafSalt(view, seq), p.root),
	}.Bytes()
}

// removePending also makes sure that nobody else numbered any of them meanwhile.
func removePending(tx *store.Tx, pending []pendingRow) error {
	facts := make([]string, len(pending))
	for i, p := range pending {
		facts[i] = p.fact
	}
	for places, args := range store.In(facts) {
		n, err := tx.Exec("DELETE FROM fact_pending WHERE fact IN "+places, args...)
		if err != nil {
			return err
		}
		if want := int64(len(args)); n != want {
			return fmt.Errorf("sequencer: %d of %d pending facts were numbered by another holder", want-n, want)
		}
	}
	return nil
}
