package trace

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// Topics of store.DB.Listen.
const (
	topicPending   = "trace.pending"   // a transaction recorded facts
	topicSequenced = "trace.sequenced" // facts have positions
)

// Facts is the service. Safe for concurrent use.
type Facts struct {
	db     *store.DB
	ring   *keys.Ring
	ids    *id.Source
	now    clock.Clock
	log    *slog.Logger
	holder string // of leases: this process
	seen   unwanted
}

// New makes the service of one installation.
func New(db *store.DB, ring *keys.Ring, ids *id.Source, now clock.Clock, log *slog.Logger) *Facts {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return &Facts{db: db, ring: ring, ids: ids, now: now, log: log, holder: hex.EncodeToString(b[:])}
}

// Record writes a fact in the caller's transaction and returns its id. The keys of Owner and of every segment must
// exist (keys.Ring.Ensure before the transaction). Two transactions that record on one aggregate at once are put in
// order by running one of them again.
func (f *Facts) Record(tx *store.Tx, fact Fact) (string, error) {
	if err := fact.check(); err != nil {
		return "", err
	}
	factID := f.ids.New("fct")
	segments, err := f.seal(tx.Context(), factID, fact)
	if err != nil {
		return "", fmt.Errorf("fact %s: %w", fact.Type, err)
	}
	parties := strings.Join(fact.concerned(), " ")
	if err := insertFact(tx, factID, fact, parties, segments); err != nil {
		return "", fmt.Errorf("fact %s: %w", fact.Type, err)
	}
	tx.AfterCommit(func() { f.db.WakeLocal(topicPending) })
	return factID, nil
}

func (fact Fact) check() error {
	switch {
	case fact.Type == "" || fact.Aggregate == "" || fact.Owner == "" || fact.Actor == "" || fact.At.IsZero():
		return fmt.Errorf("fact %q: type, aggregate, owner, actor and time are all needed", fact.Type)
	case fact.Machine == nil:
		return fmt.Errorf("fact %q: the machine segment is empty", fact.Type)
	}
	for _, p := range fact.Parties {
		if p == "" || strings.ContainsAny(p, " \n") {
			return fmt.Errorf("fact %q: %q is no organisation", fact.Type, p)
		}
	}
	return nil
}

// concerned lists Owner and Parties once each, sorted, so that the order tells nothing.
func (fact Fact) concerned() []string {
	all := append([]string{fact.Owner}, fact.Parties...)
	slices.Sort(all)
	return slices.Compact(all)
}

type sealedSegment struct {
	class, owner string
	until        *store.Time
	root         [32]byte
	sealed       []byte
}

// Classes of segments. The head is not stored: its fields stand in the fact's row and its seed comes from the machine
// segment's, so that it is erased with it.
const (
	classHead    = "head"
	classMachine = "machine"
	classPerson  = "person"
	classLegal   = "legal"
)

// seal gives the head, the machine segment, then person and legal ones in the order written.
func (f *Facts) seal(ctx context.Context, factID string, fact Fact) ([]sealedSegment, error) {
	seed := newSeed()
	head, err := headSegment(seed, factID, fact.Aggregate, fact.Actor, fact.At).Root()
	if err != nil {
		return nil, err
	}
	machine, err := f.sealOne(ctx, seed, factID, 0, classMachine, keys.Tenant(fact.Owner), Segment{Owner: fact.Owner, Fields: fact.Machine})
	if err != nil {
		return nil, err
	}
	out := []sealedSegment{{class: classHead, root: head}, machine}
	add := func(class string, ref keys.Ref, s Segment) error {
		one, err := f.sealOne(ctx, newSeed(), factID, len(out)-1, class, ref, s)
		out = append(out, one)
		return err
	}
	for _, s := range fact.Person {
		if err := add(classPerson, keys.Person(s.Owner), s); err != nil {
			return nil, err
		}
	}
	for _, s := range fact.Legal {
		if err := add(classLegal, keys.Entity(s.Owner), s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func newSeed() []byte {
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // never fails (crypto/rand)
	return seed
}

// headSegment is who, when and about what: committed to beside the payload.
func headSegment(machineSeed []byte, factID, aggregate, actor string, at time.Time) proof.Segment {
	seed := sha256.Sum256(append([]byte("halle/head/1|"), machineSeed...))
	fields, _ := json.Marshal(map[string]string{"id": factID, "aggregate": aggregate, "actor": actor, // strings always marshal
		"at": at.UTC().Format("2006-01-02T15:04:05.000000Z")})
	return proof.Segment{Seed: seed[:], Fields: fields}
}

func (f *Facts) sealOne(ctx context.Context, seed []byte, factID string, no int, class string, ref keys.Ref, s Segment) (sealedSegment, error) {
	open, root, err := proof.NewSegment(seed, s.Fields)
	if err != nil {
		return sealedSegment{}, err
	}
	plain, err := json.Marshal(open)
	if err != nil {
		return sealedSegment{}, err
	}
	sealed, err := f.ring.Seal(ctx, ref, plain, segmentAAD(factID, no))
	return sealedSegment{class: class, owner: s.Owner, until: store.AtOrNull(s.Until), root: root, sealed: sealed}, err
}

func segmentAAD(factID string, no int) []byte { return fmt.Appendf(nil, "fact|%s|%d", factID, no) }

// open opens a machine segment; a destroyed key gives ok = false.
func (f *Facts) open(ctx context.Context, ref keys.Ref, factID string, no int, sealed []byte) (s proof.Segment, ok bool, err error) {
	plain, err := f.ring.Open(ctx, ref, sealed, segmentAAD(factID, no))
	if errors.Is(err, keys.ErrDestroyed) {
		return s, false, nil
	}
	if err == nil {
		err = json.Unmarshal(plain, &s)
	}
	if err != nil {
		return s, false, fmt.Errorf("fact %s: segment %d: %w", factID, no, err)
	}
	return s, true, nil
}

// OpenSegments gives the fields of a fact's person and legal segments that may still be read, by owner. The caller
// must have been authorised to read personal data, and the read recorded.
func (f *Facts) OpenSegments(ctx context.Context, factID string) (map[string]json.RawMessage, error) {
	var rows []segmentRow
	err := f.db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = selectSegments(tx, factID)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := map[string]json.RawMessage{}
	for _, row := range rows {
		s, ok, err := f.open(ctx, row.ref(), factID, row.no, row.sealed)
		if err != nil {
			return nil, err
		}
		if ok {
			out[row.owner] = s.Fields
		}
	}
	return out, nil
}

// Entry gives one fact that concerns the party.
func (f *Facts) Entry(ctx context.Context, party, factID string) (Entry, error) {
	list, err := f.entries(ctx, func(tx *store.Tx) ([]entryRow, error) { return selectFact(tx, factID) })
	if err != nil {
		return Entry{}, err
	}
	if len(list) == 0 || !slices.Contains(list[0].Parties, party) {
		return Entry{}, fail.Missing("fact", factID)
	}
	return list[0], nil
}

// About lists the facts of an aggregate that concern the party, oldest first.
func (f *Facts) About(ctx context.Context, party, aggregate string) ([]Entry, error) {
	list, err := f.entries(ctx, func(tx *store.Tx) ([]entryRow, error) { return selectAggregate(tx, aggregate) })
	return slices.DeleteFunc(list, func(e Entry) bool { return !slices.Contains(e.Parties, party) }), err
}

// Timeline lists at most limit facts that concern the party, newest first, before the position (0 for the newest).
func (f *Facts) Timeline(ctx context.Context, party string, before int64, limit int) ([]Entry, error) {
	return f.entries(ctx, func(tx *store.Tx) ([]entryRow, error) { return selectTimeline(tx, party, before, limit) })
}

func (f *Facts) entries(ctx context.Context, query func(tx *store.Tx) ([]entryRow, error)) ([]Entry, error) {
	var rows []entryRow
	err := f.db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = query(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return f.decode(ctx, rows)
}

func (f *Facts) decode(ctx context.Context, rows []entryRow) ([]Entry, error) {
	out := make([]Entry, len(rows))
	for i, row := range rows {
		s, ok, err := f.open(ctx, keys.Tenant(row.Owner), row.ID, 0, row.sealed)
		if err != nil {
			return nil, err
		}
		out[i] = row.Entry
		out[i].Machine, out[i].Erased = s.Fields, !ok
	}
	return out, nil
}
