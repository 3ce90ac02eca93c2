package trace

import (
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

func insertFact(tx *store.Tx, factID string, fact Fact, parties string, segments []sealedSegment) error {
	roots := make([][32]byte, len(segments))
	for i, s := range segments {
		roots[i] = s.root
	}
	root := proof.ContentRoot(roots)
	// A row an aggregate rather than max(version): reading the index would make PostgreSQL see conflicts between
	// aggregates that merely share a page of it. ON CONFLICT reads it too, so a first fact goes without.
	upsert := `INSERT INTO fact_version (aggregate, version) VALUES ($1, 1)`
	if !fact.First {
		upsert += ` ON CONFLICT (aggregate) DO UPDATE SET version = fact_version.version + 1`
	}
	if err := tx.Send(upsert, fact.Aggregate); err != nil {
		return err
	}
	err := tx.Send(`INSERT INTO fact (id, aggregate, version, type, owner, parties, actor, at, root, head_root, machine_root, machine)
		VALUES ($1, $2, (SELECT version FROM fact_version WHERE aggregate = $2), $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		factID, fact.Aggregate, fact.Type, fact.Owner, parties, fact.Actor, store.At(fact.At), root[:], roots[0][:], roots[1][:], segments[1].sealed)
	if err != nil {
		return err
	}
	for i, s := range segments[2:] {
		err := tx.Send(`INSERT INTO fact_segment (fact, no, class, owner, until_at, root, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			factID, i+1, s.class, s.owner, s.until, s.root[:], s.sealed)
		if err != nil {
			return err
		}
	}
	err = tx.Send("INSERT INTO fact_pending (fact) VALUES ($1)", factID)
	return err
}

// entryRow is an Entry whose machine segment is still sealed.
type entryRow struct {
	Entry
	sealed []byte
	root   []byte
}

const entryColumns = `f.id, f.type, f.aggregate, f.version, coalesce(p.position, 0), f.owner, f.parties, f.actor, f.at, f.machine, f.root`

func scanEntry(row store.Scanner) (entryRow, error) {
	var e entryRow
	var parties string
	var at store.Time
	err := row.Scan(&e.ID, &e.Type, &e.Aggregate, &e.Version, &e.Position, &e.Owner, &parties, &e.Actor, &at, &e.sealed, &e.root)
	e.Parties, e.At = strings.Fields(parties), at.Time
	return e, err
}

func selectFact(tx *store.Tx, factID string) ([]entryRow, error) {
	return store.All(tx, scanEntry, `SELECT `+entryColumns+` FROM fact f LEFT JOIN fact_position p ON p.fact = f.id WHERE f.id = $1`, factID)
}

func selectAggregate(tx *store.Tx, aggregate string) ([]entryRow, error) {
	return store.All(tx, scanEntry, `SELECT `+entryColumns+` FROM fact f LEFT JOIN fact_position p ON p.fact = f.id
		WHERE f.aggregate = $1 ORDER BY f.version`, aggregate)
}

func selectTimeline(tx *store.Tx, party string, before int64, limit int) ([]entryRow, error) {
	return store.All(tx, scanEntry, `SELECT `+entryColumns+` FROM fact_leaf l JOIN fact_position p ON p.position = l.position
		JOIN fact f ON f.id = p.fact WHERE l.party = $1 AND ($2 = 0 OR l.position < $2) ORDER BY l.seq DESC LIMIT $3`, party, before, limit)
}

func selectAfter(tx *store.Tx, position, until int64, types []string) ([]entryRow, error) {
	args := []any{position, until}
	for _, t := range types {
		args = append(args, t)
	}
	return store.All(tx, scanEntry, `SELECT `+entryColumns+` FROM fact_position p JOIN fact f ON f.id = p.fact
		WHERE p.position > $1 AND p.position <= $2 AND f.type IN `+store.Places(3, len(types))+` ORDER BY p.position`, args...)
}

func selectPosition(tx *store.Tx, position int64) (entryRow, error) {
	return store.One(tx, scanEntry, `SELECT `+entryColumns+` FROM fact_position p JOIN fact f ON f.id = p.fact WHERE p.position = $1`, position)
}

type segmentRow struct {
	no           int
	class, owner string
	root, sealed []byte
}

func (s segmentRow) ref() keys.Ref {
	if s.class == classPerson {
		return keys.Person(s.owner)
	}
	return keys.Entity(s.owner)
}

func selectSegments(tx *store.Tx, factID string) ([]segmentRow, error) {
	return store.All(tx, func(row store.Scanner) (s segmentRow, err error) {
		err = row.Scan(&s.no, &s.class, &s.owner, &s.root, &s.sealed)
		return s, err
	}, `SELECT no, class, owner, root, sealed FROM fact_segment WHERE fact = $1 ORDER BY no`, factID)
}

// pendingRow is what the sequencer needs to know of a fact.
type pendingRow struct {
	fact, aggregate string
	version         int64
	kind            string
	parties         []string
	at              time.Time
	root            [32]byte
}

func selectPending(tx *store.Tx, limit int) ([]pendingRow, error) {
	return store.All(tx, func(row store.Scanner) (p pendingRow, err error) {
		var parties string
		var at store.Time
		var root []byte
		err = row.Scan(&p.fact, &p.aggregate, &p.version, &p.kind, &parties, &at, &root)
		p.parties, p.at = strings.Fields(parties), at.Time
		copy(p.root[:], root)
		return p, err
	}, `SELECT p.fact, f.aggregate, f.version, f.type, f.parties, f.at, f.root FROM fact_pending p JOIN fact f ON f.id = p.fact
		ORDER BY p.fact LIMIT $1`, limit)
}

// take adds n to a counter and returns its value before.
func take(tx *store.Tx, name string, n int) (int64, error) {
	var after int64
	err := tx.QueryRow(`INSERT INTO fact_counter (name, n) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET n = fact_counter.n + excluded.n RETURNING n`, name, n).Scan(&after)
	return after - int64(n), err
}

func counter(tx *store.Tx, name string) (int64, error) {
	var n int64
	err := tx.QueryRow("SELECT coalesce(max(n), 0) FROM fact_counter WHERE name = $1", name).Scan(&n)
	return n, err
}

// Sealed tells whether any fact or segment was sealed under a key of the owner. It reads every fact: for sweeping keys,
// never for a request.
func (f *Facts) Sealed(tx *store.Tx, owner string) (sealed bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM fact WHERE owner = $1) OR EXISTS (SELECT 1 FROM fact_segment WHERE owner = $1)`, owner).Scan(&sealed)
	return sealed, err
}
