// Package trace keeps the facts: what happened, written in the business transaction that made it happen, put into
// one order, read by the packages downstream, and committed to a Merkle log that anyone concerned verifies offline.
//
// Owns: facts and their segments, positions, each party's sequence, leaves, readers' cursors and parked keys, the log
// folder and its checkpoints.
// Does not own: what a fact means (the type and its payload belong to the package that writes it) or the formats
// that are checked offline (proof).
// Reads: keys, to seal and open segments.
// Writes: fact, fact_version, fact_segment, fact_pending, fact_position, fact_leaf, fact_counter, fact_reader, fact_parked; the log.
//
// # Life of a fact
//
//  1. Record, inside the business transaction: canonical bytes, sealed by segment, unique (aggregate, version).
//  2. The sequencer (one leased holder) gives it a dense position, and each concerned party the next number of its
//     own sequence with one leaf.
//  3. Readers see it in the order of positions; effect and cursor are one transaction.
//  4. The pump appends each leaf to the log exactly once, also over kill -9, and a signed checkpoint is published.
//
// A long open transaction delays its own facts and nobody else's, because nothing is numbered before it commits.
package trace

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of trace.
func Migrations() store.Migrations { return store.Migrations{Package: "trace", Files: files} }

// Fact is what a business package records.
type Fact struct {
	Type      string    // "order.placed.v1": noun, verb in the past, version of the payload
	Aggregate string    // id of what it is about
	First     bool      // the aggregate was made in this transaction: it has no fact yet
	Owner     string    // organisation whose key seals Machine
	Parties   []string  // all concerned organisations; Owner is always one of them
	Actor     string    // access.Caller.Ref()
	At        time.Time // by the injected clock
	Machine   any       // ids, enums, amounts: what readers decide from; never personal data
	Person    []Segment // personal data, each under the person's key
	Legal     []Segment // copies that law retains, under the legal entity's key
}

// Segment is a group of fields under one key. Until is the retention date of a legal one.
type Segment struct {
	Owner  string
	Fields any
	Until  time.Time
}

// Entry is a fact as a reader sees it.
type Entry struct {
	ID        string
	Type      string
	Aggregate string
	Version   int64
	Position  int64
	Owner     string
	Parties   []string
	Actor     string
	At        time.Time
	Machine   json.RawMessage
	Erased    bool // the owner's key was destroyed: Machine is empty
}

// Into decodes the payload. Of an erased fact it leaves v as it is, so that readers meet a zero payload, never an
// error.
func (e Entry) Into(v any) error {
	if e.Erased {
		return nil
	}
	if err := json.Unmarshal(e.Machine, v); err != nil {
		return fmt.Errorf("fact %s (%s): %w", e.ID, e.Type, err)
	}
	return nil
}

// From says where a new reader begins.
type From int

// The beginnings. An existing cursor always wins.
const (
	FromStart From = iota // with the first fact ever
	FromNow               // with the first fact after the reader was registered
)

// Reader is a downstream package's subscription to upstream facts.
type Reader struct {
	// Name is stable: the cursor stands under it.
	Name string
	// Types are the fact types it wants.
	Types []string
	// From is where it begins when it has no cursor.
	From From
	// Key is the partition: when one fact fails, later facts of its key wait behind it and all others go on. Nil
	// means the aggregate.
	Key func(Entry) string
	// Handle does the effect in the same transaction as the cursor. It may run again, so nothing outside the
	// transaction. An error parks the key.
	Handle func(tx *store.Tx, e Entry) error
	// Many, which may be nil, is Handle for facts that come in numbers: before the transaction it reads and works out
	// what no longer changes, and gives the effect of all of them, which may run again. When that fails they are handled
	// one by one.
	Many func(ctx context.Context, list []Entry) (func(tx *store.Tx) error, error)
}

// batch is how many facts are handled in one transaction while all goes well: few, so that others have their turn soon.
func (r Reader) batch() int {
	if r.Many != nil {
		return manyBatch
	}
	return readBatch
}

func (r Reader) key(e Entry) string {
	if r.Key == nil {
		return e.Aggregate
	}
	return r.Key(e)
}

// Parked is a fact that a reader could not handle (Attempts > 0), or that waits behind one.
type Parked struct {
	Reader   string
	Position int64
	Key      string
	Error    string
	Attempts int64
	NextAt   time.Time
}
